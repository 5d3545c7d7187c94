/* What holds of office time for any calendar, moment and duration. HOUVAST_SEED gives the seed of
 * the second test. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <cmocka.h>

#include "calendar_samples.h"
#include "wire_samples.h"

#define CALENDARS    60
#define TRIES        60
#define CLOSURES_MAX 8
#define MINUTE_MS    INT64_C(60000)

struct trial {
    struct chance chance;
    uint64_t seed;
    struct calendar calendar;
    struct calendar_closure closures[CLOSURES_MAX];
};

/* ---- By chance ---- */

/* Quarters of an hour from 03:00 on, so that no change of the clock falls in them, or the night. */
static void random_opening(struct trial *trial, struct calendar_opening *opening) {
    int minute = (int)chance_below(&trial->chance, 9) * 15 + 180;

    opening->count = 0;
    if (chance_below(&trial->chance, 4) == 0)
        return;
    if (chance_below(&trial->chance, 8) == 0) {
        *opening = (struct calendar_opening){.intervals = {{0, 1440}}, .count = 1};
        return;
    }
    while (opening->count < CALENDAR_INTERVALS_MAX && minute < 1380) {
        int until = minute + (int)chance_below(&trial->chance, 30) * 15 + 15;
        until = until > 1440 ? 1440 : until;
        opening->intervals[opening->count++] = (struct calendar_interval){minute, until};
        minute = until + (int)chance_below(&trial->chance, 20) * 15;
    }
}

/* Moments of the years 2020 to 2040, which the last closures may lie beyond. */
static hv_time random_moment(struct trial *trial) {
    static const char *const changes[] = {"2026-03-29T02:00+01:00", "2026-10-25T03:00+02:00"};
    const hv_time begin = at("2020-01-01T00:00+01:00"), end = at("2041-01-01T00:00+01:00");

    if (chance_below(&trial->chance, 4) == 0) /* within a week of a change of the clock */
        return at(changes[chance_below(&trial->chance, 2)]) - 7 * CALENDAR_DAY_MS +
               (hv_time)chance_below(&trial->chance, 14 * CALENDAR_DAY_MS);
    return begin + (hv_time)chance_below(&trial->chance, (uint64_t)(end - begin));
}

static void random_calendar(struct trial *trial) {
    trial->calendar = sample_calendar("Europe/Amsterdam");
    trial->calendar.dutch_holidays = chance_below(&trial->chance, 2) == 0;
    for (int i = 0; i < 7; i++)
        random_opening(trial, &trial->calendar.week[i]);
    int64_t day = 18262; /* 2020-01-01 */
    trial->calendar.closures = trial->closures;
    trial->calendar.closure_count = chance_below(&trial->chance, CLOSURES_MAX + 1);
    for (size_t i = 0; i < trial->calendar.closure_count; i++) {
        day += (int64_t)chance_below(&trial->chance, 1000);
        trial->closures[i].first_day = day;
        day += (int64_t)chance_below(&trial->chance, 10);
        trial->closures[i].last_day = day++;
    }
}

static struct calendar_duration random_duration(struct trial *trial) {
    struct calendar_duration ret = {.unit = (enum calendar_unit)chance_below(&trial->chance, 3)};

    ret.amount = 1 + (int64_t)chance_below(
                         &trial->chance, ret.unit == CALENDAR_WALL_MS ? 30 * CALENDAR_DAY_MS : 40);
    return ret;
}

static int64_t random_ceiling(struct trial *trial) {
    return chance_below(&trial->chance, 2) == 0
               ? CALENDAR_CEILING_OWN
               : (int64_t)chance_below(&trial->chance, 200 * CALENDAR_DAY_MS) + 1;
}

/* ---- What holds ---- */

__attribute__((format(printf, 5, 6))) static void expect(const struct trial *trial, bool holds,
                                                         hv_time from_ms, hv_time due_ms,
                                                         const char *format, ...) {
    char from[AT_TEXT_SIZE], due[AT_TEXT_SIZE], what[256];
    va_list arguments;

    if (holds)
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    at_text(from_ms, from);
    at_text(due_ms, due);
    fail_msg("seed %" PRIu64 ", from %s to %s: %s", trial->seed, from, due, what);
}

/* Add, then measure, gives back; no deadline lies in closed time, but where the ceiling put it. */
static void expect_deadline(const struct trial *trial, hv_time from_ms,
                            struct calendar_duration wanted, int64_t ceiling_ms, hv_time due_ms) {
    const struct calendar *calendar = &trial->calendar;
    const hv_time latest_ms = calendar_latest(calendar, from_ms, wanted, ceiling_ms);
    const int64_t hours_ms = calendar_open_ms_between(calendar, from_ms, due_ms);
    const int64_t days = calendar_open_days_between(calendar, from_ms, due_ms);
    char text[CALENDAR_DURATION_SIZE];

    calendar_duration_text(wanted, text);
    expect(trial, due_ms >= from_ms, from_ms, due_ms, "%s is over before it began", text);
    expect(trial, due_ms <= latest_ms, from_ms, due_ms, "%s goes over the ceiling", text);
    if (due_ms == latest_ms) {
        expect(trial,
               wanted.unit != CALENDAR_OFFICE_HOURS || hours_ms <= wanted.amount * CALENDAR_HOUR_MS,
               from_ms, due_ms, "%s measures %" PRId64 " ms, below the ceiling", text, hours_ms);
        expect(trial, wanted.unit != CALENDAR_OFFICE_DAYS || days <= wanted.amount, from_ms, due_ms,
               "%s measures %" PRId64 " days, below the ceiling", text, days);
        return;
    }
    switch (wanted.unit) {
    case CALENDAR_WALL_MS:
        expect(trial, due_ms - from_ms == wanted.amount, from_ms, due_ms, "%s", text);
        return;
    case CALENDAR_OFFICE_HOURS:
        expect(trial, hours_ms == wanted.amount * CALENDAR_HOUR_MS, from_ms, due_ms,
               "%s measures %" PRId64 " ms", text, hours_ms);
        break;
    case CALENDAR_OFFICE_DAYS:
        expect(trial, days == wanted.amount, from_ms, due_ms, "%s measures %" PRId64 " days", text,
               days);
        expect(trial,
               !calendar_is_open(calendar, due_ms) ||
                   calendar_day_of(calendar, due_ms - 1) != calendar_day_of(calendar, due_ms),
               from_ms, due_ms, "%s does not end at the close of a day", text);
        break;
    }
    expect(trial, calendar_is_open(calendar, due_ms - 1), from_ms, due_ms, "%s ends in closed time",
           text);
}

/* A later beginning, or a larger amount, never ends earlier. */
static void expect_monotone(struct trial *trial, hv_time from_ms, struct calendar_duration wanted,
                            int64_t ceiling_ms, hv_time due_ms) {
    const hv_time later_ms =
        from_ms + (hv_time)chance_below(&trial->chance, chance_below(&trial->chance, 2) == 0
                                                            ? 100000
                                                            : 10 * CALENDAR_DAY_MS);
    struct calendar_duration more = wanted;
    const hv_time due_later_ms = calendar_add(&trial->calendar, later_ms, wanted, ceiling_ms);

    more.amount += 1 + (int64_t)chance_below(&trial->chance, 5);
    const hv_time due_more_ms = calendar_add(&trial->calendar, from_ms, more, ceiling_ms);
    expect(trial, due_later_ms >= due_ms, later_ms, due_later_ms,
           "it began %" PRId64 " ms later and ends earlier", later_ms - from_ms);
    expect(trial, due_more_ms >= due_ms, from_ms, due_more_ms, "it is longer and ends earlier");
}

static void expect_sums(struct trial *trial, hv_time a_ms) {
    const struct calendar *calendar = &trial->calendar;
    const hv_time b_ms = a_ms + (hv_time)chance_below(&trial->chance, 20 * CALENDAR_DAY_MS);
    const hv_time c_ms = b_ms + (hv_time)chance_below(&trial->chance, 20 * CALENDAR_DAY_MS);
    const int64_t whole_ms = calendar_open_ms_between(calendar, a_ms, c_ms);

    expect(trial,
           calendar_open_ms_between(calendar, a_ms, b_ms) +
                   calendar_open_ms_between(calendar, b_ms, c_ms) ==
               whole_ms,
           a_ms, c_ms, "two parts are not the whole");
    expect(trial, whole_ms >= 0 && whole_ms <= c_ms - a_ms, a_ms, c_ms, "more than all of it");
}

/* ---- Against a clock on the wall ---- */

static bool wall_is_open(const struct calendar *calendar, hv_time at_ms) {
    time_t seconds = at_ms / 1000;
    struct tm wall;

    localtime_r(&seconds, &wall);
    const struct calendar_opening *opening = &calendar->week[(wall.tm_wday + 6) % 7];
    const int minute = wall.tm_hour * 60 + wall.tm_min;
    wall.tm_isdst = 0;
    const int64_t day = (timegm(&wall) - minute * 60 - wall.tm_sec) / 86400;
    if (calendar->dutch_holidays && calendar_holiday(day))
        return false;
    for (size_t i = 0; i < calendar->closure_count; i++)
        if (calendar->closures[i].first_day <= day && day <= calendar->closures[i].last_day)
            return false;
    for (size_t i = 0; i < opening->count; i++)
        if (opening->intervals[i].from_minute <= minute &&
            minute < opening->intervals[i].until_minute)
            return true;
    return false;
}

/* Minute by minute, with the C library's idea of the time in Amsterdam. */
static void expect_as_on_the_wall(struct trial *trial, hv_time from_ms) {
    int64_t open_ms = 0;

    from_ms -= from_ms % MINUTE_MS;
    const hv_time until_ms = from_ms + 9 * CALENDAR_DAY_MS;
    for (hv_time now_ms = from_ms; now_ms < until_ms; now_ms += MINUTE_MS) {
        const bool open = wall_is_open(&trial->calendar, now_ms);
        expect(trial, calendar_is_open(&trial->calendar, now_ms) == open, from_ms, now_ms,
               "expected %s at the end of that", open ? "open" : "closed");
        open_ms += open ? MINUTE_MS : 0;
    }
    const int64_t got_ms = calendar_open_ms_between(&trial->calendar, from_ms, until_ms);
    expect(trial, got_ms == open_ms, from_ms, until_ms,
           "got %" PRId64 " ms of open time, expected %" PRId64, got_ms, open_ms);
}

/* ---- Runs ---- */

static void calendar_try(struct trial *trial) {
    random_calendar(trial);
    for (int i = 0; i < TRIES; i++) {
        const hv_time from_ms = random_moment(trial);
        const struct calendar_duration wanted = random_duration(trial);
        const int64_t ceiling_ms = random_ceiling(trial);
        const hv_time due_ms = calendar_add(&trial->calendar, from_ms, wanted, ceiling_ms);
        expect_deadline(trial, from_ms, wanted, ceiling_ms, due_ms);
        expect_monotone(trial, from_ms, wanted, ceiling_ms, due_ms);
        expect_sums(trial, from_ms);
    }
    expect_as_on_the_wall(trial, random_moment(trial));
}

static void run_seed(uint64_t seed) {
    struct trial trial = {.chance = {seed}, .seed = seed};

    for (int i = 0; i < CALENDARS; i++)
        calendar_try(&trial);
}

static void test_fixed_seed(void **state) {
    (void)state;
    run_seed(1);
}

static void test_fresh_seed(void **state) {
    const char *said = getenv("HOUVAST_SEED");
    uint64_t seed = said ? strtoull(said, NULL, 10) : 0;

    (void)state;
    if (!said)
        assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
    print_message("# seed %" PRIu64 "\n", seed);
    run_seed(seed);
}

static int zone_set(void **state) {
    (void)state;
    if (setenv("TZ", "Europe/Amsterdam", 1) < 0)
        return -1;
    tzset();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_seed),
        cmocka_unit_test(test_fresh_seed),
    };

    return cmocka_run_group_tests_name("calendar, whatever it is", tests, zone_set, NULL);
}
