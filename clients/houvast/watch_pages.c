/* Pages of text. */
#include "clients/houvast/watch_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/timeline.h"
#include "clients/houvast/watch_paint.h"

/* Lines above the text, and all but the text. */
#define TEXT_FROM  2
#define TEXT_FRAME 3
/* What hangs below its first words: `  14:05  ` and what happened. */
#define HANGING 9

/* Breaks lines that begin with blanks to the screen's width. Malloc'ed. */
static char *text_broken(const char *text) {
    char *broken = NULL;
    size_t size;
    FILE *out = describe_begin(&broken, &size);
    while (*text) {
        int length = (int)strcspn(text, "\n");
        int indent = strncmp(text, "  ", 2) == 0 && length > HANGING ? HANGING : 0;
        char *rest = strndup(text + indent, (size_t)(length - indent));
        fprintf(out, "%.*s", indent, text);
        if (indent && rest)
            timeline_wrap(out, rest, indent, indent, COLS - 2);
        else
            fprintf(out, "%s\n", rest ? rest : "");
        free(rest);
        text += length;
        text += *text == '\n';
    }
    return describe_done(out, &broken);
}

/* Where scene->scroll may lead, and what is seen then. */
static void scroll_keep(struct watch_scene *scene, const char *text,
                        char ret_extent[PAGES_EXTENT_SIZE]) {
    size_t rows = watch_pages_rows(), lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    if (scene->scroll + rows > lines)
        scene->scroll = lines > rows ? lines - rows : 0;
    ret_extent[0] = '\0';
    if (lines > rows)
        snprintf(ret_extent, PAGES_EXTENT_SIZE, "lines %zu-%zu of %zu", scene->scroll + 1,
                 scene->scroll + rows, lines);
}

/* From scene->scroll on; what has lines hanging below it is a heading. */
static void text_draw(struct watch_scene *scene, const char *text,
                      char ret_extent[PAGES_EXTENT_SIZE]) {
    char *broken = text_broken(text);
    size_t rows = watch_pages_rows(), number = 0;
    scroll_keep(scene, broken, ret_extent);
    for (char *at = broken; *at; number++) {
        size_t length = strcspn(at, "\n");
        bool more = at[length] == '\n';
        bool is_heading = *at && *at != ' ' && more && at[length + 1] == ' ';
        at[length] = '\0';
        if (number >= scene->scroll && number < scene->scroll + rows) {
            watch_paint_style(is_heading ? A_BOLD : A_NORMAL);
            watch_paint_put(TEXT_FROM + (int)(number - scene->scroll), 1, COLS - 2, at);
        }
        at += length + more;
    }
    watch_paint_style(A_NORMAL);
    free(broken);
}

void watch_pages_history(struct watch_scene *scene, char ret_extent[PAGES_EXTENT_SIZE]) {
    char id[HV_UUID_TEXT_SIZE], heading[HV_UUID_TEXT_SIZE + 16];
    hv_uuid_text(&scene->text_about, id);
    snprintf(heading, sizeof heading, "Journey %s", id);
    watch_paint_put(1, 1, COLS - 2, heading);
    text_draw(scene, scene->text ? scene->text : "Reading …", ret_extent);
}

void watch_pages_help(struct watch_scene *scene, char ret_extent[PAGES_EXTENT_SIZE]) {
    static const char help[] =
        "What you see\n"
        "  !!     Late: a step of its ladder was taken, and nobody has acted since. Red.\n"
        "  !      Falls due within the hour. Yellow.\n"
        "  *      A coordinator has claimed it, and steps rest until then. Cyan.\n"
        "  ST     Steps taken: who must act, their coordinator, the network's.\n"
        "  ON IT  Who has claimed it; stuck! is what a system keeps refusing.\n"
        "  Order  Late before the rest: a crisis above all, then what is late longest; "
        "then what falls due next.\n"
        "\n"
        "Keys\n"
        "  Up Dn  Also k and j, PgUp and PgDn, Home and End: choose a journey.\n"
        "  Enter  Its history. Reading it is recorded.\n"
        "  c      Claim it, for an hour, or until what is typed; also in its history.\n"
        "  u      Give it back.\n"
        "  o      What the next organisation holds or is offered; O all.\n"
        "  p      What waits for the next thing; P anything.\n"
        "  /      Search in names, words and ids.\n"
        "  Esc    No filters.\n"
        "  q      Leave, or go back to the list.\n";
    text_draw(scene, help, ret_extent);
}

size_t watch_pages_rows(void) {
    return LINES > TEXT_FRAME ? (size_t)(LINES - TEXT_FRAME) : 1;
}
