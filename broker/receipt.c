/* Receipts: signed proof that a resident has arrived, which anyone can check offline. */
#include "broker/receipt.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "schemas/wire/wire.h"

static const char receipt_form[] = "houvast-receipt-1";
static const char seed_purpose[] = "houvast receipt key";

#define RECEIPT_DEPTH    2 /* of receipt and payload alike */
#define RECEIPT_ELEMENTS 3
#define PAYLOAD_ELEMENTS 14
#define CONTACT_ELEMENTS 3

static_assert(RECEIPT_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519 as libsodium has it");
static_assert(RECEIPT_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519 as libsodium has it");

/* ---- Keys ---- */

void receipt_pair_of_seed(const uint8_t seed[32], struct receipt_pair *ret_pair) {
    (void)crypto_sign_seed_keypair(ret_pair->public_key, ret_pair->secret_key, seed);
}

void receipt_pair_derive(const uint8_t broker_secret[32], struct receipt_pair *ret_pair) {
    uint8_t seed[crypto_sign_SEEDBYTES];

    (void)crypto_generichash(seed, sizeof seed, (const uint8_t *)seed_purpose, strlen(seed_purpose),
                             broker_secret, 32);
    receipt_pair_of_seed(seed, ret_pair);
    sodium_memzero(seed, sizeof seed);
}

void receipt_pair_wipe(struct receipt_pair *pair) {
    sodium_memzero(pair, sizeof *pair);
}

/* ---- Making ---- */

/* Failures of the packer are failures of memory: they add up here. */
struct writer {
    msgpack_packer packer;
    int failed;
};

static void write_text(struct writer *writer, const char *text) {
    const size_t size = strlen(text);

    writer->failed |= msgpack_pack_str(&writer->packer, size);
    writer->failed |= msgpack_pack_str_body(&writer->packer, text, size);
}

static void write_bytes(struct writer *writer, const void *bytes, size_t size) {
    writer->failed |= msgpack_pack_bin(&writer->packer, size);
    writer->failed |= msgpack_pack_bin_body(&writer->packer, bytes, size);
}

static void write_uuid(struct writer *writer, const struct hv_uuid *uuid) {
    char text[WIRE_UUID_TEXT_SIZE];

    wire_uuid_text(uuid, text);
    write_text(writer, text);
}

static void write_number(struct writer *writer, int64_t number) {
    assert(number >= 0 && number <= HV_INTEGER_MAX);
    writer->failed |= msgpack_pack_int64(&writer->packer, number);
}

static void write_list(struct writer *writer, size_t count) {
    writer->failed |= msgpack_pack_array(&writer->packer, count);
}

static void write_holder(struct writer *writer, const struct hv_holder *holder) {
    write_text(writer, holder->organisation);
    write_text(writer, holder->begeleider);
}

static void write_contact(struct writer *writer, const struct hv_contact *contact) {
    write_list(writer, CONTACT_ELEMENTS);
    write_number(writer, contact->on);
    write_text(writer, wire_word_text(&wire_vocabulary_contact_how, (int)contact->how));
    write_text(writer, wire_word_text(&wire_vocabulary_contact_with, (int)contact->with));
}

static int payload_write(const struct receipt *receipt, msgpack_sbuffer *buffer) {
    struct writer writer = {0};

    msgpack_packer_init(&writer.packer, buffer, msgpack_sbuffer_write);
    write_list(&writer, PAYLOAD_ELEMENTS);
    write_uuid(&writer, &receipt->ledger);
    write_text(&writer, receipt->network);
    write_uuid(&writer, &receipt->handover);
    write_uuid(&writer, &receipt->journey);
    write_text(&writer, receipt->resident);
    write_holder(&writer, &receipt->from);
    write_holder(&writer, &receipt->to);
    write_contact(&writer, &receipt->contact);
    /* No dossier has no hash: no bytes, because nil never stands for something else. */
    write_bytes(&writer, receipt->dossier_hash,
                receipt->has_dossier_hash ? sizeof receipt->dossier_hash : 0);
    write_number(&writer, receipt->at);
    write_number(&writer, receipt->seq);
    write_bytes(&writer, receipt->head, sizeof receipt->head);
    return writer.failed ? -ENOMEM : 0;
}

static int signed_write(const msgpack_sbuffer *payload, const struct receipt_pair *pair,
                        msgpack_sbuffer *buffer) {
    struct writer writer = {0};
    uint8_t signature[crypto_sign_BYTES];

    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)payload->data, payload->size,
                               pair->secret_key);
    msgpack_packer_init(&writer.packer, buffer, msgpack_sbuffer_write);
    write_list(&writer, RECEIPT_ELEMENTS);
    write_text(&writer, receipt_form);
    write_bytes(&writer, payload->data, payload->size);
    write_bytes(&writer, signature, sizeof signature);
    return writer.failed ? -ENOMEM : 0;
}

int receipt_make(const struct receipt *receipt, const struct receipt_pair *pair,
                 uint8_t ret_bytes[RECEIPT_SIZE_MAX], size_t *ret_size) {
    msgpack_sbuffer payload, whole;

    msgpack_sbuffer_init(&payload);
    msgpack_sbuffer_init(&whole);
    int rc = payload_write(receipt, &payload);
    if (rc == 0)
        rc = signed_write(&payload, pair, &whole);
    if (rc == 0) {
        assert(whole.size <= RECEIPT_SIZE_MAX);
        memcpy(ret_bytes, whole.data, whole.size);
        *ret_size = whole.size;
    }
    msgpack_sbuffer_destroy(&payload);
    msgpack_sbuffer_destroy(&whole);
    return rc;
}

/* ---- Reading ---- */

/* Goes through the elements of an array; remembers that one of them was not what it must be. */
struct reader {
    const msgpack_object *next;
    bool broken;
};

static const msgpack_object *read_next(struct reader *reader, msgpack_object_type type) {
    const msgpack_object *object = reader->next++;

    if (object->type == type)
        return object;
    reader->broken = true;
    return NULL;
}

static void read_text(struct reader *reader, bool (*fits)(const char *text, size_t size),
                      char *ret_text, size_t room) {
    const msgpack_object *object = read_next(reader, MSGPACK_OBJECT_STR);

    if (object && object->via.str.size < room && fits(object->via.str.ptr, object->via.str.size)) {
        memcpy(ret_text, object->via.str.ptr, object->via.str.size);
        ret_text[object->via.str.size] = '\0';
    } else {
        reader->broken = true;
    }
}

static void read_uuid(struct reader *reader, struct hv_uuid *ret_uuid) {
    const msgpack_object *object = read_next(reader, MSGPACK_OBJECT_STR);

    if (object && !wire_uuid_parse(object->via.str.ptr, object->via.str.size, ret_uuid))
        reader->broken = true;
}

static int64_t read_number(struct reader *reader) {
    const msgpack_object *object = read_next(reader, MSGPACK_OBJECT_POSITIVE_INTEGER);

    if (object && object->via.u64 <= (uint64_t)HV_INTEGER_MAX)
        return (int64_t)object->via.u64;
    reader->broken = true;
    return 0;
}

static int read_word(struct reader *reader, const struct wire_vocabulary *vocabulary) {
    const msgpack_object *object = read_next(reader, MSGPACK_OBJECT_STR);
    const int number =
        object ? wire_word_number(vocabulary, object->via.str.ptr, object->via.str.size) : 0;

    reader->broken = reader->broken || number == 0;
    return number;
}

static void read_hash(struct reader *reader, bool *ret_has, uint8_t ret_hash[32]) {
    const msgpack_object *object = read_next(reader, MSGPACK_OBJECT_BIN);
    const uint32_t size = object ? object->via.bin.size : 0;

    if (ret_has)
        *ret_has = size > 0;
    if (size == 32)
        memcpy(ret_hash, object->via.bin.ptr, 32);
    else
        reader->broken = reader->broken || size != 0 || !ret_has;
}

static void read_holder(struct reader *reader, struct hv_holder *ret_holder) {
    read_text(reader, wire_is_code, ret_holder->organisation, sizeof ret_holder->organisation);
    read_text(reader, wire_is_person, ret_holder->begeleider, sizeof ret_holder->begeleider);
}

static void read_contact(struct reader *reader, struct hv_contact *ret_contact) {
    const msgpack_object *object = read_next(reader, MSGPACK_OBJECT_ARRAY);

    if (!object || object->via.array.size != CONTACT_ELEMENTS) {
        reader->broken = true;
        return;
    }
    struct reader within = {.next = object->via.array.ptr};
    ret_contact->on = read_number(&within);
    ret_contact->how = (enum hv_contact_how)read_word(&within, &wire_vocabulary_contact_how);
    ret_contact->with = (enum hv_contact_with)read_word(&within, &wire_vocabulary_contact_with);
    reader->broken = reader->broken || within.broken;
}

/* Exactly one array of so many elements. 0, -EBADMSG or -ENOMEM. */
static int array_unpack(const void *bytes, size_t size, uint32_t elements, msgpack_zone *zone,
                        struct reader *ret_reader) {
    enum hv_refusal code;
    const char *reason;
    msgpack_object object;
    size_t at = 0;

    if (size > RECEIPT_SIZE_MAX || wire_check(bytes, size, RECEIPT_DEPTH, &code, &reason) < 0)
        return -EBADMSG;
    if (msgpack_unpack(bytes, size, &at, zone, &object) != MSGPACK_UNPACK_SUCCESS)
        return -ENOMEM; /* the bounded check passed: memory is all that can be wanting */
    if (object.type != MSGPACK_OBJECT_ARRAY || object.via.array.size != elements)
        return -EBADMSG;
    *ret_reader = (struct reader){.next = object.via.array.ptr};
    return 0;
}

static int payload_read(const msgpack_object_bin *payload, msgpack_zone *zone,
                        struct receipt *ret_receipt) {
    struct reader reader;
    struct receipt receipt = {0};
    const int rc = array_unpack(payload->ptr, payload->size, PAYLOAD_ELEMENTS, zone, &reader);

    if (rc < 0)
        return rc;
    read_uuid(&reader, &receipt.ledger);
    read_text(&reader, wire_is_code, receipt.network, sizeof receipt.network);
    read_uuid(&reader, &receipt.handover);
    read_uuid(&reader, &receipt.journey);
    read_text(&reader, wire_is_resident, receipt.resident, sizeof receipt.resident);
    read_holder(&reader, &receipt.from);
    read_holder(&reader, &receipt.to);
    read_contact(&reader, &receipt.contact);
    read_hash(&reader, &receipt.has_dossier_hash, receipt.dossier_hash);
    receipt.at = read_number(&reader);
    receipt.seq = read_number(&reader);
    read_hash(&reader, NULL, receipt.head);
    if (reader.broken)
        return -EBADMSG;
    *ret_receipt = receipt;
    return 0;
}

static bool is_form(const msgpack_object *object) {
    return object && object->via.str.size == strlen(receipt_form) &&
           memcmp(object->via.str.ptr, receipt_form, strlen(receipt_form)) == 0;
}

/* `public_key` NULL: whoever signed it. */
static int whole_read(const void *bytes, size_t size, const uint8_t *public_key, msgpack_zone *zone,
                      struct receipt *ret_receipt) {
    struct reader reader;
    struct receipt receipt;
    int rc = array_unpack(bytes, size, RECEIPT_ELEMENTS, zone, &reader);

    if (rc < 0)
        return rc;
    if (!is_form(read_next(&reader, MSGPACK_OBJECT_STR)))
        return -EBADMSG;
    const msgpack_object *payload = read_next(&reader, MSGPACK_OBJECT_BIN);
    const msgpack_object *signature = read_next(&reader, MSGPACK_OBJECT_BIN);
    if (!payload || !signature || signature->via.bin.size != crypto_sign_BYTES)
        return -EBADMSG;
    rc = payload_read(&payload->via.bin, zone, &receipt);
    if (rc == 0 && public_key &&
        crypto_sign_verify_detached((const uint8_t *)signature->via.bin.ptr,
                                    (const uint8_t *)payload->via.bin.ptr, payload->via.bin.size,
                                    public_key) != 0)
        rc = -EKEYREJECTED;
    if (rc == 0)
        *ret_receipt = receipt;
    return rc;
}

static int read_with(const void *bytes, size_t size, const uint8_t *public_key,
                     struct receipt *ret_receipt) {
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, RECEIPT_SIZE_MAX))
        return -ENOMEM;
    const int rc = whole_read(bytes, size, public_key, &zone, ret_receipt);
    msgpack_zone_destroy(&zone);
    return rc;
}

int receipt_read(const void *bytes, size_t size, struct receipt *ret_receipt) {
    return read_with(bytes, size, NULL, ret_receipt);
}

int receipt_check(const void *bytes, size_t size, const uint8_t public_key[RECEIPT_KEY_SIZE],
                  struct receipt *ret_receipt) {
    return read_with(bytes, size, public_key, ret_receipt);
}
