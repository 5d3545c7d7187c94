/* Questions: answered from the ledger; history is recorded as read. */
#ifndef HOUVAST_QUESTION_H
#define HOUVAST_QUESTION_H

#include "broker/request.h"

/* A question; false where the message is none. */
bool question_take(struct request *request);

#endif
