/* Reading MessagePack one token at a time, from bytes that nobody vouches for. */
#include <assert.h>

#include "wire/room.h"

/* What a lead byte from 0xc0 to 0xdf announces: so many bytes of a number behind it, which is the
 * value or the length that `kind` calls for, and so many bytes besides. */
static const struct lead {
    enum token_kind kind;
    uint8_t width;
    uint8_t besides;
} leads[32] = {
    {TOKEN_NIL, 0, 0},        {TOKEN_NONE, 0, 0},      {TOKEN_BOOLEAN, 0, 0},
    {TOKEN_BOOLEAN, 0, 0},    {TOKEN_BYTES, 1, 0},     {TOKEN_BYTES, 2, 0},
    {TOKEN_BYTES, 4, 0},      {TOKEN_EXTENSION, 1, 1}, {TOKEN_EXTENSION, 2, 1},
    {TOKEN_EXTENSION, 4, 1},  {TOKEN_FLOAT, 0, 4},     {TOKEN_FLOAT, 0, 8},
    {TOKEN_POSITIVE, 1, 0},   {TOKEN_POSITIVE, 2, 0},  {TOKEN_POSITIVE, 4, 0},
    {TOKEN_POSITIVE, 8, 0},   {TOKEN_NEGATIVE, 1, 0},  {TOKEN_NEGATIVE, 2, 0},
    {TOKEN_NEGATIVE, 4, 0},   {TOKEN_NEGATIVE, 8, 0},  {TOKEN_EXTENSION, 0, 2},
    {TOKEN_EXTENSION, 0, 3},  {TOKEN_EXTENSION, 0, 5}, {TOKEN_EXTENSION, 0, 9},
    {TOKEN_EXTENSION, 0, 17}, {TOKEN_TEXT, 1, 0},      {TOKEN_TEXT, 2, 0},
    {TOKEN_TEXT, 4, 0},       {TOKEN_LIST, 2, 0},      {TOKEN_LIST, 4, 0},
    {TOKEN_MAP, 2, 0},        {TOKEN_MAP, 4, 0},
};

static const char cut_short[] = "the bytes end in the middle of a value";
static const char overstated[] = "a length claims more than the bytes that are left";

static size_t bytes_left(const struct cursor *cursor) {
    return cursor->size - cursor->at;
}

static const char *payload_take(struct cursor *cursor, uint64_t size, struct token *token) {
    if (size > bytes_left(cursor))
        return overstated;
    token->at = cursor->at;
    token->size = (size_t)size;
    cursor->at += (size_t)size;
    return NULL;
}

/* Every item takes at least one byte, every pair two. */
static const char *count_take(const struct cursor *cursor, uint64_t count, struct token *token) {
    size_t most = bytes_left(cursor) / (token->kind == TOKEN_MAP ? 2 : 1);
    token->number = count;
    return count > most ? overstated : NULL;
}

/* Signed numbers that are not negative are numbers like any other. */
static void signed_take(uint64_t number, uint8_t width, struct token *token) {
    assert(width > 0);
    bool negative = number >> (width * 8 - 1) != 0;
    token->kind = negative ? TOKEN_NEGATIVE : TOKEN_POSITIVE;
    token->number = negative ? 0 : number;
}

static const char *lead_read(struct cursor *cursor, const struct lead *lead, struct token *token) {
    uint64_t number = 0;
    if (lead->width > bytes_left(cursor))
        return cut_short;
    for (unsigned i = 0; i < lead->width; i++)
        number = number << 8 | cursor->bytes[cursor->at++];
    token->kind = lead->kind;
    switch (lead->kind) {
    case TOKEN_POSITIVE:
        token->number = number;
        return NULL;
    case TOKEN_NEGATIVE:
        signed_take(number, lead->width, token);
        return NULL;
    case TOKEN_LIST:
    case TOKEN_MAP:
        return count_take(cursor, number, token);
    case TOKEN_NONE:
        return "the byte 0xc1 is not MessagePack";
    case TOKEN_TEXT:
    case TOKEN_BYTES:
    case TOKEN_EXTENSION:
    case TOKEN_FLOAT:
    case TOKEN_BOOLEAN:
    case TOKEN_NIL:
        return payload_take(cursor, number + lead->besides, token);
    }
    return NULL;
}

const char *token_read(struct cursor *cursor, struct token *ret_token) {
    *ret_token = (struct token){.kind = TOKEN_NIL};
    if (bytes_left(cursor) == 0)
        return cut_short;
    uint8_t byte = cursor->bytes[cursor->at++];
    if (byte >= 0xc0 && byte <= 0xdf)
        return lead_read(cursor, &leads[byte - 0xc0], ret_token);
    if (byte < 0x80) {
        ret_token->kind = TOKEN_POSITIVE;
        ret_token->number = byte;
        return NULL;
    }
    if (byte >= 0xe0) {
        ret_token->kind = TOKEN_NEGATIVE;
        return NULL;
    }
    if (byte >= 0xa0) {
        ret_token->kind = TOKEN_TEXT;
        return payload_take(cursor, byte & 0x1f, ret_token);
    }
    ret_token->kind = byte >= 0x90 ? TOKEN_LIST : TOKEN_MAP;
    return count_take(cursor, byte & 0x0f, ret_token);
}
