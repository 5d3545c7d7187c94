/* Bytes to messages: the bounded check, then msgpack-c, then the field lists. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "wire/room.h"

const struct wire_limits wire_limits_default = {.envelope_bytes = 64U * 1024, .depth = 4};
const struct wire_limits wire_limits_broker = {.envelope_bytes = 8U * 1024 * 1024, .depth = 8};

struct decoder {
    enum wire_from from;
    msgpack_zone *zone; /* for what stays */
    struct wire_error *error;
    bool later;    /* unknown top-level keys are passed over */
    bool has_type; /* the outermost map has the key `type` besides */
    unsigned depth;
    struct span field; /* the top-level key that is being decoded */
    uint32_t list_max;
};

static struct span span_of(const char *text) {
    return (struct span){.text = text, .size = strlen(text)};
}

static const char *object_kind(const msgpack_object *object) {
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return "a boolean";
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return "a whole number";
    case MSGPACK_OBJECT_STR:
        return "text";
    case MSGPACK_OBJECT_BIN:
        return "bytes (bin)";
    case MSGPACK_OBJECT_ARRAY:
        return "a list";
    case MSGPACK_OBJECT_MAP:
        return "a map";
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    assert(false && "the bounded check lets these through nowhere");
    return NULL;
}

/* Of a key that stands for one of two things: what either must be. */
#define EXPECTATIONS_SIZE (2 * WIRE_EXPECTATION_SIZE + 8)
static void expectations(const struct wire_field *field, char ret_text[EXPECTATIONS_SIZE]) {
    const struct wire_field *other = wire_field_other(field);
    wire_expectation(field, ret_text);
    if (other == NULL)
        return;
    strcat(ret_text, ", or ");
    wire_expectation(other, ret_text + strlen(ret_text));
}

/* "`contact`: `on` is text; expected milliseconds …" */
static int wrong_value(const struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, const char *finding) {
    char expected[EXPECTATIONS_SIZE];
    bool nested = decoder->depth > 1;
    expectations(field, expected);
    return wire_error_set(decoder->error, HV_REFUSED_MALFORMED, decoder->field,
                          "%s%.*s%s`%s` is %s%s; expected %s", nested ? "`" : "",
                          nested ? (int)decoder->field.size : 0, nested ? decoder->field.text : "",
                          nested ? "`: " : "", field->name, object_kind(object), finding, expected);
}

/* ---- Single values ---- */

/* The target was zeroed, so the text ends in NUL. */
static int name_decode(const struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_value(decoder, field, object, "");
    if (!wire_name_fits(field->kind, object->via.str.ptr, object->via.str.size))
        return wrong_value(decoder, field, object, " of another form");
    memcpy(target, object->via.str.ptr, object->via.str.size);
    return 0;
}

static int uuid_decode(const struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_value(decoder, field, object, "");
    if (!wire_uuid_parse(object->via.str.ptr, object->via.str.size, target))
        return wrong_value(decoder, field, object, " of another form");
    return 0;
}

static int text_keep(const struct decoder *decoder, const msgpack_object_str *text,
                     const char **ret_kept) {
    char *kept = msgpack_zone_malloc_no_align(decoder->zone, (size_t)text->size + 1);
    if (kept == NULL)
        return -ENOMEM;
    memcpy(kept, text->ptr, text->size);
    kept[text->size] = '\0';
    *ret_kept = kept;
    return 0;
}

static int text_decode(const struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_value(decoder, field, object, "");
    return text_keep(decoder, &object->via.str, target);
}

static bool number_of(const msgpack_object *object, int64_t least, int64_t most, int64_t *ret) {
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 <= (uint64_t)INT64_MAX)
        *ret = (int64_t)object->via.u64;
    else if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        *ret = object->via.i64;
    else
        return false;
    return *ret >= least && *ret <= most;
}

static int number_decode(const struct decoder *decoder, const struct wire_field *field,
                         const msgpack_object *object, void *target) {
    int64_t number;
    bool is_number = object->type == MSGPACK_OBJECT_POSITIVE_INTEGER ||
                     object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER;
    if (!number_of(object, field->least, field->most, &number))
        return wrong_value(decoder, field, object, is_number ? " out of range" : "");
    memcpy(target, &number, sizeof number);
    return 0;
}

static int boolean_decode(const struct decoder *decoder, const struct wire_field *field,
                          const msgpack_object *object, bool *target) {
    if (object->type != MSGPACK_OBJECT_BOOLEAN)
        return wrong_value(decoder, field, object, "");
    *target = object->via.boolean;
    return 0;
}

static int word_decode(const struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_value(decoder, field, object, "");
    int number = wire_word_number(field->vocabulary, object->via.str.ptr, object->via.str.size);
    if (number == 0)
        return wrong_value(decoder, field, object, " that is not in the list");
    memcpy(target, &number, sizeof number);
    return 0;
}

static int bytes_decode(const struct decoder *decoder, const struct wire_field *field,
                        const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_BIN)
        return wrong_value(decoder, field, object, "");
    if (object->via.bin.size != (uint64_t)field->most)
        return wrong_value(decoder, field, object, " of another length");
    memcpy(target, object->via.bin.ptr, object->via.bin.size);
    return 0;
}

/* The kept bytes lie in the zone, like texts. */
static int blob_decode(const struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_BIN)
        return wrong_value(decoder, field, object, "");
    if (object->via.bin.size < (uint64_t)field->least ||
        object->via.bin.size > (uint64_t)field->most)
        return wrong_value(decoder, field, object, " of another length");
    uint8_t *kept = msgpack_zone_malloc_no_align(decoder->zone, object->via.bin.size);
    if (kept == NULL)
        return -ENOMEM;
    memcpy(kept, object->via.bin.ptr, object->via.bin.size);
    const struct wire_blob blob = {.size = object->via.bin.size, .bytes = kept};
    memcpy(target, &blob, sizeof blob);
    return 0;
}

/* ---- Lists and maps ---- */

static int struct_decode(struct decoder *decoder, const struct wire_struct *type,
                         const msgpack_object_map *map, void *target);

/* Room for the items of a list or of counters, zeroed, and the list set to it. */
static int items_new(const struct decoder *decoder, size_t count, size_t size, void *target,
                     void **ret_items) {
    struct wire_items list = {.count = count};
    *ret_items = NULL;
    if (count > 0) {
        *ret_items = msgpack_zone_malloc(decoder->zone, count * size);
        if (*ret_items == NULL)
            return -ENOMEM;
        memset(*ret_items, 0, count * size);
    }
    list.items = *ret_items;
    memcpy(target, &list, sizeof list);
    return 0;
}

static int list_begin(const struct decoder *decoder, const struct wire_field *field,
                      const msgpack_object *object, size_t size, void *target, void **ret_items) {
    if (object->type != MSGPACK_OBJECT_ARRAY)
        return wrong_value(decoder, field, object, "");
    if (object->via.array.size > decoder->list_max)
        return wrong_value(decoder, field, object, " that is too long");
    return items_new(decoder, object->via.array.size, size, target, ret_items);
}

static int list_decode(struct decoder *decoder, const struct wire_field *field,
                       const msgpack_object *object, void *target) {
    void *items;
    int r = list_begin(decoder, field, object, field->nested->size, target, &items);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < object->via.array.size; i++) {
        const msgpack_object *item = &object->via.array.ptr[i];
        if (item->type != MSGPACK_OBJECT_MAP)
            return wrong_value(decoder, field, object, " with something else than maps in it");
        r = struct_decode(decoder, field->nested, &item->via.map,
                          (char *)items + i * field->nested->size);
        if (r < 0)
            return r;
    }
    return 0;
}

static int codes_decode(const struct decoder *decoder, const struct wire_field *field,
                        const msgpack_object *object, void *target) {
    void *items = NULL;
    int r = list_begin(decoder, field, object, sizeof(struct hv_code), target, &items);
    if (r < 0)
        return r;
    assert(items != NULL || object->via.array.size == 0);
    for (uint32_t i = 0; i < object->via.array.size; i++) {
        const msgpack_object *item = &object->via.array.ptr[i];
        struct hv_code *code = (struct hv_code *)items + i;
        if (item->type != MSGPACK_OBJECT_STR ||
            !wire_is_code(item->via.str.ptr, item->via.str.size))
            return wrong_value(decoder, field, object, " with something else than codes in it");
        memcpy(code->text, item->via.str.ptr, item->via.str.size);
    }
    return 0;
}

static int counters_decode(const struct decoder *decoder, const struct wire_field *field,
                           const msgpack_object *object, void *target) {
    void *items;
    if (object->type != MSGPACK_OBJECT_MAP)
        return wrong_value(decoder, field, object, "");
    const msgpack_object_map *map = &object->via.map;
    int r = items_new(decoder, map->size, sizeof(struct hv_counter), target, &items);
    for (uint32_t i = 0; r == 0 && i < map->size; i++) {
        struct hv_counter *counter = (struct hv_counter *)items + i;
        if (!number_of(&map->ptr[i].val, -HV_INTEGER_MAX, HV_INTEGER_MAX, &counter->value))
            return wrong_value(decoder, field, object, " with something else in it");
        r = text_keep(decoder, &map->ptr[i].key.via.str, &counter->name);
    }
    return r;
}

static int map_decode(struct decoder *decoder, const struct wire_field *field,
                      const msgpack_object *object, void *target) {
    if (object->type != MSGPACK_OBJECT_MAP)
        return wrong_value(decoder, field, object, "");
    return struct_decode(decoder, field->nested, &object->via.map, target);
}

static int value_decode(struct decoder *decoder, const struct wire_field *field,
                        const msgpack_object *object, void *target) {
    switch (field->kind) {
    case WIRE_REQUEST:
    case WIRE_ORGANISATION:
    case WIRE_CODE:
    case WIRE_PERSON:
    case WIRE_RESIDENT:
        return name_decode(decoder, field, object, target);
    case WIRE_UUID:
        return uuid_decode(decoder, field, object, target);
    case WIRE_TEXT:
        return text_decode(decoder, field, object, target);
    case WIRE_TIME:
    case WIRE_INTEGER:
        return number_decode(decoder, field, object, target);
    case WIRE_BOOLEAN:
        return boolean_decode(decoder, field, object, target);
    case WIRE_VOCABULARY:
        return word_decode(decoder, field, object, target);
    case WIRE_BYTES:
        return bytes_decode(decoder, field, object, target);
    case WIRE_BLOB:
        return blob_decode(decoder, field, object, target);
    case WIRE_MAP:
        return map_decode(decoder, field, object, target);
    case WIRE_LIST:
        return list_decode(decoder, field, object, target);
    case WIRE_CODES:
        return codes_decode(decoder, field, object, target);
    case WIRE_COUNTERS:
        return counters_decode(decoder, field, object, target);
    case WIRE_EMBED:
        break;
    }
    assert(false && "an embedded struct has no key of its own");
    return -EBADMSG;
}

/* ---- Structs ---- */

static bool key_is(const msgpack_object *key, const char *name) {
    return key->via.str.size == strlen(name) &&
           memcmp(key->via.str.ptr, name, key->via.str.size) == 0;
}

static bool map_has(const msgpack_object_map *map, const char *name) {
    for (uint32_t i = 0; i < map->size; i++)
        if (key_is(&map->ptr[i].key, name))
            return true;
    return false;
}

/* Whether a key that nobody here knows is passed over: from a later broker anywhere, from a later
 * peer in the outermost map alone. */
static bool unknown_allowed(const struct decoder *decoder) {
    return decoder->from == WIRE_FROM_BROKER || (decoder->later && decoder->depth == 1);
}

static int unknown_key(const struct decoder *decoder, const struct wire_struct *type,
                       const msgpack_object_str *key) {
    char name[HV_PERSON_SIZE];
    if (unknown_allowed(decoder))
        return 0;
    wire_text_copy(name, sizeof name, key->ptr, key->size);
    return wire_error_set(decoder->error, HV_REFUSED_MALFORMED, decoder->field,
                          "the key `%s` is not known in `%s`; see the reference of the wire", name,
                          type->name);
}

static msgpack_object_type object_type(enum wire_kind kind) {
    switch (kind) {
    case WIRE_REQUEST:
    case WIRE_UUID:
    case WIRE_ORGANISATION:
    case WIRE_CODE:
    case WIRE_PERSON:
    case WIRE_RESIDENT:
    case WIRE_TEXT:
    case WIRE_VOCABULARY:
        return MSGPACK_OBJECT_STR;
    case WIRE_TIME:
    case WIRE_INTEGER:
        return MSGPACK_OBJECT_POSITIVE_INTEGER;
    case WIRE_BOOLEAN:
        return MSGPACK_OBJECT_BOOLEAN;
    case WIRE_BYTES:
    case WIRE_BLOB:
        return MSGPACK_OBJECT_BIN;
    case WIRE_LIST:
    case WIRE_CODES:
        return MSGPACK_OBJECT_ARRAY;
    case WIRE_MAP:
    case WIRE_EMBED:
    case WIRE_COUNTERS:
        break;
    }
    return MSGPACK_OBJECT_MAP;
}

/* Of the fields of one key, that whose kind the value has; the first where none fits. */
static const struct wire_field *field_fitting(const struct wire_field *first,
                                              const msgpack_object *object) {
    for (const struct wire_field *field = first; field != NULL; field = wire_field_other(field))
        if (object_type(field->kind) == object->type)
            return field;
    return first;
}

static int pair_decode(struct decoder *decoder, const struct wire_struct *type,
                       const msgpack_object_kv *pair, char *target) {
    const msgpack_object_str *key = &pair->key.via.str;
    size_t offset;
    if (decoder->has_type && decoder->depth == 1 && key_is(&pair->key, "type"))
        return 0;
    const struct wire_field *field = wire_field_named(type, key->ptr, key->size, &offset);
    if (field == NULL)
        return unknown_key(decoder, type, key);
    field = field_fitting(field, &pair->val);
    if (!field->required)
        *(bool *)(target + offset + field->has_offset) = true;
    return value_decode(decoder, field, &pair->val, target + offset + field->offset);
}

static int required_check(const struct decoder *decoder, const struct wire_struct *type,
                          const msgpack_object_map *map) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        int r = 0;
        if (field->kind == WIRE_EMBED)
            r = required_check(decoder, field->nested, map);
        else if (field->required && !map_has(map, field->name))
            r = wire_error_set(decoder->error, HV_REFUSED_MALFORMED,
                               decoder->depth == 1 ? span_of(field->name) : decoder->field,
                               "`%s` is missing; it is required in `%s`", field->name, type->name);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The target is zeroed. Goes as deep as the field lists nest. */
static int struct_decode(struct decoder *decoder, const struct wire_struct *type,
                         const msgpack_object_map *map, void *target) {
    decoder->depth++;
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object_str *key = &map->ptr[i].key.via.str;
        if (decoder->depth == 1)
            decoder->field = (struct span){.text = key->ptr, .size = key->size};
        int r = pair_decode(decoder, type, &map->ptr[i], target);
        if (r < 0)
            return r;
    }
    int r = required_check(decoder, type, map);
    decoder->depth--;
    return r;
}

/* ---- Envelopes ---- */

static const struct wire_limits *limits_or(const struct wire_limits *limits, enum wire_from from) {
    if (limits != NULL)
        return limits;
    return from == WIRE_FROM_BROKER ? &wire_limits_broker : &wire_limits_default;
}

static bool span_is(struct span span, const char *text) {
    return span.text != NULL && span.size == strlen(text) &&
           memcmp(span.text, text, span.size) == 0;
}

/* A hello of another version may hold what this version does not know, as long as it can be read.
 */
static bool other_version(const struct scan *scan, enum wire_from from) {
    return from != WIRE_FROM_BROKER && !scan->broken && !scan->repeated &&
           scan->code != HV_REFUSED_TOO_LARGE && span_is(scan->type, "hello") &&
           scan->has_version && scan->version != HV_WIRE_VERSION;
}

static int envelope_check(const struct scan *scan, size_t size, enum wire_from from,
                          const struct wire_limits *limits, struct wire_error *error) {
    if (size > limits->envelope_bytes)
        return wire_error_set(error, HV_REFUSED_TOO_LARGE, (struct span){0},
                              "the envelope has %zu bytes; %zu is the most", size,
                              limits->envelope_bytes);
    if (other_version(scan, from))
        return wire_error_set(error, HV_REFUSED_VERSION, span_of("version"),
                              "version %" PRIu64 " is not spoken here; expected version %d",
                              scan->version, HV_WIRE_VERSION);
    if (scan->code != 0)
        return wire_error_set(error, scan->code, scan->field, "%s", scan->reason);
    if (!scan->is_map)
        return wire_error_set(error, HV_REFUSED_MALFORMED, (struct span){0},
                              "the envelope is not a map; expected one map with text keys");
    return 0;
}

static int type_check(const struct scan *scan, enum wire_from from, struct wire_error *error,
                      enum hv_message_type *ret_type) {
    enum wire_by by = from == WIRE_FROM_BROKER ? WIRE_BY_BROKER : WIRE_BY_PEER;
    if (scan->type.text == NULL)
        return wire_error_set(error, HV_REFUSED_MALFORMED, span_of("type"),
                              "`type` is missing or not text; expected the name of a message");
    *ret_type = wire_message_named(scan->type.text, scan->type.size);
    if (*ret_type == HV_MESSAGE_none || (wire_message_by(*ret_type) & by) == 0)
        return wire_error_set(error, HV_REFUSED_MALFORMED, span_of("type"),
                              "`type` names no message that a %s sends in version %d",
                              from == WIRE_FROM_BROKER ? "broker" : "peer", HV_WIRE_VERSION);
    return 0;
}

static int rules_check(const struct hv_message *message, struct wire_error *error) {
    const char *field, *reason;
    if (wire_rules_check(message, &field, &reason) == 0)
        return 0;
    return wire_error_set(error, HV_REFUSED_MALFORMED, span_of(field), "%s", reason);
}

/* A hello that says a later minor may already carry keys of it. */
static bool says_later(const msgpack_object_map *map) {
    int64_t minor;
    for (uint32_t i = 0; i < map->size; i++)
        if (key_is(&map->ptr[i].key, "minor"))
            return number_of(&map->ptr[i].val, HV_WIRE_MINOR + 1, HV_INTEGER_MAX, &minor);
    return false;
}

/* Sound bytes to a tree of msgpack-c that points into them. */
static int bytes_unpack(const void *bytes, size_t size, msgpack_zone *scratch,
                        msgpack_object *ret_object) {
    size_t at = 0;
    msgpack_unpack_return r = msgpack_unpack(bytes, size, &at, scratch, ret_object);
    /* The bounded check passed, so that memory is all that can be wanting. */
    return r == MSGPACK_UNPACK_SUCCESS ? 0 : -ENOMEM;
}

static int message_decode(struct decoder *decoder, const void *frame, size_t size,
                          msgpack_zone *scratch, struct hv_message *message,
                          uint8_t ret_content[32]) {
    const struct wire_struct *type = wire_message_struct(message->type);
    msgpack_object root;
    int r = bytes_unpack(frame, size, scratch, &root);
    if (r < 0)
        return r;
    if (message->type == HV_MESSAGE_hello && says_later(&root.via.map))
        decoder->later = true;
    r = struct_decode(decoder, type, &root.via.map, &message->hello);
    if (r == 0)
        r = rules_check(message, decoder->error);
    if (r == 0 && ret_content != NULL)
        wire_content_hash(&root.via.map, ret_content);
    return r;
}

int wire_decode(const void *frame, size_t size, enum wire_from from,
                const struct wire_limits *limits, msgpack_zone *zone,
                struct hv_message *ret_message, uint8_t ret_content[32],
                struct wire_error *ret_error) {
    struct scan scan;
    struct hv_message message = {0};
    struct wire_error error = {0};
    msgpack_zone scratch;
    limits = limits_or(limits, from);
    scan_bytes(frame, size, limits->depth, &scan);
    wire_text_copy(error.request, sizeof error.request, scan.request.text, scan.request.size);
    int r = envelope_check(&scan, size, from, limits, &error);
    if (r == 0)
        r = type_check(&scan, from, &error, &message.type);
    if (r == 0) {
        /* The tree takes many times the bytes, so that it goes as soon as it is read. */
        if (!msgpack_zone_init(&scratch, MSGPACK_ZONE_CHUNK_SIZE))
            return -ENOMEM;
        struct decoder decoder = {.from = from,
                                  .zone = zone,
                                  .error = &error,
                                  .later = from == WIRE_FROM_LATER,
                                  .has_type = true,
                                  .list_max = from == WIRE_FROM_BROKER ? WIRE_BROKER_LIST_MAX
                                                                       : HV_LIST_MAX};
        r = message_decode(&decoder, frame, size, &scratch, &message, ret_content);
        msgpack_zone_destroy(&scratch);
    }
    if (r == 0)
        *ret_message = message;
    else if (r == -EBADMSG)
        *ret_error = error;
    return r;
}

int wire_decode_struct(const void *bytes, size_t size, const struct wire_struct *expected,
                       msgpack_zone *zone, void *ret_struct) {
    struct scan scan;
    struct wire_error error = {0};
    struct decoder decoder = {
        .from = WIRE_FROM_PEER, .zone = zone, .error = &error, .list_max = WIRE_BROKER_LIST_MAX};
    msgpack_zone scratch;
    msgpack_object root;
    void *decoded = msgpack_zone_malloc(zone, expected->size);
    if (decoded == NULL)
        return -ENOMEM;
    memset(decoded, 0, expected->size);
    scan_bytes(bytes, size, wire_limits_broker.depth, &scan);
    if (scan.code != 0 || !scan.is_map)
        return -EBADMSG;
    if (!msgpack_zone_init(&scratch, MSGPACK_ZONE_CHUNK_SIZE))
        return -ENOMEM;
    int r = bytes_unpack(bytes, size, &scratch, &root);
    if (r == 0)
        r = struct_decode(&decoder, expected, &root.via.map, decoded);
    msgpack_zone_destroy(&scratch);
    if (r == 0)
        memcpy(ret_struct, decoded, expected->size);
    return r;
}
