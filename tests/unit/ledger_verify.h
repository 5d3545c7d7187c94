/* The ledger of a broker that stands still, verified as the broker itself verifies it. */
#ifndef HOUVAST_TESTS_LEDGER_VERIFY_H
#define HOUVAST_TESTS_LEDGER_VERIFY_H

#include "broker/ledger.h"

/* To its end in steps of that budget; fails the test with the sentence where the ledger differs. */
struct ledger_walk_result verify_ledger(struct ledger *ledger, size_t budget);

/* The same, of the ledger in a state directory, in small steps and in large ones. */
void verify_folder(const char *folder);

#endif
