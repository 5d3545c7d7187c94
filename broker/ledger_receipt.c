/* Receipts in the ledger: the bytes that both sides get, a row for each confirmed handover. */
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

void ledger_receipt_put(struct ledger *ledger, int64_t handover_row, const void *bytes,
                        size_t size) {
    struct sql *sql = sql_write(ledger, "INSERT INTO receipt (handover, receipt) VALUES (?, ?)");

    sql_int(sql, handover_row);
    sql_bytes(sql, bytes, size);
    sql_run(sql);
}

size_t ledger_receipt_get(struct ledger *ledger, int64_t handover_row, void *ret_bytes,
                          size_t room) {
    struct sql *sql = sql_begin(ledger, "SELECT receipt FROM receipt WHERE handover = ?");
    size_t size = 0;

    sql_int(sql, handover_row);
    if (sql_row(sql)) {
        const void *bytes = column_blob(sql, "receipt", &size);
        size = bytes && size <= room ? size : 0;
        if (size > 0)
            memcpy(ret_bytes, bytes, size);
        sql_end(sql);
    }
    return size;
}
