/* Confirming: the gate of a warm handover in all its variants, and when the contact may have been.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SKEW_MS      300000 /* five minutes are forgiven */

static const struct sample_offer warm = {.kind = HV_KIND_WARM};
static const struct sample_offer warm_within = {.kind = HV_KIND_WARM, .to = "kcc"};
static const struct sample_offer cold = {.kind = HV_KIND_COLD};

static void introduce(struct sample *sample, const struct hv_attendee *present, size_t count,
                      bool resident) {
    struct hv_introduce command = sample_introduce();

    command.present.count = count;
    command.present.items = present;
    command.resident = resident;
    handover_decide_introduce(&sample->handover, &command, &sample_receiver, SAMPLE_NOW_MS,
                              &sample->decision);
    sample_fold(sample);
}

static void confirm(struct sample *sample, bool as_cold) {
    struct hv_confirm command = sample_confirm("anna");

    if (as_cold) {
        command.has_as = true;
        command.as = HV_TAKEN_AS_COLD;
        command.has_reason = true;
        sample_text(command.reason, "came-by-herself");
    }
    handover_decide_confirm(&sample->handover, &command, &sample_receiver, SAMPLE_NOW_MS, 1000,
                            &sample->decision);
}

/* ---- The warm gate ---- */

struct meeting {
    const char *what;
    size_t count;
    struct hv_attendee present[4];
    bool opens; /* when the resident was there */
};

static const struct meeting between[] = {
    {"nobody", 0, {{"", ""}}, false},
    {"the sender alone", 1, {{"kcc", "h.holder"}}, false},
    {"the receiver alone", 1, {{"werkse", "anna"}}, false},
    {"one of each", 2, {{"kcc", "h.holder"}, {"werkse", "anna"}}, true},
    {"one of each, the other way round", 2, {{"werkse", "anna"}, {"kcc", "h.holder"}}, true},
    {"two of the sender", 2, {{"kcc", "h.holder"}, {"kcc", "x.extra"}}, false},
    {"two of the receiver", 2, {{"werkse", "anna"}, {"werkse", "bram"}}, false},
    {"one of each, by the same name", 2, {{"kcc", "anna"}, {"werkse", "anna"}}, true},
    {"the sender and a third", 2, {{"kcc", "h.holder"}, {"delft-support", "d.dora"}}, false},
    {"the receiver and a third", 2, {{"werkse", "anna"}, {"delft-support", "d.dora"}}, false},
    {"a third alone", 1, {{"delft-support", "d.dora"}}, false},
    {"all three", 3, {{"delft-support", "d.dora"}, {"werkse", "anna"}, {"kcc", "h.holder"}}, true},
    {"others than those of the handover", 2, {{"kcc", "x.extra"}, {"werkse", "y.young"}}, true},
    {"an organisation whose name begins alike", 2, {{"kcc-2", "a.a"}, {"werkse", "anna"}}, false},
};

static const struct meeting within[] = {
    {"nobody", 0, {{"", ""}}, false},
    {"one person", 1, {{"kcc", "h.holder"}}, false},
    {"one person twice", 2, {{"kcc", "h.holder"}, {"kcc", "h.holder"}}, false},
    {"two persons", 2, {{"kcc", "h.holder"}, {"kcc", "anna"}}, true},
    {"one twice, then another", 3, {{"kcc", "h"}, {"kcc", "h"}, {"kcc", "anna"}}, true},
    {"one, another, and the first again", 3, {{"kcc", "h"}, {"kcc", "anna"}, {"kcc", "h"}}, true},
    {"two, with a third party between",
     3,
     {{"kcc", "h"}, {"werkse", "bram"}, {"kcc", "anna"}},
     true},
    {"one person and a third party", 2, {{"kcc", "h"}, {"werkse", "bram"}}, false},
    {"one twice around a third party", 3, {{"kcc", "h"}, {"werkse", "h"}, {"kcc", "h"}}, false},
};

static void assert_gate(struct sample_offer offer, const struct meeting *meeting, bool resident) {
    const bool opens = meeting->opens && resident;
    struct sample sample;

    sample_begin(&sample, offer, "rp");
    introduce(&sample, meeting->present, meeting->count, resident);
    if (sample.handover.introduced != opens)
        fail_msg("%s, %s the resident: the gate is %s", meeting->what,
                 resident ? "with" : "without", opens ? "shut" : "open");
    confirm(&sample, false);
    if (opens)
        assert_int_equal(sample.decision.refusal, 0);
    else
        assert_refused(&sample.decision, HV_REFUSED_NOT_INTRODUCED, NULL);
}

/* Someone of each side and the resident, in one introduction. */
static void test_gate_between_organisations(void **state) {
    (void)state;

    for (size_t i = 0; i < COUNT(between); i++) {
        assert_gate(warm, &between[i], true);
        assert_gate(warm, &between[i], false);
    }
}

/* Within one organisation: two different persons of it and the resident. */
static void test_gate_within_an_organisation(void **state) {
    (void)state;

    for (size_t i = 0; i < COUNT(within); i++) {
        assert_gate(warm_within, &within[i], true);
        assert_gate(warm_within, &within[i], false);
    }
}

/* Two halves do not make one introduction. */
static void test_gate_wants_one_introduction(void **state) {
    const struct hv_attendee sender = {"kcc", "h.holder"};
    const struct hv_attendee receiver = {"werkse", "anna"};
    struct sample sample;
    (void)state;

    sample_begin(&sample, warm, "");
    introduce(&sample, &sender, 1, true);
    introduce(&sample, &receiver, 1, true);
    assert_false(sample.handover.introduced);
}

/* What was opened stays open, whatever is recorded after it. */
static void test_gate_stays_open(void **state) {
    const struct hv_attendee sender = {"kcc", "h.holder"};
    struct sample sample;
    (void)state;

    sample_begin(&sample, warm, "i");
    introduce(&sample, &sender, 1, false);
    assert_true(sample.handover.introduced);
    confirm(&sample, false);
    assert_int_equal(sample.decision.refusal, 0);
}

/* The gate opens in any open state, and moves none. */
static void test_gate_opens_in_any_state(void **state) {
    static const char *const before[] = {"i", "di", "ri", "pi", "drpi"};
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(before); i++) {
        sample_begin(&sample, warm, before[i]);
        assert_true(sample.handover.introduced);
    }
}

static void test_introduction_says_what_was_said(void **state) {
    struct hv_introduce command = sample_introduce();
    struct sample sample;
    (void)state;

    sample_begin(&sample, cold, "");
    command.how = HV_INTRODUCTION_PHONE_TOGETHER;
    command.on = SAMPLE_OFFERED_MS - 86400000; /* facts are taken in any order */
    handover_decide_introduce(&sample.handover, &command, &sample_receiver, SAMPLE_NOW_MS,
                              &sample.decision);
    const struct hv_event *event = assert_decided(&sample.decision, HV_EVENT_INTRODUCED);
    assert_int_equal(event->how, HV_INTRODUCTION_PHONE_TOGETHER);
    assert_int_equal(event->on, command.on);
    assert_int_equal(event->present.count, 2);
    assert_true(event->has_with_resident && event->with_resident);
}

/* An introduction that is yet to come opens no gate. */
static void test_introduction_lies_not_in_the_future(void **state) {
    struct hv_introduce command = sample_introduce();
    struct sample sample;
    (void)state;

    sample_begin(&sample, warm, "");
    command.on = SAMPLE_NOW_MS + SKEW_MS + 1;
    handover_decide_introduce(&sample.handover, &command, &sample_receiver, SAMPLE_NOW_MS,
                              &sample.decision);
    assert_refused(&sample.decision, HV_REFUSED_MALFORMED, "on");
    command.on = SAMPLE_NOW_MS + SKEW_MS;
    handover_decide_introduce(&sample.handover, &command, &sample_receiver, SAMPLE_NOW_MS,
                              &sample.decision);
    assert_decided(&sample.decision, HV_EVENT_INTRODUCED);
}

/* ---- as: cold ---- */

/* Where the gate is shut, the receiver may take it as cold, and it is reported so. */
static void test_as_cold_is_reported(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, warm, "rp");
    confirm(&sample, true);
    const struct hv_event *event = decision_find(&sample.decision, HV_EVENT_CONFIRMED);
    assert_non_null(event);
    assert_true(event->has_as && event->as == HV_TAKEN_AS_COLD);
    assert_true(event->has_reason);
    assert_string_equal(event->reason, "came-by-herself");
    sample_fold(&sample);
    assert_int_equal(sample.handover.as, HV_TAKEN_AS_COLD);
    assert_string_equal(sample.handover.as_reason, "came-by-herself");
}

/* Where it is not needed it changes nothing. */
static void test_as_cold_unneeded_changes_nothing(void **state) {
    struct sample sample;
    (void)state;

    for (int introduced = 0; introduced < 2; introduced++) {
        sample_begin(&sample, introduced ? warm : cold, introduced ? "rpi" : "rp");
        confirm(&sample, true);
        const struct hv_event *event = decision_find(&sample.decision, HV_EVENT_CONFIRMED);
        assert_non_null(event);
        assert_false(event->has_as || event->has_reason);
        sample_fold(&sample);
        assert_int_equal(sample.handover.as, 0);
        assert_string_equal(sample.handover.as_reason, "");
    }
}

/* An introduction of a cold one is a fact, and no condition. */
static void test_cold_needs_no_introduction(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, cold, "");
    confirm(&sample, false);
    assert_int_equal(sample.decision.refusal, 0);
    sample_begin(&sample, cold, "i");
    confirm(&sample, false);
    assert_int_equal(sample.decision.refusal, 0);
}

/* ---- When the contact was ---- */

static const enum hv_contact_how alone[] = {HV_CONTACT_VISITED, HV_CONTACT_CAME, HV_CONTACT_CALLED,
                                            HV_CONTACT_VIDEO};

static void contact(struct sample *sample, enum hv_contact_how how, hv_time on_ms) {
    struct hv_confirm command = sample_confirm("anna");

    sample_begin(sample, cold, "rp");
    command.contact.how = how;
    command.contact.on = on_ms;
    handover_decide_confirm(&sample->handover, &command, &sample_receiver, SAMPLE_NOW_MS, 1000,
                            &sample->decision);
}

/* Not in the future, with five minutes of skew. */
static void test_contact_lies_not_in_the_future(void **state) {
    struct sample sample;
    (void)state;

    for (size_t i = 0; i <= COUNT(alone); i++) {
        const enum hv_contact_how how = i < COUNT(alone) ? alone[i] : HV_CONTACT_WITH_SENDER;
        contact(&sample, how, SAMPLE_NOW_MS);
        assert_int_equal(sample.decision.refusal, 0);
        contact(&sample, how, SAMPLE_NOW_MS + SKEW_MS);
        assert_int_equal(sample.decision.refusal, 0);
        contact(&sample, how, SAMPLE_NOW_MS + SKEW_MS + 1);
        assert_refused(&sample.decision, HV_REFUSED_MALFORMED, "contact");
        contact(&sample, how, HV_INTEGER_MAX);
        assert_refused(&sample.decision, HV_REFUSED_MALFORMED, "contact");
    }
}

/* Not before the offer, with the same skew; unless it was with the sender. */
static void test_contact_lies_not_before_the_offer(void **state) {
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(alone); i++) {
        contact(&sample, alone[i], SAMPLE_OFFERED_MS);
        assert_int_equal(sample.decision.refusal, 0);
        contact(&sample, alone[i], SAMPLE_OFFERED_MS - SKEW_MS);
        assert_int_equal(sample.decision.refusal, 0);
        contact(&sample, alone[i], SAMPLE_OFFERED_MS - SKEW_MS - 1);
        assert_refused(&sample.decision, HV_REFUSED_MALFORMED, "contact");
        contact(&sample, alone[i], 0);
        assert_refused(&sample.decision, HV_REFUSED_MALFORMED, "contact");
    }
    contact(&sample, HV_CONTACT_WITH_SENDER, SAMPLE_OFFERED_MS - SKEW_MS - 1);
    assert_int_equal(sample.decision.refusal, 0);
    contact(&sample, HV_CONTACT_WITH_SENDER, 0);
    assert_int_equal(sample.decision.refusal, 0);
}

/* A contact that cannot have been is said before the gate is. */
static void test_contact_is_judged_before_the_gate(void **state) {
    struct hv_confirm command = sample_confirm("anna");
    struct sample sample;
    (void)state;

    sample_begin(&sample, warm, "rp");
    command.contact.on = SAMPLE_NOW_MS + SKEW_MS + 1;
    handover_decide_confirm(&sample.handover, &command, &sample_receiver, SAMPLE_NOW_MS, 1000,
                            &sample.decision);
    assert_refused(&sample.decision, HV_REFUSED_MALFORMED, "contact");
}

/* ---- What a confirmation says ---- */

static void test_confirmation_says_who_holds(void **state) {
    struct hv_confirm command = sample_confirm("anna");
    struct sample sample;
    (void)state;

    sample_begin(&sample, cold, "rp");
    command.contact.how = HV_CONTACT_CAME;
    command.contact.with = HV_CONTACT_REPRESENTATIVE;
    handover_decide_confirm(&sample.handover, &command, &sample_receiver, SAMPLE_NOW_MS, 604800000,
                            &sample.decision);
    const struct hv_event *event = assert_decided(&sample.decision, HV_EVENT_CONFIRMED);
    assert_true(event->has_holder);
    assert_string_equal(event->holder.organisation, "werkse");
    assert_string_equal(event->holder.begeleider, "anna");
    assert_string_equal(event->from, "kcc");
    assert_string_equal(event->to, "werkse");
    assert_int_equal(event->contact.how, HV_CONTACT_CAME);
    assert_int_equal(event->contact.with, HV_CONTACT_REPRESENTATIVE);
    assert_int_equal(event->contact.on, SAMPLE_NOW_MS);
    assert_true(event->has_delete_at);
    assert_int_equal(event->delete_at, SAMPLE_NOW_MS + 604800000);
}

/* Within one organisation the begeleider changes and the organisation does not. */
static void test_confirmation_within_an_organisation(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, warm_within, "rpic");
    assert_string_equal(sample.journey.holder.organisation, "kcc");
    assert_string_equal(sample.journey.holder.begeleider, "anna");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_between_organisations),
        cmocka_unit_test(test_gate_within_an_organisation),
        cmocka_unit_test(test_gate_wants_one_introduction),
        cmocka_unit_test(test_gate_stays_open),
        cmocka_unit_test(test_gate_opens_in_any_state),
        cmocka_unit_test(test_introduction_says_what_was_said),
        cmocka_unit_test(test_introduction_lies_not_in_the_future),
        cmocka_unit_test(test_as_cold_is_reported),
        cmocka_unit_test(test_as_cold_unneeded_changes_nothing),
        cmocka_unit_test(test_cold_needs_no_introduction),
        cmocka_unit_test(test_contact_lies_not_in_the_future),
        cmocka_unit_test(test_contact_lies_not_before_the_offer),
        cmocka_unit_test(test_contact_is_judged_before_the_gate),
        cmocka_unit_test(test_confirmation_says_who_holds),
        cmocka_unit_test(test_confirmation_within_an_organisation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
