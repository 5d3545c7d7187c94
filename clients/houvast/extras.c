/* Options that are no field of their message. */
#include "clients/houvast/extras.h"

#include <string.h>

#include "clients/houvast/until.h"

#define PHASES \
    "unrouted, delivery, receipt, pick-up, arrival, waiting, held, closing, contested, answer"

/* What an option is for. */
enum extra {
    EXTRA_ALL_PAGES,
    EXTRA_LONG,
    EXTRA_HOUSEKEEPING,
    EXTRA_LINES,
    EXTRA_PERSON,
    EXTRA_ORGANISATION,
    EXTRA_PHASE,
};

static const struct {
    enum hv_message_type type;
    enum extra extra;
    const char *name, *value, *help;
} rows[] = {
    {HV_MESSAGE_list, EXTRA_ALL_PAGES, "all", NULL, "all that is open, however much that is"},
    {HV_MESSAGE_list, EXTRA_LONG, "long", NULL, "whole ids of journeys, to copy"},
    {HV_MESSAGE_history, EXTRA_HOUSEKEEPING, "all", NULL,
     "also that systems acknowledged and that somebody read"},
    {HV_MESSAGE_watch, EXTRA_HOUSEKEEPING, "all", NULL,
     "in lines: also that systems acknowledged and that somebody read"},
    {HV_MESSAGE_watch, EXTRA_LINES, "lines", NULL,
     "a line for each change, also where the output is a terminal"},
    {HV_MESSAGE_watch, EXTRA_PERSON, "person", "PERSON",
     "who you are when you claim; `person` of the configuration where this is absent"},
    {HV_MESSAGE_watch, EXTRA_ORGANISATION, "organisation", "ORGANISATION",
     "begin with what this organisation holds or is offered"},
    {HV_MESSAGE_watch, EXTRA_PHASE, "phase", "WORD",
     "begin with what waits for this (one of " PHASES ")"},
};

/* The row of the n-th option of that message, or -1. */
static int row_of(enum hv_message_type type, size_t n) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == type && n-- == 0)
            return (int)i;
    return -1;
}

bool extras_option(enum hv_message_type type, size_t n, int first_key,
                   struct argp_option *ret_option) {
    int row = row_of(type, n);
    if (row < 0)
        return false;
    *ret_option = (struct argp_option){
        .name = rows[row].name,
        .key = first_key + (int)n,
        .arg = rows[row].value,
        .doc = rows[row].help,
    };
    return true;
}

void extras_take(struct extras *extras, enum hv_message_type type, size_t n, const char *value,
                 struct argp_state *state) {
    int row = row_of(type, n);
    if (row < 0)
        return;
    switch (rows[row].extra) {
    case EXTRA_ALL_PAGES:
    case EXTRA_HOUSEKEEPING:
        extras->all = true;
        return;
    case EXTRA_LONG:
        extras->is_long = true;
        return;
    case EXTRA_LINES:
        extras->lines = true;
        return;
    case EXTRA_PERSON:
        if (!wire_is_person(value, strlen(value)))
            argp_error(state, "--person %s is not right; it takes 1 to 64 of a-z, 0-9, ., _ and -",
                       value);
        extras->person = value;
        return;
    case EXTRA_ORGANISATION:
        if (!wire_is_code(value, strlen(value)))
            argp_error(state, "--organisation %s is not right; it takes 1 to 32 of a-z, 0-9 and -",
                       value);
        memcpy(extras->organisation, value, strlen(value) + 1);
        return;
    case EXTRA_PHASE:
        extras->phase =
            (enum hv_phase)wire_word_number(&wire_vocabulary_phase, value, strlen(value));
        if (!extras->phase)
            argp_error(state, "--phase %s is not right; it takes one of " PHASES, value);
        return;
    }
}

const char *extras_reworded(enum hv_message_type type, const char *name, const char **ret_value) {
    static const struct {
        enum hv_message_type type;
        const char *name, *value, *help;
    } rewordings[] = {
        {HV_MESSAGE_history, "limit", "NUMBER",
         "show so many events at most; all of them if absent"},
        {HV_MESSAGE_watch, "from", "NUMBER",
         "begin with the events after this one, instead of with what is open"},
        {HV_MESSAGE_claim, "person", "PERSON",
         "the coordinator who is on it; `person` of the configuration where this is absent"},
        {HV_MESSAGE_claim, "until", "UNTIL",
         "until then: " UNTIL_FORMS_TEXT ", or any TIME; an hour if absent; now, or before, gives "
         "it back"},
        {HV_MESSAGE_claim, "on", "TIME",
         "when it happened, now if absent; before the newest known it is `repeated`"},
    };
    for (size_t i = 0; i < sizeof rewordings / sizeof *rewordings; i++) {
        if (rewordings[i].type == type && strcmp(rewordings[i].name, name) == 0) {
            *ret_value = rewordings[i].value;
            return rewordings[i].help;
        }
    }
    return NULL;
}

bool extras_takes_journey(enum hv_message_type type) {
    return type == HV_MESSAGE_history || type == HV_MESSAGE_status || type == HV_MESSAGE_claim ||
           type == HV_MESSAGE_note || type == HV_MESSAGE_set_urgency || type == HV_MESSAGE_close ||
           type == HV_MESSAGE_settle;
}

bool extras_takes_handover_instead(enum hv_message_type type) {
    return type == HV_MESSAGE_status || type == HV_MESSAGE_claim;
}

void extras_take_journey(struct extras *extras, const char *value, struct argp_state *state) {
    size_t size = strlen(value);
    if (extras->journey)
        argp_error(state, "one JOURNEY at a time; %s is one too many", value);
    if (size < 4 || size > 36 || strspn(value, "0123456789abcdef-") != size)
        argp_error(state,
                   "%s is no journey; say its id, or the end of it that `houvast list` shows",
                   value);
    extras->journey = value;
}
