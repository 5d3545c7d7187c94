/* Timekeeping: what time it is in a turn, and what is said and recorded of a doubted clock. */
#ifndef HOUVAST_TIMEKEEPING_H
#define HOUVAST_TIMEKEEPING_H

#include "broker/request.h"

/* Takes the time for a turn that begins: turn->now_ms, turn->boot_ms, turn->clock. */
void timekeeping_begin(struct turn *turn);
/* Records that the clock is doubted from now on, or trusted again, and keeps it where the turn has
 * written, or has not been kept for long; before the commit. */
void timekeeping_keep(struct turn *turn);
/* After the commit: it stands, and operators are told. What was counted from a clock that has been
 * put back is swept at once. */
void timekeeping_commit(struct turn *turn);

/* What counts as the time now, outside of a turn. */
hv_time timekeeping_now_ms(const struct broker *broker);

/* Takes `clock-accept` and answers it; false where the message is another. */
bool timekeeping_take(struct request *request);

#endif
