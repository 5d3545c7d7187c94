/* Sending a dossier: read from a file, sealed for the receiver's present key, sealed anew when the
 * key turned out to be stale. */
#include "clients/houvast/dossier.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOSSIER_BYTES_MAX (HV_DOSSIER_FRAME_MAX - HV_DOSSIER_OVERHEAD)

bool dossier_goes_with(enum hv_message_type type) {
    return type == HV_MESSAGE_offer || type == HV_MESSAGE_supplement;
}

/* ---- Reading ---- */

static int read_failed(const char *path, int error, struct failure *ret_failure) {
    return failure_set(ret_failure, -error,
                       "%s: %s; --dossier takes a file that can be read, or - "
                       "for standard input",
                       path, strerrordesc_np(error));
}

int dossier_read(const char *path, struct dossier *ret_dossier, struct failure *ret_failure) {
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!in)
        return read_failed(path, errno, ret_failure);
    uint8_t *text = malloc(DOSSIER_BYTES_MAX + 1);
    errno = 0;
    size_t size = text ? fread(text, 1, DOSSIER_BYTES_MAX + 1, in) : 0;
    int error = !text ? ENOMEM : ferror(in) ? (errno ? errno : EIO) : 0;
    if (in != stdin)
        fclose(in);
    *ret_dossier = (struct dossier){text, size};
    if (error || size == 0 || size > DOSSIER_BYTES_MAX)
        dossier_fini(ret_dossier);
    if (error)
        return read_failed(path, error, ret_failure);
    if (size == 0) {
        return failure_set(ret_failure, -ENODATA,
                           "%s: is empty; leave --dossier out if there is "
                           "none",
                           path);
    }
    if (size > DOSSIER_BYTES_MAX) {
        return failure_set(ret_failure, -EFBIG,
                           "%s: is over the %d bytes that a dossier may have; send the rest with "
                           "`houvast supplement`",
                           path, DOSSIER_BYTES_MAX);
    }
    return 0;
}

void dossier_fini(struct dossier *dossier) {
    if (dossier->text) {
        explicit_bzero(dossier->text, dossier->size);
        free(dossier->text);
    }
    *dossier = (struct dossier){0};
}

/* ---- Whom it is sealed for ---- */

static int receiver_find(struct hv_connection *connection, const struct hv_message *command,
                         char ret_receiver[HV_CODE_SIZE], struct hv_answer *ret_answer) {
    if (command->type == HV_MESSAGE_offer) {
        memcpy(ret_receiver, command->offer.to, HV_CODE_SIZE);
        return 0;
    }
    assert(command->type == HV_MESSAGE_supplement);
    const struct hv_status question = {.has_handover = true,
                                       .handover = command->supplement.handover};
    int r = hv_status(connection, &question, ret_answer);
    if (r == 0 && !ret_answer->message.done.has_receiver)
        r = -EPROTO;
    if (r == 0) {
        memcpy(ret_receiver, ret_answer->message.done.receiver.organisation, HV_CODE_SIZE);
        hv_answer_free(ret_answer);
    }
    return r;
}

static const struct hv_organisation *on_map(const struct hv_done *map, const char *name) {
    for (size_t i = 0; map->has_organisations && i < map->organisations.count; i++)
        if (strcmp(map->organisations.items[i].organisation, name) == 0)
            return &map->organisations.items[i];
    return NULL;
}

static int key_of(const struct hv_done *map, const char *receiver, uint8_t ret_key[HV_KEY_SIZE],
                  struct failure *ret_failure) {
    const struct hv_organisation *organisation = on_map(map, receiver);
    if (!organisation) {
        return failure_set(ret_failure, -ENOKEY,
                           "no organisation `%s` is in this network; `houvast map` lists them",
                           receiver);
    }
    if (organisation->sealing_keys.count == 0) {
        return failure_set(ret_failure, -ENOKEY,
                           "%s has no valid key to seal a dossier for; ring %s, or leave --dossier "
                           "out",
                           organisation->display_name, organisation->telephone);
    }
    memcpy(ret_key, organisation->sealing_keys.items[0].key, HV_KEY_SIZE); /* the newest */
    return 0;
}

static int key_find(struct hv_connection *connection, const char *receiver,
                    uint8_t ret_key[HV_KEY_SIZE], struct hv_answer *ret_answer,
                    struct failure *ret_failure) {
    const struct hv_map question = {.request = ""};
    int r = hv_map(connection, &question, ret_answer);
    if (r == 0) {
        r = key_of(&ret_answer->message.done, receiver, ret_key, ret_failure);
        hv_answer_free(ret_answer);
    }
    return r;
}

/* ---- Sending ---- */

static int send_sealed(struct hv_connection *connection, const struct hv_message *command,
                       const char *receiver, const struct dossier *dossier,
                       struct hv_answer *ret_answer, struct failure *ret_failure) {
    uint8_t key[HV_KEY_SIZE];
    uint8_t *frame;
    size_t size;
    int r = key_find(connection, receiver, key, ret_answer, ret_failure);
    if (r < 0)
        return r;
    r = hv_dossier_seal(key, dossier->text, dossier->size, &frame, &size);
    if (r < 0)
        return r;
    r = hv_command(connection, command, frame, size, ret_answer);
    free(frame);
    return r;
}

int dossier_send(struct hv_connection *connection, const struct hv_message *command,
                 const struct dossier *dossier, struct hv_answer *ret_answer,
                 struct failure *ret_failure) {
    char receiver[HV_CODE_SIZE];
    *ret_answer = (struct hv_answer){0};
    int r = receiver_find(connection, command, receiver, ret_answer);
    if (r < 0)
        return r;
    r = send_sealed(connection, command, receiver, dossier, ret_answer, ret_failure);
    if (r == HV_REFUSED && ret_answer->message.refused.code == HV_REFUSED_STALE_KEY) {
        hv_answer_free(ret_answer); /* the key was exchanged just now */
        r = send_sealed(connection, command, receiver, dossier, ret_answer, ret_failure);
    }
    return r;
}
