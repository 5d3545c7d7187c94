/* Standing: how a journey stands, as `status`, `list` and `watch` show it. */
#ifndef HOUVAST_STANDING_H
#define HOUVAST_STANDING_H

#include "broker/request.h"

/* Fills *ret_standing with the journey and its open handover (NULL: none); what it points at lives
 * in the turn's zone. */
void standing_fill(struct turn *turn, const struct journey *journey, const struct handover *open,
                   struct hv_standing *ret_standing);

/* Says in a `done` how the handover stands, or where that is NULL the journey: which one it is, its
 * state, who holds, what is due first. Of an ended handover it is who held when it ended, never who
 * holds now. */
void standing_tell(const struct journey *journey, const struct handover *handover,
                   struct hv_done *done);

/* What of the journey falls due first; of a handover, of what it waits for itself. NULL where
 * nothing runs. */
const struct hv_run *standing_run(const struct journey *journey, const struct handover *handover);

/* The claim that stands at `now_ms`: the network's before one of the parties' own. NULL: none.
 * `open` is the journey's open handover, or NULL. */
const struct hv_standing_claim *standing_claim(const struct journey *journey,
                                               const struct handover *open, hv_time now_ms);

/* When the first of the steps that were taken fell due, of whatever runs for the journey: nobody
 * has done since what it waits for. 0 where no step was taken. By the ladders in force, and now
 * where a step was taken before its time. */
hv_time standing_late(const struct turn *turn, const struct journey *journey);

#endif
