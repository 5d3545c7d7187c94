/* Journeys: one line of help for a resident, from first contact to closing, always held by
 * somebody.
 *
 *            open                 close, agreed by nobody yet
 *     (none) ────► open ─────────────────────────────────────► closing
 *                  ▲ │ ▲           settle agree: false            │
 *          reopens │ │ └──────────────────────────────────────────┤
 *                  │ ▼ close, talked through                      │ settle agree: true,
 *                 closed ◄────────────────────────────────────────┘ or a close that ends it
 *
 * Pure: state and command in, decision out; no clock, no ledger, no socket. */
#ifndef HOUVAST_JOURNEY_H
#define HOUVAST_JOURNEY_H

#include "broker/decision.h"
#include "broker/run.h"

struct handover;

/* The network's, the holder's, the receiver's, and one to spare. */
#define CLAIMS_MAX 4

struct claims {
    size_t count;
    struct hv_standing_claim items[CLAIMS_MAX];
};

struct journey {
    int64_t row; /* in the ledger; 0 before it is stored */
    struct hv_uuid id;
    enum hv_journey_state state;
    char resident[HV_RESIDENT_SIZE];
    struct hv_holder holder; /* H1: never empty; of a closed journey its last */
    enum hv_urgency urgency;
    enum hv_basis basis;
    enum hv_basis9 basis9; /* 0: none said */
    hv_time opened_ms;
    hv_time since_ms;               /* in this state */
    hv_time held_since_ms;          /* by this organisation and begeleider */
    hv_time reassigned_on_ms;       /* the newest `on` of a reassign; 0 before the first */
    hv_time urgency_on_ms;          /* the newest `on` of an urgency; 0 before the first */
    int64_t not_reached;            /* times in a row that the holder noted so: 0 or 1 */
    struct runs runs;               /* T1: none only when closed */
    struct claims claims;           /* those that are over among them */
    enum hv_outcome outcome;        /* of the closing; 0 while open */
    char closed_by[HV_PERSON_SIZE]; /* who closed; "" while open */
    bool damaged;                   /* its row does not say what runs and who is on it: that is as
                                       its events give it, or lost with them */
};

/* Who may settle a closing beside the network's coordinators. */
struct journey_policy {
    bool settle_by_organisation;
};

/* Each decides one command of an asker who may give it: that has been judged before (access.h, and
 * journey_may_settle for a settle). `existing` is the journey that has this id already, or NULL;
 * `open_handover` is the journey's open one, or NULL. They fill *ret_decision and change nothing
 * else. */
void journey_decide_open(const struct journey *existing, const struct hv_open *command,
                         const struct actor *actor, struct decision *ret_decision);
void journey_decide_reassign(const struct journey *journey, const struct hv_reassign *command,
                             const struct actor *actor, hv_time now_ms,
                             struct decision *ret_decision);
void journey_decide_close(const struct journey *journey, const struct handover *open_handover,
                          const struct hv_close *command, const struct actor *actor, hv_time now_ms,
                          struct decision *ret_decision);
void journey_decide_settle(const struct journey *journey, const struct hv_settle *command,
                           const struct actor *actor, struct decision *ret_decision);

/* What the network's policies allow. */
struct journey_limits {
    int64_t restarts_max;
    int64_t check_in_max_days;
    int64_t claim_max_ms;
};

/* A coded fact. `handover` is the one that the note names, or NULL. */
void journey_decide_note(const struct journey *journey, const struct handover *handover,
                         const struct hv_note *command, const struct actor *actor, hv_time now_ms,
                         struct journey_limits limits, struct decision *ret_decision);
/* Whether it is the holder's to say; `working-on-it` is the receiver's, the rest either side's. */
bool journey_note_is_holders(enum hv_note_code code);
/* Who lowers has been judged before. */
void journey_decide_urgency(const struct journey *journey, const struct handover *open_handover,
                            const struct hv_set_urgency *command, const struct actor *actor,
                            hv_time now_ms, struct decision *ret_decision);
/* By a coordinator in scope. `until` at or before now gives it back. */
void journey_decide_claim(const struct journey *journey, const struct handover *handover,
                          const struct hv_claim *command, const struct actor *actor, hv_time now_ms,
                          struct journey_limits limits, struct decision *ret_decision);

/* Whether this actor may settle closings of this journey at all. */
bool journey_may_settle(const struct journey *journey, const struct actor *actor,
                        struct journey_policy policy);

/* Whether an event that nobody vouches for may be folded: it is one that journey_fold would take
 * without an assertion. `journey` is all zeroes but for its row before the first. */
bool journey_may_fold(const struct journey *journey, const struct hv_event *event);

/* Moves the journey by one event of its own, recorded at `at_ms`. False where the event leaves the
 * journey as it was, which is fine. H2: `confirmed` is the one event that moves the holding
 * organisation. */
bool journey_fold(struct journey *journey, const struct hv_event *event, hv_time at_ms);

#endif
