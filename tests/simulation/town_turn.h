/* A turn, and what it is held to. Private to town*.c. */
#ifndef HOUVAST_TESTS_SIMULATION_TOWN_TURN_H
#define HOUVAST_TESTS_SIMULATION_TOWN_TURN_H

#include "town.h"

/* The state directory; static. */
const char *town_state(void);

/* The process has ended, by itself or not, and another starts on what the disk has: D1 holds what
 * was committed. */
void town_start(struct town *town);
/* Whether the power is gone. */
bool town_is_dead(const struct town *town);
/* The process is gone; `loss` is what the disk loses. */
void town_die(struct town *town, enum disk_loss loss, uint64_t seed);

/* Takes what a committed turn has recorded and sent. */
void town_look(struct town *town);
/* T1 and H1 in the ledger's rows, of the journeys that have changed or of all. */
void town_look_at_rows(struct town *town);

#endif
