/* Dossiers and network files in the ledger: sealed bytes that come back whole until their time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_samples.h"

static const uint8_t hash_one[32] = {1}, hash_two[32] = {2};

static struct handover handover_begin(struct ledger_sample *sample, uint8_t number) {
    struct journey journey = ledger_sample_journey(sample, number);

    return ledger_sample_handover(sample, &journey, number);
}

static void assert_dossier(struct ledger_sample *sample, int64_t row, int64_t number,
                           const uint8_t *hash, const void *body, size_t size) {
    uint8_t *found = NULL, found_hash[32] = {0};
    size_t found_size = 99;
    bool has_hash = false;

    assert_true(ledger_dossier_get(sample->ledger, row, number, &has_hash, found_hash, &found,
                                   &found_size));
    assert_int_equal(has_hash, hash != NULL);
    if (hash)
        assert_memory_equal(found_hash, hash, sizeof found_hash);
    assert_int_equal(found_size, size);
    if (body)
        assert_memory_equal(found, body, size);
    else
        assert_null(found);
    free(found);
}

static void assert_no_dossier(struct ledger_sample *sample, int64_t row, int64_t number) {
    uint8_t *found = NULL, found_hash[32];
    size_t size = 0;
    bool has_hash = false;

    assert_false(
        ledger_dossier_get(sample->ledger, row, number, &has_hash, found_hash, &found, &size));
    assert_null(found);
    assert_int_equal(ledger_error(sample->ledger), 0);
}

/* By handover and number, to the byte; a place without a dossier is a place all the same. */
static void test_dossiers_come_back(void **state) {
    struct ledger_sample *sample = *state;
    static uint8_t large[1 << 20];

    memset(large, 0x5a, sizeof large);
    ledger_begin(sample->ledger);
    const struct handover one = handover_begin(sample, 1);
    const struct handover two = handover_begin(sample, 2);
    ledger_dossier_put(sample->ledger, one.row, 0, hash_one, "12345678", 8);
    ledger_dossier_put(sample->ledger, one.row, 15, hash_two, large, sizeof large);
    ledger_dossier_put(sample->ledger, two.row, 0, NULL, NULL, 0);
    assert_dossier(sample, one.row, 0, hash_one, "12345678", 8);
    assert_dossier(sample, one.row, 15, hash_two, large, sizeof large);
    assert_dossier(sample, two.row, 0, NULL, NULL, 0);
    assert_no_dossier(sample, two.row, 15);
    ledger_sample_commit(sample);
}

static void test_deleted_at_once(void **state) {
    struct ledger_sample *sample = *state;

    ledger_begin(sample->ledger);
    const struct handover one = handover_begin(sample, 1);
    const struct handover two = handover_begin(sample, 2);
    for (int64_t number = 0; number < 3; number++)
        ledger_dossier_put(sample->ledger, one.row, number, hash_one, "12345678", 8);
    ledger_dossier_put(sample->ledger, two.row, 0, hash_one, "12345678", 8);
    ledger_dossiers_delete(sample->ledger, one.row);
    for (int64_t number = 0; number < 3; number++)
        assert_no_dossier(sample, one.row, number);
    assert_dossier(sample, two.row, 0, hash_one, "12345678", 8);
    ledger_sample_commit(sample);
}

/* Due when their time has come, the first first, and no sooner. */
static void test_deleted_when_due(void **state) {
    struct ledger_sample *sample = *state;
    hv_time next_ms = 0;

    ledger_begin(sample->ledger);
    const struct handover one = handover_begin(sample, 1);
    const struct handover two = handover_begin(sample, 2);
    ledger_dossier_put(sample->ledger, one.row, 0, hash_one, "12345678", 8);
    ledger_dossier_put(sample->ledger, one.row, 1, hash_one, "12345678", 8);
    ledger_dossier_put(sample->ledger, two.row, 0, NULL, NULL, 0);
    assert_false(ledger_dossiers_next(sample->ledger, &next_ms));
    assert_int_equal(ledger_dossiers_due(sample->ledger, HV_INTEGER_MAX), 0);
    ledger_dossiers_delete_at(sample->ledger, one.row, 7000);
    ledger_dossiers_delete_at(sample->ledger, two.row, 5000);
    assert_true(ledger_dossiers_next(sample->ledger, &next_ms));
    assert_int_equal(next_ms, 5000);
    assert_int_equal(ledger_dossiers_due(sample->ledger, 4999), 0);
    assert_int_equal(ledger_dossiers_due(sample->ledger, 9000), two.row);
    ledger_dossiers_delete(sample->ledger, two.row);
    assert_int_equal(ledger_dossiers_due(sample->ledger, 9000), one.row);
    ledger_dossiers_delete(sample->ledger, one.row);
    assert_int_equal(ledger_dossiers_due(sample->ledger, 9000), 0);
    assert_false(ledger_dossiers_next(sample->ledger, &next_ms));
    ledger_sample_commit(sample);
}

/* ---- The network in force ---- */

static void assert_network(struct ledger_sample *sample, const uint8_t hash[32],
                           const char *files) {
    uint8_t found_hash[32], *found = NULL;
    size_t size = 0;

    assert_true(ledger_network_get(sample->ledger, found_hash, &found, &size));
    assert_memory_equal(found_hash, hash, sizeof found_hash);
    assert_int_equal(size, strlen(files));
    assert_memory_equal(found, files, size);
    free(found);
}

/* The last one that was put, and an earlier one again when it comes back. */
static void test_network_in_force(void **state) {
    struct ledger_sample *sample = *state;

    ledger_begin(sample->ledger);
    ledger_network_put(sample->ledger, hash_one, "one", 3, 0);
    assert_network(sample, hash_one, "one");
    ledger_network_put(sample->ledger, hash_two, "two!", 4, 0);
    assert_network(sample, hash_two, "two!");
    ledger_network_put(sample->ledger, hash_one, "one", 3, 0);
    assert_network(sample, hash_one, "one");
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    ledger_sample_open(sample);
    ledger_begin(sample->ledger);
    assert_network(sample, hash_one, "one");
    ledger_rollback(sample->ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_dossiers_come_back),
        LEDGER_TEST(test_deleted_at_once),
        LEDGER_TEST(test_deleted_when_due),
        LEDGER_TEST(test_network_in_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
