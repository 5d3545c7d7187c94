/* The sweep: looks through all open journeys, once an hour, for one without its timer.
 *
 * There should be none: what runs is part of every event (record.c), and the store takes no open
 * journey without (T1). This finds what a defect, a damaged row or a clock that was believed too
 * soon has left behind. */
#ifndef HOUVAST_SWEEP_H
#define HOUVAST_SWEEP_H

#include "broker/request.h"

/* The next few journeys, where a sweep is under way or is due, and the turn has time for it. It
 * wants no turns of its own: a broker that nobody speaks to sleeps. */
void sweep_step(struct turn *turn);
/* After the commit: it is that far. */
void sweep_commit(struct turn *turn);

#endif
