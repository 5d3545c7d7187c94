/* Whether a struct holds what its field list allows: for messages of our own making. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "wire/room.h"

static bool name_valid(const struct wire_field *field, const char *text, size_t room) {
    size_t size = strnlen(text, room);
    return size < room && wire_name_fits(field->kind, text, size);
}

static bool number_valid(const struct wire_field *field, const void *value) {
    int64_t number;
    memcpy(&number, value, sizeof number);
    return number >= field->least && number <= field->most;
}

static bool word_valid(const struct wire_field *field, const void *value) {
    int number;
    memcpy(&number, value, sizeof number);
    return wire_word_text(field->vocabulary, number) != NULL;
}

static bool text_valid(const void *value) {
    const char *text;
    memcpy(&text, value, sizeof text);
    return text != NULL && wire_is_text(text, strlen(text));
}

static bool blob_valid(const struct wire_field *field, const void *value) {
    struct wire_blob blob;
    memcpy(&blob, value, sizeof blob);
    return blob.bytes != NULL && blob.size >= (uint64_t)field->least &&
           blob.size <= (uint64_t)field->most;
}

static struct wire_items items_of(const void *value) {
    struct wire_items items;
    memcpy(&items, value, sizeof items);
    return items;
}

static bool codes_valid(const void *value, size_t list_max) {
    struct wire_items items = items_of(value);
    const struct hv_code *codes = items.items;
    for (size_t i = 0; i < items.count && i < list_max; i++) {
        size_t size = strnlen(codes[i].text, HV_CODE_SIZE);
        if (!wire_is_code(codes[i].text, size))
            return false;
    }
    return items.count <= list_max;
}

/* A table that the other side can read: names are text and stand once. */
static bool counters_valid(const void *value) {
    struct wire_items items = items_of(value);
    const struct hv_counter *counters = items.items;
    for (size_t i = 0; i < items.count; i++) {
        if (!text_valid(&counters[i].name) || counters[i].value < -HV_INTEGER_MAX ||
            counters[i].value > HV_INTEGER_MAX)
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(counters[i].name, counters[j].name) == 0)
                return false;
    }
    return items.count <= WIRE_COUNTERS_MAX;
}

static const struct wire_field *struct_invalid(const struct wire_struct *type, const void *value,
                                               size_t list_max);

static bool list_valid(const struct wire_field *field, const void *value, size_t list_max) {
    struct wire_items items = items_of(value);
    if (items.count > list_max)
        return false;
    for (size_t i = 0; i < items.count; i++)
        if (struct_invalid(field->nested, (const char *)items.items + i * field->nested->size,
                           list_max) != NULL)
            return false;
    return true;
}

static bool value_valid(const struct wire_field *field, const void *value, size_t list_max) {
    switch (field->kind) {
    case WIRE_REQUEST:
        return name_valid(field, value, HV_REQUEST_SIZE);
    case WIRE_ORGANISATION:
    case WIRE_CODE:
        return name_valid(field, value, HV_CODE_SIZE);
    case WIRE_PERSON:
        return name_valid(field, value, HV_PERSON_SIZE);
    case WIRE_RESIDENT:
        return name_valid(field, value, HV_RESIDENT_SIZE);
    case WIRE_TEXT:
        return text_valid(value);
    case WIRE_TIME:
    case WIRE_INTEGER:
        return number_valid(field, value);
    case WIRE_VOCABULARY:
        return word_valid(field, value);
    case WIRE_BLOB:
        return blob_valid(field, value);
    case WIRE_MAP:
    case WIRE_EMBED:
        return struct_invalid(field->nested, value, list_max) == NULL;
    case WIRE_LIST:
        return list_valid(field, value, list_max);
    case WIRE_CODES:
        return codes_valid(value, list_max);
    case WIRE_COUNTERS:
        return counters_valid(value);
    case WIRE_UUID:
    case WIRE_BYTES:
    case WIRE_BOOLEAN:
        return true;
    }
    return false;
}

static bool field_present(const struct wire_field *field, const char *base) {
    return field->required || *(const bool *)(base + field->has_offset);
}

/* The field's key stands for another thing too, which is there as well. */
static bool other_present(const struct wire_field *field, const char *base) {
    for (field = wire_field_other(field); field != NULL; field = wire_field_other(field))
        if (field_present(field, base))
            return true;
    return false;
}

/* The first field that does not hold what it may, or NULL. Goes as deep as the field lists nest. */
static const struct wire_field *struct_invalid(const struct wire_struct *type, const void *value,
                                               size_t list_max) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        const char *base = value;
        if (!field_present(field, base))
            continue;
        if (!value_valid(field, base + field->offset, list_max) || other_present(field, base))
            return field;
    }
    return NULL;
}

bool wire_struct_valid(const struct wire_struct *type, const void *value) {
    return struct_invalid(type, value, WIRE_BROKER_LIST_MAX) == NULL;
}

int wire_message_check(const struct hv_message *message, struct wire_error *ret_error) {
    struct wire_error unwanted, *error = ret_error != NULL ? ret_error : &unwanted;
    const struct wire_struct *type = wire_message_struct(message->type);
    const char *name = "type", *reason;
    *error = (struct wire_error){0};
    if (type == NULL)
        return wire_error_set(error, HV_REFUSED_MALFORMED, (struct span){name, strlen(name)},
                              "no message was chosen; expected one of this contract");
    size_t list_max =
        wire_message_by(message->type) == WIRE_BY_BROKER ? WIRE_BROKER_LIST_MAX : HV_LIST_MAX;
    const struct wire_field *field = struct_invalid(type, &message->hello, list_max);
    if (field != NULL) {
        char expectation[WIRE_EXPECTATION_SIZE];
        wire_expectation(field, expectation);
        return wire_error_set(error, HV_REFUSED_MALFORMED,
                              (struct span){field->name, strlen(field->name)},
                              "`%s` is not valid; expected %s", field->name, expectation);
    }
    if (wire_rules_check(message, &name, &reason) < 0)
        return wire_error_set(error, HV_REFUSED_MALFORMED, (struct span){name, strlen(name)}, "%s",
                              reason);
    return 0;
}
