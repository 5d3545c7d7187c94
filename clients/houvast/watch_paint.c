/* Strokes on a terminal's screen. */
#include "clients/houvast/watch_paint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_MS 25

static SCREEN *terminal;
static bool has_colour;

/* ---- The terminal ---- */

static void colours_begin(void) {
    const char *no_color = getenv("NO_COLOR");
    has_colour = has_colors() && !(no_color && *no_color);
    if (!has_colour)
        return;
    start_color();
    use_default_colors();
    init_pair(PAINT_LATE, COLOR_RED, -1);
    init_pair(PAINT_SOON, COLOR_YELLOW, -1);
    init_pair(PAINT_CLAIMED, COLOR_CYAN, -1);
}

bool watch_paint_begin(void) {
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal)
        return false;
    set_term(terminal);
    if (!tigetstr("cup")) { /* `dumb`: the cursor cannot be put anywhere */
        watch_paint_end();
        return false;
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    colours_begin();
    return true;
}

void watch_paint_end(void) {
    if (!terminal)
        return;
    endwin();
    delscreen(terminal);
    terminal = NULL;
}

int watch_paint_key(void) {
    return getch();
}

/* ---- Strokes ---- */

void watch_paint_style(attr_t attributes) {
    attrset((int)attributes);
}

attr_t watch_paint_colour(enum paint_colour colour) {
    return has_colour ? (attr_t)COLOR_PAIR(colour) : 0;
}

void watch_paint_put(int line, int column, int width, const char *text) {
    int size = (int)strlen(text);
    if (width <= 0)
        return;
    if (size <= width)
        mvaddnstr(line, column, text, size);
    else {
        mvaddnstr(line, column, text, width - 1);
        addstr("…");
    }
}

void watch_paint_put_right(int line, const char *text) {
    int size = (int)strlen(text);
    watch_paint_put(line, size + 1 < COLS ? COLS - size - 1 : 0, COLS, text);
}

void watch_paint_bar(int line, attr_t attributes, const char *left, const char *right) {
    int taken = *right ? (int)strlen(right) + 2 : 0;
    watch_paint_style(A_REVERSE | attributes);
    mvhline(line, 0, ' ', COLS);
    watch_paint_put(line, 1, COLS - 2 - taken, left);
    watch_paint_put_right(line, right);
    watch_paint_style(A_NORMAL);
}

/* ---- Lines of text ---- */

/* How much of the text fits on a line, broken between words where it has any; the blank behind is
 * not of it. */
static size_t line_fit(const char *text) {
    size_t width = COLS > 2 ? (size_t)COLS - 2 : 1, fit = width;
    if (strlen(text) <= width)
        return strlen(text);
    while (fit > 0 && text[fit] != ' ')
        fit--;
    return fit ? fit : width;
}

static const char *line_next(const char *text) {
    text += line_fit(text);
    return text + (*text == ' ');
}

int watch_paint_lines(const char *text) {
    int lines = 0;
    for (; *text; text = line_next(text))
        lines++;
    return lines;
}

int watch_paint_wrapped(int line, int lines_max, const char *text) {
    int used = 0;
    for (; *text && used < lines_max; text = line_next(text)) {
        used++;
        if (used == lines_max) {
            watch_paint_put(line + used - 1, 1, COLS - 2, text);
            break;
        }
        mvaddnstr(line + used - 1, 1, text, (int)line_fit(text));
    }
    return used;
}
