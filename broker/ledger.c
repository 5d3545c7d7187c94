/* The ledger's life: opening, migrating, turns, the reserve. */
#include "broker/ledger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "broker/journal.h"
#include "broker/ledger_log.h"
#include "broker/ledger_migrations.h"
#include "broker/ledger_sql.h"

#define LEDGER_FILE           "ledger.sqlite"
#define RESERVE_FILE          "reserve"
#define ZONE_CHUNK_BYTES      4096
#define LEDGER_APPLICATION_ID 0x48766173 /* "Hvas": never change it */

/* What confirmations, declines and acknowledgements may use on a full disk. */
#define RESERVE_BYTES (INT64_C(8) << 20)
/* Below this, beside the reserve, nothing new is taken. */
#define SHORT_BYTES  (UINT64_C(4) << 20)
#define SHORT_INODES UINT64_C(16)

/* ---- Opening ---- */

static int open_failure(struct ledger *ledger, int result, const char *what,
                        struct failure *ret_failure) {
    const int code = (result & 0xff) == SQLITE_FULL       ? -ENOSPC
                     : (result & 0xff) == SQLITE_NOMEM    ? -ENOMEM
                     : (result & 0xff) == SQLITE_NOTADB   ? -EPROTO
                     : (result & 0xff) == SQLITE_CANTOPEN ? -EACCES
                                                          : -EIO;
    return failure_set(ret_failure, code, "%s/" LEDGER_FILE ": %s: %s", ledger->directory, what,
                       ledger->database ? sqlite3_errmsg(ledger->database)
                                        : sqlite3_errstr(result));
}

static int execute(struct ledger *ledger, const char *text, struct failure *ret_failure) {
    const int result = sqlite3_exec(ledger->database, text, NULL, NULL, NULL);

    return result == SQLITE_OK ? 0 : open_failure(ledger, result, text, ret_failure);
}

/* One number from a statement without parameters. */
static int ask(struct ledger *ledger, const char *text, int64_t *ret_number,
               struct failure *ret_failure) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(ledger->database, text, -1, &statement, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : open_failure(ledger, result, text, ret_failure);
}

/* Durability is stated and read back: a build or a file system that will not have it is refused. */
static int set_durable(struct ledger *ledger, struct failure *ret_failure) {
    static const struct {
        const char *set;
        const char *ask;
        int64_t expected;
    } pragmas[] = {
        {"PRAGMA synchronous = FULL", "PRAGMA synchronous", 2},
        {"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", 1},
        {"PRAGMA secure_delete = ON", "PRAGMA secure_delete", 1},
        {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", 1},
        {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", 0},
        {"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", 2}, /* no descriptors in mid-turn */
        {"PRAGMA mmap_size = 0", "SELECT 0", 0},
    };
    sqlite3_stmt *statement = NULL;
    bool is_wal = false;

    /* EXCLUSIVE before the first access of the log: no -shm file, and no second opener
     * (two connections that checkpoint can lose commits in this SQLite: the WAL-reset race). */
    int rc = execute(ledger, "PRAGMA locking_mode = EXCLUSIVE", ret_failure);
    if (rc < 0)
        return rc;
    int result =
        sqlite3_prepare_v2(ledger->database, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        is_wal = strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    /* It says `wal` before that is written, and whether it could be only now. */
    const int written = sqlite3_finalize(statement);
    if (result != SQLITE_ROW || written != SQLITE_OK)
        return open_failure(ledger, result != SQLITE_ROW ? result : written, "cannot be opened",
                            ret_failure);
    if (!is_wal)
        return failure_set(ret_failure, -EIO,
                           "%s: this file system cannot do SQLite's write-ahead log; put the state "
                           "directory on a local disk",
                           ledger->directory);
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
        int64_t found = -1;
        rc = execute(ledger, pragmas[i].set, ret_failure);
        if (rc == 0)
            rc = ask(ledger, pragmas[i].ask, &found, ret_failure);
        if (rc < 0)
            return rc;
        if (found != pragmas[i].expected)
            return failure_set(ret_failure, -EIO, "%s: SQLite will not have `%s`",
                               ledger->directory, pragmas[i].set);
    }
    return 0;
}

/* One migration, whole or not at all. A table that is made anew is dropped between, so that what
 * refers to it is looked at again before the commit, and not at each step. */
static int migrate_one(struct ledger *ledger, size_t number, struct failure *ret_failure) {
    int64_t strays = 0;
    char text[96];
    int rc = execute(ledger, "PRAGMA foreign_keys = OFF", ret_failure);

    (void)snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %zu",
                   LEDGER_APPLICATION_ID, number + 1);
    if (rc == 0)
        rc = execute(ledger, "BEGIN IMMEDIATE", ret_failure);
    if (rc == 0)
        rc = execute(ledger, ledger_migrations[number].sql, ret_failure);
    if (rc == 0)
        rc = ask(ledger, "SELECT count(*) FROM pragma_foreign_key_check", &strays, ret_failure);
    if (rc == 0 && strays > 0)
        rc = failure_set(ret_failure, -EPROTO,
                         "%s/" LEDGER_FILE " has %lld rows that belong to nothing and cannot be "
                         "brought up to date; restore a backup",
                         ledger->directory, (long long)strays);
    if (rc == 0)
        rc = execute(ledger, text, ret_failure);
    if (rc == 0)
        rc = execute(ledger, "COMMIT", ret_failure);
    if (rc < 0 && !sqlite3_get_autocommit(ledger->database)) /* it may be tried again */
        (void)sqlite3_exec(ledger->database, "ROLLBACK", NULL, NULL, NULL);
    if (rc < 0) {
        struct failure ignored;
        (void)execute(ledger, "PRAGMA foreign_keys = ON", &ignored);
        return rc;
    }
    return execute(ledger, "PRAGMA foreign_keys = ON", ret_failure);
}

/* The user version counts the migrations that have run; they only append. */
static int migrate(struct ledger *ledger, struct failure *ret_failure) {
    int64_t application = 0;
    int64_t version = 0;
    int64_t tables = 0;
    int rc = ask(ledger, "PRAGMA application_id", &application, ret_failure);

    if (rc == 0)
        rc = ask(ledger, "PRAGMA user_version", &version, ret_failure);
    if (rc == 0)
        rc = ask(ledger, "SELECT count(*) FROM sqlite_schema", &tables, ret_failure);
    if (rc < 0)
        return rc;
    if (application != LEDGER_APPLICATION_ID && (tables > 0 || version > 0))
        return failure_set(ret_failure, -EPROTO,
                           "%s/" LEDGER_FILE " is not a ledger of Houvast; choose another state "
                           "directory",
                           ledger->directory);
    if (version > (int64_t)ledger_migration_count)
        return failure_set(ret_failure, -EPROTO,
                           "%s/" LEDGER_FILE
                           " was written by a newer houvastd (ledger version %lld, "
                           "this program knows %zu); start that version again",
                           ledger->directory, (long long)version, ledger_migration_count);
    for (size_t i = (size_t)version; i < ledger_migration_count; i++) {
        rc = migrate_one(ledger, i, ret_failure);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void load_identity(struct ledger *ledger) {
    struct sql *sql = sql_begin(ledger, "SELECT id FROM ledger");

    if (sql_row(sql)) {
        column_bytes(sql, "id", ledger->id.bytes, sizeof ledger->id.bytes);
        sql_end(sql);
        return;
    }
    ledger->world->random(ledger->world->context, ledger->id.bytes, sizeof ledger->id.bytes);
    ledger->id.bytes[6] = (uint8_t)((ledger->id.bytes[6] & 0x0f) | 0x40); /* UUID version 4 */
    ledger->id.bytes[8] = (uint8_t)((ledger->id.bytes[8] & 0x3f) | 0x80);
    sql = sql_write(ledger, "INSERT INTO ledger (one, id, made_at) VALUES (1, ?, ?)");
    sql_bytes(sql, ledger->id.bytes, sizeof ledger->id.bytes);
    sql_int(sql, ledger->world->wall_ms(ledger->world->context));
    sql_run(sql);
}

static void load_head(struct ledger *ledger) {
    struct sql *sql = sql_begin(ledger, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1");

    if (sql_row(sql)) {
        ledger->seq = column_int(sql, "seq");
        column_bytes(sql, "hash", ledger->head, sizeof ledger->head);
        sql_end(sql);
    }
}

static void load_gauges(struct ledger *ledger) {
    struct ledger_gauges *gauges = &ledger->gauges;

    gauges->journeys_held =
        sql_number(sql_begin(ledger, "SELECT count(*) FROM journey WHERE state < 3"), 0);
    gauges->handovers_open =
        sql_number(sql_begin(ledger, "SELECT count(*) FROM handover WHERE ended_seq = 0"), 0);
    gauges->items_owed = sql_number(sql_begin(ledger, "SELECT count(*) FROM item"), 0);
    gauges->items_aside =
        sql_number(sql_begin(ledger, "SELECT count(*) FROM item WHERE state = 4"), 0);
}

/* Reads who we are, and lets go out again what was out when the process ended. */
static int start(struct ledger *ledger, struct failure *ret_failure) {
    ledger_begin(ledger);
    load_identity(ledger);
    load_head(ledger);
    load_gauges(ledger);
    if (sql_number(sql_begin(ledger, "SELECT 1 FROM item WHERE state = 2 LIMIT 1"), 0))
        sql_run(sql_write(ledger, "UPDATE item SET state = 1 WHERE state = 2"));
    const int rc = ledger_commit(ledger);
    if (rc < 0)
        return failure_set(ret_failure, rc, "%s/" LEDGER_FILE ": cannot be read or written: %s",
                           ledger->directory, strerror(-rc));
    return 0;
}

static int migrate_and_start(struct ledger *ledger, struct failure *ret_failure) {
    const int rc = migrate(ledger, ret_failure);

    return rc < 0 ? rc : start(ledger, ret_failure);
}

/* A log that was not emptied: the last process was killed, or the power went. SQLite takes it up.
 */
static void say_recovered(const struct ledger *ledger, int64_t log_bytes) {
    char bytes[24];
    const struct journal_field fields[] = {{"HOUVAST_LOG_BYTES", bytes}, {NULL, NULL}};

    if (log_bytes <= 0)
        return;
    (void)snprintf(bytes, sizeof bytes, "%lld", (long long)log_bytes);
    journal_say(
        JOURNAL_LEDGER_RECOVERED, fields,
        "the last houvastd on %s did not stop in order: its log of %s bytes was taken up, and "
        "nothing that was answered is lost",
        ledger->directory, bytes);
}

static int64_t log_size(const struct ledger *ledger) {
    char path[sizeof ledger->directory + sizeof "/" LEDGER_FILE "-wal"];
    struct stat log;

    (void)snprintf(path, sizeof path, "%s/" LEDGER_FILE "-wal", ledger->directory);
    return stat(path, &log) == 0 ? (int64_t)log.st_size : 0;
}

/* One thread uses SQLite, so that its mutexes and the counting of its memory behind one of them
 * guard nothing. Once a process: later calls are refused and change nothing. */
static void configure_library(void) {
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int open_database(struct ledger *ledger, struct failure *ret_failure) {
    char path[sizeof ledger->directory + sizeof "/" LEDGER_FILE];
    int enabled = 0;

    configure_library();
    const char *vfs = ledger_log_vfs();
    if (!vfs)
        return failure_set(ret_failure, -ENOMEM, "out of memory");
    (void)snprintf(path, sizeof path, "%s/" LEDGER_FILE, ledger->directory);
    const int result = sqlite3_open_v2(path, &ledger->database,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                           SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                                       vfs);
    if (result != SQLITE_OK)
        return open_failure(ledger, result, "cannot be opened", ret_failure);
    (void)sqlite3_extended_result_codes(ledger->database, 1);
    (void)sqlite3_db_config(ledger->database, SQLITE_DBCONFIG_DEFENSIVE, 1, &enabled);
    (void)sqlite3_db_config(ledger->database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, &enabled);
    return 0;
}

int ledger_open(const char *directory, const struct world *world, struct ledger **ret_ledger,
                struct failure *ret_failure) {
    struct ledger *ledger = calloc(1, sizeof *ledger);

    if (!ledger || !msgpack_zone_init(&ledger->zone, ZONE_CHUNK_BYTES)) {
        free(ledger);
        return failure_set(ret_failure, -ENOMEM, "out of memory");
    }
    ledger->world = world;
    if (strlen(directory) >= sizeof ledger->directory) {
        msgpack_zone_destroy(&ledger->zone);
        free(ledger);
        return failure_set(ret_failure, -ENAMETOOLONG, "the state directory's path is too long");
    }
    (void)snprintf(ledger->directory, sizeof ledger->directory, "%s", directory);
    const int64_t log_bytes = log_size(ledger);
    int rc = open_database(ledger, ret_failure);
    if (rc == 0)
        rc = set_durable(ledger, ret_failure);
    if (rc == 0) {
        rc = migrate_and_start(ledger, ret_failure);
        if (rc == -ENOSPC) { /* that is what the reserve is for */
            ledger_reserve_release(ledger);
            rc = migrate_and_start(ledger, ret_failure);
        }
    }
    if (rc < 0) {
        ledger_close(ledger);
        return rc;
    }
    say_recovered(ledger, log_bytes);
    (void)ledger_reserve_take(ledger); /* without it the turn finds the disk short and says so */
    *ret_ledger = ledger;
    return 0;
}

void ledger_close(struct ledger *ledger) {
    struct sql *sql = NULL;
    struct sql *next = NULL;

    if (!ledger)
        return;
    HASH_ITER(hh, ledger->statements, sql, next) {
        HASH_DEL(ledger->statements, sql);
        (void)sqlite3_finalize(sql->statement);
        free(sql->names);
        free(sql);
    }
    ledger_inboxes_forget(ledger);
    msgpack_sbuffer_destroy(&ledger->payload);
    (void)sqlite3_close(ledger->database); /* rolls back what is open; NULL is fine */
    msgpack_zone_destroy(&ledger->zone);
    free(ledger);
}

/* ---- What it is ---- */

const struct hv_uuid *ledger_id(const struct ledger *ledger) {
    return &ledger->id;
}

int64_t ledger_seq(const struct ledger *ledger) {
    return ledger->seq;
}

const uint8_t *ledger_head(const struct ledger *ledger) {
    return ledger->head;
}

struct ledger_gauges ledger_gauges(const struct ledger *ledger) {
    return ledger->gauges;
}

/* ---- Turns ---- */

void ledger_begin(struct ledger *ledger) {
    assert(!ledger->in_turn && !ledger->dead);
    ledger->in_turn = true;
    ledger->error = 0;
    ledger->committed_seq = ledger->seq;
    memcpy(ledger->committed_head, ledger->head, sizeof ledger->head);
    ledger->committed_gauges = ledger->gauges;
}

int ledger_error(const struct ledger *ledger) {
    return ledger->error;
}

bool ledger_has_written(const struct ledger *ledger) {
    return ledger->in_transaction;
}

/* A statement that is not at its end would keep the log from being emptied, and is a defect. */
static void check_finished(const struct ledger *ledger) {
    for (const struct sql *sql = ledger->statements; sql; sql = sql->hh.next)
        if (sql->file) {
            journal_say(JOURNAL_DEFECT, NULL, "the statement begun at %s:%d is not finished",
                        sql->file, sql->line);
            abort();
        }
}

void ledger_rollback(struct ledger *ledger) {
    assert(ledger->in_turn);
    for (struct sql *sql = ledger->statements; sql; sql = sql->hh.next)
        sql_end(sql);
    /* FULL, NOMEM and IOERR may have rolled back by themselves. */
    if (ledger->in_transaction && !sqlite3_get_autocommit(ledger->database))
        (void)sqlite3_exec(ledger->database, "ROLLBACK", NULL, NULL, NULL);
    ledger->in_transaction = false;
    ledger->in_turn = false;
    ledger_inboxes_forget(ledger);
    ledger->seq = ledger->committed_seq;
    memcpy(ledger->head, ledger->committed_head, sizeof ledger->head);
    ledger->gauges = ledger->committed_gauges;
}

int ledger_commit(struct ledger *ledger) {
    assert(ledger->in_turn);
    ledger_inboxes_store(ledger);
    if (!ledger->error) {
        check_finished(ledger);
        if (ledger->in_transaction) {
            const int result = sqlite3_exec(ledger->database, "COMMIT", NULL, NULL, NULL);
            if (result != SQLITE_OK)
                ledger_fail(ledger, result, __FILE__, __LINE__);
        }
    }
    const int error = ledger->error;
    if (error) {
        ledger_rollback(ledger);
        return error;
    }
    ledger->in_transaction = false;
    ledger->in_turn = false;
    return 0;
}

int ledger_checkpoint(struct ledger *ledger) {
    assert(!ledger->in_turn && !ledger->dead);
    const int result =
        sqlite3_wal_checkpoint_v2(ledger->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (result == SQLITE_OK)
        return 0;
    ledger->error = 0;
    ledger_fail(ledger, result, __FILE__, __LINE__);
    return ledger->error;
}

/* ---- The reserve ---- */

static void reserve_path(const struct ledger *ledger, char *ret_path, size_t size) {
    (void)snprintf(ret_path, size, "%s/" RESERVE_FILE, ledger->directory);
}

void ledger_reserve_release(struct ledger *ledger) {
    char path[sizeof ledger->directory + sizeof "/" RESERVE_FILE];

    reserve_path(ledger, path, sizeof path);
    (void)unlink(path); /* gone already is as good */
    ledger->reserve_held = false;
}

int ledger_reserve_take(struct ledger *ledger) {
    char path[sizeof ledger->directory + sizeof "/" RESERVE_FILE];

    reserve_path(ledger, path, sizeof path);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    const int rc = posix_fallocate(fd, 0, RESERVE_BYTES); /* gives the error, does not set errno */
    (void)close(fd);
    if (rc != 0) {
        (void)unlink(path);
        return -rc;
    }
    ledger->reserve_held = true;
    return 0;
}

bool ledger_reserve_is_held(const struct ledger *ledger) {
    return ledger->reserve_held;
}

bool ledger_disk_is_short(const struct ledger *ledger) {
    struct statvfs space;

    if (statvfs(ledger->directory, &space) != 0)
        return false; /* the next write will tell */
    const uint64_t wanted = SHORT_BYTES + (ledger->reserve_held ? 0 : (uint64_t)RESERVE_BYTES);
    const bool counts_inodes = space.f_files > 0; /* some file systems have no fixed number */
    return (uint64_t)space.f_bavail * space.f_frsize < wanted ||
           (counts_inodes && space.f_favail < SHORT_INODES);
}
