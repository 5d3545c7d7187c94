/* Journeys: deciding what becomes of one, and folding what became of it. */
#include "broker/journey.h"

#include <assert.h>
#include <string.h>

#include "broker/handover.h"

/* Outcomes that need no talk and no second person: there is nobody left to talk to, or never was.
 */
static bool outcome_ends_at_once(enum hv_outcome outcome) {
    return outcome == HV_OUTCOME_DECEASED || outcome == HV_OUTCOME_ENTERED_IN_ERROR;
}

/* Outcomes that a begeleider may decide alone once they were talked through. */
static bool outcome_ends_when_talked(enum hv_outcome outcome) {
    return outcome == HV_OUTCOME_HELPED || outcome == HV_OUTCOME_OWN_SOLUTION ||
           outcome == HV_OUTCOME_MOVED;
}

static void open_event_fill(struct hv_event *event, const struct hv_open *command) {
    event->has_resident = true;
    copy_text(event->resident, command->resident);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_basis = true;
    event->basis = command->basis;
    event->has_basis9 = command->has_basis9;
    event->basis9 = command->basis9;
    event->has_urgency = true;
    event->urgency = command->urgency;
    if (command->has_domains) {
        event->has_domains = true;
        event->domains.count = command->domains.count;
        event->domains.items = command->domains.items;
    }
    event->has_on = command->has_on;
    event->on = command->on;
}

void journey_decide_open(const struct journey *existing, const struct hv_open *command,
                         const struct actor *actor, struct decision *ret_decision) {
    const bool reopens = command->has_reopens && command->reopens;

    decision_init(ret_decision);
    if (existing && !reopens) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "journey",
                        "this id is taken; choose another for a new journey");
        return;
    }
    if (reopens) {
        assert(existing);
        if (existing->state != HV_JOURNEY_CLOSED) {
            decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "reopens",
                            "this journey is not closed: there is nothing to reopen");
            return;
        }
        if (strcmp(existing->resident, command->resident) != 0) {
            decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "resident",
                            "this journey is another resident's; open a new one");
            return;
        }
    }

    struct hv_event *event =
        decision_event(ret_decision, HV_EVENT_OPENED, actor, &command->journey, NULL);
    open_event_fill(event, command);
    event->has_reopens = reopens;
    event->reopens = reopens;
}

void journey_decide_reassign(const struct journey *journey, const struct hv_reassign *command,
                             const struct actor *actor, hv_time now_ms,
                             struct decision *ret_decision) {
    decision_init(ret_decision);
    if (decision_refuse_future(ret_decision, command->on, now_ms, "on"))
        return;
    if (journey->state == HV_JOURNEY_CLOSED) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "this journey is closed; `open` with `reopens` takes it up again");
        return;
    }
    if (command->on < journey->reassigned_on_ms) {
        ret_decision->repeated = true; /* a newer one stands */
        return;
    }
    if (strcmp(command->instead_of, journey->holder.begeleider) != 0) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "instead_of",
                        "%s holds now: say so in `instead_of`", journey->holder.begeleider);
        return;
    }

    struct hv_event *event =
        decision_event(ret_decision, HV_EVENT_REASSIGNED, actor, &journey->id, NULL);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_instead_of = true;
    copy_text(event->instead_of, command->instead_of);
    event->has_reason = true;
    copy_text(event->reason, command->reason);
    event->has_on = true;
    event->on = command->on;
}

static void close_event_fill(struct hv_event *event, const struct hv_close *command) {
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_outcome = true;
    event->outcome = command->outcome;
    event->has_talked = command->has_talked;
    event->talked = command->talked;
    event->has_no_talk = command->has_no_talk;
    copy_text(event->no_talk, command->no_talk);
    event->has_on = command->has_on;
    event->on = command->on;
    event->has_reason = command->has_reason; /* why somebody acts for another */
    copy_text(event->reason, command->reason);
}

void journey_decide_close(const struct journey *journey, const struct handover *open_handover,
                          const struct hv_close *command, const struct actor *actor, hv_time now_ms,
                          struct decision *ret_decision) {
    const bool at_once = outcome_ends_at_once(command->outcome);
    const bool ends =
        at_once || (outcome_ends_when_talked(command->outcome) && command->has_talked);

    decision_init(ret_decision);
    if (command->has_talked &&
        decision_refuse_future(ret_decision, command->talked.on, now_ms, "talked"))
        return;
    if (journey->state == HV_JOURNEY_CLOSED) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL, "this journey is closed");
        return;
    }
    if (journey->state == HV_JOURNEY_CLOSING && !ends) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "this journey is closing already: a coordinator settles it");
        return;
    }
    if (open_handover && !at_once) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "a handover is open: withdraw it, or wait until it has ended");
        return;
    }

    if (open_handover)
        handover_withdraw_for_close(open_handover, command, actor, ret_decision);
    struct hv_event *event = decision_event(ret_decision, ends ? HV_EVENT_CLOSED : HV_EVENT_CLOSING,
                                            actor, &journey->id, NULL);
    close_event_fill(event, command);
}

bool journey_may_settle(const struct journey *journey, const struct actor *actor,
                        struct journey_policy policy) {
    if (actor->role != HV_ROLE_COORDINATOR)
        return false;
    if (actor->of_network)
        return true;
    return policy.settle_by_organisation &&
           strcmp(actor->organisation, journey->holder.organisation) == 0;
}

void journey_decide_settle(const struct journey *journey, const struct hv_settle *command,
                           const struct actor *actor, struct decision *ret_decision) {
    decision_init(ret_decision);
    /* A person is a name within one organisation: the same name elsewhere is somebody else. */
    if (journey->state == HV_JOURNEY_CLOSING &&
        strcmp(actor->organisation, journey->holder.organisation) == 0 &&
        strcmp(command->person, journey->closed_by) == 0) {
        decision_refuse(ret_decision, HV_REFUSED_FORBIDDEN, "person",
                        "%s closed this journey: somebody else must settle it", command->person);
        return;
    }
    if (journey->state != HV_JOURNEY_CLOSING) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "this journey is %s, not closing: there is nothing to settle",
                        journey->state == HV_JOURNEY_CLOSED ? "closed" : "open");
        return;
    }

    struct hv_event *event =
        decision_event(ret_decision, HV_EVENT_SETTLED, actor, &journey->id, NULL);
    event->has_person = true;
    copy_text(event->person, command->person);
    event->has_agree = true;
    event->agree = command->agree;
    event->has_reason = true;
    copy_text(event->reason, command->reason);
    event->has_on = true;
    event->on = command->on;
    if (command->agree) {
        struct hv_event *closed =
            decision_event(ret_decision, HV_EVENT_CLOSED, actor, &journey->id, NULL);
        closed->has_begeleider = true;
        copy_text(closed->begeleider, journey->closed_by);
        closed->has_outcome = true;
        closed->outcome = journey->outcome;
    }
}

/* ---- Folding: each gives false where the event left the journey as it was ---- */

static void journey_move(struct journey *journey, enum hv_journey_state state, hv_time at_ms) {
    journey->state = state;
    journey->since_ms = at_ms;
}

/* A network's claim stands beside one that the same organisation's coordinators have for
 * themselves; a new one takes its place. Where all are taken, the one that ends first goes. */
static bool fold_claimed(struct journey *journey, const struct hv_event *event) {
    struct claims *claims = &journey->claims;
    struct hv_standing_claim *claim = NULL;

    for (size_t i = 0; i < claims->count && !claim; i++)
        if (strcmp(claims->items[i].organisation, event->organisation) == 0 &&
            claims->items[i].of_network == event->of_network)
            claim = &claims->items[i];
    if (!claim && claims->count < CLAIMS_MAX)
        claim = &claims->items[claims->count++];
    for (size_t i = 0; i < claims->count && !claim; i++) {
        struct hv_standing_claim *ends_first = &claims->items[0];
        for (size_t j = 1; j < claims->count; j++)
            if (claims->items[j].until < ends_first->until)
                ends_first = &claims->items[j];
        claim = ends_first;
    }
    memset(claim, 0, sizeof *claim);
    copy_text(claim->organisation, event->organisation);
    copy_text(claim->person, event->person);
    claim->until = event->until;
    claim->has_on = true;
    claim->on = event->on;
    claim->has_of_network = event->of_network;
    claim->of_network = event->of_network;
    return true;
}

/* The second time in a row its coordinator hears of it, and the count begins anew. */
static bool fold_noted(struct journey *journey, const struct hv_event *event) {
    const int64_t before = journey->not_reached;

    if (event->code == HV_NOTE_NOT_REACHED)
        journey->not_reached = before == 0;
    else if (event->code == HV_NOTE_IN_TOUCH)
        journey->not_reached = 0;
    return journey->not_reached != before;
}

static bool fold_opened(struct journey *journey, const struct hv_event *event, hv_time at_ms) {
    if (!event->has_reopens) {
        const int64_t row = journey->row;
        memset(journey, 0, sizeof *journey);
        journey->row = row;
        journey->id = event->journey;
        journey->opened_ms = at_ms;
        copy_text(journey->resident, event->resident);
    }
    copy_text(journey->holder.organisation, event->organisation);
    copy_text(journey->holder.begeleider, event->begeleider);
    journey->held_since_ms = at_ms;
    journey->basis = event->basis;
    journey->basis9 = event->has_basis9 ? event->basis9 : 0;
    journey->urgency = event->urgency;
    journey->outcome = 0;
    journey->closed_by[0] = '\0';
    journey->not_reached = 0;
    journey->claims.count = 0;
    journey_move(journey, HV_JOURNEY_OPEN, at_ms);
    return true;
}

static bool fold_closing(struct journey *journey, const struct hv_event *event,
                         enum hv_journey_state state, hv_time at_ms) {
    journey->outcome = event->outcome;
    copy_text(journey->closed_by, event->begeleider);
    journey_move(journey, state, at_ms);
    return true;
}

static bool fold_settled(struct journey *journey, const struct hv_event *event, hv_time at_ms) {
    if (event->agree)
        return true; /* `closed` follows */
    journey->outcome = 0;
    journey->closed_by[0] = '\0';
    journey_move(journey, HV_JOURNEY_OPEN, at_ms);
    return true;
}

static bool fold_reassigned(struct journey *journey, const struct hv_event *event, hv_time at_ms) {
    copy_text(journey->holder.begeleider, event->begeleider);
    journey->held_since_ms = at_ms;
    journey->reassigned_on_ms = event->on;
    return true;
}

static bool fold_offered(struct journey *journey, const struct hv_event *event) {
    const enum hv_urgency before = journey->urgency;

    journey->urgency = event->urgency;
    return journey->urgency != before;
}

/* The new organisation's clock knows nothing of the old one's. */
static bool fold_confirmed(struct journey *journey, const struct hv_event *event, hv_time at_ms) {
    journey->holder = event->holder;
    journey->held_since_ms = at_ms;
    journey->reassigned_on_ms = 0;
    journey->not_reached = 0;
    return true;
}

static bool fold_urgency(struct journey *journey, const struct hv_event *event) {
    journey->urgency = event->urgency;
    journey->urgency_on_ms = event->on;
    return true;
}

/* What runs is said by the event itself: whatever it is of. */
static bool fold_runs(struct journey *journey, const struct hv_event *event) {
    if (!event->has_runs)
        return false;
    assert(event->runs.count <= RUNS_MAX);
    journey->runs.count = event->runs.count;
    for (size_t i = 0; i < event->runs.count; i++)
        journey->runs.items[i] = event->runs.items[i];
    return true;
}

static bool fold_event(struct journey *journey, const struct hv_event *event, hv_time at_ms) {
    switch (event->event) {
    case HV_EVENT_OPENED:
        return fold_opened(journey, event, at_ms);
    case HV_EVENT_REASSIGNED:
        return fold_reassigned(journey, event, at_ms);
    case HV_EVENT_CLOSING:
        return fold_closing(journey, event, HV_JOURNEY_CLOSING, at_ms);
    case HV_EVENT_SETTLED:
        return fold_settled(journey, event, at_ms);
    case HV_EVENT_CLOSED:
        return fold_closing(journey, event, HV_JOURNEY_CLOSED, at_ms);
    case HV_EVENT_OFFERED:
        return fold_offered(journey, event);
    case HV_EVENT_CONFIRMED:
        return fold_confirmed(journey, event, at_ms);
    case HV_EVENT_URGENCY:
        return fold_urgency(journey, event);
    case HV_EVENT_NOTED:
        return fold_noted(journey, event);
    case HV_EVENT_CLAIMED:
        return fold_claimed(journey, event);
    case HV_EVENT_DELIVERED:
    case HV_EVENT_RECEIVED:
    case HV_EVENT_PICKED_UP:
    case HV_EVENT_INTRODUCED:
    case HV_EVENT_DECLINED:
    case HV_EVENT_WITHDRAWN:
    case HV_EVENT_SUPPLEMENTED:
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
    case HV_EVENT_WAITING:
    case HV_EVENT_CONTESTED:
    case HV_EVENT_ABSENT:
    case HV_EVENT_QUIET:
    case HV_EVENT_DIGEST:
    case HV_EVENT_CLOCK:
    case HV_EVENT_REPAIRED:
    case HV_EVENT_SUSPECTED:
        return false;
    }
    return false;
}

bool journey_may_fold(const struct journey *journey, const struct hv_event *event) {
    const bool is_open = journey->holder.organisation[0] != '\0';

    if (event->event == HV_EVENT_OPENED)
        return event->has_organisation && event->has_begeleider && event->has_resident &&
               event->has_reopens == is_open && event->runs.count <= RUNS_MAX;
    if (event->event == HV_EVENT_REASSIGNED && !event->has_begeleider)
        return false;
    if (event->event == HV_EVENT_CONFIRMED && !event->has_holder)
        return false;
    if (event->runs.count > RUNS_MAX)
        return false;
    return is_open;
}

bool journey_fold(struct journey *journey, const struct hv_event *event, hv_time at_ms) {
    const bool moved = fold_event(journey, event, at_ms);
    const bool ran = fold_runs(journey, event);

    assert(journey->holder.organisation[0] && journey->holder.begeleider[0]); /* H1 */
    return moved || ran;
}
