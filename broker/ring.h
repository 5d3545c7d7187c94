/* The ring: steps of ladders that fall due, as commands of the turn like any other. */
#ifndef HOUVAST_RING_H
#define HOUVAST_RING_H

#include "broker/request.h"

/* Takes the steps that are due, oldest first, at most so many in one turn that the sockets are
 * served in between; the rest wants another turn at once. Each fires once: what comes next is
 * counted from it. */
void ring_steps(struct turn *turn);

/* The network that this event put in force, as the ledger has it; the present one where its files
 * cannot be read any more. Borrowed until ring_forget. */
const struct network *ring_network(struct turn *turn, int64_t seq);

/* Gives an open journey its timers back: those that its events give where its row is damaged, which
 * is said; where there are none, from a ledger of before they were known or by a defect, what runs
 * begins anew by its state alone. Recorded. Of a closed one the damage is said. */
void ring_repair(struct turn *turn, struct journey *journey);
/* The same, with what runs from now on. */
void ring_repair_with(struct turn *turn, struct journey *journey, const struct runs *runs);

/* Frees the networks of the past that phases still run under. */
void ring_forget(struct broker *broker);

#endif
