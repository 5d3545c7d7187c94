/* Keys as text, through the two functions that libzmq has for it: this room opens no socket. */
#include "broker/network_z85.h"

#include <sodium.h>
#include <string.h>
#include <zmq.h>

bool network_z85_parse(const char *text, uint8_t ret_key[NETWORK_Z85_KEY_BYTES]) {
    uint8_t key[NETWORK_Z85_KEY_BYTES];

    if (strlen(text) != NETWORK_Z85_TEXT_SIZE - 1 || !zmq_z85_decode(key, text))
        return false;
    memcpy(ret_key, key, sizeof key);
    sodium_memzero(key, sizeof key); /* it may be a secret */
    return true;
}

void network_z85_text(const uint8_t key[NETWORK_Z85_KEY_BYTES],
                      char ret_text[NETWORK_Z85_TEXT_SIZE]) {
    zmq_z85_encode(ret_text, key, NETWORK_Z85_KEY_BYTES);
}
