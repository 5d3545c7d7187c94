/* Ladders: who is told, after how long, when nobody acts. Read from the network's files, the
 * defaults among them; pure values.
 *
 * A ladder has steps that count from the beginning of its phase, and repeats its last one at its
 * own interval for ever (T1). */
#ifndef HOUVAST_LADDER_H
#define HOUVAST_LADDER_H

#include "broker/calendar.h"
#include "houvast/messages.h"

#define LADDER_STEPS_MAX      8
#define LADDER_ADDRESSEES_MAX 4

enum ladder_target {
    LADDER_RESPONSIBLE, /* the endpoints of the organisation that must act */
    LADDER_COORDINATOR, /* its coordinators */
    LADDER_NETWORK,     /* the network's coordinators */
    LADDER_HOLDER,      /* the endpoints of the organisation that holds */
    LADDER_OPERATORS,   /* the network's */
    LADDER_NAMED,       /* a role of an organisation that the file names */
};

struct ladder_addressee {
    enum ladder_target target;
    char organisation[HV_CODE_SIZE]; /* of LADDER_NAMED */
    enum hv_role role;               /* of LADDER_NAMED */
};

struct ladder_step {
    struct calendar_duration after; /* the beginning of the phase */
    bool has_no_later;
    int64_t no_later_ms; /* on the wall clock, instead of the ceiling that goes with `after` */
    struct ladder_addressee addressees[LADDER_ADDRESSEES_MAX];
    size_t addressee_count; /* none for check-ins alone (held, waiting) */
};

/* Which kinds a ladder is for. */
enum ladder_kind {
    LADDER_ANY_KIND,
    LADDER_WARM,
    LADDER_COLD, /* callback and signal too */
};

struct ladder {
    enum hv_phase phase;
    enum hv_urgency urgency; /* 0: any */
    enum ladder_kind kind;
    char from[HV_CODE_SIZE]; /* "": whoever offers */
    char to[HV_CODE_SIZE];   /* "": whoever receives */
    struct ladder_step steps[LADDER_STEPS_MAX];
    size_t step_count; /* 0 for the check-ins of held and waiting, which repeat alone */
    struct calendar_duration every;
    bool every_has_no_later;
    int64_t every_no_later_ms;
    const char *path; /* where it stands: of one of the network's files; NULL: a default */
    unsigned line;
};

/* The defaults first, then what the network's files say, in the order in which it is read. */
struct ladders {
    struct ladder *items; /* owned */
    size_t count;
};

/* What a ladder is looked up by. */
struct ladder_key {
    enum hv_phase phase;
    enum hv_urgency urgency;
    enum hv_kind kind; /* 0: there is no handover */
    const char *from;  /* the organisation that holds */
    const char *to;    /* the receiver, or "" */
};

/* The ladder for that key: what the network's files say goes before the defaults, and of either the
 * most particular that fits, the one read last of equals: a route (both ends, then `to`, then
 * `from`) before a kind before an urgency. A ladder for a kind fits no key without one, and a
 * ladder `to` an organisation no key that names nobody. *answer* falls back on *receipt*. NULL
 * where nobody says anything: the defaults have every phase and urgency but *waiting* in crisis,
 * which is not allowed. */
const struct ladder *ladder_find(const struct ladders *ladders, const struct ladder_key *key);

/* Whether the phase has check-ins alone, so that its ladders have no steps: an unanswered one
 * climbs *unrouted*. */
bool ladder_is_check_in(enum hv_phase phase);

#endif
