/* Calendars to try, and moments as people write them. */
#include "calendar_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "broker/network_zone.h"

hv_time at(const char *text) {
    struct tm date = {0};
    int hours, minutes, read = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d%3d:%2d%n", &date.tm_year, &date.tm_mon, &date.tm_mday,
               &date.tm_hour, &date.tm_min, &hours, &minutes, &read) != 7 ||
        text[read] != '\0')
        fail_msg("%s is no moment", text);
    date.tm_year -= 1900;
    date.tm_mon -= 1;
    return (timegm(&date) - hours * 3600 - (hours < 0 ? -minutes : minutes) * 60) * INT64_C(1000);
}

void at_text(hv_time at_ms, char ret_text[AT_TEXT_SIZE]) {
    const struct calendar calendar = sample_calendar("Europe/Amsterdam");
    int64_t offset_ms = calendar.zone->shifts[0].offset_ms;

    for (size_t i = 0; i < calendar.zone->count; i++) {
        if (calendar.zone->shifts[i].from_ms <= at_ms)
            offset_ms = calendar.zone->shifts[i].offset_ms;
    }
    time_t seconds = (at_ms + offset_ms) / 1000;
    struct tm date;
    gmtime_r(&seconds, &date);
    size_t size = strftime(ret_text, AT_TEXT_SIZE, "%a %Y-%m-%dT%H:%M", &date);
    if (at_ms % 60000 != 0)
        size += (size_t)snprintf(ret_text + size, AT_TEXT_SIZE - size, ":%06.3f",
                                 (double)(at_ms % 60000) / 1000);
    snprintf(ret_text + size, AT_TEXT_SIZE - size, "+%02d:00", (int)(offset_ms / 3600000));
}

struct calendar_duration duration(const char *text) {
    struct calendar_duration ret;

    if (!calendar_duration_parse(text, &ret))
        fail_msg("%s is no duration", text);
    return ret;
}

void expect_moment(const char *what, hv_time got_ms, hv_time want_ms) {
    char got[AT_TEXT_SIZE], want[AT_TEXT_SIZE];

    at_text(got_ms, got);
    at_text(want_ms, want);
    if (got_ms != want_ms)
        fail_msg("%s: got %s, expected %s", what, got, want);
}

struct calendar sample_calendar(const char *zone) {
    struct calendar calendar = {.day_ms = CALENDAR_DAY_MS};

    if (network_zone_find(zone, &calendar.zone) < 0)
        fail_msg("this machine does not know the time zone %s", zone);
    return calendar;
}

struct calendar sample_office(void) {
    struct calendar calendar = sample_calendar("Europe/Amsterdam");

    calendar.dutch_holidays = true;
    sample_open(&calendar, 0, 4, "08:30-17:00");
    return calendar;
}

void sample_open(struct calendar *calendar, int first, int last, const char *interval) {
    int from_hour, from_minute, until_hour, until_minute;

    assert_int_equal(
        sscanf(interval, "%2d:%2d-%2d:%2d", &from_hour, &from_minute, &until_hour, &until_minute),
        4);
    for (int day = first; day <= last; day++) {
        struct calendar_opening *opening = &calendar->week[day];
        assert_true(opening->count < CALENDAR_INTERVALS_MAX);
        opening->intervals[opening->count++] = (struct calendar_interval){
            from_hour * 60 + from_minute, until_hour * 60 + until_minute};
    }
}
