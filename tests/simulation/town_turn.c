/* A turn, and what it is held to. */
#include "town_turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "ends.h"
#include "tests/unit/ledger_audit.h"

/* ---- SQLite, by the broker's own connection: no other can be open ---- */

static sqlite3_stmt *prepare(const struct town *town, const char *sql) {
    sqlite3 *database = town->broker->ledger->database;
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        violation("A1: %s: %s", sql, sqlite3_errmsg(database));
    return statement;
}

static bool step(sqlite3_stmt *statement) {
    const int result = sqlite3_step(statement);

    if (result != SQLITE_ROW && result != SQLITE_DONE)
        violation("A1: %s: %s", sqlite3_sql(statement), sqlite3_errstr(result));
    return result == SQLITE_ROW;
}

static int64_t number(const struct town *town, const char *sql) {
    sqlite3_stmt *statement = prepare(town, sql);
    const int64_t found = step(statement) ? sqlite3_column_int64(statement, 0) : -1;

    sqlite3_finalize(statement);
    return found;
}

/* ---- Events ---- */

/* The events of a turn that the model has not taken yet. */
struct news {
    struct town *town;
    msgpack_zone zone;
    struct row {
        int64_t seq, at_ms, first;
        struct hv_event event;
    } * rows;
    size_t count, room, taken;
};

static struct row *news_add(struct news *news) {
    if (news->count == news->room) {
        news->room = 2 * news->room + 16;
        news->rows = reallocarray(news->rows, news->room, sizeof *news->rows);
        if (!news->rows)
            abort();
    }
    return &news->rows[news->count++];
}

static void news_read(struct news *news) {
    sqlite3_stmt *statement = news->town->events;

    sqlite3_bind_int64(statement, 1, news->town->seq);
    while (step(statement)) {
        struct row *row = news_add(news);
        row->seq = sqlite3_column_int64(statement, 0);
        row->at_ms = sqlite3_column_int64(statement, 1);
        row->first = sqlite3_column_int64(statement, 2);
        if (wire_decode_struct(sqlite3_column_blob(statement, 3),
                               (size_t)sqlite3_column_bytes(statement, 3), &wire_struct_event,
                               &news->zone, &row->event) < 0)
            violation("A1: event %lld cannot be read", (long long)row->seq);
    }
    sqlite3_reset(statement);
}

static void mark_event(const struct town *town, const struct hv_event *event) {
    switch ((int)event->event) {
    case HV_EVENT_REMINDED:
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
        mark_step(event->phase, town->model.journeys[words_number(&event->journey)].urgency,
                  event->step, model_repeats(&town->model, event));
        if (event->has_rested)
            mark_fault(FAULT_RESTED);
        break;
    case HV_EVENT_QUIET:
        mark_fault(FAULT_QUIET);
        break;
    case HV_EVENT_ABSENT:
        if (!event->has_deputy)
            mark_fault(FAULT_ABSENT);
        break;
    case HV_EVENT_CLOCK:
        mark_fault(event->doubted ? FAULT_DOUBTED : FAULT_ACCEPTED);
        break;
    case HV_EVENT_SETTLED:
        if (strcmp(event->organisation, "kcc") != 0)
            mark_fault(FAULT_SETTLED);
        break;
    case HV_EVENT_CONTESTED:
        mark_fault(FAULT_CONTESTED);
        break;
    default:
        break;
    }
}

static void news_take(struct news *news) {
    const struct row *row = &news->rows[news->taken++];

    mark_event(news->town, &row->event);
    heard_expect_acknowledged(&news->town->heard, &row->event, row->seq);
    model_take(&news->town->model, &row->event, row->seq, row->first, row->at_ms);
    news->town->seq = row->seq;
}

static void take_before(void *context, int64_t seq) {
    struct news *news = context;

    while (news->taken < news->count && news->rows[news->taken].seq < seq)
        news_take(news);
}

static void take_command(void *context, int64_t seq) {
    struct news *news = context;

    while (news->taken < news->count &&
           (news->rows[news->taken].seq == seq || news->rows[news->taken].first == seq))
        news_take(news);
}

/* D3 and T1: what a step says to be told is owed, to each of those. */
static void expect_owed(const struct town *town, const struct row *row) {
    static const char sql[] =
        "SELECT 1 FROM inbox JOIN item ON item.inbox = inbox.number WHERE organisation = ?1 AND "
        "role = ?2 AND item.event = ?3 UNION ALL SELECT 1 FROM inbox JOIN digest ON digest.inbox = "
        "inbox.number WHERE organisation = ?1 AND role = ?2 AND digest.event = ?3";
    sqlite3_stmt *statement = prepare(town, sql);

    for (size_t i = 0; i < row->event.addressees.count; i++) {
        const struct hv_addressee *addressee = &row->event.addressees.items[i];
        sqlite3_bind_text(statement, 1, addressee->organisation, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, (int)addressee->role);
        sqlite3_bind_int64(statement, 3, row->seq);
        if (!step(statement))
            violation("T1: event %lld is for %s, who is owed nothing", (long long)row->seq,
                      addressee->organisation);
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
}

/* ---- What left ---- */

static struct peer *peer_of_route(struct town *town, const struct route *route) {
    for (size_t i = 0; i < TOWN_PEERS; i++)
        if (memcmp(&town->peers[i].route, route, sizeof *route) == 0)
            return &town->peers[i];
    return NULL;
}

static void peer_hears(const struct town *town, struct peer *peer,
                       const struct hv_message *message) {
    if (message->type == HV_MESSAGE_refused && message->refused.code == HV_REFUSED_NO_SESSION)
        peer->greeted = false;
    if (message->type == HV_MESSAGE_refused && message->refused.code == HV_REFUSED_FORBIDDEN &&
        networks_revokes(town->model.network, peer->organisation, peer->instance))
        mark_fault(FAULT_REVOKED);
    if (message->type != HV_MESSAGE_item)
        return;
    for (size_t i = 0; i < peer->item_count; i++)
        if (peer->items[i] == message->item.item)
            return;
    if (peer->item_count < PEER_ITEMS_MAX)
        peer->items[peer->item_count++] = message->item.item;
}

static void hear(struct news *news, struct peer *peer, const struct outbound *outbound,
                 bool is_lost) {
    const struct heard_events events = {news, take_before, take_command};
    struct hv_message message;
    struct wire_error error;

    if (wire_decode(outbound->envelope, outbound->envelope_size, WIRE_FROM_BROKER, NULL,
                    &news->zone, &message, NULL, &error) < 0)
        violation("P1: the broker says what nobody can read: %s", error.reason);
    heard_message(&news->town->heard, &news->town->model, peer, &message, outbound->dossier != NULL,
                  is_lost, &events);
    if (!is_lost)
        peer_hears(news->town, peer, &message);
}

static void send_one(struct news *news, const struct outbound *outbound) {
    struct town *town = news->town;
    struct peer *peer = peer_of_route(town, &outbound->to);
    const bool is_full = peer && peer->connection == CONNECTION_FULL;
    const bool is_unsent = !peer || peer->connection != CONNECTION_GOOD;

    if (peer)
        hear(news, peer, outbound, is_unsent || peer->loses);
    if (peer && peer->loses && !is_unsent)
        mark_fault(FAULT_LOST);
    if (peer)
        peer->loses = false;
    if (is_unsent && peer)
        mark_fault(is_full ? FAULT_FULL : FAULT_GONE);
    if (peer && is_unsent)
        peer->deaf = true;
    if (is_unsent)
        broker_unsent(town->broker, outbound, is_full ? -EAGAIN : -EHOSTUNREACH);
}

void town_look(struct town *town) {
    struct news news = {.town = town};
    const size_t count = town->outbox.count;

    disk_pause(true);
    if (!msgpack_zone_init(&news.zone, 8192))
        abort();
    news_read(&news);
    for (size_t i = 0; i < count; i++)
        send_one(&news, &town->outbox.messages[i]);
    take_before(&news, HV_INTEGER_MAX);
    if (news.count > 0)
        model_turn_ends(&town->model, news.rows[0].seq);
    for (size_t i = 0; i < news.count; i++)
        if (news.rows[i].event.has_addressees)
            expect_owed(town, &news.rows[i]);
    outbox_clear(&town->outbox);
    if (town->seq != ledger_seq(town->broker->ledger))
        violation("A1: the ledger's newest event is %lld, and it says %lld", (long long)town->seq,
                  (long long)ledger_seq(town->broker->ledger));
    memcpy(town->head, ledger_head(town->broker->ledger), sizeof town->head);
    free(news.rows);
    msgpack_zone_destroy(&news.zone);
    disk_pause(false);
}

/* ---- Rows ---- */

static void expect_keeping(const struct model_journey *told, unsigned id, sqlite3_stmt *statement) {
    struct hv_keeping keeping = {.runs = {.count = 0}};
    const void *bytes = sqlite3_column_blob(statement, 5);
    hv_time due_ms = 0;
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, 2048))
        abort();
    if (bytes && wire_decode_struct(bytes, (size_t)sqlite3_column_bytes(statement, 5),
                                    &wire_struct_keeping, &zone, &keeping) < 0)
        violation("T1: what runs for j%u cannot be read", id);
    if (keeping.runs.count != told->run_count)
        violation("T1: %zu phases run for j%u, and the events say %zu", keeping.runs.count, id,
                  told->run_count);
    for (size_t i = 0; i < told->run_count; i++) {
        const struct hv_run *run = &keeping.runs.items[i];
        if (run->phase != told->runs[i].phase || run->due != told->runs[i].due ||
            run->step != told->runs[i].step)
            violation("T1: a phase of j%u is another than the events say", id);
        if (due_ms == 0 || run->due < due_ms)
            due_ms = run->due;
    }
    if (sqlite3_column_int64(statement, 4) != due_ms)
        violation("T1: the timer of j%u is not its first step's", id);
    msgpack_zone_destroy(&zone);
}

static void expect_row(const struct town *town, sqlite3_stmt *statement) {
    const struct hv_uuid *uuid = sqlite3_column_blob(statement, 0);
    const unsigned id = words_number(uuid);
    const struct model_journey *told = &town->model.journeys[id];
    const char *organisation = (const char *)sqlite3_column_text(statement, 2);
    const char *begeleider = (const char *)sqlite3_column_text(statement, 3);

    if (sqlite3_column_int(statement, 1) != (int)told->state)
        violation("A1: j%u is not in the state that its events say", id);
    if (!organisation || !begeleider || strcmp(organisation, told->holder.organisation) != 0 ||
        strcmp(begeleider, told->holder.begeleider) != 0)
        violation("H1: %s, %s holds j%u, and the events say %s, %s", organisation, begeleider, id,
                  told->holder.organisation, told->holder.begeleider);
    expect_keeping(told, id, statement);
}

static void expect_handover(const struct town *town, sqlite3_stmt *statement) {
    const struct hv_uuid *uuid = sqlite3_column_blob(statement, 0);
    const struct model_handover *told = &town->model.handovers[words_number(uuid)];

    if (sqlite3_column_int(statement, 1) != (int)told->state)
        violation("A1: h%u is in state %d, and its events say %d", words_number(uuid),
                  sqlite3_column_int(statement, 1), (int)told->state);
    if ((sqlite3_column_int64(statement, 2) != 0) != told->disclosed)
        violation("P1: h%u is disclosed, or not, against its events", words_number(uuid));
}

void town_look_at_rows(struct town *town) {
    disk_pause(true);
    sqlite3_stmt *statement =
        prepare(town, "SELECT id, state, organisation, begeleider, due, keeping FROM journey");
    int64_t journeys = 0;

    for (; step(statement); journeys++)
        expect_row(town, statement);
    sqlite3_finalize(statement);
    for (unsigned i = 0; i < MODEL_JOURNEYS; i++)
        journeys -= town->model.journeys[i].state != 0;
    if (journeys != 0)
        violation("H1: there are %lld journeys more than were opened", (long long)journeys);
    statement = prepare(town, "SELECT id, state, disclosed FROM handover");
    while (step(statement))
        expect_handover(town, statement);
    sqlite3_finalize(statement);
    const int64_t gone = number(town, "SELECT (SELECT total(last) FROM inbox) - "
                                      "(SELECT count(*) FROM item) - "
                                      "(SELECT count(*) FROM acknowledged)");
    if (gone != 0)
        violation("D3: %lld items are neither owed nor acknowledged", (long long)gone);
    model_expect_heard(&town->model, town->broker->clock.now_ms);
    disk_pause(false);
}

void town_audit(struct town *town) {
    sqlite3 *database = town->broker->ledger->database;

    disk_pause(true);
    audit_chain(database, town->seq, town->head);
    audit_fold(database);
    audit_items(database);
    disk_pause(false);
}

/* ---- Ends ---- */

/* D1: all that had been committed is there; of a turn that was under way all or nothing. */
static void expect_kept(const struct town *town) {
    char sql[80];

    if (town->seq == 0)
        return;
    (void)snprintf(sql, sizeof sql, "SELECT hash FROM event WHERE seq = %lld",
                   (long long)town->seq);
    sqlite3_stmt *statement = prepare(town, sql);
    if (!step(statement))
        violation("D1: event %lld was committed, and is gone", (long long)town->seq);
    if (memcmp(sqlite3_column_blob(statement, 0), town->head, 32) != 0)
        violation("D1: event %lld was committed, and is another", (long long)town->seq);
    sqlite3_finalize(statement);
}

#define STARTS_MAX 8

void town_start(struct town *town) {
    struct failure failure = {.text = ""};
    int rc = -1;

    for (int i = 0; rc < 0; i++) {
        rc = broker_new(networks_directory(), town_state(), &town->fake.world, &town->broker,
                        &failure);
        if (rc == 0 && !town_is_dead(town))
            break;
        if ((rc == 0 || rc == -EIO) && disk_has_struck() && i < STARTS_MAX) {
            town_die(town, town->loss, town->loss_seed);
            return;
        }
        if (networks_chosen() == NETWORK_BROKEN)
            networks_choose(NETWORK_BASE);
        else if (rc == -ENOSPC)
            disk_room(-1); /* the operator makes some */
        else
            violation("D1: the broker does not start: %s", failure.text);
    }
    disk_pause(true);
    town->events = prepare(town, "SELECT event.seq, at, first, payload FROM event JOIN payload "
                                 "ON payload.seq = event.seq WHERE event.seq > ? "
                                 "ORDER BY event.seq");
    expect_kept(town);
    disk_pause(false);
    town->told_ms = 0;
    for (size_t i = 0; i < TOWN_PEERS; i++)
        town->peers[i].watching.on = town->peers[i].deaf = false;
    town_look(town);
    town_turn(town); /* what fell due meanwhile */
}

bool town_is_dead(const struct town *town) {
    return town->trouble == DISK_DIES && disk_has_struck();
}

static void mark_end(const struct town *town, enum disk_loss loss) {
    static const enum mark_fault faults[DISK_LOSSES] = {FAULT_CRASH_KEEPS, FAULT_CRASH_DROPS,
                                                        FAULT_CRASH_TEARS, FAULT_CRASH_REORDERS};

    mark_fault(town->trouble == DISK_WRITE_FAILS  ? FAULT_WRITE_ERROR
               : town->trouble == DISK_READ_FAILS ? FAULT_READ_ERROR
                                                  : faults[loss]);
}

void town_die(struct town *town, enum disk_loss loss, uint64_t seed) {
    struct chance chance = {seed};

    if (disk_has_struck())
        mark_end(town, loss);
    disk_stop();
    sqlite3_finalize(town->events);
    town->events = NULL;
    broker_free(town->broker);
    town->broker = NULL;
    disk_lose(loss, &chance);
    disk_start();
    town_start(town);
}
