/* Unread: long messages that a connection was sent and has not shown to have read. */
#include "broker/unread.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "broker/answer.h"

/* What is shorter is not counted: of those libzmq keeps 1,000 for a peer. */
#define LONG_BYTES 8192
/* A peer that reads shows it by then; one page more is always given. */
#define UNREAD_BYTES_MAX (4U * 1024 * 1024)
#define UNREAD_RETRY_MS  100
/* Beyond, the oldest are forgotten: most of their connections have gone. */
#define UNREAD_ROUTES_MAX 4096

#define NONCE_SIZE 8

struct unread {
    struct route route; /* key */
    size_t bytes;
    size_t asked_bytes;            /* of them, sent before the ping that is out */
    char ping[2 * NONCE_SIZE + 1]; /* the request of that ping; "": none is out */
    UT_hash_handle hh;
};

static struct unread *find(const struct broker *broker, const struct route *route) {
    struct unread *unread = NULL;

    HASH_FIND(hh, broker->unread, route, sizeof *route, unread);
    return unread;
}

static void forget(struct broker *broker, struct unread *unread) {
    HASH_DELETE(hh, broker->unread, unread);
    free(unread);
}

/* ---- What leaves ---- */

static struct unread *add(struct broker *broker, const struct route *route) {
    struct unread *unread = find(broker, route);

    if (unread)
        return unread;
    if (HASH_COUNT(broker->unread) >= UNREAD_ROUTES_MAX)
        forget(broker, broker->unread); /* uthash keeps the order of adding */
    unread = calloc(1, sizeof *unread);
    if (!unread)
        return NULL;
    unread->route = *route;
    HASH_ADD(hh, broker->unread, route, sizeof unread->route, unread);
    return unread;
}

static void ask(struct turn *turn, struct unread *unread) {
    const struct world *world = turn->broker->world;
    struct hv_message message = {.type = HV_MESSAGE_ping, .ping = {.has_request = true}};
    uint8_t nonce[NONCE_SIZE];

    world->random(world->context, nonce, sizeof nonce);
    (void)sodium_bin2hex(unread->ping, sizeof unread->ping, nonce, sizeof nonce);
    unread->asked_bytes = unread->bytes;
    copy_text(message.ping.request, unread->ping);
    answer_send(turn, &unread->route, &message);
}

void unread_commit(struct turn *turn) {
    struct broker *broker = turn->broker;
    const size_t count = turn->outbox->count;

    for (size_t i = turn->outbox_before; i < count; i++) {
        const struct outbound *message = &turn->outbox->messages[i];
        const size_t bytes = message->envelope_size + message->dossier_size;
        if (bytes < LONG_BYTES)
            continue;
        struct unread *unread = add(broker, &message->to);
        if (!unread) {
            turn->error = -ENOMEM;
            return;
        }
        unread->bytes += bytes;
        broker->unread_unasked = true;
    }
    if (!broker->unread_unasked)
        return;
    broker->unread_unasked = false;
    for (struct unread *unread = broker->unread; unread; unread = unread->hh.next) {
        if (!unread->ping[0])
            ask(turn, unread);
    }
}

void unread_unsent(struct broker *broker, const struct route *route, int reason) {
    struct unread *unread = find(broker, route);

    if (unread && reason == -EHOSTUNREACH) {
        forget(broker, unread);
    } else if (unread) { /* it may have been our ping: ask in the next turn */
        unread->ping[0] = '\0';
        broker->unread_unasked = true;
    }
}

/* ---- What comes back ---- */

void unread_pong(struct request *request) {
    struct broker *broker = request->turn->broker;
    struct session *session = request->session;
    struct unread *unread = find(broker, &request->inbound->from);

    if (!unread || !unread->ping[0] || strcmp(unread->ping, request->id) != 0)
        return;
    unread->bytes -= unread->asked_bytes;
    unread->ping[0] = '\0';
    if (session && session->unread_bytes > unread->bytes) {
        session->unread_bytes = unread->bytes;
        session->inbox->wanted = true;
    }
    if (unread->bytes > 0)
        broker->unread_unasked = true;
    else
        forget(broker, unread);
}

size_t unread_bytes(const struct broker *broker, const struct route *route) {
    const struct unread *unread = find(broker, route);

    return unread ? unread->bytes : 0;
}

bool unread_refuse(struct request *request) {
    const enum hv_message_type type = request->message.type;

    if ((type != HV_MESSAGE_history && type != HV_MESSAGE_map && type != HV_MESSAGE_list) ||
        unread_bytes(request->turn->broker, &request->inbound->from) < UNREAD_BYTES_MAX)
        return false;
    request->turn->counters.busy++;
    answer_busy_because(
        request, UNREAD_RETRY_MS,
        "you have not read the long answers that you were given, or not answered the "
        "`ping` behind them; read on, and ask the same again later");
    return true;
}

void unread_free(struct broker *broker) {
    struct unread *unread = NULL;
    struct unread *next = NULL;

    HASH_ITER(hh, broker->unread, unread, next) {
        forget(broker, unread);
    }
}
