/* Floors: what the machine can do when nobody decides anything. */
#ifndef HOUVAST_BENCH_FLOOR_H
#define HOUVAST_BENCH_FLOOR_H

#include "tests/bench/city.h"

struct floor_result {
    double per_second; /* pairs of an open and an offer */
    double p50_us;     /* of a transaction */
    double cpu_us;     /* processor time for a pair */
};

/* Writes the first `count` pairs of the ledger in state directory `from` into a new one in `state`:
 * the same rows in the same order, schema, indexes and pragmas, `batch` commands a transaction,
 * nothing else. */
struct floor_result floor_sqlite(const struct city *city, const char *from, const char *state,
                                 size_t count, size_t batch);

/* p50 in µs of writing 12 KiB into a file in the city's directory and syncing it, without making it
 * longer. */
double floor_sync_us(const struct city *city);

/* Begins a process that binds the city's endpoint and gives back whatever comes, with CURVE. */
pid_t floor_echo_begin(const struct city *city);
void floor_echo_end(pid_t pid);

#endif
