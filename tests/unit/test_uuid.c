/* Ids: new ones are new, derived ones are always the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "houvast/houvast.h"

static void text_expect(const struct hv_uuid *uuid, const char *expected) {
    char text[HV_UUID_TEXT_SIZE];
    hv_uuid_text(uuid, text);
    assert_string_equal(text, expected);
}

static uint64_t uuid_ms(const struct hv_uuid *uuid) {
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | uuid->bytes[i];
    return ms;
}

/* RFC 9562 section 5.7: the time in front, version 7, variant 10, the rest by chance. */
static void test_new(void **state) {
    (void)state;
    uint64_t before_ms = (uint64_t)time(NULL) * 1000;
    struct hv_uuid one, other;
    hv_uuid_new(&one);
    hv_uuid_new(&other);
    uint64_t after_ms = ((uint64_t)time(NULL) + 1) * 1000;
    assert_in_range(uuid_ms(&one), before_ms, after_ms);
    assert_int_equal(one.bytes[6] >> 4, 7);
    assert_int_equal(one.bytes[8] >> 6, 2);
    assert_memory_not_equal(one.bytes, other.bytes, sizeof one.bytes);
}

/* The vectors were made from the words of houvast.h by another program. */
static void test_derive(void **state) {
    (void)state;
    uint8_t secret[32];
    for (uint8_t i = 0; i < 32; i++)
        secret[i] = i;
    struct hv_uuid uuid;
    hv_uuid_derive(secret, "journey", "2026-0417", &uuid);
    text_expect(&uuid, "59d93fcc-2867-88a5-9e87-a93267f133a7");
    hv_uuid_derive(secret, "handover", "2026-0417", &uuid);
    text_expect(&uuid, "625d7ae8-504f-8040-8b6e-1b29d55790ba");
}

/* Where one text ends and the next begins matters, and so does whose secret it is. */
static void test_derive_keeps_apart(void **state) {
    (void)state;
    uint8_t ours[32] = {1}, theirs[32] = {2};
    struct hv_uuid a, b, c, again;
    hv_uuid_derive(ours, "ab", "c", &a);
    hv_uuid_derive(ours, "a", "bc", &b);
    hv_uuid_derive(theirs, "ab", "c", &c);
    hv_uuid_derive(ours, "ab", "c", &again);
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    assert_memory_equal(&a, &again, sizeof a);
}

static void test_text(void **state) {
    (void)state;
    struct hv_uuid uuid = {{0}};
    assert_int_equal(hv_uuid_parse("625d7ae8-504f-8040-8b6e-1b29d55790ba", &uuid), 0);
    text_expect(&uuid, "625d7ae8-504f-8040-8b6e-1b29d55790ba");
    static const char *const bad[] = {"", "625d7ae8", "625D7AE8-504F-8040-8B6E-1B29D55790BA",
                                      "625d7ae8-504f-8040-8b6e-1b29d55790ba ",
                                      "625d7ae8x504f-8040-8b6e-1b29d55790ba"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(hv_uuid_parse(bad[i], &uuid), -EINVAL);
    text_expect(&uuid, "625d7ae8-504f-8040-8b6e-1b29d55790ba");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_derive),
        cmocka_unit_test(test_derive_keeps_apart),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
