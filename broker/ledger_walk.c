/* Verifying: the chain recomputed event by event, then every row against what the events say.
 *
 *   chain      each event: its number, commitment, hash, and what it says it is about
 *   strays     rows that belong to no event, journey, handover or digest; dossiers against their
 *              hashes
 *   journeys   each journey: its events folded, compared with its row, what runs for it and when
 *              that is due, and the rows of its handovers, their dossiers, deletions and receipts
 *   items      each event again, in order: the items that it owed, under the network then in force,
 *              the acknowledgement that it is, the signature of its receipt, the absence it says
 *   digests    each step that waits in a digest: it is in the right one, and nothing else is
 *   inboxes    each inbox: it has counted as far as the events have, and has nothing else
 *
 * Events that are recorded meanwhile are this process's own: the chain ends where it ended at the
 * first step, a journey is folded, and items are counted, as far as they have come when they are
 * compared. A journey that grew by more than a step folds, turn after turn, would hold the walk up:
 * that takes thousands of commands in a second on one journey, which commands_per_second is there
 * for.
 *
 * Not compared is what no event says: an item's attempts, the clock, and the measures, which count
 * sessions and the time that people were away as well. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ledger_walk.h"
#include "wire/wire.h"

/* A step ends after so many ms, however little a slow disk gave. */
#define STEP_MS          10
#define ZONE_CHUNK_BYTES 8192

struct ledger_walk *ledger_walk_new(const struct ledger_walk_known *known) {
    struct ledger_walk *walk = calloc(1, sizeof *walk);

    if (walk && !msgpack_zone_init(&walk->zone, ZONE_CHUNK_BYTES)) {
        free(walk);
        return NULL;
    }
    if (walk)
        walk->known = *known;
    return walk;
}

void ledger_walk_free(struct ledger_walk *walk) {
    if (!walk)
        return;
    walk_items_free(&walk->items);
    msgpack_zone_destroy(&walk->zone);
    free(walk);
}

const struct ledger_walk_result *ledger_walk_result(const struct ledger_walk *walk) {
    return &walk->result;
}

/* ---- For all stages ---- */

bool walk_differ(struct ledger_walk *walk, const char *format, ...) {
    va_list arguments;

    if (!walk->differs) {
        va_start(arguments, format);
        (void)vsnprintf(walk->result.finding, sizeof walk->result.finding, format, arguments);
        va_end(arguments);
    }
    walk->differs = true;
    return false;
}

void walk_spend(struct ledger_walk *walk, size_t work) {
    walk->work += work;
    walk->budget = walk->budget > work ? walk->budget - work : 0;
}

bool walk_payload(struct ledger_walk *walk, struct sql *sql, int64_t seq,
                  struct hv_event *ret_event) {
    size_t size = 0;
    const void *payload = column_blob(sql, "payload", &size);

    msgpack_zone_clear(&walk->zone);
    const int rc =
        payload ? wire_decode_struct(payload, size, &wire_struct_event, &walk->zone, ret_event)
                : -EBADMSG;
    if (rc == -ENOMEM)
        ledger_fail(sql->ledger, SQLITE_NOMEM, __FILE__, __LINE__);
    else if (rc < 0)
        return walk_differ(walk, "event %lld: its payload is no event", (long long)seq);
    return rc == 0;
}

/* ---- Steps ---- */

static bool walk_begin(struct ledger *ledger, struct ledger_walk *walk) {
    walk->until = ledger_seq(ledger);
    memcpy(walk->until_head, ledger_head(ledger), sizeof walk->until_head);
    walk->journey_last = sql_number(sql_begin(ledger, "SELECT max(number) FROM journey"), 0);
    walk->stray_row = INT64_MIN;
    walk->items.inbox_row = INT64_MIN;
    walk_spend(walk, 1);
    return true;
}

/* True when the stage is over. */
static bool stage_go(struct ledger *ledger, struct ledger_walk *walk) {
    switch (walk->stage) {
    case STAGE_BEGIN:
        return walk_begin(ledger, walk);
    case STAGE_CHAIN:
        return walk_chain(ledger, walk);
    case STAGE_STRAYS:
        return walk_strays(ledger, walk);
    case STAGE_JOURNEYS:
        return walk_journeys(ledger, walk);
    case STAGE_ITEMS:
        return walk_items(ledger, walk);
    case STAGE_DIGESTS:
        return walk_digests(ledger, walk);
    case STAGE_INBOXES:
        return walk_inboxes(ledger, walk);
    }
    return false;
}

static bool step_is_over(const struct ledger *ledger, const struct ledger_walk *walk) {
    return walk->budget == 0 ||
           ledger->world->boot_ms(ledger->world->context) - walk->step_began_ms >= STEP_MS;
}

enum ledger_walk_state ledger_walk_step(struct ledger *ledger, struct ledger_walk *walk,
                                        size_t budget) {
    bool whole = false;

    assert(ledger->in_turn && !ledger->in_transaction && budget > 0);
    walk->budget = budget;
    walk->work = 0;
    walk->step_began_ms = ledger->world->boot_ms(ledger->world->context);
    do {
        const bool over = stage_go(ledger, walk);
        if (walk->differs || ledger->error)
            break;
        whole = over && walk->stage == STAGE_INBOXES;
        if (over && !whole)
            walk->stage++;
    } while (!whole && !step_is_over(ledger, walk));
    if (walk->work > walk->result.work_most)
        walk->result.work_most = walk->work;
    if (ledger->error)
        return LEDGER_WALK_GOES_ON;
    return walk->differs ? LEDGER_WALK_DIFFERS : whole ? LEDGER_WALK_WHOLE : LEDGER_WALK_GOES_ON;
}
