/* Pseudonyms: the same person has the same one at every organisation of a network, and nowhere
 * else. The vectors were made from the recipe in houvast.h by another program. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "houvast/houvast.h"
#include "wire/wire.h"

static void secret_fill(uint8_t secret[32]) {
    for (uint8_t i = 0; i < 32; i++)
        secret[i] = i;
}

static void pseudonym_expect(const char *number, const char *expected) {
    uint8_t secret[32];
    char resident[HV_RESIDENT_SIZE];
    secret_fill(secret);
    assert_int_equal(hv_pseudonym(secret, number, resident), 0);
    assert_string_equal(resident, expected);
}

static void test_follows_the_recipe(void **state) {
    (void)state;
    pseudonym_expect("123456782", "r1.W6imrJUCSolZk9OxTjeQkqnUkbjASsVixTNuvy8kvYU");
    pseudonym_expect("V12", "r1.szjxb3ty-KeXJkLYDy8-lZewfew4LNOiYdEXmkqwtLo");
}

/* However an organisation writes the number, it is the same person. */
static void test_writing_does_not_matter(void **state) {
    (void)state;
    const char *first_zero_lost = "r1.4mfPux8tPL0_XSrO9ps3nQxFaRwdk0TJ2rdBeFlN42Q";
    pseudonym_expect("012345672", first_zero_lost);
    pseudonym_expect("12345672", first_zero_lost);
    pseudonym_expect("0123.45.672", first_zero_lost);
    pseudonym_expect(" 0123 45-672", first_zero_lost);
    pseudonym_expect("v-12", "r1.szjxb3ty-KeXJkLYDy8-lZewfew4LNOiYdEXmkqwtLo");
}

/* Another network's secret gives another pseudonym: what leaves a network links to nothing. */
static void test_secret_matters(void **state) {
    (void)state;
    uint8_t secret[32];
    char here[HV_RESIDENT_SIZE], there[HV_RESIDENT_SIZE];
    secret_fill(secret);
    assert_int_equal(hv_pseudonym(secret, "123456782", here), 0);
    secret[31] ^= 1;
    assert_int_equal(hv_pseudonym(secret, "123456782", there), 0);
    assert_string_not_equal(here, there);
}

static void test_refuses_what_is_no_number(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "-.",
        "12345678;",
        "1234\n",
        "\xc3\xa9",
        "12345678901234567890123456789012345678901234567890123456789012345",
    };
    uint8_t secret[32];
    secret_fill(secret);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char resident[HV_RESIDENT_SIZE] = "as it was";
        assert_int_equal(hv_pseudonym(secret, bad[i], resident), -EINVAL);
        assert_string_equal(resident, "as it was");
    }
}

static void test_random(void **state) {
    (void)state;
    char one[HV_RESIDENT_SIZE], other[HV_RESIDENT_SIZE];
    hv_pseudonym_random(one);
    hv_pseudonym_random(other);
    assert_true(wire_is_resident(one, strlen(one)));
    assert_true(wire_is_resident(other, strlen(other)));
    assert_string_not_equal(one, other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_the_recipe),
        cmocka_unit_test(test_writing_does_not_matter),
        cmocka_unit_test(test_secret_matters),
        cmocka_unit_test(test_refuses_what_is_no_number),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
