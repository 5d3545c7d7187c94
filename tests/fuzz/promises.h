/* What a broker has promised to peers in one run, told from outside by what it said: a broker that
 * breaks a promise ends the program. */
#ifndef HOUVAST_TESTS_PROMISES_H
#define HOUVAST_TESTS_PROMISES_H

#include "feed.h"
#include "wire/wire.h"

/* As many as a run is looked at for; what comes after is taken without looking. */
#define PROMISES_MAX 1024

/* A command that was asked: by its `request`, which is its number in this list. */
struct asked {
    enum hv_message_type type;
    char organisation[HV_CODE_SIZE];
    enum hv_role role;
    uint8_t content[32];
    bool shared; /* something else was asked by the same `request` */
    bool done;   /* it took effect */
    int64_t seq; /* by this event */
};

/* An item that was sent. */
struct owed {
    char organisation[HV_CODE_SIZE];
    enum hv_role role;
    int64_t item, seq, attempt;
    struct hv_uuid journey;
    bool acknowledged; /* somebody of its inbox said so */
};

struct promises {
    int64_t attempts_max;             /* after which an item is set aside */
    int64_t seq_done;                 /* the newest event that an answer named */
    struct asked asked[PROMISES_MAX]; /* `shared` may be set of one that is yet to come */
    size_t asked_count;
    struct owed owed[PROMISES_MAX];
    size_t owed_count;
};

/* The `request` of the next command to be asked; static. */
const char *promises_request(const struct promises *promises);

/* A peer asks this. */
void promises_ask(struct promises *promises, const char *organisation, enum hv_role role,
                  const void *envelope, size_t size);
/* This leaves for a peer; where it is lost on the way, it was said all the same. */
void promises_hear(struct promises *promises, const char *organisation, enum hv_role role,
                   const struct hv_message *message, bool has_dossier, bool is_lost);

#endif
