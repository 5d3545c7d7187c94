/* Verifying steps that wait together in digests, and absences. */
#include <stdlib.h>
#include <string.h>

#include "broker/ledger_walk.h"

/* ---- Digests ---- */

/* A step goes into the newest digest of its inbox while that has not gone out and has room: so the
 * events tell which one it is. */

static struct walk_digested *digested_find(const struct walk_items *items, int64_t inbox_row,
                                           int64_t seq) {
    struct walk_digested *digested = NULL;
    struct walk_digested_name name;

    memset(&name, 0, sizeof name);
    name.inbox_row = inbox_row;
    name.seq = seq;
    HASH_FIND(hh, items->digested, &name, sizeof name, digested);
    if (!digested)
        HASH_FIND(hh, items->digested_found, &name, sizeof name, digested);
    return digested;
}

bool walk_digest_took(struct ledger *ledger, struct ledger_walk *walk, struct walk_inbox *inbox,
                      int64_t seq) {
    struct walk_digested *digested = calloc(1, sizeof *digested);

    if (!digested) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    digested->name.inbox_row = inbox->row;
    digested->name.seq = seq;
    digested->item = inbox->digest;
    digested->inbox = inbox;
    HASH_ADD(hh, walk->items.digested, name, sizeof digested->name, digested);
    inbox->digested = seq;
    return true;
}

void walk_digest_began(struct ledger_walk *walk, struct walk_inbox *inbox) {
    struct walk_digested *digested = digested_find(&walk->items, inbox->row, inbox->digested);

    inbox->digest = inbox->last;
    if (digested)
        digested->item = inbox->digest;
}

bool walk_digest_told(struct ledger_walk *walk, const struct walk_inbox *inbox, int64_t item,
                      int64_t seq) {
    struct walk_items *own = &walk->items;
    struct walk_digested *digested = digested_find(own, inbox->row, seq);
    struct walk_digested *compared = NULL;

    if (!digested || digested->item != item)
        return false;
    HASH_FIND(hh, own->digested_found, &digested->name, sizeof digested->name, compared);
    if (compared)
        HASH_DEL(own->digested_found, digested);
    else
        HASH_DEL(own->digested, digested);
    free(digested);
    return true;
}

static void digested_free(struct walk_digested **all) {
    struct walk_digested *digested = NULL;
    struct walk_digested *next = NULL;

    HASH_ITER(hh, *all, digested, next) {
        HASH_DEL(*all, digested);
        free(digested);
    }
}

void walk_digests_free(struct walk_items *items) {
    digested_free(&items->digested);
    digested_free(&items->digested_found);
}

/* D3: it is in its digest, and that is owed. */
static bool digested_compare(struct ledger *ledger, struct ledger_walk *walk,
                             const struct walk_digested *digested) {
    const struct walk_inbox_name *inbox = &digested->inbox->name;
    struct sql *sql = sql_begin(ledger, "SELECT digest.item FROM digest JOIN item ON "
                                        "item.number = (digest.inbox << 40) + digest.item "
                                        "WHERE digest.inbox = ? AND digest.event = ?");

    walk_spend(walk, 1);
    sql_int(sql, digested->name.inbox_row);
    sql_int(sql, digested->name.seq);
    const int64_t item = sql_number(sql, 0);
    if (ledger->error)
        return false;
    if (item == 0)
        return walk_differ(walk,
                           "event %lld is owed to %s (%s), and is neither an item of it nor in a "
                           "digest",
                           (long long)digested->name.seq, inbox->organisation,
                           walk_role_name(inbox->role));
    return item == digested->item
               ? true
               : walk_differ(walk,
                             "event %lld went into digest %lld of %s (%s), and is in digest %lld",
                             (long long)digested->name.seq, (long long)digested->item,
                             inbox->organisation, walk_role_name(inbox->role), (long long)item);
}

static bool all_digested_compare(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_items *own = &walk->items;

    while (own->digested) {
        struct walk_digested *digested = own->digested;
        if (walk->budget == 0 || !digested_compare(ledger, walk, digested))
            return false;
        HASH_DEL(own->digested, digested);
        HASH_ADD(hh, own->digested_found, name, sizeof digested->name, digested);
    }
    return true;
}

/* It is of a step that was taken and not told, and comes behind those that went in before. */
static bool digest_row_check(struct ledger_walk *walk, int64_t number,
                             const struct walk_digest_row *row) {
    const struct walk_digest_row *before = &walk->items.digest_row;
    const bool first = row->inbox_row != before->inbox_row || row->item != before->item;

    if (!digested_find(&walk->items, row->inbox_row, row->seq))
        return walk_differ(walk, "digest row %lld: no step of event %lld waits to be told",
                           (long long)number, (long long)row->seq);
    return row->place == (first ? 1 : before->place + 1) && (first || row->seq > before->seq)
               ? true
               : walk_differ(walk, "digest row %lld is not in its place, %lld", (long long)number,
                             (long long)row->place);
}

static bool digest_rows_compare(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_digest_row *last = &walk->items.digest_row;
    struct sql *sql =
        sql_begin(ledger, "SELECT inbox, item, place, event, number FROM digest WHERE "
                          "(inbox, item, place) > (?, ?, ?) ORDER BY inbox, item, place");

    sql_int(sql, last->inbox_row);
    sql_int(sql, last->item);
    sql_int(sql, last->place);
    while (sql_row(sql)) {
        const struct walk_digest_row row = {
            .inbox_row = column_int(sql, "inbox"),
            .item = column_int(sql, "item"),
            .place = column_int(sql, "place"),
            .seq = column_int(sql, "event"),
        };
        if (walk->budget == 0 || !digest_row_check(walk, column_int(sql, "number"), &row)) {
            sql_end(sql);
            return false;
        }
        walk_spend(walk, 1);
        *last = row;
    }
    return !ledger->error;
}

/* What was taken and told meanwhile is counted first, in this very step: then what was taken and
 * not told, and nothing else, waits in digests. */
bool walk_digests(struct ledger *ledger, struct ledger_walk *walk) {
    if (walk->result.unread_network_seq)
        return true;
    return walk_items(ledger, walk) && all_digested_compare(ledger, walk) &&
           digest_rows_compare(ledger, walk);
}

/* ---- Absences ---- */

static bool is_same_absence(const struct ledger_absence *absence, const struct hv_event *event) {
    return absence->begins_ms == event->begins && absence->until_ms == event->until &&
           absence->said_on_ms == event->on &&
           strcmp(absence->deputy, event->has_deputy ? event->deputy : "") == 0;
}

bool walk_absence_said(struct ledger *ledger, struct ledger_walk *walk, int64_t seq,
                       const struct hv_event *event) {
    struct ledger_absence absence;
    const bool found = ledger_absence_get(ledger, event->organisation, event->begeleider, &absence);

    walk_spend(walk, 1);
    if (ledger->error)
        return false;
    if (!found || absence.seq < seq)
        return walk_differ(walk, "event %lld: the absence that it says is missing", (long long)seq);
    return absence.seq > seq || is_same_absence(&absence, event)
               ? true
               : walk_differ(walk, "event %lld: the absence that it says is another in its row",
                             (long long)seq);
}

bool walk_absence_row(struct ledger_walk *walk, struct sql *sql) {
    const int64_t seq = column_int(sql, "number");
    struct hv_event event = {0};
    char organisation[HV_CODE_SIZE];
    char begeleider[HV_PERSON_SIZE];

    column_text(sql, "organisation", organisation, sizeof organisation);
    column_text(sql, "begeleider", begeleider, sizeof begeleider);
    if (!walk_payload(walk, sql, seq, &event))
        return false;
    return event.event == HV_EVENT_ABSENT && strcmp(event.organisation, organisation) == 0 &&
                   strcmp(event.begeleider, begeleider) == 0
               ? true
               : walk_differ(walk, "an absence belongs to event %lld, which does not say it",
                             (long long)seq);
}
