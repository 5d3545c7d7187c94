/* Handovers: the table of states, and folding what was decided by it. */
#include "broker/handover.h"

#include <assert.h>
#include <string.h>

#include "broker/handover_table.h"

/* ---- The table ---- */

#define OFFERED   HV_HANDOVER_OFFERED
#define DELIVERED HV_HANDOVER_DELIVERED
#define RECEIVED  HV_HANDOVER_RECEIVED
#define PICKED_UP HV_HANDOVER_PICKED_UP
#define WAITING   HV_HANDOVER_WAITING
#define CONFIRMED HV_HANDOVER_CONFIRMED
#define DECLINED  HV_HANDOVER_DECLINED
#define WITHDRAWN HV_HANDOVER_WITHDRAWN
#define CONFLICT  HANDOVER_CONFLICT

/* The state that follows; CONFLICT where the command is refused. A state that follows itself is a
 * fact that moves nothing, or a change of person or plan. An ended handover takes nothing any more.
 */
/* clang-format off */
const uint8_t handover_table[HANDOVER_STATE_COUNT][MOVE_COUNT] = {
    /*              DELIVER    RECEIVE    PICKUP     WAIT     INTRODUCE  SUPPLEMENT CONFIRM    DECLINE   WITHDRAW */
    [OFFERED]   = { DELIVERED, RECEIVED,  PICKED_UP, WAITING, OFFERED,   OFFERED,   CONFIRMED, DECLINED, WITHDRAWN },
    [DELIVERED] = { DELIVERED, RECEIVED,  PICKED_UP, WAITING, DELIVERED, DELIVERED, CONFIRMED, DECLINED, WITHDRAWN },
    [RECEIVED]  = { RECEIVED,  RECEIVED,  PICKED_UP, WAITING, RECEIVED,  RECEIVED,  CONFIRMED, DECLINED, WITHDRAWN },
    [PICKED_UP] = { PICKED_UP, CONFLICT,  PICKED_UP, WAITING, PICKED_UP, PICKED_UP, CONFIRMED, DECLINED, WITHDRAWN },
    [WAITING]   = { WAITING,   RECEIVED,  PICKED_UP, WAITING, WAITING,   WAITING,   CONFIRMED, DECLINED, WITHDRAWN },
    [CONFIRMED] = { CONFLICT },
    [DECLINED]  = { CONFLICT },
    [WITHDRAWN] = { CONFLICT },
};
/* clang-format on */

const char *const handover_state_phrases[HANDOVER_STATE_COUNT] = {
    [OFFERED] = "offered",     [DELIVERED] = "delivered", [RECEIVED] = "received",
    [PICKED_UP] = "picked up", [WAITING] = "waiting",     [CONFIRMED] = "confirmed",
    [DECLINED] = "declined",   [WITHDRAWN] = "withdrawn",
};

bool handover_is_open(const struct handover *handover) {
    switch (handover->state) {
    case HV_HANDOVER_OFFERED:
    case HV_HANDOVER_DELIVERED:
    case HV_HANDOVER_RECEIVED:
    case HV_HANDOVER_PICKED_UP:
    case HV_HANDOVER_WAITING:
        return true;
    case HV_HANDOVER_CONFIRMED:
    case HV_HANDOVER_DECLINED:
    case HV_HANDOVER_WITHDRAWN:
        return false;
    }
    return false;
}

const char *handover_begeleider(const struct handover *handover) {
    return handover->picked_up_by[0] ? handover->picked_up_by : handover->received_by;
}

bool handover_is_cold(enum hv_kind kind) {
    switch (kind) {
    case HV_KIND_WARM:
        return false;
    case HV_KIND_COLD:
    case HV_KIND_CALLBACK:
    case HV_KIND_SIGNAL:
        return true;
    }
    return true;
}

/* The warm gate opens when the resident and someone of each side were there; within one
 * organisation, two different persons of it. */
static bool introduction_opens_gate(const struct handover *handover,
                                    const struct hv_event *introduced) {
    const struct hv_attendee *sender = NULL;
    const bool within = strcmp(handover->from, handover->to) == 0;

    if (!introduced->with_resident)
        return false;
    for (size_t i = 0; i < introduced->present.count; i++) {
        const struct hv_attendee *attendee = &introduced->present.items[i];
        if (strcmp(attendee->organisation, handover->from) != 0)
            continue;
        if (within && sender && strcmp(sender->person, attendee->person) != 0)
            return true;
        sender = attendee;
    }
    if (within || !sender)
        return false;
    for (size_t i = 0; i < introduced->present.count; i++)
        if (strcmp(introduced->present.items[i].organisation, handover->to) == 0)
            return true;
    return false;
}

bool handover_is_delivered_by_ack(const struct handover *handover) {
    return handover->state == HV_HANDOVER_OFFERED;
}

/* ---- Folding ---- */

/* The one place where a handover's state changes. */
static void handover_move(struct handover *handover, enum handover_move move, hv_time at_ms) {
    const uint8_t next = handover_table[handover->state][move];

    assert(next != CONFLICT);
    if (handover->state == (enum hv_handover_state)next)
        return;
    handover->state = (enum hv_handover_state)next;
    handover->times_ms[next] = at_ms;
}

static void handover_end(struct handover *handover, int64_t seq, const struct hv_holder *holder) {
    assert(!handover_is_open(handover));
    handover->ended_seq = seq;
    handover->end_holder = *holder;
    if (handover->state != HV_HANDOVER_CONFIRMED)
        handover->deleted = true; /* at once, on decline and withdraw */
}

static void fold_offered(struct handover *handover, const struct hv_event *event, hv_time at_ms) {
    const int64_t row = handover->row;
    const int64_t journey_row = handover->journey_row;

    memset(handover, 0, sizeof *handover);
    handover->row = row;
    handover->journey_row = journey_row;
    handover->id = event->handover;
    handover->journey = event->journey;
    handover->state = HV_HANDOVER_OFFERED;
    handover->times_ms[HV_HANDOVER_OFFERED] = at_ms;
    copy_text(handover->from, event->from);
    copy_text(handover->to, event->to);
    handover->kind = event->kind;
    handover->urgency = event->urgency;
    handover->disclose = event->disclose;
    handover->has_dossier_hash = event->has_dossier_hash;
    memcpy(handover->dossier_hash, event->dossier_hash, sizeof handover->dossier_hash);
}

/* In a crisis nobody waits: back to who had it. */
static void fold_urgency(struct handover *handover, const struct hv_event *event, hv_time at_ms) {
    handover->urgency = event->urgency;
    if (handover->state == HV_HANDOVER_WAITING && event->urgency == HV_URGENCY_CRISIS)
        handover_move(handover, handover->picked_up_by[0] ? MOVE_PICKUP : MOVE_RECEIVE, at_ms);
}

/* The move that an event makes; MOVE_COUNT for a fact that the table does not judge. */
static enum handover_move move_of(enum hv_event_name name) {
    switch (name) {
    case HV_EVENT_DELIVERED:
        return MOVE_DELIVER;
    case HV_EVENT_RECEIVED:
        return MOVE_RECEIVE;
    case HV_EVENT_PICKED_UP:
        return MOVE_PICKUP;
    case HV_EVENT_WAITING:
        return MOVE_WAIT;
    case HV_EVENT_INTRODUCED:
        return MOVE_INTRODUCE;
    case HV_EVENT_SUPPLEMENTED:
        return MOVE_SUPPLEMENT;
    case HV_EVENT_CONFIRMED:
        return MOVE_CONFIRM;
    case HV_EVENT_DECLINED:
        return MOVE_DECLINE;
    case HV_EVENT_WITHDRAWN:
        return MOVE_WITHDRAW;
    case HV_EVENT_OPENED:
    case HV_EVENT_REASSIGNED:
    case HV_EVENT_CLOSING:
    case HV_EVENT_SETTLED:
    case HV_EVENT_CLOSED:
    case HV_EVENT_OFFERED:
    case HV_EVENT_DOSSIER:
    case HV_EVENT_FETCHED:
    case HV_EVENT_DELETED:
    case HV_EVENT_ACKNOWLEDGED:
    case HV_EVENT_READ:
    case HV_EVENT_NETWORK:
    case HV_EVENT_REMINDED:
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
    case HV_EVENT_TOLD:
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
    return MOVE_COUNT;
}

bool handover_may_fold(const struct handover *handover, const struct hv_event *event) {
    const enum handover_move move = move_of(event->event);

    if (event->event == HV_EVENT_OFFERED)
        return handover->state == 0;
    if (handover->state == 0)
        return false;
    return move == MOVE_COUNT || handover_table[handover->state][move] != CONFLICT;
}

/* What a move leaves behind besides the state; while `holder` held. */
static void fold_move(struct handover *handover, const struct hv_event *event,
                      enum handover_move move, int64_t seq, hv_time at_ms,
                      const struct hv_holder *holder) {
    handover_move(handover, move, at_ms);
    switch (move) {
    case MOVE_RECEIVE:
        copy_text(handover->received_by, event->begeleider);
        break;
    case MOVE_PICKUP:
        copy_text(handover->picked_up_by, event->begeleider);
        handover->planned_ms = event->has_planned ? event->planned : 0;
        break;
    case MOVE_INTRODUCE:
        if (introduction_opens_gate(handover, event))
            handover->introduced = true;
        break;
    case MOVE_SUPPLEMENT:
        handover->supplements = event->number;
        break;
    case MOVE_CONFIRM:
        handover->as = event->has_as ? event->as : 0;
        copy_text(handover->as_reason, event->has_as ? event->reason : "");
        handover_end(handover, seq, holder);
        break;
    case MOVE_DECLINE:
    case MOVE_WITHDRAW:
        handover_end(handover, seq, holder);
        break;
    case MOVE_DELIVER:
    case MOVE_WAIT:
    case MOVE_COUNT:
        break;
    }
}

/* The facts that the table does not judge; false for one that leaves a handover as it was. */
static bool fold_fact(struct handover *handover, const struct hv_event *event, hv_time at_ms) {
    if (event->event == HV_EVENT_OFFERED)
        fold_offered(handover, event, at_ms);
    else if (event->event == HV_EVENT_URGENCY)
        fold_urgency(handover, event, at_ms);
    else if (event->event == HV_EVENT_DOSSIER)
        handover->disclosed = true;
    else if (event->event == HV_EVENT_DELETED)
        handover->deleted = true;
    else
        return false;
    return true;
}

bool handover_fold(struct handover *handover, const struct hv_event *event, int64_t seq,
                   hv_time at_ms, const struct hv_holder *holder) {
    const enum handover_move move = move_of(event->event);

    if (move == MOVE_COUNT)
        return fold_fact(handover, event, at_ms);
    fold_move(handover, event, move, seq, at_ms, holder);
    return true;
}
