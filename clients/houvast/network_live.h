/* What only the broker knows of a network: whether somebody hears when no terminal is open. */
#ifndef HOUVAST_NETWORK_LIVE_H
#define HOUVAST_NETWORK_LIVE_H

#include "clients/houvast/network_review.h"
#include "houvast/houvast.h"

/* Asks the broker of the client configuration for its figures. TOOL_DONE, or an exit status when
 * that has been said; *ret_answer is to be freed in both cases. */
int network_live_ask(struct hv_answer *ret_answer);

/* Warns of each organisation on a crisis path (`crisis = yes`, and the coordinating one) whose
 * coordinators have no session that takes items, by the broker's figures. `stats` NULL: it was not
 * asked, which is said where an organisation says `crisis = yes`. */
void network_live_review(const struct network *network, const struct hv_done *stats,
                         network_review_take *take, void *context);

#endif
