/* The ledger's migrations, schemas/ledger/<number>-<name>.sql, compiled in by the Makefile. */
#ifndef HOUVAST_LEDGER_MIGRATIONS_H
#define HOUVAST_LEDGER_MIGRATIONS_H

#include <stddef.h>

struct ledger_migration {
    const char *name; /* of the file, without its folder and .sql */
    const char *sql;  /* its text as it stands */
};

/* In the order of their numbers; the first is row 0. */
extern const struct ledger_migration ledger_migrations[];
extern const size_t ledger_migration_count;

#endif
