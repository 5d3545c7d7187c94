/* A network read from its files: values, defaults, drop-ins, look-ups. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/network_z85.h"
#include "network_samples.h"

#define KCC    "organisations/kcc.conf"
#define WERKSE "organisations/werkse.conf"

#define JANUARY_2026_MS INT64_C(1767225600000)
#define JANUARY_2028_MS INT64_C(1830297600000)
#define HOUR_MS         INT64_C(3600000)
#define DAY_MS          (24 * HOUR_MS)

static const uint8_t *key_of(const char *text) {
    static uint8_t key[NETWORK_KEY_SIZE];

    assert_true(network_z85_parse(text, key));
    return key;
}

static void assert_key(const uint8_t *key, const char *text) {
    assert_memory_equal(key, key_of(text), NETWORK_KEY_SIZE);
}

/* The sample with one file set, parsed. */
static struct network *parse_with(const char *path, const char *text) {
    struct sample_network sample;

    sample_network_init(&sample);
    sample_network_set(&sample, path, text);
    struct network *network = sample_network_parse(&sample);
    sample_network_fini(&sample);
    return network;
}

/* ---- Values ---- */

static void test_values_of_the_network(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    assert_string_equal(network->name, "delft");
    assert_string_equal(network->coordinating, "kcc");
    assert_string_equal(network->time_zone, "Europe/Amsterdam");
    assert_false(network->test);
    assert_key(network->broker_public_key, KEY_BROKER);
    assert_int_equal(network->listen_count, 2);
    assert_string_equal(network->listen[0], "ipc:///run/houvast/delft.sock");
    assert_string_equal(network->listen[1], "tcp://127.0.0.1:5570");
    assert_int_equal(network->limits.heartbeat_ms, 15000);
    assert_int_equal(network->policies.settle, NETWORK_SETTLE_BY_ORGANISATION);
    network_free(network);
    sample_network_fini(&sample);
}

static void test_defaults(void **state) {
    (void)state;
    struct network *network = parse_with("network.conf", "[network]\n"
                                                         "name = d\n"
                                                         "coordinating = kcc\n"
                                                         "[broker]\n"
                                                         "public_key = " KEY_BROKER "\n");
    assert_string_equal(network->time_zone, "Europe/Amsterdam");
    assert_false(network->test);
    assert_int_equal(network->listen_count, 0);
    assert_int_equal(network->limits.envelope_bytes, 65536);
    assert_int_equal(network->limits.dossier_bytes, 1048576);
    assert_int_equal(network->limits.heartbeat_ms, 20000);
    assert_int_equal(network->limits.redelivery_ms, 600000);
    assert_int_equal(network->limits.item_attempts, 10);
    assert_int_equal(network->limits.window_bytes, 4194304);
    assert_int_equal(network->limits.commands_per_second, 200);
    assert_int_equal(network->policies.settle, NETWORK_SETTLE_BY_NETWORK);
    assert_int_equal(network->policies.keep_dossier_days, 7);
    assert_int_equal(network->policies.alarm_endings_per_minute, 30);
    assert_int_equal(network->day_ms, 86400000);
    network_free(network);
}

static void test_all_limits(void **state) {
    (void)state;
    struct network *network = parse_with("network.conf", "[network]\n"
                                                         "name = d\n"
                                                         "coordinating = kcc\n"
                                                         "time_zone = UTC\n"
                                                         "environment = test\n"
                                                         "[broker]\n"
                                                         "public_key = " KEY_BROKER "\n"
                                                         "listen = tcp://*:* tcp://[::1]:5570\n"
                                                         "[limits]\n"
                                                         "envelope_bytes = 1024\n"
                                                         "dossier_bytes = 2048\n"
                                                         "heartbeat = 10m\n"
                                                         "redelivery = 1D\n"
                                                         "item_attempts = 1000\n"
                                                         "window_bytes = 2048\n"
                                                         "commands_per_second = 1000000\n"
                                                         "[policies]\n"
                                                         "settle = network\n"
                                                         "keep_dossier_days = 0\n"
                                                         "alarm_endings_per_minute = 7\n"
                                                         "[testing]\n"
                                                         "day_length = 250ms\n");
    assert_string_equal(network->time_zone, "UTC");
    assert_true(network->test);
    assert_string_equal(network->listen[1], "tcp://[::1]:5570");
    assert_int_equal(network->limits.envelope_bytes, 1024);
    assert_int_equal(network->limits.dossier_bytes, 2048);
    assert_int_equal(network->limits.heartbeat_ms, 600000);
    assert_int_equal(network->limits.redelivery_ms, 86400000);
    assert_int_equal(network->limits.item_attempts, 1000);
    assert_int_equal(network->limits.window_bytes, 2048);
    assert_int_equal(network->limits.commands_per_second, 1000000);
    assert_int_equal(network->policies.settle, NETWORK_SETTLE_BY_NETWORK);
    assert_int_equal(network->policies.keep_dossier_days, 0);
    assert_int_equal(network->policies.alarm_endings_per_minute, 7);
    assert_int_equal(network->day_ms, 250);
    network_free(network);
}

static void test_default_policies_about_time(void **state) {
    struct network *network = parse_with("organisations/none", NULL);
    const struct network_policies *policies = &network->policies;

    (void)state;
    assert_int_equal(policies->wait_max_ms, 180 * DAY_MS);
    assert_int_equal(policies->contest_max_ms, 14 * DAY_MS);
    assert_int_equal(policies->claim_max_ms, 3 * DAY_MS);
    assert_int_equal(policies->restarts_max, 2);
    assert_int_equal(policies->check_in_max_days, 91);
    assert_int_equal(policies->quiet_after.amount, 1);
    assert_int_equal(policies->quiet_after.unit, CALENDAR_OFFICE_HOURS);
    assert_int_equal(policies->quiet_after_crisis.amount, 15 * 60000);
    assert_int_equal(policies->quiet_after_crisis.unit, CALENDAR_WALL_MS);
    assert_int_equal(policies->digest_from, 20);
    network_free(network);
}

static void test_all_policies_about_time(void **state) {
    struct network *network =
        parse_with("network.conf.d/policies.conf", "[policies]\n"
                                                   "wait_max = 366D\n"
                                                   "contest_max = 24H\n"
                                                   "claim_max = 60m\n"
                                                   "restarts_max = 0\n"
                                                   "check_in_max_days = 366\n"
                                                   "quiet_after = 31d\n"
                                                   "quiet_after_crisis = 100ms\n"
                                                   "digest_from = 2\n");
    const struct network_policies *policies = &network->policies;

    (void)state;
    assert_int_equal(policies->wait_max_ms, 366 * DAY_MS);
    assert_int_equal(policies->contest_max_ms, DAY_MS);
    assert_int_equal(policies->claim_max_ms, HOUR_MS);
    assert_int_equal(policies->restarts_max, 0);
    assert_int_equal(policies->check_in_max_days, 366);
    assert_int_equal(policies->quiet_after.amount, 31);
    assert_int_equal(policies->quiet_after.unit, CALENDAR_OFFICE_DAYS);
    assert_int_equal(policies->quiet_after_crisis.amount, 100);
    assert_int_equal(policies->quiet_after_crisis.unit, CALENDAR_WALL_MS);
    assert_int_equal(policies->digest_from, 2);
    network_free(network);
}

static void test_values_of_an_organisation(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    const struct network_organisation *kcc = network_organisation(network, "kcc");
    assert_string_equal(kcc->display_name, "KCC");
    assert_string_equal(kcc->telephone, "14015");
    assert_string_equal(kcc->telephone_out_of_hours, "");
    assert_false(kcc->leaving);
    assert_int_equal(kcc->key_count, 2);
    assert_string_equal(kcc->keys[1].label, "coordinator");
    assert_key(kcc->keys[1].public_key, KEY_KCC_COORDINATOR);
    assert_int_equal(kcc->keys[1].roles, NETWORK_COORDINATOR | NETWORK_OPERATOR);
    assert_int_equal(kcc->sealing_key_count, 1);
    assert_int_equal(kcc->sealing_keys[0].valid_from_ms, JANUARY_2026_MS);
    assert_int_equal(kcc->sealing_keys[0].valid_until_ms, JANUARY_2028_MS + 12 * HOUR_MS);
    const struct network_organisation *werkse = network_organisation(network, "werkse");
    assert_string_equal(werkse->telephone_out_of_hours, "112");
    network_free(network);
    sample_network_fini(&sample);
}

/* What editors and people do to files that means nothing. */
static void test_form_is_forgiving_where_it_can_be(void **state) {
    (void)state;
    struct network *network =
        parse_with("organisations/ds.conf", "\xef\xbb\xbf# Delft Support\n"
                                            "\n"
                                            "   \n"
                                            "; also a comment\n"
                                            "[organisation] ; the organisation itself\n"
                                            "name=ds\n"
                                            "display_name = Delft Support; \xe2\x80\x93 jong = "
                                            "oud ; a comment\n"
                                            "[organisation]\n"
                                            "telephone\t=\t015 1111111   ");
    const struct network_organisation *ds = network_organisation(network, "ds");
    assert_string_equal(ds->display_name, "Delft Support; \xe2\x80\x93 jong = oud");
    assert_string_equal(ds->telephone, "015 1111111");
    assert_int_equal(ds->key_count, 0);
    network_free(network);
}

static void test_organisations_in_the_order_of_names(void **state) {
    (void)state;
    /* In the order of paths kcc-zuid.conf comes before kcc.conf. */
    struct network *network = parse_with("organisations/kcc-zuid.conf",
                                         "[organisation]\nname = kcc-zuid\ndisplay_name = Z\n");
    assert_int_equal(network->organisation_count, 3);
    assert_string_equal(network->organisations[0].name, "kcc");
    assert_string_equal(network->organisations[1].name, "kcc-zuid");
    assert_string_equal(network->organisations[2].name, "werkse");
    assert_string_equal(network->files[0].path, "network.conf");
    assert_string_equal(network->files[1].path, "organisations/kcc-zuid.conf");
    network_free(network);
}

/* ---- Drop-ins ---- */

static void test_drop_ins_replace_in_order(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, "network.conf.d/20-b.conf", "[limits]\nheartbeat = 3s\n");
    sample_network_set(
        &sample, "network.conf.d/10-a.conf",
        "[limits]\nheartbeat = 2s\nitem_attempts = 4\n[broker]\nlisten = tcp://*:1\n");
    sample_network_set(&sample, WERKSE ".d/rotate.conf",
                       "[key endpoint-2027]\npublic_key = " KEY_SPARE "\nroles = endpoint\n"
                       "[organisation]\nleaving = yes\n");
    struct network *network = sample_network_parse(&sample);
    assert_int_equal(network->limits.heartbeat_ms, 3000);
    assert_int_equal(network->limits.item_attempts, 4);
    assert_int_equal(network->listen_count, 1);
    const struct network_organisation *werkse = network_organisation(network, "werkse");
    assert_true(werkse->leaving);
    assert_int_equal(werkse->key_count, 3);
    assert_string_equal(werkse->display_name, "Werkse!");
    network_free(network);
    sample_network_fini(&sample);
}

static void test_drop_in_takes_values_back(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, "network.conf.d/a.conf", "[limits]\nheartbeat =\n");
    sample_network_set(&sample, WERKSE ".d/a.conf",
                       "[organisation]\ntelephone_out_of_hours =\n"
                       "[key coordinator]\npublic_key =\nroles =\n");
    struct network *network = sample_network_parse(&sample);
    const struct network_organisation *werkse = network_organisation(network, "werkse");
    assert_int_equal(network->limits.heartbeat_ms, 20000);
    assert_string_equal(werkse->telephone_out_of_hours, "");
    assert_int_equal(werkse->key_count, 1);
    assert_null(network_key(network, key_of(KEY_WERKSE_COORDINATOR), NULL));
    network_free(network);
    sample_network_fini(&sample);
}

/* ---- Look-ups ---- */

static void test_look_up_organisations(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    assert_string_equal(network_organisation(network, "werkse")->name, "werkse");
    assert_null(network_organisation(network, "werks"));
    assert_null(network_organisation(network, ""));
    assert_null(network_organisation(network, "a-name-longer-than-any-organisation-may-have"));
    network_free(network);
    sample_network_fini(&sample);
}

static void test_look_up_keys(void **state) {
    static const char *const texts[] = {KEY_KCC_ENDPOINT, KEY_KCC_COORDINATOR, KEY_WERKSE_ENDPOINT,
                                        KEY_WERKSE_COORDINATOR};
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct network_organisation *organisation = NULL;
        const struct network_key *key = network_key(network, key_of(texts[i]), &organisation);
        assert_non_null(key);
        assert_key(key->public_key, texts[i]);
        assert_string_equal(organisation->name, i < 2 ? "kcc" : "werkse");
    }
    assert_null(network_key(network, key_of(KEY_SPARE), NULL));
    assert_null(network_key(network, key_of(KEY_KCC_SEALING), NULL));
    assert_null(network_key(network, key_of(KEY_BROKER), NULL));
    network_free(network);
    sample_network_fini(&sample);
}

static void test_look_up_sealing_keys(void **state) {
    uint8_t hash[32];

    (void)state;
    struct network *network =
        parse_with(KCC ".d/next.conf", "[sealing second]\npublic_key = " KEY_SPARE "\n"
                                       "valid_from = 2027-12-01\nvalid_until = 2029-12-01\n");
    const struct network_organisation *kcc = network_organisation(network, "kcc");
    assert_int_equal(kcc->sealing_key_count, 2);
    assert_string_equal(kcc->sealing_keys[0].label, "second"); /* newest first */
    const struct network_sealing_key *first = &kcc->sealing_keys[1];
    crypto_generichash(hash, sizeof hash, key_of(KEY_KCC_SEALING), 32, NULL, 0);
    assert_memory_equal(first->id, hash, 8);

    assert_null(network_sealing_key(kcc, first->id, JANUARY_2026_MS - 1));
    assert_ptr_equal(network_sealing_key(kcc, first->id, JANUARY_2026_MS), first);
    assert_ptr_equal(network_sealing_key(kcc, first->id, JANUARY_2028_MS), first);
    assert_null(network_sealing_key(kcc, first->id, first->valid_until_ms));
    assert_null(
        network_sealing_key(network_organisation(network, "werkse"), first->id, JANUARY_2026_MS));
    network_free(network);
}

static void test_look_up_receipt_keys(void **state) {
    (void)state;
    struct network *network = parse_with("network.conf.d/keys.conf",
                                         "[receipt first]\npublic_key = " KEY_RECEIPT "\n"
                                         "valid_from = 2026-01-01\nvalid_until = 2028-01-01\n"
                                         "[receipt next]\npublic_key = " KEY_RECEIPT_NEXT "\n"
                                         "valid_from = 2027-12-01\nvalid_until = 2029-12-01\n");
    assert_int_equal(network->receipt_key_count, 2);
    assert_string_equal(network->receipt_keys[0].label, "next"); /* newest first */
    const struct network_receipt_key *first = &network->receipt_keys[1];
    assert_memory_equal(first->public_key, key_of(KEY_RECEIPT), 32);
    assert_int_equal(first->valid_from_ms, JANUARY_2026_MS);
    assert_int_equal(first->valid_until_ms, JANUARY_2028_MS);
    assert_string_equal(first->path, "network.conf.d/keys.conf");
    assert_int_equal(first->line, 1);
    assert_ptr_equal(network_receipt_key(network, key_of(KEY_RECEIPT)), first);
    assert_null(network_receipt_key(network, key_of(KEY_SPARE)));
    network_free(network);
}

static void test_a_drop_in_takes_a_receipt_key_away(void **state) {
    (void)state;
    struct network *network =
        parse_with("network.conf.d/keys.conf", "[receipt first]\npublic_key =\nvalid_from =\n");
    assert_int_equal(network->receipt_key_count, 0);
    network_free(network);
}

/* ---- Texts in memory ---- */

static void test_hash_depends_on_files_alone(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    /* In another order: the same network. */
    struct network_file file = sample.files[0];
    sample.files[0] = sample.files[2];
    sample.files[2] = file;
    struct network *same = sample_network_parse(&sample);
    sample_network_replace(&sample, WERKSE, "Werkse!", "Werkse?");
    struct network *other = sample_network_parse(&sample);
    assert_memory_equal(network->hash, same->hash, sizeof network->hash);
    assert_memory_not_equal(network->hash, other->hash, sizeof network->hash);
    network_free(network);
    network_free(same);
    network_free(other);
    sample_network_fini(&sample);
}

/* A ledger may come to a machine that has other time zones: what was in force is read all the same.
 */
static void test_time_zones_are_not_looked_up_in_memory(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_replace(&sample, "network.conf", "Europe/Amsterdam", "Europe/Delft");
    struct network *network = sample_network_parse(&sample);
    assert_string_equal(network->time_zone, "Europe/Delft");
    network_free(network);
    sample_network_fini(&sample);
}

/* ---- Durations ---- */

static void test_durations(void **state) {
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"0s", 0},        {"1ms", 1},      {"20s", 20000},
        {"15m", 900000},  {"15M", 900000}, {"2H", 7200000},
        {"1D", 86400000}, {"007s", 7000},  {"9007199254740991ms", (INT64_C(1) << 53) - 1},
    };
    static const char *const bad[] = {
        "",
        "s",
        "1",
        "1h",
        "1d",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1 s",
        "1.5s",
        "1S",
        "1mss",
        "1s1",
        "0x1s",
        "9007199254740992ms",
        "9223372036854775808ms",
        "18446744073709551617ms",
        "9223372036854775807s",
        "106751991168D",
        "1ms\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t ms = -1;
        assert_true(network_duration(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = -1;
        if (network_duration(bad[i], &ms))
            fail_msg("`%s` was taken for a duration", bad[i]);
        assert_int_equal(ms, -1);
    }
}

static void test_free_of_nothing(void **state) {
    (void)state;
    network_free(NULL);
}

static int sodium_begin(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_the_network),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_limits),
        cmocka_unit_test(test_default_policies_about_time),
        cmocka_unit_test(test_all_policies_about_time),
        cmocka_unit_test(test_values_of_an_organisation),
        cmocka_unit_test(test_form_is_forgiving_where_it_can_be),
        cmocka_unit_test(test_organisations_in_the_order_of_names),
        cmocka_unit_test(test_drop_ins_replace_in_order),
        cmocka_unit_test(test_drop_in_takes_values_back),
        cmocka_unit_test(test_look_up_organisations),
        cmocka_unit_test(test_look_up_keys),
        cmocka_unit_test(test_look_up_sealing_keys),
        cmocka_unit_test(test_look_up_receipt_keys),
        cmocka_unit_test(test_a_drop_in_takes_a_receipt_key_away),
        cmocka_unit_test(test_hash_depends_on_files_alone),
        cmocka_unit_test(test_time_zones_are_not_looked_up_in_memory),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_free_of_nothing),
    };

    return cmocka_run_group_tests_name("network", tests, sodium_begin, NULL);
}
