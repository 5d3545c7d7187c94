/* The list of what is open. */
#include "clients/houvast/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clients/houvast/roster.h"
#include "clients/houvast/session.h"
#include "clients/houvast/show.h"
#include "clients/houvast/show_table.h"
#include "clients/houvast/terms.h"

#define PAGE_MAX 1000

static void take_memory(int result) {
    if (result < 0) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
}

/* ---- Asking ---- */

/* What pages are taken into. */
struct listing {
    struct roster roster;
    hv_time now_ms; /* the broker's */
    size_t pages;
    bool has_more;
    struct hv_uuid next; /* where more follow */
};

static void page_take(struct listing *listing, const struct hv_done *done) {
    for (size_t i = 0; done->has_journeys && i < done->journeys.count; i++)
        take_memory(roster_set(&listing->roster, &done->journeys.items[i]));
    listing->now_ms = done->at;
    listing->pages++;
    listing->has_more = done->has_next_journey;
    listing->next = done->next_journey;
}

/* One page; with `show` it is printed as it came. */
static int page_ask(struct hv_connection *connection, struct listing *listing,
                    const struct hv_list *question, bool show) {
    struct hv_answer answer = {0};
    int r = hv_list(connection, question, &answer);
    int status = tool_result(r, &answer);
    if (status == TOOL_DONE) {
        if (show)
            show_message_json(&answer.message);
        page_take(listing, &answer.message.done);
    }
    hv_answer_free(&answer);
    return status;
}

/* At most `pages_max` pages; 0: all. */
static int pages_ask(struct hv_connection *connection, struct listing *listing,
                     const struct hv_list *first, size_t pages_max, bool show) {
    struct hv_list question = *first;
    int status;
    do {
        if (!first->has_limit) {
            question.has_limit = true;
            question.limit = PAGE_MAX;
        }
        status = page_ask(connection, listing, &question, show);
        question.has_after = true;
        question.after = listing->next;
    } while (status == TOOL_DONE && listing->has_more &&
             (!pages_max || listing->pages < pages_max));
    return status;
}

/* ---- Showing ---- */

enum list_column {
    LIST_SIGN,
    LIST_LATE,
    LIST_PHASE,
    LIST_STEP,
    LIST_URGENCY,
    LIST_HOLDER,
    LIST_RECEIVER,
    LIST_CLAIMED,
    LIST_JOURNEY,
};

/* Narrower terminals have no room for the names of people. */
#define PEOPLE_LEAST 120

/* Whether there is; elsewhere than on a terminal lines are as long as they are. */
static bool has_room_for_people(void) {
    struct winsize size;
    bool known = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    return !known || size.ws_col == 0 || size.ws_col >= PEOPLE_LEAST;
}

static struct libscols_table *table_begin(void) {
    static const struct {
        const char *name;
        int flags;
    } columns[] = {
        [LIST_SIGN] = {"", 0},
        [LIST_LATE] = {"LATE", 0},
        [LIST_PHASE] = {"WAITS FOR", 0},
        [LIST_STEP] = {"STEP", SCOLS_FL_RIGHT},
        [LIST_URGENCY] = {"URGENCY", 0},
        [LIST_HOLDER] = {"HELD BY", SCOLS_FL_TRUNC},
        [LIST_RECEIVER] = {"GOES TO", SCOLS_FL_TRUNC},
        [LIST_CLAIMED] = {"ON IT", SCOLS_FL_TRUNC},
        [LIST_JOURNEY] = {"JOURNEY", 0},
    };
    struct libscols_table *table = show_table_new();
    const char *no_color = getenv("NO_COLOR");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        show_table_column(table, columns[i].name, columns[i].flags);
    if (isatty(STDOUT_FILENO) && !(no_color && *no_color))
        scols_table_enable_colors(table, 1);
    return table;
}

static void set_person(struct libscols_line *line, size_t column, const char *person,
                       const char *organisation) {
    char text[HV_PERSON_SIZE + HV_CODE_SIZE + 8];
    if (!has_room_for_people())
        person = "";
    snprintf(text, sizeof text, "%s%s%s", person, *person ? " of " : "", organisation);
    show_table_set(line, column, text);
}

static void set_late(struct libscols_line *line, const struct hv_standing *standing,
                     hv_time now_ms) {
    enum roster_sign sign = roster_sign(standing, now_ms);
    char late[ROSTER_LATE_SIZE];
    roster_late_text(standing, now_ms, late);
    show_table_set(line, LIST_SIGN, roster_sign_text(sign));
    show_table_set(line, LIST_LATE, late);
    if (sign != ROSTER_IN_TIME)
        scols_line_set_color(line, sign == ROSTER_LATE ? "red" : "brown");
}

static void row_add(struct libscols_table *table, const struct roster_entry *entry, hv_time now_ms,
                    size_t digits) {
    const struct hv_standing *standing = &entry->standing;
    const struct hv_standing_claim *claim = roster_claim(standing, now_ms);
    struct libscols_line *line = show_table_line(table);
    char journey[HV_UUID_TEXT_SIZE], text[16];
    set_late(line, standing, now_ms);
    show_table_set(line, LIST_PHASE, standing->has_phase ? terms_waits(standing->phase) : "");
    snprintf(text, sizeof text, "%d", (int)(standing->has_step ? standing->step : 0));
    show_table_set(line, LIST_STEP, text);
    show_table_set(line, LIST_URGENCY, hv_urgency_text(standing->urgency));
    set_person(line, LIST_HOLDER, standing->holder.begeleider, standing->holder.organisation);
    if (standing->has_receiver)
        set_person(line, LIST_RECEIVER,
                   standing->receiver.has_begeleider ? standing->receiver.begeleider : "",
                   standing->receiver.organisation);
    show_table_set(line, LIST_CLAIMED,
                   claim                                    ? claim->person
                   : standing->has_stuck && standing->stuck ? "stuck!"
                                                            : "");
    if (digits)
        roster_short_text(&standing->journey, digits, journey);
    else
        hv_uuid_text(&standing->journey, journey);
    show_table_set(line, LIST_JOURNEY, journey);
}

/* What stands below the table. */
static void sum_print(const struct listing *listing, size_t shown, bool is_page) {
    struct roster_counts counts = roster_count(&listing->roster, listing->now_ms);
    char after[HV_UUID_TEXT_SIZE];
    if (is_page && listing->has_more) {
        hv_uuid_text(&listing->next, after);
        printf("More follow; ask on with --after %s\n", after);
        return;
    }
    if (is_page)
        return;
    printf("\n%s%zu open: %zu late (!!), %zu within the hour (!), %zu claimed.\n",
           listing->has_more ? "Over " : "", counts.open, counts.late, counts.soon, counts.claimed);
    if (shown < counts.open || listing->has_more)
        printf("The first %zu are shown; --all shows all.\n", shown);
}

static void table_print(struct listing *listing, const struct extras *extras, bool is_page) {
    static const struct roster_filter everything = {0};
    struct roster *roster = &listing->roster;
    size_t digits = extras->is_long ? 0 : roster_short_digits(roster);
    struct libscols_table *table = table_begin();
    take_memory(roster_look(roster, &everything, listing->now_ms));
    size_t shown = roster->view_count;
    if (!is_page && !extras->all && shown > LIST_ROWS_MAX)
        shown = LIST_ROWS_MAX;
    for (size_t i = 0; i < shown; i++)
        row_add(table, roster->view[i], listing->now_ms, digits);
    show_table_end(table);
    sum_print(listing, shown, is_page);
}

/* What the broker would find nothing for, though it is only misspelt. */
static int question_check(struct hv_connection *connection, const struct hv_list *question) {
    if (question->has_state && !hv_handover_state_parse(question->state) &&
        !hv_journey_state_parse(question->state)) {
        tool_say("--state %s is not right; it takes offered, delivered, received, picked-up or "
                 "waiting, or open or closing where no handover is",
                 question->state);
        return TOOL_USAGE;
    }
    return question->has_organisation ? tool_organisation_check(connection, question->organisation)
                                      : TOOL_DONE;
}

int list_show(struct hv_connection *connection, const struct hv_list *question,
              const struct extras *extras) {
    bool is_page = !extras->all && (question->has_limit || question->has_after);
    bool one = !extras->all && (is_page || tool_options.json);
    struct listing listing = {0};
    int status = question_check(connection, question);
    if (status == TOOL_DONE && one)
        status = page_ask(connection, &listing, question, tool_options.json);
    else if (status == TOOL_DONE)
        status = pages_ask(connection, &listing, question, extras->all ? 0 : LIST_PAGES_MAX,
                           tool_options.json);
    if (status == TOOL_DONE && !tool_options.json) {
        if (listing.roster.entries)
            table_print(&listing, extras, is_page);
        else if (!listing.has_more)
            puts("Nothing is open that you may see.");
        else
            sum_print(&listing, 0, true);
    }
    roster_fini(&listing.roster);
    return status;
}

/* ---- Finding one ---- */

int list_find(struct hv_connection *connection, const char *text, struct hv_uuid *ret_journey) {
    const struct hv_list everything = {0};
    struct listing listing = {0};
    size_t found = 0;
    int status = pages_ask(connection, &listing, &everything, 0, false);
    for (struct roster_entry *entry = listing.roster.entries; entry; entry = entry->hh.next) {
        if (roster_ends_with(&entry->journey, text)) {
            *ret_journey = entry->journey;
            found++;
        }
    }
    roster_fini(&listing.roster);
    if (status != TOOL_DONE || found == 1)
        return status;
    if (found > 1)
        tool_say("%zu journeys end with %s; say more of the id", found, text);
    else
        tool_say("nothing that is open ends with %s; say the whole id (houvast list --long)", text);
    return TOOL_USAGE;
}
