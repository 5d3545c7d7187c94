/* Floors: what the machine can do when nobody decides anything. */
#ifndef HOUVAST_BENCH_FLOOR_H
#define HOUVAST_BENCH_FLOOR_H

#include "tests/bench/city.h"

struct floor_plan {
    const char *from;    /* the state directory that has the rows */
    const char *state;   /* a new one */
    bool delivers;       /* offers and their acknowledgements, else opens and offers */
    size_t count, batch; /* how many of both together, and commands a transaction */
};

struct floor_result {
    double per_second; /* pairs of two commands */
    double p50_us;     /* of a transaction */
    double cpu_us;     /* processor time for a pair */
};

/* Writes the rows of the first `count` pairs of one ledger into another: in the same order, with
 * its schema, indexes and pragmas, and nothing else. */
struct floor_result floor_sqlite(const struct city *city, const struct floor_plan *plan);

/* p50 in µs of writing 12 KiB into a file in the city's directory and syncing it, without making it
 * longer. */
double floor_sync_us(const struct city *city);

/* Begins a process that binds the city's endpoint and gives back whatever comes, with CURVE. */
pid_t floor_echo_begin(const struct city *city);
void floor_echo_end(pid_t pid);

#endif
