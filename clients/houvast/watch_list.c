/* The list of `houvast watch`. */
#include "clients/houvast/watch_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/watch_paint.h"

/* Lines above the rows, and below them but for the details. */
#define ROWS_FROM  3
#define ROWS_AFTER 1
/* Narrower columns name organisations alone, so that all are alike. */
#define PEOPLE_LEAST  20
#define CLAIMED_WIDTH 16
/* Narrower terminals have no columns for the step and who is on it: the details say them. */
#define COLUMNS_MIDDLE 72
/* So wide, there is room for ids. */
#define COLUMNS_WIDE 96
/* The details: a rule, and lines. A low terminal has fewer. */
#define LINES_HIGH 20
#define TOLD_MAX   3

/* ---- Columns ---- */

/* Where the columns stand; a width of 0: no room for it. */
struct columns {
    int late, waits, step, urgency, holder, receiver, claimed, journey;
    int late_width, waits_width, step_width, urgency_width, people_width, claimed_width,
        journey_width;
};

static struct columns columns_of(size_t digits) {
    struct columns columns = {.late = 3, .late_width = 11, .waits_width = 15, .urgency_width = 7};
    bool narrow = COLS < COLUMNS_MIDDLE;
    columns.waits = columns.late + columns.late_width + 1;
    columns.step = columns.waits + columns.waits_width + 1;
    columns.step_width = narrow ? 0 : 2;
    columns.urgency = columns.step + (narrow ? 0 : columns.step_width + 1);
    columns.holder = columns.urgency + columns.urgency_width + 1;
    int room = COLS - columns.holder;
    if (COLS >= COLUMNS_WIDE) {
        columns.journey_width = (int)digits < 7 ? 7 : (int)digits;
        columns.journey = COLS - columns.journey_width;
        room -= columns.journey_width + 1;
    }
    columns.claimed_width = narrow ? 0 : room / 4;
    if (columns.claimed_width > CLAIMED_WIDTH)
        columns.claimed_width = CLAIMED_WIDTH;
    columns.people_width = (room - columns.claimed_width - (narrow ? 1 : 2)) / 2;
    columns.receiver = columns.holder + columns.people_width + 1;
    columns.claimed = columns.receiver + columns.people_width + 1;
    return columns;
}

static void headings_draw(const struct columns *columns) {
    const struct {
        int column, width;
        const char *text;
    } headings[] = {
        {columns->late, columns->late_width, "LATE"},
        {columns->waits, columns->waits_width, "WAITS FOR"},
        {columns->step, columns->step_width, "ST"},
        {columns->urgency, columns->urgency_width, "URGENCY"},
        {columns->holder, columns->people_width, "HELD BY"},
        {columns->receiver, columns->people_width, "GOES TO"},
        {columns->claimed, columns->claimed_width, "ON IT"},
        {columns->journey, columns->journey_width, "JOURNEY"},
    };
    watch_paint_style(A_BOLD);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        watch_paint_put(ROWS_FROM - 1, headings[i].column, headings[i].width, headings[i].text);
    watch_paint_style(A_NORMAL);
}

/* ---- Rows ---- */

static attr_t row_attributes(enum roster_sign sign, bool claimed) {
    if (claimed)
        return watch_paint_colour(PAINT_CLAIMED);
    switch (sign) {
    case ROSTER_LATE:
        return A_BOLD | watch_paint_colour(PAINT_LATE);
    case ROSTER_SOON:
        return watch_paint_colour(PAINT_SOON);
    case ROSTER_IN_TIME:
        break;
    }
    return A_NORMAL;
}

static void who_put(int line, int column, int width, const char *person, const char *organisation) {
    char text[HV_PERSON_SIZE + HV_CODE_SIZE + 8];
    snprintf(text, sizeof text, "%s of %s", person, organisation);
    if (!*person || width < PEOPLE_LEAST || (int)strlen(text) > width)
        snprintf(text, sizeof text, "%s", organisation);
    watch_paint_put(line, column, width, text);
}

static void row_people(int line, const struct columns *columns, const struct hv_standing *standing,
                       const struct hv_standing_claim *claim) {
    const char *on_it = claim                                    ? claim->person
                        : standing->has_stuck && standing->stuck ? "stuck!"
                                                                 : "";
    who_put(line, columns->holder, columns->people_width, standing->holder.begeleider,
            standing->holder.organisation);
    if (standing->has_receiver)
        who_put(line, columns->receiver, columns->people_width,
                standing->receiver.has_begeleider ? standing->receiver.begeleider : "",
                standing->receiver.organisation);
    watch_paint_put(line, columns->claimed, columns->claimed_width, on_it);
}

static void row_draw(const struct watch_scene *scene, int line, const struct columns *columns,
                     size_t row, size_t digits) {
    const struct hv_standing *standing = &scene->roster->view[row]->standing;
    const struct hv_standing_claim *claim = roster_claim(standing, scene->now_ms);
    enum roster_sign sign = roster_sign(standing, scene->now_ms);
    char text[ROSTER_LATE_SIZE], journey[HV_UUID_TEXT_SIZE];
    watch_paint_style(row_attributes(sign, claim != NULL) |
                      (row == scene->selected ? A_REVERSE : 0));
    mvhline(line, 0, ' ', COLS);
    watch_paint_put(line, 0, 2, roster_sign_text(sign));
    watch_paint_put(line, 2, 1, claim ? "*" : "");
    roster_late_text(standing, scene->now_ms, text);
    watch_paint_put(line, columns->late, columns->late_width, text);
    watch_paint_put(line, columns->waits, columns->waits_width,
                    standing->has_phase ? terms_waits(standing->phase) : "");
    if (standing->has_step && standing->step) {
        snprintf(text, sizeof text, "%2d", (int)standing->step);
        watch_paint_put(line, columns->step, columns->step_width, text);
    }
    watch_paint_put(line, columns->urgency, columns->urgency_width,
                    hv_urgency_text(standing->urgency));
    row_people(line, columns, standing, claim);
    roster_short_text(&standing->journey, digits, journey);
    watch_paint_put(line, columns->journey, columns->journey_width, journey);
    watch_paint_style(A_NORMAL);
}

/* ---- What stands above the list ---- */

/* How much of it is seen: of the rows, or of all where filters are set; "" where that is all. */
static void extent_text(const struct watch_scene *scene, bool is_filtered, char *ret_text,
                        size_t size) {
    size_t rows = watch_list_rows(), count = scene->roster->view_count;
    ret_text[0] = '\0';
    if (count > rows)
        snprintf(ret_text, size, "%zu-%zu of %zu", scene->top + 1, scene->top + rows, count);
    else if (is_filtered)
        snprintf(ret_text, size, "%zu of %u", count, HASH_COUNT(scene->roster->entries));
}

/* Why nothing comes is worth more than which filters are set. */
static void lost_draw(const struct watch_scene *scene) {
    watch_paint_style(A_BOLD);
    watch_paint_put(1, 1, COLS - 2, scene->lost_why);
    watch_paint_style(A_NORMAL);
}

static void filter_draw(const struct watch_scene *scene) {
    const struct roster_filter *filter = &scene->filter;
    char text[256], extent[80];
    bool is_set = *filter->organisation || filter->phase || *filter->search;
    snprintf(text, sizeof text, "organisation: %s   waits for: %s   search: %s",
             *filter->organisation ? filter->organisation : "all",
             filter->phase ? terms_waits(filter->phase) : "anything",
             *filter->search ? filter->search : "-");
    extent_text(scene, is_set, extent, sizeof extent);
    watch_paint_style(is_set ? A_BOLD : A_DIM);
    watch_paint_put(1, 1, COLS - 3 - (int)strlen(extent), text);
    watch_paint_style(A_NORMAL);
    watch_paint_put_right(1, extent);
}

/* ---- What stands below it: more of the one that is selected ---- */

static int detail_lines(void) {
    return LINES >= LINES_HIGH ? 4 : 3;
}

static bool is_same_inbox(const struct hv_told *one, const struct hv_told *other) {
    return one->role == other->role && strcmp(one->organisation, other->organisation) == 0;
}

/* Each inbox once, when it took note last: they come newest first. */
static void detail_told(FILE *out, const struct hv_standing *standing) {
    size_t shown = 0;
    for (size_t i = 0; i < standing->told.count && shown < TOLD_MAX; i++) {
        const struct hv_told *told = &standing->told.items[i];
        char inbox[HV_CODE_SIZE + 32], at[TERMS_SIZE];
        size_t before = 0;
        while (before < i && !is_same_inbox(&standing->told.items[before], told))
            before++;
        if (before < i)
            continue;
        terms_inbox(told->organisation, told->role, inbox, sizeof inbox);
        terms_moment(told->at, at);
        fprintf(out, "%s%s (%s)", shown++ ? ", " : "Told: ", inbox, at);
    }
    putc('.', out);
}

/* Which one, and when the next step falls due. */
static void detail_due(FILE *out, const struct hv_standing *standing, size_t digits) {
    char id[HV_UUID_TEXT_SIZE], due[TERMS_SIZE];
    if (COLS < COLUMNS_MIDDLE)
        roster_short_text(&standing->journey, digits, id);
    else
        hv_uuid_text(&standing->journey, id);
    fprintf(out, "%s  %s", id, hv_urgency_text(standing->urgency));
    if (COLS < COLUMNS_MIDDLE && standing->has_step && standing->step)
        fprintf(out, ", step %d", (int)standing->step);
    if (standing->has_due) {
        terms_moment(standing->due, due);
        fprintf(out, ", next step due %s", due);
    }
}

static void detail_holder(FILE *out, const struct hv_standing *standing) {
    fprintf(out, "Held by %s of %s", standing->holder.begeleider, standing->holder.organisation);
    if (standing->has_receiver)
        fprintf(out, "; goes to %s%s%s, %s",
                standing->receiver.has_begeleider ? standing->receiver.begeleider : "",
                standing->receiver.has_begeleider ? " of " : "", standing->receiver.organisation,
                hv_kind_text(standing->kind));
    putc('.', out);
}

/* Who is on it, who knows. Said is not told: told is who has taken note. */
static void detail_people(FILE *out, const struct hv_standing *standing, hv_time now_ms) {
    const struct hv_standing_claim *claim = roster_claim(standing, now_ms);
    char until[TERMS_SIZE];
    if (claim) {
        terms_moment(claim->until, until);
        fprintf(out, "Claimed by %s of %s until %s. ", claim->person, claim->organisation, until);
    }
    if (standing->has_stuck && standing->stuck)
        fputs("Stuck: a system keeps refusing it. ", out);
    if (standing->told.count)
        detail_told(out, standing);
    else if (!claim && standing->has_step && standing->step)
        fprintf(out, "Nobody has taken note of step %d yet.", (int)standing->step);
    else if (!claim)
        fputs("Nobody had to be told yet.", out);
}

static int detail_put(int line, int lines_max, FILE *out, char **text) {
    describe_done(out, text);
    int used = watch_paint_wrapped(line, lines_max, *text);
    free(*text);
    return used;
}

static void detail_draw(const struct watch_scene *scene, size_t digits) {
    int left = detail_lines(), line = LINES - ROWS_AFTER - left - 1;
    char *text = NULL;
    size_t size;
    move(line++, 0);
    for (int column = 0; column < COLS; column++)
        addstr("─");
    if (scene->selected >= scene->roster->view_count)
        return;
    const struct hv_standing *standing = &scene->roster->view[scene->selected]->standing;
    FILE *out = describe_begin(&text, &size);
    detail_due(out, standing, digits);
    int used = detail_put(line, 1, out, &text);
    out = describe_begin(&text, &size);
    detail_holder(out, standing);
    used += detail_put(line + used, left - used - 1, out, &text);
    out = describe_begin(&text, &size);
    detail_people(out, standing, scene->now_ms);
    detail_put(line + used, left - used, out, &text);
}

/* ---- All of it ---- */

size_t watch_list_rows(void) {
    int rows = LINES - ROWS_FROM - detail_lines() - 1 - ROWS_AFTER;
    return rows > 0 ? (size_t)rows : 0;
}

/* The one that is selected stays on the screen. */
static void top_keep(struct watch_scene *scene, size_t rows) {
    size_t count = scene->roster->view_count;
    if (scene->selected < scene->top)
        scene->top = scene->selected;
    if (rows && scene->selected >= scene->top + rows)
        scene->top = scene->selected - rows + 1;
    if (scene->top + rows > count)
        scene->top = count > rows ? count - rows : 0;
}

void watch_list_draw(struct watch_scene *scene) {
    size_t digits = roster_short_digits(scene->roster), rows = watch_list_rows();
    const struct columns columns = columns_of(digits);
    top_keep(scene, rows);
    if (scene->lost_ms)
        lost_draw(scene);
    else
        filter_draw(scene);
    headings_draw(&columns);
    for (size_t i = 0; i < rows && scene->top + i < scene->roster->view_count; i++)
        row_draw(scene, ROWS_FROM + (int)i, &columns, scene->top + i, digits);
    if (scene->roster->view_count == 0 && scene->live)
        watch_paint_put(ROWS_FROM + 1, 3, COLS - 4,
                        HASH_COUNT(scene->roster->entries)
                            ? "Nothing passes the filters; Esc takes them away."
                            : "Nothing is open. Nobody waits.");
    detail_draw(scene, digits);
}
