/* Heartbeats: who is still there. */
#include "broker/heartbeat.h"

#include <errno.h>

#include "broker/answer.h"
#include "broker/journal.h"

void session_over(struct turn *turn, struct session *session) {
    if (session_end(&turn->broker->sessions, session) < 0)
        turn->error = -ENOMEM;
}

static void ping(struct turn *turn, const struct session *session) {
    const struct hv_message message = {.type = HV_MESSAGE_ping};

    answer_send(turn, &session->route, &message);
}

/* When the session must be heard of, or spoken to, at the latest. */
static int64_t session_due_ms(const struct session *session, int64_t heartbeat_ms) {
    const int64_t silent_ms = session->heard_ms + 3 * heartbeat_ms;
    const int64_t ping_ms = session->spoke_ms + heartbeat_ms;

    return silent_ms < ping_ms ? silent_ms : ping_ms;
}

static void heartbeat(struct turn *turn, struct session *session, int64_t heartbeat_ms) {
    const struct journal_field fields[] = {
        {"HOUVAST_ORGANISATION", session->name.organisation},
        {"HOUVAST_INSTANCE", session->name.instance},
        {NULL, NULL},
    };

    if (turn->boot_ms - session->heard_ms >= 3 * heartbeat_ms) {
        journal_say(JOURNAL_SESSION_ENDED, fields,
                    "%s (%s) has been silent for three heartbeats: its session is over",
                    session->name.organisation, session->name.instance);
        session_over(turn, session);
        return;
    }
    if (turn->boot_ms - session->spoke_ms >= heartbeat_ms)
        ping(turn, session);
    int64_t due_ms = session_due_ms(session, heartbeat_ms);
    if (session->deaf_until_ms > turn->boot_ms && session->deaf_until_ms < due_ms)
        due_ms = session->deaf_until_ms; /* its items are tried again then */
    if (due_ms < turn->broker->beat_ms)
        turn->broker->beat_ms = due_ms;
}

void heartbeats(struct turn *turn) {
    const int64_t heartbeat_ms = turn->broker->network->limits.heartbeat_ms;
    struct session *session = NULL;
    struct session *next = NULL;

    if (turn->boot_ms < turn->broker->beat_ms)
        return;
    turn->broker->beat_ms = turn->boot_ms + heartbeat_ms; /* a new session is due no sooner */
    HASH_ITER(hh, turn->broker->sessions.by_route, session, next) {
        heartbeat(turn, session, heartbeat_ms);
    }
}
