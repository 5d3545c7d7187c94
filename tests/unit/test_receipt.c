/* Receipts: vectors that a second implementation made, and every way in which one can be wrong.
 *
 * The vectors come from Python: msgpack.packb, and nacl.signing.SigningKey of the seed 0, 1, … 31.
 */
#include "broker/receipt.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

/* clang-format off */
static const char vector_with_hash[] =
    "93b1686f75766173742d726563656970742d31c501319ed92430303031303230332d303430352d303630372d"
    "303830392d306130623063306430653066a564656c6674d92431303131313231332d313431352d313631372d"
    "313831392d316131623163316431653166d92432303231323232332d323432352d323632372d323832392d32"
    "6132623263326432653266d92e72312e41414141414141414141414141414141414141414141414141414141"
    "41414141414141414141414141415fa36b6363a8612e6a616e73656ea67765726b7365aa625f64652d767269"
    "657393cf000001a0c4506c00a776697369746564a87265736964656e74c420c8c9cacbcccdcecfd0d1d2d3d4"
    "d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7cf000001a0c45070d22ac4206465666768696a6b6c6d6e6f70"
    "7172737475767778797a7b7c7d7e7f80818283c440d7d89c78a4d5238e85617593127a4c3d1a687dbe85f9cc"
    "602705a219a86316cf05a1569ab5092cd3af608db33dec5fc247c24a4b6d047408f134132d3b583605";
static const char vector_without_hash[] =
    "93b1686f75766173742d726563656970742d31c501119ed92430303031303230332d303430352d303630372d"
    "303830392d306130623063306430653066a564656c6674d92431303131313231332d313431352d313631372d"
    "313831392d316131623163316431653166d92432303231323232332d323432352d323632372d323832392d32"
    "6132623263326432653266d92e72312e41414141414141414141414141414141414141414141414141414141"
    "41414141414141414141414141415fa36b6363a8612e6a616e73656ea67765726b7365aa625f64652d767269"
    "657393cf000001a0c4506c00a776697369746564a87265736964656e74c400cf000001a0c45070d22ac42064"
    "65666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283c440a0dc78f862ce26b0add11a"
    "333b217bdda3e8d80c59812d302268ae8e0a656b1da374d698dfa99430dc3421d80cfcd85ce059459d713700"
    "a8997807576a4a2501";
static const char vector_public[] = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
/* Of the CURVE secret 50, 51, … 81. */
static const char vector_derived[] = "bbcd7e5bcddb3ccf05d8e17210bd87e25a633e61242e64e67d7a949febf54893";
/* clang-format on */

struct bytes {
    uint8_t at[RECEIPT_SIZE_MAX + 64];
    size_t size;
};

static struct bytes bytes_of(const char *hex) {
    struct bytes bytes;

    assert_int_equal(
        sodium_hex2bin(bytes.at, sizeof bytes.at, hex, strlen(hex), NULL, &bytes.size, NULL), 0);
    return bytes;
}

static void count_up(uint8_t *bytes, size_t size, uint8_t from) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(from + i);
}

static struct receipt_pair pair_of_vectors(void) {
    struct receipt_pair pair;
    uint8_t seed[32];

    count_up(seed, sizeof seed, 0);
    receipt_pair_of_seed(seed, &pair);
    return pair;
}

static struct receipt receipt_of_vectors(bool has_hash) {
    struct receipt receipt = {
        .network = "delft",
        .resident = "r1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_",
        .from = {.organisation = "kcc", .begeleider = "a.jansen"},
        .to = {.organisation = "werkse", .begeleider = "b_de-vries"},
        .contact = {.on = 1790000000000, .how = HV_CONTACT_VISITED, .with = HV_CONTACT_RESIDENT},
        .has_dossier_hash = has_hash,
        .at = 1790000001234,
        .seq = 42,
    };

    count_up(receipt.ledger.bytes, 16, 0);
    count_up(receipt.handover.bytes, 16, 0x10);
    count_up(receipt.journey.bytes, 16, 0x20);
    count_up(receipt.head, 32, 100);
    if (has_hash)
        count_up(receipt.dossier_hash, 32, 200);
    return receipt;
}

static void assert_same(const struct receipt *one, const struct receipt *other) {
    assert_memory_equal(&one->ledger, &other->ledger, sizeof one->ledger);
    assert_string_equal(one->network, other->network);
    assert_memory_equal(&one->handover, &other->handover, sizeof one->handover);
    assert_memory_equal(&one->journey, &other->journey, sizeof one->journey);
    assert_string_equal(one->resident, other->resident);
    assert_string_equal(one->from.organisation, other->from.organisation);
    assert_string_equal(one->from.begeleider, other->from.begeleider);
    assert_string_equal(one->to.organisation, other->to.organisation);
    assert_string_equal(one->to.begeleider, other->to.begeleider);
    assert_int_equal(one->contact.on, other->contact.on);
    assert_int_equal(one->contact.how, other->contact.how);
    assert_int_equal(one->contact.with, other->contact.with);
    assert_int_equal(one->has_dossier_hash, other->has_dossier_hash);
    assert_memory_equal(one->dossier_hash, other->dossier_hash, sizeof one->dossier_hash);
    assert_int_equal(one->at, other->at);
    assert_int_equal(one->seq, other->seq);
    assert_memory_equal(one->head, other->head, sizeof one->head);
}

/* ---- Two implementations ---- */

static void test_the_vectors_are_made_byte_for_byte(void **state) {
    static const char *const vectors[] = {vector_without_hash, vector_with_hash};
    const struct receipt_pair pair = pair_of_vectors();

    (void)state;
    assert_memory_equal(pair.public_key, bytes_of(vector_public).at, sizeof pair.public_key);
    for (int has_hash = 0; has_hash < 2; has_hash++) {
        const struct receipt receipt = receipt_of_vectors(has_hash);
        const struct bytes wanted = bytes_of(vectors[has_hash]);
        uint8_t made[RECEIPT_SIZE_MAX];
        size_t size = 0;
        assert_int_equal(receipt_make(&receipt, &pair, made, &size), 0);
        assert_int_equal(size, wanted.size);
        assert_memory_equal(made, wanted.at, size);
    }
}

static void test_the_vectors_are_read_and_good(void **state) {
    static const char *const vectors[] = {vector_without_hash, vector_with_hash};
    const struct receipt_pair pair = pair_of_vectors();

    (void)state;
    for (int has_hash = 0; has_hash < 2; has_hash++) {
        const struct bytes bytes = bytes_of(vectors[has_hash]);
        const struct receipt wanted = receipt_of_vectors(has_hash);
        struct receipt receipt;
        assert_int_equal(receipt_check(bytes.at, bytes.size, pair.public_key, &receipt), 0);
        assert_same(&receipt, &wanted);
        assert_int_equal(receipt_read(bytes.at, bytes.size, &receipt), 0);
        assert_same(&receipt, &wanted);
    }
}

static void test_a_key_follows_from_the_brokers(void **state) {
    struct receipt_pair pair;
    uint8_t secret[32];

    (void)state;
    count_up(secret, sizeof secret, 50);
    receipt_pair_derive(secret, &pair);
    assert_memory_equal(pair.public_key, bytes_of(vector_derived).at, sizeof pair.public_key);
}

/* ---- What is not good ---- */

static void test_another_key_did_not_sign_it(void **state) {
    const struct bytes bytes = bytes_of(vector_with_hash);
    struct receipt receipt, untouched;
    struct receipt_pair other;
    uint8_t secret[32] = {1};

    (void)state;
    receipt_pair_derive(secret, &other);
    memset(&receipt, 0x5a, sizeof receipt);
    memcpy(&untouched, &receipt, sizeof receipt);
    assert_int_equal(receipt_check(bytes.at, bytes.size, other.public_key, &receipt),
                     -EKEYREJECTED);
    assert_memory_equal(&receipt, &untouched, sizeof receipt);
}

static void test_no_bit_can_be_turned(void **state) {
    const struct receipt_pair pair = pair_of_vectors();
    struct bytes bytes = bytes_of(vector_with_hash);
    struct receipt receipt;

    (void)state;
    for (size_t i = 0; i < 8 * bytes.size; i++) {
        bytes.at[i / 8] ^= (uint8_t)(1U << i % 8);
        const int rc = receipt_check(bytes.at, bytes.size, pair.public_key, &receipt);
        assert_true(rc == -EBADMSG || rc == -EKEYREJECTED);
        bytes.at[i / 8] ^= (uint8_t)(1U << i % 8);
    }
}

/* A copy of exactly this size, so that reading past it is found out. */
static int read_copy(const void *bytes, size_t size) {
    struct receipt receipt;
    void *copy = malloc(size > 0 ? size : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    const int rc = receipt_read(copy, size, &receipt);
    free(copy);
    return rc;
}

static void test_it_is_whole_or_nothing(void **state) {
    struct bytes bytes = bytes_of(vector_with_hash);

    (void)state;
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(read_copy(bytes.at, size), -EBADMSG);
    bytes.at[bytes.size] = 0;
    assert_int_equal(read_copy(bytes.at, bytes.size + 1), -EBADMSG);
    assert_int_equal(read_copy("\xdd\xff\xff\xff\xff", 5), -EBADMSG);
}

/* The payload of a vector, with one element in another form. Packs nil for element `at`. */
static void spoil(size_t at, size_t elements, msgpack_sbuffer *ret_whole) {
    const struct bytes bytes = bytes_of(vector_with_hash);
    msgpack_unpacked whole, payload;
    msgpack_sbuffer inner;
    msgpack_packer packer;

    msgpack_unpacked_init(&whole);
    msgpack_unpacked_init(&payload);
    assert_int_equal(msgpack_unpack_next(&whole, (const char *)bytes.at, bytes.size, NULL),
                     MSGPACK_UNPACK_SUCCESS);
    const msgpack_object *parts = whole.data.via.array.ptr;
    assert_int_equal(
        msgpack_unpack_next(&payload, parts[1].via.bin.ptr, parts[1].via.bin.size, NULL),
        MSGPACK_UNPACK_SUCCESS);
    msgpack_sbuffer_init(&inner);
    msgpack_packer_init(&packer, &inner, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, elements);
    for (size_t i = 0; i < elements; i++) {
        if (i == at || i >= payload.data.via.array.size)
            msgpack_pack_nil(&packer);
        else
            msgpack_pack_object(&packer, payload.data.via.array.ptr[i]);
    }
    msgpack_packer_init(&packer, ret_whole, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 3);
    msgpack_pack_object(&packer, parts[0]);
    msgpack_pack_bin(&packer, inner.size);
    msgpack_pack_bin_body(&packer, inner.data, inner.size);
    msgpack_pack_object(&packer, parts[2]);
    msgpack_sbuffer_destroy(&inner);
    msgpack_unpacked_destroy(&payload);
    msgpack_unpacked_destroy(&whole);
}

static void test_every_element_has_its_form(void **state) {
    (void)state;
    for (size_t at = 0; at < 16; at++) {
        /* 14: none is spoilt; 15: one is missing, then one too many. */
        for (size_t elements = 13; elements <= 15; elements++) {
            msgpack_sbuffer whole;
            msgpack_sbuffer_init(&whole);
            spoil(at, elements, &whole);
            const bool sound = elements == 14 && at >= 14;
            assert_int_equal(read_copy(whole.data, whole.size), sound ? 0 : -EBADMSG);
            msgpack_sbuffer_destroy(&whole);
        }
    }
}

/* The longest that names can be stays within what the wire allows. */
static void test_the_longest_receipt_fits(void **state) {
    const struct receipt_pair pair = pair_of_vectors();
    struct receipt receipt = receipt_of_vectors(true), back;
    uint8_t bytes[RECEIPT_SIZE_MAX];
    size_t size = 0;

    (void)state;
    memset(receipt.network, 'n', sizeof receipt.network - 1);
    memset(receipt.from.organisation, 'o', sizeof receipt.from.organisation - 1);
    memset(receipt.from.begeleider, 'b', sizeof receipt.from.begeleider - 1);
    memset(receipt.to.organisation, 'o', sizeof receipt.to.organisation - 1);
    memset(receipt.to.begeleider, 'b', sizeof receipt.to.begeleider - 1);
    receipt.contact.how = HV_CONTACT_WITH_SENDER;
    receipt.contact.with = HV_CONTACT_REPRESENTATIVE;
    receipt.contact.on = receipt.at = receipt.seq = HV_INTEGER_MAX;
    assert_int_equal(receipt_make(&receipt, &pair, bytes, &size), 0);
    assert_in_range(size, 600, RECEIPT_SIZE_MAX);
    assert_int_equal(receipt_check(bytes, size, pair.public_key, &back), 0);
    assert_same(&back, &receipt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_are_made_byte_for_byte),
        cmocka_unit_test(test_the_vectors_are_read_and_good),
        cmocka_unit_test(test_a_key_follows_from_the_brokers),
        cmocka_unit_test(test_another_key_did_not_sign_it),
        cmocka_unit_test(test_no_bit_can_be_turned),
        cmocka_unit_test(test_it_is_whole_or_nothing),
        cmocka_unit_test(test_every_element_has_its_form),
        cmocka_unit_test(test_the_longest_receipt_fits),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
