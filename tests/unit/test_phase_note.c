/* Phases: what notes begin anew, put off and end. */
#include "broker/phase.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "phase_life.h"

/* The receiver may begin anew what it must do, as often as it is taken; what it says is counted. */
static void test_working_on_it(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Oo");
    life.rules.now_ms += DAY_MS;
    life_run(&life, HV_PHASE_RECEIPT)->step = 2;
    const hv_time delivery_due_ms = life_run(&life, HV_PHASE_DELIVERY)->due;
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'g');
    assert_int_equal(life_run(&life, HV_PHASE_RECEIPT)->began, now_ms);
    assert_int_equal(life_run(&life, HV_PHASE_RECEIPT)->step, 0);
    assert_int_equal(life_run(&life, HV_PHASE_RECEIPT)->restarts, 1);
    assert_int_equal(life_run(&life, HV_PHASE_DELIVERY)->due, delivery_due_ms);
    life_event(&life, 'g');
    assert_int_equal(life_run(&life, HV_PHASE_RECEIPT)->restarts, 2);
    life_event(&life, 'r'); /* another phase, another count */
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->restarts, 0);
}

/* What has yet to begin is not begun. */
static void test_working_on_what_lies_ahead(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "OoP");
    const struct hv_run before = *life_run(&life, HV_PHASE_ARRIVAL);
    life_event(&life, 'g');
    assert_memory_equal(life_run(&life, HV_PHASE_ARRIVAL), &before, sizeof before);
}

/* A receiver that did not come: the next step at once, and no other way. */
static void test_no_show(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "OoP");
    const hv_time due_ms = life_run(&life, HV_PHASE_ARRIVAL)->due;
    life_event(&life, 'H');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->due, due_ms);
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'h');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->due, now_ms);
}

/* `next` sets the days between check-ins, from now on; without it they stay. */
static void test_check_ins(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Ooc");
    assert_int_equal(life_run(&life, HV_PHASE_HELD)->due,
                     life_run(&life, HV_PHASE_HELD)->began + 91 * DAY_MS);
    hv_time now_ms = life.rules.now_ms;
    life_event(&life, 't');
    assert_int_equal(life_run(&life, HV_PHASE_HELD)->due, now_ms + 14 * DAY_MS);
    life.rules.now_ms += 5 * DAY_MS;
    now_ms = life.rules.now_ms;
    life_event(&life, 'm');
    assert_int_equal(life_run(&life, HV_PHASE_HELD)->due, now_ms + 14 * DAY_MS);
    life_run(&life, HV_PHASE_HELD)->has_asked = true;
    life_run(&life, HV_PHASE_HELD)->asked = now_ms;
    life_run(&life, HV_PHASE_HELD)->step = 2;
    now_ms = life.rules.now_ms;
    life_event(&life, 'T');
    assert_false(life_run(&life, HV_PHASE_HELD)->has_asked);
    assert_int_equal(life_run(&life, HV_PHASE_HELD)->step, 0);
    assert_int_equal(life_run(&life, HV_PHASE_HELD)->due, now_ms + 14 * DAY_MS);
}

/* ---- Answers ---- */

/* Asked again, the time of the first question counts; within one organisation it owes its own. */
static void test_answers(void **state) {
    struct life life = life_of(*state);
    struct life within = life_of(*state);

    life_events(&life, "Oorq");
    const hv_time asked_ms = life_run(&life, HV_PHASE_ANSWER)->began;
    life.rules.now_ms += DAY_MS;
    life_event(&life, 'q');
    assert_int_equal(life_run(&life, HV_PHASE_ANSWER)->began, asked_ms);
    within.to = "kcc";
    life_events(&within, "Oorq");
    life_expect(&within, "pick-up kcc 0, answer kcc 0");
    life_event(&within, 'Q');
    life_expect(&within, "pick-up kcc 0, answer kcc 0");
    life_event(&within, 'a');
    life_expect(&within, "pick-up kcc 0");
}

/* Who acts for an organisation answers for it, and asks for it. */
static void test_answers_for_another(void **state) {
    struct life life = life_of(*state);

    life.to = "support";
    life_events(&life, "Oor");
    struct hv_event event = life_bare(&life, HV_EVENT_NOTED, true);
    event.code = HV_NOTE_QUESTION;
    event.has_organisation = true;
    sample_text(event.organisation, "kcc");
    event.has_acted_for = true;
    sample_text(event.acted_for, "support");
    life_fold(&life, event);
    life_expect(&life, "pick-up support 0, answer kcc 0");
    life_event(&life, 'q');
    event.code = HV_NOTE_ANSWER;
    life_fold(&life, event);
    life_expect(&life, "pick-up support 0, answer kcc 0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_working_on_it), cmocka_unit_test(test_working_on_what_lies_ahead),
        cmocka_unit_test(test_no_show),       cmocka_unit_test(test_check_ins),
        cmocka_unit_test(test_answers),       cmocka_unit_test(test_answers_for_another),
    };

    return cmocka_run_group_tests(tests, phase_network_setup, phase_network_teardown);
}
