/* A connection's life: made from a configuration, welcomed, ended. */
#include "clients/lib/connection.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sodium.h>

#include "clients/lib/sodium_ready.h"
#include "clients/lib/talk.h"
#include "wire/wire.h"

static_assert(HV_WHY_SIZE == LINK_TEXT_SIZE, "both are what hv_link_get tells");

/* ---- What was asked for ---- */

static int configuration_refuse(char *ret_why, const char *sentence) {
    snprintf(ret_why, HV_WHY_SIZE, "%s", sentence);
    return -EINVAL;
}

static bool is_endpoint(const char *endpoint) {
    return strncmp(endpoint, "tcp://", 6) == 0 || strncmp(endpoint, "ipc://", 6) == 0;
}

static bool keys_belong_together(const struct hv_config *config) {
    uint8_t public_key[HV_KEY_SIZE];
    crypto_scalarmult_base(public_key, config->secret_key);
    return memcmp(public_key, config->public_key, HV_KEY_SIZE) == 0;
}

static int config_check(const struct hv_config *config, char *ret_why) {
    if (!config->endpoint || !is_endpoint(config->endpoint))
        return configuration_refuse(ret_why, "endpoint: expected tcp://HOST:PORT or ipc://PATH");
    if (!hv_role_text(config->role))
        return configuration_refuse(ret_why, "role: expected one of enum hv_role");
    if (config->instance && !wire_is_code(config->instance, strlen(config->instance)))
        return configuration_refuse(ret_why, "instance: expected 1 to 32 of a-z, 0-9 and -");
    if (config->credit < 0 || config->credit > CREDIT_MAX)
        return configuration_refuse(ret_why, "credit: expected 0 to 1000");
    if (config->timeout_ms < 0)
        return configuration_refuse(ret_why, "timeout_ms: expected 0 or more");
    if (!keys_belong_together(config))
        return configuration_refuse(ret_why, "public_key is not the public half of secret_key");
    return 0;
}

/* Host, pid and chance: a name that no other process says. */
static void instance_make(char ret_instance[HV_CODE_SIZE]) {
    char host[64] = "", short_host[13] = "";
    (void)gethostname(host, sizeof host - 1);
    size_t length = 0;
    for (const char *c = host; *c && *c != '.' && length < sizeof short_host - 1; c++) {
        char letter = *c;
        if (letter >= 'A' && letter <= 'Z')
            letter = (char)(letter - 'A' + 'a');
        if (wire_is_code(&letter, 1))
            short_host[length++] = letter;
    }
    snprintf(ret_instance, HV_CODE_SIZE, "%s-%d-%08x", length ? short_host : "host", (int)getpid(),
             (unsigned)randombytes_random());
}

static int config_copy(struct hv_connection *connection, const struct hv_config *config) {
    size_t size = strlen(config->endpoint) + 1;
    connection->endpoint = malloc(size);
    if (!connection->endpoint)
        return -ENOMEM;
    memcpy(connection->endpoint, config->endpoint, size);
    connection->config = *config;
    connection->config.endpoint = connection->endpoint;
    connection->instance_is_given = config->instance != NULL;
    if (config->instance)
        snprintf(connection->instance, sizeof connection->instance, "%s", config->instance);
    else
        instance_make(connection->instance);
    connection->config.instance = connection->instance;
    if (connection->config.timeout_ms == 0)
        connection->config.timeout_ms = TIMEOUT_MS_DEFAULT;
    return 0;
}

/* ---- Making one ---- */

/* Everything but lock and condition, which have no way to be half-built. */
static int connection_equip(struct hv_connection *connection, const struct hv_config *config) {
    int result = config_copy(connection, config);
    if (result < 0)
        return result;
    /* An application may hold a session's credit of items, and those of the session before. */
    connection->taken_size = 2 * (size_t)config->credit + 1;
    connection->taken = calloc(connection->taken_size, sizeof *connection->taken);
    if (!connection->taken)
        return -ENOMEM;
    connection->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (connection->wake_fd < 0)
        return -errno;
    connection->item_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (connection->item_fd < 0)
        return -errno;
    connection->sight_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (connection->sight_fd < 0)
        return -errno;
    connection->link.config = &connection->config;
    connection->link.context = zmq_ctx_new();
    if (!connection->link.context)
        return -errno;
    link_reach_text(&connection->link, connection->why);
    return link_open(&connection->link);
}

static int lock_init(struct hv_connection *connection) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&connection->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!failed && (failed = pthread_mutex_init(&connection->lock, NULL)))
        pthread_cond_destroy(&connection->changed);
    return failed ? -ENOMEM : 0;
}

/* Half-built is fine, but for lock and condition. */
static void connection_free(struct hv_connection *connection) {
    assert(!connection->calls);
    link_close(&connection->link);
    while (connection->link.context && zmq_ctx_term(connection->link.context) < 0)
        assert(errno == EINTR);
    nacks_clear(connection);
    intake_clear(connection);
    sights_clear(connection);
    if (connection->wake_fd >= 0)
        close(connection->wake_fd);
    if (connection->item_fd >= 0)
        close(connection->item_fd);
    if (connection->sight_fd >= 0)
        close(connection->sight_fd);
    pthread_mutex_destroy(&connection->lock);
    pthread_cond_destroy(&connection->changed);
    free(connection->taken);
    free(connection->endpoint);
    sodium_memzero(&connection->config, sizeof connection->config);
    free(connection);
}

static int connection_new(const struct hv_config *config, struct hv_connection **ret_connection) {
    struct hv_connection *connection = calloc(1, sizeof *connection);
    if (!connection || lock_init(connection) < 0) {
        free(connection);
        return -ENOMEM;
    }
    connection->wake_fd = connection->item_fd = connection->sight_fd = -1;
    int result = connection_equip(connection, config);
    if (result == 0) {
        talk_begin(connection);
        result = -pthread_create(&connection->thread, NULL, talk_main, connection);
    }
    if (result < 0) {
        connection_free(connection);
        return result;
    }
    *ret_connection = connection;
    return 0;
}

/* Threads begin with the mask of who makes them; so ours and ZeroMQ's never see the program's
 * signals. */
static int connection_new_signals_blocked(const struct hv_config *config,
                                          struct hv_connection **ret_connection) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = connection_new(config, ret_connection);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Waits until the broker has said yes or no. */
static int welcome_wait(struct hv_connection *connection, char *ret_why) {
    int64_t deadline_ms = monotonic_ms() + connection->config.timeout_ms;
    struct timespec deadline = timespec_of_ms(deadline_ms);
    pthread_mutex_lock(&connection->lock);
    int waited = 0;
    while (connection->state == HV_LINK_DOWN && waited == 0)
        waited = pthread_cond_timedwait(&connection->changed, &connection->lock, &deadline);
    enum hv_link state = connection->state;
    memcpy(ret_why, connection->why, HV_WHY_SIZE);
    pthread_mutex_unlock(&connection->lock);
    if (state == HV_LINK_UP)
        return 0;
    return state == HV_LINK_REFUSED ? HV_REFUSED : -ETIMEDOUT;
}

int hv_connect(const struct hv_config *config, struct hv_connection **ret_connection,
               char ret_refused[256]) {
    char unwanted[HV_WHY_SIZE];
    char *why = ret_refused ? ret_refused : unwanted;
    sodium_ready();
    int result = config_check(config, why);
    if (result < 0)
        return result;
    struct hv_connection *connection;
    result = connection_new_signals_blocked(config, &connection);
    if (result < 0) {
        snprintf(why, HV_WHY_SIZE, "%s: %s", config->endpoint,
                 result == -EINVAL ? "not an endpoint; expected tcp://HOST:PORT or ipc://PATH"
                                   : hv_result_text(result));
        return result;
    }
    result = welcome_wait(connection, why);
    if (result < 0)
        hv_disconnect(connection);
    else
        *ret_connection = connection;
    return result;
}

/* ---- In its life ---- */

void connection_wake(struct hv_connection *connection) {
    (void)eventfd_write(connection->wake_fd, 1);
}

void connection_request(struct hv_connection *connection, const char *what,
                        char ret_request[OWN_REQUEST_SIZE]) {
    snprintf(ret_request, OWN_REQUEST_SIZE, OWN_REQUEST_PREFIX "%s%llu", what,
             (unsigned long long)++connection->requests);
}

int hv_welcome_get(struct hv_connection *connection, struct hv_welcome *ret_welcome) {
    pthread_mutex_lock(&connection->lock);
    *ret_welcome = connection->welcome;
    pthread_mutex_unlock(&connection->lock);
    return 0;
}

enum hv_link hv_link_get(struct hv_connection *connection, char ret_why[256]) {
    pthread_mutex_lock(&connection->lock);
    enum hv_link state = connection->state;
    if (ret_why)
        memcpy(ret_why, connection->why, HV_WHY_SIZE);
    pthread_mutex_unlock(&connection->lock);
    return state;
}

void hv_disconnect(struct hv_connection *connection) {
    if (!connection)
        return;
    pthread_mutex_lock(&connection->lock);
    connection->stop = true;
    pthread_mutex_unlock(&connection->lock);
    connection_wake(connection);
    pthread_join(connection->thread, NULL);
    connection_free(connection);
}
