/* Keys as text: Z85 (ZeroMQ RFC 32), 40 characters for 32 bytes. */
#ifndef HOUVAST_NETWORK_Z85_H
#define HOUVAST_NETWORK_Z85_H

#include <stdbool.h>
#include <stdint.h>

#define NETWORK_Z85_KEY_BYTES 32
#define NETWORK_Z85_TEXT_SIZE 41 /* with the final NUL */

/* False, and *ret_key untouched, where the text is anything else. */
bool network_z85_parse(const char *text, uint8_t ret_key[NETWORK_Z85_KEY_BYTES]);
void network_z85_text(const uint8_t key[NETWORK_Z85_KEY_BYTES],
                      char ret_text[NETWORK_Z85_TEXT_SIZE]);

#endif
