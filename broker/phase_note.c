/* Phases: what a note begins and ends. */
#include <string.h>

#include "broker/event.h"
#include "broker/phase_part.h"

/* Who must act is in touch: the next check-in counts from now. */
static void check_in_answered(const struct phase_change *change, struct hv_run *run) {
    if (change->event->has_next) {
        run->has_days = true;
        run->days = change->event->next;
    }
    run->urgency = change->journey->urgency;
    run_restart(run, change->journey->holder.organisation, change->rules->now_ms, change->rules);
}

/* The holder keeps the resident itself: nothing is unrouted any more. */
static void keeps(const struct phase_change *change) {
    struct run_start start = phase_start(change, HV_PHASE_HELD);

    if (!runs_remove(change->runs, HV_PHASE_UNROUTED))
        return;
    start.days = change->event->next;
    (void)runs_begin(change->runs, &start, change->rules);
}

static void after_check_in(const struct phase_change *change) {
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
        (void)phase_begin_for_holder(change, HV_PHASE_HELD);
}

static void after_tip(const struct phase_change *change) {
    struct hv_run *held = runs_find(change->runs, HV_PHASE_HELD, NULL);

    if (held)
        check_in_answered(change, held);
    else
        keeps(change);
}

static void after_working_on_it(const struct phase_change *change) {
    struct hv_run *run = phase_receivers_run(change);

    if (!run || run->began > change->rules->now_ms)
        return;
    run->has_restarts = true;
    run->restarts++;
    run_restart(run, change->journey->holder.organisation, change->rules->now_ms, change->rules);
}

static void after_no_show(const struct phase_change *change) {
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
static const char *other_side(const struct phase_change *change) {
    const struct hv_event *event = change->event;
    const char *said = event_party(event);

    return strcmp(said, change->handover->from) == 0 ? change->handover->to
                                                     : change->handover->from;
}

static void after_question(const struct phase_change *change) {
    struct run_start start = phase_start(change, HV_PHASE_ANSWER);

    start.awaits = other_side(change);
    start.handover = change->handover;
    if (!runs_find(change->runs, HV_PHASE_ANSWER, start.awaits))
        (void)runs_begin(change->runs, &start, change->rules);
}

static void after_answer(const struct phase_change *change) {
    const struct hv_event *event = change->event;
    const char *said = event_party(event);
    size_t kept = 0;

    for (size_t i = 0; i < change->runs->count; i++) {
        const struct hv_run *run = &change->runs->items[i];
        if (run->phase != HV_PHASE_ANSWER || strcmp(run->awaits, said) != 0)
            change->runs->items[kept++] = *run;
    }
    change->runs->count = kept;
}

void phase_after_noted(const struct phase_change *change) {
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
