/* libhouvast: an organisation system's connection to a Houvast broker.
 *
 * A connection has a thread of its own that keeps the session alive, says hello again when the
 * broker lost it, and asks again with the same content when an answer was lost; the broker has the
 * effect once. So a program may take minutes over an item without losing its session.
 *
 * Functions return 0 or more on success and a negative errno, or one of enum hv_result, on failure;
 * on failure nothing that the caller can see has changed unless said otherwise. There is no global
 * state: two connections know nothing of each other. A connection may be used from one thread at a
 * time. */
#ifndef HOUVAST_HOUVAST_H
#define HOUVAST_HOUVAST_H

#include "houvast/messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shown by the shared library; everything else in it is hidden. */
#pragma GCC visibility push(default)

#define HV_KEY_SIZE      32
#define HV_KEY_TEXT_SIZE 41 /* Z85 and the final NUL */

/* ---- Results ---- */

enum hv_result {
    HV_REFUSED = -2001,     /* the broker refused: hv_answer.message.refused says why */
    HV_BAD_MESSAGE = -2002, /* the command is not valid; nothing was sent */
    HV_BAD_KEY = -2003,     /* a key is not a key, or does not open this dossier */
};

/* A sentence for any result of this library; static, never NULL. */
const char *hv_result_text(int result);

/* ---- Connections ---- */

struct hv_config {
    const char *endpoint;                   /* of the broker: ipc://… or tcp://… */
    uint8_t broker_public_key[HV_KEY_SIZE]; /* CURVE */
    uint8_t public_key[HV_KEY_SIZE];        /* our own, CURVE */
    uint8_t secret_key[HV_KEY_SIZE];
    enum hv_role role;
    const char
        *instance;  /* unique within organisation and role; NULL: made from host, pid and chance */
    int credit;     /* items out at a time, 0 … 1000 */
    int timeout_ms; /* how long a call waits for its answer; 0: 30 s */
};

struct hv_connection;

/* Connects and waits until the broker has welcomed us. Everything in `config` is copied. 0 and a
 * connection, to be freed with hv_disconnect; -ETIMEDOUT: no broker answered (wrong endpoint, wrong
 * broker key, or a key that the broker does not know: it tells strangers nothing); HV_REFUSED with
 * *ret_refused filled, if not NULL; -EINVAL, -ENOMEM. Blocks for timeout_ms at most. */
int hv_connect(const struct hv_config *config, struct hv_connection **ret_connection,
               char ret_refused[256]);

/* Says bye and frees; items that were not acknowledged go to another session. NULL is fine. */
void hv_disconnect(struct hv_connection *connection);

/* The newest welcome; a copy. */
int hv_welcome_get(struct hv_connection *connection, struct hv_welcome *ret_welcome);

/* ---- Commands ---- */

/* What the broker answered: done or refused. Free with hv_answer_free when read. */
struct hv_answer {
    struct hv_message message; /* .type is HV_MESSAGE_done or HV_MESSAGE_refused */
    void *memory;              /* holds its lists and texts */
};
void hv_answer_free(struct hv_answer *answer);

/* Sends a command and waits for its answer. `request` may be "": the library then chooses one.
 * `dossier` is the sealed frame (hv_dossier_seal) for offer and supplement, else NULL.
 * 0 when done; HV_REFUSED when refused, *ret_answer is filled in both cases and must be freed;
 * HV_BAD_MESSAGE; -ETIMEDOUT: nobody knows whether it took effect, ask again with the same content;
 * -ENOMEM. Refusals `no-session` and `busy` are dealt with inside, as long as the time allows. */
int hv_command(struct hv_connection *connection, const struct hv_message *command,
               const void *dossier, size_t dossier_size, struct hv_answer *ret_answer);

/* The same, typed, for the commands of an endpoint, coordinator or operator. */
#define HV_TYPED_COMMANDS(C) \
    C(open)                  \
    C(reassign)              \
    C(close)                 \
    C(settle)                \
    C(receive)               \
    C(pickup)                \
    C(introduce)             \
    C(confirm)               \
    C(decline)               \
    C(withdraw)              \
    C(fetch)                 \
    C(status)                \
    C(history)               \
    C(map)                   \
    C(stats)                 \
    C(reload)
#define HV_TYPED_DECLARE(name)                                                       \
    int hv_##name(struct hv_connection *connection, const struct hv_##name *command, \
                  struct hv_answer *ret_answer);
HV_TYPED_COMMANDS(HV_TYPED_DECLARE)
#undef HV_TYPED_DECLARE
int hv_offer(struct hv_connection *connection, const struct hv_offer *command, const void *dossier,
             size_t dossier_size, struct hv_answer *ret_answer);
int hv_supplement(struct hv_connection *connection, const struct hv_supplement *command,
                  const void *dossier, size_t dossier_size, struct hv_answer *ret_answer);

/* ---- Items ---- */

/* An item of our inbox, and the sealed dossier where it carries one. */
struct hv_delivery {
    struct hv_item item;
    const uint8_t *dossier; /* NULL where there is none */
    size_t dossier_size;
    void *memory;
};
void hv_delivery_free(struct hv_delivery *delivery);

/* A descriptor that polls readable when hv_take has something, until it has been taken. Owned by
 * the connection. */
int hv_fd(const struct hv_connection *connection);

/* Takes the next item that has come in; waits up to timeout_ms (0: not at all, -1: for ever).
 * 0 and a delivery, to be freed; -EAGAIN when there is none; -ENOTCONN when the broker has refused
 * our key for good. */
int hv_take(struct hv_connection *connection, int timeout_ms, struct hv_delivery *ret_delivery);

/* Acknowledges an item and waits until that is on disk; asks again after a lost answer. As
 * hv_command. */
int hv_ack(struct hv_connection *connection, int64_t item, struct hv_answer *ret_answer);

/* Asks for the item again after so many ms (0 … 3,600,000). Does not wait: a lost one is made good
 * by the broker's own redelivery. 0 or -EINVAL, -ENOMEM. */
int hv_nack(struct hv_connection *connection, int64_t item, int64_t after_ms);

/* ---- Dossiers, pseudonyms, ids ---- */

/* Seals for a receiver's X25519 key (libsodium sealed box): the frame is the key's id and the box.
 * *ret_frame is malloc'ed. -ENOMEM, -EFBIG over 1 MiB. */
int hv_dossier_seal(const uint8_t receiver_key[HV_KEY_SIZE], const void *text, size_t size,
                    uint8_t **ret_frame, size_t *ret_size);

struct hv_sealing_pair {
    uint8_t public_key[HV_KEY_SIZE];
    uint8_t secret_key[HV_KEY_SIZE];
};
/* Opens a frame with whichever of our pairs it was sealed for. *ret_text is malloc'ed, with a final
 * NUL that is not counted. HV_BAD_KEY: sealed for none of these, or damaged; -ENOMEM. */
int hv_dossier_open(const struct hv_sealing_pair *pairs, size_t pair_count, const void *frame,
                    size_t size, uint8_t **ret_text, size_t *ret_size);

/* The pseudonym of a person's number under the network's secret (32 bytes, which lies with the
 * organisations and never with the broker): Argon2id, then keyed BLAKE2b. The same number gives the
 * same pseudonym everywhere in the network. Takes 64 MiB and about a tenth of a second. -ENOMEM,
 * -EINVAL where the number is empty. */
int hv_pseudonym(const uint8_t network_secret[32], const char *number,
                 char ret_resident[HV_RESIDENT_SIZE]);
/* A random one, where there is no number or it may not be used. */
void hv_pseudonym_random(char ret_resident[HV_RESIDENT_SIZE]);

/* A new id, UUID version 7 (RFC 9562). */
void hv_uuid_new(struct hv_uuid *ret_uuid);
/* An id derived from the sender's own case number with the organisation's own secret (32 bytes), so
 * that a rerun asks again instead of anew: UUID version 8 (RFC 9562) of keyed BLAKE2b over
 * `purpose` and `ref`. */
void hv_uuid_derive(const uint8_t case_secret[32], const char *purpose, const char *ref,
                    struct hv_uuid *ret_uuid);

/* ---- Keys ---- */

void hv_key_text(const uint8_t key[HV_KEY_SIZE], char ret_text[HV_KEY_TEXT_SIZE]);
/* HV_BAD_KEY where the text is not 40 characters of Z85. */
int hv_key_parse(const char *text, uint8_t ret_key[HV_KEY_SIZE]);
/* New pairs: CURVE for the wire, X25519 for dossiers. */
void hv_curve_pair_new(uint8_t ret_public[HV_KEY_SIZE], uint8_t ret_secret[HV_KEY_SIZE]);
void hv_sealing_pair_new(struct hv_sealing_pair *ret_pair);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
