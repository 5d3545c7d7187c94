/* What the broker owes, until it is acknowledged: order, attempts, credit, setting aside;
 * with clocks that go wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker_say.h"

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define REDELIVERY_MS INT64_C(600000)

/* A journey of kcc that is offered to werkse. */
static void offer(struct peer *kcc, uint8_t journey) {
    (void)peer_does(kcc, say_open(journey, "h.holder"));
    (void)peer_does(kcc, say_offer(journey, "werkse", HV_KIND_COLD));
}

static struct peer *kcc_begin(struct broker_world *world) {
    return peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
}

static struct peer *werkse_begin(struct broker_world *world, const char *instance, int64_t credit) {
    return peer_begin(world, "werkse", HV_ROLE_ENDPOINT, instance, credit);
}

static const struct hv_item *expect(struct peer *peer, enum hv_event_name event, int64_t attempt) {
    const struct hv_item *item = &peer_expect_item(peer, event)->message.item;

    assert_int_equal(item->attempt, attempt);
    return item;
}

/* ---- Order and credit ---- */

/* Of one journey one item at a time and inbox, across its instances; other journeys do not wait. */
static void test_one_item_of_a_journey_at_a_time(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *one = werkse_begin(world, "one", 10);

    offer(kcc, 1);
    const int64_t first = expect(one, HV_EVENT_OFFERED, 1)->item;
    (void)peer_does(kcc, say_withdraw(1));
    struct peer *two = werkse_begin(world, "two", 10);
    peer_expect_silence(one);
    peer_expect_silence(two);
    offer(kcc, 2);
    struct peer *other = two->heard_count ? two : one; /* whoever has it */
    const int64_t second = expect(other, HV_EVENT_OFFERED, 1)->item;
    assert_true(second > first);
    /* Any session of the inbox may acknowledge. */
    (void)peer_does(two, say_ack(first));
    (void)peer_does(one, say_ack(second));
    world_settle(world);
    other = two->heard_count > one->heard_count ? two : one;
    const struct heard *withdrawn = peer_next_item(one);
    if (!withdrawn)
        withdrawn = peer_next_item(two);
    assert_non_null(withdrawn);
    assert_int_equal(withdrawn->message.item.event.event, HV_EVENT_WITHDRAWN);
}

/* At most so many as the session has credit for; none without. */
static void test_credit_is_a_limit(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *none = werkse_begin(world, "none", 0);
    int64_t items[3];

    for (uint8_t journey = 1; journey <= 5; journey++)
        offer(kcc, journey);
    peer_expect_silence(none);
    struct peer *two = werkse_begin(world, "two", 2);
    for (size_t i = 0; i < 2; i++)
        items[i] = expect(two, HV_EVENT_OFFERED, 1)->item;
    peer_expect_silence(two);
    assert_true(items[0] < items[1]);
    (void)peer_does(two, say_ack(items[0]));
    items[2] = expect(two, HV_EVENT_OFFERED, 1)->item;
    assert_true(items[1] < items[2]);
    peer_expect_silence(two);
    peer_expect_silence(none);
}

/* More than one turn can put out goes out in the turns that follow, all of it. */
static void test_many_items_go_out(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    size_t count = 0;

    for (int which = 1; which <= 155; which++) {
        struct hv_message open = say_open(1, "h.holder");
        struct hv_message give = say_offer(1, "werkse", HV_KIND_COLD);
        open.open.journey.bytes[0] = give.offer.journey.bytes[0] = (uint8_t)which;
        give.offer.handover.bytes[0] = (uint8_t)which;
        (void)peer_does(kcc, open);
        (void)peer_does(kcc, give);
        open.open.journey.bytes[1] = give.offer.journey.bytes[1] = 1;
        give.offer.handover.bytes[1] = 1;
        (void)peer_does(kcc, open);
        (void)peer_does(kcc, give);
    }
    struct peer *werkse = werkse_begin(world, "one", 1000);
    int64_t last = 0;
    for (const struct heard *item; (item = peer_next_item(werkse)) != NULL; count++) {
        assert_true(item->message.item.item > last);
        last = item->message.item.item;
    }
    assert_int_equal(count, 310);
}

/* ---- Again ---- */

static void test_nack_sends_again_later(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);

    offer(kcc, 1);
    const struct hv_message nack = say_nack(expect(werkse, HV_EVENT_OFFERED, 1)->item, 5000);
    (void)peer_does(kcc, say_withdraw(1));
    peer_say(werkse, &nack, NULL, 0);
    world_settle(world);
    peer_expect_silence(werkse); /* and it goes on holding the journey back */
    assert_true(broker_wait_ms(world->broker) <= 5000);
    world_pass(world, 4999);
    peer_expect_silence(werkse);
    world_pass(world, 1);
    (void)expect(werkse, HV_EVENT_OFFERED, 2);
    peer_expect_silence(werkse);
}

/* Not acknowledged in time: sent again, by a clock that no setting moves. */
static void test_time_out_sends_again(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);
    const struct hv_message ping = {.type = HV_MESSAGE_ping};

    offer(kcc, 1);
    const int64_t item = expect(werkse, HV_EVENT_OFFERED, 1)->item;
    for (int64_t ms = 0; ms < REDELIVERY_MS; ms += 20000) {
        peer_say(werkse, &ping, NULL, 0);
        peer_say(kcc, &ping, NULL, 0);
        world->fake.wall_ms -= 3600000; /* whatever the wall clock says */
        if (ms + 20000 < REDELIVERY_MS)
            world_pass(world, 20000);
        else
            world_pass(world, 19999);
    }
    assert_null(peer_next_item(werkse));
    world_pass(world, 1);
    assert_int_equal(expect(werkse, HV_EVENT_OFFERED, 2)->item, item);
    while (peer_next_answer(werkse))
        continue; /* pongs */
    (void)peer_does(werkse, say_ack(item));
}

/* A session that said bye, one that another took over, one whose connection is gone: what was out
 * to it goes to another at once. */
static void test_lost_sessions_lose_nothing(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *one = werkse_begin(world, "one", 10);
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    offer(kcc, 1);
    (void)expect(one, HV_EVENT_OFFERED, 1);
    struct peer *two = werkse_begin(world, "two", 10);
    peer_expect_silence(two);
    peer_say(one, &bye, NULL, 0);
    world_settle(world);
    const int64_t item = expect(two, HV_EVENT_OFFERED, 2)->item;

    struct peer *again = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 10);
    peer_expect_refused(two, HV_REFUSED_NO_SESSION, NULL);
    assert_int_equal(expect(again, HV_EVENT_OFFERED, 3)->item, item);

    again->unreachable = true; /* known when something is next sent to it */
    offer(kcc, 2);
    struct peer *three = werkse_begin(world, "three", 10);
    assert_int_equal(expect(three, HV_EVENT_OFFERED, 4)->item, item);
    (void)expect(three, HV_EVENT_OFFERED, 2);
}

/* Three silent intervals end a session; before that it is asked. */
static void test_silence_ends_a_session(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *one = werkse_begin(world, "one", 10);
    const struct hv_message pong = {.type = HV_MESSAGE_pong};
    size_t pings = 0;

    offer(kcc, 1);
    (void)expect(one, HV_EVENT_OFFERED, 1);
    struct peer *two = werkse_begin(world, "two", 10);
    for (int64_t ms = 0; ms < 60000; ms += 1000) {
        peer_say(two, &pong, NULL, 0);
        peer_say(kcc, &pong, NULL, 0);
        if (ms < 58000)
            assert_null(peer_next_item(two));
        world_pass(world, 1000);
        for (const struct heard *heard; (heard = peer_next_answer(one)) != NULL; pings++)
            assert_int_equal(heard->message.type, HV_MESSAGE_ping);
    }
    assert_int_equal(pings, 2);
    (void)expect(two, HV_EVENT_OFFERED, 2);
    peer_may_not(one, say_status(1), HV_REFUSED_NO_SESSION, NULL);
}

/* A queue that is full sends it to another session; the one that reads again has missed nothing. */
static void test_full_queue_goes_elsewhere(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *one = werkse_begin(world, "one", 10);

    one->full = true;
    (void)peer_does(kcc, say_open(1, "h.holder"));
    const struct hv_message message = say_offer(1, "werkse", HV_KIND_COLD);
    peer_say(kcc, &message, NULL, 0);
    world_turn(world);
    world_turn(world);
    assert_int_equal(one->heard_count, 1); /* its welcome */
    one->full = false;
    world_pass(world, 1000); /* it is not tried turn after turn */
    world_settle(world);
    assert_true(peer_expect_item(one, HV_EVENT_OFFERED)->message.item.attempt > 1);
}

/* A restart sends again what was out, marked so, and knows what was acknowledged. */
static void test_restart_owes_the_same(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);
    int64_t items[2];

    for (uint8_t journey = 1; journey <= 2; journey++)
        offer(kcc, journey);
    for (size_t i = 0; i < 2; i++)
        items[i] = expect(werkse, HV_EVENT_OFFERED, 1)->item;
    const int64_t seq = peer_does(werkse, say_ack(items[0]))->seq;
    world_stop(world);
    world_start(world);
    peer_may_not(werkse, say_ack(items[1]), HV_REFUSED_NO_SESSION, NULL);
    peer_hello(werkse, 10);
    assert_int_equal(expect(werkse, HV_EVENT_OFFERED, 2)->item, items[1]);
    assert_int_equal(peer_repeats(werkse, say_ack(items[0]))->seq, seq);
    (void)peer_does(werkse, say_ack(items[1]));
    peer_expect_silence(werkse);
}

/* What was never sent cannot be acknowledged, nor what is another inbox's. */
static void test_only_what_was_sent_is_acknowledged(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *none = werkse_begin(world, "none", 0);
    struct peer *coordinator = peer_begin(world, "werkse", HV_ROLE_COORDINATOR, "desk", 10);

    offer(kcc, 1);
    peer_may_not(none, say_ack(1), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(none, say_ack(2), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(none, say_ack(0), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(none, say_nack(1, 0), HV_REFUSED_UNKNOWN, NULL);
    struct peer *werkse = werkse_begin(world, "one", 10);
    (void)expect(werkse, HV_EVENT_OFFERED, 1);
    peer_may_not(coordinator, say_ack(1), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(kcc, say_ack(1), HV_REFUSED_UNKNOWN, NULL);
    (void)peer_does(none, say_ack(1));
}

/* Past the limit it is set aside, lets the next go, and comes again at the next hello. */
static void test_set_aside_until_the_next_hello(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);
    int64_t first = 0;

    offer(kcc, 1);
    (void)peer_does(kcc, say_withdraw(1));
    for (int64_t attempt = 1; attempt <= 10; attempt++) {
        first = expect(werkse, HV_EVENT_OFFERED, attempt)->item;
        const struct hv_message nack = say_nack(first, 0);
        peer_say(werkse, &nack, NULL, 0);
        world_settle(world);
    }
    const int64_t second = expect(werkse, HV_EVENT_WITHDRAWN, 1)->item;
    peer_expect_silence(werkse);
    struct peer *fresh = werkse_begin(world, "fresh", 10);
    peer_expect_silence(fresh); /* the other is out */
    (void)peer_does(werkse, say_ack(second));
    struct peer *who = fresh->heard_count > 1 ? fresh : werkse;
    assert_int_equal(expect(who, HV_EVENT_OFFERED, 11)->item, first);
    (void)peer_does(who, say_ack(first));
}

/* ---- Clocks that go wrong ---- */

#define YEAR_MS INT64_C(31536000000)
#define HOUR_MS INT64_C(3600000)

/* An offer that werkse has given back for an hour. */
static void offer_rests(struct peer *kcc, struct peer *werkse) {
    offer(kcc, 1);
    const struct hv_message nack = say_nack(expect(werkse, HV_EVENT_OFFERED, 1)->item, HOUR_MS);
    peer_say(werkse, &nack, NULL, 0);
    world_settle(werkse->world);
    peer_expect_silence(werkse);
}

/* Time goes by, with signs of life. */
static void live(struct peer *kcc, struct peer *werkse, int64_t ms) {
    const struct hv_message pong = {.type = HV_MESSAGE_pong};
    struct broker_world *world = werkse->world;
    const struct heard *heard = NULL;

    for (; ms > 0; ms -= 20000) {
        world_pass(world, ms < 20000 ? ms : 20000);
        peer_say(kcc, &pong, NULL, 0);
        peer_say(werkse, &pong, NULL, 0);
        world_settle(world);
        while ((heard = peer_next_answer(werkse)) != NULL)
            assert_int_equal(heard->message.type, HV_MESSAGE_ping);
        while ((heard = peer_next_answer(kcc)) != NULL)
            assert_int_equal(heard->message.type, HV_MESSAGE_ping);
    }
}

/* Set by somebody's hand, back or forward by a year: it is not obeyed. What rests for an hour rests
 * for that hour and no longer, the broker does not spin, and no session ends for it. */
static void clock_is_set_by_hand(struct broker_world *world, int64_t step_ms) {
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);

    offer_rests(kcc, werkse);
    world->fake.wall_ms += step_ms;
    world_settle(world);
    peer_expect_silence(werkse);
    live(kcc, werkse, HOUR_MS - 1);
    peer_expect_silence(werkse);
    assert_true(broker_wait_ms(world->broker) > 0);
    live(kcc, werkse, 1);
    (void)peer_does(werkse, say_ack(expect(werkse, HV_EVENT_OFFERED, 2)->item));
    const struct hv_done *done = peer_does(kcc, say_status(1));
    assert_int_equal(done->at, world->fake.wall_ms - step_ms);
}

static void test_clock_set_back(void **state) {
    clock_is_set_by_hand(*state, -YEAR_MS);
}

static void test_clock_set_forward(void **state) {
    clock_is_set_by_hand(*state, YEAR_MS);
}

/* Set back by a year by a time service, which is obeyed, while an item rests: it does not rest for
 * a year, nor does the broker spin. */
static void test_clock_put_right_backwards(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);

    offer_rests(kcc, werkse);
    world->fake.wall_ms -= YEAR_MS;
    world->fake.synchronised = true;
    world_settle(world);
    (void)expect(werkse, HV_EVENT_OFFERED, 2);
    /* Life goes on, though the offer lies in the future now. */
    struct hv_message confirm = say_confirm(world, 1, "anna");
    confirm.confirm.contact.how = HV_CONTACT_WITH_SENDER;
    (void)peer_does(werkse, confirm);
    (void)peer_does(werkse, say_reassign(world, 1, "bram", "anna"));
}

/* Set forward by a year by a time service: what rests goes at once, nothing else is lost, no
 * session ends for it. */
static void test_clock_put_right_forwards(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);

    offer_rests(kcc, werkse);
    world->fake.wall_ms += YEAR_MS;
    world->fake.synchronised = true;
    world_settle(world);
    const int64_t item = expect(werkse, HV_EVENT_OFFERED, 2)->item;
    (void)peer_does(werkse, say_ack(item));
    (void)peer_does(kcc, say_status(1));
}

/* The machine slept for a year: its time since boot went along, and that year is over. */
static void test_machine_that_slept(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);

    offer_rests(kcc, werkse);
    world_pass(world, YEAR_MS);
    werkse = werkse_begin(world, "two", 10);
    (void)expect(werkse, HV_EVENT_OFFERED, 2);
    kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "two", 0);
    assert_int_equal(peer_does(kcc, say_status(1))->at, world->fake.wall_ms);
}

/* ---- Dossiers ---- */

/* Kept for as long as the policy says after a confirmation; then the pending item says so. */
static void test_dossier_is_deleted_after_its_days(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "her story", &size);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does_with(kcc, say_offer(1, "werkse", HV_KIND_COLD), dossier, size);
    struct peer *werkse = werkse_begin(world, "one", 10);
    peer_acks(werkse, HV_EVENT_OFFERED);
    (void)peer_does(werkse, say_confirm(world, 1, "anna"));
    assert_int_equal(peer_expect_item(werkse, HV_EVENT_DOSSIER)->dossier_size, size);
    fake_world_pass(&world->fake, 7 * INT64_C(86400000) - 1);
    world_settle(world); /* the session has been silent too long */
    werkse = werkse_begin(world, "two", 10);
    assert_int_equal(peer_expect_item(werkse, HV_EVENT_DOSSIER)->dossier_size, size);
    world_pass(world, 1);
    const struct hv_message bye = {.type = HV_MESSAGE_bye};
    peer_say(werkse, &bye, NULL, 0);
    world_settle(world);
    werkse = werkse_begin(world, "three", 10);
    const struct heard *item = peer_expect_item(werkse, HV_EVENT_DOSSIER);
    assert_true(item->message.item.event.has_deleted && item->message.item.event.deleted);
    assert_false(item->message.item.event.has_resident);
    assert_false(item->message.item.event.has_dossier_hash);
    assert_null(item->dossier);
    peer_may_not(werkse, say_fetch(1), HV_REFUSED_CONFLICT, NULL);
}

/* Deleted at once on withdrawal: what the receiver had not seen it never sees. */
static void test_dossier_is_deleted_on_withdrawal(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 1);
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "her story", &size);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does_with(kcc, say_offer(1, "werkse", HV_KIND_COLD), dossier, size);
    (void)peer_does(werkse, say_pickup(1, "anna"));
    (void)peer_does(kcc, say_withdraw(1));
    peer_acks(werkse, HV_EVENT_OFFERED);
    const struct heard *item = peer_expect_item(werkse, HV_EVENT_DOSSIER);
    assert_true(item->message.item.event.deleted);
    assert_false(item->message.item.event.has_resident);
    assert_null(item->dossier);
    (void)peer_does(werkse, say_ack(item->message.item.item));
    item = peer_expect_item(werkse, HV_EVENT_WITHDRAWN);
    assert_true(item->message.item.event.has_destroy && item->message.item.event.destroy);
}

/* All of them again, in order; nothing is added while one waits. */
static void test_fetch_sends_all_again(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = werkse_begin(world, "one", 10);
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "her story", &size);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD)); /* the pseudonym alone */
    (void)peer_does_with(kcc, say_supplement(1, 1), dossier, size);
    peer_may_not(werkse, say_fetch(1), HV_REFUSED_CONFLICT, NULL);
    (void)peer_does(werkse, say_pickup(1, "anna"));
    (void)peer_does(werkse, say_fetch(1)); /* two wait already */
    assert_int_equal(peer_acks_all(werkse), 3);
    (void)peer_does(werkse, say_fetch(1));
    (void)peer_does(werkse, say_fetch(1)); /* never a repeat, and adds nothing */
    for (int64_t number = 0; number < 2; number++) {
        const struct heard *item = peer_expect_item(werkse, HV_EVENT_DOSSIER);
        assert_int_equal(item->message.item.event.number, number);
        assert_string_equal(item->message.item.event.resident, SAMPLE_RESIDENT);
        assert_int_equal(item->dossier_size, number ? size : 0);
        (void)peer_does(werkse, say_ack(item->message.item.item));
    }
    peer_expect_silence(werkse);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_one_item_of_a_journey_at_a_time),
        BROKER_TEST(test_credit_is_a_limit),
        BROKER_TEST(test_many_items_go_out),
        BROKER_TEST(test_nack_sends_again_later),
        BROKER_TEST(test_time_out_sends_again),
        BROKER_TEST(test_lost_sessions_lose_nothing),
        BROKER_TEST(test_silence_ends_a_session),
        BROKER_TEST(test_full_queue_goes_elsewhere),
        BROKER_TEST(test_restart_owes_the_same),
        BROKER_TEST(test_only_what_was_sent_is_acknowledged),
        BROKER_TEST(test_set_aside_until_the_next_hello),
        BROKER_TEST(test_clock_set_back),
        BROKER_TEST(test_clock_set_forward),
        BROKER_TEST(test_clock_put_right_backwards),
        BROKER_TEST(test_clock_put_right_forwards),
        BROKER_TEST(test_machine_that_slept),
        BROKER_TEST(test_dossier_is_deleted_after_its_days),
        BROKER_TEST(test_dossier_is_deleted_on_withdrawal),
        BROKER_TEST(test_fetch_sends_all_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
