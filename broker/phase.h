/* Phases: what a journey waits for after each event, and what a step that falls due does. Pure.
 *
 *              offer                      receive         pickup         confirm
 *   unrouted ─────────► delivery, receipt ───────► pick-up ──────► arrival ───────► held
 *    ▲    │                     │                     │               │            ▲
 *    │    │                     └─────────────────────┼───────────────┘            │
 *    │    │                       decline, withdraw   │                            │
 *    └────┼───────────────────────────────────────────┘                            │
 *         └────────────────────────────────────────────────────────────────────────┘
 *           in-touch or a tip with `next`: the holder keeps the resident itself
 *
 * delivery ends when the offer is acknowledged, and receipt goes on alone. A wait leads from any of
 * the receiver's to waiting, the holder's check-ins, beside pick-up, which begins at `expected`;
 * receive and pickup lead on from there. closing takes the place of unrouted and held until it is
 * settled: not agreed to, of held. contested and answer run beside the others. */
#ifndef HOUVAST_PHASE_H
#define HOUVAST_PHASE_H

#include "broker/handover.h"
#include "broker/journey.h"
#include "broker/run.h"

/* What runs after an event that was folded into `journey` (whose runs are still those from before)
 * and `handover` (NULL for an event of the journey alone). */
void phase_after(const struct hv_event *event, const struct journey *journey,
                 const struct handover *handover, const struct run_rules *rules,
                 struct runs *ret_runs);

/* What runs by a journey's state alone: for one whose runs were lost, or come from a ledger that
 * knew none. `open_handover` may be NULL. */
void phase_of_state(const struct journey *journey, const struct handover *open_handover,
                    const struct run_rules *rules, struct runs *ret_runs);

/* A step that was taken. */
struct phase_step {
    struct hv_event event; /* `reminded`, `escalated` or `check-in-due` */
    struct hv_addressee addressees[LADDER_ADDRESSEES_MAX];
    bool last; /* of its ladder: one that reached nobody is worth an alert */
};

/* Decides the step of the journey's run number `index`, which is due: the event that records it,
 * and the runs that follow. `began_under` is the network that the run began under. The event's
 * addressees live in *ret_step. */
void phase_step(const struct journey *journey, size_t index, const struct network *began_under,
                const struct run_rules *rules, struct phase_step *ret_step, struct runs *ret_runs);

#endif
