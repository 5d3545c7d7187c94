/* Long virtual time for a broker in a test. */
#include "broker_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "ledger_audit.h"
#include "ledger_verify.h"

void time_hurry(struct broker_world *world) {
    time_change(world, "PRAGMA synchronous = OFF");
}

void time_restart(struct broker_world *world) {
    world_stop(world);
    world_start(world);
    time_hurry(world);
    world_settle(world);
}

int64_t time_run(struct broker_world *world, int64_t ms) {
    int64_t woken = 0;

    while (ms > 0) {
        const int64_t wait_ms = broker_wait_ms(world->broker);
        const int64_t step_ms = wait_ms < 0 || wait_ms > ms ? ms : wait_ms;
        fake_world_pass(&world->fake, step_ms);
        world_turn(world);
        ms -= step_ms;
        woken++;
    }
    world_settle(world);
    return woken;
}

void time_run_until(struct broker_world *world, hv_time until_ms) {
    assert_true(until_ms >= world->fake.wall_ms);
    (void)time_run(world, until_ms - world->fake.wall_ms);
}

void time_forget_peers(struct broker_world *world) {
    world_forget(world);
    for (size_t i = 0; i < world->peer_count; i++)
        free(world->peers[i].heard);
    world->peer_count = 0;
}

int64_t time_number(struct broker_world *world, const char *sql) {
    return audit_number(world->broker->ledger->database, sql);
}

void time_change(struct broker_world *world, const char *sql) {
    assert_int_equal(audit_run(world->broker->ledger->database, sql), SQLITE_OK);
}

/* ---- Steps ---- */

static void read_step(sqlite3_stmt *statement, struct step *ret_step) {
    struct hv_event event;
    msgpack_zone zone;

    assert_true(msgpack_zone_init(&zone, 1024));
    assert_int_equal(wire_decode_struct(sqlite3_column_blob(statement, 2),
                                        (size_t)sqlite3_column_bytes(statement, 2),
                                        &wire_struct_event, &zone, &event),
                     0);
    *ret_step = (struct step){
        .seq = sqlite3_column_int64(statement, 0),
        .at_ms = sqlite3_column_int64(statement, 1),
        .journey = event.journey.bytes[15],
        .event = event.event,
        .phase = event.phase,
        .number = event.step,
        .due_ms = event.due,
        .reached = !event.has_reached || event.reached,
        .rested = event.has_rested && event.rested,
    };
    msgpack_zone_destroy(&zone);
}

struct step *time_steps(struct broker_world *world, int64_t after, size_t *ret_count) {
    sqlite3 *database = world->broker->ledger->database;
    sqlite3_stmt *statement = NULL;
    size_t capacity = 64;
    struct step *steps = calloc(capacity, sizeof *steps);
    size_t count = 0;

    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT event.seq, at, payload FROM event JOIN payload "
                                        "USING (seq) WHERE type IN (22, 23, 24) AND seq > ? "
                                        "ORDER BY seq",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(statement, 1, after);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        if (count == capacity) {
            capacity *= 2;
            steps = reallocarray(steps, capacity, sizeof *steps);
        }
        assert_non_null(steps);
        read_step(statement, &steps[count++]);
    }
    sqlite3_finalize(statement);
    *ret_count = count;
    return steps;
}

void steps_expect(struct broker_world *world, int64_t after, hv_time since_ms,
                  const char *const *expected, size_t count) {
    size_t got_count = 0;
    struct step *steps = time_steps(world, after, &got_count);
    char got[128];

    for (size_t i = 0; i < count; i++) {
        if (i == got_count)
            fail_msg("expected `%s`, got nothing more", expected[i]);
        snprintf(got, sizeof got, "%s %d after %lld min",
                 wire_word_text(&wire_vocabulary_phase, (int)steps[i].phase), (int)steps[i].number,
                 (long long)((steps[i].at_ms - since_ms) / MINUTE_MS));
        if (strcmp(got, expected[i]) != 0)
            fail_msg("step %zu: expected `%s`, got `%s`", i + 1, expected[i], got);
    }
    if (got_count > count)
        fail_msg("%zu steps more than expected", got_count - count);
    free(steps);
}

struct journey time_journey(struct broker_world *world, uint8_t number) {
    const struct hv_uuid id = sample_uuid(number);
    struct journey journey;

    ledger_begin(world->broker->ledger);
    assert_true(ledger_journey_find(world->broker->ledger, &id, &journey));
    ledger_rollback(world->broker->ledger);
    return journey;
}

/* ---- Saying ---- */

struct hv_message say_open_as(uint8_t journey, enum hv_urgency urgency) {
    struct hv_message message = say_open(journey, "h.holder");

    message.open.urgency = urgency;
    return message;
}

struct hv_message say_offer_as(uint8_t journey, const char *to, enum hv_urgency urgency) {
    struct hv_message message = say_offer(journey, to, HV_KIND_COLD);

    message.offer.urgency = urgency;
    return message;
}

struct peer *time_kcc(struct broker_world *world) {
    return peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
}

hv_time time_offer(struct broker_world *world, uint8_t journey, enum hv_urgency urgency) {
    struct peer *kcc = time_kcc(world);

    (void)peer_does(kcc, say_open_as(journey, urgency));
    (void)peer_does(kcc, say_offer_as(journey, "werkse", urgency));
    return world->fake.wall_ms;
}

int64_t time_seq(struct broker_world *world) {
    return ledger_seq(world->broker->ledger);
}

void time_audit(struct broker_world *world) {
    const int64_t seq = ledger_seq(world->broker->ledger);
    uint8_t head[32];

    memcpy(head, ledger_head(world->broker->ledger), sizeof head);
    world_stop(world);
    audit_all(world->state, seq, head);
    verify_folder(world->state);
}
