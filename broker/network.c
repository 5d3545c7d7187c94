/* One city's network, built from its files: organisations, keys, limits and policies. */
#include "broker/network.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <utlist.h>

#include "broker/network_calendar.h"
#include "broker/network_check.h"
#include "broker/network_ladder.h"
#include "broker/network_rules.h"

#define QUIET_CRISIS_MS (15 * INT64_C(60000))

/* A network on its way, with the sections that it comes from. */
struct building {
    const struct network_reading *reading;
    struct network *network;
    struct network_section *sections;            /* of network.conf */
    struct network_section **organisation_parts; /* of each organisation; owned */
    struct network_organisation_source *sources;
};

/* ---- Sections into structs ---- */

static int section_require(const struct building *building, const struct network_section *sections,
                           const char *path, const char *kind) {
    const struct network_section *section;

    LL_FOREACH(sections, section) {
        if (strcmp(section->kind, kind) == 0)
            return 0;
    }
    return network_wrong(building->reading, (struct network_place){.path = path, .line = 1},
                         "the file has no [%s]; add that section", kind);
}

static size_t sections_count(const struct network_section *sections, const char *kind) {
    const struct network_section *section;
    size_t count = 0;

    LL_FOREACH(sections, section) {
        count += strcmp(section->kind, kind) == 0 && !network_section_is_emptied(section);
    }
    return count;
}

static int key_build(const struct building *building, const struct network_section *section,
                     struct network_organisation *organisation) {
    struct network_key *key = &organisation->keys[organisation->key_count++];

    strcpy(key->label, section->label);
    return network_rules_apply(building->reading, section, key);
}

static int sealing_key_build(const struct building *building, const struct network_section *section,
                             struct network_organisation *organisation) {
    struct network_sealing_key *key =
        &organisation->sealing_keys[organisation->sealing_key_count++];

    strcpy(key->label, section->label);
    int result = network_rules_apply(building->reading, section, key);
    if (result < 0)
        return result;
    uint8_t hash[crypto_generichash_BYTES];
    static_assert(sizeof hash == 32, "BLAKE2b-256");
    crypto_generichash(hash, sizeof hash, key->public_key, sizeof key->public_key, NULL, 0);
    memcpy(key->id, hash, sizeof key->id);
    return 0;
}

static int organisation_section_build(const struct building *building,
                                      const struct network_section *section,
                                      struct network_organisation *organisation) {
    if (strcmp(section->kind, "organisation") == 0)
        return network_rules_apply(building->reading, section, organisation);
    /* A drop-in that takes back all of a key takes the key away. */
    if (network_section_is_emptied(section))
        return 0;
    if (strcmp(section->kind, "key") == 0)
        return key_build(building, section, organisation);
    return sealing_key_build(building, section, organisation);
}

/* Newest valid_from first. */
static int sealing_keys_compare(const void *a, const void *b) {
    const struct network_sealing_key *left = a, *right = b;

    if (left->valid_from_ms != right->valid_from_ms)
        return left->valid_from_ms < right->valid_from_ms ? 1 : -1;
    return strcmp(left->label, right->label);
}

static int organisation_build(const struct building *building,
                              const struct network_section *sections, const char *path,
                              struct network_organisation *organisation) {
    const struct network_section *section;
    int result = section_require(building, sections, path, "organisation");

    if (result < 0)
        return result;
    organisation->keys = calloc(sections_count(sections, "key") + 1, sizeof *organisation->keys);
    organisation->sealing_keys =
        calloc(sections_count(sections, "sealing") + 1, sizeof *organisation->sealing_keys);
    if (!organisation->keys || !organisation->sealing_keys)
        return network_out_of_memory(building->reading);
    LL_FOREACH(sections, section) {
        result = organisation_section_build(building, section, organisation);
        if (result < 0)
            return result;
    }
    qsort(organisation->sealing_keys, organisation->sealing_key_count,
          sizeof *organisation->sealing_keys, sealing_keys_compare);
    return 0;
}

static void defaults_set(struct network *network) {
    strcpy(network->time_zone, "Europe/Amsterdam");
    network->limits = (struct network_limits){
        .envelope_bytes = 65536,
        .dossier_bytes = 1048576,
        .heartbeat_ms = 20000,
        .redelivery_ms = 600000,
        .item_attempts = 10,
        .window_bytes = 4 << 20,
        .commands_per_second = 200,
    };
    network->policies =
        (struct network_policies){.settle = NETWORK_SETTLE_BY_NETWORK,
                                  .keep_dossier_days = 7,
                                  .alarm_endings_per_minute = 30,
                                  .wait_max_ms = 180 * CALENDAR_DAY_MS,
                                  .contest_max_ms = 14 * CALENDAR_DAY_MS,
                                  .claim_max_ms = 3 * CALENDAR_DAY_MS,
                                  .restarts_max = 2,
                                  .check_in_max_days = 91,
                                  .quiet_after = {1, CALENDAR_OFFICE_HOURS},
                                  .quiet_after_crisis = {QUIET_CRISIS_MS, CALENDAR_WALL_MS},
                                  .digest_from = 20};
    network->day_ms = CALENDAR_DAY_MS;
    network_calendar_defaults(&network->hours);
}

static int receipt_key_build(const struct building *building,
                             const struct network_section *section) {
    struct network *network = building->network;

    /* A drop-in that takes back all of a key takes the key away. */
    if (network_section_is_emptied(section))
        return 0;
    struct network_receipt_key *key = &network->receipt_keys[network->receipt_key_count++];
    strcpy(key->label, section->label);
    key->path = section->place.path;
    key->line = section->place.line;
    return network_rules_apply(building->reading, section, key);
}

/* Newest valid_from first. */
static int receipt_keys_compare(const void *a, const void *b) {
    const struct network_receipt_key *left = a, *right = b;

    if (left->valid_from_ms != right->valid_from_ms)
        return left->valid_from_ms < right->valid_from_ms ? 1 : -1;
    return strcmp(left->label, right->label);
}

static int network_section_build(const struct building *building,
                                 const struct network_section *section) {
    return strcmp(section->kind, "receipt") == 0
               ? receipt_key_build(building, section)
               : network_rules_apply(building->reading, section, building->network);
}

static int network_file_build(const struct building *building, const char *path) {
    static const char *const required[] = {"network", "broker"};
    const struct network_section *section;
    int result = 0;

    for (size_t i = 0; i < sizeof required / sizeof *required && result == 0; i++)
        result = section_require(building, building->sections, path, required[i]);
    if (result < 0)
        return result;
    struct network *network = building->network;
    defaults_set(network);
    network->receipt_keys =
        calloc(sections_count(building->sections, "receipt") + 1, sizeof *network->receipt_keys);
    if (!network->receipt_keys)
        return network_out_of_memory(building->reading);
    LL_FOREACH(building->sections, section) {
        result = network_section_build(building, section);
        if (result < 0)
            return result;
    }
    qsort(network->receipt_keys, network->receipt_key_count, sizeof *network->receipt_keys,
          receipt_keys_compare);
    return 0;
}

/* ---- Files into sections ---- */

/* How many of `files` belong together: the first and its drop-ins, which follow it in the order of
 * paths. */
static size_t unit_count(const struct network_file *files, size_t count) {
    size_t size = strlen(files->path);
    size_t unit = 1;

    while (unit < count && strncmp(files[unit].path, files->path, size) == 0 &&
           strncmp(files[unit].path + size, ".d/", 3) == 0)
        unit++;
    return unit;
}

static bool is_organisation_file(const char *path) {
    size_t size = strlen(path);

    return strncmp(path, "organisations/", 14) == 0 && !strchr(path + 14, '/') && size > 19 &&
           strcmp(path + size - 5, ".conf") == 0;
}

/* The index of network.conf; the count where it is not there. */
static size_t main_file(const struct network *network) {
    size_t i = 0;

    while (i < network->file_count && strcmp(network->files[i].path, "network.conf") != 0)
        i++;
    return i;
}

static int paths_check(const struct building *building) {
    const struct network *network = building->network;

    for (size_t i = 0; i < network->file_count; i++) {
        const char *path = network->files[i].path;
        if (u8_check((const uint8_t *)path, strlen(path))) /* the ledger keeps it as text */
            return network_wrong(building->reading, (struct network_place){.path = path},
                                 "has a name that is not UTF-8; rename it");
    }
    for (size_t i = 1; i < network->file_count; i++) {
        if (strcmp(network->files[i - 1].path, network->files[i].path) == 0)
            return network_wrong(building->reading,
                                 (struct network_place){.path = network->files[i].path},
                                 "is there twice; keep one of the two");
    }
    if (main_file(network) == network->file_count)
        return network_wrong(building->reading, (struct network_place){.path = "network.conf"},
                             "is missing; write it");
    return 0;
}

static int organisation_add(struct building *building, const struct network_file *files,
                            size_t count) {
    struct network *network = building->network;
    size_t at = network->organisation_count++;
    int result =
        network_sections_read(building->reading, files, count, &building->organisation_parts[at]);

    building->sources[at] = (struct network_organisation_source){
        .path = files->path, .sections = building->organisation_parts[at]};
    return result < 0 ? result
                      : organisation_build(building, building->organisation_parts[at], files->path,
                                           &network->organisations[at]);
}

/* A file other than network.conf, with its drop-ins. Ladders speak of organisations, and are read
 * when these are there. */
static int file_add(struct building *building, const struct network_file *files, size_t count) {
    if (is_organisation_file(files->path))
        return organisation_add(building, files, count);
    if (network_ladder_is_file(files->path))
        return 0;
    return network_wrong(building->reading, (struct network_place){.path = files->path},
                         "is no file of a network; move it elsewhere");
}

static int units_build(struct building *building) {
    struct network *network = building->network;
    const struct network_file *files = network->files;
    const size_t first = main_file(network);
    size_t unit = unit_count(files + first, network->file_count - first);
    int result = network_sections_read(building->reading, files + first, unit, &building->sections);

    if (result == 0)
        result = network_file_build(building, files[first].path);
    for (size_t i = 0; i < network->file_count && result == 0; i += unit) {
        unit = unit_count(files + i, network->file_count - i);
        if (i != first)
            result = file_add(building, files + i, unit);
    }
    return result;
}

static int files_build(struct building *building) {
    struct network *network = building->network;
    size_t room = network->file_count + 1;
    int result = paths_check(building);

    if (result < 0)
        return result;
    network->organisations = calloc(room, sizeof *network->organisations);
    building->organisation_parts = calloc(room, sizeof(struct network_section *));
    building->sources = calloc(room, sizeof *building->sources);
    if (!network->organisations || !building->organisation_parts || !building->sources)
        return network_out_of_memory(building->reading);
    return units_build(building);
}

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

static void building_fini(struct building *building) {
    network_sections_free(building->sections);
    for (size_t i = 0; building->organisation_parts && i < building->network->organisation_count;
         i++)
        network_sections_free(building->organisation_parts[i]);
    free(building->organisation_parts);
    free(building->sources);
}

/* Builds the network from network->files, which it has already. */
static int network_build(const struct network_reading *reading, struct network *network) {
    struct building building = {.reading = reading, .network = network};
    int result = files_build(&building);

    if (result == 0)
        result = network_check(reading, network, building.sections, building.sources);
    if (result == 0)
        result = network_calendars_build(reading, network);
    building_fini(&building);
    if (result < 0)
        return result;
    qsort(network->organisations, network->organisation_count, sizeof *network->organisations,
          organisations_compare);
    network_files_hash(network->files, network->file_count, network->hash);
    result = keys_index(reading, network);
    return result == 0 ? network_ladders_build(reading, network) : result;
}

static int network_finish(const struct network_reading *reading, struct network *network,
                          int result, struct network **ret_network) {
    if (result == 0)
        result = network_build(reading, network);
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

bool network_has_coordinators(const struct network *network, const char *organisation) {
    const struct network_organisation *found = network_organisation(network, organisation);

    for (size_t i = 0; found && i < found->key_count; i++)
        if (found->keys[i].roles & NETWORK_COORDINATOR)
            return true;
    return false;
}

const struct network_sealing_key *
network_sealing_key(const struct network_organisation *organisation, const uint8_t id[8],
                    hv_time at_ms) {
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
