/* T1: a ladder's steps fall due once, in order, no later than their ceilings; and who waits is
 * heard of by the network's coordinators, whatever a receiver says instead of acting. */
#include "model_ladder.h"

#include <string.h>

#include "ends.h"
#include "wire/wire.h"
#include "words.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
/* `nd` of office time falls no later than that on the wall clock. */
#define OFFICE(n) ((2 * (n) + 4) * DAY)

/* The networks' policies, the widest of them. */
#define CLAIM_MAX    (3 * DAY)
#define CHECK_IN_MAX (91 * DAY)
#define WAIT_MAX     (180 * DAY)

/* From a phase's beginning, or from one telling to the next, to the network's coordinators: the
 * table of default ladders, by urgency (routine, urgent, crisis). Other networks' are shorter. */
static const int64_t ceilings_ms[][4] = {
    [HV_PHASE_UNROUTED] = {0, OFFICE(15), OFFICE(4), 4 * HOUR},
    [HV_PHASE_DELIVERY] = {0, OFFICE(2), OFFICE(1), HOUR / 2},
    [HV_PHASE_RECEIPT] = {0, OFFICE(6), OFFICE(2), HOUR},
    [HV_PHASE_PICKUP] = {0, OFFICE(8), OFFICE(3), 2 * HOUR},
    [HV_PHASE_ARRIVAL] = {0, OFFICE(20), OFFICE(6), 24 * HOUR},
    [HV_PHASE_WAITING] = {0, CHECK_IN_MAX + OFFICE(15), CHECK_IN_MAX + OFFICE(4), 0},
    [HV_PHASE_HELD] = {0, CHECK_IN_MAX + OFFICE(15), CHECK_IN_MAX + OFFICE(4),
                       CHECK_IN_MAX + 4 * HOUR},
    [HV_PHASE_CLOSING] = {0, OFFICE(2), OFFICE(1), 4 * HOUR},
    [HV_PHASE_CONTESTED] = {0, OFFICE(2), OFFICE(1), 4 * HOUR},
    [HV_PHASE_ANSWER] = {0, OFFICE(6), OFFICE(2), HOUR},
};

static const char *phase_name(enum hv_phase phase) {
    return wire_word_text(&wire_vocabulary_phase, (int)phase);
}

/* ---- Runs ---- */

static hv_time later(hv_time one, hv_time other) {
    return one > other ? one : other;
}

/* A planned contact puts its ladder off, for no longer than a wait may last. */
static hv_time planned(const struct model_handover *handover, hv_time at_ms) {
    const hv_time latest_ms = at_ms + WAIT_MAX;

    return handover->planned_ms > latest_ms ? latest_ms : later(at_ms, handover->planned_ms);
}

static void expect_run(const struct hv_run *run, int64_t seq, hv_time at_ms) {
    const hv_time began_ms = later(later(run->began, run->has_asked ? run->asked : 0), at_ms);
    const int64_t ceiling_ms = ceilings_ms[run->phase][run->urgency];

    if (run->began > at_ms + WAIT_MAX)
        violation("T1: event %lld: %s begins too far ahead", (long long)seq,
                  phase_name(run->phase));
    if (run->due <= 0 || run->due > began_ms + ceiling_ms + CLAIM_MAX)
        violation("T1: event %lld: a step of %s falls due after its ceiling", (long long)seq,
                  phase_name(run->phase));
}

static void take_runs(struct model_journey *journey, const struct hv_event *event, int64_t seq,
                      hv_time at_ms) {
    if (event->has_runs) {
        if (event->runs.count > MODEL_RUNS)
            violation("T1: event %lld: too many phases run", (long long)seq);
        journey->run_count = event->runs.count;
        for (size_t i = 0; i < journey->run_count; i++)
            journey->runs[i] = event->runs.items[i];
        for (size_t i = 0; i < journey->run_count; i++)
            expect_run(&journey->runs[i], seq, at_ms);
    }
    if ((journey->run_count == 0) != (journey->state == HV_JOURNEY_CLOSED))
        violation("T1: event %lld leaves an open journey without a timer, or a closed one with",
                  (long long)seq);
}

static struct hv_run *run_of(struct model_journey *journey, const struct hv_event *event) {
    for (size_t i = 0; i < journey->run_count; i++)
        if (journey->runs[i].phase == event->phase &&
            strcmp(journey->runs[i].awaits, event->awaits) == 0)
            return &journey->runs[i];
    return NULL;
}

/* ---- Steps ---- */

static bool is_step(enum hv_event_name name) {
    return name == HV_EVENT_REMINDED || name == HV_EVENT_ESCALATED || name == HV_EVENT_CHECK_IN_DUE;
}

/* It is said only of a step that does not. */
static bool reaches(const struct hv_event *event) {
    return !event->has_reached || event->reached;
}

/* Whether the phase can run in that state: what must not is a ladder that outlived its reason. */
static bool phase_fits(const struct model_journey *journey, enum hv_handover_state state,
                       enum hv_phase phase) {
    switch (phase) {
    case HV_PHASE_UNROUTED:
        return journey->state == HV_JOURNEY_OPEN && !journey->open && !journey->is_kept;
    case HV_PHASE_HELD:
        return journey->state == HV_JOURNEY_OPEN && !journey->open;
    case HV_PHASE_DELIVERY:
        return state == HV_HANDOVER_OFFERED;
    case HV_PHASE_RECEIPT:
        return state == HV_HANDOVER_OFFERED || state == HV_HANDOVER_DELIVERED;
    case HV_PHASE_PICKUP:
        return state == HV_HANDOVER_RECEIVED || state == HV_HANDOVER_WAITING;
    case HV_PHASE_ARRIVAL:
        return state == HV_HANDOVER_PICKED_UP;
    case HV_PHASE_WAITING:
        return journey->open != 0;
    case HV_PHASE_CLOSING:
        return journey->state == HV_JOURNEY_CLOSING;
    case HV_PHASE_CONTESTED:
        return journey->state != HV_JOURNEY_CLOSED;
    case HV_PHASE_ANSWER:
        return journey->open != 0;
    }
    return false;
}

/* One that was due, once; and the next one is later, unless this one reached nobody. */
static void expect_step(struct model_journey *journey, const struct model_handover *handover,
                        const struct hv_event *event, int64_t seq, hv_time at_ms) {
    const struct hv_run *run = run_of(journey, event);

    if (!phase_fits(journey, handover ? handover->state : 0, event->phase))
        violation("T1: event %lld: a step of %s, which cannot run now", (long long)seq,
                  phase_name(event->phase));
    if (!run || run->due > at_ms)
        violation("T1: event %lld: step %lld of %s fires before it is due", (long long)seq,
                  (long long)event->step, phase_name(event->phase));
    if (event->step > run->step + 1 || (event->step < run->step && event->step != 0))
        violation("T1: event %lld: step %lld of %s follows step %lld", (long long)seq,
                  (long long)event->step, phase_name(event->phase), (long long)run->step);
    if (!event->has_due || reaches(event) != (event->has_addressees || event->has_rested))
        violation("T1: event %lld does not say whom it reaches, and when the next is due",
                  (long long)seq);
}

bool model_repeats(const struct model *model, const struct hv_event *event) {
    struct model_journey journey = model->journeys[words_number(&event->journey)];
    const struct hv_run *run = run_of(&journey, event);

    return run && run->step == event->step && event->event != HV_EVENT_CHECK_IN_DUE;
}

/* ---- Who waits ---- */

static void wait_begins(struct model_journey *journey, hv_time at_ms) {
    journey->waits_ms = at_ms;
    journey->claimed = false;
}

/* The present phase anew, which the policy does not allow for ever. */
static void wait_anew(struct model_journey *journey, hv_time at_ms) {
    journey->restarts++;
    wait_begins(journey, at_ms);
}

/* The widest network's policy, and once more. */
#define PUT_OFF_MAX 3

/* Whether it was put off more often than the policy allows: to and fro between phases, and a lower
 * urgency, then begin nothing anew. */
static bool is_spent(const struct model_journey *journey) {
    return journey->put_off > PUT_OFF_MAX;
}

/* Another phase begins. */
static void phase_begins(struct model_journey *journey, const struct model_handover *handover,
                         hv_time at_ms) {
    if (!handover->moved || is_spent(journey))
        return;
    journey->restarts = 0;
    wait_begins(journey, at_ms);
}

/* On the waiting list; a sooner date puts nothing off. */
static void take_waiting(struct model_journey *journey, const struct model_handover *handover,
                         const struct hv_event *event, hv_time at_ms) {
    journey->put_off += handover->moved || event->expected > journey->expected_ms;
    journey->expected_ms = event->expected;
    phase_begins(journey, handover, at_ms);
}

/* Raised, all of it begins now; lowered, a plan that lies ahead stays there. */
static void take_pressing(struct model_journey *journey, const struct model_handover *handover,
                          hv_time at_ms) {
    const bool is_planned =
        handover && handover->state == HV_HANDOVER_PICKED_UP && journey->arrival_ms > at_ms;
    const bool lowered = journey->pressed < 0;

    journey->put_off += lowered;
    if (journey->pressed == 0 || (lowered && is_spent(journey)))
        return;
    if (!lowered || !is_planned)
        journey->arrival_ms = at_ms;
    wait_begins(journey, journey->arrival_ms);
}

/* Once more while it is picked up: a later plan counts, a sooner one is welcome, the same plan is
 * nothing. */
static void take_picked_up(struct model_journey *journey, const struct model_handover *handover,
                           const struct hv_event *event, hv_time at_ms) {
    const hv_time begins_ms = planned(handover, at_ms);

    if (handover->moved)
        phase_begins(journey, handover, begins_ms);
    else if (!event->has_runs)
        return; /* the ladder goes on */
    else if (begins_ms > journey->arrival_ms)
        wait_anew(journey, begins_ms);
    else
        wait_begins(journey, begins_ms);
    journey->arrival_ms = begins_ms;
}

static bool network_hears(const struct hv_event *event) {
    for (size_t i = 0; i < event->addressees.count; i++)
        if (event->addressees.items[i].role == HV_ROLE_COORDINATOR &&
            strcmp(event->addressees.items[i].organisation, "kcc") == 0)
            return true;
    return !reaches(event) && event->step > 1; /* an alert in the journal */
}

static void take_note(struct model_journey *journey, const struct hv_event *event, hv_time at_ms) {
    switch (event->code) {
    case HV_NOTE_IN_TOUCH:
    case HV_NOTE_NOT_REACHED:
    case HV_NOTE_TIP:
        if (!journey->open)
            journey->put_off = 0;
        wait_begins(journey, later(journey->waits_ms, at_ms));
        break;
    case HV_NOTE_WORKING_ON_IT:
        if (!event->has_runs)
            break; /* it has yet to begin */
        wait_anew(journey, at_ms);
        journey->arrival_ms = at_ms;
        break;
    case HV_NOTE_NO_SHOW:
    case HV_NOTE_MISSING:
    case HV_NOTE_QUESTION:
    case HV_NOTE_ANSWER:
    case HV_NOTE_INFORMED:
        break;
    }
}

static void take_wait(struct model_journey *journey, const struct model_handover *handover,
                      const struct hv_event *event, hv_time at_ms) {
    switch ((int)event->event) {
    case HV_EVENT_OFFERED:
    case HV_EVENT_OPENED:
    case HV_EVENT_CLOSING:
    case HV_EVENT_SETTLED:
    case HV_EVENT_CONFIRMED:
    case HV_EVENT_DECLINED:
    case HV_EVENT_WITHDRAWN:
        journey->restarts = 0;
        journey->put_off = 0;
        wait_begins(journey, at_ms);
        break;
    case HV_EVENT_CHECK_IN_DUE: /* from here on the holder climbs */
        wait_begins(journey, at_ms);
        break;
    case HV_EVENT_RECEIVED:
        phase_begins(journey, handover, at_ms);
        break;
    case HV_EVENT_WAITING:
        take_waiting(journey, handover, event, at_ms);
        break;
    case HV_EVENT_PICKED_UP:
        take_picked_up(journey, handover, event, at_ms);
        break;
    case HV_EVENT_URGENCY:
        take_pressing(journey, handover, at_ms);
        break;
    case HV_EVENT_NOTED:
        take_note(journey, event, at_ms);
        break;
    case HV_EVENT_CLAIMED: /* once: claiming again and again is no news */
        if (!event->has_of_network || !event->of_network || journey->claimed)
            break;
        wait_begins(journey, later(journey->waits_ms, at_ms));
        journey->claimed = true;
        break;
    case HV_EVENT_ESCALATED:
        if (network_hears(event))
            wait_begins(journey, later(journey->waits_ms, at_ms));
        break;
    default:
        break;
    }
}

/* What it waits for, by its state alone. */
static enum hv_phase phase_of(const struct model *model, const struct model_journey *journey) {
    if (journey->state == HV_JOURNEY_CLOSING)
        return HV_PHASE_CLOSING;
    if (!journey->open)
        return journey->is_kept ? HV_PHASE_HELD : HV_PHASE_UNROUTED;
    switch (model->handovers[journey->open].state) {
    case HV_HANDOVER_RECEIVED:
        return HV_PHASE_PICKUP;
    case HV_HANDOVER_PICKED_UP:
        return HV_PHASE_ARRIVAL;
    case HV_HANDOVER_WAITING:
        return HV_PHASE_WAITING;
    case HV_HANDOVER_OFFERED:
    case HV_HANDOVER_DELIVERED:
    case HV_HANDOVER_CONFIRMED:
    case HV_HANDOVER_DECLINED:
    case HV_HANDOVER_WITHDRAWN:
        break;
    }
    return HV_PHASE_RECEIPT;
}

/* ---- All ---- */

void model_ladder_take(const struct model *model, struct model_journey *journey,
                       const struct model_handover *handover, const struct hv_event *event,
                       int64_t seq, hv_time at_ms) {
    const int64_t restarts = journey->restarts;
    const struct hv_run *before = is_step(event->event) ? run_of(journey, event) : NULL;
    const bool repeats = before && before->step == event->step && event->step > 0;

    if (is_step(event->event))
        expect_step(journey, handover, event, seq, at_ms);
    take_runs(journey, event, seq, model->latest_ms);
    if (repeats && run_of(journey, event)->due <= at_ms)
        violation("T1: event %lld: a repeat that was missed fires twice", (long long)seq);
    take_wait(journey, handover, event, at_ms);
    if (journey->restarts > restarts && journey->restarts > networks_restarts_max(model->network))
        violation("T1: event %lld begins a phase anew: %lld times now, and %lld are allowed",
                  (long long)seq, (long long)journey->restarts,
                  (long long)networks_restarts_max(model->network));
}

void model_ladder_expect(const struct model *model, unsigned number, hv_time now_ms) {
    const struct model_journey *journey = &model->journeys[number];
    const enum hv_phase phase = phase_of(model, journey);
    const int64_t silent_ms = now_ms - journey->waits_ms;
    int64_t ceiling_ms = ceilings_ms[phase][journey->urgency];

    /* What goes on in another phase goes on from where it was: behind a wait, at most. */
    if (is_spent(journey))
        ceiling_ms = later(ceiling_ms, ceilings_ms[HV_PHASE_WAITING][journey->urgency]) + WAIT_MAX;

    for (size_t i = 0; i < journey->run_count; i++)
        if (journey->runs[i].due <= now_ms)
            violation("T1: a step of j%u was due %lld ms ago", number,
                      (long long)(now_ms - journey->runs[i].due));
    if (!model->put_back && silent_ms > ceiling_ms + CLAIM_MAX)
        violation("T1: j%u waits (%s) and nobody was told for %lld days", number, phase_name(phase),
                  (long long)(silent_ms / DAY));
}
