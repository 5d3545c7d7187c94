/* Verifying the chain: each event's number, commitment and hash, and what it says it is about. */
#include <string.h>

#include "broker/ledger_walk.h"

/* What a column says an event is about has to be what its payload says. */
static bool is_about(struct ledger_walk *walk, struct sql *sql, int64_t row, const char *thing,
                     bool has_id, const struct hv_uuid *id, int64_t seq) {
    uint8_t stored[16];

    if (!row || !has_id) {
        sql_end(sql);
        return (row == 0) == !has_id
                   ? true
                   : walk_differ(walk, "event %lld: its %s is not that of its payload",
                                 (long long)seq, thing);
    }
    sql_int(sql, row);
    if (!sql_row(sql))
        return walk_differ(walk, "event %lld: its %s, row %lld, is missing", (long long)seq, thing,
                           (long long)row);
    column_bytes(sql, "id", stored, sizeof stored);
    sql_end(sql);
    return memcmp(stored, id->bytes, sizeof stored) == 0
               ? true
               : walk_differ(walk, "event %lld: its %s is not that of row %lld", (long long)seq,
                             thing, (long long)row);
}

static bool subject_check(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql,
                          const struct hv_event *event, int64_t seq) {
    const int64_t journey = column_int(sql, "journey");
    const int64_t handover = column_int(sql, "handover");

    if ((int64_t)event->event != column_int(sql, "type"))
        return walk_differ(walk, "event %lld: its type is not that of its payload", (long long)seq);
    return is_about(walk, sql_begin(ledger, "SELECT id FROM journey WHERE number = ?"), journey,
                    "journey", event->has_journey, &event->journey, seq) &&
           is_about(walk, sql_begin(ledger, "SELECT id FROM handover WHERE number = ?"), handover,
                    "handover", event->has_handover, &event->handover, seq);
}

/* The hash of the event in the present row, recomputed, takes the place of the one before. */
static bool hash_check(struct ledger_walk *walk, struct sql *sql, int64_t seq) {
    uint8_t salt[LEDGER_SALT_SIZE], commitment[32], stored[32];
    size_t size = 0;
    const void *payload = column_blob(sql, "payload", &size);

    if (!payload)
        return walk_differ(walk, "event %lld: its payload is missing", (long long)seq);
    column_bytes(sql, "salt", salt, sizeof salt);
    ledger_commit_to(salt, payload, size, commitment);
    column_bytes(sql, "commitment", stored, sizeof stored);
    if (memcmp(commitment, stored, sizeof stored) != 0)
        return walk_differ(walk, "event %lld: its payload is not the one that was recorded",
                           (long long)seq);
    ledger_chain(walk->result.head, seq, column_int(sql, "at"), (int)column_int(sql, "type"),
                 commitment);
    column_bytes(sql, "hash", stored, sizeof stored);
    if (memcmp(walk->result.head, stored, sizeof stored) != 0)
        return walk_differ(walk, "event %lld: its hash does not follow from the one before it",
                           (long long)seq);
    return true;
}

static bool chain_event(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql) {
    const int64_t seq = column_int(sql, "seq");
    struct hv_event event = {0};

    if (seq != walk->result.seq + 1)
        return walk_differ(walk, "event %lld is missing", (long long)walk->result.seq + 1);
    if (!hash_check(walk, sql, seq) || !walk_payload(walk, sql, seq, &event) ||
        !subject_check(ledger, walk, sql, &event, seq))
        return false;
    walk->result.seq = seq;
    walk->result.events++;
    return true;
}

/* Nothing before the first event, and no payload behind the last. */
static bool events_have_no_strays(struct ledger *ledger, struct ledger_walk *walk) {
    const int64_t event = sql_number(
        sql_begin(ledger, "SELECT seq FROM event WHERE seq < 1 ORDER BY seq LIMIT 1"), 1);
    const int64_t before = sql_number(
        sql_begin(ledger, "SELECT seq FROM payload WHERE seq < 1 ORDER BY seq LIMIT 1"), 1);
    struct sql *sql =
        sql_begin(ledger, "SELECT seq FROM payload WHERE seq > ? ORDER BY seq LIMIT 1");

    sql_int(sql, ledger_seq(ledger));
    const int64_t behind = sql_number(sql, 1);
    walk_spend(walk, 1);
    if (event != 1)
        return walk_differ(walk, "event %lld has no place in the chain", (long long)event);
    if (before != 1 || behind != 1)
        return walk_differ(walk, "payload %lld belongs to no event",
                           (long long)(before != 1 ? before : behind));
    return true;
}

bool walk_chain(struct ledger *ledger, struct ledger_walk *walk) {
    struct sql *sql =
        sql_begin(ledger, "SELECT event.seq AS seq, at, type, event.journey AS journey, "
                          "event.handover AS handover, commitment, hash, salt, payload FROM event "
                          "LEFT JOIN payload ON payload.seq = event.seq "
                          "WHERE event.seq > ? AND event.seq <= ? ORDER BY event.seq LIMIT ?");
    size_t count = 0;
    bool goes_on = true;

    sql_int(sql, walk->result.seq);
    sql_int(sql, walk->until);
    sql_int(sql, (int64_t)walk->budget);
    while (goes_on && sql_row(sql)) {
        count++;
        goes_on = chain_event(ledger, walk, sql);
        if (!goes_on)
            sql_end(sql);
    }
    walk_spend(walk, count + 1);
    if (!goes_on || ledger->error)
        return false;
    if (count == 0 && walk->result.seq < walk->until)
        return walk_differ(walk, "event %lld is missing", (long long)walk->result.seq + 1);
    if (walk->result.seq < walk->until)
        return false;
    if (memcmp(walk->result.head, walk->until_head, 32) != 0)
        return walk_differ(walk, "event %lld: its hash is not the one that the broker began with",
                           (long long)walk->until);
    return events_have_no_strays(ledger, walk);
}
