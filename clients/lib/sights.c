/* What a watcher sees: it waits here until it is taken. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include <utlist.h>

#include "clients/lib/connection.h"
#include "wire/wire.h"

void hv_sight_free(struct hv_sight *sight) {
    if (sight->memory)
        msgpack_zone_free(sight->memory);
    sight->memory = NULL;
}

/* ---- The queue ---- */

static void sights_signal(struct hv_connection *connection) {
    bool wanted = connection->sights || connection->watch_result < 0;
    eventfd_t count;
    if (wanted && !connection->sight_fd_is_readable)
        (void)eventfd_write(connection->sight_fd, 1);
    else if (!wanted && connection->sight_fd_is_readable)
        (void)eventfd_read(connection->sight_fd, &count);
    connection->sight_fd_is_readable = wanted;
}

static struct sight *sights_first(struct hv_connection *connection) {
    struct sight *first = connection->sights;
    if (first) {
        DL_DELETE(connection->sights, first);
        connection->sight_count--;
    }
    return first;
}

void sights_clear(struct hv_connection *connection) {
    struct sight *sight;
    while ((sight = sights_first(connection))) {
        hv_sight_free(&sight->sight);
        free(sight);
    }
}

void sights_begin(struct hv_connection *connection) {
    sights_clear(connection);
    connection->watches = true;
    connection->watch_result = 0;
    sights_signal(connection);
}

void sights_end(struct hv_connection *connection, int result) {
    if (connection->watches)
        connection->watch_result = result;
    connection->watches = false;
    sights_signal(connection);
}

void sights_add(struct hv_connection *connection, const struct hv_sight *sight) {
    struct hv_sight unwanted = *sight;
    bool is_full = connection->sight_count == SIGHTS_MAX;
    struct sight *kept = connection->watches && !is_full ? malloc(sizeof *kept) : NULL;
    if (!kept) {
        hv_sight_free(&unwanted);
        sights_end(connection, is_full ? -ENOBUFS : -ENOMEM);
        return;
    }
    kept->sight = *sight;
    DL_APPEND(connection->sights, kept);
    connection->sight_count++;
    sights_signal(connection);
}

/* ---- For programs ---- */

int hv_watch_fd(const struct hv_connection *connection) {
    return connection->sight_fd;
}

/* 0, -EAGAIN, or why the watch has ended. */
static int see_now(struct hv_connection *connection, struct hv_sight *ret_sight) {
    pthread_mutex_lock(&connection->lock);
    struct sight *first = sights_first(connection);
    int result = connection->watch_result < 0 ? connection->watch_result : -EAGAIN;
    if (first) {
        *ret_sight = first->sight;
        result = 0;
    }
    sights_signal(connection);
    pthread_mutex_unlock(&connection->lock);
    free(first);
    return result;
}

int hv_see(struct hv_connection *connection, int timeout_ms, struct hv_sight *ret_sight) {
    int64_t deadline_ms = monotonic_ms() + timeout_ms;
    for (;;) {
        int result = see_now(connection, ret_sight);
        if (result != -EAGAIN || timeout_ms == 0)
            return result;
        int64_t left_ms = timeout_ms < 0 ? -1 : deadline_ms - monotonic_ms();
        if (timeout_ms > 0 && left_ms <= 0)
            return -EAGAIN;
        struct pollfd sight_fd = {.fd = connection->sight_fd, .events = POLLIN};
        if (poll(&sight_fd, 1, (int)left_ms) < 0)
            return -errno;
    }
}
