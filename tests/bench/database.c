/* SQLite without the broker: the schema, and the broker's pragmas. */
#include "tests/bench/database.h"

#include <err.h>
#include <stdio.h>

#include "broker/ledger_migrations.h"

void database_execute(sqlite3 *database, const char *text) {
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK)
        errx(1, "%s: %s", text, sqlite3_errmsg(database));
}

sqlite3 *database_new(const char *directory, bool durable) {
    sqlite3 *database = NULL;
    char text[1200];

    snprintf(text, sizeof text, "%s/ledger.sqlite", directory);
    if (sqlite3_open(text, &database) != SQLITE_OK)
        errx(1, "%s: %s", text, sqlite3_errmsg(database));
    /* As in broker/ledger.c. */
    database_execute(database, durable
                                   ? "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                                     "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                                     "PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; "
                                     "PRAGMA trusted_schema = OFF"
                                   : "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; "
                                     "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; "
                                     "PRAGMA cache_size = -1000000");
    for (size_t i = 0; i < ledger_migration_count; i++)
        database_execute(database, ledger_migrations[i].sql);
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %zu", 0x48766173,
             ledger_migration_count);
    database_execute(database, text);
    return database;
}
