/* Standing: how a journey stands. */
#include "broker/standing.h"

#include <errno.h>
#include <string.h>

#include "broker/record.h"
#include "wire/wire.h"

const struct hv_run *standing_run(const struct journey *journey, const struct handover *handover) {
    const struct hv_run *first = NULL;

    for (size_t i = 0; i < journey->runs.count; i++) {
        const struct hv_run *run = &journey->runs.items[i];
        const bool belongs =
            !handover || run->phase == HV_PHASE_WAITING ||
            (run->has_handover && memcmp(&run->handover, &handover->id, sizeof run->handover) == 0);
        if (belongs && (!first || run->due < first->due))
            first = run;
    }
    return first;
}

/* Who claimed and is no party any more is on nothing, and is not named to those who are. */
static bool claim_counts(const struct hv_standing_claim *claim, const struct journey *journey,
                         const struct handover *open) {
    return claim->of_network || strcmp(claim->organisation, journey->holder.organisation) == 0 ||
           (open && strcmp(claim->organisation, open->to) == 0);
}

const struct hv_standing_claim *standing_claim(const struct journey *journey,
                                               const struct handover *open, hv_time now_ms) {
    const struct hv_standing_claim *standing = NULL;

    for (size_t i = 0; i < journey->claims.count; i++) {
        const struct hv_standing_claim *claim = &journey->claims.items[i];
        if (claim->until > now_ms && claim_counts(claim, journey, open) &&
            (!standing || claim->of_network))
            standing = claim;
    }
    return standing;
}

hv_time standing_late(const struct turn *turn, const struct journey *journey) {
    const struct run_rules rules = record_rules(turn);
    hv_time late_ms = 0;

    for (size_t i = 0; i < journey->runs.count; i++) {
        struct hv_run first = journey->runs.items[i];
        if (first.step == 0)
            continue;
        first.step = 0;
        hv_time due_ms = run_next_due(&first, journey->holder.organisation, rules.network, &rules);
        if (due_ms > turn->now_ms)
            due_ms = turn->now_ms;
        if (late_ms == 0 || due_ms < late_ms)
            late_ms = due_ms;
    }
    return late_ms;
}

void standing_tell(const struct journey *journey, const struct handover *handover,
                   struct hv_done *done) {
    const bool is_over = handover && !handover_is_open(handover);
    const struct hv_run *run = is_over ? NULL : standing_run(journey, handover);
    const char *state = handover
                            ? wire_word_text(&wire_vocabulary_handover_state, (int)handover->state)
                            : wire_word_text(&wire_vocabulary_journey_state, (int)journey->state);

    done->has_journey = true;
    done->journey = handover ? handover->journey : journey->id;
    if (handover) {
        done->has_handover = true;
        done->handover = handover->id;
    }
    done->has_state = true;
    copy_text(done->state, state);
    done->has_holder = true;
    done->holder = is_over ? handover->end_holder : journey->holder;
    done->has_due = run != NULL;
    done->due = run ? run->due : 0;
}

static void fill_receiver(struct hv_standing *standing, const struct handover *open) {
    const char *begeleider = handover_begeleider(open);

    standing->has_handover = true;
    standing->handover = open->id;
    copy_text(standing->state, wire_word_text(&wire_vocabulary_handover_state, (int)open->state));
    standing->since = open->times_ms[open->state];
    standing->has_receiver = true;
    copy_text(standing->receiver.organisation, open->to);
    standing->receiver.has_begeleider = begeleider[0] != '\0';
    copy_text(standing->receiver.begeleider, begeleider);
    standing->has_kind = true;
    standing->kind = open->kind;
    standing->has_introduced = true;
    standing->introduced = open->introduced;
}

void standing_fill(struct turn *turn, const struct journey *journey, const struct handover *open,
                   struct hv_standing *ret_standing) {
    struct hv_standing *standing = ret_standing;
    const struct hv_run *run = standing_run(journey, NULL);
    const struct hv_standing_claim *claim = standing_claim(journey, open, turn->now_ms);

    memset(standing, 0, sizeof *standing);
    standing->journey = journey->id;
    copy_text(standing->state, wire_word_text(&wire_vocabulary_journey_state, (int)journey->state));
    standing->holder = journey->holder;
    standing->urgency = journey->urgency;
    standing->since = journey->since_ms;
    if (open)
        fill_receiver(standing, open);
    if (run) {
        standing->has_phase = true;
        standing->phase = run->phase;
        standing->has_step = true;
        standing->step = run->step;
        standing->has_due = true;
        standing->due = run->due;
    }
    standing->late = standing_late(turn, journey);
    standing->has_late = standing->late != 0;
    standing->has_claimed = claim != NULL;
    if (claim)
        standing->claimed = *claim;
    standing->has_stuck = ledger_journey_is_stuck(turn->ledger, journey->row);
    standing->stuck = standing->has_stuck;
    standing->told.count = ledger_told(turn->ledger, journey->row, open ? open->row : 0,
                                       &turn->zone, &standing->told.items);
    standing->has_told = standing->told.count > 0;
}
