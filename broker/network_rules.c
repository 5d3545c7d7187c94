/* What may stand in the network's files, as one table; houvast-network(5) is its explanation. */
#include "broker/network_rules.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/network_values.h"
#include "schemas/wire/wire.h"

/* ---- Sections ---- */

struct section_rule {
    const char *kind;
    bool labelled;
    bool in_organisation; /* else in network.conf */
};

static const struct section_rule section_rules[] = {
    {"network", false, false},  {"broker", false, false},  {"limits", false, false},
    {"policies", false, false}, {"testing", false, false}, {"organisation", false, true},
    {"key", true, true},        {"sealing", true, true},   {"receipt", true, false},
    {"calendar", false, false},
};

static const struct section_rule *section_rule_find(const char *kind) {
    for (size_t i = 0; i < sizeof section_rules / sizeof *section_rules; i++) {
        if (strcmp(section_rules[i].kind, kind) == 0)
            return &section_rules[i];
    }
    return NULL;
}

static bool is_organisation_path(const char *path) {
    return strncmp(path, "organisations/", strlen("organisations/")) == 0;
}

int network_rules_know_section(const struct network_reading *reading, struct network_place place,
                               const char *kind, const char *label) {
    const struct section_rule *rule = section_rule_find(kind);
    bool in_organisation = is_organisation_path(place.path);

    if (strcmp(kind, "ladder") == 0)
        return network_wrong(
            reading, place, "[ladder] does not stand in this file; move it to ladders/<name>.conf");
    if (!rule)
        return network_wrong(reading, place, "[%s] is no section of this file; it has %s", kind,
                             in_organisation
                                 ? "[organisation], [key <label>] and [sealing <label>]"
                                 : "[network], [broker], [limits], [policies], [calendar], "
                                   "[receipt <label>] and [testing]");
    if (rule->in_organisation != in_organisation)
        return network_wrong(reading, place, "[%s] does not stand in this file; move it to %s",
                             kind, in_organisation ? "network.conf" : "organisations/<name>.conf");
    if (rule->labelled && *label == '\0')
        return network_wrong(reading, place,
                             "[%s] has no label; write [%s <label>], with a label of your own such "
                             "as [%s first]",
                             kind, kind, kind);
    if (!rule->labelled && *label != '\0')
        return network_wrong(reading, place, "[%s] takes no label; write [%s]", kind, kind);
    if (rule->labelled && !wire_is_person(label, strlen(label)))
        return network_wrong(reading, place,
                             "the label %s is not of the form a-z 0-9 . _ - (64 at most); choose "
                             "another",
                             label);
    return 0;
}

/* ---- Keys ---- */

static const struct network_word settle_words[] = {
    {"network", NETWORK_SETTLE_BY_NETWORK},
    {"organisation", NETWORK_SETTLE_BY_ORGANISATION},
    {NULL, 0},
};

static const struct network_word holidays_words[] = {
    {"dutch", NETWORK_HOLIDAYS_DUTCH},
    {"none", NETWORK_HOLIDAYS_NONE},
    {NULL, 0},
};

#define TEXT_MOST(type, member) (int64_t)(sizeof((type *)0)->member - 1)

#define IN_NETWORK(member)      .offset = offsetof(struct network, member)
#define IN_ORGANISATION(member) .offset = offsetof(struct network_organisation, member)
#define IN_KEY(member)          .offset = offsetof(struct network_key, member)
#define IN_SEALING(member)      .offset = offsetof(struct network_sealing_key, member)
#define IN_RECEIPT(member)      .offset = offsetof(struct network_receipt_key, member)
#define REQUIRED                .required = true
#define LIST                    .list = true
#define TEXT(type, member)      .most = TEXT_MOST(type, member)
#define RANGE(from, to, text)   .least = (from), .most = (to), .range = (text)

static const struct network_rule rules[] = {
    {"network", "name", REQUIRED, .read = network_read_code, IN_NETWORK(name)},
    {"network", "coordinating", REQUIRED, .read = network_read_code, IN_NETWORK(coordinating)},
    {"network", "time_zone", .read = network_read_time_zone, IN_NETWORK(time_zone),
     TEXT(struct network, time_zone)},
    {"network", "environment", .read = network_read_test, IN_NETWORK(test)},

    {"broker", "public_key", REQUIRED, .read = network_read_key, IN_NETWORK(broker_public_key)},
    {"broker", "listen", .read = network_read_listen, .offset = 0},

    {"limits", "envelope_bytes", .read = network_read_size, IN_NETWORK(limits.envelope_bytes),
     RANGE(1024, 65536, "1024 to 65536")},
    {"limits", "dossier_bytes", .read = network_read_size, IN_NETWORK(limits.dossier_bytes),
     RANGE(1024, 1048576, "1024 to 1048576")},
    {"limits", "heartbeat", .read = network_read_duration, IN_NETWORK(limits.heartbeat_ms),
     RANGE(100, 10 * CALENDAR_MINUTE_MS, "100ms to 10m")},
    {"limits", "redelivery", .read = network_read_duration, IN_NETWORK(limits.redelivery_ms),
     RANGE(100, CALENDAR_DAY_MS, "100ms to 1D")},
    {"limits", "item_attempts", .read = network_read_number, IN_NETWORK(limits.item_attempts),
     RANGE(1, 1000, "1 to 1000")},
    {"limits", "window_bytes", .read = network_read_size, IN_NETWORK(limits.window_bytes),
     RANGE(1024, 64 << 20, "dossier_bytes to 67108864")},
    {"limits", "commands_per_second", .read = network_read_number,
     IN_NETWORK(limits.commands_per_second), RANGE(0, 1000000, "0 (no limit) to 1000000")},

    {"policies", "settle", .read = network_read_word, IN_NETWORK(policies.settle),
     .words = settle_words, .range = "network or organisation"},
    {"policies", "keep_dossier_days", .read = network_read_number,
     IN_NETWORK(policies.keep_dossier_days), RANGE(0, 365, "0 to 365")},
    {"policies", "alarm_endings_per_minute", .read = network_read_number,
     IN_NETWORK(policies.alarm_endings_per_minute), RANGE(0, 1000000, "0 (no alarm) to 1000000")},
    {"policies", "wait_max", .read = network_read_duration, IN_NETWORK(policies.wait_max_ms),
     RANGE(CALENDAR_DAY_MS, 366 * CALENDAR_DAY_MS, "1D to 366D")},
    {"policies", "contest_max", .read = network_read_duration, IN_NETWORK(policies.contest_max_ms),
     RANGE(CALENDAR_DAY_MS, 366 * CALENDAR_DAY_MS, "1D to 366D")},
    {"policies", "claim_max", .read = network_read_duration, IN_NETWORK(policies.claim_max_ms),
     RANGE(CALENDAR_HOUR_MS, 31 * CALENDAR_DAY_MS, "1H to 31D")},
    {"policies", "restarts_max", .read = network_read_number, IN_NETWORK(policies.restarts_max),
     RANGE(0, 100, "0 to 100")},
    {"policies", "check_in_max_days", .read = network_read_number,
     IN_NETWORK(policies.check_in_max_days), RANGE(1, 366, "1 to 366")},
    {"policies", "quiet_after", .read = network_read_office, IN_NETWORK(policies.quiet_after),
     RANGE(100, 31 * CALENDAR_DAY_MS, "100ms to 31D, or 1h to 31d")},
    {"policies", "quiet_after_crisis", .read = network_read_office,
     IN_NETWORK(policies.quiet_after_crisis),
     RANGE(100, 31 * CALENDAR_DAY_MS, "100ms to 31D, or 1h to 31d")},
    {"policies", "digest_from", .read = network_read_number, IN_NETWORK(policies.digest_from),
     RANGE(2, 1000, "2 to 1000")},

    {"calendar", "opening", LIST, .read = network_read_opening, IN_NETWORK(hours)},
    {"calendar", "holidays", .read = network_read_word, IN_NETWORK(hours.holidays),
     .words = holidays_words, .range = "dutch or none"},
    {"calendar", "decreed", LIST, .read = network_read_closures, IN_NETWORK(decreed)},
    {"calendar", "closed", LIST, .read = network_read_closures, IN_NETWORK(hours.closed)},

    {"testing", "day_length", .read = network_read_duration, IN_NETWORK(day_ms),
     RANGE(1, CALENDAR_DAY_MS, "1ms to 1D")},

    {"receipt", "public_key", REQUIRED, .read = network_read_receipt, IN_RECEIPT(public_key)},
    {"receipt", "valid_from", REQUIRED, .read = network_read_moment, IN_RECEIPT(valid_from_ms)},
    {"receipt", "valid_until", REQUIRED, .read = network_read_moment, IN_RECEIPT(valid_until_ms)},

    {"organisation", "name", REQUIRED, .read = network_read_code, IN_ORGANISATION(name)},
    {"organisation", "display_name", REQUIRED, .read = network_read_text,
     IN_ORGANISATION(display_name), TEXT(struct network_organisation, display_name)},
    {"organisation", "telephone", .read = network_read_telephone, IN_ORGANISATION(telephone),
     TEXT(struct network_organisation, telephone)},
    {"organisation", "telephone_out_of_hours", .read = network_read_telephone,
     IN_ORGANISATION(telephone_out_of_hours),
     TEXT(struct network_organisation, telephone_out_of_hours)},
    {"organisation", "opening", LIST, .read = network_read_opening, IN_ORGANISATION(hours)},
    {"organisation", "holidays", .read = network_read_word, IN_ORGANISATION(hours.holidays),
     .words = holidays_words, .range = "dutch or none"},
    {"organisation", "closed", LIST, .read = network_read_closures, IN_ORGANISATION(hours.closed)},
    {"organisation", "leaving", .read = network_read_yes, IN_ORGANISATION(leaving)},
    {"organisation", "crisis", .read = network_read_yes, IN_ORGANISATION(crisis)},

    {"key", "public_key", REQUIRED, .read = network_read_key, IN_KEY(public_key)},
    {"key", "roles", REQUIRED, .read = network_read_roles, IN_KEY(roles)},

    {"sealing", "public_key", REQUIRED, .read = network_read_key, IN_SEALING(public_key)},
    {"sealing", "valid_from", REQUIRED, .read = network_read_moment, IN_SEALING(valid_from_ms)},
    {"sealing", "valid_until", REQUIRED, .read = network_read_moment, IN_SEALING(valid_until_ms)},
};

#define RULE_COUNT (sizeof rules / sizeof *rules)

/* The keys of a section apart by commas, for a failure. */
static void keys_list(const char *kind, char *ret_list, size_t size) {
    size_t at = 0;

    ret_list[0] = '\0';
    for (size_t i = 0; i < RULE_COUNT && at < size; i++) {
        if (strcmp(rules[i].kind, kind) == 0)
            at += (size_t)snprintf(ret_list + at, size - at, "%s%s", at > 0 ? ", " : "",
                                   rules[i].key);
    }
}

static const struct network_rule *rule_find(const char *kind, const char *key) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rules[i].kind, kind) == 0 && strcmp(rules[i].key, key) == 0)
            return &rules[i];
    }
    return NULL;
}

bool network_rules_is_list(const char *kind, const char *key) {
    return rule_find(kind, key)->list;
}

int network_rules_know_key(const struct network_reading *reading, struct network_place place,
                           const char *kind, const char *key) {
    char list[256];

    if (rule_find(kind, key))
        return 0;
    keys_list(kind, list, sizeof list);
    return network_wrong(reading, place, "%s is no key of [%s]; it has %s",
                         *key ? key : "(nothing)", kind, list);
}

int network_rules_apply(const struct network_reading *reading,
                        const struct network_section *section, void *target) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct network_rule *rule = &rules[i];

        if (strcmp(rule->kind, section->kind) != 0)
            continue;
        const struct network_setting *setting = network_setting_find(section, rule->key);
        if (!setting && rule->required)
            return network_wrong(reading, section->place, "[%s%s%s] has no %s; add a line %s = …",
                                 section->kind, *section->label ? " " : "", section->label,
                                 rule->key, rule->key);
        if (!setting)
            continue;
        int result = rule->read(reading, rule, setting, (char *)target + rule->offset);
        if (result < 0)
            return result;
    }
    return 0;
}
