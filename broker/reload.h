/* Reloading: network files in force whole or not at all. */
#ifndef HOUVAST_RELOAD_H
#define HOUVAST_RELOAD_H

#include "broker/request.h"

/* Reads the network files and puts them in force within this turn, all or nothing: they take effect
 * when it has committed. 0; a negative errno with the sentence; -EIO, -ENOMEM or -ENOSPC when the
 * turn failed. */
int reload_network(struct turn *turn, struct failure *ret_failure);
/* An operator's `reload`: does so, and answers. */
void reload_take(struct request *request);
/* At a start: what the files no longer name but still has duties is kept, marked leaving. */
int reload_at_start(struct turn *turn, struct failure *ret_failure);
/* After the commit, or instead of it: the new network is in force, or forgotten. */
void reload_commit(struct turn *turn);
void reload_forget(struct turn *turn);

#endif
