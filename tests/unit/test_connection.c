/* How a connection begins and ends, and what a program is told when it cannot begin. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>

#include <cmocka.h>

#include "tests/unit/caller.h"
#include "wire/wire.h"

#define SHORT_MS 700

static int begin(void **state) {
    static struct fake_broker broker;
    fake_broker_init(&broker);
    *state = &broker;
    return 0;
}

static int end(void **state) {
    fake_broker_fini(*state);
    return 0;
}

/* hello says who we are and what we take; welcome is kept; bye is said and heard. */
static void test_hello_and_bye(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    config.instance = "desk-1";
    struct said hello;
    struct hv_connection *connection = connected(broker, &config, &hello);
    assert_int_equal(hello.message.hello.version, 1);
    assert_true(hello.message.hello.has_minor);
    assert_int_equal(hello.message.hello.minor, 0);
    assert_int_equal(hello.message.hello.role, HV_ROLE_ENDPOINT);
    assert_string_equal(hello.message.hello.instance, "desk-1");
    assert_int_equal(hello.message.hello.credit, 4);
    said_close(&hello);

    struct hv_welcome welcome;
    assert_int_equal(hv_welcome_get(connection, &welcome), 0);
    assert_string_equal(welcome.organisation, "kcc");
    assert_memory_equal(&welcome.ledger, &broker->ledger, sizeof welcome.ledger);
    assert_int_equal(hv_link_get(connection, NULL), HV_LINK_UP);
    disconnected(broker, connection);
    hv_disconnect(NULL);
}

/* Without a name from us each connection has one that no other has. */
static void test_makes_instances(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    struct said one, other;
    struct hv_connection *first = connected(broker, &config, &one);
    struct hv_connection *second = connected(broker, &config, &other);
    char pid[16];
    snprintf(pid, sizeof pid, "-%d-", (int)getpid());
    assert_non_null(strstr(one.message.hello.instance, pid));
    assert_string_not_equal(one.message.hello.instance, other.message.hello.instance);
    disconnected(broker, first);
    disconnected(broker, second);
    said_close(&one);
    said_close(&other);
}

static void test_refused(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    static const enum hv_refusal final[] = {HV_REFUSED_FORBIDDEN, HV_REFUSED_VERSION};
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++) {
        struct caller caller;
        caller_connect(&caller, &config);
        struct said hello = fake_broker_expect(broker, HV_MESSAGE_hello);
        fake_broker_refuse(broker, &hello, true, final[i], -1);
        assert_int_equal(caller_end(&caller), HV_REFUSED);
        assert_non_null(strstr(caller.why, "because the test says so"));
        assert_non_null(strstr(caller.why, hv_refusal_text(final[i])));
        assert_null(caller.connection);
        said_close(&hello);
    }
}

/* A broker that is busy is asked again when it said, and no sooner. */
static void test_hello_busy(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    struct caller caller;
    caller_connect(&caller, &config);
    struct said hello = fake_broker_expect(broker, HV_MESSAGE_hello), early;
    fake_broker_refuse(broker, &hello, true, HV_REFUSED_BUSY, 300);
    said_close(&hello);
    assert_false(fake_broker_listen(broker, 250, &early));
    hello = fake_broker_expect(broker, HV_MESSAGE_hello);
    fake_broker_welcome(broker, &hello);
    said_close(&hello);
    assert_int_equal(caller_end(&caller), 0);
    disconnected(broker, caller.connection);
}

/* A hello that is lost is said again after a second. */
static void test_hello_lost(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    struct caller caller;
    caller_connect(&caller, &config);
    struct said hello = fake_broker_expect(broker, HV_MESSAGE_hello);
    said_close(&hello);
    hello = fake_broker_expect(broker, HV_MESSAGE_hello);
    fake_broker_welcome(broker, &hello);
    said_close(&hello);
    assert_int_equal(caller_end(&caller), 0);
    disconnected(broker, caller.connection);
}

/* ---- Where no broker answers, the sentence says what was found ---- */

static void timeout_expect(struct fake_broker *broker, const struct hv_config *config,
                           const char *why) {
    struct caller caller;
    struct said said;
    caller_connect(&caller, config);
    assert_false(fake_broker_listen(broker, SHORT_MS, &said));
    assert_int_equal(caller_end(&caller), -ETIMEDOUT);
    if (!strstr(caller.why, why))
        fail_msg("expected \"%s\", got \"%s\"", why, caller.why);
    assert_null(caller.connection);
}

static void test_wrong_broker_key(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    uint8_t secret_key[HV_KEY_SIZE];
    hv_curve_pair_new(config.broker_public_key, secret_key);
    config.timeout_ms = SHORT_MS / 2;
    timeout_expect(broker, &config, "broker_public_key");
}

static void test_unknown_to_the_broker(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    broker->admits = false;
    config.timeout_ms = SHORT_MS / 2;
    timeout_expect(broker, &config, "does not know our key");
}

static void test_nobody_there(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    config.endpoint = "ipc://@houvast-nobody-listens-here";
    config.timeout_ms = SHORT_MS / 2;
    timeout_expect(broker, &config, "no broker answers at ipc://@houvast-nobody-listens-here");
}

/* It lets us in and says nothing. */
static void test_silent_broker(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    struct caller caller;
    config.timeout_ms = SHORT_MS / 2;
    caller_connect(&caller, &config);
    struct said hello = fake_broker_expect(broker, HV_MESSAGE_hello);
    said_close(&hello);
    assert_int_equal(caller_end(&caller), -ETIMEDOUT);
    assert_non_null(strstr(caller.why, "has not welcomed us yet"));
}

static void invalid_expect(const struct hv_config *config, const char *why) {
    struct hv_connection *connection = NULL;
    char refused[256];
    assert_int_equal(hv_connect(config, &connection, refused), -EINVAL);
    assert_int_equal(hv_connect(config, &connection, NULL), -EINVAL);
    assert_non_null(strstr(refused, why));
    assert_null(connection);
}

static void test_invalid_configuration(void **state) {
    const struct hv_config good = fake_broker_config(*state);
    struct hv_config bad = good;
    bad.endpoint = NULL;
    invalid_expect(&bad, "endpoint");
    bad.endpoint = "inproc://broker";
    invalid_expect(&bad, "endpoint");
    bad.endpoint = "tcp://no-port";
    invalid_expect(&bad, "tcp://no-port: not an endpoint");
    bad = good;
    bad.role = 0;
    invalid_expect(&bad, "role");
    bad = good;
    bad.instance = "Desk 1";
    invalid_expect(&bad, "instance");
    bad = good;
    bad.credit = 1001;
    invalid_expect(&bad, "credit");
    bad = good;
    bad.timeout_ms = -1;
    invalid_expect(&bad, "timeout_ms");
    bad = good;
    bad.public_key[0] ^= 1;
    invalid_expect(&bad, "public_key");
}

/* ---- What it does to the process ---- */

/* No signal of the program ends up in one of the library's threads. */
static void test_threads_block_signals(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    struct hv_connection *connection = connected(broker, &config, NULL);
    DIR *tasks = opendir("/proc/self/task");
    unsigned ours = 0;
    for (struct dirent *task; (task = readdir(tasks));) {
        char path[300], line[128];
        unsigned long long blocked = 0;
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *status = fopen(path, "re");
        if (!status)
            continue;
        bool is_ours = false;
        while (fgets(line, sizeof line, status)) {
            is_ours = is_ours || strcmp(line, "Name:\thouvast\n") == 0;
            sscanf(line, "SigBlk:\t%llx", &blocked);
        }
        fclose(status);
        ours += is_ours;
        if (is_ours)
            assert_true(blocked & 1ULL << (SIGTERM - 1));
    }
    closedir(tasks);
    assert_int_equal(ours, 1);
    disconnected(broker, connection);
}

static unsigned descriptors_count(void) {
    DIR *descriptors = opendir("/proc/self/fd");
    unsigned count = 0;
    while (readdir(descriptors))
        count++;
    closedir(descriptors);
    return count;
}

/* Connections that failed, and those that ended, leave nothing behind. */
static void test_leaves_nothing_open(void **state) {
    struct fake_broker *broker = *state;
    struct hv_config config = fake_broker_config(broker);
    unsigned before = descriptors_count();
    for (int i = 0; i < 3; i++) {
        disconnected(broker, connected(broker, &config, NULL));
        struct said said;
        assert_false(fake_broker_listen(broker, 50, &said)); /* sees the connection go */
    }
    assert_int_equal(descriptors_count(), before);
}

int main(void) {
#define CONNECTION_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CONNECTION_TEST(test_hello_and_bye),
        CONNECTION_TEST(test_makes_instances),
        CONNECTION_TEST(test_refused),
        CONNECTION_TEST(test_hello_busy),
        CONNECTION_TEST(test_hello_lost),
        CONNECTION_TEST(test_wrong_broker_key),
        CONNECTION_TEST(test_unknown_to_the_broker),
        CONNECTION_TEST(test_nobody_there),
        CONNECTION_TEST(test_silent_broker),
        CONNECTION_TEST(test_invalid_configuration),
        CONNECTION_TEST(test_threads_block_signals),
        CONNECTION_TEST(test_leaves_nothing_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
