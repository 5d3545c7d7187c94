/* What the tool prints on standard output for people about one thing: sentences and cards. */
#include "clients/houvast/show.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/show_table.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"
#include "wire/json.h"
#include "wire/wire.h"

/* ---- For machines ---- */

void show_json(json_t *object) {
    if (!object || json_dumpf(object, stdout, JSON_COMPACT) < 0) {
        tool_say("out of memory, or standard output cannot be written");
        exit(TOOL_INTERNAL);
    }
    putchar('\n');
    json_decref(object);
}

void show_message_json(const struct hv_message *message) {
    show_json(wire_message_to_json(message));
}

/* ---- Words ---- */

static const struct wire_word *word_find(const struct wire_vocabulary *vocabulary,
                                         const char *text) {
    for (size_t i = 0; i < vocabulary->count; i++)
        if (strcmp(vocabulary->words[i].text, text) == 0)
            return &vocabulary->words[i];
    return NULL;
}

/* What a state of a handover or a journey means, or "". */
static const char *state_meaning(const char *state) {
    const struct wire_word *word = word_find(&wire_vocabulary_handover_state, state);
    if (!word)
        word = word_find(&wire_vocabulary_journey_state, state);
    return word ? word->doc : "";
}

/* Whether the state is an end, so that the holder named is who held then. */
static bool state_is_end(const char *state) {
    return strcmp(state, "closed") == 0 || strcmp(state, "declined") == 0 ||
           strcmp(state, "withdrawn") == 0;
}

static void print_holder(const struct hv_done *done) {
    if (!done->has_holder)
        return;
    bool ended = done->has_state && state_is_end(done->state);
    printf("%s of %s %s the resident%s.\n", done->holder.begeleider, done->holder.organisation,
           ended ? "held" : "holds", ended ? " when it ended" : "");
}

/* ---- What a command came to ---- */

static void print_thing(const struct hv_done *done) {
    char uuid[WIRE_UUID_TEXT_SIZE];
    if (!done->has_state)
        return;
    if (done->has_handover) {
        wire_uuid_text(&done->handover, uuid);
        printf("Handover %s is %s", uuid, done->state);
    } else if (done->has_journey) {
        wire_uuid_text(&done->journey, uuid);
        printf("Journey %s is %s", uuid, done->state);
    } else {
        return;
    }
    const char *meaning = state_meaning(done->state);
    printf("%s%s.\n", *meaning ? ": " : "", meaning);
}

void show_done(const struct hv_done *done) {
    char at[WHEN_TEXT_SIZE];
    when_text(done->at, at);
    if (done->has_repeated && done->repeated)
        printf("Done before, as event %" PRId64 " at %s; nothing changed now.\n", done->seq, at);
    else
        printf("Done, as event %" PRId64 " at %s.\n", done->seq, at);
    print_thing(done);
    print_holder(done);
}

/* ---- The ledger ---- */

static int64_t count_of(const struct hv_done *done, const char *name) {
    for (size_t i = 0; done->has_counts && i < done->counts.count; i++)
        if (strcmp(done->counts.items[i].name, name) == 0)
            return done->counts.items[i].value;
    return 0;
}

void show_verified(const struct hv_done *done) {
    char head[2 * sizeof done->head + 1];
    static const char *const counted[] = {"events",   "journeys", "handovers",
                                          "dossiers", "receipts", "items"};

    printf("The ledger is whole:");
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
        printf("%s %s %" PRId64, i ? "," : "", counted[i], count_of(done, counted[i]));
    printf(", and all agree.\n");
    if (done->has_head && done->seq > 0) {
        sodium_bin2hex(head, sizeof head, done->head, sizeof done->head);
        printf("Keep this away from the broker, to find out later whether its end was cut off:\n"
               "  houvast verify --at-seq %" PRId64 " --head %s\n",
               done->seq, head);
    }
}

/* ---- A card ---- */

static void card_text(struct libscols_table *table, const char *label, const char *text) {
    struct libscols_line *line = show_table_line(table);
    show_table_set(line, 0, label);
    show_table_set(line, 1, text);
}

static void card_time(struct libscols_table *table, const char *label, hv_time at_ms) {
    char text[WHEN_TEXT_SIZE];
    when_text(at_ms, text);
    card_text(table, label, text);
}

static void card_uuid(struct libscols_table *table, const char *label, const struct hv_uuid *uuid) {
    char text[WIRE_UUID_TEXT_SIZE];
    wire_uuid_text(uuid, text);
    card_text(table, label, text);
}

static void card_pair(struct libscols_table *table, const char *label, const char *one,
                      const char *between, const char *other) {
    char text[256];
    snprintf(text, sizeof text, "%s%s%s", one, between, other);
    card_text(table, label, text);
}

/* Who holds, and where it is going. */
static void card_people(struct libscols_table *table, const struct hv_done *done) {
    bool ended = done->has_state && state_is_end(done->state);
    if (done->has_holder) {
        card_pair(table, ended ? "Last held by" : "Held by", done->holder.begeleider, " of ",
                  done->holder.organisation);
    }
    if (done->has_receiver && done->receiver.has_begeleider) {
        card_pair(table, "Receiver", done->receiver.begeleider, " of ",
                  done->receiver.organisation);
    } else if (done->has_receiver) {
        card_text(table, "Receiver", done->receiver.organisation);
    }
}

static void card_state(struct libscols_table *table, const struct hv_done *done) {
    if (done->has_state) {
        const char *meaning = state_meaning(done->state);
        card_pair(table, "State", done->state, *meaning ? ": " : "", meaning);
    }
    if (done->has_since)
        card_time(table, "Since", done->since);
    if (done->has_as) {
        card_pair(table, "Taken as", wire_word_text(&wire_vocabulary_taken_as, (int)done->as),
                  done->has_reason ? ", reason " : "", done->has_reason ? done->reason : "");
    } else if (done->has_reason) {
        card_text(table, "Reason", done->reason);
    }
}

static void card_handover(struct libscols_table *table, const struct hv_done *done) {
    if (done->has_kind)
        card_text(table, "Kind", wire_word_text(&wire_vocabulary_kind, (int)done->kind));
    if (done->has_urgency)
        card_text(table, "Urgency", wire_word_text(&wire_vocabulary_urgency, (int)done->urgency));
    if (done->has_introduced && (!done->has_kind || done->kind == HV_KIND_WARM))
        card_text(table, "Introduced", done->introduced ? "yes" : "not yet");
    if (done->has_planned)
        card_time(table, "First contact planned", done->planned);
    for (size_t i = 0; done->has_times && i < done->times.count; i++) {
        char label[64];
        snprintf(label, sizeof label, "- %s", done->times.items[i].name);
        card_time(table, label, done->times.items[i].value);
    }
}

/* What it waits for, who is on it, and who knows. */
static void card_waiting(struct libscols_table *table, const struct hv_done *done) {
    if (done->has_phase) {
        const struct wire_word *word = word_find(
            &wire_vocabulary_phase, wire_word_text(&wire_vocabulary_phase, (int)done->phase));
        card_pair(table, "Waits", word->text, ": ", word->doc);
    }
    if (done->has_due)
        card_time(table, done->has_step && done->step ? "Next step due" : "First step due",
                  done->due);
    if (done->has_claimed) {
        char until[WHEN_TEXT_SIZE + 64];
        when_text(done->claimed.until, until);
        card_pair(table, "On it", done->claimed.person, " of ", done->claimed.organisation);
        card_text(table, "Until", until);
    }
    for (size_t i = 0; done->has_told && i < done->told.count; i++) {
        const struct hv_told *told = &done->told.items[i];
        char label[64];
        snprintf(label, sizeof label, "Told %s %s", told->organisation,
                 wire_word_text(&wire_vocabulary_role, (int)told->role));
        card_time(table, label, told->at);
    }
}

void show_status(const struct hv_done *done) {
    struct libscols_table *table = show_table_new();
    scols_table_enable_noheadings(table, 1);
    show_table_column(table, "WHAT", 0);
    show_table_column(table, "IS", SCOLS_FL_WRAP);
    card_people(table, done);
    card_state(table, done);
    card_handover(table, done);
    card_waiting(table, done);
    if (done->has_journey)
        card_uuid(table, "Journey", &done->journey);
    if (done->has_handover)
        card_uuid(table, "Handover", &done->handover);
    show_table_end(table);
}

/* ---- Events ---- */

char *show_event_text(const struct hv_event *event) {
    static const char *const leave_out[] = {"event", "journey", "handover", "seq", "at", NULL};
    char *text = NULL;
    size_t size;
    FILE *out = describe_begin(&text, &size);
    describe_event(out, event, leave_out);
    return describe_done(out, &text);
}
