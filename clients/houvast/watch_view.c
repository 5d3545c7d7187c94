/* The view of `houvast watch`. */
#include "clients/houvast/watch_view.h"

#include <stdio.h>
#include <string.h>

#include "clients/houvast/terms.h"
#include "clients/houvast/watch_list.h"
#include "clients/houvast/watch_pages.h"
#include "clients/houvast/watch_paint.h"

#define LEAST_LINES   10
#define LEAST_COLUMNS 40
/* What is said may take so many lines, from the last one up. */
#define SAID_LINES 3

/* ---- The first line ---- */

/* As much as there is room for; how many are late is there to the last. */
static void counts_text(const struct watch_scene *scene, int room, char *ret_text, size_t size) {
    static const struct {
        const char *before, *soon;
        bool has_network;
    } forms[] = {{"Houvast ", "within the hour", true}, {"", "soon", true}, {"", "soon", false}};
    const struct roster_counts counts = roster_count(scene->roster, scene->now_ms);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(ret_text, size, "%s%s%s%zu open  %zu late  %zu %s  %zu claimed", forms[i].before,
                 forms[i].has_network ? scene->network : "", forms[i].has_network ? "  " : "",
                 counts.open, counts.late, counts.soon, forms[i].soon, counts.claimed);
        if ((int)strlen(ret_text) <= room)
            return;
    }
}

static void first_draw(const struct watch_scene *scene) {
    char left[256], right[64], clock[TERMS_SIZE];
    if (scene->lost_ms) {
        terms_clock(scene->lost_ms, clock);
        snprintf(left, sizeof left, "!! NO CONNECTION since %s. What stands here was so then.",
                 clock);
        watch_paint_bar(0, A_BOLD | watch_paint_colour(PAINT_LATE), left,
                        COLS >= 76 ? "trying" : "");
        return;
    }
    terms_clock(scene->now_ms, clock);
    snprintf(right, sizeof right, "%s %s", scene->live ? "live" : "reading", clock);
    counts_text(scene, COLS - (int)strlen(right) - 4, left, sizeof left);
    watch_paint_bar(0, 0, left, right);
}

/* ---- The last line ---- */

static void prompt_draw(const struct watch_scene *scene) {
    char text[SCENE_INPUT_SIZE + 128];
    snprintf(text, sizeof text, "%s %s", scene->prompt, scene->input);
    watch_paint_style(A_BOLD);
    watch_paint_put(LINES - 1, 1, COLS - 2, text);
    watch_paint_style(A_NORMAL);
    int column = (int)strlen(text) + 1;
    curs_set(1);
    move(LINES - 1, column < COLS ? column : COLS - 1);
}

/* Over what stands above, where it is long. */
static void said_draw(const struct watch_scene *scene) {
    int lines = watch_paint_lines(scene->said);
    if (lines > SAID_LINES)
        lines = SAID_LINES;
    for (int i = 1; i <= lines; i++)
        mvhline(LINES - i, 0, ' ', COLS);
    watch_paint_style(scene->said_badly ? A_BOLD | watch_paint_colour(PAINT_LATE) : A_BOLD);
    watch_paint_wrapped(LINES - lines, lines, scene->said);
    watch_paint_style(A_NORMAL);
}

/* The longest that there is room for. */
static const char *keys_text(const struct watch_scene *scene, int room) {
    static const char *const of_list[] = {
        "Enter history  c claim  u give back  o organisation  p phase  / search  ? help  q quit",
        "Enter history  c claim  u give back  o p / filter  ? help  q quit",
        "Enter history  c claim  u back  ? help  q quit", "c claim  ? help  q quit"};
    static const char *const of_history[] = {
        "Up Down PgUp PgDn move  c claim  u give back  q or Esc back to the list",
        "c claim  u give back  q or Esc back", "c claim  q or Esc back"};
    static const char *const of_help[] = {"Up Down PgUp PgDn move  q or Esc back to the list",
                                          "q or Esc back to the list"};
    const char *const *forms = of_list;
    size_t count = sizeof of_list / sizeof *of_list, i = 0;
    if (scene->page == SCENE_HISTORY) {
        forms = of_history;
        count = sizeof of_history / sizeof *of_history;
    } else if (scene->page == SCENE_HELP) {
        forms = of_help;
        count = sizeof of_help / sizeof *of_help;
    }
    while (i + 1 < count && (int)strlen(forms[i]) > room)
        i++;
    return forms[i];
}

static void last_draw(const struct watch_scene *scene, const char *extent) {
    int taken = *extent ? (int)strlen(extent) + 2 : 0;
    curs_set(0);
    watch_paint_bar(LINES - 1, 0, keys_text(scene, COLS - 2 - taken), extent);
    if (scene->prompt) {
        mvhline(LINES - 1, 0, ' ', COLS);
        prompt_draw(scene);
    } else if (*scene->said) {
        said_draw(scene);
    }
}

/* ---- All of it ---- */

size_t watch_view_page(const struct watch_scene *scene) {
    size_t rows = scene->page == SCENE_LIST ? watch_list_rows() : watch_pages_rows();
    return rows > 1 ? rows - 1 : 1;
}

void watch_view_draw(struct watch_scene *scene) {
    char extent[PAGES_EXTENT_SIZE] = "";
    erase();
    if (LINES < LEAST_LINES || COLS < LEAST_COLUMNS) {
        watch_paint_put(0, 0, COLS, "Too small: 40x10 at least.");
        refresh();
        return;
    }
    first_draw(scene);
    switch (scene->page) {
    case SCENE_LIST:
        watch_list_draw(scene);
        break;
    case SCENE_HISTORY:
        watch_pages_history(scene, extent);
        break;
    case SCENE_HELP:
        watch_pages_help(scene, extent);
        break;
    }
    last_draw(scene, extent);
    refresh();
}
