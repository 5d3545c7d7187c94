/* Durations as they are written: a whole number and a unit of the wall clock or of office time. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker/calendar.h"

struct unit {
    const char *text;
    enum calendar_unit unit;
    int64_t size; /* in the unit */
};

/* The first that an amount can be written in without loss is the one it is written in. */
static const struct unit units[] = {
    {"D", CALENDAR_WALL_MS, CALENDAR_DAY_MS},
    {"H", CALENDAR_WALL_MS, CALENDAR_HOUR_MS},
    {"m", CALENDAR_WALL_MS, CALENDAR_MINUTE_MS},
    {"s", CALENDAR_WALL_MS, 1000},
    {"ms", CALENDAR_WALL_MS, 1},
    {"M", CALENDAR_WALL_MS, CALENDAR_MINUTE_MS}, /* the same as m */
    {"h", CALENDAR_OFFICE_HOURS, 1},
    {"d", CALENDAR_OFFICE_DAYS, 1},
};

#define UNIT_COUNT (sizeof units / sizeof *units)

static bool is_in_range(int64_t amount, enum calendar_unit unit) {
    return unit == CALENDAR_WALL_MS ? amount <= CALENDAR_MOMENT_MAX
                                    : amount >= 1 && amount <= CALENDAR_OFFICE_MAX;
}

bool calendar_duration_parse(const char *text, struct calendar_duration *ret_duration) {
    const char *at = text;
    int64_t amount = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(amount, 10, &amount) ||
            __builtin_add_overflow(amount, *at - '0', &amount))
            return false;
    }
    if (at == text)
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(units[i].text, at) != 0)
            continue;
        if (__builtin_mul_overflow(amount, units[i].size, &amount) ||
            !is_in_range(amount, units[i].unit))
            return false;
        *ret_duration = (struct calendar_duration){amount, units[i].unit};
        return true;
    }
    return false;
}

void calendar_duration_text(struct calendar_duration duration,
                            char ret_text[CALENDAR_DURATION_SIZE]) {
    size_t i = 0;

    while (units[i].unit != duration.unit || duration.amount % units[i].size != 0)
        i++;
    snprintf(ret_text, CALENDAR_DURATION_SIZE, "%" PRId64 "%s", duration.amount / units[i].size,
             units[i].text);
}

int64_t calendar_duration_ms(struct calendar_duration duration) {
    switch (duration.unit) {
    case CALENDAR_WALL_MS:
        return duration.amount;
    case CALENDAR_OFFICE_HOURS:
        return duration.amount * CALENDAR_HOUR_MS;
    case CALENDAR_OFFICE_DAYS:
        return duration.amount * CALENDAR_DAY_MS;
    }
    assert(!"a unit that there is");
    return 0;
}

int64_t calendar_duration_ceiling_ms(struct calendar_duration duration) {
    switch (duration.unit) {
    case CALENDAR_WALL_MS:
        return CALENDAR_MOMENT_MAX;
    case CALENDAR_OFFICE_HOURS:
        return (duration.amount + 96) * CALENDAR_HOUR_MS;
    case CALENDAR_OFFICE_DAYS:
        return (2 * duration.amount + 4) * CALENDAR_DAY_MS;
    }
    assert(!"a unit that there is");
    return 0;
}
