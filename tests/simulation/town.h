/* The town: one broker but for its sockets, its disk, clocks and network files, and the peers that
 * speak to it. After every turn what left and what lies in the ledger is held to the guarantees. */
#ifndef HOUVAST_TESTS_SIMULATION_TOWN_H
#define HOUVAST_TESTS_SIMULATION_TOWN_H

#include <sqlite3.h>

#include "broker/broker.h"
#include "disk.h"
#include "heard.h"
#include "marks.h"
#include "model.h"
#include "tests/unit/fake_world.h"
#include "words.h"

enum connection {
    CONNECTION_GOOD,
    CONNECTION_FULL, /* reads nothing: what is sent to it comes back, for now */
    CONNECTION_GONE, /* its system is down, until it is good again */
};

#define PEER_ITEMS_MAX 64

struct peer {
    const char *organisation, *instance;
    enum hv_role role;
    uint8_t key[NETWORK_KEY_SIZE];
    struct route route;
    enum connection connection;
    bool loses;       /* what is sent to it next is lost */
    bool greeted;     /* it believes to have a session */
    bool deaf;        /* it may hear nothing for a while, or its session is over */
    int64_t spoke_ms; /* since boot */
    struct watching watching;
    int64_t items[PEER_ITEMS_MAX]; /* heard and not acknowledged yet, as it knows */
    size_t item_count;
};

#define TOWN_PEERS 13 /* the last one's key was never on the map */
#define TOWN_BATCH 64
#define TOWN_LATE  8

/* A message on its way. */
struct frames {
    struct inbound inbound; /* owns its bytes */
    size_t peer;
    enum hv_message_type type;
};

struct town {
    struct fake_world fake;
    struct broker *broker;
    struct peer peers[TOWN_PEERS];
    struct frames batch[TOWN_BATCH];
    size_t batch_count;
    struct frames late[TOWN_LATE];
    size_t late_count;
    uint32_t connections;
    struct outbox outbox;
    struct model model;
    struct heard heard;
    sqlite3_stmt *events;      /* the next ones, of the broker's own connection */
    hv_time told_ms;           /* the time that counted in the last turn; 0: of another process */
    int64_t told_boot_ms;      /* and how long the machine had run then */
    int64_t seq;               /* that the model has taken */
    uint8_t head[32];          /* of the newest event that was committed */
    enum disk_trouble trouble; /* on its way */
    enum disk_loss loss;       /* what it will do to the disk */
    uint64_t loss_seed;
    int64_t passed_ms;
};

/* Once in a process. Gives the folder that it uses, to be removed when the process has ended. */
const char *town_init(void);
void town_clean(const char *folder);
/* A new town on an empty ledger, where nobody has said hello. It is static. */
struct town *town_new(uint64_t seed);
/* Holds the ledger to all guarantees a last time; then ends the town. */
void town_free(struct town *town);

struct peer *town_peer(struct town *town, const char *organisation, const char *instance);
/* The time that counts for the broker. */
hv_time town_now_ms(const struct town *town);

/* A connection anew. */
void town_connect(struct town *town, struct peer *peer);
/* Says hello with the next turn, where the peer believes to have no session. */
void town_greet(struct town *town, struct peer *peer);

enum town_frames {
    FRAMES_PLAIN,
    FRAMES_SEALED,  /* a dossier sealed for the receiver */
    FRAMES_STRANGE, /* a dossier sealed for nobody */
    FRAMES_SHORT,
    FRAMES_LARGE,
    FRAMES_MANY,
    FRAMES_BROKEN, /* one frame, cut short */
};
/* Queues a message for the next turn; `late`: keeps it back until town_arrive. */
void town_say(struct town *town, struct peer *peer, const struct hv_message *message,
              enum town_frames frames, bool late);
/* One that was kept back arrives with the next turn; nothing where there is none. */
void town_arrive(struct town *town, size_t which);
/* The newest of the queue once more. */
void town_double(struct town *town);

/* A turn over what was said, and as many more as are wanted at once. A process that has to end in
 * it does, and starts anew. */
void town_turn(struct town *town);
/* Time passes on both clocks; `wall_ms` more on the wall alone. */
void town_pass(struct town *town, int64_t ms, int64_t wall_ms);
/* The network files that are there come in force, if they can. */
void town_reload(struct town *town);
/* Stops in order and starts. */
void town_restart(struct town *town);
/* The process is killed, or the machine loses its power, and it starts anew. */
void town_kill(struct town *town, enum disk_loss loss, uint64_t seed);
/* The machine was off for so long. */
void town_boot(struct town *town, int64_t ms);

/* Lets the disk fail at its nth operation from now. */
void town_trouble(struct town *town, enum disk_trouble trouble, unsigned operations,
                  enum disk_loss loss, uint64_t seed);

/* Everything: chain, fold, items. Takes some time. */
void town_audit(struct town *town);

#endif
