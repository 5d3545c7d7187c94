/* Verifying journeys: each folded from its events, and compared with its row, with those of its
 * handovers and with what they keep. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ledger_walk.h"
#include "wire/wire.h"

#define DUE_OF_BEFORE 1 /* what a migration gave to journeys without a timer */

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

static bool claim_equal(const struct hv_standing_claim *one,
                        const struct hv_standing_claim *other) {
    return strcmp(one->organisation, other->organisation) == 0 &&
           strcmp(one->person, other->person) == 0 && one->until == other->until &&
           one->has_on == other->has_on && one->on == other->on &&
           one->has_of_network == other->has_of_network && one->of_network == other->of_network;
}

static bool claims_equal(const struct claims *one, const struct claims *other) {
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        if (!claim_equal(&one->items[i], &other->items[i]))
            return false;
    }
    return true;
}

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
    NUMBER_DIFFERS(urgency_on_ms);
    NUMBER_DIFFERS(not_reached);
    NUMBER_DIFFERS(outcome);
    TEXT_DIFFERS(closed_by);
    if (!runs_equal(&one->runs, &other->runs))
        return "what it waits for";
    if (!claims_equal(&one->claims, &other->claims))
        return "who is on it";
    return NULL;
}

/* T1: an open journey is due when the first of what runs for it is. Of a ledger from before there
 * were timers it is overdue, and the next turns give it one. */
static bool due_check(struct ledger *ledger, struct ledger_walk *walk,
                      const struct journey *journey) {
    const bool is_of_before = journey->state != HV_JOURNEY_CLOSED && journey->runs.count == 0;
    const hv_time wanted_ms = is_of_before ? DUE_OF_BEFORE : runs_due(&journey->runs);
    const hv_time due_ms = ledger_journey_due_of(ledger, journey->row);

    return ledger->error ? false
           : due_ms == wanted_ms
               ? true
               : walk_differ(walk, "journey row %lld is due at %lld, and what runs for it at %lld",
                             (long long)journey->row, (long long)due_ms, (long long)wanted_ms);
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

static bool handover_compare(struct ledger *ledger, struct ledger_walk *walk,
                             const struct walk_handover *handover) {
    const struct handover *fold = &handover->fold;
    struct handover row;

    walk_spend(walk, 1);
    if (fold->state == 0)
        return walk_differ(walk, "handover row %lld has no event", (long long)fold->row);
    if (!ledger_handover_get(ledger, fold->row, &row))
        return ledger->error
                   ? false
                   : walk_differ(walk, "handover row %lld is missing", (long long)fold->row);
    const char *member = handover_difference(fold, &row);
    if (member)
        return walk_differ(walk, "handover row %lld: %s is not what its events give",
                           (long long)fold->row, member);
    walk->result.handovers++;
    return walk_dossiers_compare(ledger, walk, handover);
}

/* What it keeps can be read: where not, reading the row gives what its events say instead. */
static bool keeping_check(struct ledger *ledger, struct ledger_walk *walk, int64_t row) {
    struct sql *sql = sql_begin(ledger, "SELECT keeping FROM journey WHERE number = ? AND "
                                        "keeping IS NOT NULL");
    struct hv_keeping keeping = {0};
    size_t size = 0;
    int rc = 0;

    sql_int(sql, row);
    if (sql_row(sql)) {
        const void *bytes = column_blob(sql, "keeping", &size);
        msgpack_zone_clear(&walk->zone);
        rc = wire_decode_struct(bytes, size, &wire_struct_keeping, &walk->zone, &keeping);
        sql_end(sql);
    }
    if (rc == -ENOMEM)
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
    if (ledger->error)
        return false;
    return rc == 0 && keeping.runs.count <= RUNS_MAX && keeping.claims.count <= CLAIMS_MAX
               ? true
               : walk_differ(walk, "journey row %lld: what it keeps is damaged", (long long)row);
}

static bool journey_compare(struct ledger *ledger, struct ledger_walk *walk) {
    const struct walk_journey *own = &walk->journey;
    struct journey row;

    walk_spend(walk, 1);
    if (own->seq == 0)
        return walk_differ(walk, "journey row %lld has no event", (long long)own->row);
    if (!keeping_check(ledger, walk, own->row))
        return false;
    if (!ledger_journey_get(ledger, own->row, &row))
        return ledger->error
                   ? false
                   : walk_differ(walk, "journey row %lld is missing", (long long)own->row);
    const char *member = journey_difference(&own->fold, &row);
    if (member)
        return walk_differ(walk, "journey row %lld: %s is not what its events give",
                           (long long)own->row, member);
    return due_check(ledger, walk, &row);
}

/* The journey and the handovers of the pass, as far as the budget goes; true when all agree. */
static bool pass_compare(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_journey *own = &walk->journey;

    if (!own->compared) {
        own->compared = journey_compare(ledger, walk);
        if (!own->compared)
            return false;
    }
    while (own->handover_compared < own->handover_count) {
        if (walk->budget == 0 ||
            !handover_compare(ledger, walk, &own->handovers[own->handover_compared]))
            return false;
        own->handover_compared++;
    }
    return true;
}

/* ---- Folding a journey ---- */

static int handover_order(const void *one, const void *other) {
    const int64_t row = ((const struct walk_handover *)one)->fold.row;
    const int64_t other_row = ((const struct walk_handover *)other)->fold.row;

    return (row > other_row) - (row < other_row);
}

/* NULL where the event is of no handover, or of one that this pass leaves out. */
static struct walk_handover *handover_of(struct walk_journey *own, int64_t row) {
    const struct walk_handover key = {.fold = {.row = row}};

    return row ? bsearch(&key, own->handovers, own->handover_count, sizeof own->handovers[0],
                         handover_order)
               : NULL;
}

static bool fold_handover(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql,
                          struct walk_handover *handover, const struct hv_event *event,
                          const struct hv_holder *before) {
    struct walk_journey *own = &walk->journey;

    if (!handover_may_fold(&handover->fold, event))
        return walk_differ(walk, "event %lld cannot come where it stands in its handover",
                           (long long)own->seq);
    (void)handover_fold(&handover->fold, event, own->seq, column_int(sql, "at"), &own->fold.holder);
    if (event->event == HV_EVENT_CONFIRMED) {
        handover->delete_at_ms = event->delete_at;
        return walk_receipt_compare(ledger, walk, sql, &handover->fold, event, before);
    }
    return walk_dossier_came(ledger, walk, handover, event);
}

static bool fold_event(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql) {
    struct walk_journey *own = &walk->journey;
    const struct hv_holder before = own->fold.holder;
    const int64_t seq = column_int(sql, "seq");
    struct walk_handover *handover = handover_of(own, column_int(sql, "handover"));
    struct hv_event event = {0};

    walk_spend(walk, 1);
    if (!walk_payload(walk, sql, seq, &event))
        return false;
    if (!journey_may_fold(&own->fold, &event))
        return walk_differ(walk, "event %lld cannot come where it stands in its journey",
                           (long long)seq);
    (void)journey_fold(&own->fold, &event, column_int(sql, "at"));
    own->seq = seq;
    own->compared = false;
    return !handover || fold_handover(ledger, walk, sql, handover, &event, &before);
}

/* Folds what the budget allows; true when the journey has no more events. What was compared and
 * has events since is compared again with them. */
static bool fold_events(struct ledger *ledger, struct ledger_walk *walk) {
    const struct walk_journey *own = &walk->journey;
    struct sql *sql =
        sql_begin(ledger, "SELECT event.seq AS seq, at, event.handover AS handover, hash, payload "
                          "FROM event LEFT JOIN payload ON payload.seq = event.seq "
                          "WHERE event.journey = ? AND event.seq > ? ORDER BY event.seq");

    sql_int(sql, own->row);
    sql_int(sql, own->seq);
    while (sql_row(sql)) {
        if (walk->budget == 0 || !fold_event(ledger, walk, sql)) {
            sql_end(sql);
            return false;
        }
    }
    return !ledger->error;
}

/* The next handovers of the journey, those that ended behind event `after`, and the journey as it
 * was before its first event. The one that is open comes first; where it ends meanwhile it is
 * looked at again. */
static void pass_begin(struct ledger *ledger, struct ledger_walk *walk, int64_t row,
                       int64_t after) {
    struct walk_journey *own = &walk->journey;
    struct sql *sql =
        sql_begin(ledger, "SELECT number, ended_seq FROM handover WHERE journey = ? AND "
                          "ended_seq > ? ORDER BY ended_seq LIMIT ?");

    memset(own, 0, offsetof(struct walk_journey, handovers));
    own->row = row;
    own->fold.row = row;
    sql_int(sql, row);
    sql_int(sql, after);
    sql_int(sql, WALK_HANDOVERS_MAX);
    while (sql_row(sql)) {
        struct walk_handover *handover = &own->handovers[own->handover_count++];
        memset(handover, 0, sizeof *handover);
        handover->fold.row = column_int(sql, "number");
        handover->fold.journey_row = row;
        own->ended_last = column_int(sql, "ended_seq");
    }
    qsort(own->handovers, own->handover_count, sizeof own->handovers[0], handover_order);
    walk_spend(walk, own->handover_count + 1);
}

/* False where there is none left. */
static bool journey_next(struct ledger *ledger, struct ledger_walk *walk) {
    struct sql *sql = sql_begin(ledger, "SELECT number FROM journey WHERE number > ? AND "
                                        "number <= ? ORDER BY number LIMIT 1");

    sql_int(sql, walk->journey_row);
    sql_int(sql, walk->journey_last);
    const int64_t row = sql_number(sql, 0);
    walk_spend(walk, 1);
    if (row)
        pass_begin(ledger, walk, row, INT64_MIN);
    return row != 0;
}

/* A pass is over and has been compared: the next one, or the next journey. */
static void pass_end(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_journey *own = &walk->journey;

    if (own->handover_count == WALK_HANDOVERS_MAX) {
        pass_begin(ledger, walk, own->row, own->ended_last);
        if (own->handover_count > 0)
            return;
    }
    walk->journey_row = own->row;
    own->row = 0;
    walk->result.journeys++;
}

bool walk_journeys(struct ledger *ledger, struct ledger_walk *walk) {
    if (walk->journey.row == 0 && !journey_next(ledger, walk))
        return !ledger->error;
    if (fold_events(ledger, walk) && pass_compare(ledger, walk))
        pass_end(ledger, walk);
    return false;
}
