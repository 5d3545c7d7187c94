/* Pseudonyms: the same person has the same one everywhere in a network, and only its organisations
 * can make it. The recipe is in houvast.h and is a contract between them. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "clients/lib/sodium_ready.h"
#include "houvast/houvast.h"

#define NUMBER_MAX      64
#define BSN_DIGITS      9
#define HASH_SIZE       32
#define KDF_CONTEXT     "hvpseudo"
#define KDF_SALT        1
#define KDF_KEY         2
#define RESIDENT_PREFIX "r1."

static_assert(sizeof KDF_CONTEXT - 1 == crypto_kdf_CONTEXTBYTES, "a context is 8 characters");
static_assert(crypto_pwhash_SALTBYTES >= crypto_kdf_BYTES_MIN, "a salt is long enough a subkey");
static_assert(sizeof RESIDENT_PREFIX - 1 +
                      sodium_base64_ENCODED_LEN(HASH_SIZE,
                                                sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
                  HV_RESIDENT_SIZE,
              "a pseudonym fills its field");

/* Writes the letters and digits that count; how many, or -EINVAL. */
static int number_normalise(const char *number, char ret_text[NUMBER_MAX]) {
    int length = 0;
    bool digits_only = true;
    for (; *number; number++) {
        if (strchr(" .-", *number))
            continue;
        bool digit = *number >= '0' && *number <= '9';
        bool small = *number >= 'a' && *number <= 'z';
        bool capital = *number >= 'A' && *number <= 'Z';
        if (length == NUMBER_MAX || !(digit || small || capital))
            return -EINVAL;
        digits_only = digits_only && digit;
        ret_text[length] = *number;
        if (small)
            ret_text[length] = (char)(*number - 'a' + 'A');
        length++;
    }
    if (length == 0)
        return -EINVAL;
    if (digits_only && length < BSN_DIGITS) {
        size_t missing = (size_t)(BSN_DIGITS - length);
        memmove(ret_text + missing, ret_text, (size_t)length);
        memset(ret_text, '0', missing);
        length = BSN_DIGITS;
    }
    return length;
}

static void resident_text(const uint8_t bytes[HASH_SIZE], char ret_resident[HV_RESIDENT_SIZE]) {
    size_t prefix = sizeof RESIDENT_PREFIX - 1;
    memcpy(ret_resident, RESIDENT_PREFIX, prefix);
    sodium_bin2base64(ret_resident + prefix, HV_RESIDENT_SIZE - prefix, bytes, HASH_SIZE,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int hv_pseudonym(const uint8_t network_secret[32], const char *number,
                 char ret_resident[HV_RESIDENT_SIZE]) {
    char text[NUMBER_MAX];
    int length = number_normalise(number, text);
    if (length < 0)
        return length;

    sodium_ready();
    uint8_t salt[crypto_pwhash_SALTBYTES], key[crypto_generichash_KEYBYTES], hash[HASH_SIZE];
    crypto_kdf_derive_from_key(salt, sizeof salt, KDF_SALT, KDF_CONTEXT, network_secret);
    crypto_kdf_derive_from_key(key, sizeof key, KDF_KEY, KDF_CONTEXT, network_secret);
    int result = crypto_pwhash(hash, sizeof hash, text, (unsigned long long)length, salt,
                               HV_PSEUDONYM_PASSES, HV_PSEUDONYM_MEMORY_BYTES,
                               crypto_pwhash_ALG_ARGON2ID13) < 0
                     ? -ENOMEM
                     : 0;
    if (result == 0) {
        uint8_t pseudonym[HASH_SIZE];
        crypto_generichash(pseudonym, sizeof pseudonym, hash, sizeof hash, key, sizeof key);
        resident_text(pseudonym, ret_resident);
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(key, sizeof key);
    return result;
}

void hv_pseudonym_random(char ret_resident[HV_RESIDENT_SIZE]) {
    sodium_ready();
    uint8_t bytes[HASH_SIZE];
    randombytes_buf(bytes, sizeof bytes);
    resident_text(bytes, ret_resident);
}
