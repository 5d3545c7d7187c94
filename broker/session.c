/* Sessions: tables of who is here and what is out. */
#include "broker/session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct session *session_find(struct sessions *sessions, const struct route *route) {
    struct session *session = NULL;

    HASH_FIND(hh, sessions->by_route, route, sizeof *route, session);
    return session;
}

struct session *session_named(struct sessions *sessions, const struct session_name *name) {
    struct session *session = NULL;

    HASH_FIND(hh_name, sessions->by_name, name, sizeof *name, session);
    return session;
}

struct out *session_out_find(struct sessions *sessions, int64_t item_row) {
    struct out *out = NULL;

    HASH_FIND(hh, sessions->outs, &item_row, sizeof item_row, out);
    return out;
}

static struct inbox *inbox_find(struct sessions *sessions, int64_t number) {
    struct inbox *inbox = NULL;

    HASH_FIND(hh, sessions->inboxes, &number, sizeof number, inbox);
    return inbox;
}

void sessions_want(struct sessions *sessions, int64_t number) {
    struct inbox *inbox = inbox_find(sessions, number);

    if (inbox)
        inbox->wanted = true;
}

static struct inbox *inbox_take(struct sessions *sessions, int64_t number) {
    struct inbox *inbox = inbox_find(sessions, number);

    if (inbox)
        return inbox;
    inbox = calloc(1, sizeof *inbox);
    if (!inbox)
        return NULL;
    inbox->number = number;
    HASH_ADD(hh, sessions->inboxes, number, sizeof inbox->number, inbox);
    return inbox;
}

struct session *session_begin(struct sessions *sessions, const struct route *route,
                              const struct session_name *name, int64_t inbox, int64_t now_ms) {
    struct session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->inbox = inbox_take(sessions, inbox);
    if (!session->inbox) {
        free(session);
        return NULL;
    }
    session->inbox->wanted = true;
    DL_APPEND(session->inbox->sessions, session);
    assert(!session_find(sessions, route) && !session_named(sessions, name));
    session->route = *route;
    memcpy(&session->name, name, sizeof *name); /* with its padding: it is a key */
    session->heard_ms = now_ms;
    session->spoke_ms = now_ms;
    HASH_ADD(hh, sessions->by_route, route, sizeof session->route, session);
    sessions->changes++;
    HASH_ADD(hh_name, sessions->by_name, name, sizeof session->name, session);
    return session;
}

static int returned_reserve(struct returned *returned, size_t more) {
    size_t capacity = returned->capacity ? returned->capacity : 64;

    while (capacity < returned->count + more)
        capacity *= 2;
    if (capacity == returned->capacity)
        return 0;
    int64_t *rows = reallocarray(returned->rows, capacity, sizeof *rows);
    if (!rows)
        return -ENOMEM;
    returned->rows = rows;
    returned->capacity = capacity;
    return 0;
}

int sessions_return(struct sessions *sessions, int64_t item_row) {
    const int rc = returned_reserve(&sessions->returned, 1);

    if (rc == 0)
        sessions->returned.rows[sessions->returned.count++] = item_row;
    return rc;
}

static void session_remove(struct sessions *sessions, struct session *session) {
    struct inbox *inbox = session->inbox;

    DL_DELETE(inbox->sessions, session);
    inbox->wanted = true; /* what was out to it goes to another */
    if (!inbox->sessions) {
        assert(sessions->inboxes);
        HASH_DELETE(hh, sessions->inboxes, inbox);
        free(inbox);
    }
    assert(sessions->by_route && sessions->by_name);
    HASH_DELETE(hh, sessions->by_route, session);
    HASH_DELETE(hh_name, sessions->by_name, session);
    free(session);
}

int session_end(struct sessions *sessions, struct session *session) {
    struct out *out = NULL;
    struct out *next = NULL;
    const int rc = returned_reserve(&sessions->returned, (size_t)session->out_count);

    if (rc < 0)
        return rc;
    DL_FOREACH_SAFE(session->outs, out, next) {
        sessions->returned.rows[sessions->returned.count++] = out->item_row;
        session_out_remove(sessions, out);
    }
    if (session->watch.stage != WATCH_NONE)
        sessions->watchers--;
    session_remove(sessions, session);
    sessions->changes++;
    return 0;
}

struct out *session_out_add(struct sessions *sessions, struct session *session, int64_t item_row,
                            size_t bytes, int64_t now_ms) {
    struct out *out = calloc(1, sizeof *out);

    if (!out)
        return NULL;
    assert(!session_out_find(sessions, item_row));
    out->item_row = item_row;
    out->bytes = bytes;
    out->sent_ms = now_ms;
    out->session = session;
    HASH_ADD(hh, sessions->outs, item_row, sizeof out->item_row, out);
    DL_APPEND(session->outs, out);
    DL_APPEND2(sessions->oldest, out, older, younger);
    session->out_count++;
    session->out_bytes += bytes;
    return out;
}

void session_out_ending(struct out *out, bool ending) {
    if (out->ending == ending)
        return;
    out->ending = ending;
    out->session->ending_count += ending ? 1 : -1;
}

void session_out_remove(struct sessions *sessions, struct out *out) {
    struct session *session = out->session;

    session_out_ending(out, false);
    session->out_count--;
    session->out_bytes -= out->bytes;
    DL_DELETE(session->outs, out);
    DL_DELETE2(sessions->oldest, out, older, younger);
    assert(sessions->outs);
    HASH_DELETE(hh, sessions->outs, out);
    free(out);
}

void sessions_fini(struct sessions *sessions) {
    struct session *session = NULL;
    struct session *next = NULL;
    struct out *out = NULL;
    struct out *next_out = NULL;

    HASH_ITER(hh, sessions->outs, out, next_out) {
        session_out_remove(sessions, out);
    }
    HASH_ITER(hh, sessions->by_route, session, next) {
        session_remove(sessions, session);
    }
    free(sessions->returned.rows);
    memset(sessions, 0, sizeof *sessions);
}
