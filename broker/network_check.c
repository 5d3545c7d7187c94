/* The rules between the network's values: names that must exist, keys that must be unique, dates
 * that must follow each other. */
#include "broker/network_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- Where something stands ---- */

static const struct network_section *section_find(const struct network_section *sections,
                                                  const char *kind, const char *label) {
    const struct network_section *section;

    LL_FOREACH(sections, section) {
        if (strcmp(section->kind, kind) == 0 && strcmp(section->label, label) == 0)
            return section;
    }
    return NULL;
}

/* Of the setting, else of its section's header. */
static struct network_place place_of(const struct network_section *sections, const char *kind,
                                     const char *label, const char *key) {
    const struct network_section *section = section_find(sections, kind, label);
    const struct network_setting *setting = section ? network_setting_find(section, key) : NULL;

    if (setting)
        return setting->place;
    return section ? section->place : (struct network_place){.path = ""};
}

/* ---- network.conf ---- */

static const struct network_organisation *organisation_find(const struct network *network,
                                                            const char *name) {
    for (size_t i = 0; i < network->organisation_count; i++) {
        if (strcmp(network->organisations[i].name, name) == 0)
            return &network->organisations[i];
    }
    return NULL;
}

static int coordinating_check(const struct network_reading *reading, const struct network *network,
                              const struct network_section *sections) {
    struct network_place place = place_of(sections, "network", "", "coordinating");

    if (network->organisation_count == 0)
        return network_wrong(reading, (struct network_place){.path = "organisations"},
                             "has no organisation; write organisations/%s.conf",
                             network->coordinating);
    if (!organisation_find(network, network->coordinating))
        return network_wrong(reading, place,
                             "coordinating = %s names no organisation of this network; name one "
                             "that has a file, or write organisations/%s.conf",
                             network->coordinating, network->coordinating);
    return 0;
}

static int limits_check(const struct network_reading *reading, const struct network *network,
                        const struct network_section *sections) {
    if (network->limits.window_bytes < network->limits.dossier_bytes)
        return network_wrong(reading, place_of(sections, "limits", "", "window_bytes"),
                             "window_bytes = %zu is less than dossier_bytes = %zu, so that no "
                             "dossier of that size could ever go out; raise it",
                             network->limits.window_bytes, network->limits.dossier_bytes);
    return 0;
}

static int testing_check(const struct network_reading *reading, const struct network *network,
                         const struct network_section *sections) {
    const struct network_section *testing = section_find(sections, "testing", "");

    if (testing && !network_section_is_emptied(testing) && !network->test)
        return network_wrong(reading, testing->place,
                             "[testing] stands in a network that serves residents; remove it, or "
                             "set environment = test");
    return 0;
}

static int receipt_keys_check(const struct network_reading *reading, const struct network *network,
                              const struct network_section *sections) {
    for (size_t i = 0; i < network->receipt_key_count; i++) {
        const struct network_receipt_key *key = &network->receipt_keys[i];
        if (key->valid_until_ms <= key->valid_from_ms)
            return network_wrong(
                reading, place_of(sections, "receipt", key->label, "valid_until"),
                "valid_until does not lie after valid_from, so the key is never valid; correct "
                "one of the two");
    }
    return 0;
}

/* ---- An organisation's file ---- */

static int name_check(const struct network_reading *reading,
                      const struct network_organisation *organisation,
                      const struct network_organisation_source *source) {
    const char *file = strrchr(source->path, '/') + 1;
    size_t size = strlen(file) - strlen(".conf");

    if (strlen(organisation->name) == size && memcmp(organisation->name, file, size) == 0)
        return 0;
    return network_wrong(reading, place_of(source->sections, "organisation", "", "name"),
                         "name = %s is not the name of the file; make both the same",
                         organisation->name);
}

static unsigned roles_of(const struct network_organisation *organisation) {
    unsigned roles = 0;

    for (size_t i = 0; i < organisation->key_count; i++)
        roles |= organisation->keys[i].roles;
    return roles;
}

static int coordination_check(const struct network_reading *reading,
                              const struct network_organisation *organisation,
                              const struct network_organisation_source *source) {
    if (organisation->leaving)
        return network_wrong(reading, place_of(source->sections, "organisation", "", "leaving"),
                             "%s coordinates the network and cannot leave it; name another "
                             "coordinating organisation in network.conf first",
                             organisation->name);
    if (!(roles_of(organisation) & NETWORK_COORDINATOR))
        return network_wrong(reading, place_of(source->sections, "organisation", "", "name"),
                             "%s coordinates the network and has no key with the role "
                             "coordinator; add one: [key <label>] with roles = coordinator",
                             organisation->name);
    return 0;
}

static int operators_check(const struct network_reading *reading,
                           const struct network_organisation *organisation,
                           const struct network_organisation_source *source,
                           const char *coordinating) {
    for (size_t i = 0; i < organisation->key_count; i++) {
        const struct network_key *key = &organisation->keys[i];
        if (key->roles & NETWORK_OPERATOR)
            return network_wrong(reading, place_of(source->sections, "key", key->label, "roles"),
                                 "%s does not coordinate the network, so its keys cannot have the "
                                 "role operator; take it out, or move the key to %s",
                                 organisation->name, coordinating);
    }
    return 0;
}

static int sealing_keys_check(const struct network_reading *reading,
                              const struct network_organisation *organisation,
                              const struct network_organisation_source *source) {
    for (size_t i = 0; i < organisation->sealing_key_count; i++) {
        const struct network_sealing_key *key = &organisation->sealing_keys[i];
        if (key->valid_until_ms <= key->valid_from_ms)
            return network_wrong(
                reading, place_of(source->sections, "sealing", key->label, "valid_until"),
                "valid_until does not lie after valid_from, so the key is never valid; correct "
                "one of the two");
    }
    return 0;
}

static int organisation_check(const struct network_reading *reading, const struct network *network,
                              const struct network_organisation *organisation,
                              const struct network_organisation_source *source) {
    int result = name_check(reading, organisation, source);

    if (result == 0 && strcmp(organisation->name, network->coordinating) == 0)
        result = coordination_check(reading, organisation, source);
    else if (result == 0)
        result = operators_check(reading, organisation, source, network->coordinating);
    return result == 0 ? sealing_keys_check(reading, organisation, source) : result;
}

/* ---- Keys are unique everywhere ---- */

struct key_use {
    const uint8_t *key;
    struct network_place place;
    size_t order; /* in which it was read */
};

static int key_uses_compare(const void *a, const void *b) {
    const struct key_use *left = a, *right = b;
    int order = memcmp(left->key, right->key, NETWORK_KEY_SIZE);

    if (order != 0)
        return order;
    return (left->order > right->order) - (left->order < right->order);
}

static size_t key_uses_collect(const struct network *network,
                               const struct network_section *sections,
                               const struct network_organisation_source *sources,
                               struct key_use *uses) {
    size_t count = 0;

    uses[count++] = (struct key_use){.key = network->broker_public_key,
                                     .place = place_of(sections, "broker", "", "public_key")};
    for (size_t i = 0; i < network->receipt_key_count; i++, count++)
        uses[count] = (struct key_use){
            network->receipt_keys[i].public_key,
            place_of(sections, "receipt", network->receipt_keys[i].label, "public_key"), count};
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        const struct network_section *own = sources[i].sections;
        for (size_t j = 0; j < organisation->key_count; j++, count++)
            uses[count] = (struct key_use){
                organisation->keys[j].public_key,
                place_of(own, "key", organisation->keys[j].label, "public_key"), count};
        for (size_t j = 0; j < organisation->sealing_key_count; j++, count++)
            uses[count] = (struct key_use){
                organisation->sealing_keys[j].public_key,
                place_of(own, "sealing", organisation->sealing_keys[j].label, "public_key"), count};
    }
    return count;
}

static int key_uses_check(const struct network_reading *reading, struct key_use *uses,
                          size_t count) {
    qsort(uses, count, sizeof *uses, key_uses_compare);
    for (size_t i = 1; i < count; i++) {
        if (memcmp(uses[i - 1].key, uses[i].key, NETWORK_KEY_SIZE) == 0)
            return network_wrong(reading, uses[i].place,
                                 "this public_key is used already, in %s on line %u; make a key of "
                                 "its own with `houvast keygen`",
                                 uses[i - 1].place.path, uses[i - 1].place.line);
    }
    return 0;
}

static int keys_check(const struct network_reading *reading, const struct network *network,
                      const struct network_section *sections,
                      const struct network_organisation_source *sources) {
    size_t count = 1 + network->receipt_key_count;

    for (size_t i = 0; i < network->organisation_count; i++)
        count += network->organisations[i].key_count + network->organisations[i].sealing_key_count;
    struct key_use *uses = calloc(count, sizeof *uses);
    if (!uses)
        return network_out_of_memory(reading);
    int result = key_uses_check(reading, uses, key_uses_collect(network, sections, sources, uses));
    free(uses);
    return result;
}

int network_check(const struct network_reading *reading, const struct network *network,
                  const struct network_section *sections,
                  const struct network_organisation_source *sources) {
    int result = limits_check(reading, network, sections);

    if (result == 0)
        result = testing_check(reading, network, sections);
    if (result == 0)
        result = receipt_keys_check(reading, network, sections);
    if (result == 0)
        result = coordinating_check(reading, network, sections);
    for (size_t i = 0; i < network->organisation_count && result == 0; i++)
        result = organisation_check(reading, network, &network->organisations[i], &sources[i]);
    return result == 0 ? keys_check(reading, network, sections, sources) : result;
}
