/* The log's writes, gathered: between SQLite and the files. Private to ledger*.c. */
#ifndef HOUVAST_LEDGER_LOG_H
#define HOUVAST_LEDGER_LOG_H

/* The name under which SQLite is to open the ledger, or NULL when memory is short. Files go through
 * SQLite's own functions, but for the write-ahead log: SQLite writes two pieces for each page that
 * a turn has changed, and those that follow upon each other leave together, no later than the sync
 * that waits for them. What could not be written then is that sync's error. Called after
 * sqlite3_config. */
const char *ledger_log_vfs(void);

#endif
