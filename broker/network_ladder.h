/* The network's ladders, read from the files below ladders/ and laid over the defaults.
 *
 *     [ladder receipt]           a phase
 *     urgency = crisis           absent: any
 *     kind = cold                warm, or cold (callback and signal too); absent: any
 *     from = kcc                 the organisation that holds; absent: any
 *     to = werkse                the receiver; absent: any
 *     step = 8M responsible      a duration since the phase began, who is told, no_later=<duration>
 *     step = 15M coordinator     may stand up to LADDER_STEPS_MAX times
 *     every = 15M                how often the last one repeats
 *
 * Each header begins a ladder of its own. One for the same phase, urgency, kind, from and to as an
 * earlier one of another file takes its place as a whole; where its `every` and steps are empty it
 * takes the earlier one back. */
#ifndef HOUVAST_NETWORK_LADDER_H
#define HOUVAST_NETWORK_LADDER_H

#include "broker/network_read.h"

/* Whether the path is that of a file of ladders, not of a drop-in; or lies below their folder. */
bool network_ladder_is_file(const char *path);
bool network_ladder_is_below(const char *path);

/* Reads the network's ladders; `network` has its other files in order already, and its
 * organisations found by name. 0, -EINVAL with the first mistake, -ENOMEM. For network*.c alone. */
int network_ladders_build(const struct network_reading *reading, struct network *network);

/* The defaults alone. *ret_ladders is to be freed with network_ladders_fini. 0 or -ENOMEM. */
int network_ladders_defaults(struct ladders *ret_ladders);
void network_ladders_fini(struct ladders *ladders);

/* The defaults as texts of the same form; ends with NULL. */
extern const char *const network_ladder_texts[];

#define NETWORK_LADDERS_MAX 1000

#endif
