/* Calls of libhouvast that wait for the broker, made in a thread of their own, so that the test's
 * thread can be the broker meanwhile. */
#ifndef HOUVAST_TEST_CALLER_H
#define HOUVAST_TEST_CALLER_H

#include <pthread.h>

#include "tests/unit/fake_broker.h"

/* A call under way. It stays where it is until it has ended. */
struct caller {
    pthread_t thread;
    struct hv_config config;          /* of hv_connect */
    struct hv_connection *connection; /* what it makes, or uses */
    struct hv_message command;
    const void *dossier;
    size_t dossier_size;
    int result;
    struct hv_answer answer;
    char why[256];
};

void caller_connect(struct caller *caller, const struct hv_config *config);
void caller_command(struct caller *caller, struct hv_connection *connection,
                    const struct hv_message *command);
void caller_offer(struct caller *caller, struct hv_connection *connection,
                  const struct hv_offer *offer, const void *dossier, size_t dossier_size);
void caller_disconnect(struct caller *caller, struct hv_connection *connection);
/* Waits until the call has returned, and gives its result. */
int caller_end(struct caller *caller);

/* A connection that the broker has welcomed; *ret_hello, if not NULL, is where to say things to. */
struct hv_connection *connected(struct fake_broker *broker, const struct hv_config *config,
                                struct said *ret_hello);
/* Says bye and ends it. */
void disconnected(struct fake_broker *broker, struct hv_connection *connection);

/* A broker and one connection to it: where most tests begin. */
struct scene {
    struct fake_broker broker;
    struct hv_connection *connection;
    struct said hello; /* where to say things to */
};

/* Its calls wait for `timeout_ms`. */
void scene_begin(struct scene *scene, int timeout_ms);
void scene_end(struct scene *scene);
/* The same as set-up and tear-down of cmocka, whose state is a scene; calls wait for PATIENCE_MS.
 */
int scene_set_up(void **state);
int scene_tear_down(void **state);

/* Whether there is something to read on it within that time. */
bool fd_is_readable(int fd, int wait_ms);

/* A command like any other. */
struct hv_message receive_command(void);

/* Waits until the connection stands like that. */
void link_await(struct hv_connection *connection, enum hv_link state);
/* The same until the sentence about it contains these words. */
void why_await(struct hv_connection *connection, const char *words);

#endif
