/* Receipts: signed proof that a resident has arrived, which anyone can check offline.
 *
 * A receipt is MessagePack: ["houvast-receipt-1", payload, signature]. The payload is the bytes of
 * another array, the signature is Ed25519 over those bytes (schemas/wire/receipt.md has the
 * elements one by one). Pure: no clock, no file; shared by broker and tool. Call sodium_init()
 * before. */
#ifndef HOUVAST_RECEIPT_H
#define HOUVAST_RECEIPT_H

#include "houvast/messages.h"

#define RECEIPT_KEY_SIZE    32
#define RECEIPT_SECRET_SIZE 64 /* seed and public key, as libsodium has it */

/* No receipt is longer; the wire has the same number. */
#define RECEIPT_SIZE_MAX 1024

struct receipt_pair {
    uint8_t public_key[RECEIPT_KEY_SIZE]; /* Ed25519 */
    uint8_t secret_key[RECEIPT_SECRET_SIZE];
};

/* The pair of a seed, as receipt.key holds one. */
void receipt_pair_of_seed(const uint8_t seed[32], struct receipt_pair *ret_pair);
/* The pair of a broker that has no receipt.key: its seed is BLAKE2b-256 of "houvast receipt key",
 * keyed with the broker's CURVE secret. Who learns one secret never learns the other from it. */
void receipt_pair_derive(const uint8_t broker_secret[32], struct receipt_pair *ret_pair);
void receipt_pair_wipe(struct receipt_pair *pair);

/* What a receipt says. */
struct receipt {
    struct hv_uuid ledger;
    char network[HV_CODE_SIZE];
    struct hv_uuid handover;
    struct hv_uuid journey;
    char resident[HV_RESIDENT_SIZE];
    struct hv_holder from; /* who held until then */
    struct hv_holder to;   /* who holds since */
    struct hv_contact contact;
    bool has_dossier_hash;
    uint8_t dossier_hash[32]; /* of the offer's dossier */
    hv_time at;               /* when the broker recorded it */
    int64_t seq;              /* of the event `confirmed`: the receipt's number in its ledger */
    uint8_t head[32];         /* the event chain's hash at that event */
};

/* Makes the bytes of a receipt, signed; every field has to be valid (asserted: it is our own).
 * 0 or -ENOMEM. */
int receipt_make(const struct receipt *receipt, const struct receipt_pair *pair,
                 uint8_t ret_bytes[RECEIPT_SIZE_MAX], size_t *ret_size);

/* Reads a receipt that nobody has vouched for yet. 0; -EBADMSG: these bytes are no receipt, or it
 * is damaged; -ENOMEM. On failure *ret_receipt is untouched. */
int receipt_read(const void *bytes, size_t size, struct receipt *ret_receipt);

/* The same, and checks that the holder of this key signed it: -EKEYREJECTED where another key did,
 * or where a byte of it was changed. */
int receipt_check(const void *bytes, size_t size, const uint8_t public_key[RECEIPT_KEY_SIZE],
                  struct receipt *ret_receipt);

#endif
