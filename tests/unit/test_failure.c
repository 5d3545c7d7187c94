/* The sentence of a failure: whole where it fits, else cut between characters. */
#include "broker/failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistr.h>

#include <cmocka.h>

static void test_sentence_and_code(void **state) {
    struct failure failure;

    (void)state;
    assert_int_equal(failure_set(&failure, -ENOENT, "%s:%d: what; mend", "a.conf", 3), -ENOENT);
    assert_string_equal(failure.text, "a.conf:3: what; mend");
}

static void test_longest_sentence_that_fits(void **state) {
    char text[FAILURE_SIZE];
    struct failure failure;

    (void)state;
    memset(text, 'a', sizeof text);
    text[FAILURE_SIZE - 1] = '\0';
    failure_set(&failure, -EINVAL, "%s", text);
    assert_string_equal(failure.text, text);
}

/* Whatever is cut stays UTF-8 and ends with an ellipsis. */
static void test_cut_between_characters(void **state) {
    static const char *const characters[] = {"a", "é", "€", "😀"};
    char text[3 * FAILURE_SIZE];
    struct failure failure;

    (void)state;
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        size_t size = strlen(characters[i]);
        for (size_t shift = 0; shift < size; shift++) {
            memset(text, 'x', shift);
            for (size_t at = shift; at + size < sizeof text; at += size)
                strcpy(text + at, characters[i]);
            failure_set(&failure, -EINVAL, "%s", text);
            size_t length = strlen(failure.text);
            assert_in_range(length, FAILURE_SIZE - 5, FAILURE_SIZE - 1);
            assert_string_equal(failure.text + length - strlen("…"), "…");
            assert_null(u8_check((const uint8_t *)failure.text, length));
        }
    }
}

/* A sentence may name a file whose name is no text: it can be sent all the same. */
static void test_bytes_that_are_no_text(void **state) {
    struct failure failure;

    (void)state;
    failure_set(&failure, -EINVAL, "%s", "caf\xe9.conf: é \xff\xff, \xe2\x82");
    assert_string_equal(failure.text, "caf?.conf: é ??, ??");
    failure_set(&failure, -EINVAL, "%s", "\xed\xa0\x80");
    assert_string_equal(failure.text, "???");
}

/* A sentence may say what a file says, and goes to terminals: nothing in it moves their cursor or
 * turns the writing round. */
static void test_what_plays_with_a_terminal(void **state) {
    struct failure failure;

    (void)state;
    failure_set(&failure, -EINVAL, "%s", "a\x1b[2J\x7f\n\tz");
    assert_string_equal(failure.text, "a?[2J???z");
    failure_set(&failure, -EINVAL, "%s",
                "csi \xc2\x9b"
                "2J, nel \xc2\x85");
    assert_string_equal(failure.text, "csi ?2J, nel ?");
    failure_set(&failure, -EINVAL, "%s", "\u202eright\u202c \u2066left\u2069 \u200fmark");
    assert_string_equal(failure.text, "?right? ?left? ?mark");
    failure_set(&failure, -EINVAL, "%s", "Zoë, 😀, שלום, a\u200db");
    assert_string_equal(failure.text, "Zoë, 😀, שלום, a\u200db");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentence_and_code),
        cmocka_unit_test(test_longest_sentence_that_fits),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_what_plays_with_a_terminal),
    };

    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
