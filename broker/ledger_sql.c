/* The thin layer over SQLite. */
#include "broker/ledger_sql.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal.h"

static int error_of_result(int result) {
    switch (result & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    default:
        return -EIO;
    }
}

/* A constraint, a type or a misuse is our own mistake, never the world's. */
static bool result_is_defect(int result) {
    switch (result & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_INTERNAL:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return true;
    default:
        return false;
    }
}

void ledger_fail(struct ledger *ledger, int result, const char *file, int line) {
    if (result_is_defect(result)) {
        journal_say(JOURNAL_DEFECT, NULL, "%s:%d: the ledger refused our own statement: %s", file,
                    line, sqlite3_errmsg(ledger->database));
        abort();
    }
    if (!ledger->error)
        ledger->error = error_of_result(result);
    if (ledger->error == -EIO && !ledger->dead) {
        ledger->dead = true;
        journal_say(
            JOURNAL_LEDGER_FAILED, NULL,
            "the ledger in %s cannot be read or written: %s (%s); what was in hand is answered "
            "to nobody",
            ledger->directory, sqlite3_errmsg(ledger->database), sqlite3_errstr(result));
    }
}

/* The real transaction begins with the first write of a turn. */
static void transaction_begin(struct ledger *ledger) {
    if (ledger->in_transaction)
        return;
    const int result = sqlite3_exec(ledger->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (result != SQLITE_OK) {
        ledger_fail(ledger, result, __FILE__, __LINE__);
        return;
    }
    ledger->in_transaction = true;
}

static struct sql *statement_find(struct ledger *ledger, const char *text) {
    struct sql *sql = NULL;

    HASH_FIND_PTR(ledger->statements, &text, sql);
    if (sql)
        return sql;
    sql = calloc(1, sizeof *sql);
    if (!sql)
        return NULL;
    sql->ledger = ledger;
    sql->text = text;
    HASH_ADD_PTR(ledger->statements, text, sql);
    return sql;
}

static bool prepare(struct sql *sql, const char *file, int line) {
    struct ledger *ledger = sql->ledger;
    const int result = sqlite3_prepare_v3(ledger->database, sql->text, -1,
                                          SQLITE_PREPARE_PERSISTENT, &sql->statement, NULL);

    if (result != SQLITE_OK) {
        ledger_fail(ledger, result, file, line);
        return false;
    }
    sql->columns = sqlite3_column_count(sql->statement);
    sql->names = calloc((size_t)sql->columns + 1, sizeof *sql->names);
    if (sql->names)
        return true;
    ledger->error = -ENOMEM;
    (void)sqlite3_finalize(sql->statement);
    sql->statement = NULL;
    return false;
}

struct sql *sql_begin_at(struct ledger *ledger, const char *text, bool writes, const char *file,
                         int line) {
    static struct sql nothing; /* what every call does nothing on: it has no statement */

    assert(ledger->in_turn);
    if (writes && !ledger->error)
        transaction_begin(ledger);
    if (ledger->error)
        return &nothing;
    struct sql *sql = statement_find(ledger, text);
    if (!sql) {
        ledger->error = -ENOMEM;
        return &nothing;
    }
    if (!sql->statement && !prepare(sql, file, line))
        return &nothing;
    if (sql->file) {
        journal_say(JOURNAL_DEFECT, NULL, "%s:%d: the statement begun at %s:%d is not finished",
                    file, line, sql->file, sql->line);
        abort();
    }
    sql->file = file;
    sql->line = line;
    sql->bound = 0;
    return sql;
}

static bool sql_is_nothing(const struct sql *sql) {
    return !sql->statement || sql->ledger->error;
}

static void bind_check(struct sql *sql, int result) {
    if (result != SQLITE_OK)
        ledger_fail(sql->ledger, result, sql->file, sql->line);
}

void sql_int(struct sql *sql, int64_t value) {
    if (sql_is_nothing(sql))
        return;
    bind_check(sql, sqlite3_bind_int64(sql->statement, ++sql->bound, value));
}

void sql_text(struct sql *sql, const char *value) {
    if (sql_is_nothing(sql))
        return;
    bind_check(sql, sqlite3_bind_text(sql->statement, ++sql->bound, value, -1, SQLITE_STATIC));
}

void sql_bytes(struct sql *sql, const void *bytes, size_t size) {
    if (sql_is_nothing(sql))
        return;
    bind_check(sql,
               bytes ? sqlite3_bind_blob64(sql->statement, ++sql->bound, bytes, size, SQLITE_STATIC)
                     : sqlite3_bind_null(sql->statement, ++sql->bound));
}

void sql_end(struct sql *sql) {
    if (!sql->statement)
        return;
    (void)sqlite3_reset(sql->statement); /* repeats the result of the step, which was looked at */
    (void)sqlite3_clear_bindings(sql->statement);
    sql->file = NULL;
}

bool sql_row(struct sql *sql) {
    if (sql_is_nothing(sql)) {
        sql_end(sql);
        return false;
    }
    const int result = sqlite3_step(sql->statement);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        ledger_fail(sql->ledger, result, sql->file, sql->line);
    sql_end(sql);
    return false;
}

int sql_run(struct sql *sql) {
    while (sql_row(sql))
        continue;
    return sql->ledger && !sql->ledger->error ? sqlite3_changes(sql->ledger->database) : 0;
}

int64_t sql_number(struct sql *sql, int64_t otherwise) {
    int64_t number = otherwise;

    if (sql_row(sql)) {
        if (sqlite3_column_type(sql->statement, 0) != SQLITE_NULL)
            number = sqlite3_column_int64(sql->statement, 0);
        sql_end(sql);
    }
    return number;
}

static int column_index(struct sql *sql, const char *name) {
    for (int looked = 0; looked < sql->columns; looked++) {
        const int i = (sql->next_column + looked) % sql->columns;
        if (sql->names[i] == name || strcmp(sqlite3_column_name(sql->statement, i), name) == 0) {
            sql->names[i] = name;
            sql->next_column = i + 1;
            return i;
        }
    }
    journal_say(JOURNAL_DEFECT, NULL, "%s:%d: the statement has no column %s", sql->file, sql->line,
                name);
    abort();
}

int64_t column_int(struct sql *sql, const char *name) {
    return sqlite3_column_int64(sql->statement, column_index(sql, name));
}

bool column_is_null(struct sql *sql, const char *name) {
    sql->next_column = column_index(sql, name); /* its value is asked for next */
    return sqlite3_column_type(sql->statement, sql->next_column) == SQLITE_NULL;
}

void column_text(struct sql *sql, const char *name, char *ret_text, size_t size) {
    const unsigned char *text = sqlite3_column_text(sql->statement, column_index(sql, name));

    if (!text) { /* every text column is NOT NULL: only memory can be short */
        ledger_fail(sql->ledger, SQLITE_NOMEM, sql->file, sql->line);
        ret_text[0] = '\0';
        return;
    }
    copy_text_sized(ret_text, size, (const char *)text);
}

const void *column_blob(struct sql *sql, const char *name, size_t *ret_size) {
    const int index = column_index(sql, name);
    const void *bytes = sqlite3_column_blob(sql->statement, index);

    *ret_size = (size_t)sqlite3_column_bytes(sql->statement, index);
    return bytes;
}

void column_bytes(struct sql *sql, const char *name, void *ret_bytes, size_t size) {
    size_t found = 0;
    const void *bytes = column_blob(sql, name, &found);

    if (bytes && found == size)
        memcpy(ret_bytes, bytes, size);
    else
        memset(ret_bytes, 0, size);
}
