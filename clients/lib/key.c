/* Keys: the text that files and messages show, and new pairs. */
#include <assert.h>
#include <string.h>

#include <sodium.h>
#include <zmq.h>

#include "clients/lib/sodium_ready.h"
#include "houvast/houvast.h"

static_assert(crypto_box_PUBLICKEYBYTES == HV_KEY_SIZE, "CURVE and X25519 keys are 32 bytes");
static_assert(crypto_box_SECRETKEYBYTES == HV_KEY_SIZE, "CURVE and X25519 keys are 32 bytes");

void hv_key_text(const uint8_t key[HV_KEY_SIZE], char ret_text[HV_KEY_TEXT_SIZE]) {
    zmq_z85_encode(ret_text, key, HV_KEY_SIZE);
}

int hv_key_parse(const char *text, uint8_t ret_key[HV_KEY_SIZE]) {
    uint8_t key[HV_KEY_SIZE];
    int result = HV_BAD_KEY;
    if (strlen(text) == HV_KEY_TEXT_SIZE - 1 && zmq_z85_decode(key, text)) {
        memcpy(ret_key, key, HV_KEY_SIZE);
        result = 0;
    }
    sodium_memzero(key, sizeof key);
    return result;
}

void hv_curve_pair_new(uint8_t ret_public[HV_KEY_SIZE], uint8_t ret_secret[HV_KEY_SIZE]) {
    sodium_ready();
    crypto_box_keypair(ret_public, ret_secret);
}

void hv_sealing_pair_new(struct hv_sealing_pair *ret_pair) {
    hv_curve_pair_new(ret_pair->public_key, ret_pair->secret_key);
}
