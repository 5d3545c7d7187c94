/* Driving a broker: many handovers at once, a window of them per publisher. */
#ifndef HOUVAST_BENCH_DRIVE_H
#define HOUVAST_BENCH_DRIVE_H

#include "tests/bench/crowd.h"

/* What each handover goes through. */
enum drive_what {
    DRIVE_OPEN,       /* its journey is opened */
    DRIVE_OPEN_OFFER, /* then it is offered; nobody is there to take it */
    DRIVE_OFFER,      /* offered on a journey that is open, delivered and acknowledged */
    DRIVE_WHOLE_LIFE, /* open, offer, receive, pickup, introduce, confirm, and all their items */
    DRIVE_ECHO,       /* a message of the size of an offer there and back; no broker */
};

struct drive_plan {
    enum drive_what what;
    size_t publishers, window, consumers;
    size_t handovers;
    size_t dossier_bytes; /* of each offer */
    bool derived_ids;     /* ids by a hash, instead of in the order of time */
    const char *perf;     /* where perf(1) is to record to; NULL: nowhere */
};

/* In µs. */
struct drive_times {
    double p50, p99, p999;
};

struct drive_result {
    double seconds;
    double per_second;          /* handovers */
    struct drive_times answers; /* of each command that was answered */
    struct drive_times whole;   /* of each handover, from its first command to its last answer */
    double messages_per_turn;   /* median */
    double turn_us, wire_us;    /* processor time of the broker's threads for each handover */
};

/* Runs the plan against the city's running broker. DRIVE_OFFER offers what DRIVE_OPEN opened with
 * the same seed. */
struct drive_result drive_run(const struct city *city, const struct drive_plan *plan,
                              uint64_t seed);

/* The id of a journey or handover: the number stands in it. */
struct hv_uuid drive_uuid(uint64_t seed, char which, uint64_t number, bool derived);

#endif
