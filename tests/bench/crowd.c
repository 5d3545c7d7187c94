/* The peers of a measurement: DEALER sockets with CURVE, sending and hearing. */
#include "tests/bench/crowd.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

#define SILENCE_MS_MAX 30000
#define DRAIN_MAX      256 /* of one socket, before the next has its turn */

void crowd_init(struct crowd *crowd, const struct city *city) {
    memset(crowd, 0, sizeof *crowd);
    crowd->city = city;
    crowd->context = zmq_ctx_new();
    if (!crowd->context || !msgpack_zone_init(&crowd->zone, 65536))
        errx(1, "out of memory");
}

void crowd_fini(struct crowd *crowd) {
    for (size_t i = 0; i < crowd->count; i++)
        zmq_close(crowd->members[i].socket);
    zmq_ctx_term(crowd->context);
    msgpack_zone_destroy(&crowd->zone);
}

/* ---- Sending ---- */

void member_send(struct member *member, const void *envelope, size_t size, const void *dossier,
                 size_t dossier_size) {
    if (zmq_send(member->socket, envelope, size, dossier_size ? ZMQ_SNDMORE : 0) < 0 ||
        (dossier_size && zmq_send(member->socket, dossier, dossier_size, 0) < 0))
        errx(1, "cannot send: %s", zmq_strerror(zmq_errno()));
}

void member_say(struct member *member, const struct hv_message *message) {
    msgpack_sbuffer buffer;

    msgpack_sbuffer_init(&buffer);
    if (wire_encode(message, &buffer) < 0)
        errx(1, "out of memory");
    member_send(member, buffer.data, buffer.size, NULL, 0);
    msgpack_sbuffer_destroy(&buffer);
}

/* ---- Hearing ---- */

static void decode(struct crowd *crowd, zmq_msg_t *frame, struct heard *ret_heard) {
    struct hv_message *message = &ret_heard->message;
    struct wire_error error;

    if (wire_decode(zmq_msg_data(frame), zmq_msg_size(frame), WIRE_FROM_BROKER, NULL, &crowd->zone,
                    message, NULL, &error) < 0)
        errx(1, "the broker said what cannot be read: %s", error.reason);
    if (message->type == HV_MESSAGE_refused)
        errx(1, "the broker refused %s: %s", message->refused.request, message->refused.reason);
}

/* The request of a `done`, which is its second key, read without the rest: the generator must cost
 * little beside what it measures. False for all else. */
static bool done_peek(zmq_msg_t *frame, struct heard *ret_heard) {
    static const char head[] = "\xa4type\xa4"
                               "done\xa7request";
    const char *bytes = zmq_msg_data(frame);
    const size_t size = zmq_msg_size(frame);
    const size_t at = 1 + sizeof head; /* of the text, behind the map's byte and its own */

    if (size < at || memcmp(bytes + 1, head, sizeof head - 1) != 0)
        return false;
    const size_t length = (uint8_t)bytes[at - 1] & 0x1f;
    if (((uint8_t)bytes[at - 1] & 0xe0) != 0xa0 || length >= sizeof ret_heard->request ||
        at + length > size)
        return false;
    memcpy(ret_heard->request, bytes + at, length);
    ret_heard->request[length] = '\0';
    return true;
}

static void understand(struct crowd *crowd, zmq_msg_t *frame, struct heard *ret_heard) {
    ret_heard->is_item = false;
    ret_heard->request[0] = '\0';
    if (done_peek(frame, ret_heard))
        return;
    decode(crowd, frame, ret_heard);
    ret_heard->is_item = ret_heard->message.type == HV_MESSAGE_item;
}

/* The first frame of a message that is there; those behind it are passed over. */
static bool frame_receive(struct member *member, zmq_msg_t *ret_frame) {
    zmq_msg_t surplus;

    if (zmq_msg_recv(ret_frame, member->socket, ZMQ_DONTWAIT) < 0)
        return false;
    bool more = zmq_msg_more(ret_frame);
    while (more) {
        zmq_msg_init(&surplus);
        more = zmq_msg_recv(&surplus, member->socket, 0) >= 0 && zmq_msg_more(&surplus);
        zmq_msg_close(&surplus);
    }
    return true;
}

typedef void (*frame_fn)(struct crowd *crowd, struct member *member, zmq_msg_t *frame,
                         void *context);

static void listen_to(struct crowd *crowd, frame_fn take, void *context) {
    zmq_pollitem_t waiting[CROWD_MAX];
    zmq_msg_t frame;

    for (size_t i = 0; i < crowd->count; i++)
        waiting[i] = (zmq_pollitem_t){.socket = crowd->members[i].socket, .events = ZMQ_POLLIN};
    if (zmq_poll(waiting, (int)crowd->count, SILENCE_MS_MAX) <= 0)
        errx(1, "nothing was heard for %d s", SILENCE_MS_MAX / 1000);
    for (size_t i = 0; i < crowd->count; i++) {
        zmq_msg_init(&frame);
        for (int j = 0; j < DRAIN_MAX && waiting[i].revents; j++) {
            if (!frame_receive(&crowd->members[i], &frame))
                break;
            take(crowd, &crowd->members[i], &frame, context);
        }
        zmq_msg_close(&frame);
    }
}

struct listening {
    void (*heard)(void *context, struct member *member, struct heard *heard);
    void (*raw)(void *context, struct member *member, const char *bytes, size_t size);
    void *context;
};

static void take(struct crowd *crowd, struct member *member, zmq_msg_t *frame, void *context) {
    const struct listening *listening = context;
    struct heard heard;

    understand(crowd, frame, &heard);
    listening->heard(listening->context, member, &heard);
    if (heard.is_item)
        msgpack_zone_clear(&crowd->zone);
}

static void take_raw(struct crowd *crowd, struct member *member, zmq_msg_t *frame, void *context) {
    const struct listening *listening = context;

    (void)crowd;
    listening->raw(listening->context, member, zmq_msg_data(frame), zmq_msg_size(frame));
}

void crowd_listen(struct crowd *crowd,
                  void (*heard)(void *context, struct member *member, struct heard *heard),
                  void *context) {
    struct listening listening = {.heard = heard, .context = context};

    listen_to(crowd, take, &listening);
}

void crowd_listen_raw(struct crowd *crowd,
                      void (*heard)(void *context, struct member *member, const char *bytes,
                                    size_t size),
                      void *context) {
    struct listening listening = {.raw = heard, .context = context};

    listen_to(crowd, take_raw, &listening);
}

/* ---- Joining, asking ---- */

/* Waits for one message and decodes it. */
static void answer_wait(struct crowd *crowd, struct member *member,
                        struct hv_message *ret_message) {
    static const int timeout_ms = SILENCE_MS_MAX;
    struct heard heard;
    zmq_msg_t frame;

    zmq_msg_init(&frame);
    zmq_setsockopt(member->socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    if (zmq_msg_recv(&frame, member->socket, 0) < 0)
        errx(1, "no answer: %s", zmq_strerror(zmq_errno()));
    decode(crowd, &frame, &heard);
    zmq_msg_close(&frame);
    *ret_message = heard.message;
}

static void hello(struct crowd *crowd, struct member *member, enum hv_role role, int64_t credit) {
    struct hv_message message = {.type = HV_MESSAGE_hello};

    snprintf(message.hello.request, sizeof message.hello.request, "hello");
    snprintf(message.hello.instance, sizeof message.hello.instance, "bench-%zu", member->number);
    message.hello.version = HV_WIRE_VERSION;
    message.hello.role = role;
    message.hello.credit = credit;
    member_say(member, &message);
    answer_wait(crowd, member, &message);
    if (message.type != HV_MESSAGE_welcome)
        errx(1, "the broker did not welcome us");
}

struct member *crowd_join(struct crowd *crowd, size_t organisation, enum hv_role role,
                          int64_t credit) {
    static const int none = 0;
    const struct city *city = crowd->city;
    const struct city_keys *keys = &city->organisations[organisation].keys;
    struct member *member = &crowd->members[crowd->count];

    if (crowd->count == CROWD_MAX)
        errx(1, "at most %d sockets", CROWD_MAX);
    member->number = crowd->count++;
    member->organisation = organisation;
    member->socket = zmq_socket(crowd->context, ZMQ_DEALER);
    if (!member->socket ||
        zmq_setsockopt(member->socket, ZMQ_CURVE_SERVERKEY, city->broker.public_key, 41) < 0 ||
        zmq_setsockopt(member->socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, 41) < 0 ||
        zmq_setsockopt(member->socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, 41) < 0 ||
        zmq_setsockopt(member->socket, ZMQ_LINGER, &none, sizeof none) < 0 ||
        zmq_setsockopt(member->socket, ZMQ_SNDHWM, &none, sizeof none) < 0 ||
        zmq_setsockopt(member->socket, ZMQ_RCVHWM, &none, sizeof none) < 0 ||
        zmq_connect(member->socket, city->endpoint) < 0)
        errx(1, "cannot connect: %s", zmq_strerror(zmq_errno()));
    if (role)
        hello(crowd, member, role, credit);
    return member;
}

static int64_t stat_of(const struct hv_done *done, const char *name) {
    for (size_t i = 0; i < done->stats.count; i++)
        if (strcmp(done->stats.items[i].name, name) == 0)
            return done->stats.items[i].value;
    errx(1, "the broker has no counter %s", name);
}

void crowd_stats(struct crowd *crowd, struct member *coordinator, const char *const *names,
                 size_t count, int64_t *ret_values) {
    struct hv_message message = {.type = HV_MESSAGE_stats};

    snprintf(message.stats.request, sizeof message.stats.request, "stats");
    member_say(coordinator, &message);
    answer_wait(crowd, coordinator, &message);
    for (size_t i = 0; i < count; i++)
        ret_values[i] = stat_of(&message.done, names[i]);
    msgpack_zone_clear(&crowd->zone);
}
