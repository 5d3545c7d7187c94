/* libhouvast: an organisation system's connection to a Houvast broker.
 *
 * A connection has a thread of its own that keeps the session alive, says hello again when the
 * broker lost it, and asks again with the same content when an answer was lost; the broker has the
 * effect once. So a program may take minutes over an item without losing its session.
 *
 * Functions return 0 or more on success and a negative errno, or one of enum hv_result, on failure;
 * on failure nothing that the caller can see has changed unless said otherwise. There is no global
 * state: two connections know nothing of each other.
 *
 * Threads: every function may be called from any thread, also for one connection at the same time;
 * hv_disconnect alone must be the last, with no other call under way. Signals: the library's
 * threads block them all. Fork: a child must not use or free a connection of its parent, and its
 * descriptors close on exec; connect in the child instead. A connection costs three threads (one of
 * ours, two of ZeroMQ), twelve descriptors and about 0.1 MB. */
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
    HV_BAD_MESSAGE = -2002, /* the command is not valid; refused says why; nothing was sent */
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
    /* Unique within organisation and role. NULL: made from host, pid and chance. A name of your own
     * that stays the same over a restart takes the earlier process's items over at once instead of
     * after three silent heartbeats; but two processes with one name are in each other's way, and
     * the one that was put out waits 30 s and then longer, up to 10 min, before it tries again. */
    const char *instance;
    int credit;     /* items out at a time, 0 … 1000; 0 takes none */
    int timeout_ms; /* how long a call waits for its answer; 0: 30 s */
};

struct hv_connection;

/* Connects and waits until the broker has welcomed us. Everything in `config` is copied. 0 and a
 * connection, to be freed with hv_disconnect; -ETIMEDOUT: no broker answered (wrong endpoint, wrong
 * broker key, or a key that the broker does not know: it tells strangers nothing); HV_REFUSED: the
 * broker does not want us; -EINVAL: the configuration; -EMFILE, -ENFILE, -EAGAIN: out of
 * descriptors or threads; -ENOMEM. On each of these *ret_refused, if not NULL, is a sentence that
 * says what was found and what to mend. Blocks for timeout_ms at most. */
int hv_connect(const struct hv_config *config, struct hv_connection **ret_connection,
               char ret_refused[256]);

/* Says bye and frees; items that were not acknowledged go to another session. NULL is fine. */
void hv_disconnect(struct hv_connection *connection);

/* The newest welcome; a copy. Always 0. */
int hv_welcome_get(struct hv_connection *connection, struct hv_welcome *ret_welcome);

enum hv_link {
    HV_LINK_DOWN = 0,    /* no session now; the connection is trying */
    HV_LINK_UP = 1,      /* the broker has welcomed us */
    HV_LINK_REFUSED = 2, /* the broker refused our key or role for good; connect anew when mended */
};
/* How the connection stands, and a sentence for a person that says why; ret_why may be NULL. */
enum hv_link hv_link_get(struct hv_connection *connection, char ret_why[256]);

/* ---- Commands ---- */

/* What the broker answered. Free with hv_answer_free when read. */
struct hv_answer {
    struct hv_message message; /* .type: HV_MESSAGE_done, _refused, or _none where there is none */
    void *memory;              /* holds its lists and texts */
};
void hv_answer_free(struct hv_answer *answer);

/* Sends a command and waits for its answer. `request` may be "": the library then chooses one; one
 * of your own must be new for each other content and not begin with "hv-". `dossier` is the sealed
 * frame (hv_dossier_seal) for offer and supplement, else NULL; it is not copied. 0 when done;
 * HV_REFUSED when refused; HV_BAD_MESSAGE when the command is not valid, and then *ret_answer is a
 * refusal `malformed` with field and reason. -ETIMEDOUT, or -EPROTO for an answer that this library
 * does not understand: nobody knows whether it took effect, ask again with the same content.
 * -ENOTCONN: the broker has refused our key for good; -ENOMEM. *ret_answer is set whatever happens
 * and must be freed; NULL where you do not want it. Refusals `no-session` and `busy` are dealt with
 * inside, as long as the time allows. hello, bye, ping, pong and nack are no commands. Blocks for
 * the connection's timeout_ms at most. */
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
    C(reload)                \
    C(verify)                \
    C(wait)                  \
    C(note)                  \
    C(set_urgency)           \
    C(contest)               \
    C(claim)                 \
    C(absent)                \
    C(list)                  \
    C(watch)                 \
    C(clock_accept)
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

/* A descriptor that polls readable when hv_take has something to say, until it has been taken: an
 * item, or -ENOTCONN. Owned by the connection; do not read from it. When the session is lost, items
 * that were not taken yet go (they come again), so hv_take may still answer -EAGAIN. */
int hv_fd(const struct hv_connection *connection);

/* Takes the next item that has come in; waits up to timeout_ms (0: not at all, -1: for ever).
 * 0 and a delivery, to be freed; -EAGAIN when there is none; -EINTR when a signal handler ran;
 * -ENOTCONN when the broker has refused our key for good. An item may come more than once, also
 * while you are still at it; hv_ack takes waiting copies of it away. */
int hv_take(struct hv_connection *connection, int timeout_ms, struct hv_delivery *ret_delivery);

/* Acknowledges an item and waits until that is on disk; asks again after a lost answer. 0 also when
 * it had been acknowledged before. As hv_command, and -ESTALE: the item was taken from another
 * ledger than the broker has now (it was restored from a backup), where its number may stand for
 * something else; nothing was sent, and if it is still owed it comes again. */
int hv_ack(struct hv_connection *connection, int64_t item, struct hv_answer *ret_answer);

/* Asks for the item again after so many ms (0 … 3,600,000). Does not wait: a lost one is made good
 * by the broker's own redelivery. 0 or -EINVAL, -ENOMEM, -ESTALE as hv_ack. */
int hv_nack(struct hv_connection *connection, int64_t item, int64_t after_ms);

/* ---- Watching ---- */

/* What the broker says to a coordinator who has said hv_watch: HV_MESSAGE_watched_journey for each
 * that is open, HV_MESSAGE_live, HV_MESSAGE_watched_event for each change, HV_MESSAGE_gap. */
struct hv_sight {
    struct hv_message message;
    void *memory; /* holds its lists and texts */
};
void hv_sight_free(struct hv_sight *sight);

/* A descriptor that polls readable when hv_see has something to say. As hv_fd. */
int hv_watch_fd(const struct hv_connection *connection);

/* Takes the next that was seen since the newest hv_watch was done; waits as hv_take. 0 and a sight,
 * to be freed; -EAGAIN when there is none, -EINTR when a signal handler ran. When all was taken:
 * -ECONNRESET, the session was lost and the watch with it (hv_watch anew from the last `seq` seen);
 * -ENOBUFS, the same because 4096 waited, or -ENOMEM; -ENOTCONN, the broker has refused our key for
 * good. These last until the next hv_watch. After a `gap` nothing more is seen until then. When the
 * answer to hv_watch was lost the same may be seen twice. */
int hv_see(struct hv_connection *connection, int timeout_ms, struct hv_sight *ret_sight);

/* ---- Dossiers, pseudonyms, ids ---- */

#define HV_DOSSIER_FRAME_MAX 1048576 /* bytes, sealed */
#define HV_DOSSIER_OVERHEAD  56      /* what sealing adds: the key's id (8) and the box (48) */

/* Seals for a receiver's X25519 key (libsodium sealed box): the frame is the key's id and the box.
 * *ret_frame is malloc'ed. -ENOMEM; -EFBIG: the frame would be over HV_DOSSIER_FRAME_MAX;
 * HV_BAD_KEY: nobody can have this key. */
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
 * organisations and never with the broker). The same number gives the same pseudonym everywhere in
 * the network, so this is a contract between organisations, whatever their software:
 *
 *   1. of the number, blanks, dots and hyphens are left out and letters made capitals; digits
 * alone, fewer than nine, get zeroes in front up to nine (a BSN that lost its first zero). 1 to 64
 *      letters and digits of ASCII must remain
 *   2. salt and key are subkeys of the secret, crypto_kdf of libsodium with context "hvpseudo":
 *      16 bytes, number 1, and 32 bytes, number 2
 *   3. hash = Argon2id version 1.3, 32 bytes, 2 passes, 64 MiB, one lane
 *   4. "r1." and base64url without padding of BLAKE2b-256 of the hash under the key
 *
 * Takes 64 MiB and about a tenth of a second. -ENOMEM; -EINVAL: not such a number. */
#define HV_PSEUDONYM_PASSES       2
#define HV_PSEUDONYM_MEMORY_BYTES 67108864 /* 64 MiB */
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

#define HV_UUID_TEXT_SIZE 37 /* 36 characters and the final NUL */

/* To text in lower case, and back: -EINVAL for any other form. */
void hv_uuid_text(const struct hv_uuid *uuid, char ret_text[HV_UUID_TEXT_SIZE]);
int hv_uuid_parse(const char *text, struct hv_uuid *ret_uuid);

/* ---- Words ---- */

/* For each vocabulary of the wire, hv_<vocabulary>_text: the word as it travels, static, or NULL
 * for a number that is none; and hv_<vocabulary>_parse: its number, or 0 where the text is none. So
 * hv_urgency_text(HV_URGENCY_CRISIS) is "crisis". */
#define HV_WORDS_DECLARE(vocabulary)                                 \
    const char *hv_##vocabulary##_text(enum hv_##vocabulary number); \
    enum hv_##vocabulary hv_##vocabulary##_parse(const char *text);
HV_VOCABULARIES(HV_WORDS_DECLARE)
#undef HV_WORDS_DECLARE

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
