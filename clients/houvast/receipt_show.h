/* A receipt as people and machines read it. */
#ifndef HOUVAST_RECEIPT_SHOW_H
#define HOUVAST_RECEIPT_SHOW_H

#include <jansson.h>

#include "broker/receipt.h"

/* Prints who passed whom to whom, when, in which network, and the receipt's number. `before` begins
 * the sentence. */
void receipt_show(const struct receipt *receipt, const char *before);

/* Everything that it says; NULL when memory is short. */
json_t *receipt_to_json(const struct receipt *receipt);

#endif
