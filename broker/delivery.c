/* Delivery: acknowledgements, what rests or timed out, and what goes out to whom. */
#include "broker/delivery.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/absence.h"
#include "broker/answer.h"
#include "broker/delivery_hide.h"
#include "broker/digest.h"
#include "broker/event.h"
#include "broker/journal.h"
#include "broker/record.h"

/* Items put out in one turn for one inbox; the rest goes in the next. */
#define DISPATCH_MAX 256
/* Dossiers deleted in one turn; the rest in the next. */
#define DELETIONS_MAX 64

static int rows_add(struct returned *rows, int64_t row) {
    if (rows->count == rows->capacity) {
        const size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
        int64_t *grown = reallocarray(rows->rows, capacity, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        rows->rows = grown;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = row;
    return 0;
}

/* Its out ends when the turn has committed; its credit is free already. */
static void out_ends(struct turn *turn, int64_t item_row) {
    struct out *out = session_out_find(&turn->broker->sessions, item_row);

    if (!out)
        return;
    session_out_ending(out, true);
    if (rows_add(&turn->ending, item_row) < 0)
        turn->error = -ENOMEM;
}

/* ---- ack ---- */

/* What an acknowledgement says, whatever the item is about. */
static struct hv_event acknowledgement(const struct request *request,
                                       const struct ledger_item *item) {
    struct hv_event event = {
        .event = HV_EVENT_ACKNOWLEDGED,
        .has_organisation = true,
        .has_role = true,
        .role = request->actor.role,
        .has_inbox = true,
        .inbox = request->actor.role,
        .has_item = true,
        .item = item->item,
    };

    copy_text(event.organisation, request->actor.organisation);
    return event;
}

/* The event that records an acknowledgement: of an offer that was not delivered yet it is
 * `delivered`, of a step of a ladder `told`. */
static int64_t record_acknowledgement(struct request *request, const struct ledger_item *item) {
    struct turn *turn = request->turn;
    struct hv_event event = acknowledgement(request, item);
    struct journey journey;
    struct handover handover;

    if (!item->journey_row) {
        const int64_t seq = record_network_event(turn, &event);
        if (ledger_event_name(turn->ledger, item->seq) == HV_EVENT_DIGEST)
            digest_told(turn, item, &event);
        return seq;
    }
    if (!ledger_journey_get(turn->ledger, item->journey_row, &journey) ||
        (item->handover_row && !ledger_handover_get(turn->ledger, item->handover_row, &handover)))
        return 0;
    const enum hv_event_name carried = ledger_event_name(turn->ledger, item->seq);
    if (carried == HV_EVENT_OFFERED && item->handover_row &&
        handover_is_delivered_by_ack(&handover))
        event.event = HV_EVENT_DELIVERED;
    else if (event_is_step(carried))
        event.event = HV_EVENT_TOLD;
    event.has_of = event_is_step(carried);
    event.of = item->seq;
    event.has_journey = true;
    event.journey = journey.id;
    if (item->handover_row) {
        event.has_handover = true;
        event.handover = handover.id;
    }
    return record_event(turn, &event, &journey, item->handover_row ? &handover : NULL);
}

static void answer_ack(struct request *request, int64_t seq, bool repeated) {
    struct hv_message message;

    if (!request->id[0])
        return;
    struct hv_done *done = answer_begin(request, &message);
    done->has_repeated = repeated;
    done->repeated = repeated;
    answer_done(request, &message, seq);
}

/* Never sent and never there are one answer. */
static void unknown_item(struct request *request) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, NULL,
                  "no item of this number was sent to this inbox");
}

void delivery_ack(struct request *request) {
    struct turn *turn = request->turn;
    const int64_t inbox = request->session->inbox->number;
    const int64_t number = request->message.ack.item;
    struct ledger_item item;

    if (!ledger_item_find(turn->ledger, inbox, number, &item) || item.attempts == 0) {
        const int64_t seq = ledger_item_acknowledged(turn->ledger, inbox, number);
        if (seq)
            answer_ack(request, seq, true);
        else
            unknown_item(request);
        return;
    }
    if (turn->mode == TURN_READ_ONLY) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full to the last byte; acknowledge again later");
        return;
    }
    const int64_t seq = record_acknowledgement(request, &item);
    ledger_item_acknowledge(turn->ledger, &item, seq);
    out_ends(turn, item.row);
    sessions_want(&turn->broker->sessions, inbox);
    turn->counters.items_acknowledged++;
    answer_ack(request, seq, false);
}

/* ---- nack and time-out ---- */

static void item_failed(struct turn *turn, const struct ledger_item *item, const char *organisation,
                        hv_time ready_at_ms) {
    const int64_t failures_max = turn->broker->network->limits.item_attempts;
    char number[24];
    const struct journal_field fields[] = {
        {"HOUVAST_ORGANISATION", organisation},
        {"HOUVAST_ITEM", number},
        {NULL, NULL},
    };

    (void)snprintf(number, sizeof number, "%lld", (long long)item->item);
    if (ledger_item_failed(turn->ledger, item, ready_at_ms, failures_max))
        journal_say(JOURNAL_ITEM_SET_ASIDE, fields,
                    "item %s of %s failed %lld times and is set aside until its system says hello "
                    "again; look at that system",
                    number, organisation, (long long)failures_max);
    out_ends(turn, item->row);
    sessions_want(&turn->broker->sessions, item->inbox);
}

void delivery_nack(struct request *request) {
    struct turn *turn = request->turn;
    const int64_t inbox = request->session->inbox->number;
    const int64_t number = request->message.nack.item;
    struct ledger_item item;

    if (!ledger_item_find(turn->ledger, inbox, number, &item) || item.attempts == 0) {
        if (!ledger_item_acknowledged(turn->ledger, inbox, number))
            unknown_item(request);
        return;
    }
    /* Only who has it can give it back: a late nack must not disturb the next attempt. */
    const struct out *out = session_out_find(&turn->broker->sessions, item.row);
    if (turn->mode == TURN_READ_ONLY || !out || out->ending || out->session != request->session)
        return;
    item_failed(turn, &item, request->actor.organisation,
                turn->now_ms + request->message.nack.after);
}

/* ---- Timers ---- */

/* What sessions left may go out again. */
static void return_left(struct turn *turn) {
    const struct returned *returned = &turn->broker->sessions.returned;
    struct ledger_item item;

    for (size_t i = 0; i < returned->count; i++) {
        if (!ledger_item_get(turn->ledger, returned->rows[i], &item))
            continue; /* acknowledged meanwhile, by another session of the inbox */
        ledger_item_return(turn->ledger, item.row);
        sessions_want(&turn->broker->sessions, item.inbox);
    }
    turn->returned_done = returned->count;
}

/* What was out too long counts as failed and goes out again at once. */
static void time_out(struct turn *turn) {
    const int64_t sent_before_ms = turn->boot_ms - turn->broker->network->limits.redelivery_ms;
    struct out *out = NULL;
    struct ledger_item item;

    for (out = turn->broker->sessions.oldest; out && out->sent_ms <= sent_before_ms;
         out = out->younger) {
        if (!out->ending && ledger_item_get(turn->ledger, out->item_row, &item))
            item_failed(turn, &item, out->session->name.organisation, turn->now_ms);
    }
}

static void want_inbox(void *context, int64_t inbox) {
    sessions_want(context, inbox);
}

/* Dossiers live so many days after the confirmation (keep_dossier_days). Overwriting them takes
 * as much room as they have, which a full disk keeps for what is said. */
static void delete_due_dossiers(struct turn *turn) {
    struct handover handover;
    struct journey journey;
    int64_t deleted = 0;
    int64_t due = 0;

    while (turn->mode == TURN_NORMAL && deleted < DELETIONS_MAX &&
           (due = ledger_dossiers_due(turn->ledger, turn->now_ms)) != 0) {
        if (!ledger_handover_get(turn->ledger, due, &handover) ||
            !ledger_journey_get(turn->ledger, handover.journey_row, &journey))
            return;
        deleted++;
        if (handover.deleted) { /* its end said so; the bytes waited for room on the disk */
            ledger_dossiers_delete(turn->ledger, handover.row);
            turn->deleted = true;
            continue;
        }
        const struct hv_event event = {
            .event = HV_EVENT_DELETED,
            .has_journey = true,
            .journey = journey.id,
            .has_handover = true,
            .handover = handover.id,
        };
        (void)record_event(turn, &event, &journey, &handover);
    }
    if (deleted && !ledger_error(turn->ledger))
        journal_say(JOURNAL_DOSSIERS_DELETED, NULL, "the dossiers of %lld handovers are deleted",
                    (long long)deleted);
}

/* What was set aside may go again where somebody has said hello. */
static void recall(struct turn *turn) {
    const struct sessions *sessions = &turn->broker->sessions;

    for (struct inbox *inbox = sessions->recalls ? sessions->inboxes : NULL; inbox;
         inbox = inbox->hh.next) {
        if (!inbox->recall)
            continue;
        ledger_items_recall(turn->ledger, inbox->number);
        inbox->wanted = true;
    }
    turn->recalled = true;
}

void delivery_timers(struct turn *turn) {
    if (turn->mode == TURN_READ_ONLY)
        return;
    recall(turn);
    return_left(turn);
    time_out(turn);
    ledger_items_wake(turn->ledger, turn->now_ms, want_inbox, &turn->broker->sessions);
    delete_due_dossiers(turn);
}

/* ---- Going out ---- */

/* The dossier that an item carries; after its deletion the item says so, and no pseudonym either.
 */
static bool fill_dossier(struct turn *turn, const struct ledger_item *item, struct hv_event *event,
                         uint8_t **ret_body, size_t *ret_size) {
    struct handover handover;
    struct journey journey;
    bool has_hash = false;

    if (!ledger_handover_get(turn->ledger, item->handover_row, &handover))
        return false;
    if (!event->has_number) { /* it is damaged */
        event->has_number = true;
        event->number = ledger_dossier_number(turn->ledger, item->seq);
    }
    if (handover.deleted ||
        !ledger_dossier_get(turn->ledger, item->handover_row, event->number, &has_hash,
                            event->dossier_hash, ret_body, ret_size)) {
        event->has_deleted = true;
        event->deleted = true;
        return !ledger_error(turn->ledger);
    }
    if (!ledger_journey_get(turn->ledger, item->journey_row, &journey))
        return false;
    event->has_dossier_hash = has_hash;
    event->has_resident = true;
    copy_text(event->resident, journey.resident);
    return true;
}

static int64_t session_spare(const struct turn *turn, const struct session *session) {
    if (turn->boot_ms < session->deaf_until_ms)
        return 0;
    return session->credit - (session->out_count - session->ending_count);
}

/* The session with the most credit to spare, the newest of equals: what was set aside goes to the
 * one that has just said hello. One whose dossiers fill its window takes no more. */
static struct session *dispatch_choose(const struct turn *turn, struct inbox *inbox) {
    struct session *chosen = NULL;
    struct session *session = NULL;

    DL_FOREACH(inbox->sessions, session) {
        if (session_spare(turn, session) <= 0 || session->out_bytes + session->unread_bytes >=
                                                     turn->broker->network->limits.window_bytes)
            continue;
        if (!chosen || session_spare(turn, session) >= session_spare(turn, chosen))
            chosen = session;
    }
    return chosen;
}

/* The proof that goes with `confirmed`; it lives in the turn's zone. False when the turn has
 * failed. */
static bool fill_receipt(struct turn *turn, const struct ledger_item *item, struct hv_item *sent) {
    uint8_t *bytes = msgpack_zone_malloc_no_align(&turn->zone, RECEIPT_SIZE_MAX);

    if (!bytes) {
        turn->error = -ENOMEM;
        return false;
    }
    sent->receipt.bytes = bytes;
    sent->receipt.size =
        ledger_receipt_get(turn->ledger, item->handover_row, bytes, RECEIPT_SIZE_MAX);
    sent->has_receipt = sent->receipt.size > 0;
    return !ledger_error(turn->ledger);
}

/* Whom to ring: the organisation that must act. Borrowed from the network. */
static void fill_telephone(const struct turn *turn, struct hv_event *event) {
    const struct network_organisation *organisation =
        event_is_step(event->event) ? network_organisation(turn->broker->network, event->awaits)
                                    : NULL;

    if (!organisation)
        return;
    event->has_telephone = true;
    event->telephone =
        organisation->telephone_out_of_hours[0] &&
                !calendar_is_open(network_calendar(turn->broker->network, organisation->name),
                                  turn->now_ms)
            ? organisation->telephone_out_of_hours
            : organisation->telephone;
}

/* By when somebody must have acted, as the offer began it. */
static void fill_due(struct hv_event *event) {
    for (size_t i = 0; event->event == HV_EVENT_OFFERED && i < event->runs.count; i++) {
        const struct hv_run *run = &event->runs.items[i];
        if (!run->has_handover || (event->has_due && event->due <= run->due))
            continue;
        event->has_due = true;
        event->due = run->due;
    }
}

/* Who stands in for the begeleider whom it is meant for. False when the turn has failed. */
static bool fill_deputy(struct turn *turn, const struct session *session,
                        const struct ledger_item *item, struct hv_item *sent) {
    struct journey journey;
    struct handover handover;

    if (session->name.role != HV_ROLE_ENDPOINT || !item->journey_row ||
        !ledger_has_absences(turn->ledger))
        return true;
    if (!ledger_journey_get(turn->ledger, item->journey_row, &journey) ||
        (item->handover_row && !ledger_handover_get(turn->ledger, item->handover_row, &handover)))
        return false;
    const char *person = absence_meant_for(
        &sent->event, &journey, item->handover_row ? &handover : NULL, session->name.organisation);
    sent->has_for_ = person[0] && absence_deputy(turn->ledger, session->name.organisation, person,
                                                 turn->now_ms, sent->for_);
    return !ledger_error(turn->ledger);
}

/* False when the turn has failed. */
static bool dispatch_one(struct turn *turn, struct session *session, struct ledger_item *item) {
    struct hv_message message = {.type = HV_MESSAGE_item};
    struct hv_item *sent = &message.item;
    uint8_t *body = NULL;
    size_t size = 0;

    if (!ledger_event_get(turn->ledger, item->seq, &turn->zone, &sent->event) ||
        (sent->event.event == HV_EVENT_DOSSIER &&
         !fill_dossier(turn, item, &sent->event, &body, &size)) ||
        (sent->event.event == HV_EVENT_DIGEST && !digest_fill(turn, item, &sent->event)) ||
        (sent->event.event == HV_EVENT_CONFIRMED && !fill_receipt(turn, item, sent)))
        return false;
    fill_due(&sent->event);
    delivery_hide(&sent->event);
    fill_telephone(turn, &sent->event);
    if (!fill_deputy(turn, session, item, sent))
        return false;
    ledger_item_out(turn->ledger, item);
    sent->item = item->item;
    sent->attempt = item->attempts;
    answer_send(turn, &session->route, &message);
    if (turn->error) {
        free(body);
        return false;
    }
    struct outbound *outbound = &turn->outbox->messages[turn->outbox->count - 1];
    outbound->dossier = body;
    outbound->dossier_size = size;
    outbound->is_item = true;
    outbound->item_row = item->row;
    if (!session_out_add(&turn->broker->sessions, session, item->row, size, turn->boot_ms) ||
        rows_add(&turn->sent, item->row) < 0)
        turn->error = -ENOMEM;
    turn->counters.items_sent++;
    return !turn->error;
}

static void dispatch_inbox(struct turn *turn, struct inbox *inbox) {
    struct ledger_item items[DISPATCH_MAX];
    struct session *session = NULL;
    int64_t spare = 0;

    DL_FOREACH(inbox->sessions, session) {
        if (session_spare(turn, session) > 0)
            spare += session_spare(turn, session);
    }
    if (spare == 0)
        return; /* stays wanted, until there is credit */
    const size_t limit = spare < DISPATCH_MAX ? (size_t)spare : DISPATCH_MAX;
    const size_t count = ledger_items_ready(turn->ledger, inbox->number, limit, items);
    for (size_t i = 0; i < count; i++) {
        /* Its old out ends with this turn: a row that is out again at once waits for the next one.
         */
        if (session_out_find(&turn->broker->sessions, items[i].row)) {
            turn->broker->turn_wanted = true;
            continue;
        }
        session = dispatch_choose(turn, inbox);
        if (!session)
            return; /* windows are full: acknowledgements open them */
        if (!dispatch_one(turn, session, &items[i]))
            return;
        msgpack_zone_clear(&turn->zone);
    }
    if (count < limit)
        inbox->wanted = turn->broker->turn_wanted; /* all that was ready is out, but for those */
    else if (count < (size_t)spare)
        turn->broker->turn_wanted = true; /* there is more, and credit for it */
}

void delivery_dispatch(struct turn *turn) {
    struct inbox *inbox = NULL;
    struct inbox *next = NULL;

    if (turn->mode == TURN_READ_ONLY)
        return;
    HASH_ITER(hh, turn->broker->sessions.inboxes, inbox, next) {
        if (inbox->wanted && !turn->error && !ledger_error(turn->ledger))
            dispatch_inbox(turn, inbox);
    }
}
