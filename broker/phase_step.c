/* A step that falls due: who is told, and when the next one does. */
#include <string.h>

#include "broker/phase.h"

/* A coordinator of the organisation that must act has said to be on it since the phase began: whose
 * claims are counted, so that none rests for good. */
static bool addressee_claims(const struct journey *journey, const struct hv_run *run,
                             const struct hv_addressee *addressee, const struct run_rules *rules) {
    if (!run->has_rested_own || run->rested_own > rules->network->policies.claim_max_ms ||
        strcmp(run->awaits, addressee->organisation) != 0)
        return false; /* claimed too long already, or not counted: it rings */
    for (size_t i = 0; i < journey->claims.count; i++) {
        const struct hv_standing_claim *claim = &journey->claims.items[i];
        if (!claim->of_network && claim->until > rules->now_ms &&
            addressee->role == HV_ROLE_COORDINATOR &&
            strcmp(claim->organisation, addressee->organisation) == 0)
            return true;
    }
    return false;
}

/* Who of a step's addressees is on the map; one who claims is left out, and the step has rested. */
static void address(const struct journey *journey, const struct hv_run *run,
                    const struct ladder_step *step, const struct run_rules *rules,
                    struct phase_step *ret_step) {
    struct hv_event *event = &ret_step->event;
    size_t count = 0;
    bool reached = false;

    for (size_t i = 0; i < step->addressee_count; i++) {
        struct hv_addressee *addressee = &ret_step->addressees[count];
        run_addressee(run, journey->holder.organisation, &step->addressees[i], rules->network,
                      addressee);
        if (!network_has_role(rules->network, addressee->organisation, addressee->role))
            continue;
        reached = true;
        if (addressee_claims(journey, run, addressee, rules)) {
            event->has_rested = true;
            event->rested = true;
            continue;
        }
        count++;
    }
    event->has_addressees = count > 0;
    event->addressees.count = count;
    event->addressees.items = ret_step->addressees;
    event->has_reached = !reached;
    event->reached = reached;
}

static bool is_for_coordinators(const struct ladder_step *step) {
    for (size_t i = 0; i < step->addressee_count; i++) {
        const struct ladder_addressee *addressee = &step->addressees[i];
        if (addressee->target == LADDER_COORDINATOR || addressee->target == LADDER_NETWORK ||
            (addressee->target == LADDER_NAMED && addressee->role == HV_ROLE_COORDINATOR))
            return true;
    }
    return false;
}

/* The check-in itself: from here on the holder climbs *unrouted* until it answers. */
static void step_check_in(const struct journey *journey, struct hv_run *run,
                          const struct run_rules *rules, struct phase_step *ret_step) {
    static const struct ladder_step to_holder = {.addressees = {{.target = LADDER_RESPONSIBLE}},
                                                 .addressee_count = 1};

    ret_step->event.event = HV_EVENT_CHECK_IN_DUE;
    address(journey, run, &to_holder, rules, ret_step);
    run_ask(run, journey->holder.organisation, rules);
    if (!ret_step->event.reached)
        run->due = rules->now_ms; /* nobody was asked: somebody else hears of it at once */
}

/* How much later a step falls due than its ladder says, because a claim rested it: the steps after
 * it come so much later too. */
static int64_t rested_ms(const struct hv_run *run, const char *holder,
                         const struct network *began_under, const struct run_rules *rules) {
    const int64_t late_ms = run->due - run_next_due(run, holder, began_under, rules);

    if (late_ms < 0)
        return 0;
    return late_ms < run->rested ? late_ms : run->rested;
}

static void step_ladder(const struct journey *journey, struct hv_run *run,
                        const struct network *began_under, const struct run_rules *rules,
                        struct phase_step *ret_step) {
    const struct ladder *ladder = run_ladder(run, journey->holder.organisation, began_under);
    const int64_t count = (int64_t)ladder->step_count;
    const int64_t number = run->step < count ? run->step + 1 : count;
    const struct ladder_step *step = &ladder->steps[number - 1];
    const int64_t late_ms =
        run->step < count ? rested_ms(run, journey->holder.organisation, began_under, rules) : 0;

    ret_step->event.event = is_for_coordinators(step) ? HV_EVENT_ESCALATED : HV_EVENT_REMINDED;
    ret_step->last = number == count;
    address(journey, run, step, rules, ret_step);
    run->step = number;
    run->due = run_next_due(run, journey->holder.organisation, began_under, rules);
    if (!ret_step->last)
        run->due += late_ms;
    if (!ret_step->event.reached && !ret_step->last && run->due > rules->now_ms)
        run->due = rules->now_ms; /* it reached nobody: the next one at once */
}

void phase_step(const struct journey *journey, size_t index, const struct network *began_under,
                const struct run_rules *rules, struct phase_step *ret_step, struct runs *ret_runs) {
    *ret_runs = journey->runs;
    struct hv_run *run = &ret_runs->items[index];
    struct hv_event *event = &ret_step->event;

    memset(ret_step, 0, sizeof *ret_step);
    event->has_journey = true;
    event->journey = journey->id;
    event->has_handover = run->has_handover;
    event->handover = run->handover;
    event->has_phase = true;
    event->phase = run->phase;
    event->has_since = true;
    event->since = run->began;
    event->has_awaits = true;
    copy_text(event->awaits, run->awaits);
    run->has_left = false;
    run->left = 0;
    if (run_is_check_in(run))
        step_check_in(journey, run, rules, ret_step);
    else
        step_ladder(journey, run, began_under, rules, ret_step);
    event->has_step = true;
    event->step = run->step;
    event->has_due = true;
    event->due = run->due;
}
