/* Office time: opening hours, closures and changes of the clock, and the durations counted in them.
 */
#include "broker/calendar.h"

#include <assert.h>
#include <stddef.h>

/* A stretch of real time: from the one moment until the other, which is outside. */
struct span {
    hv_time from_ms, until_ms;
};

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t floor_divide(int64_t number, int64_t by) {
    return number / by - (number % by < 0);
}

/* ---- Local time ---- */

/* The shift in force at that moment. */
static size_t shift_at(const struct calendar_zone *zone, hv_time at_ms) {
    size_t low = 0, high = zone->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->shifts[middle].from_ms <= at_ms)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first moment at which a clock on the wall shows that local time or a later one. It never
 * falls as local time rises, so that stretches which are apart on the clock are apart in time. */
static hv_time moment_of(const struct calendar_zone *zone, int64_t local_ms) {
    size_t i = shift_at(zone, local_ms - CALENDAR_DAY_MS);

    while (i + 1 < zone->count &&
           zone->shifts[i + 1].from_ms + zone->shifts[i].offset_ms <= local_ms)
        i++;
    hv_time at_ms = local_ms - zone->shifts[i].offset_ms;
    return i > 0 ? most(at_ms, zone->shifts[i].from_ms) : at_ms;
}

static hv_time day_begin(const struct calendar *calendar, int64_t day) {
    return moment_of(calendar->zone, day * CALENDAR_DAY_MS);
}

int64_t calendar_day_of(const struct calendar *calendar, hv_time at_ms) {
    const struct calendar_zone *zone = calendar->zone;
    int64_t local_ms = at_ms + zone->shifts[shift_at(zone, at_ms)].offset_ms;
    int64_t day = floor_divide(local_ms, CALENDAR_DAY_MS);

    /* Where the clock goes back over midnight, the day has begun when midnight comes first. */
    return day_begin(calendar, day + 1) <= at_ms ? day + 1 : day;
}

/* ---- What is open ---- */

static bool is_shortened(const struct calendar *calendar) {
    return calendar->day_ms != CALENDAR_DAY_MS;
}

static bool is_closure(const struct calendar *calendar, int64_t day) {
    size_t low = 0, high = calendar->closure_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->closures[middle].last_day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < calendar->closure_count && calendar->closures[low].first_day <= day;
}

/* What is open of a day; NULL where nothing is. */
static const struct calendar_opening *opening_of(const struct calendar *calendar, int64_t day) {
    int64_t weekday = day + 3 - 7 * floor_divide(day + 3, 7); /* day 0 was a Thursday */
    const struct calendar_opening *opening = &calendar->week[weekday];

    if (opening->count == 0 || is_closure(calendar, day) ||
        (calendar->dutch_holidays && calendar_holiday(day)))
        return NULL;
    return opening;
}

static struct span interval_span(const struct calendar *calendar, int64_t day,
                                 const struct calendar_interval *interval) {
    int64_t midnight_ms = day * CALENDAR_DAY_MS;

    return (struct span){
        moment_of(calendar->zone, midnight_ms + interval->from_minute * CALENDAR_MINUTE_MS),
        moment_of(calendar->zone, midnight_ms + interval->until_minute * CALENDAR_MINUTE_MS),
    };
}

/* When the day closes for the last time; false where it is not open at all. */
static bool day_close(const struct calendar *calendar, int64_t day, hv_time *ret_close_ms) {
    const struct calendar_opening *opening = opening_of(calendar, day);

    for (size_t i = opening ? opening->count : 0; i > 0; i--) {
        struct span span = interval_span(calendar, day, &opening->intervals[i - 1]);
        /* A change of the clock can skip the whole of it. */
        if (span.from_ms < span.until_ms) {
            *ret_close_ms = span.until_ms;
            return true;
        }
    }
    return false;
}

bool calendar_day_is_open(const struct calendar *calendar, int64_t day) {
    hv_time close_ms;

    return is_shortened(calendar) || day_close(calendar, day, &close_ms);
}

bool calendar_is_open(const struct calendar *calendar, hv_time at_ms) {
    if (is_shortened(calendar))
        return true;
    int64_t day = calendar_day_of(calendar, at_ms);
    const struct calendar_opening *opening = opening_of(calendar, day);
    for (size_t i = 0; opening && i < opening->count; i++) {
        struct span span = interval_span(calendar, day, &opening->intervals[i]);
        if (span.from_ms <= at_ms && at_ms < span.until_ms)
            return true;
    }
    return false;
}

/* ---- Deadlines ---- */

/* As long as a day of 24 hours would have it, if the office were always open. */
/* `ms` of a day of 24 hours in days of another length, rounded up. */
static int64_t rescaled(int64_t ms, int64_t from_day_ms, int64_t to_day_ms) {
    int64_t part = ms % from_day_ms * to_day_ms;

    return ms / from_day_ms * to_day_ms + part / from_day_ms + (part % from_day_ms > 0);
}

static hv_time moment_after(const struct calendar *calendar, hv_time from_ms, int64_t ms) {
    ms = rescaled(least(ms, CALENDAR_MOMENT_MAX), CALENDAR_DAY_MS, calendar->day_ms);
    return least(from_ms + ms, CALENDAR_MOMENT_MAX);
}

static void duration_assert(hv_time from_ms, struct calendar_duration duration) {
    bool is_office = duration.unit != CALENDAR_WALL_MS;

    assert(from_ms >= 0 && from_ms <= CALENDAR_MOMENT_MAX);
    assert(duration.amount >= is_office &&
           duration.amount <= (is_office ? CALENDAR_OFFICE_MAX : CALENDAR_MOMENT_MAX));
}

hv_time calendar_latest(const struct calendar *calendar, hv_time from_ms,
                        struct calendar_duration duration, int64_t ceiling_ms) {
    duration_assert(from_ms, duration);
    assert(ceiling_ms >= 0);
    return moment_after(calendar, from_ms,
                        ceiling_ms == CALENDAR_CEILING_OWN ? calendar_duration_ceiling_ms(duration)
                                                           : ceiling_ms);
}

static hv_time open_hours_end(const struct calendar *calendar, hv_time from_ms, int64_t hours,
                              hv_time latest_ms) {
    int64_t left_ms = hours * CALENDAR_HOUR_MS;

    for (int64_t day = calendar_day_of(calendar, from_ms); day_begin(calendar, day) < latest_ms;
         day++) {
        const struct calendar_opening *opening = opening_of(calendar, day);
        for (size_t i = 0; opening && i < opening->count; i++) {
            struct span span = interval_span(calendar, day, &opening->intervals[i]);
            int64_t open_ms = span.until_ms - most(span.from_ms, from_ms);
            if (open_ms >= left_ms)
                return least(span.until_ms - (open_ms - left_ms), latest_ms);
            left_ms -= most(open_ms, 0);
        }
    }
    return latest_ms;
}

static hv_time open_days_end(const struct calendar *calendar, hv_time from_ms, int64_t days,
                             hv_time latest_ms) {
    int64_t day = calendar_day_of(calendar, from_ms) + 1;
    hv_time close_ms;

    for (; day_begin(calendar, day) < latest_ms; day++) {
        days -= day_close(calendar, day, &close_ms);
        if (days == 0)
            return least(close_ms, latest_ms);
    }
    return latest_ms;
}

hv_time calendar_add(const struct calendar *calendar, hv_time from_ms,
                     struct calendar_duration duration, int64_t ceiling_ms) {
    hv_time latest_ms = calendar_latest(calendar, from_ms, duration, ceiling_ms);

    if (duration.unit == CALENDAR_WALL_MS || is_shortened(calendar))
        return least(moment_after(calendar, from_ms, calendar_duration_ms(duration)), latest_ms);
    return duration.unit == CALENDAR_OFFICE_HOURS
               ? open_hours_end(calendar, from_ms, duration.amount, latest_ms)
               : open_days_end(calendar, from_ms, duration.amount, latest_ms);
}

/* ---- Measuring ---- */

int64_t calendar_open_ms_between(const struct calendar *calendar, hv_time from_ms,
                                 hv_time until_ms) {
    int64_t sum_ms = 0;

    if (from_ms >= until_ms)
        return 0;
    if (is_shortened(calendar)) {
        int64_t days = (until_ms - from_ms) / calendar->day_ms;
        int64_t part_ms = (until_ms - from_ms) % calendar->day_ms;
        return days * CALENDAR_DAY_MS + part_ms * CALENDAR_DAY_MS / calendar->day_ms;
    }
    const int64_t last_day = calendar_day_of(calendar, until_ms);
    for (int64_t day = calendar_day_of(calendar, from_ms); day <= last_day; day++) {
        const struct calendar_opening *opening = opening_of(calendar, day);
        for (size_t i = 0; opening && i < opening->count; i++) {
            struct span span = interval_span(calendar, day, &opening->intervals[i]);
            sum_ms += most(least(span.until_ms, until_ms) - most(span.from_ms, from_ms), 0);
        }
    }
    return sum_ms;
}

int64_t calendar_open_days_between(const struct calendar *calendar, hv_time from_ms,
                                   hv_time until_ms) {
    int64_t count = 0;
    hv_time close_ms;

    if (from_ms >= until_ms)
        return 0;
    if (is_shortened(calendar))
        return (until_ms - from_ms) / calendar->day_ms;
    const int64_t last_day = calendar_day_of(calendar, until_ms);
    for (int64_t day = calendar_day_of(calendar, from_ms) + 1; day <= last_day; day++)
        count += day_close(calendar, day, &close_ms) && close_ms <= until_ms;
    return count;
}
