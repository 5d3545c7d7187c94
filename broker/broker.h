/* The broker but for its sockets: takes batches of frames, answers frames, on one thread.
 *
 * Everything that happens takes the same road, in turns: the door hands in what is waiting, the
 * turn decodes, judges, decides, records and commits it with one sync, and only then fills the
 * outbox that the door sends. */
#ifndef HOUVAST_BROKER_H
#define HOUVAST_BROKER_H

#include "broker/failure.h"
#include "broker/network.h"
#include "broker/world.h"

/* The return address of a connection: what a ROUTER puts before a message. Never an identity. */
struct route {
    uint8_t size;
    uint8_t bytes[31];
};

/* One message as it came in. The bytes are the door's and stay until the turn has ended. */
struct inbound {
    struct route from;
    /* The peer's public key, as CURVE proved it to the ZAP handler. */
    uint8_t key[NETWORK_KEY_SIZE];
    unsigned frames; /* 1, 2, or more (which is malformed) */
    const void *envelope;
    size_t envelope_size;
    const void *dossier; /* frame 2; NULL where there is none */
    size_t dossier_size;
};

/* One message to go out after the commit. */
struct outbound {
    struct route to;
    uint8_t *envelope; /* owned by the outbox */
    size_t envelope_size;
    uint8_t *dossier; /* owned by the outbox; NULL where there is none */
    size_t dossier_size;
    bool is_item; /* the broker wants to hear if it could not be sent */
    int64_t item_row;
    bool is_watched; /* to a watcher; what comes behind one that could not be sent is not tried */
    bool is_live;    /* `live`; else an event or a journey's row, 0 for none, or the gap */
    int64_t watched_seq;
    int64_t watched_row;
};

struct outbox {
    struct outbound *messages;
    size_t count, capacity;
};

/* One that is all zeroes is empty. Appends a message, whose bytes the outbox then owns. 0, or
 * -ENOMEM and the bytes are still the caller's. */
int outbox_add(struct outbox *outbox, const struct outbound *message);
/* Frees the messages behind the first `count`. */
void outbox_cut(struct outbox *outbox, size_t count);
/* Frees them all, and the room for more stays. */
void outbox_clear(struct outbox *outbox);
void outbox_fini(struct outbox *outbox);

struct broker;

/* Opens the ledger in `state_directory` and puts the network files of `network_directory` in force.
 * The caller has the lock of the state directory and has checked its file system. `world` is
 * borrowed for the broker's life. On failure *ret_failure says what to mend:
 *
 *   -EINVAL, -ENOENT, -EACCES …   a network file
 *   -EPROTO                       a ledger of a newer version, or none of ours
 *   -EIO, -ENOSPC, -ENOMEM        as they say */
int broker_new(const char *network_directory, const char *state_directory,
               const struct world *world, struct broker **ret_broker, struct failure *ret_failure);
void broker_free(struct broker *broker);

/* The network in force; borrowed until the next turn or reload. */
const struct network *broker_network(const struct broker *broker);

/* Runs one turn over `count` messages (0 is fine: timers alone) and appends to `outbox` what may
 * leave. 0; or a fatal error after which the process must end without sending anything: -EIO, the
 * outcome of a commit is unknown; -ENOMEM. A full disk is not fatal. Blocks for the sync. */
int broker_turn(struct broker *broker, const struct inbound *batch, size_t count,
                struct outbox *outbox);

/* The door could not send this message (-EAGAIN: its queue is full; -EHOSTUNREACH: the connection
 * is gone). An item goes to another session in the next turn; an answer is asked for again by the
 * peer. */
void broker_unsent(struct broker *broker, const struct outbound *message, int reason);

/* How long nothing is due, in ms: 0 means a turn is wanted now, -1 that nothing is. */
int64_t broker_wait_ms(const struct broker *broker);

/* Reads the network files again, all or nothing: 0, or a negative errno with the sentence, and the
 * old network stays in force. -EIO and -ENOMEM as in broker_turn. Between turns only. */
int broker_reload(struct broker *broker, struct failure *ret_failure);

/* One line for systemd's STATUS=: how many residents are held, sessions, items owed. */
void broker_status_line(const struct broker *broker, char *ret_line, size_t size);

#endif
