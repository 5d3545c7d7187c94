/* Absences in the ledger: the newest of each begeleider. */
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

bool ledger_absence_get(struct ledger *ledger, const char *organisation, const char *begeleider,
                        struct ledger_absence *ret_absence) {
    struct sql *sql = sql_begin(ledger, "SELECT begins, until, deputy, said_on, event FROM absence "
                                        "WHERE organisation = ? AND begeleider = ?");

    sql_text(sql, organisation);
    sql_text(sql, begeleider);
    if (!sql_row(sql))
        return false;
    ret_absence->begins_ms = column_int(sql, "begins");
    ret_absence->until_ms = column_int(sql, "until");
    column_text(sql, "deputy", ret_absence->deputy, sizeof ret_absence->deputy);
    ret_absence->said_on_ms = column_int(sql, "said_on");
    ret_absence->seq = column_int(sql, "event");
    sql_end(sql);
    return true;
}

void ledger_absence_put(struct ledger *ledger, const char *organisation, const char *begeleider,
                        const struct ledger_absence *absence) {
    struct sql *sql = sql_write(
        ledger, "INSERT INTO absence (organisation, begeleider, begins, until, deputy, said_on, "
                "event) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET "
                "begins = ?3, until = ?4, deputy = ?5, said_on = ?6, event = ?7");

    sql_text(sql, organisation);
    sql_text(sql, begeleider);
    sql_int(sql, absence->begins_ms);
    sql_int(sql, absence->until_ms);
    sql_text(sql, absence->deputy);
    sql_int(sql, absence->said_on_ms);
    sql_int(sql, absence->seq);
    sql_run(sql);
}

void ledger_absences_after(struct ledger *ledger, const char *organisation, hv_time at_ms,
                           void (*visit)(void *context, int64_t seq), void *context) {
    struct sql *sql =
        sql_begin(ledger, "SELECT event FROM absence WHERE organisation = ? AND until > ?");

    sql_text(sql, organisation);
    sql_int(sql, at_ms);
    while (sql_row(sql))
        visit(context, column_int(sql, "event"));
}

/* A begeleider and those whose deputies lead there, but for who is back or has not left. However
 * many are away, each is looked at once: SQLite keeps them in memory by deputy. */
#define LEFT_ALONE                                                                             \
    "WITH RECURSIVE away AS MATERIALIZED (SELECT begeleider, deputy FROM absence WHERE "       \
    "?3 >= 0 AND organisation = ?1 AND begins <= ?3 AND ?3 < until), left_alone (person) AS (" \
    "VALUES (?2) UNION SELECT away.begeleider FROM left_alone CROSS JOIN away "                \
    "ON away.deputy = left_alone.person) "

int64_t ledger_held_by(struct ledger *ledger, const char *organisation, const char *begeleider,
                       hv_time alone_ms, size_t limit, struct hv_overdue *ret_held,
                       size_t *ret_count) {
    int64_t all = 0;
    size_t count = 0;
    struct sql *sql = sql_begin(
        ledger, LEFT_ALONE "SELECT id, held_since, count(*) OVER () AS held FROM journey WHERE "
                           "organisation = ?1 AND begeleider IN left_alone AND state < 3 "
                           "ORDER BY due LIMIT ?4");

    sql_text(sql, organisation);
    sql_text(sql, begeleider);
    sql_int(sql, alone_ms);
    sql_int(sql, (int64_t)limit);
    while (sql_row(sql)) {
        struct hv_overdue *held = &ret_held[count++];
        memset(held, 0, sizeof *held);
        column_bytes(sql, "id", held->journey.bytes, sizeof held->journey.bytes);
        held->has_since = true;
        held->since = column_int(sql, "held_since");
        all = column_int(sql, "held");
    }
    *ret_count = count;
    return all;
}

/* Of those who stand in, the first few thousand are looked at: more nobody has, unless by a flood.
 */
bool ledger_person_is_known(struct ledger *ledger, const char *organisation, const char *person) {
    struct sql *sql = sql_begin(
        ledger, "SELECT 1 FROM journey WHERE organisation = ?1 AND begeleider = ?2 AND state < 3 "
                "UNION ALL SELECT 1 FROM handover WHERE receiver = ?1 AND ended_seq = 0 AND "
                "(received_by = ?2 OR picked_up_by = ?2) "
                "UNION ALL SELECT 1 FROM absence WHERE organisation = ?1 AND begeleider = ?2 "
                "UNION ALL SELECT 1 FROM (SELECT deputy FROM absence WHERE organisation = ?1 "
                "LIMIT 4096) WHERE deputy = ?2 LIMIT 1");

    sql_text(sql, organisation);
    sql_text(sql, person);
    return sql_number(sql, 0) != 0;
}

bool ledger_has_absences(struct ledger *ledger) {
    if (!ledger->has_absences)
        ledger->has_absences =
            sql_number(sql_begin(ledger, "SELECT 1 FROM absence LIMIT 1"), 0) != 0;
    return ledger->has_absences;
}
