/* One city's network: loading and ordering it, and finding organisations and keys in it. */
#include "broker/network.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/network_build.h"
#include "broker/network_calendar.h"
#include "broker/network_ladder.h"

/* ---- The finished network ---- */

static int organisations_compare(const void *a, const void *b) {
    const struct network_organisation *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static int key_entries_compare(const void *a, const void *b) {
    const struct network_key_entry *left = a, *right = b;

    return memcmp(left->key->public_key, right->key->public_key, NETWORK_KEY_SIZE);
}

static int keys_index(const struct network_reading *reading, struct network *network) {
    size_t count = 0;

    for (size_t i = 0; i < network->organisation_count; i++)
        count += network->organisations[i].key_count;
    network->key_index = calloc(count + 1, sizeof *network->key_index);
    if (!network->key_index)
        return network_out_of_memory(reading);
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        for (size_t j = 0; j < organisation->key_count; j++)
            network->key_index[network->key_index_count++] =
                (struct network_key_entry){&organisation->keys[j], organisation};
    }
    qsort(network->key_index, count, sizeof *network->key_index, key_entries_compare);
    return 0;
}

static void hash_bytes(crypto_generichash_state *state, const void *bytes, size_t size) {
    uint8_t length[8];

    for (size_t i = 0; i < sizeof length; i++)
        length[i] = (uint8_t)((uint64_t)size >> (8 * i));
    crypto_generichash_update(state, length, sizeof length);
    crypto_generichash_update(state, bytes, size);
}

void network_files_hash(const struct network_file *files, size_t count, uint8_t ret_hash[32]) {
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 32);
    for (size_t i = 0; i < count; i++) {
        hash_bytes(&state, files[i].path, strlen(files[i].path));
        hash_bytes(&state, files[i].text, files[i].size);
    }
    crypto_generichash_final(&state, ret_hash, 32);
}

/* Orders what was built, so that it is found by name and by key, and lays its ladders. */
static int network_order(const struct network_reading *reading, struct network *network) {
    qsort(network->organisations, network->organisation_count, sizeof *network->organisations,
          organisations_compare);
    network_files_hash(network->files, network->file_count, network->hash);
    const int result = keys_index(reading, network);
    return result == 0 ? network_ladders_build(reading, network) : result;
}

static int network_finish(const struct network_reading *reading, struct network *network,
                          int result, struct network **ret_network) {
    if (result == 0)
        result = network_build(reading, network);
    if (result == 0)
        result = network_order(reading, network);
    if (result < 0) {
        network_free(network);
        return result;
    }
    *ret_network = network;
    return 0;
}

int network_load(const char *directory, struct network **ret_network, struct failure *ret_failure) {
    char prefix[FAILURE_SIZE / 2];
    const struct network_reading reading = {
        .directory = prefix, .from_disk = true, .failure = ret_failure};
    struct network *network = calloc(1, sizeof *network);
    size_t size = strlen(directory);

    snprintf(prefix, sizeof prefix, "%s%s", directory,
             size > 0 && directory[size - 1] != '/' ? "/" : "");
    if (!network)
        return network_out_of_memory(&reading);
    int result = network_files_load(&reading, &network->files, &network->file_count);
    return network_finish(&reading, network, result, ret_network);
}

int network_parse(const struct network_file *files, size_t count, struct network **ret_network,
                  struct failure *ret_failure) {
    const struct network_reading reading = {.directory = "", .failure = ret_failure};
    struct network *network = calloc(1, sizeof *network);

    if (!network)
        return network_out_of_memory(&reading);
    int result = network_files_copy(&reading, files, count, &network->files);
    network->file_count = result == 0 ? count : 0;
    return network_finish(&reading, network, result, ret_network);
}

void network_free(struct network *network) {
    if (!network)
        return;
    for (size_t i = 0; i < network->organisation_count; i++) {
        free(network->organisations[i].keys);
        free(network->organisations[i].sealing_keys);
        network_hours_fini(&network->organisations[i].hours);
    }
    network_hours_fini(&network->hours);
    free(network->decreed.list);
    for (size_t i = 0; i < network->listen_count; i++)
        free(network->listen[i]);
    free(network->listen);
    free(network->receipt_keys);
    free(network->organisations);
    network_ladders_fini(&network->ladders);
    free(network->key_index);
    network_files_free(network->files, network->file_count);
    free(network);
}

/* ---- Look-ups ---- */

const struct network_organisation *network_organisation(const struct network *network,
                                                        const char *name) {
    struct network_organisation wanted;

    if (strlen(name) >= sizeof wanted.name)
        return NULL;
    strcpy(wanted.name, name);
    return bsearch(&wanted, network->organisations, network->organisation_count, sizeof wanted,
                   organisations_compare);
}

const struct calendar *network_calendar(const struct network *network, const char *organisation) {
    const struct network_organisation *own =
        organisation ? network_organisation(network, organisation) : NULL;

    return own ? &own->hours.calendar : &network->hours.calendar;
}

const struct network_key *network_key(const struct network *network,
                                      const uint8_t public_key[NETWORK_KEY_SIZE],
                                      const struct network_organisation **ret_organisation) {
    struct network_key key;
    const struct network_key_entry wanted = {.key = &key};

    memcpy(key.public_key, public_key, sizeof key.public_key);
    const struct network_key_entry *entry = bsearch(
        &wanted, network->key_index, network->key_index_count, sizeof wanted, key_entries_compare);
    if (!entry)
        return NULL;
    if (ret_organisation)
        *ret_organisation = entry->organisation;
    return entry->key;
}

bool network_key_has_role(const struct network_key *key, enum hv_role role) {
    return (key->roles & 1U << role) != 0;
}

bool network_has_role(const struct network *network, const char *organisation, enum hv_role role) {
    const struct network_organisation *found = network_organisation(network, organisation);

    for (size_t i = 0; found && i < found->key_count; i++)
        if (network_key_has_role(&found->keys[i], role))
            return true;
    return false;
}

const struct network_sealing_key *
network_sealing_key(const struct network_organisation *organisation,
                    const uint8_t id[NETWORK_SEALING_ID_SIZE], hv_time at_ms) {
    for (size_t i = 0; i < organisation->sealing_key_count; i++) {
        const struct network_sealing_key *key = &organisation->sealing_keys[i];
        if (memcmp(key->id, id, sizeof key->id) == 0 && key->valid_from_ms <= at_ms &&
            at_ms < key->valid_until_ms)
            return key;
    }
    return NULL;
}

const struct network_receipt_key *network_receipt_key(const struct network *network,
                                                      const uint8_t public_key[NETWORK_KEY_SIZE]) {
    for (size_t i = 0; i < network->receipt_key_count; i++) {
        if (memcmp(network->receipt_keys[i].public_key, public_key, NETWORK_KEY_SIZE) == 0)
            return &network->receipt_keys[i];
    }
    return NULL;
}
