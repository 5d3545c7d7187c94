/* Dossiers and network files in the ledger: sealed bytes, kept apart until they are deleted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

/* A copy of a blob of the present row; NULL where it is NULL. False when memory is short. */
static bool copy_blob(struct sql *sql, const char *name, uint8_t **ret_bytes, size_t *ret_size) {
    size_t size = 0;
    const void *bytes = column_blob(sql, name, &size);

    *ret_bytes = NULL;
    *ret_size = 0;
    if (column_is_null(sql, name))
        return true;
    *ret_bytes = malloc(size ? size : 1);
    if (!*ret_bytes || (size && !bytes)) {
        free(*ret_bytes);
        *ret_bytes = NULL;
        ledger_fail(sql->ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    if (size)
        memcpy(*ret_bytes, bytes, size);
    *ret_size = size;
    return true;
}

/* ---- Dossiers ---- */

#define PLACES_EACH 16 /* of a handover's dossiers, as the schema checks */

void ledger_dossier_put(struct ledger *ledger, int64_t handover_row, int64_t number,
                        const uint8_t *hash, const void *body, size_t size) {
    struct sql *sql = sql_write(ledger, "INSERT INTO dossier (place, handover, number, hash, body) "
                                        "VALUES (?, ?, ?, ?, ?)");

    sql_int(sql, handover_row * PLACES_EACH + number);
    sql_int(sql, handover_row);
    sql_int(sql, number);
    sql_bytes(sql, hash, 32);
    sql_bytes(sql, body, size);
    sql_run(sql);
}

bool ledger_dossier_get(struct ledger *ledger, int64_t handover_row, int64_t number,
                        bool *ret_has_hash, uint8_t ret_hash[32], uint8_t **ret_body,
                        size_t *ret_size) {
    bool found = false;
    struct sql *sql = sql_begin(ledger, "SELECT hash, body FROM dossier WHERE place = ?");

    sql_int(sql, handover_row * PLACES_EACH + number);
    if (sql_row(sql)) {
        *ret_has_hash = !column_is_null(sql, "hash");
        column_bytes(sql, "hash", ret_hash, 32);
        found = copy_blob(sql, "body", ret_body, ret_size);
        sql_end(sql);
    }
    return found;
}

/* A disclosure and a fetch send all of them, from 0 on; one that is supplemented later goes out
 * alone, behind the event that says so. */
int64_t ledger_dossier_number(struct ledger *ledger, int64_t seq) {
    struct sql *sql = sql_begin(
        ledger,
        "SELECT CASE WHEN begun.type = ?2 THEN (SELECT count(*) FROM event WHERE "
        "journey = sent.journey AND handover = sent.handover AND type = ?2 AND seq < ?1) "
        "ELSE (SELECT count(*) FROM event WHERE journey = sent.journey AND type = sent.type AND "
        "seq >= sent.first AND seq < ?1) END "
        "FROM event AS sent JOIN event AS begun ON begun.seq = sent.first WHERE sent.seq = ?1");

    sql_int(sql, seq);
    sql_int(sql, (int64_t)HV_EVENT_SUPPLEMENTED);
    return sql_number(sql, 0);
}

void ledger_dossiers_delete(struct ledger *ledger, int64_t handover_row) {
    struct sql *sql = sql_write(ledger, "DELETE FROM dossier WHERE place BETWEEN ? AND ?");

    sql_int(sql, handover_row * PLACES_EACH);
    sql_int(sql, handover_row * PLACES_EACH + PLACES_EACH - 1);
    sql_run(sql);
    sql = sql_write(ledger, "DELETE FROM deletion WHERE handover = ?");
    sql_int(sql, handover_row);
    sql_run(sql);
}

void ledger_dossiers_delete_at(struct ledger *ledger, int64_t handover_row, hv_time delete_at_ms) {
    struct sql *sql = sql_write(ledger, "INSERT INTO deletion (handover, delete_at) VALUES (?, ?) "
                                        "ON CONFLICT DO UPDATE SET delete_at = excluded.delete_at");

    sql_int(sql, handover_row);
    sql_int(sql, delete_at_ms);
    sql_run(sql);
}

int64_t ledger_dossiers_due(struct ledger *ledger, hv_time now_ms) {
    struct sql *sql = sql_begin(ledger, "SELECT handover FROM deletion WHERE delete_at <= ? "
                                        "ORDER BY delete_at LIMIT 1");

    sql_int(sql, now_ms);
    return sql_number(sql, 0);
}

bool ledger_dossiers_next(struct ledger *ledger, hv_time *ret_at_ms) {
    const int64_t at_ms = sql_number(sql_begin(ledger, "SELECT min(delete_at) FROM deletion"), -1);

    *ret_at_ms = at_ms;
    return at_ms >= 0;
}

/* ---- Network ---- */

bool ledger_network_get(struct ledger *ledger, uint8_t ret_hash[32], uint8_t **ret_bytes,
                        size_t *ret_size) {
    bool found = false;
    struct sql *sql = sql_begin(ledger, "SELECT hash, files FROM network JOIN ledger "
                                        "ON ledger.network = network.number");

    if (sql_row(sql)) {
        column_bytes(sql, "hash", ret_hash, 32);
        found = copy_blob(sql, "files", ret_bytes, ret_size);
        sql_end(sql);
    }
    return found;
}

void ledger_network_put(struct ledger *ledger, const uint8_t hash[32], const void *bytes,
                        size_t size, int64_t seq) {
    struct sql *sql =
        sql_write(ledger, "INSERT INTO network (hash, files) VALUES (?, ?) ON CONFLICT DO NOTHING");

    sql_bytes(sql, hash, 32);
    sql_bytes(sql, bytes, size);
    sql_run(sql);
    sql = sql_write(ledger,
                    "UPDATE ledger SET network = (SELECT number FROM network WHERE hash = ?), "
                    "network_seq = ?");
    sql_bytes(sql, hash, 32);
    sql_int(sql, seq);
    sql_run(sql);
}

int64_t ledger_network_seq(struct ledger *ledger) {
    return sql_number(sql_begin(ledger, "SELECT network_seq FROM ledger"), 0);
}

bool ledger_network_of(struct ledger *ledger, int64_t seq, uint8_t **ret_bytes, size_t *ret_size) {
    struct hv_event event;
    bool found = false;

    msgpack_zone_clear(&ledger->zone);
    if (!ledger_event_get(ledger, seq, &ledger->zone, &event) || !event.has_network_hash)
        return false;
    struct sql *sql = sql_begin(ledger, "SELECT files FROM network WHERE hash = ?");
    sql_bytes(sql, event.network_hash, 32);
    if (sql_row(sql)) {
        found = copy_blob(sql, "files", ret_bytes, ret_size);
        sql_end(sql);
    }
    return found;
}
