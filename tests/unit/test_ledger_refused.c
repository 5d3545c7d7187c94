/* Ledgers that are refused, and ledgers that are damaged: a sentence, and nothing is changed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger_audit.h"
#include "ledger_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void path_of(const struct ledger_sample *sample, const char *name, char *ret_path,
                    size_t size) {
    snprintf(ret_path, size, "%s/%s", sample->folder, name);
}

/* The ledger in the folder is refused with this code and a sentence that has these words. */
static void assert_refused_to_open(struct ledger_sample *sample, int code, const char *words) {
    struct ledger *ledger = NULL;
    struct failure failure = {0};

    assert_int_equal(ledger_open(sample->folder, &sample->fake.world, &ledger, &failure), code);
    assert_null(ledger);
    if (!strstr(failure.text, sample->folder) || !strstr(failure.text, words))
        fail_msg("expected the folder and `%s`, got: %s", words, failure.text);
}

/* ---- Refused ---- */

/* One that a newer program wrote is left alone, whatever is in it. */
static void test_newer_ledger_is_refused(void **state) {
    struct ledger_sample *sample = *state;

    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    const int64_t version = audit_number(database, "PRAGMA user_version");
    char set[64];
    snprintf(set, sizeof set, "PRAGMA user_version = %d", (int)version + 1);
    assert_int_equal(audit_run(database, set), SQLITE_OK);
    assert_int_equal(audit_run(database, "CREATE TABLE later (what TEXT)"), SQLITE_OK);
    sqlite3_close(database);

    assert_refused_to_open(sample, -EPROTO, "newer");
    database = audit_open(sample->folder);
    assert_int_equal(audit_number(database, "PRAGMA user_version"), version + 1);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM later"), 0);
    sqlite3_close(database);
}

static void test_other_database_is_refused(void **state) {
    static const char *const others[] = {
        "PRAGMA application_id = 0",
        "PRAGMA application_id = 1196444487",
        "PRAGMA application_id = 0; PRAGMA user_version = 0; DROP TABLE payload",
    };
    struct ledger_sample *sample = *state;

    ledger_sample_close(sample);
    for (size_t i = 0; i < COUNT(others); i++) {
        sqlite3 *database = audit_open(sample->folder);
        assert_int_equal(audit_run(database, others[i]), SQLITE_OK);
        sqlite3_close(database);
        assert_refused_to_open(sample, -EPROTO, "not a ledger of Houvast");
    }
}

static void test_other_file_is_refused(void **state) {
    struct ledger_sample *sample = *state;
    char text[4096];

    ledger_sample_close(sample);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    scratch_write(sample->folder, "ledger.sqlite", text);
    assert_refused_to_open(sample, -EPROTO, "ledger.sqlite");
}

static void test_place_that_cannot_be_is_refused(void **state) {
    struct ledger_sample *sample = *state;
    char path[512], target[512];

    ledger_sample_close(sample);
    path_of(sample, "ledger.sqlite", path, sizeof path);
    path_of(sample, "elsewhere.sqlite", target, sizeof target);
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_refused_to_open(sample, -EACCES, "ledger.sqlite"); /* never through a link */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused_to_open(sample, -EACCES, "ledger.sqlite");
    assert_int_equal(rmdir(path), 0);

    struct failure failure = {0};
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_open("/nonexistent/state", &sample->fake.world, &ledger, &failure),
                     -EACCES);
    assert_non_null(strstr(failure.text, "/nonexistent/state"));
}

/* The file is ours alone: no second broker, and no sqlite3 beside it. */
static void test_second_opener_is_refused(void **state) {
    struct ledger_sample *sample = *state;
    int status = 0;

    assert_refused_to_open(sample, -EIO, "locked");
    const pid_t child = fork();
    if (child == 0) {
        sqlite3 *database = audit_open(sample->folder);
        const int result = audit_run(database, "SELECT count(*) FROM event");
        _exit(result == SQLITE_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ledger_begin(sample->ledger);
    (void)ledger_sample_journey(sample, 1);
    ledger_sample_commit(sample);
}

/* ---- Damaged ---- */

static void file_damage(const char *path, off_t at) {
    const int fd = open(path, O_RDWR);
    uint8_t bytes[64];

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, bytes, sizeof bytes, at), sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] ^= 0xa5;
    assert_int_equal(pwrite(fd, bytes, sizeof bytes, at), sizeof bytes);
    close(fd);
}

/* Damage anywhere is a sentence at the start or an error when it is read, never another answer. */
static void test_damage_is_an_error(void **state) {
    struct ledger_sample *sample = *state;
    char path[512], keep[512], command[1100];
    struct failure failure;

    ledger_begin(sample->ledger);
    for (uint8_t number = 1; number <= 100; number++)
        (void)ledger_sample_journey(sample, number);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    path_of(sample, "ledger.sqlite", path, sizeof path);
    path_of(sample, "whole.sqlite", keep, sizeof keep);
    assert_int_equal(rename(path, keep), 0);
    struct stat whole;
    assert_int_equal(stat(keep, &whole), 0);

    for (off_t at = 0; at + 64 < whole.st_size; at += 2048) {
        snprintf(command, sizeof command, "cp %s %s", keep, path);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
        file_damage(path, at);
        failure.text[0] = '\0';
        const int rc = ledger_open(sample->folder, &sample->fake.world, &sample->ledger, &failure);
        if (rc < 0) {
            assert_null(sample->ledger);
            assert_true(rc == -EIO || rc == -EPROTO);
            assert_non_null(strstr(failure.text, path));
            continue;
        }
        ledger_sample_close(sample);
    }
}

/* Of what cannot be read back as it was written there is left what happened, and of what: one such
 * event must not end the broker for everybody. */
static void test_unreadable_event_is_bare(void **state) {
    struct ledger_sample *sample = *state;
    struct hv_event event;

    ledger_begin(sample->ledger);
    (void)ledger_sample_journey(sample, 1);
    ledger_sample_commit(sample);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(audit_run(database, "UPDATE payload SET payload = x'c1'"), SQLITE_OK);
    sqlite3_close(database);

    ledger_sample_open(sample);
    ledger_begin(sample->ledger);
    assert_true(ledger_event_get(sample->ledger, 1, &sample->zone, &event));
    assert_int_equal(ledger_error(sample->ledger), 0);
    assert_int_equal(event.seq, 1);
    assert_int_not_equal(event.event, 0);
    assert_false(event.has_organisation || event.has_resident || event.has_runs);
    assert_int_equal(ledger_commit(sample->ledger), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_newer_ledger_is_refused),
        LEDGER_TEST(test_other_database_is_refused),
        LEDGER_TEST(test_other_file_is_refused),
        LEDGER_TEST(test_place_that_cannot_be_is_refused),
        LEDGER_TEST(test_second_opener_is_refused),
        LEDGER_TEST(test_damage_is_an_error),
        LEDGER_TEST(test_unreadable_event_is_bare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
