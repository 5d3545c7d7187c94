/* Which item is worked on next: one at a time per journey, each once, what came first first. */
#include "clients/houvast/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An item of a journey named by one number; 0: of none. */
static struct hv_delivery delivery_of(int64_t item, int64_t attempt, uint8_t journey) {
    struct hv_delivery delivery = {0};
    delivery.item.item = item;
    delivery.item.attempt = attempt;
    delivery.item.event.event = HV_EVENT_OFFERED;
    delivery.item.event.has_journey = journey != 0;
    memset(delivery.item.event.journey.bytes, journey, 16);
    return delivery;
}

static bool take(struct order *order, int64_t item, int64_t attempt, uint8_t journey) {
    struct hv_delivery delivery = delivery_of(item, attempt, journey);
    bool is_new;
    assert_int_equal(order_take(order, &delivery, &is_new), 0);
    return is_new;
}

/* Begins the next item and says which it was; 0: there is none to begin. */
static int64_t begin(struct order *order, size_t jobs, struct order_entry **ret_entry) {
    *ret_entry = order_next(order, jobs);
    if (!*ret_entry) {
        return 0;
    }
    order_begin(order, *ret_entry);
    return (*ret_entry)->delivery.item.item;
}

static void test_one_at_a_time_per_journey(void **state) {
    (void)state;
    struct order order = {0};
    struct order_entry *one, *two, *other;
    assert_true(take(&order, 1, 1, 7));
    assert_true(take(&order, 2, 1, 7));
    assert_true(take(&order, 3, 1, 8));
    assert_int_equal(begin(&order, 4, &one), 1);
    assert_int_equal(begin(&order, 4, &other), 3); /* 2 waits for 1 */
    assert_int_equal(begin(&order, 4, &two), 0);
    order_owe(&order, one);
    assert_int_equal(begin(&order, 4, &two), 0); /* 1 is not acknowledged yet */
    assert_int_equal(order.owed, 1);
    order_drop(&order, one);
    assert_int_equal(begin(&order, 4, &two), 2);
    assert_int_equal(order.running, 2);
    order_fini(&order);
}

static void test_never_more_than_the_jobs(void **state) {
    (void)state;
    struct order order = {0};
    struct order_entry *entry;
    for (uint8_t journey = 1; journey <= 4; journey++) {
        take(&order, journey, 1, journey);
    }
    assert_int_equal(begin(&order, 2, &entry), 1);
    assert_int_equal(begin(&order, 2, &entry), 2);
    assert_int_equal(begin(&order, 2, &entry), 0);
    order_drop(&order, entry = order_first(&order, ORDER_RUNNING));
    assert_int_equal(begin(&order, 2, &entry), 3);
    order_fini(&order);
}

/* What has no journey is held back by nothing. */
static void test_items_without_a_journey(void **state) {
    (void)state;
    struct order order = {0};
    struct order_entry *entry;
    take(&order, 1, 1, 0);
    take(&order, 2, 1, 0);
    assert_int_equal(begin(&order, 2, &entry), 1);
    assert_int_equal(begin(&order, 2, &entry), 2);
    order_fini(&order);
}

/* The broker sends again what took long: nobody begins it a second time. */
static void test_sent_again_while_at_it(void **state) {
    (void)state;
    struct order order = {0};
    struct order_entry *running, *second;
    take(&order, 1, 1, 7);
    assert_int_equal(begin(&order, 4, &running), 1);
    assert_false(take(&order, 1, 2, 7));
    assert_int_equal(begin(&order, 4, &second), 0);
    assert_int_equal(running->delivery.item.attempt, 2); /* the back-off goes on from there */
    order_owe(&order, running);
    assert_false(take(&order, 1, 3, 7));
    assert_int_equal(begin(&order, 4, &second), 0);
    assert_ptr_equal(order_first(&order, ORDER_OWED), running);
    order_drop(&order, running);
    assert_null(order.entries);
    /* Once it was let go, it is a new one. */
    assert_true(take(&order, 1, 4, 7));
    order_fini(&order);
}

/* One that waits is replaced by the newer attempt, in its old place. */
static void test_sent_again_while_waiting(void **state) {
    (void)state;
    struct order order = {0};
    struct order_entry *entry;
    take(&order, 1, 1, 7);
    take(&order, 2, 1, 8);
    assert_false(take(&order, 1, 2, 7));
    assert_int_equal(begin(&order, 1, &entry), 1);
    assert_int_equal(entry->delivery.item.attempt, 2);
    order_fini(&order);
}

static void test_back_off(void **state) {
    (void)state;
    static const int64_t expected_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600};
    for (size_t i = 0; i < sizeof expected_s / sizeof *expected_s; i++) {
        assert_int_equal(order_back_off_ms((int64_t)i + 1), expected_s[i] * 1000);
    }
    assert_int_equal(order_back_off_ms(HV_INTEGER_MAX), 600000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time_per_journey),
        cmocka_unit_test(test_never_more_than_the_jobs),
        cmocka_unit_test(test_items_without_a_journey),
        cmocka_unit_test(test_sent_again_while_at_it),
        cmocka_unit_test(test_sent_again_while_waiting),
        cmocka_unit_test(test_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
