/* The codec of the wire: bytes to messages and back, from the field lists, for broker and library.
 *
 * Nothing here keeps state; every function may be called from any thread, on its own arguments. */
#ifndef HOUVAST_WIRE_H
#define HOUVAST_WIRE_H

#include <msgpack.h>

#include "houvast/messages.h"

/* ---- What the field lists expand to ---- */

enum wire_kind {
    WIRE_REQUEST,
    WIRE_UUID,
    WIRE_ORGANISATION,
    WIRE_CODE,
    WIRE_PERSON,
    WIRE_RESIDENT,
    WIRE_TEXT,
    WIRE_TIME,
    WIRE_INTEGER,
    WIRE_BOOLEAN,
    WIRE_VOCABULARY,
    WIRE_BYTES,
    WIRE_BLOB,
    WIRE_MAP,
    WIRE_EMBED,
    WIRE_LIST,
    WIRE_CODES,
    WIRE_COUNTERS,
};

struct wire_word {
    int number;
    const char *text;
    const char *doc;
};

struct wire_vocabulary {
    const char *name;
    const struct wire_word *words;
    size_t count;
};

struct wire_struct;

struct wire_field {
    const char *name;
    size_t name_size;
    enum wire_kind kind;
    bool required;
    size_t has_offset; /* of `has_<name>`; unused where required */
    size_t offset;
    int64_t least, most; /* WIRE_INTEGER, WIRE_TIME; `most` is the size of WIRE_BYTES
                            and the largest of WIRE_BLOB */
    const struct wire_vocabulary *vocabulary; /* WIRE_VOCABULARY */
    const struct wire_struct *nested;         /* WIRE_MAP, WIRE_EMBED, WIRE_LIST */
    const char *doc;
};

struct wire_struct {
    const char *name; /* of a message: its `type` */
    const struct wire_field *fields;
    size_t count;
    size_t size; /* sizeof the C struct */
    const char *doc;
};

enum wire_by {
    WIRE_BY_PEER = 1,
    WIRE_BY_BROKER = 2,
    WIRE_BY_BOTH = 3,
};

/* The expansion of HV_FIELDS_<name>; `wire_message_struct` of HV_MESSAGE_none is NULL. */
const struct wire_struct *wire_message_struct(enum hv_message_type type);
enum wire_by wire_message_by(enum hv_message_type type);
enum hv_message_type wire_message_named(const char *type, size_t size);
extern const struct wire_struct wire_struct_event, wire_struct_keeping, wire_struct_standing;

/* Finds a field by its key among a struct's own fields, then among those of the structs embedded in
 * it; *ret_offset is what to add to the offsets in the field. NULL: no such key. */
const struct wire_field *wire_field_named(const struct wire_struct *type, const char *name,
                                          size_t size, size_t *ret_offset);

/* A key may stand for two things in one struct, told apart by their kinds: for either of them a
 * field, side by side, at most one of which is there. The next field of the same key in the same
 * list, or NULL; wire_field_named gives the first. */
const struct wire_field *wire_field_other(const struct wire_field *field);

/* Whether the map of `outer` may hold this field of it, or of a struct embedded in it: an own key
 * hides an embedded one of the same name. */
bool wire_field_stands(const struct wire_struct *outer, const struct wire_field *field);

/* All parts and all vocabularies, in the order of their lists. */
extern const struct wire_struct *const wire_parts[];
extern const size_t wire_part_count;
extern const struct wire_vocabulary *const wire_vocabularies[];
extern const size_t wire_vocabulary_count;

/* What a LIST, CODES or COUNTERS field is in every struct: whole structs, struct hv_code, struct
 * hv_counter. */
struct wire_items {
    size_t count;
    const void *items;
};

/* What a BLOB field is in every struct. */
struct wire_blob {
    size_t size;
    const uint8_t *bytes;
};

/* Most items of a list from the broker: the contract's 1000 events of a history, and room. */
#define WIRE_BROKER_LIST_MAX 4096

/* Most names in one COUNTERS field; wire_encode asserts it. */
#define WIRE_COUNTERS_MAX 960

#define WIRE_DECLARE_VOCABULARY(name) extern const struct wire_vocabulary wire_vocabulary_##name;
HV_VOCABULARIES(WIRE_DECLARE_VOCABULARY)
#undef WIRE_DECLARE_VOCABULARY

/* The text of a number in a vocabulary, or NULL; the number of a text, or 0. Texts are static. */
const char *wire_word_text(const struct wire_vocabulary *vocabulary, int number);
int wire_word_number(const struct wire_vocabulary *vocabulary, const char *text, size_t size);

/* ---- Decoding ---- */

struct wire_limits {
    size_t envelope_bytes; /* over it: too-large */
    unsigned depth;        /* nesting, the envelope is 1; over it: too-large */
};

/* What the contract allows peers: 64 KiB, depth 4. */
extern const struct wire_limits wire_limits_default;

/* What a peer takes from its broker: 8 MiB, depth 8. An answer to `map` is 5 deep, a page of a
 * history may be longer than an envelope that peers send. */
extern const struct wire_limits wire_limits_broker;

enum wire_from {
    WIRE_FROM_PEER,   /* strict: only messages BY_PEER, lists of at most HV_LIST_MAX */
    WIRE_FROM_BROKER, /* only messages BY_BROKER; unknown keys are passed over */
    WIRE_FROM_LATER,  /* a peer that said a later `minor`: unknown top-level keys are passed over */
};

struct wire_error {
    enum hv_refusal code; /* HV_REFUSED_TOO_LARGE, HV_REFUSED_MALFORMED or HV_REFUSED_VERSION */
    char field[HV_PERSON_SIZE];    /* the top-level key; "" where the envelope is not one map */
    char reason[160];              /* a sentence for a person */
    char request[HV_REQUEST_SIZE]; /* where it was readable, else "" */
};

/* Decodes one envelope. On success *ret_message is set; its texts and lists live in `zone`, and in
 * `frame` nothing of it does. 0, -EBADMSG with *ret_error filled and *ret_message untouched, or
 * -ENOMEM. Allocates nothing in proportion to what a length in the bytes claims. A `hello` of
 * another version is HV_REFUSED_VERSION whatever its other keys are.
 * `limits` may be NULL: the default ones for what a peer sends, the broker's for what it sends.
 * `ret_content`, if not NULL, gets 32 bytes: BLAKE2b-256 of the message in a canonical form without
 * `request`; equal contents give equal bytes whatever the order of keys or the width of numbers. */
int wire_decode(const void *frame, size_t size, enum wire_from from,
                const struct wire_limits *limits, msgpack_zone *zone,
                struct hv_message *ret_message, uint8_t ret_content[32],
                struct wire_error *ret_error);

/* Decodes a map of one struct, as events are kept in the ledger. The same rules, but for lists of
 * at most WIRE_BROKER_LIST_MAX; unknown keys are -EBADMSG. */
int wire_decode_struct(const void *bytes, size_t size, const struct wire_struct *expected,
                       msgpack_zone *zone, void *ret_struct);

/* The bounded check that stands before msgpack-c: exactly one value of at most `depth`, complete,
 * no trailing bytes, no extension types, text in UTF-8, keys of every map text and without repeats.
 * Allocation-free. 0, or -EBADMSG with a static sentence in *ret_reason and HV_REFUSED_TOO_LARGE or
 * HV_REFUSED_MALFORMED in *ret_code. */
int wire_check(const void *bytes, size_t size, unsigned depth, enum hv_refusal *ret_code,
               const char **ret_reason);

/* ---- Encoding ---- */

/* Whether a message of our own making may be sent: every form, range, length and rule of the
 * contract. Lists are held to HV_LIST_MAX in what peers send. 0, or -EBADMSG with code, field and
 * reason in *ret_error, if not NULL. */
int wire_message_check(const struct hv_message *message, struct wire_error *ret_error);

/* Appends the message to `buffer`. The caller's struct must be valid (asserted: it is our own; for
 * what may not be, there is wire_message_check). 0 or -ENOMEM. */
int wire_encode(const struct hv_message *message, msgpack_sbuffer *buffer);
int wire_encode_struct(const struct wire_struct *type, const void *value, msgpack_sbuffer *buffer);

/* ---- Forms of names ---- */

/* Whether the text has the form: [a-z0-9-]{1,32}, [a-z0-9._-]{1,64}, "r1." and 43 of base64url. */
bool wire_is_code(const char *text, size_t size);
bool wire_is_person(const char *text, size_t size);
bool wire_is_resident(const char *text, size_t size);

#define WIRE_UUID_TEXT_SIZE 37

/* Lower-case text to bytes and back; parse gives false for any other form. */
bool wire_uuid_parse(const char *text, size_t size, struct hv_uuid *ret_uuid);
void wire_uuid_text(const struct hv_uuid *uuid, char ret_text[WIRE_UUID_TEXT_SIZE]);

#endif
