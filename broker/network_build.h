/* A network from its files. For network*.c alone. */
#ifndef HOUVAST_NETWORK_BUILD_H
#define HOUVAST_NETWORK_BUILD_H

#include "broker/network_read.h"

/* Builds everything but ladders and the orders in which things are found, from network->files,
 * which it has already; the rest of it is all zeroes. Organisations stand as their files do. 0,
 * -EINVAL with the first mistake, or -ENOMEM; network_free frees what was built, also on failure.
 */
int network_build(const struct network_reading *reading, struct network *network);

#endif
