/* Recording: a decision's events, the rows they fold to, the items they owe, the dossiers they
 * move. */
#include "broker/record.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/audience.h"
#include "broker/digest.h"
#include "broker/event.h"
#include "broker/journal.h"
#include "broker/measure.h"
#include "broker/phase.h"
#include "broker/rate.h"
#include "broker/ring.h"

/* ---- Items ---- */

struct owing {
    struct turn *turn;
    int64_t journey_row; /* 0: of no journey */
    int64_t handover_row;
    int64_t seq;
    const char *holder; /* has it already */
    bool is_step;       /* of a ladder */
};

/* The network that is in force when the turn has committed. */
static const struct network *network_then(const struct turn *turn) {
    return turn->network_next ? turn->network_next : turn->broker->network;
}

/* An earlier holder may have left the map since, or leave it with this turn, and not everybody has
 * coordinators: nobody is there to acknowledge, and what is owed would keep the organisation from
 * ever being off the map. Of a step that is found out when it is addressed. */
static bool may_owe(const struct owing *owing, const char *organisation, enum hv_role role) {
    const struct network *network = network_then(owing->turn);

    if (!network_organisation(network, organisation))
        return false;
    return role != HV_ROLE_COORDINATOR || owing->is_step ||
           strcmp(organisation, network->coordinating) == 0 ||
           network_has_role(network, organisation, role);
}

static void owe(const struct owing *owing, const char *organisation, enum hv_role role) {
    if (!may_owe(owing, organisation, role))
        return;
    const int64_t inbox = ledger_inbox(owing->turn->ledger, organisation, role);

    if (owing->is_step && role == HV_ROLE_COORDINATOR &&
        digest_take(owing->turn, organisation, inbox, owing->seq))
        return;
    (void)ledger_item_add(owing->turn->ledger, inbox, owing->journey_row, owing->handover_row,
                          owing->seq);
    sessions_want(&owing->turn->broker->sessions, inbox);
}

static void owe_earlier_holder(void *context, const char *organisation) {
    const struct owing *owing = context;

    if (strcmp(organisation, owing->holder) != 0)
        owe(owing, organisation, HV_ROLE_ENDPOINT);
}

static void owe_items(struct turn *turn, const struct hv_event *event,
                      const struct journey *journey, const struct handover *handover, int64_t seq) {
    struct audience audience;

    assert(!event->has_handover || handover);
    const struct owing owing = {
        .turn = turn,
        .journey_row = journey->row,
        .handover_row = event->has_handover ? handover->row : 0,
        .seq = seq,
        .holder = journey->holder.organisation,
        .is_step = event_is_step(event->event),
    };

    audience_of(event, journey, handover, turn->broker->network->coordinating, &audience);
    for (size_t i = 0; i < audience.count; i++)
        owe(&owing, audience.members[i].organisation, audience.members[i].role);
    if (audience.earlier_holders)
        ledger_earlier_holders(turn->ledger, journey->row, owe_earlier_holder, (void *)&owing);
}

static void owe_network_items(struct turn *turn, const struct hv_event *event, int64_t seq) {
    const struct network *network = network_then(turn);
    const struct owing owing = {.turn = turn, .seq = seq};
    struct audience audience;

    audience_of_network_event(event, network->coordinating,
                              event->has_about &&
                                  network_has_role(network, event->about, HV_ROLE_COORDINATOR),
                              &audience);
    for (size_t i = 0; i < audience.count; i++)
        owe(&owing, audience.members[i].organisation, audience.members[i].role);
}

/* ---- Dossiers ---- */

/* Overwriting them takes room: where there is none, as soon as there is some; nobody gets them
 * meanwhile. */
static void delete_dossiers(struct turn *turn, const struct handover *handover) {
    if (turn->mode != TURN_NORMAL) {
        ledger_dossiers_delete_at(turn->ledger, handover->row, turn->now_ms);
        return;
    }
    ledger_dossiers_delete(turn->ledger, handover->row);
    turn->deleted = true;
}

static void move_dossiers(struct turn *turn, const struct request *request,
                          const struct hv_event *event, const struct handover *handover) {
    const struct inbound *inbound = request ? request->inbound : NULL;

    switch (event->event) {
    case HV_EVENT_OFFERED:
    case HV_EVENT_SUPPLEMENTED:
        assert(inbound);
        ledger_dossier_put(turn->ledger, handover->row, event->has_number ? event->number : 0,
                           inbound->dossier ? request->dossier_hash : NULL, inbound->dossier,
                           inbound->dossier_size);
        break;
    case HV_EVENT_CONFIRMED:
        ledger_dossiers_delete_at(turn->ledger, handover->row, event->delete_at);
        break;
    case HV_EVENT_DECLINED:
    case HV_EVENT_WITHDRAWN:
    case HV_EVENT_DELETED:
        delete_dossiers(turn, handover);
        break;
    case HV_EVENT_OPENED:
    case HV_EVENT_REASSIGNED:
    case HV_EVENT_CLOSING:
    case HV_EVENT_SETTLED:
    case HV_EVENT_CLOSED:
    case HV_EVENT_DELIVERED:
    case HV_EVENT_RECEIVED:
    case HV_EVENT_PICKED_UP:
    case HV_EVENT_INTRODUCED:
    case HV_EVENT_DOSSIER:
    case HV_EVENT_FETCHED:
    case HV_EVENT_ACKNOWLEDGED:
    case HV_EVENT_READ:
    case HV_EVENT_NETWORK:
    case HV_EVENT_REMINDED:
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
    case HV_EVENT_TOLD:
    case HV_EVENT_WAITING:
    case HV_EVENT_NOTED:
    case HV_EVENT_URGENCY:
    case HV_EVENT_CONTESTED:
    case HV_EVENT_CLAIMED:
    case HV_EVENT_ABSENT:
    case HV_EVENT_QUIET:
    case HV_EVENT_DIGEST:
    case HV_EVENT_CLOCK:
    case HV_EVENT_REPAIRED:
    case HV_EVENT_SUSPECTED:
        break;
    }
}

/* ---- Receipts ---- */

/* A receipt after its key's time is better than none: it can still be checked once the date in the
 * network's files is put right. */
static void look_at_signer(struct turn *turn) {
    struct broker *broker = turn->broker;

    if (broker->signer_expired || !receipt_signer_is_expired(&broker->signer, turn->now_ms))
        return;
    broker->signer_expired = true;
    journal_say(JOURNAL_RECEIPT_KEY_EXPIRED, NULL,
                "the receipt key %s has expired and goes on signing; put the next key into "
                "receipt.key and restart houvastd, or correct valid_until in network.conf and "
                "reload",
                broker->signer.label);
}

/* The signed proof that both sides get with the item: of the event that was appended last, by which
 * the hold moved from `before`. */
static void give_receipt(struct turn *turn, const struct hv_event *event,
                         const struct hv_holder *before, const struct journey *journey,
                         const struct handover *handover, int64_t seq) {
    struct receipt receipt = {
        .ledger = *ledger_id(turn->ledger),
        .handover = handover->id,
        .journey = handover->journey,
        .from = *before,
        .to = event->holder,
        .contact = event->contact,
        .has_dossier_hash = handover->has_dossier_hash,
        .at = turn->now_ms,
        .seq = seq,
    };
    uint8_t bytes[RECEIPT_SIZE_MAX];
    size_t size = 0;

    look_at_signer(turn);
    copy_text(receipt.network, turn->broker->network->name);
    copy_text(receipt.resident, journey->resident);
    memcpy(receipt.dossier_hash, handover->dossier_hash, sizeof receipt.dossier_hash);
    memcpy(receipt.head, ledger_head(turn->ledger), sizeof receipt.head);
    if (receipt_make(&receipt, &turn->broker->signer.pair, bytes, &size) < 0) {
        turn->error = -ENOMEM;
        return;
    }
    ledger_receipt_put(turn->ledger, handover->row, bytes, size);
}

/* ---- Events ---- */

/* What events have changed, so that only that is stored. */
struct changes {
    bool journey;
    bool handover;
};

/* What deadlines of this turn are computed from. */
struct run_rules record_rules(const struct turn *turn) {
    return (struct run_rules){
        .network = turn->broker->network,
        .network_seq = turn->broker->network_seq,
        .now_ms = turn->now_ms,
    };
}

/* T1, in the one place that every event passes: what runs from here on, as part of the event,
 * unless that was decided with it. */
static void record_runs(struct turn *turn, struct hv_event *event, struct journey *journey,
                        const struct handover *handover, struct runs *runs,
                        struct changes *changes) {
    const struct run_rules rules = record_rules(turn);

    if (event->has_runs)
        return; /* and folded */
    phase_after(event, journey, handover, &rules, runs);
    if (runs_equal(runs, &journey->runs))
        return;
    event->has_runs = true;
    event->runs.count = runs->count;
    event->runs.items = runs->items;
    journey->runs = *runs;
    changes->journey = true;
}

/* One event: folded, stored where it is new, appended, and followed by what it causes. */
static int64_t record_one(struct turn *turn, const struct request *request,
                          const struct hv_event *decided, struct journey *journey,
                          struct handover *handover, struct ledger_cause cause,
                          struct changes *changes) {
    struct hv_event recorded = *decided;
    struct hv_event *event = &recorded;
    struct runs runs;
    struct handover *of_event = event->has_handover ? handover : NULL;
    const int64_t seq = ledger_seq(turn->ledger) + 1;
    const struct hv_holder before = journey->holder;

    assert(!event->has_handover || handover);
    if (ledger_error(turn->ledger))
        return 0;
    const bool is_first = of_event && measure_is_first(event, of_event);
    changes->journey |= journey_fold(journey, event, turn->now_ms);
    if (of_event)
        changes->handover |= handover_fold(of_event, event, seq, turn->now_ms, &journey->holder);
    record_runs(turn, event, journey, of_event, &runs, changes);
    if (!journey->row)
        ledger_journey_put(turn->ledger, journey);
    if (of_event && !of_event->row) {
        of_event->journey_row = journey->row;
        ledger_handover_put(turn->ledger, of_event);
    }
    if (!ledger_event_append(turn->ledger, event, turn->now_ms, journey->row,
                             of_event ? of_event->row : 0, cause))
        return 0;
    if (of_event)
        move_dossiers(turn, request, event, of_event);
    if (of_event && event->event == HV_EVENT_CONFIRMED)
        give_receipt(turn, event, &before, journey, of_event, seq);
    owe_items(turn, event, journey, of_event, seq);
    measure_event(turn, event, journey, of_event, is_first);
    return seq;
}

/* A row that was new has been stored already, by its first event alone. */
static void record_rows(struct turn *turn, const struct changes *changes, struct journey *journey,
                        bool journey_is_new, struct handover *handover, bool handover_is_new) {
    if (changes->journey && !journey_is_new)
        ledger_journey_put(turn->ledger, journey);
    if (changes->handover && !handover_is_new)
        ledger_handover_put(turn->ledger, handover);
}

/* What an event changes must be there: a journey that has lost its timers gets them back first. */
static void mend(struct turn *turn, const struct hv_event *event, struct journey *journey) {
    const bool is_lost = journey->state != HV_JOURNEY_CLOSED && journey->runs.count == 0;

    if (journey->row && event->event != HV_EVENT_REPAIRED && (journey->damaged || is_lost))
        ring_repair(turn, journey);
}

int64_t record_decision(struct request *request, const struct decision *decision,
                        struct journey *journey, struct handover *handover) {
    const bool journey_is_new = journey->row == 0;
    const bool handover_is_new = handover && handover->row == 0;
    struct ledger_cause cause = {0};
    struct changes changes = {0};
    int64_t first = 0;

    assert(!decision->refusal && decision->event_count > 0);
    /* A question that is recorded may be asked again and again; a command may not. */
    cause.has_command =
        decision->events[0].event != HV_EVENT_FETCHED && decision->events[0].event != HV_EVENT_READ;
    memcpy(cause.command, request->command, sizeof cause.command);
    mend(request->turn, &decision->events[0], journey);
    for (size_t i = 0; i < decision->event_count; i++) {
        if (decision->events[i].event == HV_EVENT_CONFIRMED ||
            decision->events[i].event == HV_EVENT_CLOSED)
            rate_note_ending(request);
        const int64_t seq = record_one(request->turn, request, &decision->events[i], journey,
                                       handover, cause, &changes);
        if (i == 0)
            first = seq;
        cause = (struct ledger_cause){.first = first};
    }
    record_rows(request->turn, &changes, journey, journey_is_new, handover, handover_is_new);
    request->turn->counters.commands++;
    return first;
}

int64_t record_event(struct turn *turn, const struct hv_event *event, struct journey *journey,
                     struct handover *handover) {
    struct changes changes = {0};

    mend(turn, event, journey);
    const int64_t seq =
        record_one(turn, NULL, event, journey, handover, (struct ledger_cause){0}, &changes);

    record_rows(turn, &changes, journey, false, handover, false);
    return seq;
}

static int64_t record_caused(struct turn *turn, const struct hv_event *event,
                             struct ledger_cause cause) {
    assert(!event->has_journey && !event->has_handover);
    const int64_t seq = ledger_event_append(turn->ledger, event, turn->now_ms, 0, 0, cause);

    if (seq)
        owe_network_items(turn, event, seq);
    return seq;
}

int64_t record_network_event(struct turn *turn, const struct hv_event *event) {
    return record_caused(turn, event, (struct ledger_cause){0});
}

int64_t record_network_command(struct request *request, const struct hv_event *event) {
    struct ledger_cause cause = {.has_command = true};

    memcpy(cause.command, request->command, sizeof cause.command);
    request->turn->counters.commands++;
    return record_caused(request->turn, event, cause);
}
