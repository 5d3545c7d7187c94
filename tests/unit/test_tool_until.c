/* Until when a coordinator is on something, as it is typed. */
#include "clients/houvast/until.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define NOW    INT64_C(1774616700000) /* Friday 27 March 2026, 14:05 in Delft */
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void assert_until(const char *text, int64_t expected_span) {
    hv_time until = 0;
    int r = until_parse(text, NOW, &until);
    if (r != 0 || until != NOW + expected_span) {
        fail_msg("\"%s\": expected %lld ms from now, got %d and %lld", text,
                 (long long)expected_span, r, (long long)(until - NOW));
    }
}

static void test_spans_and_times_of_day(void **state) {
    (void)state;
    setenv("TZ", "Europe/Amsterdam", 1);
    tzset();
    assert_until("", HOUR);
    assert_until("30m", 30 * MINUTE);
    assert_until("2h", 2 * HOUR);
    assert_until("2H", 2 * HOUR);
    assert_until("1d", DAY);
    assert_until("16:30", 2 * HOUR + 25 * MINUTE);
    assert_until("9:00", 18 * HOUR + 55 * MINUTE); /* tomorrow */
    assert_until("14:05", DAY);
}

static void test_anything_else(void **state) {
    (void)state;
    static const char *const texts[] = {"0h",  "-1h", "h",      "1",
                                        "1w",  "1hh", "1.5h",   "25:00",
                                        "12:", ":30", "12:30x", "99999999999999999h"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hv_time until = 7;
        int r = until_parse(texts[i], NOW, &until);
        if (r != -EINVAL || until != 7)
            fail_msg("\"%s\": expected to be refused, got %d", texts[i], r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans_and_times_of_day),
        cmocka_unit_test(test_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
