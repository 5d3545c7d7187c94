/* The list of what is open, most overdue first, over the pages that it comes in. */
#ifndef HOUVAST_LIST_TOOL_H
#define HOUVAST_LIST_TOOL_H

#include "clients/houvast/extras.h"
#include "houvast/houvast.h"

/* Rows that are shown where neither --all nor --limit say otherwise. */
#define LIST_ROWS_MAX 100
/* Pages that are looked through for them: the broker gives first what falls due first, and what is
 * late longest may stand on any. */
#define LIST_PAGES_MAX 20

/* Asks and shows: a table, or with --json each answer as a line. Where the question has a limit or
 * a place to begin after, that page alone. Returns the exit status; what is not done has been said.
 */
int list_show(struct hv_connection *connection, const struct hv_list *question,
              const struct extras *extras);

/* Finds the one open journey whose id ends with `text`. TOOL_DONE, or an exit status when it has
 * been said that there is none, or more than one. */
int list_find(struct hv_connection *connection, const char *text, struct hv_uuid *ret_journey);

#endif
