/* Key files: one secret each, read only where nobody else can, written once. */
#include "broker/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/network_ini.h"
#include "broker/network_z85.h"
#include "broker/receipt.h"

#define FILE_BYTES_MAX 4096
#define PATH_SIZE      4096
/* More than what inih and we put on the stack while a secret passes. */
#define STACK_BYTES 8192

static const char *const kind_names[] = {
    [KEYFILE_CURVE] = "curve",
    [KEYFILE_SEALING] = "sealing",
    [KEYFILE_SECRET] = "secret",
    [KEYFILE_RECEIPT] = "receipt",
};

static int wrong_errno(const char *path, int error, struct failure *failure, const char *mend) {
    return failure_set(failure, -error, "%s: %s; %s", path, strerror(error), mend);
}

/* ---- Keys ---- */

/* The public half of what stands in secret_key; false where there can be none. */
static bool public_half(const struct keyfile *key, uint8_t ret_public[KEYFILE_KEY_SIZE]) {
    struct receipt_pair pair;

    switch (key->kind) {
    case KEYFILE_CURVE: /* CURVE's keys and X25519's are made alike */
    case KEYFILE_SEALING:
        return crypto_scalarmult_base(ret_public, key->secret_key) == 0;
    case KEYFILE_RECEIPT:
        receipt_pair_of_seed(key->secret_key, &pair);
        memcpy(ret_public, pair.public_key, KEYFILE_KEY_SIZE);
        receipt_pair_wipe(&pair);
        return true;
    case KEYFILE_SECRET:
        memset(ret_public, 0, KEYFILE_KEY_SIZE);
        return true;
    }
    return false;
}

void keyfile_new(enum keyfile_kind kind, struct keyfile *ret_key) {
    *ret_key = (struct keyfile){.kind = kind};
    do
        randombytes_buf(ret_key->secret_key, sizeof ret_key->secret_key);
    while (!public_half(ret_key, ret_key->public_key));
}

void keyfile_wipe(struct keyfile *key) {
    sodium_memzero(key, sizeof *key);
}

static bool halves_match(const struct keyfile *key) {
    uint8_t public_key[KEYFILE_KEY_SIZE];

    return key->kind == KEYFILE_SECRET ||
           (public_half(key, public_key) &&
            memcmp(public_key, key->public_key, sizeof public_key) == 0);
}

/* ---- Reading ---- */

struct parsing {
    const char *path;
    enum keyfile_kind kind; /* wanted */
    bool has_kind, has_public, has_secret;
    struct keyfile *key;
};

static int wrong(const struct parsing *parsing, unsigned line, struct failure *failure,
                 const char *sentence) {
    return failure_set(failure, -EINVAL, "%s:%u: %s", parsing->path, line, sentence);
}

static int key_take(const struct parsing *parsing, const struct network_ini_line *line,
                    bool *has_key, uint8_t *key, struct failure *failure) {
    if (*has_key)
        return wrong(parsing, line->line, failure, "the key is there twice; restore the file");
    if (!network_z85_parse(line->value, key))
        return wrong(parsing, line->line, failure,
                     "is not a key of 40 characters (Z85); restore the file, or make a new one "
                     "with `houvast keygen`");
    *has_key = true;
    return 0;
}

static int kind_take(struct parsing *parsing, const struct network_ini_line *line,
                     struct failure *failure) {
    if (parsing->has_kind)
        return wrong(parsing, line->line, failure, "kind is there twice; restore the file");
    if (strcmp(line->value, kind_names[parsing->kind]) != 0)
        return failure_set(failure, -EINVAL,
                           "%s:%u: is not of kind %s, which is needed here; name the right file",
                           parsing->path, line->line, kind_names[parsing->kind]);
    parsing->has_kind = true;
    return 0;
}

static int line_take(void *context, const struct network_ini_line *line,
                     struct failure *ret_failure) {
    struct parsing *parsing = context;

    if (!line->key)
        return wrong(parsing, line->line, ret_failure,
                     "a key file has no sections; name the right file");
    if (strcmp(line->key, "kind") == 0)
        return kind_take(parsing, line, ret_failure);
    if (strcmp(line->key, "public_key") == 0 && parsing->kind != KEYFILE_SECRET)
        return key_take(parsing, line, &parsing->has_public, parsing->key->public_key, ret_failure);
    if (strcmp(line->key, "secret_key") == 0)
        return key_take(parsing, line, &parsing->has_secret, parsing->key->secret_key, ret_failure);
    return wrong(parsing, line->line, ret_failure,
                 parsing->kind == KEYFILE_SECRET
                     ? "is no line of a secret; it has kind and secret_key"
                     : "is no line of a key file; it has kind, public_key and secret_key");
}

static int whole_check(const struct parsing *parsing, struct failure *failure) {
    if (!parsing->has_kind || !parsing->has_secret ||
        (!parsing->has_public && parsing->kind != KEYFILE_SECRET))
        return failure_set(failure, -EINVAL,
                           "%s: is no whole key file: kind%s or secret_key is missing; restore it, "
                           "or make a new one with `houvast keygen`",
                           parsing->path, parsing->kind == KEYFILE_SECRET ? "" : ", public_key");
    if (!halves_match(parsing->key))
        return failure_set(failure, -EINVAL,
                           "%s: public_key does not belong to secret_key; restore the file, or "
                           "make a new one with `houvast keygen`",
                           parsing->path);
    return 0;
}

/* systemd keeps credentials readable for the service alone, whatever their mode says. */
static bool is_credential(const char *path) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char real_directory[PATH_SIZE], real_path[PATH_SIZE];

    if (!directory || !realpath(directory, real_directory) || !realpath(path, real_path))
        return false;
    size_t size = strlen(real_directory);
    return strncmp(real_path, real_directory, size) == 0 && real_path[size] == '/';
}

static int status_check(const char *path, int fd, struct failure *failure) {
    struct stat status;

    if (fstat(fd, &status) < 0)
        return wrong_errno(path, errno, failure, "see to the disk");
    if (S_ISDIR(status.st_mode))
        return failure_set(failure, -EISDIR, "%s: is a directory; name the key file in it", path);
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_BYTES_MAX)
        return failure_set(failure, -EINVAL, "%s: is no key file; name the right one", path);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 && !is_credential(path))
        return failure_set(failure, -EPERM,
                           "%s: others than its owner may use this secret (mode %03o); chmod 600 "
                           "it, and make a new key if somebody may have read it",
                           path, (unsigned)status.st_mode & 0777U);
    return 0;
}

/* Reads what fits; a file is at most FILE_BYTES_MAX, see status_check. */
static int text_read(const char *path, int fd, char *text, size_t *ret_size,
                     struct failure *failure) {
    size_t at = 0;

    while (at < FILE_BYTES_MAX) {
        ssize_t got = read(fd, text + at, FILE_BYTES_MAX - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return wrong_errno(path, errno, failure, "see to the disk");
        if (got == 0)
            break;
        at += (size_t)got;
    }
    *ret_size = at;
    return 0;
}

static int key_parse(const char *path, enum keyfile_kind kind, int fd, struct keyfile *key,
                     struct failure *failure) {
    char text[FILE_BYTES_MAX];
    size_t size = 0;
    struct parsing parsing = {.path = path, .kind = kind, .key = key};
    int result = text_read(path, fd, text, &size, failure);

    if (result == 0)
        result = network_ini_read(path, text, size, line_take, &parsing, failure);
    if (result == 0)
        result = whole_check(&parsing, failure);
    sodium_memzero(text, sizeof text);
    return result;
}

int keyfile_read(const char *path, enum keyfile_kind kind, struct keyfile *ret_key,
                 struct failure *ret_failure) {
    struct keyfile key = {.kind = kind};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return failure_set(ret_failure, -ENOENT,
                           "%s: there is no such key file; make it with `houvast keygen`, or name "
                           "the right one",
                           path);
    if (fd < 0)
        return wrong_errno(path, errno, ret_failure, "make it readable for this user");
    int result = status_check(path, fd, ret_failure);
    if (result == 0)
        result = key_parse(path, kind, fd, &key, ret_failure);
    close(fd);
    if (result == 0)
        *ret_key = key;
    keyfile_wipe(&key);
    sodium_stackzero(STACK_BYTES);
    return result;
}

/* ---- Writing ---- */

static size_t text_write(const struct keyfile *key, char *text, size_t size) {
    static const char warning[] = "# A secret. Keep it where nobody but its owner can read it.\n";
    char public_text[NETWORK_Z85_TEXT_SIZE], secret_text[NETWORK_Z85_TEXT_SIZE];
    int length;

    network_z85_text(key->public_key, public_text);
    network_z85_text(key->secret_key, secret_text);
    if (key->kind == KEYFILE_SECRET)
        length = snprintf(text, size, "%skind = secret\nsecret_key = %s\n", warning, secret_text);
    else
        length = snprintf(text, size, "%skind = %s\npublic_key = %s\nsecret_key = %s\n", warning,
                          kind_names[key->kind], public_text, secret_text);
    sodium_memzero(secret_text, sizeof secret_text);
    return (size_t)length;
}

static int bytes_write(int fd, const char *bytes, size_t size) {
    for (size_t at = 0; at < size;) {
        ssize_t put = write(fd, bytes + at, size - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        at += (size_t)put;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int keyfile_write(const char *path, const struct keyfile *key, struct failure *ret_failure) {
    char text[512];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST)
        return failure_set(ret_failure, -EEXIST,
                           "%s: is there already and a key is never overwritten; choose another "
                           "name, or move that file away",
                           path);
    if (fd < 0)
        return wrong_errno(path, errno, ret_failure, "choose a place where this user may write");
    size_t size = text_write(key, text, sizeof text);
    int result = bytes_write(fd, text, size);
    sodium_memzero(text, sizeof text);
    if (close(fd) < 0 && result == 0)
        result = -errno;
    sodium_stackzero(STACK_BYTES);
    if (result == 0)
        return 0;
    unlink(path);
    return wrong_errno(path, -result, ret_failure, "see to the disk");
}

/* ---- The broker's own ---- */

void keyfile_broker_path(const char *network_directory, const char *name, char *ret_path,
                         size_t size) {
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");

    if (credentials) {
        snprintf(ret_path, size, "%s/%s", credentials, name);
        if (access(ret_path, F_OK) == 0)
            return;
    }
    snprintf(ret_path, size, "%s/%s", network_directory, name);
}

int keyfile_read_broker(const char *network_directory, const uint8_t public_key[KEYFILE_KEY_SIZE],
                        struct keyfile *ret_key, struct failure *ret_failure) {
    char path[PATH_SIZE];
    struct keyfile key;

    keyfile_broker_path(network_directory, "broker.key", path, sizeof path);
    int result = keyfile_read(path, KEYFILE_CURVE, &key, ret_failure);
    if (result < 0)
        return result;
    if (memcmp(key.public_key, public_key, sizeof key.public_key) != 0)
        result = failure_set(ret_failure, -EINVAL,
                             "%s: is not the key whose public half network.conf has as [broker] "
                             "public_key; put the right key in its place, or correct public_key",
                             path);
    else
        *ret_key = key;
    keyfile_wipe(&key);
    return result;
}

int keyfile_read_receipt(const char *network_directory, struct keyfile *ret_key,
                         struct failure *ret_failure) {
    char path[PATH_SIZE];

    keyfile_broker_path(network_directory, "receipt.key", path, sizeof path);
    return keyfile_read(path, KEYFILE_RECEIPT, ret_key, ret_failure);
}
