/* Phases: what runs after each event. */
#include "broker/phase.h"

#include <assert.h>
#include <string.h>

/* What every case below works on. */
struct change {
    const struct hv_event *event;
    const struct journey *journey;
    const struct handover *handover;
    const struct run_rules *rules;
    struct runs *runs;
};

static struct run_start start_of(const struct change *change, enum hv_phase phase) {
    return (struct run_start){
        .phase = phase,
        .awaits = change->journey->holder.organisation,
        .holder = change->journey->holder.organisation,
        .urgency = change->journey->urgency,
        .began_ms = change->rules->now_ms,
    };
}

/* One that the receiver must end. */
static struct hv_run *begin_for_receiver(const struct change *change, enum hv_phase phase,
                                         hv_time began_ms) {
    struct run_start start = start_of(change, phase);

    start.awaits = change->handover->to;
    start.handover = change->handover;
    start.began_ms = began_ms;
    return runs_begin(change->runs, &start, change->rules);
}

static struct hv_run *begin_for_holder(const struct change *change, enum hv_phase phase) {
    const struct run_start start = start_of(change, phase);

    return runs_begin(change->runs, &start, change->rules);
}

/* What ends with an offer, a closing or a confirmation: all but what is contested, which ends when
 * the holder finds the resident and no sooner. */
static void end_all(const struct change *change) {
    struct runs *runs = change->runs;
    size_t kept = 0;

    for (size_t i = 0; i < runs->count; i++)
        if (runs->items[i].phase == HV_PHASE_CONTESTED)
            runs->items[kept++] = runs->items[i];
    runs->count = kept;
}

static void end_receivers(const struct change *change) {
    (void)runs_remove(change->runs, HV_PHASE_DELIVERY);
    (void)runs_remove(change->runs, HV_PHASE_RECEIPT);
    (void)runs_remove(change->runs, HV_PHASE_PICKUP);
    (void)runs_remove(change->runs, HV_PHASE_ARRIVAL);
    (void)runs_remove(change->runs, HV_PHASE_WAITING);
}

static const enum hv_phase receivers_phases[] = {HV_PHASE_RECEIPT, HV_PHASE_PICKUP,
                                                 HV_PHASE_ARRIVAL};
#define RECEIVERS_PHASES (sizeof receivers_phases / sizeof receivers_phases[0])

/* What the receiver must do now; NULL where nothing of it runs. */
static struct hv_run *receivers_run(const struct change *change) {
    struct hv_run *run = NULL;

    for (size_t i = 0; i < RECEIVERS_PHASES && !run; i++)
        run = runs_find(change->runs, receivers_phases[i], NULL);
    return run;
}

/* The receiver's next phase takes the place of the one before. To and fro between them would put a
 * ladder off for ever: it goes on where it was, once `put_off` has come more often than it may. */
static void follow_for_receiver(const struct change *change, enum hv_phase phase, hv_time began_ms,
                                bool put_off) {
    const struct hv_run *present = receivers_run(change);
    const struct hv_run before = present ? *present : (struct hv_run){0};

    end_receivers(change);
    struct hv_run *run = begin_for_receiver(change, phase, began_ms);
    run->has_put_off = before.has_put_off;
    run->put_off = before.put_off;
    if (put_off)
        (void)run_put_off(run, change->rules);
    if (present && run_is_spent(run, change->rules))
        run_go_on(run, &before, change->journey->holder.organisation, change->rules);
}

/* ---- Journey ---- */

static void after_opened(const struct change *change) {
    end_all(change);
    (void)begin_for_holder(change, HV_PHASE_UNROUTED);
}

static void after_closing(const struct change *change) {
    end_all(change);
    (void)begin_for_holder(change, HV_PHASE_CLOSING);
}

static void after_settled(const struct change *change) {
    if (change->event->agree)
        return; /* `closed` follows */
    end_all(change);
    (void)begin_for_holder(change, HV_PHASE_HELD);
}

/* One run under another urgency. A check-in that is not answered stays so. */
static void run_presses(const struct change *change, struct hv_run *run) {
    const hv_time now_ms = change->rules->now_ms;
    const char *holder = change->journey->holder.organisation;
    const bool lowered = run->urgency > change->journey->urgency;
    const bool waits = runs_find(change->runs, HV_PHASE_WAITING, NULL) != NULL;
    const bool stays_ahead = run->began > now_ms && (waits || lowered);

    if (lowered && !run_put_off(run, change->rules))
        return;
    run->urgency = change->journey->urgency;
    if (run->has_asked)
        run_ask(run, holder, change->rules);
    else
        run_restart(run, holder, stays_ahead ? run->began : now_ms, change->rules);
}

/* A change of urgency begins every phase anew from now, but for a wait; and a lower one leaves what
 * is planned where it is. Lowered again and again, the ladder goes on as it was. Raised to crisis
 * nobody waits any more. */
static void after_urgency(const struct change *change) {
    const struct journey *journey = change->journey;
    const bool waits = runs_find(change->runs, HV_PHASE_WAITING, NULL) != NULL;

    if (waits && journey->urgency == HV_URGENCY_CRISIS && change->handover)
        follow_for_receiver(change,
                            change->handover->state == HV_HANDOVER_PICKED_UP ? HV_PHASE_ARRIVAL
                                                                             : HV_PHASE_PICKUP,
                            change->rules->now_ms, false);
    for (size_t i = 0; i < change->runs->count; i++) {
        struct hv_run *run = &change->runs->items[i];
        if (run->urgency != journey->urgency)
            run_presses(change, run);
    }
}

/* ---- Handover ---- */

static void after_offered(const struct change *change) {
    end_all(change);
    (void)begin_for_receiver(change, HV_PHASE_DELIVERY, change->rules->now_ms);
    (void)begin_for_receiver(change, HV_PHASE_RECEIPT, change->rules->now_ms);
}

/* Another person who has it in hand begins nothing anew. */
static void after_received(const struct change *change) {
    const bool had = runs_find(change->runs, HV_PHASE_RECEIPT, NULL) ||
                     runs_find(change->runs, HV_PHASE_WAITING, NULL);

    if (had)
        follow_for_receiver(change, HV_PHASE_PICKUP, change->rules->now_ms, false);
}

/* A contact that is planned begins the phase then, but no later than a wait may last: a plan for
 * the next century would be silence. */
static hv_time arrival_begins(const struct change *change) {
    const hv_time now_ms = change->rules->now_ms;
    const hv_time latest_ms = now_ms + change->rules->network->policies.wait_max_ms;
    const hv_time planned_ms = change->handover->planned_ms;

    if (planned_ms <= now_ms)
        return now_ms;
    return planned_ms < latest_ms ? planned_ms : latest_ms;
}

/* The same plan begins nothing anew, whoever makes it. A later one does, but not more often than
 * the policy allows: planning again and again would silence the ladder. A sooner one always does.
 */
static void after_picked_up(const struct change *change) {
    const hv_time now_ms = change->rules->now_ms;
    const hv_time began_ms = arrival_begins(change);
    struct hv_run *arrival = runs_find(change->runs, HV_PHASE_ARRIVAL, NULL);

    if (!arrival) {
        follow_for_receiver(change, HV_PHASE_ARRIVAL, began_ms, false);
        return;
    }
    if (began_ms > now_ms ? arrival->began == began_ms : arrival->began <= now_ms)
        return;
    if (began_ms > arrival->began) {
        if (arrival->restarts >= change->rules->network->policies.restarts_max)
            return;
        arrival->has_restarts = true;
        arrival->restarts++;
    }
    run_restart(arrival, change->journey->holder.organisation, began_ms, change->rules);
}

/* Where the dates are new, the holder's check-ins go on as they were; a sooner one puts nothing
 * off. */
static void after_waiting(const struct change *change) {
    const struct hv_run *waiting = runs_find(change->runs, HV_PHASE_WAITING, NULL);
    const struct hv_run *pickup = runs_find(change->runs, HV_PHASE_PICKUP, NULL);
    const hv_time expected_ms = change->event->expected;
    const bool is_sooner = waiting && pickup && expected_ms <= pickup->began;
    const struct hv_run kept = waiting ? *waiting : (struct hv_run){0};

    follow_for_receiver(change, HV_PHASE_PICKUP, expected_ms, !is_sooner);
    const struct hv_run follows = *runs_find(change->runs, HV_PHASE_PICKUP, NULL);
    (void)runs_remove(change->runs, HV_PHASE_PICKUP);
    struct hv_run *check_ins = begin_for_holder(change, HV_PHASE_WAITING);
    if (kept.phase)
        *check_ins = kept;
    change->runs->items[change->runs->count++] = follows;
}

/* What is contested is for the new holder to answer. The handover that it was about is over, and
 * its parties are not told who holds now: what follows belongs to the journey. */
static void hand_on_contested(const struct change *change, struct hv_run *contested) {
    const char *holder = change->journey->holder.organisation;

    if (!contested || strcmp(contested->awaits, holder) == 0)
        return;
    copy_text(contested->awaits, holder);
    contested->has_handover = false;
    memset(&contested->handover, 0, sizeof contested->handover);
    contested->has_kind = false;
    contested->kind = 0;
    contested->has_to = false;
    contested->to[0] = '\0';
    contested->has_rested_own = false; /* that was claimed by others */
    contested->rested_own = 0;
}

static void after_confirmed(const struct change *change) {
    end_all(change);
    hand_on_contested(change, runs_find(change->runs, HV_PHASE_CONTESTED, NULL));
    (void)begin_for_holder(change, HV_PHASE_HELD);
}

static void after_no_handover(const struct change *change) {
    end_all(change);
    (void)begin_for_holder(change, HV_PHASE_UNROUTED);
}

static void after_contested(const struct change *change) {
    struct run_start start = start_of(change, HV_PHASE_CONTESTED);

    if (runs_find(change->runs, HV_PHASE_CONTESTED, NULL))
        return;
    /* Where somebody else holds by now, the parties of the handover are not told who. */
    if (strcmp(start.holder, change->handover->from) == 0 ||
        strcmp(start.holder, change->handover->to) == 0)
        start.handover = change->handover;
    (void)runs_begin(change->runs, &start, change->rules);
}

/* ---- Notes ---- */

/* Who must act is in touch: the next check-in counts from now. */
static void check_in_answered(const struct change *change, struct hv_run *run) {
    if (change->event->has_next) {
        run->has_days = true;
        run->days = change->event->next;
    }
    run->urgency = change->journey->urgency;
    run_restart(run, change->journey->holder.organisation, change->rules->now_ms, change->rules);
}

/* The holder keeps the resident itself: nothing is unrouted any more. */
static void keeps(const struct change *change) {
    struct run_start start = start_of(change, HV_PHASE_HELD);

    if (!runs_remove(change->runs, HV_PHASE_UNROUTED))
        return;
    start.days = change->event->next;
    (void)runs_begin(change->runs, &start, change->rules);
}

static void after_check_in(const struct change *change) {
    const bool in_touch = change->event->code == HV_NOTE_IN_TOUCH;
    struct hv_run *held = runs_find(change->runs, HV_PHASE_HELD, NULL);
    struct hv_run *waiting = runs_find(change->runs, HV_PHASE_WAITING, NULL);

    if (in_touch)
        (void)runs_remove(change->runs, HV_PHASE_CONTESTED);
    if (held || waiting)
        check_in_answered(change, held ? held : waiting);
    else if (in_touch && change->event->has_next)
        keeps(change);
    if (change->runs->count == 0) /* only what was contested ran */
        (void)begin_for_holder(change, HV_PHASE_HELD);
}

static void after_tip(const struct change *change) {
    struct hv_run *held = runs_find(change->runs, HV_PHASE_HELD, NULL);

    if (held)
        check_in_answered(change, held);
    else
        keeps(change);
}

static void after_working_on_it(const struct change *change) {
    struct hv_run *run = receivers_run(change);

    if (!run || run->began > change->rules->now_ms)
        return;
    run->has_restarts = true;
    run->restarts++;
    run_restart(run, change->journey->holder.organisation, change->rules->now_ms, change->rules);
}

static void after_no_show(const struct change *change) {
    if (change->event->by != HV_MISSED_BY_RECEIVER)
        return;
    for (size_t i = 0; i < change->runs->count; i++) {
        struct hv_run *run = &change->runs->items[i];
        if ((run->phase == HV_PHASE_RECEIPT || run->phase == HV_PHASE_PICKUP ||
             run->phase == HV_PHASE_ARRIVAL) &&
            run->due > change->rules->now_ms)
            run->due = change->rules->now_ms;
    }
}

/* The side that did not ask owes the answer; within one organisation, that organisation. */
static const char *other_side(const struct change *change) {
    const struct hv_event *event = change->event;
    const char *said = event->has_acted_for ? event->acted_for : event->organisation;

    return strcmp(said, change->handover->from) == 0 ? change->handover->to
                                                     : change->handover->from;
}

static void after_question(const struct change *change) {
    struct run_start start = start_of(change, HV_PHASE_ANSWER);

    start.awaits = other_side(change);
    start.handover = change->handover;
    if (!runs_find(change->runs, HV_PHASE_ANSWER, start.awaits))
        (void)runs_begin(change->runs, &start, change->rules);
}

static void after_answer(const struct change *change) {
    const struct hv_event *event = change->event;
    const char *said = event->has_acted_for ? event->acted_for : event->organisation;
    size_t kept = 0;

    for (size_t i = 0; i < change->runs->count; i++) {
        const struct hv_run *run = &change->runs->items[i];
        if (run->phase != HV_PHASE_ANSWER || strcmp(run->awaits, said) != 0)
            change->runs->items[kept++] = *run;
    }
    change->runs->count = kept;
}

static void after_noted(const struct change *change) {
    switch (change->event->code) {
    case HV_NOTE_IN_TOUCH:
    case HV_NOTE_NOT_REACHED:
        after_check_in(change);
        break;
    case HV_NOTE_TIP:
        after_tip(change);
        break;
    case HV_NOTE_WORKING_ON_IT:
        after_working_on_it(change);
        break;
    case HV_NOTE_NO_SHOW:
        after_no_show(change);
        break;
    case HV_NOTE_MISSING:
    case HV_NOTE_QUESTION:
        after_question(change);
        break;
    case HV_NOTE_ANSWER:
        after_answer(change);
        break;
    case HV_NOTE_INFORMED:
        break;
    }
}

/* ---- Claims ---- */

/* Rests until `until`, then the ladder goes on with the time it had left; never longer in all than
 * the policy allows, so that no claim silences a ladder for good. */
static void rest(struct hv_run *run, hv_time until_ms, const struct run_rules *rules) {
    const int64_t spare_ms = rules->network->policies.claim_max_ms - run->rested;
    const int64_t wanted_ms = until_ms - rules->now_ms;
    const int64_t rest_ms = wanted_ms < spare_ms ? wanted_ms : spare_ms;

    if (rest_ms <= 0)
        return;
    run->has_left = true;
    run->left = run->due > rules->now_ms ? run->due - rules->now_ms : 0;
    run->due = rules->now_ms + rest_ms + run->left;
    run->has_rested = true;
    run->rested += rest_ms;
}

/* Given back: what was left begins to run now. */
static void wake(struct hv_run *run, const struct run_rules *rules) {
    const hv_time rests_until_ms = run->due - run->left;

    if (!run->has_left)
        return;
    if (rests_until_ms > rules->now_ms) {
        run->rested -= rests_until_ms - rules->now_ms;
        run->due = rules->now_ms + run->left;
    }
    run->has_left = false;
    run->left = 0;
}

/* Its time counts as claimed when it is claimed, and what is given back does not. What was claimed
 * before the phase began has not been counted for it. */
static void count_own(struct hv_run *run, hv_time before_ms, hv_time until_ms, hv_time now_ms) {
    const int64_t was_ms = run->has_rested_own && before_ms > now_ms ? before_ms - now_ms : 0;
    const int64_t is_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    const int64_t total_ms = run->rested_own + is_ms - was_ms;

    run->has_rested_own = true;
    run->rested_own = total_ms > 0 ? total_ms : 0;
}

static void after_claimed(const struct change *change) {
    const struct hv_event *event = change->event;
    const hv_time now_ms = change->rules->now_ms;

    for (size_t i = 0; i < change->runs->count; i++) {
        struct hv_run *run = &change->runs->items[i];
        if (event->has_of_network && event->of_network) {
            wake(run, change->rules);
            if (event->until > now_ms)
                rest(run, event->until, change->rules);
        } else if (strcmp(run->awaits, event->organisation) == 0) {
            count_own(run, event->has_was_until ? event->was_until : 0, event->until, now_ms);
        }
    }
}

/* ---- All ---- */

void phase_after(const struct hv_event *event, const struct journey *journey,
                 const struct handover *handover, const struct run_rules *rules,
                 struct runs *ret_runs) {
    *ret_runs = journey->runs;
    const struct change change = {event, journey, handover, rules, ret_runs};

    switch (event->event) {
    case HV_EVENT_OPENED:
        after_opened(&change);
        break;
    case HV_EVENT_CLOSING:
        after_closing(&change);
        break;
    case HV_EVENT_SETTLED:
        after_settled(&change);
        break;
    case HV_EVENT_CLOSED:
        ret_runs->count = 0;
        break;
    case HV_EVENT_OFFERED:
        after_offered(&change);
        break;
    case HV_EVENT_DELIVERED:
        (void)runs_remove(ret_runs, HV_PHASE_DELIVERY);
        break;
    case HV_EVENT_RECEIVED:
        after_received(&change);
        break;
    case HV_EVENT_PICKED_UP:
        after_picked_up(&change);
        break;
    case HV_EVENT_WAITING:
        after_waiting(&change);
        break;
    case HV_EVENT_CONFIRMED:
        after_confirmed(&change);
        break;
    case HV_EVENT_DECLINED:
    case HV_EVENT_WITHDRAWN:
        after_no_handover(&change);
        break;
    case HV_EVENT_NOTED:
        after_noted(&change);
        break;
    case HV_EVENT_URGENCY:
        after_urgency(&change);
        break;
    case HV_EVENT_CONTESTED:
        after_contested(&change);
        break;
    case HV_EVENT_CLAIMED:
        after_claimed(&change);
        break;
    case HV_EVENT_REASSIGNED:
    case HV_EVENT_INTRODUCED:
    case HV_EVENT_SUPPLEMENTED:
    case HV_EVENT_DOSSIER:
    case HV_EVENT_FETCHED:
    case HV_EVENT_DELETED:
    case HV_EVENT_ACKNOWLEDGED:
    case HV_EVENT_TOLD:
    case HV_EVENT_READ:
    case HV_EVENT_NETWORK:
    case HV_EVENT_REMINDED: /* phase_step has said what follows */
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
    case HV_EVENT_REPAIRED:
    case HV_EVENT_ABSENT:
    case HV_EVENT_QUIET:
    case HV_EVENT_DIGEST:
    case HV_EVENT_CLOCK:
    case HV_EVENT_SUSPECTED:
        break;
    }
}

void phase_of_state(const struct journey *journey, const struct handover *open_handover,
                    const struct run_rules *rules, struct runs *ret_runs) {
    static const struct hv_event none;
    const struct change change = {&none, journey, open_handover, rules, ret_runs};
    const hv_time now_ms = rules->now_ms;

    ret_runs->count = 0;
    if (journey->state == HV_JOURNEY_CLOSED)
        return;
    if (journey->state == HV_JOURNEY_CLOSING) {
        (void)begin_for_holder(&change, HV_PHASE_CLOSING);
        return;
    }
    if (!open_handover) {
        (void)begin_for_holder(&change, HV_PHASE_UNROUTED);
        return;
    }
    switch (open_handover->state) {
    case HV_HANDOVER_OFFERED:
        (void)begin_for_receiver(&change, HV_PHASE_DELIVERY, now_ms);
        (void)begin_for_receiver(&change, HV_PHASE_RECEIPT, now_ms);
        break;
    case HV_HANDOVER_DELIVERED:
        (void)begin_for_receiver(&change, HV_PHASE_RECEIPT, now_ms);
        break;
    case HV_HANDOVER_RECEIVED:
        (void)begin_for_receiver(&change, HV_PHASE_PICKUP, now_ms);
        break;
    case HV_HANDOVER_WAITING:
        (void)begin_for_holder(&change, HV_PHASE_WAITING);
        (void)begin_for_receiver(&change, HV_PHASE_PICKUP, now_ms);
        break;
    case HV_HANDOVER_PICKED_UP:
        (void)begin_for_receiver(&change, HV_PHASE_ARRIVAL,
                                 open_handover->planned_ms > now_ms ? open_handover->planned_ms
                                                                    : now_ms);
        break;
    case HV_HANDOVER_CONFIRMED:
    case HV_HANDOVER_DECLINED:
    case HV_HANDOVER_WITHDRAWN:
        break;
    }
    assert(ret_runs->count > 0);
}
