/* Messages to test the wire with: made from the field lists, or written as JSON. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/wire_samples.h"

/* ---- Chance: splitmix64 ---- */

uint64_t chance_next(struct chance *chance) {
    uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint64_t chance_below(struct chance *chance, uint64_t most) {
    return chance_next(chance) % most;
}

/* ---- Values from the field lists ---- */

struct sampler {
    struct chance *chance;
    enum sample_fields fields;
    msgpack_zone *zone;
};

static void letters_make(const struct sampler *sampler, const char *alphabet, size_t size,
                         char *text) {
    for (size_t i = 0; i < size; i++)
        text[i] = alphabet[chance_below(sampler->chance, strlen(alphabet))];
    text[size] = '\0';
}

static void name_make(const struct sampler *sampler, const char *alphabet, size_t room,
                      char *text) {
    letters_make(sampler, alphabet, 1 + chance_below(sampler->chance, room - 1), text);
}

/* Characters of one to four bytes, as many as fit and at most 64. */
static void characters_make(const struct sampler *sampler, size_t room, char *text) {
    static const char *const characters[] = {"a", "Z", " ", "é", "€", "𝄞"};
    size_t count = 1 + chance_below(sampler->chance, 64), size = 0;
    for (size_t i = 0; i < count; i++) {
        const char *character = characters[chance_below(sampler->chance, 6)];
        if (size + strlen(character) >= room)
            break;
        memcpy(text + size, character, strlen(character));
        size += strlen(character);
    }
    text[size] = '\0';
}

/* The ends of the range come often. */
static int64_t number_make(const struct sampler *sampler, int64_t least, int64_t most) {
    uint64_t draw = chance_below(sampler->chance, 8);
    if (draw < 2)
        return draw == 0 ? least : most;
    uint64_t width = (uint64_t)(most - least) >> chance_below(sampler->chance, 54);
    return least + (int64_t)chance_below(sampler->chance, width + 1);
}

static void *zone_take(const struct sampler *sampler, size_t size) {
    void *memory = msgpack_zone_malloc(sampler->zone, size > 0 ? size : 1);
    assert(memory != NULL);
    memset(memory, 0, size);
    return memory;
}

static size_t count_make(const struct sampler *sampler) {
    return sampler->fields == SAMPLE_ALL ? HV_LIST_MAX
                                         : chance_below(sampler->chance, HV_LIST_MAX + 1);
}

static const char code_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char person_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void struct_make(const struct sampler *sampler, const struct wire_struct *outer,
                        const struct wire_struct *type, char *value);

static void list_make(const struct sampler *sampler, const struct wire_field *field, void *value) {
    struct wire_items list = {.count = count_make(sampler)};
    char *items = zone_take(sampler, list.count * field->nested->size);
    for (size_t i = 0; i < list.count; i++)
        struct_make(sampler, field->nested, field->nested, items + i * field->nested->size);
    list.items = items;
    memcpy(value, &list, sizeof list);
}

static void codes_make(const struct sampler *sampler, void *value) {
    struct wire_items list = {.count = count_make(sampler)};
    struct hv_code *codes = zone_take(sampler, list.count * sizeof *codes);
    for (size_t i = 0; i < list.count; i++)
        name_make(sampler, code_letters, HV_CODE_SIZE, codes[i].text);
    list.items = codes;
    memcpy(value, &list, sizeof list);
}

static void counters_make(const struct sampler *sampler, void *value) {
    struct wire_items list = {.count = count_make(sampler)};
    struct hv_counter *counters = zone_take(sampler, list.count * sizeof *counters);
    for (size_t i = 0; i < list.count; i++) {
        char *name = zone_take(sampler, 40);
        snprintf(name, 40, "counter_%zu{é}", i);
        counters[i].name = name;
        counters[i].value = number_make(sampler, -HV_INTEGER_MAX, HV_INTEGER_MAX);
    }
    list.items = counters;
    memcpy(value, &list, sizeof list);
}

static void text_make(const struct sampler *sampler, void *value) {
    char *text = zone_take(sampler, HV_REQUEST_SIZE);
    characters_make(sampler, HV_REQUEST_SIZE, text);
    memcpy(value, &text, sizeof text);
}

static void word_make(const struct sampler *sampler, const struct wire_field *field, void *value) {
    const struct wire_vocabulary *vocabulary = field->vocabulary;
    size_t choice = chance_below(sampler->chance, vocabulary->count);
    memcpy(value, &vocabulary->words[choice].number, sizeof(int));
}

static void bytes_make(const struct sampler *sampler, size_t size, uint8_t *value) {
    for (size_t i = 0; i < size; i++)
        value[i] = (uint8_t)chance_next(sampler->chance);
}

static void blob_make(const struct sampler *sampler, const struct wire_field *field, void *value) {
    struct wire_blob blob = {.size = (size_t)number_make(sampler, field->least, field->most)};
    uint8_t *bytes = zone_take(sampler, blob.size);
    bytes_make(sampler, blob.size, bytes);
    blob.bytes = bytes;
    memcpy(value, &blob, sizeof blob);
}

static void value_make(const struct sampler *sampler, const struct wire_field *field, void *value) {
    int64_t number;
    switch (field->kind) {
    case WIRE_REQUEST:
        characters_make(sampler, HV_REQUEST_SIZE, value);
        break;
    case WIRE_UUID:
        bytes_make(sampler, sizeof(struct hv_uuid), value);
        break;
    case WIRE_ORGANISATION:
    case WIRE_CODE:
        name_make(sampler, code_letters, HV_CODE_SIZE, value);
        break;
    case WIRE_PERSON:
        name_make(sampler, person_letters, HV_PERSON_SIZE, value);
        break;
    case WIRE_RESIDENT:
        letters_make(sampler, base64url, HV_RESIDENT_SIZE - 1, value);
        memcpy(value, "r1.", 3);
        break;
    case WIRE_TEXT:
        text_make(sampler, value);
        break;
    case WIRE_TIME:
    case WIRE_INTEGER:
        number = number_make(sampler, field->least, field->most);
        memcpy(value, &number, sizeof number);
        break;
    case WIRE_BOOLEAN:
        *(bool *)value = chance_below(sampler->chance, 2) == 1;
        break;
    case WIRE_VOCABULARY:
        word_make(sampler, field, value);
        break;
    case WIRE_BYTES:
        bytes_make(sampler, (size_t)field->most, value);
        break;
    case WIRE_BLOB:
        blob_make(sampler, field, value);
        break;
    case WIRE_MAP:
        struct_make(sampler, field->nested, field->nested, value);
        break;
    case WIRE_LIST:
        list_make(sampler, field, value);
        break;
    case WIRE_CODES:
        codes_make(sampler, value);
        break;
    case WIRE_COUNTERS:
        counters_make(sampler, value);
        break;
    case WIRE_EMBED:
        assert(false && "struct_make goes into these itself");
    }
}

static bool field_wanted(const struct sampler *sampler, const struct wire_struct *outer,
                         const struct wire_field *field) {
    if (field->required)
        return true;
    if (!wire_field_stands(outer, field))
        return false;
    return sampler->fields == SAMPLE_ALL ||
           (sampler->fields == SAMPLE_SOME && chance_below(sampler->chance, 2) == 1);
}

/* Of a key that stands for two things, one at most. */
static void one_of_each(const struct sampler *sampler, const struct wire_struct *type,
                        char *value) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i], *other = wire_field_other(field);
        if (field->kind == WIRE_EMBED || other == NULL)
            continue;
        const bool first = chance_below(sampler->chance, 2) == 0;
        *(bool *)(value + (first ? other : field)->has_offset) = false;
    }
}

static void struct_make(const struct sampler *sampler, const struct wire_struct *outer,
                        const struct wire_struct *type, char *value) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (field->kind == WIRE_EMBED) {
            struct_make(sampler, outer, field->nested, value + field->offset);
        } else if (field_wanted(sampler, outer, field)) {
            if (!field->required)
                *(bool *)(value + field->has_offset) = true;
            value_make(sampler, field, value + field->offset);
        }
    }
    one_of_each(sampler, type, value);
}

/* Both, or neither. */
static void together(bool *one, bool *other) {
    *one = *other = *one && *other;
}

static void close_keep(struct hv_close *close) {
    if (close->has_talked)
        close->has_no_talk = false;
    else if (!close->has_no_talk)
        close->outcome = HV_OUTCOME_DECEASED;
    together(&close->has_for_, &close->has_reason);
}

/* Another code, where a key is wanting that the one chosen needs. */
static void note_keep(struct hv_note *note) {
    const bool tip = note->code == HV_NOTE_TIP && note->has_to && note->has_next;
    const bool no_show = note->code == HV_NOTE_NO_SHOW && note->has_by && note->has_handover;
    const bool about_handover =
        note->has_handover &&
        (note->code == HV_NOTE_WORKING_ON_IT || note->code == HV_NOTE_MISSING ||
         note->code == HV_NOTE_QUESTION || note->code == HV_NOTE_ANSWER);
    const bool check_in = note->code == HV_NOTE_IN_TOUCH || note->code == HV_NOTE_NOT_REACHED;
    if (!tip && !no_show && !about_handover && !check_in)
        note->code = HV_NOTE_INFORMED;
    note->has_by = no_show;
    note->has_to = tip;
    note->has_next = note->has_next && (tip || check_in);
    together(&note->has_for_, &note->has_reason);
}

/* What the rules between fields ask for, and the one version there is. */
static void rules_keep(struct hv_message *message) {
    if (message->type == HV_MESSAGE_hello)
        message->hello.version = HV_WIRE_VERSION;
    if (message->type == HV_MESSAGE_status)
        message->status.has_journey = !message->status.has_handover;
    if (message->type == HV_MESSAGE_claim)
        message->claim.has_journey = !message->claim.has_handover;
    if (message->type == HV_MESSAGE_verify)
        message->verify.has_head = message->verify.has_at_seq;
    if (message->type == HV_MESSAGE_confirm)
        together(&message->confirm.has_as, &message->confirm.has_reason);
    if (message->type == HV_MESSAGE_offer)
        together(&message->offer.has_for_, &message->offer.has_reason);
    if (message->type == HV_MESSAGE_close)
        close_keep(&message->close);
    if (message->type == HV_MESSAGE_note)
        note_keep(&message->note);
}

void sample_struct(struct chance *chance, const struct wire_struct *type, enum sample_fields fields,
                   msgpack_zone *zone, void *ret_struct) {
    const struct sampler sampler = {.chance = chance, .fields = fields, .zone = zone};
    memset(ret_struct, 0, type->size);
    struct_make(&sampler, type, type, ret_struct);
}

void sample_message(struct chance *chance, enum hv_message_type type, enum sample_fields fields,
                    msgpack_zone *zone, struct hv_message *ret_message) {
    *ret_message = (struct hv_message){.type = type};
    sample_struct(chance, wire_message_struct(type), fields, zone, &ret_message->hello);
    rules_keep(ret_message);
}

/* ---- JSON to MessagePack ---- */

static void json_pack_text(msgpack_packer *packer, const char *text, size_t size) {
    msgpack_pack_str(packer, size);
    msgpack_pack_str_body(packer, text, size);
}

static void json_pack_value(msgpack_packer *packer, const json_t *json) {
    const char *key;
    const json_t *value;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        msgpack_pack_map(packer, json_object_size(json));
        for (void *at = json_object_iter((json_t *)json); at != NULL;
             at = json_object_iter_next((json_t *)json, at)) {
            key = json_object_iter_key(at);
            value = json_object_iter_value(at);
            json_pack_text(packer, key, strlen(key));
            json_pack_value(packer, value);
        }
        break;
    case JSON_ARRAY:
        msgpack_pack_array(packer, json_array_size(json));
        for (size_t i = 0; i < json_array_size(json); i++)
            json_pack_value(packer, json_array_get(json, i));
        break;
    case JSON_STRING:
        json_pack_text(packer, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        msgpack_pack_int64(packer, json_integer_value(json));
        break;
    case JSON_REAL:
        msgpack_pack_double(packer, json_real_value(json));
        break;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        break;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        break;
    case JSON_NULL:
        msgpack_pack_nil(packer);
        break;
    }
}

void sample_json(const char *json, msgpack_sbuffer *buffer) {
    char *text = strdup(json);
    json_error_t error;
    msgpack_packer packer;
    assert(text != NULL);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    json_t *loaded = json_loads(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (loaded == NULL) {
        fprintf(stderr, "the test's own JSON: %s\n%s\n", error.text, text);
        abort();
    }
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    json_pack_value(&packer, loaded);
    json_decref(loaded);
    free(text);
}
