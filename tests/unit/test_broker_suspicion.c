/* A key that may be stolen: when it is suspected, who hears of it, and that they hear until they
 * acknowledge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/ledger.h"
#include "broker/request.h"
#include "broker_say.h"
#include "ledger_audit.h"
#include "ledger_verify.h"

/* ---- When ---- */

/* How many alarms the network's coordinator sees. */
static int64_t alarms(struct peer *coordinator) {
    const struct hv_message stats = {.type = HV_MESSAGE_stats, .stats = {.request = "s"}};

    peer_hello(coordinator, 0); /* it may have been silent for too long */
    const struct hv_done *done = peer_does(coordinator, stats);

    for (size_t i = 0; i < done->stats.count; i++)
        if (strcmp(done->stats.items[i].name, "houvast_alarms_total") == 0)
            return done->stats.items[i].value;
    fail_msg("the alarms are not counted");
    return -1;
}

/* Asks what it is refused, for so many seconds. */
static void ask_too_much(struct broker_world *world, struct peer *peer, int seconds) {
    for (int second = 0; second < seconds; second++) {
        for (uint8_t i = 0; i < 8; i++) {
            const struct hv_message map = {.type = HV_MESSAGE_map, .map = {.request = "m"}};
            peer_say(peer, &map, NULL, 0);
        }
        world_settle(world);
        world_pass(world, 1000);
        world_forget(world);
    }
}

/* Who is refused for half a minute on end is an alarm, once; after a pause it can be another. */
static void test_over_the_rate_for_long(void **state) {
    struct broker_world *world = *state;

    world_rewrite(world, "network.conf", "commands_per_second = 0", "commands_per_second = 5");
    world_stop(world);
    world_start(world);
    struct peer *watch = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "watch", 0);
    struct peer *stolen = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);

    ask_too_much(world, stolen, 20);
    assert_int_equal(alarms(watch), 0);
    ask_too_much(world, stolen, 30);
    assert_int_equal(alarms(watch), 1);
    ask_too_much(world, stolen, 60);
    assert_int_equal(alarms(watch), 1);
    world_pass(world, 10000);
    ask_too_much(world, stolen, 20);
    assert_int_equal(alarms(watch), 1);
    ask_too_much(world, stolen, 20);
    assert_int_equal(alarms(watch), 2);
}

/* Opens and closes so many journeys, from that id on. */
static void open_and_close(struct peer *peer, uint8_t from, uint8_t count) {
    peer_hello(peer, 0);
    for (uint8_t id = from; id < from + count; id++) {
        (void)peer_does(peer, say_open(id, "h.holder"));
        (void)peer_does(peer, say_close(peer->world, id, "h.holder", HV_OUTCOME_HELPED));
    }
    world_forget(peer->world);
}

/* More endings in a minute than the policy says are an alarm, once until a minute was quieter. */
static void test_many_endings(void **state) {
    struct broker_world *world = *state;

    world_rewrite(world, "network.conf", "settle = network",
                  "settle = network\nalarm_endings_per_minute = 4");
    world_stop(world);
    world_start(world);
    struct peer *watch = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "watch", 0);
    struct peer *stolen = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *other = peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0);

    open_and_close(stolen, 1, 4);
    open_and_close(other, 11, 4);
    assert_int_equal(alarms(watch), 0);
    open_and_close(stolen, 21, 6);
    assert_int_equal(alarms(watch), 1);
    world_pass(world, 61000);
    open_and_close(stolen, 31, 6);
    assert_int_equal(alarms(watch), 1); /* it goes on */
    world_pass(world, 61000);
    open_and_close(stolen, 41, 1);
    world_pass(world, 61000);
    open_and_close(stolen, 51, 4);
    assert_int_equal(alarms(watch), 1);
    open_and_close(stolen, 61, 1);
    assert_int_equal(alarms(watch), 2);
}

/* ---- Who hears ---- */

#define RATE_5    "commands_per_second = 0", "commands_per_second = 5"
#define ENDINGS_4 "settle = network", "settle = network\nalarm_endings_per_minute = 4"

/* The broker again, with another line in network.conf. */
static void restart_with(struct broker_world *world, const char *find, const char *put) {
    world_rewrite(world, "network.conf", find, put);
    world_stop(world);
    world_start(world);
}

static void expect_suspected(const struct heard *heard, const char *about, const char *reason,
                             int64_t count) {
    const struct hv_event *event = &heard->message.item.event;

    assert_true(event->has_about && event->has_reason && event->has_count);
    assert_string_equal(event->about, about);
    assert_string_equal(event->reason, reason);
    assert_int_equal(event->count, count);
    assert_false(event->has_journey || event->has_handover || event->has_organisation);
}

/* The coordinators come, find the one item that there is, and acknowledge it. */
static void finds(struct broker_world *world, const char *organisation, const char *about,
                  const char *reason, int64_t count) {
    struct peer *desk = peer_begin(world, organisation, HV_ROLE_COORDINATOR, "finds", 20);
    const struct heard *heard = peer_expect_item(desk, HV_EVENT_SUSPECTED);

    expect_suspected(heard, about, reason, count);
    (void)peer_does(desk, say_ack(heard->message.item.item));
    peer_expect_silence(desk);
}

static void finds_nothing(struct broker_world *world, const char *organisation, enum hv_role role) {
    peer_expect_silence(peer_begin(world, organisation, role, "nothing", 20));
}

/* The network's coordinators and the organisation's own; nobody else, and no endpoint. */
static void test_both_coordinators_hear(void **state) {
    struct broker_world *world = *state;

    restart_with(world, RATE_5);
    ask_too_much(world, peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0), 40);
    finds(world, "kcc", "werkse", "over-rate", 5);
    finds(world, "werkse", "werkse", "over-rate", 5);
    finds_nothing(world, "support", HV_ROLE_COORDINATOR);
    finds_nothing(world, "support", HV_ROLE_ENDPOINT);
    finds_nothing(world, "werkse", HV_ROLE_ENDPOINT);
    finds_nothing(world, "kcc", HV_ROLE_ENDPOINT);
    finds_nothing(world, "kcc", HV_ROLE_OPERATOR);
}

/* Where the organisation has no coordinator nothing is owed that nobody could acknowledge. */
static void test_an_organisation_without_coordinators(void **state) {
    struct broker_world *world = *state;

    world_rewrite(world, "organisations/werkse.conf", "roles = coordinator", "roles = endpoint");
    restart_with(world, RATE_5);
    ask_too_much(world, peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0), 40);
    assert_int_equal(ledger_gauges(world->broker->ledger).items_owed, 1);
    finds(world, "kcc", "werkse", "over-rate", 5);
    assert_int_equal(ledger_gauges(world->broker->ledger).items_owed, 0);
}

/* The coordinating organisation's own coordinators hear once. */
static void test_of_the_coordinating_organisation(void **state) {
    struct broker_world *world = *state;

    restart_with(world, RATE_5);
    ask_too_much(world, peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0), 40);
    assert_int_equal(ledger_gauges(world->broker->ledger).items_owed, 1);
    finds(world, "kcc", "kcc", "over-rate", 5);
}

/* All endings of one turn count, and the event says how many. */
static void test_the_count_is_of_the_turn(void **state) {
    struct broker_world *world = *state;

    restart_with(world, ENDINGS_4);
    struct peer *stolen = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    for (uint8_t id = 1; id <= 7; id++)
        (void)peer_does(stolen, say_open(id, "h.holder"));
    for (uint8_t id = 1; id <= 7; id++) {
        const struct hv_message close = say_close(world, id, "h.holder", HV_OUTCOME_HELPED);
        peer_say(stolen, &close, NULL, 0);
    }
    world_turn(world);
    finds(world, "kcc", "werkse", "many-endings", 7);
}

/* ---- Until it is acknowledged ---- */

/* It outlives a restart, comes with another attempt, and ends by its acknowledgement, once. */
static void test_it_is_owed_until_acknowledged(void **state) {
    struct broker_world *world = *state;
    uint8_t head[32];

    restart_with(world, ENDINGS_4);
    open_and_close(peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0), 1, 5);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 20);
    (void)peer_expect_item(desk, HV_EVENT_SUSPECTED);
    world_stop(world);
    world_start(world);
    peer_hello(desk, 20);
    const struct heard *again = peer_expect_item(desk, HV_EVENT_SUSPECTED);
    assert_int_equal(again->message.item.attempt, 2);
    expect_suspected(again, "werkse", "many-endings", 5);
    const int64_t item = again->message.item.item;
    const int64_t seq = peer_does(desk, say_ack(item))->seq;
    assert_int_equal(peer_repeats(desk, say_ack(item))->seq, seq);
    world_stop(world);
    world_start(world);
    finds_nothing(world, "kcc", HV_ROLE_COORDINATOR);
    const int64_t newest = ledger_seq(world->broker->ledger);
    memcpy(head, ledger_head(world->broker->ledger), sizeof head);
    world_stop(world);
    audit_all(world->state, newest, head);
    verify_folder(world->state);
}

/* Of what belongs to no journey one item is out at a time; what is of a journey does not wait. */
static void test_one_at_a_time(void **state) {
    struct broker_world *world = *state;

    restart_with(world, ENDINGS_4);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    open_and_close(werkse, 1, 5);
    open_and_close(peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0), 11, 5);
    (void)peer_does(werkse, say_open(21, "h.holder"));
    (void)peer_does(werkse, say_close(world, 21, "h.holder", HV_OUTCOME_NO_RESPONSE));
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 20);
    const struct heard *first = peer_expect_item(desk, HV_EVENT_SUSPECTED);
    expect_suspected(first, "werkse", "many-endings", 5);
    peer_acks(desk, HV_EVENT_CLOSING);
    peer_expect_silence(desk);
    (void)peer_does(desk, say_ack(first->message.item.item));
    expect_suspected(peer_expect_item(desk, HV_EVENT_SUSPECTED), "support", "many-endings", 5);
}

/* One that fails again and again is set aside like any other, and the next goes. */
static void test_one_that_is_set_aside(void **state) {
    struct broker_world *world = *state;

    world_rewrite(world, "network.conf", "item_attempts = 10", "item_attempts = 1");
    restart_with(world, ENDINGS_4);
    open_and_close(peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0), 1, 5);
    open_and_close(peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0), 11, 5);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 20);
    const struct heard *first = peer_expect_item(desk, HV_EVENT_SUSPECTED);
    const struct hv_message nack = say_nack(first->message.item.item, 0);
    peer_say(desk, &nack, NULL, 0);
    world_settle(world);
    peer_acks(desk, HV_EVENT_SUSPECTED); /* of the second */
    peer_expect_silence(desk);
    peer_hello(desk, 20);
    expect_suspected(peer_expect_item(desk, HV_EVENT_SUSPECTED), "werkse", "many-endings", 5);
}

/* ---- Together with a reload ---- */

/* The turn that notices may also take the organisation off the map: nothing is owed to it then,
 * which would keep a later reload from being taken. */
static void test_of_an_organisation_that_leaves_in_that_turn(void **state) {
    struct broker_world *world = *state;
    struct hv_message reload = {.type = HV_MESSAGE_reload};
    char path[256];

    restart_with(world, RATE_5);
    struct peer *stolen = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *ops = peer_begin(world, "kcc", HV_ROLE_OPERATOR, "ops", 0);
    ask_too_much(world, stolen, 30);
    assert_int_equal(ledger_gauges(world->broker->ledger).items_owed, 0);
    snprintf(path, sizeof path, "%s/organisations/werkse.conf", world->network);
    assert_int_equal(unlink(path), 0);
    peer_hello(ops, 0);
    for (uint8_t i = 0; i < 8; i++) {
        const struct hv_message map = {.type = HV_MESSAGE_map, .map = {.request = "m"}};
        peer_say(stolen, &map, NULL, 0);
    }
    sample_text(reload.reload.request, "reload");
    (void)peer_does(ops, reload);
    assert_int_equal(ledger_gauges(world->broker->ledger).items_owed, 1);
    finds(world, "kcc", "werkse", "over-rate", 5);
    (void)peer_does(ops, reload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_over_the_rate_for_long),
        BROKER_TEST(test_many_endings),
        BROKER_TEST(test_both_coordinators_hear),
        BROKER_TEST(test_an_organisation_without_coordinators),
        BROKER_TEST(test_of_the_coordinating_organisation),
        BROKER_TEST(test_the_count_is_of_the_turn),
        BROKER_TEST(test_it_is_owed_until_acknowledged),
        BROKER_TEST(test_one_at_a_time),
        BROKER_TEST(test_one_that_is_set_aside),
        BROKER_TEST(test_of_an_organisation_that_leaves_in_that_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
