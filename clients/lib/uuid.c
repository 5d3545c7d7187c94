/* Ids: new ones, and those that follow from a sender's own case number. RFC 9562. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "clients/lib/sodium_ready.h"
#include "houvast/houvast.h"
#include "wire/wire.h"

static_assert(HV_UUID_TEXT_SIZE == WIRE_UUID_TEXT_SIZE, "36 characters and the final NUL");

/* Sections 4.1 and 4.2: the version in the high half of byte 6, the variant in byte 8's first bits.
 */
static void uuid_stamp(struct hv_uuid *uuid, unsigned version) {
    uuid->bytes[6] = (uint8_t)((uuid->bytes[6] & 0x0f) | (version << 4));
    uuid->bytes[8] = (uint8_t)((uuid->bytes[8] & 0x3f) | 0x80);
}

/* Section 5.7: 48 bits of ms since 1970, then chance. */
void hv_uuid_new(struct hv_uuid *ret_uuid) {
    sodium_ready();
    randombytes_buf(ret_uuid->bytes, sizeof ret_uuid->bytes);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (unsigned i = 0; i < 6; i++)
        ret_uuid->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    uuid_stamp(ret_uuid, 7);
}

/* Section 5.8. The NUL between the two keeps "a" + "bc" apart from "ab" + "c". */
void hv_uuid_derive(const uint8_t case_secret[32], const char *purpose, const char *ref,
                    struct hv_uuid *ret_uuid) {
    sodium_ready();
    crypto_generichash_state state;
    crypto_generichash_init(&state, case_secret, 32, sizeof ret_uuid->bytes);
    crypto_generichash_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, (const uint8_t *)ref, strlen(ref));
    crypto_generichash_final(&state, ret_uuid->bytes, sizeof ret_uuid->bytes);
    sodium_memzero(&state, sizeof state);
    uuid_stamp(ret_uuid, 8);
}

void hv_uuid_text(const struct hv_uuid *uuid, char ret_text[HV_UUID_TEXT_SIZE]) {
    wire_uuid_text(uuid, ret_text);
}

int hv_uuid_parse(const char *text, struct hv_uuid *ret_uuid) {
    return wire_uuid_parse(text, strlen(text), ret_uuid) ? 0 : -EINVAL;
}
