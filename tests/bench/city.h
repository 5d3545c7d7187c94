/* A city to measure: a network's files and keys in a directory of their own, and its broker. What
 * goes wrong ends the program with a sentence. */
#ifndef HOUVAST_BENCH_CITY_H
#define HOUVAST_BENCH_CITY_H

#include <sys/types.h>

#include "houvast/messages.h"

#define CITY_SENDERS       4
#define CITY_RECEIVERS     4
#define CITY_ORGANISATIONS (1 + CITY_SENDERS + CITY_RECEIVERS)

/* Where organisations stand in a city: the coordinating one, those that offer, those that receive.
 */
#define CITY_COORDINATING 0
#define CITY_SENDER(i)    (1 + (i))
#define CITY_RECEIVER(i)  (1 + CITY_SENDERS + (i))

#define CITY_Z85_SIZE  41
#define CITY_PATH_SIZE 1024

struct city_keys {
    char public_key[CITY_Z85_SIZE], secret_key[CITY_Z85_SIZE];
};

struct city_organisation {
    char name[HV_CODE_SIZE];
    struct city_keys keys;
    uint8_t sealing_id[8];
};

struct city {
    char directory[CITY_PATH_SIZE]; /* absolute */
    const char *program;            /* houvastd */
    char endpoint[CITY_PATH_SIZE + 32];
    struct city_keys broker;
    struct city_organisation organisations[CITY_ORGANISATIONS];
    pid_t pid; /* of the broker; 0: it does not run */
};

/* What the broker's process has used. */
struct city_usage {
    int64_t rss_bytes, anonymous_bytes;
    double turn_us, wire_us; /* processor time of the thread of the turns, and of libzmq's */
};

/* Writes the network's files below `directory`, which must not exist yet. `tcp_port` 0 stands for
 * ipc. */
void city_make(const char *directory, const char *program, int tcp_port, struct city *ret_city);

/* The path of a state directory of this city; static until the next call. */
const char *city_state(const struct city *city, const char *state);

/* Starts the broker on a state directory, made if it is new, and waits for READY: how long that
 * took, in µs. */
double city_start(struct city *city, const char *state);
/* Stops it in order. */
void city_stop(struct city *city);

struct city_usage city_usage(const struct city *city);

/* CLOCK_MONOTONIC in ns. */
int64_t now_ns(void);

#endif
