/* Rates: how much an organisation may ask in a second. */
#ifndef HOUVAST_RATE_H
#define HOUVAST_RATE_H

#include "broker/request.h"

/* Counts one command; true when it was refused as `busy`. */
bool rate_refuse(struct request *request);

/* Forgets every organisation's. */
void rates_free(struct broker *broker);

#endif
