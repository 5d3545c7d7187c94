/* The field lists and vocabularies as tables that the codec walks: expansions only. */
#include <assert.h>
#include <string.h>

#include "wire/room.h"

/* ---- Vocabularies ---- */

#define WORD(name_, number_, text_, doc_) {.number = (number_), .text = (text_), .doc = (doc_)},

#define VOCABULARY(name_)                                                          \
    static const struct wire_word words_##name_[] = {HV_VOCABULARY_##name_(WORD)}; \
    const struct wire_vocabulary wire_vocabulary_##name_ = {                       \
        .name = #name_,                                                            \
        .words = words_##name_,                                                    \
        .count = sizeof words_##name_ / sizeof words_##name_[0],                   \
    };                                                                             \
    /* The codec writes every vocabulary as an int. */                             \
    static_assert(sizeof(enum hv_##name_) == sizeof(int), "an enum is kept as an int");
HV_VOCABULARIES(VOCABULARY)

const struct wire_vocabulary *const wire_vocabularies[] = {
#define VOCABULARY_ADDRESS(name_) &wire_vocabulary_##name_,
    HV_VOCABULARIES(VOCABULARY_ADDRESS)};
const size_t wire_vocabulary_count = sizeof wire_vocabularies / sizeof wire_vocabularies[0];

const char *wire_word_text(const struct wire_vocabulary *vocabulary, int number) {
    for (size_t i = 0; i < vocabulary->count; i++)
        if (vocabulary->words[i].number == number)
            return vocabulary->words[i].text;
    return NULL;
}

int wire_word_number(const struct wire_vocabulary *vocabulary, const char *text, size_t size) {
    for (size_t i = 0; i < vocabulary->count; i++) {
        const char *word = vocabulary->words[i].text;
        if (strlen(word) == size && memcmp(word, text, size) == 0)
            return vocabulary->words[i].number;
    }
    return 0;
}

/* ---- Fields ---- */

#define IS_REQUIRED true
#define IS_OPTIONAL false

#define HAS_REQUIRED(S, name_)
#define HAS_OPTIONAL(S, name_) .has_offset = offsetof(struct S, has_##name_),

#define RANGE(least_, most_) .least = (least_), .most = (most_),
#define PART(name_)          .nested = &wire_struct_##name_,

#define ARGUMENT_REQUEST(_)
#define ARGUMENT_UUID(_)
#define ARGUMENT_ORGANISATION(_)
#define ARGUMENT_CODE(_)
#define ARGUMENT_PERSON(_)
#define ARGUMENT_RESIDENT(_)
#define ARGUMENT_TEXT(_)
#define ARGUMENT_TIME(_)        RANGE(0, HV_INTEGER_MAX)
#define ARGUMENT_INTEGER(range) RANGE range
#define ARGUMENT_BOOLEAN(_)
#define ARGUMENT_VOCABULARY(list) .vocabulary = &wire_vocabulary_##list,
#define ARGUMENT_BYTES(size_)     .most = (size_),
#define ARGUMENT_BLOB(most_)      RANGE(1, most_)
#define ARGUMENT_MAP(part)        PART(part)
#define ARGUMENT_EMBED(part)      PART(part)
#define ARGUMENT_LIST(part)       PART(part)
#define ARGUMENT_CODES(_)
#define ARGUMENT_COUNTERS(_)

#define FIELD(S, presence, kind_, name_, argument, doc_)          \
    {.name = HV_KEY(name_),                                       \
     .name_size = sizeof HV_KEY(name_) - 1,                       \
     .kind = WIRE_##kind_,                                        \
     .required = IS_##presence,                                   \
     HAS_##presence(S, name_).offset = offsetof(struct S, name_), \
     ARGUMENT_##kind_(argument).doc = (doc_)},

/* A field without a name ends the list. */
#define FIELDS(name_) \
    static const struct wire_field fields_##name_[] = {HV_FIELDS_##name_(FIELD, hv_##name_){0}};

#define STRUCT(name_, text_, doc_)                                     \
    {                                                                  \
        .name = (text_), .fields = fields_##name_,                     \
        .count = sizeof fields_##name_ / sizeof fields_##name_[0] - 1, \
        .size = sizeof(struct hv_##name_), .doc = (doc_),              \
    }

/* A part stands in the list behind the parts that it is made of. */
#define PART_STRUCT(name_, doc_) \
    FIELDS(name_)                \
    const struct wire_struct wire_struct_##name_ = STRUCT(name_, #name_, doc_);
HV_PARTS(PART_STRUCT)

const struct wire_struct *const wire_parts[] = {
#define PART_ADDRESS(name_, doc_) &wire_struct_##name_,
    HV_PARTS(PART_ADDRESS)};
const size_t wire_part_count = sizeof wire_parts / sizeof wire_parts[0];

#define MESSAGE_FIELDS(name_, type_, by_, doc_) FIELDS(name_)
HV_MESSAGES(MESSAGE_FIELDS)

#define MESSAGE_STRUCT(name_, type_, by_, doc_) \
    [HV_MESSAGE_##name_] = {WIRE_BY_##by_, STRUCT(name_, type_, doc_)},
static const struct {
    enum wire_by by;
    struct wire_struct type;
} messages[HV_MESSAGE_TYPES] = {HV_MESSAGES(MESSAGE_STRUCT)};

const struct wire_struct *wire_message_struct(enum hv_message_type type) {
    assert(type >= HV_MESSAGE_none && type < HV_MESSAGE_TYPES);
    return type == HV_MESSAGE_none ? NULL : &messages[type].type;
}

enum wire_by wire_message_by(enum hv_message_type type) {
    assert(type > HV_MESSAGE_none && type < HV_MESSAGE_TYPES);
    return messages[type].by;
}

enum hv_message_type wire_message_named(const char *type, size_t size) {
    for (int i = HV_MESSAGE_none + 1; i < HV_MESSAGE_TYPES; i++) {
        const char *name = messages[i].type.name;
        if (strlen(name) == size && memcmp(name, type, size) == 0)
            return (enum hv_message_type)i;
    }
    return HV_MESSAGE_none;
}

const struct wire_field *wire_field_named(const struct wire_struct *type, const char *name,
                                          size_t size, size_t *ret_offset) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (field->kind != WIRE_EMBED && field->name_size == size &&
            memcmp(field->name, name, size) == 0) {
            *ret_offset = 0;
            return field;
        }
    }
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *embed = &type->fields[i], *field;
        if (embed->kind != WIRE_EMBED)
            continue;
        field = wire_field_named(embed->nested, name, size, ret_offset);
        if (field != NULL) {
            *ret_offset += embed->offset;
            return field;
        }
    }
    return NULL;
}

const struct wire_field *wire_field_other(const struct wire_field *field) {
    const struct wire_field *next = field + 1;
    const bool same = next->name != NULL && next->kind != WIRE_EMBED &&
                      next->name_size == field->name_size &&
                      memcmp(next->name, field->name, field->name_size) == 0;

    return same ? next : NULL;
}

bool wire_field_stands(const struct wire_struct *outer, const struct wire_field *field) {
    size_t offset;
    const struct wire_field *first =
        wire_field_named(outer, field->name, strlen(field->name), &offset);
    while (first != NULL && first != field)
        first = wire_field_other(first);
    return first == field;
}
