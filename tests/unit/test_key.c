/* Keys as text, and new pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "houvast/houvast.h"

/* The key of the example in RFC 32 (Z85), eight bytes of it, four times. */
static void test_text(void **state) {
    (void)state;
    static const uint8_t hello[8] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    uint8_t key[HV_KEY_SIZE], parsed[HV_KEY_SIZE];
    char text[HV_KEY_TEXT_SIZE];
    for (size_t i = 0; i < HV_KEY_SIZE; i += 8)
        memcpy(key + i, hello, 8);
    hv_key_text(key, text);
    assert_string_equal(text, "HelloWorldHelloWorldHelloWorldHelloWorld");
    assert_int_equal(hv_key_parse(text, parsed), 0);
    assert_memory_equal(parsed, key, sizeof key);
}

static void test_bad_text(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "HelloWorld",
        "HelloWorldHelloWorldHelloWorldHelloWorl",
        "HelloWorldHelloWorldHelloWorldHelloWorldHello",
        "HelloWorldHelloWorldHelloWorldHelloWorl ",
        "HelloWorldHelloWorldHelloWorldHelloWor\x80\x80",
        "HelloWorldHelloWorldHelloWorldHelloWor\"\"",
        "########################################",
    };
    uint8_t key[HV_KEY_SIZE] = {7};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(hv_key_parse(bad[i], key), HV_BAD_KEY);
    assert_int_equal(key[0], 7);
}

static void test_pairs(void **state) {
    (void)state;
    uint8_t public_key[HV_KEY_SIZE], secret_key[HV_KEY_SIZE], expected[HV_KEY_SIZE];
    hv_curve_pair_new(public_key, secret_key);
    crypto_scalarmult_base(expected, secret_key);
    assert_memory_equal(public_key, expected, sizeof expected);
    struct hv_sealing_pair one, other;
    hv_sealing_pair_new(&one);
    hv_sealing_pair_new(&other);
    assert_memory_not_equal(&one, &other, sizeof one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
