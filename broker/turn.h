/* Turns: the one road that everything takes. */
#ifndef HOUVAST_TURN_H
#define HOUVAST_TURN_H

#include "broker/request.h"

/* Runs one turn as broker_turn says. */
int turn_run(struct broker *broker, const struct inbound *batch, size_t count,
             struct outbox *outbox);

#endif
