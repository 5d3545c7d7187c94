/* The door: the one ROUTER socket of the broker, its encryption, and the porter who checks keys. */
#include "broker/door.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "broker/endpoint.h"

/* An option that the stable library takes but its header hides. */
#define OPTION_ZAP_ENFORCE_DOMAIN 93

/* The most that network files can allow (network.h), so that a reload never needs another socket,
 * and a margin within which a frame that is too large still gets its answer. What is larger cuts
 * the connection, before anybody has proven a key. */
#define FRAME_SIZE_MAX (1024 * 1024 + 64 * 1024)

#define USER_ID_LENGTH 40 /* Z85 of a key */

/* A message while the turn reads it. */
struct held {
    zmq_msg_t envelope, dossier;
};

struct door {
    void *context;
    struct zap *zap;
    void *router;
    int router_fd;
    struct endpoint *endpoints;
    size_t endpoint_count;
    char *endpoint_names;
    size_t taken;
    struct held held[DOOR_BATCH_MAX];
    struct inbound batch[DOOR_BATCH_MAX];
};

/* ---- Making it ---- */

static int option_set(void *socket, int option, int value) {
    return zmq_setsockopt(socket, option, &value, sizeof value) < 0 ? -errno : 0;
}

/* What a crowd of peers, some of them slow, broken or hostile, asks of the socket. */
static const struct {
    int option, value;
} router_options[] = {
    {ZMQ_LINGER, 0},           /* the ledger keeps what was not delivered, not the socket */
    {ZMQ_ROUTER_MANDATORY, 1}, /* say what cannot be sent, instead of dropping it */
    {ZMQ_RCVHWM, 32},          /* per peer, half of it for each turn; a message can have 1 MiB */
    {ZMQ_SNDHWM, 1000},        /* the most credit that a session can give */
    {ZMQ_HANDSHAKE_IVL, 5000}, /* a silent connection holds a descriptor no longer */
    {ZMQ_BACKLOG, 1024},
    {ZMQ_IPV6, 1},
    /* No heartbeats of ZMTP: they cut peers whose frames are large or who wait for us. Peers say
     * `ping`; a machine that vanished without a word is noticed by the kernel. */
    {ZMQ_HEARTBEAT_IVL, 0},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 60},
    {ZMQ_TCP_KEEPALIVE_INTVL, 20},
    {ZMQ_TCP_KEEPALIVE_CNT, 3},
    {ZMQ_CURVE_SERVER, 1},
    /* Without it libzmq lets everybody in when the porter is missing. */
    {OPTION_ZAP_ENFORCE_DOMAIN, 1},
};

static int router_configure(void *router, const uint8_t secret_key[NETWORK_KEY_SIZE]) {
    int64_t frame_size_max = FRAME_SIZE_MAX;
    int enforced = 0;
    size_t size = sizeof enforced;
    int r = 0;

    for (size_t i = 0; i < sizeof router_options / sizeof router_options[0] && r >= 0; i++)
        r = option_set(router, router_options[i].option, router_options[i].value);
    if (r < 0)
        return r;
    if (zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &frame_size_max, sizeof frame_size_max) < 0 ||
        zmq_setsockopt(router, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) < 0 ||
        zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret_key, NETWORK_KEY_SIZE) < 0 ||
        zmq_getsockopt(router, OPTION_ZAP_ENFORCE_DOMAIN, &enforced, &size) < 0)
        return -errno;
    return enforced == 1 ? 0 : -EOPNOTSUPP;
}

static int router_open(struct door *door, const uint8_t secret_key[NETWORK_KEY_SIZE]) {
    size_t size = sizeof door->router_fd;

    door->router = zmq_socket(door->context, ZMQ_ROUTER);
    if (!door->router)
        return -errno;
    int r = router_configure(door->router, secret_key);
    if (r >= 0 && zmq_getsockopt(door->router, ZMQ_FD, &door->router_fd, &size) < 0)
        r = -errno;
    return r;
}

int door_new(const uint8_t secret_key[NETWORK_KEY_SIZE], zap_knows_fn knows, void *context,
             struct door **ret_door, struct failure *ret_failure) {
    struct door *door = calloc(1, sizeof *door);
    if (!door || !(door->endpoint_names = strdup("")) || !(door->context = zmq_ctx_new())) {
        door_free(door, 0);
        return failure_set(ret_failure, -ENOMEM, "out of memory while opening the door");
    }

    int r = zap_new(door->context, knows, context, &door->zap, ret_failure);
    if (r >= 0) {
        r = router_open(door, secret_key);
        if (r < 0)
            failure_set(ret_failure, r,
                        "this libzmq cannot do what the door needs: %s; houvastd wants libzmq "
                        "4.3.4 or later, built with CURVE",
                        zmq_strerror(-r));
    }
    if (r < 0) {
        door_free(door, 0);
        return r;
    }

    *ret_door = door;
    return 0;
}

/* ---- Opening it ---- */

static int endpoint_names_add(struct door *door, const char *name) {
    char *names;

    if (asprintf(&names, "%s%s%s", door->endpoint_names, *door->endpoint_names ? " " : "", name) <
        0)
        return -ENOMEM;
    free(door->endpoint_names);
    door->endpoint_names = names;
    return 0;
}

int door_listen(struct door *door, const char *name, struct failure *ret_failure) {
    struct endpoint endpoint;

    struct endpoint *larger =
        realloc(door->endpoints, (door->endpoint_count + 1) * sizeof *door->endpoints);
    if (!larger)
        return failure_set(ret_failure, -ENOMEM, "out of memory while opening the door");
    door->endpoints = larger;

    int r = endpoint_bind(name, door->router, &endpoint, ret_failure);
    if (r < 0)
        return r;
    door->endpoints[door->endpoint_count++] = endpoint;
    if (endpoint_names_add(door, endpoint.name) < 0)
        return failure_set(ret_failure, -ENOMEM, "out of memory while opening the door");
    return 0;
}

const char *door_endpoints(const struct door *door) {
    return door->endpoint_names;
}

void door_free(struct door *door, int linger_ms) {
    if (!door)
        return;
    door_release(door);
    if (door->router) {
        (void)option_set(door->router, ZMQ_LINGER, linger_ms);
        zmq_close(door->router);
    }
    zap_free(door->zap);
    if (door->context)
        while (zmq_ctx_term(door->context) < 0 && errno == EINTR)
            ;
    for (size_t i = 0; i < door->endpoint_count; i++)
        endpoint_release(&door->endpoints[i]);
    free(door->endpoints);
    free(door->endpoint_names);
    free(door);
}

/* ---- Waiting ---- */

void door_fds(const struct door *door, int ret_fds[DOOR_FDS]) {
    ret_fds[0] = door->router_fd;
    ret_fds[1] = zap_fd(door->zap);
}

bool door_waiting(const struct door *door) {
    int events = 0;
    size_t size = sizeof events;

    return zap_waiting(door->zap) ||
           (zmq_getsockopt(door->router, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN));
}

/* ---- Coming in ---- */

/* 1: a frame; 0: none is waiting; or a negative errno. */
static int frame_receive(void *socket, zmq_msg_t *frame) {
    int size;

    do
        size = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return errno == EAGAIN ? 0 : -errno;
    return 1;
}

/* The return address. One longer than ours are has been chosen by the peer, which the wire does not
 * allow; it gets no answer. */
static bool route_read(zmq_msg_t *frame, struct route *ret_route) {
    size_t size = zmq_msg_size(frame);

    if (size == 0 || size > sizeof ret_route->bytes)
        return false;
    ret_route->size = (uint8_t)size;
    memcpy(ret_route->bytes, zmq_msg_data(frame), size);
    return true;
}

/* The key that the porter wrote on the connection. It is read from the last frame because libzmq
 * 4.3.4 loses it on the first one. */
static bool key_read(zmq_msg_t *frame, uint8_t ret_key[NETWORK_KEY_SIZE]) {
    const char *user_id = zmq_msg_gets(frame, "User-Id");

    return user_id && strlen(user_id) == USER_ID_LENGTH && zmq_z85_decode(ret_key, user_id);
}

/* Reads the frames after the return address, all of them: the first two are held, those beyond are
 * only counted. *ret_known: the connection has a proven key. */
static int frames_receive(void *router, struct held *held, struct inbound *message,
                          bool *ret_known) {
    zmq_msg_t surplus;
    bool more = true;
    int r = 1;

    zmq_msg_init(&surplus);
    while (more && r > 0) {
        zmq_msg_t *frame = message->frames == 0   ? &held->envelope
                           : message->frames == 1 ? &held->dossier
                                                  : &surplus;
        r = frame_receive(router, frame);
        if (r <= 0)
            break;
        message->frames++;
        more = zmq_msg_more(frame);
        if (!more)
            *ret_known = key_read(frame, message->key);
    }
    zmq_msg_close(&surplus);
    return r;
}

static void held_point(struct held *held, struct inbound *message) {
    message->envelope = zmq_msg_data(&held->envelope);
    message->envelope_size = zmq_msg_size(&held->envelope);
    if (message->frames < 2)
        return;
    message->dossier = zmq_msg_data(&held->dossier);
    message->dossier_size = zmq_msg_size(&held->dossier);
}

/* 1: a message is in `held` and `message`; 0: none is waiting; -EBADMSG: one was dropped; or
 * another negative errno. */
static int message_receive(void *router, struct held *held, struct inbound *message) {
    zmq_msg_t address;
    bool known = false;

    *message = (struct inbound){0};
    zmq_msg_init(&address);
    zmq_msg_init(&held->envelope);
    zmq_msg_init(&held->dossier);

    int r = frame_receive(router, &address);
    if (r > 0 && zmq_msg_more(&address))
        r = frames_receive(router, held, message, &known);
    if (r > 0 && (!known || !route_read(&address, &message->from)))
        r = -EBADMSG;
    if (r > 0)
        held_point(held, message);

    if (r <= 0) {
        zmq_msg_close(&held->envelope);
        zmq_msg_close(&held->dossier);
    }
    zmq_msg_close(&address);
    return r;
}

int door_take(struct door *door, const struct inbound **ret_batch, size_t *ret_count) {
    size_t bytes = 0;

    assert(door->taken == 0);
    int r = zap_answer(door->zap);
    if (r < 0)
        return r;

    /* Dropped messages count, so that a peer that sends nothing else cannot keep us here. */
    for (unsigned looks = 0; looks < DOOR_BATCH_MAX && bytes < DOOR_BATCH_BYTES; looks++) {
        struct inbound *message = &door->batch[door->taken];
        r = message_receive(door->router, &door->held[door->taken], message);
        if (r == -EBADMSG)
            continue;
        if (r <= 0)
            break;
        door->taken++;
        bytes += message->envelope_size + message->dossier_size;
    }

    *ret_batch = door->batch;
    *ret_count = door->taken;
    return r < 0 && r != -EBADMSG ? r : 0;
}

void door_release(struct door *door) {
    for (size_t i = 0; i < door->taken; i++) {
        zmq_msg_close(&door->held[i].envelope);
        zmq_msg_close(&door->held[i].dossier);
    }
    door->taken = 0;
}

/* ---- Going out ---- */

static void bytes_free(void *bytes, void *hint) {
    (void)hint;
    free(bytes);
}

/* Gives `*bytes` to libzmq, which frees them when they have left. */
static int frame_send(void *socket, uint8_t **bytes, size_t size, int flags) {
    zmq_msg_t frame;
    int r;

    if (zmq_msg_init_data(&frame, *bytes, size, bytes_free, NULL) < 0)
        return -errno;
    *bytes = NULL;

    do
        r = zmq_msg_send(&frame, socket, flags | ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    if (r < 0) {
        r = -errno;
        zmq_msg_close(&frame);
        return r;
    }
    return 0;
}

static int route_send(void *socket, const struct route *to) {
    int r;

    do
        r = zmq_send(socket, to->bytes, to->size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

/* The return address decides whether the peer is there and reads; once it is through, libzmq takes
 * the frames behind it without a word. */
static int message_send(void *socket, struct outbound *message) {
    bool has_dossier = message->dossier != NULL;

    int r = route_send(socket, &message->to);
    if (r < 0)
        return r;
    r = frame_send(socket, &message->envelope, message->envelope_size,
                   has_dossier ? ZMQ_SNDMORE : 0);
    if (r >= 0 && has_dossier)
        r = frame_send(socket, &message->dossier, message->dossier_size, 0);
    /* Half a message is out: the socket cannot be trusted with the next one. */
    return r == -EAGAIN || r == -EHOSTUNREACH ? -EPROTO : r;
}

/* Behind what could not be sent to a watcher nothing is tried: there may be room again by now, and
 * what it hears would have a hole. Those of one watcher come together. */
static bool is_behind(const struct outbound *unsent, const struct outbound *message) {
    return unsent && message->is_watched && message->to.size == unsent->to.size &&
           memcmp(message->to.bytes, unsent->to.bytes, unsent->to.size) == 0;
}

int door_send(struct door *door, struct outbox *outbox, door_unsent_fn unsent, void *context) {
    const struct outbound *full = NULL; /* the last to a watcher that could not be sent */

    for (size_t i = 0; i < outbox->count; i++) {
        struct outbound *message = &outbox->messages[i];
        int r = is_behind(full, message) ? -EAGAIN : message_send(door->router, message);
        if (r == -EAGAIN || r == -EHOSTUNREACH)
            unsent(context, message, r);
        else if (r < 0)
            return r;
        if (r == -EAGAIN && message->is_watched)
            full = message;
    }
    return 0;
}
