/* The clock in the ledger, so that a start knows how late it is. */
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

void ledger_clock_get(struct ledger *ledger, struct clock *ret_clock) {
    struct sql *sql = sql_begin(ledger, "SELECT now, wall, boot, boot_id, doubted FROM clock");

    memset(ret_clock, 0, sizeof *ret_clock);
    if (!sql_row(sql))
        return;
    ret_clock->now_ms = column_int(sql, "now");
    ret_clock->wall_ms = column_int(sql, "wall");
    ret_clock->boot_ms = column_int(sql, "boot");
    column_bytes(sql, "boot_id", ret_clock->boot_id, sizeof ret_clock->boot_id);
    ret_clock->doubted = column_int(sql, "doubted") != 0;
    sql_end(sql);
}

void ledger_clock_put(struct ledger *ledger, const struct clock *clock) {
    struct sql *sql =
        sql_write(ledger, "INSERT INTO clock (one, now, wall, boot, boot_id, doubted) "
                          "VALUES (1, ?1, ?2, ?3, ?4, ?5) ON CONFLICT (one) DO UPDATE "
                          "SET now = ?1, wall = ?2, boot = ?3, boot_id = ?4, "
                          "doubted = ?5");

    sql_int(sql, clock->now_ms);
    sql_int(sql, clock->wall_ms);
    sql_int(sql, clock->boot_ms);
    sql_bytes(sql, clock->boot_id, sizeof clock->boot_id);
    sql_int(sql, clock->doubted);
    sql_run(sql);
}
