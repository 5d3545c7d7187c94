/* A network from its files: organisations, keys, limits and policies. */
#include "broker/network_build.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <utlist.h>

#include "broker/network_calendar.h"
#include "broker/network_check.h"
#include "broker/network_ladder.h"
#include "broker/network_rules.h"

#define QUIET_CRISIS_MS (15 * CALENDAR_MINUTE_MS)

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

/* organisations/<name>.conf; a drop-in lies a folder further down. */
static bool is_organisation_file(const char *path) {
    static const char folder[] = "organisations/";
    static const char ending[] = ".conf";
    const size_t size = strlen(path);
    const size_t folder_size = sizeof folder - 1;
    const size_t ending_size = sizeof ending - 1;

    return strncmp(path, folder, folder_size) == 0 && !strchr(path + folder_size, '/') &&
           size > folder_size + ending_size && strcmp(path + size - ending_size, ending) == 0;
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

/* ---- The network ---- */

static void building_fini(struct building *building) {
    network_sections_free(building->sections);
    for (size_t i = 0; building->organisation_parts && i < building->network->organisation_count;
         i++)
        network_sections_free(building->organisation_parts[i]);
    free(building->organisation_parts);
    free(building->sources);
}

int network_build(const struct network_reading *reading, struct network *network) {
    struct building building = {.reading = reading, .network = network};
    int result = files_build(&building);

    if (result == 0)
        result = network_check(reading, network, building.sections, building.sources);
    if (result == 0)
        result = network_calendars_build(reading, network);
    building_fini(&building);
    return result;
}
