/* Times and spans on the command line: what is taken, what is refused, what is written. */
#include "clients/houvast/when.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW INT64_C(1774616700123)

static void assert_reads(const char *text, hv_time expected_ms) {
    hv_time got_ms = -1;
    int r = when_parse(text, NOW, &got_ms);
    if (r != 0 || got_ms != expected_ms) {
        fail_msg("\"%s\": expected %lld, got %d and %lld", text, (long long)expected_ms, r,
                 (long long)got_ms);
    }
}

static void assert_refuses(const char *text) {
    hv_time got_ms = -1;
    int r = when_parse(text, NOW, &got_ms);
    if (r != -EINVAL || got_ms != -1) {
        fail_msg("\"%s\": expected to be refused, got %d and %lld", text, r, (long long)got_ms);
    }
}

/* One moment, in each form that is taken. */
static void test_forms_of_a_moment(void **state) {
    (void)state;
    const hv_time at_ms = INT64_C(1774616700000); /* 2026-03-27T13:05:00Z */
    assert_reads("now", NOW);
    assert_reads("1774616700000", at_ms);
    assert_reads("2026-03-27T13:05Z", at_ms);
    assert_reads("2026-03-27 13:05Z", at_ms);
    assert_reads("2026-03-27T14:05+01:00", at_ms);
    assert_reads("2026-03-27T14:05+0100", at_ms);
    assert_reads("2026-03-27T14:05:00 +01:00", at_ms);
    assert_reads("2026-03-27T08:05:00-05:00", at_ms);
    assert_reads("2026-03-27T13:05:07Z", at_ms + 7000);
    assert_reads("2026-03-27T13:05:07.5Z", at_ms + 7500);
    assert_reads("2026-03-27T13:05:07,123456Z", at_ms + 7123);
    assert_reads("2024-02-29T00:00Z", INT64_C(1709164800000));
    assert_reads("1970-01-01T00:00Z", 0);
}

/* What another machine would read otherwise, or nobody can mean. */
static void test_what_is_no_moment(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "yesterday",
        "Now",
        "2026",
        "20260327",
        "-1774616700000",
        "99999999999999999999",
        "9007199254740992",
        "2026-03-27",
        "2026-03-27T14:05",
        "2026-03-27T14:05:00",
        "2026-03-27T14Z",
        "2026-02-30T14:05Z",
        "2025-02-29T14:05Z",
        "2026-13-01T14:05Z",
        "2026-03-27T25:05Z",
        "2026-03-27T14:65Z",
        "2026-03-27T14:05.5Z",
        "2026-03-27T14:05:07.Z",
        "2026-03-27T14:05+01:00x",
        "2026-03-27T14:05+01:90",
        "1969-12-31T23:59Z",
        "27-03-2026T14:05Z x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_refuses(texts[i]);
    }
}

/* What is shown can be given back, on both sides of a change to summer time. */
static void test_what_is_shown_reads_back(void **state) {
    (void)state;
    char text[WHEN_TEXT_SIZE];
    setenv("TZ", "Europe/Amsterdam", 1);
    tzset();
    when_text(INT64_C(1774616700000), text);
    assert_string_equal(text, "2026-03-27 14:05:00 +01:00");
    assert_reads(text, INT64_C(1774616700000));
    when_text(INT64_C(1774875900000), text);
    assert_string_equal(text, "2026-03-30 15:05:00 +02:00");
    assert_reads(text, INT64_C(1774875900000));
    when_text(HV_INTEGER_MAX, text);
    assert_true(strlen(text) < sizeof text);
}

static void test_durations(void **state) {
    (void)state;
    int64_t ms = -1;
    assert_int_equal(when_duration("30", 1, 60000, &ms), 0);
    assert_int_equal(ms, 30000);
    assert_int_equal(when_duration("500ms", 1, 60000, &ms), 0);
    assert_int_equal(ms, 500);
    assert_int_equal(when_duration("1m", 1, 60000, &ms), 0);
    assert_int_equal(ms, 60000);
    assert_int_equal(when_duration("61", 1, 60000, &ms), -ERANGE);
    assert_int_equal(when_duration("0", 1, 60000, &ms), -ERANGE);
    assert_int_equal(when_duration("9007199254740991", 1, HV_INTEGER_MAX, &ms), -ERANGE);
    assert_int_equal(when_duration("soon", 1, 60000, &ms), -EINVAL);
    assert_int_equal(when_duration("", 1, 60000, &ms), -EINVAL);
    assert_int_equal(when_duration("-1", 1, 60000, &ms), -EINVAL);
    assert_int_equal(ms, 60000);
}

static void test_spans_as_people_say_them(void **state) {
    (void)state;
    static const struct {
        int64_t span_ms;
        const char *text;
    } rows[] = {{0, "0 ms"},
                {340, "340 ms"},
                {1000, "1 s"},
                {4000, "4 s"},
                {1234, "1.2 s"},
                {64000, "64 s"},
                {119999, "119 s"},
                {120000, "2 min"},
                {10050, "10 s"},
                {600000, "10 min"},
                {7199999, "119 min"},
                {7200000, "2 hours"},
                {172799999, "47 hours"},
                {172800000, "2 days"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[WHEN_SPAN_SIZE];
        when_span(rows[i].span_ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_of_a_moment),        cmocka_unit_test(test_what_is_no_moment),
        cmocka_unit_test(test_what_is_shown_reads_back), cmocka_unit_test(test_durations),
        cmocka_unit_test(test_spans_as_people_say_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
