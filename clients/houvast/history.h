/* The history of a journey, over as many pages as it has. */
#ifndef HOUVAST_TOOL_HISTORY_H
#define HOUVAST_TOOL_HISTORY_H

#include "houvast/houvast.h"

/* Asks for the journey's history from `first->after` on, page by page, and shows it: who holds now
 * and the timeline of what happened, or with --json each answer as a line. `limit` events at most;
 * 0: all of them. `whole`: with housekeeping. Returns the exit status; what is not done has been
 * said. */
int history_show(struct hv_connection *connection, const struct hv_history *first, int64_t limit,
                 bool whole);

#endif
