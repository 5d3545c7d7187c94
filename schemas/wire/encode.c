/* Messages to bytes, from the field lists: `type` first, then the fields in the order of the list.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "wire/room.h"

/* Failures of the packer are failures of memory, and the buffer remembers none: they add up here.
 */
struct encoder {
    msgpack_packer packer;
    int failed;
};

static void text_encode(struct encoder *encoder, const char *text, size_t size) {
    encoder->failed |= msgpack_pack_str(&encoder->packer, size);
    encoder->failed |= msgpack_pack_str_body(&encoder->packer, text, size);
}

static void string_encode(struct encoder *encoder, const char *text) {
    text_encode(encoder, text, strlen(text));
}

static void number_encode(struct encoder *encoder, const void *value) {
    int64_t number;
    memcpy(&number, value, sizeof number);
    encoder->failed |= msgpack_pack_int64(&encoder->packer, number);
}

static void boolean_encode(struct encoder *encoder, bool value) {
    encoder->failed |=
        value ? msgpack_pack_true(&encoder->packer) : msgpack_pack_false(&encoder->packer);
}

static void word_encode(struct encoder *encoder, const struct wire_vocabulary *vocabulary,
                        const void *value) {
    int number;
    memcpy(&number, value, sizeof number);
    string_encode(encoder, wire_word_text(vocabulary, number));
}

static void uuid_encode(struct encoder *encoder, const struct hv_uuid *uuid) {
    char text[WIRE_UUID_TEXT_SIZE];
    wire_uuid_text(uuid, text);
    string_encode(encoder, text);
}

static void bytes_encode(struct encoder *encoder, const void *bytes, size_t size) {
    encoder->failed |= msgpack_pack_bin(&encoder->packer, size);
    encoder->failed |= msgpack_pack_bin_body(&encoder->packer, bytes, size);
}

static void blob_encode(struct encoder *encoder, const void *value) {
    struct wire_blob blob;
    memcpy(&blob, value, sizeof blob);
    bytes_encode(encoder, blob.bytes, blob.size);
}

static struct wire_items items_of(const void *value) {
    struct wire_items items;
    memcpy(&items, value, sizeof items);
    return items;
}

static void codes_encode(struct encoder *encoder, const void *value) {
    struct wire_items items = items_of(value);
    const struct hv_code *codes = items.items;
    encoder->failed |= msgpack_pack_array(&encoder->packer, items.count);
    for (size_t i = 0; i < items.count; i++)
        string_encode(encoder, codes[i].text);
}

static void counters_encode(struct encoder *encoder, const void *value) {
    struct wire_items items = items_of(value);
    const struct hv_counter *counters = items.items;
    encoder->failed |= msgpack_pack_map(&encoder->packer, items.count);
    for (size_t i = 0; i < items.count; i++) {
        string_encode(encoder, counters[i].name);
        number_encode(encoder, &counters[i].value);
    }
}

static void struct_encode(struct encoder *encoder, const struct wire_struct *type,
                          const void *value, const char *name);

static void list_encode(struct encoder *encoder, const struct wire_field *field,
                        const void *value) {
    struct wire_items items = items_of(value);
    encoder->failed |= msgpack_pack_array(&encoder->packer, items.count);
    for (size_t i = 0; i < items.count; i++)
        struct_encode(encoder, field->nested, (const char *)items.items + i * field->nested->size,
                      NULL);
}

static void value_encode(struct encoder *encoder, const struct wire_field *field,
                         const void *value) {
    switch (field->kind) {
    case WIRE_REQUEST:
    case WIRE_ORGANISATION:
    case WIRE_CODE:
    case WIRE_PERSON:
    case WIRE_RESIDENT:
        string_encode(encoder, value);
        break;
    case WIRE_UUID:
        uuid_encode(encoder, value);
        break;
    case WIRE_TEXT:
        string_encode(encoder, *(const char *const *)value);
        break;
    case WIRE_TIME:
    case WIRE_INTEGER:
        number_encode(encoder, value);
        break;
    case WIRE_BOOLEAN:
        boolean_encode(encoder, *(const bool *)value);
        break;
    case WIRE_VOCABULARY:
        word_encode(encoder, field->vocabulary, value);
        break;
    case WIRE_BYTES:
        bytes_encode(encoder, value, (size_t)field->most);
        break;
    case WIRE_BLOB:
        blob_encode(encoder, value);
        break;
    case WIRE_MAP:
        struct_encode(encoder, field->nested, value, NULL);
        break;
    case WIRE_LIST:
        list_encode(encoder, field, value);
        break;
    case WIRE_CODES:
        codes_encode(encoder, value);
        break;
    case WIRE_COUNTERS:
        counters_encode(encoder, value);
        break;
    case WIRE_EMBED:
        assert(false && "an embedded struct has no value of its own");
    }
}

/* ---- Structs ---- */

static bool field_present(const struct wire_field *field, const char *value) {
    return field->required || *(const bool *)(value + field->has_offset);
}

/* How many pairs the map gets, embedded structs included. */
static size_t pairs_count(const struct wire_struct *type, const char *value) {
    size_t count = 0;
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (field->kind == WIRE_EMBED)
            count += pairs_count(field->nested, value + field->offset);
        else
            count += field_present(field, value);
    }
    return count;
}

/* `outer` is the struct whose map it is. What an own key of it hides in an embedded struct must be
 * absent. */
static void pairs_encode(struct encoder *encoder, const struct wire_struct *outer,
                         const struct wire_struct *type, const char *value) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (field->kind == WIRE_EMBED) {
            pairs_encode(encoder, outer, field->nested, value + field->offset);
        } else if (field_present(field, value)) {
            assert(type == outer || wire_field_stands(outer, field));
            text_encode(encoder, field->name, field->name_size);
            value_encode(encoder, field, value + field->offset);
        }
    }
}

/* `name` is the message's `type`, NULL for a struct that has none. */
static void struct_encode(struct encoder *encoder, const struct wire_struct *type,
                          const void *value, const char *name) {
    encoder->failed |=
        msgpack_pack_map(&encoder->packer, pairs_count(type, value) + (name != NULL));
    if (name != NULL) {
        string_encode(encoder, "type");
        string_encode(encoder, name);
    }
    pairs_encode(encoder, type, type, value);
}

static int encode(const struct wire_struct *type, const void *value, const char *name,
                  msgpack_sbuffer *buffer) {
    struct encoder encoder = {0};
    size_t before = buffer->size;
    msgpack_packer_init(&encoder.packer, buffer, msgpack_sbuffer_write);
    struct_encode(&encoder, type, value, name);
    if (encoder.failed == 0)
        return 0;
    buffer->size = before;
    return -ENOMEM;
}

int wire_encode(const struct hv_message *message, msgpack_sbuffer *buffer) {
    assert(wire_message_check(message, NULL) == 0);
    const struct wire_struct *type = wire_message_struct(message->type);
    return encode(type, &message->hello, type->name, buffer);
}

int wire_encode_struct(const struct wire_struct *type, const void *value, msgpack_sbuffer *buffer) {
    assert(wire_struct_valid(type, value));
    return encode(type, value, NULL, buffer);
}
