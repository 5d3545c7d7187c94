/* The ledger's file, read by somebody who trusts none of its code: with SQLite alone, after the
 * ledger was closed. Each check fails the test with a sentence. */
#ifndef HOUVAST_TESTS_LEDGER_AUDIT_H
#define HOUVAST_TESTS_LEDGER_AUDIT_H

#include <sqlite3.h>

#include "broker/handover.h"
#include "broker/journey.h"

/* Opens the file in a state directory; sqlite3_close it. */
sqlite3 *audit_open(const char *folder);

/* The first column of the first row, or -1 for none; fails the test where SQL does not run. */
int64_t audit_number(sqlite3 *database, const char *sql);
/* Runs it and gives SQLite's result. */
int audit_run(sqlite3 *database, const char *sql);

/* The chain of events, computed anew from the first: every commitment, every hash, no gap, and its
 * end as the ledger said. */
void audit_chain(sqlite3 *database, int64_t seq, const uint8_t head[32]);

/* A1: the events, folded anew, give the rows of journeys and handovers, and no others; and on the
 * way no hold moved but by a confirmation (H2), and none was let go of but as it may be (H3). */
void audit_fold(sqlite3 *database);

/* D3: of every inbox each number was acknowledged or is still owed, once; and of each journey at
 * most one item is on its way, before which none waits. */
void audit_items(sqlite3 *database);

/* All three. */
void audit_all(const char *folder, int64_t seq, const uint8_t head[32]);

/* Two of them are the same in everything that is kept. */
void assert_same_journey(const struct journey *one, const struct journey *other);
void assert_same_handover(const struct handover *one, const struct handover *other);

#endif
