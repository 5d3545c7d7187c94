/* The guarantees, read from what lies on the disk. */
#include "guarantees.h"

#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "tests/unit/ledger_audit.h"
#include "wire/wire.h"

#define JOURNEYS_MAX 512

/* What the events say of one journey, told with nothing of the broker's own folding. */
struct told {
    bool opened, closed;
    bool closing;
    char holder[HV_CODE_SIZE]; /* the organisation */
    char begeleider[HV_PERSON_SIZE];
    char closing_by[HV_PERSON_SIZE];
    bool agreed;    /* a second person did, in the event before */
    hv_time due_ms; /* the least of what runs since the newest event that says so; 0: nothing */
};

static void tell_opened(struct told *told, const struct hv_event *event, int64_t seq) {
    const bool reopens = event->has_reopens && event->reopens;

    if (told->opened != reopens || (reopens && !told->closed))
        fuzz_fail("event %lld opens a journey that is open, or reopens one that is not closed",
                  (long long)seq);
    if (reopens && strcmp(told->holder, event->organisation) != 0)
        fuzz_fail("H2: event %lld: a journey is reopened by another than its last holder",
                  (long long)seq);
    *told = (struct told){.opened = true};
    memcpy(told->holder, event->organisation, sizeof told->holder);
    memcpy(told->begeleider, event->begeleider, sizeof told->begeleider);
}

static bool needs_second_person(const struct hv_event *event) {
    switch (event->outcome) {
    case HV_OUTCOME_DECEASED:
    case HV_OUTCOME_ENTERED_IN_ERROR:
        return false;
    case HV_OUTCOME_HELPED:
    case HV_OUTCOME_OWN_SOLUTION:
    case HV_OUTCOME_MOVED:
        return !event->has_talked;
    case HV_OUTCOME_NO_RESPONSE:
    case HV_OUTCOME_REFUSED_BY_RESIDENT:
    case HV_OUTCOME_NO_SOLUTION:
        return true;
    }
    return true;
}

static void tell_closed(struct told *told, const struct hv_event *event, int64_t seq) {
    if (!event->has_begeleider || !event->begeleider[0] || !event->has_outcome)
        fuzz_fail("H3: event %lld closes and names nobody", (long long)seq);
    if (!told->agreed && needs_second_person(event))
        fuzz_fail("H3: event %lld closes, and no second person agreed", (long long)seq);
    if (told->agreed && strcmp(event->begeleider, told->closing_by) != 0)
        fuzz_fail("H3: event %lld closes in another's name", (long long)seq);
    told->closed = true;
    told->closing = false;
}

static void tell_settled(struct told *told, const struct hv_event *event, int64_t seq) {
    if (!told->closing)
        fuzz_fail("H3: event %lld settles what is not closing", (long long)seq);
    if (!event->has_person || (strcmp(event->organisation, told->holder) == 0 &&
                               strcmp(event->person, told->closing_by) == 0))
        fuzz_fail("H3: event %lld: who closed agrees with themselves", (long long)seq);
    told->agreed = event->agree;
    told->closing = event->agree;
}

/* T1: what runs is said by the events themselves, and while the journey is open something does. */
static void tell_runs(struct told *told, const struct hv_event *event, int64_t seq) {
    if (event->has_runs) {
        told->due_ms = 0;
        for (size_t i = 0; i < event->runs.count; i++) {
            const hv_time due_ms = event->runs.items[i].due;
            if (due_ms <= 0)
                fuzz_fail("T1: event %lld: a phase is never due", (long long)seq);
            if (!told->due_ms || due_ms < told->due_ms)
                told->due_ms = due_ms;
        }
    }
    if (told->closed != (told->due_ms == 0))
        fuzz_fail("T1: after event %lld %s", (long long)seq,
                  told->closed ? "a closed journey waits" : "an open journey waits for nothing");
}

static void tell(struct told *told, const struct hv_event *event, int64_t seq) {
    if (event->event != HV_EVENT_OPENED && !told->opened)
        fuzz_fail("event %lld comes before its journey was opened", (long long)seq);
    switch ((int)event->event) {
    case HV_EVENT_OPENED:
        tell_opened(told, event, seq);
        break;
    case HV_EVENT_REASSIGNED:
        if (told->closed || strcmp(event->organisation, told->holder) != 0)
            fuzz_fail("H2: event %lld: another than the holder reassigns", (long long)seq);
        memcpy(told->begeleider, event->begeleider, sizeof told->begeleider);
        break;
    case HV_EVENT_CONFIRMED:
        if (told->closed || !event->has_holder)
            fuzz_fail("H2: event %lld moves what is closed, or to nobody", (long long)seq);
        if (strcmp(event->organisation, event->holder.organisation) != 0)
            fuzz_fail("H2: event %lld: another than the receiver confirms", (long long)seq);
        memcpy(told->holder, event->holder.organisation, sizeof told->holder);
        memcpy(told->begeleider, event->holder.begeleider, sizeof told->begeleider);
        break;
    case HV_EVENT_CLOSING:
        told->closing = true;
        memcpy(told->closing_by, event->begeleider, sizeof told->closing_by);
        break;
    case HV_EVENT_SETTLED:
        tell_settled(told, event, seq);
        break;
    case HV_EVENT_CLOSED:
        tell_closed(told, event, seq);
        break;
    default:
        break;
    }
    tell_runs(told, event, seq);
}

/* ---- On the disk ---- */

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        fuzz_fail("%s: %s", sql, sqlite3_errmsg(database));
    return statement;
}

static struct told *told_of(struct told *journeys, int64_t number) {
    if (number < 1 || number >= JOURNEYS_MAX)
        fuzz_fail("journey %lld: there are not so many", (long long)number);
    return &journeys[number];
}

static void tell_all(sqlite3 *database, struct told *journeys) {
    sqlite3_stmt *statement =
        prepare(database, "SELECT event.seq, journey, payload FROM event JOIN payload USING (seq) "
                          "WHERE journey IS NOT NULL AND journey > 0 ORDER BY event.seq");

    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct hv_event event;
        msgpack_zone zone;
        const int64_t seq = sqlite3_column_int64(statement, 0);
        if (!msgpack_zone_init(&zone, 1024))
            fuzz_fail("out of memory");
        if (wire_decode_struct(sqlite3_column_blob(statement, 2),
                               (size_t)sqlite3_column_bytes(statement, 2), &wire_struct_event,
                               &zone, &event) < 0)
            fuzz_fail("event %lld cannot be read", (long long)seq);
        tell(told_of(journeys, sqlite3_column_int64(statement, 1)), &event, seq);
        msgpack_zone_destroy(&zone);
    }
    sqlite3_finalize(statement);
}

static void expect_held(sqlite3 *database, struct told *journeys) {
    sqlite3_stmt *statement =
        prepare(database, "SELECT number, state, organisation, begeleider, due FROM journey");

    while (sqlite3_step(statement) == SQLITE_ROW) {
        const int64_t number = sqlite3_column_int64(statement, 0);
        const struct told *told = told_of(journeys, number);
        const int64_t state = told->closed    ? HV_JOURNEY_CLOSED
                              : told->closing ? HV_JOURNEY_CLOSING
                                              : HV_JOURNEY_OPEN;
        const char *organisation = (const char *)sqlite3_column_text(statement, 2);
        const char *begeleider = (const char *)sqlite3_column_text(statement, 3);
        if (sqlite3_column_int64(statement, 1) != state)
            fuzz_fail("journey %lld is not in the state that its events say", (long long)number);
        if (!organisation || !begeleider || !organisation[0] || !begeleider[0])
            fuzz_fail("H1: nobody holds journey %lld", (long long)number);
        if (strcmp(organisation, told->holder) != 0 || strcmp(begeleider, told->begeleider) != 0)
            fuzz_fail("H1: %s, %s holds journey %lld, and the events say %s, %s", organisation,
                      begeleider, (long long)number, told->holder, told->begeleider);
        if (sqlite3_column_int64(statement, 4) != told->due_ms)
            fuzz_fail("T1: journey %lld is due at %lld, and the events say %lld", (long long)number,
                      (long long)sqlite3_column_int64(statement, 4), (long long)told->due_ms);
    }
    sqlite3_finalize(statement);
}

#define STEPS_MAX 256 /* in one turn */

/* T1: the last turn has taken every step that was due, or as many as one turn takes. */
static void expect_taken(sqlite3 *database) {
    const int64_t late = audit_number(
        database, "SELECT count(*) FROM journey JOIN clock WHERE state < 3 AND due <= clock.now");
    const int64_t taken =
        audit_number(database, "SELECT count(*) FROM event JOIN clock WHERE at = clock.now AND "
                               "type IN (22, 23, 24, 35)");

    if (late > 0 && taken < STEPS_MAX)
        fuzz_fail("T1: %lld journeys are due, and the last turn took %lld steps", (long long)late,
                  (long long)taken);
}

void guarantees_expect(const char *state, int64_t seq, const uint8_t head[32], int64_t seq_done) {
    struct told *journeys = calloc(JOURNEYS_MAX, sizeof *journeys);

    if (!journeys)
        fuzz_fail("out of memory");
    if (seq_done > seq)
        fuzz_fail("D1: an answer names event %lld, and the last one is %lld", (long long)seq_done,
                  (long long)seq);
    audit_all(state, seq, head);
    sqlite3 *database = audit_open(state);
    tell_all(database, journeys);
    expect_held(database, journeys);
    expect_taken(database);
    (void)sqlite3_close(database);
    free(journeys);
}
