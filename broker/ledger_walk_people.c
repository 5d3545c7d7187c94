/* Verifying steps that wait together in digests, and absences. */
#include <stdlib.h>
#include <string.h>

#include "broker/ledger_walk.h"

/* ---- Digests ---- */

static struct walk_digested *digested_find(struct walk_items *items, int64_t inbox_row,
                                           int64_t seq) {
    const struct walk_digested_name name = {.inbox_row = inbox_row, .seq = seq};
    struct walk_digested *digested = NULL;

    HASH_FIND(hh, items->digested, &name, sizeof name, digested);
    return digested;
}

bool walk_digest_took(struct ledger *ledger, struct ledger_walk *walk, int64_t inbox_row,
                      int64_t seq) {
    struct walk_digested *digested = calloc(1, sizeof *digested);

    if (!digested) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    digested->name.inbox_row = inbox_row;
    digested->name.seq = seq;
    HASH_ADD(hh, walk->items.digested, name, sizeof digested->name, digested);
    return true;
}

bool walk_digest_told(struct ledger_walk *walk, int64_t inbox_row, int64_t seq) {
    struct walk_digested *digested = digested_find(&walk->items, inbox_row, seq);

    if (!digested)
        return false;
    HASH_DEL(walk->items.digested, digested);
    free(digested);
    return true;
}

void walk_digests_free(struct walk_items *items) {
    struct walk_digested *digested = NULL;
    struct walk_digested *next = NULL;

    HASH_ITER(hh, items->digested, digested, next) {
        HASH_DEL(items->digested, digested);
        free(digested);
    }
}

/* D3: it is in a digest, and that is owed. */
static bool digested_compare(struct ledger *ledger, struct ledger_walk *walk,
                             struct walk_digested *digested) {
    struct sql *sql = sql_begin(ledger, "SELECT 1 FROM digest JOIN item USING (inbox, item) "
                                        "WHERE digest.inbox = ? AND digest.event = ?");

    walk_spend(walk, 1);
    sql_int(sql, digested->name.inbox_row);
    sql_int(sql, digested->name.seq);
    digested->compared = sql_number(sql, 0) != 0;
    if (digested->compared || ledger->error)
        return digested->compared;
    return walk_differ(
        walk,
        "event %lld is owed to inbox row %lld, and is neither an item of it nor in a "
        "digest",
        (long long)digested->name.seq, (long long)digested->name.inbox_row);
}

bool walk_digests_compare(struct ledger *ledger, struct ledger_walk *walk) {
    struct walk_digested *digested = NULL;
    struct walk_digested *next = NULL;

    HASH_ITER(hh, walk->items.digested, digested, next) {
        if (digested->compared)
            continue;
        if (walk->budget == 0 || !digested_compare(ledger, walk, digested))
            return false;
    }
    /* Each is there once, by its unique index: what is more belongs to no step. */
    const int64_t count = sql_number(sql_begin(ledger, "SELECT count(*) FROM digest"), 0);
    if (ledger->error || count == (int64_t)HASH_COUNT(walk->items.digested))
        return !ledger->error;
    return walk_differ(walk, "digests have %lld steps, and the events %u", (long long)count,
                       HASH_COUNT(walk->items.digested));
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
