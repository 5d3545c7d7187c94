/* Verifying on the wire: the ledger compared with itself, in slices between turns, while the broker
 * goes on answering. */
#ifndef HOUVAST_VERIFY_H
#define HOUVAST_VERIFY_H

#include "broker/request.h"

/* The question `verify`; false where the message is another. It is answered when the walk that it
 * begins, or joins, has come to its end. */
bool verify_take(struct request *request);

/* Walks one slice further, if anybody has asked, and answers who asked when it is over. Between
 * turns. 0; -EIO and -ENOMEM as broker_turn. */
int verify_step(struct broker *broker, struct outbox *outbox);

/* Forgets a walk that is under way; nobody is answered. */
void verify_free(struct broker *broker);

#endif
