/* Journeys and handovers in the ledger: a row each, kept as they are, and never without a holder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_audit.h"
#include "ledger_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Rows ---- */

/* As many phases and claims as there may be, with everything said of each. */
static void keep_much(struct journey *journey) {
    journey->runs.count = RUNS_MAX;
    for (int i = 0; i < RUNS_MAX; i++)
        journey->runs.items[i] = (struct hv_run){
            .phase = (enum hv_phase)(i + 1),
            .awaits = "werkse",
            .has_handover = true,
            .handover = sample_uuid((uint8_t)(200 + i)),
            .urgency = HV_URGENCY_CRISIS,
            .has_kind = true,
            .kind = HV_KIND_SIGNAL,
            .has_to = true,
            .to = "werkse",
            .began = SAMPLE_NOW_MS + i,
            .step = i,
            .due = SAMPLE_NOW_MS + 2000 - i,
            .network = 3,
            .has_days = true,
            .days = 14,
            .has_asked = true,
            .asked = SAMPLE_NOW_MS + 1000,
            .has_left = true,
            .left = 60000,
            .has_rested = true,
            .rested = 90000,
            .has_rested_own = true,
            .rested_own = 30000,
            .has_restarts = true,
            .restarts = 2,
        };
    journey->claims.count = CLAIMS_MAX;
    for (int i = 0; i < CLAIMS_MAX; i++)
        journey->claims.items[i] = (struct hv_standing_claim){
            .organisation = "support",
            .person = "carla",
            .until = SAMPLE_NOW_MS + i,
            .has_on = true,
            .on = SAMPLE_NOW_MS,
            .has_of_network = true,
            .of_network = i % 2 == 0,
        };
}

/* A journey comes back as it was put, at every turn of its life. */
static void test_journeys_come_back(void **state) {
    struct ledger_sample *sample = *state;
    const struct journey lives[] = {sample_journey(), sample_journey_closing(),
                                    sample_journey_closed()};
    const struct hv_uuid nobody = sample_uuid(99);
    struct journey back;

    ledger_begin(sample->ledger);
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct journey journey = lives[i];
        journey.id = sample_uuid((uint8_t)(i + 1));
        journey.basis9 = i ? HV_BASIS9_CARE : 0;
        journey.reassigned_on_ms = (hv_time)i * 1000;
        journey.urgency_on_ms = (hv_time)i * 2000;
        journey.not_reached = i == 1;
        keep_much(&journey);
        journey.state = HV_JOURNEY_OPEN; /* every one begins so */
        ledger_journey_put(sample->ledger, &journey);
        assert_int_not_equal(journey.row, 0);
        journey.state = lives[i].state;
        if (journey.state == HV_JOURNEY_CLOSED)
            journey.runs.count = 0;
        ledger_journey_put(sample->ledger, &journey);
        assert_true(ledger_journey_find(sample->ledger, &journey.id, &back));
        assert_same_journey(&back, &journey);
        assert_true(ledger_journey_get(sample->ledger, journey.row, &back));
        assert_same_journey(&back, &journey);
    }
    assert_int_equal(ledger_gauges(sample->ledger).journeys_held, 2);
    assert_false(ledger_journey_find(sample->ledger, &nobody, &back));
    assert_false(ledger_journey_get(sample->ledger, 99, &back));
    assert_int_equal(ledger_error(sample->ledger), 0);
    ledger_sample_commit(sample);
}

/* A handover comes back as it was put, whatever has become of it. */
static void test_handovers_come_back(void **state) {
    static const char *const lives[] = {"",  "d",   "r",  "rR", "p",  "drp", "pP", "s", "sss",
                                        "i", "rpi", "pc", "c",  "cx", "n",   "pn", "w", "drpsc"};
    struct ledger_sample *sample = *state;
    struct handover back;
    struct sample life;

    ledger_begin(sample->ledger);
    for (size_t i = 0; i < COUNT(lives); i++) {
        const struct sample_offer offer = {i % 2 ? HV_KIND_WARM : HV_KIND_COLD,
                                           i % 3 ? HV_DISCLOSE_RECEIVED : HV_DISCLOSE_PICKED_UP,
                                           i % 4 > 1, i % 5 ? "werkse" : "kcc"};
        struct journey journey = ledger_sample_journey(sample, (uint8_t)(i + 1));
        sample_begin(&life, offer, "");
        life.handover.id = sample_uuid((uint8_t)(i + 100));
        life.handover.journey = journey.id;
        life.handover.journey_row = journey.row;
        ledger_handover_put(sample->ledger, &life.handover);
        const int64_t row = life.handover.row;
        assert_int_not_equal(row, 0);
        sample_begin(&life, offer, lives[i]);
        life.handover.id = sample_uuid((uint8_t)(i + 100));
        life.handover.journey = journey.id;
        life.handover.journey_row = journey.row;
        life.handover.row = row;
        life.handover.planned_ms = (hv_time)i;
        ledger_handover_put(sample->ledger, &life.handover);
        assert_true(ledger_handover_find(sample->ledger, &life.handover.id, &back));
        assert_same_handover(&back, &life.handover);
        assert_true(ledger_handover_get(sample->ledger, row, &back));
        assert_same_handover(&back, &life.handover);
        assert_int_equal(ledger_handover_open_of(sample->ledger, journey.row, &back),
                         handover_is_open(&life.handover));
    }
    assert_int_equal(ledger_gauges(sample->ledger).handovers_open, 11);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    ledger_sample_open(sample);
    assert_int_equal(ledger_gauges(sample->ledger).handovers_open, 11);
}

/* ---- By construction ---- */

/* H1, T1: the store itself takes no journey without a holder or without a next step, and no second
 * open handover. */
static void test_store_refuses_what_must_not_be(void **state) {
    static const char second_open[] =
        "INSERT INTO handover SELECT 99, randomblob(16), journey, state, sender, receiver, kind, "
        "urgency, disclose, received_by, picked_up_by, planned, introduced, disclosed, deleted, "
        "supplements, dossier_hash, taken_as, as_reason, end_organisation, end_begeleider, "
        "ended_seq, offered_at, delivered_at, received_at, picked_up_at, waiting_at, ended_at "
        "FROM handover";
    static const char *const refused[] = {
        second_open,
        "UPDATE journey SET organisation = ''",
        "UPDATE journey SET organisation = NULL",
        "UPDATE journey SET begeleider = ''",
        "UPDATE journey SET begeleider = NULL",
        "UPDATE journey SET state = 4",
        "UPDATE journey SET due = 0",
        "UPDATE journey SET due = -1",
        "UPDATE journey SET due = NULL",
        "UPDATE journey SET resident = 'a name'",
        "UPDATE handover SET state = 9",
        "UPDATE handover SET supplements = 16",
        "UPDATE journey SET opened_at = 'yesterday'",
    };
    struct ledger_sample *sample = *state;

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    (void)ledger_sample_handover(sample, &journey, 1);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    for (size_t i = 0; i < COUNT(refused); i++)
        if (audit_run(database, refused[i]) != SQLITE_CONSTRAINT)
            fail_msg("taken: %s", refused[i]);
    sqlite3_close(database);
}

/* ---- Timers ---- */

/* The one that is due first, of open journeys alone. */
static void test_what_falls_due(void **state) {
    struct ledger_sample *sample = *state;
    const struct hv_close close = sample_close(HV_OUTCOME_HELPED, true);
    struct journey journeys[4] = {{0}};
    struct decision decision;
    hv_time next_ms = 0;

    ledger_begin(sample->ledger);
    assert_false(ledger_journey_next(sample->ledger, &next_ms));
    assert_int_equal(ledger_journey_due(sample->ledger, INT64_MAX), 0);
    for (uint8_t i = 1; i <= 3; i++) {
        journeys[i] = ledger_sample_journey(sample, i);
        journeys[i].runs.items[0].due = SAMPLE_NOW_MS + (i == 1 ? 500 : 100 * i);
        ledger_journey_put(sample->ledger, &journeys[i]);
    }
    assert_true(ledger_journey_next(sample->ledger, &next_ms));
    assert_int_equal(next_ms, SAMPLE_NOW_MS + 200);
    assert_int_equal(ledger_journey_due(sample->ledger, SAMPLE_NOW_MS + 199), 0);
    assert_int_equal(ledger_journey_due(sample->ledger, SAMPLE_NOW_MS + 200), journeys[2].row);
    assert_int_equal(ledger_journey_due(sample->ledger, SAMPLE_NOW_MS + 900), journeys[2].row);
    journey_decide_close(&journeys[2], NULL, &close, &sample_holder, sample->fake.wall_ms,
                         &decision);
    ledger_sample_record(sample, &decision, &journeys[2], NULL, NULL);
    assert_int_equal(ledger_journey_due(sample->ledger, SAMPLE_NOW_MS + 900), journeys[3].row);
    ledger_sample_commit(sample);
}

/* ---- Organisations ---- */

struct seen {
    char text[256];
};

static void see(void *context, const char *organisation) {
    struct seen *seen = context;
    const size_t used = strlen(seen->text);

    snprintf(seen->text + used, sizeof seen->text - used, "%s ", organisation);
}

/* Moves a journey on by the letters of sample_begin, from who holds it to `to`. */
static void hand_over(struct ledger_sample *sample, struct journey *journey, uint8_t number,
                      const char *to, char end) {
    struct actor holder = {.role = HV_ROLE_ENDPOINT};
    struct actor receiver = {.role = HV_ROLE_ENDPOINT};
    struct hv_offer offer = sample_offer_of((struct sample_offer){.kind = HV_KIND_COLD, .to = to});
    struct handover handover = {0};
    struct decision decision;

    sample_text(holder.organisation, journey->holder.organisation);
    sample_text(receiver.organisation, to);
    offer.journey = journey->id;
    offer.handover = sample_uuid(number);
    handover_decide_offer(journey, NULL, &offer, NULL, &holder, &decision);
    ledger_sample_record(sample, &decision, journey, &handover, NULL);
    if (end == 'c') {
        struct hv_confirm confirm = sample_confirm("anna");
        confirm.contact.on = sample->fake.wall_ms;
        handover_decide_confirm(&handover, &confirm, &receiver, sample->fake.wall_ms, 0, &decision);
        ledger_sample_record(sample, &decision, journey, &handover, NULL);
    } else if (end == 'n') {
        const struct hv_decline decline = sample_decline();
        handover_decide_decline(&handover, &decline, &receiver, &decision);
        ledger_sample_record(sample, &decision, journey, &handover, NULL);
    }
}

/* Who held before, each once, and nobody who only was offered. */
static void test_earlier_holders(void **state) {
    struct ledger_sample *sample = *state;
    struct seen seen = {""};

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    ledger_earlier_holders(sample->ledger, journey.row, see, &seen);
    assert_string_equal(seen.text, "");
    hand_over(sample, &journey, 101, "support", 'n');
    ledger_earlier_holders(sample->ledger, journey.row, see, &seen);
    assert_string_equal(seen.text, "");
    hand_over(sample, &journey, 102, "werkse", 'c');
    hand_over(sample, &journey, 103, "kcc", 'c');
    hand_over(sample, &journey, 104, "support", 'c');
    ledger_earlier_holders(sample->ledger, journey.row, see, &seen);
    assert_true(strcmp(seen.text, "kcc werkse ") == 0 || strcmp(seen.text, "werkse kcc ") == 0);
    ledger_sample_commit(sample);
}

/* Who holds, who is offered, who is owed: the reasons why nobody is taken off the map. */
static void test_ties(void **state) {
    struct ledger_sample *sample = *state;
    struct ledger_ties ties;
    struct seen seen = {""};

    ledger_begin(sample->ledger);
    ledger_tied(sample->ledger, see, &seen);
    assert_string_equal(seen.text, "");
    struct journey one = ledger_sample_journey(sample, 1);
    struct journey two = ledger_sample_journey(sample, 2);
    hand_over(sample, &one, 101, "werkse", 'o');
    ties = ledger_ties_of(sample->ledger, "kcc");
    assert_int_equal(ties.journeys_held, 2);
    ties = ledger_ties_of(sample->ledger, "werkse");
    assert_int_equal(ties.journeys_held, 0);
    assert_int_equal(ties.handovers_open, 1);
    assert_int_equal(ties.items_owed, 0);
    ledger_item_add(sample->ledger, ledger_inbox(sample->ledger, "support", HV_ROLE_COORDINATOR),
                    two.row, 0, 2);
    ties = ledger_ties_of(sample->ledger, "support");
    assert_int_equal(ties.items_owed, 1);
    ledger_tied(sample->ledger, see, &seen);
    assert_string_equal(seen.text, "kcc support werkse ");
    ties = ledger_ties_of(sample->ledger, "stranger");
    assert_int_equal(ties.journeys_held + ties.handovers_open + ties.items_owed, 0);
    ledger_sample_commit(sample);
}

/* What is closed, ended and acknowledged ties nobody. */
static void test_ties_end(void **state) {
    struct ledger_sample *sample = *state;
    struct seen seen = {""};
    struct decision decision;

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    hand_over(sample, &journey, 101, "werkse", 'n');
    const struct hv_close close = sample_close(HV_OUTCOME_HELPED, true);
    journey_decide_close(&journey, NULL, &close, &sample_holder, SAMPLE_NOW_MS, &decision);
    ledger_sample_record(sample, &decision, &journey, NULL, NULL);
    (void)ledger_inbox(sample->ledger, "werkse",
                       HV_ROLE_ENDPOINT); /* and an empty inbox does not */
    ledger_tied(sample->ledger, see, &seen);
    assert_string_equal(seen.text, "");
    assert_int_equal(ledger_gauges(sample->ledger).journeys_held, 0);
    ledger_sample_commit(sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_journeys_come_back),
        LEDGER_TEST(test_handovers_come_back),
        LEDGER_TEST(test_store_refuses_what_must_not_be),
        LEDGER_TEST(test_what_falls_due),
        LEDGER_TEST(test_earlier_holders),
        LEDGER_TEST(test_ties),
        LEDGER_TEST(test_ties_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
