/* The network's ladders: sections of its files, laid over each other and over the defaults. */
#include "broker/network_ladder.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/network_ini.h"
#include "broker/network_ladder_step.h"
#include "schemas/wire/wire.h"

#define FOLDER "ladders/"

enum ladder_key_name {
    KEY_URGENCY,
    KEY_KIND,
    KEY_FROM,
    KEY_TO,
    KEY_STEP,
    KEY_EVERY,
    KEY_COUNT,
};

static const char *const key_names[KEY_COUNT] = {"urgency", "kind", "from", "to", "step", "every"};

/* A section on its way. */
struct draft {
    struct ladder ladder;
    bool begun;
    bool has_every;
    unsigned lines[KEY_COUNT];             /* where each key is first set; 0: it is not */
    unsigned step_lines[LADDER_STEPS_MAX]; /* of the ladder's steps */
};

struct parsing {
    const struct network_reading *reading;
    const struct network *network; /* NULL: the defaults are read */
    const char *path;              /* of the file being read; NULL: the defaults */
    struct ladders *ladders;
    struct draft draft;
};

static struct network_place place_at(const struct parsing *parsing, unsigned line) {
    return (struct network_place){.path = parsing->path, .line = line};
}

/* ---- Headers ---- */

/* The words of a vocabulary apart by commas, for a failure. */
static void words_list(const struct wire_vocabulary *vocabulary, char *ret_list, size_t size) {
    size_t at = 0;

    ret_list[0] = '\0';
    for (size_t i = 0; i < vocabulary->count && at < size; i++)
        at += (size_t)snprintf(ret_list + at, size - at, "%s%s", i > 0 ? ", " : "",
                               vocabulary->words[i].text);
}

static int header_take(struct parsing *parsing, const struct network_ini_line *line) {
    const struct network_place place = place_at(parsing, line->line);
    const int phase = wire_word_number(&wire_vocabulary_phase, line->label, strlen(line->label));
    char list[256];

    words_list(&wire_vocabulary_phase, list, sizeof list);
    if (strcmp(line->kind, "ladder") != 0)
        return network_wrong(parsing->reading, place,
                             "[%s] is no section of this file; it has [ladder <phase>]",
                             line->kind);
    if (phase == 0)
        return network_wrong(parsing->reading, place,
                             "[ladder %s] names no phase; write [ladder <phase>], one of %s",
                             line->label, list);
    parsing->draft = (struct draft){
        .begun = true,
        .ladder = {.phase = (enum hv_phase)phase, .path = parsing->path, .line = line->line}};
    return 0;
}

/* ---- What a ladder is for ---- */

static const char *phase_text(enum hv_phase phase) {
    return wire_word_text(&wire_vocabulary_phase, (int)phase);
}

static int urgency_take(const struct network_ladder_line *line, struct ladder *ladder) {
    const int urgency =
        wire_word_number(&wire_vocabulary_urgency, line->value, strlen(line->value));

    if (urgency == 0)
        return network_wrong(line->reading, line->place,
                             "urgency = %s is not valid; it takes routine, urgent or crisis",
                             line->value);
    if (ladder->phase == HV_PHASE_WAITING && urgency == HV_URGENCY_CRISIS)
        return network_wrong(line->reading, line->place,
                             "nobody in crisis waits, so that this ladder would never run; take it "
                             "out, or write urgent or routine");
    ladder->urgency = (enum hv_urgency)urgency;
    return 0;
}

/* Whether its runs are about a handover, so that there are a kind and a receiver. */
static bool phase_has_handover(enum hv_phase phase) {
    switch (phase) {
    case HV_PHASE_DELIVERY:
    case HV_PHASE_RECEIPT:
    case HV_PHASE_PICKUP:
    case HV_PHASE_ARRIVAL:
    case HV_PHASE_CONTESTED:
    case HV_PHASE_ANSWER:
        return true;
    case HV_PHASE_UNROUTED:
    case HV_PHASE_WAITING:
    case HV_PHASE_HELD:
    case HV_PHASE_CLOSING:
        break;
    }
    return false;
}

static int handover_require(const struct network_ladder_line *line, const struct ladder *ladder) {
    if (phase_has_handover(ladder->phase))
        return 0;
    return network_wrong(line->reading, line->place,
                         "%s = %s: the phase %s is the holder's alone and knows no %s; take the "
                         "line out",
                         line->key, line->value, phase_text(ladder->phase),
                         strcmp(line->key, "to") == 0 ? "receiver" : "kind");
}

static int kind_take(const struct network_ladder_line *line, struct ladder *ladder) {
    int result = handover_require(line, ladder);

    if (result < 0)
        return result;
    if (strcmp(line->value, "warm") == 0)
        ladder->kind = LADDER_WARM;
    else if (strcmp(line->value, "cold") == 0)
        ladder->kind = LADDER_COLD;
    else
        return network_wrong(line->reading, line->place,
                             "kind = %s is not valid; it takes warm or cold, which is callback and "
                             "signal too",
                             line->value);
    return 0;
}

static int end_take(const struct network_ladder_line *line, char ret_name[HV_CODE_SIZE]) {
    const struct network_organisation *organisation =
        line->network ? network_organisation(line->network, line->value) : NULL;

    if (!organisation)
        return network_wrong(line->reading, line->place,
                             "%s = %s: there is no such organisation; name one that has a file",
                             line->key, line->value);
    strcpy(ret_name, organisation->name);
    return 0;
}

static int to_take(const struct network_ladder_line *line, struct ladder *ladder) {
    int result = handover_require(line, ladder);

    return result == 0 ? end_take(line, ladder->to) : result;
}

/* ---- Assignments ---- */

static int step_take(const struct network_ladder_line *line, struct draft *draft) {
    struct ladder *ladder = &draft->ladder;

    if (ladder_is_check_in(ladder->phase))
        return network_wrong(
            line->reading, line->place,
            "the check-ins of %s have no steps, since an unanswered one climbs the "
            "ladder of unrouted; write every alone, and the steps there",
            phase_text(ladder->phase));
    if (ladder->step_count == LADDER_STEPS_MAX)
        return network_wrong(line->reading, line->place,
                             "a ladder has %d steps at most, of which the last one repeats; take "
                             "this one out",
                             LADDER_STEPS_MAX);
    draft->step_lines[ladder->step_count] = line->place.line;
    return network_ladder_step_read(line, &ladder->steps[ladder->step_count++]);
}

static int value_take(const struct network_ladder_line *line, enum ladder_key_name key,
                      struct draft *draft) {
    struct ladder *ladder = &draft->ladder;

    switch (key) {
    case KEY_URGENCY:
        return urgency_take(line, ladder);
    case KEY_KIND:
        return kind_take(line, ladder);
    case KEY_FROM:
        return end_take(line, ladder->from);
    case KEY_TO:
        return to_take(line, ladder);
    case KEY_STEP:
        return step_take(line, draft);
    case KEY_EVERY:
        draft->has_every = true;
        return network_ladder_every_read(line, ladder);
    case KEY_COUNT:
        break;
    }
    assert(false);
    return -EINVAL;
}

static int assignment_take(struct parsing *parsing, const struct network_ini_line *line) {
    struct draft *draft = &parsing->draft;
    const struct network_ladder_line taken = {.reading = parsing->reading,
                                              .network = parsing->network,
                                              .place = place_at(parsing, line->line),
                                              .key = line->key,
                                              .value = line->value};
    size_t key = 0;

    if (!draft->begun)
        return network_wrong(parsing->reading, taken.place,
                             "%s stands before the first section; write [ladder <phase>] above it",
                             line->key);
    while (key < KEY_COUNT && strcmp(key_names[key], line->key) != 0)
        key++;
    if (key == KEY_COUNT)
        return network_wrong(
            parsing->reading, taken.place,
            "%s is no key of [ladder]; it has urgency, kind, from, to, step, every",
            *line->key ? line->key : "(nothing)");
    if (draft->lines[key] > 0 && key != KEY_STEP)
        return network_wrong(parsing->reading, taken.place,
                             "%s is set twice, first on line %u; keep one of the two", line->key,
                             draft->lines[key]);
    draft->lines[key] = draft->lines[key] > 0 ? draft->lines[key] : line->line;
    return *line->value ? value_take(&taken, (enum ladder_key_name)key, draft) : 0;
}

/* ---- A whole section ---- */

static bool is_for_the_same(const struct ladder *one, const struct ladder *other) {
    return one->phase == other->phase && one->urgency == other->urgency &&
           one->kind == other->kind && strcmp(one->from, other->from) == 0 &&
           strcmp(one->to, other->to) == 0;
}

/* The index of the one that the files have for the same; the count where they have none. */
static size_t same_find(const struct parsing *parsing) {
    const struct ladders *ladders = parsing->ladders;
    size_t i = 0;

    while (i < ladders->count && !(ladders->items[i].path && parsing->path &&
                                   is_for_the_same(&ladders->items[i], &parsing->draft.ladder)))
        i++;
    return i;
}

static int draft_check(const struct parsing *parsing) {
    const struct draft *draft = &parsing->draft;
    const struct ladder *ladder = &draft->ladder;
    const struct network_place place = place_at(parsing, ladder->line);

    if (ladder->step_count == 0 && !ladder_is_check_in(ladder->phase))
        return network_wrong(parsing->reading, place,
                             "the ladder of %s has no step; add a line such as step = 1d "
                             "responsible",
                             phase_text(ladder->phase));
    if (!draft->has_every)
        return network_wrong(
            parsing->reading, place,
            "the ladder of %s does not repeat, so that it would fall silent; add a "
            "line such as every = 1d",
            phase_text(ladder->phase));
    for (size_t i = 1; i < ladder->step_count; i++) {
        if (!network_ladder_steps_follow(&ladder->steps[i - 1], &ladder->steps[i]))
            return network_wrong(parsing->reading, place_at(parsing, draft->step_lines[i]),
                                 "this step may fall due before the one on line %u; put them in "
                                 "order, or set no_later",
                                 draft->step_lines[i - 1]);
    }
    return 0;
}

static int draft_put(struct parsing *parsing) {
    struct ladders *ladders = parsing->ladders;
    const struct ladder *ladder = &parsing->draft.ladder;
    size_t at = same_find(parsing);

    if (at < ladders->count && ladders->items[at].path == parsing->path)
        return network_wrong(parsing->reading, place_at(parsing, ladder->line),
                             "a ladder for the same stands in this file already, on line %u; keep "
                             "one of the two",
                             ladders->items[at].line);
    if (at == NETWORK_LADDERS_MAX)
        return network_wrong(parsing->reading, place_at(parsing, ladder->line),
                             "a network has %d ladders at most, the defaults among them; leave "
                             "routes out",
                             NETWORK_LADDERS_MAX);
    if (at == ladders->count) {
        struct ladder *items = reallocarray(ladders->items, at + 1, sizeof *items);
        if (!items)
            return network_out_of_memory(parsing->reading);
        ladders->items = items;
        ladders->count++;
    }
    ladders->items[at] = *ladder;
    return 0;
}

/* All of it is empty: what an earlier file says does not count any more. */
static int draft_take_back(struct parsing *parsing) {
    struct ladders *ladders = parsing->ladders;
    size_t at = same_find(parsing);

    if (at == ladders->count || ladders->items[at].path == parsing->path)
        return network_wrong(parsing->reading, place_at(parsing, parsing->draft.ladder.line),
                             "takes a ladder back that no file before this one has; write its "
                             "phase, urgency, kind, from and to as they stand there");
    memmove(&ladders->items[at], &ladders->items[at + 1],
            (ladders->count - at - 1) * sizeof *ladders->items);
    ladders->count--;
    return 0;
}

static int draft_end(struct parsing *parsing) {
    struct draft *draft = &parsing->draft;
    const bool says_nothing = !draft->has_every && draft->ladder.step_count == 0;
    int result = 0;

    if (!draft->begun)
        return 0;
    if (says_nothing && (draft->lines[KEY_EVERY] > 0 || draft->lines[KEY_STEP] > 0))
        result = draft_take_back(parsing);
    else if ((result = draft_check(parsing)) == 0)
        result = draft_put(parsing);
    draft->begun = false;
    return result;
}

/* ---- Files ---- */

static int line_take(void *context, const struct network_ini_line *line,
                     struct failure *ret_failure) {
    struct parsing *parsing = context;

    (void)ret_failure; /* the same as parsing->reading->failure */
    if (line->key)
        return assignment_take(parsing, line);
    int result = draft_end(parsing);
    return result == 0 ? header_take(parsing, line) : result;
}

static int text_parse(struct parsing *parsing, const char *text, size_t size) {
    const struct network_reading *reading = parsing->reading;
    char name[FAILURE_SIZE / 2];

    parsing->draft.begun = false;
    snprintf(name, sizeof name, "%s%s", reading->directory, parsing->path ? parsing->path : "");
    int result = network_ini_read(name, text, size, line_take, parsing, reading->failure);
    return result == 0 ? draft_end(parsing) : result;
}

static int file_parse(struct parsing *parsing, const struct network_file *file) {
    parsing->path = file->path;
    if (file->size > NETWORK_FILE_BYTES_MAX)
        return network_wrong(parsing->reading, place_at(parsing, 0),
                             "has more than 1 MiB; a file of the network is a few kilobytes, put "
                             "the right one in its place");
    return text_parse(parsing, file->text, file->size);
}

int network_ladders_defaults(struct ladders *ret_ladders) {
    struct failure failure;
    const struct network_reading reading = {.directory = "", .failure = &failure};
    struct parsing parsing = {.reading = &reading, .ladders = ret_ladders};
    int result = 0;

    *ret_ladders = (struct ladders){0};
    for (size_t i = 0; network_ladder_texts[i] && result == 0; i++)
        result = text_parse(&parsing, network_ladder_texts[i], strlen(network_ladder_texts[i]));
    assert(result == 0 || result == -ENOMEM);
    if (result < 0)
        network_ladders_fini(ret_ladders);
    return result;
}

void network_ladders_fini(struct ladders *ladders) {
    free(ladders->items);
    *ladders = (struct ladders){0};
}

int network_ladders_build(const struct network_reading *reading, struct network *network) {
    struct parsing parsing = {.reading = reading, .network = network, .ladders = &network->ladders};
    int result = network_ladders_defaults(&network->ladders);

    if (result < 0)
        return network_out_of_memory(reading);
    for (size_t i = 0; i < network->file_count && result == 0; i++) {
        if (network_ladder_is_below(network->files[i].path))
            result = file_parse(&parsing, &network->files[i]);
    }
    return result;
}

/* ---- Paths ---- */

bool network_ladder_is_below(const char *path) {
    return strncmp(path, FOLDER, strlen(FOLDER)) == 0;
}

bool network_ladder_is_file(const char *path) {
    const size_t size = strlen(path);
    const size_t around = strlen(FOLDER) + strlen(".conf");

    return network_ladder_is_below(path) && size > around &&
           strcmp(path + size - strlen(".conf"), ".conf") == 0 &&
           wire_is_code(path + strlen(FOLDER), size - around);
}
