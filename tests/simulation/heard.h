/* What peers asked and heard: answers against what was asked (D1, D2, and who may what), items
 * against what was promised (D2, D3), and nothing that is not theirs (P1). */
#ifndef HOUVAST_TESTS_SIMULATION_HEARD_H
#define HOUVAST_TESTS_SIMULATION_HEARD_H

#include "marks.h"
#include "model.h"
#include "wire/wire.h"

struct peer;

#define HEARD_ASKED_MAX 4096
#define HEARD_ITEMS_MAX 16384

/* A question or command: its `request` is its number here. */
struct asked {
    enum hv_message_type type;
    char organisation[HV_CODE_SIZE];
    enum hv_role role;
    uint8_t content[32];
    unsigned journey, handover; /* that it names; 0: none */
    int64_t number; /* of the item that is acknowledged, or the event that is watched from */
    bool acts;      /* for another organisation */
    bool shared;    /* said so that it may be answered more than once */
    bool done;      /* it took effect */
    int64_t seq;    /* by this event */
};

/* An item that was sent to an inbox. */
struct sent {
    unsigned inbox; /* organisation and role */
    int64_t item, seq, attempt;
    struct hv_uuid journey;
    bool of_offer, of_digest;
    unsigned handover;
    bool acknowledged; /* somebody of its inbox said so */
};

/* What a connection that watches has seen. */
struct watching {
    bool on;
    bool live;                  /* nothing from before is to come any more */
    bool from_open;             /* it began with what is open */
    int64_t seq;                /* it has seen what it may see as far as that */
    bool shown[MODEL_JOURNEYS]; /* of what was open */
};

struct heard {
    struct asked asked[HEARD_ASKED_MAX];
    size_t asked_count;
    struct sent sent[HEARD_ITEMS_MAX];
    size_t sent_count;
};

void heard_init(struct heard *heard);
/* The `request` of the next one; static. */
const char *heard_request(const struct heard *heard);
/* A peer asks this. `shared`: the frame may come twice, or changed. */
void heard_ask(struct heard *heard, const struct peer *peer, const void *envelope, size_t size,
               bool shared);

/* The events that a committed turn has left to be taken: heard_answer calls for those before and
 * with the one that it names. */
struct heard_events {
    void *context;
    /* Those before `seq`; and those of the command that began with it. */
    void (*take_before)(void *context, int64_t seq);
    void (*take_command)(void *context, int64_t seq);
};

/* This leaves for a peer. `is_lost`: it does not arrive. */
void heard_message(struct heard *heard, struct model *model, struct peer *peer,
                   const struct hv_message *message, bool has_dossier, bool is_lost,
                   const struct heard_events *events);

/* T1: an event says that an item was acknowledged; somebody of its inbox has. */
void heard_expect_acknowledged(const struct heard *heard, const struct hv_event *event,
                               int64_t seq);
/* A1: a peer that watches, and to which all was sent that there is, has seen all that it may. */
void heard_expect_watched(const struct model *model, struct peer *peer);

#endif
