/* Journeys: what people note, how much it presses, who is on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "phase_life.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct journey_limits limits = {
    .restarts_max = 2,
    .check_in_max_days = 91,
    .claim_max_ms = 3 * DAY_MS,
};

static const struct actor holder = {.organisation = "kcc", .role = HV_ROLE_ENDPOINT};
static const struct actor receiver = {.organisation = "werkse", .role = HV_ROLE_ENDPOINT};
static const struct actor receiver_desk = {.organisation = "werkse", .role = HV_ROLE_COORDINATOR};
static const struct actor network_desk = {
    .organisation = "kcc", .role = HV_ROLE_COORDINATOR, .of_network = true};

/* ---- note ---- */

static struct hv_note note_of(const struct life *life, enum hv_note_code code) {
    struct hv_note note = {
        .journey = sample_uuid(1),
        .has_handover = life->handover.state != 0,
        .handover = life->handover.id,
        .code = code,
        .on = life->rules.now_ms,
    };

    sample_text(note.request, "note");
    return note;
}

static void decide_note(const struct life *life, const struct hv_note *note,
                        const struct actor *actor, struct decision *ret_decision) {
    journey_decide_note(&life->journey, note->has_handover ? &life->handover : NULL, note, actor,
                        life->rules.now_ms, limits, ret_decision);
}

/* What was noted is in the event, and what was not is not. */
static void test_a_note_is_one_fact(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oo");
    struct hv_note note = note_of(&life, HV_NOTE_QUESTION);
    decide_note(&life, &note, &receiver, &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_NOTED);
    assert_int_equal(event->code, HV_NOTE_QUESTION);
    assert_int_equal(event->on, note.on);
    assert_true(event->has_handover);
    assert_string_equal(event->organisation, "werkse");
    assert_false(event->has_by || event->has_next || event->has_to || event->has_count);
    note = note_of(&life, HV_NOTE_TIP);
    note.has_handover = false;
    note.has_to = true;
    sample_text(note.to, "support");
    note.has_next = true;
    note.next = 7;
    decide_note(&life, &note, &holder, &decision);
    event = assert_decided(&decision, HV_EVENT_NOTED);
    assert_false(event->has_handover);
    assert_string_equal(event->to, "support");
    assert_int_equal(event->next, 7);
}

static void test_when_it_was(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "O");
    struct hv_note note = note_of(&life, HV_NOTE_IN_TOUCH);
    note.on = life.rules.now_ms + DECISION_SKEW_MS;
    decide_note(&life, &note, &holder, &decision);
    (void)assert_decided(&decision, HV_EVENT_NOTED);
    note.on++;
    decide_note(&life, &note, &holder, &decision);
    assert_refused(&decision, HV_REFUSED_MALFORMED, "on");
    note.on = 1; /* facts are taken in any order */
    decide_note(&life, &note, &holder, &decision);
    (void)assert_decided(&decision, HV_EVENT_NOTED);
}

/* Nothing is noted of a closed journey, nor of a handover that is over. */
static void test_what_is_over(void **state) {
    static const enum hv_note_code codes[] = {HV_NOTE_IN_TOUCH, HV_NOTE_QUESTION,
                                              HV_NOTE_WORKING_ON_IT, HV_NOTE_ANSWER};
    struct life closed = life_of(*state);
    struct life over = life_of(*state);
    struct decision decision;

    life_events(&closed, "Ox");
    life_events(&over, "Oorn");
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct hv_note note = note_of(&closed, codes[i]);
        decide_note(&closed, &note, &holder, &decision);
        assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
        note = note_of(&over, codes[i]);
        decide_note(&over, &note, &holder, &decision);
        assert_refused(&decision, HV_REFUSED_CONFLICT, "handover");
    }
}

/* Days between check-ins, up to what the network allows. */
static void test_the_days_between_check_ins(void **state) {
    static const enum hv_note_code codes[] = {HV_NOTE_IN_TOUCH, HV_NOTE_NOT_REACHED, HV_NOTE_TIP};
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Ooc");
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct hv_note note = note_of(&life, codes[i]);
        note.has_handover = false;
        note.has_next = true;
        note.next = 91;
        decide_note(&life, &note, &receiver, &decision);
        (void)assert_decided(&decision, HV_EVENT_NOTED);
        note.next = 92;
        decide_note(&life, &note, &receiver, &decision);
        assert_refused(&decision, HV_REFUSED_MALFORMED, "next");
    }
}

/* Twice in a row is said to be so, and then the count begins anew. */
static void test_not_reached_twice(void **state) {
    static const bool second[] = {false, true, false, true, false, true};
    struct life life = life_of(*state);
    struct decision decision;
    struct hv_note note;

    life_events(&life, "O");
    for (size_t i = 0; i < COUNT(second); i++) {
        note = note_of(&life, HV_NOTE_NOT_REACHED);
        decide_note(&life, &note, &holder, &decision);
        const struct hv_event *event = assert_decided(&decision, HV_EVENT_NOTED);
        assert_int_equal(event->has_count, second[i]);
        if (second[i])
            assert_int_equal(event->count, 2);
        life_fold(&life, *event);
    }
    /* Not in a row: in touch in between. */
    life_events(&life, "mT");
    note = note_of(&life, HV_NOTE_NOT_REACHED);
    decide_note(&life, &note, &holder, &decision);
    assert_false(assert_decided(&decision, HV_EVENT_NOTED)->has_count);
    /* Nor by another holder. */
    struct life moved = life_of(*state);
    life_events(&moved, "Omoc");
    note = note_of(&moved, HV_NOTE_NOT_REACHED);
    note.has_handover = false;
    decide_note(&moved, &note, &receiver, &decision);
    assert_false(assert_decided(&decision, HV_EVENT_NOTED)->has_count);
}

/* As often as the policy allows in one phase, and only where there is something to begin anew. */
static void test_working_on_it_is_limited(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oo");
    for (int i = 0; i < 4; i++) {
        const struct hv_note note = note_of(&life, HV_NOTE_WORKING_ON_IT);
        decide_note(&life, &note, &receiver, &decision);
        if (i == 2) {
            assert_refused(&decision, HV_REFUSED_CONFLICT, "code");
            life_event(&life, 'r'); /* another phase */
        } else {
            life_fold(&life, *assert_decided(&decision, HV_EVENT_NOTED));
        }
    }
    life_event(&life, 'w');
    const struct hv_note waiting = note_of(&life, HV_NOTE_WORKING_ON_IT);
    decide_note(&life, &waiting, &receiver, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "code");
}

/* Only who was asked can answer, and only while it is open. */
static void test_answers(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oor");
    struct hv_note note = note_of(&life, HV_NOTE_ANSWER);
    decide_note(&life, &note, &receiver, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "code");
    life_event(&life, 'q');
    decide_note(&life, &note, &holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "code");
    decide_note(&life, &note, &receiver, &decision);
    life_fold(&life, *assert_decided(&decision, HV_EVENT_NOTED));
    note.on = life.rules.now_ms;
    decide_note(&life, &note, &receiver, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "code");
}

static void test_whose_codes(void **state) {
    (void)state;

    assert_true(journey_note_is_holders(HV_NOTE_IN_TOUCH));
    assert_true(journey_note_is_holders(HV_NOTE_NOT_REACHED));
    assert_true(journey_note_is_holders(HV_NOTE_INFORMED));
    assert_true(journey_note_is_holders(HV_NOTE_TIP));
    assert_false(journey_note_is_holders(HV_NOTE_WORKING_ON_IT));
    assert_false(journey_note_is_holders(HV_NOTE_NO_SHOW));
    assert_false(journey_note_is_holders(HV_NOTE_MISSING));
    assert_false(journey_note_is_holders(HV_NOTE_QUESTION));
    assert_false(journey_note_is_holders(HV_NOTE_ANSWER));
}

/* ---- urgency ---- */

static struct hv_set_urgency urgency_of(enum hv_urgency to, hv_time on) {
    struct hv_set_urgency command = {.journey = sample_uuid(1), .to = to, .on = on};

    sample_text(command.request, "urgency");
    sample_text(command.reason, "worse");
    return command;
}

/* The newest stands; one of before it is `repeated`, and changes nothing. */
static void test_the_newest_urgency_stands(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oo");
    struct hv_set_urgency command = urgency_of(HV_URGENCY_CRISIS, life.rules.now_ms);
    journey_decide_urgency(&life.journey, &life.handover, &command, &receiver, life.rules.now_ms,
                           &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_URGENCY);
    assert_string_equal(event->reason, "worse");
    life_fold(&life, *event);
    assert_int_equal(life.journey.urgency, HV_URGENCY_CRISIS);
    assert_int_equal(life.handover.urgency, HV_URGENCY_CRISIS);
    assert_int_equal(life.journey.urgency_on_ms, command.on);
    command = urgency_of(HV_URGENCY_URGENT, command.on - 1);
    journey_decide_urgency(&life.journey, &life.handover, &command, &receiver, life.rules.now_ms,
                           &decision);
    assert_true(decision.repeated);
    assert_int_equal(decision.event_count, 0);
    command.on++;
    journey_decide_urgency(&life.journey, &life.handover, &command, &receiver, life.rules.now_ms,
                           &decision);
    (void)assert_decided(&decision, HV_EVENT_URGENCY);
    command.on = life.rules.now_ms + DECISION_SKEW_MS + 1;
    journey_decide_urgency(&life.journey, &life.handover, &command, &receiver, life.rules.now_ms,
                           &decision);
    assert_refused(&decision, HV_REFUSED_MALFORMED, "on");
    life_events(&life, "nx");
    command.on = life.rules.now_ms;
    journey_decide_urgency(&life.journey, NULL, &command, &holder, life.rules.now_ms, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
}

/* ---- claim ---- */

static struct hv_claim claim_until(const struct life *life, int64_t ms) {
    struct hv_claim claim = {.has_journey = true,
                             .journey = sample_uuid(1),
                             .until = life->rules.now_ms + ms,
                             .on = life->rules.now_ms};

    sample_text(claim.request, "claim");
    sample_text(claim.person, "carla");
    return claim;
}

static void decide_claim(const struct life *life, const struct hv_claim *claim,
                         const struct actor *actor, struct decision *ret_decision) {
    journey_decide_claim(&life->journey, NULL, claim, actor, life->rules.now_ms, limits,
                         ret_decision);
}

static void test_a_claim_says_what_stood_before(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oor");
    struct hv_claim claim = claim_until(&life, HOUR_MS);
    decide_claim(&life, &claim, &receiver_desk, &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_CLAIMED);
    assert_string_equal(event->person, "carla");
    assert_int_equal(event->until, claim.until);
    assert_false(event->has_was_until || event->has_of_network);
    life_fold(&life, *event);
    const hv_time was_until_ms = claim.until;
    claim = claim_until(&life, 2 * HOUR_MS);
    decide_claim(&life, &claim, &receiver_desk, &decision);
    event = assert_decided(&decision, HV_EVENT_CLAIMED);
    assert_true(event->has_was_until);
    assert_int_equal(event->was_until, was_until_ms);
    /* The network's is another. */
    decide_claim(&life, &claim, &network_desk, &decision);
    event = assert_decided(&decision, HV_EVENT_CLAIMED);
    assert_false(event->has_was_until);
    assert_true(event->has_of_network && event->of_network);
}

static void test_the_newest_claim_stands(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oor");
    life_claim(&life, "werkse", false, life.rules.now_ms + HOUR_MS);
    struct hv_claim claim = claim_until(&life, 2 * HOUR_MS);
    claim.on--;
    decide_claim(&life, &claim, &receiver_desk, &decision);
    assert_true(decision.repeated);
    decide_claim(&life, &claim, &network_desk, &decision); /* the newest of its own */
    (void)assert_decided(&decision, HV_EVENT_CLAIMED);
}

static void test_how_long_a_claim_may_be(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oor");
    struct hv_claim claim = claim_until(&life, limits.claim_max_ms);
    decide_claim(&life, &claim, &receiver_desk, &decision);
    (void)assert_decided(&decision, HV_EVENT_CLAIMED);
    claim.until++;
    decide_claim(&life, &claim, &receiver_desk, &decision);
    assert_refused(&decision, HV_REFUSED_MALFORMED, "until");
    claim.until = 1; /* gives back what it does not have: fine */
    decide_claim(&life, &claim, &receiver_desk, &decision);
    (void)assert_decided(&decision, HV_EVENT_CLAIMED);
}

/* Where every phase has been claimed for as long as it may be, a claim would be an empty promise;
 * giving back is none. */
static void test_a_claim_that_is_spent(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oor");
    life_claim(&life, "kcc", true, life.rules.now_ms + limits.claim_max_ms);
    life.rules.now_ms += limits.claim_max_ms;
    struct hv_claim claim = claim_until(&life, HOUR_MS);
    decide_claim(&life, &claim, &network_desk, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "until");
    decide_claim(&life, &claim, &receiver_desk, &decision);
    (void)assert_decided(&decision, HV_EVENT_CLAIMED);
    claim.until = life.rules.now_ms;
    decide_claim(&life, &claim, &network_desk, &decision);
    (void)assert_decided(&decision, HV_EVENT_CLAIMED);
    claim = claim_until(&life, HOUR_MS);
    life_event(&life, 'p'); /* another phase */
    claim.on = life.rules.now_ms;
    decide_claim(&life, &claim, &network_desk, &decision);
    (void)assert_decided(&decision, HV_EVENT_CLAIMED);
}

static void test_claims_of_what_is_over(void **state) {
    struct life life = life_of(*state);
    struct decision decision;

    life_events(&life, "Oorn");
    struct hv_claim claim = claim_until(&life, HOUR_MS);
    journey_decide_claim(&life.journey, &life.handover, &claim, &network_desk, life.rules.now_ms,
                         limits, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "handover");
    life_event(&life, 'x');
    decide_claim(&life, &claim, &network_desk, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
}

/* Four stand at once; of more the one that ends first goes. Taking up again forgets them. */
static void test_how_many_claims_stand(void **state) {
    static const char *const organisations[] = {"one", "two", "three", "four", "five"};
    struct life life = life_of(*state);

    life_events(&life, "Oor");
    for (size_t i = 0; i < COUNT(organisations); i++)
        life_claim(&life, organisations[i], false, life.rules.now_ms + (i == 1 ? HOUR_MS : DAY_MS));
    assert_int_equal(life.journey.claims.count, CLAIMS_MAX);
    for (size_t i = 0; i < CLAIMS_MAX; i++)
        assert_string_not_equal(life.journey.claims.items[i].organisation, "two");
    life_events(&life, "nxO");
    assert_int_equal(life.journey.claims.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_note_is_one_fact),
        cmocka_unit_test(test_when_it_was),
        cmocka_unit_test(test_what_is_over),
        cmocka_unit_test(test_the_days_between_check_ins),
        cmocka_unit_test(test_not_reached_twice),
        cmocka_unit_test(test_working_on_it_is_limited),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_whose_codes),
        cmocka_unit_test(test_the_newest_urgency_stands),
        cmocka_unit_test(test_a_claim_says_what_stood_before),
        cmocka_unit_test(test_the_newest_claim_stands),
        cmocka_unit_test(test_how_long_a_claim_may_be),
        cmocka_unit_test(test_a_claim_that_is_spent),
        cmocka_unit_test(test_claims_of_what_is_over),
        cmocka_unit_test(test_how_many_claims_stand),
    };

    return cmocka_run_group_tests(tests, phase_network_setup, phase_network_teardown);
}
