/* Calls of libhouvast in a thread of their own. */
#include "tests/unit/caller.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void *connect_run(void *argument) {
    struct caller *caller = argument;
    caller->result = hv_connect(&caller->config, &caller->connection, caller->why);
    return NULL;
}

static void *command_run(void *argument) {
    struct caller *caller = argument;
    caller->result = hv_command(caller->connection, &caller->command, caller->dossier,
                                caller->dossier_size, &caller->answer);
    return NULL;
}

static void *disconnect_run(void *argument) {
    struct caller *caller = argument;
    hv_disconnect(caller->connection);
    return NULL;
}

static void caller_begin(struct caller *caller, void *(*run)(void *)) {
    assert_int_equal(pthread_create(&caller->thread, NULL, run, caller), 0);
}

void caller_connect(struct caller *caller, const struct hv_config *config) {
    *caller = (struct caller){.config = *config};
    caller_begin(caller, connect_run);
}

void caller_command(struct caller *caller, struct hv_connection *connection,
                    const struct hv_message *command) {
    *caller = (struct caller){.connection = connection, .command = *command};
    caller_begin(caller, command_run);
}

void caller_offer(struct caller *caller, struct hv_connection *connection,
                  const struct hv_offer *offer, const void *dossier, size_t dossier_size) {
    *caller = (struct caller){
        .connection = connection,
        .command = {.type = HV_MESSAGE_offer, .offer = *offer},
        .dossier = dossier,
        .dossier_size = dossier_size,
    };
    caller_begin(caller, command_run);
}

void caller_disconnect(struct caller *caller, struct hv_connection *connection) {
    *caller = (struct caller){.connection = connection};
    caller_begin(caller, disconnect_run);
}

int caller_end(struct caller *caller) {
    assert_int_equal(pthread_join(caller->thread, NULL), 0);
    return caller->result;
}

struct hv_connection *connected(struct fake_broker *broker, const struct hv_config *config,
                                struct said *ret_hello) {
    struct caller caller;
    caller_connect(&caller, config);
    struct said hello = fake_broker_expect(broker, HV_MESSAGE_hello);
    fake_broker_welcome(broker, &hello);
    assert_int_equal(caller_end(&caller), 0);
    if (ret_hello)
        *ret_hello = hello;
    else
        said_close(&hello);
    return caller.connection;
}

void disconnected(struct fake_broker *broker, struct hv_connection *connection) {
    struct caller caller;
    bool is_up = hv_link_get(connection, NULL) == HV_LINK_UP;
    caller_disconnect(&caller, connection);
    if (is_up) {
        struct said bye = fake_broker_expect(broker, HV_MESSAGE_bye);
        fake_broker_done(broker, &bye, false);
        said_close(&bye);
    }
    caller_end(&caller);
}

void scene_begin(struct scene *scene, int timeout_ms) {
    fake_broker_init(&scene->broker);
    struct hv_config config = fake_broker_config(&scene->broker);
    config.timeout_ms = timeout_ms;
    scene->connection = connected(&scene->broker, &config, &scene->hello);
}

void scene_end(struct scene *scene) {
    disconnected(&scene->broker, scene->connection);
    said_close(&scene->hello);
    fake_broker_fini(&scene->broker);
}

int scene_set_up(void **state) {
    static struct scene scene;
    scene_begin(&scene, PATIENCE_MS);
    *state = &scene;
    return 0;
}

int scene_tear_down(void **state) {
    scene_end(*state);
    return 0;
}

bool fd_is_readable(int fd, int wait_ms) {
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, wait_ms) == 1;
}

struct hv_message receive_command(void) {
    struct hv_message command = {.type = HV_MESSAGE_receive, .receive = {.begeleider = "s.jansen"}};
    hv_uuid_new(&command.receive.handover);
    return command;
}

void link_await(struct hv_connection *connection, enum hv_link state) {
    for (int waited_ms = 0; hv_link_get(connection, NULL) != state; waited_ms++) {
        assert_true(waited_ms < PATIENCE_MS);
        poll(NULL, 0, 1);
    }
}

void why_await(struct hv_connection *connection, const char *words) {
    char why[256];
    (void)hv_link_get(connection, why);
    for (int waited_ms = 0; !strstr(why, words); waited_ms++) {
        if (waited_ms >= PATIENCE_MS)
            fail_msg("expected \"%s\", got \"%s\"", words, why);
        poll(NULL, 0, 1);
        (void)hv_link_get(connection, why);
    }
}
