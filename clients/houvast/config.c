/* The client configuration: where the broker is, who we are, and which keys and secrets are ours.
 */
#include "clients/houvast/config.h"

#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/keyfile.h"
#include "broker/network_ini.h"
#include "wire/wire.h"

#define CONFIG_BYTES_MAX  65536
#define SEALING_PAIRS_MAX 16

static const struct {
    const char *name;
    bool required;
} keys[CLIENT_KEYS] = {
    [CLIENT_ENDPOINT] = {"endpoint", true},
    [CLIENT_BROKER_PUBLIC_KEY] = {"broker_public_key", true},
    [CLIENT_ORGANISATION] = {"organisation", true},
    [CLIENT_ROLE] = {"role", false},
    [CLIENT_KEY] = {"key", true},
    [CLIENT_SEALING_KEYS] = {"sealing_keys", false},
    [CLIENT_NETWORK_SECRET] = {"network_secret", false},
    [CLIENT_CASE_SECRET] = {"case_secret", false},
    [CLIENT_PERSON] = {"person", false},
};

/* ---- The file ---- */

static int line_take(void *context, const struct network_ini_line *line,
                     struct failure *ret_failure) {
    struct client_config *config = context;
    if (strcmp(line->kind, "client") != 0 || *line->label) {
        return failure_set(ret_failure, -EINVAL,
                           "%s:%u: only a section [client] belongs here; put the line below it",
                           config->path, line->line);
    }
    for (size_t i = 0; line->key && i < CLIENT_KEYS; i++) {
        if (strcmp(line->key, keys[i].name) == 0) {
            struct client_setting *setting = &config->settings[i];
            free(setting->value);
            setting->line = line->line;
            setting->value = strdup(line->value);
            return setting->value ? 0 : failure_set(ret_failure, -ENOMEM, "out of memory");
        }
    }
    if (line->key) {
        return failure_set(ret_failure, -EINVAL,
                           "%s:%u: `%s` is no key of a client configuration; houvast(1) lists them",
                           config->path, line->line, line->key);
    }
    return 0;
}

static int file_failed(const char *path, int error, struct failure *ret_failure) {
    const char *mend = error == ENOENT   ? "check the path"
                       : error == EACCES ? "let this user read it"
                                         : "name a file that can be read";
    return failure_set(ret_failure, -error, "%s: %s; %s", path, strerrordesc_np(error), mend);
}

/* At most CONFIG_BYTES_MAX; more is no configuration. */
static int file_read(const char *path, char *buffer, size_t *ret_size,
                     struct failure *ret_failure) {
    FILE *in = fopen(path, "re");
    if (!in)
        return file_failed(path, errno, ret_failure);
    errno = 0;
    *ret_size = fread(buffer, 1, CONFIG_BYTES_MAX, in);
    int error = ferror(in) ? (errno ? errno : EIO) : 0;
    bool whole = feof(in);
    fclose(in);
    if (error)
        return file_failed(path, error, ret_failure);
    if (!whole) {
        return failure_set(ret_failure, -EFBIG,
                           "%s: over %d bytes, this is no client "
                           "configuration; name the right file",
                           path, CONFIG_BYTES_MAX);
    }
    return 0;
}

static int required_check(const struct client_config *config, struct failure *ret_failure) {
    for (size_t i = 0; i < CLIENT_KEYS; i++) {
        const struct client_setting *setting = &config->settings[i];
        if (keys[i].required && !(setting->value && *setting->value)) {
            return failure_set(
                ret_failure, -EINVAL, "%s:%u: [client] has no %s; add `%s = …` below [client]",
                config->path, setting->line ? setting->line : 1, keys[i].name, keys[i].name);
        }
    }
    return 0;
}

/* ---- What it says ---- */

/* The setting's file, relative to the configuration's own directory. Malloc'ed, or NULL. */
static char *path_beside(const struct client_config *config, const char *path) {
    char *result = NULL;
    char *copy = strdup(config->path);
    if (*path == '/')
        result = strdup(path);
    else if (copy && asprintf(&result, "%s/%s", dirname(copy), path) < 0)
        result = NULL;
    free(copy);
    return result;
}

/* Reads a key file that line `line` of the configuration names. */
static int key_read(const struct client_config *config, unsigned line, const char *path,
                    enum keyfile_kind kind, struct keyfile *ret_key, struct failure *ret_failure) {
    struct failure inner;
    char *whole = path_beside(config, path);
    if (!whole)
        return failure_set(ret_failure, -ENOMEM, "out of memory");
    int r = keyfile_read(whole, kind, ret_key, &inner);
    free(whole);
    if (r < 0)
        failure_set(ret_failure, r, "%s:%u: %s", config->path, line, inner.text);
    return r;
}

static int values_check(struct client_config *config, struct failure *ret_failure) {
    const struct client_setting *settings = config->settings;
    const struct client_setting *role = &settings[CLIENT_ROLE];
    const struct client_setting *key = &settings[CLIENT_BROKER_PUBLIC_KEY];
    const struct client_setting *organisation = &settings[CLIENT_ORGANISATION];
    config->role = role->value ? (enum hv_role)wire_word_number(&wire_vocabulary_role, role->value,
                                                                strlen(role->value))
                               : HV_ROLE_ENDPOINT;
    if (!config->role) {
        return failure_set(ret_failure, -EINVAL,
                           "%s:%u: role %s is none; write endpoint, coordinator or operator",
                           config->path, role->line, role->value);
    }
    if (hv_key_parse(key->value, config->broker_public_key) < 0) {
        return failure_set(
            ret_failure, -EINVAL,
            "%s:%u: broker_public_key is no key; copy it from [broker] public_key of "
            "network.conf, 40 characters of Z85",
            config->path, key->line);
    }
    if (!wire_is_code(organisation->value, strlen(organisation->value))) {
        return failure_set(ret_failure, -EINVAL,
                           "%s:%u: organisation %s is no name of one; it has 1 to 32 of a-z, 0-9 "
                           "and -",
                           config->path, organisation->line, organisation->value);
    }
    const struct client_setting *person = &settings[CLIENT_PERSON];
    if (person->value && !wire_is_person(person->value, strlen(person->value))) {
        return failure_set(ret_failure, -EINVAL,
                           "%s:%u: person %s is no name of one; it has 1 to 64 of a-z, 0-9, ., _ "
                           "and -",
                           config->path, person->line, person->value);
    }
    return 0;
}

static int own_key_read(struct client_config *config, struct failure *ret_failure) {
    struct keyfile key;
    const struct client_setting *setting = &config->settings[CLIENT_KEY];
    int r = key_read(config, setting->line, setting->value, KEYFILE_CURVE, &key, ret_failure);
    if (r < 0)
        return r;
    memcpy(config->public_key, key.public_key, HV_KEY_SIZE);
    memcpy(config->secret_key, key.secret_key, HV_KEY_SIZE);
    keyfile_wipe(&key);
    return 0;
}

int client_config_load(const char *path, struct client_config *ret_config,
                       struct failure *ret_failure) {
    *ret_config = (struct client_config){.path = realpath(path, NULL)};
    if (!ret_config->path)
        return file_failed(path, errno, ret_failure);
    char *text = malloc(CONFIG_BYTES_MAX);
    size_t size = 0;
    if (!text)
        return failure_set(ret_failure, -ENOMEM, "out of memory");
    int r = file_read(ret_config->path, text, &size, ret_failure);
    if (r == 0)
        r = network_ini_read(ret_config->path, text, size, line_take, ret_config, ret_failure);
    free(text);
    if (r == 0)
        r = required_check(ret_config, ret_failure);
    if (r == 0)
        r = values_check(ret_config, ret_failure);
    return r == 0 ? own_key_read(ret_config, ret_failure) : r;
}

void client_config_fini(struct client_config *config) {
    for (size_t i = 0; i < CLIENT_KEYS; i++)
        free(config->settings[i].value);
    free(config->path);
    explicit_bzero(config, sizeof *config);
}

/* ---- Secrets that only some commands need ---- */

static int sealing_read(const struct client_config *config, const char *path,
                        struct hv_sealing_pair *ret_pair, struct failure *ret_failure) {
    struct keyfile key;
    assert(ret_pair);
    int r = key_read(config, config->settings[CLIENT_SEALING_KEYS].line, path, KEYFILE_SEALING,
                     &key, ret_failure);
    if (r < 0)
        return r;
    memcpy(ret_pair->public_key, key.public_key, HV_KEY_SIZE);
    memcpy(ret_pair->secret_key, key.secret_key, HV_KEY_SIZE);
    keyfile_wipe(&key);
    return 0;
}

int client_config_sealing(const struct client_config *config, struct hv_sealing_pair **ret_pairs,
                          size_t *ret_count, struct failure *ret_failure) {
    const struct client_setting *setting = &config->settings[CLIENT_SEALING_KEYS];
    char *paths = strdup(setting->value ? setting->value : "");
    struct hv_sealing_pair *pairs = calloc(SEALING_PAIRS_MAX, sizeof *pairs);
    char *rest = NULL;
    size_t count = 0;
    int r = 0;
    if (!paths || !pairs) {
        free(paths);
        free(pairs);
        return failure_set(ret_failure, -ENOMEM, "out of memory");
    }
    for (char *path = strtok_r(paths, " \t", &rest); path && r == 0;
         path = strtok_r(NULL, " \t", &rest)) {
        if (count == SEALING_PAIRS_MAX) {
            r = failure_set(ret_failure, -E2BIG,
                            "%s:%u: sealing_keys names over %d files; leave out the oldest",
                            config->path, setting->line, SEALING_PAIRS_MAX);
        } else {
            r = sealing_read(config, path, &pairs[count], ret_failure);
            count += r == 0;
        }
    }
    free(paths);
    if (r < 0) {
        client_sealing_free(pairs, count);
        return r;
    }
    *ret_pairs = pairs;
    *ret_count = count;
    return 0;
}

void client_sealing_free(struct hv_sealing_pair *pairs, size_t count) {
    if (pairs)
        explicit_bzero(pairs, count * sizeof *pairs);
    free(pairs);
}

int client_config_secret(const struct client_config *config, enum client_key key,
                         uint8_t ret_secret[CLIENT_SECRET_SIZE], struct failure *ret_failure) {
    const struct client_setting *setting = &config->settings[key];
    struct keyfile read;
    assert(key == CLIENT_NETWORK_SECRET || key == CLIENT_CASE_SECRET);
    if (!setting->value || !*setting->value) {
        return failure_set(ret_failure, -ENOENT,
                           "%s:1: names no %s; add `%s = FILE` below [client]", config->path,
                           keys[key].name, keys[key].name);
    }
    int r = key_read(config, setting->line, setting->value, KEYFILE_SECRET, &read, ret_failure);
    if (r == 0) {
        memcpy(ret_secret, read.secret_key, CLIENT_SECRET_SIZE);
        keyfile_wipe(&read);
    }
    return r;
}
