/* Digests: many steps in one item. */
#include "broker/digest.h"

#include <errno.h>
#include <string.h>

#include "broker/record.h"

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
    item = ledger_item_add(turn->ledger, inbox, 0, 0, seq);
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

bool digest_fill(struct turn *turn, const struct ledger_item *item, struct hv_event *event) {
    int64_t seqs[NAMED_MAX];
    struct hv_overdue *named = msgpack_zone_malloc(&turn->zone, NAMED_MAX * sizeof *named);
    struct hv_event step;

    if (!named) {
        turn->error = -ENOMEM;
        return false;
    }
    const size_t count = ledger_digest_get(turn->ledger, item->inbox, item->item, NAMED_MAX, seqs);
    event->has_count = true;
    event->count = ledger_digest_count(turn->ledger, item->inbox, item->item);
    for (size_t i = 0; i < count; i++) {
        if (!ledger_event_get(turn->ledger, seqs[i], &turn->zone, &step))
            return false;
        memset(&named[i], 0, sizeof named[i]);
        named[i].journey = step.journey;
        named[i].has_handover = step.has_handover;
        named[i].handover = step.handover;
        named[i].has_phase = true;
        named[i].phase = step.phase;
        named[i].has_step = true;
        named[i].step = step.step;
        named[i].has_since = true;
        named[i].since = step.since;
    }
    event->has_overdue = true;
    event->overdue.count = count;
    event->overdue.items = named;
    return !ledger_error(turn->ledger);
}

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
