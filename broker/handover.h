/* Handovers: one attempt to pass a journey to a receiver.
 *
 *   offered ──► delivered ──► received ──► picked-up ──► confirmed   only now the hold moves
 *      │            │            │             │
 *      └────────────┴────────────┴─────────────┼──► declined         the receiver says no
 *                                              └──► withdrawn        the holder takes it back
 *
 * `waiting`, the receiver's waiting list, may stand before or after picked-up, and goes back to
 * received or picked-up; confirmed, declined and withdrawn end it like the others.
 *
 * Steps may be skipped forwards, never taken backwards; handover.c has the table. Pure: state and
 * command in, decision out; no clock, no ledger, no socket. */
#ifndef HOUVAST_HANDOVER_H
#define HOUVAST_HANDOVER_H

#include "broker/decision.h"

#define HANDOVER_STATE_COUNT     (HV_HANDOVER_WITHDRAWN + 1)
#define HANDOVER_SUPPLEMENTS_MAX 15

struct journey;

struct handover {
    int64_t row;         /* in the ledger; 0 before it is stored */
    int64_t journey_row; /* of its journey */
    struct hv_uuid id;
    struct hv_uuid journey;
    enum hv_handover_state state;
    char from[HV_CODE_SIZE]; /* the holding organisation that offers */
    char to[HV_CODE_SIZE];   /* the receiver */
    enum hv_kind kind;
    enum hv_urgency urgency;
    enum hv_disclose disclose;
    char received_by[HV_PERSON_SIZE];  /* "" before */
    char picked_up_by[HV_PERSON_SIZE]; /* "" before */
    hv_time planned_ms;                /* 0: no plan */
    bool introduced;                   /* the warm gate is open */
    bool disclosed;                    /* the receiver has pseudonym and dossiers */
    bool deleted;                      /* the dossiers are gone from the broker */
    int64_t supplements;               /* number of the newest; 0: none yet */
    bool has_dossier_hash;
    uint8_t dossier_hash[32]; /* of the offer's dossier */
    enum hv_taken_as as;      /* 0, or how it was confirmed */
    char as_reason[HV_CODE_SIZE];
    struct hv_holder end_holder; /* who held when it ended; "" while open */
    int64_t ended_seq;           /* the event that ended it; 0 while open */
    /* When it came into each state; 0: not yet, or skipped. */
    hv_time times_ms[HANDOVER_STATE_COUNT];
};

bool handover_is_open(const struct handover *handover);

/* Who has it in hand at the receiver: who picked it up, or else received it; "" for nobody yet.
 * Borrowed from the handover. */
const char *handover_begeleider(const struct handover *handover);

/* Each decides one command of an asker that is of the right side and role (access.h); the state
 * table is judged here. They fill *ret_decision and change nothing else. `dossier_hash` is NULL
 * where none came. */
void handover_decide_offer(const struct journey *journey, const struct handover *open_handover,
                           const struct hv_offer *command, const uint8_t *dossier_hash,
                           const struct actor *actor, struct decision *ret_decision);
void handover_decide_receive(const struct handover *handover, const struct hv_receive *command,
                             const struct actor *actor, struct decision *ret_decision);
void handover_decide_pickup(const struct handover *handover, const struct hv_pickup *command,
                            const struct actor *actor, struct decision *ret_decision);
/* `wait_max_ms`: how far from now `expected` may lie. */
void handover_decide_wait(const struct handover *handover, const struct hv_wait *command,
                          const struct actor *actor, hv_time now_ms, int64_t wait_max_ms,
                          struct decision *ret_decision);
void handover_decide_introduce(const struct handover *handover, const struct hv_introduce *command,
                               const struct actor *actor, hv_time now_ms,
                               struct decision *ret_decision);
/* `keep_ms`: how long the dossiers are kept after the confirmation. */
void handover_decide_confirm(const struct handover *handover, const struct hv_confirm *command,
                             const struct actor *actor, hv_time now_ms, int64_t keep_ms,
                             struct decision *ret_decision);
void handover_decide_decline(const struct handover *handover, const struct hv_decline *command,
                             const struct actor *actor, struct decision *ret_decision);
void handover_decide_withdraw(const struct handover *handover, const struct hv_withdraw *command,
                              const struct actor *actor, struct decision *ret_decision);
void handover_decide_supplement(const struct handover *handover,
                                const struct hv_supplement *command, const uint8_t *dossier_hash,
                                const struct actor *actor, struct decision *ret_decision);
/* `waiting`: an item `dossier` of this handover is not acknowledged yet. */
void handover_decide_fetch(const struct handover *handover, bool waiting, const struct actor *actor,
                           struct decision *ret_decision);

/* Of a confirmed one; `contest_max_ms`: how long after the confirmation. */
void handover_decide_contest(const struct handover *handover, const struct hv_contest *command,
                             const struct actor *actor, hv_time now_ms, int64_t contest_max_ms,
                             struct decision *ret_decision);

/* Whether a cold one's ladders hold for it: callback and signal are labels of cold ones. */
bool handover_is_cold(enum hv_kind kind);

/* Appends to a closing's decision that its open handover is withdrawn with it. */
void handover_withdraw_for_close(const struct handover *handover, const struct hv_close *command,
                                 const struct actor *actor, struct decision *decision);

/* The event by which the acknowledgement of `offered` makes it delivered; false where it is past
 * that. */
bool handover_is_delivered_by_ack(const struct handover *handover);

/* Whether an event that nobody vouches for may be folded: its move stands in the table. `handover`
 * is all zeroes but for its rows before the first. */
bool handover_may_fold(const struct handover *handover, const struct hv_event *event);

/* Moves the handover by one event of its own, recorded as `seq` at `at_ms`, while `holder` held.
 * The event's move must stand in the table (asserted: it was decided by it). False where the event
 * leaves the handover as it was. */
bool handover_fold(struct handover *handover, const struct hv_event *event, int64_t seq,
                   hv_time at_ms, const struct hv_holder *holder);

#endif
