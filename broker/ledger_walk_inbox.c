/* Verifying inboxes: each has counted as many items as the events owed to it, and beyond those
 * there is nothing, owed or acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "broker/ledger_walk.h"
#include "wire/wire.h"

#define ITEM_BITS 40 /* of an item's number, below those of its inbox, as the schema checks */
#define INBOX_MAX ((INT64_C(1) << 23) - 1)

void walk_items_free(struct walk_items *items) {
    struct walk_inbox *inbox = NULL;
    struct walk_inbox *next = NULL;

    HASH_ITER(hh, items->inboxes, inbox, next) {
        HASH_DEL(items->inboxes, inbox);
        free(inbox);
    }
    walk_digests_free(items);
    network_free(items->network);
    items->network = NULL;
}

struct walk_inbox *walk_inbox_of(struct ledger *ledger, struct ledger_walk *walk,
                                 const char *organisation, enum hv_role role) {
    struct walk_items *own = &walk->items;
    struct walk_inbox *inbox = NULL;
    struct walk_inbox_name name;

    memset(&name, 0, sizeof name);
    copy_text(name.organisation, organisation);
    name.role = role;
    HASH_FIND(hh, own->inboxes, &name, sizeof name, inbox);
    if (!inbox) {
        inbox = calloc(1, sizeof *inbox);
        if (!inbox) {
            ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
            return NULL;
        }
        memcpy(&inbox->name, &name, sizeof name);
        HASH_ADD(hh, own->inboxes, name, sizeof inbox->name, inbox);
    }
    if (!inbox->row) {
        const int64_t row = ledger_inbox_find(ledger, organisation, role);
        inbox->row = row > 0 && row <= INBOX_MAX ? row : 0;
    }
    return inbox;
}

const char *walk_role_name(enum hv_role role) {
    const char *name = wire_word_text(&wire_vocabulary_role, (int)role);

    return name ? name : "no role";
}

/* ---- Nothing beyond ---- */

/* No item whose number lies between, the ends included. */
static bool no_items(struct ledger *ledger, struct ledger_walk *walk, int64_t first, int64_t last) {
    struct sql *sql = sql_begin(ledger, "SELECT number, event FROM item WHERE number BETWEEN ? AND "
                                        "? ORDER BY number LIMIT 1");

    walk_spend(walk, 1);
    sql_int(sql, first);
    sql_int(sql, last);
    if (!sql_row(sql))
        return !ledger->error;
    walk_differ(walk, "item row %lld carries event %lld, which does not owe it",
                (long long)column_int(sql, "number"), (long long)column_int(sql, "event"));
    sql_end(sql);
    return false;
}

static bool none_acknowledged(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql) {
    walk_spend(walk, 1);
    if (!sql_row(sql))
        return !ledger->error;
    walk_differ(walk, "item %lld of inbox row %lld is acknowledged, and no event owed it",
                (long long)column_int(sql, "item"), (long long)column_int(sql, "inbox"));
    sql_end(sql);
    return false;
}

/* Of inbox rows between, the ends not included. */
static bool no_inbox_between(struct ledger *ledger, struct ledger_walk *walk, int64_t before,
                             int64_t behind) {
    const int64_t first = before == INT64_MIN ? INT64_MIN : (before + 1) << ITEM_BITS;
    const int64_t last = behind == INT64_MAX ? INT64_MAX : (behind << ITEM_BITS) - 1;

    if (!no_items(ledger, walk, first, last))
        return false;
    struct sql *sql = sql_begin(ledger, "SELECT inbox, item FROM acknowledged WHERE inbox > ? AND "
                                        "inbox < ? ORDER BY inbox, item LIMIT 1");
    sql_int(sql, before);
    sql_int(sql, behind);
    return none_acknowledged(ledger, walk, sql);
}

/* Of one inbox, whose items count from 1. */
static bool no_item_beyond(struct ledger *ledger, struct ledger_walk *walk, int64_t row,
                           int64_t last) {
    const int64_t base = row << ITEM_BITS;

    if (!no_items(ledger, walk, base, base) ||
        !no_items(ledger, walk, base + last + 1, base + (INT64_C(1) << ITEM_BITS) - 1))
        return false;
    struct sql *sql = sql_begin(ledger, "SELECT inbox, item FROM acknowledged WHERE inbox = ? AND "
                                        "item < 1 ORDER BY item LIMIT 1");
    sql_int(sql, row);
    if (!none_acknowledged(ledger, walk, sql))
        return false;
    sql = sql_begin(ledger, "SELECT inbox, item FROM acknowledged WHERE inbox = ? AND item > ? "
                            "ORDER BY item LIMIT 1");
    sql_int(sql, row);
    sql_int(sql, last);
    return none_acknowledged(ledger, walk, sql);
}

/* ---- Inbox by inbox ---- */

static bool inbox_check(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql) {
    const int64_t row = column_int(sql, "number");
    const enum hv_role role = (enum hv_role)column_int(sql, "role");
    const int64_t last = column_int(sql, "last");
    char organisation[HV_CODE_SIZE];

    column_text(sql, "organisation", organisation, sizeof organisation);
    if (row < 1 || row > INBOX_MAX)
        return walk_differ(walk, "inbox row %lld has no place", (long long)row);
    const struct walk_inbox *inbox = walk_inbox_of(ledger, walk, organisation, role);
    if (!inbox)
        return false;
    if (last != inbox->last)
        return walk_differ(walk,
                           "inbox row %lld, of %s (%s), has counted %lld items, and its events "
                           "owe %lld",
                           (long long)row, organisation, walk_role_name(role), (long long)last,
                           (long long)inbox->last);
    if (!no_inbox_between(ledger, walk, walk->items.inbox_row, row) ||
        !no_item_beyond(ledger, walk, row, last))
        return false;
    walk->items.inbox_row = row;
    return true;
}

/* Behind one whose files cannot be read no event was taken: the ledger itself names the last. */
static bool last_network(struct ledger *ledger, struct ledger_walk *walk, int64_t seq) {
    struct walk_items *own = &walk->items;
    struct sql *sql = sql_begin(ledger, "SELECT payload FROM payload WHERE seq = ?");
    struct hv_event event = {0};
    bool read = false;

    sql_int(sql, seq);
    if (sql_row(sql)) {
        read = walk_payload(walk, sql, seq, &event);
        sql_end(sql);
    }
    if (read && event.event == HV_EVENT_NETWORK) {
        memcpy(own->network_hash, event.network_hash, sizeof own->network_hash);
        own->network_seq = seq;
    }
    return !ledger->error && !walk->differs;
}

/* The network in force is the one of the last event that put one in force. A ledger from before it
 * was noted which one that is knows it from the next on. */
static bool in_force_check(struct ledger *ledger, struct ledger_walk *walk) {
    const int64_t seq = ledger_network_seq(ledger);
    uint8_t hash[32] = {0};

    walk_spend(walk, 1);
    if (walk->result.unread_network_seq) {
        if (seq == 0)
            return !ledger->error;
        if (!last_network(ledger, walk, seq))
            return false;
    }
    struct sql *sql = sql_begin(ledger, "SELECT network.hash AS hash FROM ledger "
                                        "JOIN network ON network.number = ledger.network");
    if (sql_row(sql)) {
        column_bytes(sql, "hash", hash, sizeof hash);
        sql_end(sql);
    }
    if (ledger->error)
        return false;
    return memcmp(hash, walk->items.network_hash, sizeof hash) == 0 &&
                   (seq == 0 || seq == walk->items.network_seq)
               ? true
               : walk_differ(walk, "the network in force is not the one that the last event "
                                   "about it names");
}

/* What was owed meanwhile is counted first, in this very step. */
bool walk_inboxes(struct ledger *ledger, struct ledger_walk *walk) {
    if (walk->result.unread_network_seq)
        return in_force_check(ledger, walk);
    if (!walk_items(ledger, walk))
        return false;
    struct sql *sql = sql_begin(ledger, "SELECT number, organisation, role, last FROM inbox "
                                        "WHERE number > ? ORDER BY number");
    sql_int(sql, walk->items.inbox_row);
    while (sql_row(sql)) {
        if (walk->budget == 0 || !inbox_check(ledger, walk, sql)) {
            sql_end(sql);
            return false;
        }
    }
    return !ledger->error && no_inbox_between(ledger, walk, walk->items.inbox_row, INT64_MAX) &&
           in_force_check(ledger, walk);
}
