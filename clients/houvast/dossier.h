/* Sending a dossier: read from a file, sealed for the receiver's present key, sealed anew when the
 * key turned out to be stale. */
#ifndef HOUVAST_TOOL_DOSSIER_H
#define HOUVAST_TOOL_DOSSIER_H

#include "broker/failure.h"
#include "houvast/houvast.h"

struct dossier {
    uint8_t *text; /* owned; NULL: none */
    size_t size;
};

/* Whether a dossier may go with a message of that type. */
bool dossier_goes_with(enum hv_message_type type);

/* Reads a file, or standard input for `-`. 0, or a negative errno with a sentence. */
int dossier_read(const char *path, struct dossier *ret_dossier, struct failure *ret_failure);
/* Wipes and frees. */
void dossier_fini(struct dossier *dossier);

/* Sends an offer or supplement with the dossier: asks the map for the receiver's newest sealing
 * key (of a supplement, the status for the receiver first), and once more after `stale-key`.
 * Returns as hv_command, *ret_answer being the last one that came; -ENOKEY with a sentence where
 * the receiver is not on the map or has no key, then *ret_answer is empty. */
int dossier_send(struct hv_connection *connection, const struct hv_message *command,
                 const struct dossier *dossier, struct hv_answer *ret_answer,
                 struct failure *ret_failure);

#endif
