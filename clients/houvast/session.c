/* One session with the broker for a subcommand, and what its refusals come to. */
#include "clients/houvast/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/show.h"
#include "clients/houvast/when.h"
#include "wire/wire.h"

int tool_failed(const struct failure *failure, int status) {
    tool_say("%s", failure->text);
    return status;
}

int tool_config_load(struct client_config *ret_config) {
    struct failure failure;
    const char *path = tool_options.config ? tool_options.config : getenv("HOUVAST_CONFIG");
    *ret_config = (struct client_config){0};
    if (!path || !*path) {
        tool_say("no client configuration is named; say --config FILE, or set HOUVAST_CONFIG to "
                 "its path (`houvast network init` makes one for each organisation)");
        return TOOL_CONFIGURATION;
    }
    int r = client_config_load(path, ret_config, &failure);
    if (r < 0)
        return tool_failed(&failure, r == -ENOMEM ? TOOL_INTERNAL : TOOL_CONFIGURATION);
    if (tool_options.role)
        ret_config->role = tool_options.role;
    return TOOL_DONE;
}

static int connect_exit(int result) {
    switch (result) {
    case -ETIMEDOUT:
        return TOOL_NO_ANSWER;
    case HV_REFUSED:
        return TOOL_NO_SESSION;
    case -EINVAL:
        return tool_options.endpoint ? TOOL_USAGE : TOOL_CONFIGURATION;
    default:
        return TOOL_INTERNAL;
    }
}

/* Where an endpoint that cannot be one was said; "" for what is not its fault. */
static void endpoint_from(const struct client_config *config, int result, char *ret_from,
                          size_t size) {
    const struct client_setting *endpoint = &config->settings[CLIENT_ENDPOINT];
    ret_from[0] = '\0';
    if (result == -EINVAL && tool_options.endpoint)
        snprintf(ret_from, size, "--endpoint %s: ", tool_options.endpoint);
    else if (result == -EINVAL)
        snprintf(ret_from, size, "%s:%u: ", config->path, endpoint->line);
}

int tool_connect(const struct client_config *config, const struct tool_session *session,
                 struct hv_connection **ret_connection) {
    char refused[256] = "";
    struct hv_config wanted = {
        .endpoint =
            tool_options.endpoint ? tool_options.endpoint : config->settings[CLIENT_ENDPOINT].value,
        .role = config->role,
        .credit = session->credit,
        .instance = session->instance,
        .timeout_ms = tool_options.timeout_ms ? tool_options.timeout_ms : session->timeout_ms,
    };
    memcpy(wanted.broker_public_key, config->broker_public_key, HV_KEY_SIZE);
    memcpy(wanted.public_key, config->public_key, HV_KEY_SIZE);
    memcpy(wanted.secret_key, config->secret_key, HV_KEY_SIZE);
    int r = hv_connect(&wanted, ret_connection, refused);
    explicit_bzero(wanted.secret_key, HV_KEY_SIZE);
    if (r < 0) {
        char from[FAILURE_SIZE];
        endpoint_from(config, r, from, sizeof from);
        tool_say("%s%s", from, *refused ? refused : hv_result_text(r));
        return connect_exit(r);
    }
    return TOOL_DONE;
}

int tool_organisation_check(struct hv_connection *connection, const char *organisation) {
    const struct hv_map question = {0};
    struct hv_answer answer = {0};
    bool found = false;
    int status = tool_result(hv_map(connection, &question, &answer), &answer);
    const struct hv_done *done = &answer.message.done;
    size_t count = status == TOOL_DONE && done->has_organisations ? done->organisations.count : 0;
    for (size_t i = 0; i < count && !found; i++)
        found = strcmp(done->organisations.items[i].organisation, organisation) == 0;
    hv_answer_free(&answer);
    if (status != TOOL_DONE || found)
        return status;
    tool_say("no organisation is called %s on this network; `houvast map` has their names",
             organisation);
    return TOOL_USAGE;
}

/* ---- Refusals ---- */

/* How a person mends a refusal, in the tool's own words; NULL where the broker's reason says it. */
static const char *refusal_mend(const struct hv_refused *refused) {
    switch (refused->code) {
    case HV_REFUSED_TOO_LARGE:
        return "shorten the lists, or send the dossier in parts (houvast supplement)";
    case HV_REFUSED_MALFORMED:
        return "--help of the subcommand says what each option takes";
    case HV_REFUSED_NO_SESSION:
        return "the broker lost the session; the same again";
    case HV_REFUSED_VERSION:
        return "install the houvast that belongs to the broker's release";
    case HV_REFUSED_BUSY:
    case HV_REFUSED_UNAVAILABLE:
        return NULL;
    case HV_REFUSED_UNKNOWN:
        /* With a field, it is a name that is unknown. */
        return refused->has_field
                   ? NULL
                   : "check the id; who is no party to a thing is not told that it exists";
    case HV_REFUSED_FORBIDDEN:
        return "another side or role does this (--role, --config)";
    case HV_REFUSED_CONFLICT:
        return "`houvast status` shows how it stands now";
    case HV_REFUSED_STALE_KEY:
        return "`houvast map` shows which keys are valid; if none is, ring the receiver";
    case HV_REFUSED_NOT_INTRODUCED:
        return "that is houvast introduce, or --as cold --reason CODE";
    }
    return NULL;
}

static int refusal_exit(enum hv_refusal code) {
    return code == HV_REFUSED_BUSY || code == HV_REFUSED_UNAVAILABLE ? TOOL_LATER : TOOL_REFUSED;
}

static void refusal_field(const struct hv_refused *refused, char *ret_text, size_t size) {
    ret_text[0] = '\0';
    if (refused->has_field)
        snprintf(ret_text, size, " (field %s)", refused->field);
}

void tool_refusal_text(const struct hv_refused *refused, char *ret_text, size_t size) {
    const char *mend = refusal_mend(refused);
    char field[128], after[64] = "", span[WHEN_SPAN_SIZE];
    refusal_field(refused, field, sizeof field);
    if (refused->has_retry_after) {
        when_span(refused->retry_after, span);
        snprintf(after, sizeof after, ", in %s at the earliest", span);
    }
    snprintf(ret_text, size, "refused (%s): %s%s%s%s%s",
             wire_word_text(&wire_vocabulary_refusal, (int)refused->code), refused->reason, field,
             mend ? "; " : "", mend ? mend : "", after);
}

int tool_result(int result, const struct hv_answer *answer) {
    char field[128], text[TOOL_REFUSAL_SIZE];
    switch (result) {
    case 0:
        return TOOL_DONE;
    case HV_REFUSED:
        if (tool_options.json)
            show_message_json(&answer->message);
        tool_refusal_text(&answer->message.refused, text, sizeof text);
        tool_say("%s", text);
        return refusal_exit(answer->message.refused.code);
    case -ETIMEDOUT:
    case -EPROTO:
        tool_say("%s", hv_result_text(result));
        return TOOL_NO_ANSWER;
    case -ENOTCONN:
        tool_say("the broker takes no more from this key; ask the network's operators");
        return TOOL_NO_SESSION;
    case HV_BAD_MESSAGE:
        refusal_field(&answer->message.refused, field, sizeof field);
        tool_say("nothing was sent: %s%s; --help says what each option takes",
                 answer->message.refused.reason, field);
        return TOOL_USAGE;
    default:
        tool_say("%s", hv_result_text(result));
        return TOOL_INTERNAL;
    }
}
