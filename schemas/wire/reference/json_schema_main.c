/* Prints the messages of the wire as one JSON Schema (draft 2020-12), from the tables that the
 * codec walks. It is about messages in their JSON form: bytes are lower-case hex. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/room.h"

/* Ends the program where memory is wanting: there is nothing to go on with. */
static json_t *made(json_t *json) {
    if (json == NULL) {
        fputs("wire-schema: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return json;
}

static void set(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, made(value)) != 0)
        made(NULL);
}

static void add(json_t *array, json_t *value) {
    if (json_array_append_new(array, made(value)) != 0)
        made(NULL);
}

static json_t *reference_to(const char *kind, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "#/$defs/%s%s", kind, name);
    return json_pack("{s:s}", "$ref", path);
}

/* ---- Values ---- */

/* What stands in $defs once, because many fields have it. */
static const struct {
    enum wire_kind kind;
    const char *name, *pattern;
    int least, most;
} names[] = {
    {WIRE_REQUEST, "request", "^[^\\u0000]*$", 1, 64},
    {WIRE_UUID, "uuid", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", 36, 36},
    {WIRE_ORGANISATION, "organisation", "^[a-z0-9-]*$", 1, HV_CODE_SIZE - 1},
    {WIRE_CODE, "code", "^[a-z0-9-]*$", 1, HV_CODE_SIZE - 1},
    {WIRE_PERSON, "person", "^[a-z0-9._-]*$", 1, HV_PERSON_SIZE - 1},
    {WIRE_RESIDENT, "resident", "^r1\\.[A-Za-z0-9_-]{43}$", 46, 46},
};
#define NAME_COUNT (sizeof names / sizeof names[0])

static json_t *name_schema(enum wire_kind kind) {
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (names[i].kind == kind)
            return reference_to("", names[i].name);
    return NULL;
}

static json_t *number_schema(int64_t least, int64_t most) {
    return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)least, "maximum",
                     (json_int_t)most);
}

static json_t *bytes_schema(const struct wire_field *field) {
    char pattern[64];
    if (field->kind == WIRE_BYTES)
        snprintf(pattern, sizeof pattern, "^[0-9a-f]{%" PRId64 "}$", 2 * field->most);
    else
        snprintf(pattern, sizeof pattern, "^([0-9a-f]{2}){1,%" PRId64 "}$", field->most);
    return json_pack("{s:s, s:s, s:s}", "type", "string", "contentEncoding", "base16", "pattern",
                     pattern);
}

static json_t *list_schema(json_t *items, size_t most) {
    return json_pack("{s:s, s:o, s:I}", "type", "array", "items", made(items), "maxItems",
                     (json_int_t)most);
}

static json_t *counters_schema(void) {
    return json_pack("{s:s, s:{s:s}, s:o}", "type", "object", "propertyNames", "$ref",
                     "#/$defs/text", "additionalProperties",
                     made(number_schema(-HV_INTEGER_MAX, HV_INTEGER_MAX)));
}

/* What peers say is exact; what the broker says may have more than this version knows. */
static json_t *map_reference(const struct wire_struct *nested, bool by_peer) {
    return reference_to(by_peer ? "exact-map-" : "map-", nested->name);
}

static json_t *value_schema(const struct wire_field *field, bool by_peer) {
    const size_t list_max = by_peer ? HV_LIST_MAX : WIRE_BROKER_LIST_MAX;
    switch (field->kind) {
    case WIRE_REQUEST:
    case WIRE_UUID:
    case WIRE_ORGANISATION:
    case WIRE_CODE:
    case WIRE_PERSON:
    case WIRE_RESIDENT:
        return name_schema(field->kind);
    case WIRE_TEXT:
        return reference_to("", "text");
    case WIRE_TIME:
        return reference_to("", "time");
    case WIRE_INTEGER:
        return number_schema(field->least, field->most);
    case WIRE_BOOLEAN:
        return json_pack("{s:s}", "type", "boolean");
    case WIRE_VOCABULARY:
        return reference_to("words-of-", field->vocabulary->name);
    case WIRE_BYTES:
    case WIRE_BLOB:
        return bytes_schema(field);
    case WIRE_MAP:
        return map_reference(field->nested, by_peer);
    case WIRE_LIST:
        return list_schema(map_reference(field->nested, by_peer), list_max);
    case WIRE_CODES:
        return list_schema(name_schema(WIRE_CODE), list_max);
    case WIRE_COUNTERS:
        return counters_schema();
    case WIRE_EMBED:
        break;
    }
    return NULL;
}

/* ---- Maps ---- */

static json_t *described_schema(const struct wire_field *field, bool by_peer) {
    json_t *schema = made(value_schema(field, by_peer));
    set(schema, "description", json_string(field->doc));
    return schema;
}

/* Of a key that stands for one of two things: either. */
static json_t *field_schema(const struct wire_field *field, bool by_peer) {
    json_t *schema = described_schema(field, by_peer);
    const struct wire_field *other = wire_field_other(field);
    if (other == NULL)
        return schema;
    return made(json_pack("{s:[o, o]}", "oneOf", schema, described_schema(other, by_peer)));
}

/* A key of its own stands before one of the same name in a struct embedded in it. */
static void fields_add(const struct wire_struct *outer, const struct wire_struct *type,
                       bool by_peer, json_t *properties, json_t *required) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        size_t offset;
        if (field->kind == WIRE_EMBED) {
            fields_add(outer, field->nested, by_peer, properties, required);
        } else if (wire_field_named(outer, field->name, strlen(field->name), &offset) == field) {
            set(properties, field->name, field_schema(field, by_peer));
            if (field->required)
                add(required, json_string(field->name));
        }
    }
}

static json_t *map_schema(const struct wire_struct *type, bool by_peer, const char *message) {
    json_t *properties = made(json_object()), *required = made(json_array());
    if (message != NULL) {
        set(properties, "type", json_pack("{s:s}", "const", message));
        add(required, json_string("type"));
    }
    fields_add(type, type, by_peer, properties, required);
    json_t *schema = made(json_pack("{s:s, s:s, s:o, s:o}", "description", type->doc, "type",
                                    "object", "properties", properties, "required", required));
    if (by_peer)
        set(schema, "additionalProperties", json_false());
    return schema;
}

/* ---- Messages ---- */

#define FOR_AND_REASON "\"dependentRequired\": {\"for\": [\"reason\"], \"reason\": [\"for\"]}"
#define ONE_THING      "{\"oneOf\": [{\"required\": [\"handover\"]}, {\"required\": [\"journey\"]}]}"

/* The rules that hold between the fields of one message, as rules.c judges them. */
static const struct {
    enum hv_message_type type;
    const char *rules;
} rules[] = {
    {HV_MESSAGE_close,
     "{\"not\": {\"required\": [\"talked\", \"no_talk\"]},"
     " \"anyOf\": [{\"required\": [\"talked\"]}, {\"required\": [\"no_talk\"]},"
     "  {\"properties\": {\"outcome\": {\"enum\": [\"deceased\", \"entered-in-error\"]}}}],"
     " " FOR_AND_REASON "}"},
    {HV_MESSAGE_offer, "{" FOR_AND_REASON "}"},
    {HV_MESSAGE_confirm, "{\"dependentRequired\": {\"as\": [\"reason\"], \"reason\": [\"as\"]}}"},
    {HV_MESSAGE_note,
     "{\"allOf\": ["
     "  {\"if\": {\"properties\": {\"code\": {\"enum\": [\"working-on-it\", \"no-show\","
     "   \"missing\", \"question\", \"answer\"]}}}, \"then\": {\"required\": [\"handover\"]}},"
     "  {\"if\": {\"properties\": {\"code\": {\"const\": \"no-show\"}}},"
     "   \"then\": {\"required\": [\"by\"]}, \"else\": {\"not\": {\"required\": [\"by\"]}}},"
     "  {\"if\": {\"properties\": {\"code\": {\"const\": \"tip\"}}},"
     "   \"then\": {\"required\": [\"to\", \"next\"]},"
     "   \"else\": {\"not\": {\"required\": [\"to\"]}}},"
     "  {\"if\": {\"properties\": {\"code\": {\"not\":"
     "    {\"enum\": [\"in-touch\", \"not-reached\", \"tip\"]}}}},"
     "   \"then\": {\"not\": {\"required\": [\"next\"]}}}],"
     " " FOR_AND_REASON "}"},
    {HV_MESSAGE_claim, ONE_THING},
    {HV_MESSAGE_status, ONE_THING},
    {HV_MESSAGE_verify,
     "{\"dependentRequired\": {\"head\": [\"at_seq\"], \"at_seq\": [\"head\"]}}"},
};

static void rules_add(json_t *schema, enum hv_message_type type) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].type != type)
            continue;
        json_t *rule = made(json_loads(rules[i].rules, 0, NULL));
        if (json_object_update(schema, rule) != 0)
            made(NULL);
        json_decref(rule);
    }
}

/* Keys that are not known are passed over in a hello that says a later minor, and in no other. */
static void hello_mend(json_t *hello) {
    json_t *properties = json_object_get(hello, "properties"), *known = made(json_array());
    json_t *version = json_object_get(properties, "version");
    const char *key;
    json_t *value;
    json_object_foreach(properties, key, value) add(known, json_string(key));
    json_object_clear(version);
    set(version, "const", json_integer(HV_WIRE_VERSION));
    json_object_del(hello, "additionalProperties");
    set(hello, "if",
        json_pack("{s:{s:{s:i}}, s:[s]}", "properties", "minor", "minimum", HV_WIRE_MINOR + 1,
                  "required", "minor"));
    set(hello, "else", json_pack("{s:{s:o}}", "propertyNames", "enum", known));
}

static json_t *message_schema(enum hv_message_type type) {
    const struct wire_struct *message = wire_message_struct(type);
    bool by_peer = (wire_message_by(type) & WIRE_BY_PEER) != 0;
    json_t *schema = map_schema(message, by_peer, message->name);
    if (type == HV_MESSAGE_hello)
        hello_mend(schema);
    rules_add(schema, type);
    return schema;
}

/* ---- The whole ---- */

static void values_define(json_t *defs) {
    for (size_t i = 0; i < NAME_COUNT; i++)
        set(defs, names[i].name,
            json_pack("{s:s, s:i, s:i, s:s}", "type", "string", "minLength", names[i].least,
                      "maxLength", names[i].most, "pattern", names[i].pattern));
    set(defs, "text", json_pack("{s:s, s:s}", "type", "string", "pattern", "^[^\\u0000]*$"));
    set(defs, "time", number_schema(0, HV_INTEGER_MAX));
    set(json_object_get(defs, "time"), "description",
        json_string("milliseconds since 1970-01-01T00:00Z"));
    for (size_t i = 0; i < wire_vocabulary_count; i++) {
        char name[64];
        json_t *words = made(json_array());
        for (size_t j = 0; j < wire_vocabularies[i]->count; j++)
            add(words, json_string(wire_vocabularies[i]->words[j].text));
        snprintf(name, sizeof name, "words-of-%s", wire_vocabularies[i]->name);
        set(defs, name, json_pack("{s:o}", "enum", words));
    }
}

/* Every part as the broker says it, and exactly those that a peer's message is made of. */
static void parts_define(json_t *defs) {
    char name[64];
    for (size_t i = 0; i < wire_part_count; i++) {
        snprintf(name, sizeof name, "map-%s", wire_parts[i]->name);
        set(defs, name, map_schema(wire_parts[i], false, NULL));
    }
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++) {
        const struct wire_struct *message = wire_message_struct((enum hv_message_type)type);
        if ((wire_message_by((enum hv_message_type)type) & WIRE_BY_PEER) == 0)
            continue;
        for (size_t i = 0; i < message->count; i++) {
            const struct wire_struct *nested = message->fields[i].nested;
            if (nested == NULL)
                continue;
            snprintf(name, sizeof name, "exact-map-%s", nested->name);
            set(defs, name, map_schema(nested, true, NULL));
        }
    }
}

static void messages_define(json_t *defs, json_t *any) {
    char name[64];
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++) {
        const char *text = wire_message_struct((enum hv_message_type)type)->name;
        snprintf(name, sizeof name, "message-%s", text);
        set(defs, name, message_schema((enum hv_message_type)type));
        add(any, reference_to("message-", text));
    }
}

static const char comment[] =
    "Generated from the field lists in schemas/wire/; `make check` compares. A message in its JSON "
    "form: bytes are lower-case hex. On the wire it is MessagePack, where bytes are bin, a number "
    "is never a float, no key comes twice and nothing is nil.";

int main(void) {
    json_t *defs = made(json_object()), *any = made(json_array());
    values_define(defs);
    parts_define(defs);
    messages_define(defs, any);
    json_t *schema = made(json_pack("{s:s, s:s, s:s, s:o, s:o}", "$schema",
                                    "https://json-schema.org/draft/2020-12/schema", "title",
                                    "A message of the Houvast wire, version 1", "$comment", comment,
                                    "oneOf", any, "$defs", defs));
    bool printed = json_dumpf(schema, stdout, JSON_INDENT(2)) == 0 && putchar('\n') == '\n';
    json_decref(schema);
    return printed && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
