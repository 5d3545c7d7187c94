/* Items: they wait until they are taken, and what is said of them. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/caller.h"

static void item_send(struct scene *scene, int64_t item, int64_t attempt) {
    fake_broker_item(&scene->broker, &scene->hello, item, attempt, NULL);
}

/* Takes the next item, which must be this one. */
static void item_take(struct scene *scene, int64_t item, int64_t attempt) {
    struct hv_delivery delivery;
    assert_int_equal(hv_take(scene->connection, PATIENCE_MS, &delivery), 0);
    assert_int_equal(delivery.item.item, item);
    assert_int_equal(delivery.item.attempt, attempt);
    hv_delivery_free(&delivery);
}

/* Once the broker has heard a nack that came after, all that it sent before has come in. */
static void in_step(struct scene *scene) {
    struct hv_message ping = {.type = HV_MESSAGE_ping};
    fake_broker_say(&scene->broker, &scene->hello, &ping, NULL, 0);
    struct said pong = fake_broker_expect(&scene->broker, HV_MESSAGE_pong);
    said_close(&pong);
}

static void ack_begin(struct scene *scene, struct caller *caller, int64_t item) {
    struct hv_message ack = {.type = HV_MESSAGE_ack, .ack = {.item = item}};
    caller_command(caller, scene->connection, &ack);
}

static void ack_done(struct scene *scene, struct caller *caller, bool repeated) {
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_ack);
    fake_broker_done(&scene->broker, &said, repeated);
    assert_int_equal(caller_end(caller), 0);
    hv_answer_free(&caller->answer);
    said_close(&said);
}

/* ---- Taking ---- */

static void test_take(void **state) {
    struct scene *scene = *state;
    struct hv_delivery delivery;
    assert_int_equal(hv_take(scene->connection, 0, &delivery), -EAGAIN);
    assert_int_equal(hv_take(scene->connection, 20, &delivery), -EAGAIN);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0));

    fake_broker_item(&scene->broker, &scene->hello, 7, 1, "sealed");
    fake_broker_item(&scene->broker, &scene->hello, 8, 2, NULL);
    assert_true(fd_is_readable(hv_fd(scene->connection), PATIENCE_MS));
    assert_int_equal(hv_take(scene->connection, -1, &delivery), 0);
    assert_int_equal(delivery.item.item, 7);
    assert_int_equal(delivery.item.event.event, HV_EVENT_OFFERED);
    assert_int_equal(delivery.dossier_size, 6);
    assert_memory_equal(delivery.dossier, "sealed", 6);
    hv_delivery_free(&delivery);
    hv_delivery_free(&delivery);

    assert_int_equal(hv_take(scene->connection, PATIENCE_MS, &delivery), 0);
    assert_int_equal(delivery.item.item, 8);
    assert_int_equal(delivery.item.attempt, 2);
    assert_null(delivery.dossier);
    hv_delivery_free(&delivery);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0));
}

static void on_signal(int number) {
    (void)number;
}

static void *signal_soon(void *argument) {
    pthread_t *waiting = argument;
    /* Again and again, as nobody can see whether it waits already. */
    for (int i = 0; i < 200; i++) {
        pthread_kill(*waiting, SIGUSR1);
        poll(NULL, 0, 5);
    }
    return NULL;
}

/* A program that waits for ever can still be told to stop. */
static void test_take_interrupted(void **state) {
    struct scene *scene = *state;
    struct sigaction action = {.sa_handler = on_signal}, before;
    pthread_t self = pthread_self(), other;
    sigaction(SIGUSR1, &action, &before);
    assert_int_equal(pthread_create(&other, NULL, signal_soon, &self), 0);
    struct hv_delivery delivery;
    assert_int_equal(hv_take(scene->connection, -1, &delivery), -EINTR);
    pthread_join(other, NULL);
    sigaction(SIGUSR1, &before, NULL);
}

/* What comes again while the first copy waits takes its place. */
static void test_copy_replaces(void **state) {
    struct scene *scene = *state;
    item_send(scene, 3, 1);
    item_send(scene, 3, 2);
    in_step(scene);
    item_take(scene, 3, 2);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0));
}

/* The queue is as long as the credit that we gave; a broker that forgets that loses nothing. */
static void test_queue_has_a_limit(void **state) {
    struct scene *scene = *state;
    for (int64_t item = 1; item <= 6; item++)
        item_send(scene, item, 1);
    in_step(scene);
    for (int64_t item = 1; item <= 4; item++)
        item_take(scene, item, 1);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0));
    item_send(scene, 5, 2);
    item_take(scene, 5, 2);
}

/* With a new session everything that was not taken comes again; what waited is not taken twice. */
static void test_new_session(void **state) {
    struct scene *scene = *state;
    item_send(scene, 1, 1);
    item_send(scene, 2, 1);
    in_step(scene);
    item_take(scene, 1, 1);
    assert_true(fd_is_readable(hv_fd(scene->connection), 0));
    fake_broker_refuse(&scene->broker, &scene->hello, false, HV_REFUSED_NO_SESSION, -1);
    struct said hello = fake_broker_expect(&scene->broker, HV_MESSAGE_hello);
    item_send(scene, 2, 1); /* still of the session before */
    fake_broker_welcome(&scene->broker, &hello);
    said_close(&hello);
    in_step(scene);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0));
    item_send(scene, 1, 2);
    item_send(scene, 2, 2);
    item_take(scene, 1, 2);
    item_take(scene, 2, 2);
}

/* ---- Acknowledging ---- */

/* A lost answer to an acknowledgement: the same again, and `repeated` is as good. */
static void test_ack_lost_answer(void **state) {
    struct scene *scene = *state;
    item_send(scene, 9, 1);
    item_take(scene, 9, 1);
    struct caller caller;
    ack_begin(scene, &caller, 9);
    struct said lost = fake_broker_expect(&scene->broker, HV_MESSAGE_ack);
    assert_true(lost.message.ack.has_request);
    assert_int_equal(lost.message.ack.item, 9);
    said_close(&lost);
    ack_done(scene, &caller, true);
}

/* While somebody is at an item it comes again (its session was lost, or it took long): once it is
 * acknowledged, the copy need not be dealt with. */
static void test_ack_takes_copies_away(void **state) {
    struct scene *scene = *state;
    item_send(scene, 9, 1);
    item_take(scene, 9, 1);
    item_send(scene, 9, 2);
    item_send(scene, 10, 1);
    in_step(scene);
    struct caller caller;
    ack_begin(scene, &caller, 9);
    ack_done(scene, &caller, false);
    item_take(scene, 10, 1);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0));
}

static void *ack_refused_run(void *argument) {
    struct caller *caller = argument;
    caller->result = hv_ack(caller->connection, 404, &caller->answer);
    return NULL;
}

static void test_ack_refused(void **state) {
    struct scene *scene = *state;
    struct caller caller = {.connection = scene->connection};
    assert_int_equal(pthread_create(&caller.thread, NULL, ack_refused_run, &caller), 0);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_ack);
    fake_broker_refuse(&scene->broker, &said, true, HV_REFUSED_UNKNOWN, -1);
    said_close(&said);
    assert_int_equal(caller_end(&caller), HV_REFUSED);
    hv_answer_free(&caller.answer);
}

/* The broker comes back with another ledger, restored from a backup: there the number may be
 * another item's, and acknowledging that would drop it. */
static void test_other_ledger(void **state) {
    struct scene *scene = *state;
    item_send(scene, 5, 1);
    item_take(scene, 5, 1);
    item_send(scene, 6, 1);
    item_take(scene, 6, 1);
    struct caller caller;
    ack_begin(scene, &caller, 6);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_ack);
    hv_uuid_new(&scene->broker.ledger);
    fake_broker_refuse(&scene->broker, &said, true, HV_REFUSED_NO_SESSION, -1);
    said_close(&said);
    struct said hello = fake_broker_expect(&scene->broker, HV_MESSAGE_hello);
    fake_broker_welcome(&scene->broker, &hello);
    said_close(&hello);
    assert_int_equal(caller_end(&caller), -ESTALE);
    assert_int_equal(hv_ack(scene->connection, 5, NULL), -ESTALE);
    assert_int_equal(hv_nack(scene->connection, 5, 0), -ESTALE);
    assert_false(fake_broker_listen(&scene->broker, 50, &said));

    item_send(scene, 5, 1);
    item_take(scene, 5, 1);
    ack_begin(scene, &caller, 5);
    ack_done(scene, &caller, false);
}

/* ---- Not now ---- */

static void test_nack(void **state) {
    struct scene *scene = *state;
    item_send(scene, 2, 1);
    item_take(scene, 2, 1);
    item_send(scene, 2, 2);
    in_step(scene);
    assert_int_equal(hv_nack(scene->connection, 2, 1500), 0);
    struct said nack = fake_broker_expect(&scene->broker, HV_MESSAGE_nack);
    assert_int_equal(nack.message.nack.item, 2);
    assert_int_equal(nack.message.nack.after, 1500);
    said_close(&nack);
    assert_false(fd_is_readable(hv_fd(scene->connection), 0)); /* the copy waits no longer either */
    assert_int_equal(hv_nack(scene->connection, 0, 0), -EINVAL);
    assert_int_equal(hv_nack(scene->connection, 2, -1), -EINVAL);
    assert_int_equal(hv_nack(scene->connection, 2, 3600001), -EINVAL);
}

/* Without a session there is nothing to say: the item comes again with the next. */
static void test_nack_without_session(void **state) {
    struct scene *scene = *state;
    item_send(scene, 2, 1);
    item_take(scene, 2, 1);
    fake_broker_fini(&scene->broker);
    link_await(scene->connection, HV_LINK_DOWN);
    assert_int_equal(hv_nack(scene->connection, 2, 1500), 0);
    fake_broker_begin(&scene->broker);
    struct said hello = fake_broker_expect(&scene->broker, HV_MESSAGE_hello), said;
    fake_broker_welcome(&scene->broker, &hello);
    said_close(&hello);
    assert_false(fake_broker_listen(&scene->broker, 100, &said));
}

int main(void) {
#define INTAKE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        INTAKE_TEST(test_take),
        INTAKE_TEST(test_take_interrupted),
        INTAKE_TEST(test_copy_replaces),
        INTAKE_TEST(test_queue_has_a_limit),
        INTAKE_TEST(test_new_session),
        INTAKE_TEST(test_ack_lost_answer),
        INTAKE_TEST(test_ack_takes_copies_away),
        INTAKE_TEST(test_ack_refused),
        INTAKE_TEST(test_other_ledger),
        INTAKE_TEST(test_nack),
        INTAKE_TEST(test_nack_without_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
