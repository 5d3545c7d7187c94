/* The clerk: asks the broker in a thread of its own, one thing after another, so that the screen
 * goes on while an answer takes its time. */
#ifndef HOUVAST_CLERK_H
#define HOUVAST_CLERK_H

#include "houvast/houvast.h"

enum clerk_task {
    CLERK_WATCH,   /* from `from` */
    CLERK_STATUS,  /* of `journey` */
    CLERK_HISTORY, /* of `journey` */
    CLERK_CLAIM,   /* `claim` */
};

struct clerk_job {
    enum clerk_task task;
    int64_t from;
    struct hv_uuid journey;
    struct hv_claim claim;
};

/* What came of a job: free with clerk_result_free. */
struct clerk_result {
    struct clerk_job job;
    int result; /* of hv_command */
    struct hv_answer answer;
    char *text; /* of CLERK_HISTORY that was done: its timeline, lines however long */
};
void clerk_result_free(struct clerk_result *result);

struct clerk;

/* Borrows the connection, whose calls may be made from any thread meanwhile. NULL: no memory or no
 * thread. */
struct clerk *clerk_new(struct hv_connection *connection);
/* Waits for what is being asked, drops the rest and frees. NULL is fine. */
void clerk_free(struct clerk *clerk);

/* Asks; what a person waits for goes before every CLERK_STATUS. -ENOMEM. */
int clerk_give(struct clerk *clerk, const struct clerk_job *job);
/* Jobs that were given and whose results have not been taken. */
size_t clerk_pending(const struct clerk *clerk);

/* A descriptor that polls readable when there is a result. Owned by the clerk. */
int clerk_fd(const struct clerk *clerk);
/* The next result; false where there is none now. */
bool clerk_take(struct clerk *clerk, struct clerk_result *ret_result);

#endif
