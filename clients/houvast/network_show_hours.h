/* When a network and its organisations are open, as a table for people or as JSON. */
#ifndef HOUVAST_NETWORK_SHOW_HOURS_H
#define HOUVAST_NETWORK_SHOW_HOURS_H

#include <jansson.h>

#include "broker/network.h"

void network_show_hours(const struct network *network);
/* What counts, wherever it is said: {opening, holidays, closed}. NULL when out of memory. */
json_t *network_hours_json(const struct calendar *calendar);

#endif
