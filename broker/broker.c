/* The broker but for its sockets: its life, and what the loop asks of it between turns. */
#include "broker/broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/past.h"
#include "broker/quiet.h"
#include "broker/rate.h"
#include "broker/reload.h"
#include "broker/sweep.h"
#include "broker/timekeeping.h"
#include "broker/turn.h"
#include "broker/unread.h"
#include "broker/verify.h"
#include "broker/watch.h"

/* Runs `step` in a turn of its own: how network files come in force outside any message. */
static int in_turn(struct broker *broker, int (*step)(struct turn *, struct failure *),
                   struct failure *ret_failure) {
    struct outbox outbox = {0};
    struct turn turn = {
        .broker = broker,
        .ledger = broker->ledger,
        .outbox = &outbox,
    };

    timekeeping_begin(&turn);
    ledger_begin(turn.ledger);
    int rc = step(&turn, ret_failure);
    if (rc < 0) {
        if (ledger_error(turn.ledger))
            failure_set(ret_failure, rc, "the ledger cannot be read or written: %s", strerror(-rc));
        ledger_rollback(turn.ledger);
    } else {
        rc = ledger_commit(turn.ledger);
        if (rc < 0)
            failure_set(ret_failure, rc, "the ledger cannot be written: %s", strerror(-rc));
    }
    if (rc == 0)
        reload_commit(&turn);
    reload_forget(&turn);
    outbox_fini(&outbox);
    return rc < 0 ? rc : turn.error;
}

int broker_new(const char *network_directory, const char *state_directory,
               const struct world *world, struct broker **ret_broker, struct failure *ret_failure) {
    struct broker *broker = calloc(1, sizeof *broker);

    if (!broker)
        return failure_set(ret_failure, -ENOMEM, "out of memory");
    broker->world = world;
    broker->turn_wanted = true;
    broker->next_wall_ms = -1;
    broker->quiet_seen = -1;
    broker->quiet_next_ms = -1;
    broker->quiet_count_ms = -1;
    broker->wipe_wanted = true; /* a stop may have come between a deletion and its wipe */
    broker->reserve_tried_ms = world->boot_ms(world->context);
    broker->clock_kept_ms = broker->reserve_tried_ms;
    broker->network_directory = strdup(network_directory);
    int rc = broker->network_directory ? 0 : failure_set(ret_failure, -ENOMEM, "out of memory");
    if (rc == 0)
        rc = ledger_open(state_directory, world, &broker->ledger, ret_failure);
    if (rc == 0) {
        ledger_begin(broker->ledger);
        ledger_clock_get(broker->ledger, &broker->clock);
        ledger_rollback(broker->ledger);
    }
    if (rc == 0)
        rc = in_turn(broker, reload_at_start, ret_failure);
    if (rc == -ENOSPC && broker->ledger && ledger_reserve_is_held(broker->ledger)) {
        ledger_reserve_release(broker->ledger);
        rc = in_turn(broker, reload_at_start, ret_failure);
    }
    if (rc < 0) {
        broker_free(broker);
        return rc;
    }
    *ret_broker = broker;
    return 0;
}

static void barred_free(struct broker *broker) {
    struct barred *barred = NULL;
    struct barred *next = NULL;

    HASH_ITER(hh, broker->barred, barred, next) {
        HASH_DEL(broker->barred, barred);
        free(barred);
    }
}

void broker_free(struct broker *broker) {
    if (!broker)
        return;
    sessions_fini(&broker->sessions);
    rates_free(broker);
    unread_free(broker);
    barred_free(broker);
    ledger_close(broker->ledger);
    verify_free(broker);
    receipt_pair_wipe(&broker->signer.pair);
    past_forget(broker);
    quiet_forget(broker);
    network_free(broker->network);
    msgpack_sbuffer_destroy(&broker->encoded);
    free(broker->network_directory);
    free(broker);
}

const struct network *broker_network(const struct broker *broker) {
    return broker->network;
}

int broker_turn(struct broker *broker, const struct inbound *batch, size_t count,
                struct outbox *outbox) {
    return turn_run(broker, batch, count, outbox);
}

/* How long a session that does not read gets nothing more: else it would be tried turn after turn.
 * A watcher that has read since it was last so is tried again soon, for its queue holds no more
 * than a thousand messages. */
#define DEAF_MS       1000
#define DEAF_LEAST_MS 10

static void deafen(struct broker *broker, struct session *session, int64_t ms) {
    session->deaf_ms = ms;
    session->deaf_until_ms = broker->world->boot_ms(broker->world->context) + ms;
    if (session->deaf_until_ms < broker->beat_ms)
        broker->beat_ms = session->deaf_until_ms;
}

static void deafen_watcher(struct broker *broker, struct session *session,
                           const struct outbound *message) {
    const int64_t place = message->watched_row > 0 ? message->watched_row : message->watched_seq;
    const bool has_read = place > session->deaf_place;
    int64_t ms = has_read ? DEAF_LEAST_MS : 2 * session->deaf_ms;

    if (broker->world->boot_ms(broker->world->context) < session->deaf_until_ms)
        return; /* of the same turn */
    if (ms < DEAF_LEAST_MS)
        ms = DEAF_LEAST_MS;
    session->deaf_place = place;
    deafen(broker, session, ms < DEAF_MS ? ms : DEAF_MS);
}

void broker_unsent(struct broker *broker, const struct outbound *message, int reason) {
    struct sessions *sessions = &broker->sessions;
    struct session *session = session_find(sessions, &message->to);
    struct out *out = message->is_item ? session_out_find(sessions, message->item_row) : NULL;

    unread_unsent(broker, &message->to, reason);
    if (session && message->is_watched && reason != -EHOSTUNREACH) {
        watch_unsent(session, message);
        deafen_watcher(broker, session, message);
    } else if (session && reason == -EHOSTUNREACH) {
        (void)session_end(sessions, session); /* short of memory: the heartbeat ends it */
    } else if (out && sessions_return(sessions, message->item_row) == 0) {
        deafen(broker, out->session, DEAF_MS);
        session_out_remove(sessions, out); /* short of memory: it is sent again when it times out */
    }
}

/* ---- When a turn is wanted ---- */

static void sooner(int64_t *wait_ms, int64_t other_ms) {
    if (other_ms < 0)
        other_ms = 0;
    if (*wait_ms < 0 || other_ms < *wait_ms)
        *wait_ms = other_ms;
}

/* While the disk is short, what is due cannot all be done: a turn comes no sooner than this after
 * the last one, and no later than that. */
#define SHORT_SOONEST_MS INT64_C(50)
#define SHORT_LATEST_MS  INT64_C(1000)

static int64_t wait_short_ms(const struct broker *broker, int64_t wait_ms, int64_t boot_ms) {
    const int64_t since_ms = boot_ms - broker->turned_ms;
    const int64_t soonest_ms = since_ms < SHORT_SOONEST_MS ? SHORT_SOONEST_MS - since_ms : 0;
    const int64_t latest_ms = since_ms < SHORT_LATEST_MS ? SHORT_LATEST_MS - since_ms : 0;

    if (wait_ms < 0 || wait_ms > latest_ms)
        wait_ms = latest_ms;
    return wait_ms < soonest_ms ? soonest_ms : wait_ms;
}

/* While the clock is doubted it is looked at so often: that it was put right is to be seen for some
 * minutes only (world.c). */
#define DOUBTED_MS CALENDAR_MINUTE_MS

int64_t broker_wait_ms(const struct broker *broker) {
    const int64_t boot_ms = broker->world->boot_ms(broker->world->context);
    const struct out *oldest = broker->sessions.oldest;
    int64_t wait_ms = -1;

    if (broker->turn_wanted || broker->verify)
        return 0;
    if (broker->sessions.returned.count > 0 && !broker->disk_short)
        return 0;
    if (broker->sessions.by_route)
        sooner(&wait_ms, broker->beat_ms - boot_ms);
    if (oldest)
        sooner(&wait_ms, oldest->sent_ms + broker->network->limits.redelivery_ms - boot_ms);
    if (broker->next_wall_ms >= 0)
        sooner(&wait_ms, broker->next_wall_ms - timekeeping_now_ms(broker));
    if (quiet_next_ms(broker) >= 0)
        sooner(&wait_ms, quiet_next_ms(broker) - timekeeping_now_ms(broker));
    if (broker->clock.doubted)
        sooner(&wait_ms, broker->turned_ms + DOUBTED_MS - boot_ms);
    if (sweep_wakes_ms(broker) >= 0)
        sooner(&wait_ms, sweep_wakes_ms(broker) - boot_ms);
    if (broker->wipe_wanted)
        sooner(&wait_ms, broker->wiped_ms + 1000 - boot_ms);
    return broker->disk_short ? wait_short_ms(broker, wait_ms, boot_ms) : wait_ms;
}

int broker_reload(struct broker *broker, struct failure *ret_failure) {
    const int rc = in_turn(broker, reload_network, ret_failure);

    broker->turn_wanted = true; /* items of sessions that ended go to others */
    return rc;
}

void broker_status_line(const struct broker *broker, char *ret_line, size_t size) {
    const struct ledger_gauges gauges = ledger_gauges(broker->ledger);

    (void)snprintf(ret_line, size,
                   "%s: %lld residents held, %lld handovers open, %lld items owed, %u sessions%s",
                   broker->network->name, (long long)gauges.journeys_held,
                   (long long)gauges.handovers_open, (long long)gauges.items_owed,
                   HASH_COUNT(broker->sessions.by_route),
                   broker->disk_short ? "; disk nearly full, nothing new is taken" : "");
}
