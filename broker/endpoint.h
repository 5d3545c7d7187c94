/* An address that the door listens on: tcp:// as it is, ipc:// with what a socket file needs. */
#ifndef HOUVAST_ENDPOINT_H
#define HOUVAST_ENDPOINT_H

#include "broker/failure.h"

struct endpoint {
    char *name;  /* as bound: with the port that the kernel chose, if it was left to it */
    char *path;  /* the socket's file; NULL for tcp:// and for names of the abstract kind */
    int lock_fd; /* of `path`.lock; -1 where there is no path */
};

/* Binds `socket`, a ZeroMQ socket, to `name`. An ipc:// path is locked first with `path`.lock,
 * since libzmq would take it away from a daemon that is listening there, and refused if there is a
 * file that is no socket. Its file gets mode 0660: the owner and the group of the file may connect,
 * with a key of the network like everybody; to let others in, change the directory's group. 0; or,
 * with the sentence and nothing bound, -EINVAL (neither tcp:// nor ipc://), -EWOULDBLOCK (in use;
 * the sentence names the process), -EEXIST, or what zmq_bind says. Changes the process's umask for
 * a moment. */
int endpoint_bind(const char *name, void *socket, struct endpoint *ret_endpoint,
                  struct failure *ret_failure);

/* Removes the socket's file and gives the lock back: for a bound endpoint, when its socket is
 * closed. */
void endpoint_release(struct endpoint *endpoint);

#endif
