/* The connection's thread: keeps the session, and says what is due. */
#include "clients/lib/talk.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include <utlist.h>

#include "wire/wire.h"

#define SILENT_HEARTBEATS 3
#define REOPEN_MS         15000 /* without a welcome for so long, try with a new connection */
#define REOPEN_MS_FAILED  1000
#define SESSION_MS_SOUND  10000 /* one that lasted so long was no mistake */
#define TAKEOVER_MS_FIRST 30000
#define TAKEOVER_MS_MOST  600000
#define HEARTBEAT_MS_MOST 3600000
#define FAREWELL_MS       1000

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Doubling, from `first` to `most`. */
static int64_t backoff_ms(unsigned times, int64_t first, int64_t most) {
    int64_t ms = first;
    while (times-- > 0 && ms < most)
        ms *= 2;
    return earlier(ms, most);
}

/* ---- The stages ---- */

static void state_set(struct hv_connection *connection, enum hv_link state, const char *why) {
    connection->state = state;
    snprintf(connection->why, sizeof connection->why, "%s", why);
    pthread_cond_broadcast(&connection->changed);
}

static void calls_send_anew(struct hv_connection *connection, int64_t now_ms) {
    struct call *call;
    DL_FOREACH(connection->calls, call) {
        call->send_at_ms = call->hold_until_ms > now_ms ? call->hold_until_ms : now_ms;
        call->backoff_ms = BACKOFF_MS_FIRST;
    }
}

void talk_begin(struct hv_connection *connection) {
    connection->talk = (struct talk){
        .stage = TALK_APART,
        .hello_backoff_ms = BACKOFF_MS_FIRST,
        .reopen_at_ms = monotonic_ms() + REOPEN_MS,
        .told = connection->link.reach,
    };
}

void talk_welcome(struct hv_connection *connection, const struct hv_welcome *welcome) {
    struct talk *talk = &connection->talk;
    int64_t now_ms = monotonic_ms();
    talk->stage = TALK_WELCOMED;
    talk->welcomed_at_ms = now_ms;
    talk->heartbeat_ms = (int)earlier(welcome->heartbeat, HEARTBEAT_MS_MOST);

    pthread_mutex_lock(&connection->lock);
    bool is_another_ledger =
        memcmp(&connection->welcome.ledger, &welcome->ledger, sizeof welcome->ledger) != 0;
    if (is_another_ledger) {
        intake_outdate(connection);
        calls_finish(connection, HV_MESSAGE_ack, -ESTALE);
    }
    connection->welcome = *welcome;
    calls_send_anew(connection, now_ms);
    state_set(connection, HV_LINK_UP, "the broker has welcomed us");
    pthread_mutex_unlock(&connection->lock);
}

void talk_lose(struct hv_connection *connection, int64_t hello_after_ms, const char *why) {
    struct talk *talk = &connection->talk;
    int64_t now_ms = monotonic_ms();
    talk->stage = TALK_APART;
    talk->hello_at_ms = now_ms + hello_after_ms;
    talk->hello_backoff_ms = BACKOFF_MS_FIRST;
    talk->reopen_at_ms = talk->hello_at_ms + REOPEN_MS;
    talk->told = connection->link.reach;

    pthread_mutex_lock(&connection->lock);
    nacks_clear(connection);
    sights_end(connection, -ECONNRESET);
    state_set(connection, HV_LINK_DOWN, why);
    pthread_mutex_unlock(&connection->lock);
}

void talk_end(struct hv_connection *connection, const struct hv_refused *refused) {
    char why[HV_WHY_SIZE];
    snprintf(why, sizeof why, "the broker refused (%s): %s", hv_refusal_text(refused->code),
             refused->reason);
    connection->talk.stage = TALK_ENDED;
    link_close(&connection->link);

    pthread_mutex_lock(&connection->lock);
    nacks_clear(connection);
    calls_finish(connection, HV_MESSAGE_none, -ENOTCONN);
    state_set(connection, HV_LINK_REFUSED, why);
    intake_clear(connection);
    sights_end(connection, -ENOTCONN);
    pthread_mutex_unlock(&connection->lock);
}

void talk_forgotten(struct hv_connection *connection) {
    struct talk *talk = &connection->talk;
    if (monotonic_ms() - talk->welcomed_at_ms >= SESSION_MS_SOUND)
        talk->short_sessions = 0;
    unsigned short_sessions = talk->short_sessions++;
    int64_t pause_ms =
        short_sessions ? backoff_ms(short_sessions - 1, BACKOFF_MS_FIRST, BACKOFF_MS_MOST) : 0;
    talk_lose(connection, pause_ms, "the broker has no session of ours any more; asking for one");
}

void talk_taken_over(struct hv_connection *connection) {
    struct talk *talk = &connection->talk;
    if (!connection->instance_is_given) {
        talk_forgotten(connection);
        return;
    }
    if (monotonic_ms() - talk->welcomed_at_ms >= TAKEOVER_MS_MOST)
        talk->takeovers = 0;
    int64_t pause_ms = backoff_ms(talk->takeovers++, TAKEOVER_MS_FIRST, TAKEOVER_MS_MOST);
    char why[HV_WHY_SIZE];
    snprintf(why, sizeof why,
             "another process said hello as instance %s and took over; give each process an "
             "instance of its own (trying again in %d s)",
             connection->instance, (int)(pause_ms / 1000));
    talk_lose(connection, pause_ms, why);
}

/* ---- What becomes of the connection ---- */

/* Says how far we got, where that has changed. */
static void reach_tell(struct hv_connection *connection) {
    struct link *link = &connection->link;
    struct talk *talk = &connection->talk;
    if (talk->told == link->reach)
        return;
    talk->told = link->reach;
    char why[HV_WHY_SIZE];
    pthread_mutex_lock(&connection->lock);
    link_reach_text(link, why);
    state_set(connection, HV_LINK_DOWN, why);
    pthread_mutex_unlock(&connection->lock);
}

static void connection_watch(struct hv_connection *connection) {
    struct talk *talk = &connection->talk;
    enum link_change change = link_watch(&connection->link);
    bool in_session = talk->stage == TALK_ASKED || talk->stage == TALK_WELCOMED;
    if (change != LINK_CHANGE_NONE && in_session)
        talk_lose(connection, 0, "the connection to the broker broke; making it again");
    if (talk->stage == TALK_APART || talk->stage == TALK_ASKED)
        reach_tell(connection);
}

static void connection_reopen(struct hv_connection *connection, int64_t now_ms) {
    struct talk *talk = &connection->talk;
    talk->stage = TALK_APART;
    talk->hello_at_ms = now_ms;
    talk->hello_backoff_ms = BACKOFF_MS_FIRST;
    bool opened = link_open(&connection->link) == 0;
    talk->reopen_at_ms = now_ms + (opened ? REOPEN_MS : REOPEN_MS_FAILED);
}

/* ---- What is said ---- */

int talk_say(struct hv_connection *connection, const struct hv_message *message) {
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    int result = wire_encode(message, &buffer);
    if (result == 0)
        result = link_send(&connection->link, buffer.data, buffer.size, NULL, 0);
    msgpack_sbuffer_destroy(&buffer);
    if (result == 0)
        connection->talk.said_at_ms = monotonic_ms();
    return result;
}

static void request_new(struct hv_connection *connection, const char *what,
                        char ret_request[OWN_REQUEST_SIZE]) {
    pthread_mutex_lock(&connection->lock);
    connection_request(connection, what, ret_request);
    pthread_mutex_unlock(&connection->lock);
}

static void hello_say(struct hv_connection *connection, int64_t now_ms) {
    struct talk *talk = &connection->talk;
    struct hv_message message = {
        .type = HV_MESSAGE_hello,
        .hello = {.version = HV_WIRE_VERSION,
                  .has_minor = true,
                  .minor = HV_WIRE_MINOR,
                  .role = connection->config.role,
                  .credit = connection->config.credit},
    };
    request_new(connection, "hello-", talk->hello_request);
    memcpy(message.hello.request, talk->hello_request, sizeof talk->hello_request);
    memcpy(message.hello.instance, connection->instance, sizeof connection->instance);
    int result = talk_say(connection, &message);
    if (result == -EAGAIN) {
        talk->held_back = true;
        return;
    }
    talk->hello_at_ms = now_ms + talk->hello_backoff_ms;
    talk->hello_backoff_ms = (int)earlier(talk->hello_backoff_ms * 2, BACKOFF_MS_MOST);
    if (result < 0)
        return;
    talk->stage = TALK_ASKED;
    /* What came in belongs to the session before, and comes again in the new one. */
    pthread_mutex_lock(&connection->lock);
    intake_clear(connection);
    pthread_mutex_unlock(&connection->lock);
}

static void ping_say(struct hv_connection *connection) {
    struct talk *talk = &connection->talk;
    struct hv_message message = {.type = HV_MESSAGE_ping, .ping = {.has_request = true}};
    request_new(connection, "ping-", talk->ping_request);
    memcpy(message.ping.request, talk->ping_request, sizeof talk->ping_request);
    int result = talk_say(connection, &message);
    if (result == -EAGAIN)
        talk->held_back = true;
    else if (result < 0)
        talk->said_at_ms = monotonic_ms(); /* out of memory: the next heartbeat tries again */
}

static void call_say(struct hv_connection *connection, struct call *call, int64_t now_ms) {
    int result = link_send(&connection->link, call->envelope, call->envelope_size, call->dossier,
                           call->dossier_size);
    if (result == -EAGAIN) {
        connection->talk.held_back = true;
        return;
    }
    call->send_at_ms = now_ms + call->backoff_ms;
    call->backoff_ms = (int)earlier(call->backoff_ms * 2, BACKOFF_MS_MOST);
    if (result == 0) {
        call->sent++;
        connection->talk.said_at_ms = now_ms;
    }
}

static void calls_say(struct hv_connection *connection, int64_t now_ms) {
    struct call *call;
    DL_FOREACH(connection->calls, call)
    if (call->send_at_ms <= now_ms && !connection->talk.held_back)
        call_say(connection, call, now_ms);
}

static void nacks_say(struct hv_connection *connection, int64_t now_ms) {
    struct talk *talk = &connection->talk;
    struct nack *nack;
    while ((nack = connection->nacks) && !talk->held_back) {
        int result =
            link_send(&connection->link, nack->envelope.data, nack->envelope.size, NULL, 0);
        if (result == -EAGAIN) {
            talk->held_back = true;
            return;
        }
        talk->said_at_ms = now_ms;
        nack_free(connection, nack);
    }
}

static void session_speak(struct hv_connection *connection, int64_t now_ms) {
    struct talk *talk = &connection->talk;
    if (now_ms - talk->heard_at_ms >= (int64_t)SILENT_HEARTBEATS * talk->heartbeat_ms) {
        talk_lose(connection, 0, "the broker was silent for three heartbeats; saying hello again");
        return;
    }
    pthread_mutex_lock(&connection->lock);
    calls_say(connection, now_ms);
    nacks_say(connection, now_ms);
    pthread_mutex_unlock(&connection->lock);
    if (now_ms - talk->said_at_ms >= talk->heartbeat_ms && !talk->held_back)
        ping_say(connection);
}

static void talk_speak(struct hv_connection *connection, int64_t now_ms) {
    struct talk *talk = &connection->talk;
    talk->held_back = false;
    switch (talk->stage) {
    case TALK_APART:
    case TALK_ASKED:
        if (now_ms >= talk->reopen_at_ms)
            connection_reopen(connection, now_ms);
        else if (now_ms >= talk->hello_at_ms && connection->link.reach == LINK_MADE)
            hello_say(connection, now_ms);
        break;
    case TALK_WELCOMED:
        session_speak(connection, now_ms);
        break;
    case TALK_ENDED:
        break;
    }
}

/* ---- Waiting ---- */

static int64_t calls_due_ms(struct hv_connection *connection) {
    int64_t due_ms = NEVER_MS;
    pthread_mutex_lock(&connection->lock);
    struct call *call;
    DL_FOREACH(connection->calls, call)
    due_ms = earlier(due_ms, call->send_at_ms);
    pthread_mutex_unlock(&connection->lock);
    return due_ms;
}

/* When something is due, if nothing happens before. What could not be sent waits for the socket. */
static int64_t talk_due_ms(struct hv_connection *connection) {
    const struct talk *talk = &connection->talk;
    int64_t due_ms = NEVER_MS;
    switch (talk->stage) {
    case TALK_APART:
    case TALK_ASKED:
        if (connection->link.reach == LINK_MADE && !talk->held_back)
            due_ms = talk->hello_at_ms;
        return earlier(due_ms, talk->reopen_at_ms);
    case TALK_WELCOMED:
        if (!talk->held_back)
            due_ms = earlier(calls_due_ms(connection), talk->said_at_ms + talk->heartbeat_ms);
        return earlier(due_ms, talk->heard_at_ms + (int64_t)SILENT_HEARTBEATS * talk->heartbeat_ms);
    case TALK_ENDED:
        break;
    }
    return due_ms;
}

static void talk_wait(struct hv_connection *connection, int64_t until_ms) {
    int64_t wait_ms = until_ms - monotonic_ms();
    if (wait_ms < 0)
        wait_ms = 0;
    if (wait_ms > HEARTBEAT_MS_MOST)
        wait_ms = HEARTBEAT_MS_MOST;
    link_wait(&connection->link, connection->wake_fd, connection->talk.held_back, (int)wait_ms);
    eventfd_t count;
    (void)eventfd_read(connection->wake_fd, &count);
}

/* ---- The thread ---- */

static bool is_stopping(struct hv_connection *connection) {
    pthread_mutex_lock(&connection->lock);
    bool stop = connection->stop;
    pthread_mutex_unlock(&connection->lock);
    return stop;
}

/* Says bye and waits until the broker has heard it, for a second: closing drops what was not sent
 * yet, and the broker would keep our items for three heartbeats. */
static void farewell(struct hv_connection *connection) {
    struct talk *talk = &connection->talk;
    struct hv_message message = {.type = HV_MESSAGE_bye, .bye = {.has_request = true}};
    request_new(connection, "bye-", talk->bye_request);
    memcpy(message.bye.request, talk->bye_request, sizeof talk->bye_request);
    if (talk_say(connection, &message) < 0)
        return;
    talk->held_back = false;
    int64_t until_ms = monotonic_ms() + FAREWELL_MS;
    while (talk->stage == TALK_WELCOMED && !talk->bye_answered && monotonic_ms() < until_ms) {
        talk_wait(connection, until_ms);
        connection_watch(connection);
        talk_hear(connection);
    }
}

void *talk_main(void *argument) {
    struct hv_connection *connection = argument;
    (void)pthread_setname_np(pthread_self(), "houvast");
    while (!is_stopping(connection)) {
        connection_watch(connection);
        talk_hear(connection);
        talk_speak(connection, monotonic_ms());
        talk_wait(connection, talk_due_ms(connection));
    }
    if (connection->talk.stage == TALK_WELCOMED)
        farewell(connection);
    link_close(&connection->link);
    return NULL;
}
