/* Messages as JSON, from the field lists. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"
#include "wire/room.h"

static json_t *bytes_json(const uint8_t *bytes, size_t size) {
    char text[129];
    assert(size * 2 < sizeof text);
    sodium_bin2hex(text, sizeof text, bytes, size);
    return json_string(text);
}

/* As long as it may be. */
static json_t *blob_json(const void *value) {
    struct wire_blob blob;
    memcpy(&blob, value, sizeof blob);
    char *text = malloc(2 * blob.size + 1);
    if (text == NULL)
        return NULL;
    sodium_bin2hex(text, 2 * blob.size + 1, blob.bytes, blob.size);
    json_t *json = json_string(text);
    free(text);
    return json;
}

static json_t *uuid_json(const struct hv_uuid *uuid) {
    char text[WIRE_UUID_TEXT_SIZE];
    wire_uuid_text(uuid, text);
    return json_string(text);
}

static json_t *number_json(const void *value) {
    int64_t number;
    memcpy(&number, value, sizeof number);
    return json_integer(number);
}

static json_t *word_json(const struct wire_vocabulary *vocabulary, const void *value) {
    int number;
    memcpy(&number, value, sizeof number);
    return json_string(wire_word_text(vocabulary, number));
}

/* Gives what was built, or NULL with nothing left of it. */
static json_t *built(json_t *json, int failed) {
    if (failed == 0)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *codes_json(const struct wire_items *items) {
    const struct hv_code *codes = items->items;
    json_t *list = json_array();
    int failed = list == NULL;
    for (size_t i = 0; i < items->count && !failed; i++)
        failed = json_array_append_new(list, json_string(codes[i].text));
    return built(list, failed);
}

static json_t *counters_json(const struct wire_items *items) {
    const struct hv_counter *counters = items->items;
    json_t *object = json_object();
    int failed = object == NULL;
    for (size_t i = 0; i < items->count && !failed; i++)
        failed = json_object_set_new(object, counters[i].name, json_integer(counters[i].value));
    return built(object, failed);
}

static json_t *list_json(const struct wire_struct *type, const struct wire_items *items) {
    json_t *list = json_array();
    int failed = list == NULL;
    for (size_t i = 0; i < items->count && !failed; i++)
        failed = json_array_append_new(
            list, wire_to_json(type, (const char *)items->items + i * type->size));
    return built(list, failed);
}

static json_t *items_json(const struct wire_field *field, const void *value) {
    struct wire_items items;
    memcpy(&items, value, sizeof items);
    if (field->kind == WIRE_LIST)
        return list_json(field->nested, &items);
    return field->kind == WIRE_CODES ? codes_json(&items) : counters_json(&items);
}

static json_t *value_json(const struct wire_field *field, const void *value) {
    switch (field->kind) {
    case WIRE_REQUEST:
    case WIRE_ORGANISATION:
    case WIRE_CODE:
    case WIRE_PERSON:
    case WIRE_RESIDENT:
        return json_string(value);
    case WIRE_TEXT:
        return json_string(*(const char *const *)value);
    case WIRE_UUID:
        return uuid_json(value);
    case WIRE_TIME:
    case WIRE_INTEGER:
        return number_json(value);
    case WIRE_BOOLEAN:
        return json_boolean(*(const bool *)value);
    case WIRE_VOCABULARY:
        return word_json(field->vocabulary, value);
    case WIRE_BYTES:
        return bytes_json(value, (size_t)field->most);
    case WIRE_BLOB:
        return blob_json(value);
    case WIRE_MAP:
        return wire_to_json(field->nested, value);
    case WIRE_LIST:
    case WIRE_CODES:
    case WIRE_COUNTERS:
        return items_json(field, value);
    case WIRE_EMBED:
        break;
    }
    assert(false && "an embedded struct has no value of its own");
    return NULL;
}

static int fields_set(json_t *object, const struct wire_struct *type, const char *value) {
    int failed = 0;
    for (size_t i = 0; i < type->count && !failed; i++) {
        const struct wire_field *field = &type->fields[i];
        if (field->kind == WIRE_EMBED)
            failed = fields_set(object, field->nested, value + field->offset);
        else if (field->required || *(const bool *)(value + field->has_offset))
            failed =
                json_object_set_new(object, field->name, value_json(field, value + field->offset));
    }
    return failed;
}

json_t *wire_to_json(const struct wire_struct *type, const void *value) {
    json_t *object = json_object();
    return built(object, object == NULL || fields_set(object, type, value) != 0);
}

json_t *wire_message_to_json(const struct hv_message *message) {
    const struct wire_struct *type = wire_message_struct(message->type);
    assert(type != NULL);
    json_t *object = json_object();
    return built(object, object == NULL ||
                             json_object_set_new(object, "type", json_string(type->name)) != 0 ||
                             fields_set(object, type, (const char *)&message->hello) != 0);
}
