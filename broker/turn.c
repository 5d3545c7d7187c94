/* The road: one turn, one transaction, one sync; then, and only then, what may leave. */
#include "broker/turn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delivery.h"
#include "broker/heartbeat.h"
#include "broker/journal.h"
#include "broker/message.h"
#include "broker/quiet.h"
#include "broker/rate.h"
#include "broker/reload.h"
#include "broker/ring.h"
#include "broker/sweep.h"
#include "broker/timekeeping.h"
#include "broker/unread.h"
#include "broker/verify.h"
#include "broker/watch.h"
#include "wire/wire.h"

#define ZONE_CHUNK_BYTES 8192

/* How often a reserve that was used up is asked for again. */
#define RESERVE_RETRY_MS 1000

/* ---- The disk ---- */

/* Says once when the disk runs short, and once when it is well again. */
static void disk_note(struct broker *broker, bool is_short) {
    if (is_short == broker->disk_short)
        return;
    broker->disk_short = is_short;
    if (is_short)
        journal_say(
            JOURNAL_LEDGER_FULL, NULL,
            "the disk of the state directory is nearly full: nothing new is taken; "
            "confirmations, declines and acknowledgements go on from the reserve; make room");
    else
        journal_say(JOURNAL_LEDGER_WRITES_AGAIN, NULL,
                    "there is room on the disk again: everything is taken");
}

static enum turn_mode mode_of_disk(struct broker *broker, int64_t boot_ms) {
    bool is_short = ledger_disk_is_short(broker->ledger);

    if (!is_short && !ledger_reserve_is_held(broker->ledger) &&
        boot_ms - broker->reserve_tried_ms >= RESERVE_RETRY_MS) {
        broker->reserve_tried_ms = boot_ms;
        (void)ledger_reserve_take(broker->ledger);
    }
    is_short = is_short || !ledger_reserve_is_held(broker->ledger);
    disk_note(broker, is_short);
    return is_short ? TURN_RESERVE : TURN_NORMAL;
}

/* ---- One try ---- */

static int turn_init(struct turn *turn, struct broker *broker, struct outbox *outbox) {
    memset(turn, 0, sizeof *turn);
    turn->broker = broker;
    turn->ledger = broker->ledger;
    turn->outbox = outbox;
    turn->outbox_before = outbox->count;
    timekeeping_begin(turn);
    turn->counters = broker->counters;
    return msgpack_zone_init(&turn->zone, ZONE_CHUNK_BYTES) ? 0 : -ENOMEM;
}

static void turn_fini(struct turn *turn) {
    reload_forget(turn);
    msgpack_zone_destroy(&turn->zone);
    free(turn->sent.rows);
    free(turn->ending.rows);
}

/* A session that began in the turn has an inbox that the ledger has forgotten; it says hello again
 * when the batch is run again. */
static void undo_sessions(struct turn *turn) {
    struct broker *broker = turn->broker;
    struct session *session = NULL;
    struct session *next = NULL;

    HASH_ITER(hh, broker->sessions.by_route, session, next) {
        if (session->begun_turn == broker->counters.turns)
            session_over(turn, session);
    }
}

static void undo(struct turn *turn) {
    struct sessions *sessions = &turn->broker->sessions;

    for (size_t i = 0; i < turn->sent.count; i++) {
        struct out *out = session_out_find(sessions, turn->sent.rows[i]);
        if (out)
            session_out_remove(sessions, out);
    }
    for (size_t i = 0; i < turn->ending.count; i++) {
        struct out *out = session_out_find(sessions, turn->ending.rows[i]);
        if (out)
            session_out_ending(out, false);
    }
    outbox_cut(turn->outbox, turn->outbox_before);
    for (struct inbox *inbox = sessions->inboxes; inbox; inbox = inbox->hh.next)
        inbox->wanted = true; /* what was sent off has not left */
    watch_undo(turn);
    quiet_undo(turn);
    undo_sessions(turn);
    rates_undo(turn);
}

static void recalls_end(struct sessions *sessions) {
    for (struct inbox *inbox = sessions->inboxes; inbox; inbox = inbox->hh.next)
        inbox->recall = false;
    sessions->recalls = false;
}

static void count_turn(struct broker_counters *counters, int64_t messages) {
#define BOUND(most) most,
    static const int64_t bounds[] = {TURN_BOUNDS(BOUND)};
#undef BOUND

    counters->turns++;
    for (size_t i = 0; i < TURN_BOUND_COUNT; i++)
        counters->turns_up_to[i] += messages <= bounds[i];
}

/* What memory had kept back until the ledger had it. */
static void release(struct turn *turn) {
    struct broker *broker = turn->broker;
    struct sessions *sessions = &broker->sessions;
    struct returned *returned = &sessions->returned;

    for (size_t i = 0; i < turn->ending.count; i++) {
        struct out *out = session_out_find(sessions, turn->ending.rows[i]);
        if (out)
            session_out_remove(sessions, out);
    }
    returned->count -= turn->returned_done;
    if (returned->count > 0)
        memmove(returned->rows, returned->rows + turn->returned_done,
                returned->count * sizeof *returned->rows);
    if (turn->recalled && sessions->recalls)
        recalls_end(sessions);
    rates_commit(turn);
    timekeeping_commit(turn);
    watch_commit(turn);
    quiet_commit(turn);
    sweep_commit(turn);
    unread_commit(turn);
    reload_commit(turn);
    count_turn(&turn->counters, turn->counters.messages - broker->counters.messages);
    broker->counters = turn->counters;
    broker->wipe_wanted = broker->wipe_wanted || turn->deleted;
}

static void sooner(hv_time *at_ms, bool is_due, hv_time due_ms) {
    if (is_due && (*at_ms < 0 || due_ms < *at_ms))
        *at_ms = due_ms;
}

/* When the ledger's own timers are due next. */
static void next_timer(struct turn *turn) {
    hv_time resting_ms = -1;
    hv_time deletion_ms = -1;
    const bool rests = ledger_items_next(turn->ledger, &resting_ms);
    hv_time step_ms = -1;
    const bool steps = ledger_journey_next(turn->ledger, &step_ms);
    const bool deletes = turn->mode == TURN_NORMAL && /* it waits for room on the disk */
                         ledger_dossiers_next(turn->ledger, &deletion_ms);

    if (rests && resting_ms > turn->now_ms + LEDGER_REST_MAX_MS)
        resting_ms = turn->now_ms; /* the clock was set back: it may go now */
    turn->broker->next_wall_ms = -1;
    sooner(&turn->broker->next_wall_ms, rests, resting_ms);
    sooner(&turn->broker->next_wall_ms, deletes, deletion_ms);
    sooner(&turn->broker->next_wall_ms, steps && turn->mode != TURN_READ_ONLY, step_ms);
}

/* Runs the batch once, in one transaction, as far as a reload in it: what comes behind that is
 * judged by the new network, once it is in force. The error is the ledger's, or -ENOMEM. */
static int turn_try(struct turn *turn, const struct inbound *batch, size_t count,
                    size_t *ret_taken) {
    size_t taken = 0;

    ledger_begin(turn->ledger);
    while (taken < count && !turn->error && !ledger_error(turn->ledger) && !turn->network_next) {
        message_take(turn, &batch[taken++]);
        msgpack_zone_clear(&turn->zone); /* one message's, so that many questions cannot add up */
    }
    *ret_taken = taken;
    rates_record(turn);
    heartbeats(turn);
    delivery_timers(turn);
    ring_steps(turn);
    sweep_step(turn);
    quiet_look(turn);
    delivery_dispatch(turn);
    timekeeping_keep(turn);
    watch_send(turn);
    next_timer(turn);
    if (turn->error) {
        ledger_rollback(turn->ledger);
        return turn->error;
    }
    return ledger_commit(turn->ledger);
}

/* ---- The turn ---- */

/* Deleted bytes stay in the log until it is emptied: secure_delete wipes the file, not the log.
 * Once a second is enough, and not while messages wait. */
#define WIPE_INTERVAL_MS 1000

static int wipe(struct broker *broker) {
    const int64_t boot_ms = broker->world->boot_ms(broker->world->context);

    if (!broker->wipe_wanted || boot_ms - broker->wiped_ms < WIPE_INTERVAL_MS)
        return 0;
    broker->wiped_ms = boot_ms;
    const int rc = ledger_checkpoint(broker->ledger);
    if (rc == 0)
        broker->wipe_wanted = false;
    return rc == -EIO ? -EIO : 0; /* a full disk, or no memory: again in a second */
}

/* The next smaller turn that a full disk allows; false where there is none. Of many messages each
 * has a turn of its own before anything is refused, and so has each step of a ladder: what does not
 * fit keeps no other out. */
static bool shrink(struct broker *broker, enum turn_mode *mode, size_t *most) {
    switch (*mode) {
    case TURN_NORMAL:
        *mode = TURN_RESERVE;
        break;
    case TURN_RESERVE:
        if (!ledger_reserve_is_held(broker->ledger)) {
            if (*most > 1)
                *most = 1;
            else
                *mode = TURN_READ_ONLY;
        }
        break;
    case TURN_READ_ONLY:
        return false;
    }
    ledger_reserve_release(broker->ledger);
    disk_note(broker, true);
    return true;
}

/* One turn over *most messages at most, with fewer things done where the disk is full. */
static int turn_fit(struct broker *broker, const struct inbound *batch, size_t count, size_t *most,
                    struct outbox *outbox, size_t *ret_taken) {
    const int64_t boot_ms = broker->world->boot_ms(broker->world->context);
    enum turn_mode mode = mode_of_disk(broker, boot_ms);
    struct turn turn;
    int rc = 0;

    broker->turned_ms = boot_ms;
    do {
        broker->turn_wanted = false;
        rc = turn_init(&turn, broker, outbox);
        if (rc < 0)
            return rc;
        turn.mode = mode;
        turn.sparing = *most == 1;
        rc = turn_try(&turn, batch, count < *most ? count : *most, ret_taken);
        if (rc == 0)
            release(&turn);
        else
            undo(&turn);
        const int revoked = turn.error;
        turn_fini(&turn);
        if (rc == 0 && revoked)
            rc = revoked;
    } while (rc == -ENOSPC && shrink(broker, &mode, most));
    if (rc == 0)
        rc = wipe(broker);
    return rc < 0 ? rc : verify_step(broker, outbox);
}

int turn_run(struct broker *broker, const struct inbound *batch, size_t count,
             struct outbox *outbox) {
    size_t taken = 0;
    size_t more = 0;
    size_t most = SIZE_MAX;
    int rc = 0;

    do {
        rc = turn_fit(broker, taken ? batch + taken : batch, count - taken, &most, outbox, &more);
        taken += more;
    } while (rc == 0 && taken < count);
    return rc;
}
