/* A lock that lives in a file: one process at a time, and who comes second learns who has it. */
#ifndef HOUVAST_LOCKFILE_H
#define HOUVAST_LOCKFILE_H

#include <sys/types.h>

/* Takes the lock in the file `path` (relative to `directory` as for openat), making it if need be,
 * and writes our process id into it. The lock is held until *ret_fd is closed, by us or by the
 * kernel when the process ends; it is not inherited by programs that we start. Does not wait.
 * 0; -EWOULDBLOCK: another process has it, *ret_holder is its id or 0 if it has not said so yet;
 * or what open, flock and write say. The file stays when the lock goes: removing it would let two
 * processes lock two files of one name. */
int lockfile_take(int directory, const char *path, int *ret_fd, pid_t *ret_holder);

#endif
