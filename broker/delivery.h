/* Delivery: items out to sessions, until they are acknowledged. */
#ifndef HOUVAST_DELIVERY_H
#define HOUVAST_DELIVERY_H

#include "broker/request.h"

/* An item of the session's inbox is acknowledged: it ends, which is recorded, and the next of its
 * journey may go. Answers where that is asked for; an item that ended before is `repeated`. */
void delivery_ack(struct request *request);
/* The session's system could not take the item: it rests for `after` ms, or is set aside after as
 * many attempts as the network allows. Nothing changes where it is not out to this very session.
 * Answers nothing but `unknown`. */
void delivery_nack(struct request *request);
/* Lets go out again what sessions left, what timed out and what has rested. */
void delivery_timers(struct turn *turn);
/* Puts into the outbox what sessions have credit for. */
void delivery_dispatch(struct turn *turn);

#endif
