/* Turns: the one road that everything takes. Private to the broker's core.
 *
 *   take a batch ─► decode ─► may it? ─► decide ─► record ─► commit (one sync) ─► release
 *
 * turn.c         the road: begin, messages, timers, deliveries, commit, release
 * message.c      one message: decode, session, where it goes
 * command.c      commands on journeys and handovers, in the order in which the contract judges them
 * record.c       what was decided: events, the rows they fold to, items, dossiers
 * question.c     status, history, map, stats
 * delivery.c     items: acknowledgements, and what goes out
 * reload.c       network files, all or nothing
 * answer.c       done and refused */
#ifndef HOUVAST_TURN_H
#define HOUVAST_TURN_H

#include <msgpack.h>

#include "broker/broker.h"
#include "broker/ledger.h"
#include "broker/session.h"

/* What the disk allows. */
enum turn_mode {
    TURN_NORMAL,
    TURN_RESERVE, /* short of space: confirm, decline and acknowledgements go on from the reserve */
    TURN_READ_ONLY, /* not even those */
};

/* How much an organisation may still ask in this second. */
struct rate {
    char organisation[HV_CODE_SIZE]; /* key */
    int64_t tokens;                  /* thousandths of a command */
    int64_t at_ms;                   /* since boot */
    UT_hash_handle hh;
};

/* A connection whose key was removed and that has been told so. */
struct barred {
    struct route route; /* key */
    UT_hash_handle hh;
};
#define BARRED_MAX 4096

struct broker_counters {
    int64_t turns;
    int64_t messages;
    int64_t refusals;
    int64_t commands;
    int64_t repeats;
    int64_t items_sent;
    int64_t items_acknowledged;
};

struct broker {
    const struct world *world;
    char *network_directory;
    struct ledger *ledger;
    struct network *network;
    struct sessions sessions;
    struct rate *rates;
    struct barred *barred;
    struct broker_counters counters;
    bool disk_short;          /* said so, and not yet well again */
    bool wipe_wanted;         /* something was deleted that the log still has */
    int64_t wiped_ms;         /* since boot: when that was last done */
    int64_t reserve_tried_ms; /* since boot */
    int64_t beat_ms;          /* since boot: no session is due for a heartbeat before */
    bool turn_wanted;         /* work is left over for another turn at once */
    hv_time next_wall_ms;     /* the ledger's next timer; -1: none */
};

/* One turn while it runs. */
struct turn {
    struct broker *broker;
    struct ledger *ledger;
    struct outbox *outbox;
    size_t outbox_before; /* what stood there before */
    enum turn_mode mode;
    hv_time now_ms;               /* wall clock, the same for all of the turn */
    int64_t boot_ms;              /* since boot */
    msgpack_zone zone;            /* what was decoded in it */
    struct returned sent;         /* item rows that went out in it */
    struct returned ending;       /* item rows whose out ends with it */
    size_t returned_done;         /* of sessions.returned, handled in it */
    bool deleted;                 /* dossiers were */
    struct network *network_next; /* in force once the turn has committed; NULL: no reload */
    struct broker_counters counters;
    int error; /* -ENOMEM outside the ledger */
};

/* One message in hand. */
struct request {
    struct turn *turn;
    const struct inbound *inbound;
    const struct network_organisation *organisation; /* whose key it is */
    const struct network_key *key;
    struct session *session; /* NULL before hello */
    struct actor actor;
    struct hv_message message;
    char id[HV_REQUEST_SIZE]; /* `request`; "" where it has none */
    uint8_t command[16];      /* organisation, role and content: what makes it the same again */
    uint8_t dossier_hash[32]; /* of frame 2 */
};

/* ---- turn.c ---- */

/* Runs one turn as broker_turn says. */
int turn_run(struct broker *broker, const struct inbound *batch, size_t count,
             struct outbox *outbox);

/* ---- message.c ---- */

void message_take(struct turn *turn, const struct inbound *inbound);
/* Ends a session; what was out to it goes to others. */
void session_over(struct turn *turn, struct session *session);
/* Sends a ping. */
void message_ping(struct turn *turn, struct session *session);

/* ---- reload.c ---- */

/* Reads the network files and puts them in force within this turn, all or nothing: they take effect
 * when it has committed. 0; a negative errno with the sentence; -EIO, -ENOMEM or -ENOSPC when the
 * turn failed. */
int reload_network(struct turn *turn, struct failure *ret_failure);
/* At a start: what the files no longer name but still has duties is kept, marked leaving. */
int reload_at_start(struct turn *turn, struct failure *ret_failure);
/* After the commit, or instead of it: the new network is in force, or forgotten. */
void reload_commit(struct turn *turn);
void reload_forget(struct turn *turn);

/* ---- command.c ---- */

/* A command on a journey or handover; false where the message is none. */
bool command_take(struct request *request);

/* ---- record.c ---- */

/* Appends the decision's events and stores what they fold to. `handover` may be NULL where no event
 * has one. Gives the first event's seq; 0 after an error. */
int64_t record_decision(struct request *request, const struct decision *decision,
                        struct journey *journey, struct handover *handover);
/* The same for one event that the broker itself or an acknowledgement causes. */
int64_t record_event(struct turn *turn, const struct hv_event *event, struct journey *journey,
                     struct handover *handover);

/* ---- question.c ---- */

/* A question; false where the message is none. */
bool question_take(struct request *request);

/* ---- delivery.c ---- */

void delivery_ack(struct request *request);
void delivery_nack(struct request *request);
/* Lets go out again what sessions left, what timed out and what has rested. */
void delivery_timers(struct turn *turn);
/* Puts into the outbox what sessions have credit for. */
void delivery_dispatch(struct turn *turn);

/* ---- answer.c ---- */

/* Encodes a message for a connection into the outbox. */
void answer_send(struct turn *turn, const struct route *to, const struct hv_message *message);
void answer_refuse(struct request *request, enum hv_refusal code, const char *field,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
void answer_busy(struct request *request, int64_t retry_after_ms);
/* Begins a `done`: request, ledger and at are filled in. */
struct hv_done *answer_begin(struct request *request, struct hv_message *ret_message);
void answer_done(struct request *request, struct hv_message *message, int64_t seq);

/* A copy of a text into a field of the same or a greater size. */
#define copy_text(to, from) ((void)snprintf((to), sizeof(to), "%s", (from)))

#endif
