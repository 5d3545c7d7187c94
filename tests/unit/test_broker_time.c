/* Nobody waits unseen: ladders over months, restarts, outages and holidays, on a whole broker;
 * reloads, and a timer that is lost. */
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

/* ---- Climbing ---- */

/* In crisis, minute by minute, from the endpoints to the network's coordinator. */
static void test_an_offer_that_nobody_sees(void **state) {
    static const char *const steps[] = {
        "delivery 1 after 2 min",  "receipt 1 after 8 min",   "delivery 2 after 15 min",
        "receipt 2 after 15 min",  "delivery 3 after 30 min", "receipt 3 after 30 min",
        "receipt 3 after 45 min",  "delivery 3 after 60 min", "receipt 3 after 60 min",
        "receipt 3 after 75 min",  "delivery 3 after 90 min", "receipt 3 after 90 min",
        "receipt 3 after 105 min",
    };
    struct broker_world *world = *state;
    const hv_time offered_ms = time_offer(world, 1, HV_URGENCY_CRISIS);

    (void)time_run(world, 110 * MINUTE_MS);
    steps_expect(world, 0, offered_ms, steps, COUNT(steps));
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 10);
    const struct hv_event *event = &peer_expect_item(desk, HV_EVENT_ESCALATED)->message.item.event;
    assert_int_equal(event->phase, HV_PHASE_DELIVERY);
    assert_int_equal(event->step, 3);
    assert_int_equal(event->since, offered_ms);
    assert_string_equal(event->awaits, "werkse");
    assert_true(event->has_telephone);
    assert_false(event->has_runs); /* the broker's own */
    time_audit(world);
}

/* Between two steps of a ladder that has come to its end lies no more than its interval, for
 * months, across restarts; and each is for the network's coordinator. */
static void keeps_ringing(struct broker_world *world, enum hv_urgency urgency, int64_t days,
                          int64_t interval_ms, int64_t restart_ms) {
    const hv_time offered_ms = time_offer(world, 1, urgency);
    size_t count = 0;
    hv_time last_ms = 0;
    size_t repeats = 0;

    for (int64_t ms = 0; ms < days * DAY_MS; ms += restart_ms) {
        (void)time_run(world, restart_ms);
        time_restart(world);
        const struct journey journey = time_journey(world, 1);
        assert_true(runs_due(&journey.runs) > world->fake.wall_ms);
        assert_true(runs_due(&journey.runs) <= world->fake.wall_ms + interval_ms);
    }
    struct step *steps = time_steps(world, 0, &count);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].phase != HV_PHASE_RECEIPT || steps[i].number < 3)
            continue;
        assert_int_equal(steps[i].event, HV_EVENT_ESCALATED);
        assert_int_equal(steps[i].number, 3);
        assert_true(steps[i].reached);
        if (last_ms && steps[i].at_ms - last_ms > interval_ms)
            fail_msg("silent for %lld min", (long long)((steps[i].at_ms - last_ms) / MINUTE_MS));
        last_ms = steps[i].at_ms;
        repeats++;
    }
    assert_true(last_ms >= offered_ms + days * DAY_MS - interval_ms);
    assert_true((int64_t)repeats > days * DAY_MS / interval_ms - 10);
    free(steps);
    time_audit(world);
}

static void test_it_rings_for_days(void **state) {
    keeps_ringing(*state, HV_URGENCY_CRISIS, 6, 15 * MINUTE_MS, 7 * HOUR_MS + 7);
}

/* Every day of the office is at most the fifth after the one before: Christmas, and a Sunday. */
static void test_it_rings_for_months(void **state) {
    keeps_ringing(*state, HV_URGENCY_ROUTINE, 250, 6 * DAY_MS, 9 * DAY_MS + 7);
}

/* Picked up, and nobody ever comes: the ladder of arrival; then of the check-ins of who has it. */
static void test_every_phase_rings(void **state) {
    struct broker_world *world = *state;
    struct peer *werkse = NULL;

    (void)time_offer(world, 1, HV_URGENCY_CRISIS);
    werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    (void)peer_does(werkse, say_pickup(1, "anna"));
    const hv_time picked_up_ms = world->fake.wall_ms;
    int64_t seq = time_seq(world);
    static const char *const arrival[] = {"arrival 1 after 240 min", "arrival 2 after 480 min",
                                          "arrival 3 after 1440 min", "arrival 3 after 1920 min"};
    (void)time_run(world, 33 * HOUR_MS);
    steps_expect(world, seq, picked_up_ms, arrival, COUNT(arrival));
    werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 0);
    (void)peer_does(werkse, say_confirm(world, 1, "anna"));
    const hv_time confirmed_ms = world->fake.wall_ms;
    seq = time_seq(world);
    static const char *const held[] = {"held 0 after 1440 min", "held 1 after 1500 min",
                                       "held 2 after 1560 min", "held 3 after 1680 min",
                                       "held 3 after 1920 min"};
    (void)time_run(world, 33 * HOUR_MS);
    steps_expect(world, seq, confirmed_ms, held, COUNT(held));
    time_audit(world);
}

/* It sleeps until the next step, and is woken for nothing else but once an hour: it sweeps, and
 * writes down what time it is. */
static void test_it_sleeps_in_between(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = time_kcc(world);
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    for (uint8_t i = 1; i <= 50; i++)
        (void)peer_does(kcc, say_open_as(i, HV_URGENCY_ROUTINE));
    peer_say(kcc, &bye, NULL, 0);
    world_settle(world);
    (void)time_run(world, 2 * HOUR_MS); /* who is quiet has been told */
    const hv_time due_ms = time_number(world, "SELECT min(due) FROM journey");
    const int64_t hours = (due_ms - world->fake.wall_ms) / HOUR_MS;
    const int64_t woken = time_run(world, due_ms - world->fake.wall_ms - 1);
    assert_in_range(woken, hours - 1, 2 * hours + 5); /* who is quiet is counted, too */
    assert_int_equal(broker_wait_ms(world->broker), 1);
}

/* ---- Outages ---- */

#define MANY 200

/* Off for a night: each step that was missed comes once, oldest first, missed repeats as one, and
 * no more in a turn than lets others be answered in between. */
static void test_a_night_off(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = time_kcc(world);
    size_t count = 0;
    int64_t turns = 0;

    for (int i = 1; i <= MANY; i++) {
        struct hv_message message = say_open_as((uint8_t)i, HV_URGENCY_CRISIS);
        (void)peer_does(kcc, message);
        fake_world_pass(&world->fake, 10);
        world_forget(world);
    }
    const int64_t seq = time_seq(world);
    world_stop(world);
    fake_world_pass(&world->fake, 13 * HOUR_MS);
    world_start(world);
    time_hurry(world);
    do {
        const int64_t before = time_number(world, "SELECT count(*) FROM event WHERE type IN "
                                                  "(22, 23)");
        struct peer *other = peer_connect(world, "werkse", HV_ROLE_ENDPOINT, "one");
        const struct hv_message hello = {.type = HV_MESSAGE_hello,
                                         .hello = {.request = "h",
                                                   .version = HV_WIRE_VERSION,
                                                   .role = HV_ROLE_ENDPOINT,
                                                   .instance = "one"}};
        peer_say(other, &hello, NULL, 0);
        world_turn(world);
        const struct heard *heard = peer_next_answer(other);
        assert_true(heard && heard->message.type == HV_MESSAGE_welcome); /* in that very turn */
        const int64_t after = time_number(world, "SELECT count(*) FROM event WHERE type IN "
                                                 "(22, 23)");
        assert_in_range(after - before, 0, 256);
        turns++;
    } while (broker_wait_ms(world->broker) == 0);
    assert_in_range(turns, 3 * MANY / 256 + 1, 3 * MANY / 256 + 3);
    struct step *steps = time_steps(world, seq, &count);
    assert_int_equal(count, 3 * MANY);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(steps[i].number, 1 + i / MANY); /* oldest first */
        assert_int_equal(steps[i].journey, 1 + i % MANY);
    }
    free(steps);
    (void)time_run(world, 4 * HOUR_MS - MINUTE_MS);
    steps = time_steps(world, seq, &count);
    assert_int_equal(count, 3 * MANY); /* and none twice */
    free(steps);
    (void)time_run(world, 2 * MINUTE_MS);
    steps = time_steps(world, seq, &count);
    assert_int_equal(count, 4 * MANY);
    free(steps);
    time_audit(world);
}

/* ---- Office time ---- */

/* Offered on the day before Christmas: the office is closed on Friday, Saturday and Sunday. */
static void test_a_holiday_weekend(void **state) {
    static const hv_time noon_ms = INT64_C(1798110000000);    /* Thursday 24 December 2026, 12:00 */
    static const hv_time closing_ms = INT64_C(1798473600000); /* Monday 28 December, 17:00 */
    struct broker_world *world = *state;
    size_t count = 0;

    time_run_until(world, noon_ms);
    struct peer *kcc = time_kcc(world);
    (void)peer_does(kcc, say_open_as(1, HV_URGENCY_URGENT));
    const struct journey journey = time_journey(world, 1);
    assert_int_equal(runs_due(&journey.runs), closing_ms);
    time_run_until(world, closing_ms - 1);
    free(time_steps(world, 0, &count));
    assert_int_equal(count, 0);
    time_run_until(world, closing_ms);
    struct step *steps = time_steps(world, 0, &count);
    assert_int_equal(count, 1);
    assert_int_equal(steps[0].at_ms, closing_ms);
    assert_int_equal(steps[0].event, HV_EVENT_REMINDED);
    free(steps);
}

/* ---- Reloads ---- */

static void reload(struct broker_world *world) {
    struct failure failure;

    if (broker_reload(world->broker, &failure) < 0)
        fail_msg("%s", failure.text);
}

/* What runs keeps its ladder and its deadline; what begins later has the new ones. A restart, and a
 * second reload, change nothing of that. */
static void test_a_reload_moves_no_timer(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = time_kcc(world);

    (void)peer_does(kcc, say_open_as(1, HV_URGENCY_CRISIS));
    const hv_time opened_ms = world->fake.wall_ms;
    const struct journey before = time_journey(world, 1);
    scratch_write(world->network, "ladders/own.conf",
                  "[ladder unrouted]\nurgency = crisis\nstep = 5M holder\nstep = 10M network\n"
                  "every = 5M\n");
    reload(world);
    const struct journey after = time_journey(world, 1);
    assert_true(runs_equal(&before.runs, &after.runs));
    (void)peer_does(kcc, say_open_as(2, HV_URGENCY_CRISIS));
    const struct journey other = time_journey(world, 2);
    assert_int_equal(runs_due(&other.runs), opened_ms + 5 * MINUTE_MS);
    scratch_write(world->network, "ladders/own.conf",
                  "[ladder unrouted]\nurgency = crisis\nstep = 20M network\nevery = 20M\n");
    reload(world);
    time_restart(world);
    (void)time_run(world, 9 * HOUR_MS);
    size_t count = 0;
    struct step *steps = time_steps(world, 0, &count);
    int64_t of_first = 0;
    int64_t of_second = 0;
    for (size_t i = 0; i < count; i++) {
        static const int64_t at[] = {60, 120, 240, 480};
        const int64_t minutes = (steps[i].at_ms - opened_ms) / MINUTE_MS;
        if (steps[i].journey == 1)
            assert_int_equal(minutes, at[of_first++]);
        else
            assert_int_equal(minutes, 5 * ++of_second);
    }
    assert_int_equal(of_first, 4);
    assert_int_equal(of_second, 9 * 12);
    free(steps);
    time_audit(world);
}

/* ---- Sweeping ---- */

/* Damage that no event explains, found within the hour, repaired, and said. */
static void test_a_timer_that_is_lost(void **state) {
    static const char *const damages[] = {
        "UPDATE journey SET due = due + 315360000000 WHERE number = 2",
        "UPDATE journey SET keeping = NULL WHERE number = 2",
        "UPDATE journey SET keeping = NULL, due = 1 WHERE number = 2",
        "UPDATE journey SET due = 1 WHERE number = 2", /* early: no step for that */
    };
    struct broker_world *world = *state;
    struct peer *kcc = time_kcc(world);

    for (uint8_t i = 1; i <= 3; i++)
        (void)peer_does(kcc, say_open_as(i, HV_URGENCY_ROUTINE));
    for (size_t i = 0; i < COUNT(damages); i++) {
        const struct journey before = time_journey(world, 2);
        const int64_t repaired = time_number(world, "SELECT count(*) FROM event WHERE type = 35");
        time_change(world, damages[i]);
        (void)time_run(world, HOUR_MS + 1000);
        const struct journey after = time_journey(world, 2);
        assert_int_equal(after.runs.count, 1);
        assert_int_equal(time_number(world, "SELECT due FROM journey WHERE number = 2"),
                         runs_due(&after.runs));
        assert_int_equal(after.runs.items[0].step, before.runs.items[0].step);
        assert_int_equal(time_number(world, "SELECT count(*) FROM event WHERE type = 35"),
                         repaired + 1);
    }
    size_t count = 0;
    free(time_steps(world, 0, &count));
    assert_int_equal(count, 0);
    time_audit(world);
}

/* A ledger that is as it should be is left alone. */
static void test_a_sweep_finds_nothing(void **state) {
    struct broker_world *world = *state;

    (void)time_offer(world, 1, HV_URGENCY_URGENT);
    (void)time_offer(world, 2, HV_URGENCY_CRISIS);
    for (int i = 0; i < 100; i++) {
        (void)time_run(world, HOUR_MS + MINUTE_MS);
        (void)time_kcc(world);
        if (world->peer_count > WORLD_PEERS_MAX - 5)
            time_forget_peers(world);
    }
    assert_int_equal(time_number(world, "SELECT count(*) FROM event WHERE type = 35"), 0);
}

static int setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    time_hurry(*state);
    return 0;
}

#define TIME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, broker_world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TIME_TEST(test_an_offer_that_nobody_sees), TIME_TEST(test_it_rings_for_days),
        TIME_TEST(test_it_rings_for_months),       TIME_TEST(test_every_phase_rings),
        TIME_TEST(test_it_sleeps_in_between),      TIME_TEST(test_a_night_off),
        TIME_TEST(test_a_holiday_weekend),         TIME_TEST(test_a_reload_moves_no_timer),
        TIME_TEST(test_a_timer_that_is_lost),      TIME_TEST(test_a_sweep_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
