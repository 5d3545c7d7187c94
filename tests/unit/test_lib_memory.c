/* The library when memory runs out: whichever allocation fails, a call says -ENOMEM and nothing
 * else happens, or the connection's own thread makes it good; and the same call again does it. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/caller.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL false /* the sanitizers have allocators of their own */
#else
#define CAN_FAIL true
#endif

/* ---- Allocations that fail: those of this program and of msgpack-c, which it packs with ---- */

static atomic_long countdown = -1; /* that many succeed, then one fails; below 0: none does */
static _Thread_local bool is_exempt;

#if CAN_FAIL
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

/* libzmq ends the process when it has no memory, so what it asks for is left alone. */
static bool is_watched(const void *caller) {
    Dl_info theirs, ours;
    if (!dladdr(caller, &theirs) || !dladdr((const void *)&countdown, &ours))
        return false;
    return theirs.dli_fbase == ours.dli_fbase || strstr(theirs.dli_fname, "msgpack") != NULL;
}

static bool fails(const void *caller) {
    if (is_exempt || atomic_load(&countdown) < 0 || !is_watched(caller))
        return false;
    if (atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
void *calloc(size_t count, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
void *realloc(void *block, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}
#endif

/* ---- What a program does with a connection ---- */

struct story {
    struct hv_config config;
    atomic_bool is_over;
    const char *complaint; /* NULL: all went as it should */
};

/* Does the same again where memory failed, once. */
#define TWICE_AT_MOST(call, complaint) \
    do {                               \
        int outcome = (call);          \
        if (outcome == -ENOMEM)        \
            outcome = (call);          \
        if (outcome != 0)              \
            return complaint;          \
    } while (0)

static const char *connection_use(struct hv_connection *connection) {
    struct hv_message command = receive_command(), bad = {.type = HV_MESSAGE_status};
    struct hv_delivery delivery;
    TWICE_AT_MOST(hv_command(connection, &command, NULL, 0, NULL), "the command failed");
    int result = hv_command(connection, &bad, NULL, 0, NULL);
    if (result != HV_BAD_MESSAGE && result != -ENOMEM)
        return "the bad command was not seen";
    TWICE_AT_MOST(hv_take(connection, PATIENCE_MS, &delivery), "the item did not come");
    int64_t item = delivery.item.item;
    hv_delivery_free(&delivery);
    TWICE_AT_MOST(hv_nack(connection, item, 0), "the nack failed");
    TWICE_AT_MOST(hv_ack(connection, item, NULL), "the acknowledgement failed");
    return NULL;
}

static const char *story_tell(const struct hv_config *config) {
    struct hv_connection *connection = NULL;
    TWICE_AT_MOST(hv_connect(config, &connection, NULL), "the connection failed");
    const char *complaint = connection_use(connection);
    hv_disconnect(connection);
    return complaint;
}

static void *story_run(void *argument) {
    struct story *story = argument;
    story->complaint = story_tell(&story->config);
    story->is_over = true;
    return NULL;
}

/* ---- A broker that says yes to everything, and has one item to give in each session ---- */

static void broker_answer(struct fake_broker *broker, const struct said *said) {
    struct hv_message pong = {.type = HV_MESSAGE_pong};
    switch (said->message.type) {
    case HV_MESSAGE_hello:
        fake_broker_welcome(broker, said);
        fake_broker_item(broker, said, 1, 1, "sealed");
        return;
    case HV_MESSAGE_ping:
        fake_broker_say(broker, said, &pong, NULL, 0);
        return;
    case HV_MESSAGE_nack:
    case HV_MESSAGE_pong:
        return;
    default:
        fake_broker_done(broker, said, false);
    }
}

/* Tells the story while the allocation after `successes` others fails. Whether one did. */
static bool story_with_failure(long successes) {
    struct fake_broker broker;
    struct story story = {.complaint = "not told"};
    struct said said;
    pthread_t teller;
    fake_broker_init(&broker);
    story.config = fake_broker_config(&broker);
    assert_int_equal(pthread_create(&teller, NULL, story_run, &story), 0);
    atomic_store(&countdown, successes);
    while (!story.is_over) {
        if (fake_broker_listen_closely(&broker, 20, &said)) {
            broker_answer(&broker, &said);
            said_close(&said);
        }
    }
    pthread_join(teller, NULL);
    bool has_failed = atomic_exchange(&countdown, -1) < 0;
    fake_broker_fini(&broker);
    if (story.complaint)
        fail_msg("allocation %ld failed, and %s", successes, story.complaint);
    return has_failed;
}

static void test_each_allocation(void **state) {
    (void)state;
    if (!CAN_FAIL)
        skip();
    is_exempt = true;
    long successes = 0;
    while (story_with_failure(successes))
        successes++;
    assert_in_range(successes, 10, 1000);
}

/* The functions that stand by themselves. */
static void test_dossier(void **state) {
    (void)state;
    if (!CAN_FAIL)
        skip();
    struct hv_sealing_pair pair;
    uint8_t *frame = NULL, *text = NULL;
    size_t frame_size, text_size;
    hv_sealing_pair_new(&pair);
    is_exempt = false;
    atomic_store(&countdown, 0);
    assert_int_equal(hv_dossier_seal(pair.public_key, "x", 1, &frame, &frame_size), -ENOMEM);
    assert_null(frame);
    assert_int_equal(hv_dossier_seal(pair.public_key, "x", 1, &frame, &frame_size), 0);
    atomic_store(&countdown, 0);
    assert_int_equal(hv_dossier_open(&pair, 1, frame, frame_size, &text, &text_size), -ENOMEM);
    assert_null(text);
    free(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation),
        cmocka_unit_test(test_dossier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
