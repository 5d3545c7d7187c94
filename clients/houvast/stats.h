/* Measures and counters as tables that people read. */
#ifndef HOUVAST_STATS_TOOL_H
#define HOUVAST_STATS_TOOL_H

#include "houvast/messages.h"

/* What `name{key="value",…}` of a figure says of that key; "" where it does not. */
void stats_label(const char *figure, const char *key, char *ret_value, size_t size);

/* Prints a table for each kind of measure, and then the broker's own counters. */
void stats_show(const struct hv_done *done);

#endif
