/* Sessions: who has said hello, and what is out to them. Memory only: with the ledger, the broker's
 * whole state, and all of it may be lost at any moment.
 *
 * Times here are ms since boot, which no clock setting moves. */
#ifndef HOUVAST_SESSION_H
#define HOUVAST_SESSION_H

#include <uthash.h>

#include "broker/broker.h"

struct session;

/* An inbox that has sessions: its endpoints, or coordinators, or operators, compete for its items.
 */
struct inbox {
    int64_t number; /* key: the ledger's */
    bool wanted;    /* there may be items that can go out */
    bool recall;    /* somebody said hello: what was set aside may go again */
    struct session *sessions;
    UT_hash_handle hh;
};

/* An item that is out to a session: sent, not yet acknowledged. */
struct out {
    int64_t item_row; /* key */
    size_t bytes;     /* of its dossier */
    bool ending;      /* this turn acknowledges or fails it, once committed */
    int64_t sent_ms;
    struct session *session;
    struct out *prev, *next;     /* of the session */
    struct out *older, *younger; /* of all: in the order of sending */
    UT_hash_handle hh;
};

struct session_name {
    char organisation[HV_CODE_SIZE];
    char instance[HV_CODE_SIZE];
    enum hv_role role;
};

/* How far a watcher has come. */
struct watch {
    enum {
        WATCH_NONE,
        WATCH_JOURNEYS, /* what is open, up to `row` */
        WATCH_EVENTS,   /* what had happened, up to `seq` */
        WATCH_LIVE,     /* what happens, up to `seq` */
        WATCH_GAP,      /* its connection was full: it is to hear so */
        WATCH_ENDED,    /* and has */
    } stage;
    bool from_open; /* it asked for what is open, not for what had happened */
    int64_t row;
    int64_t seq;
    int64_t live_seq; /* the newest event when it began */
    int64_t gap_from;
};

/* Where a page of a list ended, by what the next one is asked `after`. */
struct listed {
    struct hv_uuid journey;
    hv_time due_ms;
    int64_t row; /* 0: none */
};
#define LISTED_MAX 4

struct session {
    struct route route;       /* key: all of it, unused bytes zero */
    struct session_name name; /* second key: all of it, unused bytes zero */
    uint8_t key[NETWORK_KEY_SIZE];
    struct inbox *inbox;
    struct session *prev, *next; /* of the inbox */
    int64_t begun_turn;          /* how many turns had committed before it began */
    int64_t credit;
    bool lenient; /* it said a later minor */
    int64_t heard_ms;
    int64_t spoke_ms;
    int64_t deaf_until_ms; /* its queue was full: it gets nothing before */
    int64_t deaf_ms;       /* for how long, then */
    int64_t deaf_place;    /* the row or event that a watcher had no room for, then */
    struct out *outs;
    int64_t out_count;
    int64_t ending_count; /* of its outs */
    size_t out_bytes;
    struct watch watch;   /* as the open turn has it */
    struct watch watched; /* as the last commit left it */
    struct listed listed[LISTED_MAX];
    size_t listed_count; /* in all; the newest take the places of the oldest */
    size_t unread_bytes; /* of earlier sessions of the connection, as far as it has not read them */
    UT_hash_handle hh;
    UT_hash_handle hh_name;
};

/* Item rows whose session is gone: the next turn lets them go out again. */
struct returned {
    int64_t *rows;
    size_t count, capacity;
};

struct sessions {
    struct session *by_route;
    struct session *by_name;
    struct inbox *inboxes;
    struct out *outs;
    struct out *oldest; /* head of all outs in the order of sending */
    struct returned returned;
    bool recalls;     /* there are inboxes with `recall` */
    int64_t changes;  /* sessions that began or ended, in all */
    int64_t watchers; /* sessions that watch, or did */
};

/* Frees everything; an all-zero one is empty and ready. */
void sessions_fini(struct sessions *sessions);

/* NULL where there is none. Borrowed until the session, or what is out to it, ends. */
struct session *session_find(struct sessions *sessions, const struct route *route);
struct session *session_named(struct sessions *sessions, const struct session_name *name);
struct out *session_out_find(struct sessions *sessions, int64_t item_row);

/* There may be items of the inbox with this number that can go out; nothing happens where it has no
 * session. */
void sessions_want(struct sessions *sessions, int64_t number);

/* Begins a session; the caller has ended any other of the same route or name. NULL when memory is
 * short. */
struct session *session_begin(struct sessions *sessions, const struct route *route,
                              const struct session_name *name, int64_t inbox, int64_t now_ms);
/* Ends it and frees it; what was out to it is returned. -ENOMEM: nothing was changed. */
int session_end(struct sessions *sessions, struct session *session);

/* An item is out to the session. NULL when memory is short. */
struct out *session_out_add(struct sessions *sessions, struct session *session, int64_t item_row,
                            size_t bytes, int64_t now_ms);
/* The turn acknowledges or fails it: its credit is free again. Undone when the turn is rolled back.
 */
void session_out_ending(struct out *out, bool ending);
/* It is not any more: acknowledged, or failed. */
void session_out_remove(struct sessions *sessions, struct out *out);

/* Asks the next turn to let this item go out again. -ENOMEM. */
int sessions_return(struct sessions *sessions, int64_t item_row);

#endif
