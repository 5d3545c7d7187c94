/* The view of `houvast watch`. */
#include "clients/houvast/watch_view.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/timeline.h"
#include "clients/houvast/until.h"

#define LEAST_LINES   10
#define LEAST_COLUMNS 40
/* Lines above and below the rows of the list. */
#define ROWS_FROM 3
/* Narrower columns name organisations alone, so that all are alike. */
#define PEOPLE_LEAST 20
#define DETAIL_LINES 4 /* a rule and three lines */

/* ---- The terminal ---- */

enum pair {
    PAIR_LATE = 1,
    PAIR_SOON,
    PAIR_CLAIMED,
};

static SCREEN *terminal;
static bool has_colour;

bool watch_view_begin(void) {
    const char *no_color = getenv("NO_COLOR");
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal)
        return false;
    set_term(terminal);
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    curs_set(0);
    has_colour = has_colors() && !(no_color && *no_color);
    if (has_colour) {
        start_color();
        use_default_colors();
        init_pair(PAIR_LATE, COLOR_RED, -1);
        init_pair(PAIR_SOON, COLOR_YELLOW, -1);
        init_pair(PAIR_CLAIMED, COLOR_CYAN, -1);
    }
    return true;
}

void watch_view_end(void) {
    if (!terminal)
        return;
    endwin();
    delscreen(terminal);
    terminal = NULL;
}

int watch_view_key(void) {
    return getch();
}

static void style(attr_t attributes) {
    attrset((int)attributes);
}

static attr_t colour(enum pair pair) {
    return has_colour ? (attr_t)COLOR_PAIR(pair) : 0;
}

/* ---- Parts ---- */

/* Writes a text into `width` places, cut with `…` where it is longer. Texts here are ASCII. */
static void put(int line, int column, int width, const char *text) {
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

static void put_right(int line, const char *text) {
    int size = (int)strlen(text);
    put(line, size + 1 < COLS ? COLS - size - 1 : 0, COLS, text);
}

/* A whole line in reverse. */
static void put_bar(int line, attr_t attributes, const char *left, const char *right) {
    style(A_REVERSE | attributes);
    mvhline(line, 0, ' ', COLS);
    put(line, 1, COLS - 2, left);
    if ((int)(strlen(left) + strlen(right)) + 4 <= COLS)
        put_right(line, right);
    style(A_NORMAL);
}

static void who_text(const char *person, const char *organisation, int width, char *ret_text,
                     size_t size) {
    snprintf(ret_text, size, "%s of %s", person, organisation);
    if (!*person || width < PEOPLE_LEAST || (int)strlen(ret_text) > width)
        snprintf(ret_text, size, "%s", organisation);
}

/* ---- The line above all ---- */

static void title_draw(const struct watch_scene *scene) {
    struct roster_counts counts = roster_count(scene->roster, scene->now_ms);
    char left[256], right[64], clock[TERMS_SIZE];
    if (scene->lost_ms) {
        terms_clock(scene->lost_ms, clock);
        snprintf(left, sizeof left, "!! NO CONNECTION since %s. What stands here was so then.",
                 clock);
        put_bar(0, A_BOLD | colour(PAIR_LATE), left, "trying");
        return;
    }
    terms_clock(scene->now_ms, clock);
    snprintf(left, sizeof left, "Houvast %s  %zu open  %zu late  %zu within the hour  %zu claimed",
             scene->network, counts.open, counts.late, counts.soon, counts.claimed);
    snprintf(right, sizeof right, "%s %s", scene->live ? "live" : "reading", clock);
    put_bar(0, 0, left, right);
}

/* ---- The list ---- */

/* Where the columns stand; a width of 0: no room for it. */
struct columns {
    int late, waits, step, urgency, holder, receiver, claimed, journey;
    int late_width, waits_width, urgency_width, people_width, claimed_width, journey_width;
};

static struct columns columns_of(size_t digits) {
    struct columns columns = {.late = 3, .late_width = 11, .waits_width = 15, .urgency_width = 7};
    columns.waits = columns.late + columns.late_width + 1;
    columns.step = columns.waits + columns.waits_width + 1;
    columns.urgency = columns.step + 3;
    columns.holder = columns.urgency + columns.urgency_width + 1;
    int room = COLS - columns.holder;
    if (COLS >= 96) {
        columns.journey_width = (int)digits < 7 ? 7 : (int)digits;
        columns.journey = COLS - columns.journey_width;
        room -= columns.journey_width + 1;
    }
    columns.claimed_width = room / 4;
    if (columns.claimed_width > 16)
        columns.claimed_width = 16;
    columns.people_width = (room - columns.claimed_width - 2) / 2;
    columns.receiver = columns.holder + columns.people_width + 1;
    columns.claimed = columns.receiver + columns.people_width + 1;
    return columns;
}

static void headings_draw(const struct columns *columns) {
    style(A_BOLD);
    put(2, columns->late, columns->late_width, "LATE");
    put(2, columns->waits, columns->waits_width, "WAITS FOR");
    put(2, columns->step, 2, "ST");
    put(2, columns->urgency, columns->urgency_width, "URGENCY");
    put(2, columns->holder, columns->people_width, "HELD BY");
    put(2, columns->receiver, columns->people_width, "GOES TO");
    put(2, columns->claimed, columns->claimed_width, "ON IT");
    if (columns->journey)
        put(2, columns->journey, columns->journey_width, "JOURNEY");
    style(A_NORMAL);
}

static attr_t row_attributes(enum roster_sign sign, bool claimed) {
    if (claimed)
        return colour(PAIR_CLAIMED);
    switch (sign) {
    case ROSTER_LATE:
        return A_BOLD | colour(PAIR_LATE);
    case ROSTER_SOON:
        return colour(PAIR_SOON);
    case ROSTER_IN_TIME:
        break;
    }
    return A_NORMAL;
}

static void row_people(int line, const struct columns *columns,
                       const struct hv_standing *standing) {
    char who[HV_PERSON_SIZE + HV_CODE_SIZE + 8];
    who_text(standing->holder.begeleider, standing->holder.organisation, columns->people_width, who,
             sizeof who);
    put(line, columns->holder, columns->people_width, who);
    if (!standing->has_receiver)
        return;
    who_text(standing->receiver.has_begeleider ? standing->receiver.begeleider : "",
             standing->receiver.organisation, columns->people_width, who, sizeof who);
    put(line, columns->receiver, columns->people_width, who);
}

static void row_draw(const struct watch_scene *scene, int line, const struct columns *columns,
                     size_t row, size_t digits) {
    const struct hv_standing *standing = &scene->roster->view[row]->standing;
    const struct hv_standing_claim *claim = roster_claim(standing, scene->now_ms);
    enum roster_sign sign = roster_sign(standing, scene->now_ms);
    char text[HV_PERSON_SIZE + 16];
    style(row_attributes(sign, claim != NULL) | (row == scene->selected ? A_REVERSE : 0));
    mvhline(line, 0, ' ', COLS);
    put(line, 0, 2, roster_sign_text(sign));
    roster_late_text(standing, scene->now_ms, text);
    put(line, columns->late, columns->late_width, text);
    put(line, columns->waits, columns->waits_width,
        standing->has_phase ? terms_waits(standing->phase) : "");
    if (standing->has_step && standing->step) {
        snprintf(text, sizeof text, "%2d", (int)standing->step);
        put(line, columns->step, 2, text);
    }
    put(line, columns->urgency, columns->urgency_width, hv_urgency_text(standing->urgency));
    row_people(line, columns, standing);
    snprintf(text, sizeof text, "%s",
             claim                                    ? claim->person
             : standing->has_stuck && standing->stuck ? "stuck!"
                                                      : "");
    put(line, columns->claimed, columns->claimed_width, text);
    if (columns->journey) {
        char journey[HV_UUID_TEXT_SIZE];
        roster_short_text(&standing->journey, digits, journey);
        put(line, columns->journey, columns->journey_width, journey);
    }
    style(A_NORMAL);
}

static void filter_draw(const struct watch_scene *scene) {
    const struct roster_filter *filter = &scene->filter;
    char text[256];
    snprintf(text, sizeof text, "organisation: %s   waits for: %s   search: %s",
             *filter->organisation ? filter->organisation : "all",
             filter->phase ? terms_waits(filter->phase) : "anything",
             *filter->search ? filter->search : "-");
    bool is_set = *filter->organisation || filter->phase || *filter->search;
    style(is_set ? A_BOLD : A_DIM);
    put(1, 1, COLS - 2, text);
    style(A_NORMAL);
    if (is_set && (int)strlen(text) + 24 < COLS) {
        snprintf(text, sizeof text, "%zu of %u", scene->roster->view_count,
                 HASH_COUNT(scene->roster->entries));
        put_right(1, text);
    }
}

/* ---- What stands below the list: more of the one that is selected ---- */

static void detail_told(FILE *out, const struct hv_standing *standing) {
    for (size_t i = 0; i < standing->told.count && i < 3; i++) {
        const struct hv_told *told = &standing->told.items[i];
        char inbox[HV_CODE_SIZE + 32], at[TERMS_SIZE];
        terms_inbox(told->organisation, told->role, inbox, sizeof inbox);
        terms_moment(told->at, at);
        fprintf(out, "%s%s (%s)", i ? ", " : "Told: ", inbox, at);
    }
}

/* Who is on it, who knows. */
static void detail_people(const struct watch_scene *scene, FILE *out,
                          const struct hv_standing *standing) {
    const struct hv_standing_claim *claim = roster_claim(standing, scene->now_ms);
    char until[TERMS_SIZE];
    if (claim) {
        terms_moment(claim->until, until);
        fprintf(out, "Claimed by %s of %s until %s. ", claim->person, claim->organisation, until);
    }
    if (standing->has_stuck && standing->stuck)
        fputs("Stuck: a system keeps refusing it. ", out);
    if (standing->told.count)
        detail_told(out, standing);
    else if (!claim)
        fputs("Nobody was told yet.", out);
}

static void detail_put(int line, FILE *out, char **text) {
    describe_done(out, text);
    put(line, 1, COLS - 2, *text);
    free(*text);
}

static void rule_draw(int line) {
    move(line, 0);
    for (int column = 0; column < COLS; column++)
        addstr("─");
}

static void detail_draw(const struct watch_scene *scene) {
    int line = LINES - 1 - DETAIL_LINES;
    char id[HV_UUID_TEXT_SIZE], due[TERMS_SIZE], *text = NULL;
    size_t size;
    rule_draw(line++);
    if (scene->selected >= scene->roster->view_count)
        return;
    const struct hv_standing *standing = &scene->roster->view[scene->selected]->standing;
    FILE *out = describe_begin(&text, &size);
    hv_uuid_text(&standing->journey, id);
    fprintf(out, "%s  %s", id, hv_urgency_text(standing->urgency));
    if (standing->has_due) {
        terms_moment(standing->due, due);
        fprintf(out, ", next step due %s", due);
    }
    detail_put(line++, out, &text);
    out = describe_begin(&text, &size);
    fprintf(out, "Held by %s of %s", standing->holder.begeleider, standing->holder.organisation);
    if (standing->has_receiver)
        fprintf(out, "; goes to %s%s%s, %s",
                standing->receiver.has_begeleider ? standing->receiver.begeleider : "",
                standing->receiver.has_begeleider ? " of " : "", standing->receiver.organisation,
                hv_kind_text(standing->kind));
    putc('.', out);
    detail_put(line++, out, &text);
    out = describe_begin(&text, &size);
    detail_people(scene, out, standing);
    detail_put(line, out, &text);
}

/* ---- The last line ---- */

static void last_draw(const struct watch_scene *scene, const char *keys) {
    char text[SCENE_INPUT_SIZE + 128];
    if (scene->prompt) {
        snprintf(text, sizeof text, "%s %s", scene->prompt, scene->input);
        style(A_BOLD);
        put(LINES - 1, 1, COLS - 2, text);
        style(A_NORMAL);
        int column = (int)strlen(text) + 1;
        curs_set(1);
        move(LINES - 1, column < COLS ? column : COLS - 1);
        return;
    }
    curs_set(0);
    if (*scene->said) {
        style(scene->said_badly ? A_BOLD | colour(PAIR_LATE) : A_BOLD);
        put(LINES - 1, 1, COLS - 2, scene->said);
        style(A_NORMAL);
    } else {
        put_bar(LINES - 1, 0, keys, "");
    }
}

static size_t list_rows(void) {
    int rows = LINES - ROWS_FROM - DETAIL_LINES - 1;
    return rows > 0 ? (size_t)rows : 0;
}

static void list_draw(struct watch_scene *scene) {
    size_t digits = roster_short_digits(scene->roster);
    const struct columns columns = columns_of(digits);
    size_t rows = list_rows(), count = scene->roster->view_count;
    if (scene->selected < scene->top)
        scene->top = scene->selected;
    if (rows && scene->selected >= scene->top + rows)
        scene->top = scene->selected - rows + 1;
    if (scene->top + rows > count)
        scene->top = count > rows ? count - rows : 0;
    filter_draw(scene);
    headings_draw(&columns);
    for (size_t i = 0; i < rows && scene->top + i < count; i++)
        row_draw(scene, ROWS_FROM + (int)i, &columns, scene->top + i, digits);
    if (count == 0 && scene->live)
        put(ROWS_FROM + 1, 3, COLS - 4,
            HASH_COUNT(scene->roster->entries) ? "Nothing passes the filters; Esc takes them away."
                                               : "Nothing is open. Nobody waits.");
    detail_draw(scene);
    last_draw(scene,
              COLS >= 96
                  ? "Enter history  c claim  u give back  o organisation  p phase  / search  "
                    "? help  q quit"
                  : "Enter history  c claim  u give back  o p / filter  ? help  q quit");
}

/* ---- Pages of text ---- */

/* Puts lines on the screen from scene->scroll on; `text` is broken to the screen's width. */
static void text_draw(struct watch_scene *scene, const char *text) {
    char *broken = NULL;
    size_t size, lines = 0, rows = (size_t)(LINES - 3);
    FILE *out = describe_begin(&broken, &size);
    for (const char *at = text; *at;) {
        int length = (int)strcspn(at, "\n");
        char *line = strndup(at, (size_t)length);
        int indent = strncmp(at, "  ", 2) == 0 ? 9 : 0;
        if (line && indent && length > indent) {
            fprintf(out, "%.*s", indent, line);
            timeline_wrap(out, line + indent, indent, indent, COLS - 2);
        } else {
            fprintf(out, "%s\n", line ? line : "");
        }
        free(line);
        at += length;
        at += *at == '\n';
    }
    describe_done(out, &broken);
    for (const char *at = broken; *at; at++)
        lines += *at == '\n';
    if (scene->scroll + rows > lines)
        scene->scroll = lines > rows ? lines - rows : 0;
    size_t number = 0;
    for (char *at = broken; *at; number++) {
        size_t length = strcspn(at, "\n");
        bool more = at[length] == '\n';
        at[length] = '\0';
        if (number >= scene->scroll && number < scene->scroll + rows) {
            style(*at && *at != ' ' ? A_BOLD : A_NORMAL);
            put(2 + (int)(number - scene->scroll), 1, COLS - 2, at);
        }
        at += length + more;
    }
    style(A_NORMAL);
    free(broken);
}

static void history_draw(struct watch_scene *scene) {
    char id[HV_UUID_TEXT_SIZE], heading[HV_UUID_TEXT_SIZE + 16];
    hv_uuid_text(&scene->text_about, id);
    snprintf(heading, sizeof heading, "Journey %s", id);
    put(1, 1, COLS - 2, heading);
    text_draw(scene, scene->text ? scene->text : "Reading …");
    last_draw(scene, "Up Down PgUp PgDn move  q or Esc back to the list");
}

static const char help_text[] =
    "What you see\n"
    "  !!     Late: a step of its ladder was taken, and nobody has acted since.\n"
    "  !      Falls due within the hour.\n"
    "  ST     Steps taken: who must act, their coordinator, the network's.\n"
    "  ON IT  The coordinator who has claimed it; steps rest until then.\n"
    "  Order  Late before the rest: a crisis above all, then what is late longest;\n"
    "         then what falls due next.\n"
    "\n"
    "Keys\n"
    "  Up Dn  Also k and j, PgUp and PgDn, Home and End: choose a journey.\n"
    "  Enter  Its history. Reading it is recorded.\n"
    "  c      Claim it, for an hour, or until what is typed.\n"
    "  u      Give it back.\n"
    "  o      What the next organisation holds or is offered; O all.\n"
    "  p      What waits for the next thing; P anything.\n"
    "  /      Search in names, words and ids.\n"
    "  Esc    No filters.\n"
    "  q      Leave, or go back to the list.\n";

static void help_draw(struct watch_scene *scene) {
    text_draw(scene, help_text);
    last_draw(scene, "Up Down PgUp PgDn move  q or Esc back to the list");
}

/* ---- All of it ---- */

size_t watch_view_page(const struct watch_scene *scene) {
    size_t rows = scene->page == SCENE_LIST ? list_rows() : (size_t)(LINES > 4 ? LINES - 4 : 1);
    return rows > 1 ? rows - 1 : 1;
}

void watch_view_draw(struct watch_scene *scene) {
    erase();
    if (LINES < LEAST_LINES || COLS < LEAST_COLUMNS) {
        put(0, 0, COLS, "Too small: 40x10 at least.");
        refresh();
        return;
    }
    title_draw(scene);
    switch (scene->page) {
    case SCENE_LIST:
        list_draw(scene);
        break;
    case SCENE_HISTORY:
        history_draw(scene);
        break;
    case SCENE_HELP:
        help_draw(scene);
        break;
    }
    refresh();
}
