/* Journeys: opened, reassigned, reopened, and held in between. */
#include "broker/journey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SKEW_MS      300000

static const struct sample_offer cold = {.kind = HV_KIND_COLD};

/* ---- Commands ---- */

static struct hv_open open_command(void) {
    struct hv_open command = {
        .journey = sample_uuid(1),
        .basis = HV_BASIS_CONSENT,
        .urgency = HV_URGENCY_CRISIS,
    };

    sample_text(command.request, "open");
    sample_text(command.resident, SAMPLE_RESIDENT);
    sample_text(command.begeleider, "o.opener");
    return command;
}

/* ---- Opening ---- */

/* Held from this moment, by who said so. */
static void test_open_holds(void **state) {
    const struct hv_code domains[] = {{"debt"}};
    struct hv_open command = open_command();
    struct journey journey = {0};
    struct decision decision;
    (void)state;

    command.has_basis9 = true;
    command.basis9 = HV_BASIS9_CARE;
    command.has_domains = true;
    command.domains.count = 1;
    command.domains.items = domains;
    command.has_on = true;
    command.on = SAMPLE_NOW_MS - 1000;
    journey_decide_open(NULL, &command, &sample_holder, &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_OPENED);
    assert_false(event->has_handover);
    assert_string_equal(event->resident, SAMPLE_RESIDENT); /* `opened` alone carries it */
    assert_int_equal(event->domains.count, 1);
    assert_int_equal(event->on, SAMPLE_NOW_MS - 1000);
    assert_false(event->has_reopens && event->reopens);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    assert_memory_equal(&journey.id, &command.journey, sizeof journey.id);
    assert_int_equal(journey.state, HV_JOURNEY_OPEN);
    assert_string_equal(journey.holder.organisation, "kcc");
    assert_string_equal(journey.holder.begeleider, "o.opener");
    assert_string_equal(journey.resident, SAMPLE_RESIDENT);
    assert_int_equal(journey.urgency, HV_URGENCY_CRISIS);
    assert_int_equal(journey.basis, HV_BASIS_CONSENT);
    assert_int_equal(journey.basis9, HV_BASIS9_CARE);
    assert_int_equal(journey.opened_ms, SAMPLE_NOW_MS);
    assert_int_equal(journey.since_ms, SAMPLE_NOW_MS);
    assert_int_equal(journey.held_since_ms, SAMPLE_NOW_MS);
}

/* An id that is taken is a conflict in every state of the one that has it. */
static void test_open_with_a_taken_id(void **state) {
    const struct journey taken[] = {sample_journey(), sample_journey_closing(),
                                    sample_journey_closed()};
    struct hv_open command = open_command();
    struct decision decision;
    (void)state;

    for (size_t i = 0; i < COUNT(taken); i++) {
        journey_decide_open(&taken[i], &command, &sample_holder, &decision);
        assert_refused(&decision, HV_REFUSED_CONFLICT, "journey");
    }
    command.has_reopens = true; /* and says that it does not reopen */
    command.reopens = false;
    journey_decide_open(&taken[2], &command, &sample_holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "journey");
}

/* Its last holder takes up a closed one again; the begeleider may be another. */
static void test_reopen(void **state) {
    struct hv_open command = open_command();
    struct journey journey = sample_journey_closed();
    struct decision decision;
    (void)state;

    command.has_reopens = true;
    command.reopens = true;
    journey_decide_open(&journey, &command, &sample_holder, &decision);
    assert_decided(&decision, HV_EVENT_OPENED);
    assert_true(decision.events[0].has_reopens && decision.events[0].reopens);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS + 1000);
    assert_int_equal(journey.state, HV_JOURNEY_OPEN);
    assert_string_equal(journey.holder.organisation, "kcc");
    assert_string_equal(journey.holder.begeleider, "o.opener");
    assert_string_equal(journey.resident, SAMPLE_RESIDENT);
    assert_int_equal(journey.urgency, HV_URGENCY_CRISIS);
    assert_int_equal(journey.basis, HV_BASIS_CONSENT);
    assert_int_equal(journey.outcome, 0);
    assert_string_equal(journey.closed_by, "");
    assert_int_equal(journey.opened_ms, SAMPLE_OPENED_MS);
    assert_int_equal(journey.held_since_ms, SAMPLE_NOW_MS + 1000);
}

/* Nothing to reopen in one that is not closed; another resident's journey is another. */
static void test_reopen_refused(void **state) {
    const struct journey open = sample_journey();
    const struct journey closing = sample_journey_closing();
    const struct journey closed = sample_journey_closed();
    struct hv_open command = open_command();
    struct decision decision;
    (void)state;

    command.has_reopens = true;
    command.reopens = true;
    journey_decide_open(&open, &command, &sample_holder, &decision);
    assert_int_equal(decision.refusal, HV_REFUSED_CONFLICT);
    journey_decide_open(&closing, &command, &sample_holder, &decision);
    assert_int_equal(decision.refusal, HV_REFUSED_CONFLICT);
    command.resident[4] = 'X';
    journey_decide_open(&closed, &command, &sample_holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "resident");
}

/* ---- Reassigning ---- */

static void reassign(struct journey *journey, const char *to, const char *instead_of, hv_time on_ms,
                     struct decision *ret_decision) {
    const struct hv_reassign command = sample_reassign(to, instead_of, on_ms);

    journey_decide_reassign(journey, &command, &sample_holder, SAMPLE_NOW_MS, ret_decision);
}

static void test_reassign_within_the_organisation(void **state) {
    struct journey journey = sample_journey();
    struct decision decision;
    (void)state;

    reassign(&journey, "n.next", "h.holder", SAMPLE_NOW_MS, &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_REASSIGNED);
    assert_string_equal(event->begeleider, "n.next");
    assert_string_equal(event->instead_of, "h.holder");
    assert_string_equal(event->reason, "holiday");
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    assert_string_equal(journey.holder.organisation, "kcc");
    assert_string_equal(journey.holder.begeleider, "n.next");
    assert_int_equal(journey.held_since_ms, SAMPLE_NOW_MS);
    assert_int_equal(journey.since_ms, SAMPLE_OPENED_MS);
}

/* Who is not the present one any more is named in the conflict. */
static void test_reassign_compares_and_sets(void **state) {
    struct journey journey = sample_journey();
    struct decision decision;
    (void)state;

    reassign(&journey, "n.next", "somebody", SAMPLE_NOW_MS, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "instead_of");
    assert_non_null(strstr(decision.reason, "h.holder"));
    reassign(&journey, "n.next", "h.holder", SAMPLE_NOW_MS, &decision);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    reassign(&journey, "o.other", "h.holder", SAMPLE_NOW_MS + 1, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, "instead_of");
    assert_non_null(strstr(decision.reason, "n.next"));
}

/* Older news than the newest is a repeat, even where it names the present holder; as old is not. */
static void test_reassign_in_the_order_of_on(void **state) {
    struct journey journey = sample_journey();
    struct decision decision;
    (void)state;

    reassign(&journey, "n.next", "h.holder", SAMPLE_NOW_MS - 1000, &decision);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    reassign(&journey, "o.other", "n.next", SAMPLE_NOW_MS - 1001, &decision);
    assert_true(decision.repeated);
    assert_int_equal(decision.event_count, 0);
    reassign(&journey, "o.other", "h.holder", SAMPLE_NOW_MS - 2000, &decision);
    assert_true(decision.repeated);
    reassign(&journey, "o.other", "n.next", SAMPLE_NOW_MS - 1000, &decision);
    assert_decided(&decision, HV_EVENT_REASSIGNED);
    reassign(&journey, "o.other", "n.next", SAMPLE_NOW_MS - 999, &decision);
    assert_decided(&decision, HV_EVENT_REASSIGNED);
}

/* One dated in the future would make every later one a repeat. */
static void test_reassign_lies_not_in_the_future(void **state) {
    struct journey journey = sample_journey();
    struct decision decision;
    (void)state;

    reassign(&journey, "n.next", "h.holder", SAMPLE_NOW_MS + SKEW_MS + 1, &decision);
    assert_refused(&decision, HV_REFUSED_MALFORMED, "on");
    reassign(&journey, "n.next", "h.holder", SAMPLE_NOW_MS + SKEW_MS, &decision);
    assert_decided(&decision, HV_EVENT_REASSIGNED);
}

/* It goes on while a handover is open and while the journey is closing, not when it is closed. */
static void test_reassign_by_state(void **state) {
    struct sample sample;
    struct journey closing = sample_journey_closing();
    struct journey closed = sample_journey_closed();
    struct decision decision;
    (void)state;

    sample_begin(&sample, cold, "rph");
    assert_string_equal(sample.journey.holder.begeleider, "h.other");
    reassign(&closing, "n.next", "h.holder", SAMPLE_NOW_MS, &decision);
    assert_decided(&decision, HV_EVENT_REASSIGNED);
    sample_journey_fold(&closing, &decision, SAMPLE_NOW_MS);
    assert_int_equal(closing.state, HV_JOURNEY_CLOSING);
    assert_string_equal(closing.closed_by, "h.holder");
    reassign(&closed, "n.next", "h.holder", SAMPLE_NOW_MS, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
}

/* What the old organisation dated says nothing about the new one's reassignments. */
static void test_reassign_after_a_confirmation_starts_anew(void **state) {
    const struct actor werkse = sample_receiver;
    struct sample sample;
    (void)state;

    sample_begin(&sample, cold, "hrpc");
    struct hv_reassign command = sample_reassign("bram", "anna", SAMPLE_OFFERED_MS - 60000);
    journey_decide_reassign(&sample.journey, &command, &werkse, SAMPLE_NOW_MS, &sample.decision);
    assert_decided(&sample.decision, HV_EVENT_REASSIGNED);
}

/* ---- Folding ---- */

/* Every event folds into a journey that is held; those of others move nothing. */
static void test_fold_keeps_what_is_not_its_own(void **state) {
    static const enum hv_event_name others[] = {
        HV_EVENT_DELIVERED, HV_EVENT_RECEIVED,  HV_EVENT_PICKED_UP,    HV_EVENT_INTRODUCED,
        HV_EVENT_DECLINED,  HV_EVENT_WITHDRAWN, HV_EVENT_SUPPLEMENTED, HV_EVENT_DOSSIER,
        HV_EVENT_FETCHED,   HV_EVENT_DELETED,   HV_EVENT_ACKNOWLEDGED, HV_EVENT_READ,
    };
    const struct journey before = sample_journey();
    struct journey journey = before;
    (void)state;

    for (size_t i = 0; i < COUNT(others); i++) {
        const struct hv_event event = {.event = others[i], .organisation = "werkse"};
        journey_fold(&journey, &event, SAMPLE_NOW_MS);
        assert_memory_equal(&journey, &before, sizeof before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_holds),
        cmocka_unit_test(test_open_with_a_taken_id),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_reopen_refused),
        cmocka_unit_test(test_reassign_within_the_organisation),
        cmocka_unit_test(test_reassign_compares_and_sets),
        cmocka_unit_test(test_reassign_in_the_order_of_on),
        cmocka_unit_test(test_reassign_lies_not_in_the_future),
        cmocka_unit_test(test_reassign_by_state),
        cmocka_unit_test(test_reassign_after_a_confirmation_starts_anew),
        cmocka_unit_test(test_fold_keeps_what_is_not_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
