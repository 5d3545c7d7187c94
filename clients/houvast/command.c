/* Every subcommand that sends one message: its options from the field list, its answer shown. */
#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/houvast/claim.h"
#include "clients/houvast/commands.h"
#include "clients/houvast/dossier.h"
#include "clients/houvast/extras.h"
#include "clients/houvast/fields.h"
#include "clients/houvast/history.h"
#include "clients/houvast/identity.h"
#include "clients/houvast/list.h"
#include "clients/houvast/options.h"
#include "clients/houvast/session.h"
#include "clients/houvast/show.h"
#include "clients/houvast/stats.h"
#include "clients/houvast/until.h"
#include "clients/houvast/watch.h"
#include "clients/houvast/when.h"

/* Keys of options: a field's is its index above one of these. */
enum command_key {
    COMMAND_REF = OPTIONS_OWN,
    COMMAND_ATTEMPT,
    COMMAND_NUMBER,
    COMMAND_ANONYMOUS,
    COMMAND_DOSSIER,
    COMMAND_EXTRA, /* the first of extras.h */
    COMMAND_YES = 0x1000,
    COMMAND_NO = 0x2000,
};

#define COMMAND_OPTIONS_MAX (2 * FIELD_OPTIONS_MAX + 10 + EXTRAS_MAX)
#define COMMAND_HELP_SIZE   768
#define WATCH_TIMEOUT_MS    10000

enum command_group {
    GROUP_NEEDED = 1,
    GROUP_IDENTITY,
    GROUP_OPTIONAL,
    GROUP_GLOBAL,
};

struct command {
    enum hv_message_type type;
    struct hv_message message;
    void *fields; /* the member of the message's union */
    struct field_options options;
    struct identity identity;
    struct extras extras;
    const char *dossier_file;
    struct dossier dossier;
    int64_t history_limit;
    struct claim_words claim_words;
    hv_time now_ms; /* one `now` for all options */
    struct argp_option argp_options[COMMAND_OPTIONS_MAX];
    size_t argp_count;
    char help[FIELD_OPTIONS_MAX][COMMAND_HELP_SIZE];
    char negated[FIELD_OPTIONS_MAX][HV_PERSON_SIZE + 4];
    char opposite[FIELD_OPTIONS_MAX][HV_PERSON_SIZE + 24];
    char doc[COMMAND_HELP_SIZE]; /* what argp says above and below the options */
};

/* ---- Its options ---- */

static void argp_add(struct command *command, const char *name, int key, const char *value,
                     const char *help, enum command_group group) {
    assert(command->argp_count + 1 < COMMAND_OPTIONS_MAX);
    command->argp_options[command->argp_count++] = (struct argp_option){
        .name = name, .key = key, .arg = value, .doc = help, .group = (int)group};
}

/* The list of handed-out pages is followed by history itself, with a limit over all of them. */
static bool is_history_limit(const struct command *command, const struct field_option *option) {
    return command->type == HV_MESSAGE_history && strcmp(option->name, "limit") == 0;
}

static bool is_claim_until(const struct command *command, const struct field_option *option) {
    return command->type == HV_MESSAGE_claim && strcmp(option->name, "until") == 0;
}

/* From the beginning, unless it is said. */
static bool is_watch_from(const struct command *command, const struct field_option *option) {
    return command->type == HV_MESSAGE_watch && strcmp(option->name, "from") == 0;
}

static enum command_group group_of(const struct field_option *option) {
    const struct wire_field *field = option->field;
    bool is_page = strcmp(option->name, "after") == 0; /* of a list: the page before's last */
    if ((field->kind == WIRE_UUID && !is_page) || field->kind == WIRE_RESIDENT)
        return GROUP_IDENTITY;
    bool needed = field->required && field->kind != WIRE_REQUEST &&
                  (!option->within || option->within->required);
    return needed ? GROUP_NEEDED : GROUP_OPTIONAL;
}

static void argp_add_field(struct command *command, size_t index) {
    const struct field_option *option = &command->options.options[index];
    enum command_group group = group_of(option);
    const char *value, *reworded = extras_reworded(command->type, option->name, &value);
    char *help = command->help[index];
    if (reworded) {
        argp_add(command, option->name, COMMAND_YES + (int)index, value, reworded, GROUP_OPTIONAL);
        return;
    }
    field_option_help(option, help, COMMAND_HELP_SIZE);
    argp_add(command, option->name, COMMAND_YES + (int)index, field_value_name(option->field), help,
             group);
    if (option->field->kind == WIRE_BOOLEAN) {
        snprintf(command->negated[index], sizeof command->negated[index], "no-%s", option->name);
        snprintf(command->opposite[index], sizeof command->opposite[index], "the opposite of --%s",
                 option->name);
        argp_add(command, command->negated[index], COMMAND_NO + (int)index, NULL,
                 command->opposite[index], group);
    }
}

static void argp_add_identity(struct command *command) {
    struct field_options *options = &command->options;
    if (identity_takes_ref(options)) {
        argp_add(command, "ref", COMMAND_REF, "CASE",
                 "your own case number: ids are derived from it with the case secret, so that the "
                 "same again asks again",
                 GROUP_IDENTITY);
    }
    if (identity_takes_attempt(options)) {
        argp_add(command, "attempt", COMMAND_ATTEMPT, "N",
                 "the N-th handover of that case, from 1; the first if absent", GROUP_IDENTITY);
    }
    if (identity_takes_number(options)) {
        argp_add(command, "number", COMMAND_NUMBER, "FILE",
                 "makes the pseudonym from the person's number on the file's first line; - reads "
                 "standard input, or prompts",
                 GROUP_IDENTITY);
        argp_add(command, "anonymous", COMMAND_ANONYMOUS, NULL,
                 "a pseudonym that leads to nobody, where there is no number or it may not be used",
                 GROUP_IDENTITY);
    }
    if (dossier_goes_with(command->type)) {
        argp_add(command, "dossier", COMMAND_DOSSIER, "FILE",
                 "seals the file for the receiver and sends it along; - reads standard input",
                 command->type == HV_MESSAGE_supplement ? GROUP_NEEDED : GROUP_OPTIONAL);
    }
}

static void argp_add_extras(struct command *command) {
    struct argp_option option;
    for (size_t n = 0; extras_option(command->type, n, COMMAND_EXTRA, &option); n++)
        argp_add(command, option.name, option.key, option.arg, option.doc, GROUP_OPTIONAL);
}

/* A heading above each group that has options. */
static void argp_add_headings(struct command *command) {
    static const char *const headings[] = {
        [GROUP_NEEDED] = "Needed:",
        [GROUP_IDENTITY] = "Which resident, journey or handover:",
        [GROUP_OPTIONAL] = "As wanted:",
    };
    for (int group = GROUP_NEEDED; group < GROUP_GLOBAL; group++) {
        for (size_t i = 0; i < command->argp_count; i++) {
            if (command->argp_options[i].group == group) {
                argp_add(command, NULL, 0, NULL, headings[group], (enum command_group)group);
                break;
            }
        }
    }
}

/* What the subcommand does, and below its options how their values are written. */
static void doc_fill(struct command *command) {
    static const char *const values[] = {"TIME", "PERSON", "CODE"};
    size_t used =
        (size_t)snprintf(command->doc, sizeof command->doc, "%s", command->options.type->doc);
    char separator = '\v';
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct field_option *option = field_options_taking(&command->options, values[i]);
        if (!option)
            continue;
        char forms[COMMAND_HELP_SIZE / 4];
        field_value_forms(option->field, forms, sizeof forms);
        used += (size_t)snprintf(command->doc + used, sizeof command->doc - used, "%c%s is %s.",
                                 separator, values[i], forms);
        assert(used < sizeof command->doc);
        separator = '\n';
    }
}

static void argp_fill(struct command *command) {
    for (size_t i = 0; i < command->options.count; i++)
        argp_add_field(command, i);
    argp_add_identity(command);
    argp_add_extras(command);
    argp_add_headings(command);
    doc_fill(command);
}

static void number_take(struct argp_state *state, const char *name, const char *text, int64_t most,
                        int64_t *ret_number) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > most) {
        argp_error(state, "--%s %s is not right; it takes a whole number from 1 to %lld", name,
                   text, (long long)most);
    }
    *ret_number = number;
}

static error_t field_take(struct command *command, int key, const char *text,
                          struct argp_state *state) {
    struct failure failure;
    bool yes = key < COMMAND_NO;
    size_t index = (size_t)(key - (yes ? COMMAND_YES : COMMAND_NO));
    struct field_option *option = &command->options.options[index];
    if (is_history_limit(command, option)) {
        number_take(state, option->name, text, HV_INTEGER_MAX, &command->history_limit);
        return 0;
    }
    if (is_claim_until(command, option) &&
        claim_until_take(&command->claim_words, text, command->now_ms,
                         &command->message.claim.until) == 0) {
        option->given = true;
        return 0;
    }
    int r = field_option_set(&command->options, option, text, yes, command->now_ms, command->fields,
                             &failure);
    if (r < 0)
        argp_error(state, "%s%s", failure.text,
                   is_claim_until(command, option) ? ", or " UNTIL_FORMS_TEXT : "");
    return 0;
}

static error_t command_take(int key, char *value, struct argp_state *state) {
    struct command *command = state->input;
    switch (key) {
    case COMMAND_REF:
        command->identity.ref = value;
        return 0;
    case COMMAND_ATTEMPT:
        number_take(state, "attempt", value, IDENTITY_ATTEMPT_MAX, &command->identity.attempt);
        return 0;
    case COMMAND_NUMBER:
        command->identity.number_file = value;
        return 0;
    case COMMAND_ANONYMOUS:
        command->identity.anonymous = true;
        return 0;
    case COMMAND_DOSSIER:
        command->dossier_file = value;
        return 0;
    case ARGP_KEY_ARG:
        if (!extras_takes_journey(command->type))
            return ARGP_ERR_UNKNOWN;
        extras_take_journey(&command->extras, value, state);
        return 0;
    default:
        if (key >= COMMAND_EXTRA && key < COMMAND_EXTRA + EXTRAS_MAX) {
            extras_take(&command->extras, command->type, (size_t)(key - COMMAND_EXTRA), value,
                        state);
            return 0;
        }
        /* argp's own keys lie above ours. */
        return key >= COMMAND_YES && key < COMMAND_NO + FIELD_OPTIONS_MAX
                   ? field_take(command, key, value, state)
                   : ARGP_ERR_UNKNOWN;
    }
}

static void arguments_read(struct command *command, int argc, char **argv) {
    const struct argp_child children[] = {{&options_argp, 0, "Of every subcommand:", GROUP_GLOBAL},
                                          {0}};
    const struct argp argp = {
        .options = command->argp_options,
        .parser = command_take,
        .args_doc = extras_takes_journey(command->type) ? "[JOURNEY]" : NULL,
        .doc = command->doc,
        .children = children,
    };
    argp_parse(&argp, argc, argv, 0, NULL, command);
}

/* ---- What goes out ---- */

/* JOURNEY as an argument: the id, or its end, which is looked up when there is a session. */
static int journey_given(struct command *command) {
    static const char nobody[] = "00000000-0000-0000-0000-000000000000";
    const char *text = command->extras.journey;
    struct field_option *option = field_options_find(&command->options, "journey");
    struct field_option *handover = field_options_find(&command->options, "handover");
    struct failure failure;
    if (!text)
        return TOOL_DONE;
    bool twice = handover && handover->given && extras_takes_handover_instead(command->type);
    if (option->given || twice || command->identity.ref) {
        tool_say("%s names the journey, and so does an option; leave one out", text);
        return TOOL_USAGE;
    }
    bool whole = strlen(text) == HV_UUID_TEXT_SIZE - 1;
    int r = field_option_set(&command->options, option, whole ? text : nobody, true,
                             command->now_ms, command->fields, &failure);
    return r < 0 ? tool_failed(&failure, TOOL_USAGE) : TOOL_DONE;
}

static int journey_find(struct command *command, struct hv_connection *connection) {
    const char *text = command->extras.journey;
    if (!text || strlen(text) == HV_UUID_TEXT_SIZE - 1)
        return TOOL_DONE;
    const struct field_option *option = field_options_find(&command->options, "journey");
    return list_find(connection, text,
                     (struct hv_uuid *)((char *)command->fields + option->offset));
}

/* Which journey is asked for has to be said, in any of its ways. */
static bool journey_is_there(struct command *command) {
    const struct field_option *journey = field_options_find(&command->options, "journey");
    const struct field_option *handover = field_options_find(&command->options, "handover");
    bool instead = handover && handover->given && extras_takes_handover_instead(command->type);
    return !extras_takes_journey(command->type) || journey->given || instead;
}

static int message_complete(struct command *command, const struct client_config *config) {
    struct failure failure;
    int r = identity_apply(&command->identity, config, &command->options, command->type,
                           command->fields, &failure);
    if (r < 0) {
        return tool_failed(&failure, r == -EINVAL   ? TOOL_USAGE
                                     : r == -ENOMEM ? TOOL_INTERNAL
                                                    : TOOL_CONFIGURATION);
    }
    if (!journey_is_there(command)) {
        tool_say("which journey is missing; say its id, or the end of it that `houvast list` "
                 "shows%s",
                 identity_takes_ref(&command->options) ? ", or --ref" : "");
        return TOOL_USAGE;
    }
    if (command->type == HV_MESSAGE_claim)
        claim_complete(&command->claim_words, &command->options, config, command->now_ms,
                       &command->message.claim);
    for (size_t i = 0; i < command->options.count; i++)
        if (is_watch_from(command, &command->options.options[i]))
            command->options.options[i].given = true;
    r = field_options_complete(&command->options, command->fields, &failure);
    if (r < 0)
        return tool_failed(&failure, TOOL_USAGE);
    return TOOL_DONE;
}

static int dossier_complete(struct command *command) {
    struct failure failure;
    if (!command->dossier_file) {
        if (command->type == HV_MESSAGE_supplement) {
            tool_say("--dossier is missing; a supplement is a further dossier");
            return TOOL_USAGE;
        }
        return TOOL_DONE;
    }
    if (strcmp(command->dossier_file, "-") == 0 && command->identity.number_file &&
        strcmp(command->identity.number_file, "-") == 0) {
        tool_say("--dossier and --number cannot both read standard input; name a file for one");
        return TOOL_USAGE;
    }
    int r = dossier_read(command->dossier_file, &command->dossier, &failure);
    return r < 0 ? tool_failed(&failure, r == -ENOMEM ? TOOL_INTERNAL : TOOL_USAGE) : TOOL_DONE;
}

/* ---- What comes back ---- */

static void answer_show(const struct command *command, const struct hv_answer *answer) {
    const struct hv_done *done = &answer->message.done;
    if (tool_options.json)
        show_message_json(&answer->message);
    else if (command->type == HV_MESSAGE_status)
        show_status(done);
    else if (command->type == HV_MESSAGE_map)
        show_map(done);
    else if (command->type == HV_MESSAGE_stats)
        stats_show(done);
    else if (command->type == HV_MESSAGE_verify)
        show_verified(done);
    else if (command->type == HV_MESSAGE_reload)
        puts("The network's files were read and are in force.");
    else
        show_done(done);
    if (command->type == HV_MESSAGE_claim && !tool_options.json)
        claim_show(&command->message.claim, done);
}

/* An id that was made a moment ago would be lost with the answer; with it the same can be asked
 * again. */
static void made_say(struct command *command) {
    static const char *const names[] = {"journey", "handover", "resident"};
    char text[256] = "", id[HV_UUID_TEXT_SIZE];
    size_t used = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct field_option *option = field_options_find(&command->options, names[i]);
        if (!option || !option->given || used >= sizeof text)
            continue;
        const char *value = (const char *)command->fields + option->offset;
        if (option->field->kind == WIRE_UUID) {
            hv_uuid_text((const struct hv_uuid *)value, id);
            value = id;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, " --%s %s", names[i], value);
    }
    tool_say("ask again with%s and the other options as they were", text);
}

/* A walk over a large ledger takes longer than an answer should: who asks again joins it. Unless
 * --timeout says how long, it goes on as long as there is a session. */
static int verify_ask(struct hv_connection *connection, const struct hv_message *message,
                      struct hv_answer *ret_answer) {
    int r = hv_command(connection, message, NULL, 0, ret_answer);
    while (r == -ETIMEDOUT && !tool_options.timeout_ms &&
           hv_link_get(connection, NULL) == HV_LINK_UP) {
        hv_answer_free(ret_answer);
        r = hv_command(connection, message, NULL, 0, ret_answer);
    }
    return r;
}

/* What a verify or a reload finds is said as it is: `houvast status`, which goes with any other
 * conflict, has nothing to add. */
static int result_say(const struct command *command, int result, const struct hv_answer *answer) {
    const struct hv_refused *refused = &answer->message.refused;
    const bool is_verify = command->type == HV_MESSAGE_verify;
    const bool is_reload = command->type == HV_MESSAGE_reload;
    if (result != HV_REFUSED || refused->code != HV_REFUSED_CONFLICT || !(is_verify || is_reload))
        return tool_result(result, answer);
    if (tool_options.json)
        show_message_json(&answer->message);
    if (is_verify) {
        tool_say("the ledger differs: %s; stop the broker and keep a copy of its state directory "
                 "before anything else",
                 refused->reason);
    } else {
        tool_say("refused (conflict): %s; the old network files stay in force", refused->reason);
    }
    return TOOL_REFUSED;
}

static int exchange(struct command *command, const struct client_config *config,
                    struct hv_connection *connection) {
    struct hv_answer answer = {0};
    struct failure failure;
    int r;
    if (command->type == HV_MESSAGE_history)
        return history_show(connection, &command->message.history, command->history_limit,
                            command->extras.all);
    if (command->type == HV_MESSAGE_list)
        return list_show(connection, &command->message.list, &command->extras);
    if (command->type == HV_MESSAGE_watch)
        return watch_show(connection, config, &command->message.watch, &command->extras);
    if (command->type == HV_MESSAGE_claim)
        claim_by_broker(&command->claim_words, connection, &command->message.claim);
    if (command->type == HV_MESSAGE_verify)
        r = verify_ask(connection, &command->message, &answer);
    else if (command->dossier.text)
        r = dossier_send(connection, &command->message, &command->dossier, &answer, &failure);
    else
        r = hv_command(connection, &command->message, NULL, 0, &answer);
    if (r == -ENOKEY)
        return tool_failed(&failure, TOOL_REFUSED);
    int status = result_say(command, r, &answer);
    if (status == TOOL_DONE)
        answer_show(command, &answer);
    else if (status == TOOL_NO_ANSWER && command->identity.made)
        made_say(command);
    hv_answer_free(&answer);
    return status;
}

/* Who looks on hears soon that nobody answers; 0: the library's own. */
static int session_timeout_ms(const struct command *command) {
    return command->type == HV_MESSAGE_watch ? WATCH_TIMEOUT_MS : 0;
}

static int command_run(struct command *command, const struct client_config *config) {
    struct hv_connection *connection;
    int status = journey_given(command);
    if (status == TOOL_DONE)
        status = message_complete(command, config);
    if (status == TOOL_DONE)
        status = dossier_complete(command);
    if (status == TOOL_DONE)
        status = tool_connect(
            config, &(struct tool_session){.timeout_ms = session_timeout_ms(command)}, &connection);
    if (status == TOOL_DONE) {
        status = journey_find(command, connection);
        if (status == TOOL_DONE)
            status = exchange(command, config, connection);
        hv_disconnect(connection);
    }
    return status;
}

int command_send(enum hv_message_type type, int argc, char **argv) {
    struct client_config config;
    struct command *command = calloc(1, sizeof *command);
    if (!command) {
        tool_say("out of memory");
        return TOOL_INTERNAL;
    }
    command->type = type;
    command->message.type = type;
    command->fields = (char *)&command->message + offsetof(struct hv_message, open);
    command->now_ms = when_now();
    field_options_init(&command->options, wire_message_struct(type));
    argp_fill(command);
    arguments_read(command, argc, argv);
    int status = tool_config_load(&config);
    if (status == TOOL_DONE)
        status = command_run(command, &config);
    client_config_fini(&config);
    dossier_fini(&command->dossier);
    field_options_fini(&command->options);
    free(command);
    return status;
}
