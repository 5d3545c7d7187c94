/* The whole broker but its sockets, with a network of three, peers that speak frames, and clocks
 * that the test owns. A test reads like a conversation: say, turn, expect. */
#ifndef HOUVAST_TESTS_BROKER_WORLD_H
#define HOUVAST_TESTS_BROKER_WORLD_H

#include "broker/broker.h"
#include "core_samples.h"
#include "fake_world.h"
#include "network_samples.h"
#include "wire/wire.h"

/* kcc coordinates; all three have endpoints, coordinators and a sealing key, kcc an operator. */
#define WORLD_ORGANISATIONS 3
extern const char *const world_organisations[WORLD_ORGANISATIONS]; /* kcc, support, werkse */

/* Something that a peer heard. */
struct heard {
    struct hv_message message; /* lists and texts live in the world's zone */
    uint8_t *dossier;          /* the frame, in the zone; NULL where there was none */
    size_t dossier_size;
    bool taken; /* a test has looked at it */
};

struct peer {
    struct broker_world *world;
    char organisation[HV_CODE_SIZE];
    enum hv_role role;
    char instance[HV_CODE_SIZE];
    uint8_t key[NETWORK_KEY_SIZE];
    struct route route;
    bool unreachable;     /* its connection is gone: what is sent to it comes back */
    bool full;            /* it reads nothing: what is sent to it comes back, for now */
    size_t room;          /* so many more and it is full; 0: it never is by itself */
    struct heard **heard; /* each in the world's zone */
    size_t heard_count, heard_capacity;
};

#define WORLD_PEERS_MAX 64
#define WORLD_BATCH_MAX 256

struct broker_world {
    struct fake_world fake;
    char folder[SCRATCH_PATH_SIZE];
    char network[SCRATCH_PATH_SIZE + 16]; /* the network's directory */
    char state[SCRATCH_PATH_SIZE + 16];   /* the state directory */
    struct broker *broker;                /* NULL while it is stopped */
    struct outbox outbox;
    struct inbound batch[WORLD_BATCH_MAX];
    size_t batch_count;
    struct peer peers[WORLD_PEERS_MAX];
    size_t peer_count;
    msgpack_zone zone; /* what was heard */
    msgpack_zone said; /* what messages borrow; until the world's end */
};

/* ---- Life ---- */

/* For cmocka: *state is a struct broker_world whose broker runs. */
int broker_world_setup(void **state);
int broker_world_teardown(void **state);
#define BROKER_TEST(name) \
    cmocka_unit_test_setup_teardown(name, broker_world_setup, broker_world_teardown)

/* Starts the broker on the world's directories; the test fails with the sentence where it does
 * not start. */
void world_start(struct broker_world *world);
/* Stops it; what peers had heard is forgotten, and their sessions with it. */
void world_stop(struct broker_world *world);

/* Another value for a line of network.conf or organisations/<name>.conf, which must have `find`. */
void world_rewrite(struct broker_world *world, const char *path, const char *find, const char *put);

/* ---- Time and turns ---- */

/* One turn over what was said since the last; what leaves is heard. The test fails where the turn
 * does. */
void world_turn(struct broker_world *world);
/* The same, and gives what broker_turn gave. */
int world_try_turn(struct broker_world *world);
/* Turns until none is wanted at once. */
void world_settle(struct broker_world *world);
/* Time goes by on both clocks, and what is due is done. */
void world_pass(struct broker_world *world, int64_t ms);
/* Everything that was heard is forgotten, and its memory is free. */
void world_forget(struct broker_world *world);

/* ---- Peers ---- */

/* A new connection of an organisation's key with that role; it has said nothing yet. */
struct peer *peer_connect(struct broker_world *world, const char *organisation, enum hv_role role,
                          const char *instance);
/* The same connection as another would have it: a new route. */
void peer_reconnect(struct peer *peer);
/* Says hello and is welcome. */
void peer_hello(struct peer *peer, int64_t credit);
/* peer_connect and peer_hello: an endpoint or coordinator with this credit. */
struct peer *peer_begin(struct broker_world *world, const char *organisation, enum hv_role role,
                        const char *instance, int64_t credit);

/* Queues a message for the next turn; `dossier` may be NULL. */
void peer_say(struct peer *peer, const struct hv_message *message, const void *dossier,
              size_t size);
/* Queues bytes as they are. */
void peer_say_bytes(struct peer *peer, const void *bytes, size_t size);

/* The next thing heard that is no item, or NULL; and the next item. They count as looked at. */
struct heard *peer_next_answer(struct peer *peer);
struct heard *peer_next_item(struct peer *peer);

/* The next answer is `done`, or a refusal with this code and field (NULL: without one). */
const struct hv_done *peer_expect_done(struct peer *peer);
void peer_expect_refused(struct peer *peer, enum hv_refusal code, const char *field);
/* The next item carries this event. */
const struct heard *peer_expect_item(struct peer *peer, enum hv_event_name event);
/* Nothing more was heard. */
void peer_expect_silence(struct peer *peer);

#endif
