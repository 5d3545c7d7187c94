/* What the files of the wire room share among themselves; nobody outside includes this. */
#ifndef HOUVAST_WIRE_ROOM_H
#define HOUVAST_WIRE_ROOM_H

#include "wire/wire.h"

/* ---- One token of MessagePack: a head and what it announces ---- */

enum token_kind {
    TOKEN_POSITIVE, /* a whole number from 0 up */
    TOKEN_NEGATIVE,
    TOKEN_BOOLEAN,
    TOKEN_TEXT,
    TOKEN_BYTES,
    TOKEN_LIST,
    TOKEN_MAP,
    TOKEN_NIL,
    TOKEN_FLOAT,
    TOKEN_EXTENSION,
    TOKEN_NONE, /* the one byte that MessagePack leaves unused */
};

struct token {
    enum token_kind kind;
    uint64_t number; /* of POSITIVE: the value; of LIST and MAP: how many items or pairs */
    size_t at, size; /* where the payload of TEXT and BYTES lies */
};

/* Reads untrusted bytes; `at` never passes `size`. */
struct cursor {
    const uint8_t *bytes;
    size_t size, at;
};

/* Reads a head, and for all but lists and maps also what belongs to it. NULL, or a static sentence
 * that says why the bytes from here on are not MessagePack. */
const char *token_read(struct cursor *cursor, struct token *ret_token);

/* ---- The bounded check, with what it learnt on the way ---- */

struct span {
    const char *text; /* into the bytes; NULL: none */
    size_t size;
};

/* Keys open at a time over all maps that a place in the bytes lies in; over it: too-large. What is
 * not counters is the envelope's own keys. */
#define SCAN_KEYS_MAX  (WIRE_COUNTERS_MAX + 64)
#define SCAN_DEPTH_MAX 16

struct scan {
    enum hv_refusal code; /* 0: sound */
    const char *reason;   /* static */
    struct span field;    /* the top-level key where it was found */
    bool broken;          /* the bytes are not one complete value, whatever the keys are */
    bool repeated;        /* a key came twice */
    bool is_map;          /* what is outermost */
    /* Of the outermost map, as far as it could be read: */
    struct span request, type;
    bool has_version;
    uint64_t version;
};

/* Goes on behind a mistake as long as the bytes can be told apart, so that `request` is found
 * wherever it stands. Allocates nothing. */
void scan_bytes(const void *bytes, size_t size, unsigned depth, struct scan *ret_scan);

/* ---- Judging ---- */

bool wire_is_request(const char *text, size_t size);

/* Whether a text is UTF-8 and without U+0000. */
bool wire_is_text(const char *text, size_t size);

/* Whether a text has the form of its kind: REQUEST, ORGANISATION, CODE, PERSON or RESIDENT. */
bool wire_name_fits(enum wire_kind kind, const char *text, size_t size);

/* Whether a struct holds what its field list allows, lists of at most WIRE_BROKER_LIST_MAX. */
bool wire_struct_valid(const struct wire_struct *type, const void *value);

/* What a field must be, as a phrase: "a whole number from 0 to 150". Always fits. */
#define WIRE_EXPECTATION_SIZE 120
void wire_expectation(const struct wire_field *field, char ret_text[WIRE_EXPECTATION_SIZE]);

/* The rules that hold between the fields of one message. 0, or -EBADMSG with the field to name and
 * a static sentence. */
int wire_rules_check(const struct hv_message *message, const char **ret_field,
                     const char **ret_reason);

/* Fills in field and reason; both are cut between characters where they do not fit. Gives
 * -EBADMSG. */
int wire_error_set(struct wire_error *error, enum hv_refusal code, struct span field,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Copies a text, cut between characters to fit. */
void wire_text_copy(char *target, size_t target_size, const char *text, size_t size);

/* BLAKE2b-256 of the outermost map in its canonical form without `request`: keys in the order of
 * their bytes, numbers as short as they go. Sorts the pairs of the maps where they lie. */
void wire_content_hash(msgpack_object_map *map, uint8_t ret_content[32]);

#endif
