/* SQLite without the broker: a ledger's schema in a file of our own. */
#ifndef HOUVAST_BENCH_DATABASE_H
#define HOUVAST_BENCH_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

/* Makes DIRECTORY/ledger.sqlite with the broker's schema. `durable`: with the pragmas under which
 * the broker writes it; else as fast as it goes. Errors end the program. */
sqlite3 *database_new(const char *directory, bool durable);

void database_execute(sqlite3 *database, const char *text);

#endif
