/* In which order items are worked on: at most one of a journey at a time, each item once, what came
 * first first. */
#include "clients/houvast/order.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const struct hv_event *event_of(const struct order_entry *entry) {
    return &entry->delivery.item.event;
}

static bool same_journey(const struct order_entry *a, const struct order_entry *b) {
    const struct hv_event *one = event_of(a), *other = event_of(b);
    return one->has_journey && other->has_journey &&
           memcmp(one->journey.bytes, other->journey.bytes, sizeof one->journey.bytes) == 0;
}

static struct order_entry *order_find(const struct order *order, int64_t item) {
    struct order_entry *entry;
    DL_FOREACH(order->entries, entry) {
        if (entry->delivery.item.item == item)
            return entry;
    }
    return NULL;
}

void order_fini(struct order *order) {
    struct order_entry *entry, *next;
    DL_FOREACH_SAFE(order->entries, entry, next) {
        hv_delivery_free(&entry->delivery);
        free(entry);
    }
    *order = (struct order){0};
}

static void order_renew(struct order_entry *entry, struct hv_delivery *delivery) {
    if (entry->state == ORDER_WAITING) {
        hv_delivery_free(&entry->delivery);
        entry->delivery = *delivery;
        return;
    }
    if (delivery->item.attempt > entry->delivery.item.attempt)
        entry->delivery.item.attempt = delivery->item.attempt;
    hv_delivery_free(delivery);
}

int order_take(struct order *order, struct hv_delivery *delivery, bool *ret_new) {
    struct order_entry *entry = order_find(order, delivery->item.item);
    *ret_new = false;
    if (entry) {
        order_renew(entry, delivery);
        return 0;
    }
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return -ENOMEM;
    entry->delivery = *delivery;
    DL_APPEND(order->entries, entry);
    *ret_new = true;
    return 0;
}

static bool held_back(const struct order *order, const struct order_entry *entry) {
    const struct order_entry *other;
    DL_FOREACH(order->entries, other) {
        if (other == entry)
            return false; /* what came later holds nothing back */
        if (same_journey(other, entry))
            return true;
    }
    assert(false && "the entry is not of this order");
    return true;
}

struct order_entry *order_next(const struct order *order, size_t jobs) {
    struct order_entry *entry;
    if (order->running >= jobs)
        return NULL;
    DL_FOREACH(order->entries, entry) {
        if (entry->state == ORDER_WAITING && !held_back(order, entry))
            return entry;
    }
    return NULL;
}

void order_begin(struct order *order, struct order_entry *entry) {
    assert(entry->state == ORDER_WAITING);
    entry->state = ORDER_RUNNING;
    order->running++;
}

void order_owe(struct order *order, struct order_entry *entry) {
    assert(entry->state == ORDER_RUNNING);
    entry->state = ORDER_OWED;
    order->running--;
    order->owed++;
}

void order_drop(struct order *order, struct order_entry *entry) {
    order->running -= entry->state == ORDER_RUNNING;
    order->owed -= entry->state == ORDER_OWED;
    DL_DELETE(order->entries, entry);
    hv_delivery_free(&entry->delivery);
    free(entry);
}

struct order_entry *order_first(const struct order *order, enum order_state state) {
    struct order_entry *entry;
    DL_FOREACH(order->entries, entry) {
        if (entry->state == state)
            return entry;
    }
    return NULL;
}

int64_t order_back_off_ms(int64_t attempt) {
    int64_t delay_ms = ORDER_BACK_OFF_FIRST_MS;
    assert(attempt >= 1);
    for (int64_t n = 1; n < attempt && delay_ms < ORDER_BACK_OFF_MAX_MS; n++)
        delay_ms *= 2;
    return delay_ms < ORDER_BACK_OFF_MAX_MS ? delay_ms : ORDER_BACK_OFF_MAX_MS;
}
