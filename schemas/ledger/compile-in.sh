#!/bin/sh
# Writes the C source that holds the migrations named as arguments, as broker/ledger_migrations.h
# declares them, one string literal per line of SQL. Text in, text out: no compiler extension.
set -eu

echo '/* Made from schemas/ledger/; a change here is lost at the next build. */'
echo '#include "broker/ledger_migrations.h"'
echo
echo 'const struct ledger_migration ledger_migrations[] = {'
printf '%s\n' "$@" | sort -V | while IFS= read -r file; do
    printf '    {"%s",\n' "$(basename "$file" .sql)"
    sed -e 's/[\\"?]/\\&/g' -e 's/.*/     "&\\n"/' "$file"
    echo '    },'
done
echo '};'
echo
printf 'const size_t ledger_migration_count = %d;\n' "$#"
