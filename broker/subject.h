/* Subject: the journey that a command is about, judged and answered in the order of the contract.
 */
#ifndef HOUVAST_SUBJECT_H
#define HOUVAST_SUBJECT_H

#include "broker/request.h"

/* What a command is about, as far as the ledger knows it. */
struct subject {
    bool has_journey;
    struct journey journey;
    bool has_handover; /* the one that the command names */
    struct handover handover;
    bool has_open; /* the journey's open one */
    struct handover open;
    int64_t repeat_seq; /* the first event of the same command, if it had taken effect; else 0 */
};

/* Looks it up; the handover is the caller's to fill in. */
void subject_find(struct request *request, const struct hv_uuid *journey,
                  struct subject *ret_subject);
/* The journey's open handover, or NULL. */
const struct handover *subject_open(const struct subject *subject);
/* Whether the actor is an endpoint of the organisation that holds. */
bool subject_is_held_by_actor(const struct request *request, const struct subject *subject);

/* Answers what is judged before the state is: a repeat, unavailable, unknown, forbidden to all but
 * `whose` (who may, in words). True when the command is answered. */
bool subject_judge(struct request *request, const struct subject *subject, bool may,
                   const char *whose);
/* The same for a command that is the holder's to give. */
bool subject_judge_holder(struct request *request, const struct subject *subject);

/* Answers `done` with how the journey stands. */
void subject_done(struct request *request, const struct journey *journey, int64_t seq,
                  bool repeated);
/* A command that had taken effect: an earlier holder is answered as things stood then. */
void subject_answer_repeat(struct request *request, const struct subject *subject);
/* Records a decision about the journey, or refuses as it says, and answers. */
void subject_record(struct request *request, const struct decision *decision,
                    struct subject *subject);

#endif
