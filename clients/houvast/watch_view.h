/* The view of `houvast watch`: draws what is open, a history or the help on the screen that
 * watch_paint.h began, at whatever size it has. Knows no connection. */
#ifndef HOUVAST_WATCH_VIEW_H
#define HOUVAST_WATCH_VIEW_H

#include "clients/houvast/roster.h"

#define SCENE_INPUT_SIZE 64
#define SCENE_SAID_SIZE  256
#define SCENE_END        1000000 /* a row or line behind the last */

enum scene_page {
    SCENE_LIST,
    SCENE_HISTORY,
    SCENE_HELP,
};

/* All that is to be seen. */
struct watch_scene {
    struct roster *roster; /* looked at with `filter` */
    struct roster_filter filter;
    hv_time now_ms; /* by the broker's clock */
    const char *network;
    bool live;       /* as it happens; else `lost_ms`, or the beginning */
    hv_time lost_ms; /* no connection since then; 0: not lost */
    const char *lost_why;
    enum scene_page page;
    size_t selected;  /* row of the view */
    size_t top;       /* the first row that is shown; the view keeps `selected` on the screen */
    const char *text; /* of SCENE_HISTORY; NULL: not there yet */
    struct hv_uuid text_about; /* which journey's */
    size_t scroll;             /* the first line that is shown of history or help; kept in range */
    const char *prompt;        /* what is asked; NULL: nothing */
    char input[SCENE_INPUT_SIZE];
    char said[SCENE_SAID_SIZE]; /* what came of the last key; "" */
    bool said_badly;
};

/* Draws the scene. */
void watch_view_draw(struct watch_scene *scene);

/* How many rows a page has: what page up and down go by. */
size_t watch_view_page(const struct watch_scene *scene);

#endif
