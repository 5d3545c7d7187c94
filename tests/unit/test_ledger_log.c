/* What stands on the disk at a commit, and before it: the log's writes leave together. */
#include "broker/ledger_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "broker/ledger.h"
#include "ledger_samples.h"

/* Larger than what is gathered at once, and no multiple of it. */
static uint8_t body[1000003];
static const uint8_t hash[32] = {7};

static off_t log_size(const struct ledger_sample *sample) {
    char path[SCRATCH_PATH_SIZE + 32];
    struct stat status;

    snprintf(path, sizeof path, "%s/ledger.sqlite-wal", sample->folder);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* The disk as a power cut would leave it now: its files in a folder of their own, opened. */
static struct ledger *cut_power(struct ledger_sample *sample, char ret_folder[SCRATCH_PATH_SIZE]) {
    char command[3 * SCRATCH_PATH_SIZE];
    struct failure failure;
    struct ledger *ledger = NULL;

    scratch_make(ret_folder);
    snprintf(command, sizeof command, "cp %s/ledger.sqlite %s/ledger.sqlite-wal %s", sample->folder,
             sample->folder, ret_folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folders */
    if (ledger_open(ret_folder, &sample->fake.world, &ledger, &failure) < 0)
        fail_msg("%s", failure.text);
    return ledger;
}

/* A journey with a handover and its dossier, of that number, in the open turn: the handover's row.
 */
static int64_t put_dossier(struct ledger_sample *sample, uint8_t number) {
    struct journey journey = ledger_sample_journey(sample, number);
    const struct handover handover = ledger_sample_handover(sample, &journey, number);

    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i >> 8 ^ i ^ number);
    ledger_dossier_put(sample->ledger, handover.row, 0, hash, body, sizeof body);
    assert_int_equal(ledger_error(sample->ledger), 0);
    return handover.row;
}

/* A turn writes nothing before its commit, and all of it then. */
static void test_turn_is_written_at_its_commit(void **state) {
    struct ledger_sample *sample = *state;
    const off_t before = log_size(sample);

    ledger_begin(sample->ledger);
    (void)ledger_sample_journey(sample, 1);
    assert_int_equal(log_size(sample), before);
    ledger_sample_commit(sample);
    assert_true(log_size(sample) > before);
}

/* What was committed is whole on the disk, however large, and nothing of what was rolled back. */
static void test_power_cut_after_commits(void **state) {
    struct ledger_sample *sample = *state;
    char folder[SCRATCH_PATH_SIZE];
    uint8_t found_hash[32];
    uint8_t *found = NULL;
    size_t size = 0;
    bool has_hash = false;

    ledger_begin(sample->ledger);
    const int64_t gone = put_dossier(sample, 1);
    ledger_rollback(sample->ledger);
    ledger_begin(sample->ledger);
    const int64_t kept = put_dossier(sample, 2);
    assert_int_equal(kept, gone); /* in the room of what was rolled back */
    ledger_sample_commit(sample);
    ledger_begin(sample->ledger); /* what this turn has written is nobody's business yet */
    (void)put_dossier(sample, 3);

    struct ledger *ledger = cut_power(sample, folder);
    ledger_begin(ledger);
    assert_int_equal(ledger_seq(ledger), 2);
    assert_true(ledger_dossier_get(ledger, kept, 0, &has_hash, found_hash, &found, &size));
    assert_int_equal(size, sizeof body);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i >> 8 ^ i ^ 2);
    assert_memory_equal(found, body, sizeof body);
    free(found);
    assert_int_equal(ledger_commit(ledger), 0);
    ledger_close(ledger);
    scratch_remove(folder);
    ledger_rollback(sample->ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_turn_is_written_at_its_commit),
        LEDGER_TEST(test_power_cut_after_commits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
