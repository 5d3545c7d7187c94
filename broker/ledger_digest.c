/* Digests in the ledger: which steps wait together in an item. */
#include "broker/ledger.h"
#include "broker/ledger_sql.h"

int64_t ledger_digest_open(struct ledger *ledger, int64_t inbox, int64_t most) {
    struct sql *sql = sql_begin(
        ledger, "SELECT item.item FROM item JOIN event ON event.seq = item.event WHERE "
                "item.inbox = ?1 AND item.journey = -1 AND attempts = 0 AND type = ?2 AND "
                "coalesce((SELECT max(place) FROM digest WHERE digest.inbox = ?1 AND "
                "digest.item = item.item), 0) < ?3 ORDER BY item.number DESC LIMIT 1");

    sql_int(sql, inbox);
    sql_int(sql, (int64_t)HV_EVENT_DIGEST);
    sql_int(sql, most);
    return sql_number(sql, 0);
}

void ledger_digest_add(struct ledger *ledger, int64_t inbox, int64_t item, int64_t seq) {
    struct sql *sql = sql_write(ledger, "INSERT INTO digest (inbox, item, place, event) VALUES "
                                        "(?1, ?2, 1 + coalesce((SELECT max(place) FROM digest "
                                        "WHERE inbox = ?1 AND item = ?2), 0), ?3)");

    sql_int(sql, inbox);
    sql_int(sql, item);
    sql_int(sql, seq);
    sql_run(sql);
}

size_t ledger_digest_get(struct ledger *ledger, int64_t inbox, int64_t item, size_t limit,
                         int64_t *ret_seqs) {
    size_t count = 0;
    struct sql *sql = sql_begin(ledger, "SELECT event FROM digest WHERE inbox = ? AND item = ? "
                                        "ORDER BY place LIMIT ?");

    sql_int(sql, inbox);
    sql_int(sql, item);
    sql_int(sql, (int64_t)limit);
    while (sql_row(sql))
        ret_seqs[count++] = column_int(sql, "event");
    return count;
}

void ledger_digest_end(struct ledger *ledger, int64_t inbox, int64_t item) {
    struct sql *sql = sql_write(ledger, "DELETE FROM digest WHERE inbox = ? AND item = ?");

    sql_int(sql, inbox);
    sql_int(sql, item);
    sql_run(sql);
}
