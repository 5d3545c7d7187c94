/* The clock: doubted, not obeyed. Pure.
 *
 * Deadlines are moments of the wall clock, and a machine's wall clock may be wrong: set by a hand
 * that slipped, by a battery that is empty, by a host that came back from the past. So each turn
 * holds it against the time since boot. One that steps by more than CLOCK_STEP_MS is doubted: time
 * then goes on by the time since boot, until the clock agrees again, is synchronised, or an
 * operator accepts it. Nothing fires twice and nothing falls silent. */
#ifndef HOUVAST_CLOCK_H
#define HOUVAST_CLOCK_H

#include "broker/calendar.h"

#define CLOCK_STEP_MS (5 * CALENDAR_MINUTE_MS)
/* A machine may have been off for so long; a start that lies further ahead is doubted. */
#define CLOCK_OFF_MAX_MS (7 * CALENDAR_DAY_MS)

/* What the machine says. */
struct clock_reading {
    hv_time wall_ms;
    int64_t boot_ms;     /* since boot, suspended time included; never steps back */
    uint8_t boot_id[16]; /* another one after each boot */
    bool synchronised;   /* a time service has set the wall clock just now */
};

/* The last moment that was taken. All zeroes: none yet. */
struct clock {
    hv_time now_ms; /* what counted as the time; 0: never taken */
    hv_time wall_ms;
    int64_t boot_ms;
    uint8_t boot_id[16];
    bool doubted;
};

/* The time now, and *ret_clock as it stands from now on. `accept`: an operator says that the wall
 * clock is right. */
hv_time clock_take(const struct clock *before, const struct clock_reading *reading, bool accept,
                   struct clock *ret_clock);

/* How far the time that counts has been put back since then, beside the time that has passed
 * (forward: negative). */
int64_t clock_put_back_ms(const struct clock *before, const struct clock *clock);

/* How far the wall clock is ahead of the time that counts (behind: negative). */
int64_t clock_ahead_ms(const struct clock *clock);

#endif
