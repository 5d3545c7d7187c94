/* Dossiers: sealed by the sender for the receiver, so that the broker never reads one. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "clients/lib/sodium_ready.h"
#include "houvast/houvast.h"

#define KEY_ID_SIZE 8

static_assert(HV_DOSSIER_OVERHEAD == KEY_ID_SIZE + crypto_box_SEALBYTES,
              "the header says what sealing adds");

/* The first 8 bytes of BLAKE2b-256 of the public key: what a sealed dossier begins with, and what
 * `map` calls the key by. */
static void key_id(const uint8_t key[HV_KEY_SIZE], uint8_t ret_id[KEY_ID_SIZE]) {
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, key, HV_KEY_SIZE, NULL, 0);
    memcpy(ret_id, hash, KEY_ID_SIZE);
}

int hv_dossier_seal(const uint8_t receiver_key[HV_KEY_SIZE], const void *text, size_t size,
                    uint8_t **ret_frame, size_t *ret_size) {
    if (size > HV_DOSSIER_FRAME_MAX - HV_DOSSIER_OVERHEAD)
        return -EFBIG;
    sodium_ready();
    uint8_t *frame = malloc(size + HV_DOSSIER_OVERHEAD);
    if (!frame)
        return -ENOMEM;
    key_id(receiver_key, frame);
    if (crypto_box_seal(frame + KEY_ID_SIZE, text, size, receiver_key) < 0) {
        free(frame);
        return HV_BAD_KEY;
    }
    *ret_frame = frame;
    *ret_size = size + HV_DOSSIER_OVERHEAD;
    return 0;
}

static bool pair_opens(const struct hv_sealing_pair *pair, const uint8_t *frame, size_t size,
                       uint8_t *ret_text) {
    uint8_t id[KEY_ID_SIZE];
    key_id(pair->public_key, id);
    return memcmp(id, frame, KEY_ID_SIZE) == 0 &&
           crypto_box_seal_open(ret_text, frame + KEY_ID_SIZE, size - KEY_ID_SIZE, pair->public_key,
                                pair->secret_key) == 0;
}

int hv_dossier_open(const struct hv_sealing_pair *pairs, size_t pair_count, const void *frame,
                    size_t size, uint8_t **ret_text, size_t *ret_size) {
    if (size < HV_DOSSIER_OVERHEAD)
        return HV_BAD_KEY;
    sodium_ready();
    size_t text_size = size - HV_DOSSIER_OVERHEAD;
    uint8_t *text = malloc(text_size + 1);
    if (!text)
        return -ENOMEM;
    for (size_t i = 0; i < pair_count; i++) {
        if (!pair_opens(&pairs[i], frame, size, text))
            continue;
        text[text_size] = '\0';
        *ret_text = text;
        *ret_size = text_size;
        return 0;
    }
    free(text);
    return HV_BAD_KEY;
}
