/* The buckets of measures: in order, without a gap, and right within an eighth. */
#include "broker/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire_samples.h"

/* What a bucket stands for is the most that falls into it, and at most an eighth more than what
 * does. */
static void check(int64_t ms) {
    const int64_t bucket = measure_bucket(ms);
    const int64_t most_ms = measure_bucket_ms(bucket);

    if (most_ms < ms || most_ms > ms + ms / 8)
        fail_msg("%lld ms are in bucket %lld, which stands for %lld ms", (long long)ms,
                 (long long)bucket, (long long)most_ms);
    assert_int_equal(measure_bucket(most_ms), bucket);
    assert_true(measure_bucket(most_ms + 1) > bucket);
}

static void test_small_ones_are_exact(void **state) {
    (void)state;

    for (int64_t ms = 0; ms < 16; ms++)
        assert_int_equal(measure_bucket_ms(measure_bucket(ms)), ms);
}

/* A clock that was put back makes no time negative. */
static void test_negative_ones_are_none(void **state) {
    (void)state;

    assert_int_equal(measure_bucket(-1), 0);
    assert_int_equal(measure_bucket(INT64_MIN), 0);
}

static void test_they_are_in_order(void **state) {
    int64_t before = -1;
    (void)state;

    for (int64_t ms = 0; ms < 100000; ms++) {
        const int64_t bucket = measure_bucket(ms);
        assert_true(bucket >= before);
        before = bucket;
        check(ms);
    }
}

static void test_they_are_right_within_an_eighth(void **state) {
    struct chance chance = {3};
    (void)state;

    for (int i = 0; i < 100000; i++)
        check((int64_t)(chance_next(&chance) >> (11 + chance_below(&chance, 40))));
    for (int bits = 0; bits < 53; bits++) {
        check(INT64_C(1) << bits);
        check((INT64_C(1) << bits) - 1);
    }
}

/* ---- Absences ---- */

#define YEARS_10 (INT64_C(3650) * 24 * 3600 * 1000)
#define SAID     INT64_C(1750000000000)

static struct hv_event absence(hv_time begins_ms, hv_time until_ms) {
    return (struct hv_event){.has_at = true,
                             .at = SAID,
                             .begins = begins_ms,
                             .until = until_ms,
                             .has_count = true,
                             .count = 1};
}

static void test_an_absence_counts_from_now_until_its_end(void **state) {
    struct hv_event said = absence(SAID + 1000, SAID + 5000);
    (void)state;

    assert_int_equal(measure_absent_ms(&said, SAID), 4000);
    assert_int_equal(measure_absent_ms(&said, SAID + 2000), 3000);
    assert_int_equal(measure_absent_ms(&said, SAID + 5000), 0);
    said.count = 0;
    assert_int_equal(measure_absent_ms(&said, SAID), 0);
}

/* However many say so, their sum fits. */
static void test_for_ever_is_ten_years(void **state) {
    struct hv_event said = absence(0, HV_INTEGER_MAX);
    (void)state;

    assert_int_equal(measure_absent_ms(&said, SAID), YEARS_10);
    assert_int_equal(measure_absent_ms(&said, SAID + 7), YEARS_10 - 7);
    assert_int_equal(measure_absent_ms(&said, SAID + YEARS_10), 0);
    said.has_at = false; /* it is being said */
    assert_int_equal(measure_absent_ms(&said, SAID), YEARS_10);
    said = absence(SAID + 1000, HV_INTEGER_MAX);
    assert_int_equal(measure_absent_ms(&said, SAID), YEARS_10);
    said = absence(HV_INTEGER_MAX - 1, HV_INTEGER_MAX);
    assert_int_equal(measure_absent_ms(&said, SAID), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_ones_are_exact),
        cmocka_unit_test(test_negative_ones_are_none),
        cmocka_unit_test(test_they_are_in_order),
        cmocka_unit_test(test_they_are_right_within_an_eighth),
        cmocka_unit_test(test_an_absence_counts_from_now_until_its_end),
        cmocka_unit_test(test_for_ever_is_ten_years),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
