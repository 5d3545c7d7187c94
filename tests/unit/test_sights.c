/* Watching: what is seen waits until it is taken, and a watch that is over says why. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/caller.h"

static void watch(struct scene *scene, int64_t from) {
    struct hv_message message = {.type = HV_MESSAGE_watch, .watch = {.from = from}};
    struct caller caller;
    caller_command(&caller, scene->connection, &message);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_watch);
    assert_int_equal(said.message.watch.from, from);
    fake_broker_done(&scene->broker, &said, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&said);
}

static void live_send(struct scene *scene, int64_t seq) {
    struct hv_message message = {.type = HV_MESSAGE_live, .live = {.seq = seq}};
    fake_broker_say(&scene->broker, &scene->hello, &message, NULL, 0);
}

static void live_see(struct scene *scene, int64_t seq) {
    struct hv_sight sight;
    assert_int_equal(hv_see(scene->connection, PATIENCE_MS, &sight), 0);
    assert_int_equal(sight.message.type, HV_MESSAGE_live);
    assert_int_equal(sight.message.live.seq, seq);
    hv_sight_free(&sight);
}

/* Once it has been heard, all that the broker said before has come in. */
static void in_step(struct scene *scene) {
    struct hv_message ping = {.type = HV_MESSAGE_ping};
    fake_broker_say(&scene->broker, &scene->hello, &ping, NULL, 0);
    struct said pong = fake_broker_expect(&scene->broker, HV_MESSAGE_pong);
    said_close(&pong);
}

/* ---- Seeing ---- */

static void test_all_four_are_seen_in_order(void **state) {
    struct scene *scene = *state;
    static const struct hv_told told[] = {{.organisation = "werkse", .role = HV_ROLE_COORDINATOR}};
    const struct hv_message said[] = {
        {.type = HV_MESSAGE_watched_journey,
         .watched_journey.standing = {.state = "offered",
                                      .urgency = HV_URGENCY_CRISIS,
                                      .holder = {.organisation = "kcc", .begeleider = "j.jansen"},
                                      .has_told = true,
                                      .told = {.count = 1, .items = told}}},
        {.type = HV_MESSAGE_live, .live = {.seq = 7}},
        {.type = HV_MESSAGE_watched_event, .watched_event.event = {.event = HV_EVENT_ESCALATED}},
        {.type = HV_MESSAGE_gap, .gap = {.from = 9, .to = 12}},
    };
    struct hv_sight sight;

    watch(scene, 0);
    assert_int_equal(hv_see(scene->connection, 0, &sight), -EAGAIN);
    assert_int_equal(hv_see(scene->connection, 20, &sight), -EAGAIN);
    assert_false(fd_is_readable(hv_watch_fd(scene->connection), 0));
    for (size_t i = 0; i < 4; i++)
        fake_broker_say(&scene->broker, &scene->hello, &said[i], NULL, 0);
    assert_true(fd_is_readable(hv_watch_fd(scene->connection), PATIENCE_MS));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(hv_see(scene->connection, -1, &sight), 0);
        assert_int_equal(sight.message.type, said[i].type);
        if (sight.message.type == HV_MESSAGE_watched_journey)
            assert_string_equal(sight.message.watched_journey.standing.told.items[0].organisation,
                                "werkse");
        if (sight.message.type == HV_MESSAGE_gap)
            assert_int_equal(sight.message.gap.to, 12);
        hv_sight_free(&sight);
        hv_sight_free(&sight);
    }
    assert_false(fd_is_readable(hv_watch_fd(scene->connection), 0));
}

static void test_nobody_sees_who_does_not_watch(void **state) {
    struct scene *scene = *state;
    struct hv_sight sight;
    live_send(scene, 1);
    in_step(scene);
    assert_int_equal(hv_see(scene->connection, 0, &sight), -EAGAIN);
    watch(scene, 0);
    live_send(scene, 2);
    live_see(scene, 2);
}

static void test_a_new_watch_begins_anew(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    live_send(scene, 1);
    live_send(scene, 2);
    in_step(scene);
    watch(scene, 2);
    live_send(scene, 3);
    live_see(scene, 3);
}

/* ---- The end of it ---- */

static void test_a_lost_session_ends_it(void **state) {
    struct scene *scene = *state;
    struct hv_sight sight;
    watch(scene, 0);
    live_send(scene, 1);
    in_step(scene);
    fake_broker_refuse(&scene->broker, &scene->hello, false, HV_REFUSED_NO_SESSION, -1);
    struct said hello = fake_broker_expect(&scene->broker, HV_MESSAGE_hello);
    live_see(scene, 1);
    assert_true(fd_is_readable(hv_watch_fd(scene->connection), 0));
    assert_int_equal(hv_see(scene->connection, -1, &sight), -ECONNRESET);
    assert_int_equal(hv_see(scene->connection, 0, &sight), -ECONNRESET);
    fake_broker_welcome(&scene->broker, &hello);
    link_await(scene->connection, HV_LINK_UP);
    assert_int_equal(hv_see(scene->connection, 0, &sight), -ECONNRESET);
    said_close(&hello);
    watch(scene, 1);
    assert_int_equal(hv_see(scene->connection, 0, &sight), -EAGAIN);
    live_send(scene, 4);
    live_see(scene, 4);
}

/* 4096 wait; the next one is one too many. */
static void test_who_takes_nothing_falls_behind(void **state) {
    struct scene *scene = *state;
    struct hv_sight sight;
    watch(scene, 0);
    for (int64_t seq = 1; seq <= 4098; seq++) {
        live_send(scene, seq);
        if (seq % 256 == 0)
            in_step(scene);
    }
    in_step(scene);
    for (int64_t seq = 1; seq <= 4096; seq++)
        live_see(scene, seq);
    assert_int_equal(hv_see(scene->connection, 0, &sight), -ENOBUFS);
    watch(scene, 4096);
    live_send(scene, 4097);
    live_see(scene, 4097);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_four_are_seen_in_order, scene_set_up,
                                        scene_tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_sees_who_does_not_watch, scene_set_up,
                                        scene_tear_down),
        cmocka_unit_test_setup_teardown(test_a_new_watch_begins_anew, scene_set_up,
                                        scene_tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_session_ends_it, scene_set_up, scene_tear_down),
        cmocka_unit_test_setup_teardown(test_who_takes_nothing_falls_behind, scene_set_up,
                                        scene_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
