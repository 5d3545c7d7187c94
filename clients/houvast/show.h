/* What the tool prints on standard output: sentences and tables for people, JSON for machines. */
#ifndef HOUVAST_SHOW_H
#define HOUVAST_SHOW_H

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>

#include "houvast/houvast.h"

/* Prints one line. show_json takes the object over; NULL stands for out of memory. */
void show_json(json_t *object);
void show_message_json(const struct hv_message *message);

/* What a command came to: that it is done, what stands now, and who holds. */
void show_done(const struct hv_done *done);
/* A card: who holds now, since when, the state, the receiver. */
void show_status(const struct hv_done *done);
/* The organisations of the network with their telephones. */
void show_map(const struct hv_done *done);
/* That the ledger is whole, and the hash to keep. */
void show_verified(const struct hv_done *done);

/* What an event says beside its name: `from kcc; to werkse; kind warm`, or a sentence (see
 * describe_event). Malloc'ed. */
char *show_event_text(const struct hv_event *event);

#endif
