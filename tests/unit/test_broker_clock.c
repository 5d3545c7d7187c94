/* Wrong clocks, on a whole broker: nothing fires twice, nothing falls silent, and what was counted
 * from a wrong one is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_time.h"
#include "ledger_audit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define QUIET_EVENTS "SELECT count(*) FROM event WHERE type = 32"

static int64_t clock_events(struct broker_world *world) {
    return time_number(world, "SELECT count(*) FROM event WHERE type = 34");
}

/* Whatever the wall clock says, the ladder of a crisis rings by the time that has passed. `now_ms`
 * is what that is. */
static void expect_crisis_steps(struct broker_world *world, hv_time offered_ms, int64_t minutes) {
    static const char *const steps[] = {
        "delivery 1 after 2 min", "receipt 1 after 8 min",   "delivery 2 after 15 min",
        "receipt 2 after 15 min", "delivery 3 after 30 min", "receipt 3 after 30 min",
        "receipt 3 after 45 min", "delivery 3 after 60 min", "receipt 3 after 60 min",
        "receipt 3 after 75 min", "delivery 3 after 90 min", "receipt 3 after 90 min",
    };
    static const int64_t at[] = {2, 8, 15, 15, 30, 30, 45, 60, 60, 75, 90, 90};
    size_t count = 0;

    while (count < COUNT(at) && at[count] <= minutes)
        count++;
    steps_expect(world, 0, offered_ms, steps, count);
}

/* Forward ten years for an hour, and back. */
static void test_ten_years_for_an_hour(void **state) {
    struct broker_world *world = *state;
    const hv_time offered_ms = time_offer(world, 1, HV_URGENCY_CRISIS);

    (void)time_run(world, 10 * MINUTE_MS);
    world->fake.wall_ms += 3650 * DAY_MS;
    (void)time_run(world, HOUR_MS);
    expect_crisis_steps(world, offered_ms, 70);
    assert_int_equal(clock_events(world), 1);
    struct peer *ops = peer_begin(world, "kcc", HV_ROLE_OPERATOR, "ops", 10);
    peer_acks(ops, HV_EVENT_REMINDED); /* of the delivery */
    assert_true(peer_expect_item(ops, HV_EVENT_CLOCK)->message.item.event.doubted);
    world->fake.wall_ms -= 3650 * DAY_MS;
    (void)time_run(world, 29 * MINUTE_MS);
    expect_crisis_steps(world, offered_ms, 99);
    assert_int_equal(clock_events(world), 2);
    time_audit(world);
}

/* Backwards by a day: nothing is silent for that day, and nothing rings twice when it is put right.
 */
static void test_a_day_back(void **state) {
    struct broker_world *world = *state;
    const hv_time offered_ms = time_offer(world, 1, HV_URGENCY_CRISIS);

    (void)time_run(world, 20 * MINUTE_MS);
    world->fake.wall_ms -= DAY_MS;
    (void)time_run(world, 50 * MINUTE_MS);
    expect_crisis_steps(world, offered_ms, 70);
    world->fake.wall_ms += DAY_MS;
    (void)time_run(world, 25 * MINUTE_MS);
    expect_crisis_steps(world, offered_ms, 95);
    time_audit(world);
}

/* Its battery is empty: it comes up in 1970, and goes on from where it was. */
static void test_a_start_in_1970(void **state) {
    struct broker_world *world = *state;
    const hv_time offered_ms = time_offer(world, 1, HV_URGENCY_CRISIS);

    (void)time_run(world, 15 * MINUTE_MS); /* the last that was written */
    world_stop(world);
    const hv_time real_ms = world->fake.wall_ms;
    world->fake.wall_ms = 0;
    world->fake.boot_ms = 0;
    world->fake.boot++;
    world_start(world);
    time_hurry(world);
    (void)time_run(world, 20 * MINUTE_MS);
    expect_crisis_steps(world, offered_ms, 35);
    assert_int_equal(clock_events(world), 1);
    /* Across another restart it is still doubted, and goes on. */
    time_restart(world);
    (void)time_run(world, 20 * MINUTE_MS);
    expect_crisis_steps(world, offered_ms, 55);
    assert_int_equal(clock_events(world), 1);
    world->fake.wall_ms = real_ms + 40 * MINUTE_MS;
    (void)time_run(world, 20 * MINUTE_MS);
    expect_crisis_steps(world, offered_ms, 75);
    assert_int_equal(clock_events(world), 2);
    time_audit(world);
}

/* The machine was off for three weeks, which is doubted; an operator says that it is so. What fell
 * due is done then, each step once. */
static void test_an_operator_accepts_the_clock(void **state) {
    struct broker_world *world = *state;
    const hv_time offered_ms = time_offer(world, 1, HV_URGENCY_CRISIS);
    struct hv_message accept = {.type = HV_MESSAGE_clock_accept};
    size_t count = 0;

    sample_text(accept.clock_accept.request, "clock");
    world_stop(world);
    world->fake.wall_ms += 21 * DAY_MS;
    world->fake.boot_ms = 1000;
    world->fake.boot++;
    world_start(world);
    time_hurry(world);
    world_settle(world);
    free(time_steps(world, 0, &count));
    assert_int_equal(count, 0);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 0);
    peer_may_not(desk, accept, HV_REFUSED_FORBIDDEN, NULL);
    struct peer *ops = peer_begin(world, "kcc", HV_ROLE_OPERATOR, "ops", 0);
    (void)peer_does(ops, accept);
    struct step *steps = time_steps(world, 0, &count);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(steps[i].at_ms, offered_ms + 21 * DAY_MS);
    free(steps);
    time_audit(world);
}

/* The first start was in 2036, and the time service came ten years later, so to speak: what was
 * counted from that clock does not wait for 2036. */
static void test_a_clock_that_was_believed(void **state) {
    struct broker_world *world = *state;

    world->fake.wall_ms += 3650 * DAY_MS;
    world->fake.synchronised = true;
    (void)time_offer(world, 1, HV_URGENCY_CRISIS);
    (void)time_run(world, 2 * HOUR_MS); /* it repeats by now */
    struct peer *kcc = time_kcc(world);
    (void)peer_does(kcc, say_open_as(2, HV_URGENCY_ROUTINE));
    world->fake.wall_ms -= 3650 * DAY_MS;
    world_settle(world);
    (void)time_run(world, MINUTE_MS); /* by itself, and at once */
    const struct journey crisis = time_journey(world, 1);
    const struct journey routine = time_journey(world, 2);
    assert_true(runs_due(&crisis.runs) <= world->fake.wall_ms + HOUR_MS);
    assert_true(runs_due(&routine.runs) <= world->fake.wall_ms + 14 * DAY_MS);
    assert_int_equal(time_number(world, "SELECT count(*) FROM event WHERE type = 35"), 2);
    const int64_t seq = time_seq(world);
    size_t count = 0;
    (void)time_run(world, HOUR_MS);
    free(time_steps(world, seq, &count));
    assert_true(count >= 4);
    time_audit(world);
}

/* Half a day ahead is enough for silence in a crisis: it is found at once when the clock is put
 * right, of many journeys as of one, and nobody has to be there. */
static void test_a_clock_half_a_day_ahead(void **state) {
    struct broker_world *world = *state;
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    world->fake.wall_ms += 12 * HOUR_MS;
    world->fake.synchronised = true;
    (void)time_offer(world, 1, HV_URGENCY_CRISIS);
    struct peer *kcc = time_kcc(world);
    for (int i = 2; i <= 255; i++) {
        (void)peer_does(kcc, say_open_as((uint8_t)i, HV_URGENCY_CRISIS));
        world_forget(world);
    }
    peer_say(kcc, &bye, NULL, 0);
    (void)time_run(world, 5 * HOUR_MS); /* they repeat by now */
    world->fake.wall_ms -= 12 * HOUR_MS;
    (void)time_run(world, MINUTE_MS);
    assert_int_equal(time_number(world, "SELECT count(*) FROM event WHERE type = 35"), 255);
    assert_true(time_number(world, "SELECT max(due) FROM journey") <=
                world->fake.wall_ms + 4 * HOUR_MS);
    time_audit(world);
}

/* Who fell silent under a clock that was years ahead is missed an hour after it is put right, not
 * years later. */
static void test_a_silence_under_a_clock_that_was_believed(void **state) {
    struct broker_world *world = *state;
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    world->fake.synchronised = true;
    peer_say(time_kcc(world), &bye, NULL, 0);
    world->fake.wall_ms += 3650 * DAY_MS;
    world_settle(world);
    peer_say(time_kcc(world), &bye, NULL, 0);
    world_settle(world);
    const int64_t before = time_number(world, QUIET_EVENTS);
    world->fake.wall_ms -= 3650 * DAY_MS;
    (void)time_run(world, 7 * DAY_MS);
    assert_true(time_number(world, QUIET_EVENTS) > before);
    time_audit(world);
}

/* Nothing happens for weeks, but it writes down that time has passed: a machine that starts anew
 * then is not thought to have been off for all of it. */
static void test_weeks_in_which_nothing_happens(void **state) {
    struct broker_world *world = *state;
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    world_rewrite(world, "network.conf", "settle = network",
                  "settle = network\nquiet_after = 31D\nquiet_after_crisis = 31D");
    time_restart(world);
    peer_say(time_kcc(world), &bye, NULL, 0);
    const int64_t woken = time_run(world, 9 * DAY_MS);
    assert_in_range(woken, 9 * 24 - 2, 9 * 24 + 5);
    world_stop(world);
    world->fake.boot++;
    world->fake.boot_ms = 1000;
    world_start(world);
    world_settle(world);
    assert_int_equal(time_number(world, "SELECT count(*) FROM event WHERE type = 34"), 0);
    assert_false(world->broker->clock.doubted);
}

/* A time service says for minutes only that it has set the clock, and nobody is there to cause a
 * turn: it is seen all the same. */
static void test_a_clock_that_is_put_right_at_night(void **state) {
    struct broker_world *world = *state;
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    peer_say(time_kcc(world), &bye, NULL, 0);
    (void)time_run(world, 2 * HOUR_MS);
    world->fake.wall_ms -= DAY_MS;
    (void)time_run(world, HOUR_MS + 3 * MINUTE_MS);
    assert_true(world->broker->clock.doubted);
    assert_in_range(broker_wait_ms(world->broker), 1, MINUTE_MS);
    world->fake.wall_ms += 2 * DAY_MS;
    world->fake.synchronised = true;
    (void)time_run(world, MINUTE_MS);
    assert_false(world->broker->clock.doubted);
    assert_true(broker_wait_ms(world->broker) > MINUTE_MS);
}

static int setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    time_hurry(*state);
    return 0;
}

#define CLOCK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, broker_world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CLOCK_TEST(test_ten_years_for_an_hour),
        CLOCK_TEST(test_a_day_back),
        CLOCK_TEST(test_a_start_in_1970),
        CLOCK_TEST(test_an_operator_accepts_the_clock),
        CLOCK_TEST(test_a_clock_that_was_believed),
        CLOCK_TEST(test_a_clock_half_a_day_ahead),
        CLOCK_TEST(test_a_silence_under_a_clock_that_was_believed),
        CLOCK_TEST(test_weeks_in_which_nothing_happens),
        CLOCK_TEST(test_a_clock_that_is_put_right_at_night),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
