/* The clock: what time it is, whatever the machine says. */
#include "broker/clock.h"

#include <string.h>

static bool same_id(const struct clock *before, const struct clock_reading *reading) {
    return memcmp(before->boot_id, reading->boot_id, sizeof before->boot_id) == 0;
}

static bool same_boot(const struct clock *before, const struct clock_reading *reading) {
    return same_id(before, reading) && reading->boot_ms >= before->boot_ms;
}

/* The time by the machine's ticking alone: since the last moment that was taken, or, after another
 * boot, at least as long as that boot lasts. Of a boot that has gone back, a machine that was put
 * back to an earlier moment, nothing is known. */
static hv_time by_ticking(const struct clock *before, const struct clock_reading *reading) {
    if (same_boot(before, reading))
        return before->now_ms + reading->boot_ms - before->boot_ms;
    return same_id(before, reading) ? before->now_ms : before->now_ms + reading->boot_ms;
}

static bool agrees(const struct clock *before, const struct clock_reading *reading) {
    const int64_t ahead_ms = reading->wall_ms - by_ticking(before, reading);
    const int64_t ahead_max_ms = same_boot(before, reading) ? CLOCK_STEP_MS : CLOCK_OFF_MAX_MS;

    if (before->doubted && same_boot(before, reading))
        return ahead_ms >= -CLOCK_STEP_MS && ahead_ms <= CLOCK_STEP_MS;
    return ahead_ms >= -CLOCK_STEP_MS && ahead_ms <= ahead_max_ms;
}

hv_time clock_take(const struct clock *before, const struct clock_reading *reading, bool accept,
                   struct clock *ret_clock) {
    const bool is_first = before->now_ms == 0;
    const bool trusted = is_first || accept || reading->synchronised || agrees(before, reading);
    const hv_time now_ms = trusted ? reading->wall_ms : by_ticking(before, reading);

    ret_clock->now_ms = now_ms;
    ret_clock->wall_ms = reading->wall_ms;
    ret_clock->boot_ms = reading->boot_ms;
    memcpy(ret_clock->boot_id, reading->boot_id, sizeof ret_clock->boot_id);
    ret_clock->doubted = !trusted;
    return now_ms;
}

int64_t clock_put_back_ms(const struct clock *before, const struct clock *clock) {
    struct clock_reading reading = {.boot_ms = clock->boot_ms};

    memcpy(reading.boot_id, clock->boot_id, sizeof reading.boot_id);
    return by_ticking(before, &reading) - clock->now_ms;
}

int64_t clock_ahead_ms(const struct clock *clock) {
    return clock->wall_ms - clock->now_ms;
}
