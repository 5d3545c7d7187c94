/* What the wire room makes of bytes that are not quite MessagePack, or not quite ours. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/wire_samples.h"

/* The bytes of a literal, without its NUL. */
#define BYTES(literal) literal, sizeof(literal) - 1

#define PING "\xa4type\xa4ping"
#define Q    "\xa7request\xa1q"

struct told {
    int result;
    struct wire_error error;
};

static struct told tell(const void *bytes, size_t size) {
    struct told told = {0};
    struct hv_message message = {0};
    msgpack_zone zone;
    /* A copy of exactly this size, so that reading past it is found out. */
    void *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, bytes, size);
    assert_true(msgpack_zone_init(&zone, 1024));
    told.result = wire_decode(copy, size, WIRE_FROM_PEER, NULL, &zone, &message, NULL, &told.error);
    msgpack_zone_destroy(&zone);
    free(copy);
    return told;
}

static void taken(const void *bytes, size_t size) {
    struct told told = tell(bytes, size);
    if (told.result != 0)
        print_error("refused: field `%s`, %s\n", told.error.field, told.error.reason);
    assert_int_equal(told.result, 0);
}

static void refused(enum hv_refusal code, const char *field, const char *request, const void *bytes,
                    size_t size) {
    struct told told = tell(bytes, size);
    assert_int_equal(told.result, -EBADMSG);
    if (told.error.code != code || strcmp(told.error.field, field) != 0)
        print_error("said: field `%s`, %s\n", told.error.field, told.error.reason);
    assert_int_equal(told.error.code, code);
    assert_string_equal(told.error.field, field);
    assert_string_equal(told.error.request, request);
}

#define malformed(field, request, literal) \
    refused(HV_REFUSED_MALFORMED, field, request, BYTES(literal))
#define too_large(field, request, literal) \
    refused(HV_REFUSED_TOO_LARGE, field, request, BYTES(literal))

static void numbers_may_be_of_any_width(void **state) {
    (void)state;
    static const char ack[] = "\x82\xa4type\xa3"
                              "ack\xa4item";
    static const struct {
        const char *bytes;
        size_t size;
    } ones[] = {{BYTES("\x01")},
                {BYTES("\xcc\x01")},
                {BYTES("\xcd\0\x01")},
                {BYTES("\xce\0\0\0\x01")},
                {BYTES("\xcf\0\0\0\0\0\0\0\x01")},
                {BYTES("\xd0\x01")},
                {BYTES("\xd1\0\x01")},
                {BYTES("\xd2\0\0\0\x01")},
                {BYTES("\xd3\0\0\0\0\0\0\0\x01")}};
    for (size_t i = 0; i < sizeof ones / sizeof ones[0]; i++) {
        char bytes[64];
        memcpy(bytes, ack, sizeof ack - 1);
        memcpy(bytes + sizeof ack - 1, ones[i].bytes, ones[i].size);
        taken(bytes, sizeof ack - 1 + ones[i].size);
    }
    malformed("item", "",
              "\x82\xa4type\xa3"
              "ack\xa4item\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    malformed("item", "",
              "\x82\xa4type\xa3"
              "ack\xa4item\xd3\x80\0\0\0\0\0\0\0");
}

static void text_and_maps_may_have_heads_of_any_width(void **state) {
    (void)state;
    taken(BYTES("\xde\0\x02\xd9\x04type\xda\0\x04ping\xdb\0\0\0\x07request\xd9\x01q"));
    taken(BYTES("\xdf\0\0\0\x01" PING));
}

static void a_key_stands_once(void **state) {
    (void)state;
    malformed("type", "", "\x82" PING PING);
    malformed("request", "q", "\x83" PING Q "\xa7request\xa1r");
    malformed("request", "q", "\x83" PING Q "\xd9\x07request\xa1q");
    malformed("talked", "q",
              "\x83\xa4type\xa5"
              "close\xa6talked\x82\xa2on\x01\xa2on\x01" Q);
    /* Nor does another version excuse it. */
    malformed("x", "", "\x84\xa4type\xa5hello\xa7version\x02\xa1x\x01\xa1x\x01");
}

static void keys_are_text(void **state) {
    (void)state;
    malformed("", "q", "\x83" PING Q "\x01\x01");
    malformed("", "q", "\x83" PING Q "\xc4\x01x\x01");
    malformed("", "q", "\x83" PING "\x92\x01\x02\x03" Q);
    malformed("", "q",
              "\x83" PING "\x81\xa1"
              "a\xa1"
              "b\x03" Q);
    malformed("x", "q", "\x83" PING "\xa1x\x81\x01\x01" Q);
}

static void bytes_are_not_text(void **state) {
    (void)state;
    malformed("request", "", "\x82" PING "\xa7request\xc4\x01q");
    malformed("type", "q", "\x82\xa4type\xc4\x04ping" Q);
}

static void text_is_utf8_without_nul(void **state) {
    (void)state;
    malformed("request", "", "\x82" PING "\xa7request\xa1\xff");
    malformed("request", "", "\x82" PING "\xa7request\xa2\xc0\xaf");
    malformed("request", "", "\x82" PING "\xa7request\xa3\xed\xa0\x80");
    malformed("request", "", "\x82" PING "\xa7request\xa2\xe2\x82");
    malformed("request", "", "\x82" PING "\xa7request\xa1\0");
    malformed("", "q", "\x83" PING "\xa2\xc3\x28\x01" Q);
    malformed("", "q", "\x83" PING "\xa2x\0\x01" Q);
}

static void nothing_follows_the_map(void **state) {
    (void)state;
    malformed("", "q", "\x82" PING Q "\xc0");
    malformed("", "q", "\x82" PING Q "\x82" PING Q);
    malformed("", "", "\x80\x80");
    malformed("type", "", "\x80");
}

static void what_is_not_used_here_is_refused(void **state) {
    (void)state;
    malformed("x", "q", "\x83" PING "\xa1x\xc0" Q);                     /* nil */
    malformed("x", "q", "\x83" PING "\xa1x\xca\x3f\x80\0\0" Q);         /* 1.0f */
    malformed("x", "q", "\x83" PING "\xa1x\xcb\x3f\xf0\0\0\0\0\0\0" Q); /* 1.0 */
    malformed("x", "q", "\x83" PING "\xa1x\xd4\x01\x01" Q);             /* fixext */
    malformed("x", "q",
              "\x83" PING "\xa1x\xc7\x02\x01"
              "ab" Q);                                          /* ext */
    malformed("x", "q", "\x83" PING "\xa1x\xd6\xff\0\0\0\0" Q); /* timestamp */
    malformed("", "", "\x83" PING "\xa1x\xc1" Q);               /* never used */
    malformed("", "", "\xc1");
    malformed("", "", "\xc0");
    refused(HV_REFUSED_MALFORMED, "", "", "", 0);
}

static void a_message_cut_anywhere_is_refused(void **state) {
    (void)state;
    struct chance chance = {7};
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++) {
        struct hv_message message;
        msgpack_zone zone;
        msgpack_sbuffer buffer;
        if ((wire_message_by((enum hv_message_type)type) & WIRE_BY_PEER) == 0)
            continue;
        assert_true(msgpack_zone_init(&zone, 1024));
        msgpack_sbuffer_init(&buffer);
        sample_message(&chance, (enum hv_message_type)type, SAMPLE_SOME, &zone, &message);
        assert_int_equal(wire_encode(&message, &buffer), 0);
        taken(buffer.data, buffer.size);
        for (size_t size = 0; size < buffer.size; size++) {
            struct told told = tell(buffer.data, size);
            assert_int_equal(told.result, -EBADMSG);
            assert_int_equal(told.error.code, HV_REFUSED_MALFORMED);
            assert_string_equal(told.error.field, "");
        }
        msgpack_sbuffer_destroy(&buffer);
        msgpack_zone_destroy(&zone);
    }
}

static void claimed_lengths_are_held_against_what_is_there(void **state) {
    (void)state;
    malformed("", "", "\xdd\xff\xff\xff\xff");
    malformed("", "", "\xdd\x10\0\0\0");
    malformed("", "", "\xdf\xff\xff\xff\xff");
    malformed("", "", "\xdf\x80\0\0\0" PING);
    malformed("", "", "\xdb\xff\xff\xff\xff");
    malformed("", "", "\xc6\xff\xff\xff\xff");
    malformed("", "", "\xc9\xff\xff\xff\xff\x01");
    malformed("", "q", "\x83" Q PING "\xa1x\xdd\xff\xff\xff\xff");
    malformed("", "q", "\x83" Q PING "\xa1x\xdf\0\0\0\x01\xa1y");
    malformed("", "q", "\x83" Q PING "\xa1x\x92\x01");
    malformed("", "q", "\x83" PING Q);
}

static void nesting_ends_at_four(void **state) {
    (void)state;
    malformed("x", "q", "\x83" PING "\xa1x\x91\x91\x91\x01" Q);
    too_large("x", "q", "\x83" PING "\xa1x\x91\x91\x91\x91\x01" Q);
    malformed("x", "q", "\x83" PING "\xa1x\x91\x81\xa1y\x90" Q);
    too_large("x", "q", "\x83" PING "\xa1x\x91\x81\xa1y\x91\x80" Q);
    /* A limit is judged before all that is malformed. */
    too_large("y", "q", "\x84" PING "\xa1x\xc0\xa1y\x91\x91\x91\x91\x01" Q);
    too_large("", "", "\x91\x91\x91\x91\x91\x01");
    char deep[60000];
    memset(deep, 0x91, sizeof deep);
    refused(HV_REFUSED_TOO_LARGE, "", "", deep, sizeof deep);
}

static void an_envelope_has_64_kib(void **state) {
    (void)state;
    enum { LIMIT = 64 * 1024 };
    static const char start[] = "\x83" PING Q "\xa1x\xc6";
    static char bytes[LIMIT + 1];
    for (size_t size = LIMIT; size <= LIMIT + 1; size++) {
        size_t left = size - (sizeof start - 1) - 4;
        memcpy(bytes, start, sizeof start - 1);
        for (size_t i = 0; i < 4; i++)
            bytes[sizeof start - 1 + i] = (char)(left >> (24 - 8 * i));
        refused(size > LIMIT ? HV_REFUSED_TOO_LARGE : HV_REFUSED_MALFORMED, size > LIMIT ? "" : "x",
                "q", bytes, size);
    }
}

static void key_add(msgpack_packer *packer, unsigned number) {
    const char name[2] = {(char)(1 + number % 127), (char)(1 + number / 127)};
    msgpack_pack_str(packer, 2);
    msgpack_pack_str_body(packer, name, 2);
}

/* A frame full of maps full of keys, in falling order, costs milliseconds; over 1024 keys at once
 * is over a limit. */
static void many_keys_cost_little(void **state) {
    (void)state;
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 16);
    for (unsigned i = 0; i < 16; i++) {
        msgpack_pack_map(&packer, 1000);
        for (unsigned k = 1000; k > 0; k--) {
            key_add(&packer, k);
            msgpack_pack_true(&packer);
        }
    }
    enum hv_refusal code = 0;
    const char *reason = NULL;
    clock_t begun = clock();
    assert_int_equal(wire_check(buffer.data, buffer.size, 4, &code, &reason), 0);
    assert_true(clock() - begun < CLOCKS_PER_SEC / 2);
    msgpack_sbuffer_clear(&buffer);
    msgpack_pack_map(&packer, 1025);
    for (unsigned k = 1025; k > 0; k--) {
        key_add(&packer, k);
        msgpack_pack_true(&packer);
    }
    assert_int_equal(wire_check(buffer.data, buffer.size, 4, &code, &reason), -EBADMSG);
    assert_int_equal(code, HV_REFUSED_TOO_LARGE);
    msgpack_sbuffer_destroy(&buffer);
}

/* The last of many keys is found to be the first one again. */
static void a_repeat_is_found_among_many(void **state) {
    (void)state;
    for (unsigned repeated = 0; repeated < 500; repeated += 83) {
        msgpack_sbuffer buffer;
        msgpack_packer packer;
        enum hv_refusal code = 0;
        const char *reason = NULL;
        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        msgpack_pack_map(&packer, 501);
        for (unsigned k = 0; k < 501; k++) {
            key_add(&packer, k < 500 ? k * 7919 % 500 : repeated);
            msgpack_pack_map(&packer, 1);
            key_add(&packer, k);
            msgpack_pack_int(&packer, 1);
        }
        assert_int_equal(wire_check(buffer.data, buffer.size, 4, &code, &reason), -EBADMSG);
        assert_int_equal(code, HV_REFUSED_MALFORMED);
        assert_string_equal(reason, "a key stands twice in one map");
        msgpack_sbuffer_destroy(&buffer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_may_be_of_any_width),
        cmocka_unit_test(text_and_maps_may_have_heads_of_any_width),
        cmocka_unit_test(a_key_stands_once),
        cmocka_unit_test(keys_are_text),
        cmocka_unit_test(bytes_are_not_text),
        cmocka_unit_test(text_is_utf8_without_nul),
        cmocka_unit_test(nothing_follows_the_map),
        cmocka_unit_test(what_is_not_used_here_is_refused),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(claimed_lengths_are_held_against_what_is_there),
        cmocka_unit_test(nesting_ends_at_four),
        cmocka_unit_test(an_envelope_has_64_kib),
        cmocka_unit_test(many_keys_cost_little),
        cmocka_unit_test(a_repeat_is_found_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
