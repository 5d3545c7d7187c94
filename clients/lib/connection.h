/* A connection from the inside: what its own thread and the callers' threads share, and which of
 * them may touch what.
 *
 * The connection's thread owns the link and the talk and alone touches them. Callers leave calls
 * and nacks in lists, wake it, and wait; it leaves answers and items. All that is shared is under
 * `lock`, which nobody holds while waiting for the network. */
#ifndef HOUVAST_CONNECTION_H
#define HOUVAST_CONNECTION_H

#include <pthread.h>
#include <time.h>

#include <msgpack.h>

#include "clients/lib/link.h"
#include "houvast/houvast.h"

#define HV_WHY_SIZE        256
#define OWN_REQUEST_PREFIX "hv-"
#define OWN_REQUEST_SIZE   32
#define TIMEOUT_MS_DEFAULT 30000
#define CREDIT_MAX         1000
#define NEVER_MS           INT64_MAX
#define BACKOFF_MS_FIRST   1000
#define BACKOFF_MS_MOST    10000

/* A command that waits for its answer. It lives with its caller, who takes it from the list before
 * going away. */
struct call {
    struct call *prev, *next;
    enum hv_message_type type;
    char request[HV_REQUEST_SIZE];
    const void *envelope, *dossier;
    size_t envelope_size, dossier_size;

    int64_t hold_until_ms; /* what the broker asked for with `busy` */
    int64_t send_at_ms;
    int backoff_ms;
    unsigned sent, answered; /* more sent than answered: it may have taken effect */

    int64_t deadline_ms;
    bool finished;
    int result;
    struct hv_answer *answer; /* the caller's */
};

/* A nack on its way; nobody waits for it. */
struct nack {
    struct nack *prev, *next;
    msgpack_sbuffer envelope;
};

/* An item that has come in and was not taken yet. */
struct arrival {
    struct arrival *prev, *next;
    struct hv_delivery delivery;
};

/* An item that was taken and not acknowledged, and whether that was from another ledger than the
 * broker has now. A free place has item 0. */
struct taken {
    int64_t item;
    bool stale;
};

/* Something that a watcher has seen and that was not taken yet. */
struct sight {
    struct sight *prev, *next;
    struct hv_sight sight;
};
#define SIGHTS_MAX 4096

enum talk_stage {
    TALK_APART, /* no session */
    TALK_ASKED, /* hello was said */
    TALK_WELCOMED,
    TALK_ENDED, /* the broker does not want us, for good */
};

/* The conversation with the broker. Of the connection's thread alone. */
struct talk {
    enum talk_stage stage;
    int64_t hello_at_ms; /* when to say hello, for the first time or again */
    int hello_backoff_ms;
    char hello_request[OWN_REQUEST_SIZE], ping_request[OWN_REQUEST_SIZE];
    char bye_request[OWN_REQUEST_SIZE];
    bool bye_answered;
    int64_t reopen_at_ms; /* when to give the connection up for a new one */
    int64_t welcomed_at_ms, heard_at_ms, said_at_ms;
    int heartbeat_ms;
    unsigned short_sessions; /* in a row that the broker ended soon: it grows, we wait longer */
    unsigned takeovers;      /* the same for those that another process took over */
    bool held_back;          /* something was due and could not be sent */
    enum link_reach told;    /* what was last told to people */
};

struct hv_connection {
    /* Set once, by hv_connect. */
    struct hv_config config; /* with texts of our own */
    char *endpoint;
    char instance[HV_CODE_SIZE];
    bool instance_is_given;
    int wake_fd;  /* for the connection's thread: look again */
    int item_fd;  /* hv_fd */
    int sight_fd; /* hv_watch_fd */
    pthread_t thread;

    /* The connection's thread's. */
    struct link link;
    struct talk talk;

    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a call has finished, or the state is another; CLOCK_MONOTONIC */
    bool stop;
    enum hv_link state;
    char why[HV_WHY_SIZE];
    struct hv_welcome welcome;
    uint64_t requests; /* how many we have chosen */
    struct call *calls;
    struct nack *nacks;
    struct arrival *arrivals;
    unsigned arrival_count;
    bool item_fd_is_readable;
    struct taken *taken;
    size_t taken_size, taken_next;
    struct sight *sights;
    unsigned sight_count;
    bool watches;     /* the broker has said done to a watch of the present one */
    int watch_result; /* why it does no more, once all was taken; 0: it does, or never did */
    bool sight_fd_is_readable;
};

static inline int64_t monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct timespec timespec_of_ms(int64_t ms) {
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* ---- connection.c ---- */

/* Makes the connection's thread look at what was left for it. */
void connection_wake(struct hv_connection *connection);
/* A request that nobody else has chosen: "hv-", `what`, and a number. Under the lock. */
void connection_request(struct hv_connection *connection, const char *what,
                        char ret_request[OWN_REQUEST_SIZE]);

/* ---- talk.c: the connection's thread ---- */

/* `argument` is the connection. */
void *talk_main(void *argument);

/* ---- call.c: under the lock ---- */

struct call *call_find(struct hv_connection *connection, const char *request);
/* Takes the call off the list and lets its caller go on. */
void call_finish(struct hv_connection *connection, struct call *call, int result);
/* The same for all, or for all of one type. */
void calls_finish(struct hv_connection *connection, enum hv_message_type type, int result);

/* ---- intake.c: under the lock ---- */

/* Puts an item in the queue, in the place of an earlier copy of it. Takes over the delivery's
 * memory in any case. 0, also where the queue is full (it comes again), or -ENOMEM. */
int intake_add(struct hv_connection *connection, const struct hv_delivery *delivery);
/* Drops what was not taken yet: all of it, or the copies of one item. */
void intake_clear(struct hv_connection *connection);
void intake_drop(struct hv_connection *connection, int64_t item);
/* Lets hv_fd be readable when there is something to say. */
void intake_signal(struct hv_connection *connection);
/* The broker has another ledger: no number taken before means anything now. */
void intake_outdate(struct hv_connection *connection);
bool intake_is_stale(const struct hv_connection *connection, int64_t item);
/* An item has been acknowledged. */
void intake_settle(struct hv_connection *connection, int64_t item);

/* Takes a nack off the list. */
void nack_free(struct hv_connection *connection, struct nack *nack);
void nacks_clear(struct hv_connection *connection);

/* ---- sights.c: under the lock ---- */

/* A watch begins: what an earlier one has left is dropped. */
void sights_begin(struct hv_connection *connection);
/* It is over; what was seen can still be taken. `result` is why: -ECONNRESET, -ENOTCONN. */
void sights_end(struct hv_connection *connection, int result);
/* Puts one in the queue, or ends the watch where there is no room. Takes over the memory. */
void sights_add(struct hv_connection *connection, const struct hv_sight *sight);
void sights_clear(struct hv_connection *connection);

#endif
