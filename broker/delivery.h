/* Delivery: items out to sessions, until they are acknowledged. */
#ifndef HOUVAST_DELIVERY_H
#define HOUVAST_DELIVERY_H

#include "broker/request.h"

void delivery_ack(struct request *request);
void delivery_nack(struct request *request);
/* Lets go out again what sessions left, what timed out and what has rested. */
void delivery_timers(struct turn *turn);
/* Puts into the outbox what sessions have credit for. */
void delivery_dispatch(struct turn *turn);

#endif
