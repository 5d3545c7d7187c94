/* The line to the broker over ZeroMQ. Why each option stands there is said beside it. */
#include "clients/lib/link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

/* Connections that could not be made, were refused, made or lost. */
#define WATCHED_EVENTS                                                            \
    (ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |  \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* What CURVE adds to a frame, and some. */
#define CURVE_OVERHEAD 64

struct option {
    int name, value;
};

static const struct option options[] = {
    {ZMQ_LINGER, 0},    /* what waits must not hold up the end of a program */
    {ZMQ_IMMEDIATE, 1}, /* nothing waits for a connection that does not stand: it would
                           arrive before our hello, in a session that is over */
    {ZMQ_SNDHWM, 1000}, /* messages; what does not fit is sent again */
    {ZMQ_RCVHWM, 1000},
    {ZMQ_RECONNECT_IVL, 100}, /* ms, doubling … */
    {ZMQ_RECONNECT_IVL_MAX, 5000} /* … to this */,
    {ZMQ_CONNECT_TIMEOUT, 5000}, /* ms; a host that swallows packets takes two minutes otherwise */
    {ZMQ_HANDSHAKE_IVL, 3000},   /* ms */
    {ZMQ_IPV6, 1},
};

static bool option_set(void *socket, int name, const void *value, size_t size) {
    return zmq_setsockopt(socket, name, value, size) == 0;
}

static bool options_set(void *socket, const struct hv_config *config) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (!option_set(socket, options[i].name, &options[i].value, sizeof options[i].value))
            return false;
    const int64_t largest = (int64_t)wire_limits_broker.envelope_bytes + CURVE_OVERHEAD;
    return option_set(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) &&
           option_set(socket, ZMQ_CURVE_SERVERKEY, config->broker_public_key, HV_KEY_SIZE) &&
           option_set(socket, ZMQ_CURVE_PUBLICKEY, config->public_key, HV_KEY_SIZE) &&
           option_set(socket, ZMQ_CURVE_SECRETKEY, config->secret_key, HV_KEY_SIZE);
}

/* The monitor is opened before connecting, so that it sees everything. */
static bool monitor_open(struct link *link) {
    char address[40];
    snprintf(address, sizeof address, "inproc://monitor-%u", ++link->opened);
    if (zmq_socket_monitor(link->socket, address, WATCHED_EVENTS) < 0)
        return false;
    link->monitor = zmq_socket(link->context, ZMQ_PAIR);
    const int no_linger = 0;
    return link->monitor && option_set(link->monitor, ZMQ_LINGER, &no_linger, sizeof no_linger) &&
           zmq_connect(link->monitor, address) == 0;
}

int link_open(struct link *link) {
    link_close(link);
    link->socket = zmq_socket(link->context, ZMQ_DEALER);
    if (link->socket && options_set(link->socket, link->config) && monitor_open(link) &&
        zmq_connect(link->socket, link->config->endpoint) == 0)
        return 0;
    int error = errno;
    link_close(link);
    bool of_the_machine = error == EMFILE || error == ENFILE || error == ENOMEM;
    return of_the_machine ? -error : -EINVAL;
}

void link_close(struct link *link) {
    if (link->socket)
        zmq_close(link->socket);
    if (link->monitor)
        zmq_close(link->monitor);
    link->socket = link->monitor = NULL;
    if (link->reach == LINK_MADE)
        link->reach = LINK_LOST;
}

/* ---- What happens to the connection ---- */

/* One event of the monitor, or 0. It comes as two frames; the second names the endpoint. */
static unsigned event_take(struct link *link) {
    unsigned char head[6];
    int size = zmq_recv(link->monitor, head, sizeof head, ZMQ_DONTWAIT);
    if (size < 0)
        return 0;
    char endpoint[1];
    zmq_recv(link->monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    assert(size == sizeof head);
    uint16_t event;
    memcpy(&event, head, sizeof event);
    return event;
}

static enum link_change event_apply(struct link *link, unsigned event) {
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link->reach = LINK_MADE;
        return LINK_CHANGE_MADE;
    case ZMQ_EVENT_DISCONNECTED:
        if (link->reach != LINK_MADE)
            break;
        link->reach = LINK_LOST;
        return LINK_CHANGE_LOST;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        link->reach = LINK_UNKNOWN;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        link->reach = LINK_STRANGER;
        break;
    case ZMQ_EVENT_CLOSED:
        link->reach = LINK_NOBODY;
        break;
    default:
        break;
    }
    return LINK_CHANGE_NONE;
}

enum link_change link_watch(struct link *link) {
    enum link_change newest = LINK_CHANGE_NONE;
    unsigned event;
    while (link->monitor && (event = event_take(link))) {
        enum link_change change = event_apply(link, event);
        if (change != LINK_CHANGE_NONE)
            newest = change;
    }
    return newest;
}

void link_reach_text(const struct link *link, char ret_text[LINK_TEXT_SIZE]) {
    const char *endpoint = link->config->endpoint;
    char key[HV_KEY_TEXT_SIZE];
    switch (link->reach) {
    case LINK_NOBODY:
        snprintf(ret_text, LINK_TEXT_SIZE,
                 "no broker answers at %s: does it run, and is the endpoint right?", endpoint);
        return;
    case LINK_STRANGER:
        snprintf(ret_text, LINK_TEXT_SIZE,
                 "what listens at %s broke off: is broker_public_key the key of that broker?",
                 endpoint);
        return;
    case LINK_UNKNOWN:
        hv_key_text(link->config->public_key, key);
        snprintf(ret_text, LINK_TEXT_SIZE,
                 "the broker at %s does not know our key: is %s in the network's files?", endpoint,
                 key);
        return;
    case LINK_MADE:
        snprintf(ret_text, LINK_TEXT_SIZE, "the broker at %s has not welcomed us yet", endpoint);
        return;
    case LINK_LOST:
        snprintf(ret_text, LINK_TEXT_SIZE, "the connection to %s broke; making it again", endpoint);
        return;
    }
}

/* ---- Frames ---- */

static int frame_init(zmq_msg_t *frame, const void *bytes, size_t size) {
    if (zmq_msg_init_size(frame, size) < 0)
        return -ENOMEM;
    if (size)
        memcpy(zmq_msg_data(frame), bytes, size);
    return 0;
}

static int frame_send(struct link *link, zmq_msg_t *frame, int flags) {
    int sent;
    do
        sent = zmq_msg_send(frame, link->socket, ZMQ_DONTWAIT | flags);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    assert(errno == EAGAIN);
    zmq_msg_close(frame);
    return -EAGAIN;
}

int link_send(struct link *link, const void *envelope, size_t envelope_size, const void *dossier,
              size_t dossier_size) {
    if (!link->socket)
        return -EAGAIN;
    /* Both are made before either is sent: ZeroMQ would take the next message for the rest of one
     * that stopped half-way. */
    zmq_msg_t first, second;
    if (frame_init(&first, envelope, envelope_size) < 0)
        return -ENOMEM;
    if (!dossier)
        return frame_send(link, &first, 0);
    if (frame_init(&second, dossier, dossier_size) < 0) {
        zmq_msg_close(&first);
        return -ENOMEM;
    }
    int result = frame_send(link, &first, ZMQ_SNDMORE);
    if (result < 0) {
        zmq_msg_close(&second);
        return result;
    }
    /* Fails only where the connection broke in between, and then ZeroMQ takes the first back. */
    return frame_send(link, &second, 0);
}

/* Drops what follows in the same message. */
static unsigned rest_drop(struct link *link, zmq_msg_t *last) {
    unsigned dropped = 0;
    zmq_msg_t rest;
    for (bool more = zmq_msg_more(last); more; dropped++) {
        zmq_msg_init(&rest);
        more = zmq_msg_recv(&rest, link->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest);
        zmq_msg_close(&rest);
    }
    return dropped;
}

int link_receive(struct link *link, struct link_message *ret_message) {
    if (!link->socket)
        return -EAGAIN;
    struct link_message message = {.frames = 1};
    zmq_msg_init(&message.envelope);
    zmq_msg_init(&message.dossier);
    if (zmq_msg_recv(&message.envelope, link->socket, ZMQ_DONTWAIT) < 0) {
        link_message_close(&message);
        return -EAGAIN;
    }
    if (zmq_msg_more(&message.envelope) &&
        zmq_msg_recv(&message.dossier, link->socket, ZMQ_DONTWAIT) >= 0)
        message.frames += 1 + rest_drop(link, &message.dossier);
    *ret_message = message;
    return 0;
}

void link_message_close(struct link_message *message) {
    zmq_msg_close(&message->envelope);
    zmq_msg_close(&message->dossier);
}

void link_wait(struct link *link, int wake_fd, bool until_writable, int wait_ms) {
    short events = until_writable ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
    zmq_pollitem_t items[] = {
        {.fd = wake_fd, .events = ZMQ_POLLIN},
        {.socket = link->socket, .events = events},
        {.socket = link->monitor, .events = ZMQ_POLLIN},
    };
    int result = zmq_poll(items, link->socket ? 3 : 1, wait_ms);
    assert(result >= 0 || errno == EINTR);
}
