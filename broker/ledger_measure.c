/* Measures in the ledger: counts by name, route, label and bucket. */
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

void ledger_measure_add(struct ledger *ledger, int64_t measure, const char *sender,
                        const char *receiver, const char *label, int64_t bucket, int64_t count) {
    struct sql *sql = sql_write(
        ledger, "INSERT INTO measure (name, sender, receiver, label, bucket, count) VALUES "
                "(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET count = count + ?6");

    sql_int(sql, measure);
    sql_text(sql, sender);
    sql_text(sql, receiver);
    sql_text(sql, label);
    sql_int(sql, bucket);
    sql_int(sql, count);
    sql_run(sql);
}

int64_t ledger_measured(struct ledger *ledger, int64_t measure, const char *sender) {
    struct sql *sql = sql_begin(ledger, "SELECT sum(count) FROM measure WHERE name = ? AND "
                                        "sender = ?");

    sql_int(sql, measure);
    sql_text(sql, sender);
    return sql_number(sql, 0);
}

/* What is open waits too: it counts as `open_as`, until now. */
#define MEASURES                                                                                \
    "SELECT name, sender, receiver, label, bucket, sum(count) AS count FROM (SELECT name, "     \
    "sender, receiver, label, bucket, count FROM measure WHERE name BETWEEN ?1 AND ?2 "         \
    "UNION ALL SELECT ?3, sender, receiver, '', 0, sum(max(?4 - offered_at, 0)) FROM handover " \
    "WHERE ?3 > 0 AND ended_seq = 0 GROUP BY sender, receiver) GROUP BY 1, 2, 3, 4, 5 "         \
    "ORDER BY 1, 2, 3, 4, 5"

void ledger_measures(struct ledger *ledger, int64_t first, int64_t last, int64_t open_as,
                     hv_time now_ms,
                     void (*visit)(void *context, const struct ledger_measure *measure),
                     void *context) {
    struct ledger_measure measure;
    struct sql *sql = sql_begin(ledger, MEASURES);

    sql_int(sql, first);
    sql_int(sql, last);
    sql_int(sql, open_as);
    sql_int(sql, now_ms);
    while (sql_row(sql)) {
        measure.measure = column_int(sql, "name");
        column_text(sql, "sender", measure.sender, sizeof measure.sender);
        column_text(sql, "receiver", measure.receiver, sizeof measure.receiver);
        column_text(sql, "label", measure.label, sizeof measure.label);
        measure.bucket = column_int(sql, "bucket");
        measure.count = column_int(sql, "count");
        visit(context, &measure);
    }
}

int64_t ledger_hops(struct ledger *ledger, int64_t journey_row) {
    struct sql *sql =
        sql_begin(ledger, "SELECT count(*) FROM handover WHERE journey = ? AND state = 6");

    sql_int(sql, journey_row);
    return sql_number(sql, 0);
}
