/* Key files: one secret each, readable for its owner alone (houvast keygen writes them).
 *
 *   kind = KIND            curve (for the wire), sealing (for dossiers), receipt (that a broker
 *                          signs with), or secret
 *   public_key = <Z85>     not of a secret, which has no public half
 *   secret_key = <Z85>     of a secret its 32 bytes, of a receipt key the seed of Ed25519
 *
 * sodium_init() has to be called before. */
#ifndef HOUVAST_KEYFILE_H
#define HOUVAST_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "broker/failure.h"

#define KEYFILE_KEY_SIZE 32

enum keyfile_kind {
    KEYFILE_CURVE,
    KEYFILE_SEALING,
    KEYFILE_SECRET,
    KEYFILE_RECEIPT,
};

struct keyfile {
    enum keyfile_kind kind;
    uint8_t public_key[KEYFILE_KEY_SIZE]; /* zeroes for a secret */
    uint8_t secret_key[KEYFILE_KEY_SIZE];
};

/* A new key of that kind, from the system's randomness. To be wiped when done with. */
void keyfile_new(enum keyfile_kind kind, struct keyfile *ret_key);

/* Overwrites the key in memory. */
void keyfile_wipe(struct keyfile *key);

/* Reads a key file that has to be of that kind. Refused: a file that group or others have any right
 * to, unless it lies in $CREDENTIALS_DIRECTORY, where systemd answers for it (-EPERM); anything but
 * a regular file (-EINVAL, -EISDIR); a public half that is not that of the secret (-EINVAL). On
 * failure *ret_key is untouched and *ret_failure names file, line and mend; never the secret. */
int keyfile_read(const char *path, enum keyfile_kind kind, struct keyfile *ret_key,
                 struct failure *ret_failure);

/* Writes a new file with mode 0600 and syncs it. -EEXIST where there is one already: a key is never
 * overwritten. On failure nothing is left behind. */
int keyfile_write(const char *path, const struct keyfile *key, struct failure *ret_failure);

/* The broker's own key: $CREDENTIALS_DIRECTORY/broker.key if that is there, else broker.key in the
 * network's directory. Its public half has to be `public_key`, that of network.conf. */
int keyfile_read_broker(const char *network_directory, const uint8_t public_key[KEYFILE_KEY_SIZE],
                        struct keyfile *ret_key, struct failure *ret_failure);

/* The key that receipts are signed with: receipt.key, looked for in the same two places. */
int keyfile_read_receipt(const char *network_directory, struct keyfile *ret_key,
                         struct failure *ret_failure);

/* Where one of these two is: the first of the two places that has it, else the second. */
void keyfile_broker_path(const char *network_directory, const char *name, char *ret_path,
                         size_t size);

#endif
