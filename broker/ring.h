/* The ring: steps of ladders that fall due, as commands of the turn like any other. */
#ifndef HOUVAST_RING_H
#define HOUVAST_RING_H

#include "broker/request.h"

/* Takes the steps that are due, oldest first, at most so many in one turn that the sockets are
 * served in between; the rest wants another turn at once. Each fires once: what comes next is
 * counted from it. */
void ring_steps(struct turn *turn);

/* Frees the networks of the past that phases still run under. */
void ring_forget(struct broker *broker);

#endif
