/* What is in hand while a turn runs: the broker, the turn, and one message of it. Private to the
 * broker's core.
 *
 *   take a batch ─► decode ─► may it? ─► decide ─► record ─► commit (one sync) ─► release
 *
 *   turn         the road: begin, messages, timers, deliveries, commit, release
 *   message      one message: decode, session, where it goes
 *   greeting     hello and bye
 *   acting       for whom a coordinator of the network acts
 *   command      commands on handovers and journeys, judged in the order of the contract
 *   absence      who is away, and who is there instead
 *   record       what was decided: events, the rows they fold to, items, dossiers
 *   question     status, history, map, stats
 *   list         what is open, most overdue first
 *   watch        the same, live
 *   verify       the ledger compared with itself, in slices between turns
 *   delivery     items: acknowledgements, and what goes out
 *   ring         steps of ladders that fall due
 *   digest       many steps in one item
 *   sweep        open journeys whose timer is lost
 *   past         networks that phases began under
 *   timekeeping  what time it is
 *   heartbeat    who is still there
 *   quiet        which organisation is not
 *   rate         how much an organisation may ask
 *   unread       how much a connection has not shown to have read
 *   reload       network files, all or nothing
 *   answer       done and refused
 *
 * One thread, and none of these rooms blocks, but on the disk behind the ledger. What they cannot
 * do they do not return: it stands in ledger_error and turn->error, and the turn is then undone as
 * a whole. What an answer points at lives in the turn's zone, or as long as the request. */
#ifndef HOUVAST_REQUEST_H
#define HOUVAST_REQUEST_H

#include <msgpack.h>

#include "broker/broker.h"
#include "broker/clock.h"
#include "broker/ledger.h"
#include "broker/receipt_key.h"
#include "broker/session.h"

/* What the disk allows. */
enum turn_mode {
    TURN_NORMAL,
    TURN_RESERVE, /* short of space: confirm, decline and acknowledgements go on from the reserve */
    TURN_READ_ONLY, /* not even those */
};

struct network_past;
struct quiet;
struct rate;
struct unread;
struct verify;

/* A connection whose key was removed and that has been told so. */
struct barred {
    struct route route; /* key */
    UT_hash_handle hh;
};
#define BARRED_MAX 4096

/* The bounds of the histogram of turns by how many messages they took. The door takes at most 256,
 * so that those behind the last bound were full. */
#define TURN_BOUNDS(B)        B(0) B(1) B(2) B(4) B(8) B(16) B(32) B(64) B(128) B(192) B(255)
#define TURN_BOUND_NAME(most) TURNS_UP_TO_##most,
enum turn_bound { TURN_BOUNDS(TURN_BOUND_NAME) TURN_BOUND_COUNT };

struct broker_counters {
    int64_t turns;
    int64_t turns_up_to[TURN_BOUND_COUNT]; /* those of at most so many messages */
    int64_t messages;
    int64_t refusals;
    int64_t busy;   /* refused as such */
    int64_t alarms; /* said: of rates and endings */
    int64_t steps;  /* of ladders, taken */
    int64_t repairs;
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
    int64_t network_seq;          /* the event that put it in force; 0: not known */
    struct network_past *past;    /* networks that phases began under, as they were asked for */
    struct receipt_signer signer; /* of the receipts given now */
    bool signer_expired;          /* said so */
    struct verify *verify;        /* a walk over the ledger that is under way; NULL: none */
    struct sessions sessions;
    struct rate *rates;
    struct quiet *quiets;   /* since when organisations have no session */
    int64_t quiet_seen;     /* sessions.changes when that was looked at */
    hv_time quiet_seen_ms;  /* and when that was */
    hv_time quiet_next_ms;  /* when somebody's time is over; -1: nobody's */
    hv_time quiet_count_ms; /* a silence is measured in the next turn from then on; -1: none */
    struct barred *barred;
    struct unread *unread;
    bool unread_unasked; /* some of them have no ping out */
    struct broker_counters counters;
    msgpack_sbuffer encoded;  /* the message that is sent, until it is in the outbox */
    bool disk_short;          /* said so, and not yet well again */
    bool wipe_wanted;         /* something was deleted that the log still has */
    int64_t wiped_ms;         /* since boot: when that was last done */
    int64_t reserve_tried_ms; /* since boot */
    int64_t turned_ms;        /* since boot: when the last turn was taken */
    int64_t beat_ms;          /* since boot: no session is due for a heartbeat before */
    bool turn_wanted;         /* work is left over for another turn at once */
    hv_time next_wall_ms;     /* the ledger's next timer; -1: none */
    struct clock clock;       /* at the last turn */
    int64_t clock_kept_ms;    /* since boot: when the ledger had it last */
    int64_t sweep_row;        /* the journey that was swept last; 0: a sweep begins */
    int64_t sweep_next_ms;    /* since boot: not before */
    bool sweep_hurries;       /* the clock was put back: it wants turns of its own */
};

/* One turn while it runs. */
struct turn {
    struct broker *broker;
    struct ledger *ledger;
    struct outbox *outbox;
    size_t outbox_before; /* what stood there before */
    enum turn_mode mode;
    struct clock clock;     /* as it stands in it */
    hv_time now_ms;         /* what counts as the time, the same for all of the turn */
    int64_t boot_ms;        /* since boot */
    msgpack_zone zone;      /* what was decoded in it */
    struct returned sent;   /* item rows that went out in it */
    struct returned ending; /* item rows whose out ends with it */
    size_t returned_done;   /* of sessions.returned, handled in it */
    bool deleted;           /* dossiers were */
    bool rates_changed;     /* somebody was busy or ended something in it */
    bool sparing;           /* the disk is so full that one thing is done at a time */
    bool clock_kept;        /* the ledger has it */
    bool swept;             /* as far as sweep_row */
    int64_t sweep_row;
    bool recalled;                     /* what was set aside, for whoever said hello */
    struct network *network_next;      /* in force once the turn has committed; NULL: no reload */
    int64_t network_seq_next;          /* comes with it */
    struct receipt_signer signer_next; /* comes with it */
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

#endif
