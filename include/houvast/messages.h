/* The messages of the Houvast wire as C structs: what a peer says, and what the broker answers.
 *
 * The structs are expansions of the field lists in wire/fields.h, which say what each field is,
 * what is valid, and how each kind is kept. A field that may be absent has `bool has_<name>` beside
 * it. Lists, texts and blobs are borrowed: they live as long as the message that they were decoded
 * into, or as long as the caller keeps them. Nothing here needs freeing on its own. */
#ifndef HOUVAST_MESSAGES_H
#define HOUVAST_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/fields.h"
#include "wire/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the whole of Houvast: broker, tool and library. */
#define HV_VERSION "0.1.0"

#define HV_WIRE_VERSION 1
#define HV_WIRE_MINOR   0

/* The largest whole number of the wire, 2^53-1. */
#define HV_INTEGER_MAX INT64_C(9007199254740991)

#define HV_REQUEST_SIZE  257 /* 64 characters of at most 4 bytes, and the final NUL */
#define HV_CODE_SIZE     33
#define HV_PERSON_SIZE   65
#define HV_RESIDENT_SIZE 47
#define HV_LIST_MAX      32

/* Milliseconds since 1970-01-01T00:00Z. */
typedef int64_t hv_time;

struct hv_uuid {
    uint8_t bytes[16];
};

struct hv_code {
    char text[HV_CODE_SIZE];
};

struct hv_counter {
    const char *name;
    int64_t value;
};

/* One enum per vocabulary; 0 stands for none. */
#define HV_ENUMERATOR(name, number, text, doc) HV_##name = number,
#define HV_ENUM(vocabulary)                    enum hv_##vocabulary{HV_VOCABULARY_##vocabulary(HV_ENUMERATOR)};
HV_VOCABULARIES(HV_ENUM)
#undef HV_ENUM

/* One struct per part and per message. */
#define HV_HAS_REQUIRED(name)
#define HV_HAS_OPTIONAL(name)             bool has_##name;
#define HV_MEMBER_REQUEST(name, arg)      char name[HV_REQUEST_SIZE];
#define HV_MEMBER_UUID(name, arg)         struct hv_uuid name;
#define HV_MEMBER_ORGANISATION(name, arg) char name[HV_CODE_SIZE];
#define HV_MEMBER_CODE(name, arg)         char name[HV_CODE_SIZE];
#define HV_MEMBER_PERSON(name, arg)       char name[HV_PERSON_SIZE];
#define HV_MEMBER_RESIDENT(name, arg)     char name[HV_RESIDENT_SIZE];
#define HV_MEMBER_TEXT(name, arg)         const char *name;
#define HV_MEMBER_TIME(name, arg)         hv_time name;
#define HV_MEMBER_INTEGER(name, arg)      int64_t name;
#define HV_MEMBER_BOOLEAN(name, arg)      bool name;
#define HV_MEMBER_VOCABULARY(name, arg)   enum hv_##arg name;
#define HV_MEMBER_BYTES(name, arg)        uint8_t name[arg];
#define HV_MEMBER_BLOB(name, arg) \
    struct {                      \
        size_t size;              \
        const uint8_t *bytes;     \
    } name;
#define HV_MEMBER_MAP(name, arg)   struct hv_##arg name;
#define HV_MEMBER_EMBED(name, arg) struct hv_##arg name;
#define HV_MEMBER_LIST(name, arg)     \
    struct {                          \
        size_t count;                 \
        const struct hv_##arg *items; \
    } name;
#define HV_MEMBER_CODES(name, arg)    HV_MEMBER_LIST(name, code)
#define HV_MEMBER_COUNTERS(name, arg) HV_MEMBER_LIST(name, counter)

#define HV_MEMBER(S, presence, kind, name, arg, doc) \
    HV_HAS_##presence(name) HV_MEMBER_##kind(name, arg)

#define HV_PART_STRUCT(name, doc)              \
    struct hv_##name {                         \
        HV_FIELDS_##name(HV_MEMBER, hv_##name) \
    };
HV_PARTS(HV_PART_STRUCT)
#undef HV_PART_STRUCT

#define HV_MESSAGE_STRUCT(name, type, by, doc) \
    struct hv_##name {                         \
        HV_FIELDS_##name(HV_MEMBER, hv_##name) \
    };
HV_MESSAGES(HV_MESSAGE_STRUCT)
#undef HV_MESSAGE_STRUCT

/* Which message; HV_MESSAGE_none is no message of this contract. */
#define HV_MESSAGE_TYPE(name, type, by, doc) HV_MESSAGE_##name,
enum hv_message_type { HV_MESSAGE_none, HV_MESSAGES(HV_MESSAGE_TYPE) HV_MESSAGE_TYPES };
#undef HV_MESSAGE_TYPE

/* Any message: `type` says which member of the union holds it. */
#define HV_MESSAGE_MEMBER(name, type, by, doc) struct hv_##name name;
struct hv_message {
    enum hv_message_type type;
    union {
        HV_MESSAGES(HV_MESSAGE_MEMBER)
    };
};
#undef HV_MESSAGE_MEMBER

#ifdef __cplusplus
}
#endif
#endif
