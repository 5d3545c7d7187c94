/* What the tool prints on standard output for people about many things: tables. */
#include "clients/houvast/show_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

/* ---- Through libsmartcols ---- */

static void *memory_or_exit(void *memory) {
    if (!memory) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
    return memory;
}

struct libscols_table *show_table_new(void) {
    return memory_or_exit(scols_new_table());
}

void show_table_column(struct libscols_table *table, const char *name, int flags) {
    memory_or_exit(scols_table_new_column(table, name, 0, flags));
}

struct libscols_line *show_table_line(struct libscols_table *table) {
    return memory_or_exit(scols_table_new_line(table, NULL));
}

void show_table_set(struct libscols_line *line, size_t column, const char *text) {
    if (scols_line_set_data(line, column, text) != 0)
        memory_or_exit(NULL);
}

void show_table_end(struct libscols_table *table) {
    scols_print_table(table);
    scols_unref_table(table);
}

static void set_time(struct libscols_line *line, size_t column, hv_time at_ms) {
    char text[WHEN_TEXT_SIZE];
    when_text(at_ms, text);
    show_table_set(line, column, text);
}

static void set_number(struct libscols_line *line, size_t column, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    show_table_set(line, column, text);
}

/* ---- What is open ---- */

enum list_column {
    LIST_DUE,
    LIST_PHASE,
    LIST_STEP,
    LIST_URGENCY,
    LIST_STATE,
    LIST_HOLDER,
    LIST_RECEIVER,
    LIST_CLAIMED,
    LIST_JOURNEY,
};

/* How late its next step is, or how soon. */
static void set_due(struct libscols_line *line, hv_time due_ms, hv_time now_ms) {
    char span[WHEN_SPAN_SIZE], text[WHEN_SPAN_SIZE + 8];
    when_span(due_ms < now_ms ? now_ms - due_ms : due_ms - now_ms, span);
    snprintf(text, sizeof text, "%s%s%s", due_ms < now_ms ? "" : "in ", span,
             due_ms < now_ms ? " late" : "");
    show_table_set(line, LIST_DUE, text);
}

static void set_pair(struct libscols_line *line, size_t column, const char *one,
                     const char *other) {
    char text[HV_PERSON_SIZE + HV_CODE_SIZE + 8];
    snprintf(text, sizeof text, "%s of %s", one, other);
    show_table_set(line, column, text);
}

static void list_line(struct libscols_table *table, const struct hv_standing *standing,
                      hv_time now_ms) {
    struct libscols_line *line = show_table_line(table);
    char journey[WIRE_UUID_TEXT_SIZE], state[HV_CODE_SIZE + 8];
    if (standing->has_due)
        set_due(line, standing->due, now_ms);
    if (standing->has_phase)
        show_table_set(line, LIST_PHASE, hv_phase_text(standing->phase));
    if (standing->has_step)
        set_number(line, LIST_STEP, standing->step);
    show_table_set(line, LIST_URGENCY, hv_urgency_text(standing->urgency));
    snprintf(state, sizeof state, "%s%s", standing->state,
             standing->has_stuck && standing->stuck ? ", stuck" : "");
    show_table_set(line, LIST_STATE, state);
    set_pair(line, LIST_HOLDER, standing->holder.begeleider, standing->holder.organisation);
    if (standing->has_receiver && standing->receiver.has_begeleider)
        set_pair(line, LIST_RECEIVER, standing->receiver.begeleider,
                 standing->receiver.organisation);
    else if (standing->has_receiver)
        show_table_set(line, LIST_RECEIVER, standing->receiver.organisation);
    if (standing->has_claimed)
        set_pair(line, LIST_CLAIMED, standing->claimed.person, standing->claimed.organisation);
    wire_uuid_text(&standing->journey, journey);
    show_table_set(line, LIST_JOURNEY, journey);
}

static void list_table(const struct hv_done *done) {
    static const char *const names[] = {"DUE",     "WAITS FOR", "STEP",  "URGENCY", "STATE",
                                        "HELD BY", "GOES TO",   "ON IT", "JOURNEY"};
    struct libscols_table *table = show_table_new();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        show_table_column(table, names[i], i == LIST_STEP ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < done->journeys.count; i++)
        list_line(table, &done->journeys.items[i], done->at);
    show_table_end(table);
}

void show_list(const struct hv_done *done) {
    char after[WIRE_UUID_TEXT_SIZE];
    if (done->has_journeys && done->journeys.count)
        list_table(done);
    else
        puts("Nothing is open that you may see.");
    if (done->has_next_journey) {
        wire_uuid_text(&done->next_journey, after);
        printf("More follow; ask on with --after %s\n", after);
    }
}

/* ---- The social map ---- */

static void map_line(struct libscols_table *table, const struct hv_organisation *organisation) {
    struct libscols_line *line = show_table_line(table);
    show_table_set(line, 0, organisation->organisation);
    show_table_set(line, 1, organisation->display_name);
    show_table_set(line, 2, organisation->telephone);
    if (organisation->has_telephone_out_of_hours)
        show_table_set(line, 3, organisation->telephone_out_of_hours);
    if (organisation->sealing_keys.count)
        set_time(line, 4, organisation->sealing_keys.items[0].until);
    else
        show_table_set(line, 4, "no: takes no dossiers");
    if (organisation->has_leaving && organisation->leaving)
        show_table_set(line, 5, "leaving: takes no new offers");
}

static void receipt_keys_show(const struct hv_done *done) {
    for (size_t i = 0; done->has_receipt_keys && i < done->receipt_keys.count; i++) {
        const struct hv_receipt_key *key = &done->receipt_keys.items[i];
        char text[HV_KEY_TEXT_SIZE], from[WHEN_TEXT_SIZE], until[WHEN_TEXT_SIZE];
        hv_key_text(key->key, text);
        printf("%sReceipts are checked with %s", i == 0 ? "\n" : "", text);
        if (key->has_from && key->has_until) {
            when_text(key->from, from);
            when_text(key->until, until);
            printf(", from %s until %s", from, until);
        }
        puts(".");
    }
}

void show_map(const struct hv_done *done) {
    struct libscols_table *table = show_table_new();
    show_table_column(table, "ORGANISATION", 0);
    show_table_column(table, "NAME", 0);
    show_table_column(table, "TELEPHONE", 0);
    show_table_column(table, "OUT OF HOURS", 0);
    show_table_column(table, "SEALING KEY UNTIL", 0);
    show_table_column(table, "", 0);
    for (size_t i = 0; done->has_organisations && i < done->organisations.count; i++)
        map_line(table, &done->organisations.items[i]);
    show_table_end(table);
    receipt_keys_show(done);
}

/* ---- Counters ---- */

void show_stats(const struct hv_done *done) {
    struct libscols_table *table = show_table_new();
    show_table_column(table, "NAME", 0);
    show_table_column(table, "VALUE", SCOLS_FL_RIGHT);
    for (size_t i = 0; done->has_stats && i < done->stats.count; i++) {
        struct libscols_line *line = show_table_line(table);
        show_table_set(line, 0, done->stats.items[i].name);
        set_number(line, 1, done->stats.items[i].value);
    }
    show_table_end(table);
}

/* ---- A history ---- */

enum history_column {
    HISTORY_SEQ,
    HISTORY_AT,
    HISTORY_HANDOVER,
    HISTORY_EVENT,
    HISTORY_WHO,
    HISTORY_DETAILS,
};

static void history_begin(struct show_history *history) {
    history->table = show_table_new();
    show_table_column(history->table, "SEQ", SCOLS_FL_RIGHT);
    show_table_column(history->table, "WHEN", 0);
    show_table_column(history->table, "HANDOVER", SCOLS_FL_RIGHT);
    show_table_column(history->table, "WHAT", 0);
    show_table_column(history->table, "WHO", 0);
    show_table_column(history->table, "DETAILS", SCOLS_FL_WRAP);
}

/* The handovers of a journey are shown by number, 1, 2, …: their ids stand below the table. */
static size_t history_number(struct show_history *history, const struct hv_uuid *handover) {
    size_t count = history->handover_count;
    for (size_t i = 0; i < count; i++)
        if (memcmp(&history->handovers[i], handover, sizeof *handover) == 0)
            return i + 1;
    history->handovers =
        memory_or_exit(reallocarray(history->handovers, count + 1, sizeof *history->handovers));
    history->handovers[count] = *handover;
    history->handover_count++;
    return count + 1;
}

static void history_who(struct libscols_line *line, const struct hv_event *event) {
    char who[HV_PERSON_SIZE + HV_CODE_SIZE + 32];
    snprintf(who, sizeof who, "%s%s%s%s%s", event->has_begeleider ? event->begeleider : "",
             event->has_begeleider && event->has_organisation ? " of " : "",
             event->has_organisation ? event->organisation : "",
             event->has_organisation && event->has_role ? ", " : "",
             event->has_organisation && event->has_role
                 ? wire_word_text(&wire_vocabulary_role, (int)event->role)
                 : "");
    show_table_set(line, HISTORY_WHO, *who ? who : "the broker");
}

static void history_line(struct show_history *history, const struct hv_event *event) {
    static const char *const leave_out[] = {"event",        "journey", "handover",   "seq", "at",
                                            "organisation", "role",    "begeleider", NULL};
    struct libscols_line *line = show_table_line(history->table);
    char *details = NULL;
    size_t size;
    if (event->has_seq)
        set_number(line, HISTORY_SEQ, event->seq);
    if (event->has_at)
        set_time(line, HISTORY_AT, event->at);
    if (event->has_handover)
        set_number(line, HISTORY_HANDOVER, (int64_t)history_number(history, &event->handover));
    show_table_set(line, HISTORY_EVENT,
                   wire_word_text(&wire_vocabulary_event_name, (int)event->event));
    history_who(line, event);
    FILE *out = describe_begin(&details, &size);
    describe_event(out, event, leave_out);
    show_table_set(line, HISTORY_DETAILS, describe_done(out, &details));
    free(details);
}

void show_history_add(struct show_history *history, const struct hv_done *done) {
    if (!history->table)
        history_begin(history);
    for (size_t i = 0; done->has_events && i < done->events.count; i++) {
        history_line(history, &done->events.items[i]);
        history->event_count++;
    }
}

void show_history_end(struct show_history *history, bool more) {
    if (history->event_count) {
        show_table_end(history->table);
    } else {
        scols_unref_table(history->table);
        puts("Nothing happened that you may see.");
    }
    for (size_t i = 0; i < history->handover_count; i++) {
        char uuid[WIRE_UUID_TEXT_SIZE];
        wire_uuid_text(&history->handovers[i], uuid);
        printf("%sHandover %zu is %s.\n", i ? "" : "\n", i + 1, uuid);
    }
    if (more)
        puts("More follow; ask on with --after and the last SEQ, or with a larger --limit.");
    free(history->handovers);
    *history = (struct show_history){0};
}
