/* An address that the door listens on: tcp:// as it is, ipc:// with what a socket file needs. */
#include "broker/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "broker/lockfile.h"

#define TCP          "tcp://"
#define IPC          "ipc://"
#define ABSTRACT     '@'
#define WILDCARD     "*"
#define SOCKET_UMASK 0117

static bool has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Where the port of a tcp:// name begins; "" where there is none. */
static const char *name_port(const char *name) {
    const char *colon = strrchr(name + strlen(TCP), ':');

    return colon ? colon + 1 : "";
}

/* libzmq takes 65537 for 1, and what is no number for nothing. */
static bool is_port(const char *text) {
    size_t digits = strspn(text, "0123456789");

    if (strcmp(text, WILDCARD) == 0)
        return true;
    return digits > 0 && digits <= strlen("65535") && text[digits] == '\0' && atoi(text) <= 65535;
}

static int name_check(const char *name, struct failure *ret_failure) {
    if (has_prefix(name, TCP) && is_port(name_port(name)))
        return 0;
    if (has_prefix(name, IPC) && name[strlen(IPC)] != '\0' && !has_prefix(name, IPC WILDCARD))
        return 0;
    return failure_set(ret_failure, -EINVAL,
                       "%s: is no address to listen on; write tcp://ADDRESS:PORT or "
                       "ipc:///PATH/OF/SOCKET",
                       name);
}

/* libzmq removes whatever has the name of the socket: that must not be somebody's file. */
static int path_check(const char *path, struct failure *ret_failure) {
    struct stat file;

    if (lstat(path, &file) == 0 && !S_ISSOCK(file.st_mode))
        return failure_set(ret_failure, -EEXIST,
                           "%s: cannot listen there, a file that is no socket has this name; move "
                           "it away or choose another path",
                           path);
    return 0;
}

static int path_lock(const char *path, int *ret_fd, struct failure *ret_failure) {
    char *lock;
    pid_t holder = 0;

    if (asprintf(&lock, "%s.lock", path) < 0)
        return failure_set(ret_failure, -ENOMEM, "out of memory while opening the door");
    int r = lockfile_take(AT_FDCWD, lock, ret_fd, &holder);
    if (r == -EWOULDBLOCK)
        failure_set(ret_failure, r,
                    "%s: houvastd, process %d, listens there; stop that one first, or choose "
                    "another path with --listen",
                    path, (int)holder);
    else if (r < 0)
        failure_set(ret_failure, r,
                    "%s: cannot take this lock, which guards the socket beside it: %s; the "
                    "directory has to exist and houvastd has to be able to write there",
                    lock, strerror(-r));
    free(lock);
    return r;
}

static int bind_failed(const char *name, int error, struct failure *ret_failure) {
    switch (error) {
    case EADDRINUSE:
        return failure_set(ret_failure, -error,
                           "%s: cannot listen there, another program does; stop it, or choose "
                           "another port with --listen",
                           name);
    case EADDRNOTAVAIL:
    case ENODEV:
        return failure_set(ret_failure, -error,
                           "%s: cannot listen there, this machine has no such address; write one "
                           "that `ip address` shows, or * for all of them",
                           name);
    default:
        return failure_set(ret_failure, -error,
                           "%s: cannot listen there: %s; write tcp://ADDRESS:PORT or "
                           "ipc:///PATH/OF/SOCKET in a directory that houvastd can write to",
                           name, zmq_strerror(error));
    }
}

/* The name by which peers find us: as it was given, with the port that the kernel chose if that was
 * left to it. libzmq's own form of an IPv4 address is one that clients without IPv6 do not take. */
static int name_bound(const char *name, void *socket, char **ret_name) {
    char bound[512];
    size_t size = sizeof bound;
    int length;

    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) < 0)
        return -errno;
    if (has_prefix(name, TCP))
        length =
            asprintf(ret_name, "%.*s%s", (int)(name_port(name) - name), name, name_port(bound));
    else
        length = asprintf(ret_name, "%s", name);
    return length < 0 ? -ENOMEM : 0;
}

static int name_bind(const char *name, void *socket, char **ret_name, struct failure *ret_failure) {
    mode_t old_mask = umask(SOCKET_UMASK);
    int r = zmq_bind(socket, name) < 0 ? -errno : 0;
    umask(old_mask);

    if (r >= 0)
        r = name_bound(name, socket, ret_name);
    return r < 0 ? bind_failed(name, -r, ret_failure) : 0;
}

int endpoint_bind(const char *name, void *socket, struct endpoint *ret_endpoint,
                  struct failure *ret_failure) {
    struct endpoint endpoint = {.lock_fd = -1};
    const char *path = has_prefix(name, IPC) ? name + strlen(IPC) : NULL;
    bool has_file = path && *path != ABSTRACT;

    int r = name_check(name, ret_failure);
    if (r >= 0 && has_file)
        r = path_check(path, ret_failure);
    if (r >= 0 && has_file)
        r = path_lock(path, &endpoint.lock_fd, ret_failure);
    if (r >= 0)
        r = name_bind(name, socket, &endpoint.name, ret_failure);
    if (r >= 0 && has_file && !(endpoint.path = strdup(path)))
        r = failure_set(ret_failure, -ENOMEM, "out of memory while opening the door");
    if (r < 0) {
        endpoint_release(&endpoint);
        return r;
    }

    *ret_endpoint = endpoint;
    return 0;
}

void endpoint_release(struct endpoint *endpoint) {
    if (endpoint->path)
        (void)unlink(endpoint->path); /* while we have the lock: nobody else's */
    if (endpoint->lock_fd >= 0)
        close(endpoint->lock_fd);
    free(endpoint->path);
    free(endpoint->name);
    *endpoint = (struct endpoint){.lock_fd = -1};
}
