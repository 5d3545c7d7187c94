/* One message: whose it is, whether it can be read, which session it belongs to, where it goes. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "broker/absence.h"
#include "broker/acting.h"
#include "broker/answer.h"
#include "broker/command.h"
#include "broker/delivery.h"
#include "broker/greeting.h"
#include "broker/heartbeat.h"
#include "broker/list.h"
#include "broker/message.h"
#include "broker/question.h"
#include "broker/rate.h"
#include "broker/reload.h"
#include "broker/timekeeping.h"
#include "broker/unread.h"
#include "broker/verify.h"
#include "broker/watch.h"
#include "wire/wire.h"

/* ---- Reading ---- */

/* Frame 2 belongs to offer and supplement alone, and a supplement is nothing without it. */
static const char *frame_trouble(const struct request *request) {
    const struct inbound *inbound = request->inbound;
    const enum hv_message_type type = request->message.type;

    if (inbound->frames > 2)
        return "a message has at most two frames";
    if (inbound->frames == 2 && type != HV_MESSAGE_offer && type != HV_MESSAGE_supplement)
        return "only `offer` and `supplement` carry a dossier in a second frame";
    if (inbound->frames == 2 && inbound->dossier_size < NETWORK_SEALING_ID_SIZE)
        return "the dossier is too short to begin with the id of a sealing key";
    if (inbound->frames < 2 && type == HV_MESSAGE_supplement)
        return "a supplement carries a dossier in a second frame";
    return NULL;
}

static bool refuse_frames(struct request *request) {
    const struct network_limits *limits = &request->turn->broker->network->limits;

    if (request->inbound->dossier_size > limits->dossier_bytes) {
        answer_refuse(request, HV_REFUSED_TOO_LARGE, "dossier",
                      "the dossier has %zu bytes; this network takes at most %zu",
                      request->inbound->dossier_size, limits->dossier_bytes);
        return true;
    }
    const char *trouble = frame_trouble(request);
    if (trouble)
        answer_refuse(request, HV_REFUSED_MALFORMED, "dossier", "%s", trouble);
    return trouble != NULL;
}

/* Organisation, role and content: the same again is the same command. */
static void command_hash(struct request *request, const uint8_t content[32]) {
    crypto_generichash_state state;
    const uint8_t role = (uint8_t)request->actor.role;

    (void)crypto_generichash_init(&state, NULL, 0, sizeof request->command);
    (void)crypto_generichash_update(&state, &role, 1);
    (void)crypto_generichash_update(&state, (const uint8_t *)request->actor.organisation,
                                    sizeof request->actor.organisation);
    (void)crypto_generichash_update(&state, content, 32);
    (void)crypto_generichash_final(&state, request->command, sizeof request->command);
}

/* The `request` of a message; NULL where it has none. */
static const char *request_of(const struct hv_message *message) {
    const struct wire_struct *type = wire_message_struct(message->type);
    size_t base = 0;
    const struct wire_field *field =
        type ? wire_field_named(type, "request", strlen("request"), &base) : NULL;
    const char *value = (const char *)&message->hello + base;

    if (!field || (!field->required && !*(const bool *)(value + field->has_offset)))
        return NULL;
    return value + field->offset;
}

/* Only what the answer echoes, of a message that is not looked at further. */
static void read_request(struct request *request) {
    const struct inbound *inbound = request->inbound;
    struct wire_error error;

    const int rc = wire_decode(inbound->envelope, inbound->envelope_size, WIRE_FROM_LATER, NULL,
                               &request->turn->zone, &request->message, NULL, &error);
    const char *id = rc == 0          ? request_of(&request->message)
                     : rc == -EBADMSG ? error.request
                                      : NULL;
    copy_text(request->id, id ? id : "");
}

/* Decodes the envelope: false when it was refused. */
static bool decode(struct request *request) {
    const struct inbound *inbound = request->inbound;
    struct turn *turn = request->turn;
    struct wire_limits limits = wire_limits_default;
    struct wire_error error;
    uint8_t content[32];

    limits.envelope_bytes = turn->broker->network->limits.envelope_bytes;
    const int rc = wire_decode(inbound->envelope, inbound->envelope_size,
                               request->session && request->session->lenient ? WIRE_FROM_LATER
                                                                             : WIRE_FROM_PEER,
                               &limits, &turn->zone, &request->message, content, &error);
    if (rc == -ENOMEM) {
        turn->error = -ENOMEM;
        return false;
    }
    if (rc < 0) {
        copy_text(request->id, error.request);
        /* Of two refusals the earlier in the contract's order is given. */
        const bool large = inbound->dossier_size > turn->broker->network->limits.dossier_bytes;
        if (!(large && refuse_frames(request)))
            answer_refuse(request, error.code, error.field[0] ? error.field : NULL, "%s",
                          error.reason);
        return false;
    }
    const char *id = request_of(&request->message);
    copy_text(request->id, id ? id : "");
    if (refuse_frames(request))
        return false;
    command_hash(request, content);
    return true;
}

/* ---- Keys ---- */

/* Says `forbidden` once to a connection whose key is not on the map any more, and then nothing. */
static void bar(struct request *request) {
    struct broker *broker = request->turn->broker;
    const struct route *route = &request->inbound->from;
    struct barred *barred = NULL;

    HASH_FIND(hh, broker->barred, route, sizeof *route, barred);
    if (barred)
        return;
    if (HASH_COUNT(broker->barred) >= BARRED_MAX) {
        struct barred *oldest = broker->barred; /* uthash keeps the order of adding */
        HASH_DELETE(hh, broker->barred, oldest);
        free(oldest);
    }
    barred = calloc(1, sizeof *barred);
    if (!barred) {
        request->turn->error = -ENOMEM;
        return;
    }
    barred->route = *route;
    HASH_ADD(hh, broker->barred, route, sizeof barred->route, barred);
    read_request(request);
    answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL,
                  "this key is not on the network's map any more");
}

/* ---- Where it goes ---- */

static void pong(struct request *request) {
    struct hv_message message = {.type = HV_MESSAGE_pong};

    message.pong.has_request = request->id[0] != '\0';
    copy_text(message.pong.request, request->id);
    answer_send(request->turn, &request->inbound->from, &message);
}

static void no_session(struct request *request) {
    answer_refuse(request, HV_REFUSED_NO_SESSION, NULL, "say `hello` first");
}

/* Commands and questions of a session. */
static void take_asked(struct request *request) {
    if (rate_refuse(request) || unread_refuse(request) || acting_begin(request))
        return;
    if (command_take_journey(request) || command_take_handover(request) ||
        command_take_people(request) || absence_take(request) || list_take(request) ||
        watch_take(request) || timekeeping_take(request) || question_take(request) ||
        verify_take(request))
        return;
    assert(request->message.type == HV_MESSAGE_reload);
    reload_take(request);
}

static void take_decoded(struct request *request) {
    const enum hv_message_type type = request->message.type;

    if (type == HV_MESSAGE_hello) {
        greeting_hello(request);
        return;
    }
    if (type == HV_MESSAGE_pong) { /* a sign of life, and seen */
        unread_pong(request);
        return;
    }
    if (!request->session) {
        no_session(request);
        return;
    }
    switch ((int)type) {
    case HV_MESSAGE_bye:
        greeting_bye(request);
        break;
    case HV_MESSAGE_ping:
        pong(request);
        break;
    case HV_MESSAGE_ack:
        delivery_ack(request);
        break;
    case HV_MESSAGE_nack:
        delivery_nack(request);
        break;
    default:
        take_asked(request);
        break;
    }
}

/* ---- Whose it is ---- */

static void actor_of_session(struct request *request) {
    const struct session *session = request->session;
    struct actor *actor = &request->actor;

    memset(actor, 0, sizeof *actor);
    if (!session)
        return;
    copy_text(actor->organisation, session->name.organisation);
    actor->role = session->name.role;
    actor->of_network =
        actor->role == HV_ROLE_COORDINATOR &&
        strcmp(actor->organisation, request->turn->broker->network->coordinating) == 0;
}

/* The session of this connection, or NULL. A return address proves nothing: what another key finds
 * there was left by a connection that is gone. */
static struct session *session_of(struct turn *turn, const struct inbound *inbound) {
    struct session *session = session_find(&turn->broker->sessions, &inbound->from);

    if (!session || memcmp(session->key, inbound->key, sizeof session->key) == 0)
        return session;
    session_over(turn, session);
    return NULL;
}

/* libzmq makes the addresses of peers that set none: five bytes, the first zero. */
#define MADE_ADDRESS_SIZE 5

/* An address that a peer chose, another can come to when its connection has gone, and would hear
 * what is its. */
static bool refuse_address(struct request *request) {
    const struct route *from = &request->inbound->from;

    if (from->size == MADE_ADDRESS_SIZE && from->bytes[0] == 0)
        return false;
    read_request(request);
    answer_refuse(request, HV_REFUSED_MALFORMED, NULL,
                  "your connection has a routing id of its own: connect without one");
    return true;
}

void message_take(struct turn *turn, const struct inbound *inbound) {
    struct request request = {.turn = turn, .inbound = inbound};

    turn->counters.messages++;
    request.key = network_key(turn->broker->network, inbound->key, &request.organisation);
    if (!request.key) {
        bar(&request);
        return;
    }
    if (refuse_address(&request))
        return;
    request.session = session_of(turn, inbound);
    actor_of_session(&request);
    if (request.session)
        request.session->heard_ms = turn->boot_ms;
    if (decode(&request))
        take_decoded(&request);
}
