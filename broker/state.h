/* The state directory: ours alone, on a local disk, for one process at a time. */
#ifndef HOUVAST_STATE_H
#define HOUVAST_STATE_H

#include <limits.h>

#include "broker/failure.h"

struct state {
    int directory_fd; /* -1: nothing is held */
    int lock_fd;
    char path[PATH_MAX]; /* of the directory, without symbolic links: SQLite follows none */
};

/* Makes the directory (mode 0700) if it is missing and its parent is there, checks that it is fit
 * for the ledger, and takes its lock until state_close or the end of the process.
 * 0; or, with the sentence and nothing held: -ENOTDIR, -EPERM (another user's),
 * -EOPNOTSUPP (a file system that cannot hold the ledger), -EWOULDBLOCK (in use; the sentence
 * names the process), or what mkdir, open and statfs say. */
int state_open(const char *path, struct state *ret_state, struct failure *ret_failure);

/* Gives the lock back. A state that holds nothing is fine. */
void state_close(struct state *state);

/* The name of a file system, by its number in statfs(2), on which a write-ahead log is not safe:
 * memory shared between processes and locks do not work over it. NULL where it is. */
const char *state_unfit_filesystem(unsigned long type);

#endif
