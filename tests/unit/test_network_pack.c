/* The ledger's copy of a network, and organisations that left. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/network_z85.h"
#include "network_samples.h"

#define KCC    "organisations/kcc.conf"
#define WERKSE "organisations/werkse.conf"

static const uint8_t *key_of(const char *text) {
    static uint8_t key[NETWORK_KEY_SIZE];

    assert_true(network_z85_parse(text, key));
    return key;
}

/* ---- Pack and unpack ---- */

/* Packed for the ledger, and out of it again. To be freed. */
static struct network *through_the_ledger(const struct network *network) {
    struct network *unpacked = NULL;
    struct failure failure;
    uint8_t *bytes = NULL;
    size_t size = 0;

    assert_int_equal(network_pack(network, &bytes, &size), 0);
    assert_int_equal(network_unpack(bytes, size, &unpacked, &failure), 0);
    assert_memory_equal(unpacked->hash, network->hash, sizeof network->hash);
    free(bytes);
    return unpacked;
}

static void test_unpack_gives_what_was_packed(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, WERKSE ".d/a.conf", "[organisation]\ntelephone = 015\n");
    struct network *network = sample_network_parse(&sample);
    struct network *unpacked = through_the_ledger(network);
    assert_int_equal(unpacked->file_count, 4);
    assert_string_equal(network_organisation(unpacked, "werkse")->telephone, "015");
    assert_non_null(network_key(unpacked, key_of(KEY_WERKSE_ENDPOINT), NULL));
    network_free(unpacked);
    network_free(network);
    sample_network_fini(&sample);
}

/* Every truncation and every single changed byte is a network or -EBADMSG, never a crash. */
static void test_unpack_of_damaged_bytes(void **state) {
    struct sample_network sample;
    struct network *unpacked = NULL;
    struct failure failure;
    uint8_t *bytes = NULL;
    size_t size = 0;

    (void)state;
    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    assert_int_equal(network_pack(network, &bytes, &size), 0);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(network_unpack(bytes, cut, &unpacked, &failure), -EBADMSG);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 0x55;
        int result = network_unpack(bytes, size, &unpacked, &failure);
        assert_true(result == 0 || result == -EBADMSG);
        if (result == 0)
            network_free(unpacked);
        bytes[at] ^= 0x55;
    }
    network_free(network);
    free(bytes);
    sample_network_fini(&sample);
}

/* ---- Leaving ---- */

/* The network without werkse, and werkse as it was in another. */
static struct network *leave(const struct sample_network *files,
                             const struct network_organisation *kept) {
    struct network *network = sample_network_parse(files);
    struct network *ret = NULL;

    assert_int_equal(network_with_leaving(network, kept, &ret), 0);
    network_free(network);
    return ret;
}

static void test_with_leaving(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_replace(&sample, WERKSE, "name = werkse\n", "name = werkse\ncrisis = yes\n");
    struct network *before = sample_network_parse(&sample);
    const struct network_organisation *kept = network_organisation(before, "werkse");
    sample_network_set(&sample, WERKSE, NULL);
    struct network *network = leave(&sample, kept);

    const struct network_organisation *werkse = network_organisation(network, "werkse");
    assert_true(werkse->leaving);
    assert_true(werkse->crisis);
    assert_string_equal(werkse->display_name, kept->display_name);
    assert_string_equal(werkse->telephone, kept->telephone);
    assert_string_equal(werkse->telephone_out_of_hours, "112");
    assert_int_equal(werkse->key_count, 2);
    assert_memory_equal(werkse->keys, kept->keys, 2 * sizeof *kept->keys);
    assert_int_equal(werkse->sealing_key_count, 1);
    assert_memory_equal(werkse->sealing_keys, kept->sealing_keys, sizeof *kept->sealing_keys);
    assert_non_null(network_key(network, key_of(KEY_WERKSE_ENDPOINT), NULL));
    assert_int_equal(network->organisation_count, 2);
    network_free(network);
    network_free(before);
    sample_network_fini(&sample);
}

/* The copy stands by itself: it can be packed for the ledger, and outlives what it came from. */
static void test_with_leaving_can_be_packed(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *before = sample_network_parse(&sample);
    sample_network_set(&sample, WERKSE, NULL);
    struct network *network = leave(&sample, network_organisation(before, "werkse"));
    network_free(before);
    struct network *unpacked = through_the_ledger(network);
    assert_true(network_organisation(unpacked, "werkse")->leaving);
    network_free(unpacked);
    network_free(network);
    sample_network_fini(&sample);
}

static void test_with_leaving_leaves_out_keys_that_others_have(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *before = sample_network_parse(&sample);
    sample_network_set(&sample, WERKSE, NULL);
    sample_network_replace(&sample, KCC, KEY_KCC_ENDPOINT, KEY_WERKSE_ENDPOINT);
    sample_network_replace(&sample, KCC, KEY_KCC_SEALING, KEY_WERKSE_SEALING);
    struct network *network = leave(&sample, network_organisation(before, "werkse"));
    const struct network_organisation *werkse = network_organisation(network, "werkse");
    const struct network_organisation *owner = NULL;
    assert_int_equal(werkse->key_count, 1);
    assert_string_equal(werkse->keys[0].label, "coordinator");
    assert_int_equal(werkse->sealing_key_count, 0);
    assert_non_null(network_key(network, key_of(KEY_WERKSE_ENDPOINT), &owner));
    assert_string_equal(owner->name, "kcc");
    network_free(network);
    network_free(before);
    sample_network_fini(&sample);
}

/* Who coordinated before and left no longer operates the broker. */
static void test_with_leaving_of_the_coordinating_organisation(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    struct network *before = sample_network_parse(&sample);
    sample_network_set(&sample, KCC, NULL);
    sample_network_replace(&sample, "network.conf", "coordinating = kcc", "coordinating = werkse");
    struct network *network = leave(&sample, network_organisation(before, "kcc"));
    const struct network_organisation *kcc = network_organisation(network, "kcc");
    assert_int_equal(kcc->key_count, 2);
    assert_int_equal(kcc->keys[1].roles, NETWORK_COORDINATOR);
    network_free(network);
    network_free(before);
    sample_network_fini(&sample);
}

static void test_with_leaving_keeps_any_name(void **state) {
    static const char *const names[] = {";",   "a; b", "[key x]",
                                        "= x", "#1",   "\xe2\x80\x9cWij\xe2\x80\x9d"};
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct network_organisation kept = {.name = "gone"};
        strcpy(kept.display_name, names[i]);
        struct network *network = leave(&sample, &kept);
        assert_string_equal(network_organisation(network, "gone")->display_name, names[i]);
        network_free(network);
    }
    sample_network_fini(&sample);
}

static int sodium_begin(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack_gives_what_was_packed),
        cmocka_unit_test(test_unpack_of_damaged_bytes),
        cmocka_unit_test(test_with_leaving),
        cmocka_unit_test(test_with_leaving_can_be_packed),
        cmocka_unit_test(test_with_leaving_leaves_out_keys_that_others_have),
        cmocka_unit_test(test_with_leaving_of_the_coordinating_organisation),
        cmocka_unit_test(test_with_leaving_keeps_any_name),
    };

    return cmocka_run_group_tests_name("network_pack", tests, sodium_begin, NULL);
}
