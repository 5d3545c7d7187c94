/* Runs: which there are, and where on its ladder each stands. */
#include "broker/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "phase_life.h"

static struct hv_run run_of(enum hv_phase phase, const char *awaits, hv_time due_ms) {
    struct hv_run run = {.phase = phase, .urgency = HV_URGENCY_CRISIS, .due = due_ms};

    sample_text(run.awaits, awaits);
    return run;
}

static struct runs three(void) {
    return (struct runs){.count = 3,
                         .items = {run_of(HV_PHASE_DELIVERY, "werkse", 30),
                                   run_of(HV_PHASE_ANSWER, "kcc", 10),
                                   run_of(HV_PHASE_ANSWER, "werkse", 20)}};
}

static void test_finding(void **state) {
    struct runs runs = three();
    (void)state;

    assert_ptr_equal(runs_find(&runs, HV_PHASE_DELIVERY, NULL), &runs.items[0]);
    assert_ptr_equal(runs_find(&runs, HV_PHASE_ANSWER, NULL), &runs.items[1]);
    assert_ptr_equal(runs_find(&runs, HV_PHASE_ANSWER, "werkse"), &runs.items[2]);
    assert_null(runs_find(&runs, HV_PHASE_ANSWER, "support"));
    assert_null(runs_find(&runs, HV_PHASE_HELD, NULL));
}

/* Every one of that phase; the others stay in their order. */
static void test_removing(void **state) {
    struct runs runs = three();
    (void)state;

    assert_false(runs_remove(&runs, HV_PHASE_HELD));
    assert_int_equal(runs.count, 3);
    assert_true(runs_remove(&runs, HV_PHASE_ANSWER));
    assert_int_equal(runs.count, 1);
    assert_int_equal(runs.items[0].phase, HV_PHASE_DELIVERY);
    assert_true(runs_remove(&runs, HV_PHASE_DELIVERY));
    assert_int_equal(runs.count, 0);
}

static void test_the_first_that_is_due(void **state) {
    struct runs runs = three();
    const struct runs none = {0};
    (void)state;

    assert_ptr_equal(runs_first(&runs), &runs.items[1]);
    assert_int_equal(runs_due(&runs), 10);
    runs.items[2].due = 10; /* of equals the one that came first */
    assert_ptr_equal(runs_first(&runs), &runs.items[1]);
    assert_null(runs_first(&none));
    assert_int_equal(runs_due(&none), 0);
}

/* Whatever is said of a run makes it another. */
static void test_equal(void **state) {
    struct hv_run changed[20];
    const struct runs one = three();
    struct runs other = three();
    size_t count = 0;
    (void)state;

    assert_true(runs_equal(&one, &other));
    other.count--;
    assert_false(runs_equal(&one, &other));
#define CHANGED(member, value)     \
    changed[count] = one.items[0]; \
    changed[count++].member = (value)
    CHANGED(phase, HV_PHASE_HELD);
    CHANGED(awaits[0], 'x');
    CHANGED(has_handover, true);
    CHANGED(handover.bytes[7], 1);
    CHANGED(urgency, HV_URGENCY_ROUTINE);
    CHANGED(has_kind, true);
    CHANGED(kind, HV_KIND_WARM);
    CHANGED(has_to, true);
    CHANGED(to[0], 'x');
    CHANGED(began, 1);
    CHANGED(step, 1);
    CHANGED(due, 31);
    CHANGED(network, 1);
    CHANGED(days, 1);
    CHANGED(asked, 1);
    CHANGED(left, 1);
    CHANGED(rested, 1);
    CHANGED(rested_own, 1);
    CHANGED(restarts, 1);
#undef CHANGED
    for (size_t i = 0; i < count; i++) {
        other = three();
        other.items[0] = changed[i];
        if (runs_equal(&one, &other))
            fail_msg("change %zu is not seen", i);
    }
}

/* ---- Ladders ---- */

static struct hv_run begin(struct life *life, enum hv_phase phase, int64_t days) {
    const struct run_start start = {
        .phase = phase,
        .awaits = "werkse",
        .holder = "kcc",
        .urgency = HV_URGENCY_CRISIS,
        .began_ms = life->rules.now_ms,
        .days = days,
    };
    struct runs runs = {0};

    (void)runs_begin(&runs, &start, &life->rules);
    assert_int_equal(runs.count, 1);
    return runs.items[0];
}

/* Each step counts from the beginning of the phase, whatever time it is; behind the last, from now.
 */
static void test_steps_count_from_the_beginning(void **state) {
    struct life life = life_of(*state);
    struct hv_run run = begin(&life, HV_PHASE_PICKUP, 0);
    const hv_time began_ms = run.began;

    assert_int_equal(run.due, began_ms + 30 * MINUTE_MS);
    life.rules.now_ms += 5 * HOUR_MS;
    run.step = 1;
    assert_int_equal(run_next_due(&run, "kcc", life.network, &life.rules), began_ms + HOUR_MS);
    run.step = 2;
    assert_int_equal(run_next_due(&run, "kcc", life.network, &life.rules), began_ms + 2 * HOUR_MS);
    run.step = 3;
    assert_int_equal(run_next_due(&run, "kcc", life.network, &life.rules),
                     life.rules.now_ms + HOUR_MS);
}

/* A check-in counts in the days that the holder chose, else in the ladder's own. */
static void test_check_ins_count_in_days(void **state) {
    struct life life = life_of(*state);
    struct hv_run run = begin(&life, HV_PHASE_HELD, 0);

    assert_true(run_is_check_in(&run));
    assert_int_equal(run.due, run.began + DAY_MS);
    run = begin(&life, HV_PHASE_HELD, 9);
    assert_int_equal(run.due, run.began + 9 * DAY_MS);
    life.network->day_ms = 1000; /* shorter ones, while testing */
    run = begin(&life, HV_PHASE_HELD, 9);
    assert_int_equal(run.due, run.began + 9000);
    life.network->day_ms = DAY_MS;
    run.has_asked = true;
    run.asked = life.rules.now_ms;
    assert_false(run_is_check_in(&run));
    assert_int_equal(run_ladder(&run, "kcc", life.network)->phase, HV_PHASE_UNROUTED);
    run = begin(&life, HV_PHASE_PICKUP, 0);
    assert_false(run_is_check_in(&run));
}

static void test_beginning_anew(void **state) {
    struct life life = life_of(*state);
    struct hv_run run = begin(&life, HV_PHASE_PICKUP, 0);

    run.step = 3;
    run.due = life.rules.now_ms + 3 + 7;
    run.has_left = true;
    run.left = 7;
    run.has_rested = true;
    run.rested = 8;
    run.has_restarts = true;
    run.restarts = 1;
    run.network = 2;
    run_restart(&run, "kcc", life.rules.now_ms + 1000, &life.rules);
    assert_int_equal(run.began, life.rules.now_ms + 1000);
    assert_int_equal(run.due, run.began + 30 * MINUTE_MS);
    assert_int_equal(run.step, 0);
    assert_int_equal(run.network, 7);
    assert_false(run.has_left);
    assert_int_equal(run.rested, 8 - 3); /* in all, however often it begins; not what is to come */
    assert_int_equal(run.restarts, 1);
}

/* What has been rested counts, and never less than nothing. */
static void test_the_end_of_a_rest(void **state) {
    static const struct {
        int64_t rests_on_ms, rested, counted;
    } rows[] = {{-5, 8, 8}, {0, 8, 8}, {5, 8, 3}, {8, 8, 0}, {20, 8, 0}};
    struct life life = life_of(*state);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hv_run run = begin(&life, HV_PHASE_PICKUP, 0);
        run.has_left = true;
        run.left = 7;
        run.due = life.rules.now_ms + rows[i].rests_on_ms + run.left;
        run.has_rested = true;
        run.rested = rows[i].rested;
        run_rest_end(&run, life.rules.now_ms);
        assert_int_equal(run.rested, rows[i].counted);
        assert_false(run.has_left);
        assert_int_equal(run.left, 0);
    }
}

/* Whose calendar: of whoever the step is for. On a Friday evening the next office day is Monday. */
static void test_office_time_is_the_addressees(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_URGENT;
    life.rules.now_ms = INT64_C(1795208400000); /* Friday 20 November 2026, 22:00 in Delft */
    struct runs runs = {0};
    const struct run_start start = {.phase = HV_PHASE_PICKUP,
                                    .awaits = "werkse",
                                    .holder = "kcc",
                                    .urgency = HV_URGENCY_URGENT,
                                    .began_ms = life.rules.now_ms};
    (void)runs_begin(&runs, &start, &life.rules);
    assert_int_equal(runs.items[0].due, INT64_C(1795449600000)); /* Monday at 17:00 */
}

static void test_whom_a_target_names(void **state) {
    static const struct {
        struct ladder_addressee target;
        const char *organisation;
        enum hv_role role;
    } rows[] = {
        {{.target = LADDER_RESPONSIBLE}, "werkse", HV_ROLE_ENDPOINT},
        {{.target = LADDER_COORDINATOR}, "werkse", HV_ROLE_COORDINATOR},
        {{.target = LADDER_NETWORK}, "kcc", HV_ROLE_COORDINATOR},
        {{.target = LADDER_HOLDER}, "support", HV_ROLE_ENDPOINT},
        {{.target = LADDER_OPERATORS}, "kcc", HV_ROLE_OPERATOR},
        {{.target = LADDER_NAMED, .organisation = "other", .role = HV_ROLE_COORDINATOR},
         "other",
         HV_ROLE_COORDINATOR},
    };
    const struct life life = life_of(*state);
    const struct hv_run run = run_of(HV_PHASE_PICKUP, "werkse", 1);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hv_addressee addressee;
        run_addressee(&run, "support", &rows[i].target, life.network, &addressee);
        assert_string_equal(addressee.organisation, rows[i].organisation);
        assert_int_equal(addressee.role, rows[i].role);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_removing),
        cmocka_unit_test(test_the_first_that_is_due),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_steps_count_from_the_beginning),
        cmocka_unit_test(test_check_ins_count_in_days),
        cmocka_unit_test(test_beginning_anew),
        cmocka_unit_test(test_the_end_of_a_rest),
        cmocka_unit_test(test_office_time_is_the_addressees),
        cmocka_unit_test(test_whom_a_target_names),
    };

    return cmocka_run_group_tests(tests, phase_network_setup, phase_network_teardown);
}
