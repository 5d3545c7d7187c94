/* What a journey's row keeps beside its columns: what runs for it, and who is on it.
 *
 * It is the one thing in a row that can be damaged without SQLite's noticing, and all that it says
 * stands in the journey's events too. */
#include <errno.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"
#include "wire/wire.h"

void ledger_keeping_unpack(struct sql *sql, struct journey *journey) {
    size_t size = 0;
    const void *bytes = column_blob(sql, "keeping", &size);
    struct hv_keeping keeping;

    if (!bytes)
        return; /* from a ledger that knew no timers: overdue, and mended by the next turn */
    msgpack_zone_clear(&sql->ledger->zone);
    const int rc =
        wire_decode_struct(bytes, size, &wire_struct_keeping, &sql->ledger->zone, &keeping);
    if (rc == -ENOMEM) {
        ledger_fail(sql->ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return;
    }
    journey->damaged = rc < 0 || keeping.runs.count > RUNS_MAX || keeping.claims.count > CLAIMS_MAX;
    if (journey->damaged)
        return;
    journey->runs.count = keeping.runs.count;
    for (size_t i = 0; i < keeping.runs.count; i++)
        journey->runs.items[i] = keeping.runs.items[i];
    journey->claims.count = keeping.claims.count;
    for (size_t i = 0; i < keeping.claims.count; i++)
        journey->claims.items[i] = keeping.claims.items[i];
}

void ledger_keeping_pack(struct ledger *ledger, const struct journey *journey,
                         msgpack_sbuffer *ret_buffer) {
    struct hv_keeping keeping = {0};

    keeping.runs.count = journey->runs.count;
    keeping.runs.items = journey->runs.items;
    keeping.claims.count = journey->claims.count;
    keeping.claims.items = journey->claims.items;
    msgpack_sbuffer_init(ret_buffer);
    if (!ledger->error && wire_encode_struct(&wire_struct_keeping, &keeping, ret_buffer) < 0)
        ledger->error = -ENOMEM;
}

/* Folds the present row's event; false where it cannot be. */
static bool fold_row(struct sql *sql, struct journey *fold) {
    size_t size = 0;
    const void *payload = column_blob(sql, "payload", &size);
    struct hv_event event;

    if (!payload)
        return false;
    msgpack_zone_clear(&sql->ledger->zone);
    const int rc =
        wire_decode_struct(payload, size, &wire_struct_event, &sql->ledger->zone, &event);
    if (rc == -ENOMEM)
        ledger_fail(sql->ledger, SQLITE_NOMEM, __FILE__, __LINE__);
    if (rc < 0 || !journey_may_fold(fold, &event))
        return false;
    (void)journey_fold(fold, &event, column_int(sql, "at"));
    return true;
}

void ledger_keeping_recall(struct ledger *ledger, struct journey *journey) {
    struct journey fold = {.row = journey->row};
    bool folded = true;
    struct sql *sql = sql_begin(ledger, "SELECT at, payload FROM event LEFT JOIN payload ON "
                                        "payload.seq = event.seq WHERE event.journey = ? "
                                        "ORDER BY event.seq");

    sql_int(sql, journey->row);
    while (folded && sql_row(sql))
        folded = fold_row(sql, &fold);
    if (!folded)
        sql_end(sql);
    if (!folded || ledger->error || fold.state != journey->state)
        return;
    journey->runs = fold.runs;
    journey->claims = fold.claims;
}
