/* One message: whose it is, whether it can be read, which session it belongs to, where it goes. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/absence.h"
#include "broker/acting.h"
#include "broker/answer.h"
#include "broker/command.h"
#include "broker/delivery.h"
#include "broker/heartbeat.h"
#include "broker/journal.h"
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
    if (inbound->frames == 2 && inbound->dossier_size < 8)
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

/* The request of a message that a peer may send; NULL where it has none. */
static const char *request_of(const struct hv_message *message) {
    switch (message->type) {
#define REQUEST_REQUIRED(name) \
    case HV_MESSAGE_##name:    \
        return message->name.request;
#define REQUEST_OPTIONAL(name) \
    case HV_MESSAGE_##name:    \
        return message->name.has_request ? message->name.request : NULL;
        REQUEST_REQUIRED(hello)
        REQUEST_REQUIRED(open)
        REQUEST_REQUIRED(reassign)
        REQUEST_REQUIRED(close)
        REQUEST_REQUIRED(settle)
        REQUEST_REQUIRED(offer)
        REQUEST_REQUIRED(receive)
        REQUEST_REQUIRED(pickup)
        REQUEST_REQUIRED(introduce)
        REQUEST_REQUIRED(confirm)
        REQUEST_REQUIRED(decline)
        REQUEST_REQUIRED(withdraw)
        REQUEST_REQUIRED(fetch)
        REQUEST_REQUIRED(supplement)
        REQUEST_REQUIRED(status)
        REQUEST_REQUIRED(history)
        REQUEST_REQUIRED(map)
        REQUEST_REQUIRED(stats)
        REQUEST_REQUIRED(reload)
        REQUEST_REQUIRED(verify)
        REQUEST_REQUIRED(wait)
        REQUEST_REQUIRED(note)
        REQUEST_REQUIRED(set_urgency)
        REQUEST_REQUIRED(contest)
        REQUEST_REQUIRED(claim)
        REQUEST_REQUIRED(absent)
        REQUEST_REQUIRED(list)
        REQUEST_REQUIRED(watch)
        REQUEST_REQUIRED(clock_accept)
        REQUEST_REQUIRED(welcome)
        REQUEST_OPTIONAL(bye)
        REQUEST_OPTIONAL(ping)
        REQUEST_OPTIONAL(pong)
        REQUEST_OPTIONAL(ack)
        REQUEST_OPTIONAL(nack)
        REQUEST_OPTIONAL(done)
        REQUEST_OPTIONAL(refused)
    case HV_MESSAGE_none:
    case HV_MESSAGE_TYPES:
    case HV_MESSAGE_item:
    case HV_MESSAGE_watched_journey:
    case HV_MESSAGE_live:
    case HV_MESSAGE_watched_event:
    case HV_MESSAGE_gap:
        return NULL;
#undef REQUEST_REQUIRED
#undef REQUEST_OPTIONAL
    }
    return NULL;
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

/* ---- Sessions ---- */

/* The older one of the same name learns that it is not the session any more. */
static void take_over(struct turn *turn, struct session *older) {
    struct hv_message message = {.type = HV_MESSAGE_refused};
    const struct route route = older->route;

    message.refused.code = HV_REFUSED_NO_SESSION;
    message.refused.reason =
        "another connection said hello as this instance and has taken the session over";
    session_over(turn, older);
    answer_send(turn, &route, &message);
}

static void welcome(struct request *request) {
    struct turn *turn = request->turn;
    const struct network *network = turn->broker->network;
    struct hv_message message = {.type = HV_MESSAGE_welcome};
    struct hv_welcome *welcome = &message.welcome;

    copy_text(welcome->request, request->id);
    copy_text(welcome->organisation, request->organisation->name);
    copy_text(welcome->network, network->name);
    welcome->ledger = *ledger_id(turn->ledger);
    welcome->heartbeat = network->limits.heartbeat_ms;
    memcpy(welcome->receipt_key, turn->broker->signer.pair.public_key, sizeof welcome->receipt_key);
    memcpy(welcome->head, ledger_head(turn->ledger), sizeof welcome->head);
    welcome->at = turn->now_ms;
    welcome->seq = ledger_seq(turn->ledger);
    answer_send(turn, &request->inbound->from, &message);
}

static void hello(struct request *request) {
    const struct hv_hello *hello = &request->message.hello;
    struct turn *turn = request->turn;
    struct sessions *sessions = &turn->broker->sessions;
    struct session_name name;

    if (!(request->key->roles & (1U << hello->role))) {
        answer_refuse(request, HV_REFUSED_FORBIDDEN, "role", "this key of %s has not the role %s",
                      request->organisation->name,
                      wire_word_text(&wire_vocabulary_role, (int)hello->role));
        return;
    }
    memset(&name, 0, sizeof name);
    copy_text(name.organisation, request->organisation->name);
    copy_text(name.instance, hello->instance);
    name.role = hello->role;
    if (turn->mode == TURN_READ_ONLY &&
        !ledger_inbox_find(turn->ledger, name.organisation, name.role)) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full to the last byte; say hello again later");
        return;
    }
    if (request->session)
        session_over(turn, request->session);
    struct session *older = session_named(sessions, &name);
    if (older)
        take_over(turn, older);
    const int64_t inbox = ledger_inbox(turn->ledger, name.organisation, name.role);
    if (turn->error || ledger_error(turn->ledger))
        return;
    request->session =
        session_begin(sessions, &request->inbound->from, &name, inbox, turn->boot_ms);
    if (!request->session) {
        turn->error = -ENOMEM;
        return;
    }
    memcpy(request->session->key, request->inbound->key, sizeof request->session->key);
    request->session->begun_turn = turn->broker->counters.turns;
    request->session->credit = hello->credit;
    request->session->unread_bytes = unread_bytes(turn->broker, &request->inbound->from);
    request->session->inbox->recall = true;
    sessions->recalls = true;
    request->session->lenient = hello->has_minor && hello->minor > HV_WIRE_MINOR;
    welcome(request);
}

static void bye(struct request *request) {
    struct hv_message message;

    session_over(request->turn, request->session);
    request->session = NULL;
    if (!request->id[0])
        return;
    (void)answer_begin(request, &message);
    answer_done(request, &message, ledger_seq(request->turn->ledger));
}

static void pong(struct request *request) {
    struct hv_message message = {.type = HV_MESSAGE_pong};

    message.pong.has_request = request->id[0] != '\0';
    copy_text(message.pong.request, request->id);
    answer_send(request->turn, &request->inbound->from, &message);
}

/* ---- Where it goes ---- */

/* The operator who asked is told, and so are those who read the journal. */
static void reload_refuse(struct request *request, const struct failure *failure) {
    const struct journal_field fields[] = {
        {"HOUVAST_ORGANISATION", request->actor.organisation},
        {NULL, NULL},
    };

    journal_say(JOURNAL_NETWORK_REFUSED, fields,
                "the network files were not put in force, the old ones stay: %s", failure->text);
    answer_refuse(request, HV_REFUSED_CONFLICT, NULL, "%s", failure->text);
}

static void reload(struct request *request) {
    struct turn *turn = request->turn;
    struct hv_message message;
    struct failure failure;

    if (request->actor.role != HV_ROLE_OPERATOR) {
        answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for an operator");
        return;
    }
    if (turn->mode != TURN_NORMAL) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full: the network files are not read now");
        return;
    }
    const int rc = reload_network(turn, &failure);
    if (rc == -EIO || rc == -ENOMEM || rc == -ENOSPC)
        return; /* the turn has failed, and says so */
    if (rc < 0) {
        reload_refuse(request, &failure);
        return;
    }
    (void)answer_begin(request, &message);
    answer_done(request, &message, ledger_seq(turn->ledger));
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
    reload(request);
}

static void take_decoded(struct request *request) {
    const enum hv_message_type type = request->message.type;

    if (type == HV_MESSAGE_hello) {
        hello(request);
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
        bye(request);
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

/* libzmq makes the addresses of peers that set none: five bytes, the first zero. One that a peer
 * chose, another can come to when its connection has gone, and would hear what is its. */
static bool refuse_address(struct request *request) {
    const struct route *from = &request->inbound->from;

    if (from->size == 5 && from->bytes[0] == 0)
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
