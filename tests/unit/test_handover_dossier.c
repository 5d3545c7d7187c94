/* What a receiver learns, and when: disclosure, supplements, fetching, destruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct sample_offer early = {HV_KIND_COLD, HV_DISCLOSE_RECEIVED, true, NULL};
static const struct sample_offer late = {HV_KIND_COLD, HV_DISCLOSE_PICKED_UP, true, NULL};
static const struct sample_offer late_bare = {HV_KIND_COLD, HV_DISCLOSE_PICKED_UP, false, NULL};

static const uint8_t hash[32] = {0x5a};

/* ---- Disclosure ---- */

/* Which command discloses: the first that the offer allows, once. */
static void test_disclosure_comes_once_and_when_allowed(void **state) {
    static const struct {
        bool early;
        const char *moves;
        size_t dossiers; /* disclosed by the last move */
        bool disclosed;
    } cases[] = {
        {false, "d", 0, false},  {false, "r", 0, false},   {false, "dr", 0, false},
        {false, "i", 0, false},  {false, "n", 0, false},   {false, "w", 0, false},
        {false, "rn", 0, false}, {false, "rw", 0, false},  {false, "p", 1, true},
        {false, "rp", 1, true},  {false, "c", 1, true},    {false, "rc", 1, true},
        {false, "pp", 0, true},  {false, "pP", 0, true},   {false, "pc", 0, true},
        {true, "d", 0, false},   {true, "r", 1, true},     {true, "rR", 0, true},
        {true, "rp", 0, true},   {true, "p", 1, true},     {true, "c", 1, true},
        {true, "rc", 0, true},   {true, "n", 0, false},    {true, "rn", 0, true},
        {true, "drpP", 0, true}, {false, "drRp", 1, true}, {false, "ss", 0, false},
    };
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        sample_begin(&sample, cases[i].early ? early : late, cases[i].moves);
        if (decision_count(&sample.decision, HV_EVENT_DOSSIER) != cases[i].dossiers ||
            sample.handover.disclosed != cases[i].disclosed)
            fail_msg("%s, `%s`: %zu dossiers, disclosed %d", cases[i].early ? "early" : "late",
                     cases[i].moves, decision_count(&sample.decision, HV_EVENT_DOSSIER),
                     sample.handover.disclosed);
    }
}

/* Where there is no dossier the pseudonym goes over, as number 0, all the same. */
static void test_disclosure_without_a_dossier(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, late_bare, "p");
    const struct hv_event *event = decision_find(&sample.decision, HV_EVENT_DOSSIER);
    assert_non_null(event);
    assert_true(event->has_number);
    assert_int_equal(event->number, 0);
    assert_false(event->has_resident); /* the item has it; no event of a handover does */
}

/* Whom a confirmation is about goes over before the news of it. */
static void test_disclosure_precedes_the_confirmation(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, late, "sc");
    assert_int_equal(sample.decision.event_count, 3);
    assert_int_equal(sample.decision.events[0].event, HV_EVENT_DOSSIER);
    assert_int_equal(sample.decision.events[0].number, 0);
    assert_int_equal(sample.decision.events[1].event, HV_EVENT_DOSSIER);
    assert_int_equal(sample.decision.events[1].number, 1);
    assert_int_equal(sample.decision.events[2].event, HV_EVENT_CONFIRMED);
}

/* ---- Supplements ---- */

static void supplement(struct sample *sample, int64_t number) {
    const struct hv_supplement command = sample_supplement(number);

    handover_decide_supplement(&sample->handover, &command, hash, &sample_holder,
                               &sample->decision);
}

/* 1 to 15 in order, each once; one that came is a repeat, any later than the next a conflict that
 * names the next. */
static void test_supplements_count_from_1_to_15(void **state) {
    struct sample sample;
    char next[8];
    (void)state;

    sample_begin(&sample, late, "");
    for (int64_t number = 1; number <= 15; number++) {
        snprintf(next, sizeof next, "%d", (int)number);
        for (int64_t earlier = 1; earlier < number; earlier++) {
            supplement(&sample, earlier);
            assert_true(sample.decision.repeated);
            assert_int_equal(sample.decision.event_count, 0);
        }
        for (int64_t later = number + 1; later <= 15; later++) {
            supplement(&sample, later);
            assert_refused(&sample.decision, HV_REFUSED_CONFLICT, "number");
            assert_non_null(strstr(sample.decision.reason, next));
        }
        supplement(&sample, number);
        const struct hv_event *event = assert_decided(&sample.decision, HV_EVENT_SUPPLEMENTED);
        assert_int_equal(event->number, number);
        assert_memory_equal(event->dossier_hash, hash, sizeof hash);
        sample_fold(&sample);
        assert_int_equal(sample.handover.supplements, number);
    }
    for (int64_t number = 1; number <= 15; number++) {
        supplement(&sample, number);
        assert_true(sample.decision.repeated);
    }
}

/* It starts at 1 also where the offer had no dossier. */
static void test_supplements_without_an_offered_dossier(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, late_bare, "");
    supplement(&sample, 1);
    assert_decided(&sample.decision, HV_EVENT_SUPPLEMENTED);
}

/* Before disclosure they wait for it, all of them and in order; after it each goes at once. */
static void test_supplements_wait_for_disclosure(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, late, "sssssssssssssssp");
    assert_int_equal(sample.decision.event_count, DECISION_EVENTS_MAX);
    assert_int_equal(sample.decision.events[0].event, HV_EVENT_PICKED_UP);
    for (size_t i = 1; i < sample.decision.event_count; i++) {
        assert_int_equal(sample.decision.events[i].event, HV_EVENT_DOSSIER);
        assert_int_equal(sample.decision.events[i].number, i - 1);
    }
    sample_begin(&sample, late, "sps");
    assert_int_equal(sample.decision.event_count, 2);
    assert_int_equal(sample.decision.events[0].event, HV_EVENT_SUPPLEMENTED);
    assert_int_equal(sample.decision.events[0].number, 2);
    assert_int_equal(sample.decision.events[1].event, HV_EVENT_DOSSIER);
    assert_int_equal(sample.decision.events[1].number, 2);
}

/* ---- Fetching ---- */

static void fetch(struct sample *sample, bool waiting) {
    handover_decide_fetch(&sample->handover, waiting, &sample_receiver, &sample->decision);
}

/* From disclosure until deletion; before and after it is a conflict. */
static void test_fetch_between_disclosure_and_deletion(void **state) {
    static const struct {
        const char *moves;
        bool may;
    } cases[] = {
        {"", false},   {"d", false},  {"r", false},  {"p", true},    {"rp", true}, {"pP", true},
        {"c", true},   {"pc", true},  {"cx", false}, {"pcx", false}, {"n", false}, {"w", false},
        {"pn", false}, {"pw", false}, {"s", false},  {"psss", true},
    };
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        sample_begin(&sample, late, cases[i].moves);
        const size_t dossiers = 1 + (size_t)sample.handover.supplements;
        fetch(&sample, false);
        if (!cases[i].may) {
            assert_refused(&sample.decision, HV_REFUSED_CONFLICT, NULL);
            continue;
        }
        assert_int_equal(sample.decision.event_count, 1 + dossiers);
        assert_int_equal(sample.decision.events[0].event, HV_EVENT_FETCHED);
        for (size_t d = 0; d < dossiers; d++) {
            assert_int_equal(sample.decision.events[1 + d].event, HV_EVENT_DOSSIER);
            assert_int_equal(sample.decision.events[1 + d].number, d);
        }
        const struct handover before = sample.handover;
        sample_fold(&sample);
        assert_memory_equal(&sample.handover, &before, sizeof before);
    }
}

/* While a dossier waits in the inbox no other is added; the asking is recorded all the same. */
static void test_fetch_adds_nothing_while_one_waits(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, late, "p");
    fetch(&sample, true);
    assert_decided(&sample.decision, HV_EVENT_FETCHED);
}

/* ---- Destruction ---- */

/* The receiver is told to destroy what it was given, and only then. */
static void test_withdrawal_destroys_what_was_disclosed(void **state) {
    static const struct {
        const char *moves;
        bool destroy;
    } cases[] = {{"", false}, {"r", false}, {"s", false}, {"p", true}, {"rp", true}};
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct hv_withdraw command = sample_withdraw();
        sample_begin(&sample, late, cases[i].moves);
        handover_decide_withdraw(&sample.handover, &command, &sample_holder, &sample.decision);
        const struct hv_event *event = assert_decided(&sample.decision, HV_EVENT_WITHDRAWN);
        assert_int_equal(event->has_destroy, cases[i].destroy);
        assert_int_equal(event->destroy, cases[i].destroy);
        assert_string_equal(event->reason, "consent-withdrawn");
    }
}

/* Gone from the broker at once on decline and withdraw, later after a confirmation. */
static void test_dossiers_are_deleted_at_the_end(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, late, "pn");
    assert_true(sample.handover.deleted);
    sample_begin(&sample, late, "w");
    assert_true(sample.handover.deleted);
    sample_begin(&sample, late, "pc");
    assert_false(sample.handover.deleted);
    sample_begin(&sample, late, "pcx");
    assert_true(sample.handover.deleted);
    assert_true(sample.handover.disclosed);
}

static void test_decline_says_why(void **state) {
    struct hv_decline command = sample_decline();
    struct sample sample;
    (void)state;

    command.decided = HV_DECIDED_RESIDENT;
    command.has_suggest = true;
    sample_text(command.suggest, "delft-support");
    sample_begin(&sample, late, "r");
    handover_decide_decline(&sample.handover, &command, &sample_receiver, &sample.decision);
    const struct hv_event *event = assert_decided(&sample.decision, HV_EVENT_DECLINED);
    assert_string_equal(event->reason, "no-room");
    assert_int_equal(event->decided, HV_DECIDED_RESIDENT);
    assert_string_equal(event->suggest, "delft-support");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disclosure_comes_once_and_when_allowed),
        cmocka_unit_test(test_disclosure_without_a_dossier),
        cmocka_unit_test(test_disclosure_precedes_the_confirmation),
        cmocka_unit_test(test_supplements_count_from_1_to_15),
        cmocka_unit_test(test_supplements_without_an_offered_dossier),
        cmocka_unit_test(test_supplements_wait_for_disclosure),
        cmocka_unit_test(test_fetch_between_disclosure_and_deletion),
        cmocka_unit_test(test_fetch_adds_nothing_while_one_waits),
        cmocka_unit_test(test_withdrawal_destroys_what_was_disclosed),
        cmocka_unit_test(test_dossiers_are_deleted_at_the_end),
        cmocka_unit_test(test_decline_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
