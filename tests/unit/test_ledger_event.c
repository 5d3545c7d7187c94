/* The chain of events: appended, committed to, found by command, paged, folded as it stood. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_audit.h"
#include "ledger_samples.h"
#include "wire/wire.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The chain ---- */

/* A whole handover goes in, and an audit that knows only the file computes the same chain. */
static void test_chain_holds_for_a_stranger(void **state) {
    struct ledger_sample *sample = *state;
    struct sample moves;
    uint8_t head[32];

    for (uint8_t number = 1; number <= 3; number++) {
        ledger_begin(sample->ledger);
        struct journey journey = ledger_sample_journey(sample, number);
        struct handover handover = ledger_sample_handover(sample, &journey, number);
        moves.journey = journey;
        moves.handover = handover;
        const struct hv_pickup pickup = sample_pickup("anna", NULL);
        handover_decide_pickup(&handover, &pickup, &sample_receiver, &moves.decision);
        ledger_sample_record(sample, &moves.decision, &journey, &handover, NULL);
        if (number == 2)
            ledger_rollback(sample->ledger); /* leaves no gap */
        else
            ledger_sample_commit(sample);
    }
    const int64_t seq = ledger_seq(sample->ledger);
    assert_int_equal(seq, 8);
    memcpy(head, ledger_head(sample->ledger), sizeof head);
    ledger_sample_close(sample);
    audit_all(sample->folder, seq, head);
}

/* What was committed to is the payload with its salt: the same event twice has two commitments. */
static void test_commitments_are_salted(void **state) {
    struct ledger_sample *sample = *state;

    ledger_begin(sample->ledger);
    const struct journey journey = ledger_sample_journey(sample, 1);
    for (int i = 0; i < 5; i++)
        (void)ledger_sample_event(sample, HV_EVENT_READ, &journey, NULL);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(audit_number(database, "SELECT count(DISTINCT commitment) FROM event"), 6);
    assert_int_equal(audit_number(database, "SELECT count(DISTINCT salt) FROM payload"), 6);
    assert_int_equal(audit_number(database, "SELECT count(DISTINCT payload) FROM payload"), 2);
    sqlite3_close(database);
}

/* Erasing a payload and its salt leaves a chain that still holds, and that knows no more. */
static void test_chain_does_without_the_payloads(void **state) {
    struct ledger_sample *sample = *state;
    uint8_t head[32];

    ledger_begin(sample->ledger);
    const struct journey journey = ledger_sample_journey(sample, 1);
    (void)ledger_sample_event(sample, HV_EVENT_READ, &journey, NULL);
    ledger_sample_commit(sample);
    memcpy(head, ledger_head(sample->ledger), sizeof head);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(audit_run(database, "DELETE FROM payload WHERE seq = 1"), SQLITE_OK);
    sqlite3_close(database);
    ledger_sample_open(sample);
    assert_memory_equal(ledger_head(sample->ledger), head, sizeof head);
    ledger_begin(sample->ledger);
    assert_int_equal(ledger_sample_event(sample, HV_EVENT_READ, &journey, NULL), 3);
    ledger_sample_commit(sample);
}

/* ---- Read back ---- */

/* Every event that can be made comes back as it went in, with its number and its time. */
static void test_events_come_back(void **state) {
    struct ledger_sample *sample = *state;
    struct chance chance = {7};
    struct hv_event in[60], out;
    msgpack_sbuffer before, after;

    ledger_begin(sample->ledger);
    const struct journey journey = ledger_sample_journey(sample, 1);
    for (size_t i = 0; i < COUNT(in); i++) {
        sample_struct(&chance, &wire_struct_event, i % 2 ? SAMPLE_ALL : SAMPLE_SOME, &sample->zone,
                      &in[i]);
        in[i].has_seq = in[i].has_at = false;
        assert_int_equal(ledger_event_append(sample->ledger, &in[i], 5000 + (hv_time)i, journey.row,
                                             0, (struct ledger_cause){0}),
                         2 + i);
    }
    for (size_t i = 0; i < COUNT(in); i++) {
        assert_true(ledger_event_get(sample->ledger, (int64_t)i + 2, &sample->zone, &out));
        assert_true(out.has_seq && out.seq == (int64_t)i + 2);
        assert_true(out.has_at && out.at == 5000 + (hv_time)i);
        out.has_seq = out.has_at = false;
        msgpack_sbuffer_init(&before);
        msgpack_sbuffer_init(&after);
        assert_int_equal(wire_encode_struct(&wire_struct_event, &in[i], &before), 0);
        assert_int_equal(wire_encode_struct(&wire_struct_event, &out, &after), 0);
        assert_int_equal(before.size, after.size);
        assert_memory_equal(before.data, after.data, before.size);
        msgpack_sbuffer_destroy(&before);
        msgpack_sbuffer_destroy(&after);
    }
    assert_false(ledger_event_get(sample->ledger, 99, &sample->zone, &out));
    assert_int_equal(ledger_error(sample->ledger), 0); /* not there is no error */
    ledger_sample_commit(sample);
}

static void test_newest_event_of_a_name(void **state) {
    struct ledger_sample *sample = *state;

    ledger_begin(sample->ledger);
    const struct journey one = ledger_sample_journey(sample, 1);
    const struct journey two = ledger_sample_journey(sample, 2);
    (void)ledger_sample_event(sample, HV_EVENT_READ, &one, NULL);
    (void)ledger_sample_event(sample, HV_EVENT_READ, &one, NULL);
    (void)ledger_sample_event(sample, HV_EVENT_READ, &two, NULL);
    assert_int_equal(ledger_event_newest(sample->ledger, one.row, HV_EVENT_READ), 4);
    assert_int_equal(ledger_event_newest(sample->ledger, one.row, HV_EVENT_OPENED), 1);
    assert_int_equal(ledger_event_newest(sample->ledger, one.row, HV_EVENT_CLOSED), 0);
    ledger_sample_commit(sample);
}

/* ---- Commands ---- */

static const uint8_t command_one[16] = {1};
static const uint8_t command_two[16] = {2};

/* Found by who asked for what, within its journey, as the first of its events. */
static void test_command_is_found_again(void **state) {
    struct ledger_sample *sample = *state;
    struct decision decision;

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    struct journey other = ledger_sample_journey(sample, 2);
    struct handover handover = ledger_sample_handover(sample, &journey, 1);
    const struct hv_pickup pickup = sample_pickup("anna", NULL);
    handover_decide_pickup(&handover, &pickup, &sample_receiver, &decision);
    assert_int_equal(decision.event_count, 2);
    const int64_t first = ledger_sample_record(sample, &decision, &journey, &handover, command_one);
    ledger_sample_commit(sample);

    ledger_begin(sample->ledger);
    assert_int_equal(ledger_command_find(sample->ledger, journey.row, command_one), first);
    assert_int_equal(ledger_command_find(sample->ledger, journey.row, command_two), 0);
    assert_int_equal(ledger_command_find(sample->ledger, other.row, command_one), 0);
    assert_int_equal(ledger_event_first(sample->ledger, first), first);
    assert_int_equal(ledger_event_first(sample->ledger, first + 1), first);
    assert_int_equal(ledger_event_first(sample->ledger, 999), 0);
    /* The same content about another journey is another command. */
    const struct hv_reassign reassign = sample_reassign("n.next", "h.holder", sample->fake.wall_ms);
    journey_decide_reassign(&other, &reassign, &sample_holder, sample->fake.wall_ms, &decision);
    const int64_t elsewhere = ledger_sample_record(sample, &decision, &other, NULL, command_one);
    assert_int_equal(ledger_command_find(sample->ledger, other.row, command_one), elsewhere);
    ledger_sample_commit(sample);
}

/* D2 by construction: the store itself takes no command twice. */
static void test_command_is_unique_in_the_store(void **state) {
    struct ledger_sample *sample = *state;
    struct decision decision;

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    const struct hv_reassign reassign = sample_reassign("n.next", "h.holder", sample->fake.wall_ms);
    journey_decide_reassign(&journey, &reassign, &sample_holder, sample->fake.wall_ms, &decision);
    ledger_sample_record(sample, &decision, &journey, NULL, command_one);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(audit_run(database,
                               "INSERT INTO event SELECT 99, at, type, journey, handover, 99, "
                               "command, commitment, hash FROM event WHERE command IS NOT NULL"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(audit_run(database,
                               "INSERT INTO event SELECT 99, at, type, journey, handover, 99, "
                               "NULL, commitment, hash FROM event WHERE command IS NOT NULL"),
                     SQLITE_OK);
    sqlite3_close(database);
}

/* ---- History ---- */

/* In pages, each from the last number seen; for a party only what it is party to. */
static void test_history_in_pages(void **state) {
    struct ledger_sample *sample = *state;
    struct hv_event events[16];
    bool more = false;

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);                  /* 1 */
    const struct journey other = ledger_sample_journey(sample, 2);              /* 2 */
    (void)ledger_sample_event(sample, HV_EVENT_READ, &journey, NULL);           /* 3 */
    struct handover handover = ledger_sample_handover(sample, &journey, 1);     /* 4 */
    (void)ledger_sample_event(sample, HV_EVENT_READ, &other, NULL);             /* 5 */
    (void)ledger_sample_event(sample, HV_EVENT_DELIVERED, &journey, &handover); /* 6 */

    assert_int_equal(
        ledger_history(sample->ledger, journey.row, 0, 16, NULL, &sample->zone, events, &more), 4);
    assert_false(more);
    assert_int_equal(events[0].event, HV_EVENT_OPENED);
    assert_int_equal(events[3].seq, 6);
    assert_int_equal(
        ledger_history(sample->ledger, journey.row, 0, 3, NULL, &sample->zone, events, &more), 3);
    assert_true(more);
    assert_int_equal(events[2].seq, 4);
    assert_int_equal(
        ledger_history(sample->ledger, journey.row, 4, 3, NULL, &sample->zone, events, &more), 1);
    assert_false(more);
    assert_int_equal(
        ledger_history(sample->ledger, journey.row, 0, 4, NULL, &sample->zone, events, &more), 4);
    assert_false(more); /* just full is no more */
    assert_int_equal(
        ledger_history(sample->ledger, journey.row, 0, 16, "werkse", &sample->zone, events, &more),
        2);
    assert_int_equal(events[0].seq, 4);
    assert_int_equal(events[1].seq, 6);
    assert_int_equal(ledger_history(sample->ledger, journey.row, 0, 16, "stranger", &sample->zone,
                                    events, &more),
                     0);
    assert_true(ledger_is_party(sample->ledger, journey.row, "werkse"));
    assert_true(ledger_is_party(sample->ledger, journey.row, "kcc"));
    assert_false(ledger_is_party(sample->ledger, journey.row, "stranger"));
    assert_false(ledger_is_party(sample->ledger, other.row, "werkse"));
    ledger_sample_commit(sample);
}

/* ---- As it stood ---- */

/* A journey is folded again as it stood after any command, all events of that command and none
 * after it, whatever happened between to others. */
static void test_journey_as_it_stood(void **state) {
    struct ledger_sample *sample = *state;
    struct journey stood[4], then;
    int64_t first[4];
    struct decision decision;

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    first[0] = 1;
    stood[0] = journey;
    const struct hv_reassign reassign = sample_reassign("n.next", "h.holder", sample->fake.wall_ms);
    journey_decide_reassign(&journey, &reassign, &sample_holder, sample->fake.wall_ms, &decision);
    first[1] = ledger_sample_record(sample, &decision, &journey, NULL, command_one);
    stood[1] = journey;
    (void)ledger_sample_journey(sample, 2);
    (void)ledger_sample_event(sample, HV_EVENT_READ, &journey, NULL);
    const struct hv_close close = sample_close(HV_OUTCOME_NO_RESPONSE, false);
    journey_decide_close(&journey, NULL, &close, &sample_holder, sample->fake.wall_ms, &decision);
    first[2] = ledger_sample_record(sample, &decision, &journey, NULL, command_two);
    stood[2] = journey;
    struct hv_settle settle = {.journey = journey.id, .agree = true};
    sample_text(settle.person, "c.coordinator");
    sample_text(settle.reason, "agreed");
    journey_decide_settle(&journey, &settle, &sample_coordinator, &decision);
    assert_int_equal(decision.event_count, 2);
    first[3] = ledger_sample_record(sample, &decision, &journey, NULL, NULL);
    stood[3] = journey;
    for (size_t i = 0; i < COUNT(stood); i++) {
        assert_true(
            ledger_journey_then(sample->ledger, journey.row, first[i], &sample->zone, &then));
        assert_same_journey(&then, &stood[i]);
    }
    assert_false(ledger_journey_then(sample->ledger, 99, 99, &sample->zone, &then));
    ledger_sample_commit(sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_chain_holds_for_a_stranger),
        LEDGER_TEST(test_commitments_are_salted),
        LEDGER_TEST(test_chain_does_without_the_payloads),
        LEDGER_TEST(test_events_come_back),
        LEDGER_TEST(test_newest_event_of_a_name),
        LEDGER_TEST(test_command_is_found_again),
        LEDGER_TEST(test_command_is_unique_in_the_store),
        LEDGER_TEST(test_history_in_pages),
        LEDGER_TEST(test_journey_as_it_stood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
