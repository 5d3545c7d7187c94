/* What the connection's thread hears, and what it makes of it. */
#include <errno.h>
#include <string.h>

#include "clients/lib/talk.h"
#include "wire/wire.h"

#define MESSAGES_AT_ONCE   64 /* then it is time to look whether something has to be said */
#define ZONE_BYTES         2048
#define PAUSE_MS_NO_MEMORY 1000
#define RETRY_MS_DEFAULT   1000
#define RETRY_MS_MOST      600000

/* A message and the memory that it lives in; who keeps it takes the memory. */
struct heard {
    struct hv_message message;
    msgpack_zone *zone;
    struct link_message *frames;
};

static msgpack_zone *zone_take(struct heard *heard) {
    msgpack_zone *zone = heard->zone;
    heard->zone = NULL;
    return zone;
}

static int64_t retry_ms(const struct hv_refused *refused) {
    int64_t ms = refused->has_retry_after ? refused->retry_after : RETRY_MS_DEFAULT;
    return ms < RETRY_MS_MOST ? ms : RETRY_MS_MOST;
}

static bool is_request(const char *ours, const char *theirs) {
    return ours[0] != '\0' && strcmp(ours, theirs) == 0;
}

/* ---- Items ---- */

static int item_heard(struct hv_connection *connection, struct heard *heard) {
    /* Between hello and welcome they are of the session before, and come again. */
    if (connection->talk.stage != TALK_WELCOMED)
        return 0;
    struct hv_delivery delivery = {.item = heard->message.item};
    if (heard->frames->frames == 2) {
        delivery.dossier_size = zmq_msg_size(&heard->frames->dossier);
        uint8_t *copy = msgpack_zone_malloc(heard->zone, delivery.dossier_size);
        if (!copy)
            return -ENOMEM;
        delivery.dossier =
            memcpy(copy, zmq_msg_data(&heard->frames->dossier), delivery.dossier_size);
    }
    delivery.memory = zone_take(heard);
    pthread_mutex_lock(&connection->lock);
    int result = intake_add(connection, &delivery);
    pthread_mutex_unlock(&connection->lock);
    return result;
}

/* ---- What a watcher sees ---- */

static void sight_heard(struct hv_connection *connection, struct heard *heard) {
    if (connection->talk.stage != TALK_WELCOMED)
        return;
    struct hv_sight sight = {.message = heard->message, .memory = zone_take(heard)};
    pthread_mutex_lock(&connection->lock);
    sights_add(connection, &sight);
    pthread_mutex_unlock(&connection->lock);
}

/* ---- Answers: under the lock ---- */

static void call_answer(struct hv_connection *connection, struct call *call, struct heard *heard,
                        int result) {
    call->answer->message = heard->message;
    call->answer->memory = zone_take(heard);
    call_finish(connection, call, result);
}

/* Busy: the same again when the broker says so; or, where that is too late for the caller, the
 * refusal, unless an earlier sending may have taken effect. */
static void call_busy(struct hv_connection *connection, struct call *call, struct heard *heard) {
    call->hold_until_ms = call->send_at_ms = monotonic_ms() + retry_ms(&heard->message.refused);
    if (call->hold_until_ms >= call->deadline_ms && call->sent == call->answered)
        call_answer(connection, call, heard, HV_REFUSED);
}

/* Whether there was such a call; `no-session` is dealt with by whoever asked. */
static bool call_answered(struct hv_connection *connection, struct heard *heard) {
    bool done = heard->message.type == HV_MESSAGE_done;
    struct call *call =
        call_find(connection, done ? heard->message.done.request : heard->message.refused.request);
    if (!call)
        return false;
    call->answered++;
    if (done && call->type == HV_MESSAGE_watch)
        sights_begin(connection);
    if (done)
        call_answer(connection, call, heard, 0);
    else if (heard->message.refused.code == HV_REFUSED_BUSY)
        call_busy(connection, call, heard);
    else
        call_answer(connection, call, heard, HV_REFUSED);
    return true;
}

static bool answer_heard(struct hv_connection *connection, struct heard *heard) {
    pthread_mutex_lock(&connection->lock);
    bool answered = call_answered(connection, heard);
    pthread_mutex_unlock(&connection->lock);
    return answered;
}

/* ---- Refusals that are about the session ---- */

static void hello_refused(struct hv_connection *connection, const struct hv_refused *refused) {
    bool may_pass = refused->code == HV_REFUSED_BUSY || refused->code == HV_REFUSED_UNAVAILABLE ||
                    refused->code == HV_REFUSED_NO_SESSION;
    if (may_pass)
        talk_lose(connection, retry_ms(refused), refused->reason);
    else
        talk_end(connection, refused);
}

/* `no-session` that answers nothing is the one that the broker sends when another hello of our
 * instance took the session over. */
static void session_refused(struct hv_connection *connection, const struct hv_refused *refused) {
    if (!refused->has_request) {
        talk_taken_over(connection);
        return;
    }
    pthread_mutex_lock(&connection->lock);
    struct call *call = call_find(connection, refused->request);
    if (call)
        call->answered++; /* so much is known: this sending had no effect */
    pthread_mutex_unlock(&connection->lock);
    talk_forgotten(connection);
}

static void refused_heard(struct hv_connection *connection, struct heard *heard) {
    struct talk *talk = &connection->talk;
    struct hv_refused *refused = &heard->message.refused;
    bool was_asked = refused->has_request;
    if (!was_asked)
        refused->request[0] = '\0';
    bool is_of_hello =
        talk->stage == TALK_ASKED && is_request(talk->hello_request, refused->request);
    if (is_of_hello)
        hello_refused(connection, refused);
    else if (refused->code == HV_REFUSED_NO_SESSION && talk->stage == TALK_WELCOMED)
        session_refused(connection, refused);
    else if (refused->code == HV_REFUSED_FORBIDDEN &&
             (!was_asked || is_request(talk->ping_request, refused->request)))
        talk_end(connection, refused);
    else if (refused->code != HV_REFUSED_NO_SESSION)
        answer_heard(connection, heard);
}

/* ---- All of them ---- */

static void ping_heard(struct hv_connection *connection, const struct hv_ping *ping) {
    struct hv_message message = {.type = HV_MESSAGE_pong,
                                 .pong = {.has_request = ping->has_request}};
    if (ping->has_request)
        memcpy(message.pong.request, ping->request, sizeof ping->request);
    (void)talk_say(connection, &message); /* lost like any other; whatever we say next serves */
}

static int message_heard(struct hv_connection *connection, struct heard *heard) {
    struct talk *talk = &connection->talk;
    switch (heard->message.type) {
    case HV_MESSAGE_item:
        return item_heard(connection, heard);
    case HV_MESSAGE_done:
        if (!heard->message.done.has_request)
            return 0;
        if (is_request(talk->bye_request, heard->message.done.request))
            talk->bye_answered = true;
        else
            answer_heard(connection, heard);
        return 0;
    case HV_MESSAGE_refused:
        refused_heard(connection, heard);
        return 0;
    case HV_MESSAGE_welcome:
        if (talk->stage == TALK_ASKED &&
            is_request(talk->hello_request, heard->message.welcome.request))
            talk_welcome(connection, &heard->message.welcome);
        return 0;
    case HV_MESSAGE_ping:
        ping_heard(connection, &heard->message.ping);
        return 0;
    case HV_MESSAGE_watched_journey:
    case HV_MESSAGE_live:
    case HV_MESSAGE_watched_event:
    case HV_MESSAGE_gap:
        sight_heard(connection, heard);
        return 0;
    default: /* pong has said all by coming; others do not come from a broker */
        return 0;
    }
}

/* An answer that we cannot read is an answer still: its caller need not wait for another. */
static void unreadable_heard(struct hv_connection *connection, const char *request) {
    pthread_mutex_lock(&connection->lock);
    struct call *call = request[0] != '\0' ? call_find(connection, request) : NULL;
    if (call)
        call_finish(connection, call, -EPROTO);
    pthread_mutex_unlock(&connection->lock);
}

/* 0 or -ENOMEM. */
static int frames_heard(struct hv_connection *connection, struct link_message *frames) {
    struct heard heard = {.zone = msgpack_zone_new(ZONE_BYTES), .frames = frames};
    if (!heard.zone)
        return -ENOMEM;
    struct wire_error error;
    int result = wire_decode(zmq_msg_data(&frames->envelope), zmq_msg_size(&frames->envelope),
                             WIRE_FROM_BROKER, NULL, heard.zone, &heard.message, NULL, &error);
    if (result == 0)
        result = message_heard(connection, &heard);
    else if (result == -EBADMSG)
        unreadable_heard(connection, error.request);
    if (heard.zone)
        msgpack_zone_free(heard.zone);
    return result == -ENOMEM ? result : 0;
}

void talk_hear(struct hv_connection *connection) {
    struct link_message frames;
    for (unsigned i = 0; i < MESSAGES_AT_ONCE && link_receive(&connection->link, &frames) == 0;
         i++) {
        connection->talk.heard_at_ms = monotonic_ms();
        int result = frames.frames <= 2 ? frames_heard(connection, &frames) : 0;
        link_message_close(&frames);
        /* What could not be kept was perhaps an item: a new session gets it again. */
        if (result == -ENOMEM && connection->talk.stage != TALK_ENDED)
            talk_lose(connection, PAUSE_MS_NO_MEMORY, "out of memory; trying again");
    }
}
