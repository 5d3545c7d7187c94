/* Journeys: deciding what people note, how much it presses, and who is on it. */
#include <assert.h>
#include <string.h>

#include "broker/handover.h"
#include "broker/journey.h"

static bool refuse_closed(const struct journey *journey, struct decision *decision) {
    if (journey->state != HV_JOURNEY_CLOSED)
        return false;
    decision_refuse(decision, HV_REFUSED_CONFLICT, NULL,
                    "this journey is closed; `open` with `reopens` takes it up again");
    return true;
}

/* ---- note ---- */

/* A receiver says so instead of acting: as often as the policy allows, then it has to act. */
static bool refuse_working_on_it(const struct journey *journey, const struct handover *handover,
                                 int64_t restarts_max, struct decision *decision) {
    struct runs runs = journey->runs;
    const enum hv_phase phases[] = {HV_PHASE_RECEIPT, HV_PHASE_PICKUP, HV_PHASE_ARRIVAL};
    const struct hv_run *run = NULL;

    assert(handover); /* such a note names one (contract) */
    for (size_t i = 0; i < sizeof phases / sizeof phases[0] && !run; i++)
        run = runs_find(&runs, phases[i], handover->to);
    if (!run || handover->state == HV_HANDOVER_WAITING) {
        decision_refuse(decision, HV_REFUSED_CONFLICT, "code",
                        "this handover waits for nothing that can be begun anew");
        return true;
    }
    if (run->restarts < restarts_max)
        return false;
    decision_refuse(decision, HV_REFUSED_CONFLICT, "code",
                    "this phase was begun anew %lld times, the most that the network allows: act, "
                    "or decline",
                    (long long)run->restarts);
    return true;
}

static bool refuse_answer(const struct journey *journey, const struct actor *actor,
                          struct decision *decision) {
    struct runs runs = journey->runs;

    if (runs_find(&runs, HV_PHASE_ANSWER, actor->organisation))
        return false;
    decision_refuse(decision, HV_REFUSED_CONFLICT, "code",
                    "nothing was asked of your organisation that is still open");
    return true;
}

static bool refuse_note(const struct journey *journey, const struct handover *handover,
                        const struct hv_note *command, const struct actor *actor,
                        struct journey_limits limits, struct decision *decision) {
    switch (command->code) {
    case HV_NOTE_WORKING_ON_IT:
        return refuse_working_on_it(journey, handover, limits.restarts_max, decision);
    case HV_NOTE_ANSWER:
        return refuse_answer(journey, actor, decision);
    case HV_NOTE_IN_TOUCH:
    case HV_NOTE_NOT_REACHED:
    case HV_NOTE_TIP:
        if (!command->has_next || command->next <= limits.check_in_max_days)
            return false;
        decision_refuse(decision, HV_REFUSED_MALFORMED, "next",
                        "`next` is more than the %lld days that the network allows between "
                        "check-ins",
                        (long long)limits.check_in_max_days);
        return true;
    case HV_NOTE_NO_SHOW:
    case HV_NOTE_MISSING:
    case HV_NOTE_QUESTION:
    case HV_NOTE_INFORMED:
        return false;
    }
    return false;
}

bool journey_note_is_holders(enum hv_note_code code) {
    return code == HV_NOTE_IN_TOUCH || code == HV_NOTE_NOT_REACHED || code == HV_NOTE_INFORMED ||
           code == HV_NOTE_TIP;
}

void journey_decide_note(const struct journey *journey, const struct handover *handover,
                         const struct hv_note *command, const struct actor *actor, hv_time now_ms,
                         struct journey_limits limits, struct decision *ret_decision) {
    decision_init(ret_decision);
    if (decision_refuse_future(ret_decision, command->on, now_ms, "on") ||
        refuse_closed(journey, ret_decision))
        return;
    if (handover && !handover_is_open(handover)) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "handover",
                        "this handover is over: leave `handover` out to note something of the "
                        "journey");
        return;
    }
    if (refuse_note(journey, handover, command, actor, limits, ret_decision))
        return;

    struct hv_event *event = decision_event(ret_decision, HV_EVENT_NOTED, actor, &journey->id,
                                            handover ? &handover->id : NULL);
    event->has_code = true;
    event->code = command->code;
    event->has_on = true;
    event->on = command->on;
    event->has_by = command->has_by;
    event->by = command->by;
    event->has_next = command->has_next;
    event->next = command->next;
    event->has_to = command->has_to;
    copy_text(event->to, command->to);
    event->has_reason = command->has_reason;
    copy_text(event->reason, command->reason);
    /* The second in a row is said to be so: it is for the coordinators. */
    event->has_count = command->code == HV_NOTE_NOT_REACHED && journey->not_reached > 0;
    event->count = event->has_count ? journey->not_reached + 1 : 0;
}

/* ---- urgency ---- */

void journey_decide_urgency(const struct journey *journey, const struct handover *open_handover,
                            const struct hv_set_urgency *command, const struct actor *actor,
                            hv_time now_ms, struct decision *ret_decision) {
    decision_init(ret_decision);
    if (decision_refuse_future(ret_decision, command->on, now_ms, "on") ||
        refuse_closed(journey, ret_decision))
        return;
    if (command->on < journey->urgency_on_ms) {
        ret_decision->repeated = true; /* a newer one stands */
        return;
    }
    struct hv_event *event = decision_event(ret_decision, HV_EVENT_URGENCY, actor, &journey->id,
                                            open_handover ? &open_handover->id : NULL);
    event->has_urgency = true;
    event->urgency = command->to;
    event->has_reason = true;
    copy_text(event->reason, command->reason);
    event->has_on = true;
    event->on = command->on;
}

/* ---- claim ---- */

static const struct hv_standing_claim *claim_of(const struct journey *journey,
                                                const struct actor *actor) {
    for (size_t i = 0; i < journey->claims.count; i++) {
        const struct hv_standing_claim *claim = &journey->claims.items[i];
        if (claim->of_network == actor->of_network &&
            strcmp(claim->organisation, actor->organisation) == 0)
            return claim;
    }
    return NULL;
}

static bool refuse_claim_too_long(const struct hv_claim *command, hv_time now_ms,
                                  int64_t claim_max_ms, struct decision *decision) {
    if (command->until <= now_ms + claim_max_ms)
        return false;
    decision_refuse(decision, HV_REFUSED_MALFORMED, "until",
                    "`until` lies more than %lld hours from now, the most that the network allows",
                    (long long)(claim_max_ms / CALENDAR_HOUR_MS));
    return true;
}

/* Whether some phase of the actor's may still rest; where none of them may, a claim would be an
 * empty promise. Who waits for others alone may say at any time to be on it: nothing rests. */
static bool refuse_claim_spent(const struct journey *journey, const struct actor *actor,
                               int64_t claim_max_ms, struct decision *decision) {
    bool spent = false;

    for (size_t i = 0; i < journey->runs.count; i++) {
        const struct hv_run *run = &journey->runs.items[i];
        if (!actor->of_network && strcmp(run->awaits, actor->organisation) != 0)
            continue;
        if ((actor->of_network ? run->rested : run->rested_own) < claim_max_ms)
            return false;
        spent = true;
    }
    if (!spent)
        return false;
    decision_refuse(decision, HV_REFUSED_CONFLICT, "until",
                    "this has been claimed for %lld hours, the most that the network allows in one "
                    "phase: it goes on ringing until somebody acts",
                    (long long)(claim_max_ms / CALENDAR_HOUR_MS));
    return true;
}

void journey_decide_claim(const struct journey *journey, const struct handover *handover,
                          const struct hv_claim *command, const struct actor *actor, hv_time now_ms,
                          struct journey_limits limits, struct decision *ret_decision) {
    const struct hv_standing_claim *standing = claim_of(journey, actor);

    decision_init(ret_decision);
    if (decision_refuse_future(ret_decision, command->on, now_ms, "on") ||
        refuse_closed(journey, ret_decision))
        return;
    if (handover && !handover_is_open(handover)) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "handover",
                        "this handover is over: claim the journey");
        return;
    }
    if (standing && command->on < standing->on) {
        ret_decision->repeated = true;
        return;
    }
    if (command->until > now_ms &&
        (refuse_claim_too_long(command, now_ms, limits.claim_max_ms, ret_decision) ||
         refuse_claim_spent(journey, actor, limits.claim_max_ms, ret_decision)))
        return;

    struct hv_event *event = decision_event(ret_decision, HV_EVENT_CLAIMED, actor, &journey->id,
                                            handover ? &handover->id : NULL);
    event->has_person = true;
    copy_text(event->person, command->person);
    event->has_until = true;
    event->until = command->until;
    event->has_on = true;
    event->on = command->on;
    event->has_was_until = standing != NULL;
    event->was_until = standing ? standing->until : 0;
    event->has_of_network = actor->of_network;
    event->of_network = actor->of_network;
}
