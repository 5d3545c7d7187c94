/* A broker to be fuzzed, with peers that remember what they were promised: its ledger lies in
 * memory, its clocks and its network belong to the fuzzer. */
#ifndef HOUVAST_TESTS_CITY_H
#define HOUVAST_TESTS_CITY_H

#include "broker/broker.h"
#include "promises.h"
#include "tests/unit/fake_world.h"

enum connection {
    CONNECTION_GOOD,
    CONNECTION_FULL, /* reads nothing: what is sent to it comes back, for now */
    CONNECTION_GONE,
};

struct peer {
    const char *organisation;
    enum hv_role role;
    const char *instance;
    uint8_t key[NETWORK_KEY_SIZE];
    struct route route;
    enum connection connection;
};

#define CITY_PEERS     9 /* the last one's key is on no map */
#define CITY_BATCH_MAX 64

struct city {
    struct fake_world fake;
    struct broker *broker;
    struct peer peers[CITY_PEERS];
    struct inbound batch[CITY_BATCH_MAX];
    size_t batch_count;
    uint32_t connections;
    struct outbox outbox;
    struct promises promises;
};

/* A new city on an empty ledger; everybody has said hello. The same city each time: it is static.
 */
struct city *city_new(void);
/* Holds the ledger, as a broker killed now would leave it, to all guarantees; then ends the city.
 */
void city_free(struct city *city);

/* A connection anew: nobody knows it yet. */
void city_connect(struct city *city, struct peer *peer);

/* Queues a frame, and a dossier where there is one, for the next turn; runs that turn first where
 * there is no room. Both are copied. */
void city_say(struct city *city, const struct peer *peer, unsigned frames, const void *envelope,
              size_t size, const void *dossier, size_t dossier_size);
/* The same of a message. */
void city_say_message(struct city *city, const struct peer *peer, const struct hv_message *message,
                      unsigned frames, const void *dossier, size_t dossier_size);

/* One turn over what was said; what leaves is held to the promises. */
void city_turn(struct city *city);
void city_restart(struct city *city);

/* Other network files are there: one of CITY_NETWORKS. They come in force with the next reload or
 * restart. */
#define CITY_NETWORKS        6
#define CITY_NETWORK_REFUSED 5 /* these cannot come in force */
void city_network(size_t which);
void city_reload(struct city *city);

#endif
