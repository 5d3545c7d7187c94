/* The model: what the events say, told with nothing of the broker's own folding. It is fed one
 * event after the other, and each must follow from the state before by the contract. */
#ifndef HOUVAST_TESTS_SIMULATION_MODEL_H
#define HOUVAST_TESTS_SIMULATION_MODEL_H

#include "houvast/messages.h"
#include "networks.h"

#define MODEL_JOURNEYS  24 /* with the numbers 1 to 23 */
#define MODEL_HANDOVERS 256
#define MODEL_RUNS      8

struct model_journey {
    enum hv_journey_state state; /* 0: not opened yet */
    char resident[HV_RESIDENT_SIZE];
    struct hv_holder holder;
    enum hv_urgency urgency;
    char closing_by[HV_PERSON_SIZE];
    bool agreed;      /* a second person did, in the event before */
    bool is_kept;     /* no handover, and the holder keeps the resident: not unrouted */
    unsigned open;    /* the open handover; 0: none */
    unsigned parties; /* organisations that held or were offered it: a bit each */
    size_t run_count;
    struct hv_run runs[MODEL_RUNS];
    /* T1: since when its next wait runs that ends in the network's coordinators. */
    hv_time waits_ms;
    hv_time arrival_ms;  /* when its arrival began */
    bool claimed;        /* by the network's coordinators, who know since then */
    int64_t restarts;    /* that a receiver has asked for, in this phase */
    int64_t put_off;     /* how often a wait or a lower urgency has put its ladder off */
    hv_time expected_ms; /* when the wait is to end */
    int pressed;         /* by the newest urgency: 1 raised, -1 lowered, 0 as it was */
};

struct model_handover {
    enum hv_handover_state state; /* 0: not offered yet */
    unsigned journey;
    char from[HV_CODE_SIZE], to[HV_CODE_SIZE];
    char received_by[HV_PERSON_SIZE], picked_up_by[HV_PERSON_SIZE];
    enum hv_kind kind;
    enum hv_disclose disclose;
    bool introduced, disclosed;
    int64_t supplements;
    hv_time planned_ms;
    bool moved;                  /* the newest event has brought it to another state */
    struct hv_holder end_holder; /* who held when it ended */
};

/* What is remembered of an event. */
struct model_event {
    enum hv_event_name name;
    unsigned journey, handover;
    int64_t first;
    hv_time at_ms;
    enum hv_journey_state journey_before, journey_after;
    enum hv_handover_state before, after; /* of its handover */
    struct hv_holder holder_after;
    char said[HV_CODE_SIZE]; /* the organisation; "": the broker */
    unsigned about;          /* what it is about, where that is no journey: a bit */
    unsigned seers;          /* who could see it when its turn ended: a bit each */
};

struct model {
    struct model_journey journeys[MODEL_JOURNEYS];
    struct model_handover handovers[MODEL_HANDOVERS];
    struct model_event *events; /* number n stands at n */
    size_t event_count, event_room;
    hv_time latest_ms; /* from which deadlines may have been counted: a clock that is put back
                          leaves them where they are, until they are swept */
    bool put_back;     /* it was, and that has not been long enough ago */
    int64_t passed_ms; /* in all, whatever the clocks say: the town counts it */
    int64_t back_ms;   /* of it, when that was */
    enum simulated_network network; /* in force */
    int64_t turn_seq;               /* the last turn ended before this event */
};

void model_init(struct model *model);

/* The next event: its number, the first of its command, when it was recorded. What must not be ends
 * the run. */
void model_take(struct model *model, const struct hv_event *event, int64_t seq, int64_t first,
                hv_time at_ms);
/* Whether a step that is to be taken is the last one of its ladder once more. */
bool model_repeats(const struct model *model, const struct hv_event *event);
/* Of an event that was taken; ends the run where there is none. */
const struct model_event *model_event(const struct model *model, int64_t seq);

/* The organisations whose coordinators may see it, as things stand; those of the network see all.
 */
unsigned model_seers(const struct model *model, const struct model_event *event);
/* The turn has ended that brought the events from that one on. */
void model_turn_ends(struct model *model, int64_t first);

/* After a turn: what a clock that was put back has left is swept by now, if ever.
 * T1: nobody has waited unseen for longer than the ladders' ceilings. */
void model_expect_heard(struct model *model, hv_time now_ms);

/* A bit for each organisation of the networks; 0 for any other. */
unsigned model_party(const char *organisation);

/* The state that follows, by the contract's table; 0 where it is refused. */
enum hv_handover_state model_next(enum hv_handover_state state, enum hv_event_name event);

#endif
