/* Handovers: deciding what becomes of one, by the table. */
#include <assert.h>
#include <string.h>

#include "broker/handover_table.h"
#include "broker/journey.h"

/* Begins a decision about a move; false when the table refuses it. */
static bool decide_move(const struct handover *handover, enum handover_move move,
                        struct decision *decision) {
    decision_init(decision);
    if (handover_table[handover->state][move] != HANDOVER_CONFLICT)
        return true;
    decision_refuse(decision, HV_REFUSED_CONFLICT, NULL, "this handover is %s%s",
                    handover_state_phrases[handover->state],
                    handover_is_open(handover) ? " already" : ": it is over");
    return false;
}

static struct hv_event *handover_event(struct decision *decision, enum hv_event_name name,
                                       const struct handover *handover, const struct actor *actor) {
    return decision_event(decision, name, actor, &handover->journey, &handover->id);
}

/* ---- Deciding ---- */

void handover_decide_offer(const struct journey *journey, const struct handover *open_handover,
                           const struct hv_offer *command, const uint8_t *dossier_hash,
                           const struct actor *actor, struct decision *ret_decision) {
    decision_init(ret_decision);
    if (journey->state != HV_JOURNEY_OPEN) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "this journey is %s: only an open one can be offered",
                        journey->state == HV_JOURNEY_CLOSED ? "closed" : "closing");
        return;
    }
    if (open_handover) {
        decision_refuse(
            ret_decision, HV_REFUSED_CONFLICT, NULL,
            "a handover of this journey is open: withdraw it first, or wait for its end");
        return;
    }

    struct hv_event *event = decision_event(ret_decision, HV_EVENT_OFFERED, actor,
                                            &command->journey, &command->handover);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_from = true;
    copy_text(event->from, actor->organisation);
    event->has_to = true;
    copy_text(event->to, command->to);
    event->has_kind = true;
    event->kind = command->kind;
    event->has_urgency = true;
    event->urgency = command->urgency;
    event->has_disclose = true;
    event->disclose = command->has_disclose ? command->disclose : HV_DISCLOSE_PICKED_UP;
    event->has_age = command->has_age;
    event->age = command->age;
    event->has_family = command->has_family;
    event->family = command->family;
    if (command->has_domains) {
        event->has_domains = true;
        event->domains.count = command->domains.count;
        event->domains.items = command->domains.items;
    }
    if (dossier_hash) {
        event->has_dossier_hash = true;
        memcpy(event->dossier_hash, dossier_hash, sizeof event->dossier_hash);
    }
    event->has_on = command->has_on;
    event->on = command->on;
    event->has_reason = command->has_reason; /* why somebody acts for another */
    copy_text(event->reason, command->reason);
}

/* Discloses pseudonym and dossiers to the receiver: an event, and so an item, for each dossier. */
static void decide_disclosure(const struct handover *handover, const struct actor *actor,
                              struct decision *decision) {
    if (handover->disclosed)
        return;
    for (int64_t number = 0; number <= handover->supplements; number++) {
        struct hv_event *event = handover_event(decision, HV_EVENT_DOSSIER, handover, actor);
        event->has_number = true;
        event->number = number;
    }
}

void handover_decide_receive(const struct handover *handover, const struct hv_receive *command,
                             const struct actor *actor, struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_RECEIVE, ret_decision))
        return;
    const char *present = handover->received_by;
    const bool another = present[0] && strcmp(present, command->begeleider) != 0;
    if (command->has_instead_of ? strcmp(command->instead_of, present) != 0 : another) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "instead_of",
                        present[0] ? "%s has it in hand: say so in `instead_of`"
                                   : "nobody has it in hand yet: leave `instead_of` out%s",
                        present);
        return;
    }

    struct hv_event *event = handover_event(ret_decision, HV_EVENT_RECEIVED, handover, actor);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_instead_of = command->has_instead_of;
    copy_text(event->instead_of, command->instead_of);
    event->has_on = command->has_on;
    event->on = command->on;
    if (handover->disclose == HV_DISCLOSE_RECEIVED)
        decide_disclosure(handover, actor, ret_decision);
}

void handover_decide_pickup(const struct handover *handover, const struct hv_pickup *command,
                            const struct actor *actor, struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_PICKUP, ret_decision))
        return;
    /* Before anybody has picked up, who received it is the present person; taking it on from them
     * needs no word. */
    const bool picked_up = handover->picked_up_by[0] != '\0';
    const bool waits = handover->state == HV_HANDOVER_WAITING;
    const char *present = picked_up ? handover->picked_up_by : handover->received_by;
    const bool another = picked_up && !waits && strcmp(present, command->begeleider) != 0;
    if (command->has_instead_of ? strcmp(command->instead_of, present) != 0 : another) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "instead_of",
                        present[0] ? "%s is on it: say so in `instead_of`"
                                   : "nobody is on it yet: leave `instead_of` out%s",
                        present);
        return;
    }

    struct hv_event *event = handover_event(ret_decision, HV_EVENT_PICKED_UP, handover, actor);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_planned = command->has_planned;
    event->planned = command->planned;
    event->has_instead_of = command->has_instead_of;
    copy_text(event->instead_of, command->instead_of);
    event->has_on = command->has_on;
    event->on = command->on;
    decide_disclosure(handover, actor, ret_decision);
}

void handover_decide_wait(const struct handover *handover, const struct hv_wait *command,
                          const struct actor *actor, hv_time now_ms, int64_t wait_max_ms,
                          struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_WAIT, ret_decision))
        return;
    if (handover->urgency == HV_URGENCY_CRISIS) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "nobody waits in a crisis: pick it up, or decline it");
        return;
    }
    if (command->expected <= now_ms || command->expected > now_ms + wait_max_ms) {
        decision_refuse(ret_decision, HV_REFUSED_MALFORMED, "expected",
                        "`expected` lies %s; a wait ends after now, and at most %lld days from now",
                        command->expected <= now_ms ? "in the past" : "too far ahead",
                        (long long)(wait_max_ms / CALENDAR_DAY_MS));
        return;
    }

    struct hv_event *event = handover_event(ret_decision, HV_EVENT_WAITING, handover, actor);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_reason = true;
    copy_text(event->reason, command->reason);
    event->has_expected = true;
    event->expected = command->expected;
    event->has_on = command->has_on;
    event->on = command->on;
}

void handover_decide_introduce(const struct handover *handover, const struct hv_introduce *command,
                               const struct actor *actor, hv_time now_ms,
                               struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_INTRODUCE, ret_decision) ||
        decision_refuse_future(ret_decision, command->on, now_ms, "on"))
        return;
    struct hv_event *event = handover_event(ret_decision, HV_EVENT_INTRODUCED, handover, actor);
    event->has_on = true;
    event->on = command->on;
    event->has_how = true;
    event->how = command->how;
    event->has_present = true;
    event->present.count = command->present.count;
    event->present.items = command->present.items;
    event->has_with_resident = true;
    event->with_resident = command->resident;
}

/* The contact lies not in the future, and not before the offer unless with the sender. */
static bool confirm_refuse_contact(const struct handover *handover,
                                   const struct hv_contact *contact, hv_time now_ms,
                                   struct decision *decision) {
    if (decision_refuse_future(decision, contact->on, now_ms, "contact"))
        return true;
    if (contact->how == HV_CONTACT_WITH_SENDER ||
        contact->on + DECISION_SKEW_MS >= handover->times_ms[HV_HANDOVER_OFFERED])
        return false;
    decision_refuse(decision, HV_REFUSED_MALFORMED, "contact",
                    "`contact.on` lies before the offer; only a contact with-sender may");
    return true;
}

void handover_decide_confirm(const struct handover *handover, const struct hv_confirm *command,
                             const struct actor *actor, hv_time now_ms, int64_t keep_ms,
                             struct decision *ret_decision) {
    const bool gate_shut = handover->kind == HV_KIND_WARM && !handover->introduced;

    if (!decide_move(handover, MOVE_CONFIRM, ret_decision) ||
        confirm_refuse_contact(handover, &command->contact, now_ms, ret_decision))
        return;
    if (gate_shut && !command->has_as) {
        decision_refuse(ret_decision, HV_REFUSED_NOT_INTRODUCED, NULL,
                        "a warm handover: `introduce` the resident first, or confirm it `as` cold "
                        "with a `reason`");
        return;
    }

    decide_disclosure(handover, actor, ret_decision); /* before it: who is confirmed knows whom */
    struct hv_event *event = handover_event(ret_decision, HV_EVENT_CONFIRMED, handover, actor);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
    event->has_from = true;
    copy_text(event->from, handover->from);
    event->has_to = true;
    copy_text(event->to, handover->to);
    event->has_holder = true;
    copy_text(event->holder.organisation, handover->to);
    copy_text(event->holder.begeleider, command->begeleider);
    event->has_contact = true;
    event->contact = command->contact;
    if (gate_shut) {
        event->has_as = true;
        event->as = command->as;
        event->has_reason = true;
        copy_text(event->reason, command->reason);
    }
    event->has_delete_at = true;
    event->delete_at = now_ms + keep_ms;
    event->has_on = command->has_on;
    event->on = command->on;
}

void handover_decide_decline(const struct handover *handover, const struct hv_decline *command,
                             const struct actor *actor, struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_DECLINE, ret_decision))
        return;
    struct hv_event *event = handover_event(ret_decision, HV_EVENT_DECLINED, handover, actor);
    event->has_reason = true;
    copy_text(event->reason, command->reason);
    event->has_decided = true;
    event->decided = command->decided;
    event->has_suggest = command->has_suggest;
    copy_text(event->suggest, command->suggest);
    event->has_on = command->has_on;
    event->on = command->on;
}

static struct hv_event *withdrawn_event(const struct handover *handover, const char *reason,
                                        const struct actor *actor, struct decision *decision) {
    struct hv_event *event = handover_event(decision, HV_EVENT_WITHDRAWN, handover, actor);
    event->has_reason = true;
    copy_text(event->reason, reason);
    event->has_destroy = handover->disclosed;
    event->destroy = handover->disclosed;
    return event;
}

void handover_decide_withdraw(const struct handover *handover, const struct hv_withdraw *command,
                              const struct actor *actor, struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_WITHDRAW, ret_decision))
        return;
    struct hv_event *event = withdrawn_event(handover, command->reason, actor, ret_decision);
    event->has_on = command->has_on;
    event->on = command->on;
}

void handover_withdraw_for_close(const struct handover *handover, const struct hv_close *command,
                                 const struct actor *actor, struct decision *decision) {
    assert(handover_is_open(handover));
    const char *reason = command->outcome == HV_OUTCOME_DECEASED ? "deceased" : "entered-in-error";
    struct hv_event *event = withdrawn_event(handover, reason, actor, decision);
    event->has_begeleider = true;
    copy_text(event->begeleider, command->begeleider);
}

void handover_decide_supplement(const struct handover *handover,
                                const struct hv_supplement *command, const uint8_t *dossier_hash,
                                const struct actor *actor, struct decision *ret_decision) {
    if (!decide_move(handover, MOVE_SUPPLEMENT, ret_decision))
        return;
    if (command->number <= handover->supplements) {
        ret_decision->repeated = true; /* the first dossier of this number stands */
        return;
    }
    if (command->number != handover->supplements + 1) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, "number",
                        "the next supplement has number %d", (int)handover->supplements + 1);
        return;
    }
    struct hv_event *event = handover_event(ret_decision, HV_EVENT_SUPPLEMENTED, handover, actor);
    event->has_number = true;
    event->number = command->number;
    event->has_dossier_hash = true;
    memcpy(event->dossier_hash, dossier_hash, sizeof event->dossier_hash);
    event->has_on = command->has_on;
    event->on = command->on;
    if (!handover->disclosed)
        return; /* it waits for the disclosure */
    struct hv_event *sent = handover_event(ret_decision, HV_EVENT_DOSSIER, handover, actor);
    sent->has_number = true;
    sent->number = command->number;
}

void handover_decide_fetch(const struct handover *handover, bool waiting, const struct actor *actor,
                           struct decision *ret_decision) {
    decision_init(ret_decision);
    if (!handover->disclosed) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "nothing is disclosed yet: `%s` it first",
                        handover->disclose == HV_DISCLOSE_RECEIVED ? "receive" : "pickup");
        return;
    }
    if (handover->deleted) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "the dossiers are deleted; ask the sender, who keeps the plain text");
        return;
    }
    (void)handover_event(ret_decision, HV_EVENT_FETCHED, handover, actor);
    if (waiting)
        return;
    for (int64_t number = 0; number <= handover->supplements; number++) {
        struct hv_event *event = handover_event(ret_decision, HV_EVENT_DOSSIER, handover, actor);
        event->has_number = true;
        event->number = number;
    }
}

void handover_decide_contest(const struct handover *handover, const struct hv_contest *command,
                             const struct actor *actor, hv_time now_ms, int64_t contest_max_ms,
                             struct decision *ret_decision) {
    decision_init(ret_decision);
    if (handover->state != HV_HANDOVER_CONFIRMED) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "this handover is %s: only a confirmed one can be contested",
                        handover_state_phrases[handover->state]);
        return;
    }
    if (now_ms > handover->times_ms[HV_HANDOVER_CONFIRMED] + contest_max_ms) {
        decision_refuse(ret_decision, HV_REFUSED_CONFLICT, NULL,
                        "this handover was confirmed more than %lld days ago: ring the holder, or "
                        "the network's coordinator",
                        (long long)(contest_max_ms / CALENDAR_DAY_MS));
        return;
    }
    struct hv_event *event = handover_event(ret_decision, HV_EVENT_CONTESTED, handover, actor);
    event->has_reason = true;
    copy_text(event->reason, command->reason);
    event->has_on = command->has_on;
    event->on = command->on;
}
