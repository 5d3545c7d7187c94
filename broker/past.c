/* The past: networks that phases began under, read from the ledger when they are asked for. */
#include "broker/past.h"

#include <errno.h>
#include <stdlib.h>

struct network_past {
    int64_t seq;             /* of the event that had put it in force */
    struct network *network; /* NULL: its files cannot be read any more */
    struct network_past *next;
};

/* NULL when the turn has failed: what it could not read may be read in the next. */
static struct network_past *past_read(struct turn *turn, int64_t seq) {
    struct network_past *past = calloc(1, sizeof *past);
    struct failure failure;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int rc = past ? 0 : -ENOMEM;

    if (past && ledger_network_of(turn->ledger, seq, &bytes, &size))
        rc = network_unpack(bytes, size, &past->network, &failure);
    free(bytes);
    if (rc == -ENOMEM)
        turn->error = -ENOMEM;
    if (rc != -ENOMEM && !ledger_error(turn->ledger)) {
        past->seq = seq;
        return past;
    }
    if (past)
        network_free(past->network);
    free(past);
    return NULL;
}

const struct network *past_network(struct turn *turn, int64_t seq) {
    struct broker *broker = turn->broker;
    struct network_past *past = broker->past;

    if (seq == 0 || seq == broker->network_seq)
        return broker->network;
    while (past && past->seq != seq)
        past = past->next;
    if (!past) {
        past = past_read(turn, seq);
        if (!past)
            return broker->network;
        past->next = broker->past;
        broker->past = past;
    }
    return past->network ? past->network : broker->network;
}

void past_forget(struct broker *broker) {
    while (broker->past) {
        struct network_past *past = broker->past;
        broker->past = past->next;
        network_free(past->network);
        free(past);
    }
}
