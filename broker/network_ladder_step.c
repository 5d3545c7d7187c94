/* A step of a ladder as it is written. */
#include "broker/network_ladder_step.h"

#include <assert.h>
#include <string.h>

#include "broker/network_ini.h"
#include "schemas/wire/wire.h"

#define BLANKS     " \t"
#define NO_LATER   "no_later="
#define VALUE_SIZE 256 /* a line is shorter */

#define DAYS_MAX   366 /* of any duration here: a ladder that waits longer is silent */
#define HOURS_OPEN 8   /* of an open day, where hours are compared with days */

/* A value on its way. */
struct words {
    const struct network_ladder_line *line;
    char text[VALUE_SIZE];
    char *rest;
};

static const char *words_first(struct words *words, const struct network_ladder_line *line) {
    assert(strlen(line->value) < sizeof words->text);
    words->line = line;
    strcpy(words->text, line->value);
    return strtok_r(words->text, BLANKS, &words->rest);
}

static const char *words_next(struct words *words) {
    return strtok_r(NULL, BLANKS, &words->rest);
}

/* ---- Durations ---- */

static int64_t duration_max(enum calendar_unit unit) {
    switch (unit) {
    case CALENDAR_WALL_MS:
        return DAYS_MAX * CALENDAR_DAY_MS;
    case CALENDAR_OFFICE_HOURS:
        return INT64_C(24) * DAYS_MAX;
    case CALENDAR_OFFICE_DAYS:
        return DAYS_MAX;
    }
    return 0;
}

static int duration_read(const struct network_ladder_line *line, const char *word,
                         struct calendar_duration *ret_duration) {
    struct calendar_duration duration;

    if (!calendar_duration_parse(word, &duration) || duration.amount > duration_max(duration.unit))
        return network_wrong(
            line->reading, line->place,
            "%s = %s: %s is no duration; write a whole number and a unit, ms s m H "
            "D of the clock or h d of office time, 366 days at most",
            line->key, line->value, word);
    *ret_duration = duration;
    return 0;
}

static int no_later_read(const struct network_ladder_line *line, const char *word,
                         struct calendar_duration after, int64_t *ret_no_later_ms) {
    struct calendar_duration latest;

    if (after.unit == CALENDAR_WALL_MS)
        return network_wrong(line->reading, line->place,
                             "%s has a no_later, but its duration is of the clock and never takes "
                             "longer; take the no_later out",
                             line->key);
    if (!calendar_duration_parse(word, &latest) || latest.unit != CALENDAR_WALL_MS ||
        latest.amount == 0 || latest.amount > duration_max(latest.unit))
        return network_wrong(line->reading, line->place,
                             "no_later=%s is not valid; it takes a duration of the clock (ms s m H "
                             "D), 366D at most",
                             word);
    *ret_no_later_ms = latest.amount;
    return 0;
}

/* ---- Targets ---- */

struct target_word {
    const char *text;
    enum ladder_target target;
};

static const struct target_word target_words[] = {
    {"responsible", LADDER_RESPONSIBLE}, {"coordinator", LADDER_COORDINATOR},
    {"network", LADDER_NETWORK},         {"holder", LADDER_HOLDER},
    {"operators", LADDER_OPERATORS},
};

static int operators_check(const struct network_ladder_line *line) {
    const struct network *network = line->network;

    if (!network || network_has_role(network, network->coordinating, HV_ROLE_OPERATOR))
        return 0;
    return network_wrong(line->reading, line->place,
                         "operators are told, but no key has the role operator; add one to %s, or "
                         "name somebody else",
                         network->coordinating);
}

/* <role>@<organisation>; `at` is its sign. */
static int named_read(const struct network_ladder_line *line, const char *word, const char *at,
                      struct ladder_addressee *ret_addressee) {
    const int role = wire_word_number(&wire_vocabulary_role, word, (size_t)(at - word));
    const struct network_organisation *organisation =
        line->network ? network_organisation(line->network, at + 1) : NULL;

    if (role == 0)
        return network_wrong(line->reading, line->place,
                             "%.*s in %s is no role; the roles are endpoint, coordinator and "
                             "operator",
                             (int)(at - word), word, word);
    if (!organisation)
        return network_wrong(line->reading, line->place,
                             "the organisation %s in %s does not exist; name one that has a file",
                             at + 1, word);
    if (!network_has_role(line->network, organisation->name, (enum hv_role)role))
        return network_wrong(line->reading, line->place,
                             "%s is told, but no key of %s has that role; add one to its file, or "
                             "name somebody else",
                             word, organisation->name);
    ret_addressee->target = LADDER_NAMED;
    ret_addressee->role = (enum hv_role)role;
    strcpy(ret_addressee->organisation, organisation->name);
    return 0;
}

static int addressee_read(const struct network_ladder_line *line, const char *word,
                          struct ladder_addressee *ret_addressee) {
    const char *at = strchr(word, '@');

    if (at)
        return named_read(line, word, at, ret_addressee);
    for (size_t i = 0; i < sizeof target_words / sizeof *target_words; i++) {
        if (strcmp(target_words[i].text, word) != 0)
            continue;
        ret_addressee->target = target_words[i].target;
        return ret_addressee->target == LADDER_OPERATORS ? operators_check(line) : 0;
    }
    return network_wrong(line->reading, line->place,
                         "%s is nobody that a step tells; it takes responsible, coordinator, "
                         "network, holder, operators, <role>@<organisation>, and "
                         "no_later=<duration>",
                         word);
}

static bool is_same_addressee(const struct ladder_addressee *one,
                              const struct ladder_addressee *other) {
    return one->target == other->target && one->role == other->role &&
           strcmp(one->organisation, other->organisation) == 0;
}

static int addressee_add(const struct network_ladder_line *line, const char *word,
                         struct ladder_step *step) {
    struct ladder_addressee addressee = {0};
    int result = addressee_read(line, word, &addressee);

    if (result < 0)
        return result;
    for (size_t i = 0; i < step->addressee_count; i++) {
        if (is_same_addressee(&step->addressees[i], &addressee))
            return network_wrong(line->reading, line->place,
                                 "%s stands twice in the step; take one out", word);
    }
    if (step->addressee_count == LADDER_ADDRESSEES_MAX)
        return network_wrong(line->reading, line->place,
                             "a step tells %d at most; leave %s out, or give it a step of its own",
                             LADDER_ADDRESSEES_MAX, word);
    step->addressees[step->addressee_count++] = addressee;
    return 0;
}

/* ---- A whole value ---- */

static int no_later_set(const struct network_ladder_line *line, const char *word,
                        struct calendar_duration after, bool *has_no_later, int64_t *no_later_ms) {
    if (*has_no_later)
        return network_wrong(line->reading, line->place,
                             "no_later stands twice in %s; keep one of the two", line->key);
    *has_no_later = true;
    return no_later_read(line, word + strlen(NO_LATER), after, no_later_ms);
}

static bool is_no_later(const char *word) {
    return strncmp(word, NO_LATER, strlen(NO_LATER)) == 0;
}

int network_ladder_step_read(const struct network_ladder_line *line, struct ladder_step *ret_step) {
    struct words words;
    struct ladder_step step = {0};
    int result = duration_read(line, words_first(&words, line), &step.after);

    for (const char *word = words_next(&words); word && result == 0; word = words_next(&words))
        result = is_no_later(word)
                     ? no_later_set(line, word, step.after, &step.has_no_later, &step.no_later_ms)
                     : addressee_add(line, word, &step);
    if (result < 0)
        return result;
    if (step.addressee_count == 0)
        return network_wrong(line->reading, line->place,
                             "step = %s tells nobody; add whom, such as responsible or coordinator",
                             line->value);
    *ret_step = step;
    return 0;
}

/* How soon it may come again: no_later cuts office time short. */
static int64_t every_ms(const struct ladder *ladder) {
    return ladder->every.unit == CALENDAR_WALL_MS ? ladder->every.amount
           : ladder->every_has_no_later           ? ladder->every_no_later_ms
                                                  : CALENDAR_HOUR_MS;
}

/* Each repeat is an event for good, and rings a bell. */
static int every_check(const struct network_ladder_line *line, const struct ladder *ladder) {
    if (ladder->every.amount == 0)
        return network_wrong(line->reading, line->place,
                             "every = %s never repeats anything; write how often the last step is "
                             "to repeat, such as every = 1d",
                             line->value);
    if (every_ms(ladder) < CALENDAR_MINUTE_MS && line->network && !line->network->test)
        return network_wrong(line->reading, line->place,
                             "every = %s repeats more than once a minute, which nobody can listen "
                             "to; raise it, or set environment = test",
                             line->value);
    return 0;
}

int network_ladder_every_read(const struct network_ladder_line *line, struct ladder *ladder) {
    struct words words;
    int result = duration_read(line, words_first(&words, line), &ladder->every);

    for (const char *word = words_next(&words); word && result == 0; word = words_next(&words))
        result = is_no_later(word)
                     ? no_later_set(line, word, ladder->every, &ladder->every_has_no_later,
                                    &ladder->every_no_later_ms)
                     : network_wrong(line->reading, line->place,
                                     "every = %s names %s; whom the last step tells is told again, "
                                     "so write the duration alone",
                                     line->value, word);
    return result == 0 ? every_check(line, ladder) : result;
}

/* ---- Order ---- */

/* On the wall clock, as late as it may. */
static int64_t latest_ms(const struct ladder_step *step) {
    if (step->has_no_later)
        return step->no_later_ms;
    return step->after.unit == CALENDAR_WALL_MS ? step->after.amount
                                                : calendar_duration_ceiling_ms(step->after);
}

/* On the wall clock, as soon as it may; a day of office time is about a day later. */
static int64_t soonest_ms(const struct ladder_step *step) {
    const int64_t latest = latest_ms(step);
    const int64_t soonest = calendar_duration_ms(step->after);

    return soonest < latest ? soonest : latest;
}

bool network_ladder_steps_follow(const struct ladder_step *earlier,
                                 const struct ladder_step *later) {
    if (earlier->after.unit == CALENDAR_OFFICE_HOURS && later->after.unit == CALENDAR_OFFICE_DAYS &&
        earlier->after.amount > HOURS_OPEN * later->after.amount)
        return false;
    return soonest_ms(earlier) <= soonest_ms(later) && latest_ms(earlier) <= latest_ms(later);
}
