/* The keys and the texts of a network that is being made. */
#ifndef HOUVAST_NETWORK_TEXT_H
#define HOUVAST_NETWORK_TEXT_H

#include "broker/keyfile.h"
#include "broker/network.h"
#include "clients/houvast/network_make.h"

struct make_organisation_keys {
    struct keyfile endpoint, coordinator, operating, sealing, case_secret;
    bool has_operator; /* of the coordinating organisation alone */
};

struct make_keys {
    struct keyfile broker;
    struct keyfile receipt;        /* what the broker signs receipts with */
    struct keyfile network_secret; /* one for all organisations */
    struct make_organisation_keys *organisations;
    size_t organisation_count;
};

/* Fresh keys for everybody; -ENOMEM. Fini wipes them. */
int make_keys_init(struct make_keys *keys, const struct make_plan *plan);
void make_keys_fini(struct make_keys *keys);

/* "endpoint", "coordinator" or "operator". */
const char *network_text_role(enum hv_role role);

/* network.conf, an organisation's file, and one of its client configurations. Paths and texts are
 * malloc'ed; -ENOMEM, and what was made is still to be freed. */
int network_text_main(const struct make_plan *plan, const struct make_keys *keys,
                      const char *listen, struct network_file *ret_file);
int network_text_organisation(const struct make_plan *plan, size_t organisation,
                              const struct make_keys *keys, struct network_file *ret_file);
int network_text_client(const struct make_plan *plan, size_t organisation,
                        const struct make_keys *keys, const char *listen, enum hv_role role,
                        char **ret_text, size_t *ret_size);

#endif
