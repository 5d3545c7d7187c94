/* Ledgers that are made, not lived: rows written straight into the schema, so that a million of
 * journeys takes seconds. Their events are sound but for the hashes, which nobody computed. */
#ifndef HOUVAST_BENCH_STORE_H
#define HOUVAST_BENCH_STORE_H

#include "tests/bench/city.h"

/* From the beginning of the receipt of a routine one to its first step: a timer that lies further
 * ahead than its ladder allows is taken for wrong, and mended. */
#define STORE_FIRST_STEP_MS INT64_C(172800000)

/* Makes a state directory with `count` open journeys, each with an offer that was delivered to one
 * of the receivers and not yet picked up, and waits for the next step of its ladder at `due_ms`. */
void store_make(const struct city *city, const char *state, size_t count, hv_time due_ms,
                bool derived_ids);

#endif
