/* The sweep: looks through all open journeys, once an hour, for one without its timer.
 *
 * There should be none: what runs is part of every event (record.c), and the store takes no open
 * journey without (T1). This finds what a defect, a damaged row or a clock that was believed too
 * soon has left behind. */
#ifndef HOUVAST_SWEEP_H
#define HOUVAST_SWEEP_H

#include "broker/request.h"

/* The next few journeys, where a sweep is under way or is due, and the turn has time for it. */
void sweep_step(struct turn *turn);
/* It begins anew, and hurries: what it finds is wrong for everybody to see. After the commit, and
 * before sweep_commit. */
void sweep_hurry(struct turn *turn);
/* When it wants a turn of its own, since boot; -1 where it does not: once begun it goes on with the
 * turns that come by, since a broker that nobody speaks to sleeps, unless it hurries. */
int64_t sweep_wakes_ms(const struct broker *broker);
/* After the commit: it is that far. */
void sweep_commit(struct turn *turn);

#endif
