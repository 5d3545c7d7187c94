/* Steps that fall due: what is recorded, whom they are for, and when the next one comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "phase_life.h"
#include "wire/wire.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT_SIZE    512

/* ---- A step as a line of text ---- */

/* "escalated arrival 2: werkse coordinator", with "(reaches nobody)" and "(rested)". */
static void step_text(const struct phase_step *step, char ret_text[TEXT_SIZE]) {
    const struct hv_event *event = &step->event;
    int used =
        snprintf(ret_text, TEXT_SIZE,
                 "%s %s %d:", wire_word_text(&wire_vocabulary_event_name, (int)event->event),
                 wire_word_text(&wire_vocabulary_phase, (int)event->phase), (int)event->step);

    for (size_t i = 0; i < event->addressees.count; i++)
        used +=
            snprintf(ret_text + used, TEXT_SIZE - (size_t)used, "%s %s %s", i ? "," : "",
                     event->addressees.items[i].organisation,
                     wire_word_text(&wire_vocabulary_role, (int)event->addressees.items[i].role));
    snprintf(ret_text + used, TEXT_SIZE - (size_t)used, "%s%s",
             event->reached ? "" : " (reaches nobody)", event->rested ? " (rested)" : "");
}

/* What is due first falls due, when it does, under the network that it began under. */
static void step_under(struct life *life, const struct network *began_under,
                       struct phase_step *ret_step) {
    const struct hv_run *first = runs_first(&life->journey.runs);
    struct runs runs;

    assert_non_null(first);
    if (life->rules.now_ms < first->due)
        life->rules.now_ms = first->due;
    phase_step(&life->journey, (size_t)(first - life->journey.runs.items), began_under,
               &life->rules, ret_step, &runs);
    life->journey.runs = runs;
}

static void expect_step(struct life *life, const char *expected) {
    struct phase_step step;
    char got[TEXT_SIZE];

    step_under(life, life->network, &step);
    step_text(&step, got);
    if (strcmp(got, expected) != 0)
        fail_msg("expected `%s`, got `%s`", expected, got);
}

/* How long after `since` the next step is due. */
static void expect_due(const struct life *life, hv_time since, int64_t ms) {
    const int64_t got = runs_due(&life->journey.runs) - since;

    if (got != ms)
        fail_msg("expected the next step after %lld min, got %lld min", (long long)(ms / MINUTE_MS),
                 (long long)(got / MINUTE_MS));
}

/* ---- Ladders ---- */

/* From the one who must act to the network's, and then for ever, with the number of the last. */
static void test_a_ladder_is_climbed_and_never_ends(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life.to = "support";
    life_events(&life, "Oor");
    const hv_time began_ms = life_run(&life, HV_PHASE_PICKUP)->began;
    expect_step(&life, "reminded pick-up 1: support endpoint");
    expect_due(&life, began_ms, 30 * MINUTE_MS);
    expect_step(&life, "escalated pick-up 2: support coordinator");
    expect_due(&life, began_ms, HOUR_MS);
    expect_step(&life, "escalated pick-up 3: kcc coordinator");
    for (int i = 1; i < 2000; i++) {
        expect_due(&life, began_ms, HOUR_MS + i * 30 * MINUTE_MS);
        expect_step(&life, "escalated pick-up 3: kcc coordinator");
    }
}

static void test_what_a_step_says(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    const hv_time began_ms = life_run(&life, HV_PHASE_PICKUP)->began;
    struct phase_step step;
    step_under(&life, life.network, &step);
    const struct hv_event *event = &step.event;
    assert_true(event->has_journey && event->has_handover && event->has_phase && event->has_step &&
                event->has_since && event->has_due && event->has_awaits && event->has_addressees);
    assert_false(event->has_organisation); /* the broker says it */
    assert_false(step.last);
    assert_memory_equal(&event->handover, &life.handover.id, sizeof event->handover);
    assert_int_equal(event->since, began_ms);
    assert_int_equal(event->due, began_ms + 30 * MINUTE_MS);
    assert_int_equal(event->due, runs_due(&life.journey.runs));
    assert_string_equal(event->awaits, "werkse");
    assert_false(event->has_reached); /* said only where it did not */
}

/* The first steps of every phase, by whom they are for. */
static void test_whom_each_phase_tells(void **state) {
    static const struct {
        const char *events;
        const char *steps[3];
    } rows[] = {
        {"O",
         {"reminded unrouted 1: kcc endpoint", "escalated unrouted 2: kcc coordinator",
          "escalated unrouted 3: kcc coordinator"}},
        {"Oor",
         {"reminded pick-up 1: support endpoint", "escalated pick-up 2: support coordinator",
          "escalated pick-up 3: kcc coordinator"}},
        {"Oop",
         {"reminded arrival 1: support endpoint", "escalated arrival 2: support coordinator",
          "escalated arrival 3: kcc coordinator"}},
        {"Ood",
         {"reminded receipt 1: support endpoint", "escalated receipt 2: support coordinator",
          "escalated receipt 3: kcc coordinator"}},
        {"OC",
         {"escalated closing 1: kcc coordinator", "escalated closing 1: kcc coordinator",
          "escalated closing 1: kcc coordinator"}},
        {"Ooc",
         {"check-in-due held 0: support endpoint", "reminded held 1: support endpoint",
          "escalated held 2: support coordinator"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct life life = life_of(*state);
        life.to = "support";
        life_events(&life, rows[i].events);
        for (size_t s = 0; s < COUNT(rows[i].steps); s++)
            expect_step(&life, rows[i].steps[s]);
    }
}

/* The receiver's system is silent: its holder, and the operators, before its coordinator. */
static void test_delivery_and_receipt_side_by_side(void **state) {
    static const char *const steps[] = {
        "reminded delivery 1: kcc endpoint, kcc operator", /*  2 min */
        "reminded receipt 1: support endpoint",            /*  8 */
        "escalated delivery 2: support coordinator",       /* 15 */
        "escalated receipt 2: support coordinator",        /* 15 */
        "escalated delivery 3: kcc coordinator",           /* 30 */
        "escalated receipt 3: kcc coordinator",            /* 30 */
        "escalated receipt 3: kcc coordinator",            /* 45 */
        "escalated delivery 3: kcc coordinator",           /* 60 */
    };
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life.to = "support";
    life_events(&life, "Oo");
    for (size_t i = 0; i < COUNT(steps); i++)
        expect_step(&life, steps[i]);
}

/* ---- After an outage ---- */

/* Each step that was missed comes once, oldest first; missed repeats become one. */
static void test_missed_steps_come_once(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life.to = "support";
    life_events(&life, "Oor");
    life.rules.now_ms += 30 * DAY_MS;
    expect_step(&life, "reminded pick-up 1: support endpoint");
    expect_step(&life, "escalated pick-up 2: support coordinator");
    expect_step(&life, "escalated pick-up 3: kcc coordinator");
    expect_due(&life, life.rules.now_ms, 30 * MINUTE_MS);
}

static void test_missed_check_ins_become_one(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Ooc");
    life.rules.now_ms += 30 * DAY_MS;
    expect_step(&life, "check-in-due held 0: werkse endpoint");
    expect_due(&life, life.rules.now_ms, HOUR_MS);
}

/* ---- Reaching nobody ---- */

static void lose_keys(struct life *life, const char *organisation) {
    for (size_t i = 0; i < life->network->organisation_count; i++)
        if (strcmp(life->network->organisations[i].name, organisation) == 0)
            life->network->organisations[i].key_count = 0;
}

/* Without a coordinator in the organisation its step is recorded, and the next one comes at once.
 */
static void test_a_step_that_reaches_nobody(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    lose_keys(&life, "werkse");
    expect_step(&life, "reminded pick-up 1: (reaches nobody)");
    expect_due(&life, life.rules.now_ms, 0);
    expect_step(&life, "escalated pick-up 2: (reaches nobody)");
    expect_due(&life, life.rules.now_ms, 0);
    expect_step(&life, "escalated pick-up 3: kcc coordinator");
    expect_due(&life, life.rules.now_ms, 30 * MINUTE_MS);
}

/* Where not even the last reaches anybody it keeps its interval, and is an alert. */
static void test_the_last_step_that_reaches_nobody(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_event(&life, 'O');
    lose_keys(&life, "werkse");
    lose_keys(&life, "support");
    lose_keys(&life, "kcc");
    expect_step(&life, "reminded unrouted 1: (reaches nobody)");
    expect_step(&life, "escalated unrouted 2: (reaches nobody)");
    for (int i = 0; i < 3; i++) {
        struct phase_step step;
        step_under(&life, life.network, &step);
        assert_true(step.last);
        assert_true(step.event.has_reached);
        assert_false(step.event.reached);
        expect_due(&life, life.rules.now_ms, 4 * HOUR_MS);
    }
}

/* A check-in that asks nobody: somebody else hears of it at once. */
static void test_a_check_in_that_reaches_nobody(void **state) {
    struct life life = life_of(*state);

    life_events(&life, "Ooc");
    lose_keys(&life, "werkse");
    expect_step(&life, "check-in-due held 0: (reaches nobody)");
    expect_due(&life, life.rules.now_ms, 0);
    expect_step(&life, "reminded held 1: (reaches nobody)");
    expect_step(&life, "escalated held 2: (reaches nobody)");
    expect_due(&life, life.rules.now_ms, 0);
    expect_step(&life, "escalated held 3: kcc coordinator");
    assert_true(runs_due(&life.journey.runs) > life.rules.now_ms);
}

/* ---- Check-ins ---- */

/* One that is not answered climbs *unrouted*, begun with it; an answer ends that. */
static void test_an_unanswered_check_in_climbs(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life.to = "support";
    life_events(&life, "Ooc");
    expect_step(&life, "check-in-due held 0: support endpoint");
    const hv_time asked_ms = life.rules.now_ms;
    expect_due(&life, asked_ms, HOUR_MS);
    expect_step(&life, "reminded held 1: support endpoint");
    expect_due(&life, asked_ms, 2 * HOUR_MS);
    expect_step(&life, "escalated held 2: support coordinator");
    expect_due(&life, asked_ms, 4 * HOUR_MS);
    expect_step(&life, "escalated held 3: kcc coordinator");
    expect_due(&life, asked_ms, 8 * HOUR_MS);
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'm');
    expect_due(&life, now_ms, DAY_MS);
    expect_step(&life, "check-in-due held 0: support endpoint");
}

/* While the receiver lets wait it is the holder who keeps in touch. */
static void test_check_ins_while_waiting(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_URGENT;
    life.to = "support";
    life_events(&life, "Oorw");
    expect_step(&life, "check-in-due waiting 0: kcc endpoint");
    expect_step(&life, "reminded waiting 1: kcc endpoint");
}

/* ---- Claims ---- */

/* The network's: what was left is left, for the steps after it too. */
static void test_steps_after_a_claim_of_the_network(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life.to = "support";
    life_events(&life, "Oor");
    const hv_time began_ms = life_run(&life, HV_PHASE_PICKUP)->began;
    life.rules.now_ms = began_ms + 10 * MINUTE_MS;
    life_claim(&life, "kcc", true, life.rules.now_ms + 2 * HOUR_MS);
    const hv_time rested_ms = began_ms + 2 * HOUR_MS;
    expect_due(&life, rested_ms, 15 * MINUTE_MS);
    expect_step(&life, "reminded pick-up 1: support endpoint");
    expect_due(&life, rested_ms, 30 * MINUTE_MS);
    expect_step(&life, "escalated pick-up 2: support coordinator");
    expect_due(&life, rested_ms, HOUR_MS);
    expect_step(&life, "escalated pick-up 3: kcc coordinator");
    expect_due(&life, life.rules.now_ms, 30 * MINUTE_MS);
    assert_false(life_run(&life, HV_PHASE_PICKUP)->has_left);
}

/* Begun anew after a claim, it has its own time alone. */
static void test_a_restart_after_a_claim(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    life_claim(&life, "kcc", true, life.rules.now_ms + 2 * HOUR_MS);
    life.rules.now_ms += 3 * HOUR_MS;
    const hv_time now_ms = life.rules.now_ms;
    life_event(&life, 'g');
    expect_due(&life, now_ms, 15 * MINUTE_MS);
    expect_step(&life, "reminded pick-up 1: werkse endpoint");
    expect_due(&life, now_ms, 30 * MINUTE_MS);
}

/* An organisation's: its own coordinators are not told again, the others are. */
static void test_steps_under_a_claim_of_the_organisation(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    life_claim(&life, "werkse", false, life.rules.now_ms + 12 * HOUR_MS);
    expect_step(&life, "reminded pick-up 1: werkse endpoint");
    expect_step(&life, "escalated pick-up 2: (rested)");
    expect_step(&life, "escalated pick-up 3: kcc coordinator");
}

/* Another organisation's claim rests nothing of it. */
static void test_a_claim_of_another_organisation(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    life_claim(&life, "support", false, life.rules.now_ms + 12 * HOUR_MS);
    expect_step(&life, "reminded pick-up 1: werkse endpoint");
    expect_step(&life, "escalated pick-up 2: werkse coordinator");
}

/* Claimed for longer in all than the policy allows, it rings whoever has claimed it. */
static void test_a_claim_beyond_the_total(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    expect_step(&life, "reminded pick-up 1: werkse endpoint");
    life_run(&life, HV_PHASE_PICKUP)->rested_own = life.network->policies.claim_max_ms;
    life_claim(&life, "werkse", false, life.rules.now_ms + HOUR_MS);
    expect_step(&life, "escalated pick-up 2: werkse coordinator");
}

/* A claim that is over rests nothing. */
static void test_a_claim_that_is_over(void **state) {
    struct life life = life_of(*state);

    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oor");
    life_claim(&life, "werkse", false, life.rules.now_ms + 20 * MINUTE_MS);
    expect_step(&life, "reminded pick-up 1: werkse endpoint");
    expect_step(&life, "escalated pick-up 2: werkse coordinator");
}

/* ---- Networks ---- */

/* A phase climbs the ladder that it began with; whom that reaches is on the present map. */
static void test_the_ladder_of_the_beginning(void **state) {
    struct life life = life_of(*state);
    struct sample_network files;
    char got[TEXT_SIZE];

    sample_network_init(&files);
    sample_network_set(&files, "ladders/own.conf",
                       "[ladder pick-up]\nurgency = crisis\nstep = 5M network\nevery = 5M\n");
    struct network *past = sample_network_parse(&files);
    sample_network_fini(&files);
    life.urgency = HV_URGENCY_CRISIS;
    life_events(&life, "Oo");
    life.rules.network = past;
    life.rules.network_seq = 3;
    life_event(&life, 'r');
    life.rules.network = life.network;
    life.rules.network_seq = 7;
    const hv_time began_ms = life_run(&life, HV_PHASE_PICKUP)->began;
    assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->network, 3);
    expect_due(&life, began_ms, 5 * MINUTE_MS);
    for (int i = 2; i < 5; i++) {
        struct phase_step step;
        step_under(&life, past, &step);
        step_text(&step, got);
        assert_string_equal(got, "escalated pick-up 1: kcc coordinator");
        expect_due(&life, began_ms, i * 5 * MINUTE_MS);
        assert_int_equal(life_run(&life, HV_PHASE_PICKUP)->network, 3);
    }
    /* The next phase is under the present one. */
    life_event(&life, 'p');
    assert_int_equal(life_run(&life, HV_PHASE_ARRIVAL)->network, 7);
    network_free(past);
}

#define STEP_TEST(name) \
    cmocka_unit_test_setup_teardown(name, phase_network_setup, phase_network_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        STEP_TEST(test_a_ladder_is_climbed_and_never_ends),
        STEP_TEST(test_what_a_step_says),
        STEP_TEST(test_whom_each_phase_tells),
        STEP_TEST(test_delivery_and_receipt_side_by_side),
        STEP_TEST(test_missed_steps_come_once),
        STEP_TEST(test_missed_check_ins_become_one),
        STEP_TEST(test_a_step_that_reaches_nobody),
        STEP_TEST(test_the_last_step_that_reaches_nobody),
        STEP_TEST(test_a_check_in_that_reaches_nobody),
        STEP_TEST(test_an_unanswered_check_in_climbs),
        STEP_TEST(test_check_ins_while_waiting),
        STEP_TEST(test_steps_after_a_claim_of_the_network),
        STEP_TEST(test_a_restart_after_a_claim),
        STEP_TEST(test_steps_under_a_claim_of_the_organisation),
        STEP_TEST(test_a_claim_of_another_organisation),
        STEP_TEST(test_a_claim_beyond_the_total),
        STEP_TEST(test_a_claim_that_is_over),
        STEP_TEST(test_the_ladder_of_the_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
