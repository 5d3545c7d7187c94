/* A journey's row that is damaged ends nothing: it goes on ringing, and so do all the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "broker/request.h"
#include "broker_time.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void offer_to_support(struct broker_world *world, uint8_t journey) {
    struct peer *kcc = time_kcc(world);

    (void)peer_does(kcc, say_open_as(journey, HV_URGENCY_ROUTINE));
    (void)peer_does(kcc, say_offer_as(journey, "support", HV_URGENCY_ROUTINE));
}

/* What a row keeps cannot be read: the journey is as its events say, claims and all, and its ladder
 * goes on to the minute; the others never notice. */
static void test_a_row_that_is_damaged(void **state) {
    static const char *const steps[] = {"unrouted 1 after 60 min", "unrouted 2 after 120 min",
                                        "unrouted 3 after 240 min"};
    struct broker_world *world = *state;
    struct peer *kcc = time_kcc(world);

    (void)peer_does(kcc, say_open_as(2, HV_URGENCY_CRISIS));
    const hv_time opened_ms = world->fake.wall_ms;
    const struct journey before = time_journey(world, 2);
    const int64_t seq = time_seq(world);
    time_change(world, "UPDATE journey SET keeping = x'c1' WHERE number = 1");
    time_restart(world);
    const struct journey after = time_journey(world, 2);
    assert_false(after.damaged);
    assert_true(runs_equal(&before.runs, &after.runs));
    assert_int_equal(time_number(world, "SELECT count(*) FROM event WHERE type = 35"), 1);
    (void)time_run(world, 5 * HOUR_MS);
    steps_expect(world, seq, opened_ms, steps, COUNT(steps));
    time_audit(world);
}

/* A command that comes first finds the journey as it was, and leaves it whole. */
static void test_a_command_on_a_damaged_row(void **state) {
    struct broker_world *world = *state;

    (void)time_offer(world, 1, HV_URGENCY_ROUTINE);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    (void)peer_does(werkse, say_receive(1, "anna"));
    world_settle(world);
    const struct journey before = time_journey(world, 1);
    time_change(world, "UPDATE journey SET keeping = x'00' WHERE number = 1");
    const struct hv_message question = {
        .type = HV_MESSAGE_status,
        .status = {.request = "s", .has_journey = true, .journey = before.id}};
    const struct hv_done *done = peer_does(time_kcc(world), question);
    assert_true(done->has_due && done->due == runs_due(&before.runs));
    (void)peer_does(werkse, say_pickup(1, "anna"));
    const struct journey after = time_journey(world, 1);
    assert_int_equal(after.runs.count, 1);
    assert_int_equal(after.runs.items[0].phase, HV_PHASE_ARRIVAL);
    time_audit(world);
}

/* Its events are damaged too: it begins anew by its state alone, and is not silent. */
static void test_a_journey_that_is_damaged_through_and_through(void **state) {
    struct broker_world *world = *state;

    (void)time_offer(world, 1, HV_URGENCY_CRISIS);
    const hv_time at_ms = world->fake.wall_ms;
    time_change(world, "UPDATE journey SET keeping = x'c1' WHERE number = 1");
    time_change(world, "UPDATE payload SET payload = x'c1'");
    const int64_t seq = time_seq(world);
    time_restart(world);
    const struct journey after = time_journey(world, 1);
    assert_int_equal(after.runs.count, 2);
    assert_int_equal(after.runs.items[0].phase, HV_PHASE_DELIVERY);
    assert_int_equal(after.runs.items[0].began, at_ms);
    (void)time_run(world, HOUR_MS);
    size_t count = 0;
    free(time_steps(world, seq, &count));
    assert_true(count >= 6);
}

/* Everybody hears that there is something, and the broker goes on: items, a digest, a history, a
 * watch, and the same command again. */
static void test_events_that_are_damaged(void **state) {
    struct broker_world *world = *state;
    size_t items = 0;

    (void)time_offer(world, 1, HV_URGENCY_CRISIS);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    const struct hv_message pickup = say_pickup(1, "anna");
    (void)peer_does(werkse, pickup);
    (void)peer_does(werkse, say_confirm(world, 1, "anna"));
    struct peer *kcc = time_kcc(world);
    for (uint8_t i = 2; i < 90; i++)
        (void)peer_does(kcc, say_open_as(i, HV_URGENCY_CRISIS));
    (void)time_run(world, 5 * HOUR_MS); /* coordinators have a digest by now */
    time_change(world, "UPDATE payload SET payload = x'c1'");
    time_restart(world);
    for (size_t i = 0; i < WORLD_ORGANISATIONS; i++) {
        static const enum hv_role roles[] = {HV_ROLE_ENDPOINT, HV_ROLE_COORDINATOR};
        struct peer *peers[COUNT(roles)];
        for (size_t j = 0; j < COUNT(roles); j++)
            peers[j] = peer_begin(world, world_organisations[i], roles[j], "new", 100);
        for (int more = 1; more;) {
            more = 0;
            for (size_t j = 0; j < COUNT(roles); j++) {
                const struct heard *heard = peer_next_item(peers[j]);
                if (!heard)
                    continue;
                const struct hv_message ack = say_ack(heard->message.item.item);
                assert_true(heard->message.item.event.event != 0);
                peer_say(peers[j], &ack, NULL, 0);
                world_turn(world);
                items++;
                more = 1;
            }
        }
    }
    assert_true(items > 20);
    assert_int_equal(time_number(world, "SELECT count(*) FROM item JOIN inbox ON "
                                        "item.inbox = inbox.number WHERE role < 3"),
                     0);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 0);
    const struct hv_done *done = peer_does(desk, say_history(1));
    assert_true(done->has_events && done->events.count > 4);
    assert_memory_equal(&done->events.items[1].journey, &done->events.items[0].journey, 16);
    (void)peer_does(desk, say_status(1));
    (void)peer_repeats(time_kcc(world), say_open_as(3, HV_URGENCY_CRISIS));
}

/* A command of an earlier holder is known again, though nobody knows any more how things stood
 * then; and so is a supplement, but for its hash. */
static void test_repeats_of_what_is_damaged(void **state) {
    struct broker_world *world = *state;
    const struct hv_message supplement = say_supplement(1, 1);
    size_t size = 0;

    (void)time_offer(world, 1, HV_URGENCY_ROUTINE);
    offer_to_support(world, 2);
    const uint8_t *dossier = world_dossier(world, "werkse", "more", &size);
    assert_true(peer_does_with(time_kcc(world), supplement, dossier, size)->has_dossier_hash);
    struct peer *support = peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0);
    (void)peer_does(support, say_confirm(world, 2, "anna"));
    time_change(world, "UPDATE payload SET payload = x'c1'");
    const struct hv_done *done = peer_repeats_with(time_kcc(world), supplement, dossier, size);
    assert_false(done->has_dossier_hash);
    done = peer_repeats(time_kcc(world), say_open_as(2, HV_URGENCY_ROUTINE));
    assert_int_equal(done->journey.bytes[15], 2);
    assert_false(done->has_holder);
}

/* Each dossier goes out as it is, under its number. */
static void test_dossiers_whose_events_are_damaged(void **state) {
    static const char *const texts[] = {"the first", "and more", "and still more"};
    const uint8_t *dossiers[COUNT(texts)];
    size_t sizes[COUNT(texts)];
    struct broker_world *world = *state;
    struct peer *kcc = time_kcc(world);

    for (size_t i = 0; i < COUNT(texts); i++)
        dossiers[i] = world_dossier(world, "werkse", texts[i], &sizes[i]);
    (void)peer_does(kcc, say_open_as(1, HV_URGENCY_ROUTINE));
    const struct hv_message offered = say_offer_as(1, "werkse", HV_URGENCY_ROUTINE);
    (void)peer_does_with(kcc, offered, dossiers[0], sizes[0]);
    (void)peer_does_with(kcc, say_supplement(1, 1), dossiers[1], sizes[1]);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    (void)peer_does(werkse, say_pickup(1, "anna"));
    (void)peer_does_with(kcc, say_supplement(1, 2), dossiers[2], sizes[2]);
    time_change(world, "UPDATE payload SET payload = x'c1'");
    werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 10);
    peer_acks(werkse, HV_EVENT_OFFERED);
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct heard *heard = peer_expect_item(werkse, HV_EVENT_DOSSIER);
        const int64_t item = heard->message.item.item;
        assert_int_equal(heard->message.item.event.number, i);
        assert_int_equal(heard->dossier_size, sizes[i]);
        assert_memory_equal(heard->dossier, dossiers[i], sizes[i]);
        (void)peer_does(werkse, say_ack(item));
    }
}

/* Who closed it, and for whom, is lost but for a name: a second person is somebody of another name.
 */
static void test_a_closing_that_is_damaged(void **state) {
    struct broker_world *world = *state;
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);

    (void)peer_does(werkse, say_open_as(1, HV_URGENCY_ROUTINE));
    (void)peer_does(werkse, say_close(world, 1, "anna", HV_OUTCOME_NO_RESPONSE));
    time_change(world, "UPDATE payload SET payload = x'c1'");
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 0);
    peer_may_not(desk, say_settle(world, 1, "anna", true), HV_REFUSED_FORBIDDEN, "person");
    (void)peer_does(desk, say_settle(world, 1, "nora", true));
}

static int setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    time_hurry(*state);
    return 0;
}

#define DAMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, broker_world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(test_a_row_that_is_damaged),
        DAMAGE_TEST(test_a_command_on_a_damaged_row),
        DAMAGE_TEST(test_a_journey_that_is_damaged_through_and_through),
        DAMAGE_TEST(test_events_that_are_damaged),
        DAMAGE_TEST(test_repeats_of_what_is_damaged),
        DAMAGE_TEST(test_dossiers_whose_events_are_damaged),
        DAMAGE_TEST(test_a_closing_that_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
