/* The process's descriptors: every connection takes one, and libzmq goes on asking for more. */
#include "broker/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>

#define RESERVE_MAX 64UL

void descriptors_raise(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

unsigned long descriptors_max(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return limit.rlim_cur;
}

/* A new descriptor gets the lowest free number, so one that has a number from the reserve was made
 * when all below were taken. */
bool descriptors_scarce(void) {
    unsigned long max = descriptors_max();
    unsigned long reserve = max / 8 < RESERVE_MAX ? max / 8 : RESERVE_MAX;

    return fcntl((int)(max - reserve - 1), F_GETFD) >= 0 || errno != EBADF;
}
