/* The clock: what counts as the time, whatever the machine says. */
#include "broker/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire_samples.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)
#define YEAR_MS   (INT64_C(365) * DAY_MS)
#define TEN_YEARS (10 * YEAR_MS)
#define START_MS  INT64_C(1795000000000)

/* A machine, and the clock that watches it. */
struct machine {
    struct clock_reading reading;
    struct clock clock;
    hv_time now_ms; /* as it was taken last */
};

static hv_time take_saying(struct machine *machine, bool accept) {
    struct clock after;

    machine->now_ms = clock_take(&machine->clock, &machine->reading, accept, &after);
    assert_int_equal(machine->now_ms, after.now_ms);
    assert_true(after.now_ms >= 0);
    machine->clock = after;
    return machine->now_ms;
}

static hv_time take(struct machine *machine) {
    return take_saying(machine, false);
}

/* Time goes by, on both of its clocks. */
static hv_time pass(struct machine *machine, int64_t ms) {
    machine->reading.wall_ms += ms;
    machine->reading.boot_ms += ms;
    return take(machine);
}

/* Off for so long, and up again. */
static hv_time reboot(struct machine *machine, int64_t off_ms) {
    machine->reading.wall_ms += off_ms;
    machine->reading.boot_ms = 30000;
    machine->reading.boot_id[0]++;
    return take(machine);
}

static struct machine machine_of(void) {
    struct machine machine = {.reading = {.wall_ms = START_MS, .boot_ms = HOUR_MS}};

    assert_int_equal(take(&machine), START_MS);
    assert_false(machine.clock.doubted);
    return machine;
}

static void test_it_is_obeyed(void **state) {
    struct machine machine = machine_of();
    (void)state;

    for (int i = 1; i <= 1000; i++)
        assert_int_equal(pass(&machine, HOUR_MS), START_MS + i * HOUR_MS);
    assert_false(machine.clock.doubted);
    assert_int_equal(clock_ahead_ms(&machine.clock), 0);
}

/* Five minutes either way are a correction, and obeyed at once; more is doubted. */
static void test_how_far_it_may_step(void **state) {
    static const struct {
        int64_t step_ms;
        bool doubted;
    } rows[] = {
        {CLOCK_STEP_MS, false},     {-CLOCK_STEP_MS, false}, {CLOCK_STEP_MS + 1, true},
        {-CLOCK_STEP_MS - 1, true}, {HOUR_MS, true},         {-HOUR_MS, true},
        {TEN_YEARS, true},          {-START_MS, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct machine machine = machine_of();
        machine.reading.wall_ms += rows[i].step_ms;
        const hv_time now_ms = pass(&machine, 1000);
        if (machine.clock.doubted != rows[i].doubted)
            fail_msg("a step of %lld ms", (long long)rows[i].step_ms);
        assert_int_equal(now_ms, START_MS + 1000 + (rows[i].doubted ? 0 : rows[i].step_ms));
        assert_int_equal(clock_ahead_ms(&machine.clock), rows[i].doubted ? rows[i].step_ms : 0);
    }
}

/* Forward by ten years for an hour, and back: that hour is an hour. */
static void test_ten_years_for_an_hour(void **state) {
    struct machine machine = machine_of();
    (void)state;

    machine.reading.wall_ms += TEN_YEARS;
    for (int minute = 1; minute <= 60; minute++) {
        assert_int_equal(pass(&machine, MINUTE_MS), START_MS + minute * MINUTE_MS);
        assert_true(machine.clock.doubted);
        assert_int_equal(clock_ahead_ms(&machine.clock), TEN_YEARS);
    }
    machine.reading.wall_ms -= TEN_YEARS;
    assert_int_equal(pass(&machine, MINUTE_MS), START_MS + 61 * MINUTE_MS);
    assert_false(machine.clock.doubted);
}

/* Backwards by a day: time goes on, and does not stand still for that day. */
static void test_a_day_back(void **state) {
    struct machine machine = machine_of();
    (void)state;

    machine.reading.wall_ms -= DAY_MS;
    for (int hour = 1; hour <= 48; hour++)
        assert_int_equal(pass(&machine, HOUR_MS), START_MS + hour * HOUR_MS);
    assert_true(machine.clock.doubted);
    assert_int_equal(clock_ahead_ms(&machine.clock), -DAY_MS);
}

/* Its battery is empty: it starts in 1970. */
static void test_a_start_in_1970(void **state) {
    struct machine machine = machine_of();
    (void)state;

    pass(&machine, DAY_MS);
    machine.reading.wall_ms = 0;
    const hv_time before_ms = machine.now_ms;
    assert_int_equal(reboot(&machine, 0), before_ms + 30000);
    assert_true(machine.clock.doubted);
    for (int i = 1; i <= 100; i++)
        assert_int_equal(pass(&machine, MINUTE_MS), before_ms + 30000 + i * MINUTE_MS);
    /* Then a time service says that it was off for three hours. */
    machine.reading.wall_ms = machine.now_ms + 3 * HOUR_MS;
    machine.reading.synchronised = true;
    assert_int_equal(take(&machine), machine.reading.wall_ms);
    assert_false(machine.clock.doubted);
}

/* A first start has nothing to compare with. */
static void test_a_first_start(void **state) {
    struct machine machine = {.reading = {.wall_ms = 1, .boot_ms = 5}};
    (void)state;

    assert_int_equal(take(&machine), 1);
    assert_false(machine.clock.doubted);
}

/* Off for up to a week is no wonder; for longer, or a start before the last moment, is. */
static void test_off_for_a_week(void **state) {
    static const struct {
        int64_t off_ms;
        bool doubted;
    } rows[] = {
        {MINUTE_MS, false},        {DAY_MS, false},
        {CLOCK_OFF_MAX_MS, false}, {CLOCK_OFF_MAX_MS + MINUTE_MS, true},
        {YEAR_MS, true},           {-MINUTE_MS, false},
        {-HOUR_MS, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct machine machine = machine_of();
        const hv_time before_ms = machine.now_ms;
        const hv_time now_ms = reboot(&machine, rows[i].off_ms);
        if (machine.clock.doubted != rows[i].doubted)
            fail_msg("off for %lld ms", (long long)rows[i].off_ms);
        assert_int_equal(now_ms, before_ms + (rows[i].doubted ? 30000 : rows[i].off_ms));
    }
}

/* Stopped for weeks while the machine stayed up: what it counted since boot says so, and none of it
 * is doubted. */
static void test_stopped_for_weeks(void **state) {
    struct machine machine = machine_of();
    (void)state;

    assert_int_equal(pass(&machine, 60 * DAY_MS), START_MS + 60 * DAY_MS);
    assert_false(machine.clock.doubted);
}

/* Doubted across another boot it is held against the time that went on. */
static void test_doubted_across_a_boot(void **state) {
    struct machine machine = machine_of();
    (void)state;

    machine.reading.wall_ms += TEN_YEARS;
    pass(&machine, HOUR_MS);
    const hv_time before_ms = machine.now_ms;
    assert_int_equal(reboot(&machine, MINUTE_MS), before_ms + 30000);
    assert_true(machine.clock.doubted);
    machine.reading.wall_ms -= TEN_YEARS;
    assert_int_equal(take(&machine), before_ms + MINUTE_MS);
    assert_false(machine.clock.doubted);
}

/* A time service, or an operator, says that it is right: forwards and backwards. */
static void test_it_is_put_right(void **state) {
    struct machine machine = machine_of();
    (void)state;

    machine.reading.wall_ms += YEAR_MS;
    pass(&machine, HOUR_MS);
    assert_true(machine.clock.doubted);
    assert_int_equal(take_saying(&machine, true), START_MS + YEAR_MS + HOUR_MS);
    assert_false(machine.clock.doubted);
    assert_int_equal(pass(&machine, HOUR_MS), START_MS + YEAR_MS + 2 * HOUR_MS);
    machine.reading.synchronised = true;
    machine.reading.wall_ms -= YEAR_MS;
    assert_int_equal(pass(&machine, HOUR_MS), START_MS + 3 * HOUR_MS);
    assert_false(machine.clock.doubted);
}

/* What the clock says while it is doubted leaves no trace: jumping about, it is the same time as if
 * it had stood still. */
static void test_nothing_of_a_doubted_clock_stays(void **state) {
    struct machine machine = machine_of();
    struct chance chance = {9};
    hv_time expected_ms = START_MS;
    (void)state;

    machine.reading.wall_ms += YEAR_MS;
    for (int i = 0; i < 10000; i++) {
        const int64_t ms = (int64_t)chance_below(&chance, 60000);
        machine.reading.wall_ms = (hv_time)chance_below(&chance, (uint64_t)4 * START_MS);
        if (machine.reading.wall_ms > expected_ms - HOUR_MS &&
            machine.reading.wall_ms < expected_ms + HOUR_MS)
            continue;
        machine.reading.boot_ms += ms;
        expected_ms += ms;
        assert_int_equal(take(&machine), expected_ms);
    }
}

/* Whatever a machine says, time that was not put right by anybody goes forwards, but for the five
 * minutes of a correction, and is never negative. */
static void test_time_goes_forwards(void **state) {
    struct chance chance = {11};
    (void)state;

    for (int lives = 0; lives < 200; lives++) {
        struct machine machine = machine_of();
        for (int i = 0; i < 200; i++) {
            const hv_time before_ms = machine.now_ms;
            const uint64_t which = chance_below(&chance, 10);
            if (which == 0)
                machine.reading.wall_ms = (hv_time)chance_below(&chance, (uint64_t)2 * START_MS);
            else if (which == 1)
                machine.reading.wall_ms += (int64_t)chance_below(&chance, 20 * 60000) - 600000;
            if (machine.reading.wall_ms < 0)
                machine.reading.wall_ms = 0;
            if (which == 2)
                (void)reboot(&machine, (int64_t)chance_below(&chance, (uint64_t)(20 * DAY_MS)));
            else
                (void)pass(&machine, (int64_t)chance_below(&chance, (uint64_t)HOUR_MS));
            assert_true(machine.now_ms >= before_ms - CLOCK_STEP_MS);
            assert_true(machine.now_ms <= before_ms + CLOCK_OFF_MAX_MS + HOUR_MS);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_obeyed),
        cmocka_unit_test(test_how_far_it_may_step),
        cmocka_unit_test(test_ten_years_for_an_hour),
        cmocka_unit_test(test_a_day_back),
        cmocka_unit_test(test_a_start_in_1970),
        cmocka_unit_test(test_a_first_start),
        cmocka_unit_test(test_off_for_a_week),
        cmocka_unit_test(test_stopped_for_weeks),
        cmocka_unit_test(test_doubted_across_a_boot),
        cmocka_unit_test(test_it_is_put_right),
        cmocka_unit_test(test_nothing_of_a_doubted_clock_stays),
        cmocka_unit_test(test_time_goes_forwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
