/* Calendars to try, and moments as people write them. */
#ifndef HOUVAST_TESTS_CALENDAR_SAMPLES_H
#define HOUVAST_TESTS_CALENDAR_SAMPLES_H

#include "broker/calendar.h"

/* 2026-11-20T18:00+01:00, a local time with its offset from UTC; fails the test for other forms. */
hv_time at(const char *text);

/* The same form, as a clock on the wall in Amsterdam shows it, for a failure that people can read;
 * seconds are added where there are any. */
#define AT_TEXT_SIZE 48
void at_text(hv_time at_ms, char ret_text[AT_TEXT_SIZE]);

struct calendar_duration duration(const char *text);

/* Fails the test, with both as local times, where they are not the same. */
void expect_moment(const char *what, hv_time got_ms, hv_time want_ms);

/* In the zone of that name, never open. */
struct calendar sample_calendar(const char *zone);
/* In Amsterdam, Monday to Friday from 08:30 to 17:00, closed on Dutch holidays. */
struct calendar sample_office(void);
/* Adds HH:MM-HH:MM to the weekdays from `first` to `last`; Monday is 0. */
void sample_open(struct calendar *calendar, int first, int last, const char *interval);

#endif
