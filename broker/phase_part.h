/* What the rooms of phases have in common. Private to phase*.c. */
#ifndef HOUVAST_PHASE_PART_H
#define HOUVAST_PHASE_PART_H

#include "broker/phase.h"

/* An event on its way through: what phase_after was given. */
struct phase_change {
    const struct hv_event *event;
    const struct journey *journey;
    const struct handover *handover; /* NULL: none */
    const struct run_rules *rules;
    struct runs *runs; /* as they stand so far */
};

/* A run that the holder must end, from now; for the caller to change and to begin. */
struct run_start phase_start(const struct phase_change *change, enum hv_phase phase);
/* Begins just that. */
struct hv_run *phase_begin_for_holder(const struct phase_change *change, enum hv_phase phase);
/* What the receiver must do now; NULL where nothing of it runs. */
struct hv_run *phase_receivers_run(const struct phase_change *change);

void phase_after_noted(const struct phase_change *change);
void phase_after_claimed(const struct phase_change *change);

#endif
