/* The list of `houvast watch`: a row for each journey, and more of the one that is selected. */
#ifndef HOUVAST_WATCH_LIST_H
#define HOUVAST_WATCH_LIST_H

#include "clients/houvast/watch_view.h"

/* Draws filters, headings, rows and details: all but the first and the last line. */
void watch_list_draw(struct watch_scene *scene);
/* How many rows there is room for. */
size_t watch_list_rows(void);

#endif
