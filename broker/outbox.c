/* What waits for the commit before it may leave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"

int outbox_add(struct outbox *outbox, const struct outbound *message) {
    if (outbox->count == outbox->capacity) {
        const size_t capacity = outbox->capacity ? 2 * outbox->capacity : 64;
        struct outbound *messages = reallocarray(outbox->messages, capacity, sizeof *messages);
        if (!messages)
            return -ENOMEM;
        outbox->messages = messages;
        outbox->capacity = capacity;
    }
    outbox->messages[outbox->count++] = *message;
    return 0;
}

void outbox_cut(struct outbox *outbox, size_t count) {
    for (size_t i = count; i < outbox->count; i++) {
        free(outbox->messages[i].envelope);
        free(outbox->messages[i].dossier);
    }
    outbox->count = count;
}

void outbox_clear(struct outbox *outbox) {
    outbox_cut(outbox, 0);
}

void outbox_fini(struct outbox *outbox) {
    outbox_clear(outbox);
    free(outbox->messages);
    memset(outbox, 0, sizeof *outbox);
}
