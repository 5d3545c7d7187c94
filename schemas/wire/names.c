/* The forms of names on the wire, and UUIDs as text. */
#include <assert.h>
#include <string.h>
#include <unistr.h>

#include "wire/room.h"

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool wire_is_code(const char *text, size_t size) {
    if (size < 1 || size >= HV_CODE_SIZE)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_lower_or_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

bool wire_is_person(const char *text, size_t size) {
    if (size < 1 || size >= HV_PERSON_SIZE)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_lower_or_digit(text[i]) && text[i] != '-' && text[i] != '.' && text[i] != '_')
            return false;
    return true;
}

bool wire_is_resident(const char *text, size_t size) {
    if (size != HV_RESIDENT_SIZE - 1 || memcmp(text, "r1.", 3) != 0)
        return false;
    for (size_t i = 3; i < size; i++)
        if (!is_lower_or_digit(text[i]) && !(text[i] >= 'A' && text[i] <= 'Z') && text[i] != '-' &&
            text[i] != '_')
            return false;
    return true;
}

bool wire_is_text(const char *text, size_t size) {
    return u8_check((const uint8_t *)text, size) == NULL && memchr(text, '\0', size) == NULL;
}

bool wire_is_request(const char *text, size_t size) {
    if (size < 1 || size >= HV_REQUEST_SIZE || !wire_is_text(text, size))
        return false;
    return u8_mbsnlen((const uint8_t *)text, size) <= 64;
}

bool wire_name_fits(enum wire_kind kind, const char *text, size_t size) {
    switch (kind) {
    case WIRE_REQUEST:
        return wire_is_request(text, size);
    case WIRE_ORGANISATION:
    case WIRE_CODE:
        return wire_is_code(text, size);
    case WIRE_PERSON:
        return wire_is_person(text, size);
    case WIRE_RESIDENT:
        return wire_is_resident(text, size);
    case WIRE_UUID:
    case WIRE_TEXT:
    case WIRE_TIME:
    case WIRE_INTEGER:
    case WIRE_BOOLEAN:
    case WIRE_VOCABULARY:
    case WIRE_BYTES:
    case WIRE_BLOB:
    case WIRE_MAP:
    case WIRE_EMBED:
    case WIRE_LIST:
    case WIRE_CODES:
    case WIRE_COUNTERS:
        break;
    }
    assert(false && "not kept as an array of characters");
    return false;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool wire_uuid_parse(const char *text, size_t size, struct hv_uuid *ret_uuid) {
    struct hv_uuid uuid;
    size_t at = 0;
    if (size != WIRE_UUID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < sizeof uuid.bytes; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-')
            return false;
        int high = hex_value(text[at]), low = hex_value(text[at + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid.bytes[i] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    *ret_uuid = uuid;
    return true;
}

void wire_uuid_text(const struct hv_uuid *uuid, char ret_text[WIRE_UUID_TEXT_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    char *at = ret_text;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[uuid->bytes[i] >> 4];
        *at++ = digits[uuid->bytes[i] & 15];
    }
    *at = '\0';
}
