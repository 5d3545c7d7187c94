/* Sessions, keys and network files as peers meet them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/network_z85.h"
#include "broker_say.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct hv_message say_hello(enum hv_role role, const char *instance, int64_t credit) {
    struct hv_message message = {.type = HV_MESSAGE_hello};

    sample_text(message.hello.request, "hello");
    sample_text(message.hello.instance, instance);
    message.hello.version = HV_WIRE_VERSION;
    message.hello.role = role;
    message.hello.credit = credit;
    return message;
}

static struct hv_message say_reload(void) {
    struct hv_message message = {.type = HV_MESSAGE_reload};

    sample_text(message.reload.request, "reload");
    return message;
}

/* ---- Sessions ---- */

/* Nothing is taken before hello, and nothing after bye; a stray pong is no matter. */
static void test_nothing_without_a_session(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_connect(world, "kcc", HV_ROLE_ENDPOINT, "one");
    const struct hv_message ping = {.type = HV_MESSAGE_ping};
    const struct hv_message pong = {.type = HV_MESSAGE_pong};
    const struct hv_message bye = {.type = HV_MESSAGE_bye};
    const struct hv_message early[] = {ping,           bye,         say_open(1, "h.holder"),
                                       say_status(1),  say_ack(1),  say_nack(1, 0),
                                       say_history(1), say_reload()};

    for (size_t i = 0; i < COUNT(early); i++)
        peer_may_not(kcc, early[i], HV_REFUSED_NO_SESSION, NULL);
    peer_say(kcc, &pong, NULL, 0);
    world_settle(world);
    peer_expect_silence(kcc);
    peer_hello(kcc, 0);
    (void)peer_does(kcc, say_open(1, "h.holder"));
    peer_say(kcc, &bye, NULL, 0);
    world_settle(world);
    peer_expect_silence(kcc);
    peer_may_not(kcc, say_status(1), HV_REFUSED_NO_SESSION, NULL);
}

/* A refused second hello leaves the session as it was; a good one starts another in its place. */
static void test_second_hello(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct hv_message other = say_hello(HV_ROLE_OPERATOR, "one", 0);

    peer_may_not(kcc, other, HV_REFUSED_FORBIDDEN, "role"); /* this key has not that role */
    (void)peer_does(kcc, say_open(1, "h.holder"));
    other = say_hello(HV_ROLE_ENDPOINT, "two", 5);
    peer_say(kcc, &other, NULL, 0);
    world_settle(world);
    assert_int_equal(peer_next_answer(kcc)->message.type, HV_MESSAGE_welcome);
    (void)peer_does(kcc, say_status(1));
    struct peer *one = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    (void)peer_does(one, say_status(1)); /* the name was free again */
    peer_expect_silence(kcc);
}

/* Rights follow from the key alone: another key on the same return address is nobody yet. */
static void test_a_route_is_no_identity(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *thief = peer_connect(world, "support", HV_ROLE_ENDPOINT, "one");

    (void)peer_does(kcc, say_open(1, "h.holder"));
    thief->route = kcc->route;
    const struct hv_message status = say_status(1);
    peer_say(thief, &status, NULL, 0);
    world_settle(world);
    peer_expect_refused(kcc, HV_REFUSED_NO_SESSION, NULL); /* both hear there what either does */
    const struct hv_message hello = say_hello(HV_ROLE_ENDPOINT, "one", 0);
    peer_say(thief, &hello, NULL, 0);
    world_settle(world);
    const struct heard *welcome = peer_next_answer(kcc);
    assert_int_equal(welcome->message.type, HV_MESSAGE_welcome);
    assert_string_equal(welcome->message.welcome.organisation, "support");
    peer_say(thief, &status, NULL, 0);
    world_settle(world);
    peer_expect_refused(kcc, HV_REFUSED_UNKNOWN, NULL);
}

/* Of the same instance the newer one takes over; of another, both stay. */
static void test_take_over_is_by_name(void **state) {
    struct broker_world *world = *state;
    struct peer *one = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *two = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "two", 0);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "one", 0);
    struct peer *others = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);

    peer_expect_silence(one);
    struct peer *again = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    peer_expect_refused(one, HV_REFUSED_NO_SESSION, NULL);
    peer_expect_silence(one); /* once */
    peer_expect_silence(two);
    peer_expect_silence(desk);
    peer_expect_silence(others);
    (void)peer_does(again, say_open(1, "h.holder"));
}

/* ---- Rate ---- */

/* Over its rate an organisation is told when to ask again; then it may, and others are not
 * touched. */
static void test_rate_is_of_an_organisation(void **state) {
    struct broker_world *world = *state;

    world_rewrite(world, "network.conf", "commands_per_second = 0", "commands_per_second = 5");
    world_stop(world);
    world_start(world);
    struct peer *one = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *two = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "two", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);

    for (uint8_t i = 1; i <= 5; i++)
        (void)peer_does(i % 2 ? one : two, say_open(i, "h.holder"));
    const struct hv_message sixth = say_open(6, "h.holder");
    peer_say(two, &sixth, NULL, 0);
    world_settle(world);
    const struct heard *heard = peer_next_answer(two);
    assert_int_equal(heard->message.refused.code, HV_REFUSED_BUSY);
    assert_true(heard->message.refused.has_retry_after);
    const int64_t retry_ms = heard->message.refused.retry_after;
    assert_in_range(retry_ms, 1, 1000);
    (void)peer_does(werkse, say_open(7, "h.holder"));
    world_pass(world, retry_ms);
    (void)peer_does(two, sixth);
}

/* ---- Network files ---- */

static int reload(struct broker_world *world, struct failure *ret_failure) {
    const int rc = broker_reload(world->broker, ret_failure);

    world_settle(world);
    return rc;
}

/* A key that a reload removed gets `forbidden` once, and then nothing; what was out to it goes to
 * others. */
static void test_removed_key(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 5);
    struct failure failure;

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    (void)peer_expect_item(werkse, HV_EVENT_OFFERED);
    struct peer *fresh = peer_connect(world, "werkse", HV_ROLE_ENDPOINT, "two");
    assert_true(network_z85_parse(KEY_SPARE, fresh->key));
    world_rewrite(world, "organisations/werkse.conf", "[key endpoint]\npublic_key = ",
                  "[key endpoint]\npublic_key = " KEY_SPARE "\n# it was ");
    if (reload(world, &failure) < 0)
        fail_msg("%s", failure.text);
    peer_hello(fresh, 5);
    assert_int_equal(peer_expect_item(fresh, HV_EVENT_OFFERED)->message.item.attempt, 2);
    peer_may_not(werkse, say_status(1), HV_REFUSED_FORBIDDEN, NULL);
    const struct hv_message again[] = {say_status(1), say_hello(HV_ROLE_ENDPOINT, "one", 5)};
    for (size_t i = 0; i < COUNT(again); i++)
        peer_say(werkse, &again[i], NULL, 0);
    world_settle(world);
    peer_expect_silence(werkse);
}

/* An organisation with ties is not taken off the map: the sentence names it, its ties, the mend. */
static void test_reload_keeps_whom_it_cannot_do_without(void **state) {
    struct broker_world *world = *state;
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *ops = peer_begin(world, "kcc", HV_ROLE_OPERATOR, "ops", 0);
    struct failure failure;
    char path[256];

    (void)peer_does(werkse, say_open(1, "anna"));
    snprintf(path, sizeof path, "%s/organisations/werkse.conf", world->network);
    assert_int_equal(unlink(path), 0);
    assert_true(reload(world, &failure) < 0);
    assert_non_null(strstr(failure.text, "werkse"));
    assert_non_null(strstr(failure.text, "leaving = yes"));
    peer_may_not(ops, say_reload(), HV_REFUSED_CONFLICT, NULL);
    (void)peer_does(werkse, say_status(1)); /* all or nothing */
    (void)peer_does(werkse, say_close(world, 1, "anna", HV_OUTCOME_HELPED));
    peer_acks_all(werkse);
    struct peer *reader = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 5);
    assert_int_equal(peer_acks_all(reader), 1); /* `closed` was owed */
    (void)peer_does(ops, say_reload());
    peer_may_not(reader, say_status(1), HV_REFUSED_FORBIDDEN, NULL);
}

/* A start never stops the city: the same finding is kept from the network before, as leaving. */
static void test_start_keeps_whom_it_cannot_do_without(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    char path[256];

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(werkse, say_open(2, "anna"));
    snprintf(path, sizeof path, "%s/organisations/werkse.conf", world->network);
    assert_int_equal(unlink(path), 0);
    for (int starts = 0; starts < 2; starts++) {
        world_stop(world);
        world_start(world);
        const struct network_organisation *kept =
            network_organisation(broker_network(world->broker), "werkse");
        assert_non_null(kept);
        assert_true(kept->leaving);
    }
    peer_hello(kcc, 0);
    peer_hello(werkse, 0);
    (void)peer_does(werkse, say_status(2)); /* its duties stay */
    peer_may_not(kcc, say_offer(1, "werkse", HV_KIND_COLD), HV_REFUSED_CONFLICT, "to");
}

/* The holder's own coordinator settles where the policy lets it. */
static void test_settle_by_policy(void **state) {
    struct broker_world *world = *state;
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *desk = peer_begin(world, "werkse", HV_ROLE_COORDINATOR, "desk", 0);
    struct failure failure;

    (void)peer_does(werkse, say_open(1, "anna"));
    (void)peer_does(werkse, say_close(world, 1, "anna", HV_OUTCOME_NO_RESPONSE));
    peer_may_not(desk, say_settle(world, 1, "d.desk", true), HV_REFUSED_FORBIDDEN, NULL);
    world_rewrite(world, "network.conf", "settle = network", "settle = organisation");
    assert_int_equal(reload(world, &failure), 0);
    peer_may_not(desk, say_settle(world, 1, "anna", true), HV_REFUSED_FORBIDDEN, "person");
    const struct hv_done *done = peer_does(desk, say_settle(world, 1, "d.desk", true));
    assert_string_equal(done->state, "closed");
}

/* ---- Watchers that are slow ---- */

static struct peer *watcher_of(struct broker_world *world, uint8_t journeys) {
    struct hv_message watch = {.type = HV_MESSAGE_watch};
    struct peer *support = peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 0);

    for (uint8_t i = 1; i <= journeys; i++)
        (void)peer_does(support, say_open(i, "h.holder"));
    sample_text(watch.watch.request, "watch");
    peer_say(desk, &watch, NULL, 0);
    return desk;
}

/* Who reads nothing is tried again after ever longer, and misses nothing. */
static void test_a_watcher_that_stands_still(void **state) {
    static const int64_t waits_ms[] = {10, 20, 40, 80, 160, 320, 640, 1000, 1000};
    struct broker_world *world = *state;
    struct peer *desk = watcher_of(world, 3);

    desk->full = true;
    world_settle(world);
    for (size_t i = 0; i < COUNT(waits_ms); i++) {
        assert_int_equal(broker_wait_ms(world->broker), waits_ms[i]);
        world_pass(world, waits_ms[i]);
    }
    desk->full = false;
    world_pass(world, 1000);
    for (uint8_t i = 1; i <= 3; i++)
        assert_int_equal(peer_next_answer(desk)->message.type, HV_MESSAGE_watched_journey);
    assert_int_equal(peer_next_answer(desk)->message.type, HV_MESSAGE_live);
    assert_int_equal(peer_next_answer(desk)->message.type, HV_MESSAGE_watched_event); /* read */
    peer_expect_silence(desk);
}

/* Who reads on gets on: its queue is filled again as soon as it may have room. */
static void test_a_watcher_whose_queue_is_short(void **state) {
    struct broker_world *world = *state;
    struct peer *desk = watcher_of(world, 45);

    desk->room = 1 + 10; /* the answer, too */
    world_settle(world);
    (void)peer_expect_done(desk);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(broker_wait_ms(world->broker), 10);
        desk->full = false;
        desk->room = 10;
        world_pass(world, 10);
    }
    desk->full = false;
    desk->room = 0;
    world_pass(world, 10);
    for (uint8_t i = 1; i <= 45; i++) {
        const struct hv_message *message = &peer_next_answer(desk)->message;
        assert_int_equal(message->type, HV_MESSAGE_watched_journey);
        assert_int_equal(message->watched_journey.standing.journey.bytes[15], i);
    }
    assert_int_equal(peer_next_answer(desk)->message.type, HV_MESSAGE_live);
    assert_int_equal(peer_next_answer(desk)->message.type, HV_MESSAGE_watched_event); /* read */
    peer_expect_silence(desk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_nothing_without_a_session),
        BROKER_TEST(test_second_hello),
        BROKER_TEST(test_a_route_is_no_identity),
        BROKER_TEST(test_take_over_is_by_name),
        BROKER_TEST(test_rate_is_of_an_organisation),
        BROKER_TEST(test_removed_key),
        BROKER_TEST(test_reload_keeps_whom_it_cannot_do_without),
        BROKER_TEST(test_start_keeps_whom_it_cannot_do_without),
        BROKER_TEST(test_settle_by_policy),
        BROKER_TEST(test_a_watcher_that_stands_still),
        BROKER_TEST(test_a_watcher_whose_queue_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
