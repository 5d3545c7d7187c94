/* A lock that lives in a file: one process at a time, and who comes second learns who has it. */
#include "broker/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static pid_t holder_read(int fd) {
    char text[32] = "";

    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    return size > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static int holder_write(int fd) {
    char text[32];

    int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)size, 0) != size)
        return errno ? -errno : -EIO;
    return 0;
}

int lockfile_take(int directory, const char *path, int *ret_fd, pid_t *ret_holder) {
    int fd = openat(directory, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;

    int r = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        r = -errno;
        *ret_holder = holder_read(fd);
    } else {
        errno = 0;
        r = holder_write(fd);
    }

    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}
