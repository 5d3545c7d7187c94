/* Messages as words, by the wire's own field lists. */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writing {
    char *at;
    size_t size, room;
    hv_time now_ms;
};

struct reading {
    hv_time now_ms;
    const char *request;
    msgpack_zone *zone;
};

/* ---- Ids ---- */

struct hv_uuid words_id(char kind, unsigned number) {
    struct hv_uuid id = {.bytes = {(uint8_t)kind}};

    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

unsigned words_number(const struct hv_uuid *id) {
    return (unsigned)id->bytes[14] << 8 | id->bytes[15];
}

void words_resident(unsigned number, char ret_resident[HV_RESIDENT_SIZE]) {
    (void)snprintf(ret_resident, HV_RESIDENT_SIZE, "r1.%043u", number);
}

/* ---- Times ---- */

static const struct {
    char name;
    int64_t ms;
} units[] = {{'D', 86400000}, {'H', 3600000}, {'M', 60000}, {'S', 1000}};
#define UNITS (sizeof units / sizeof *units)

void words_of_ms(int64_t ms, char ret_text[WORDS_MS_SIZE]) {
    size_t at = 0;

    while (at < UNITS && ms % units[at].ms != 0)
        at++;
    if (ms == 0 || at == UNITS)
        (void)snprintf(ret_text, WORDS_MS_SIZE, "%lld", (long long)ms);
    else
        (void)snprintf(ret_text, WORDS_MS_SIZE, "%lld%c", (long long)(ms / units[at].ms),
                       units[at].name);
}

int64_t words_to_ms(const char *text) {
    char *end = NULL;
    const int64_t number = strtoll(text, &end, 10);

    for (size_t i = 0; i < UNITS; i++)
        if (*end == units[i].name)
            return number * units[i].ms;
    return number;
}

/* ---- Writing ---- */

__attribute__((format(printf, 2, 3))) static void put(struct writing *writing, const char *format,
                                                      ...) {
    va_list arguments;

    va_start(arguments, format);
    const int length =
        vsnprintf(writing->at + writing->size, writing->room - writing->size, format, arguments);
    va_end(arguments);
    writing->size += length > 0 ? (size_t)length : 0;
    if (writing->size >= writing->room)
        writing->size = writing->room - 1;
}

static void put_attendees(struct writing *writing, const void *value) {
    struct wire_items list;

    memcpy(&list, value, sizeof list);
    const struct hv_attendee *attendees = list.items;
    for (size_t i = 0; i < list.count; i++)
        put(writing, "%s%s:%s", i ? "," : "", attendees[i].organisation, attendees[i].person);
}

static void put_codes(struct writing *writing, const void *value) {
    struct wire_items list;

    memcpy(&list, value, sizeof list);
    const struct hv_code *codes = list.items;
    for (size_t i = 0; i < list.count; i++)
        put(writing, "%s%s", i ? "," : "", codes[i].text);
}

static void put_time(struct writing *writing, hv_time at_ms) {
    char text[WORDS_MS_SIZE];

    words_of_ms(at_ms - writing->now_ms, text);
    if (at_ms == 0 || at_ms == HV_INTEGER_MAX)
        put(writing, "@%lld", (long long)at_ms);
    else
        put(writing, "%s%s", at_ms < writing->now_ms ? "" : "+", text);
}

static void put_value(struct writing *writing, const struct wire_field *field, const char *value) {
    int64_t number = 0;
    int word = 0;

    switch ((int)field->kind) {
    case WIRE_UUID:
        put(writing, "%c%u", value[0], words_number((const struct hv_uuid *)value));
        break;
    case WIRE_TIME:
        memcpy(&number, value, sizeof number);
        put_time(writing, number);
        break;
    case WIRE_INTEGER:
        memcpy(&number, value, sizeof number);
        put(writing, "%lld", (long long)number);
        break;
    case WIRE_BOOLEAN:
        put(writing, "%s", *(const bool *)value ? "yes" : "no");
        break;
    case WIRE_VOCABULARY:
        memcpy(&word, value, sizeof word);
        put(writing, "%s", wire_word_text(field->vocabulary, word));
        break;
    case WIRE_RESIDENT:
        put(writing, "r%ld", strtol(value + 3, NULL, 10));
        break;
    case WIRE_REQUEST:
        put(writing, "yes");
        break;
    case WIRE_BYTES:
        put(writing, "%d", (int)(uint8_t)value[0]);
        break;
    case WIRE_LIST:
        put_attendees(writing, value);
        break;
    case WIRE_CODES:
        put_codes(writing, value);
        break;
    default: /* names */
        put(writing, "%s", value);
        break;
    }
}

static void put_struct(struct writing *writing, const struct wire_struct *type, const char *base,
                       const char *prefix) {
    char nested[64];

    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (!field->required && !*(const bool *)(base + field->has_offset))
            continue;
        if (field->kind == WIRE_REQUEST && field->required)
            continue;
        if (field->kind == WIRE_MAP) {
            (void)snprintf(nested, sizeof nested, "%s.", field->name);
            put_struct(writing, field->nested, base + field->offset, nested);
            continue;
        }
        put(writing, " %s%s=", prefix, field->name);
        put_value(writing, field, base + field->offset);
    }
}

void words_of_message(const struct hv_message *message, hv_time now_ms,
                      char ret_words[WORDS_SIZE]) {
    struct writing writing = {.at = ret_words, .room = WORDS_SIZE, .now_ms = now_ms};
    const struct wire_struct *type = wire_message_struct(message->type);

    put(&writing, "%s", type->name);
    put_struct(&writing, type, (const char *)&message->hello, "");
}

/* ---- Reading ---- */

static void *zone_take(const struct reading *reading, size_t size) {
    void *memory = msgpack_zone_malloc(reading->zone, size);

    if (!memory)
        abort();
    memset(memory, 0, size);
    return memory;
}

static bool name_get(char *to, size_t room, const char *from, size_t size) {
    if (size >= room)
        return false;
    memcpy(to, from, size);
    to[size] = '\0';
    return true;
}

/* Both lists are apart by commas; an empty text is an empty list. */
static size_t parts_of(const char *text) {
    size_t count = *text != '\0';

    for (; *text; text++)
        count += *text == ',';
    return count;
}

static bool get_attendees(const struct reading *reading, const char *text, void *value) {
    struct wire_items list = {.count = parts_of(text)};
    struct hv_attendee *attendees = zone_take(reading, (list.count + 1) * sizeof *attendees);

    for (size_t i = 0; i < list.count; i++) {
        const size_t organisation = strcspn(text, ":");
        if (!text[organisation] ||
            !name_get(attendees[i].organisation, HV_CODE_SIZE, text, organisation))
            return false;
        text += organisation + 1;
        const size_t person = strcspn(text, ",");
        if (!name_get(attendees[i].person, HV_PERSON_SIZE, text, person))
            return false;
        text += person + (text[person] == ',');
    }
    list.items = attendees;
    memcpy(value, &list, sizeof list);
    return true;
}

static bool get_codes(const struct reading *reading, const char *text, void *value) {
    struct wire_items list = {.count = parts_of(text)};
    struct hv_code *codes = zone_take(reading, (list.count + 1) * sizeof *codes);

    for (size_t i = 0; i < list.count; i++) {
        const size_t size = strcspn(text, ",");
        if (!name_get(codes[i].text, HV_CODE_SIZE, text, size))
            return false;
        text += size + (text[size] == ',');
    }
    list.items = codes;
    memcpy(value, &list, sizeof list);
    return true;
}

static bool get_number(const struct reading *reading, const struct wire_field *field,
                       const char *text, char *value) {
    const bool alone = field->kind != WIRE_TIME || *text == '@';
    const int64_t number = alone ? strtoll(*text == '@' ? text + 1 : text, NULL, 10)
                                 : words_to_ms(text) + reading->now_ms;

    memcpy(value, &number, sizeof number);
    return true;
}

static bool get_word(const struct wire_field *field, const char *text, char *value) {
    const int word = wire_word_number(field->vocabulary, text, strlen(text));

    memcpy(value, &word, sizeof word);
    return word != 0;
}

static bool get_value(const struct reading *reading, const struct wire_field *field,
                      const char *text, char *value) {
    switch ((int)field->kind) {
    case WIRE_UUID:
        *(struct hv_uuid *)value = words_id(text[0], (unsigned)strtoul(text + 1, NULL, 10));
        return true;
    case WIRE_TIME:
    case WIRE_INTEGER:
        return get_number(reading, field, text, value);
    case WIRE_BOOLEAN:
        *(bool *)value = strcmp(text, "yes") == 0;
        return true;
    case WIRE_VOCABULARY:
        return get_word(field, text, value);
    case WIRE_RESIDENT:
        words_resident((unsigned)strtoul(text + 1, NULL, 10), value);
        return true;
    case WIRE_REQUEST:
        return name_get(value, HV_REQUEST_SIZE, reading->request, strlen(reading->request));
    case WIRE_BYTES:
        memset(value, (int)strtol(text, NULL, 10), (size_t)field->most);
        return true;
    case WIRE_LIST:
        return get_attendees(reading, text, value);
    case WIRE_CODES:
        return get_codes(reading, text, value);
    case WIRE_PERSON:
        return name_get(value, HV_PERSON_SIZE, text, strlen(text));
    case WIRE_ORGANISATION:
    case WIRE_CODE:
        return name_get(value, HV_CODE_SIZE, text, strlen(text));
    default:
        return false;
    }
}

/* The field called so, and where the struct that it is in begins: `contact.on` is in a map. */
static const struct wire_field *field_find(const struct wire_struct *type, const char *key,
                                           size_t size, char **base) {
    const char *dot = memchr(key, '.', size);
    size_t offset = 0;
    const struct wire_field *field =
        wire_field_named(type, key, dot ? (size_t)(dot - key) : size, &offset);

    if (!field || !dot)
        return field;
    if (field->kind != WIRE_MAP)
        return NULL;
    if (!field->required)
        *(bool *)(*base + field->has_offset) = true;
    *base += field->offset;
    return wire_field_named(field->nested, dot + 1, size - (size_t)(dot + 1 - key), &offset);
}

static bool get_field(const struct reading *reading, const struct wire_struct *type,
                      const char *word, char *base) {
    const char *equals = strchr(word, '=');
    const struct wire_field *field =
        equals ? field_find(type, word, (size_t)(equals - word), &base) : NULL;

    if (!field || !get_value(reading, field, equals + 1, base + field->offset))
        return false;
    if (!field->required)
        *(bool *)(base + field->has_offset) = true;
    return true;
}

static void get_request(const struct reading *reading, const struct wire_struct *type, char *base) {
    size_t offset = 0;
    const struct wire_field *field = wire_field_named(type, "request", 7, &offset);

    if (field && field->required)
        (void)get_value(reading, field, "yes", base + field->offset);
}

bool words_to_message(const char *words, hv_time now_ms, const char *request, msgpack_zone *zone,
                      struct hv_message *ret_message) {
    const struct reading reading = {now_ms, request, zone};
    char copy[WORDS_SIZE];
    char *rest = NULL;

    if (strlen(words) >= sizeof copy)
        return false;
    memcpy(copy, words, strlen(words) + 1);
    const char *word = strtok_r(copy, " ", &rest);
    const enum hv_message_type type = word ? wire_message_named(word, strlen(word)) : 0;
    if (type == HV_MESSAGE_none || !(wire_message_by(type) & WIRE_BY_PEER))
        return false;
    memset(ret_message, 0, sizeof *ret_message);
    ret_message->type = type;
    char *base = (char *)&ret_message->hello;
    get_request(&reading, wire_message_struct(type), base);
    while ((word = strtok_r(NULL, " ", &rest)))
        if (!get_field(&reading, wire_message_struct(type), word, base))
            return false;
    return true;
}
