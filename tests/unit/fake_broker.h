/* A broker that says what a test tells it to: a real ROUTER with CURVE and ZAP, driven by the
 * test's own thread, so that a test reads like a conversation. It knows nothing of handovers. */
#ifndef HOUVAST_TEST_FAKE_BROKER_H
#define HOUVAST_TEST_FAKE_BROKER_H

#include <msgpack.h>

#include "houvast/houvast.h"

/* Long enough for a slow machine; a test that passes never waits so long. */
#define PATIENCE_MS 20000

struct fake_broker {
    void *context, *router, *zap;
    char endpoint[64];
    uint8_t public_key[HV_KEY_SIZE], secret_key[HV_KEY_SIZE];
    uint8_t peer_public_key[HV_KEY_SIZE], peer_secret_key[HV_KEY_SIZE]; /* a peer that it knows */
    bool admits;                                                        /* false: it knows nobody */
    struct hv_uuid ledger;
    int64_t heartbeat_ms;
    int64_t seq;
};

/* What a peer said. Close it when read. */
struct said {
    uint8_t route[64];
    size_t route_size;
    struct hv_message message;
    uint8_t content[32]; /* equal for equal content */
    char request[HV_REQUEST_SIZE];
    void *dossier; /* NULL: none */
    size_t dossier_size;
    msgpack_zone *zone;
};

/* Listens at an endpoint of its own, with a heartbeat of 20 s. Fails the test where it cannot. */
void fake_broker_init(struct fake_broker *broker);
void fake_broker_fini(struct fake_broker *broker);
/* After that, listens again at the same endpoint, with the same keys and no session. */
void fake_broker_begin(struct fake_broker *broker);
/* Both, as after kill -9 and a new start. */
void fake_broker_restart(struct fake_broker *broker);

/* The configuration of a peer that it knows. */
struct hv_config fake_broker_config(const struct fake_broker *broker);

/* Waits for the next message but pings, which it answers. False: none came in wait_ms. */
bool fake_broker_listen(struct fake_broker *broker, int wait_ms, struct said *ret_said);
/* The same for any message. */
bool fake_broker_listen_closely(struct fake_broker *broker, int wait_ms, struct said *ret_said);
/* Waits for one of this type; anything else fails the test. */
struct said fake_broker_expect(struct fake_broker *broker, enum hv_message_type type);
void said_close(struct said *said);

/* Sends a message to whoever said this. */
void fake_broker_say(struct fake_broker *broker, const struct said *to,
                     const struct hv_message *message, const void *dossier, size_t dossier_size);
/* Sends bytes that are no message. */
void fake_broker_say_bytes(struct fake_broker *broker, const struct said *to, const void *bytes,
                           size_t size);

void fake_broker_welcome(struct fake_broker *broker, const struct said *hello);
void fake_broker_done(struct fake_broker *broker, const struct said *said, bool repeated);
/* With `asked` as the answer to what was said, else by itself. retry_after_ms below 0: none. */
void fake_broker_refuse(struct fake_broker *broker, const struct said *said, bool asked,
                        enum hv_refusal code, int64_t retry_after_ms);
void fake_broker_item(struct fake_broker *broker, const struct said *to, int64_t item,
                      int64_t attempt, const char *dossier);

#endif
