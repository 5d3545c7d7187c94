/* What is not wrong in a network's files, but may surprise somebody later. */
#ifndef HOUVAST_NETWORK_REVIEW_H
#define HOUVAST_NETWORK_REVIEW_H

#include "broker/network.h"

/* Gets each warning, a sentence with its mend; borrowed for the call. */
typedef void network_review_take(void *context, const char *sentence);

/* Looks the network over as it stands at `now_ms`. */
void network_review(const struct network *network, hv_time now_ms, network_review_take *take,
                    void *context);

#endif
