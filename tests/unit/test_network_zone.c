/* Time zones as the calendars have them, against what the C library reads from the tz database. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "calendar_samples.h"

#include "broker/network_zone.h"

#define STEP_SECONDS 43200               /* no offset that is looked for lasts shorter */
#define END_SECONDS  INT64_C(4133980800) /* 2101-01-01 */

static int64_t wall_offset_ms(int64_t seconds) {
    time_t time = (time_t)seconds;
    struct tm wall;

    localtime_r(&time, &wall);
    return INT64_C(1000) * wall.tm_gmtoff;
}

/* The last second before the offset changes between two moments. */
static int64_t change_find(int64_t before, int64_t after) {
    while (after - before > 1) {
        int64_t middle = before + (after - before) / 2;
        if (wall_offset_ms(middle) == wall_offset_ms(before))
            before = middle;
        else
            after = middle;
    }
    return before;
}

static void expect_zone(const char *name) {
    const struct calendar_zone *zone = NULL;
    size_t next = 1;

    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    assert_int_equal(network_zone_find(name, &zone), 0);
    assert_int_equal(zone->shifts[0].from_ms, 0);
    assert_int_equal(zone->shifts[0].offset_ms, wall_offset_ms(0));
    for (int64_t now = 0; now + STEP_SECONDS < END_SECONDS; now += STEP_SECONDS) {
        if (wall_offset_ms(now) == wall_offset_ms(now + STEP_SECONDS))
            continue;
        const hv_time want_ms = (change_find(now, now + STEP_SECONDS) + 1) * 1000;
        if (next == zone->count)
            fail_msg("%s: a change at %lld is missing", name, (long long)want_ms);
        if (zone->shifts[next].from_ms != want_ms ||
            zone->shifts[next].offset_ms != wall_offset_ms(want_ms / 1000))
            fail_msg("%s: change %zu: got %lld, expected %lld", name, next,
                     (long long)zone->shifts[next].from_ms, (long long)want_ms);
        next++;
    }
    if (next != zone->count)
        fail_msg("%s: got %zu changes, expected %zu", name, zone->count - 1, next - 1);
}

/* Europe's rule, the other half of the world's, half an hour of it, one that skipped a day, one
 * that has changes beyond every rule, and none. */
static void test_zones(void **state) {
    static const char *const names[] = {
        "Europe/Amsterdam", "America/Paramaribo", "America/Curacao",   "Australia/Lord_Howe",
        "Pacific/Apia",     "Africa/Casablanca",  "America/Sao_Paulo", "UTC"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_zone(names[i]);
}

/* The rule goes on beyond the years that the database lists. */
static void test_far_years(void **state) {
    struct calendar calendar = sample_calendar("Europe/Amsterdam");

    (void)state;
    sample_open(&calendar, 0, 6, "09:00-10:00");
    assert_true(calendar_is_open(&calendar, at("2099-07-01T09:30+02:00")));
    assert_true(calendar_is_open(&calendar, at("2099-12-01T09:30+01:00")));
    assert_true(calendar_is_open(&calendar, at("2150-12-01T09:30+01:00")));
}

static void test_a_zone_is_read_once(void **state) {
    const struct calendar_zone *first = NULL, *again = NULL, *other = NULL;

    (void)state;
    assert_int_equal(network_zone_find("Europe/Amsterdam", &first), 0);
    assert_int_equal(network_zone_find("Europe/London", &other), 0);
    assert_int_equal(network_zone_find("Europe/Amsterdam", &again), 0);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
}

/* Not there, a folder, a file of tzdata that is no zone, and too long a name. */
static void test_no_zones(void **state) {
    static const char *const names[] = {
        "Europe/Delft",
        "Europe",
        "",
        "leapseconds",
        "tzdata.zi",
        "a-name-that-is-longer-than-any-of-the-sixty-three-characters-there-may-be"};
    const struct calendar_zone *zone = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(network_zone_find(names[i], &zone), -ENOENT);
        assert_null(zone);
    }
}

/* ---- Damaged files ---- */

static size_t file_read(const char *path, uint8_t *ret_bytes, size_t size) {
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    const size_t read = fread(ret_bytes, 1, size, file);
    fclose(file);
    return read;
}

/* What a machine that lost its power may leave of it. */
static void test_a_file_that_was_cut(void **state) {
    uint8_t bytes[16384];
    const size_t size = file_read("/usr/share/zoneinfo/Europe/Amsterdam", bytes, sizeof bytes);

    (void)state;
    assert_true(network_zone_is_whole(bytes, size));
    for (size_t cut = 0; cut < size; cut++)
        if (network_zone_is_whole(bytes, cut))
            fail_msg("whole, with %zu of %zu bytes", cut, size);
    for (size_t cut = size; cut-- > 0;) {
        bytes[cut] = 0;
        if (network_zone_is_whole(bytes, size))
            fail_msg("whole, with nothing from %zu of %zu bytes on", cut, size);
    }
}

/* The last of the second part's types is one that there is not. */
static void test_a_file_that_is_not_sound(void **state) {
    uint8_t bytes[16384];
    const size_t size = file_read("/usr/share/zoneinfo/UTC", bytes, sizeof bytes);

    (void)state;
    assert_true(network_zone_is_whole(bytes, size));
    for (size_t at = 4; at + 4 < size; at++) {
        if (memcmp(bytes + at, "TZif", 4) != 0)
            continue;
        bytes[at + 44 + 5] = 9; /* the name of its one type: it has four letters */
        assert_false(network_zone_is_whole(bytes, size));
        return;
    }
    fail_msg("no second part");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_far_years),
        cmocka_unit_test(test_a_zone_is_read_once),
        cmocka_unit_test(test_no_zones),
        cmocka_unit_test(test_a_file_that_was_cut),
        cmocka_unit_test(test_a_file_that_is_not_sound),
    };

    return cmocka_run_group_tests_name("time zones", tests, NULL, NULL);
}
