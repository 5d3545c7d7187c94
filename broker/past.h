/* The past: networks that phases began under. A phase climbs the ladder that it began with,
 * whatever a reload has brought since. */
#ifndef HOUVAST_PAST_H
#define HOUVAST_PAST_H

#include "broker/request.h"

/* The network that this event put in force, as the ledger has it; the present one where its files
 * cannot be read any more, and where `seq` is 0. Borrowed until past_forget; the present one until
 * a reload. */
const struct network *past_network(struct turn *turn, int64_t seq);

/* Frees them all. */
void past_forget(struct broker *broker);

#endif
