/* The line to the broker: one ZeroMQ DEALER under CURVE, and what happens to it. It knows frames,
 * not what they say. Used by one thread at a time. */
#ifndef HOUVAST_LINK_H
#define HOUVAST_LINK_H

#include <zmq.h>

#include "houvast/houvast.h"

/* How far the connection got the last time that it was tried. */
enum link_reach {
    LINK_NOBODY,   /* nothing listens there, or it cannot be reached */
    LINK_STRANGER, /* something listens, and broke the handshake off: another key, or no broker */
    LINK_UNKNOWN,  /* the broker does not know our key */
    LINK_MADE,     /* the broker proved its key and took ours */
    LINK_LOST,     /* it was made, and is no more */
};

struct link {
    const struct hv_config *config; /* borrowed */
    void *context;                  /* owned, as all below */
    void *socket, *monitor;         /* NULL: could not be opened */
    unsigned opened;                /* how often; names the monitor */
    enum link_reach reach;
};

/* Opens socket and monitor and begins to connect. On a link that is open, drops the connection and
 * what waits in it, and begins again. 0; -EINVAL: no such endpoint; -EMFILE, -ENFILE, -ENOMEM: it
 * is closed then, and may be opened again. Does not block. */
int link_open(struct link *link);
/* Closes, and drops what waits in it. */
void link_close(struct link *link);

/* How it stands, as a sentence for a person that names the place and the mend. */
#define LINK_TEXT_SIZE 256
void link_reach_text(const struct link *link, char ret_text[LINK_TEXT_SIZE]);

enum link_change {
    LINK_CHANGE_NONE,
    LINK_CHANGE_LOST, /* nothing that is sent now arrives */
    LINK_CHANGE_MADE, /* a new connection stands; the broker knows nothing of the one before */
};
/* What happened to the connection since the last call; to be called before each round of sending,
 * as a lost connection takes messages for a moment still. */
enum link_change link_watch(struct link *link);

/* Sends one message, whole or not at all. `dossier` may be NULL. 0: it lies in the queue, which is
 * no promise; -EAGAIN: not connected, or the queue is full; -ENOMEM. */
int link_send(struct link *link, const void *envelope, size_t envelope_size, const void *dossier,
              size_t dossier_size);

/* One message that came in: close it when read. */
struct link_message {
    unsigned frames; /* more than two: the others are dropped */
    zmq_msg_t envelope, dossier;
};
/* 0 or -EAGAIN: nothing is there. */
int link_receive(struct link *link, struct link_message *ret_message);
void link_message_close(struct link_message *message);

/* Waits until something has come in or happened, `wake_fd` is readable, with `until_writable` also
 * until something can be sent, or for wait_ms (-1: for ever). */
void link_wait(struct link *link, int wake_fd, bool until_writable, int wait_ms);

#endif
