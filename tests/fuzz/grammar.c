/* Messages that make sense, and those beside them, from few bytes. */
#include "grammar.h"

#include <stdio.h>
#include <string.h>

const char *const grammar_organisations[GRAMMAR_ORGANISATIONS] = {"kcc", "support", "werkse",
                                                                  "nowhere"};
static const char *const persons[] = {"anna", "bob", "h.holder", "x"};
static const char *const codes[] = {"one", "two", "no-room", "consent-withdrawn"};

#define PICK(list, choice) ((list)[(choice) % (sizeof(list) / sizeof *(list))])

/* One field of one message: `twist` 0 asks for what is sensible, any other for something else. */
struct choice {
    struct grammar *grammar;
    const struct wire_field *field;
    size_t subject; /* which journey: its low two bits; which handover of it: all four */
    size_t twist;
};

static void *zone_take(const struct choice *choice, size_t size) {
    void *memory = msgpack_zone_malloc(choice->grammar->zone, size);

    if (!memory)
        fuzz_fail("out of memory");
    memset(memory, 0, size);
    return memory;
}

static bool named(const struct choice *choice, const char *name) {
    return strcmp(choice->field->name, name) == 0;
}

static void text_put(void *value, const char *text) {
    memcpy(value, text, strlen(text) + 1);
}

/* ---- Values ---- */

static void uuid_make(const struct choice *choice, struct hv_uuid *value) {
    const size_t subject = choice->subject ^ choice->twist;

    memset(value, 0, sizeof *value);
    value->bytes[0] = named(choice, "handover") ? 2 : 1;
    value->bytes[15] = (uint8_t)(named(choice, "handover") ? subject & 15 : subject & 3);
}

static int64_t number_sensible(const struct choice *choice) {
    const struct wire_field *field = choice->field;

    if (named(choice, "item"))
        return choice->grammar->item;
    if (named(choice, "credit"))
        return 4;
    return field->least > 1 ? field->least : field->most < 1 ? field->most : 1;
}

static int64_t number_make(const struct choice *choice) {
    const struct wire_field *field = choice->field;
    const int64_t near[] = {number_sensible(choice), field->least, field->most, 0, 2, 3, 15, 100};
    const int64_t number = choice->twist < 128
                               ? PICK(near, choice->twist)
                               : number_sensible(choice) + (int64_t)choice->twist - 192;

    return number < field->least ? field->least : number > field->most ? field->most : number;
}

static int64_t time_make(const struct choice *choice) {
    const int64_t now = choice->grammar->now_ms;
    const int64_t times[] = {now,           now - 1,        now + 60000,    now + 360000,
                             now - 360000,  now - 86400000, now + 86400000, 0,
                             HV_INTEGER_MAX};

    return PICK(times, choice->twist);
}

static void word_make(const struct choice *choice, void *value) {
    const struct wire_vocabulary *vocabulary = choice->field->vocabulary;
    int number = vocabulary->words[choice->twist % vocabulary->count].number;

    if (named(choice, "role") && choice->twist == 0)
        number = (int)choice->grammar->role;
    memcpy(value, &number, sizeof number);
}

static void name_make(const struct choice *choice, char *value) {
    switch ((int)choice->field->kind) {
    case WIRE_REQUEST:
        text_put(value, choice->grammar->request);
        break;
    case WIRE_ORGANISATION:
        text_put(value, PICK(grammar_organisations, choice->twist + 2));
        break;
    case WIRE_PERSON:
        text_put(value, PICK(persons, choice->twist));
        break;
    case WIRE_CODE:
        text_put(value, named(choice, "instance") && choice->twist == 0
                            ? choice->grammar->instance
                            : PICK(codes, choice->twist));
        break;
    default: /* RESIDENT */
        (void)snprintf(value, HV_RESIDENT_SIZE, "r1.%043zu", choice->twist % 4);
        break;
    }
}

static bool struct_make(const struct choice *outer, const struct wire_struct *type, char *value);

/* Someone of each side, or however many. */
static bool list_make(const struct choice *choice, void *value) {
    const struct wire_struct *nested = choice->field->nested;
    struct wire_items list = {.count = choice->twist == 0 ? 2 : choice->twist % 4};
    char *items = zone_take(choice, (list.count + 1) * nested->size);
    bool made = true;

    for (size_t i = 0; i < list.count && made; i++) {
        struct choice item = *choice;
        item.twist = choice->twist + 2 * i;
        made = struct_make(&item, nested, items + i * nested->size);
    }
    list.items = items;
    memcpy(value, &list, sizeof list);
    return made;
}

static void codes_make(const struct choice *choice, void *value) {
    struct wire_items list = {.count = choice->twist % 4};
    struct hv_code *items = zone_take(choice, (list.count + 1) * sizeof *items);

    for (size_t i = 0; i < list.count; i++)
        text_put(items[i].text, PICK(codes, choice->twist + i));
    list.items = items;
    memcpy(value, &list, sizeof list);
}

/* False for kinds that no peer sends. */
static bool value_make(const struct choice *choice, char *value) {
    int64_t number = 0;

    switch ((int)choice->field->kind) {
    case WIRE_UUID:
        uuid_make(choice, (struct hv_uuid *)value);
        return true;
    case WIRE_TIME:
        number = time_make(choice);
        memcpy(value, &number, sizeof number);
        return true;
    case WIRE_INTEGER:
        number = number_make(choice);
        memcpy(value, &number, sizeof number);
        return true;
    case WIRE_BOOLEAN:
        *(bool *)value = choice->twist % 2 == 0;
        return true;
    case WIRE_VOCABULARY:
        word_make(choice, value);
        return true;
    case WIRE_BYTES:
        memset(value, (int)choice->twist, (size_t)choice->field->most);
        return true;
    case WIRE_MAP:
        return struct_make(choice, choice->field->nested, value);
    case WIRE_LIST:
        return list_make(choice, value);
    case WIRE_CODES:
        codes_make(choice, value);
        return true;
    case WIRE_REQUEST:
    case WIRE_ORGANISATION:
    case WIRE_PERSON:
    case WIRE_CODE:
    case WIRE_RESIDENT:
        name_make(choice, value);
        return true;
    default:
        return false;
    }
}

/* A nested struct takes the twist of its field: its low bits in one field, its high bits in the
 * next. */
static bool struct_make(const struct choice *outer, const struct wire_struct *type, char *value) {
    bool made = true;

    for (size_t i = 0; i < type->count && made; i++) {
        struct choice choice = *outer;
        choice.field = &type->fields[i];
        choice.twist = i % 2 == 0 ? outer->twist : outer->twist / 4;
        if (choice.field->required)
            made = value_make(&choice, value + choice.field->offset);
    }
    return made;
}

/* ---- Messages ---- */

/* What may be absent and is sensible to say. */
static bool usually_there(const struct wire_struct *type, const struct wire_field *field) {
    return (strcmp(type->name, "close") == 0 && strcmp(field->name, "talked") == 0) ||
           (strcmp(type->name, "status") == 0 && strcmp(field->name, "journey") == 0) ||
           (strcmp(type->name, "claim") == 0 && strcmp(field->name, "journey") == 0) ||
           (strcmp(type->name, "note") == 0 && strcmp(field->name, "handover") == 0) ||
           (strcmp(type->name, "ack") == 0 && strcmp(field->name, "request") == 0);
}

static bool field_make(const struct choice *choice, char *base, bool there) {
    const struct wire_field *field = choice->field;

    if (!field->required)
        *(bool *)(base + field->has_offset) = there;
    return !there || value_make(choice, base + field->offset);
}

bool grammar_message(struct grammar *grammar, enum hv_message_type type,
                     struct hv_message *ret_message) {
    const struct wire_struct *fields = wire_message_struct(type);
    char *base = (char *)&ret_message->hello;
    struct choice choice = {.grammar = grammar, .subject = feed_byte(grammar->feed)};
    size_t twists = feed_below(grammar->feed, 8);

    *ret_message = (struct hv_message){.type = type};
    for (size_t i = 0; i < fields->count; i++) {
        choice.field = &fields->fields[i];
        if (!field_make(&choice, base,
                        choice.field->required || usually_there(fields, choice.field)))
            return false;
    }
    while (twists-- > 0) {
        choice.field = &fields->fields[feed_below(grammar->feed, fields->count)];
        choice.twist = feed_byte(grammar->feed);
        const bool there = choice.field->required || choice.twist != 255;
        if (choice.field->kind != WIRE_REQUEST && !field_make(&choice, base, there))
            return false;
    }
    return wire_message_check(ret_message, NULL) == 0;
}
