/* Out of memory at any moment: a network is read, packed and kept whole or not at all, and nothing
 * leaks. The program's own malloc counts down to the failure. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network_samples.h"

#define WERKSE "organisations/werkse.conf"

/* The sanitizers have a malloc of their own, which this one would push aside. */
#if defined __SANITIZE_ADDRESS__
#define HAS_COUNTDOWN 0
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define HAS_COUNTDOWN 0
#endif
#endif
#ifndef HAS_COUNTDOWN
#define HAS_COUNTDOWN 1
#endif

static long countdown = -1; /* allocations until one fails; below 0: none does */
static long outstanding;    /* allocations that have not been freed */

#if HAS_COUNTDOWN
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): stdlib.h has reserved names. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static bool fails_now(void) {
    if (countdown != 0) {
        countdown -= countdown > 0;
        return false;
    }
    errno = ENOMEM;
    return true; /* and goes on failing, as a machine without memory does */
}

static void *counted(void *memory) {
    outstanding += memory != NULL;
    return memory;
}

void *malloc(size_t size) {
    return fails_now() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return fails_now() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    if (fails_now())
        return NULL;
    void *moved = __libc_realloc(memory, size);
    outstanding += !memory && moved;
    return moved;
}

void free(void *memory) {
    outstanding -= memory != NULL;
    __libc_free(memory);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
#endif

/* ---- What is tried ---- */

struct attempt {
    struct sample_network sample;
    struct network *network; /* of the whole sample */
    struct network *without; /* of the sample without werkse */
};

typedef int attempt_run(const struct attempt *attempt);

static int run_parse(const struct attempt *attempt) {
    struct network *network = NULL;
    struct failure failure = {0};
    int result = network_parse(attempt->sample.files, attempt->sample.count, &network, &failure);

    assert_int_equal(result == 0, network != NULL);
    assert_int_equal(result == 0, *failure.text == '\0');
    network_free(network);
    return result;
}

static int run_load(const struct attempt *attempt) {
    char folder[SCRATCH_PATH_SIZE];
    struct network *network = NULL;
    struct failure failure = {0};
    long limit = countdown;

    countdown = -1;
    scratch_make(folder);
    sample_network_write(&attempt->sample, folder);
    long before = outstanding;
    countdown = limit;
    int result = network_load(folder, &network, &failure);
    limit = countdown;
    network_free(network);
    countdown = -1;
    assert_int_equal(outstanding, before);
    scratch_remove(folder);
    countdown = limit;
    return result;
}

static int run_pack(const struct attempt *attempt) {
    uint8_t *bytes = NULL;
    size_t size;
    struct network *network = NULL;
    struct failure failure = {0};
    int result = network_pack(attempt->network, &bytes, &size);

    if (result == 0)
        result = network_unpack(bytes, size, &network, &failure);
    network_free(network);
    free(bytes);
    return result;
}

static int run_with_leaving(const struct attempt *attempt) {
    struct network *network = NULL;
    int result = network_with_leaving(attempt->without,
                                      network_organisation(attempt->network, "werkse"), &network);

    assert_int_equal(result == 0, network != NULL);
    network_free(network);
    return result;
}

/* Fails the first allocation, then the second, and so on, until all goes well. */
static void count_down(attempt_run *run) {
    struct attempt attempt = {0};
    long failures = 0;
    int result = -ENOMEM;

    if (!HAS_COUNTDOWN)
        skip();
    sample_network_init(&attempt.sample);
    sample_network_set(&attempt.sample, "ladders/own.conf", "[ladder held]\nevery = 7D\n");
    sample_network_replace(&attempt.sample, "network.conf", "[limits]",
                           "[calendar]\nopening = mon 09:00-17:00\nopening = tue 09:00-17:00\n"
                           "decreed = 2027-05-07\nclosed = 2026-12-24..2027-01-03\n[limits]");
    sample_network_replace(&attempt.sample, WERKSE, "name = werkse\n",
                           "name = werkse\nopening = sat 09:00-17:00\nclosed = 2026-12-24\n");
    attempt.network = sample_network_parse(&attempt.sample);
    sample_network_set(&attempt.sample, WERKSE, NULL);
    attempt.without = sample_network_parse(&attempt.sample);
    for (; result == -ENOMEM; failures++) {
        long before = outstanding;
        countdown = failures;
        result = run(&attempt);
        countdown = -1;
        assert_int_equal(outstanding, before);
    }
    assert_int_equal(result, 0);
    assert_true(failures > 5);
    network_free(attempt.network);
    network_free(attempt.without);
    sample_network_fini(&attempt.sample);
}

static void test_parse(void **state) {
    (void)state;
    count_down(run_parse);
}

static void test_load(void **state) {
    (void)state;
    count_down(run_load);
}

static void test_pack_and_unpack(void **state) {
    (void)state;
    count_down(run_pack);
}

static void test_with_leaving(void **state) {
    (void)state;
    count_down(run_with_leaving);
}

static int sodium_begin(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_pack_and_unpack),
        cmocka_unit_test(test_with_leaving),
    };

    return cmocka_run_group_tests_name("network without memory", tests, sodium_begin, NULL);
}
