/* Phases: what runs before each event and after it, as the table of the contract says; plans
 * and urgency. */
#include "broker/phase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "phase_life.h"
#include "wire/wire.h"
#include "wire_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- What runs ---- */

/* The events of phase_life.h, and what runs after the last. */
static const struct {
    const char *events;
    const char *runs;
} table[] = {
    /* The journey */
    {"O", "unrouted kcc 0"},
    {"OC", "closing kcc 0"},
    {"OCs", "held kcc 0"},
    {"OCS", "closing kcc 0"}, /* `closed` follows */
    {"OCSx", ""},
    {"Ox", ""},
    {"OxO", "unrouted kcc 0"},
    {"Oj", "unrouted kcc 0"},
    {"Ot", "held kcc 0"}, /* the holder keeps the resident itself */
    {"OT", "unrouted kcc 0"},
    {"Om", "unrouted kcc 0"},
    {"Oi", "held kcc 0"},
    {"Ou", "unrouted kcc 0"},
    {"OtC", "closing kcc 0"},
    {"Ott", "held kcc 0"},
    {"OCt", "closing kcc 0"},
    /* The offer */
    {"Oo", "delivery werkse 0, receipt werkse 0"},
    {"Oto", "delivery werkse 0, receipt werkse 0"},
    {"Ood", "receipt werkse 0"},
    {"Oot", "delivery werkse 0, receipt werkse 0"},
    {"Oog", "delivery werkse 0, receipt werkse 0"},
    {"Ooj", "delivery werkse 0, receipt werkse 0"},
    {"Oon", "unrouted kcc 0"},
    {"OoW", "unrouted kcc 0"},
    {"Ooc", "held werkse 0"},
    {"Oono", "delivery werkse 0, receipt werkse 0"},
    /* Received */
    {"Oor", "pick-up werkse 0"},
    {"Oodr", "pick-up werkse 0"},
    {"Oorr", "pick-up werkse 0"},
    {"Oorn", "unrouted kcc 0"},
    {"OorW", "unrouted kcc 0"},
    {"Oorc", "held werkse 0"},
    /* Picked up */
    {"Oop", "arrival werkse 0"},
    {"OoP", "arrival werkse 0"},
    {"Oorp", "arrival werkse 0"},
    {"Oorpp", "arrival werkse 0"},
    {"Oorpn", "unrouted kcc 0"},
    {"OorpW", "unrouted kcc 0"},
    {"Oorpc", "held werkse 0"},
    /* Waiting */
    {"Oow", "waiting kcc 0, pick-up werkse 0"},
    {"Oodw", "waiting kcc 0, pick-up werkse 0"},
    {"Oorw", "waiting kcc 0, pick-up werkse 0"},
    {"Oorpw", "waiting kcc 0, pick-up werkse 0"},
    {"Oorww", "waiting kcc 0, pick-up werkse 0"},
    {"Oorwt", "waiting kcc 0, pick-up werkse 0"},
    {"Oorwr", "pick-up werkse 0"},
    {"Oorwp", "arrival werkse 0"},
    {"Oorwc", "held werkse 0"},
    {"Oorwn", "unrouted kcc 0"},
    {"OorwW", "unrouted kcc 0"},
    {"OorwU", "pick-up werkse 0"}, /* in crisis nobody waits */
    {"OorpwU", "arrival werkse 0"},
    {"OorwU"
     "l",
     "pick-up werkse 0"},
    {"Oorwu", "waiting kcc 0, pick-up werkse 0"},
    /* Held */
    {"Oocu", "held werkse 0"},
    {"Oocx", ""},
    {"OocC", "closing werkse 0"},
    {"OocCs", "held werkse 0"},
    {"Ooco", "delivery werkse 0, receipt werkse 0"},
    /* Contested runs beside the others, until the holder finds the resident */
    {"Oock", "held werkse 0, contested werkse 0"},
    {"Oockk", "held werkse 0, contested werkse 0"},
    {"Oockt", "held werkse 0"},
    {"OockT", "held werkse 0"},
    {"Oockm", "held werkse 0, contested werkse 0"},
    {"Oocki", "held werkse 0, contested werkse 0"},
    {"OockC", "contested werkse 0, closing werkse 0"},
    {"OockCs", "contested werkse 0, held werkse 0"},
    {"OockCt", "closing werkse 0"},
    {"Oockx", ""},
    /* Answers, of either side, beside the others and until the handover ends */
    {"Ooq", "delivery werkse 0, receipt werkse 0, answer werkse 0"},
    {"OoQ", "delivery werkse 0, receipt werkse 0, answer kcc 0"},
    {"OoM", "delivery werkse 0, receipt werkse 0, answer kcc 0"},
    {"Oorq", "pick-up werkse 0, answer werkse 0"},
    {"Oorqq", "pick-up werkse 0, answer werkse 0"},
    {"OorqQ", "pick-up werkse 0, answer werkse 0, answer kcc 0"},
    {"OorqQa", "pick-up werkse 0, answer werkse 0"},
    {"OorqQA", "pick-up werkse 0, answer kcc 0"},
    {"OorqQaA", "pick-up werkse 0"},
    {"OorQp", "answer kcc 0, arrival werkse 0"},
    {"Oorqw", "answer werkse 0, waiting kcc 0, pick-up werkse 0"},
    {"OorQn", "unrouted kcc 0"},
    {"OorQW", "unrouted kcc 0"},
    {"OorQc", "held werkse 0"},
};

static void test_what_runs_after_each_event(void **state) {
    char got[RUNS_TEXT_SIZE];

    for (size_t i = 0; i < COUNT(table); i++) {
        struct life life = life_of(*state);
        life_events(&life, table[i].events);
        runs_text(&life.journey.runs, got);
        if (strcmp(got, table[i].runs) != 0)
            fail_msg("after `%s`: expected `%s`, got `%s`", table[i].events, table[i].runs, got);
    }
}

/* All that are not in the table leave alone what runs, wherever they come. */
static const enum hv_event_name without_effect[] = {
    HV_EVENT_REASSIGNED, HV_EVENT_INTRODUCED, HV_EVENT_SUPPLEMENTED, HV_EVENT_DOSSIER,
    HV_EVENT_FETCHED,    HV_EVENT_DELETED,    HV_EVENT_ACKNOWLEDGED, HV_EVENT_TOLD,
    HV_EVENT_READ,       HV_EVENT_NETWORK,    HV_EVENT_REMINDED,     HV_EVENT_ESCALATED,
    HV_EVENT_REPAIRED,   HV_EVENT_ABSENT,     HV_EVENT_CHECK_IN_DUE, HV_EVENT_QUIET,
    HV_EVENT_DIGEST,     HV_EVENT_CLOCK,      HV_EVENT_SUSPECTED,
};

static void test_other_events_change_nothing(void **state) {
    for (size_t i = 0; i < COUNT(table); i++) {
        for (size_t e = 0; e < COUNT(without_effect); e++) {
            struct life life = life_of(*state);
            struct runs after;
            life_events(&life, table[i].events);
            const struct hv_event event =
                life_bare(&life, without_effect[e], life.handover.state != 0);
            life.rules.now_ms += DAY_MS;
            phase_after(&event, &life.journey, &life.handover, &life.rules, &after);
            if (!runs_equal(&after, &life.journey.runs))
                fail_msg("`%s` changes what runs after `%s`",
                         wire_word_text(&wire_vocabulary_event_name, (int)event.event),
                         table[i].events);
        }
    }
}

/* No event is forgotten: it stands in the table, or above. */
static void test_every_event_is_judged(void **state) {
    static const enum hv_event_name with_effect[] = {
        HV_EVENT_OPENED,    HV_EVENT_CLOSING,   HV_EVENT_SETTLED, HV_EVENT_CLOSED,
        HV_EVENT_OFFERED,   HV_EVENT_DELIVERED, HV_EVENT_WAITING, HV_EVENT_RECEIVED,
        HV_EVENT_PICKED_UP, HV_EVENT_CONFIRMED, HV_EVENT_NOTED,   HV_EVENT_DECLINED,
        HV_EVENT_WITHDRAWN, HV_EVENT_URGENCY,   HV_EVENT_CLAIMED, HV_EVENT_CONTESTED,
    };
    (void)state;

    assert_int_equal(COUNT(with_effect) + COUNT(without_effect), wire_vocabulary_event_name.count);
    for (size_t w = 0; w < wire_vocabulary_event_name.count; w++) {
        bool found = false;
        for (size_t i = 0; i < COUNT(with_effect); i++)
            found = found || (int)with_effect[i] == wire_vocabulary_event_name.words[w].number;
        for (size_t i = 0; i < COUNT(without_effect); i++)
            found = found || (int)without_effect[i] == wire_vocabulary_event_name.words[w].number;
        if (!found)
            fail_msg("`%s` is not judged", wire_vocabulary_event_name.words[w].text);
    }
}

/* T1, on lives of any events in any order: something runs while the journey is open, never more
 * than there is room for, none in the past, and none further ahead than its ladder allows. */
static void test_something_always_runs(void **state) {
    static const char letters[] = "OodrpPwcnWCsSxtTmighHfqQMaAkluUj";
    struct chance chance = {4};
    size_t taken = 0;

    for (int lives = 0; lives < 300; lives++) {
        struct life life = life_of(*state);
        char said[64] = "O";
        life.to = lives % 5 ? "werkse" : "kcc";
        life.urgency = (enum hv_urgency)(1 + lives % 3);
        life_event(&life, 'O');
        for (size_t i = 1; i < sizeof said - 1;) {
            const char letter = letters[chance_below(&chance, sizeof letters - 1)];
            life.rules.now_ms += (int64_t)chance_below(&chance, HOUR_MS);
            if (chance_below(&chance, 4) == 0) {
                life_claim(&life, "kcc", chance_below(&chance, 2) == 0,
                           life.rules.now_ms + (int64_t)chance_below(&chance, DAY_MS));
            }
            i++;
            if (!life_may(&life, letter))
                continue;
            said[strlen(said)] = letter;
            life_event(&life, letter); /* checks T1 */
            taken++;
            for (size_t r = 0; r < life.journey.runs.count; r++) {
                const struct hv_run *run = &life.journey.runs.items[r];
                if (run->due <= 0 || run->due > life.rules.now_ms + 400 * DAY_MS)
                    fail_msg("after `%s`: due at %lld", said, (long long)run->due);
            }
        }
    }
    assert_true(taken > 5000);
}

/* ---- Whom, since when, until when ---- */

static void test_a_phase_is_of_its_handover(void **state) {
    struct life life = life_of(*state);
    const hv_time opened_ms = life.rules.now_ms;

    life.urgency = HV_URGENCY_CRISIS;
    life_event(&life, 'O');
    const struct hv_run *run = life_run(&life, HV_PHASE_UNROUTED);
    assert_false(run->has_handover || run->has_kind || run->has_to);
    assert_int_equal(run->began, opened_ms);
    assert_int_equal(run->due, opened_ms + HOUR_MS);
    assert_int_equal(run->urgency, HV_URGENCY_CRISIS);
    assert_int_equal(run->network, 7);
    const hv_time offered_ms = life.rules.now_ms;
    life_event(&life, 'o');
    run = life_run(&life, HV_PHASE_RECEIPT);
    assert_true(run->has_handover && run->has_kind && run->has_to);
    assert_memory_equal(&run->handover, &life.handover.id, sizeof run->handover);
    assert_int_equal(run->kind, HV_KIND_COLD);
    assert_string_equal(run->to, "werkse");
    assert_int_equal(run->began, offered_ms);
    assert_int_equal(run->due, offered_ms + 8 * MINUTE_MS); /* the cold one's */
    assert_int_equal(life_run(&life, HV_PHASE_DELIVERY)->due, offered_ms + 2 * MINUTE_MS);
    assert_int_equal(runs_due(&life.journey.runs), offered_ms + 2 * MINUTE_MS);
}

/* A warm one has more time. */
static void test_the_kind_chooses_the_ladder(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life.kind = HV_KIND_WARM;
    life_event(&life, 'O');
    const hv_time offered_ms = life.rules.now_ms;
    life_event(&life, 'o');
    assert_int_equal(life_run(&life, HV_PHASE_RECEIPT)->due, offered_ms + 15 * MINUTE_MS);
}

/* Beside the offer's acknowledgement the receipt's time goes on. */
static void test_delivery_leaves_receipt_alone(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Oo");
    const struct hv_run before = *life_run(&life, HV_PHASE_RECEIPT);
    life.rules.now_ms += HOUR_MS;
    life_event(&life, 'd');
    assert_memory_equal(life_run(&life, HV_PHASE_RECEIPT), &before, sizeof before);
}

/* Another person who receives, or the same who picks up again, begins nothing anew. */
static void test_the_same_again_begins_nothing_anew(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Oor");
    const hv_time began_ms = life_run(&life, HV_PHASE_PICKUP)->began;
    life.rules.now_ms += DAY_MS;
    life_event(&life, 'r');
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->began, began_ms);
    life_event(&life, 'p');
    const struct hv_run before = *life_run(&life, HV_PHASE_ARRIVAL);
    life.rules.now_ms += DAY_MS;
    life_event(&life, 'p');
    assert_memory_equal(life_run(&life, HV_PHASE_ARRIVAL), &before, sizeof before);
}

/* ---- Plans ---- */

/* Arrival begins when it is planned; in the past, now. */
static void test_arrival_begins_when_planned(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oo");
    const hv_time planned_ms = life.rules.now_ms + 3 * DAY_MS;
    life_event(&life, 'P');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began, planned_ms);
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->due, planned_ms + 4 * HOUR_MS);
    struct life late = life_of(*state);
    late.urgency = HV_URGENCY_CRISIS;
    life_events(&late, "Oo");
    struct hv_event event = life_bare(&late, HV_EVENT_PICKED_UP, true);
    sample_text(event.begeleider, "anna");
    event.has_planned = true;
    event.planned = late.rules.now_ms - DAY_MS;
    life_fold(&late, event);
    assert_int_equal(life_run(&late, HV_PHASE_ARRIVAL)->began, late.rules.now_ms);
}

static void plan(struct life *life, hv_time planned_ms) {
    struct hv_event event = life_bare(life, HV_EVENT_PICKED_UP, true);

    sample_text(event.begeleider, "anna");
    event.has_planned = planned_ms != 0;
    event.planned = planned_ms;
    life_fold(life, event);
}

/* Planning later and later silences no ladder: as often as the policy allows, twice here; then the
 * plan changes and the ladder does not. A sooner one always counts. */
static void test_replanning_is_limited(void **state) {
    struct life life = life_of(*state);
    const hv_time first_ms = life.rules.now_ms + 3 * DAY_MS;

    life_events(&life, "Oo");
    plan(&life, first_ms);
    plan(&life, first_ms); /* the same */
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->restarts, 0);
    for (int i = 1; i <= 5; i++) {
        const hv_time planned_ms = first_ms + i * DAY_MS;
        plan(&life, planned_ms);
        assert_int_equal(life.handover.planned_ms, planned_ms);
        assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began,
                         i <= 2 ? planned_ms : first_ms + 2 * DAY_MS);
    }
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->restarts, 2);
    plan(&life, first_ms);
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began, first_ms);
    plan(&life, 0); /* no plan: from now */
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began, life.rules.now_ms);
}

/* No plan lies further ahead than a wait may last. */
static void test_a_plan_for_the_next_century(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Oo");
    const hv_time latest_ms = life.rules.now_ms + life.network->policies.wait_max_ms;
    plan(&life, life.rules.now_ms + 36500 * DAY_MS);
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began, latest_ms);
}

/* The holder keeps in touch while the receiver lets wait; from `expected` the receiver climbs. */
static void test_waiting(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Oor");
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'w');
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->began, now_ms + 10 * DAY_MS);
    assert_true(life_run(&life, HV_PHASE_PICKUP)->due > now_ms + 10 * DAY_MS);
    assert_int_equal(life_run(&life, HV_PHASE_WAITING)->due, now_ms + 28 * DAY_MS);
    /* New dates: the check-ins go on as they were. */
    life.rules.now_ms += DAY_MS;
    const struct hv_run waiting = *life_run(&life, HV_PHASE_WAITING);
    const hv_time again_ms = life.rules.now_ms;
    life_event(&life, 'w');
    assert_memory_equal(life_run(&life, HV_PHASE_WAITING), &waiting, sizeof waiting);
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->began, again_ms + 10 * DAY_MS);
}

/* ---- Urgency ---- */

/* Every phase begins anew from now under its ladder, but for what lies ahead; the same urgency is a
 * fact without effect. */
static void test_urgency_begins_anew(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Oorq");
    life_run(&life, HV_PHASE_PICKUP)->step = 2;
    life.rules.now_ms += HOUR_MS;
    const struct runs before = life.journey.runs;
    life_event(&life, 'l');
    assert_true(runs_equal(&before, &life.journey.runs));
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'U');
    for (size_t i = 0; i < life.journey.runs.count; i++) {
        assert_int_equal(life.journey.runs.items[i].began, now_ms);
        assert_int_equal(life.journey.runs.items[i].step, 0);
        assert_int_equal(life.journey.runs.items[i].urgency, HV_URGENCY_CRISIS);
    }
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->due, now_ms + 15 * MINUTE_MS);
    assert_int_equal(life_run(&life, HV_PHASE_ANSWER)->due, now_ms + 8 * MINUTE_MS);
}

/* Raised it presses from now, whatever was planned when it did not; lowered the plan stands, and so
 * does a waiting list either way. */
static void test_urgency_of_what_lies_ahead(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "OoP");
    hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'U');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began, now_ms);
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->due, now_ms + 4 * HOUR_MS);
    plan(&life, now_ms + 3 * DAY_MS); /* said anew, it counts */
    life_event(&life, 'u');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->began, now_ms + 3 * DAY_MS);
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->urgency, HV_URGENCY_URGENT);
    struct life waits = life_of(*state);
    life_events(&waits, "Oorw");
    const hv_time expected_ms = life_run(&waits, HV_PHASE_PICKUP)->began;
    now_ms = waits.rules.now_ms;
    life_event(&waits, 'u');
    assert_int_equal(life_run(&waits, HV_PHASE_PICKUP)->began, expected_ms);
    assert_int_equal(life_run(&waits, HV_PHASE_WAITING)->began, now_ms);
}

/* A check-in that nobody has answered is not forgotten by a change of urgency. */
static void test_urgency_of_a_check_in_that_is_due(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Ot");
    run_ask(life_run(&life, HV_PHASE_HELD), life.journey.holder.organisation, &life.rules);
    life_run(&life, HV_PHASE_HELD)->step = 1;
    life.rules.now_ms += DAY_MS;
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'U');
    const struct hv_run *held = life_run(&life, HV_PHASE_HELD);
    assert_true(held->has_asked);
    assert_int_equal(held->asked, now_ms);
    assert_int_equal(held->step, 0);
    assert_int_equal(held->due, now_ms + HOUR_MS);
}

/* ---- By the state alone ---- */

/* What runs is lost: it is begun anew from what the journey is. */
static void test_phases_of_a_state(void **state) {
    static const struct {
        const char *events, *runs;
    } rows[] = {
        {"O", "unrouted kcc 0"},
        {"Oo", "delivery werkse 0, receipt werkse 0"},
        {"Ood", "receipt werkse 0"},
        {"Oor", "pick-up werkse 0"},
        {"Oorw", "waiting kcc 0, pick-up werkse 0"},
        {"OoP", "arrival werkse 0"},
        {"Ooc", "unrouted werkse 0"}, /* whether it is kept is not known: ask */
        {"OC", "closing kcc 0"},
        {"Ox", ""},
    };
    char got[RUNS_TEXT_SIZE];

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct life life = life_of(*state);
        struct runs runs;
        life_events(&life, rows[i].events);
        const bool has_open = life.handover.state && handover_is_open(&life.handover);
        phase_of_state(&life.journey, has_open ? &life.handover : NULL, &life.rules, &runs);
        runs_text(&runs, got);
        if (strcmp(got, rows[i].runs) != 0)
            fail_msg("of `%s`: expected `%s`, got `%s`", rows[i].events, rows[i].runs, got);
    }
}

/* Nor does a plan that an older ledger took without a limit silence it. */
static void test_a_state_with_a_plan_for_the_next_century(void **state) {
    struct life life = life_of(*state);
    struct runs runs;

    life_events(&life, "Oop");
    life.handover.planned_ms = life.rules.now_ms + 36500 * DAY_MS;
    phase_of_state(&life.journey, &life.handover, &life.rules, &runs);
    assert_int_equal(runs.items[0].phase, HV_PHASE_ARRIVAL);
    assert_int_equal(runs.items[0].began, life.rules.now_ms + life.network->policies.wait_max_ms);
    assert_false(run_bring_back(&runs.items[0], "kcc", life.network, &life.rules));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_runs_after_each_event),
        cmocka_unit_test(test_other_events_change_nothing),
        cmocka_unit_test(test_every_event_is_judged),
        cmocka_unit_test(test_something_always_runs),
        cmocka_unit_test(test_a_phase_is_of_its_handover),
        cmocka_unit_test(test_the_kind_chooses_the_ladder),
        cmocka_unit_test(test_delivery_leaves_receipt_alone),
        cmocka_unit_test(test_the_same_again_begins_nothing_anew),
        cmocka_unit_test(test_arrival_begins_when_planned),
        cmocka_unit_test(test_replanning_is_limited),
        cmocka_unit_test(test_a_plan_for_the_next_century),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_urgency_begins_anew),
        cmocka_unit_test(test_urgency_of_what_lies_ahead),
        cmocka_unit_test(test_urgency_of_a_check_in_that_is_due),
        cmocka_unit_test(test_phases_of_a_state),
        cmocka_unit_test(test_a_state_with_a_plan_for_the_next_century),
    };

    return cmocka_run_group_tests(tests, phase_network_setup, phase_network_teardown);
}
