/* Options of the command line for the fields of a message, derived from its field list, so that a
 * new field has its option by itself. */
#include "clients/houvast/fields.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "clients/houvast/when.h"

/* How the message structs keep a list (messages.h). */
struct list_view {
    size_t count;
    void *items;
};

/* ---- The options of a message ---- */

static void option_name(char ret_name[HV_PERSON_SIZE], const struct wire_field *within,
                        const char *name) {
    snprintf(ret_name, HV_PERSON_SIZE, "%s%s%s", within ? within->name : "", within ? "-" : "",
             name);
    for (char *at = ret_name; *at; at++)
        if (*at == '_')
            *at = '-';
}

static void options_add(struct field_options *options, const struct wire_field *field,
                        const struct wire_field *within, size_t base) {
    assert(options->count < FIELD_OPTIONS_MAX);
    struct field_option *option = &options->options[options->count++];
    option_name(option->name, within, field->name);
    option->field = field;
    option->within = within;
    option->offset = base + field->offset;
    option->has_offset = base + field->has_offset;
}

static void options_flatten(struct field_options *options, const struct wire_struct *type,
                            const struct wire_field *within, size_t base) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        switch (field->kind) {
        case WIRE_MAP:
            assert(!within); /* the contract's depth allows no map in a map of a command */
            options_flatten(options, field->nested, field, base + field->offset);
            break;
        case WIRE_EMBED:
            options_flatten(options, field->nested, within, base + field->offset);
            break;
        case WIRE_COUNTERS:
        case WIRE_BLOB:
            assert(false && "counters and blobs are the broker's to send");
            break;
        case WIRE_REQUEST:
        case WIRE_UUID:
        case WIRE_ORGANISATION:
        case WIRE_CODE:
        case WIRE_PERSON:
        case WIRE_RESIDENT:
        case WIRE_TEXT:
        case WIRE_TIME:
        case WIRE_INTEGER:
        case WIRE_BOOLEAN:
        case WIRE_VOCABULARY:
        case WIRE_BYTES:
        case WIRE_LIST:
        case WIRE_CODES:
            options_add(options, field, within, base);
            break;
        }
    }
}

void field_options_init(struct field_options *options, const struct wire_struct *type) {
    *options = (struct field_options){.type = type};
    options_flatten(options, type, NULL, 0);
}

void field_options_fini(struct field_options *options) {
    for (size_t i = 0; i < options->count; i++) {
        free(options->lists[i]);
        options->lists[i] = NULL;
    }
}

struct field_option *field_options_find(struct field_options *options, const char *name) {
    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->options[i].name, name) == 0)
            return &options->options[i];
    return NULL;
}

const struct field_option *field_options_taking(const struct field_options *options,
                                                const char *value_name) {
    for (size_t i = 0; i < options->count; i++) {
        const char *name = field_value_name(options->options[i].field);
        if (name && strcmp(name, value_name) == 0)
            return &options->options[i];
    }
    return NULL;
}

/* ---- Reading one value ---- */

void field_value_forms(const struct wire_field *field, char *ret_text, size_t size) {
    size_t used = 0;
    switch (field->kind) {
    case WIRE_INTEGER:
        snprintf(ret_text, size, "a whole number from %" PRId64 " to %" PRId64, field->least,
                 field->most);
        return;
    case WIRE_BYTES:
        snprintf(ret_text, size, "%" PRId64 " bytes in hexadecimal", field->most);
        return;
    case WIRE_VOCABULARY:
        used = (size_t)snprintf(ret_text, size, field->vocabulary->count > 1 ? "one of" : "only");
        for (size_t i = 0; i < field->vocabulary->count && used < size; i++) {
            used += (size_t)snprintf(ret_text + used, size - used, "%s %s", i ? "," : "",
                                     field->vocabulary->words[i].text);
        }
        return;
    case WIRE_LIST:
        for (size_t i = 0; i < field->nested->count && used < size; i++) {
            used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? ":" : "",
                                     field->nested->fields[i].name);
        }
        return;
    case WIRE_REQUEST:
        snprintf(ret_text, size, "1 to 64 characters");
        return;
    case WIRE_UUID:
        snprintf(ret_text, size, "a UUID in lower case");
        return;
    case WIRE_ORGANISATION:
    case WIRE_CODE:
        snprintf(ret_text, size, "1 to 32 of a-z, 0-9 and -");
        return;
    case WIRE_CODES:
        snprintf(ret_text, size, "at most %d codes apart by commas, each 1 to 32 of a-z, 0-9 and -",
                 HV_LIST_MAX);
        return;
    case WIRE_PERSON:
        snprintf(ret_text, size, "1 to 64 of a-z, 0-9, ., _ and -");
        return;
    case WIRE_RESIDENT:
        snprintf(ret_text, size, "r1. and 43 characters of base64url");
        return;
    case WIRE_TIME:
        snprintf(ret_text, size, "%s", WHEN_FORMS_TEXT);
        return;
    case WIRE_TEXT:
    case WIRE_BOOLEAN:
    case WIRE_MAP:
    case WIRE_EMBED:
    case WIRE_COUNTERS:
    case WIRE_BLOB:
        break;
    }
    assert(false && "takes no value of its own");
}

static bool copy_if(bool valid, const char *text, void *ret_value, size_t size) {
    if (valid) {
        assert(strlen(text) < size);
        memcpy(ret_value, text, strlen(text) + 1);
    }
    return valid;
}

static bool is_request(const char *text, size_t size) {
    const uint8_t *bytes = (const uint8_t *)text;
    return size > 0 && !u8_check(bytes, size) && u8_mbsnlen(bytes, size) <= 64;
}

static bool integer_parse(const struct wire_field *field, const char *text, int64_t *ret_value) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < field->least || number > field->most)
        return false;
    *ret_value = number;
    return true;
}

static bool time_parse(const char *text, hv_time now_ms, hv_time *ret_value) {
    hv_time at_ms;
    if (when_parse(text, now_ms, &at_ms) < 0 || at_ms > HV_INTEGER_MAX)
        return false;
    *ret_value = at_ms;
    return true;
}

static bool word_parse(const struct wire_field *field, const char *text, void *ret_value) {
    int number = wire_word_number(field->vocabulary, text, strlen(text));
    if (number) {
        unsigned word = (unsigned)number; /* an enum of the wire is as wide as this */
        static_assert(sizeof word == sizeof(enum hv_role), "messages.h keeps words in enums");
        memcpy(ret_value, &word, sizeof word);
    }
    return number != 0;
}

static bool bytes_parse(const struct wire_field *field, const char *text, void *ret_value) {
    uint8_t bytes[64];
    size_t size;
    assert((size_t)field->most <= sizeof bytes);
    if (sodium_hex2bin(bytes, sizeof bytes, text, strlen(text), NULL, &size, NULL) != 0 ||
        size != (size_t)field->most)
        return false;
    memcpy(ret_value, bytes, size);
    return true;
}

/* One value that is neither a list nor a map. */
static bool value_parse(const struct wire_field *field, const char *text, hv_time now_ms,
                        void *ret_value) {
    size_t size = strlen(text);
    switch (field->kind) {
    case WIRE_REQUEST:
        return copy_if(is_request(text, size), text, ret_value, HV_REQUEST_SIZE);
    case WIRE_UUID:
        return wire_uuid_parse(text, size, ret_value);
    case WIRE_ORGANISATION:
    case WIRE_CODE:
        return copy_if(wire_is_code(text, size), text, ret_value, HV_CODE_SIZE);
    case WIRE_PERSON:
        return copy_if(wire_is_person(text, size), text, ret_value, HV_PERSON_SIZE);
    case WIRE_RESIDENT:
        return copy_if(wire_is_resident(text, size), text, ret_value, HV_RESIDENT_SIZE);
    case WIRE_TEXT:
        memcpy(ret_value, &text, sizeof text);
        return true;
    case WIRE_TIME:
        return time_parse(text, now_ms, ret_value);
    case WIRE_INTEGER:
        return integer_parse(field, text, ret_value);
    case WIRE_VOCABULARY:
        return word_parse(field, text, ret_value);
    case WIRE_BYTES:
        return bytes_parse(field, text, ret_value);
    case WIRE_BOOLEAN:
    case WIRE_MAP:
    case WIRE_EMBED:
    case WIRE_LIST:
    case WIRE_CODES:
    case WIRE_COUNTERS:
    case WIRE_BLOB:
        break;
    }
    assert(false && "a list or a map is no single value");
    return false;
}

static int value_refused(const struct field_option *option, const char *text,
                         struct failure *ret_failure) {
    char forms[512];
    field_value_forms(option->field, forms, sizeof forms);
    return failure_set(ret_failure, -EINVAL, "--%s %s is not right; it takes %s", option->name,
                       text, forms);
}

/* ---- Reading lists ---- */

/* A new element at the end of the option's list, all zeroes; it counts once list_grow is called. */
static int list_next(struct field_options *options, struct field_option *option, size_t item_size,
                     void *message, void **ret_item, struct failure *ret_failure) {
    void **memory = &options->lists[option - options->options];
    struct list_view list;
    memcpy(&list, (char *)message + option->offset, sizeof list);
    if (list.count == HV_LIST_MAX) {
        return failure_set(ret_failure, -E2BIG, "--%s takes at most %d values", option->name,
                           HV_LIST_MAX);
    }
    if (!*memory) {
        *memory = calloc(HV_LIST_MAX, item_size);
        if (!*memory)
            return failure_set(ret_failure, -ENOMEM, "out of memory");
    }
    *ret_item = (char *)*memory + list.count * item_size;
    return 0;
}

static void list_grow(struct field_options *options, const struct field_option *option,
                      void *message) {
    struct list_view list;
    memcpy(&list, (char *)message + option->offset, sizeof list);
    list.items = options->lists[option - options->options];
    list.count++;
    memcpy((char *)message + option->offset, &list, sizeof list);
}

/* Cuts the next piece of `*at` before `separator` into `ret_piece`; false where there is none or it
 * is longer than anything that could be right. */
static bool piece_next(const char **at, char separator, char *ret_piece, size_t size) {
    if (!*at)
        return false;
    const char *end = strchrnul(*at, separator);
    size_t length = (size_t)(end - *at);
    if (length >= size)
        return false;
    memcpy(ret_piece, *at, length);
    ret_piece[length] = '\0';
    *at = *end ? end + 1 : NULL;
    return true;
}

static int codes_set(struct field_options *options, struct field_option *option, const char *text,
                     void *message, struct failure *ret_failure) {
    const char *at = text;
    while (at) {
        char piece[HV_PERSON_SIZE];
        void *item = NULL;
        if (!piece_next(&at, ',', piece, sizeof piece) || !wire_is_code(piece, strlen(piece)))
            return value_refused(option, text, ret_failure);
        int r = list_next(options, option, sizeof(struct hv_code), message, &item, ret_failure);
        if (r < 0)
            return r;
        assert(item);
        memcpy(((struct hv_code *)item)->text, piece, strlen(piece) + 1);
        list_grow(options, option, message);
    }
    return 0;
}

static int maps_set(struct field_options *options, struct field_option *option, const char *text,
                    hv_time now_ms, void *message, struct failure *ret_failure) {
    const struct wire_struct *nested = option->field->nested;
    const char *at = text;
    void *item = NULL;
    int r = list_next(options, option, nested->size, message, &item, ret_failure);
    if (r < 0)
        return r;
    assert(item);
    for (size_t i = 0; i < nested->count; i++) {
        const struct wire_field *field = &nested->fields[i];
        char piece[HV_PERSON_SIZE];
        assert(field->required);
        if (!piece_next(&at, ':', piece, sizeof piece) ||
            !value_parse(field, piece, now_ms, (char *)item + field->offset))
            return value_refused(option, text, ret_failure);
    }
    if (at)
        return value_refused(option, text, ret_failure);
    list_grow(options, option, message);
    return 0;
}

/* ---- Setting ---- */

static void mark(void *message, size_t has_offset) {
    bool yes = true;
    memcpy((char *)message + has_offset, &yes, sizeof yes);
}

int field_option_set(struct field_options *options, struct field_option *option, const char *text,
                     bool yes, hv_time now_ms, void *message, struct failure *ret_failure) {
    const struct wire_field *field = option->field;
    void *value = (char *)message + option->offset;
    int r = 0;
    if (field->kind == WIRE_BOOLEAN)
        memcpy(value, &yes, sizeof yes);
    else if (field->kind == WIRE_CODES)
        r = codes_set(options, option, text, message, ret_failure);
    else if (field->kind == WIRE_LIST)
        r = maps_set(options, option, text, now_ms, message, ret_failure);
    else if (!value_parse(field, text, now_ms, value))
        r = value_refused(option, text, ret_failure);
    if (r < 0)
        return r;
    option->given = true;
    if (!field->required)
        mark(message, option->has_offset);
    return 0;
}

static bool within_given(const struct field_options *options, const struct wire_field *within) {
    for (size_t i = 0; i < options->count; i++)
        if (options->options[i].within == within && options->options[i].given)
            return true;
    return false;
}

int field_options_complete(const struct field_options *options, void *message,
                           struct failure *ret_failure) {
    char missing[512] = "";
    size_t used = 0, count = 0;
    for (size_t i = 0; i < options->count; i++) {
        const struct field_option *option = &options->options[i];
        bool wanted = option->field->required && option->field->kind != WIRE_REQUEST;
        if (option->within && !option->within->required)
            wanted = wanted && within_given(options, option->within);
        if (option->given && option->within && !option->within->required)
            mark(message, option->within->has_offset);
        if (wanted && !option->given && used < sizeof missing) {
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s--%s",
                                     count ? ", " : "", option->name);
            count++;
        }
    }
    if (count) {
        return failure_set(ret_failure, -EINVAL, "%s %s missing; --help says what %s", missing,
                           count == 1 ? "is" : "are", count == 1 ? "it is" : "they are");
    }
    return 0;
}

/* ---- Help ---- */

const char *field_value_name(const struct wire_field *field) {
    switch (field->kind) {
    case WIRE_BOOLEAN:
        return NULL;
    case WIRE_UUID:
        return "UUID";
    case WIRE_ORGANISATION:
        return "ORGANISATION";
    case WIRE_CODE:
        return "CODE";
    case WIRE_CODES:
        return "CODE,CODE";
    case WIRE_PERSON:
        return "PERSON";
    case WIRE_RESIDENT:
        return "PSEUDONYM";
    case WIRE_TIME:
        return "TIME";
    case WIRE_INTEGER:
        return "NUMBER";
    case WIRE_VOCABULARY:
        return "WORD";
    case WIRE_BYTES:
        return "HEX";
    case WIRE_LIST:
        return "VALUE:VALUE";
    case WIRE_REQUEST:
    case WIRE_TEXT:
        return "TEXT";
    case WIRE_MAP:
    case WIRE_EMBED:
    case WIRE_BLOB:
    case WIRE_COUNTERS:
        break;
    }
    assert(false && "has no option of its own");
    return NULL;
}

void field_option_help(const struct field_option *option, char *ret_text, size_t size) {
    const struct wire_field *field = option->field;
    char forms[512] = "";
    size_t used =
        (size_t)snprintf(ret_text, size, "%s%s%s", option->within ? option->within->doc : "",
                         option->within ? ": " : "", field->doc);
    if (field->kind == WIRE_VOCABULARY || field->kind == WIRE_LIST || field->kind == WIRE_INTEGER)
        field_value_forms(field, forms, sizeof forms);
    if (forms[0] && used < size && !(field->kind == WIRE_INTEGER && field->most == HV_INTEGER_MAX))
        used += (size_t)snprintf(ret_text + used, size - used, " (%s)", forms);
    if (field->kind == WIRE_LIST && used < size)
        snprintf(ret_text + used, size - used, "; may stand several times");
}
