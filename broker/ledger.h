/* The ledger: the one memory that matters. SQLite behind verbs; nothing outside ledger*.c speaks
 * SQL.
 *
 * One turn is one transaction with one sync. Within a turn errors are sticky: after the first one
 * every other call does nothing and gives zeroes, and ledger_commit or ledger_error says what it
 * was. So a sequence of reads and writes reads straight down, and nothing of a failed turn can be
 * answered.
 *
 *   -ENOSPC  the disk is full: roll back; a smaller turn may go on from the reserve
 *   -ENOMEM  roll back
 *   -EIO     the outcome is unknown: the process must end and answer nobody, because a commit that
 *            failed may still be found on the disk at the next start
 *
 * One thread, one connection in the whole system (EXCLUSIVE): no other process opens the ledger. */
#ifndef HOUVAST_LEDGER_H
#define HOUVAST_LEDGER_H

#include <msgpack.h>

#include "broker/clock.h"
#include "broker/failure.h"
#include "broker/handover.h"
#include "broker/journey.h"
#include "broker/world.h"

struct ledger;

/* ---- Life ---- */

/* Opens DIRECTORY/ledger.sqlite, or makes it if it does not exist; brings an older one up to date.
 * 0 and a ledger for ledger_close, or with a sentence: -EPROTO newer than this program or not a
 * ledger of Houvast; -EIO, -ENOSPC, -ENOMEM, -EACCES. What was out before the stop may go out
 * again. */
int ledger_open(const char *directory, const struct world *world, struct ledger **ret_ledger,
                struct failure *ret_failure);
/* NULL is fine. A turn that is open is rolled back. */
void ledger_close(struct ledger *ledger);

/* Of the last commit, or of the open turn. */
const struct hv_uuid *ledger_id(const struct ledger *ledger);
int64_t ledger_seq(const struct ledger *ledger);
const uint8_t *ledger_head(const struct ledger *ledger); /* 32 bytes */

/* What stands now, without reading the disk. */
struct ledger_gauges {
    int64_t journeys_held;
    int64_t handovers_open;
    int64_t items_owed;
    int64_t items_aside;
};
struct ledger_gauges ledger_gauges(const struct ledger *ledger);

/* ---- Turns ---- */

/* Begins a turn; the transaction itself begins with the first write. */
void ledger_begin(struct ledger *ledger);
/* The sticky error of the open turn, 0 while there is none. */
int ledger_error(const struct ledger *ledger);
/* Commits with one sync, or rolls back and gives the sticky error. The only place that commits. A
 * statement left unfinished is a defect and aborts. After -EIO the ledger must not be used again.
 */
int ledger_commit(struct ledger *ledger);
void ledger_rollback(struct ledger *ledger);
/* Whether the open turn has written. */
bool ledger_has_written(const struct ledger *ledger);

/* Copies the log into the file and empties it, so that nothing deleted is left in it; or, if that
 * cannot be now (disk full), leaves it as it is: -ENOSPC. Between turns. */
int ledger_checkpoint(struct ledger *ledger);

/* The reserve: a file that holds space so that a full disk cannot stop a confirmation. */
void ledger_reserve_release(struct ledger *ledger);
/* Takes it back. 0, or -ENOSPC while there is no room. */
int ledger_reserve_take(struct ledger *ledger);
bool ledger_reserve_is_held(const struct ledger *ledger);
/* Whether space or inodes of the file system run short: time to refuse what is new. */
bool ledger_disk_is_short(const struct ledger *ledger);

/* ---- Events ---- */

struct ledger_cause {
    bool has_command;
    uint8_t command[16]; /* who asked for what: organisation, role and content */
    int64_t first;       /* 0 for the first event of a command, then that event's seq */
};

/* Appends to the chain and gives the event's seq; 0 after an error. `journey_row` and
 * `handover_row` are 0 where the event has none. */
int64_t ledger_event_append(struct ledger *ledger, const struct hv_event *event, hv_time at_ms,
                            int64_t journey_row, int64_t handover_row, struct ledger_cause cause);

/* The event of this journey that a command caused first, or 0. */
int64_t ledger_command_find(struct ledger *ledger, int64_t journey_row, const uint8_t command[16]);
/* The same for a command that belongs to no journey. */
int64_t ledger_network_command_find(struct ledger *ledger, const uint8_t command[16]);
/* The first event of the command that caused this event. */
int64_t ledger_event_first(struct ledger *ledger, int64_t seq);
/* What an event is called; 0 after an error. */
enum hv_event_name ledger_event_name(struct ledger *ledger, int64_t seq);
/* The newest event of that name in a journey, or 0. */
int64_t ledger_event_newest(struct ledger *ledger, int64_t journey_row, enum hv_event_name name);
/* The newest event by which a coordinator of that organisation claimed the journey, for the network
 * or for its own, or 0. What is read lives in `zone`. */
int64_t ledger_claim_newest(struct ledger *ledger, int64_t journey_row, const char *organisation,
                            bool of_network, msgpack_zone *zone);

/* The event by which the supplement of that number came, or 0: they come in order, one event each.
 */
int64_t ledger_supplement_find(struct ledger *ledger, const struct handover *handover,
                               int64_t number);

/* An event as it was appended, with seq and at; lists and texts live in `zone`. One that is damaged
 * says what happened, and of what, alone; the journal says so. False after an error. */
bool ledger_event_get(struct ledger *ledger, int64_t seq, msgpack_zone *zone,
                      struct hv_event *ret_event);

/* Events of a journey after `after`, oldest first, at most `limit` and fewer where they are long;
 * those of handovers to which `only_party` (NULL: all) is a party. Gives how many; *ret_more says
 * that others follow. `ret_events` has room for `limit`. */
size_t ledger_history(struct ledger *ledger, int64_t journey_row, int64_t after, size_t limit,
                      const char *only_party, msgpack_zone *zone, struct hv_event *ret_events,
                      bool *ret_more);
/* Whether the organisation is a party to any handover of the journey. */
bool ledger_is_party(struct ledger *ledger, int64_t journey_row, const char *organisation);

/* Who acknowledged steps of the journey's ladders (of one handover, where its row is given), newest
 * first, at most 32; they live in `zone`. Gives how many. */
size_t ledger_told(struct ledger *ledger, int64_t journey_row, int64_t handover_row,
                   msgpack_zone *zone, const struct hv_told **ret_told);
/* Whether an item of the journey is set aside. */
bool ledger_journey_is_stuck(struct ledger *ledger, int64_t journey_row);

/* The journey as it stood after the command whose first event is `first`, folded from the log. */
bool ledger_journey_then(struct ledger *ledger, int64_t journey_row, int64_t first,
                         msgpack_zone *zone, struct journey *ret_journey);

/* ---- Journeys and handovers ---- */

bool ledger_journey_find(struct ledger *ledger, const struct hv_uuid *id,
                         struct journey *ret_journey);
bool ledger_journey_get(struct ledger *ledger, int64_t row, struct journey *ret_journey);
/* Stores it; a new one (row 0) gets its row. */
void ledger_journey_put(struct ledger *ledger, struct journey *journey);

/* The open journey whose next step is due first, at or before `now_ms`; 0 for none. */
int64_t ledger_journey_due(struct ledger *ledger, hv_time now_ms);
/* When a journey's row says that it is; -1 where there is no such row. */
hv_time ledger_journey_due_of(struct ledger *ledger, int64_t row);
/* When the next one is; false where no journey is open. */
bool ledger_journey_next(struct ledger *ledger, hv_time *ret_due_ms);

/* A place in the order in which open journeys fall due; all zeroes is the beginning. */
struct ledger_place {
    hv_time due_ms;
    int64_t row;
};
/* The places of open journeys behind that one, in order, at most `limit`; gives how many. Of all,
 * or (organisation not NULL) of those that it holds or is offered: that takes time that grows with
 * their number. */
size_t ledger_places_after(struct ledger *ledger, struct ledger_place place,
                           const char *organisation, size_t limit, struct ledger_place *ret_places);
/* The open journey with the least row above that; false where there is none. */
bool ledger_journey_above(struct ledger *ledger, int64_t row, struct journey *ret_journey);

bool ledger_handover_find(struct ledger *ledger, const struct hv_uuid *id,
                          struct handover *ret_handover);
bool ledger_handover_get(struct ledger *ledger, int64_t row, struct handover *ret_handover);
bool ledger_handover_open_of(struct ledger *ledger, int64_t journey_row,
                             struct handover *ret_handover);
void ledger_handover_put(struct ledger *ledger, struct handover *handover);

/* Calls `visit` with each organisation that held the journey before, each once. */
void ledger_earlier_holders(struct ledger *ledger, int64_t journey_row,
                            void (*visit)(void *context, const char *organisation), void *context);

/* What an organisation still has to do with: the reasons why it cannot be taken off the map. */
struct ledger_ties {
    int64_t journeys_held;
    int64_t handovers_open;
    int64_t items_owed;
};
struct ledger_ties ledger_ties_of(struct ledger *ledger, const char *organisation);
/* Calls `visit` with every organisation that has ties. */
void ledger_tied(struct ledger *ledger, void (*visit)(void *context, const char *organisation),
                 void *context);

/* ---- Dossiers ---- */

/* Stores a sealed dossier, or the place of one where `body` is NULL. */
void ledger_dossier_put(struct ledger *ledger, int64_t handover_row, int64_t number,
                        const uint8_t *hash, const void *body, size_t size);
/* A copy in *ret_body (malloc'ed, NULL where there is no body); false where it is deleted. */
bool ledger_dossier_get(struct ledger *ledger, int64_t handover_row, int64_t number,
                        bool *ret_has_hash, uint8_t ret_hash[32], uint8_t **ret_body,
                        size_t *ret_size);
/* Which of its handover's the event `dossier` of that number is about, as the events around it say.
 */
int64_t ledger_dossier_number(struct ledger *ledger, int64_t seq);
void ledger_dossiers_delete(struct ledger *ledger, int64_t handover_row);
void ledger_dossiers_delete_at(struct ledger *ledger, int64_t handover_row, hv_time delete_at_ms);
/* The handover whose dossiers are due first, at or before `now_ms`; 0 for none. */
int64_t ledger_dossiers_due(struct ledger *ledger, hv_time now_ms);
/* When the next ones are due; false for never. */
bool ledger_dossiers_next(struct ledger *ledger, hv_time *ret_at_ms);

/* ---- Receipts ---- */

/* Keeps the receipt of a handover that is confirmed now. */
void ledger_receipt_put(struct ledger *ledger, int64_t handover_row, const void *bytes,
                        size_t size);
/* Its size, copied to ret_bytes; 0 where there is none. */
size_t ledger_receipt_get(struct ledger *ledger, int64_t handover_row, void *ret_bytes,
                          size_t room);

/* ---- Inboxes ---- */

/* What belongs to no journey has `journey_row` 0 here and 0 in its row, where its event has NULL.
 * In the order of an inbox such items go as if they were of one journey. */
struct ledger_item {
    int64_t row;
    int64_t inbox;
    int64_t item;
    int64_t journey_row;  /* 0: of no journey */
    int64_t lane;         /* of an inbox's lane one at a time is on its way */
    int64_t handover_row; /* 0 where it has none */
    int64_t seq;          /* the event that it carries */
    int state;            /* enum ledger_item_state */
    int64_t attempts;
    int64_t failures;
};

/* On disk: never renumber. */
enum ledger_item_state {
    LEDGER_ITEM_WAITS = 0,
    LEDGER_ITEM_READY = 1,
    LEDGER_ITEM_OUT = 2,
    LEDGER_ITEM_RESTS = 3,
    LEDGER_ITEM_ASIDE = 4,
};

/* The inbox of an organisation's role, or 0 where there is none yet. */
int64_t ledger_inbox_find(struct ledger *ledger, const char *organisation, enum hv_role role);
/* The same, made if it is new. */
int64_t ledger_inbox(struct ledger *ledger, const char *organisation, enum hv_role role);

/* The lane of an item is the row of its journey; these are of none. On disk: never renumber. */
#define LEDGER_LANE_OTHERS  0
#define LEDGER_LANE_DIGESTS (-1)

/* `handover_row` is 0 where it has none. */
int64_t ledger_item_add(struct ledger *ledger, int64_t inbox, int64_t lane, int64_t handover_row,
                        int64_t seq);
/* How many items an inbox is owed, counted as far as `most`. */
int64_t ledger_items_count(struct ledger *ledger, int64_t inbox, int64_t most);

/* Steps that wait together in one item, a digest (digest.h). */

/* The newest digest of the inbox that has not gone out and has fewer than `most` steps; 0: none. */
int64_t ledger_digest_open(struct ledger *ledger, int64_t inbox, int64_t most);
void ledger_digest_add(struct ledger *ledger, int64_t inbox, int64_t item, int64_t seq);
/* The events of its steps, oldest first, at most `limit`; gives how many. */
size_t ledger_digest_get(struct ledger *ledger, int64_t inbox, int64_t item, size_t limit,
                         int64_t *ret_seqs);
/* It was acknowledged: nothing waits in it any more. */
void ledger_digest_end(struct ledger *ledger, int64_t inbox, int64_t item);
bool ledger_item_find(struct ledger *ledger, int64_t inbox, int64_t item,
                      struct ledger_item *ret_item);
bool ledger_item_get(struct ledger *ledger, int64_t row, struct ledger_item *ret_item);
/* The event by which it was acknowledged, or 0. */
int64_t ledger_item_acknowledged(struct ledger *ledger, int64_t inbox, int64_t item);

/* Items that may go out, in rising order; fills at most `limit` and gives how many. */
size_t ledger_items_ready(struct ledger *ledger, int64_t inbox, size_t limit,
                          struct ledger_item *ret_items);
/* It goes out with this commit: attempts + 1. */
void ledger_item_out(struct ledger *ledger, struct ledger_item *item);
/* Its session is gone: it may go out again. */
void ledger_item_return(struct ledger *ledger, int64_t row);
/* An attempt failed: it rests until `ready_at_ms`, or is set aside when that was one of
 * `failures_max`, and the next of its journey may go. True when it was set aside. */
bool ledger_item_failed(struct ledger *ledger, const struct ledger_item *item, hv_time ready_at_ms,
                        int64_t failures_max);
/* It ends by acknowledgement alone, recorded by event `seq`; the next of its journey may go. */
void ledger_item_acknowledge(struct ledger *ledger, const struct ledger_item *item, int64_t seq);
/* Items set aside may go again: a system of that inbox has said hello. */
void ledger_items_recall(struct ledger *ledger, int64_t inbox);
/* The longest that an item rests (the most that `after` of a `nack` may be). One that would rest
 * longer was put to rest before the clock was set back: it may go. */
#define LEDGER_REST_MAX_MS CALENDAR_HOUR_MS
/* Items that have rested enough may go; calls `visit` with each inbox that gained one. */
void ledger_items_wake(struct ledger *ledger, hv_time now_ms,
                       void (*visit)(void *context, int64_t inbox), void *context);
/* When the next one has rested enough; false for never. */
bool ledger_items_next(struct ledger *ledger, hv_time *ret_at_ms);
/* Whether an item `dossier` of this handover waits in the inbox. */
bool ledger_item_dossier_waits(struct ledger *ledger, int64_t inbox, int64_t handover_row);

/* ---- Verifying ---- */

/* A walk over the whole ledger, in steps between which turns go on: every event's commitment and
 * hash up to the newest at the first step; then every journey and handover, with what runs, its
 * dossiers and receipt, every item, digest and acknowledgement, and every absence, against what the
 * events say. Of an item only that it is owed is compared: its attempts are in no event; nor are
 * the clock and the measures. Its memory is bounded, but for the steps that wait in digests, which
 * take some hundred bytes each. */
struct ledger_walk;

enum ledger_walk_state {
    LEDGER_WALK_GOES_ON,
    LEDGER_WALK_WHOLE,
    LEDGER_WALK_DIFFERS,
};

/* What no ledger holds: the key that signs receipts where the network lists none. */
struct ledger_walk_known {
    bool has_receipt_key;
    uint8_t receipt_key[32]; /* it follows from the broker's own, the public half of which is */
    uint8_t broker_key[32];
};

struct ledger_walk_result {
    int64_t seq;      /* the newest event that it took into account */
    uint8_t head[32]; /* its hash */
    int64_t events, journeys, handovers, dossiers, receipts, items;
    /* The event that put network files in force which this program can no longer read: what was
     * owed from there on is not compared. 0: none did. */
    int64_t unread_network_seq;
    size_t work_most;  /* of all steps, as they are counted for ledger_walk_step */
    char finding[256]; /* the first that differs, as a sentence without a full stop */
};

/* NULL when memory is short. Free with ledger_walk_free; NULL is fine. */
struct ledger_walk *ledger_walk_new(const struct ledger_walk_known *known);
void ledger_walk_free(struct ledger_walk *walk);
/* The next step, of `budget` events, rows and the like and at most some milliseconds, in a turn
 * that has not written. It goes over that budget by one thing at most: a dossier (one for each 4
 * KiB), a network's files, the handovers of one journey. After an error (ledger_error) the walk is
 * of no use any more. */
enum ledger_walk_state ledger_walk_step(struct ledger *ledger, struct ledger_walk *walk,
                                        size_t budget);
/* What it has found so far; borrowed. */
const struct ledger_walk_result *ledger_walk_result(const struct ledger_walk *walk);

/* The hash of an event; false where there is no such event. */
bool ledger_event_hash(struct ledger *ledger, int64_t seq, uint8_t ret_hash[32]);

/* ---- Absences ---- */

struct ledger_absence {
    hv_time begins_ms;
    hv_time until_ms;            /* not after begins_ms: it was taken back */
    char deputy[HV_PERSON_SIZE]; /* "": none */
    hv_time said_on_ms;
    int64_t seq; /* the event that says so */
};

/* The newest that was said of that begeleider; false where nothing was. */
bool ledger_absence_get(struct ledger *ledger, const char *organisation, const char *begeleider,
                        struct ledger_absence *ret_absence);
/* Whether any was ever said: most networks ask in vain for each item. */
bool ledger_has_absences(struct ledger *ledger);
void ledger_absence_put(struct ledger *ledger, const char *organisation, const char *begeleider,
                        const struct ledger_absence *absence);
/* The events of the absences of that organisation that end after `at_ms`. */
void ledger_absences_after(struct ledger *ledger, const char *organisation, hv_time at_ms,
                           void (*visit)(void *context, int64_t seq), void *context);
/* How many journeys that begeleider holds, and, where `alone_ms` is not -1, those who are away
 * then and whose deputies lead to this one; those due first, at most `limit`, in ret_held. */
int64_t ledger_held_by(struct ledger *ledger, const char *organisation, const char *begeleider,
                       hv_time alone_ms, size_t limit, struct hv_overdue *ret_held,
                       size_t *ret_count);
/* Whether anything open, or an absence, has that name. */
bool ledger_person_is_known(struct ledger *ledger, const char *organisation, const char *person);

/* ---- Measures ---- */

struct ledger_measure {
    int64_t measure; /* enum measure */
    char sender[HV_CODE_SIZE];
    char receiver[HV_CODE_SIZE];
    char label[2 * HV_CODE_SIZE];
    int64_t bucket;
    int64_t count;
};

void ledger_measure_add(struct ledger *ledger, int64_t measure, const char *sender,
                        const char *receiver, const char *label, int64_t bucket, int64_t count);
/* Calls `visit` with each from the measure `first` to `last`, in the order of the struct's fields.
 * With `open_as`, one of them, the time for which handovers are open is added to it, per route. */
void ledger_measures(struct ledger *ledger, int64_t first, int64_t last, int64_t open_as,
                     hv_time now_ms,
                     void (*visit)(void *context, const struct ledger_measure *measure),
                     void *context);
/* The sum of a measure of one organisation; 0 where there is none. */
int64_t ledger_measured(struct ledger *ledger, int64_t measure, const char *sender);
/* How often the journey was handed over. */
int64_t ledger_hops(struct ledger *ledger, int64_t journey_row);

/* ---- Clock ---- */

/* The clock as it stood at the last turn that wrote; all zeroes before the first. */
void ledger_clock_get(struct ledger *ledger, struct clock *ret_clock);
void ledger_clock_put(struct ledger *ledger, const struct clock *clock);

/* ---- Network ---- */

/* The files last in force: malloc'ed; false before the first. */
bool ledger_network_get(struct ledger *ledger, uint8_t ret_hash[32], uint8_t **ret_bytes,
                        size_t *ret_size);
/* `seq`: the event that puts them in force. */
void ledger_network_put(struct ledger *ledger, const uint8_t hash[32], const void *bytes,
                        size_t size, int64_t seq);
/* The event that put the present ones in force; 0: not known. */
int64_t ledger_network_seq(struct ledger *ledger);
/* The files that this event put in force: malloc'ed; false where it did not. */
bool ledger_network_of(struct ledger *ledger, int64_t seq, uint8_t **ret_bytes, size_t *ret_size);

#endif
