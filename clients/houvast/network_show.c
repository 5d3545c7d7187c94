/* A network's files as tables for people, or as one line of JSON. */
#include "clients/houvast/network_show.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clients/houvast/network_show_hours.h"
#include "clients/houvast/show_table.h"
#include "clients/houvast/when.h"
#include "houvast/houvast.h"
#include "wire/wire.h"

#define ID_TEXT_SIZE    17
#define ROLES_TEXT_SIZE 64

static void id_text(const uint8_t id[8], char ret_text[ID_TEXT_SIZE]) {
    sodium_bin2hex(ret_text, ID_TEXT_SIZE, id, 8);
}

static const char *role_text(int role) {
    return wire_word_text(&wire_vocabulary_role, role);
}

static void roles_text(unsigned roles, char ret_text[ROLES_TEXT_SIZE]) {
    ret_text[0] = '\0';
    for (int role = HV_ROLE_ENDPOINT; role <= HV_ROLE_OPERATOR; role++) {
        if (roles & 1U << role) {
            strcat(ret_text, *ret_text ? " " : "");
            strcat(ret_text, role_text(role));
        }
    }
}

/* ---- Tables ---- */

/* What else is to be known of it. */
static void marks_text(const struct network *network,
                       const struct network_organisation *organisation, char *ret_text,
                       size_t size) {
    bool coordinates = strcmp(organisation->name, network->coordinating) == 0;
    const char *const mark = coordinates             ? "coordinates the network"
                             : organisation->leaving ? "leaving: takes no new offers"
                                                     : "";
    snprintf(ret_text, size, "%s%s%s", mark, *mark && organisation->crisis ? "; " : "",
             organisation->crisis ? "crises come to it" : "");
}

static void organisations_show(const struct network *network) {
    struct libscols_table *table = show_table_new();
    char marks[64];

    show_table_column(table, "ORGANISATION", 0);
    show_table_column(table, "NAME", 0);
    show_table_column(table, "TELEPHONE", 0);
    show_table_column(table, "OUT OF HOURS", 0);
    show_table_column(table, "", 0);
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        struct libscols_line *line = show_table_line(table);
        show_table_set(line, 0, organisation->name);
        show_table_set(line, 1, organisation->display_name);
        show_table_set(line, 2, organisation->telephone);
        show_table_set(line, 3, organisation->telephone_out_of_hours);
        marks_text(network, organisation, marks, sizeof marks);
        show_table_set(line, 4, marks);
    }
    show_table_end(table);
}

static void key_line(struct libscols_table *table, const struct network_organisation *organisation,
                     const struct network_key *key) {
    struct libscols_line *line = show_table_line(table);
    char public_key[HV_KEY_TEXT_SIZE], roles[ROLES_TEXT_SIZE];

    hv_key_text(key->public_key, public_key);
    roles_text(key->roles, roles);
    show_table_set(line, 0, organisation->name);
    show_table_set(line, 1, key->label);
    show_table_set(line, 2, roles);
    show_table_set(line, 3, public_key);
}

static void keys_show(const struct network *network) {
    struct libscols_table *table = show_table_new();

    show_table_column(table, "ORGANISATION", 0);
    show_table_column(table, "KEY", 0);
    show_table_column(table, "ROLES", 0);
    show_table_column(table, "PUBLIC KEY", 0);
    for (size_t i = 0; i < network->organisation_count; i++)
        for (size_t j = 0; j < network->organisations[i].key_count; j++)
            key_line(table, &network->organisations[i], &network->organisations[i].keys[j]);
    show_table_end(table);
}

/* In UTC, as it stands in the files. */
static void moment_set(struct libscols_line *line, size_t column, hv_time at_ms) {
    char text[32];
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;

    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    show_table_set(line, column, text);
}

static const char *validity_text(hv_time from_ms, hv_time until_ms, hv_time now_ms) {
    return now_ms < from_ms ? "not yet valid" : now_ms >= until_ms ? "expired" : "valid";
}

static void sealing_line(struct libscols_table *table,
                         const struct network_organisation *organisation,
                         const struct network_sealing_key *key, hv_time now_ms) {
    struct libscols_line *line = show_table_line(table);
    char id[ID_TEXT_SIZE];

    id_text(key->id, id);
    show_table_set(line, 0, organisation->name);
    show_table_set(line, 1, key->label);
    show_table_set(line, 2, id);
    moment_set(line, 3, key->valid_from_ms);
    moment_set(line, 4, key->valid_until_ms);
    show_table_set(line, 5, validity_text(key->valid_from_ms, key->valid_until_ms, now_ms));
}

static void sealing_show(const struct network *network, hv_time now_ms) {
    struct libscols_table *table = show_table_new();

    show_table_column(table, "ORGANISATION", 0);
    show_table_column(table, "SEALING KEY", 0);
    show_table_column(table, "ID", 0);
    show_table_column(table, "VALID FROM", 0);
    show_table_column(table, "VALID UNTIL", 0);
    show_table_column(table, "", 0);
    for (size_t i = 0; i < network->organisation_count; i++) {
        for (size_t j = 0; j < network->organisations[i].sealing_key_count; j++) {
            sealing_line(table, &network->organisations[i],
                         &network->organisations[i].sealing_keys[j], now_ms);
        }
    }
    show_table_end(table);
}

__attribute__((format(printf, 3, 4))) static void
setting_line(struct libscols_table *table, const char *name, const char *format, ...) {
    struct libscols_line *line = show_table_line(table);
    char value[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    show_table_set(line, 0, name);
    show_table_set(line, 1, value);
}

/* In the largest unit that loses nothing, as it would stand in the files. */
static void duration_line(struct libscols_table *table, const char *name, int64_t ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"D", 86400000}, {"H", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;

    while (ms % units[i].ms != 0)
        i++;
    setting_line(table, name, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

static void limits_lines(struct libscols_table *table, const struct network *network) {
    const struct network_limits *limits = &network->limits;

    setting_line(table, "envelope_bytes", "%zu", limits->envelope_bytes);
    setting_line(table, "dossier_bytes", "%zu", limits->dossier_bytes);
    duration_line(table, "heartbeat", limits->heartbeat_ms);
    duration_line(table, "redelivery", limits->redelivery_ms);
    setting_line(table, "item_attempts", "%" PRId64, limits->item_attempts);
    setting_line(table, "window_bytes", "%zu", limits->window_bytes);
    if (limits->commands_per_second == 0)
        setting_line(table, "commands_per_second", "0 (no limit)");
    else
        setting_line(table, "commands_per_second", "%" PRId64, limits->commands_per_second);
}

static const char *settle_text(const struct network *network) {
    return network->policies.settle == NETWORK_SETTLE_BY_NETWORK ? "network" : "organisation";
}

static void office_line(struct libscols_table *table, const char *name,
                        struct calendar_duration duration) {
    char text[CALENDAR_DURATION_SIZE];

    calendar_duration_text(duration, text);
    setting_line(table, name, "%s", text);
}

static void time_policies_lines(struct libscols_table *table, const struct network *network) {
    const struct network_policies *policies = &network->policies;

    duration_line(table, "wait_max", policies->wait_max_ms);
    duration_line(table, "contest_max", policies->contest_max_ms);
    duration_line(table, "claim_max", policies->claim_max_ms);
    setting_line(table, "restarts_max", "%" PRId64, policies->restarts_max);
    setting_line(table, "check_in_max_days", "%" PRId64, policies->check_in_max_days);
    office_line(table, "quiet_after", policies->quiet_after);
    office_line(table, "quiet_after_crisis", policies->quiet_after_crisis);
    setting_line(table, "digest_from", "%" PRId64, policies->digest_from);
}

static void settings_show(const struct network *network) {
    struct libscols_table *table = show_table_new();

    show_table_column(table, "IN FORCE", 0);
    show_table_column(table, "VALUE", 0);
    limits_lines(table, network);
    setting_line(table, "settle", "%s", settle_text(network));
    setting_line(table, "keep_dossier_days", "%" PRId64, network->policies.keep_dossier_days);
    if (network->policies.alarm_endings_per_minute == 0) {
        setting_line(table, "alarm_endings_per_minute", "0 (no alarm)");
    } else {
        setting_line(table, "alarm_endings_per_minute", "%" PRId64,
                     network->policies.alarm_endings_per_minute);
    }
    time_policies_lines(table, network);
    if (network->test)
        duration_line(table, "day_length", network->day_ms);
    show_table_end(table);
}

static void network_line(const struct network *network) {
    char public_key[HV_KEY_TEXT_SIZE];

    hv_key_text(network->broker_public_key, public_key);
    printf("The %snetwork %s, coordinated by %s, in the time zone %s.\n",
           network->test ? "test " : "", network->name, network->coordinating, network->time_zone);
    printf("Its broker has the public key %s", public_key);
    for (size_t i = 0; i < network->listen_count; i++)
        printf("%s %s", i > 0 ? " and" : "\nand listens on", network->listen[i]);
    puts(".");
}

static void receipt_keys_show(const struct network *network, hv_time now_ms) {
    struct libscols_table *table = show_table_new();

    show_table_column(table, "RECEIPT KEY", 0);
    show_table_column(table, "PUBLIC KEY", 0);
    show_table_column(table, "VALID FROM", 0);
    show_table_column(table, "VALID UNTIL", 0);
    show_table_column(table, "", 0);
    for (size_t i = 0; i < network->receipt_key_count; i++) {
        const struct network_receipt_key *key = &network->receipt_keys[i];
        struct libscols_line *line = show_table_line(table);
        char text[HV_KEY_TEXT_SIZE];
        hv_key_text(key->public_key, text);
        show_table_set(line, 0, key->label);
        show_table_set(line, 1, text);
        moment_set(line, 2, key->valid_from_ms);
        moment_set(line, 3, key->valid_until_ms);
        show_table_set(line, 4, validity_text(key->valid_from_ms, key->valid_until_ms, now_ms));
    }
    show_table_end(table);
}

void network_show(const struct network *network, hv_time now_ms) {
    network_line(network);
    putchar('\n');
    organisations_show(network);
    putchar('\n');
    network_show_hours(network);
    putchar('\n');
    keys_show(network);
    putchar('\n');
    sealing_show(network, now_ms);
    putchar('\n');
    if (network->receipt_key_count > 0) {
        receipt_keys_show(network, now_ms);
        putchar('\n');
    }
    settings_show(network);
}

/* ---- JSON ---- */

static json_t *key_json(const uint8_t key[HV_KEY_SIZE]) {
    char text[HV_KEY_TEXT_SIZE];

    hv_key_text(key, text);
    return json_string(text);
}

static json_t *roles_json(unsigned roles) {
    json_t *array = json_array();

    for (int role = HV_ROLE_ENDPOINT; role <= HV_ROLE_OPERATOR; role++)
        if (roles & 1U << role)
            json_array_append_new(array, json_string(role_text(role)));
    return array;
}

static json_t *keys_json(const struct network_organisation *organisation) {
    json_t *array = json_array();

    for (size_t i = 0; i < organisation->key_count; i++) {
        const struct network_key *key = &organisation->keys[i];
        json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "label", key->label, "public_key",
                                               key_json(key->public_key), "roles",
                                               roles_json(key->roles)));
    }
    return array;
}

static json_t *sealing_json(const struct network_organisation *organisation) {
    json_t *array = json_array();
    char id[ID_TEXT_SIZE];

    for (size_t i = 0; i < organisation->sealing_key_count; i++) {
        const struct network_sealing_key *key = &organisation->sealing_keys[i];
        id_text(key->id, id);
        json_array_append_new(array, json_pack("{s:s, s:o, s:s, s:I, s:I}", "label", key->label,
                                               "public_key", key_json(key->public_key), "id", id,
                                               "valid_from", (json_int_t)key->valid_from_ms,
                                               "valid_until", (json_int_t)key->valid_until_ms));
    }
    return array;
}

static json_t *receipt_keys_json(const struct network *network) {
    json_t *array = json_array();

    for (size_t i = 0; i < network->receipt_key_count; i++) {
        const struct network_receipt_key *key = &network->receipt_keys[i];
        json_array_append_new(array, json_pack("{s:s, s:o, s:I, s:I}", "label", key->label,
                                               "public_key", key_json(key->public_key),
                                               "valid_from", (json_int_t)key->valid_from_ms,
                                               "valid_until", (json_int_t)key->valid_until_ms));
    }
    return array;
}

static json_t *organisations_json(const struct network *network) {
    json_t *array = json_array();

    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o}", "name",
                             organisation->name, "display_name", organisation->display_name,
                             "telephone", organisation->telephone, "telephone_out_of_hours",
                             organisation->telephone_out_of_hours, "leaving",
                             (int)organisation->leaving, "crisis", (int)organisation->crisis,
                             "hours", network_hours_json(&organisation->hours.calendar), "keys",
                             keys_json(organisation), "sealing_keys", sealing_json(organisation)));
    }
    return array;
}

static json_t *listen_json(const struct network *network) {
    json_t *array = json_array();

    for (size_t i = 0; i < network->listen_count; i++)
        json_array_append_new(array, json_string(network->listen[i]));
    return array;
}

static json_t *limits_json(const struct network_limits *limits) {
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "envelope_bytes", (json_int_t)limits->envelope_bytes,
        "dossier_bytes", (json_int_t)limits->dossier_bytes, "heartbeat_ms",
        (json_int_t)limits->heartbeat_ms, "redelivery_ms", (json_int_t)limits->redelivery_ms,
        "item_attempts", (json_int_t)limits->item_attempts, "window_bytes",
        (json_int_t)limits->window_bytes, "commands_per_second",
        (json_int_t)limits->commands_per_second);
}

static json_t *policies_json(const struct network *network) {
    const struct network_policies *policies = &network->policies;
    char quiet[CALENDAR_DURATION_SIZE], quiet_crisis[CALENDAR_DURATION_SIZE];

    calendar_duration_text(policies->quiet_after, quiet);
    calendar_duration_text(policies->quiet_after_crisis, quiet_crisis);
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:I}", "settle", settle_text(network),
        "keep_dossier_days", (json_int_t)policies->keep_dossier_days, "alarm_endings_per_minute",
        (json_int_t)policies->alarm_endings_per_minute, "wait_max_ms",
        (json_int_t)policies->wait_max_ms, "contest_max_ms", (json_int_t)policies->contest_max_ms,
        "claim_max_ms", (json_int_t)policies->claim_max_ms, "restarts_max",
        (json_int_t)policies->restarts_max, "check_in_max_days",
        (json_int_t)policies->check_in_max_days, "quiet_after", quiet, "quiet_after_crisis",
        quiet_crisis, "digest_from", (json_int_t)policies->digest_from);
}

json_t *network_to_json(const struct network *network) {
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "name",
                     network->name, "coordinating", network->coordinating, "time_zone",
                     network->time_zone, "environment", network->test ? "test" : "production",
                     "broker_public_key", key_json(network->broker_public_key), "listen",
                     listen_json(network), "limits", limits_json(&network->limits), "policies",
                     policies_json(network), "day_ms", (json_int_t)network->day_ms, "hours",
                     network_hours_json(&network->hours.calendar), "receipt_keys",
                     receipt_keys_json(network), "organisations", organisations_json(network));
}
