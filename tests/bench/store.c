/* Ledgers that are made, not lived: the schema, filled by SQL. */
#include "tests/bench/store.h"

#include <err.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/bench/database.h"
#include "tests/bench/drive.h"
#include "wire/wire.h"

#define STORE_SEED UINT64_C(7)

#define PUT(field, text) snprintf((field), sizeof(field), "%s", (text))

/* ---- What SQL cannot make by itself ---- */

/* uuid('j' or 'h', number) */
static void sql_uuid(sqlite3_context *context, int count, sqlite3_value **values) {
    const bool *derived = sqlite3_user_data(context);
    const char which = (char)sqlite3_value_text(values[0])[0];
    const uint64_t number = (uint64_t)sqlite3_value_int64(values[1]);
    const struct hv_uuid uuid = drive_uuid(STORE_SEED, which, number, *derived);

    (void)count;
    sqlite3_result_blob(context, uuid.bytes, sizeof uuid.bytes, SQLITE_TRANSIENT);
}

static void event_fill(struct hv_event *event, enum hv_event_name name, uint64_t number,
                       bool derived) {
    event->event = name;
    event->has_journey = event->has_organisation = event->has_role = true;
    event->journey = drive_uuid(STORE_SEED, 'j', number, derived);
    event->role = HV_ROLE_ENDPOINT;
    PUT(event->organisation, name == HV_EVENT_DELIVERED ? "receiver-0" : "sender-0");
    if (name == HV_EVENT_OPENED) {
        event->has_resident = event->has_begeleider = event->has_basis = true;
        event->has_urgency = true;
        PUT(event->resident, "r1.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG");
        PUT(event->begeleider, "a.jansen");
        event->basis = HV_BASIS_PUBLIC_TASK;
        event->urgency = HV_URGENCY_ROUTINE;
        return;
    }
    event->has_handover = true;
    event->handover = drive_uuid(STORE_SEED, 'h', number, derived);
    if (name == HV_EVENT_DELIVERED) {
        event->has_inbox = event->has_item = true;
        event->inbox = HV_ROLE_ENDPOINT;
        event->item = (int64_t)number;
        return;
    }
    event->has_from = event->has_to = event->has_kind = event->has_urgency = true;
    event->has_disclose = event->has_begeleider = true;
    PUT(event->begeleider, "a.jansen");
    PUT(event->from, "sender-0");
    PUT(event->to, "receiver-0");
    event->kind = HV_KIND_WARM;
    event->urgency = HV_URGENCY_ROUTINE;
    event->disclose = HV_DISCLOSE_PICKED_UP;
}

/* payload(the number of an event's name, number) */
static void sql_payload(sqlite3_context *context, int count, sqlite3_value **values) {
    const bool *derived = sqlite3_user_data(context);
    struct hv_event event = {0};
    msgpack_sbuffer buffer;

    (void)count;
    event_fill(&event, (enum hv_event_name)sqlite3_value_int(values[0]),
               (uint64_t)sqlite3_value_int64(values[1]), *derived);
    msgpack_sbuffer_init(&buffer);
    if (wire_encode_struct(&wire_struct_event, &event, &buffer) < 0)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_blob64(context, buffer.data, buffer.size, SQLITE_TRANSIENT);
    msgpack_sbuffer_destroy(&buffer);
}

/* keeping(number, due): the phase that waits for a person at the receiver. */
static void sql_keeping(sqlite3_context *context, int count, sqlite3_value **values) {
    const bool *derived = sqlite3_user_data(context);
    struct hv_run run = {
        .phase = HV_PHASE_RECEIPT,
        .has_handover = true,
        .handover = drive_uuid(STORE_SEED, 'h', (uint64_t)sqlite3_value_int64(values[0]), *derived),
        .urgency = HV_URGENCY_ROUTINE,
        .has_kind = true,
        .kind = HV_KIND_WARM,
        .has_to = true,
        .began = sqlite3_value_int64(values[1]) - STORE_FIRST_STEP_MS,
        .due = sqlite3_value_int64(values[1]),
    };
    struct hv_keeping keeping = {.runs = {.count = 1, .items = &run}};
    msgpack_sbuffer buffer;

    (void)count;
    PUT(run.awaits, "receiver-0");
    PUT(run.to, "receiver-0");
    msgpack_sbuffer_init(&buffer);
    if (wire_encode_struct(&wire_struct_keeping, &keeping, &buffer) < 0)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_blob64(context, buffer.data, buffer.size, SQLITE_TRANSIENT);
    msgpack_sbuffer_destroy(&buffer);
}

/* ---- The rows ---- */

/* Three events for each: opened 3n-2, offered 3n-1, delivered 3n. Nobody reads their hashes. */
static const char *const rows[] = {
    "CREATE TEMP TABLE n (i INTEGER PRIMARY KEY)",
    "INSERT INTO n WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < "
    "(SELECT value FROM wanted)) SELECT i FROM c",
    "INSERT INTO inbox (number, organisation, role, last) "
    "SELECT 1, 'receiver-0', 1, value FROM wanted",
    "INSERT INTO journey (number, id, state, resident, organisation, begeleider, urgency, basis, "
    "basis9, opened_at, since, held_since, reassigned_on, outcome, closed_by, due, keeping) "
    "SELECT i, uuid('j', i), 1, 'r1.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG', 'sender-0', "
    "'a.jansen', 1, 3, 0, 1700000000000, 1700000000000, 1700000000000, 0, 0, '', "
    "due, keeping(i, due) FROM n CROSS JOIN wanted",
    "INSERT INTO handover (number, id, journey, state, sender, receiver, kind, urgency, disclose, "
    "received_by, picked_up_by, planned, introduced, disclosed, deleted, supplements, taken_as, "
    "as_reason, end_organisation, end_begeleider, ended_seq, offered_at, delivered_at, "
    "received_at, picked_up_at, waiting_at, ended_at) "
    "SELECT i, uuid('h', i), i, 2, 'sender-0', 'receiver-0', 1, 1, 1, '', '', 0, 0, 0, 0, 0, 0, "
    "'', '', '', 0, 1700000000000, 1700000000000, 0, 0, 0, 0 FROM n",
    "INSERT INTO dossier (place, handover, number) SELECT 16 * i, i, 0 FROM n",
    "INSERT INTO event (seq, at, type, journey, handover, first, command, commitment, hash) "
    "SELECT 3 * i - 2 + e, 1700000000000, iif(e = 0, 1, e + 5), i, iif(e = 0, NULL, i), "
    "3 * i - 2 + e, iif(e = 2, NULL, randomblob(16)), randomblob(32), randomblob(32) "
    "FROM n CROSS JOIN three",
    "INSERT INTO payload (seq, salt, payload) SELECT 3 * i - 2 + e, randomblob(16), "
    "payload(iif(e = 0, 1, e + 5), i) FROM n CROSS JOIN three",
    "INSERT INTO acknowledged (inbox, item, seq) SELECT 1, i, 3 * i FROM n",
};

void store_make(const struct city *city, const char *state, size_t count, hv_time due_ms,
                bool derived_ids) {
    static const struct {
        const char *name;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"uuid", sql_uuid}, {"payload", sql_payload}, {"keeping", sql_keeping}};
    char text[160];

    if (mkdir(city_state(city, state), 0700) < 0)
        err(1, "%s", city_state(city, state));
    sqlite3 *database = database_new(city_state(city, state), false);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        sqlite3_create_function(database, functions[i].name, 2, SQLITE_UTF8, &derived_ids,
                                functions[i].function, NULL, NULL);
    snprintf(text, sizeof text,
             "CREATE TEMP TABLE wanted AS SELECT %zu AS value, %lld AS due; "
             "CREATE TEMP TABLE three AS SELECT 0 AS e UNION SELECT 1 UNION SELECT 2; BEGIN",
             count, (long long)due_ms);
    database_execute(database, text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        database_execute(database, rows[i]);
    database_execute(database, "COMMIT");
    sqlite3_close(database);
}
