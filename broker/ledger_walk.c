/* Verifying: the chain recomputed event by event, then every row against the fold of its events.
 *
 *   chain      each event: its number, commitment, hash, and what it says it is about
 *   strays     rows that belong to no event and to no journey
 *   journeys   each journey: its events folded, compared with its row and those of its handovers
 *
 * Events that are recorded meanwhile are this process's own: the chain ends where it ended at the
 * first step, and a journey is folded as far as it has come when it is compared. A journey that
 * grew by more than a step folds, turn after turn, would hold the walk up: that takes thousands of
 * commands in a second on one journey, which commands_per_second is there for. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"
#include "broker/receipt.h"
#include "wire/wire.h"

/* A step ends after so many ms, however few events a slow disk gave. */
#define STEP_MS 10
/* Handovers of one journey folded in one pass over its events: more take more passes. */
#define HANDOVERS_MAX    256
#define ZONE_CHUNK_BYTES 8192

enum walk_stage {
    STAGE_BEGIN,
    STAGE_CHAIN,
    STAGE_STRAYS,
    STAGE_JOURNEYS,
};

/* One journey while it is folded. */
struct walk_journey {
    int64_t row; /* 0: none is in hand */
    int64_t seq; /* of the event folded last; 0: none yet */
    struct journey fold;
    size_t handover_count;
    struct handover handovers[HANDOVERS_MAX]; /* in the order of their rows */
};

struct ledger_walk {
    enum walk_stage stage;
    size_t budget; /* events left in this step */
    int64_t step_began_ms;
    bool differs;
    struct ledger_walk_result result;
    uint8_t until_head[32]; /* what the head was at the first step */
    int64_t until;          /* and its number */
    int64_t journey_last, handover_last;
    int64_t journey_row;  /* the last one that was compared */
    int64_t handover_row; /* the last one that was looked at for a stray */
    msgpack_zone zone;
    struct walk_journey journey;
};

struct ledger_walk *ledger_walk_new(void) {
    struct ledger_walk *walk = calloc(1, sizeof *walk);

    if (walk && !msgpack_zone_init(&walk->zone, ZONE_CHUNK_BYTES)) {
        free(walk);
        return NULL;
    }
    return walk;
}

void ledger_walk_free(struct ledger_walk *walk) {
    if (!walk)
        return;
    msgpack_zone_destroy(&walk->zone);
    free(walk);
}

const struct ledger_walk_result *ledger_walk_result(const struct ledger_walk *walk) {
    return &walk->result;
}

/* The first difference stands. */
__attribute__((format(printf, 2, 3))) static bool differ(struct ledger_walk *walk,
                                                         const char *format, ...) {
    va_list arguments;

    if (!walk->differs) {
        va_start(arguments, format);
        (void)vsnprintf(walk->result.finding, sizeof walk->result.finding, format, arguments);
        va_end(arguments);
    }
    walk->differs = true;
    return false;
}

static void spend(struct ledger_walk *walk, size_t work) {
    walk->budget = walk->budget > work ? walk->budget - work : 0;
}

/* ---- Payloads ---- */

/* The event of the present row, out of its payload. */
static bool payload_read(struct ledger_walk *walk, struct sql *sql, int64_t seq,
                         struct hv_event *ret_event) {
    size_t size = 0;
    const void *payload = column_blob(sql, "payload", &size);

    msgpack_zone_clear(&walk->zone);
    const int rc =
        payload ? wire_decode_struct(payload, size, &wire_struct_event, &walk->zone, ret_event)
                : -EBADMSG;
    if (rc == -ENOMEM)
        ledger_fail(sql->ledger, SQLITE_NOMEM, __FILE__, __LINE__);
    else if (rc < 0)
        return differ(walk, "event %lld: its payload is no event", (long long)seq);
    return rc == 0;
}

/* ---- The chain ---- */

/* What a column says an event is about has to be what its payload says. */
static bool is_about(struct ledger_walk *walk, struct sql *sql, int64_t row, const char *thing,
                     bool has_id, const struct hv_uuid *id, int64_t seq) {
    uint8_t stored[16];

    if (!row || !has_id) {
        sql_end(sql);
        return (row == 0) == !has_id ? true
                                     : differ(walk, "event %lld: its %s is not that of its payload",
                                              (long long)seq, thing);
    }
    sql_int(sql, row);
    if (!sql_row(sql))
        return differ(walk, "event %lld: its %s, row %lld, is missing", (long long)seq, thing,
                      (long long)row);
    column_bytes(sql, "id", stored, sizeof stored);
    sql_end(sql);
    return memcmp(stored, id->bytes, sizeof stored) == 0
               ? true
               : differ(walk, "event %lld: its %s is not that of row %lld", (long long)seq, thing,
                        (long long)row);
}

static bool subject_check(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql,
                          const struct hv_event *event, int64_t seq) {
    const int64_t journey = column_int(sql, "journey");
    const int64_t handover = column_int(sql, "handover");

    if ((int64_t)event->event != column_int(sql, "type"))
        return differ(walk, "event %lld: its type is not that of its payload", (long long)seq);
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
        return differ(walk, "event %lld: its payload is missing", (long long)seq);
    column_bytes(sql, "salt", salt, sizeof salt);
    ledger_commit_to(salt, payload, size, commitment);
    column_bytes(sql, "commitment", stored, sizeof stored);
    if (memcmp(commitment, stored, sizeof stored) != 0)
        return differ(walk, "event %lld: its payload is not the one that was recorded",
                      (long long)seq);
    ledger_chain(walk->result.head, seq, column_int(sql, "at"), (int)column_int(sql, "type"),
                 commitment);
    column_bytes(sql, "hash", stored, sizeof stored);
    if (memcmp(walk->result.head, stored, sizeof stored) != 0)
        return differ(walk, "event %lld: its hash does not follow from the one before it",
                      (long long)seq);
    return true;
}

static bool chain_event(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql) {
    const int64_t seq = column_int(sql, "seq");
    struct hv_event event = {0};

    if (seq != walk->result.seq + 1)
        return differ(walk, "event %lld is missing", (long long)walk->result.seq + 1);
    if (!hash_check(walk, sql, seq) || !payload_read(walk, sql, seq, &event) ||
        !subject_check(ledger, walk, sql, &event, seq))
        return false;
    walk->result.seq = seq;
    walk->result.events++;
    return true;
}

static void chain_step(struct ledger *ledger, struct ledger_walk *walk) {
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
    if (walk->differs || ledger->error)
        return;
    if (count == 0 && walk->result.seq < walk->until)
        differ(walk, "event %lld is missing", (long long)walk->result.seq + 1);
    else if (walk->result.seq == walk->until &&
             memcmp(walk->result.head, walk->until_head, 32) != 0)
        differ(walk, "event %lld: its hash is not the one that the broker began with",
               (long long)walk->until);
    else if (walk->result.seq == walk->until)
        walk->stage = STAGE_STRAYS;
    spend(walk, count + 1);
}

/* ---- Strays ---- */

static bool events_have_no_strays(struct ledger *ledger, struct ledger_walk *walk) {
    const int64_t event = sql_number(
        sql_begin(ledger, "SELECT seq FROM event WHERE seq < 1 ORDER BY seq LIMIT 1"), 1);
    const int64_t before = sql_number(
        sql_begin(ledger, "SELECT seq FROM payload WHERE seq < 1 ORDER BY seq LIMIT 1"), 1);
    struct sql *sql =
        sql_begin(ledger, "SELECT seq FROM payload WHERE seq > ? ORDER BY seq LIMIT 1");

    sql_int(sql, ledger_seq(ledger));
    const int64_t behind = sql_number(sql, 1);
    if (event != 1)
        return differ(walk, "event %lld has no place in the chain", (long long)event);
    if (before != 1 || behind != 1)
        return differ(walk, "payload %lld belongs to no event",
                      (long long)(before != 1 ? before : behind));
    return true;
}

/* Handovers are compared with their journeys; one without would never be. */
static void strays_step(struct ledger *ledger, struct ledger_walk *walk) {
    struct sql *sql;
    size_t count = 0;
    bool goes_on = true;

    if (walk->handover_row == 0 && !events_have_no_strays(ledger, walk))
        return;
    sql = sql_begin(ledger, "SELECT handover.number AS number, journey.number AS journey "
                            "FROM handover LEFT JOIN journey ON journey.number = handover.journey "
                            "WHERE handover.number > ? AND handover.number <= ? "
                            "ORDER BY handover.number LIMIT ?");
    sql_int(sql, walk->handover_row);
    sql_int(sql, walk->handover_last);
    sql_int(sql, (int64_t)walk->budget);
    while (goes_on && sql_row(sql)) {
        count++;
        walk->handover_row = column_int(sql, "number");
        goes_on = !column_is_null(sql, "journey");
        if (!goes_on) {
            differ(walk, "handover row %lld belongs to no journey", (long long)walk->handover_row);
            sql_end(sql);
        }
    }
    if (count < walk->budget)
        walk->stage = STAGE_JOURNEYS;
    spend(walk, count + 1);
}

/* ---- Comparing rows ---- */

/* The name of the first member that differs, or NULL. */
#define NUMBER_DIFFERS(member)                          \
    if ((int64_t)one->member != (int64_t)other->member) \
    return #member
#define TEXT_DIFFERS(member)                     \
    if (strcmp(one->member, other->member) != 0) \
    return #member
#define BYTES_DIFFER(member)                                           \
    if (memcmp(&one->member, &other->member, sizeof one->member) != 0) \
    return #member

static const char *journey_difference(const struct journey *one, const struct journey *other) {
    BYTES_DIFFER(id);
    NUMBER_DIFFERS(state);
    TEXT_DIFFERS(resident);
    TEXT_DIFFERS(holder.organisation);
    TEXT_DIFFERS(holder.begeleider);
    NUMBER_DIFFERS(urgency);
    NUMBER_DIFFERS(basis);
    NUMBER_DIFFERS(basis9);
    NUMBER_DIFFERS(opened_ms);
    NUMBER_DIFFERS(since_ms);
    NUMBER_DIFFERS(held_since_ms);
    NUMBER_DIFFERS(reassigned_on_ms);
    NUMBER_DIFFERS(outcome);
    TEXT_DIFFERS(closed_by);
    return NULL;
}

static const char *handover_difference(const struct handover *one, const struct handover *other) {
    BYTES_DIFFER(id);
    BYTES_DIFFER(journey);
    NUMBER_DIFFERS(state);
    TEXT_DIFFERS(from);
    TEXT_DIFFERS(to);
    NUMBER_DIFFERS(kind);
    NUMBER_DIFFERS(urgency);
    NUMBER_DIFFERS(disclose);
    TEXT_DIFFERS(received_by);
    TEXT_DIFFERS(picked_up_by);
    NUMBER_DIFFERS(planned_ms);
    NUMBER_DIFFERS(introduced);
    NUMBER_DIFFERS(disclosed);
    NUMBER_DIFFERS(deleted);
    NUMBER_DIFFERS(supplements);
    NUMBER_DIFFERS(has_dossier_hash);
    if (one->has_dossier_hash)
        BYTES_DIFFER(dossier_hash);
    NUMBER_DIFFERS(as);
    TEXT_DIFFERS(as_reason);
    TEXT_DIFFERS(end_holder.organisation);
    TEXT_DIFFERS(end_holder.begeleider);
    NUMBER_DIFFERS(ended_seq);
    BYTES_DIFFER(times_ms);
    return NULL;
}

/* Both sides have it: it has to say what the ledger says. */
static bool receipt_check_row(struct ledger *ledger, struct ledger_walk *walk,
                              const struct handover *handover) {
    uint8_t bytes[RECEIPT_SIZE_MAX], hash[32] = {0};
    struct receipt receipt;
    const size_t size = ledger_receipt_get(ledger, handover->row, bytes, sizeof bytes);

    if (ledger->error)
        return false;
    if (size == 0)
        return differ(walk, "handover row %lld: its receipt is missing", (long long)handover->row);
    const int rc = receipt_read(bytes, size, &receipt);
    if (rc == -ENOMEM) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    if (rc < 0 || !ledger_event_hash(ledger, receipt.seq, hash) ||
        receipt.seq != handover->ended_seq || memcmp(receipt.head, hash, sizeof hash) != 0 ||
        memcmp(&receipt.handover, &handover->id, sizeof handover->id) != 0)
        return differ(walk, "handover row %lld: its receipt is another one's, or damaged",
                      (long long)handover->row);
    return true;
}

static bool handover_compare(struct ledger *ledger, struct ledger_walk *walk,
                             const struct handover *fold) {
    struct handover row;

    if (fold->state == 0)
        return differ(walk, "handover row %lld has no event", (long long)fold->row);
    if (!ledger_handover_get(ledger, fold->row, &row))
        return ledger->error ? false
                             : differ(walk, "handover row %lld is missing", (long long)fold->row);
    const char *member = handover_difference(fold, &row);
    if (member)
        return differ(walk, "handover row %lld: %s is not what its events give",
                      (long long)fold->row, member);
    walk->result.handovers++;
    return fold->state != HV_HANDOVER_CONFIRMED || receipt_check_row(ledger, walk, fold);
}

static bool journey_compare(struct ledger *ledger, struct ledger_walk *walk) {
    const struct walk_journey *own = &walk->journey;
    struct journey row;

    if (own->seq == 0)
        return differ(walk, "journey row %lld has no event", (long long)own->row);
    if (!ledger_journey_get(ledger, own->row, &row))
        return ledger->error ? false
                             : differ(walk, "journey row %lld is missing", (long long)own->row);
    const char *member = journey_difference(&own->fold, &row);
    if (member)
        return differ(walk, "journey row %lld: %s is not what its events give", (long long)own->row,
                      member);
    for (size_t i = 0; i < own->handover_count; i++) {
        if (!handover_compare(ledger, walk, &own->handovers[i]))
            return false;
    }
    return true;
}

/* ---- Folding a journey ---- */

static int handover_order(const void *key, const void *member) {
    const int64_t row = *(const int64_t *)key;
    const struct handover *handover = member;

    return (row > handover->row) - (row < handover->row);
}

/* NULL where the event is of a handover that this pass leaves out. */
static struct handover *handover_of(struct walk_journey *own, int64_t row) {
    return bsearch(&row, own->handovers, own->handover_count, sizeof own->handovers[0],
                   handover_order);
}

static bool fold_event(struct ledger_walk *walk, const struct hv_event *event, int64_t seq,
                       hv_time at_ms, int64_t handover_row) {
    struct walk_journey *own = &walk->journey;

    if (!journey_may_fold(&own->fold, event))
        return differ(walk, "event %lld cannot come where it stands in its journey",
                      (long long)seq);
    (void)journey_fold(&own->fold, event, at_ms);
    struct handover *handover = handover_row ? handover_of(own, handover_row) : NULL;
    if (handover && !handover_may_fold(handover, event))
        return differ(walk, "event %lld cannot come where it stands in its handover",
                      (long long)seq);
    if (handover)
        (void)handover_fold(handover, event, seq, at_ms, &own->fold.holder);
    own->seq = seq;
    return true;
}

/* Folds what the budget allows; true when the journey has no more events. */
static bool fold_events(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_journey *own = &walk->journey;
    struct sql *sql =
        sql_begin(ledger, "SELECT event.seq AS seq, at, event.handover AS handover, payload "
                          "FROM event LEFT JOIN payload ON payload.seq = event.seq "
                          "WHERE event.journey = ? AND event.seq > ? ORDER BY event.seq LIMIT ?");
    const size_t limit = walk->budget;
    struct hv_event event = {0};
    size_t count = 0;
    bool goes_on = true;

    sql_int(sql, own->row);
    sql_int(sql, own->seq);
    sql_int(sql, (int64_t)limit);
    while (goes_on && sql_row(sql)) {
        const int64_t seq = column_int(sql, "seq");
        count++;
        goes_on = payload_read(walk, sql, seq, &event) &&
                  fold_event(walk, &event, seq, column_int(sql, "at"), column_int(sql, "handover"));
        if (!goes_on)
            sql_end(sql);
    }
    spend(walk, count + 1);
    return goes_on && !ledger->error && count < limit;
}

/* The next handovers of the journey, behind row `after`, and the journey as it was before its first
 * event. */
static void pass_begin(struct ledger *ledger, struct ledger_walk *walk, int64_t row,
                       int64_t after) {
    struct walk_journey *own = &walk->journey;
    struct sql *sql = sql_begin(ledger, "SELECT number FROM handover WHERE journey = ? AND "
                                        "number > ? ORDER BY number LIMIT ?");

    memset(own, 0, offsetof(struct walk_journey, handovers));
    own->row = row;
    own->fold.row = row;
    sql_int(sql, row);
    sql_int(sql, after);
    sql_int(sql, HANDOVERS_MAX);
    while (sql_row(sql)) {
        struct handover *handover = &own->handovers[own->handover_count++];
        memset(handover, 0, sizeof *handover);
        handover->row = column_int(sql, "number");
        handover->journey_row = row;
    }
}

/* False where there is none left. */
static bool journey_next(struct ledger *ledger, struct ledger_walk *walk) {
    struct sql *sql = sql_begin(ledger, "SELECT number FROM journey WHERE number > ? AND "
                                        "number <= ? ORDER BY number LIMIT 1");

    sql_int(sql, walk->journey_row);
    sql_int(sql, walk->journey_last);
    const int64_t row = sql_number(sql, 0);
    if (row)
        pass_begin(ledger, walk, row, 0);
    return row != 0;
}

/* A pass is over and has been compared: the next one, or the next journey. */
static void pass_end(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_journey *own = &walk->journey;

    spend(walk, own->handover_count);
    if (own->handover_count == HANDOVERS_MAX) {
        pass_begin(ledger, walk, own->row, own->handovers[HANDOVERS_MAX - 1].row);
        if (own->handover_count > 0)
            return;
    }
    walk->journey_row = own->row;
    own->row = 0;
    walk->result.journeys++;
}

/* True when all are done. */
static bool journeys_step(struct ledger *ledger, struct ledger_walk *walk) {
    if (walk->journey.row == 0 && !journey_next(ledger, walk))
        return !ledger->error;
    if (fold_events(ledger, walk) && journey_compare(ledger, walk))
        pass_end(ledger, walk);
    return false;
}

/* ---- Steps ---- */

static void walk_begin(struct ledger *ledger, struct ledger_walk *walk) {
    walk->until = ledger_seq(ledger);
    memcpy(walk->until_head, ledger_head(ledger), sizeof walk->until_head);
    walk->journey_last = sql_number(sql_begin(ledger, "SELECT max(number) FROM journey"), 0);
    walk->handover_last = sql_number(sql_begin(ledger, "SELECT max(number) FROM handover"), 0);
    walk->stage = STAGE_CHAIN;
}

static bool step_is_over(const struct ledger *ledger, const struct ledger_walk *walk) {
    return walk->budget == 0 || walk->differs || ledger->error ||
           ledger->world->boot_ms(ledger->world->context) - walk->step_began_ms >= STEP_MS;
}

enum ledger_walk_state ledger_walk_step(struct ledger *ledger, struct ledger_walk *walk,
                                        size_t events_max) {
    bool whole = false;

    assert(ledger->in_turn && !ledger->in_transaction && events_max > 0);
    walk->budget = events_max;
    walk->step_began_ms = ledger->world->boot_ms(ledger->world->context);
    do {
        switch (walk->stage) {
        case STAGE_BEGIN:
            walk_begin(ledger, walk);
            break;
        case STAGE_CHAIN:
            chain_step(ledger, walk);
            break;
        case STAGE_STRAYS:
            strays_step(ledger, walk);
            break;
        case STAGE_JOURNEYS:
            whole = journeys_step(ledger, walk);
            break;
        }
    } while (!whole && !step_is_over(ledger, walk));
    if (ledger->error)
        return LEDGER_WALK_GOES_ON;
    return walk->differs ? LEDGER_WALK_DIFFERS : whole ? LEDGER_WALK_WHOLE : LEDGER_WALK_GOES_ON;
}
