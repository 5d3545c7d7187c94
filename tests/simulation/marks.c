/* Marks: counted, and shown as a table. */
#include "marks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "contract.h"
#include "wire/wire.h"

#define STATES   9 /* of handovers, 0 for none */
#define JOURNEYS 4
#define COMMANDS 16
#define STEPS    3 /* the first, the next ones, and the last once more */

typedef unsigned long marks_of_roles[2][MARK_ROLES]; /* refused, done */

static struct marks {
    marks_of_roles handovers[STATES][COMMANDS];
    marks_of_roles journeys[JOURNEYS][COMMANDS];
    unsigned long acted[COMMANDS];
    unsigned long delivered[STATES];
    unsigned long refusals[16];
    unsigned long faults[MARK_FAULT_COUNT];
    unsigned long steps[16][4][STEPS];
} * marks;

static const char *const roles[MARK_ROLES] = {"holder",  "receiver", "both",     "h-coord",
                                              "r-coord", "n-coord",  "operator", "stranger"};

#define COMMAND_TYPE(name) HV_MESSAGE_##name,
static const enum hv_message_type handover_commands[] = {MARK_HANDOVER_COMMANDS(COMMAND_TYPE)};
static const enum hv_message_type journey_commands[] = {MARK_JOURNEY_COMMANDS(COMMAND_TYPE)};
static const enum hv_message_type acted_commands[] = {MARK_ACTED_COMMANDS(COMMAND_TYPE)};
#define COUNT(list) (sizeof(list) / sizeof *(list))

#define FAULT_TEXT(name, text) text,
static const char *const faults[] = {MARK_FAULTS(FAULT_TEXT)};

void marks_init(void) {
    marks = mmap(NULL, sizeof *marks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (marks == MAP_FAILED)
        abort();
}

/* ---- Marking ---- */

static size_t command_place(const enum hv_message_type *commands, size_t count,
                            enum hv_message_type type) {
    size_t place = 0;

    while (place < count && commands[place] != type)
        place++;
    return place;
}

void mark_handover(enum hv_handover_state state, enum hv_message_type type, enum mark_role role,
                   bool done) {
    const size_t place = command_place(handover_commands, COUNT(handover_commands), type);

    if (place < COUNT(handover_commands))
        marks->handovers[state][place][done][role]++;
}

void mark_journey(enum hv_journey_state state, enum hv_message_type type, enum mark_role role,
                  bool done) {
    const size_t place = command_place(journey_commands, COUNT(journey_commands), type);

    if (place < COUNT(journey_commands))
        marks->journeys[state][place][done][role]++;
}

void mark_acted(enum hv_message_type type) {
    const size_t place = command_place(acted_commands, COUNT(acted_commands), type);

    if (place < COUNT(acted_commands))
        marks->acted[place]++;
}

void mark_delivered(enum hv_handover_state state) {
    marks->delivered[state]++;
}

void mark_refused(enum hv_refusal code) {
    marks->refusals[code]++;
}

void mark_fault(enum mark_fault fault) {
    marks->faults[fault]++;
}

static bool is_check_in(enum hv_phase phase) {
    return phase == HV_PHASE_HELD || phase == HV_PHASE_WAITING;
}

void mark_step(enum hv_phase phase, enum hv_urgency urgency, int64_t number, bool repeats) {
    const bool first = number <= (is_check_in(phase) ? 0 : 1);

    marks->steps[phase][urgency][repeats ? 2 : !first]++;
}

/* ---- Showing ---- */

struct table {
    FILE *file;
    unsigned long least;
    unsigned missing;
};

static void cell(struct table *table, unsigned long count) {
    const bool is_short = count < table->least;

    table->missing += is_short;
    (void)fprintf(table->file, " %9lu%s", count, is_short ? "!" : " ");
}

/* What was done where the contract lets it, else what was refused. */
static void command_cell(struct table *table, marks_of_roles counts, size_t role, bool is_done) {
    const unsigned long count = counts[is_done][role];
    const bool is_short = count < table->least;

    table->missing += is_short;
    (void)fprintf(table->file, " %8lu%c%c", count, is_done ? '+' : ' ', is_short ? '!' : ' ');
}

static void no_cell(struct table *table) {
    (void)fprintf(table->file, " %9s ", "-");
}

static void header(struct table *table, const char *title) {
    (void)fprintf(table->file, "\n%-28s", title);
    for (size_t i = 0; i < MARK_ROLES; i++)
        (void)fprintf(table->file, " %9s ", roles[i]);
    (void)fputc('\n', table->file);
}

static void handovers_print(struct table *table) {
    header(table, "handover, command");
    for (int state = 1; state < STATES; state++)
        for (size_t i = 0; i < COUNT(handover_commands); i++) {
            (void)fprintf(table->file, "%-13s %-14s",
                          wire_word_text(&wire_vocabulary_handover_state, state),
                          wire_message_struct(handover_commands[i])->name);
            for (size_t role = 0; role < MARK_ROLES; role++)
                command_cell(
                    table, marks->handovers[state][i], role,
                    contract_handover_takes((enum hv_handover_state)state, handover_commands[i]) &&
                        (contract_may(handover_commands[i]) & AS(role)));
            (void)fputc('\n', table->file);
        }
}

/* Before it is opened nobody holds, and behind its end nobody receives. */
static bool role_is_there(int state, size_t role) {
    if (role == ROLE_BOTH)
        return false;
    if (state == 0)
        return role >= ROLE_NETWORKS_COORDINATOR;
    return state == HV_JOURNEY_OPEN ||
           (role != ROLE_RECEIVER && role != ROLE_RECEIVERS_COORDINATOR);
}

/* Anybody's system may open one, and reopen its own; who is no party reads nothing. Notes of a
 * receiver name their handover. The holder's coordinators settle where the network says so. */
static bool journey_is_done(enum hv_journey_state state, enum hv_message_type type,
                            enum mark_role role) {
    if (!contract_journey_takes(state, type))
        return false;
    if (type == HV_MESSAGE_open)
        return role == (state ? ROLE_HOLDER : ROLE_STRANGER);
    if (type == HV_MESSAGE_history)
        return role != ROLE_OPERATOR && role != ROLE_STRANGER;
    if (type == HV_MESSAGE_note)
        return role == ROLE_HOLDER;
    if (type == HV_MESSAGE_settle)
        return role == ROLE_NETWORKS_COORDINATOR;
    return contract_may(type) & AS(role);
}

static void journeys_print(struct table *table) {
    header(table, "journey, command");
    for (int state = 0; state < JOURNEYS; state++)
        for (size_t i = 0; i < COUNT(journey_commands); i++) {
            (void)fprintf(table->file, "%-13s %-14s",
                          state ? wire_word_text(&wire_vocabulary_journey_state, state) : "(none)",
                          wire_message_struct(journey_commands[i])->name);
            for (size_t role = 0; role < MARK_ROLES; role++)
                if (role_is_there(state, role))
                    command_cell(table, marks->journeys[state][i], role,
                                 journey_is_done((enum hv_journey_state)state, journey_commands[i],
                                                 (enum mark_role)role));
                else
                    no_cell(table);
            (void)fputc('\n', table->file);
        }
}

static void steps_print(struct table *table) {
    (void)fprintf(table->file, "\n%-28s %9s  %9s  %9s\n", "phase, urgency", "first", "next",
                  "repeated");
    for (size_t i = 0; i < wire_vocabulary_phase.count; i++)
        for (int urgency = HV_URGENCY_ROUTINE; urgency <= HV_URGENCY_CRISIS; urgency++) {
            const int phase = wire_vocabulary_phase.words[i].number;
            if (phase == HV_PHASE_WAITING && urgency == HV_URGENCY_CRISIS)
                continue; /* not allowed */
            (void)fprintf(table->file, "%-13s %-14s", wire_vocabulary_phase.words[i].text,
                          wire_word_text(&wire_vocabulary_urgency, urgency));
            for (size_t step = 0; step < STEPS; step++)
                if (phase == HV_PHASE_CLOSING && step == 1)
                    no_cell(table); /* its ladders have one step */
                else
                    cell(table, marks->steps[phase][urgency][step]);
            (void)fputc('\n', table->file);
        }
}

static void others_print(struct table *table) {
    (void)fprintf(table->file, "\n%-50s\n", "done for an organisation");
    for (size_t i = 0; i < COUNT(acted_commands); i++) {
        (void)fprintf(table->file, "%-50s", wire_message_struct(acted_commands[i])->name);
        cell(table, marks->acted[i]);
        (void)fputc('\n', table->file);
    }
    (void)fprintf(table->file, "\n%-50s\n", "an offer acknowledged in state");
    for (int state = 1; state < STATES; state++) {
        (void)fprintf(table->file, "%-50s", wire_word_text(&wire_vocabulary_handover_state, state));
        cell(table, marks->delivered[state]);
        (void)fputc('\n', table->file);
    }
    (void)fprintf(table->file, "\nrefused\n");
    for (size_t i = 0; i < wire_vocabulary_refusal.count; i++) {
        (void)fprintf(table->file, "%-50s", wire_vocabulary_refusal.words[i].text);
        cell(table, marks->refusals[wire_vocabulary_refusal.words[i].number]);
        (void)fputc('\n', table->file);
    }
    (void)fprintf(table->file, "\ntrouble\n");
    for (size_t i = 0; i < MARK_FAULT_COUNT; i++) {
        (void)fprintf(table->file, "%-50s", faults[i]);
        cell(table, marks->faults[i]);
        (void)fputc('\n', table->file);
    }
}

unsigned marks_print(FILE *file, unsigned long least) {
    struct table table = {.file = file, .least = least};

    handovers_print(&table);
    journeys_print(&table);
    steps_print(&table);
    others_print(&table);
    return table.missing;
}
