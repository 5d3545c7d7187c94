/* The ladders in force as a table for people, or as one line of JSON. */
#ifndef HOUVAST_NETWORK_LADDERS_H
#define HOUVAST_NETWORK_LADDERS_H

#include <jansson.h>

#include "broker/network.h"

/* Defaults of which a network's file leaves nothing are left out. */
void network_ladders_show(const struct ladders *ladders);
/* NULL when out of memory. */
json_t *network_ladders_to_json(const struct ladders *ladders);

#endif
