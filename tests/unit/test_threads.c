/* Many threads at a time, as the header promises: each with a connection of its own, and all with
 * the same one. For ThreadSanitizer above all (`make tsan`). */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/caller.h"

#define THREADS  6
#define COMMANDS 20

/* What one thread does with its connection; only cmocka's own thread may fail the test. */
struct worker {
    pthread_t thread;
    const struct hv_config *config;
    struct hv_connection *connection; /* NULL: one of its own */
    int commands_done, items_done;
    int first_error; /* 0: none */
};

static void note(struct worker *worker, int result) {
    if (result < 0 && worker->first_error == 0)
        worker->first_error = result;
}

static void command_one(struct worker *worker, struct hv_connection *connection) {
    struct hv_message command = receive_command();
    struct hv_answer answer;
    int result = hv_command(connection, &command, NULL, 0, &answer);
    worker->commands_done += result == 0;
    note(worker, result);
    hv_answer_free(&answer);
}

static void item_one(struct worker *worker, struct hv_connection *connection) {
    struct hv_delivery delivery;
    int result = hv_take(connection, PATIENCE_MS, &delivery);
    note(worker, result);
    if (result < 0)
        return;
    result = hv_ack(connection, delivery.item.item, NULL);
    worker->items_done += result == 0;
    note(worker, result);
    hv_delivery_free(&delivery);
}

static void *worker_run(void *argument) {
    struct worker *worker = argument;
    struct hv_connection *connection = worker->connection;
    struct hv_welcome welcome;
    if (!connection) {
        note(worker, hv_connect(worker->config, &connection, NULL));
        if (worker->first_error < 0)
            return NULL;
    }
    for (int n = 0; n < COMMANDS; n++) {
        command_one(worker, connection);
        note(worker, hv_welcome_get(connection, &welcome));
        note(worker, hv_link_get(connection, NULL) == HV_LINK_UP ? 0 : -ENOTCONN);
        if (!worker->connection)
            item_one(worker, connection);
    }
    if (!worker->connection)
        hv_disconnect(connection);
    return NULL;
}

static void workers_begin(struct worker workers[THREADS], const struct hv_config *config,
                          struct hv_connection *connection) {
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.config = config, .connection = connection};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
}

static void workers_end(struct worker workers[THREADS], int items_each) {
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].first_error, 0);
        assert_int_equal(workers[i].commands_done, COMMANDS);
        assert_int_equal(workers[i].items_done, items_each);
    }
}

/* Answers one thing that somebody said, with an item behind each command. */
static void serve_one(struct fake_broker *broker, int64_t *items, int *byes) {
    struct said said;
    assert_true(fake_broker_listen(broker, PATIENCE_MS, &said));
    if (said.message.type == HV_MESSAGE_hello)
        fake_broker_welcome(broker, &said);
    else
        fake_broker_done(broker, &said, false);
    if (said.message.type == HV_MESSAGE_receive)
        fake_broker_item(broker, &said, ++*items, 1, NULL);
    *byes += said.message.type == HV_MESSAGE_bye;
    said_close(&said);
}

/* Each connects, says commands, takes and acknowledges items, and leaves, all at the same time. */
static void test_each_its_connection(void **state) {
    struct fake_broker broker;
    struct worker workers[THREADS];
    int64_t items = 0;
    int byes = 0;
    (void)state;

    fake_broker_init(&broker);
    struct hv_config config = fake_broker_config(&broker);
    workers_begin(workers, &config, NULL);
    while (byes < THREADS)
        serve_one(&broker, &items, &byes);
    workers_end(workers, COMMANDS);
    assert_int_equal(items, THREADS * COMMANDS);
    fake_broker_fini(&broker);
}

/* Commands of many threads over one connection: each gets the answer to its own. */
static void test_one_connection(void **state) {
    struct fake_broker broker;
    struct worker workers[THREADS];
    (void)state;

    fake_broker_init(&broker);
    struct hv_config config = fake_broker_config(&broker);
    struct hv_connection *connection = connected(&broker, &config, NULL);
    workers_begin(workers, NULL, connection);
    for (int n = 0; n < THREADS * COMMANDS; n++) {
        struct said said = fake_broker_expect(&broker, HV_MESSAGE_receive);
        fake_broker_done(&broker, &said, false);
        said_close(&said);
    }
    workers_end(workers, 0);
    disconnected(&broker, connection);
    fake_broker_fini(&broker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_its_connection),
        cmocka_unit_test(test_one_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
