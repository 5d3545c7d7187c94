/* Office time, by examples that a coordinator would give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calendar_samples.h"

struct example {
    const char *from;
    const char *duration;
    const char *due;
};

static void expect_examples(const struct calendar *calendar, const struct example *examples,
                            size_t count) {
    char what[128];

    for (size_t i = 0; i < count; i++) {
        const struct example *example = &examples[i];
        snprintf(what, sizeof what, "%s after %s", example->duration, example->from);
        expect_moment(what,
                      calendar_add(calendar, at(example->from), duration(example->duration),
                                   CALENDAR_CEILING_OWN),
                      at(example->due));
    }
}

#define EXPECT_EXAMPLES(calendar, examples) \
    expect_examples(calendar, examples, sizeof(examples) / sizeof *(examples))

/* ---- Days ---- */

/* The n-th open day after the day on which it began, whatever the hour it began at. */
static void test_days_over_a_weekend(void **state) {
    const struct calendar office = sample_office();
    static const struct example examples[] = {
        {"2026-11-20T18:00+01:00", "1d", "2026-11-23T17:00+01:00"}, /* Friday evening: Monday */
        {"2026-11-20T09:00+01:00", "1d", "2026-11-23T17:00+01:00"},
        {"2026-11-20T23:59+01:00", "1d", "2026-11-23T17:00+01:00"},
        {"2026-11-21T00:00+01:00", "1d", "2026-11-23T17:00+01:00"}, /* Saturday, Sunday: Monday */
        {"2026-11-22T12:00+01:00", "1d", "2026-11-23T17:00+01:00"},
        {"2026-11-23T00:00+01:00", "1d", "2026-11-24T17:00+01:00"}, /* before it opens: Tuesday */
        {"2026-11-20T18:00+01:00", "2d", "2026-11-24T17:00+01:00"},
        {"2026-11-20T18:00+01:00", "5d", "2026-11-27T17:00+01:00"},
        {"2026-11-20T18:00+01:00", "10d", "2026-12-04T17:00+01:00"},
    };

    (void)state;
    EXPECT_EXAMPLES(&office, examples);
}

static void test_days_over_holidays(void **state) {
    const struct calendar office = sample_office();
    static const struct example examples[] = {
        {"2026-04-02T12:00+02:00", "1d", "2026-04-07T17:00+02:00"}, /* Maundy Thursday, Easter */
        {"2026-04-24T12:00+02:00", "1d", "2026-04-28T17:00+02:00"}, /* Koningsdag, a Monday */
        {"2026-05-04T12:00+02:00", "1d", "2026-05-06T17:00+02:00"}, /* Bevrijdingsdag */
        {"2026-05-13T12:00+02:00", "1d", "2026-05-15T17:00+02:00"}, /* Hemelvaartsdag */
        {"2026-12-24T18:00+01:00", "1d", "2026-12-28T17:00+01:00"}, /* Christmas, then a weekend */
        {"2027-12-31T18:00+01:00", "1d", "2028-01-03T17:00+01:00"},
    };

    (void)state;
    EXPECT_EXAMPLES(&office, examples);
}

/* The days of a closure are closed, the first and the last one too, and the next is open. */
static void test_days_over_a_closure(void **state) {
    struct calendar office = sample_office();
    struct calendar_closure closures[2];
    static const struct example examples[] = {
        {"2026-11-10T12:00+01:00", "1d", "2026-11-11T17:00+01:00"},
        {"2026-11-11T12:00+01:00", "1d", "2026-11-13T17:00+01:00"},
        {"2026-11-20T12:00+01:00", "1d", "2026-11-25T17:00+01:00"},
        {"2026-11-24T12:00+01:00", "1d", "2026-11-25T17:00+01:00"},
    };

    (void)state;
    assert_true(calendar_day_parse("2026-11-12", &closures[0].first_day));
    assert_true(calendar_day_parse("2026-11-12", &closures[0].last_day));
    assert_true(calendar_day_parse("2026-11-23", &closures[1].first_day));
    assert_true(calendar_day_parse("2026-11-24", &closures[1].last_day));
    office.closures = closures;
    office.closure_count = 2;
    EXPECT_EXAMPLES(&office, examples);
}

/* ---- Hours ---- */

static void test_hours(void **state) {
    struct calendar office = sample_calendar("Europe/Amsterdam");
    static const struct example examples[] = {
        {"2026-11-20T09:00+01:00", "1h", "2026-11-20T10:00+01:00"},
        {"2026-11-20T09:00+01:00", "3h", "2026-11-20T12:00+01:00"}, /* the close is still open */
        {"2026-11-20T09:00+01:00", "4h", "2026-11-20T14:00+01:00"}, /* after the pause */
        {"2026-11-20T12:00+01:00", "1h", "2026-11-20T14:00+01:00"},
        {"2026-11-20T12:30+01:00", "1h", "2026-11-20T14:00+01:00"},
        {"2026-11-20T16:30+01:00", "1h", "2026-11-23T09:30+01:00"},
        {"2026-11-20T17:00+01:00", "1h", "2026-11-23T10:00+01:00"},
        {"2026-11-22T12:00+01:00", "7h", "2026-11-23T17:00+01:00"},
        {"2026-11-22T12:00+01:00", "8h", "2026-11-24T10:00+01:00"},
    };

    (void)state;
    sample_open(&office, 0, 4, "09:00-12:00");
    sample_open(&office, 0, 4, "13:00-17:00");
    EXPECT_EXAMPLES(&office, examples);
}

static void test_wall_clock(void **state) {
    const struct calendar office = sample_office();
    static const struct example examples[] = {
        {"2026-11-20T18:00+01:00", "15m", "2026-11-20T18:15+01:00"},
        {"2026-11-20T18:00+01:00", "4H", "2026-11-20T22:00+01:00"},
        {"2026-11-20T18:00+01:00", "28D", "2026-12-18T18:00+01:00"},
        {"2026-10-24T18:00+02:00", "1D", "2026-10-25T17:00+01:00"}, /* 24 hours all the same */
    };

    (void)state;
    EXPECT_EXAMPLES(&office, examples);
}

/* ---- Changes of the clock ---- */

/* On 29 March 2026 the clock goes from 02:00 to 03:00, on 25 October from 03:00 to 02:00. */
static void test_daylight_saving_hours(void **state) {
    struct calendar always = sample_calendar("Europe/Amsterdam");
    static const struct example examples[] = {
        {"2026-03-28T12:00+01:00", "24h", "2026-03-29T13:00+02:00"},
        {"2026-10-24T12:00+02:00", "24h", "2026-10-25T11:00+01:00"},
        {"2026-03-29T01:30+01:00", "1h", "2026-03-29T03:30+02:00"},
        {"2026-10-25T02:30+02:00", "1h", "2026-10-25T02:30+01:00"},
    };

    (void)state;
    sample_open(&always, 0, 6, "00:00-24:00");
    EXPECT_EXAMPLES(&always, examples);
    assert_int_equal(calendar_open_ms_between(&always, at("2026-03-29T00:00+01:00"),
                                              at("2026-03-30T00:00+02:00")),
                     23 * CALENDAR_HOUR_MS);
    assert_int_equal(calendar_open_ms_between(&always, at("2026-10-25T00:00+02:00"),
                                              at("2026-10-26T00:00+01:00")),
                     25 * CALENDAR_HOUR_MS);
}

/* Opening hours are what the clock on the wall shows, on either side of the change. */
static void test_daylight_saving_days(void **state) {
    const struct calendar office = sample_office();
    static const struct example examples[] = {
        {"2026-03-27T18:00+01:00", "1d", "2026-03-30T17:00+02:00"},
        {"2026-10-23T18:00+02:00", "1d", "2026-10-26T17:00+01:00"},
        {"2026-03-27T16:00+01:00", "2h", "2026-03-30T09:30+02:00"},
        {"2026-10-23T16:00+02:00", "2h", "2026-10-26T09:30+01:00"},
    };

    (void)state;
    EXPECT_EXAMPLES(&office, examples);
}

/* Open in the hour that is skipped, and that comes twice. */
static void test_daylight_saving_at_night(void **state) {
    struct calendar night = sample_calendar("Europe/Amsterdam");
    int64_t day;

    (void)state;
    sample_open(&night, 6, 6, "02:00-03:00");
    assert_true(calendar_day_parse("2026-03-29", &day));
    assert_false(calendar_day_is_open(&night, day));
    assert_true(calendar_day_is_open(&night, day - 7));
    assert_true(calendar_day_is_open(&night, day + 7));
    assert_int_equal(calendar_open_ms_between(&night, at("2026-10-25T00:00+02:00"),
                                              at("2026-10-25T12:00+01:00")),
                     2 * CALENDAR_HOUR_MS);
    expect_moment(
        "1d over the skipped hour",
        calendar_add(&night, at("2026-03-22T12:00+01:00"), duration("1d"), 30 * CALENDAR_DAY_MS),
        at("2026-04-05T03:00+02:00"));
}

/* A zone whose clock goes back over midnight, from 00:30 to 23:30: the day begins once, when
 * midnight first comes. */
static void test_clock_goes_back_over_midnight(void **state) {
    const hv_time midnight = 10 * CALENDAR_DAY_MS - 2 * CALENDAR_HOUR_MS;
    const struct calendar_shift shifts[] = {{0, 2 * CALENDAR_HOUR_MS},
                                            {midnight + CALENDAR_HOUR_MS / 2, CALENDAR_HOUR_MS}};
    const struct calendar_zone zone = {shifts, 2};
    const struct calendar calendar = {.zone = &zone, .day_ms = CALENDAR_DAY_MS};

    (void)state;
    assert_int_equal(calendar_day_of(&calendar, midnight - 1), 9);
    assert_int_equal(calendar_day_of(&calendar, midnight), 10);
    assert_int_equal(calendar_day_of(&calendar, midnight + CALENDAR_HOUR_MS / 2), 10);
    assert_int_equal(calendar_day_of(&calendar, midnight + CALENDAR_HOUR_MS), 10);
    assert_int_equal(calendar_day_of(&calendar, midnight + 25 * CALENDAR_HOUR_MS - 1), 10);
    assert_int_equal(calendar_day_of(&calendar, midnight + 25 * CALENDAR_HOUR_MS), 11);
}

/* ---- Ceilings ---- */

/* Open one hour a week, as little as nothing: the ceiling is when it is due. */
static void test_an_hour_a_week(void **state) {
    struct calendar rare = sample_calendar("Europe/Amsterdam");
    struct calendar never = sample_calendar("Europe/Amsterdam");
    static const struct example examples[] = {
        {"2026-11-16T09:30+01:00", "1d", "2026-11-22T09:30+01:00"}, /* 2 + 4 days */
        {"2026-11-16T09:30+01:00", "5d", "2026-11-30T09:30+01:00"}, /* 10 + 4 days */
        {"2026-11-16T09:30+01:00", "4h", "2026-11-20T13:30+01:00"}, /* 4 + 96 hours */
        {"2026-11-17T09:30+01:00", "1d",
         "2026-11-23T09:30+01:00"}, /* as it opens, half an hour in */
    };
    static const struct example rare_only[] = {
        {"2026-11-20T12:00+01:00", "1d", "2026-11-23T10:00+01:00"},
        {"2026-11-20T12:00+01:00", "1h", "2026-11-23T10:00+01:00"},
        {"2026-11-20T12:00+01:00", "2h", "2026-11-24T14:00+01:00"},
    };

    (void)state;
    sample_open(&rare, 0, 0, "09:00-10:00");
    EXPECT_EXAMPLES(&rare, examples);
    EXPECT_EXAMPLES(&never, examples);
    EXPECT_EXAMPLES(&rare, rare_only);
}

/* A step may set a ceiling of its own, lower or higher. */
static void test_no_later(void **state) {
    struct calendar rare = sample_calendar("Europe/Amsterdam");
    const hv_time from = at("2026-11-17T12:00+01:00"); /* a Tuesday */

    (void)state;
    sample_open(&rare, 0, 0, "09:00-10:00");
    expect_moment("1d within 36 hours",
                  calendar_add(&rare, from, duration("1d"), 36 * CALENDAR_HOUR_MS),
                  at("2026-11-19T00:00+01:00"));
    expect_moment("3d within 60 days",
                  calendar_add(&rare, from, duration("3d"), 60 * CALENDAR_DAY_MS),
                  at("2026-12-07T10:00+01:00"));
    expect_moment("2D within 1 day", calendar_add(&rare, from, duration("2D"), CALENDAR_DAY_MS),
                  at("2026-11-18T12:00+01:00"));
    expect_moment("the latest of 1d",
                  calendar_latest(&rare, from, duration("1d"), CALENDAR_CEILING_OWN),
                  from + 6 * CALENDAR_DAY_MS);
    assert_int_equal(calendar_latest(&rare, from, duration("1D"), CALENDAR_CEILING_OWN),
                     CALENDAR_MOMENT_MAX);
}

/* Nothing is due after the last moment that can be written. */
static void test_the_end_of_time(void **state) {
    struct calendar office = sample_office();
    static const char *const durations[] = {"9007199254740991ms", "10000d", "10000h"};

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        expect_moment(
            durations[i],
            calendar_add(&office, CALENDAR_MOMENT_MAX - 5, duration(durations[i]), INT64_MAX),
            CALENDAR_MOMENT_MAX);
    }
}

/* ---- Open or not ---- */

static void test_is_open(void **state) {
    const struct calendar office = sample_office();
    static const struct {
        const char *at;
        bool open;
    } examples[] = {
        {"2026-11-20T08:29+01:00", false}, {"2026-11-20T08:30+01:00", true},
        {"2026-11-20T16:59+01:00", true},  {"2026-11-20T17:00+01:00", false},
        {"2026-11-21T12:00+01:00", false}, {"2026-12-25T12:00+01:00", false},
        {"2026-07-01T08:30+02:00", true},  {"2026-07-01T17:00+02:00", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        if (calendar_is_open(&office, at(examples[i].at)) != examples[i].open)
            fail_msg("%s: got %s", examples[i].at, examples[i].open ? "closed" : "open");
    }
}

static void test_measuring(void **state) {
    const struct calendar office = sample_office();
    const hv_time friday = at("2026-11-20T16:00+01:00"), monday = at("2026-11-23T09:30+01:00");

    (void)state;
    assert_int_equal(calendar_open_ms_between(&office, friday, monday), 2 * CALENDAR_HOUR_MS);
    assert_int_equal(calendar_open_ms_between(&office, monday, friday), 0);
    assert_int_equal(calendar_open_ms_between(&office, friday, friday), 0);
    assert_int_equal(calendar_open_days_between(&office, friday, monday), 0);
    assert_int_equal(calendar_open_days_between(&office, friday, at("2026-11-23T17:00+01:00")), 1);
    assert_int_equal(calendar_open_days_between(&office, friday, at("2026-11-27T16:59+01:00")), 4);
    assert_int_equal(calendar_open_days_between(&office, monday, friday), 0);
}

/* ---- Shortened days ---- */

/* In a trial a day of 24 seconds stands for one of 24 hours, and nobody goes home. */
static void test_shortened_days(void **state) {
    struct calendar office = sample_office();
    const hv_time from = at("2026-11-20T18:00+01:00");
    static const struct {
        const char *duration;
        int64_t ms;
    } examples[] = {{"1d", 24000}, {"3h", 3000}, {"1H", 1000}, {"1D", 24000},
                    {"15m", 250},  {"1ms", 1},   {"0s", 0}};

    (void)state;
    office.day_ms = 24000;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        expect_moment(
            examples[i].duration,
            calendar_add(&office, from, duration(examples[i].duration), CALENDAR_CEILING_OWN),
            from + examples[i].ms);
    }
    expect_moment("the ceiling of 1d",
                  calendar_latest(&office, from, duration("1d"), CALENDAR_CEILING_OWN),
                  from + INT64_C(6) * 24000);
    expect_moment("1d no later than 6H",
                  calendar_add(&office, from, duration("1d"), 6 * CALENDAR_HOUR_MS), from + 6000);
    assert_true(calendar_is_open(&office, from));
    assert_int_equal(calendar_open_ms_between(&office, from, from + 3000), 3 * CALENDAR_HOUR_MS);
    assert_int_equal(calendar_open_days_between(&office, from, from + 50000), 2);
}

/* ---- Durations as text ---- */

static void test_durations(void **state) {
    static const struct {
        const char *text;
        int64_t amount;
        enum calendar_unit unit;
        const char *again;
    } good[] = {
        {"0ms", 0, CALENDAR_WALL_MS, "0D"},
        {"90s", 90000, CALENDAR_WALL_MS, "90s"},
        {"120s", 120000, CALENDAR_WALL_MS, "2m"},
        {"15M", 900000, CALENDAR_WALL_MS, "15m"},
        {"36H", 36 * CALENDAR_HOUR_MS, CALENDAR_WALL_MS, "36H"},
        {"48H", 2 * CALENDAR_DAY_MS, CALENDAR_WALL_MS, "2D"},
        {"1234ms", 1234, CALENDAR_WALL_MS, "1234ms"},
        {"9007199254740991ms", CALENDAR_MOMENT_MAX, CALENDAR_WALL_MS, "9007199254740991ms"},
        {"4h", 4, CALENDAR_OFFICE_HOURS, "4h"},
        {"48h", 48, CALENDAR_OFFICE_HOURS, "48h"},
        {"1d", 1, CALENDAR_OFFICE_DAYS, "1d"},
        {"010000d", 10000, CALENDAR_OFFICE_DAYS, "10000d"},
    };
    static const char *const bad[] = {
        "",
        "d",
        "1",
        "0d",
        "0h",
        "10001d",
        "10001h",
        "-1d",
        "1.5h",
        "1 d",
        "1w",
        "1dd",
        "1hd",
        "1d ",
        "1DAY",
        "+1d",
        "9007199254740992ms",
        "9223372036854775808d",
    };
    char text[CALENDAR_DURATION_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct calendar_duration got = duration(good[i].text);
        assert_int_equal(got.amount, good[i].amount);
        assert_int_equal(got.unit, good[i].unit);
        calendar_duration_text(got, text);
        assert_string_equal(text, good[i].again);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct calendar_duration got = {-1, CALENDAR_WALL_MS};
        if (calendar_duration_parse(bad[i], &got))
            fail_msg("`%s` was taken for a duration", bad[i]);
        assert_int_equal(got.amount, -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_over_a_weekend),
        cmocka_unit_test(test_days_over_holidays),
        cmocka_unit_test(test_days_over_a_closure),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_wall_clock),
        cmocka_unit_test(test_daylight_saving_hours),
        cmocka_unit_test(test_daylight_saving_days),
        cmocka_unit_test(test_daylight_saving_at_night),
        cmocka_unit_test(test_clock_goes_back_over_midnight),
        cmocka_unit_test(test_an_hour_a_week),
        cmocka_unit_test(test_no_later),
        cmocka_unit_test(test_the_end_of_time),
        cmocka_unit_test(test_is_open),
        cmocka_unit_test(test_measuring),
        cmocka_unit_test(test_shortened_days),
        cmocka_unit_test(test_durations),
    };

    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
