/* The walk over the ledger, between its stages. Private to ledger_walk*.c.
 *
 * A stage takes what the budget of the step allows, spends it, and remembers where it was. Work is
 * counted in things looked at, not in time: an event, a row, 4 KiB of a dossier, a part of checking
 * a signature. A stage goes over the budget by one such thing at most. */
#ifndef HOUVAST_LEDGER_WALK_H
#define HOUVAST_LEDGER_WALK_H

#include "broker/ledger.h"
#include "broker/ledger_sql.h"
#include "broker/network.h"

/* Bytes that cost as much as a row, and signatures and network files in rows. */
#define WALK_BYTES         ((size_t)4096)
#define WALK_NETWORK_BYTES ((size_t)512)
#define WALK_SIGNATURE     10

/* Handovers of one journey folded in one pass over its events: more take more passes. */
#define WALK_HANDOVERS_MAX 64

enum walk_stage {
    STAGE_BEGIN,
    STAGE_CHAIN,
    STAGE_STRAYS,
    STAGE_JOURNEYS,
    STAGE_ITEMS,
    STAGE_DIGESTS,
    STAGE_INBOXES,
};

/* One handover while it is folded. */
struct walk_handover {
    struct handover fold; /* first: handovers are searched by its row */
    hv_time delete_at_ms; /* what its confirmation said */
    unsigned missing;     /* a bit for each dossier that had no row when its event was folded */
};

/* One journey while it is folded. */
struct walk_journey {
    int64_t row; /* 0: none is in hand */
    int64_t seq; /* of the event folded last; 0: none yet */
    struct journey fold;
    int64_t ended_last;       /* of the pass's handovers, the newest end; 0: open */
    bool compared;            /* its row is; the handovers follow */
    size_t handover_compared; /* how many of them are */
    size_t handover_count;
    struct walk_handover handovers[WALK_HANDOVERS_MAX]; /* in the order of their rows */
};

/* What the events so far owe to an inbox. */
struct walk_inbox {
    struct walk_inbox_name {
        char organisation[HV_CODE_SIZE];
        enum hv_role role;
    } name;      /* key: all of it, unused bytes zero */
    int64_t row; /* 0: it has none */
    int64_t last;
    int64_t seq;      /* the event that owed last */
    int64_t digest;   /* the item that is its newest digest; 0: it has had none */
    int64_t digested; /* the event of the step that went into a digest last */
    UT_hash_handle hh;
};

/* A step of a ladder that went into a digest, until it is told. */
struct walk_digested {
    struct walk_digested_name {
        int64_t inbox_row;
        int64_t seq; /* of the step */
    } name;          /* key */
    int64_t item;    /* the digest; 0: none that the events know of */
    const struct walk_inbox *inbox;
    UT_hash_handle hh;
};

/* A row of a digest, in the order of its first three. */
struct walk_digest_row {
    int64_t inbox_row;
    int64_t item;
    int64_t place;
    int64_t seq;
};

struct walk_items {
    int64_t seq;             /* of the event taken last */
    struct network *network; /* in force at it; NULL before the first */
    struct walk_inbox *inboxes;
    struct walk_digested *digested, *digested_found; /* to be compared, and compared */
    struct walk_digest_row digest_row;               /* the last one that was compared */
    uint8_t network_hash[32]; /* of the newest, also where it cannot be read */
    int64_t network_seq;      /* the event that put it in force */
    int64_t inbox_row;        /* the last one that was compared */
};

struct ledger_walk {
    enum walk_stage stage;
    size_t budget; /* left in this step */
    int64_t step_began_ms;
    size_t work; /* done in this step */
    bool differs;
    struct ledger_walk_known known;
    struct ledger_walk_result result;
    uint8_t until_head[32]; /* what the head was at the first step */
    int64_t until;          /* and its number */
    int64_t journey_last;
    int64_t journey_row; /* the last one that was compared */
    size_t stray_table;  /* which is looked through */
    int64_t stray_row;   /* the last one of it */
    msgpack_zone zone;
    struct walk_items items;
    struct walk_journey journey;
};

/* The first difference stands. Always false. */
__attribute__((format(printf, 2, 3))) bool walk_differ(struct ledger_walk *walk, const char *format,
                                                       ...);
void walk_spend(struct ledger_walk *walk, size_t work);
/* The event of the present row, out of its column `payload`; false after an error, or where it is
 * none. It lives until the next one. */
bool walk_payload(struct ledger_walk *walk, struct sql *sql, int64_t seq,
                  struct hv_event *ret_event);

/* Each goes on with its stage; true when the stage is over. */
bool walk_chain(struct ledger *ledger, struct ledger_walk *walk);
bool walk_strays(struct ledger *ledger, struct ledger_walk *walk);
bool walk_journeys(struct ledger *ledger, struct ledger_walk *walk);
bool walk_items(struct ledger *ledger, struct ledger_walk *walk);
bool walk_digests(struct ledger *ledger, struct ledger_walk *walk);
bool walk_inboxes(struct ledger *ledger, struct ledger_walk *walk);
void walk_items_free(struct walk_items *items);

/* What is known so far of an inbox; NULL after an error. */
struct walk_inbox *walk_inbox_of(struct ledger *ledger, struct ledger_walk *walk,
                                 const char *organisation, enum hv_role role);
const char *walk_role_name(enum hv_role role);

/* ---- Steps in digests, and absences ---- */

/* The step of that event went into the inbox's newest digest, or into the one that begins next. */
bool walk_digest_took(struct ledger *ledger, struct ledger_walk *walk, struct walk_inbox *inbox,
                      int64_t seq);
/* The last item of the inbox is a new digest, for the step that was taken last. */
void walk_digest_began(struct ledger_walk *walk, struct walk_inbox *inbox);
/* The acknowledgement of that digest told that step; false where it was not in it. */
bool walk_digest_told(struct ledger_walk *walk, const struct walk_inbox *inbox, int64_t item,
                      int64_t seq);
void walk_digests_free(struct walk_items *items);
/* The absence that this event says stands in its row, or a newer one does. */
bool walk_absence_said(struct ledger *ledger, struct ledger_walk *walk, int64_t seq,
                       const struct hv_event *event);
/* The absence in the present row is the one that its event says. */
bool walk_absence_row(struct ledger_walk *walk, struct sql *sql);

/* ---- A handover's dossiers and receipt ---- */

/* The dossier that this event brought, if any: its row, where it still has one, names its hash. */
bool walk_dossier_came(struct ledger *ledger, struct ledger_walk *walk,
                       struct walk_handover *handover, const struct hv_event *event);
/* The handover has been folded to its present end: its dossiers are there, or are gone. */
bool walk_dossiers_compare(struct ledger *ledger, struct ledger_walk *walk,
                           const struct walk_handover *handover);
/* The event of the present row has confirmed the handover, which `before` held until then: its
 * receipt says so. */
bool walk_receipt_compare(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql,
                          const struct handover *handover, const struct hv_event *event,
                          const struct hv_holder *before);
/* The receipt of that handover bears the network's name, and one of the signatures that the network
 * knows. */
bool walk_receipt_signed(struct ledger *ledger, struct ledger_walk *walk, int64_t handover_row);

#endif
