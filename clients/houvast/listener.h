/* The loop of `houvast listen`: takes items, has a program run for each, and tells the broker what
 * came of it. */
#ifndef HOUVAST_LISTENER_H
#define HOUVAST_LISTENER_H

#include "clients/houvast/config.h"
#include "clients/houvast/exec.h"

#define LISTENER_JOBS_MAX   256
#define LISTENER_GRACE_MS   5000  /* between TERM and KILL */
#define LISTENER_AGAIN_MS   1000  /* until an acknowledgement is sent again */
#define LISTENER_LOOK_MS    5000  /* how often the connection is looked at */
#define LISTENER_LINGER_MS  100   /* how often an ended program's group is looked at */
#define LISTENER_CONNECT_MS 10000 /* how long an answer is waited for unless --timeout says so */

struct listener_plan {
    struct program_plan program; /* argv NULL: items are printed */
    bool acknowledge;            /* where they are printed: acknowledge each */
    bool quiet;
    const char *instance; /* NULL: the library's own */
    int64_t jobs;         /* programs at a time */
    int64_t count;        /* leave after so many items; 0: never */
    int64_t timeout_ms;   /* of a program; 0: none */
    int64_t idle_ms;      /* leave when nothing came for so long; 0: never */
};

/* Listens on the connection until a signal (`signals` is a signalfd), the count, the idle time, or
 * a broker that takes no more from this key. Returns the exit status. */
int listener_run(const struct listener_plan *plan, const struct client_config *config,
                 const struct hv_sealing_pair *pairs, size_t pair_count, int signals,
                 struct hv_connection *connection);

#endif
