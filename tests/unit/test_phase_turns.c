/* Phases in turns: no wait, pick-up or urgency, said again and again, silences a ladder for good.
 */
#include "broker/phase.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "phase_life.h"
#include "wire_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Each of these events comes every day that it may. Gives for how long, at most, no last step of a
 * ladder has rung. */
static int64_t silence_of(struct life *life, const char *letters, int64_t days) {
    hv_time heard_ms = life->rules.now_ms;
    int64_t silent_ms = 0;

    for (int64_t day = 0; day < days; day++) {
        for (const char *letter = letters; *letter; letter++) {
            if (life_may(life, *letter))
                life_event(life, *letter);
        }
        life->rules.now_ms += DAY_MS;
        for (const struct hv_run *first = runs_first(&life->journey.runs);
             first->due <= life->rules.now_ms; first = runs_first(&life->journey.runs)) {
            const size_t index = (size_t)(first - life->journey.runs.items);
            struct phase_step step;
            struct runs runs;
            phase_step(&life->journey, index, life->network, &life->rules, &step, &runs);
            life->journey.runs = runs;
            if (step.last)
                heard_ms = life->rules.now_ms;
        }
        if (life->rules.now_ms - heard_ms > silent_ms)
            silent_ms = life->rules.now_ms - heard_ms;
    }
    return silent_ms;
}

/* No receive, pick-up or wait in turns, and no urgency lowered again and again, silences a ladder
 * for good: after the waits that the policy allows, it climbs to its end and rings there. */
static void test_no_to_and_fro_silences(void **state) {
    static const char *const turns[] = {"wp", "pw",  "wr", "rw", "w",
                                        "wP", "rwp", "Ul", "ul", "uUul"};

    for (size_t i = 0; i < COUNT(turns); i++) {
        struct life life = life_of(*state);
        life_events(&life, "Oodr");
        (void)silence_of(&life, turns[i], 100);
        const int64_t silent_ms = silence_of(&life, turns[i], 400);
        if (silent_ms > 45 * DAY_MS)
            fail_msg("`%s` day after day: nobody of the network hears for %lld days", turns[i],
                     (long long)(silent_ms / DAY_MS));
    }
}

/* As often as it may, a wait rests the ladder until then, and so do new dates; sooner ones cost
 * nothing. One more, and the ladder goes on. */
static void test_waits_are_limited(void **state) {
    struct life life = life_of(*state);
    hv_time expected_ms = 0;

    life_events(&life, "Oor");
    for (int i = 1; i <= 5; i++) {
        life.rules.now_ms += DAY_MS;
        const hv_time before_ms = expected_ms;
        expected_ms = life.rules.now_ms + 10 * DAY_MS;
        life_event(&life, 'w');
        assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->began, i <= 3 ? expected_ms : before_ms);
        if (i > 3)
            expected_ms = before_ms;
    }
    struct hv_event event = life_bare(&life, HV_EVENT_WAITING, true);
    sample_text(event.begeleider, "anna");
    event.has_expected = true;
    event.expected = life.rules.now_ms + HOUR_MS;
    life_fold(&life, event);
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->began, event.expected);
    /* Picked up, the ladder of arrival goes on where that of pick-up was. */
    life_run(&life, HV_PHASE_PICKUP)->step = 2;
    const hv_time due_ms = life_run(&life, HV_PHASE_PICKUP)->due;
    life_event(&life, 'p');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->step, 2);
    assert_true(life_run(&life, HV_PHASE_ARRIVAL)->due <= due_ms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_to_and_fro_silences),
        cmocka_unit_test(test_waits_are_limited),
    };

    return cmocka_run_group_tests(tests, phase_network_setup, phase_network_teardown);
}
