/* What holds of every message and of any bytes: the codec loses nothing, and nothing breaks it.
 *
 * Chance has a fixed seed; WIRE_SEED in the environment gives another, WIRE_ROUNDS makes the search
 * longer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/unit/wire_samples.h"
#include "wire/json.h"

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static struct chance chance_begin(void) {
    struct chance chance = {setting("WIRE_SEED", 20260501)};
    print_message("WIRE_SEED=%llu\n", (unsigned long long)chance.state);
    return chance;
}

static enum wire_from from_of(enum hv_message_type type) {
    return wire_message_by(type) == WIRE_BY_BROKER ? WIRE_FROM_BROKER : WIRE_FROM_PEER;
}

static const enum sample_fields manners[] = {SAMPLE_REQUIRED, SAMPLE_ALL, SAMPLE_SOME};

/* ---- Round trips ---- */

static void comes_back(const struct hv_message *message) {
    msgpack_sbuffer there, back;
    msgpack_zone zone;
    struct hv_message decoded;
    struct wire_error error;
    uint8_t content[32];
    msgpack_sbuffer_init(&there);
    msgpack_sbuffer_init(&back);
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(wire_encode(message, &there), 0);
    int r = wire_decode(there.data, there.size, from_of(message->type), &wire_limits_broker, &zone,
                        &decoded, content, &error);
    if (r == -EBADMSG)
        print_error("%s refused: `%s`: %s\n", wire_message_struct(message->type)->name, error.field,
                    error.reason);
    assert_int_equal(r, 0);
    /* Nothing of what was decoded may lie in the frame. */
    size_t size = there.size;
    char *kept = malloc(size);
    assert_non_null(kept);
    memcpy(kept, there.data, size);
    memset(there.data, 0xc1, size);
    assert_int_equal(wire_encode(&decoded, &back), 0);
    assert_int_equal(back.size, size);
    assert_memory_equal(back.data, kept, size);
    free(kept);
    msgpack_zone_destroy(&zone);
    msgpack_sbuffer_destroy(&there);
    msgpack_sbuffer_destroy(&back);
}

static void every_message_comes_back_as_it_went(void **state) {
    (void)state;
    struct chance chance = chance_begin();
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++)
        for (size_t i = 0; i < 30; i++) {
            struct hv_message message;
            msgpack_zone zone;
            assert_true(msgpack_zone_init(&zone, 1024));
            sample_message(&chance, (enum hv_message_type)type, manners[i % 3], &zone, &message);
            comes_back(&message);
            msgpack_zone_destroy(&zone);
        }
}

static void every_event_comes_back_as_it_was_kept(void **state) {
    (void)state;
    struct chance chance = chance_begin();
    for (size_t i = 0; i < 300; i++) {
        struct hv_event event, decoded;
        msgpack_sbuffer there, back;
        msgpack_zone zone;
        assert_true(msgpack_zone_init(&zone, 1024));
        msgpack_sbuffer_init(&there);
        msgpack_sbuffer_init(&back);
        sample_struct(&chance, &wire_struct_event, manners[i % 3], &zone, &event);
        assert_int_equal(wire_encode_struct(&wire_struct_event, &event, &there), 0);
        assert_int_equal(
            wire_decode_struct(there.data, there.size, &wire_struct_event, &zone, &decoded), 0);
        assert_int_equal(wire_encode_struct(&wire_struct_event, &decoded, &back), 0);
        assert_int_equal(there.size, back.size);
        assert_memory_equal(there.data, back.data, back.size);
        assert_int_equal(
            wire_decode_struct(there.data, there.size - 1, &wire_struct_event, &zone, &decoded),
            -EBADMSG);
        msgpack_zone_destroy(&zone);
        msgpack_sbuffer_destroy(&there);
        msgpack_sbuffer_destroy(&back);
    }
}

/* A digest has more items than a list that a peer may send. */
static void what_is_kept_may_have_longer_lists(void **state) {
    (void)state;
    static const struct hv_overdue overdue[50];
    const struct hv_event event = {
        .event = HV_EVENT_DIGEST, .has_overdue = true, .overdue = {.count = 50, .items = overdue}};
    struct hv_event decoded;
    msgpack_sbuffer buffer;
    msgpack_zone zone;
    assert_true(msgpack_zone_init(&zone, 1024));
    msgpack_sbuffer_init(&buffer);
    assert_int_equal(wire_encode_struct(&wire_struct_event, &event, &buffer), 0);
    assert_int_equal(
        wire_decode_struct(buffer.data, buffer.size, &wire_struct_event, &zone, &decoded), 0);
    assert_int_equal(decoded.overdue.count, 50);
    msgpack_zone_destroy(&zone);
    msgpack_sbuffer_destroy(&buffer);
}

/* ---- Any bytes ---- */

static void byte_set(struct chance *chance, msgpack_sbuffer *buffer) {
    if (buffer->size > 0)
        buffer->data[chance_below(chance, buffer->size)] = (char)chance_next(chance);
}

static void bit_turn(struct chance *chance, msgpack_sbuffer *buffer) {
    uint8_t *bytes = (uint8_t *)buffer->data;
    if (buffer->size > 0)
        bytes[chance_below(chance, buffer->size)] ^= (uint8_t)(1U << chance_below(chance, 8));
}

static void stretch_drop(struct chance *chance, msgpack_sbuffer *buffer) {
    size_t from = chance_below(chance, buffer->size + 1);
    size_t size = chance_below(chance, 1 + (buffer->size - from) / 2);
    memmove(buffer->data + from, buffer->data + from + size, buffer->size - from - size);
    buffer->size -= size;
}

static void stretch_repeat(struct chance *chance, msgpack_sbuffer *buffer) {
    char copy[64];
    size_t from = chance_below(chance, buffer->size + 1);
    size_t left = buffer->size - from;
    size_t size = chance_below(chance, 1 + (left < sizeof copy ? left : sizeof copy));
    memcpy(copy, buffer->data + from, size);
    msgpack_sbuffer_write(buffer, copy, size);
    memmove(buffer->data + from + size, buffer->data + from, left);
    memcpy(buffer->data + from, copy, size);
}

/* Heads that ask for trouble. */
static void head_set(struct chance *chance, msgpack_sbuffer *buffer) {
    static const char heads[][6] = {"\xdd\xff\xff\xff\xff", "\xdf\x7f\xff\xff\xff",
                                    "\xdb\xff\xff\xff\xff", "\xc1\xc0\xc1\xc0\xc1",
                                    "\x91\x91\x91\x91\x91", "\xcf\xff\xff\xff\xff",
                                    "\xd4\x01\x01\x90\x80", "\xcb\x3f\xf0\x01\x01"};
    size_t from = chance_below(chance, buffer->size + 1), left = buffer->size - from;
    memcpy(buffer->data + from, heads[chance_below(chance, 8)], left < 5 ? left : 5);
}

static void mutate(struct chance *chance, msgpack_sbuffer *buffer) {
    static void (*const mutations[])(struct chance *, msgpack_sbuffer *) = {
        byte_set, bit_turn, bit_turn, stretch_drop, stretch_repeat, head_set};
    size_t count = 1 + chance_below(chance, 3);
    for (size_t i = 0; i < count; i++)
        mutations[chance_below(chance, 6)](chance, buffer);
}

static bool is_text(const char *text) {
    return u8_check((const uint8_t *)text, strlen(text)) == NULL;
}

static void refusal_is_sound(const struct wire_error *error) {
    assert_true(error->code == HV_REFUSED_TOO_LARGE || error->code == HV_REFUSED_MALFORMED ||
                error->code == HV_REFUSED_VERSION);
    assert_true(error->reason[0] != '\0');
    assert_true(is_text(error->field) && is_text(error->reason) && is_text(error->request));
}

/* Decodes a copy of exactly this size, so that reading past it is found out. */
static int decode_copy(const msgpack_sbuffer *buffer, enum wire_from from, msgpack_zone *zone,
                       struct hv_message *ret_message, uint8_t ret_content[32]) {
    struct wire_error error;
    char *copy = malloc(buffer->size + (buffer->size == 0));
    assert_non_null(copy);
    if (buffer->size > 0)
        memcpy(copy, buffer->data, buffer->size);
    int r = wire_decode(copy, buffer->size, from, NULL, zone, ret_message, ret_content, &error);
    free(copy);
    if (r != 0) {
        assert_int_equal(r, -EBADMSG);
        refusal_is_sound(&error);
    }
    return r;
}

/* Whether it was taken; what is taken has a content that encoding does not change. Keys that were
 * passed over are content, and are not encoded: then the second time is compared. */
static bool bytes_hold(const msgpack_sbuffer *buffer, enum wire_from from) {
    struct hv_message message;
    uint8_t first[32], second[32], third[32];
    msgpack_zone zone;
    msgpack_sbuffer again;
    assert_true(msgpack_zone_init(&zone, 1024));
    msgpack_sbuffer_init(&again);
    bool was_taken = decode_copy(buffer, from, &zone, &message, first) == 0;
    if (was_taken) {
        assert_int_equal(wire_encode(&message, &again), 0);
        assert_int_equal(decode_copy(&again, from, &zone, &message, second), 0);
        if (from == WIRE_FROM_PEER && message.type != HV_MESSAGE_hello)
            assert_memory_equal(first, second, 32);
        again.size = 0;
        assert_int_equal(wire_encode(&message, &again), 0);
        assert_int_equal(decode_copy(&again, from, &zone, &message, third), 0);
        assert_memory_equal(second, third, 32);
    }
    msgpack_sbuffer_destroy(&again);
    msgpack_zone_destroy(&zone);
    return was_taken;
}

static enum wire_from from_chosen(struct chance *chance, enum hv_message_type type) {
    if (from_of(type) == WIRE_FROM_BROKER)
        return WIRE_FROM_BROKER;
    return chance_below(chance, 4) == 0 ? WIRE_FROM_LATER : WIRE_FROM_PEER;
}

static void mutated_messages_break_nothing(void **state) {
    (void)state;
    struct chance chance = chance_begin();
    uint64_t rounds = setting("WIRE_ROUNDS", 6000), taken = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        struct hv_message message;
        msgpack_zone zone;
        msgpack_sbuffer buffer;
        int type = 1 + (int)chance_below(&chance, HV_MESSAGE_TYPES - 1);
        bool big = type == HV_MESSAGE_done && i % 16 != 0;
        assert_true(msgpack_zone_init(&zone, 1024));
        msgpack_sbuffer_init(&buffer);
        sample_message(&chance, (enum hv_message_type)type, big ? SAMPLE_REQUIRED : SAMPLE_SOME,
                       &zone, &message);
        assert_int_equal(wire_encode(&message, &buffer), 0);
        mutate(&chance, &buffer);
        taken += bytes_hold(&buffer, from_chosen(&chance, message.type));
        msgpack_sbuffer_destroy(&buffer);
        msgpack_zone_destroy(&zone);
    }
    print_message("%llu of %llu mutated messages were taken\n", (unsigned long long)taken,
                  (unsigned long long)rounds);
    assert_true(taken > rounds / 50 && taken < rounds);
}

static void random_bytes_break_nothing(void **state) {
    (void)state;
    struct chance chance = chance_begin();
    for (uint64_t i = 0; i < setting("WIRE_ROUNDS", 6000); i++) {
        msgpack_sbuffer buffer;
        msgpack_sbuffer_init(&buffer);
        size_t size = chance_below(&chance, 80);
        for (size_t k = 0; k < size; k++) {
            char byte = (char)chance_next(&chance);
            msgpack_sbuffer_write(&buffer, &byte, 1);
        }
        bytes_hold(&buffer, (enum wire_from)chance_below(&chance, 3));
        msgpack_sbuffer_destroy(&buffer);
    }
}

/* ---- Content ---- */

static void content_of_bytes(const void *bytes, size_t size, enum wire_from from,
                             uint8_t ret_content[32]) {
    struct hv_message message;
    struct wire_error error;
    msgpack_zone zone;
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(wire_decode(bytes, size, from, NULL, &zone, &message, ret_content, &error), 0);
    msgpack_zone_destroy(&zone);
}

static void content_of(const char *json, uint8_t ret_content[32]) {
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    sample_json(json, &buffer);
    content_of_bytes(buffer.data, buffer.size, WIRE_FROM_LATER, ret_content);
    msgpack_sbuffer_destroy(&buffer);
}

static void contents_equal(const char *one, const char *other) {
    uint8_t first[32], second[32];
    content_of(one, first);
    content_of(other, second);
    assert_memory_equal(first, second, 32);
}

static void contents_differ(const char *one, const char *other) {
    uint8_t first[32], second[32];
    content_of(one, first);
    content_of(other, second);
    assert_memory_not_equal(first, second, 32);
}

#define ID_A "01890a5d-ac96-774b-bcce-b302099a8057"
#define ID_B "01890a5d-ac96-774b-bcce-b302099a8058"
#define CONFIRM(contact) \
    "{'type':'confirm','request':'q','handover':'" ID_A "','begeleider':'a','contact':" contact "}"

static void content_is_blind_to_order_and_request(void **state) {
    (void)state;
    contents_equal("{'type':'ack','request':'a','item':1}", "{'item':1,'type':'ack'}");
    contents_equal("{'type':'ack','request':'a','item':1}",
                   "{'item':1,'request':'b','type':'ack'}");
    contents_equal(CONFIRM("{'on':1,'how':'came','with':'resident'}"),
                   CONFIRM("{'with':'resident','on':1,'how':'came'}"));
    contents_equal("{'type':'ack','item':1,'mood':{'a':1,'b':[2]}}",
                   "{'mood':{'b':[2],'a':1},'item':1,'type':'ack'}");
}

static void content_is_blind_to_the_width_of_heads(void **state) {
    (void)state;
    static const char narrow[] = "\x82\xa4type\xa3"
                                 "ack\xa4item\x07";
    static const char wide[] =
        "\xdf\0\0\0\x02\xda\0\x04item\xd3\0\0\0\0\0\0\0\x07\xd9\x04type\xdb\0\0\0\x03"
        "ack";
    uint8_t first[32], second[32];
    content_of_bytes(narrow, sizeof narrow - 1, WIRE_FROM_PEER, first);
    content_of_bytes(wide, sizeof wide - 1, WIRE_FROM_PEER, second);
    assert_memory_equal(first, second, 32);
}

static void content_sees_everything_else(void **state) {
    (void)state;
    static const char open[] = "{'type':'fetch','request':'q','handover':'" ID_A "'}";
    contents_differ("{'type':'ack','item':1}", "{'type':'ack','item':2}");
    contents_differ("{'type':'ack','item':1}", "{'type':'ack','item':1,'mood':1}");
    contents_differ("{'type':'ack','item':1,'mood':1}", "{'type':'ack','item':1,'mood':'1'}");
    contents_differ("{'type':'ack','item':1,'mood':[]}", "{'type':'ack','item':1,'mood':{}}");
    contents_differ("{'type':'ack','item':1,'mood':{'request':'a'}}",
                    "{'type':'ack','item':1,'mood':{'request':'b'}}");
    contents_differ("{'type':'ping'}", "{'type':'pong'}");
    contents_differ(open, "{'type':'fetch','request':'q','handover':'" ID_B "'}");
    contents_differ("{'type':'status','request':'q','handover':'" ID_A "'}",
                    "{'type':'status','request':'q','journey':'" ID_A "'}");
    contents_differ(CONFIRM("{'on':1,'how':'came','with':'resident'}"),
                    CONFIRM("{'on':2,'how':'came','with':'resident'}"));
}

/* ---- JSON ---- */

static void json_shows_what_the_wire_carries(void **state) {
    (void)state;
    struct hv_event event = {.event = HV_EVENT_PICKED_UP,
                             .has_journey = true,
                             .journey = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255}},
                             .has_planned = true,
                             .planned = 1767225600000,
                             .has_dossier_hash = true,
                             .dossier_hash = {0xab}};
    const struct hv_message message = {.type = HV_MESSAGE_item,
                                       .item = {.item = 3, .attempt = 1, .event = event}};
    json_t *json = wire_message_to_json(&message);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(
        text, "{\"type\":\"item\",\"item\":3,\"attempt\":1,\"event\":\"picked-up\","
              "\"journey\":\"01020304-0506-0708-090a-0b0c0d0e0fff\",\"planned\":1767225600000,"
              "\"dossier_hash\":"
              "\"ab00000000000000000000000000000000000000000000000000000000000000\"}");
    free(text);
    json_decref(json);
}

/* The key that stands for two things, and the one that C keeps for itself. */
static void json_shows_keys_and_not_their_names_in_c(void **state) {
    (void)state;
    struct hv_message message = {.type = HV_MESSAGE_done,
                                 .done = {.has_next_journey = true, .next_journey = {{1}}}};
    json_t *json = wire_message_to_json(&message);
    assert_string_equal(json_string_value(json_object_get(json, "next")),
                        "01000000-0000-0000-0000-000000000000");
    assert_null(json_object_get(json, "next_journey"));
    json_decref(json);
    message = (struct hv_message){.type = HV_MESSAGE_done, .done = {.has_next = true, .next = 9}};
    json = wire_message_to_json(&message);
    assert_int_equal(json_integer_value(json_object_get(json, "next")), 9);
    json_decref(json);
    message = (struct hv_message){.type = HV_MESSAGE_withdraw,
                                  .withdraw = {.has_for_ = true, .for_ = "kcc"}};
    json = wire_message_to_json(&message);
    assert_string_equal(json_string_value(json_object_get(json, "for")), "kcc");
    assert_null(json_object_get(json, "for_"));
    json_decref(json);
}

static void every_message_has_its_json(void **state) {
    (void)state;
    struct chance chance = chance_begin();
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++) {
        struct hv_message message;
        msgpack_zone zone;
        assert_true(msgpack_zone_init(&zone, 1024));
        sample_message(&chance, (enum hv_message_type)type, SAMPLE_ALL, &zone, &message);
        json_t *json = wire_message_to_json(&message);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "type")),
                            wire_message_struct(message.type)->name);
        json_decref(json);
        msgpack_zone_destroy(&zone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_went),
        cmocka_unit_test(every_event_comes_back_as_it_was_kept),
        cmocka_unit_test(what_is_kept_may_have_longer_lists),
        cmocka_unit_test(mutated_messages_break_nothing),
        cmocka_unit_test(random_bytes_break_nothing),
        cmocka_unit_test(content_is_blind_to_order_and_request),
        cmocka_unit_test(content_is_blind_to_the_width_of_heads),
        cmocka_unit_test(content_sees_everything_else),
        cmocka_unit_test(json_shows_what_the_wire_carries),
        cmocka_unit_test(json_shows_keys_and_not_their_names_in_c),
        cmocka_unit_test(every_message_has_its_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
