/* The list: what is open, most overdue first, in pages. */
#ifndef HOUVAST_LIST_H
#define HOUVAST_LIST_H

#include "broker/request.h"

/* Takes `list` and answers it; false where the message is another. */
bool list_take(struct request *request);

/* Whether a coordinator may see the journey: the network's sees all, an organisation's what it
 * holds or is offered. `open` may be NULL. */
bool list_is_in_scope(const struct actor *actor, const struct journey *journey,
                      const struct handover *open);

#endif
