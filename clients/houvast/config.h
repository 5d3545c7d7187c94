/* The client configuration: where the broker is, who we are, and which keys and secrets are ours.
 *
 *   [client]
 *     endpoint            of the broker, ipc://… or tcp://…
 *     broker_public_key   Z85
 *     organisation, role  whose key this is, and in which role we speak (endpoint if absent)
 *     key                 file of our CURVE pair
 *     sealing_keys        files of the pairs that dossiers are sealed for, apart by blanks
 *     network_secret      file; makes pseudonyms of persons' numbers
 *     case_secret         file; makes ids of case numbers
 *     person              the coordinator who claims in `houvast watch`
 *
 * Paths are relative to the configuration's own directory. */
#ifndef HOUVAST_CLIENT_CONFIG_H
#define HOUVAST_CLIENT_CONFIG_H

#include "broker/failure.h"
#include "houvast/houvast.h"

#define CLIENT_SECRET_SIZE 32

/* A value and the line that it stands on; NULL where it is absent. Owned. */
struct client_setting {
    char *value;
    unsigned line;
};

enum client_key {
    CLIENT_ENDPOINT,
    CLIENT_BROKER_PUBLIC_KEY,
    CLIENT_ORGANISATION,
    CLIENT_ROLE,
    CLIENT_KEY,
    CLIENT_SEALING_KEYS,
    CLIENT_NETWORK_SECRET,
    CLIENT_CASE_SECRET,
    CLIENT_PERSON,
    CLIENT_KEYS,
};

struct client_config {
    char *path; /* absolute */
    struct client_setting settings[CLIENT_KEYS];
    uint8_t broker_public_key[HV_KEY_SIZE];
    uint8_t public_key[HV_KEY_SIZE];
    uint8_t secret_key[HV_KEY_SIZE];
    enum hv_role role;
};

/* Reads the configuration and the CURVE key that it names. 0, or a negative errno with a sentence
 * `file:line: what; mend`; *ret_config is to be freed with client_config_fini in both cases. */
int client_config_load(const char *path, struct client_config *ret_config,
                       struct failure *ret_failure);
/* Also wipes the secrets. */
void client_config_fini(struct client_config *config);

/* Our sealing pairs, from the files that sealing_keys names; malloc'ed, to be freed with
 * client_sealing_free. None named is 0 with a count of 0. Errors as above. */
int client_config_sealing(const struct client_config *config, struct hv_sealing_pair **ret_pairs,
                          size_t *ret_count, struct failure *ret_failure);
void client_sealing_free(struct hv_sealing_pair *pairs, size_t count);

/* The secret in the file that `key` (CLIENT_NETWORK_SECRET or CLIENT_CASE_SECRET) names; absent is
 * -ENOENT with a sentence. The caller wipes it. */
int client_config_secret(const struct client_config *config, enum client_key key,
                         uint8_t ret_secret[CLIENT_SECRET_SIZE], struct failure *ret_failure);

#endif
