/* A network's files as tables for people, or as one line of JSON. */
#ifndef HOUVAST_NETWORK_SHOW_H
#define HOUVAST_NETWORK_SHOW_H

#include <jansson.h>

#include "broker/network.h"

void network_show(const struct network *network, hv_time now_ms);
/* NULL when out of memory. Times are ms since 1970, as on the wire. */
json_t *network_to_json(const struct network *network);

#endif
