/* What `houvast watch` is drawn with: a terminal's screen, through ncurses, in a few strokes. Texts
 * are ASCII. */
#ifndef HOUVAST_WATCH_PAINT_H
#define HOUVAST_WATCH_PAINT_H

#include <curses.h>

enum paint_colour {
    PAINT_LATE = 1, /* red */
    PAINT_SOON,     /* yellow */
    PAINT_CLAIMED,  /* cyan */
};

/* Begins drawing on the standard streams, which must be a terminal's. False where the terminal is
 * not one that can be drawn on; nothing has changed then. */
bool watch_paint_begin(void);
/* Leaves the terminal as it was. */
void watch_paint_end(void);

/* The next key (ncurses's numbers), or ERR where none was pressed. */
int watch_paint_key(void);

/* How all is drawn from here on. */
void watch_paint_style(attr_t attributes);
/* That colour, or nothing where the terminal has none or NO_COLOR asks for none. */
attr_t watch_paint_colour(enum paint_colour colour);

/* Writes a text into `width` places, cut with `…` where it is longer. */
void watch_paint_put(int line, int column, int width, const char *text);
/* At the right edge. */
void watch_paint_put_right(int line, const char *text);
/* A whole line in reverse; `right` is never cut, `left` is where there is no room. */
void watch_paint_bar(int line, attr_t attributes, const char *left, const char *right);

/* How many lines a text needs that is broken between words, with a blank at both edges. */
int watch_paint_lines(const char *text);
/* Writes it so, from `line` on, `lines_max` lines at most, the last cut with `…`. How many it took.
 */
int watch_paint_wrapped(int line, int lines_max, const char *text);

#endif
