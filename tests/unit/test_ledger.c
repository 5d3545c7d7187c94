/* The ledger's life on a real disk: made, opened again, killed, rolled back, full. */
#include "broker/ledger.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/ledger_migrations.h"
#include "broker/ledger_sql.h"
#include "ledger_audit.h"
#include "ledger_samples.h"

static const uint8_t no_head[32];

static void path_of(const struct ledger_sample *sample, const char *name, char *ret_path,
                    size_t size) {
    snprintf(ret_path, size, "%s/%s", sample->folder, name);
}

/* ---- Made and opened again ---- */

static void test_new_ledger_is_empty(void **state) {
    struct ledger_sample *sample = *state;
    const struct hv_uuid *id = ledger_id(sample->ledger);
    const struct ledger_gauges gauges = ledger_gauges(sample->ledger);
    uint8_t hash[32], *bytes = NULL;
    size_t size = 0;

    assert_int_equal(id->bytes[6] >> 4, 4); /* a random UUID */
    assert_int_equal(id->bytes[8] >> 6, 2);
    assert_int_equal(ledger_seq(sample->ledger), 0);
    assert_memory_equal(ledger_head(sample->ledger), no_head, sizeof no_head);
    assert_int_equal(gauges.journeys_held, 0);
    assert_int_equal(gauges.handovers_open, 0);
    assert_int_equal(gauges.items_owed, 0);
    assert_int_equal(gauges.items_aside, 0);
    ledger_begin(sample->ledger);
    assert_false(ledger_network_get(sample->ledger, hash, &bytes, &size));
    assert_false(ledger_has_written(sample->ledger));
    ledger_rollback(sample->ledger);
}

/* What a ledger of Houvast is known by never changes, and its version counts the migrations. */
static void test_new_ledger_says_what_it_is(void **state) {
    struct ledger_sample *sample = *state;

    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(audit_number(database, "PRAGMA application_id"), 0x48766173);
    assert_int_equal(audit_number(database, "PRAGMA user_version"), ledger_migration_count);
    sqlite3_close(database);
}

static void test_reopened_ledger_is_the_same(void **state) {
    struct ledger_sample *sample = *state;
    const struct hv_uuid id = *ledger_id(sample->ledger);
    uint8_t head[32];

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    const struct handover handover = ledger_sample_handover(sample, &journey, 1);
    ledger_item_add(sample->ledger, ledger_inbox(sample->ledger, "werkse", HV_ROLE_ENDPOINT),
                    journey.row, handover.row, 2);
    ledger_sample_commit(sample);
    memcpy(head, ledger_head(sample->ledger), sizeof head);
    assert_memory_not_equal(head, no_head, sizeof head);

    ledger_sample_close(sample);
    ledger_sample_open(sample);
    const struct ledger_gauges gauges = ledger_gauges(sample->ledger);
    assert_memory_equal(ledger_id(sample->ledger), &id, sizeof id);
    assert_int_equal(ledger_seq(sample->ledger), 2);
    assert_memory_equal(ledger_head(sample->ledger), head, sizeof head);
    assert_int_equal(gauges.journeys_held, 1);
    assert_int_equal(gauges.handovers_open, 1);
    assert_int_equal(gauges.items_owed, 1);
    ledger_sample_close(sample);
    audit_all(sample->folder, 2, head);
}

/* Two ledgers are never one: `seq` means nothing without the id. */
static void test_every_ledger_has_an_id_of_its_own(void **state) {
    struct ledger_sample *sample = *state;
    const struct hv_uuid id = *ledger_id(sample->ledger);
    char path[512];

    ledger_sample_close(sample);
    path_of(sample, "ledger.sqlite", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    ledger_sample_open(sample);
    assert_memory_not_equal(ledger_id(sample->ledger), &id, sizeof id);
}

/* An empty database, as a stop in the first moment leaves it, becomes a ledger. */
static void test_empty_file_becomes_a_ledger(void **state) {
    struct ledger_sample *sample = *state;
    char path[512];

    ledger_sample_close(sample);
    path_of(sample, "ledger.sqlite", path, sizeof path);
    assert_int_equal(truncate(path, 0), 0);
    ledger_sample_open(sample);
    assert_int_equal(ledger_seq(sample->ledger), 0);
}

/* ---- Durable ---- */

static int64_t pragma(struct ledger_sample *sample, const char *name) {
    char text[64];

    snprintf(text, sizeof text, "PRAGMA %s", name);
    return audit_number(sample->ledger->database, text);
}

/* What the guarantees rest on, asked of the connection that is in use. */
static void test_durability_is_in_force(void **state) {
    struct ledger_sample *sample = *state;
    sqlite3_stmt *statement = NULL;
    char path[512];

    assert_int_equal(pragma(sample, "synchronous"), 2);
    assert_int_equal(pragma(sample, "foreign_keys"), 1);
    assert_int_equal(pragma(sample, "secure_delete"), 1);
    assert_int_equal(pragma(sample, "cell_size_check"), 1);
    assert_int_equal(pragma(sample, "trusted_schema"), 0);
    assert_int_equal(
        sqlite3_prepare_v2(sample->ledger->database, "PRAGMA journal_mode", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "wal");
    sqlite3_finalize(statement);
    path_of(sample, "ledger.sqlite-shm", path, sizeof path);
    assert_int_equal(access(path, F_OK), -1); /* exclusive: nobody shares the log */
    assert_int_equal(
        audit_number(sample->ledger->database,
                     "SELECT count(*) FROM pragma_table_list WHERE NOT strict AND type = 'table' "
                     "AND name NOT LIKE 'sqlite_%'"),
        0);
}

/* Killed between two turns and within the next: the first is there, the second never was. */
static void test_kill_keeps_what_was_committed(void **state) {
    struct ledger_sample *sample = *state;
    struct journey journey;
    int status = 0;

    ledger_sample_close(sample);
    const pid_t child = fork();
    if (child == 0) {
        ledger_sample_open(sample);
        ledger_begin(sample->ledger);
        (void)ledger_sample_journey(sample, 1);
        ledger_sample_commit(sample);
        ledger_begin(sample->ledger);
        (void)ledger_sample_journey(sample, 2);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    const struct hv_uuid first = sample_uuid(1);
    const struct hv_uuid second = sample_uuid(2);
    ledger_sample_open(sample);
    assert_int_equal(ledger_seq(sample->ledger), 1);
    ledger_begin(sample->ledger);
    assert_true(ledger_journey_find(sample->ledger, &first, &journey));
    assert_false(ledger_journey_find(sample->ledger, &second, &journey));
    ledger_rollback(sample->ledger);
}

/* ---- Turns ---- */

static void test_rollback_restores_everything(void **state) {
    struct ledger_sample *sample = *state;
    uint8_t head[32];

    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    ledger_sample_commit(sample);
    memcpy(head, ledger_head(sample->ledger), sizeof head);

    ledger_begin(sample->ledger);
    const struct handover handover = ledger_sample_handover(sample, &journey, 1);
    ledger_item_add(sample->ledger, ledger_inbox(sample->ledger, "werkse", HV_ROLE_ENDPOINT),
                    journey.row, handover.row, 2);
    assert_true(ledger_has_written(sample->ledger));
    assert_int_equal(ledger_seq(sample->ledger), 2);
    assert_int_equal(ledger_gauges(sample->ledger).handovers_open, 1);
    assert_int_equal(ledger_gauges(sample->ledger).items_owed, 1);
    ledger_rollback(sample->ledger);

    assert_int_equal(ledger_seq(sample->ledger), 1);
    assert_memory_equal(ledger_head(sample->ledger), head, sizeof head);
    assert_int_equal(ledger_gauges(sample->ledger).journeys_held, 1);
    assert_int_equal(ledger_gauges(sample->ledger).handovers_open, 0);
    assert_int_equal(ledger_gauges(sample->ledger).items_owed, 0);
    /* And the same again is as if it had never been tried. */
    ledger_begin(sample->ledger);
    assert_int_equal(ledger_sample_handover(sample, &journey, 1).row, handover.row);
    ledger_sample_commit(sample);
    memcpy(head, ledger_head(sample->ledger), sizeof head);
    ledger_sample_close(sample);
    audit_all(sample->folder, 2, head);
}

/* A turn that is open when the ledger is closed never was. */
static void test_close_rolls_back(void **state) {
    struct ledger_sample *sample = *state;

    ledger_begin(sample->ledger);
    (void)ledger_sample_journey(sample, 1);
    ledger_sample_close(sample);
    ledger_close(NULL);
    ledger_sample_open(sample);
    assert_int_equal(ledger_seq(sample->ledger), 0);
    assert_int_equal(ledger_gauges(sample->ledger).journeys_held, 0);
}

/* Reading alone begins no transaction and costs no sync. */
static void test_reading_writes_nothing(void **state) {
    struct ledger_sample *sample = *state;
    const struct hv_uuid id = sample_uuid(1);
    struct journey journey;

    ledger_begin(sample->ledger);
    assert_false(ledger_journey_find(sample->ledger, &id, &journey));
    assert_false(ledger_has_written(sample->ledger));
    assert_int_equal(sqlite3_get_autocommit(sample->ledger->database), 1);
    ledger_sample_commit(sample);
}

/* A full disk: the first error stays, every later call does nothing, nothing of the turn is left,
 * and the next one succeeds when there is room. */
static void test_full_disk_is_one_sticky_error(void **state) {
    struct ledger_sample *sample = *state;
    const uint8_t hash[32] = {1};
    static uint8_t body[1 << 20];
    struct journey journey;

    ledger_begin(sample->ledger);
    journey = ledger_sample_journey(sample, 1);
    struct handover handover = ledger_sample_handover(sample, &journey, 1);
    ledger_sample_commit(sample);
    (void)pragma(sample, "max_page_count = 60");

    ledger_begin(sample->ledger);
    ledger_dossier_put(sample->ledger, handover.row, 0, hash, body, sizeof body);
    assert_int_equal(ledger_error(sample->ledger), -ENOSPC);
    const struct hv_uuid id = sample_uuid(1);
    assert_false(ledger_journey_find(sample->ledger, &id, &journey));
    assert_int_equal(ledger_sample_event(sample, HV_EVENT_DELIVERED, &journey, &handover), 0);
    assert_int_equal(ledger_inbox(sample->ledger, "werkse", HV_ROLE_ENDPOINT), 0);
    assert_int_equal(ledger_commit(sample->ledger), -ENOSPC);
    assert_int_equal(ledger_seq(sample->ledger), 2);

    (void)pragma(sample, "max_page_count = 100000");
    ledger_begin(sample->ledger);
    assert_int_equal(ledger_error(sample->ledger), 0);
    ledger_dossier_put(sample->ledger, handover.row, 0, hash, body, sizeof body);
    ledger_sample_commit(sample);
}

/* ---- The reserve, and what is deleted ---- */

static void test_reserve_holds_its_space(void **state) {
    struct ledger_sample *sample = *state;
    struct stat status;
    char path[512];

    path_of(sample, "reserve", path, sizeof path);
    assert_true(ledger_reserve_is_held(sample->ledger));
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_blocks * 512 >= status.st_size && status.st_size > 0);
    ledger_reserve_release(sample->ledger);
    assert_false(ledger_reserve_is_held(sample->ledger));
    assert_int_equal(stat(path, &status), -1);
    ledger_reserve_release(sample->ledger); /* twice is fine */
    assert_int_equal(ledger_reserve_take(sample->ledger), 0);
    assert_true(ledger_reserve_is_held(sample->ledger));
    assert_int_equal(stat(path, &status), 0);
    assert_false(ledger_disk_is_short(sample->ledger));
}

static bool file_has(const char *path, const char *words) {
    FILE *file = fopen(path, "r");
    bool found = false;

    if (!file)
        return false;
    char *text = malloc(1 << 24);
    assert_non_null(text);
    const size_t size = fread(text, 1, 1 << 24, file);
    found = memmem(text, size, words, strlen(words)) != NULL;
    free(text);
    fclose(file);
    return found;
}

/* A dossier that was deleted is nowhere on the disk once the log is emptied. */
static void test_deleted_dossiers_leave_no_bytes(void **state) {
    static const char secret[] = "sealed-but-still-nobody-else's";
    struct ledger_sample *sample = *state;
    char path[512], log[512];

    path_of(sample, "ledger.sqlite", path, sizeof path);
    path_of(sample, "ledger.sqlite-wal", log, sizeof log);
    ledger_begin(sample->ledger);
    struct journey journey = ledger_sample_journey(sample, 1);
    const struct handover handover = ledger_sample_handover(sample, &journey, 1);
    ledger_dossier_put(sample->ledger, handover.row, 0, no_head, secret, sizeof secret);
    ledger_sample_commit(sample);
    assert_true(file_has(log, secret));
    assert_int_equal(ledger_checkpoint(sample->ledger), 0);
    assert_true(file_has(path, secret));

    ledger_begin(sample->ledger);
    ledger_dossiers_delete(sample->ledger, handover.row);
    ledger_sample_commit(sample);
    assert_int_equal(ledger_checkpoint(sample->ledger), 0);
    assert_false(file_has(path, secret));
    assert_false(file_has(log, secret));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_new_ledger_is_empty),
        LEDGER_TEST(test_new_ledger_says_what_it_is),
        LEDGER_TEST(test_reopened_ledger_is_the_same),
        LEDGER_TEST(test_every_ledger_has_an_id_of_its_own),
        LEDGER_TEST(test_empty_file_becomes_a_ledger),
        LEDGER_TEST(test_durability_is_in_force),
        LEDGER_TEST(test_kill_keeps_what_was_committed),
        LEDGER_TEST(test_rollback_restores_everything),
        LEDGER_TEST(test_close_rolls_back),
        LEDGER_TEST(test_reading_writes_nothing),
        LEDGER_TEST(test_full_disk_is_one_sticky_error),
        LEDGER_TEST(test_reserve_holds_its_space),
        LEDGER_TEST(test_deleted_dossiers_leave_no_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
