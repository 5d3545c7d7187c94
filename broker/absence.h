/* Absence: begeleiders who are away, and who stands in for them. */
#ifndef HOUVAST_ABSENCE_H
#define HOUVAST_ABSENCE_H

#include "broker/request.h"

/* Takes `absent` and answers it; false where the message is another. */
bool absence_take(struct request *request);

/* The deputy of that begeleider at `at_ms`, at the end of the chain of deputies who are away
 * themselves. False where nobody stands in: not away, no deputy, or the chain comes back to
 * somebody who is away (a ring counts as none). */
bool absence_deputy(struct ledger *ledger, const char *organisation, const char *begeleider,
                    hv_time at_ms, char ret_deputy[HV_PERSON_SIZE]);

/* The begeleider of `organisation` whom an item about this journey is meant for; "" where none is
 * known. `handover` may be NULL. */
const char *absence_meant_for(const struct hv_event *event, const struct journey *journey,
                              const struct handover *handover, const char *organisation);

#endif
