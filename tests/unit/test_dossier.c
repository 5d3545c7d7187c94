/* Dossiers: what is sealed for a receiver opens with the receiver's key and with nothing else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "houvast/houvast.h"

static const char story[] = "Mevrouw vraagt hulp bij de belastingtoeslag.";

struct sealed {
    struct hv_sealing_pair pair;
    uint8_t *frame;
    size_t size;
};

static struct sealed seal(const void *text, size_t size) {
    struct sealed sealed;
    hv_sealing_pair_new(&sealed.pair);
    assert_int_equal(
        hv_dossier_seal(sealed.pair.public_key, text, size, &sealed.frame, &sealed.size), 0);
    return sealed;
}

/* What went in comes out, with a NUL behind it that is not counted. */
static void test_opens(void **state) {
    (void)state;
    struct sealed sealed = seal(story, strlen(story));
    assert_int_equal(sealed.size, strlen(story) + HV_DOSSIER_OVERHEAD);
    uint8_t *text;
    size_t size;
    assert_int_equal(hv_dossier_open(&sealed.pair, 1, sealed.frame, sealed.size, &text, &size), 0);
    assert_int_equal(size, strlen(story));
    assert_string_equal((char *)text, story);
    free(text);
    free(sealed.frame);
}

static void test_empty(void **state) {
    (void)state;
    struct sealed sealed = seal(NULL, 0);
    uint8_t *text;
    size_t size = 1;
    assert_int_equal(hv_dossier_open(&sealed.pair, 1, sealed.frame, sealed.size, &text, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(text[0], '\0');
    free(text);
    free(sealed.frame);
}

/* The frame names the key by the first 8 bytes of its BLAKE2b-256, so that a receiver with several
 * keys need not try them all. */
static void test_names_its_key(void **state) {
    (void)state;
    struct sealed sealed = seal(story, strlen(story));
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, sealed.pair.public_key, HV_KEY_SIZE, NULL, 0);
    assert_memory_equal(sealed.frame, hash, 8);
    free(sealed.frame);
}

/* After a rotation the older key still opens what was sealed for it. */
static void test_several_keys(void **state) {
    (void)state;
    struct sealed sealed = seal(story, strlen(story));
    struct hv_sealing_pair pairs[3];
    hv_sealing_pair_new(&pairs[0]);
    hv_sealing_pair_new(&pairs[1]);
    pairs[2] = sealed.pair;
    uint8_t *text = NULL;
    size_t size = 77;
    assert_int_equal(hv_dossier_open(pairs, 2, sealed.frame, sealed.size, &text, &size),
                     HV_BAD_KEY);
    assert_null(text);
    assert_int_equal(size, 77);
    assert_int_equal(hv_dossier_open(pairs, 3, sealed.frame, sealed.size, &text, &size), 0);
    assert_int_equal(size, strlen(story));
    free(text);
    free(sealed.frame);
}

/* Any damage is found, also to the key's id, and a frame that is cut short. */
static void test_damage(void **state) {
    (void)state;
    struct sealed sealed = seal(story, strlen(story));
    uint8_t *text;
    size_t size;
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.frame[i] ^= 1;
        assert_int_equal(hv_dossier_open(&sealed.pair, 1, sealed.frame, sealed.size, &text, &size),
                         HV_BAD_KEY);
        sealed.frame[i] ^= 1;
        assert_int_equal(hv_dossier_open(&sealed.pair, 1, sealed.frame, i, &text, &size),
                         HV_BAD_KEY);
    }
    free(sealed.frame);
}

/* A dossier that another program sealed, following the contract and not this library. */
static void test_from_elsewhere(void **state) {
    (void)state;
    struct hv_sealing_pair pair;
    for (uint8_t i = 0; i < HV_KEY_SIZE; i++)
        pair.secret_key[i] = i;
    crypto_scalarmult_base(pair.public_key, pair.secret_key);
    static const uint8_t frame[] = {
        0x57, 0xad, 0xdc, 0xd5, 0x6c, 0xef, 0xb4, 0x26, /* the id of the key */
        0xa4, 0x70, 0x78, 0x7a, 0x08, 0x93, 0xe7, 0x40, 0x22, 0x59, 0xbc, 0x44, 0x65, 0x4a,
        0x5f, 0xa9, 0x94, 0xdc, 0xb4, 0xf0, 0x20, 0xed, 0xc2, 0x86, 0x7b, 0x59, 0x89, 0x8e,
        0x6e, 0xc5, 0xd5, 0x1d, 0xef, 0x56, 0x80, 0xc4, 0xf5, 0xc2, 0xb4, 0x3e, 0x34, 0x31,
        0x65, 0x59, 0xb5, 0x0b, 0xa1, 0xd4, 0xe4, 0xfd, 0x49, 0x4a, 0xe7};
    uint8_t *text;
    size_t size;
    assert_int_equal(hv_dossier_open(&pair, 1, frame, sizeof frame, &text, &size), 0);
    assert_string_equal((char *)text, "Hallo");
    free(text);
}

/* The largest frame is 1 MiB; a byte more is refused before anything is made. */
static void test_largest(void **state) {
    (void)state;
    size_t most = HV_DOSSIER_FRAME_MAX - HV_DOSSIER_OVERHEAD;
    char *text = calloc(1, most + 1);
    struct sealed sealed = seal(text, most);
    assert_int_equal(sealed.size, HV_DOSSIER_FRAME_MAX);
    uint8_t *frame = NULL;
    size_t size = 77;
    assert_int_equal(hv_dossier_seal(sealed.pair.public_key, text, most + 1, &frame, &size),
                     -EFBIG);
    assert_null(frame);
    assert_int_equal(size, 77);
    free(sealed.frame);
    free(text);
}

/* A key that nobody can have, as its box would open for everybody. */
static void test_weak_key(void **state) {
    (void)state;
    static const uint8_t weak[HV_KEY_SIZE];
    uint8_t *frame = NULL;
    size_t size;
    assert_int_equal(hv_dossier_seal(weak, story, strlen(story), &frame, &size), HV_BAD_KEY);
    assert_null(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens),         cmocka_unit_test(test_empty),
        cmocka_unit_test(test_names_its_key), cmocka_unit_test(test_several_keys),
        cmocka_unit_test(test_damage),        cmocka_unit_test(test_from_elsewhere),
        cmocka_unit_test(test_largest),       cmocka_unit_test(test_weak_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
