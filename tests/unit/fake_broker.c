/* A broker that says what a test tells it to. */
#include "tests/unit/fake_broker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <zmq.h>

#include "wire/wire.h"

#define ZAP_ENFORCE_DOMAIN 93 /* hidden behind drafts, and there nevertheless */

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void option_set(void *socket, int name, const void *value, size_t size) {
    assert_int_equal(zmq_setsockopt(socket, name, value, size), 0);
}

static void number_set(void *socket, int name, int value) {
    option_set(socket, name, &value, sizeof value);
}

static void router_open(struct fake_broker *broker) {
    broker->router = zmq_socket(broker->context, ZMQ_ROUTER);
    assert_non_null(broker->router);
    number_set(broker->router, ZMQ_LINGER, 0);
    number_set(broker->router, ZMQ_ROUTER_MANDATORY, 1);
    number_set(broker->router, ZMQ_CURVE_SERVER, 1);
    number_set(broker->router, ZAP_ENFORCE_DOMAIN, 1);
    option_set(broker->router, ZMQ_ZAP_DOMAIN, "test", strlen("test"));
    option_set(broker->router, ZMQ_CURVE_SECRETKEY, broker->secret_key, HV_KEY_SIZE);
    assert_int_equal(zmq_bind(broker->router, broker->endpoint), 0);
}

void fake_broker_begin(struct fake_broker *broker) {
    broker->context = zmq_ctx_new();
    assert_non_null(broker->context);
    broker->zap = zmq_socket(broker->context, ZMQ_REP);
    assert_non_null(broker->zap);
    number_set(broker->zap, ZMQ_LINGER, 0);
    assert_int_equal(zmq_bind(broker->zap, "inproc://zeromq.zap.01"), 0);
    router_open(broker);
}

void fake_broker_fini(struct fake_broker *broker) {
    zmq_close(broker->router);
    zmq_close(broker->zap);
    zmq_ctx_term(broker->context);
}

void fake_broker_init(struct fake_broker *broker) {
    static unsigned brokers;
    *broker = (struct fake_broker){.admits = true, .heartbeat_ms = 20000};
    snprintf(broker->endpoint, sizeof broker->endpoint, "ipc://@houvast-test-%d-%u", (int)getpid(),
             ++brokers);
    hv_curve_pair_new(broker->public_key, broker->secret_key);
    hv_curve_pair_new(broker->peer_public_key, broker->peer_secret_key);
    hv_uuid_new(&broker->ledger);
    fake_broker_begin(broker);
}

void fake_broker_restart(struct fake_broker *broker) {
    fake_broker_fini(broker);
    fake_broker_begin(broker);
}

struct hv_config fake_broker_config(const struct fake_broker *broker) {
    struct hv_config config = {
        .endpoint = broker->endpoint,
        .role = HV_ROLE_ENDPOINT,
        .credit = 4,
        .timeout_ms = PATIENCE_MS,
    };
    memcpy(config.broker_public_key, broker->public_key, HV_KEY_SIZE);
    memcpy(config.public_key, broker->peer_public_key, HV_KEY_SIZE);
    memcpy(config.secret_key, broker->peer_secret_key, HV_KEY_SIZE);
    return config;
}

/* ---- Who may come in ---- */

/* ZAP 1.0 (RFC 27): version, sequence, domain, address, identity, mechanism, key. */
static void zap_answer(struct fake_broker *broker) {
    char version[8] = "", sequence[256], rest[256];
    int version_size = zmq_recv(broker->zap, version, sizeof version, 0);
    int sequence_size = zmq_recv(broker->zap, sequence, sizeof sequence, 0);
    int more = 1, key_size = 0;
    uint8_t key[HV_KEY_SIZE] = {0};
    size_t size = sizeof more;
    while (more) {
        key_size = zmq_recv(broker->zap, rest, sizeof rest, 0);
        zmq_getsockopt(broker->zap, ZMQ_RCVMORE, &more, &size);
    }
    if (key_size == HV_KEY_SIZE)
        memcpy(key, rest, sizeof key);
    bool known = broker->admits && memcmp(key, broker->peer_public_key, sizeof key) == 0;
    zmq_send(broker->zap, version, (size_t)version_size, ZMQ_SNDMORE);
    zmq_send(broker->zap, sequence, (size_t)sequence_size, ZMQ_SNDMORE);
    zmq_send(broker->zap, known ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(broker->zap, "", 0, ZMQ_SNDMORE);
    zmq_send(broker->zap, "peer", known ? 4 : 0, ZMQ_SNDMORE);
    zmq_send(broker->zap, "", 0, 0);
}

/* ---- Listening ---- */

/* Waits until the router has something; meanwhile lets in who knocks. */
static bool router_wait(struct fake_broker *broker, int wait_ms) {
    int64_t until_ms = now_ms() + wait_ms;
    zmq_pollitem_t items[] = {
        {.socket = broker->router, .events = ZMQ_POLLIN},
        {.socket = broker->zap, .events = ZMQ_POLLIN},
    };
    for (;;) {
        int64_t left_ms = until_ms - now_ms();
        if (zmq_poll(items, 2, left_ms > 0 ? (long)left_ms : 0) == 0)
            return false;
        if (items[1].revents)
            zap_answer(broker);
        if (items[0].revents)
            return true;
    }
}

static const char *request_of(const struct hv_message *message) {
    const struct wire_struct *type = wire_message_struct(message->type);
    size_t base;
    const struct wire_field *field = wire_field_named(type, "request", strlen("request"), &base);
    const char *value = (const char *)&message->hello + base;
    bool has = field->required || *(const bool *)(value + field->has_offset);
    return has ? value + field->offset : "";
}

static void said_read(struct fake_broker *broker, struct said *said) {
    zmq_msg_t envelope, dossier;
    zmq_msg_init(&envelope);
    zmq_msg_init(&dossier);
    int size = zmq_recv(broker->router, said->route, sizeof said->route, 0);
    assert_in_range(size, 1, sizeof said->route);
    said->route_size = (size_t)size;
    assert_true(zmq_msg_recv(&envelope, broker->router, 0) >= 0);
    if (zmq_msg_more(&envelope)) {
        assert_true(zmq_msg_recv(&dossier, broker->router, 0) >= 0);
        assert_false(zmq_msg_more(&dossier));
        said->dossier_size = zmq_msg_size(&dossier);
        said->dossier = malloc(said->dossier_size + 1);
        memcpy(said->dossier, zmq_msg_data(&dossier), said->dossier_size);
    }
    struct wire_error error;
    int result = wire_decode(zmq_msg_data(&envelope), zmq_msg_size(&envelope), WIRE_FROM_PEER, NULL,
                             said->zone, &said->message, said->content, &error);
    if (result < 0)
        fail_msg("a peer said what is no message: %s", error.reason);
    zmq_msg_close(&envelope);
    zmq_msg_close(&dossier);
    snprintf(said->request, sizeof said->request, "%s", request_of(&said->message));
}

bool fake_broker_listen_closely(struct fake_broker *broker, int wait_ms, struct said *ret_said) {
    if (!router_wait(broker, wait_ms))
        return false;
    *ret_said = (struct said){.zone = msgpack_zone_new(512)};
    assert_non_null(ret_said->zone);
    said_read(broker, ret_said);
    return true;
}

bool fake_broker_listen(struct fake_broker *broker, int wait_ms, struct said *ret_said) {
    int64_t until_ms = now_ms() + wait_ms;
    for (;;) {
        int64_t left_ms = until_ms - now_ms();
        if (!fake_broker_listen_closely(broker, left_ms > 0 ? (int)left_ms : 0, ret_said))
            return false;
        if (ret_said->message.type != HV_MESSAGE_ping)
            return true;
        struct hv_message pong = {.type = HV_MESSAGE_pong, .pong = {.has_request = true}};
        memcpy(pong.pong.request, ret_said->request, sizeof ret_said->request);
        fake_broker_say(broker, ret_said, &pong, NULL, 0);
        said_close(ret_said);
    }
}

static const char *type_text(enum hv_message_type type) {
    const struct wire_struct *found = wire_message_struct(type);
    return found ? found->name : "nothing";
}

struct said fake_broker_expect(struct fake_broker *broker, enum hv_message_type type) {
    struct said said = {0};
    if (!fake_broker_listen(broker, PATIENCE_MS, &said))
        fail_msg("expected %s, got nothing", type_text(type));
    if (said.message.type != type)
        fail_msg("expected %s, got %s", type_text(type), type_text(said.message.type));
    return said;
}

void said_close(struct said *said) {
    free(said->dossier);
    msgpack_zone_free(said->zone);
    *said = (struct said){0};
}

/* ---- Saying ---- */

static void frames_send(struct fake_broker *broker, const struct said *to, const void *bytes,
                        size_t size, const void *dossier, size_t dossier_size) {
    assert_true(zmq_send(broker->router, to->route, to->route_size, ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(broker->router, bytes, size, dossier ? ZMQ_SNDMORE : 0) >= 0);
    if (dossier)
        assert_true(zmq_send(broker->router, dossier, dossier_size, 0) >= 0);
}

void fake_broker_say(struct fake_broker *broker, const struct said *to,
                     const struct hv_message *message, const void *dossier, size_t dossier_size) {
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    assert_int_equal(wire_encode(message, &buffer), 0);
    frames_send(broker, to, buffer.data, buffer.size, dossier, dossier_size);
    msgpack_sbuffer_destroy(&buffer);
}

void fake_broker_say_bytes(struct fake_broker *broker, const struct said *to, const void *bytes,
                           size_t size) {
    frames_send(broker, to, bytes, size, NULL, 0);
}

void fake_broker_welcome(struct fake_broker *broker, const struct said *hello) {
    struct hv_message message = {
        .type = HV_MESSAGE_welcome,
        .welcome = {.organisation = "kcc",
                    .network = "delft",
                    .ledger = broker->ledger,
                    .heartbeat = broker->heartbeat_ms,
                    .at = 1790000000000,
                    .seq = broker->seq},
    };
    memcpy(message.welcome.request, hello->request, sizeof hello->request);
    fake_broker_say(broker, hello, &message, NULL, 0);
}

void fake_broker_done(struct fake_broker *broker, const struct said *said, bool repeated) {
    struct hv_message message = {
        .type = HV_MESSAGE_done,
        .done = {.has_request = true,
                 .ledger = broker->ledger,
                 .at = 1790000000000,
                 .seq = ++broker->seq,
                 .has_repeated = repeated,
                 .repeated = repeated},
    };
    memcpy(message.done.request, said->request, sizeof said->request);
    fake_broker_say(broker, said, &message, NULL, 0);
}

void fake_broker_refuse(struct fake_broker *broker, const struct said *said, bool asked,
                        enum hv_refusal code, int64_t retry_after_ms) {
    struct hv_message message = {
        .type = HV_MESSAGE_refused,
        .refused = {.has_request = asked,
                    .code = code,
                    .reason = "because the test says so",
                    .has_retry_after = retry_after_ms >= 0,
                    .retry_after = retry_after_ms},
    };
    memcpy(message.refused.request, said->request, sizeof said->request);
    fake_broker_say(broker, said, &message, NULL, 0);
}

void fake_broker_item(struct fake_broker *broker, const struct said *to, int64_t item,
                      int64_t attempt, const char *dossier) {
    struct hv_message message = {
        .type = HV_MESSAGE_item,
        .item = {.item = item, .attempt = attempt, .event = {.event = HV_EVENT_OFFERED}},
    };
    fake_broker_say(broker, to, &message, dossier, dossier ? strlen(dossier) : 0);
}
