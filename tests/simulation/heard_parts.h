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

/* An item leaves for it. */
void heard_item(struct heard *heard, const struct model *model, const struct peer *peer,
                const struct hv_item *item, bool has_dossier, bool is_lost);
/* It is answered that it watches now; and hears what watchers hear. */
void heard_watch_begins(struct peer *peer, const struct asked *asked, int64_t seq);
void heard_watched(const struct model *model, struct peer *peer, const struct hv_message *message);
/* How a journey stands, it is told: and so it does. */
void heard_standing(const struct model *model, const struct peer *peer,
                    const struct hv_standing *standing);

#endif
