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

void ledger_measures(struct ledger *ledger,
                     void (*visit)(void *context, const struct ledger_measure *measure),
                     void *context) {
    struct ledger_measure measure;
    struct sql *sql = sql_begin(ledger, "SELECT name, sender, receiver, label, bucket, count FROM "
                                        "measure ORDER BY name, sender, receiver, label, bucket");

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
