/* The peers of a measurement: real sockets that speak the wire, on one thread. */
#ifndef HOUVAST_BENCH_CROWD_H
#define HOUVAST_BENCH_CROWD_H

#include <msgpack.h>
#include <zmq.h>

#include "tests/bench/city.h"

#define CROWD_MAX 64

struct member {
    void *socket;
    size_t organisation; /* of the city */
    size_t number;       /* in the crowd */
};

struct crowd {
    void *context;
    const struct city *city;
    struct member members[CROWD_MAX];
    size_t count;
    msgpack_zone zone;
};

/* What came in. */
struct heard {
    char request[16]; /* of an answer; "" where it has none */
    bool is_item;
    struct hv_message message; /* of an item, until the next one is heard */
};

void crowd_init(struct crowd *crowd, const struct city *city);
void crowd_fini(struct crowd *crowd);

/* Connects with the organisation's key and says hello, unless `role` is 0. */
struct member *crowd_join(struct crowd *crowd, size_t organisation, enum hv_role role,
                          int64_t credit);

/* Sends an envelope, and a dossier where its size is not 0. */
void member_send(struct member *member, const void *envelope, size_t size, const void *dossier,
                 size_t dossier_size);
void member_say(struct member *member, const struct hv_message *message);

/* Calls `heard` for all that is there, after waiting for something. A refusal ends the program. */
void crowd_listen(struct crowd *crowd,
                  void (*heard)(void *context, struct member *member, struct heard *heard),
                  void *context);
/* The same for an echo, whose bytes are what was sent. */
void crowd_listen_raw(struct crowd *crowd,
                      void (*heard)(void *context, struct member *member, const char *bytes,
                                    size_t size),
                      void *context);

/* The broker's counters of these names, asked at once by a coordinator of the network. */
void crowd_stats(struct crowd *crowd, struct member *coordinator, const char *const *names,
                 size_t count, int64_t *ret_values);

#endif
