/* Phases: what a claim rests, and for how long. */
#include <string.h>

#include "broker/phase_part.h"

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
    const hv_time due_ms = rules->now_ms + run->left;
    const bool rests = run->has_left && run->due > due_ms;

    run_rest_end(run, rules->now_ms);
    if (rests)
        run->due = due_ms;
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

void phase_after_claimed(const struct phase_change *change) {
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
