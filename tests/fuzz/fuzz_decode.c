/* Fuzzes the decoder: any bytes are refused with a sentence or taken, and what is taken is a
 * message that goes over the wire unchanged. The first byte of an input says from whom it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "feed.h"
#include "wire/json.h"
#include "wire/wire.h"

static msgpack_zone zone_new(void) {
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, 1024))
        fuzz_fail("out of memory");
    return zone;
}

static void expect_sentence(const struct wire_error *error) {
    if (error->code != HV_REFUSED_TOO_LARGE && error->code != HV_REFUSED_MALFORMED &&
        error->code != HV_REFUSED_VERSION)
        fuzz_fail("refused with code %d", (int)error->code);
    if (!error->reason[0])
        fuzz_fail("refused without a reason");
    /* What is refused is answered: the sentence itself must be fit to send. */
    struct hv_message answer = {.type = HV_MESSAGE_refused};
    answer.refused.code = error->code;
    answer.refused.reason = error->reason;
    answer.refused.has_field = error->field[0] != '\0';
    answer.refused.field = error->field;
    answer.refused.has_request = error->request[0] != '\0';
    memcpy(answer.refused.request, error->request, sizeof error->request);
    if (wire_message_check(&answer, NULL) < 0)
        fuzz_fail("refused with what cannot be answered: %s", error->reason);
}

/* True when it was taken. */
static bool decode(const void *bytes, size_t size, enum wire_from from, msgpack_zone *zone,
                   struct hv_message *ret_message, uint8_t ret_content[32]) {
    struct wire_error error;
    const int rc = wire_decode(bytes, size, from, NULL, zone, ret_message, ret_content, &error);

    if (rc == -EBADMSG)
        expect_sentence(&error);
    else if (rc != 0)
        fuzz_fail("decoding gave %d", rc);
    return rc == 0;
}

static void encode(const struct hv_message *message, msgpack_sbuffer *buffer) {
    msgpack_sbuffer_init(buffer);
    if (wire_encode(message, buffer) < 0)
        fuzz_fail("out of memory");
}

static void expect_json(const struct hv_message *message) {
    json_t *json = wire_message_to_json(message);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    if (!text)
        fuzz_fail("a message that was taken has no JSON");
    free(text);
    json_decref(json);
}

/* Encoded, decoded and encoded again, it is the same to the byte. Keys that were passed over are
 * content and are not encoded, so that the first content is compared where there can be none. */
static void expect_round_trip(const struct hv_message *message, enum wire_from from,
                              const uint8_t content[32]) {
    msgpack_sbuffer once, twice;
    msgpack_zone zone = zone_new();
    struct hv_message again;
    uint8_t content_again[32];

    encode(message, &once);
    if (!decode(once.data, once.size, from, &zone, &again, content_again))
        fuzz_fail("what was encoded is not taken");
    if (from == WIRE_FROM_PEER && message->type != HV_MESSAGE_hello &&
        memcmp(content, content_again, 32) != 0)
        fuzz_fail("the content is another after encoding");
    encode(&again, &twice);
    if (once.size != twice.size || memcmp(once.data, twice.data, once.size) != 0)
        fuzz_fail("encoded again it is not the same");
    msgpack_sbuffer_destroy(&once);
    msgpack_sbuffer_destroy(&twice);
    msgpack_zone_destroy(&zone);
}

static void message_try(const uint8_t *bytes, size_t size, enum wire_from from) {
    msgpack_zone zone = zone_new();
    struct hv_message message;
    struct wire_error error;
    enum hv_refusal code = 0;
    const char *reason = NULL;
    uint8_t content[32];
    const unsigned depth =
        from == WIRE_FROM_BROKER ? wire_limits_broker.depth : wire_limits_default.depth;
    const int sound = wire_check(bytes, size, depth, &code, &reason);

    if (sound < 0 && (!reason || (code != HV_REFUSED_TOO_LARGE && code != HV_REFUSED_MALFORMED)))
        fuzz_fail("bytes are not sound, and nobody says why");
    if (decode(bytes, size, from, &zone, &message, content)) {
        if (sound < 0)
            fuzz_fail("bytes were taken that are not sound: %s", reason);
        if (wire_message_check(&message, &error) < 0)
            fuzz_fail("a message was taken that may not be sent: %s", error.reason);
        expect_json(&message);
        expect_round_trip(&message, from, content);
    }
    msgpack_zone_destroy(&zone);
}

/* An event as the ledger keeps it. */
static void event_try(const uint8_t *bytes, size_t size) {
    msgpack_zone zone = zone_new();
    msgpack_sbuffer once, twice;
    struct hv_event event, again;

    msgpack_sbuffer_init(&once);
    msgpack_sbuffer_init(&twice);
    const int rc = wire_decode_struct(bytes, size, &wire_struct_event, &zone, &event);
    if (rc != 0 && rc != -EBADMSG)
        fuzz_fail("decoding an event gave %d", rc);
    if (rc == 0) {
        if (wire_encode_struct(&wire_struct_event, &event, &once) < 0 ||
            wire_decode_struct(once.data, once.size, &wire_struct_event, &zone, &again) < 0 ||
            wire_encode_struct(&wire_struct_event, &again, &twice) < 0)
            fuzz_fail("an event does not come back");
        if (once.size != twice.size || memcmp(once.data, twice.data, once.size) != 0)
            fuzz_fail("an event comes back as another");
    }
    msgpack_sbuffer_destroy(&once);
    msgpack_sbuffer_destroy(&twice);
    msgpack_zone_destroy(&zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const enum wire_from from[] = {WIRE_FROM_PEER, WIRE_FROM_BROKER, WIRE_FROM_LATER};
    struct feed feed = {.bytes = bytes, .size = size};
    const size_t whose = feed_below(&feed, 4);

    if (whose == 3)
        event_try(bytes + feed.at, size - feed.at);
    else
        message_try(bytes + feed.at, size - feed.at, from[whose]);
    return 0;
}
