/* Office time: when an organisation is open, and when a duration that counts from a moment ends.
 *
 * A duration counts on the wall clock (ms s m H D) or in office time:
 *
 *     n h   n open hours
 *     n d   the close of the n-th open day after the day on which it began: 1d from Friday evening
 *           is the close of Monday
 *
 * A day is open when any of it is. A day that is a holiday or lies in a closure is closed, whatever
 * the opening hours say. No calendar can park a resident: each office duration has a ceiling on the
 * wall clock, and ends there where office time would end later. But for a ceiling it never ends in
 * closed time; the moment of the close itself counts as open here.
 *
 * Days are counted from 1970-01-01, which is day 0, in local time. A local time that a change of
 * the clock skips stands for the moment of the change; of one that comes twice the first is meant.
 *
 * Everything here is pure and may be called from any thread: no clock, no disk, no global state,
 * nothing is allocated. The calendar has to outlive the call only, and is never changed. */
#ifndef HOUVAST_CALENDAR_H
#define HOUVAST_CALENDAR_H

#include "houvast/messages.h"

#define CALENDAR_MINUTE_MS INT64_C(60000)
#define CALENDAR_HOUR_MS   (60 * CALENDAR_MINUTE_MS)
#define CALENDAR_DAY_MS    (24 * CALENDAR_HOUR_MS)
/* The last moment that the wire and the ledger can write; no deadline lies after it. */
#define CALENDAR_MOMENT_MAX HV_INTEGER_MAX

/* ---- Durations ---- */

enum calendar_unit {
    CALENDAR_WALL_MS,      /* amounts of ms s m H D all become milliseconds */
    CALENDAR_OFFICE_HOURS, /* h */
    CALENDAR_OFFICE_DAYS,  /* d */
};

struct calendar_duration {
    int64_t amount; /* 0 … CALENDAR_MOMENT_MAX; office time: 1 … CALENDAR_OFFICE_MAX */
    enum calendar_unit unit;
};

#define CALENDAR_OFFICE_MAX 10000

/* A whole number and a unit without a blank: ms s m (or M, minutes) H D, h d. False for any other
 * text, and for an amount outside the range above; *ret_duration is then as it was. */
bool calendar_duration_parse(const char *text, struct calendar_duration *ret_duration);

/* The same as text, in the largest unit that loses nothing: 36H is 36H, 48H is 2D. */
#define CALENDAR_DURATION_SIZE 24
void calendar_duration_text(struct calendar_duration duration,
                            char ret_text[CALENDAR_DURATION_SIZE]);

/* How long it is on the wall clock where nothing is ever closed. */
int64_t calendar_duration_ms(struct calendar_duration duration);

/* Its own ceiling: n + 96 hours for n h, 2n + 4 days for n d; CALENDAR_MOMENT_MAX on the wall
 * clock. */
int64_t calendar_duration_ceiling_ms(struct calendar_duration duration);

/* ---- A calendar ---- */

/* From `from_ms` on, until the next one, local time is UTC plus `offset_ms`. */
struct calendar_shift {
    hv_time from_ms;
    int64_t offset_ms; /* under a day, either way */
};

/* A time zone: at least one shift, in order. The first one holds before its moment too. */
struct calendar_zone {
    const struct calendar_shift *shifts;
    size_t count;
};

/* Open from the one minute of the local day, until the other, which is closed. */
struct calendar_interval {
    int from_minute;  /* 0 … 1439 */
    int until_minute; /* 1 … 1440, after from_minute */
};

#define CALENDAR_INTERVALS_MAX 6

/* Of one weekday: in order, none overlaps another; none at all on a day that is always closed. */
struct calendar_opening {
    struct calendar_interval intervals[CALENDAR_INTERVALS_MAX];
    size_t count;
};

/* Both days belong to it. */
struct calendar_closure {
    int64_t first_day;
    int64_t last_day; /* not before first_day */
};

struct calendar {
    const struct calendar_zone *zone;        /* borrowed */
    struct calendar_opening week[7];         /* from Monday */
    bool dutch_holidays;                     /* closed on what calendar_holiday names */
    const struct calendar_closure *closures; /* borrowed; in order, none overlaps another */
    size_t closure_count;
    /* CALENDAR_DAY_MS. Less in a test network whose days are shortened: then every duration and
     * every ceiling shrinks with the day, and the office is always open. */
    int64_t day_ms;
};

/* ---- Deadlines ---- */

/* The duration's own, calendar_duration_ceiling_ms. */
#define CALENDAR_CEILING_OWN 0

/* When a duration that began at `from_ms` is over. `ceiling_ms`, of the wall clock, is how long it
 * may take at most (a step's no_later), or CALENDAR_CEILING_OWN. Never before `from_ms`, and never
 * after calendar_latest. A later beginning or a larger amount never ends earlier. Takes time that
 * grows with the days up to the ceiling. */
hv_time calendar_add(const struct calendar *calendar, hv_time from_ms,
                     struct calendar_duration duration, int64_t ceiling_ms);

/* Where the ceiling puts the end of it: CALENDAR_MOMENT_MAX where there is none. */
hv_time calendar_latest(const struct calendar *calendar, hv_time from_ms,
                        struct calendar_duration duration, int64_t ceiling_ms);

/* ---- Measuring ---- */

bool calendar_is_open(const struct calendar *calendar, hv_time at_ms);

/* How long it was open from the one moment until the other; 0 where that is not the later one.
 * In a network whose days are shortened it is given in the length of whole days: an hour is
 * CALENDAR_HOUR_MS there too, rounded as milliseconds of shortened time allow. Takes time that
 * grows with the days between. */
int64_t calendar_open_ms_between(const struct calendar *calendar, hv_time from_ms,
                                 hv_time until_ms);

/* How many open days closed by `until_ms` of those after the day of `from_ms`. */
int64_t calendar_open_days_between(const struct calendar *calendar, hv_time from_ms,
                                   hv_time until_ms);

/* ---- Days ---- */

/* The local day of a moment. */
int64_t calendar_day_of(const struct calendar *calendar, hv_time at_ms);

/* Whether any of that day is open. */
bool calendar_day_is_open(const struct calendar *calendar, int64_t day);

/* The name (in Dutch) of the public holiday on that day by the Algemene termijnenwet, article 3,
 * or NULL: Nieuwjaarsdag, Goede Vrijdag, Eerste and Tweede Paasdag, Koningsdag (27 April, or 26
 * April where that is a Sunday), Bevrijdingsdag (every year), Hemelvaartsdag, Eerste and Tweede
 * Pinksterdag, Eerste and Tweede Kerstdag. Where one that moves with Easter falls on
 * another one, it is the one named. Days set by decree are closures. */
const char *calendar_holiday(int64_t day);

/* The day of YYYY-MM-DD; false for any other form and for dates that do not exist. */
bool calendar_day_parse(const char *text, int64_t *ret_day);

/* The day as YYYY-MM-DD; from 1970 to 9999. */
#define CALENDAR_DAY_SIZE 16
void calendar_day_text(int64_t day, char ret_text[CALENDAR_DAY_SIZE]);

#endif
