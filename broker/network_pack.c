/* The network as bytes for the ledger, and a network to which an organisation that left is added
 * again. */
#include <assert.h>
#include <errno.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/network.h"
#include "broker/network_hours.h"
#include "broker/network_read.h"
#include "broker/network_z85.h"
#include "schemas/wire/wire.h"

/* An array: this word, then path and text of each file by turns. */
#define PACK_FORM  "houvast-network-1"
#define PACK_DEPTH 2

/* ---- Pack ---- */

static int text_pack(msgpack_packer *packer, const char *text) {
    size_t size = strlen(text);

    return msgpack_pack_str(packer, size) || msgpack_pack_str_body(packer, text, size);
}

static int files_pack(const struct network *network, msgpack_packer *packer) {
    int failed =
        msgpack_pack_array(packer, 1 + 2 * network->file_count) || text_pack(packer, PACK_FORM);

    for (size_t i = 0; i < network->file_count && !failed; i++) {
        const struct network_file *file = &network->files[i];
        failed = text_pack(packer, file->path) || msgpack_pack_bin(packer, file->size) ||
                 msgpack_pack_bin_body(packer, file->text, file->size);
    }
    return failed ? -ENOMEM : 0;
}

int network_pack(const struct network *network, uint8_t **ret_bytes, size_t *ret_size) {
    msgpack_sbuffer buffer;
    msgpack_packer packer;

    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    if (files_pack(network, &packer) < 0) {
        msgpack_sbuffer_destroy(&buffer);
        return -ENOMEM;
    }
    *ret_size = buffer.size;
    *ret_bytes = (uint8_t *)msgpack_sbuffer_release(&buffer);
    return 0;
}

/* ---- Unpack ---- */

static int wrong_form(struct failure *failure) {
    return failure_set(failure, -EBADMSG,
                       "the network kept in the ledger is not readable; restore a backup, or put "
                       "the network's files in order and start anew");
}

/* The text borrows from the unpacked bytes; the path is malloc'ed. */
static int file_unpack(const msgpack_object *path, const msgpack_object *text,
                       struct network_file *ret_file, struct failure *failure) {
    if (path->type != MSGPACK_OBJECT_STR || text->type != MSGPACK_OBJECT_BIN ||
        memchr(path->via.str.ptr, '\0', path->via.str.size))
        return wrong_form(failure);
    *ret_file = (struct network_file){.path = strndup(path->via.str.ptr, path->via.str.size),
                                      .text = (char *)(uintptr_t)text->via.bin.ptr,
                                      .size = text->via.bin.size};
    return ret_file->path ? 0 : failure_set(failure, -ENOMEM, "out of memory");
}

static bool is_pack(const msgpack_object *object) {
    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size % 2 == 0)
        return false;
    const msgpack_object *form = object->via.array.ptr;
    return form->type == MSGPACK_OBJECT_STR && form->via.str.size == strlen(PACK_FORM) &&
           memcmp(form->via.str.ptr, PACK_FORM, form->via.str.size) == 0;
}

static void files_fini(struct network_file *files, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(files[i].path);
    free(files);
}

/* What was packed; the texts borrow from the bytes. To be ended with files_fini. */
static int files_unpack(const msgpack_object *object, struct network_file **ret_files,
                        size_t *ret_count, struct failure *failure) {
    if (!is_pack(object))
        return wrong_form(failure);
    const size_t count = object->via.array.size / 2;
    struct network_file *files = calloc(count + 1, sizeof *files);
    if (!files)
        return failure_set(failure, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const int result = file_unpack(&object->via.array.ptr[1 + 2 * i],
                                       &object->via.array.ptr[2 + 2 * i], &files[i], failure);
        if (result < 0) {
            files_fini(files, count);
            return result;
        }
    }
    *ret_files = files;
    *ret_count = count;
    return 0;
}

static int object_unpack(const msgpack_object *object, struct network **ret_network,
                         struct failure *failure) {
    struct network_file *files = NULL;
    size_t count = 0;
    int result = files_unpack(object, &files, &count, failure);

    if (result < 0)
        return result;
    result = network_parse(files, count, ret_network, failure);
    files_fini(files, count);
    return result == -EINVAL ? -EBADMSG : result;
}

static int object_hash(const msgpack_object *object, uint8_t ret_hash[32],
                       struct failure *failure) {
    struct network_file *files = NULL;
    size_t count = 0;
    const int result = files_unpack(object, &files, &count, failure);

    if (result < 0)
        return result;
    network_files_hash(files, count, ret_hash);
    files_fini(files, count);
    return 0;
}

/* The network, or its hash alone where `ret_network` is NULL. */
static int bytes_unpack(const void *bytes, size_t size, struct network **ret_network,
                        uint8_t *ret_hash, struct failure *failure) {
    enum hv_refusal code;
    const char *reason;
    msgpack_unpacked unpacked;

    if (wire_check(bytes, size, PACK_DEPTH, &code, &reason) < 0)
        return wrong_form(failure);
    msgpack_unpacked_init(&unpacked);
    int result = 0;
    if (msgpack_unpack_next(&unpacked, bytes, size, NULL) != MSGPACK_UNPACK_SUCCESS)
        result = failure_set(failure, -ENOMEM, "out of memory");
    else if (ret_network)
        result = object_unpack(&unpacked.data, ret_network, failure);
    else
        result = object_hash(&unpacked.data, ret_hash, failure);
    msgpack_unpacked_destroy(&unpacked);
    return result;
}

int network_unpack(const void *bytes, size_t size, struct network **ret_network,
                   struct failure *ret_failure) {
    return bytes_unpack(bytes, size, ret_network, NULL, ret_failure);
}

int network_unpack_hash(const void *bytes, size_t size, uint8_t ret_hash[32]) {
    struct failure failure;

    return bytes_unpack(bytes, size, NULL, ret_hash, &failure);
}

/* ---- An organisation that left, kept ---- */

/* What must not be twice in a network. */
static bool key_is_taken(const struct network *network, const uint8_t key[NETWORK_KEY_SIZE]) {
    if (memcmp(network->broker_public_key, key, NETWORK_KEY_SIZE) == 0 ||
        network_key(network, key, NULL))
        return true;
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        for (size_t j = 0; j < organisation->sealing_key_count; j++) {
            if (memcmp(organisation->sealing_keys[j].public_key, key, NETWORK_KEY_SIZE) == 0)
                return true;
        }
    }
    return false;
}

static void key_text_write(FILE *file, const uint8_t key[NETWORK_KEY_SIZE]) {
    char text[NETWORK_Z85_TEXT_SIZE];

    network_z85_text(key, text);
    fprintf(file, "public_key = %s\n", text);
}

/* The role operator belongs to the coordinating organisation alone, which never leaves. */
static void key_write(FILE *file, const struct network_key *key) {
    unsigned roles = key->roles & ~(unsigned)NETWORK_OPERATOR;

    if (roles == 0)
        return;
    fprintf(file, "\n[key %s]\n", key->label);
    key_text_write(file, key->public_key);
    fprintf(file, "roles =%s%s\n", roles & NETWORK_ENDPOINT ? " endpoint" : "",
            roles & NETWORK_COORDINATOR ? " coordinator" : "");
}

static void moment_write(FILE *file, const char *key, hv_time at_ms) {
    char text[32];
    struct tm parts;
    time_t seconds = (time_t)(at_ms / 1000);

    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    fprintf(file, "%s = %s\n", key, text);
}

static void sealing_key_write(FILE *file, const struct network_sealing_key *key) {
    fprintf(file, "\n[sealing %s]\n", key->label);
    key_text_write(file, key->public_key);
    moment_write(file, "valid_from", key->valid_from_ms);
    moment_write(file, "valid_until", key->valid_until_ms);
}

static void organisation_write(FILE *file, const struct network *network,
                               const struct network_organisation *kept) {
    /* No blank after the sign: a display name may begin with ";", and a blank before it would make
     * a comment of it. */
    fprintf(file, "[organisation]\nname = %s\ndisplay_name =%s\n", kept->name, kept->display_name);
    fprintf(file, "telephone = %s\ntelephone_out_of_hours = %s\nleaving = yes\n", kept->telephone,
            kept->telephone_out_of_hours);
    if (kept->crisis)
        fputs("crisis = yes\n", file);
    network_hours_write(file, &kept->hours);
    for (size_t i = 0; i < kept->key_count; i++) {
        if (!key_is_taken(network, kept->keys[i].public_key))
            key_write(file, &kept->keys[i]);
    }
    for (size_t i = 0; i < kept->sealing_key_count; i++) {
        if (!key_is_taken(network, kept->sealing_keys[i].public_key))
            sealing_key_write(file, &kept->sealing_keys[i]);
    }
}

/* Its file as it would be written now. The text is malloc'ed. */
static int organisation_render(const struct network *network,
                               const struct network_organisation *kept, char **ret_text,
                               size_t *ret_size) {
    FILE *file = open_memstream(ret_text, ret_size);

    if (!file)
        return -ENOMEM;
    organisation_write(file, network, kept);
    bool failed = ferror(file);
    if (fclose(file) != 0 || failed) {
        free(*ret_text);
        return -ENOMEM;
    }
    return 0;
}

int network_with_leaving(const struct network *network, const struct network_organisation *kept,
                         struct network **ret_network) {
    char path[sizeof "organisations/.conf" + HV_CODE_SIZE];
    struct network_file added = {.path = path};
    struct failure failure;

    assert(!network_organisation(network, kept->name));
    snprintf(path, sizeof path, "organisations/%s.conf", kept->name);
    struct network_file *files = calloc(network->file_count + 1, sizeof *files);
    if (!files)
        return -ENOMEM;
    int result = organisation_render(network, kept, &added.text, &added.size);
    if (result == 0) {
        /* Copied by value: network_parse makes its own texts. */
        memcpy(files, network->files, network->file_count * sizeof *files);
        files[network->file_count] = added;
        result = network_parse(files, network->file_count + 1, ret_network, &failure);
        free(added.text);
    }
    free(files);
    assert(result == 0 || result == -ENOMEM);
    return result;
}
