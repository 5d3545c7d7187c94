/* In which order items are worked on: at most one of a journey at a time, each item once, what came
 * first first. Pure: knows no clock, no process and no connection. */
#ifndef HOUVAST_ORDER_H
#define HOUVAST_ORDER_H

#include "houvast/houvast.h"

enum order_state {
    ORDER_WAITING, /* came in, not begun */
    ORDER_RUNNING, /* a program is at it */
    ORDER_OWED,    /* dealt with; the acknowledgement is not on disk yet */
};

/* One item in our hands. */
struct order_entry {
    struct hv_delivery delivery;
    enum order_state state;
    struct order_entry *prev, *next; /* in the order in which they came */
};

struct order {
    struct order_entry *entries; /* owned */
    size_t running, owed;
};

/* All zeroes is an order without items. Frees what is left, with its deliveries. */
void order_fini(struct order *order);

/* Takes the delivery over. An item that waits already is replaced, one that runs or is owed is left
 * as it is, with the newer attempt's number: the broker sent it again because it took long, and
 * whoever is at it goes on. 0 and true in *ret_new where it was not there before; -ENOMEM, the
 * delivery is then still the caller's. */
int order_take(struct order *order, struct hv_delivery *delivery, bool *ret_new);

/* The oldest waiting item whose journey nobody is at and whose acknowledgement is not owed, while
 * fewer than `jobs` run; NULL where there is none. An item without a journey is held back by
 * nothing. It goes on waiting until order_begin. */
struct order_entry *order_next(const struct order *order, size_t jobs);
void order_begin(struct order *order, struct order_entry *entry);

/* A running item's program has ended: it is owed an acknowledgement, or let go. */
void order_owe(struct order *order, struct order_entry *entry);
void order_drop(struct order *order, struct order_entry *entry);

/* The oldest item in that state, or NULL. */
struct order_entry *order_first(const struct order *order, enum order_state state);

/* How long the broker is asked to wait before it sends an item again, after so many attempts (from
 * 1): 1 s, doubled each time, 10 min at most. */
#define ORDER_BACK_OFF_FIRST_MS INT64_C(1000)
#define ORDER_BACK_OFF_MAX_MS   INT64_C(600000)
int64_t order_back_off_ms(int64_t attempt);

#endif
