/* Watching: what is open, and then each change as it happens, to coordinators who look on.
 *
 *   watch from 0 ──► journeys ──► live ──► event, event, …      the place is kept per session,
 *   watch from n ──► events after n ──► live ──► event, …       the ledger has what is to come
 *
 * What was before `live` is sent as fast as it is read. One whose connection is full after it gets
 * `gap` and nothing more until it watches again. */
#ifndef HOUVAST_WATCH_H
#define HOUVAST_WATCH_H

#include "broker/request.h"

/* Takes `watch` and answers it; false where the message is another. */
bool watch_take(struct request *request);

/* Sends what watchers have not seen yet, a part of it in each turn; before the commit. */
void watch_send(struct turn *turn);
/* After the commit they have it; after a turn that failed they have not. */
void watch_commit(struct turn *turn);
void watch_undo(struct turn *turn);

/* A message to a watcher could not be sent: called for the first of a turn that could not, and for
 * each behind it. */
void watch_unsent(struct session *session, const struct outbound *message);

#endif
