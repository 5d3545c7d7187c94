/* Digests: many steps in one item. */
#include "broker/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/record.h"
#include "broker/standing.h"
#include "wire/wire.h"

/* Steps in one digest: so many events are recorded by its acknowledgement, in one turn. */
#define STEPS_MAX 500
/* Of those the item names so many; `list` has the rest. */
#define NAMED_MAX 50

/* The digest of that inbox which has not gone out yet and has room, or a new one; 0 after an
 * error. */
static int64_t digest_open(struct turn *turn, const char *organisation, int64_t inbox) {
    struct hv_event event = {
        .event = HV_EVENT_DIGEST,
        .has_about = true,
        .has_inbox = true,
        .inbox = HV_ROLE_COORDINATOR,
    };
    int64_t item = ledger_digest_open(turn->ledger, inbox, STEPS_MAX);

    if (item)
        return item;
    copy_text(event.about, organisation);
    const int64_t seq = record_network_event(turn, &event);
    if (!seq)
        return 0;
    item = ledger_item_add(turn->ledger, inbox, LEDGER_LANE_DIGESTS, 0, seq);
    sessions_want(&turn->broker->sessions, inbox);
    return item;
}

bool digest_take(struct turn *turn, const char *organisation, int64_t inbox, int64_t seq) {
    const int64_t from = turn->broker->network->policies.digest_from;

    if (ledger_items_count(turn->ledger, inbox, from) < from)
        return false;
    const int64_t item = digest_open(turn, organisation, inbox);
    if (item)
        ledger_digest_add(turn->ledger, inbox, item, seq);
    return true;
}

/* ---- What it says ---- */

/* What waits, however many of its steps are in the digest. */
struct waiting {
    struct hv_overdue overdue;
    hv_time late_ms; /* since when; HV_INTEGER_MAX: not any more */
    int64_t seq;     /* of its first step */
};

static struct waiting *waiting_find(struct waiting *all, size_t count,
                                    const struct hv_event *step) {
    for (size_t i = 0; i < count; i++) {
        const struct hv_overdue *overdue = &all[i].overdue;
        if (overdue->phase == step->phase && strcmp(overdue->awaits, step->awaits) == 0 &&
            memcmp(&overdue->journey, &step->journey, sizeof overdue->journey) == 0)
            return &all[i];
    }
    return NULL;
}

/* It orders alone, and says nothing of a journey that may be somebody else's by now. */
static hv_time late_of(struct turn *turn, const struct hv_event *step) {
    struct journey journey;
    const struct hv_run *run = NULL;

    if (!ledger_journey_find(turn->ledger, &step->journey, &journey))
        return HV_INTEGER_MAX;
    run = runs_find(&journey.runs, step->phase, step->awaits);
    return run && run->step > 0 ? standing_late(turn, &journey) : HV_INTEGER_MAX;
}

static void waiting_take(struct turn *turn, struct waiting *waiting, const struct hv_event *step) {
    struct hv_overdue *overdue = &waiting->overdue;

    if (waiting->seq == 0) {
        waiting->seq = step->seq;
        waiting->late_ms = late_of(turn, step);
    }
    overdue->journey = step->journey;
    overdue->has_handover = step->has_handover;
    overdue->handover = step->handover;
    overdue->has_phase = true;
    overdue->phase = step->phase;
    overdue->has_step = true;
    overdue->step = step->step;
    overdue->has_since = true;
    overdue->since = step->since;
    overdue->has_awaits = true;
    copy_text(overdue->awaits, step->awaits);
}

static int later(const void *one, const void *other) {
    const struct waiting *a = one;
    const struct waiting *b = other;

    if (a->late_ms != b->late_ms)
        return a->late_ms < b->late_ms ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* One more of that name; names live as long as what they are of. */
static void count_one(struct hv_counter *counters, size_t *count, const char *name) {
    size_t i = 0;

    while (i < *count && strcmp(counters[i].name, name) != 0)
        i++;
    if (i == *count)
        counters[(*count)++] = (struct hv_counter){name, 0};
    counters[i].value++;
}

static bool fill_counts(struct turn *turn, const struct waiting *all, size_t count,
                        struct hv_event *event) {
    struct hv_counter *phases = msgpack_zone_malloc(&turn->zone, count * sizeof *phases);
    struct hv_counter *organisations =
        msgpack_zone_malloc(&turn->zone, count * sizeof *organisations);

    if (!phases || !organisations)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct hv_overdue *overdue = &all[i].overdue;
        count_one(phases, &event->by_phase.count,
                  wire_word_text(&wire_vocabulary_phase, (int)overdue->phase));
        count_one(organisations, &event->by_organisation.count, overdue->awaits);
    }
    event->has_count = true;
    event->count = (int64_t)count;
    event->has_by_phase = true;
    event->by_phase.items = phases;
    event->has_by_organisation = true;
    event->by_organisation.items = organisations;
    return true;
}

static bool fill_named(struct turn *turn, const struct waiting *all, size_t count,
                       struct hv_event *event) {
    struct hv_overdue *named = msgpack_zone_malloc(&turn->zone, NAMED_MAX * sizeof *named);

    if (!named)
        return false;
    event->has_overdue = true;
    event->overdue.count = count < NAMED_MAX ? count : NAMED_MAX;
    event->overdue.items = named;
    for (size_t i = 0; i < event->overdue.count; i++)
        named[i] = all[i].overdue;
    return true;
}

bool digest_fill(struct turn *turn, const struct ledger_item *item, struct hv_event *event) {
    struct waiting *all = msgpack_zone_malloc(&turn->zone, STEPS_MAX * sizeof *all);
    int64_t seqs[STEPS_MAX];
    struct hv_event step;
    size_t count = 0;

    if (!all) {
        turn->error = -ENOMEM;
        return false;
    }
    const size_t steps = ledger_digest_get(turn->ledger, item->inbox, item->item, STEPS_MAX, seqs);
    for (size_t i = 0; i < steps; i++) {
        if (!ledger_event_get(turn->ledger, seqs[i], &turn->zone, &step))
            return false;
        if (!step.has_phase)
            continue; /* it is damaged; its acknowledgement tells it all the same */
        struct waiting *waiting = waiting_find(all, count, &step);
        if (!waiting) {
            waiting = &all[count++];
            memset(waiting, 0, sizeof *waiting);
        }
        waiting_take(turn, waiting, &step);
    }
    qsort(all, count, sizeof *all, later);
    if (!fill_counts(turn, all, count, event) || !fill_named(turn, all, count, event)) {
        turn->error = -ENOMEM;
        return false;
    }
    return !ledger_error(turn->ledger);
}

/* ---- Its acknowledgement ---- */

static void tell_one(struct turn *turn, int64_t seq, const struct hv_event *told) {
    struct hv_event event = *told;
    struct hv_event step;
    struct journey journey;
    struct handover handover;

    if (!ledger_event_get(turn->ledger, seq, &turn->zone, &step) ||
        !ledger_journey_find(turn->ledger, &step.journey, &journey))
        return;
    event.event = HV_EVENT_TOLD;
    event.has_journey = true;
    event.journey = step.journey;
    event.has_of = true;
    event.of = seq;
    event.has_handover =
        step.has_handover && ledger_handover_find(turn->ledger, &step.handover, &handover);
    event.handover = step.handover;
    (void)record_event(turn, &event, &journey, event.has_handover ? &handover : NULL);
}

void digest_told(struct turn *turn, const struct ledger_item *item, const struct hv_event *told) {
    int64_t seqs[STEPS_MAX];
    const size_t count = ledger_digest_get(turn->ledger, item->inbox, item->item, STEPS_MAX, seqs);

    for (size_t i = 0; i < count && !ledger_error(turn->ledger); i++)
        tell_one(turn, seqs[i], told);
    ledger_digest_end(turn->ledger, item->inbox, item->item);
}
