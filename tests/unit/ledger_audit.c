/* The ledger's file, read by somebody who trusts none of its code. */
#include "ledger_audit.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

/* ---- SQLite ---- */

sqlite3 *audit_open(const char *folder) {
    sqlite3 *database = NULL;
    char path[512];

    snprintf(path, sizeof path, "%s/ledger.sqlite", folder);
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        fail_msg("%s: %s", path, sqlite3_errmsg(database));
    return database;
}

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    return statement;
}

static bool step(sqlite3_stmt *statement) {
    const int result = sqlite3_step(statement);

    if (result != SQLITE_ROW && result != SQLITE_DONE)
        fail_msg("%s", sqlite3_errmsg(sqlite3_db_handle(statement)));
    return result == SQLITE_ROW;
}

int64_t audit_number(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement = prepare(database, sql);
    const int64_t number = step(statement) ? sqlite3_column_int64(statement, 0) : -1;

    sqlite3_finalize(statement);
    return number;
}

int audit_run(sqlite3 *database, const char *sql) {
    return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

static int column(sqlite3_stmt *statement, const char *name) {
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        if (strcmp(sqlite3_column_name(statement, i), name) == 0)
            return i;
    fail_msg("there is no column %s", name);
    return -1;
}

static int64_t number_of(sqlite3_stmt *statement, const char *name) {
    return sqlite3_column_int64(statement, column(statement, name));
}

static void text_of(sqlite3_stmt *statement, const char *name, char *ret_text, size_t size) {
    snprintf(ret_text, size, "%s",
             (const char *)sqlite3_column_text(statement, column(statement, name)));
}

/* False for NULL. */
static bool bytes_of(sqlite3_stmt *statement, const char *name, void *ret_bytes, size_t size) {
    const int at = column(statement, name);
    const void *bytes = sqlite3_column_blob(statement, at);

    if (!bytes)
        return false;
    assert_int_equal(sqlite3_column_bytes(statement, at), size);
    memcpy(ret_bytes, bytes, size);
    return true;
}

/* ---- The chain ---- */

static void put_number(uint8_t *bytes, int64_t number) {
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
}

/* BLAKE2b-256 of what stands side by side. */
static void hash_of(uint8_t ret_hash[32], const void *one, size_t one_size, const void *two,
                    size_t two_size) {
    uint8_t *joined = malloc(one_size + two_size);

    assert_non_null(joined);
    memcpy(joined, one, one_size);
    memcpy(joined + one_size, two, two_size);
    crypto_generichash(ret_hash, 32, joined, one_size + two_size, NULL, 0);
    free(joined);
}

/* Replaces the head by that of the event in the present row, and holds it to what is stored. */
static void chain_event(sqlite3_stmt *statement, uint8_t head[32]) {
    const void *payload = sqlite3_column_blob(statement, column(statement, "payload"));
    const size_t size = (size_t)sqlite3_column_bytes(statement, column(statement, "payload"));
    const int64_t seq = number_of(statement, "seq");
    uint8_t salt[16], commitment[32], stored[32], linked[56];

    assert_true(bytes_of(statement, "salt", salt, sizeof salt));
    hash_of(commitment, salt, sizeof salt, payload, size);
    assert_true(bytes_of(statement, "commitment", stored, sizeof stored));
    if (memcmp(commitment, stored, sizeof stored) != 0)
        fail_msg("event %lld: its commitment is another", (long long)seq);
    put_number(linked, seq);
    put_number(linked + 8, number_of(statement, "at"));
    put_number(linked + 16, number_of(statement, "type"));
    memcpy(linked + 24, commitment, 32);
    hash_of(head, head, 32, linked, sizeof linked);
    assert_true(bytes_of(statement, "hash", stored, sizeof stored));
    if (memcmp(head, stored, sizeof stored) != 0)
        fail_msg("event %lld: its hash is another", (long long)seq);
}

void audit_chain(sqlite3 *database, int64_t seq, const uint8_t head[32]) {
    sqlite3_stmt *statement = prepare(
        database, "SELECT event.seq AS seq, at, type, first, commitment, hash, salt, payload "
                  "FROM event JOIN payload ON payload.seq = event.seq ORDER BY event.seq");
    uint8_t computed[32] = {0};
    int64_t expected = 1;

    while (step(statement)) {
        assert_int_equal(number_of(statement, "seq"), expected);
        assert_in_range(number_of(statement, "first"), 1, expected);
        chain_event(statement, computed);
        expected++;
    }
    sqlite3_finalize(statement);
    assert_int_equal(expected, seq + 1);
    assert_memory_equal(computed, head, 32);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM payload"), seq);
}

/* ---- Rows ---- */

#define ASSERT_SAME_NUMBER(one, other, member)                             \
    do {                                                                   \
        if ((int64_t)(one)->member != (int64_t)(other)->member)            \
            fail_msg(#member ": %lld, and %lld", (long long)(one)->member, \
                     (long long)(other)->member);                          \
    } while (0)

#define ASSERT_SAME_TEXT(one, other, member)                                      \
    do {                                                                          \
        if (strcmp((one)->member, (other)->member) != 0)                          \
            fail_msg(#member ": `%s`, and `%s`", (one)->member, (other)->member); \
    } while (0)

static void assert_same_claims(const struct claims *one, const struct claims *other) {
    ASSERT_SAME_NUMBER(one, other, count);
    for (size_t i = 0; i < one->count; i++) {
        ASSERT_SAME_TEXT(one, other, items[i].organisation);
        ASSERT_SAME_TEXT(one, other, items[i].person);
        ASSERT_SAME_NUMBER(one, other, items[i].until);
        ASSERT_SAME_NUMBER(one, other, items[i].on);
        ASSERT_SAME_NUMBER(one, other, items[i].of_network);
    }
}

void assert_same_journey(const struct journey *one, const struct journey *other) {
    ASSERT_SAME_NUMBER(one, other, row);
    assert_memory_equal(&one->id, &other->id, sizeof one->id);
    ASSERT_SAME_NUMBER(one, other, state);
    ASSERT_SAME_TEXT(one, other, resident);
    ASSERT_SAME_TEXT(one, other, holder.organisation);
    ASSERT_SAME_TEXT(one, other, holder.begeleider);
    ASSERT_SAME_NUMBER(one, other, urgency);
    ASSERT_SAME_NUMBER(one, other, basis);
    ASSERT_SAME_NUMBER(one, other, basis9);
    ASSERT_SAME_NUMBER(one, other, opened_ms);
    ASSERT_SAME_NUMBER(one, other, since_ms);
    ASSERT_SAME_NUMBER(one, other, held_since_ms);
    ASSERT_SAME_NUMBER(one, other, reassigned_on_ms);
    ASSERT_SAME_NUMBER(one, other, urgency_on_ms);
    ASSERT_SAME_NUMBER(one, other, not_reached);
    ASSERT_SAME_NUMBER(one, other, outcome);
    ASSERT_SAME_TEXT(one, other, closed_by);
    if (!runs_equal(&one->runs, &other->runs))
        fail_msg("other phases run, or they are due at other times");
    assert_same_claims(&one->claims, &other->claims);
}

void assert_same_handover(const struct handover *one, const struct handover *other) {
    ASSERT_SAME_NUMBER(one, other, row);
    ASSERT_SAME_NUMBER(one, other, journey_row);
    assert_memory_equal(&one->id, &other->id, sizeof one->id);
    assert_memory_equal(&one->journey, &other->journey, sizeof one->journey);
    ASSERT_SAME_NUMBER(one, other, state);
    ASSERT_SAME_TEXT(one, other, from);
    ASSERT_SAME_TEXT(one, other, to);
    ASSERT_SAME_NUMBER(one, other, kind);
    ASSERT_SAME_NUMBER(one, other, urgency);
    ASSERT_SAME_NUMBER(one, other, disclose);
    ASSERT_SAME_TEXT(one, other, received_by);
    ASSERT_SAME_TEXT(one, other, picked_up_by);
    ASSERT_SAME_NUMBER(one, other, planned_ms);
    ASSERT_SAME_NUMBER(one, other, introduced);
    ASSERT_SAME_NUMBER(one, other, disclosed);
    ASSERT_SAME_NUMBER(one, other, deleted);
    ASSERT_SAME_NUMBER(one, other, supplements);
    ASSERT_SAME_NUMBER(one, other, has_dossier_hash);
    if (one->has_dossier_hash)
        assert_memory_equal(one->dossier_hash, other->dossier_hash, sizeof one->dossier_hash);
    ASSERT_SAME_NUMBER(one, other, as);
    ASSERT_SAME_TEXT(one, other, as_reason);
    ASSERT_SAME_TEXT(one, other, end_holder.organisation);
    ASSERT_SAME_TEXT(one, other, end_holder.begeleider);
    ASSERT_SAME_NUMBER(one, other, ended_seq);
    for (int state = 0; state < HANDOVER_STATE_COUNT; state++)
        if (one->times_ms[state] != other->times_ms[state])
            fail_msg("state %d was reached at %lld, and %lld", state,
                     (long long)one->times_ms[state], (long long)other->times_ms[state]);
}

/* Of a closed journey there is none. T1: its timer is that of its first step. */
static void read_keeping(sqlite3_stmt *statement, struct journey *journey) {
    const int at = column(statement, "keeping");
    struct hv_keeping keeping = {.runs = {.count = 0}};
    msgpack_zone zone;

    assert_true(msgpack_zone_init(&zone, 1024));
    if (sqlite3_column_blob(statement, at))
        assert_int_equal(wire_decode_struct(sqlite3_column_blob(statement, at),
                                            (size_t)sqlite3_column_bytes(statement, at),
                                            &wire_struct_keeping, &zone, &keeping),
                         0);
    assert_in_range(keeping.runs.count, 0, RUNS_MAX);
    assert_in_range(keeping.claims.count, 0, CLAIMS_MAX);
    journey->runs.count = keeping.runs.count;
    for (size_t i = 0; i < keeping.runs.count; i++)
        journey->runs.items[i] = keeping.runs.items[i];
    journey->claims.count = keeping.claims.count;
    for (size_t i = 0; i < keeping.claims.count; i++)
        journey->claims.items[i] = keeping.claims.items[i];
    msgpack_zone_destroy(&zone);
    assert_int_equal(number_of(statement, "due"), runs_due(&journey->runs));
    assert_int_equal(journey->runs.count == 0, journey->state == HV_JOURNEY_CLOSED);
}

static void read_journey(sqlite3_stmt *statement, struct journey *ret_journey) {
    struct journey *journey = ret_journey;

    memset(journey, 0, sizeof *journey);
    journey->row = number_of(statement, "number");
    assert_true(bytes_of(statement, "id", journey->id.bytes, sizeof journey->id.bytes));
    journey->state = (enum hv_journey_state)number_of(statement, "state");
    text_of(statement, "resident", journey->resident, sizeof journey->resident);
    text_of(statement, "organisation", journey->holder.organisation,
            sizeof journey->holder.organisation);
    text_of(statement, "begeleider", journey->holder.begeleider, sizeof journey->holder.begeleider);
    journey->urgency = (enum hv_urgency)number_of(statement, "urgency");
    journey->basis = (enum hv_basis)number_of(statement, "basis");
    journey->basis9 = (enum hv_basis9)number_of(statement, "basis9");
    journey->opened_ms = number_of(statement, "opened_at");
    journey->since_ms = number_of(statement, "since");
    journey->held_since_ms = number_of(statement, "held_since");
    journey->reassigned_on_ms = number_of(statement, "reassigned_on");
    journey->outcome = (enum hv_outcome)number_of(statement, "outcome");
    journey->urgency_on_ms = number_of(statement, "urgency_on");
    journey->not_reached = number_of(statement, "not_reached");
    text_of(statement, "closed_by", journey->closed_by, sizeof journey->closed_by);
    read_keeping(statement, journey);
}

static void read_handover_end(sqlite3_stmt *statement, struct handover *handover) {
    text_of(statement, "end_organisation", handover->end_holder.organisation,
            sizeof handover->end_holder.organisation);
    text_of(statement, "end_begeleider", handover->end_holder.begeleider,
            sizeof handover->end_holder.begeleider);
    handover->ended_seq = number_of(statement, "ended_seq");
    handover->times_ms[HV_HANDOVER_OFFERED] = number_of(statement, "offered_at");
    handover->times_ms[HV_HANDOVER_DELIVERED] = number_of(statement, "delivered_at");
    handover->times_ms[HV_HANDOVER_RECEIVED] = number_of(statement, "received_at");
    handover->times_ms[HV_HANDOVER_PICKED_UP] = number_of(statement, "picked_up_at");
    handover->times_ms[HV_HANDOVER_WAITING] = number_of(statement, "waiting_at");
    if (handover->state >= HV_HANDOVER_CONFIRMED)
        handover->times_ms[handover->state] = number_of(statement, "ended_at");
}

static void read_handover(sqlite3_stmt *statement, struct handover *ret_handover) {
    struct handover *handover = ret_handover;

    memset(handover, 0, sizeof *handover);
    handover->row = number_of(statement, "number");
    handover->journey_row = number_of(statement, "journey");
    assert_true(bytes_of(statement, "id", handover->id.bytes, sizeof handover->id.bytes));
    assert_true(
        bytes_of(statement, "journey_id", handover->journey.bytes, sizeof handover->journey.bytes));
    handover->state = (enum hv_handover_state)number_of(statement, "state");
    text_of(statement, "sender", handover->from, sizeof handover->from);
    text_of(statement, "receiver", handover->to, sizeof handover->to);
    handover->kind = (enum hv_kind)number_of(statement, "kind");
    handover->urgency = (enum hv_urgency)number_of(statement, "urgency");
    handover->disclose = (enum hv_disclose)number_of(statement, "disclose");
    text_of(statement, "received_by", handover->received_by, sizeof handover->received_by);
    text_of(statement, "picked_up_by", handover->picked_up_by, sizeof handover->picked_up_by);
    handover->planned_ms = number_of(statement, "planned");
    handover->introduced = number_of(statement, "introduced") != 0;
    handover->disclosed = number_of(statement, "disclosed") != 0;
    handover->deleted = number_of(statement, "deleted") != 0;
    handover->supplements = number_of(statement, "supplements");
    handover->has_dossier_hash = bytes_of(statement, "dossier_hash", handover->dossier_hash, 32);
    handover->as = (enum hv_taken_as)number_of(statement, "taken_as");
    text_of(statement, "as_reason", handover->as_reason, sizeof handover->as_reason);
    read_handover_end(statement, handover);
}

/* ---- Folding ---- */

#define AUDIT_ROWS_MAX 4096

/* Rows count from 1: row n stands at n. */
struct folded {
    int64_t agreed_seq; /* of the newest closing that a second person agreed to */
    int64_t most;       /* the greatest row of either */
    struct journey journeys[AUDIT_ROWS_MAX];
    struct handover handovers[AUDIT_ROWS_MAX];
};

/* H2 and H3: no event but a confirmation moves the organisation, and a journey is let go of by a
 * closing that was talked through, that nobody could talk about, or that a second person agreed to.
 */
static void audit_letting_go(struct folded *folded, const struct journey *before,
                             const struct journey *after, const struct hv_event *event,
                             int64_t seq) {
    const bool moved = before->holder.organisation[0] &&
                       strcmp(before->holder.organisation, after->holder.organisation) != 0;

    if (moved && event->event != HV_EVENT_CONFIRMED)
        fail_msg("event %lld: the hold moved without a confirmation", (long long)seq);
    if (event->event == HV_EVENT_SETTLED && event->agree) {
        if (strcmp(event->organisation, before->holder.organisation) == 0)
            assert_string_not_equal(event->person, before->closed_by);
        folded->agreed_seq = seq;
    }
    if (after->state != HV_JOURNEY_CLOSED || before->state == HV_JOURNEY_CLOSED)
        return;
    const bool alone =
        event->outcome == HV_OUTCOME_DECEASED || event->outcome == HV_OUTCOME_ENTERED_IN_ERROR;
    const bool talked = event->has_talked && event->outcome <= HV_OUTCOME_MOVED;
    if (event->event != HV_EVENT_CLOSED || !(alone || talked || folded->agreed_seq == seq - 1))
        fail_msg("event %lld: a journey was let go of", (long long)seq);
}

static void fold_event(sqlite3_stmt *statement, struct folded *folded) {
    const int64_t journey_row = number_of(statement, "journey");
    const int64_t handover_row = number_of(statement, "handover");
    const int64_t at_ms = number_of(statement, "at");
    struct hv_event event;
    msgpack_zone zone;

    if (!journey_row)
        return;
    assert_in_range(journey_row, 1, AUDIT_ROWS_MAX - 1);
    assert_in_range(handover_row, 0, AUDIT_ROWS_MAX - 1);
    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(
        wire_decode_struct(sqlite3_column_blob(statement, column(statement, "payload")),
                           (size_t)sqlite3_column_bytes(statement, column(statement, "payload")),
                           &wire_struct_event, &zone, &event),
        0);
    assert_int_equal(event.event, number_of(statement, "type"));
    if (journey_row > folded->most)
        folded->most = journey_row;
    if (handover_row > folded->most)
        folded->most = handover_row;
    struct journey *journey = &folded->journeys[journey_row];
    const struct journey before = *journey;
    journey->row = journey_row;
    journey_fold(journey, &event, at_ms);
    audit_letting_go(folded, &before, journey, &event, number_of(statement, "seq"));
    if (handover_row) {
        struct handover *handover = &folded->handovers[handover_row];
        handover->row = handover_row;
        handover->journey_row = journey_row;
        handover_fold(handover, &event, number_of(statement, "seq"), at_ms, &journey->holder);
    }
    msgpack_zone_destroy(&zone);
}

/* Every row is what was folded; gives how many there are. */
static int64_t compare_rows(sqlite3 *database, const struct folded *folded) {
    sqlite3_stmt *statement = prepare(database, "SELECT * FROM journey");
    struct journey journey;
    struct handover handover;
    int64_t count = 0;

    for (; step(statement); count++) {
        read_journey(statement, &journey);
        assert_in_range(journey.row, 1, AUDIT_ROWS_MAX - 1);
        assert_same_journey(&journey, &folded->journeys[journey.row]);
    }
    sqlite3_finalize(statement);
    statement = prepare(database, "SELECT handover.*, journey.id AS journey_id FROM handover "
                                  "JOIN journey ON journey.number = handover.journey");
    for (; step(statement); count++) {
        read_handover(statement, &handover);
        assert_in_range(handover.row, 1, AUDIT_ROWS_MAX - 1);
        assert_same_handover(&handover, &folded->handovers[handover.row]);
    }
    sqlite3_finalize(statement);
    return count;
}

void audit_fold(sqlite3 *database) {
    struct folded *folded = calloc(1, sizeof *folded);
    int64_t count = 0;

    assert_non_null(folded);
    sqlite3_stmt *statement =
        prepare(database, "SELECT event.seq AS seq, at, type, journey, handover, payload "
                          "FROM event JOIN payload ON payload.seq = event.seq ORDER BY event.seq");
    while (step(statement))
        fold_event(statement, folded);
    sqlite3_finalize(statement);
    for (int64_t i = 0; i <= folded->most; i++)
        count += (folded->journeys[i].row != 0) + (folded->handovers[i].row != 0);
    assert_int_equal(compare_rows(database, folded), count);
    free(folded);
}

/* ---- Items ---- */

static void audit_none(sqlite3 *database, const char *what, const char *sql) {
    const int64_t number = audit_number(database, sql);

    if (number != -1)
        fail_msg("%s: %lld", what, (long long)number);
}

void audit_items(sqlite3 *database) {
    audit_none(database, "an inbox whose items do not add up",
               "SELECT number FROM inbox WHERE last <> "
               "(SELECT count(*) FROM item WHERE inbox = inbox.number) + "
               "(SELECT count(*) FROM acknowledged WHERE inbox = inbox.number)");
    audit_none(database, "an item that is both owed and acknowledged",
               "SELECT item.number FROM item JOIN acknowledged USING (inbox, item)");
    audit_none(database, "a journey with two items on their way to one inbox",
               "SELECT journey FROM item WHERE state IN (1, 2, 3) GROUP BY inbox, journey "
               "HAVING count(*) > 1");
    audit_none(database, "an item of another journey than its event",
               "SELECT item.number FROM item JOIN event ON event.seq = item.event "
               "WHERE max(item.journey, 0) <> ifnull(event.journey, 0)"); /* below: lanes */
    audit_none(database, "a journey whose next item nobody sends",
               "SELECT journey FROM item GROUP BY inbox, journey "
               "HAVING sum(state IN (1, 2, 3)) = 0 AND sum(state = 0) > 0");
    audit_none(database, "an item that was never said to be acknowledged",
               "SELECT acknowledged.seq FROM acknowledged LEFT JOIN event "
               "ON event.seq = acknowledged.seq WHERE type IS NULL OR type NOT IN (7, 18, 25)");
}

void audit_all(const char *folder, int64_t seq, const uint8_t head[32]) {
    sqlite3 *database = audit_open(folder);

    audit_chain(database, seq, head);
    audit_fold(database);
    audit_items(database);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}
