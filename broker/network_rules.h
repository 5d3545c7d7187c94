/* What may stand in the network's files: one table of sections and keys, with the kind, range and
 * place of each value. For network*.c alone. */
#ifndef HOUVAST_NETWORK_RULES_H
#define HOUVAST_NETWORK_RULES_H

#include "broker/network_read.h"

/* 0, or -EINVAL with the failure set where the file at `place` may not have such a section, or the
 * section such a key. */
int network_rules_know_section(const struct network_reading *reading, struct network_place place,
                               const char *kind, const char *label);
int network_rules_know_key(const struct network_reading *reading, struct network_place place,
                           const char *kind, const char *key);

/* Whether that key, which is known, may stand more than once in a file. */
bool network_rules_is_list(const char *kind, const char *key);

/* Reads the section's values into `target`, the struct that its kind stands for: struct network
 * for network, broker, limits, policies, calendar and testing; struct network_organisation for
 * organisation; struct network_key for key; struct network_sealing_key for sealing; struct
 * network_receipt_key for receipt. What is not set is left alone. Checks that what is required is
 * there. */
int network_rules_apply(const struct network_reading *reading,
                        const struct network_section *section, void *target);

#endif
