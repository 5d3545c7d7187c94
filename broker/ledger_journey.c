/* Journeys and handovers in the ledger: what the events fold to, a row each. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

/* ---- Journeys ---- */

#define JOURNEY_SELECT                                                                        \
    "SELECT number, id, state, resident, organisation, begeleider, urgency, basis, basis9, "  \
    "opened_at, since, held_since, reassigned_on, outcome, closed_by, keeping, not_reached, " \
    "urgency_on FROM journey "

static bool journey_row(struct sql *sql, struct journey *ret_journey) {
    if (!sql_row(sql))
        return false;
    struct journey *journey = ret_journey;
    memset(journey, 0, sizeof *journey);
    journey->row = column_int(sql, "number");
    column_bytes(sql, "id", journey->id.bytes, sizeof journey->id.bytes);
    journey->state = (enum hv_journey_state)column_int(sql, "state");
    column_text(sql, "resident", journey->resident, sizeof journey->resident);
    column_text(sql, "organisation", journey->holder.organisation,
                sizeof journey->holder.organisation);
    column_text(sql, "begeleider", journey->holder.begeleider, sizeof journey->holder.begeleider);
    journey->urgency = (enum hv_urgency)column_int(sql, "urgency");
    journey->basis = (enum hv_basis)column_int(sql, "basis");
    journey->basis9 = (enum hv_basis9)column_int(sql, "basis9");
    journey->opened_ms = column_int(sql, "opened_at");
    journey->since_ms = column_int(sql, "since");
    journey->held_since_ms = column_int(sql, "held_since");
    journey->reassigned_on_ms = column_int(sql, "reassigned_on");
    journey->outcome = (enum hv_outcome)column_int(sql, "outcome");
    column_text(sql, "closed_by", journey->closed_by, sizeof journey->closed_by);
    ledger_keeping_unpack(sql, journey);
    journey->not_reached = column_int(sql, "not_reached");
    journey->urgency_on_ms = column_int(sql, "urgency_on");
    sql_end(sql);
    if (journey->damaged)
        ledger_keeping_recall(sql->ledger, journey);
    return true;
}

bool ledger_journey_find(struct ledger *ledger, const struct hv_uuid *id,
                         struct journey *ret_journey) {
    struct sql *sql = sql_begin(ledger, JOURNEY_SELECT "WHERE id = ?");

    sql_bytes(sql, id->bytes, sizeof id->bytes);
    return journey_row(sql, ret_journey);
}

bool ledger_journey_get(struct ledger *ledger, int64_t row, struct journey *ret_journey) {
    struct sql *sql = sql_begin(ledger, JOURNEY_SELECT "WHERE number = ?");

    sql_int(sql, row);
    return journey_row(sql, ret_journey);
}

size_t ledger_places_after(struct ledger *ledger, struct ledger_place place,
                           const char *organisation, size_t limit,
                           struct ledger_place *ret_places) {
    size_t count = 0;
    struct sql *sql =
        organisation
            ? sql_begin(ledger,
                        "SELECT number, due FROM journey WHERE state < 3 AND organisation = ?4 AND "
                        "(due, number) > (?1, ?2) UNION SELECT journey.number, due FROM handover "
                        "JOIN journey ON journey.number = handover.journey WHERE receiver = ?4 AND "
                        "ended_seq = 0 AND (due, journey.number) > (?1, ?2) "
                        "ORDER BY 2, 1 LIMIT ?3")
            : sql_begin(ledger, "SELECT number, due FROM journey WHERE state < 3 AND "
                                "(due, number) > (?1, ?2) ORDER BY due, number LIMIT ?3");

    sql_int(sql, place.due_ms);
    sql_int(sql, place.row);
    sql_int(sql, (int64_t)limit);
    if (organisation)
        sql_text(sql, organisation);
    while (sql_row(sql)) {
        ret_places[count].row = column_int(sql, "number");
        ret_places[count++].due_ms = column_int(sql, "due");
    }
    return count;
}

bool ledger_journey_above(struct ledger *ledger, int64_t row, struct journey *ret_journey) {
    struct sql *sql = sql_begin(ledger, JOURNEY_SELECT "WHERE state < 3 AND number > ? "
                                                       "ORDER BY number LIMIT 1");

    sql_int(sql, row);
    return journey_row(sql, ret_journey);
}

/* The columns that change, in the order in which both statements name them. */
static void journey_bind(struct sql *sql, const struct journey *journey,
                         const msgpack_sbuffer *keeping) {
    sql_int(sql, (int64_t)journey->state);
    sql_text(sql, journey->holder.organisation);
    sql_text(sql, journey->holder.begeleider);
    sql_int(sql, (int64_t)journey->urgency);
    sql_int(sql, (int64_t)journey->basis);
    sql_int(sql, (int64_t)journey->basis9);
    sql_int(sql, journey->since_ms);
    sql_int(sql, journey->held_since_ms);
    sql_int(sql, journey->reassigned_on_ms);
    sql_int(sql, (int64_t)journey->outcome);
    sql_text(sql, journey->closed_by);
    sql_int(sql, journey->not_reached);
    sql_int(sql, journey->urgency_on_ms);
    sql_int(sql, runs_due(&journey->runs));
    sql_bytes(sql, keeping->data, keeping->size);
}

static void journey_insert(struct ledger *ledger, struct journey *journey,
                           const msgpack_sbuffer *keeping) {
    struct sql *sql = sql_write(
        ledger, "INSERT INTO journey (state, organisation, begeleider, urgency, basis, basis9, "
                "since, held_since, reassigned_on, outcome, closed_by, not_reached, urgency_on, "
                "due, keeping, id, resident, opened_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    journey_bind(sql, journey, keeping);
    sql_bytes(sql, journey->id.bytes, sizeof journey->id.bytes);
    sql_text(sql, journey->resident);
    sql_int(sql, journey->opened_ms);
    sql_run(sql);
    if (!ledger->error)
        journey->row = sqlite3_last_insert_rowid(ledger->database);
    ledger->gauges.journeys_held++;
}

static void journey_update(struct ledger *ledger, const struct journey *journey,
                           const msgpack_sbuffer *keeping) {
    struct sql *sql = sql_begin(ledger, "SELECT state < 3 FROM journey WHERE number = ?");
    sql_int(sql, journey->row);
    const bool was_held = sql_number(sql, 0) != 0;

    sql = sql_write(ledger, "UPDATE journey SET state = ?, organisation = ?, begeleider = ?, "
                            "urgency = ?, basis = ?, basis9 = ?, since = ?, held_since = ?, "
                            "reassigned_on = ?, outcome = ?, closed_by = ?, not_reached = ?, "
                            "urgency_on = ?, due = ?, keeping = ? WHERE number = ?");
    journey_bind(sql, journey, keeping);
    sql_int(sql, journey->row);
    const int changed = sql_run(sql);
    assert(ledger->error || changed == 1);
    ledger->gauges.journeys_held += (journey->state != HV_JOURNEY_CLOSED) - was_held;
}

void ledger_journey_put(struct ledger *ledger, struct journey *journey) {
    msgpack_sbuffer keeping;

    assert(ledger->error || (journey->holder.organisation[0] && journey->holder.begeleider[0]));
    assert(ledger->error || journey->state == HV_JOURNEY_CLOSED ||
           journey->runs.count > 0); /* T1 */
    ledger_keeping_pack(ledger, journey, &keeping);
    if (!journey->row)
        journey_insert(ledger, journey, &keeping);
    else
        journey_update(ledger, journey, &keeping);
    msgpack_sbuffer_destroy(&keeping);
}

/* ---- Timers ---- */

int64_t ledger_journey_due(struct ledger *ledger, hv_time now_ms) {
    struct sql *sql = sql_begin(ledger, "SELECT number FROM journey WHERE state < 3 AND due <= ? "
                                        "ORDER BY due LIMIT 1");

    sql_int(sql, now_ms);
    return sql_number(sql, 0);
}

hv_time ledger_journey_due_of(struct ledger *ledger, int64_t row) {
    struct sql *sql = sql_begin(ledger, "SELECT due FROM journey WHERE number = ?");

    sql_int(sql, row);
    return sql_number(sql, -1);
}

bool ledger_journey_next(struct ledger *ledger, hv_time *ret_due_ms) {
    const int64_t due_ms = sql_number(
        sql_begin(ledger, "SELECT due FROM journey WHERE state < 3 ORDER BY due LIMIT 1"), -1);

    *ret_due_ms = due_ms;
    return due_ms >= 0;
}

/* ---- Handovers ---- */

#define HANDOVER_SELECT                                                                       \
    "SELECT handover.number AS number, handover.journey AS journey, handover.id AS id, "      \
    "journey.id AS journey_id, handover.state AS state, sender, receiver, kind, "             \
    "handover.urgency AS urgency, disclose, received_by, picked_up_by, planned, introduced, " \
    "disclosed, deleted, supplements, dossier_hash, taken_as, as_reason, end_organisation, "  \
    "end_begeleider, ended_seq, offered_at, delivered_at, received_at, picked_up_at, "        \
    "waiting_at, ended_at "                                                                   \
    "FROM handover JOIN journey ON journey.number = handover.journey "

static bool handover_row(struct sql *sql, struct handover *ret_handover) {
    if (!sql_row(sql))
        return false;
    struct handover *handover = ret_handover;
    memset(handover, 0, sizeof *handover);
    handover->row = column_int(sql, "number");
    handover->journey_row = column_int(sql, "journey");
    column_bytes(sql, "id", handover->id.bytes, sizeof handover->id.bytes);
    column_bytes(sql, "journey_id", handover->journey.bytes, sizeof handover->journey.bytes);
    handover->state = (enum hv_handover_state)column_int(sql, "state");
    column_text(sql, "sender", handover->from, sizeof handover->from);
    column_text(sql, "receiver", handover->to, sizeof handover->to);
    handover->kind = (enum hv_kind)column_int(sql, "kind");
    handover->urgency = (enum hv_urgency)column_int(sql, "urgency");
    handover->disclose = (enum hv_disclose)column_int(sql, "disclose");
    column_text(sql, "received_by", handover->received_by, sizeof handover->received_by);
    column_text(sql, "picked_up_by", handover->picked_up_by, sizeof handover->picked_up_by);
    handover->planned_ms = column_int(sql, "planned");
    handover->introduced = column_int(sql, "introduced") != 0;
    handover->disclosed = column_int(sql, "disclosed") != 0;
    handover->deleted = column_int(sql, "deleted") != 0;
    handover->supplements = column_int(sql, "supplements");
    handover->has_dossier_hash = !column_is_null(sql, "dossier_hash");
    column_bytes(sql, "dossier_hash", handover->dossier_hash, sizeof handover->dossier_hash);
    handover->as = (enum hv_taken_as)column_int(sql, "taken_as");
    column_text(sql, "as_reason", handover->as_reason, sizeof handover->as_reason);
    column_text(sql, "end_organisation", handover->end_holder.organisation,
                sizeof handover->end_holder.organisation);
    column_text(sql, "end_begeleider", handover->end_holder.begeleider,
                sizeof handover->end_holder.begeleider);
    handover->ended_seq = column_int(sql, "ended_seq");
    handover->times_ms[HV_HANDOVER_OFFERED] = column_int(sql, "offered_at");
    handover->times_ms[HV_HANDOVER_DELIVERED] = column_int(sql, "delivered_at");
    handover->times_ms[HV_HANDOVER_RECEIVED] = column_int(sql, "received_at");
    handover->times_ms[HV_HANDOVER_PICKED_UP] = column_int(sql, "picked_up_at");
    handover->times_ms[HV_HANDOVER_WAITING] = column_int(sql, "waiting_at");
    if (!handover_is_open(handover))
        handover->times_ms[handover->state] = column_int(sql, "ended_at");
    sql_end(sql);
    return true;
}

bool ledger_handover_find(struct ledger *ledger, const struct hv_uuid *id,
                          struct handover *ret_handover) {
    struct sql *sql = sql_begin(ledger, HANDOVER_SELECT "WHERE handover.id = ?");

    sql_bytes(sql, id->bytes, sizeof id->bytes);
    return handover_row(sql, ret_handover);
}

bool ledger_handover_get(struct ledger *ledger, int64_t row, struct handover *ret_handover) {
    struct sql *sql = sql_begin(ledger, HANDOVER_SELECT "WHERE handover.number = ?");

    sql_int(sql, row);
    return handover_row(sql, ret_handover);
}

bool ledger_handover_open_of(struct ledger *ledger, int64_t journey_row,
                             struct handover *ret_handover) {
    struct sql *sql =
        sql_begin(ledger, HANDOVER_SELECT "WHERE handover.journey = ? AND ended_seq = 0");

    sql_int(sql, journey_row);
    return handover_row(sql, ret_handover);
}

/* The columns that may change while it is open. No index has them, so that its way from state to
 * state costs one row. */
static void handover_bind(struct sql *sql, const struct handover *handover) {
    sql_int(sql, (int64_t)handover->state);
    sql_text(sql, handover->received_by);
    sql_text(sql, handover->picked_up_by);
    sql_int(sql, handover->planned_ms);
    sql_int(sql, handover->introduced);
    sql_int(sql, handover->disclosed);
    sql_int(sql, handover->supplements);
    sql_int(sql, handover->times_ms[HV_HANDOVER_DELIVERED]);
    sql_int(sql, handover->times_ms[HV_HANDOVER_RECEIVED]);
    sql_int(sql, handover->times_ms[HV_HANDOVER_PICKED_UP]);
    sql_int(sql, handover->times_ms[HV_HANDOVER_WAITING]);
    sql_int(sql, (int64_t)handover->urgency);
}

static void handover_insert(struct ledger *ledger, struct handover *handover) {
    struct sql *sql = sql_write(
        ledger,
        "INSERT INTO handover (state, received_by, picked_up_by, planned, introduced, disclosed, "
        "supplements, delivered_at, received_at, picked_up_at, waiting_at, urgency, id, journey, "
        "sender, receiver, kind, disclose, dossier_hash, offered_at, deleted, taken_as, as_reason, "
        "end_organisation, end_begeleider, ended_seq, ended_at) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', '', '', 0, 0)");

    assert(handover_is_open(handover));
    handover_bind(sql, handover);
    sql_bytes(sql, handover->id.bytes, sizeof handover->id.bytes);
    sql_int(sql, handover->journey_row);
    sql_text(sql, handover->from);
    sql_text(sql, handover->to);
    sql_int(sql, (int64_t)handover->kind);
    sql_int(sql, (int64_t)handover->disclose);
    sql_bytes(sql, handover->has_dossier_hash ? handover->dossier_hash : NULL,
              sizeof handover->dossier_hash);
    sql_int(sql, handover->times_ms[HV_HANDOVER_OFFERED]);
    sql_run(sql);
    if (!ledger->error)
        handover->row = sqlite3_last_insert_rowid(ledger->database);
    ledger->gauges.handovers_open++;
}

static void handover_update(struct ledger *ledger, const struct handover *handover) {
    struct sql *sql = sql_write(
        ledger, "UPDATE handover SET state = ?, received_by = ?, picked_up_by = ?, planned = ?, "
                "introduced = ?, disclosed = ?, supplements = ?, delivered_at = ?, "
                "received_at = ?, picked_up_at = ?, waiting_at = ?, urgency = ? WHERE number = ?");

    handover_bind(sql, handover);
    sql_int(sql, handover->row);
    const int changed = sql_run(sql);
    assert(ledger->error || changed == 1);
}

/* At its end, and what changes later. */
static void handover_update_ended(struct ledger *ledger, const struct handover *handover) {
    struct sql *sql = sql_begin(ledger, "SELECT ended_seq = 0 FROM handover WHERE number = ?");

    sql_int(sql, handover->row);
    const bool was_open = sql_number(sql, 0) != 0;
    sql = sql_write(
        ledger, "UPDATE handover SET state = ?, received_by = ?, picked_up_by = ?, planned = ?, "
                "introduced = ?, disclosed = ?, supplements = ?, delivered_at = ?, "
                "received_at = ?, picked_up_at = ?, waiting_at = ?, urgency = ?, deleted = ?, "
                "taken_as = ?, as_reason = ?, "
                "end_organisation = ?, end_begeleider = ?, ended_seq = ?, ended_at = ? "
                "WHERE number = ?");
    handover_bind(sql, handover);
    sql_int(sql, handover->deleted);
    sql_int(sql, (int64_t)handover->as);
    sql_text(sql, handover->as_reason);
    sql_text(sql, handover->end_holder.organisation);
    sql_text(sql, handover->end_holder.begeleider);
    sql_int(sql, handover->ended_seq);
    sql_int(sql, handover->times_ms[handover->state]);
    sql_int(sql, handover->row);
    const int changed = sql_run(sql);
    assert(ledger->error || changed == 1);
    ledger->gauges.handovers_open -= was_open;
}

void ledger_handover_put(struct ledger *ledger, struct handover *handover) {
    if (!handover->row)
        handover_insert(ledger, handover);
    else if (handover_is_open(handover))
        handover_update(ledger, handover);
    else
        handover_update_ended(ledger, handover);
}

/* ---- Organisations ---- */

void ledger_earlier_holders(struct ledger *ledger, int64_t journey_row_number,
                            void (*visit)(void *context, const char *organisation), void *context) {
    char organisation[HV_CODE_SIZE];
    struct sql *sql =
        sql_begin(ledger, "SELECT DISTINCT sender FROM handover WHERE journey = ? AND state = 6");

    sql_int(sql, journey_row_number);
    while (sql_row(sql)) {
        column_text(sql, "sender", organisation, sizeof organisation);
        visit(context, organisation);
    }
}

struct ledger_ties ledger_ties_of(struct ledger *ledger, const char *organisation) {
    struct ledger_ties ties;
    struct sql *sql =
        sql_begin(ledger, "SELECT count(*) FROM journey WHERE organisation = ? AND state < 3");

    sql_text(sql, organisation);
    ties.journeys_held = sql_number(sql, 0);
    /* Who offers holds the journey: its open handovers are counted with what it holds. */
    sql = sql_begin(ledger, "SELECT count(*) FROM handover WHERE receiver = ? AND ended_seq = 0");
    sql_text(sql, organisation);
    ties.handovers_open = sql_number(sql, 0);
    sql = sql_begin(ledger, "SELECT count(*) FROM item JOIN inbox ON inbox.number = item.inbox "
                            "WHERE organisation = ?");
    sql_text(sql, organisation);
    ties.items_owed = sql_number(sql, 0);
    return ties;
}

void ledger_tied(struct ledger *ledger, void (*visit)(void *context, const char *organisation),
                 void *context) {
    char organisation[HV_CODE_SIZE];
    struct sql *sql =
        sql_begin(ledger, "SELECT organisation FROM journey WHERE state < 3 "
                          "UNION SELECT receiver FROM handover WHERE ended_seq = 0 "
                          "UNION SELECT organisation FROM inbox WHERE EXISTS "
                          "(SELECT 1 FROM item WHERE item.inbox = inbox.number) ORDER BY 1");

    while (sql_row(sql)) {
        column_text(sql, "organisation", organisation, sizeof organisation);
        visit(context, organisation);
    }
}
