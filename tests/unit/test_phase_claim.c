/* Phases: what claims rest, and for how long. */
#include "broker/phase.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "phase_life.h"

/* The network's rests all of the ladder, which then goes on with the time it had left. */
static void test_a_claim_of_the_network(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    life.rules.now_ms = life_run(&life, HV_PHASE_PICKUP)->due - 5 * MINUTE_MS;
    const hv_time now_ms = life.rules.now_ms;
    life_claim(&life, "kcc", true, now_ms + 2 * HOUR_MS);
    const struct hv_run *run = life_run(&life, HV_PHASE_PICKUP);
    assert_true(run->has_left);
    assert_int_equal(run->left, 5 * MINUTE_MS);
    assert_int_equal(run->due, now_ms + 2 * HOUR_MS + 5 * MINUTE_MS);
    assert_int_equal(run->rested, 2 * HOUR_MS);
    /* Half of it is given back: what was left runs from now. */
    life.rules.now_ms += HOUR_MS;
    life_claim(&life, "kcc", true, life.rules.now_ms);
    run = life_run(&life, HV_PHASE_PICKUP);
    assert_false(run->has_left);
    assert_int_equal(run->due, life.rules.now_ms + 5 * MINUTE_MS);
    assert_int_equal(run->rested, HOUR_MS);
}

/* What was due already rests too, and falls due when the claim is over. */
static void test_a_claim_of_what_is_due(void **state) {
    struct life life = life_of(*state);

    life_event(&life, 'O');
    life_run(&life, HV_PHASE_UNROUTED)->due = life.rules.now_ms - HOUR_MS;
    life_claim(&life, "kcc", true, life.rules.now_ms + HOUR_MS);
    assert_int_equal(life_run(&life, HV_PHASE_UNROUTED)->due, life.rules.now_ms + HOUR_MS);
}

/* Claimed again and again, never longer in all than the policy allows: three days here. */
static void test_claims_are_limited_in_all(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    const hv_time due_ms = life_run(&life, HV_PHASE_PICKUP)->due;
    for (int i = 0; i < 20; i++) {
        life_claim(&life, "kcc", true, life.rules.now_ms + 3 * DAY_MS);
        life.rules.now_ms += 12 * HOUR_MS;
    }
    const struct hv_run *run = life_run(&life, HV_PHASE_PICKUP);
    assert_int_equal(run->rested, 3 * DAY_MS);
    assert_true(run->due <= due_ms + 3 * DAY_MS);
    /* A phase that begins under a claim is not claimed, and has the whole of its own. */
    life_event(&life, 'p');
    assert_false(life_run(&life, HV_PHASE_ARRIVAL)->has_left);
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->rested, 0);
}

/* An organisation's counts for what that organisation owes, and moves no step. */
static void test_a_claim_of_the_organisation(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "OorQ");
    const struct runs before = life.journey.runs;
    life_claim(&life, "werkse", false, life.rules.now_ms + 2 * HOUR_MS);
    struct hv_run *run = life_run(&life, HV_PHASE_PICKUP);
    assert_int_equal(run->rested_own, 2 * HOUR_MS);
    assert_int_equal(run->due, before.items[0].due);
    assert_int_equal(life_run(&life, HV_PHASE_ANSWER)->rested_own, 0); /* kcc owes it */
    life.rules.now_ms += HOUR_MS;
    life_claim(&life, "werkse", false, life.rules.now_ms);
    run = life_run(&life, HV_PHASE_PICKUP);
    assert_int_equal(run->rested_own, HOUR_MS); /* the rest was given back */
    life_claim(&life, "werkse", false, life.rules.now_ms + HOUR_MS);
    life_claim(&life, "werkse", false, life.rules.now_ms + 2 * HOUR_MS);
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->rested_own, 3 * HOUR_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_claim_of_the_network),
        cmocka_unit_test(test_a_claim_of_what_is_due),
        cmocka_unit_test(test_claims_are_limited_in_all),
        cmocka_unit_test(test_a_claim_of_the_organisation),
    };

    return cmocka_run_group_tests(tests, phase_network_setup, phase_network_teardown);
}
