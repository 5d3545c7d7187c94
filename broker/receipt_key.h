/* Which key receipts are signed with now: receipt.key, or one that follows from the broker's own.
 *
 * Where network.conf has [receipt …] sections, the key in receipt.key signs, and it has to be one
 * of them. Where it has none, the pair is derived from broker.key and valid without end. */
#ifndef HOUVAST_RECEIPT_KEY_H
#define HOUVAST_RECEIPT_KEY_H

#include "broker/network.h"
#include "broker/receipt.h"

struct receipt_signer {
    struct receipt_pair pair;
    char label[HV_PERSON_SIZE]; /* of its section; "" for a derived one */
    hv_time valid_from_ms;      /* 0 for a derived one */
    hv_time valid_until_ms;     /* INT64_MAX: without end */
};

/* Reads the keys that `network`, which comes from the files in `directory`, calls for. 0, and
 * *ret_signer is to be wiped when done with; or a negative errno with the sentence: -EINVAL where
 * receipt.key is not on the list or not valid at `now_ms`; else as keyfile_read. With
 * `at_any_time` a key whose time is over, or by this machine's clock has not come, is taken all the
 * same: time alone must never keep a city from starting, or a stolen key on its map. */
int receipt_signer_read(const char *directory, const struct network *network, hv_time now_ms,
                        bool at_any_time, struct receipt_signer *ret_signer,
                        struct failure *ret_failure);

bool receipt_signer_is_early(const struct receipt_signer *signer, hv_time now_ms);
bool receipt_signer_is_expired(const struct receipt_signer *signer, hv_time now_ms);

#endif
