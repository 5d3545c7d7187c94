/* The door's porter: answers libzmq's question, for every new connection, whether to let it in. */
#include "broker/zap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ENDPOINT     "inproc://zeromq.zap.01" /* RFC 27 */
#define VERSION      "1.0"
#define MECHANISM    "CURVE"
#define ANSWERS_MAX  256
#define USER_ID_SIZE 41 /* Z85 of 32 bytes, and the final NUL */

struct zap {
    void *socket;
    int fd;
    zap_knows_fn knows;
    void *context;
};

/* The frames of a request, in their order on the wire. */
enum request_frame {
    REQUEST_VERSION,
    REQUEST_ID,
    REQUEST_DOMAIN,
    REQUEST_ADDRESS,
    REQUEST_ROUTING_ID,
    REQUEST_MECHANISM,
    REQUEST_KEY,
    REQUEST_FRAMES,
};

struct request {
    zmq_msg_t frames[REQUEST_FRAMES];
    unsigned count; /* of all frames that came; those beyond REQUEST_FRAMES are not kept */
};

static void request_init(struct request *request) {
    for (unsigned i = 0; i < REQUEST_FRAMES; i++)
        zmq_msg_init(&request->frames[i]);
    request->count = 0;
}

static void request_fini(struct request *request) {
    for (unsigned i = 0; i < REQUEST_FRAMES; i++)
        zmq_msg_close(&request->frames[i]);
}

/* 1: one request is read; 0: none is waiting; or a negative errno. */
static int request_receive(void *socket, struct request *request) {
    zmq_msg_t surplus;
    bool more = true;

    zmq_msg_init(&surplus);
    while (more) {
        zmq_msg_t *frame =
            request->count < REQUEST_FRAMES ? &request->frames[request->count] : &surplus;
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            zmq_msg_close(&surplus);
            return errno == EAGAIN ? 0 : -errno;
        }
        request->count++;
        more = zmq_msg_more(frame);
    }
    zmq_msg_close(&surplus);
    return 1;
}

static bool frame_is(struct request *request, enum request_frame frame, const char *text) {
    zmq_msg_t *message = &request->frames[frame];

    return zmq_msg_size(message) == strlen(text) &&
           memcmp(zmq_msg_data(message), text, strlen(text)) == 0;
}

/* Whom a request is from, as text in *ret_user_id; false: nobody whom we let in. */
static bool request_judge(const struct zap *zap, struct request *request,
                          char ret_user_id[USER_ID_SIZE]) {
    zmq_msg_t *key = &request->frames[REQUEST_KEY];

    if (request->count != REQUEST_FRAMES || !frame_is(request, REQUEST_VERSION, VERSION) ||
        !frame_is(request, REQUEST_DOMAIN, ZAP_DOMAIN) ||
        !frame_is(request, REQUEST_MECHANISM, MECHANISM) || zmq_msg_size(key) != ZAP_KEY_SIZE)
        return false;
    return zap->knows(zap->context, zmq_msg_data(key)) &&
           zmq_z85_encode(ret_user_id, zmq_msg_data(key), ZAP_KEY_SIZE);
}

static int frame_send(void *socket, const void *bytes, size_t size, int flags) {
    int r;

    do
        r = zmq_send(socket, bytes, size, flags | ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

static int answer_send(void *socket, struct request *request, const char *user_id) {
    const char *status = user_id ? "200" : "400";
    const char *text = user_id ? "OK" : "No key of this network";
    zmq_msg_t *id = &request->frames[REQUEST_ID];

    int r = frame_send(socket, VERSION, strlen(VERSION), ZMQ_SNDMORE);
    if (r >= 0)
        r = frame_send(socket, zmq_msg_data(id), zmq_msg_size(id), ZMQ_SNDMORE);
    if (r >= 0)
        r = frame_send(socket, status, strlen(status), ZMQ_SNDMORE);
    if (r >= 0)
        r = frame_send(socket, text, strlen(text), ZMQ_SNDMORE);
    if (r >= 0)
        r = frame_send(socket, user_id, user_id ? strlen(user_id) : 0, ZMQ_SNDMORE);
    if (r >= 0)
        r = frame_send(socket, NULL, 0, 0); /* no metadata of ours but the User-Id */
    return r;
}

static int zap_answer_one(struct zap *zap) {
    struct request request;
    char user_id[USER_ID_SIZE];

    request_init(&request);
    int r = request_receive(zap->socket, &request);
    if (r > 0) {
        bool known = request_judge(zap, &request, user_id);
        int sent = answer_send(zap->socket, &request, known ? user_id : NULL);
        if (sent < 0)
            r = sent;
    }
    request_fini(&request);
    return r;
}

int zap_answer(struct zap *zap) {
    int r = 1;

    for (unsigned i = 0; i < ANSWERS_MAX && r > 0; i++)
        r = zap_answer_one(zap);
    return r < 0 ? r : 0;
}

int zap_fd(const struct zap *zap) {
    return zap->fd;
}

bool zap_waiting(const struct zap *zap) {
    int events = 0;
    size_t size = sizeof events;

    return zmq_getsockopt(zap->socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

int zap_new(void *zmq_context, zap_knows_fn knows, void *context, struct zap **ret_zap,
            struct failure *ret_failure) {
    static const int linger_ms = 0;
    size_t size = sizeof(int);

    struct zap *zap = calloc(1, sizeof *zap);
    if (!zap)
        return failure_set(ret_failure, -ENOMEM, "out of memory while opening the door");
    zap->knows = knows;
    zap->context = context;

    zap->socket = zmq_socket(zmq_context, ZMQ_REP);
    if (!zap->socket || zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms) < 0 ||
        zmq_bind(zap->socket, ENDPOINT) < 0 ||
        zmq_getsockopt(zap->socket, ZMQ_FD, &zap->fd, &size) < 0) {
        int error = errno;
        zap_free(zap);
        return failure_set(ret_failure, -error, "cannot open the ZAP handler: %s",
                           zmq_strerror(error));
    }

    *ret_zap = zap;
    return 0;
}

void zap_free(struct zap *zap) {
    if (!zap)
        return;
    if (zap->socket)
        zmq_close(zap->socket);
    free(zap);
}
