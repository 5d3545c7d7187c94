/* Inboxes in the ledger: what is owed, in order, until it is acknowledged.
 *
 *   waits ──► ready ──► out ──► (acknowledged: gone)
 *               ▲        │ ├──► rests ──► ready          nack
 *               ├────────┘ └──► aside ──► waits, ready   too many failures; the next hello
 *
 * Of one lane at most one item of an inbox is ready, out or at rest: the others wait for it. The
 * column `journey` names it. Each journey has one, whose row counts from 1; of those of no journey
 * the digests have one, -1, and the rest another, 0: many who wait must not wait for one item more.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ledger.h"
#include "broker/ledger_sql.h"

int64_t ledger_inbox_find(struct ledger *ledger, const char *organisation, enum hv_role role) {
    struct sql *sql =
        sql_begin(ledger, "SELECT number FROM inbox WHERE organisation = ? AND role = ?");

    sql_text(sql, organisation);
    sql_int(sql, (int64_t)role);
    return sql_number(sql, 0);
}

/* ---- Inboxes ---- */

/* An inbox as it stands in this turn. Its counter goes to the disk once a turn, not once an item.
 */
struct ledger_inbox {
    struct inbox_name {
        char organisation[HV_CODE_SIZE];
        enum hv_role role;
    } name;         /* key: all of it, unused bytes zero */
    int64_t number; /* second key */
    int64_t last;
    bool counted; /* `last` is newer than the row */
    struct ledger_inbox *next_counted;
    UT_hash_handle hh, hh_number;
};

void ledger_inboxes_forget(struct ledger *ledger) {
    struct ledger_inbox *inbox = NULL;
    struct ledger_inbox *next = NULL;

    HASH_CLEAR(hh_number, ledger->inboxes_by_number);
    HASH_ITER(hh, ledger->inboxes, inbox, next) {
        HASH_DEL(ledger->inboxes, inbox);
        free(inbox);
    }
    ledger->inboxes_counted = NULL;
}

void ledger_inboxes_store(struct ledger *ledger) {
    for (struct ledger_inbox *inbox = ledger->inboxes_counted; inbox; inbox = inbox->next_counted) {
        struct sql *sql = sql_write(ledger, "UPDATE inbox SET last = ? WHERE number = ?");
        sql_int(sql, inbox->last);
        sql_int(sql, inbox->number);
        sql_run(sql);
        inbox->counted = false;
    }
    ledger->inboxes_counted = NULL;
}

/* Finds the row, or makes it. */
static void inbox_load(struct ledger *ledger, struct ledger_inbox *inbox) {
    struct sql *sql =
        sql_begin(ledger, "SELECT number, last FROM inbox WHERE organisation = ? AND role = ?");

    sql_text(sql, inbox->name.organisation);
    sql_int(sql, (int64_t)inbox->name.role);
    if (sql_row(sql)) {
        inbox->number = column_int(sql, "number");
        inbox->last = column_int(sql, "last");
        sql_end(sql);
        return;
    }
    sql = sql_write(ledger, "INSERT INTO inbox (organisation, role, last) VALUES (?, ?, 0)");
    sql_text(sql, inbox->name.organisation);
    sql_int(sql, (int64_t)inbox->name.role);
    sql_run(sql);
    inbox->number = sqlite3_last_insert_rowid(ledger->database);
}

int64_t ledger_inbox(struct ledger *ledger, const char *organisation, enum hv_role role) {
    struct ledger_inbox *inbox = NULL;
    struct inbox_name name;

    if (ledger->error)
        return 0;
    memset(&name, 0, sizeof name);
    copy_text(name.organisation, organisation);
    name.role = role;
    HASH_FIND(hh, ledger->inboxes, &name, sizeof name, inbox);
    if (inbox)
        return inbox->number;
    inbox = calloc(1, sizeof *inbox);
    if (!inbox) {
        ledger->error = -ENOMEM;
        return 0;
    }
    memcpy(&inbox->name, &name, sizeof name);
    inbox_load(ledger, inbox);
    if (ledger->error) {
        free(inbox);
        return 0;
    }
    HASH_ADD(hh, ledger->inboxes, name, sizeof inbox->name, inbox);
    HASH_ADD(hh_number, ledger->inboxes_by_number, number, sizeof inbox->number, inbox);
    return inbox->number;
}

/* The number of the inbox's next item. */
static int64_t inbox_count(struct ledger *ledger, int64_t number) {
    struct ledger_inbox *inbox = NULL;

    HASH_FIND(hh_number, ledger->inboxes_by_number, &number, sizeof number, inbox);
    assert(inbox); /* ledger_inbox gave the number, in this turn or an earlier one */
    if (!inbox->counted) {
        inbox->counted = true;
        inbox->next_counted = ledger->inboxes_counted;
        ledger->inboxes_counted = inbox;
    }
    return ++inbox->last;
}

/* ---- Items ---- */

/* What keeps an inbox's items together and in order, as the schema checks. */
static int64_t item_number(int64_t inbox, int64_t item) {
    return (inbox << 40) + item;
}

/* Whether an item of the lane is on its way; if none is, *ret_waits is the first that waits, or
 * 0. */
static bool lane_is_active(struct ledger *ledger, int64_t inbox, int64_t lane, int64_t *ret_waits) {
    struct sql *sql = sql_begin(ledger, "SELECT number, state FROM item WHERE inbox = ? AND "
                                        "journey = ? ORDER BY number");

    sql_int(sql, inbox);
    sql_int(sql, lane);
    *ret_waits = 0;
    while (sql_row(sql)) {
        const int64_t number = column_int(sql, "number");
        const int64_t state = column_int(sql, "state");
        if (state == LEDGER_ITEM_WAITS && !*ret_waits)
            *ret_waits = number;
        if (state != LEDGER_ITEM_WAITS && state != LEDGER_ITEM_ASIDE) {
            sql_end(sql);
            return true;
        }
    }
    return false;
}

/* Lets the next of a lane go, if none of it is on its way. */
static void lane_advance(struct ledger *ledger, int64_t inbox, int64_t lane) {
    int64_t waits = 0;

    if (lane_is_active(ledger, inbox, lane, &waits) || !waits)
        return;
    struct sql *sql = sql_write(ledger, "UPDATE item SET state = 1 WHERE number = ?");
    sql_int(sql, waits);
    sql_run(sql);
}

int64_t ledger_items_count(struct ledger *ledger, int64_t inbox, int64_t most) {
    struct sql *sql =
        sql_begin(ledger, "SELECT count(*) FROM (SELECT 1 FROM item WHERE number > (?1 << 40) AND "
                          "number < ((?1 + 1) << 40) LIMIT ?2)");

    sql_int(sql, inbox);
    sql_int(sql, most);
    return sql_number(sql, 0);
}

int64_t ledger_item_add(struct ledger *ledger, int64_t inbox, int64_t lane, int64_t handover_row,
                        int64_t seq) {
    int64_t waits = 0;
    const bool active = lane_is_active(ledger, inbox, lane, &waits);

    if (ledger->error)
        return 0;
    assert(active || !waits); /* what waits, waits for one on its way */
    const int64_t item = inbox_count(ledger, inbox);
    struct sql *sql =
        sql_write(ledger, "INSERT INTO item (number, inbox, item, journey, handover, event, "
                          "state, attempts, failures, ready_at) "
                          "VALUES (?, ?, ?, ?, nullif(?, 0), ?, ?, 0, 0, 0)");
    sql_int(sql, item_number(inbox, item));
    sql_int(sql, inbox);
    sql_int(sql, item);
    sql_int(sql, lane);
    sql_int(sql, handover_row);
    sql_int(sql, seq);
    sql_int(sql, active ? LEDGER_ITEM_WAITS : LEDGER_ITEM_READY);
    sql_run(sql);
    ledger->gauges.items_owed++;
    return item;
}

#define ITEM_COLUMNS                                                                          \
    "number, inbox, item, journey, ifnull(handover, 0) AS handover, event, state, attempts, " \
    "failures "

static void item_of_row(struct sql *sql, struct ledger_item *ret_item) {
    const int64_t lane = column_int(sql, "journey");

    *ret_item = (struct ledger_item){
        .row = column_int(sql, "number"),
        .inbox = column_int(sql, "inbox"),
        .item = column_int(sql, "item"),
        .journey_row = lane > 0 ? lane : 0,
        .lane = lane,
        .handover_row = column_int(sql, "handover"),
        .seq = column_int(sql, "event"),
        .state = (int)column_int(sql, "state"),
        .attempts = column_int(sql, "attempts"),
        .failures = column_int(sql, "failures"),
    };
}

static bool item_one(struct sql *sql, struct ledger_item *ret_item) {
    if (!sql_row(sql))
        return false;
    item_of_row(sql, ret_item);
    sql_end(sql);
    return true;
}

bool ledger_item_get(struct ledger *ledger, int64_t row, struct ledger_item *ret_item) {
    struct sql *sql = sql_begin(ledger, "SELECT " ITEM_COLUMNS "FROM item WHERE number = ?");

    sql_int(sql, row);
    return item_one(sql, ret_item);
}

bool ledger_journey_is_stuck(struct ledger *ledger, int64_t journey_row) {
    if (ledger->gauges.items_aside == 0)
        return false;
    struct sql *sql =
        sql_begin(ledger, "SELECT 1 FROM item WHERE state = 4 AND journey = ? LIMIT 1");

    sql_int(sql, journey_row);
    return sql_number(sql, 0) != 0;
}

bool ledger_item_find(struct ledger *ledger, int64_t inbox, int64_t item,
                      struct ledger_item *ret_item) {
    return item >> 40 == 0 && ledger_item_get(ledger, item_number(inbox, item), ret_item);
}

int64_t ledger_item_acknowledged(struct ledger *ledger, int64_t inbox, int64_t item) {
    struct sql *sql =
        sql_begin(ledger, "SELECT seq FROM acknowledged WHERE inbox = ? AND item = ?");

    sql_int(sql, inbox);
    sql_int(sql, item);
    return sql_number(sql, 0);
}

size_t ledger_items_ready(struct ledger *ledger, int64_t inbox, size_t limit,
                          struct ledger_item *ret_items) {
    size_t count = 0;
    struct sql *sql = sql_begin(ledger, "SELECT " ITEM_COLUMNS "FROM item WHERE inbox = ? "
                                        "AND state = 1 ORDER BY number LIMIT ?");

    sql_int(sql, inbox);
    sql_int(sql, (int64_t)limit);
    while (sql_row(sql))
        item_of_row(sql, &ret_items[count++]);
    return count;
}

void ledger_item_out(struct ledger *ledger, struct ledger_item *item) {
    struct sql *sql = sql_write(
        ledger,
        "UPDATE item SET state = 2, attempts = attempts + 1 WHERE number = ? AND state = 1");

    assert(item->state == LEDGER_ITEM_READY);
    sql_int(sql, item->row);
    sql_run(sql);
    item->state = LEDGER_ITEM_OUT;
    item->attempts++;
}

void ledger_item_return(struct ledger *ledger, int64_t row) {
    struct sql *sql = sql_write(ledger, "UPDATE item SET state = 1 WHERE number = ? AND state = 2");

    sql_int(sql, row);
    sql_run(sql);
}

bool ledger_item_failed(struct ledger *ledger, const struct ledger_item *item, hv_time ready_at_ms,
                        int64_t failures_max) {
    const bool aside = item->failures + 1 >= failures_max;
    struct sql *sql =
        sql_write(ledger, "UPDATE item SET state = ?, failures = failures + 1, ready_at = ? "
                          "WHERE number = ?");

    sql_int(sql, aside ? LEDGER_ITEM_ASIDE : LEDGER_ITEM_RESTS);
    sql_int(sql, ready_at_ms);
    sql_int(sql, item->row);
    sql_run(sql);
    if (aside) {
        ledger->gauges.items_aside++;
        lane_advance(ledger, item->inbox, item->lane);
    }
    return aside;
}

void ledger_item_acknowledge(struct ledger *ledger, const struct ledger_item *item, int64_t seq) {
    struct sql *sql =
        sql_write(ledger, "INSERT INTO acknowledged (inbox, item, seq) VALUES (?, ?, ?)");

    sql_int(sql, item->inbox);
    sql_int(sql, item->item);
    sql_int(sql, seq);
    sql_run(sql);
    sql = sql_write(ledger, "DELETE FROM item WHERE number = ?");
    sql_int(sql, item->row);
    sql_run(sql);
    ledger->gauges.items_owed--;
    if (item->state == LEDGER_ITEM_ASIDE)
        ledger->gauges.items_aside--;
    lane_advance(ledger, item->inbox, item->lane);
}

void ledger_items_recall(struct ledger *ledger, int64_t inbox) {
    struct ledger_item item;

    for (;;) {
        struct sql *sql = sql_begin(ledger, "SELECT " ITEM_COLUMNS "FROM item WHERE inbox = ? "
                                            "AND state = 4 ORDER BY number LIMIT 1");
        sql_int(sql, inbox);
        if (!item_one(sql, &item))
            return;
        sql = sql_write(ledger, "UPDATE item SET state = 0, failures = 0 WHERE number = ?");
        sql_int(sql, item.row);
        sql_run(sql);
        ledger->gauges.items_aside--;
        lane_advance(ledger, inbox, item.lane);
    }
}

void ledger_items_wake(struct ledger *ledger, hv_time now_ms,
                       void (*visit)(void *context, int64_t inbox), void *context) {
    struct sql *sql =
        sql_begin(ledger, "SELECT inbox FROM item WHERE state = 3 AND ready_at <= ? UNION "
                          "SELECT inbox FROM item WHERE state = 3 AND ready_at > ?");
    bool any = false;

    sql_int(sql, now_ms);
    sql_int(sql, now_ms + LEDGER_REST_MAX_MS);
    while (sql_row(sql)) {
        any = true;
        visit(context, column_int(sql, "inbox"));
    }
    if (!any)
        return;
    sql = sql_write(ledger, "UPDATE item SET state = 1 WHERE state = 3 AND "
                            "(ready_at <= ? OR ready_at > ?)");
    sql_int(sql, now_ms);
    sql_int(sql, now_ms + LEDGER_REST_MAX_MS);
    sql_run(sql);
}

bool ledger_items_next(struct ledger *ledger, hv_time *ret_at_ms) {
    const int64_t at_ms =
        sql_number(sql_begin(ledger, "SELECT min(ready_at) FROM item WHERE state = 3"), -1);

    *ret_at_ms = at_ms;
    return at_ms >= 0;
}

bool ledger_item_dossier_waits(struct ledger *ledger, int64_t inbox, int64_t handover_row) {
    struct sql *sql = sql_begin(ledger, "SELECT 1 FROM item JOIN event ON event.seq = item.event "
                                        "WHERE item.inbox = ? AND item.journey = "
                                        "(SELECT journey FROM handover WHERE number = ?) "
                                        "AND item.handover = ? AND event.type = ? LIMIT 1");

    sql_int(sql, inbox);
    sql_int(sql, handover_row);
    sql_int(sql, handover_row);
    sql_int(sql, (int64_t)HV_EVENT_DOSSIER);
    return sql_number(sql, 0) != 0;
}
