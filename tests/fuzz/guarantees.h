/* The guarantees, read from what lies on the disk: whoever breaks one ends the program. */
#ifndef HOUVAST_TESTS_GUARANTEES_H
#define HOUVAST_TESTS_GUARANTEES_H

#include <stdint.h>

/* The state directory of a broker that is not running. `seq` and `head` are what it last said,
 * `seq_done` is the newest event that it answered with.
 *
 *   the chain, the fold, items and inboxes   as ledger_audit.h has them (A1, D3)
 *   H1   a journey that is not closed has one holder, by name
 *   H2   the holding organisation changes in `confirmed` alone
 *   H3   a journey ends by a closing that names a person, and that a second person agreed to where
 *        the resident did not
 *   D1   what was answered `done` is there
 *   T1   something runs for every open journey, its row is due when the first of that is, and no
 *        step is left that was due in the last turn */
void guarantees_expect(const char *state, int64_t seq, const uint8_t head[32], int64_t seq_done);

#endif
