/* Phases: what runs after each event. */
#include "broker/phase.h"

#include <assert.h>
#include <string.h>

#include "broker/event.h"
#include "broker/phase_part.h"

struct run_start phase_start(const struct phase_change *change, enum hv_phase phase) {
    return (struct run_start){
        .phase = phase,
        .awaits = change->journey->holder.organisation,
        .holder = change->journey->holder.organisation,
        .urgency = change->journey->urgency,
        .began_ms = change->rules->now_ms,
    };
}

/* One that the receiver must end. */
static struct hv_run *begin_for_receiver(const struct phase_change *change, enum hv_phase phase,
                                         hv_time began_ms) {
    struct run_start start = phase_start(change, phase);

    start.awaits = change->handover->to;
    start.handover = change->handover;
    start.began_ms = began_ms;
    return runs_begin(change->runs, &start, change->rules);
}

struct hv_run *phase_begin_for_holder(const struct phase_change *change, enum hv_phase phase) {
    const struct run_start start = phase_start(change, phase);

    return runs_begin(change->runs, &start, change->rules);
}

/* What ends with an offer, a closing or a confirmation: all but what is contested, which ends when
 * the holder finds the resident and no sooner. */
static void end_all(const struct phase_change *change) {
    struct runs *runs = change->runs;
    size_t kept = 0;

    for (size_t i = 0; i < runs->count; i++)
        if (runs->items[i].phase == HV_PHASE_CONTESTED)
            runs->items[kept++] = runs->items[i];
    runs->count = kept;
}

static void end_receivers(const struct phase_change *change) {
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
struct hv_run *phase_receivers_run(const struct phase_change *change) {
    struct hv_run *run = NULL;

    for (size_t i = 0; i < RECEIVERS_PHASES && !run; i++)
        run = runs_find(change->runs, receivers_phases[i], NULL);
    return run;
}

/* The receiver's next phase takes the place of the one before. To and fro between them would put a
 * ladder off for ever: it goes on where it was, once `put_off` has come more often than it may. */
static void follow_for_receiver(const struct phase_change *change, enum hv_phase phase,
                                hv_time began_ms, bool put_off) {
    const struct hv_run *present = phase_receivers_run(change);
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

static void after_opened(const struct phase_change *change) {
    end_all(change);
    (void)phase_begin_for_holder(change, HV_PHASE_UNROUTED);
}

static void after_closing(const struct phase_change *change) {
    end_all(change);
    (void)phase_begin_for_holder(change, HV_PHASE_CLOSING);
}

static void after_settled(const struct phase_change *change) {
    if (change->event->agree)
        return; /* `closed` follows */
    end_all(change);
    (void)phase_begin_for_holder(change, HV_PHASE_HELD);
}

/* One run under another urgency. A check-in that is not answered stays so. */
static void run_presses(const struct phase_change *change, struct hv_run *run) {
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
static void after_urgency(const struct phase_change *change) {
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

static void after_offered(const struct phase_change *change) {
    end_all(change);
    (void)begin_for_receiver(change, HV_PHASE_DELIVERY, change->rules->now_ms);
    (void)begin_for_receiver(change, HV_PHASE_RECEIPT, change->rules->now_ms);
}

/* Another person who has it in hand begins nothing anew. */
static void after_received(const struct phase_change *change) {
    const bool had = runs_find(change->runs, HV_PHASE_RECEIPT, NULL) ||
                     runs_find(change->runs, HV_PHASE_WAITING, NULL);

    if (had)
        follow_for_receiver(change, HV_PHASE_PICKUP, change->rules->now_ms, false);
}

/* A contact that is planned begins the phase then, but no later than a wait may last: a plan for
 * the next century would be silence. */
static hv_time arrival_begins(const struct phase_change *change) {
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
static void after_picked_up(const struct phase_change *change) {
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
static void after_waiting(const struct phase_change *change) {
    const struct hv_run *waiting = runs_find(change->runs, HV_PHASE_WAITING, NULL);
    const struct hv_run *pickup = runs_find(change->runs, HV_PHASE_PICKUP, NULL);
    const hv_time expected_ms = change->event->expected;
    const bool is_sooner = waiting && pickup && expected_ms <= pickup->began;
    const struct hv_run kept = waiting ? *waiting : (struct hv_run){0};

    follow_for_receiver(change, HV_PHASE_PICKUP, expected_ms, !is_sooner);
    const struct hv_run follows = *runs_find(change->runs, HV_PHASE_PICKUP, NULL);
    (void)runs_remove(change->runs, HV_PHASE_PICKUP);
    struct hv_run *check_ins = phase_begin_for_holder(change, HV_PHASE_WAITING);
    if (kept.phase)
        *check_ins = kept;
    change->runs->items[change->runs->count++] = follows;
}

/* What is contested is for the new holder to answer. The handover that it was about is over, and
 * its parties are not told who holds now: what follows belongs to the journey. */
static void hand_on_contested(const struct phase_change *change, struct hv_run *contested) {
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

static void after_confirmed(const struct phase_change *change) {
    end_all(change);
    hand_on_contested(change, runs_find(change->runs, HV_PHASE_CONTESTED, NULL));
    (void)phase_begin_for_holder(change, HV_PHASE_HELD);
}

static void after_no_handover(const struct phase_change *change) {
    end_all(change);
    (void)phase_begin_for_holder(change, HV_PHASE_UNROUTED);
}

static void after_contested(const struct phase_change *change) {
    struct run_start start = phase_start(change, HV_PHASE_CONTESTED);

    if (runs_find(change->runs, HV_PHASE_CONTESTED, NULL))
        return;
    /* Where somebody else holds by now, the parties of the handover are not told who. */
    if (strcmp(start.holder, change->handover->from) == 0 ||
        strcmp(start.holder, change->handover->to) == 0)
        start.handover = change->handover;
    (void)runs_begin(change->runs, &start, change->rules);
}

/* ---- Each event ---- */

static void after_closed(const struct phase_change *change) {
    change->runs->count = 0;
}

static void after_delivered(const struct phase_change *change) {
    (void)runs_remove(change->runs, HV_PHASE_DELIVERY);
}

static void goes_on(const struct phase_change *change) {
    (void)change;
}

/* clang-format off */
static void (*const after[])(const struct phase_change *change) = {
    [HV_EVENT_OPENED]       = after_opened,
    [HV_EVENT_REASSIGNED]   = goes_on,
    [HV_EVENT_CLOSING]      = after_closing,
    [HV_EVENT_SETTLED]      = after_settled,
    [HV_EVENT_CLOSED]       = after_closed,
    [HV_EVENT_OFFERED]      = after_offered,
    [HV_EVENT_DELIVERED]    = after_delivered,
    [HV_EVENT_RECEIVED]     = after_received,
    [HV_EVENT_PICKED_UP]    = after_picked_up,
    [HV_EVENT_WAITING]      = after_waiting,
    [HV_EVENT_INTRODUCED]   = goes_on,
    [HV_EVENT_CONFIRMED]    = after_confirmed,
    [HV_EVENT_DECLINED]     = after_no_handover,
    [HV_EVENT_WITHDRAWN]    = after_no_handover,
    [HV_EVENT_SUPPLEMENTED] = goes_on,
    [HV_EVENT_DOSSIER]      = goes_on,
    [HV_EVENT_FETCHED]      = goes_on,
    [HV_EVENT_DELETED]      = goes_on,
    [HV_EVENT_NOTED]        = phase_after_noted,
    [HV_EVENT_URGENCY]      = after_urgency,
    [HV_EVENT_CONTESTED]    = after_contested,
    [HV_EVENT_CLAIMED]      = phase_after_claimed,
    [HV_EVENT_REMINDED]     = goes_on, /* phase_step has said what follows */
    [HV_EVENT_ESCALATED]    = goes_on,
    [HV_EVENT_CHECK_IN_DUE] = goes_on,
    [HV_EVENT_TOLD]         = goes_on,
    [HV_EVENT_ACKNOWLEDGED] = goes_on,
    [HV_EVENT_READ]         = goes_on,
    [HV_EVENT_REPAIRED]     = goes_on,
    /* These belong to no journey. */
    [HV_EVENT_NETWORK]      = goes_on,
    [HV_EVENT_SUSPECTED]    = goes_on,
    [HV_EVENT_ABSENT]       = goes_on,
    [HV_EVENT_QUIET]        = goes_on,
    [HV_EVENT_DIGEST]       = goes_on,
    [HV_EVENT_CLOCK]        = goes_on,
};
/* clang-format on */
static_assert(sizeof after / sizeof after[0] == EVENT_NAME_COUNT, "what follows the new one?");

void phase_after(const struct hv_event *event, const struct journey *journey,
                 const struct handover *handover, const struct run_rules *rules,
                 struct runs *ret_runs) {
    *ret_runs = journey->runs;
    const struct phase_change change = {event, journey, handover, rules, ret_runs};

    assert(event->event > 0 && (size_t)event->event < EVENT_NAME_COUNT);
    after[event->event](&change);
}

void phase_of_state(const struct journey *journey, const struct handover *open_handover,
                    const struct run_rules *rules, struct runs *ret_runs) {
    static const struct hv_event none;
    const struct phase_change change = {&none, journey, open_handover, rules, ret_runs};
    const hv_time now_ms = rules->now_ms;

    ret_runs->count = 0;
    if (journey->state == HV_JOURNEY_CLOSED)
        return;
    if (journey->state == HV_JOURNEY_CLOSING) {
        (void)phase_begin_for_holder(&change, HV_PHASE_CLOSING);
        return;
    }
    if (!open_handover) {
        (void)phase_begin_for_holder(&change, HV_PHASE_UNROUTED);
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
        (void)phase_begin_for_holder(&change, HV_PHASE_WAITING);
        (void)begin_for_receiver(&change, HV_PHASE_PICKUP, now_ms);
        break;
    case HV_HANDOVER_PICKED_UP:
        (void)begin_for_receiver(&change, HV_PHASE_ARRIVAL, arrival_begins(&change));
        break;
    case HV_HANDOVER_CONFIRMED:
    case HV_HANDOVER_DECLINED:
    case HV_HANDOVER_WITHDRAWN:
        break;
    }
    assert(ret_runs->count > 0);
}
