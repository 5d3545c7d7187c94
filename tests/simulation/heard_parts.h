/* Between heard*.c. */
#ifndef HOUVAST_TESTS_SIMULATION_HEARD_PARTS_H
#define HOUVAST_TESTS_SIMULATION_HEARD_PARTS_H

#include "heard.h"

/* A number for the inbox of a peer's organisation and role. */
unsigned heard_inbox(const struct peer *peer);
/* Whether it is a coordinator of the network. */
bool heard_is_network(const struct peer *peer);
/* Whether it may know of that journey at all. */
bool heard_in_scope(const struct model *model, const struct peer *peer, unsigned journey);

/* An item leaves for it, or what a watcher sees. */
void heard_item(struct heard *heard, const struct model *model, const struct peer *peer,
                const struct hv_item *item, bool has_dossier, bool is_lost);
void heard_watched(const struct model *model, const struct peer *peer,
                   const struct hv_message *message);

#endif
