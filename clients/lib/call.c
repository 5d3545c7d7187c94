/* Commands on the callers' side: checked, encoded, left for the connection's thread, waited for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <utlist.h>

#include "clients/lib/connection.h"
#include "wire/wire.h"

#define ZONE_BYTES 512

void hv_answer_free(struct hv_answer *answer) {
    if (answer->memory)
        msgpack_zone_free(answer->memory);
    answer->memory = NULL;
    answer->message.type = HV_MESSAGE_none;
}

/* ---- The list, for the connection's thread ---- */

struct call *call_find(struct hv_connection *connection, const char *request) {
    struct call *call;
    DL_FOREACH(connection->calls, call)
    if (strcmp(call->request, request) == 0)
        return call;
    return NULL;
}

void call_finish(struct hv_connection *connection, struct call *call, int result) {
    DL_DELETE(connection->calls, call);
    call->finished = true;
    call->result = result;
    pthread_cond_broadcast(&connection->changed);
}

void calls_finish(struct hv_connection *connection, enum hv_message_type type, int result) {
    struct call *call, *next;
    DL_FOREACH_SAFE(connection->calls, call, next)
    if (type == HV_MESSAGE_none || call->type == type)
        call_finish(connection, call, result);
}

/* ---- Checking ---- */

/* A copy that lives as long as the answer, or NULL. */
static const char *zone_text(msgpack_zone *zone, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = msgpack_zone_malloc(zone, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* Fills in the refusal that the broker would give. HV_BAD_MESSAGE or -ENOMEM. */
static int answer_malformed(struct hv_answer *answer, const char *field, const char *reason) {
    msgpack_zone *zone = msgpack_zone_new(ZONE_BYTES);
    if (!zone)
        return -ENOMEM;
    struct hv_refused refused = {
        .code = HV_REFUSED_MALFORMED,
        .reason = zone_text(zone, reason),
        .has_field = field[0] != '\0',
        .field = zone_text(zone, field),
    };
    if (!refused.reason || !refused.field) {
        msgpack_zone_free(zone);
        return -ENOMEM;
    }
    answer->memory = zone;
    answer->message = (struct hv_message){.type = HV_MESSAGE_refused, .refused = refused};
    return HV_BAD_MESSAGE;
}

static bool is_command(enum hv_message_type type) {
    if (type <= HV_MESSAGE_none || type >= HV_MESSAGE_TYPES)
        return false;
    bool is_of_the_session = type == HV_MESSAGE_hello || type == HV_MESSAGE_bye ||
                             type == HV_MESSAGE_ping || type == HV_MESSAGE_pong;
    return wire_message_by(type) == WIRE_BY_PEER && !is_of_the_session && type != HV_MESSAGE_nack;
}

static bool may_have_dossier(enum hv_message_type type) {
    return type == HV_MESSAGE_offer || type == HV_MESSAGE_supplement;
}

/* The rules that are not the wire's but ours. 0, HV_BAD_MESSAGE or -ENOMEM. */
static int call_check(const struct call *call, struct hv_answer *answer) {
    if (!is_command(call->type))
        return answer_malformed(answer, "type", "this message is no command that is answered");
    if (call->dossier && !may_have_dossier(call->type))
        return answer_malformed(answer, "dossier", "only `offer` and `supplement` carry a dossier");
    if (call->dossier_size > HV_DOSSIER_FRAME_MAX)
        return answer_malformed(answer, "dossier", "the dossier is over 1 MiB when sealed");
    if (strncmp(call->request, OWN_REQUEST_PREFIX, strlen(OWN_REQUEST_PREFIX)) == 0)
        return answer_malformed(answer, "request",
                                "`request` begins with hv-, which is kept for libhouvast");
    return 0;
}

/* ---- Encoding ---- */

/* Where the request of a command stands. Every command has one. */
static char *message_request(struct hv_message *message) {
    const struct wire_struct *type = wire_message_struct(message->type);
    size_t base;
    const struct wire_field *field = wire_field_named(type, "request", strlen("request"), &base);
    char *value = (char *)&message->hello + base;
    if (!field->required)
        *(bool *)(value + field->has_offset) = true;
    return value + field->offset;
}

static int call_encode(struct hv_connection *connection, struct call *call,
                       struct hv_message *message, msgpack_sbuffer *buffer,
                       struct hv_answer *answer) {
    char *request = message_request(message);
    if (request[0] == '\0') {
        pthread_mutex_lock(&connection->lock);
        connection_request(connection, "", request);
        pthread_mutex_unlock(&connection->lock);
        memcpy(call->request, request, OWN_REQUEST_SIZE);
    }
    struct wire_error error;
    if (wire_message_check(message, &error) < 0)
        return answer_malformed(answer, error.field, error.reason);
    int result = wire_encode(message, buffer);
    call->envelope = buffer->data;
    call->envelope_size = buffer->size;
    return result;
}

/* ---- Waiting ---- */

/* Under the lock: why the call cannot even be asked, or 0. */
static int call_admit(struct hv_connection *connection, const struct call *call,
                      const struct hv_message *message) {
    if (connection->state == HV_LINK_REFUSED)
        return -ENOTCONN;
    if (message->type == HV_MESSAGE_ack && intake_is_stale(connection, message->ack.item))
        return -ESTALE;
    return call_find(connection, call->request) ? HV_BAD_MESSAGE : 0;
}

static int call_wait(struct hv_connection *connection, struct call *call,
                     const struct hv_message *message) {
    call->deadline_ms = monotonic_ms() + connection->config.timeout_ms;
    struct timespec deadline = timespec_of_ms(call->deadline_ms);
    pthread_mutex_lock(&connection->lock);
    int result = call_admit(connection, call, message);
    if (result == 0) {
        DL_APPEND(connection->calls, call);
        connection_wake(connection);
        int waited = 0;
        while (!call->finished && waited == 0)
            waited = pthread_cond_timedwait(&connection->changed, &connection->lock, &deadline);
        if (!call->finished)
            call_finish(connection, call, -ETIMEDOUT);
        result = call->result;
    }
    if (result == 0 && message->type == HV_MESSAGE_ack)
        intake_settle(connection, message->ack.item);
    pthread_mutex_unlock(&connection->lock);
    return result;
}

static int call_run(struct hv_connection *connection, const struct hv_message *command,
                    const void *dossier, size_t dossier_size, struct hv_answer *answer) {
    struct call call = {
        .type = command->type,
        .dossier = dossier,
        .dossier_size = dossier ? dossier_size : 0,
        .backoff_ms = BACKOFF_MS_FIRST,
        .answer = answer,
    };
    struct hv_message message = *command;
    if (is_command(message.type)) {
        const char *request = message_request(&message);
        size_t size = strnlen(request, HV_REQUEST_SIZE - 1);
        memcpy(call.request, request, size);
    }
    int result = call_check(&call, answer);
    if (result < 0)
        return result;
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    result = call_encode(connection, &call, &message, &buffer, answer);
    if (result == 0)
        result = call_wait(connection, &call, &message);
    msgpack_sbuffer_destroy(&buffer);
    if (result == HV_BAD_MESSAGE && answer->message.type == HV_MESSAGE_none)
        return answer_malformed(answer, "request", "another call has this `request` just now");
    return result;
}

/* ---- For programs ---- */

int hv_command(struct hv_connection *connection, const struct hv_message *command,
               const void *dossier, size_t dossier_size, struct hv_answer *ret_answer) {
    struct hv_answer answer = {.message = {.type = HV_MESSAGE_none}};
    int result = call_run(connection, command, dossier, dossier_size, &answer);
    if (ret_answer)
        *ret_answer = answer;
    else
        hv_answer_free(&answer);
    return result;
}

#define TYPED_DEFINE(name)                                                           \
    int hv_##name(struct hv_connection *connection, const struct hv_##name *command, \
                  struct hv_answer *ret_answer) {                                    \
        struct hv_message message = {.type = HV_MESSAGE_##name, .name = *command};   \
        return hv_command(connection, &message, NULL, 0, ret_answer);                \
    }
HV_TYPED_COMMANDS(TYPED_DEFINE)

int hv_offer(struct hv_connection *connection, const struct hv_offer *command, const void *dossier,
             size_t dossier_size, struct hv_answer *ret_answer) {
    struct hv_message message = {.type = HV_MESSAGE_offer, .offer = *command};
    return hv_command(connection, &message, dossier, dossier_size, ret_answer);
}

int hv_supplement(struct hv_connection *connection, const struct hv_supplement *command,
                  const void *dossier, size_t dossier_size, struct hv_answer *ret_answer) {
    struct hv_message message = {.type = HV_MESSAGE_supplement, .supplement = *command};
    return hv_command(connection, &message, dossier, dossier_size, ret_answer);
}
