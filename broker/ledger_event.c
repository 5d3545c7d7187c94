/* The chain of events: appending, finding by command, reading back, folding. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "broker/journal.h"
#include "broker/ledger.h"
#include "broker/ledger_sql.h"
#include "wire/wire.h"

/* What one answer may carry of a history: a page of a thousand common events, not of long ones. */
#define HISTORY_BYTES_MAX ((size_t)256 << 10)

static void put_be64(uint8_t *bytes, uint64_t value) {
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

void ledger_commit_to(const uint8_t salt[LEDGER_SALT_SIZE], const void *payload, size_t size,
                      uint8_t ret_commitment[32]) {
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, 32);
    (void)crypto_generichash_update(&state, salt, LEDGER_SALT_SIZE);
    (void)crypto_generichash_update(&state, payload, size);
    (void)crypto_generichash_final(&state, ret_commitment, 32);
}

void ledger_chain(uint8_t head[32], int64_t seq, hv_time at_ms, int type,
                  const uint8_t commitment[32]) {
    crypto_generichash_state state;
    uint8_t numbers[24];

    put_be64(numbers, (uint64_t)seq);
    put_be64(numbers + 8, (uint64_t)at_ms);
    put_be64(numbers + 16, (uint64_t)type);
    (void)crypto_generichash_init(&state, NULL, 0, 32);
    (void)crypto_generichash_update(&state, head, 32);
    (void)crypto_generichash_update(&state, numbers, sizeof numbers);
    (void)crypto_generichash_update(&state, commitment, 32);
    (void)crypto_generichash_final(&state, head, 32);
}

int64_t ledger_event_append(struct ledger *ledger, const struct hv_event *event, hv_time at_ms,
                            int64_t journey_row, int64_t handover_row, struct ledger_cause cause) {
    uint8_t salt[LEDGER_SALT_SIZE];
    uint8_t commitment[32];
    msgpack_sbuffer *payload = &ledger->payload;

    if (ledger->error)
        return 0;
    assert(!event->has_seq && !event->has_at); /* those are the chain's own */
    msgpack_sbuffer_clear(payload);
    if (wire_encode_struct(&wire_struct_event, event, payload) < 0) {
        ledger->error = -ENOMEM;
        return 0;
    }
    const int64_t seq = ledger->seq + 1;
    ledger->world->random(ledger->world->context, salt, sizeof salt);
    ledger_commit_to(salt, payload->data, payload->size, commitment);
    ledger_chain(ledger->head, seq, at_ms, (int)event->event, commitment);

    struct sql *sql = sql_write(
        ledger, "INSERT INTO event (seq, at, type, journey, handover, first, command, "
                "commitment, hash) VALUES (?, ?, ?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?)");
    sql_int(sql, seq);
    sql_int(sql, at_ms);
    sql_int(sql, (int64_t)event->event);
    sql_int(sql, journey_row);
    sql_int(sql, handover_row);
    sql_int(sql, cause.first ? cause.first : seq);
    sql_bytes(sql, cause.has_command ? cause.command : NULL, sizeof cause.command);
    sql_bytes(sql, commitment, sizeof commitment);
    sql_bytes(sql, ledger->head, sizeof ledger->head);
    sql_run(sql);

    sql = sql_write(ledger, "INSERT INTO payload (seq, salt, payload) VALUES (?, ?, ?)");
    sql_int(sql, seq);
    sql_bytes(sql, salt, sizeof salt);
    sql_bytes(sql, payload->data, payload->size);
    sql_run(sql);

    if (ledger->error)
        return 0; /* seq and head go back with the turn */
    ledger->seq = seq;
    return seq;
}

bool ledger_event_hash(struct ledger *ledger, int64_t seq, uint8_t ret_hash[32]) {
    struct sql *sql = sql_begin(ledger, "SELECT hash FROM event WHERE seq = ?");

    sql_int(sql, seq);
    if (!sql_row(sql))
        return false;
    column_bytes(sql, "hash", ret_hash, 32);
    sql_end(sql);
    return true;
}

int64_t ledger_command_find(struct ledger *ledger, int64_t journey_row, const uint8_t command[16]) {
    struct sql *sql = sql_begin(ledger, "SELECT seq FROM event WHERE journey = ? AND command = ?");

    sql_int(sql, journey_row);
    sql_bytes(sql, command, 16);
    return sql_number(sql, 0);
}

int64_t ledger_network_command_find(struct ledger *ledger, const uint8_t command[16]) {
    struct sql *sql =
        sql_begin(ledger, "SELECT seq FROM event WHERE journey IS NULL AND command = ? LIMIT 1");

    sql_bytes(sql, command, 16);
    return sql_number(sql, 0);
}

int64_t ledger_event_first(struct ledger *ledger, int64_t seq) {
    struct sql *sql = sql_begin(ledger, "SELECT first FROM event WHERE seq = ?");

    sql_int(sql, seq);
    return sql_number(sql, 0);
}

enum hv_event_name ledger_event_name(struct ledger *ledger, int64_t seq) {
    struct sql *sql = sql_begin(ledger, "SELECT type FROM event WHERE seq = ?");

    sql_int(sql, seq);
    return (enum hv_event_name)sql_number(sql, 0);
}

int64_t ledger_event_newest(struct ledger *ledger, int64_t journey_row, enum hv_event_name name) {
    struct sql *sql = sql_begin(
        ledger, "SELECT seq FROM event WHERE journey = ? AND type = ? ORDER BY seq DESC LIMIT 1");

    sql_int(sql, journey_row);
    sql_int(sql, (int64_t)name);
    return sql_number(sql, 0);
}

int64_t ledger_supplement_find(struct ledger *ledger, const struct handover *handover,
                               int64_t number) {
    struct sql *sql =
        sql_begin(ledger, "SELECT seq FROM event WHERE journey = ? AND handover = ? AND type = ? "
                          "ORDER BY seq LIMIT 1 OFFSET ?");

    sql_int(sql, handover->journey_row);
    sql_int(sql, handover->row);
    sql_int(sql, (int64_t)HV_EVENT_SUPPLEMENTED);
    sql_int(sql, number - 1);
    return sql_number(sql, 0);
}

/* All that is left of an event that cannot be read back as we wrote it: what happened, and of what.
 * It ends nothing: whoever it is for sees that it is there, and the ladders ring on. */
static void event_damaged(struct sql *sql, struct hv_event *ret_event) {
    const int64_t seq = column_int(sql, "seq");
    struct sql *of =
        sql_begin(sql->ledger, "SELECT journey.id AS journey_id, handover.id AS handover_id "
                               "FROM event JOIN journey ON journey.number = event.journey "
                               "LEFT JOIN handover ON handover.number = event.handover "
                               "WHERE seq = ?");

    memset(ret_event, 0, sizeof *ret_event);
    ret_event->event = (enum hv_event_name)column_int(sql, "type");
    sql_int(of, seq);
    if (sql_row(of)) {
        ret_event->has_journey = true;
        column_bytes(of, "journey_id", ret_event->journey.bytes, sizeof ret_event->journey.bytes);
        ret_event->has_handover = !column_is_null(of, "handover_id");
        column_bytes(of, "handover_id", ret_event->handover.bytes,
                     sizeof ret_event->handover.bytes);
        sql_end(of);
    }
    journal_say(JOURNAL_LEDGER_DIFFERS, NULL,
                "the ledger is damaged: what event %lld says cannot be read, and goes out without; "
                "look at the disk, and `houvast verify`",
                (long long)seq);
}

/* Whether that is all that it says: who said it, or what runs since then, is always there else. */
static bool is_bare(const struct hv_event *event) {
    return !event->has_organisation && !event->has_runs;
}

static bool event_of_row(struct sql *sql, msgpack_zone *zone, struct hv_event *ret_event) {
    size_t size = 0;
    const void *payload = column_blob(sql, "payload", &size);
    const int rc = wire_decode_struct(payload, size, &wire_struct_event, zone, ret_event);

    if (rc == -ENOMEM) {
        ledger_fail(sql->ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    if (rc < 0)
        event_damaged(sql, ret_event);
    ret_event->has_seq = true;
    ret_event->seq = column_int(sql, "seq");
    ret_event->has_at = true;
    ret_event->at = column_int(sql, "at");
    return true;
}

bool ledger_event_get(struct ledger *ledger, int64_t seq, msgpack_zone *zone,
                      struct hv_event *ret_event) {
    struct sql *sql = sql_begin(ledger, "SELECT event.seq AS seq, at, type, payload FROM event "
                                        "JOIN payload ON payload.seq = event.seq "
                                        "WHERE event.seq = ?");
    bool found = false;

    sql_int(sql, seq);
    if (sql_row(sql)) {
        found = event_of_row(sql, zone, ret_event);
        sql_end(sql);
    }
    return found;
}

size_t ledger_history(struct ledger *ledger, int64_t journey_row, int64_t after, size_t limit,
                      const char *only_party, msgpack_zone *zone, struct hv_event *ret_events,
                      bool *ret_more) {
    size_t count = 0;
    size_t bytes = 0;
    size_t size = 0;
    struct sql *sql =
        only_party ? sql_begin(ledger, "SELECT event.seq AS seq, at, type, payload FROM event "
                                       "JOIN payload ON payload.seq = event.seq "
                                       "WHERE journey = ? AND event.seq > ? AND handover IN "
                                       "(SELECT number FROM handover "
                                       " WHERE journey = ? AND (sender = ? OR receiver = ?)) "
                                       "ORDER BY event.seq")
                   : sql_begin(ledger, "SELECT event.seq AS seq, at, type, payload FROM event "
                                       "JOIN payload ON payload.seq = event.seq "
                                       "WHERE journey = ? AND event.seq > ? ORDER BY event.seq");
    sql_int(sql, journey_row);
    sql_int(sql, after);
    if (only_party) {
        sql_int(sql, journey_row);
        sql_text(sql, only_party);
        sql_text(sql, only_party);
    }
    *ret_more = false;
    while (sql_row(sql)) {
        (void)column_blob(sql, "payload", &size);
        bytes += size;
        if (count == limit || (count > 0 && bytes > HISTORY_BYTES_MAX)) {
            *ret_more = true;
            sql_end(sql);
            break;
        }
        if (!event_of_row(sql, zone, &ret_events[count])) {
            sql_end(sql);
            break;
        }
        count++;
    }
    return count;
}

/* Most of them that one answer shows. */
#define TOLD_MAX 32

size_t ledger_told(struct ledger *ledger, int64_t journey_row, int64_t handover_row,
                   msgpack_zone *zone, const struct hv_told **ret_told) {
    struct hv_told *told = msgpack_zone_malloc(zone, TOLD_MAX * sizeof *told);
    struct hv_event event;
    size_t count = 0;

    *ret_told = told;
    if (!told) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return 0;
    }
    struct sql *sql = sql_begin(ledger, "SELECT event.seq AS seq, at, type, payload FROM event "
                                        "JOIN payload ON payload.seq = event.seq WHERE journey = ? "
                                        "AND type = ? AND (? = 0 OR handover = ?) "
                                        "ORDER BY event.seq DESC LIMIT ?");
    sql_int(sql, journey_row);
    sql_int(sql, (int64_t)HV_EVENT_TOLD);
    sql_int(sql, handover_row);
    sql_int(sql, handover_row);
    sql_int(sql, TOLD_MAX);
    while (sql_row(sql)) {
        if (!event_of_row(sql, zone, &event)) {
            sql_end(sql);
            break;
        }
        if (is_bare(&event))
            continue;
        copy_text(told[count].organisation, event.organisation);
        told[count].role = event.role;
        told[count++].at = event.at;
    }
    return count;
}

int64_t ledger_claim_newest(struct ledger *ledger, int64_t journey_row, const char *organisation,
                            bool of_network, msgpack_zone *zone) {
    struct hv_event event;
    struct sql *sql = sql_begin(ledger, "SELECT event.seq AS seq, at, type, payload FROM event "
                                        "JOIN payload ON payload.seq = event.seq WHERE journey = ? "
                                        "AND type = ? ORDER BY event.seq DESC");

    sql_int(sql, journey_row);
    sql_int(sql, (int64_t)HV_EVENT_CLAIMED);
    while (sql_row(sql)) {
        const bool read = event_of_row(sql, zone, &event);
        if (read &&
            (event.of_network != of_network || strcmp(event.organisation, organisation) != 0))
            continue;
        sql_end(sql);
        return read ? event.seq : 0;
    }
    return 0;
}

bool ledger_is_party(struct ledger *ledger, int64_t journey_row, const char *organisation) {
    struct sql *sql = sql_begin(ledger, "SELECT 1 FROM handover WHERE journey = ? AND "
                                        "(sender = ? OR receiver = ?) LIMIT 1");

    sql_int(sql, journey_row);
    sql_text(sql, organisation);
    sql_text(sql, organisation);
    return sql_number(sql, 0) != 0;
}

bool ledger_journey_then(struct ledger *ledger, int64_t journey_row, int64_t first,
                         msgpack_zone *zone, struct journey *ret_journey) {
    struct hv_event event;
    bool found = false;
    struct sql *sql = sql_begin(ledger, "SELECT event.seq AS seq, at, type, payload FROM event "
                                        "JOIN payload ON payload.seq = event.seq "
                                        "WHERE journey = ? AND first <= ? ORDER BY event.seq");

    sql_int(sql, journey_row);
    sql_int(sql, first);
    memset(ret_journey, 0, sizeof *ret_journey);
    ret_journey->row = journey_row;
    while (sql_row(sql)) {
        if (!event_of_row(sql, zone, &event)) {
            sql_end(sql);
            return false;
        }
        if (is_bare(&event) || !journey_may_fold(ret_journey, &event))
            continue; /* it is damaged */
        journey_fold(ret_journey, &event, event.at);
        found = true;
    }
    return found && !ledger->error;
}
