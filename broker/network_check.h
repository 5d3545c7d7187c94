/* The rules between the network's values, once each has been read. For network*.c alone. */
#ifndef HOUVAST_NETWORK_CHECK_H
#define HOUVAST_NETWORK_CHECK_H

#include "broker/network_read.h"

/* An organisation as it was read, with the sections that say where. */
struct network_organisation_source {
    const char *path; /* of its file */
    const struct network_section *sections;
};

/* Whether the values agree with each other. `sections` are those of network.conf; `sources` has
 * one row for each organisation, in the same order. 0, or -EINVAL with the first mistake. */
int network_check(const struct network_reading *reading, const struct network *network,
                  const struct network_section *sections,
                  const struct network_organisation_source *sources);

#endif
