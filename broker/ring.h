/* The ring: steps of ladders that fall due, as commands of the turn like any other. */
#ifndef HOUVAST_RING_H
#define HOUVAST_RING_H

#include "broker/request.h"

/* Takes the steps that are due, oldest first, at most so many in one turn that the sockets are
 * served in between; the rest wants another turn at once. Each fires once: what comes next is
 * counted from it. */
void ring_steps(struct turn *turn);

/* Gives an open journey its timers back: those that its events give where its row is damaged, which
 * is said; where there are none, from a ledger of before they were known or by a defect, what runs
 * begins anew by its state alone. Recorded. Of a closed one the damage is said. */
void ring_repair(struct turn *turn, struct journey *journey);
/* The same, with what runs from now on. */
void ring_repair_with(struct turn *turn, struct journey *journey, const struct runs *runs);

#endif
