/* What the service manager hears from us; everything of sd_notify(3) is in this room. */
#include "broker/systemd.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define NOTICE_SIZE 512

/* The manager's socket; false where there is none that is a path or an abstract name. */
static bool manager_address(struct sockaddr_un *ret_address, socklen_t *ret_size) {
    const char *name = getenv("NOTIFY_SOCKET");
    const size_t length = name ? strlen(name) : 0;

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length < 2 || length >= sizeof ret_address->sun_path || !strchr("/@", name[0]))
        return false;
    memcpy(ret_address->sun_path, name, length);
    if (name[0] == '@')
        ret_address->sun_path[0] = '\0';
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

/* sd_notify(3) itself waits until the manager has room, for ever if need be: then a manager that
 * hangs would keep the broker from serving. False: there was no room. */
static bool notify(const char *notice) {
    struct sockaddr_un address;
    socklen_t size;

    if (!manager_address(&address, &size))
        return true;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    const ssize_t sent = sendto(fd, notice, strlen(notice), MSG_DONTWAIT | MSG_NOSIGNAL,
                                (const struct sockaddr *)&address, size);
    const bool full = sent < 0 && (errno == EAGAIN || errno == ENOBUFS);
    close(fd);
    return !full;
}

static bool notify_status(const char *before, const char *status) {
    char notice[NOTICE_SIZE];
    const int length = snprintf(notice, sizeof notice, "%sSTATUS=%s", before, status);

    assert(length > 0 && (size_t)length < sizeof notice);
    return notify(notice);
}

bool systemd_ready(const char *status) {
    return notify_status("READY=1\n", status);
}

/* MONOTONIC_USEC is for managers that know Type=notify-reload; older ones pass over it. */
void systemd_reloading(void) {
    char before[64];
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    (void)snprintf(before, sizeof before, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n", now_us);
    (void)notify_status(before, "Reading the network files again");
}

void systemd_stopping(void) {
    (void)notify_status("STOPPING=1\n", "Answering what has arrived, then stopping");
}

bool systemd_status(const char *status) {
    return notify_status("", status);
}

uint64_t systemd_watchdog_us(void) {
    uint64_t interval_us = 0;

    return sd_watchdog_enabled(0, &interval_us) > 0 ? interval_us : 0;
}

bool systemd_alive(void) {
    return notify("WATCHDOG=1");
}
