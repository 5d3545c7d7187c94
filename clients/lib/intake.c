/* Items on our side: those that wait to be taken, those that were, and what is said of them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utlist.h>

#include "clients/lib/connection.h"
#include "wire/wire.h"

#define NACK_MS_MOST 3600000

void hv_delivery_free(struct hv_delivery *delivery) {
    if (delivery->memory)
        msgpack_zone_free(delivery->memory);
    delivery->memory = NULL;
    delivery->dossier = NULL;
}

/* ---- The queue ---- */

void intake_signal(struct hv_connection *connection) {
    bool wanted = connection->arrivals || connection->state == HV_LINK_REFUSED;
    eventfd_t count;
    if (wanted && !connection->item_fd_is_readable)
        (void)eventfd_write(connection->item_fd, 1);
    else if (!wanted && connection->item_fd_is_readable)
        (void)eventfd_read(connection->item_fd, &count);
    connection->item_fd_is_readable = wanted;
}

static void arrival_remove(struct hv_connection *connection, struct arrival *arrival) {
    DL_DELETE(connection->arrivals, arrival);
    connection->arrival_count--;
}

static void arrival_drop(struct hv_connection *connection, struct arrival *arrival) {
    arrival_remove(connection, arrival);
    hv_delivery_free(&arrival->delivery);
    free(arrival);
}

void intake_drop(struct hv_connection *connection, int64_t item) {
    struct arrival *arrival, *next;
    DL_FOREACH_SAFE(connection->arrivals, arrival, next)
    if (arrival->delivery.item.item == item)
        arrival_drop(connection, arrival);
    intake_signal(connection);
}

void intake_clear(struct hv_connection *connection) {
    struct arrival *arrival, *next;
    DL_FOREACH_SAFE(connection->arrivals, arrival, next)
    arrival_drop(connection, arrival);
    intake_signal(connection);
}

int intake_add(struct hv_connection *connection, const struct hv_delivery *delivery) {
    struct hv_delivery unwanted = *delivery;
    intake_drop(connection, delivery->item.item);
    /* Only a broker that forgets our credit gets here. */
    bool is_full = connection->arrival_count >= (unsigned)connection->config.credit;
    struct arrival *arrival = is_full ? NULL : malloc(sizeof *arrival);
    if (!arrival) {
        hv_delivery_free(&unwanted);
        return is_full ? 0 : -ENOMEM;
    }
    arrival->delivery = *delivery;
    DL_APPEND(connection->arrivals, arrival);
    connection->arrival_count++;
    intake_signal(connection);
    return 0;
}

/* ---- What was taken ---- */

static struct taken *taken_find(const struct hv_connection *connection, int64_t item) {
    for (size_t i = 0; i < connection->taken_size; i++)
        if (connection->taken[i].item == item)
            return &connection->taken[i];
    return NULL;
}

static void taken_note(struct hv_connection *connection, int64_t item) {
    struct taken *place = taken_find(connection, item);
    if (!place)
        place = taken_find(connection, 0);
    if (!place) {
        place = &connection->taken[connection->taken_next];
        connection->taken_next = (connection->taken_next + 1) % connection->taken_size;
    }
    *place = (struct taken){.item = item};
}

void intake_outdate(struct hv_connection *connection) {
    for (size_t i = 0; i < connection->taken_size; i++)
        connection->taken[i].stale = true;
}

bool intake_is_stale(const struct hv_connection *connection, int64_t item) {
    const struct taken *taken = item > 0 ? taken_find(connection, item) : NULL;
    return taken && taken->stale;
}

void intake_settle(struct hv_connection *connection, int64_t item) {
    struct taken *taken = taken_find(connection, item);
    if (taken)
        *taken = (struct taken){0};
    intake_drop(connection, item);
}

/* ---- For programs ---- */

int hv_fd(const struct hv_connection *connection) {
    return connection->item_fd;
}

/* 0, -EAGAIN or -ENOTCONN. */
static int take_now(struct hv_connection *connection, struct hv_delivery *ret_delivery) {
    pthread_mutex_lock(&connection->lock);
    struct arrival *arrival = connection->arrivals;
    int result = connection->state == HV_LINK_REFUSED ? -ENOTCONN : -EAGAIN;
    if (arrival) {
        arrival_remove(connection, arrival);
        taken_note(connection, arrival->delivery.item.item);
        intake_signal(connection);
        *ret_delivery = arrival->delivery;
        result = 0;
    }
    pthread_mutex_unlock(&connection->lock);
    free(arrival);
    return result;
}

int hv_take(struct hv_connection *connection, int timeout_ms, struct hv_delivery *ret_delivery) {
    int64_t deadline_ms = monotonic_ms() + timeout_ms;
    for (;;) {
        int result = take_now(connection, ret_delivery);
        if (result != -EAGAIN || timeout_ms == 0)
            return result;
        int64_t left_ms = timeout_ms < 0 ? -1 : deadline_ms - monotonic_ms();
        if (timeout_ms > 0 && left_ms <= 0)
            return -EAGAIN;
        struct pollfd item_fd = {.fd = connection->item_fd, .events = POLLIN};
        if (poll(&item_fd, 1, (int)left_ms) < 0)
            return -errno;
    }
}

int hv_ack(struct hv_connection *connection, int64_t item, struct hv_answer *ret_answer) {
    struct hv_message message = {.type = HV_MESSAGE_ack, .ack = {.item = item}};
    return hv_command(connection, &message, NULL, 0, ret_answer);
}

void nack_free(struct hv_connection *connection, struct nack *nack) {
    DL_DELETE(connection->nacks, nack);
    msgpack_sbuffer_destroy(&nack->envelope);
    free(nack);
}

void nacks_clear(struct hv_connection *connection) {
    while (connection->nacks)
        nack_free(connection, connection->nacks);
}

/* Under the lock. The request makes a refusal `no-session` one that was asked for. */
static int nack_queue(struct hv_connection *connection, int64_t item, int64_t after_ms) {
    struct hv_message message = {
        .type = HV_MESSAGE_nack,
        .nack = {.has_request = true, .item = item, .after = after_ms},
    };
    connection_request(connection, "nack-", message.nack.request);
    struct nack *nack = malloc(sizeof *nack);
    if (!nack)
        return -ENOMEM;
    msgpack_sbuffer_init(&nack->envelope);
    DL_APPEND(connection->nacks, nack);
    int result = wire_encode(&message, &nack->envelope);
    if (result < 0)
        nack_free(connection, nack);
    else
        connection_wake(connection);
    return result;
}

int hv_nack(struct hv_connection *connection, int64_t item, int64_t after_ms) {
    if (item < 1 || item > HV_INTEGER_MAX || after_ms < 0 || after_ms > NACK_MS_MOST)
        return -EINVAL;
    pthread_mutex_lock(&connection->lock);
    int result = intake_is_stale(connection, item) ? -ESTALE : 0;
    /* Without a session the item comes again by itself. */
    if (result == 0 && connection->state == HV_LINK_UP)
        result = nack_queue(connection, item, after_ms);
    if (result == 0)
        intake_drop(connection, item);
    pthread_mutex_unlock(&connection->lock);
    return result;
}
