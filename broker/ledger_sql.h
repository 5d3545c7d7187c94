/* The thin layer over SQLite: prepare, bind, step, read a column by name. Private to ledger*.c. */
#ifndef HOUVAST_LEDGER_SQL_H
#define HOUVAST_LEDGER_SQL_H

#include <msgpack.h>
#include <sqlite3.h>
#include <uthash.h>

#include "broker/ledger.h"

/* A prepared statement, kept for the ledger's life and found again by the address of its text. */
struct sql {
    struct ledger *ledger;
    const char *text;
    sqlite3_stmt *statement;
    int bound;          /* parameters bound since it was begun */
    int columns;        /* how many */
    const char **names; /* under which each was asked for last, known by its address */
    int next_column;    /* behind the one read last: names are mostly asked for in their order */
    const char *file;   /* who began it, while it is unfinished */
    int line;
    UT_hash_handle hh;
};

struct ledger {
    sqlite3 *database;
    const struct world *world;
    char directory[3072];
    struct hv_uuid id;
    struct sql *statements;
    struct ledger_inbox *inboxes, *inboxes_by_number; /* those that were asked for */
    struct ledger_inbox *inboxes_counted;             /* in the open turn */
    int error;                                        /* sticky, of the open turn */
    bool in_turn;
    bool in_transaction;
    bool dead; /* an I/O error: nothing more may be asked of it */
    bool reserve_held;
    bool has_absences; /* once so, always so */
    bool wipe_wanted;  /* something was deleted that the log still has */
    int64_t seq, committed_seq;
    uint8_t head[32], committed_head[32];
    msgpack_sbuffer payload; /* of the event that is appended; kept, so that each finds room */
    struct ledger_gauges gauges, committed_gauges;
    msgpack_zone zone; /* what is unpacked while one row is read */
};

/* Writes what the open turn has counted, before it commits; forgets it all where it does not. */
void ledger_inboxes_store(struct ledger *ledger);
void ledger_inboxes_forget(struct ledger *ledger);

/* Begins a statement. `text` must be a string literal, one place in the code for each. Never NULL:
 * after an error it is one on which every call does nothing. */
#define sql_begin(ledger, text) sql_begin_at((ledger), (text), false, __FILE__, __LINE__)
/* The same for one that writes: the turn's transaction begins with the first. */
#define sql_write(ledger, text) sql_begin_at((ledger), (text), true, __FILE__, __LINE__)
struct sql *sql_begin_at(struct ledger *ledger, const char *text, bool writes, const char *file,
                         int line);

/* Bind the next parameter. Bytes are borrowed until the statement ends; NULL bytes are SQL's NULL.
 */
void sql_int(struct sql *sql, int64_t value);
void sql_text(struct sql *sql, const char *value);
void sql_bytes(struct sql *sql, const void *bytes, size_t size);

/* The next row: true while there is one. When it gives false the statement has ended. */
bool sql_row(struct sql *sql);
/* Ends a statement before its last row. */
void sql_end(struct sql *sql);
/* Runs one that gives no rows; the number of rows changed. */
int sql_run(struct sql *sql);
/* Runs one and gives its first column of its first row, or `otherwise`. */
int64_t sql_number(struct sql *sql, int64_t otherwise);

/* Columns of the present row, by name (a name that is not there is a defect and aborts). */
int64_t column_int(struct sql *sql, const char *name);
bool column_is_null(struct sql *sql, const char *name);
void column_text(struct sql *sql, const char *name, char *ret_text, size_t size);
/* Exactly `size` bytes. */
void column_bytes(struct sql *sql, const char *name, void *ret_bytes, size_t size);
/* Borrowed until the next row. */
const void *column_blob(struct sql *sql, const char *name, size_t *ret_size);

/* ---- What a journey's row keeps beside its columns ---- */

/* Runs and claims of the present row. Bytes that are none make the journey `damaged`. */
void ledger_keeping_unpack(struct sql *sql, struct journey *journey);
/* The same as the journey's events give them; none where its events are damaged too. */
void ledger_keeping_recall(struct ledger *ledger, struct journey *journey);
/* The bytes that say so; to be destroyed by the caller. */
void ledger_keeping_pack(struct ledger *ledger, const struct journey *journey,
                         msgpack_sbuffer *ret_buffer);

/* ---- The chain, for appending and for verifying ---- */

#define LEDGER_SALT_SIZE 16

/* commitment = BLAKE2b-256(salt | payload) */
void ledger_commit_to(const uint8_t salt[LEDGER_SALT_SIZE], const void *payload, size_t size,
                      uint8_t ret_commitment[32]);
/* hash = BLAKE2b-256(previous | seq | at | type | commitment), in place of the previous one. */
void ledger_chain(uint8_t head[32], int64_t seq, hv_time at_ms, int type,
                  const uint8_t commitment[32]);

/* Makes the error of a SQLite result sticky; -ENOSPC, -ENOMEM or -EIO. */
void ledger_fail(struct ledger *ledger, int result, const char *file, int line);

#endif
