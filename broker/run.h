/* Runs: the phases that run for a journey, and when their next steps are due. Pure.
 *
 * T1: an open journey has at least one. They are part of the journey, as its holder is, and every
 * event that changes them carries all of them. */
#ifndef HOUVAST_RUN_H
#define HOUVAST_RUN_H

#include "broker/network.h"
#include "houvast/messages.h"

/* Delivery beside receipt (or waiting beside pick-up), an answer owed by either side, contested,
 * and one to spare. */
#define RUNS_MAX 6

struct runs {
    size_t count;
    struct hv_run items[RUNS_MAX];
};

/* What deadlines are computed from: the network in force, and the event that put it there. */
struct run_rules {
    const struct network *network;
    int64_t network_seq;
    hv_time now_ms;
};

/* The first run of that phase that `awaits` (NULL: anybody) owes, or NULL. */
struct hv_run *runs_find(struct runs *runs, enum hv_phase phase, const char *awaits);
/* Takes away every run of that phase. True where there was one. */
bool runs_remove(struct runs *runs, enum hv_phase phase);
/* The one that is due first; NULL where there are none. */
const struct hv_run *runs_first(const struct runs *runs);
/* When that is; 0 where there are none. */
hv_time runs_due(const struct runs *runs);
bool runs_equal(const struct runs *one, const struct runs *other);

/* What a new run is about. */
struct run_start {
    enum hv_phase phase;
    const char *awaits; /* the organisation that must act */
    const char *holder; /* the organisation that holds */
    enum hv_urgency urgency;
    const struct handover *handover; /* NULL: none */
    hv_time began_ms;                /* may lie ahead */
    int64_t days;                    /* between check-ins; 0: the ladder's own */
};

/* Adds a run that begins its ladder. */
struct hv_run *runs_begin(struct runs *runs, const struct run_start *start,
                          const struct run_rules *rules);

/* It rests no longer: what a claim would have rested it from now on does not count. */
void run_rest_end(struct hv_run *run, hv_time now_ms);
/* Begins its ladder anew at `began_ms`, under its present urgency and the network in force. */
void run_restart(struct hv_run *run, const char *holder, hv_time began_ms,
                 const struct run_rules *rules);

/* A check-in is asked for now, and climbs *unrouted* until it is answered. */
void run_ask(struct hv_run *run, const char *holder, const struct run_rules *rules);

/* A run that has just begun goes on where `before` was, which it takes the place of: neither its
 * next step nor any behind that comes later than it would have by either. */
void run_go_on(struct hv_run *run, const struct hv_run *before, const char *holder,
               const struct run_rules *rules);

/* Counts that it is put off, by a wait or a lower urgency. False where the policy allows no more
 * than there have been: once, and once for each time that a phase may be begun anew. */
bool run_put_off(struct hv_run *run, const struct run_rules *rules);
/* Whether more than that was asked for: from then on it goes on, whatever phase follows. */
bool run_is_spent(const struct hv_run *run, const struct run_rules *rules);

/* The ladder that a run climbs now (an unanswered check-in climbs *unrouted*), in the network that
 * it began under. */
const struct ladder *run_ladder(const struct hv_run *run, const char *holder,
                                const struct network *network);

/* When the step after run->step falls due, or, behind the last, when it repeats after now.
 * `network` is the one that the run began under. */
hv_time run_next_due(const struct hv_run *run, const char *holder, const struct network *network,
                     const struct run_rules *rules);

/* Brings back to now what lies further ahead than its ceiling, because it was counted from a clock
 * that was put back since. True where there was something. `network` is the one that the run began
 * under. */
bool run_bring_back(struct hv_run *run, const char *holder, const struct network *network,
                    const struct run_rules *rules);

/* Whether a check-in of it rests, and is not asked for yet. */
bool run_is_check_in(const struct hv_run *run);

/* The organisation that an addressee of a ladder stands for, and its role. */
void run_addressee(const struct hv_run *run, const char *holder,
                   const struct ladder_addressee *addressee, const struct network *network,
                   struct hv_addressee *ret_addressee);

#endif
