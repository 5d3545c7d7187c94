/* Verifying that nothing is left over: rows that no event, journey or handover accounts for, which
 * no comparison would come by; and on the way every dossier against its hash. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "broker/ledger_walk.h"

#define PLACES_EACH 16 /* of a handover's dossiers, as the schema checks */

/* As the statements below have them. */
static_assert(HV_HANDOVER_CONFIRMED == 6 && HV_EVENT_DIGEST == 33, "on disk: never renumbered");

static bool body_check(struct ledger_walk *walk, struct sql *sql);

/* Rows in the order of their numbers, each with what it belongs to. */
static const struct stray_table {
    const char *name, *owner;
    const char *sql;
    bool (*check)(struct ledger_walk *walk, struct sql *sql); /* what else; NULL: nothing */
} tables[] = {
    {"handover", "journey",
     "SELECT handover.number AS number, journey.number AS owner FROM handover "
     "LEFT JOIN journey ON journey.number = handover.journey "
     "WHERE handover.number > ? ORDER BY handover.number",
     NULL},
    {"dossier", "handover",
     "SELECT place AS number, handover.number AS owner, hash, body FROM dossier "
     "LEFT JOIN handover ON handover.number = dossier.handover AND "
     "place = dossier.handover * 16 + dossier.number "
     "WHERE place > ? ORDER BY place",
     body_check},
    {"deletion", "handover",
     "SELECT deletion.handover AS number, handover.number AS owner FROM deletion "
     "LEFT JOIN handover ON handover.number = deletion.handover "
     "WHERE deletion.handover > ? ORDER BY deletion.handover",
     NULL},
    {"receipt", "confirmed handover",
     "SELECT receipt.handover AS number, handover.number AS owner FROM receipt "
     "LEFT JOIN handover ON handover.number = receipt.handover AND handover.state = 6 "
     "WHERE receipt.handover > ? ORDER BY receipt.handover",
     NULL},
    {"digest", "digest that is owed",
     "SELECT digest.number AS number, event.seq AS owner FROM digest LEFT JOIN item ON "
     "item.number = (digest.inbox << 40) + digest.item LEFT JOIN event ON "
     "event.seq = item.event AND event.type = 33 WHERE digest.number > ? ORDER BY digest.number",
     NULL},
    {"absence", "event",
     "SELECT absence.event AS number, event.seq AS owner, organisation, begeleider, payload "
     "FROM absence LEFT JOIN event ON event.seq = absence.event LEFT JOIN payload ON "
     "payload.seq = event.seq WHERE absence.event > ? ORDER BY absence.event",
     walk_absence_row},
};

#define TABLE_COUNT (sizeof tables / sizeof tables[0])

/* The bytes of a dossier's row are those of its hash. */
static bool body_check(struct ledger_walk *walk, struct sql *sql) {
    uint8_t stored[32], hash[32];
    size_t size = 0;
    const bool has_hash = !column_is_null(sql, "hash");
    const bool has_body = !column_is_null(sql, "body");
    const void *body = column_blob(sql, "body", &size);

    walk_spend(walk, size / WALK_BYTES);
    if (has_hash && has_body) {
        column_bytes(sql, "hash", stored, sizeof stored);
        (void)crypto_generichash(hash, sizeof hash, body, size, NULL, 0);
        if (memcmp(hash, stored, sizeof hash) == 0)
            return true;
    }
    if (!has_hash && !has_body)
        return true;
    return walk_differ(
        walk, "handover row %lld: the bytes of dossier %lld are not those of its hash",
        (long long)walk->stray_row / PLACES_EACH, (long long)walk->stray_row % PLACES_EACH);
}

static bool row_check(struct ledger_walk *walk, struct sql *sql, const struct stray_table *table) {
    walk->stray_row = column_int(sql, "number");
    walk_spend(walk, 1);
    if (!column_is_null(sql, "owner"))
        return !table->check || table->check(walk, sql);
    return walk_differ(walk, "%s row %lld belongs to no %s", table->name,
                       (long long)walk->stray_row, table->owner);
}

bool walk_strays(struct ledger *ledger, struct ledger_walk *walk) {
    const struct stray_table *table = &tables[walk->stray_table];

    struct sql *sql = sql_begin(ledger, table->sql);
    sql_int(sql, walk->stray_row);
    while (sql_row(sql)) {
        if (walk->budget == 0 || !row_check(walk, sql, table)) {
            sql_end(sql);
            return false;
        }
    }
    walk_spend(walk, 1);
    walk->stray_row = INT64_MIN;
    walk->stray_table++;
    return walk->stray_table == TABLE_COUNT && !ledger->error;
}
