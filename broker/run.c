/* Runs: beginning a ladder, and where its next step lies. */
#include "broker/run.h"

#include <assert.h>
#include <string.h>

#include "broker/decision.h"
#include "broker/handover.h"

/* Corrections of the clock are no wonder. */
#define RUN_EARLY_MS CALENDAR_HOUR_MS

struct hv_run *runs_find(struct runs *runs, enum hv_phase phase, const char *awaits) {
    for (size_t i = 0; i < runs->count; i++)
        if (runs->items[i].phase == phase &&
            (!awaits || strcmp(runs->items[i].awaits, awaits) == 0))
            return &runs->items[i];
    return NULL;
}

bool runs_remove(struct runs *runs, enum hv_phase phase) {
    size_t kept = 0;

    for (size_t i = 0; i < runs->count; i++)
        if (runs->items[i].phase != phase)
            runs->items[kept++] = runs->items[i];
    const bool removed = kept < runs->count;
    runs->count = kept;
    return removed;
}

const struct hv_run *runs_first(const struct runs *runs) {
    const struct hv_run *first = NULL;

    for (size_t i = 0; i < runs->count; i++)
        if (!first || runs->items[i].due < first->due)
            first = &runs->items[i];
    return first;
}

hv_time runs_due(const struct runs *runs) {
    const struct hv_run *first = runs_first(runs);

    return first ? first->due : 0;
}

/* ---- Places on a ladder ---- */

bool run_is_check_in(const struct hv_run *run) {
    return ladder_is_check_in(run->phase) && !run->has_asked;
}

const struct ladder *run_ladder(const struct hv_run *run, const char *holder,
                                const struct network *network) {
    const bool asked = run->has_asked;
    struct ladder_key key = {
        .phase = asked ? HV_PHASE_UNROUTED : run->phase,
        .urgency = run->urgency,
        .kind = run->has_kind && !asked ? run->kind : 0,
        .from = holder,
        .to = run->has_to && !asked ? run->to : "",
    };
    const struct ladder *ladder = ladder_find(&network->ladders, &key);

    if (!ladder) { /* nobody waits in a crisis, unless by a defect: then it rings */
        key.phase = HV_PHASE_UNROUTED;
        ladder = ladder_find(&network->ladders, &key);
    }
    assert(ladder); /* network_load has seen to it */
    return ladder;
}

void run_addressee(const struct hv_run *run, const char *holder,
                   const struct ladder_addressee *addressee, const struct network *network,
                   struct hv_addressee *ret_addressee) {
    memset(ret_addressee, 0, sizeof *ret_addressee);
    switch (addressee->target) {
    case LADDER_RESPONSIBLE:
        copy_text(ret_addressee->organisation, run->awaits);
        ret_addressee->role = HV_ROLE_ENDPOINT;
        break;
    case LADDER_COORDINATOR:
        copy_text(ret_addressee->organisation, run->awaits);
        ret_addressee->role = HV_ROLE_COORDINATOR;
        break;
    case LADDER_NETWORK:
        copy_text(ret_addressee->organisation, network->coordinating);
        ret_addressee->role = HV_ROLE_COORDINATOR;
        break;
    case LADDER_HOLDER:
        copy_text(ret_addressee->organisation, holder);
        ret_addressee->role = HV_ROLE_ENDPOINT;
        break;
    case LADDER_OPERATORS:
        copy_text(ret_addressee->organisation, network->coordinating);
        ret_addressee->role = HV_ROLE_OPERATOR;
        break;
    case LADDER_NAMED:
        copy_text(ret_addressee->organisation, addressee->organisation);
        ret_addressee->role = addressee->role;
        break;
    }
}

/* Office time is that of whoever the step addresses; of the organisation that must act where it
 * addresses nobody (a check-in). */
static const struct calendar *calendar_of(const struct hv_run *run, const char *holder,
                                          const struct ladder_step *step,
                                          const struct network *network) {
    struct hv_addressee addressee;
    const char *name = run->awaits;

    if (step && step->addressee_count > 0) {
        run_addressee(run, holder, &step->addressees[0], network, &addressee);
        name = addressee.organisation;
    }
    return network_calendar(network, name);
}

/* When a duration that counts from then is over; `at_latest`: by any calendar. */
static hv_time over_at(const struct calendar *calendar, hv_time from_ms,
                       struct calendar_duration duration, int64_t ceiling_ms, bool at_latest) {
    return at_latest && duration.unit != CALENDAR_WALL_MS
               ? calendar_latest(calendar, from_ms, duration, ceiling_ms)
               : calendar_add(calendar, from_ms, duration, ceiling_ms);
}

static hv_time next_due(const struct hv_run *run, const char *holder, const struct network *network,
                        const struct run_rules *rules, bool at_latest) {
    const struct ladder *ladder = run_ladder(run, holder, network);
    const hv_time began_ms = run->has_asked ? run->asked : run->began;
    const size_t next = (size_t)run->step;

    if (next < ladder->step_count) {
        const struct ladder_step *step = &ladder->steps[next];
        return over_at(calendar_of(run, holder, step, rules->network), began_ms, step->after,
                       step->has_no_later ? step->no_later_ms : CALENDAR_CEILING_OWN, at_latest);
    }
    const struct ladder_step *last =
        ladder->step_count > 0 ? &ladder->steps[ladder->step_count - 1] : NULL;
    const hv_time from_ms = last ? rules->now_ms : began_ms;
    if (!last && run->has_days)
        return from_ms + run->days * rules->network->day_ms;
    return over_at(calendar_of(run, holder, last, rules->network), from_ms, ladder->every,
                   ladder->every_has_no_later ? ladder->every_no_later_ms : CALENDAR_CEILING_OWN,
                   at_latest);
}

hv_time run_next_due(const struct hv_run *run, const char *holder, const struct network *network,
                     const struct run_rules *rules) {
    return next_due(run, holder, network, rules, false);
}

/* Pick-up and arrival may begin at a moment that was said, which lies no further ahead than a wait
 * may last; the others have begun. */
static hv_time began_at_most(const struct hv_run *run, const struct run_rules *rules) {
    const bool may_lie_ahead = run->phase == HV_PHASE_PICKUP || run->phase == HV_PHASE_ARRIVAL;

    return rules->now_ms + (may_lie_ahead ? rules->network->policies.wait_max_ms : 0);
}

bool run_bring_back(struct hv_run *run, const char *holder, const struct network *network,
                    const struct run_rules *rules) {
    bool late = false;

    if (run->began > began_at_most(run, rules) + RUN_EARLY_MS) {
        run->began = rules->now_ms;
        late = true;
    }
    if (run->has_asked && run->asked > rules->now_ms + RUN_EARLY_MS) {
        run->asked = rules->now_ms;
        late = true;
    }
    /* The calendar may have been another one, which its ceiling knows nothing of. What was overdue
     * when it was put to rest rests from then, not from when it had been due. */
    const hv_time latest_ms = next_due(run, holder, network, rules, true);
    const hv_time rests_from_ms = latest_ms > rules->now_ms ? latest_ms : rules->now_ms;
    if (!late && run->due <= rests_from_ms + run->rested + RUN_EARLY_MS)
        return false;
    run->due = run_next_due(run, holder, network, rules);
    run->has_left = false;
    run->left = 0;
    return true;
}

/* ---- Beginning ---- */

void run_rest_end(struct hv_run *run, hv_time now_ms) {
    const int64_t unspent_ms = run->has_left ? run->due - run->left - now_ms : 0;

    if (unspent_ms > 0) /* more than was counted where the clock was set back meanwhile */
        run->rested = unspent_ms < run->rested ? run->rested - unspent_ms : 0;
    run->has_left = false;
    run->left = 0;
}

/* The first step comes next, of the ladder that is in force now. */
static void begin_ladder(struct hv_run *run, const char *holder, const struct run_rules *rules) {
    run_rest_end(run, rules->now_ms);
    run->step = 0;
    run->network = rules->network_seq;
    run->due = run_next_due(run, holder, rules->network, rules);
}

void run_restart(struct hv_run *run, const char *holder, hv_time began_ms,
                 const struct run_rules *rules) {
    run->began = began_ms;
    run->has_asked = false;
    run->asked = 0;
    begin_ladder(run, holder, rules);
}

void run_ask(struct hv_run *run, const char *holder, const struct run_rules *rules) {
    run->has_asked = true;
    run->asked = rules->now_ms;
    begin_ladder(run, holder, rules);
}

static hv_time sooner(hv_time one_ms, hv_time other_ms) {
    return one_ms < other_ms ? one_ms : other_ms;
}

void run_go_on(struct hv_run *run, const struct hv_run *before, const char *holder,
               const struct run_rules *rules) {
    const int64_t steps = (int64_t)run_ladder(run, holder, rules->network)->step_count;

    run->began = sooner(run->began, before->began);
    run->step =
        before->step < steps ? before->step : steps; /* the last, where this one is shorter */
    run->due = sooner(run_next_due(run, holder, rules->network, rules), before->due);
    run->has_left = before->has_left && run->due == before->due;
    run->left = run->has_left ? before->left : 0;
    run->has_rested = before->has_rested;
    run->rested = before->rested;
    run->has_rested_own = before->has_rested_own;
    run->rested_own = before->rested_own;
    run->has_restarts = before->has_restarts;
    run->restarts = before->restarts;
}

static int64_t put_off_max(const struct run_rules *rules) {
    return rules->network->policies.restarts_max + 1;
}

bool run_is_spent(const struct hv_run *run, const struct run_rules *rules) {
    return run->put_off > put_off_max(rules);
}

bool run_put_off(struct hv_run *run, const struct run_rules *rules) {
    run->has_put_off = true;
    if (!run_is_spent(run, rules))
        run->put_off++;
    return !run_is_spent(run, rules);
}

struct hv_run *runs_begin(struct runs *runs, const struct run_start *start,
                          const struct run_rules *rules) {
    assert(runs->count < RUNS_MAX);
    struct hv_run *run = &runs->items[runs->count++];

    memset(run, 0, sizeof *run);
    run->phase = start->phase;
    copy_text(run->awaits, start->awaits);
    run->urgency = start->urgency;
    if (start->handover) {
        run->has_handover = true;
        run->handover = start->handover->id;
        run->has_kind = true;
        run->kind = start->handover->kind;
        run->has_to = true;
        copy_text(run->to, start->handover->to);
    }
    run->has_days = start->days > 0;
    run->days = start->days;
    run_restart(run, start->holder, start->began_ms, rules);
    return run;
}

static bool text_equal(const char *one, const char *other) {
    return strcmp(one, other) == 0;
}

static bool run_equal(const struct hv_run *one, const struct hv_run *other) {
    return one->phase == other->phase && text_equal(one->awaits, other->awaits) &&
           one->has_handover == other->has_handover &&
           memcmp(&one->handover, &other->handover, sizeof one->handover) == 0 &&
           one->urgency == other->urgency && one->has_kind == other->has_kind &&
           one->kind == other->kind && one->has_to == other->has_to &&
           text_equal(one->to, other->to) && one->began == other->began &&
           one->step == other->step && one->due == other->due && one->network == other->network &&
           one->has_days == other->has_days && one->days == other->days &&
           one->has_asked == other->has_asked && one->asked == other->asked &&
           one->has_left == other->has_left && one->left == other->left &&
           one->has_rested == other->has_rested && one->rested == other->rested &&
           one->has_rested_own == other->has_rested_own && one->rested_own == other->rested_own &&
           one->has_restarts == other->has_restarts && one->restarts == other->restarts &&
           one->has_put_off == other->has_put_off && one->put_off == other->put_off;
}

bool runs_equal(const struct runs *one, const struct runs *other) {
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (!run_equal(&one->items[i], &other->items[i]))
            return false;
    return true;
}
