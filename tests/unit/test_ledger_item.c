/* Inboxes in the ledger: what is owed, in which order, and in which states an item can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_audit.h"
#include "ledger_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Two journeys with a handover each, an inbox, and a turn that stays open. */
struct inbox_sample {
    struct ledger *ledger;
    struct journey journeys[2];
    struct handover handovers[2];
    int64_t inbox;
};

static struct inbox_sample inbox_begin(struct ledger_sample *sample) {
    struct inbox_sample it = {.ledger = sample->ledger};

    ledger_begin(sample->ledger);
    for (uint8_t i = 0; i < 2; i++) {
        it.journeys[i] = ledger_sample_journey(sample, (uint8_t)(i + 1));
        it.handovers[i] = ledger_sample_handover(sample, &it.journeys[i], i);
    }
    it.inbox = ledger_inbox(sample->ledger, "werkse", HV_ROLE_ENDPOINT);
    return it;
}

/* An item of journey 0 or 1. */
static void add(struct inbox_sample *it, int which) {
    ledger_item_add(it->ledger, it->inbox, it->journeys[which].row, it->handovers[which].row, 1);
}

static struct ledger_item item_of(struct inbox_sample *it, int64_t number) {
    struct ledger_item item;

    if (!ledger_item_find(it->ledger, it->inbox, number, &item))
        fail_msg("there is no item %lld", (long long)number);
    return item;
}

/* The items that may go, in order, as a text. */
static void assert_ready(struct inbox_sample *it, const char *expected) {
    struct ledger_item items[16];
    const size_t count = ledger_items_ready(it->ledger, it->inbox, COUNT(items), items);
    char found[128] = "";
    size_t used = 0;

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%lld", i ? " " : "",
                                 (long long)items[i].item);
    assert_string_equal(found, expected);
}

static void send_out(struct inbox_sample *it, int64_t number) {
    struct ledger_item item = item_of(it, number);

    ledger_item_out(it->ledger, &item);
    assert_int_equal(item.state, LEDGER_ITEM_OUT);
    assert_int_equal(item_of(it, number).state, LEDGER_ITEM_OUT);
    assert_int_equal(item_of(it, number).attempts, item.attempts);
}

static void acknowledge(struct inbox_sample *it, int64_t number, int64_t seq) {
    const struct ledger_item item = item_of(it, number);

    ledger_item_acknowledge(it->ledger, &item, seq);
}

static void inbox_end(struct ledger_sample *sample) {
    uint8_t head[32];

    ledger_sample_commit(sample);
    const int64_t seq = ledger_seq(sample->ledger);
    memcpy(head, ledger_head(sample->ledger), sizeof head);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    audit_chain(database, seq, head);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM item WHERE state IN (1, 2, 3) "
                                            "GROUP BY inbox, journey HAVING count(*) > 1"),
                     -1);
    sqlite3_close(database);
}

/* ---- Inboxes ---- */

/* An inbox is (organisation, role), the same one each time; its items count from 1. */
static void test_inboxes_count_for_themselves(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;

    const int64_t coordinators = ledger_inbox(it.ledger, "werkse", HV_ROLE_COORDINATOR);
    const int64_t others = ledger_inbox(it.ledger, "kcc", HV_ROLE_ENDPOINT);
    assert_int_not_equal(it.inbox, coordinators);
    assert_int_not_equal(it.inbox, others);
    assert_int_equal(ledger_inbox(it.ledger, "werkse", HV_ROLE_ENDPOINT), it.inbox);
    add(&it, 0);
    ledger_item_add(it.ledger, others, it.journeys[0].row, 0, 1);
    add(&it, 1);
    assert_int_equal(item_of(&it, 1).journey_row, it.journeys[0].row);
    assert_int_equal(item_of(&it, 1).handover_row, it.handovers[0].row);
    assert_int_equal(item_of(&it, 2).journey_row, it.journeys[1].row);
    assert_true(ledger_item_find(it.ledger, others, 1, &item));
    assert_int_equal(item.handover_row, 0);
    assert_false(ledger_item_find(it.ledger, others, 2, &item));
    assert_true(ledger_item_get(it.ledger, item.row, &item));
    assert_int_equal(item.inbox, others);
    assert_int_equal(ledger_gauges(it.ledger).items_owed, 3);
    inbox_end(sample);
}

/* A number is never given twice, not even after all before it are acknowledged. */
static void test_numbers_are_never_used_again(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;

    add(&it, 0);
    send_out(&it, 1);
    acknowledge(&it, 1, 1);
    assert_false(ledger_item_find(it.ledger, it.inbox, 1, &item));
    add(&it, 0);
    assert_int_equal(item_of(&it, 2).item, 2);
    inbox_end(sample);
}

/* ---- Order ---- */

/* Of one journey the next goes when the one before is acknowledged; journeys do not wait for each
 * other. */
static void test_one_at_a_time_of_a_journey(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);

    add(&it, 0); /* 1 */
    add(&it, 0); /* 2 */
    add(&it, 1); /* 3 */
    add(&it, 0); /* 4 */
    add(&it, 1); /* 5 */
    assert_ready(&it, "1 3");
    assert_int_equal(item_of(&it, 2).state, LEDGER_ITEM_WAITS);
    send_out(&it, 1);
    assert_ready(&it, "3");
    acknowledge(&it, 1, 1);
    assert_ready(&it, "2 3");
    send_out(&it, 3);
    acknowledge(&it, 3, 1);
    assert_ready(&it, "2 5");
    send_out(&it, 2);
    send_out(&it, 5);
    assert_ready(&it, "");
    acknowledge(&it, 2, 1);
    assert_ready(&it, "4");
    acknowledge(&it, 5, 1);
    assert_ready(&it, "4");
    assert_int_equal(ledger_gauges(it.ledger).items_owed, 1);
    inbox_end(sample);
}

/* At most so many as are asked for, the lowest first. */
static void test_ready_has_a_limit(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item items[2];

    add(&it, 0);
    add(&it, 1);
    assert_int_equal(ledger_items_ready(it.ledger, it.inbox, 1, items), 1);
    assert_int_equal(items[0].item, 1);
    assert_int_equal(ledger_items_ready(it.ledger, it.inbox, 0, items), 0);
    inbox_end(sample);
}

/* ---- States ---- */

/* Its session is gone: it may go again, and counts its attempts. */
static void test_returned_goes_again(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);

    add(&it, 0);
    send_out(&it, 1);
    ledger_item_return(it.ledger, item_of(&it, 1).row);
    assert_ready(&it, "1");
    assert_int_equal(item_of(&it, 1).failures, 0); /* nobody failed */
    send_out(&it, 1);
    assert_int_equal(item_of(&it, 1).attempts, 2);
    /* One that is not out is not touched. */
    add(&it, 0);
    ledger_item_return(it.ledger, item_of(&it, 2).row);
    assert_int_equal(item_of(&it, 2).state, LEDGER_ITEM_WAITS);
    inbox_end(sample);
}

static void wake_count(void *context, int64_t inbox) {
    int64_t *seen = context;

    seen[0]++;
    seen[1] = inbox;
}

/* It rests, holding back the next of its journey, until its time has come. */
static void test_failed_rests_and_holds_back(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;
    int64_t seen[2] = {0};
    hv_time next_ms = 0;

    add(&it, 0);
    add(&it, 0);
    assert_false(ledger_items_next(it.ledger, &next_ms));
    send_out(&it, 1);
    item = item_of(&it, 1);
    assert_false(ledger_item_failed(it.ledger, &item, 5000, 3));
    assert_ready(&it, "");
    assert_int_equal(item_of(&it, 1).state, LEDGER_ITEM_RESTS);
    assert_int_equal(item_of(&it, 1).failures, 1);
    assert_true(ledger_items_next(it.ledger, &next_ms));
    assert_int_equal(next_ms, 5000);
    ledger_items_wake(it.ledger, 4999, wake_count, seen);
    assert_int_equal(seen[0], 0);
    assert_ready(&it, "");
    ledger_items_wake(it.ledger, 5000, wake_count, seen);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], it.inbox);
    assert_ready(&it, "1");
    assert_false(ledger_items_next(it.ledger, &next_ms));
    inbox_end(sample);
}

/* No clock that was set back keeps an item at rest for longer than an item can rest. */
static void test_rest_ends_though_the_clock_was_set_back(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    const hv_time now_ms = 1000000000;
    struct ledger_item item;
    int64_t seen[2] = {0};

    add(&it, 0);
    send_out(&it, 1);
    item = item_of(&it, 1);
    (void)ledger_item_failed(it.ledger, &item, now_ms + LEDGER_REST_MAX_MS, 3);
    ledger_items_wake(it.ledger, now_ms, wake_count, seen);
    assert_ready(&it, ""); /* as long as it may be */
    ledger_items_wake(it.ledger, now_ms - 1, wake_count, seen);
    assert_int_equal(seen[0], 1);
    assert_ready(&it, "1");
    inbox_end(sample);
}

/* So many failures and it is set aside: it lets the next go, and comes back at the next hello. */
static void test_set_aside_and_recalled(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;

    add(&it, 0); /* 1 */
    add(&it, 0); /* 2 */
    for (int failure = 1; failure <= 3; failure++) {
        send_out(&it, 1);
        item = item_of(&it, 1);
        assert_int_equal(ledger_item_failed(it.ledger, &item, 0, 3), failure == 3);
        ledger_items_wake(it.ledger, 1, wake_count, (int64_t[2]){0});
    }
    assert_int_equal(item_of(&it, 1).state, LEDGER_ITEM_ASIDE);
    assert_int_equal(ledger_gauges(it.ledger).items_aside, 1);
    assert_int_equal(ledger_gauges(it.ledger).items_owed, 2);
    assert_ready(&it, "2");

    send_out(&it, 2);
    ledger_items_recall(it.ledger, it.inbox);
    assert_int_equal(ledger_gauges(it.ledger).items_aside, 0);
    assert_int_equal(item_of(&it, 1).state, LEDGER_ITEM_WAITS); /* while the other is out */
    assert_int_equal(item_of(&it, 1).failures, 0);
    assert_int_equal(item_of(&it, 1).attempts, 3);
    acknowledge(&it, 2, 1);
    assert_ready(&it, "1");
    inbox_end(sample);
}

/* Recalled when nothing else of its journey is on its way, it goes at once, and in order. */
static void test_recalled_in_order(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;

    add(&it, 0);
    add(&it, 0);
    add(&it, 1);
    for (int64_t number = 1; number <= 3; number++) {
        send_out(&it, number);
        item = item_of(&it, number);
        assert_true(ledger_item_failed(it.ledger, &item, 0, 1));
    }
    assert_int_equal(ledger_gauges(it.ledger).items_aside, 3);
    assert_ready(&it, "");
    ledger_items_recall(it.ledger, it.inbox);
    assert_ready(&it, "1 3");
    assert_int_equal(item_of(&it, 2).state, LEDGER_ITEM_WAITS);
    inbox_end(sample);
}

/* ---- The end: by acknowledgement alone ---- */

/* Acknowledged in whatever state, once, and known as a repeat ever after. */
static void test_acknowledged_in_every_state(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;

    for (int64_t number = 1; number <= 4; number++) {
        add(&it, 0);
        send_out(&it, number);
        item = item_of(&it, number);
        if (number == 2)
            (void)ledger_item_failed(it.ledger, &item, 9000, 9); /* rests */
        if (number == 3)
            (void)ledger_item_failed(it.ledger, &item, 9000, 1); /* aside */
        if (number == 4)
            ledger_item_return(it.ledger, item.row); /* ready again */
        assert_int_equal(ledger_item_acknowledged(it.ledger, it.inbox, number), 0);
        acknowledge(&it, number, number);
        assert_int_equal(ledger_item_acknowledged(it.ledger, it.inbox, number), number);
        assert_false(ledger_item_get(it.ledger, item.row, &item));
    }
    assert_int_equal(ledger_gauges(it.ledger).items_owed, 0);
    assert_int_equal(ledger_gauges(it.ledger).items_aside, 0);
    assert_int_equal(ledger_item_acknowledged(it.ledger, it.inbox, 5), 0);
    inbox_end(sample);
}

/* What was out when the process stopped may go again when it starts. */
static void test_stop_returns_what_was_out(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);
    struct ledger_item item;

    add(&it, 0);
    add(&it, 0);
    add(&it, 1);
    send_out(&it, 1);
    send_out(&it, 3);
    item = item_of(&it, 3);
    (void)ledger_item_failed(it.ledger, &item, 9000, 9);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    ledger_sample_open(sample);
    it.ledger = sample->ledger;
    ledger_begin(it.ledger);
    assert_ready(&it, "1");
    assert_int_equal(item_of(&it, 1).attempts, 1);
    assert_int_equal(item_of(&it, 2).state, LEDGER_ITEM_WAITS);
    assert_int_equal(item_of(&it, 3).state, LEDGER_ITEM_RESTS);
    assert_int_equal(ledger_gauges(it.ledger).items_owed, 3);
    inbox_end(sample);
}

/* A dossier that waits is one of this handover, in this inbox, and of that event. */
static void test_dossier_waits(void **state) {
    struct ledger_sample *sample = *state;
    struct inbox_sample it = inbox_begin(sample);

    const int64_t seq =
        ledger_sample_event(sample, HV_EVENT_DOSSIER, &it.journeys[0], &it.handovers[0]);
    add(&it, 0);
    assert_false(ledger_item_dossier_waits(it.ledger, it.inbox, it.handovers[0].row));
    ledger_item_add(it.ledger, it.inbox, it.journeys[0].row, it.handovers[0].row, seq);
    assert_true(ledger_item_dossier_waits(it.ledger, it.inbox, it.handovers[0].row));
    assert_false(ledger_item_dossier_waits(it.ledger, it.inbox, it.handovers[1].row));
    const int64_t other = ledger_inbox(it.ledger, "kcc", HV_ROLE_ENDPOINT);
    assert_false(ledger_item_dossier_waits(it.ledger, other, it.handovers[0].row));
    acknowledge(&it, 2, seq);
    assert_false(ledger_item_dossier_waits(it.ledger, it.inbox, it.handovers[0].row));
    inbox_end(sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_inboxes_count_for_themselves),
        LEDGER_TEST(test_numbers_are_never_used_again),
        LEDGER_TEST(test_one_at_a_time_of_a_journey),
        LEDGER_TEST(test_ready_has_a_limit),
        LEDGER_TEST(test_returned_goes_again),
        LEDGER_TEST(test_failed_rests_and_holds_back),
        LEDGER_TEST(test_rest_ends_though_the_clock_was_set_back),
        LEDGER_TEST(test_set_aside_and_recalled),
        LEDGER_TEST(test_recalled_in_order),
        LEDGER_TEST(test_acknowledged_in_every_state),
        LEDGER_TEST(test_stop_returns_what_was_out),
        LEDGER_TEST(test_dossier_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
