/* Closing a journey, and settling a closing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SKEW_MS      300000

static const struct sample_offer cold = {.kind = HV_KIND_COLD};

static struct hv_settle settle_command(const char *person, bool agree) {
    struct hv_settle command = {.journey = sample_uuid(1), .agree = agree, .on = SAMPLE_NOW_MS};

    sample_text(command.request, "settle");
    sample_text(command.person, person);
    sample_text(command.reason, "as-agreed");
    return command;
}

/* ---- Closing ---- */

enum closing { ENDS, ASKS, REFUSED };

/* What a close does to an open journey, by outcome. */
static const struct {
    enum hv_outcome outcome;
    enum closing talked, no_talk, with_handover;
} outcomes[] = {
    {HV_OUTCOME_HELPED, ENDS, ASKS, REFUSED},
    {HV_OUTCOME_OWN_SOLUTION, ENDS, ASKS, REFUSED},
    {HV_OUTCOME_MOVED, ENDS, ASKS, REFUSED},
    {HV_OUTCOME_DECEASED, ENDS, ENDS, ENDS},
    {HV_OUTCOME_ENTERED_IN_ERROR, ENDS, ENDS, ENDS},
    {HV_OUTCOME_NO_RESPONSE, ASKS, ASKS, REFUSED},
    {HV_OUTCOME_REFUSED_BY_RESIDENT, ASKS, ASKS, REFUSED},
    {HV_OUTCOME_NO_SOLUTION, ASKS, ASKS, REFUSED},
};

static enum closing closing_of(const struct decision *decision) {
    if (decision->refusal)
        return REFUSED;
    if (decision_find(decision, HV_EVENT_CLOSED))
        return ENDS;
    assert_non_null(decision_find(decision, HV_EVENT_CLOSING));
    return ASKS;
}

static void assert_closing(const struct decision *decision, enum closing expected, size_t row) {
    const enum closing found = closing_of(decision);

    if (found != expected)
        fail_msg("outcome %d: %d, not %d (%s)", (int)outcomes[row].outcome, (int)found,
                 (int)expected, decision->reason);
    if (expected == REFUSED)
        assert_refused(decision, HV_REFUSED_CONFLICT, NULL);
    else
        assert_int_equal(decision->events[decision->event_count - 1].outcome,
                         outcomes[row].outcome);
}

static void test_close_every_outcome(void **state) {
    const struct journey open = sample_journey();
    struct decision decision;
    (void)state;

    assert_int_equal(COUNT(outcomes), 8);
    for (size_t i = 0; i < COUNT(outcomes); i++)
        for (int talked = 0; talked < 2; talked++) {
            const enum closing expected = talked ? outcomes[i].talked : outcomes[i].no_talk;
            const struct hv_close command = sample_close(outcomes[i].outcome, talked);
            struct journey journey = open;
            journey_decide_close(&journey, NULL, &command, &sample_holder, SAMPLE_NOW_MS,
                                 &decision);
            assert_closing(&decision, expected, i);
            sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
            assert_int_equal(journey.state,
                             expected == ENDS ? HV_JOURNEY_CLOSED : HV_JOURNEY_CLOSING);
            assert_int_equal(journey.outcome, outcomes[i].outcome);
            assert_string_equal(journey.closed_by, "h.holder");
            assert_string_equal(journey.holder.organisation, "kcc"); /* held, or held last */
            assert_int_equal(journey.since_ms, SAMPLE_NOW_MS);
        }
}

/* While a handover is open nothing closes but a death or an error, and those withdraw it. */
static void test_close_with_an_open_handover(void **state) {
    static const char *const open_moves[] = {"", "d", "r", "p", "rp"};
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(outcomes); i++)
        for (size_t m = 0; m < COUNT(open_moves); m++) {
            const struct hv_close command = sample_close(outcomes[i].outcome, true);
            sample_begin(&sample, cold, open_moves[m]);
            const bool disclosed = sample.handover.disclosed;
            journey_decide_close(&sample.journey, &sample.handover, &command, &sample_holder,
                                 SAMPLE_NOW_MS, &sample.decision);
            assert_closing(&sample.decision, outcomes[i].with_handover, i);
            if (outcomes[i].with_handover == REFUSED)
                continue;
            assert_int_equal(sample.decision.event_count, 2);
            const struct hv_event *withdrawn = &sample.decision.events[0];
            assert_int_equal(withdrawn->event, HV_EVENT_WITHDRAWN);
            assert_string_equal(withdrawn->reason, outcomes[i].outcome == HV_OUTCOME_DECEASED
                                                       ? "deceased"
                                                       : "entered-in-error");
            assert_int_equal(withdrawn->has_destroy && withdrawn->destroy, disclosed);
            sample_fold(&sample);
            assert_int_equal(sample.handover.state, HV_HANDOVER_WITHDRAWN);
            assert_string_equal(sample.handover.end_holder.begeleider, "h.holder");
            assert_int_equal(sample.journey.state, HV_JOURNEY_CLOSED);
        }
}

/* In closing, a close that would end an open journey ends it; any other is a conflict. */
static void test_close_while_closing(void **state) {
    const struct journey closing = sample_journey_closing();
    struct decision decision;
    (void)state;

    for (size_t i = 0; i < COUNT(outcomes); i++)
        for (int talked = 0; talked < 2; talked++) {
            const enum closing of_open = talked ? outcomes[i].talked : outcomes[i].no_talk;
            const struct hv_close command = sample_close(outcomes[i].outcome, talked);
            journey_decide_close(&closing, NULL, &command, &sample_holder, SAMPLE_NOW_MS,
                                 &decision);
            assert_closing(&decision, of_open == ENDS ? ENDS : REFUSED, i);
        }
}

static void test_close_when_closed(void **state) {
    const struct journey closed = sample_journey_closed();
    struct decision decision;
    (void)state;

    for (size_t i = 0; i < COUNT(outcomes); i++)
        for (int talked = 0; talked < 2; talked++) {
            const struct hv_close command = sample_close(outcomes[i].outcome, talked);
            journey_decide_close(&closed, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
            assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
        }
}

/* Neither a talk nor a reason why there was none: enough where nobody is left to talk to. */
static void test_close_without_a_word(void **state) {
    const struct journey open = sample_journey();
    struct hv_close command = sample_close(HV_OUTCOME_DECEASED, false);
    struct decision decision;
    (void)state;

    command.has_no_talk = false;
    journey_decide_close(&open, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
    assert_decided(&decision, HV_EVENT_CLOSED);
    command.outcome = HV_OUTCOME_ENTERED_IN_ERROR;
    journey_decide_close(&open, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
    assert_decided(&decision, HV_EVENT_CLOSED);
}

/* A conversation that is yet to come ends nothing. */
static void test_close_talked_lies_not_in_the_future(void **state) {
    const struct journey open = sample_journey();
    struct hv_close command = sample_close(HV_OUTCOME_HELPED, true);
    struct decision decision;
    (void)state;

    command.talked.on = SAMPLE_NOW_MS + SKEW_MS + 1;
    journey_decide_close(&open, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
    assert_refused(&decision, HV_REFUSED_MALFORMED, "talked");
    command.talked.on = SAMPLE_NOW_MS + SKEW_MS;
    journey_decide_close(&open, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
    assert_decided(&decision, HV_EVENT_CLOSED);
}

/* ---- Settling ---- */

static void test_who_may_settle(void **state) {
    static const struct {
        struct actor actor;
        bool by_network, by_organisation; /* under each policy */
    } cases[] = {
        {{"kcc", HV_ROLE_COORDINATOR, true, ""}, true, true},
        {{"werkse", HV_ROLE_COORDINATOR, false, ""}, false, true}, /* the holder's */
        {{"delft-support", HV_ROLE_COORDINATOR, false, ""}, false, false},
        {{"werkse", HV_ROLE_ENDPOINT, false, ""}, false, false},
        {{"kcc", HV_ROLE_ENDPOINT, false, ""}, false, false},
        {{"werkse", HV_ROLE_OPERATOR, false, ""}, false, false},
        {{"kcc", HV_ROLE_OPERATOR, false, ""}, false, false},
    };
    struct journey journey = sample_journey_closing();
    (void)state;

    sample_text(journey.holder.organisation, "werkse");
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            journey_may_settle(&journey, &cases[i].actor, (struct journey_policy){false}),
            cases[i].by_network);
        assert_int_equal(
            journey_may_settle(&journey, &cases[i].actor, (struct journey_policy){true}),
            cases[i].by_organisation);
    }
}

/* Agreed: it is closed as its closing said. */
static void test_settle_agreed_closes(void **state) {
    const struct hv_settle command = settle_command("c.coordinator", true);
    struct journey journey = sample_journey_closing();
    struct decision decision;
    (void)state;

    journey_decide_settle(&journey, &command, &sample_coordinator, &decision);
    assert_int_equal(decision.refusal, 0);
    assert_int_equal(decision.event_count, 2);
    assert_int_equal(decision.events[0].event, HV_EVENT_SETTLED);
    assert_string_equal(decision.events[0].person, "c.coordinator");
    assert_true(decision.events[0].has_agree && decision.events[0].agree);
    assert_int_equal(decision.events[1].event, HV_EVENT_CLOSED);
    assert_int_equal(decision.events[1].outcome, HV_OUTCOME_NO_RESPONSE);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS + 5);
    assert_int_equal(journey.state, HV_JOURNEY_CLOSED);
    assert_int_equal(journey.outcome, HV_OUTCOME_NO_RESPONSE);
    assert_string_equal(journey.closed_by, "h.holder");
    assert_string_equal(journey.holder.begeleider, "h.holder");
}

/* Not agreed: it goes on being held. */
static void test_settle_refused_goes_on(void **state) {
    const struct hv_settle command = settle_command("c.coordinator", false);
    struct journey journey = sample_journey_closing();
    struct decision decision;
    (void)state;

    journey_decide_settle(&journey, &command, &sample_coordinator, &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_SETTLED);
    assert_true(event->has_agree && !event->agree);
    assert_string_equal(event->reason, "as-agreed");
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS + 5);
    assert_int_equal(journey.state, HV_JOURNEY_OPEN);
    assert_int_equal(journey.outcome, 0);
    assert_string_equal(journey.closed_by, "");
    assert_int_equal(journey.since_ms, SAMPLE_NOW_MS + 5);
}

/* Never the person who closed: a name within one organisation, and after a reassignment too. */
static void test_settle_never_by_who_closed(void **state) {
    struct journey journey = sample_journey_closing();
    const struct hv_settle closer = settle_command("h.holder", true);
    struct decision decision;
    (void)state;

    journey_decide_settle(&journey, &closer, &sample_coordinator, &decision);
    assert_refused(&decision, HV_REFUSED_FORBIDDEN, "person");
    const struct hv_reassign reassign = sample_reassign("n.next", "h.holder", SAMPLE_NOW_MS);
    journey_decide_reassign(&journey, &reassign, &sample_holder, SAMPLE_NOW_MS, &decision);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    journey_decide_settle(&journey, &closer, &sample_coordinator, &decision);
    assert_refused(&decision, HV_REFUSED_FORBIDDEN, "person");
    const struct hv_settle next = settle_command("n.next", true);
    journey_decide_settle(&journey, &next, &sample_coordinator, &decision);
    assert_int_equal(decision.refusal, 0);
    /* The same name elsewhere is somebody else. */
    sample_text(journey.holder.organisation, "werkse");
    journey_decide_settle(&journey, &closer, &sample_coordinator, &decision);
    assert_int_equal(decision.refusal, 0);
}

static void test_settle_needs_a_closing(void **state) {
    const struct journey open = sample_journey();
    const struct journey closed = sample_journey_closed();
    struct decision decision;
    (void)state;

    for (int agree = 0; agree < 2; agree++) {
        const struct hv_settle command = settle_command("c.coordinator", agree);
        journey_decide_settle(&open, &command, &sample_coordinator, &decision);
        assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
        journey_decide_settle(&closed, &command, &sample_coordinator, &decision);
        assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_every_outcome),
        cmocka_unit_test(test_close_with_an_open_handover),
        cmocka_unit_test(test_close_while_closing),
        cmocka_unit_test(test_close_when_closed),
        cmocka_unit_test(test_close_without_a_word),
        cmocka_unit_test(test_close_talked_lies_not_in_the_future),
        cmocka_unit_test(test_who_may_settle),
        cmocka_unit_test(test_settle_agreed_closes),
        cmocka_unit_test(test_settle_refused_goes_on),
        cmocka_unit_test(test_settle_never_by_who_closed),
        cmocka_unit_test(test_settle_needs_a_closing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
