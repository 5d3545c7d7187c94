/* The pages of text of `houvast watch`: a journey's history, and the help. */
#ifndef HOUVAST_WATCH_PAGES_H
#define HOUVAST_WATCH_PAGES_H

#include "clients/houvast/watch_view.h"

/* Draw all but the first and the last line, and keep scene->scroll in range. Write into
 * `ret_extent` which lines are seen; "" where that is all. */
#define PAGES_EXTENT_SIZE 48
void watch_pages_history(struct watch_scene *scene, char ret_extent[PAGES_EXTENT_SIZE]);
void watch_pages_help(struct watch_scene *scene, char ret_extent[PAGES_EXTENT_SIZE]);
/* How many lines of text there is room for. */
size_t watch_pages_rows(void);

#endif
