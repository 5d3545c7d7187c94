/* Watching: sending on what happens. */
#include "broker/watch.h"

#include <string.h>

#include "broker/access.h"
#include "broker/answer.h"
#include "broker/list.h"
#include "broker/record.h"
#include "broker/standing.h"

/* Messages to one watcher in one turn; the rest in the next. */
#define SENT_MAX 256
/* Events or journeys looked at in one turn, for all watchers together, and for each at least. */
#define LOOKED_AT_MAX   1024
#define LOOKED_AT_LEAST 8

/* ---- Who may see what ---- */

static struct actor actor_of(const struct turn *turn, const struct session *session) {
    struct actor actor = {.role = session->name.role};

    copy_text(actor.organisation, session->name.organisation);
    actor.of_network = strcmp(actor.organisation, turn->broker->network->coordinating) == 0;
    return actor;
}

/* All of what the organisation holds, and what belongs to handovers that it is party to. */
static bool sees(struct turn *turn, const struct actor *actor, const struct hv_event *event) {
    struct journey journey;
    struct handover handover;

    if (actor->of_network)
        return true;
    if (!event->has_journey)
        return event->has_about && strcmp(event->about, actor->organisation) == 0;
    if (!ledger_journey_find(turn->ledger, &event->journey, &journey))
        return false;
    if (access_reads_all(actor, &journey))
        return true;
    return event->has_handover && ledger_handover_find(turn->ledger, &event->handover, &handover) &&
           access_knows_handover(actor, &handover);
}

/* ---- Sending ---- */

static void send_watched(struct turn *turn, struct session *session,
                         const struct hv_message *message, int64_t seq, int64_t row) {
    answer_send(turn, &session->route, message);
    if (turn->error)
        return;
    struct outbound *outbound = &turn->outbox->messages[turn->outbox->count - 1];
    outbound->is_watched = true;
    outbound->watched_seq = seq;
    outbound->watched_row = row;
}

static void send_journey(struct turn *turn, struct session *session, const struct journey *journey,
                         const struct handover *open) {
    struct hv_message message = {.type = HV_MESSAGE_watched_journey};

    standing_fill(turn, journey, open, &message.watched_journey.standing);
    send_watched(turn, session, &message, 0, journey->row);
}

static void send_live(struct turn *turn, struct session *session) {
    struct hv_message message = {.type = HV_MESSAGE_live};

    message.live.seq = session->watch.live_seq;
    session->watch.stage = WATCH_LIVE;
    if (session->watch.seq < ledger_seq(turn->ledger))
        turn->broker->turn_wanted = true; /* what has happened since */
    send_watched(turn, session, &message, 0, 0);
    if (!turn->error)
        turn->outbox->messages[turn->outbox->count - 1].is_live = true;
}

/* How many are looked at for one of the watchers: however many there are, who asks is answered in
 * between. */
static int64_t looked_at_max(const struct turn *turn) {
    const int64_t share = LOOKED_AT_MAX / turn->broker->sessions.watchers;

    return share > LOOKED_AT_LEAST ? share : LOOKED_AT_LEAST;
}

/* A part of what is open. */
static void send_journeys(struct turn *turn, struct session *session) {
    const struct actor actor = actor_of(turn, session);
    struct watch *watch = &session->watch;
    struct journey journey;
    struct handover open;
    int sent = 0;

    for (int64_t i = 0; i < looked_at_max(turn) && sent < SENT_MAX && !turn->error; i++) {
        if (!ledger_journey_above(turn->ledger, watch->row, &journey)) {
            send_live(turn, session);
            return;
        }
        watch->row = journey.row;
        const bool has_open = ledger_handover_open_of(turn->ledger, journey.row, &open);
        if (!list_is_in_scope(&actor, &journey, has_open ? &open : NULL))
            continue;
        send_journey(turn, session, &journey, has_open ? &open : NULL);
        sent++;
        msgpack_zone_clear(&turn->zone);
    }
    turn->broker->turn_wanted = true;
}

/* The next events, as far as `until`. */
static void send_events(struct turn *turn, struct session *session, int64_t until) {
    const struct actor actor = actor_of(turn, session);
    struct watch *watch = &session->watch;
    int sent = 0;

    for (int64_t i = 0;
         i < looked_at_max(turn) && sent < SENT_MAX && watch->seq < until && !turn->error; i++) {
        struct hv_message message = {.type = HV_MESSAGE_watched_event};
        if (!ledger_event_get(turn->ledger, watch->seq + 1, &turn->zone,
                              &message.watched_event.event)) {
            if (ledger_error(turn->ledger))
                return;
            watch->seq++; /* erased */
            continue;
        }
        watch->seq++;
        if (sees(turn, &actor, &message.watched_event.event)) {
            message.watched_event.event.has_runs = false; /* the broker's own */
            send_watched(turn, session, &message, watch->seq, 0);
            sent++;
        }
        msgpack_zone_clear(&turn->zone);
    }
    if (watch->seq < until)
        turn->broker->turn_wanted = true;
}

static void send_gap(struct turn *turn, struct session *session) {
    struct hv_message message = {.type = HV_MESSAGE_gap};

    message.gap.from = session->watch.gap_from;
    message.gap.to = ledger_seq(turn->ledger);
    session->watch.stage = WATCH_ENDED;
    send_watched(turn, session, &message, 0, 0);
}

static void send_to(struct turn *turn, struct session *session) {
    struct watch *watch = &session->watch;
    const int64_t seq = ledger_seq(turn->ledger);

    if (turn->boot_ms < session->deaf_until_ms)
        return;
    switch (watch->stage) {
    case WATCH_NONE:
    case WATCH_ENDED:
        return;
    case WATCH_JOURNEYS:
        send_journeys(turn, session);
        return;
    case WATCH_EVENTS:
        send_events(turn, session, watch->live_seq);
        if (watch->seq >= watch->live_seq)
            send_live(turn, session);
        return;
    case WATCH_LIVE:
        send_events(turn, session, seq);
        return;
    case WATCH_GAP:
        send_gap(turn, session);
        return;
    }
}

void watch_send(struct turn *turn) {
    struct session *session = NULL;
    struct session *next = NULL;

    if (turn->broker->sessions.watchers == 0)
        return;
    HASH_ITER(hh, turn->broker->sessions.by_route, session, next) {
        if (!turn->error && !ledger_error(turn->ledger))
            send_to(turn, session);
    }
}

void watch_commit(struct turn *turn) {
    if (turn->broker->sessions.watchers == 0)
        return;
    for (struct session *session = turn->broker->sessions.by_route; session;
         session = session->hh.next)
        session->watched = session->watch;
}

void watch_undo(struct turn *turn) {
    if (turn->broker->sessions.watchers == 0)
        return;
    for (struct session *session = turn->broker->sessions.by_route; session;
         session = session->hh.next)
        session->watch = session->watched;
}

/* What was before is sent on from there, once the connection has room; what happens is kept back
 * for good. */
void watch_unsent(struct session *session, const struct outbound *message) {
    struct watch *watch = &session->watch;

    if (message->watched_row > 0) {
        watch->stage = WATCH_JOURNEYS;
        if (message->watched_row <= watch->row)
            watch->row = message->watched_row - 1;
    } else if (message->watched_seq > 0 && message->watched_seq <= watch->live_seq) {
        watch->stage = WATCH_EVENTS;
        if (message->watched_seq <= watch->seq)
            watch->seq = message->watched_seq - 1;
    } else if (message->is_live) {
        if (watch->stage == WATCH_LIVE)
            watch->stage = watch->from_open ? WATCH_JOURNEYS : WATCH_EVENTS;
    } else if (message->watched_seq > 0 && watch->stage != WATCH_GAP) {
        watch->stage = WATCH_GAP;
        watch->gap_from = message->watched_seq;
    } else if (watch->stage == WATCH_ENDED) {
        watch->stage = WATCH_GAP; /* the gap itself: once more */
    }
    session->watched = *watch;
}

/* ---- The question ---- */

/* Looking on is reading, and so an event (A1). */
static void record_watching(struct request *request) {
    struct hv_event event = {
        .event = HV_EVENT_READ,
        .has_organisation = true,
        .has_role = true,
        .role = request->actor.role,
    };

    copy_text(event.organisation, request->actor.organisation);
    (void)record_network_event(request->turn, &event);
}

bool watch_take(struct request *request) {
    const int64_t from = request->message.watch.from;
    struct session *session = request->session;
    struct sessions *sessions = &request->turn->broker->sessions;
    struct hv_message message;

    if (request->message.type != HV_MESSAGE_watch)
        return false;
    const int64_t seq = ledger_seq(request->turn->ledger);
    if (request->turn->mode != TURN_NORMAL) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full and watching is recorded; ask again later");
        return true;
    }
    if (request->actor.role != HV_ROLE_COORDINATOR) {
        answer_forbidden(request, "a coordinator");
        return true;
    }
    if (from > seq) {
        answer_refuse(request, HV_REFUSED_CONFLICT, "from",
                      "there is no event %lld yet: is `ledger` still the one that you know? Watch "
                      "from 0",
                      (long long)from);
        return true;
    }
    if (session->watch.stage == WATCH_NONE)
        sessions->watchers++;
    session->watch = (struct watch){
        .stage = from == 0 ? WATCH_JOURNEYS : WATCH_EVENTS,
        .from_open = from == 0,
        .seq = from == 0 ? seq : from,
        .live_seq = seq,
    };
    record_watching(request);
    (void)answer_begin(request, &message);
    answer_done(request, &message, seq);
    return true;
}
