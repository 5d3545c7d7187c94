/* The bounded check that untrusted bytes pass before msgpack-c sees them: no allocation, no
 * recursion, one walk. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "wire/room.h"

/* A list or map that the walk is inside of. */
struct level {
    uint64_t left; /* values still to come; a pair counts as two */
    bool is_map;
    size_t keys_from; /* its keys stand from here in `keys`, sorted */
};

struct key {
    uint32_t at, size;
};

struct walk {
    struct cursor cursor;
    unsigned depth_max, depth;
    struct level levels[SCAN_DEPTH_MAX];
    struct key keys[SCAN_KEYS_MAX];
    size_t key_count;
    struct span field; /* the top-level key that the walk is at */
    struct scan *scan;
};

static struct span walk_span(const struct walk *walk, const struct token *token) {
    const char *bytes = (const char *)walk->cursor.bytes;
    return (struct span){.text = bytes + token->at, .size = token->size};
}

/* The first mistake stands, but a limit is judged before all else. */
static void mistake(struct walk *walk, enum hv_refusal code, const char *reason) {
    struct scan *scan = walk->scan;
    if (scan->code == HV_REFUSED_TOO_LARGE || (scan->code != 0 && code == HV_REFUSED_MALFORMED))
        return;
    scan->code = code;
    scan->reason = reason;
    scan->field = walk->field;
}

/* From here on the bytes cannot be told apart; the envelope is not one map. */
static void mistake_for_good(struct walk *walk, const char *reason) {
    walk->field = (struct span){0};
    mistake(walk, HV_REFUSED_MALFORMED, reason);
    walk->scan->broken = true;
}

static bool walk_read(struct walk *walk, struct token *ret_token) {
    const char *reason = token_read(&walk->cursor, ret_token);
    if (reason != NULL)
        mistake_for_good(walk, reason);
    return reason == NULL;
}

/* Passes over what a list or map holds. Each count was held against the bytes left. */
static void contents_skip(struct walk *walk, struct token token) {
    uint64_t left = token.kind == TOKEN_MAP ? token.number * 2 : token.number;
    while (left > 0 && walk_read(walk, &token)) {
        left--;
        if (token.kind == TOKEN_LIST || token.kind == TOKEN_MAP)
            left += token.kind == TOKEN_MAP ? token.number * 2 : token.number;
    }
}

/* ---- Keys ---- */

static int key_compare(const struct walk *walk, const struct key *a, const struct key *b) {
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(walk->cursor.bytes + a->at, walk->cursor.bytes + b->at, a->size);
}

/* Keeps the keys of the innermost map sorted, so that many keys cost no more than their sorting. */
static void key_insert(struct walk *walk, const struct token *token) {
    struct level *level = &walk->levels[walk->depth - 1];
    struct key key = {.at = (uint32_t)token->at, .size = (uint32_t)token->size};
    size_t low = level->keys_from, high = walk->key_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = key_compare(walk, &key, &walk->keys[middle]);
        if (order == 0) {
            mistake(walk, HV_REFUSED_MALFORMED, "a key stands twice in one map");
            walk->scan->repeated = true;
            return;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    if (walk->key_count == SCAN_KEYS_MAX) {
        static_assert(SCAN_KEYS_MAX == 1024, "the sentence below says so");
        mistake(walk, HV_REFUSED_TOO_LARGE, "there are too many keys; 1024 is the most");
        return;
    }
    memmove(&walk->keys[low + 1], &walk->keys[low], (walk->key_count - low) * sizeof walk->keys[0]);
    walk->keys[low] = key;
    walk->key_count++;
}

static void text_check(struct walk *walk, const struct token *token) {
    struct span span = walk_span(walk, token);
    if (!wire_is_text(span.text, span.size))
        mistake(walk, HV_REFUSED_MALFORMED,
                memchr(span.text, '\0', span.size) != NULL ? "a text contains U+0000; it may not"
                                                           : "a text is not UTF-8; expected UTF-8");
}

static void walk_key(struct walk *walk) {
    struct token token;
    bool outermost = walk->depth == 1;
    if (outermost)
        walk->field = (struct span){0};
    if (!walk_read(walk, &token))
        return;
    if (token.kind != TOKEN_TEXT) {
        mistake(walk, HV_REFUSED_MALFORMED, "a key of a map is not text; expected text");
        if (token.kind == TOKEN_LIST || token.kind == TOKEN_MAP)
            contents_skip(walk, token);
        return;
    }
    text_check(walk, &token);
    struct span span = walk_span(walk, &token);
    if (outermost && wire_is_text(span.text, span.size))
        walk->field = span;
    key_insert(walk, &token);
}

/* ---- Values ---- */

static bool field_is(const struct walk *walk, const char *name) {
    return walk->field.size == strlen(name) &&
           memcmp(walk->field.text, name, walk->field.size) == 0;
}

/* Remembers what an answer needs even where the rest is wrong; the first of a repeated key. */
static void value_remember(struct walk *walk, const struct token *token) {
    struct scan *scan = walk->scan;
    struct span span = walk_span(walk, token);
    if (token->kind == TOKEN_TEXT && scan->request.text == NULL && field_is(walk, "request") &&
        wire_is_request(span.text, span.size))
        scan->request = span;
    if (token->kind == TOKEN_TEXT && scan->type.text == NULL && field_is(walk, "type"))
        scan->type = span;
    if (token->kind == TOKEN_POSITIVE && !scan->has_version && field_is(walk, "version")) {
        scan->has_version = true;
        scan->version = token->number;
    }
}

static void level_enter(struct walk *walk, const struct token *token) {
    bool is_map = token->kind == TOKEN_MAP;
    if (walk->depth == walk->depth_max) {
        mistake(walk, HV_REFUSED_TOO_LARGE,
                "lists and maps are nested deeper than the limit allows");
        contents_skip(walk, *token);
        return;
    }
    walk->levels[walk->depth++] = (struct level){
        .left = is_map ? token->number * 2 : token->number,
        .is_map = is_map,
        .keys_from = walk->key_count,
    };
}

static void walk_value(struct walk *walk) {
    struct token token;
    if (!walk_read(walk, &token))
        return;
    if (walk->depth == 0)
        walk->scan->is_map = token.kind == TOKEN_MAP;
    if (walk->depth == 1 && walk->scan->is_map)
        value_remember(walk, &token);
    switch (token.kind) {
    case TOKEN_POSITIVE:
    case TOKEN_NEGATIVE:
    case TOKEN_BOOLEAN:
    case TOKEN_BYTES:
        break;
    case TOKEN_TEXT:
        text_check(walk, &token);
        break;
    case TOKEN_LIST:
    case TOKEN_MAP:
        level_enter(walk, &token);
        break;
    case TOKEN_NIL:
        mistake(walk, HV_REFUSED_MALFORMED, "nil was found; what is absent is an absent key");
        break;
    case TOKEN_FLOAT:
        mistake(walk, HV_REFUSED_MALFORMED, "a float was found; numbers here are whole");
        break;
    case TOKEN_EXTENSION:
    case TOKEN_NONE:
        mistake(walk, HV_REFUSED_MALFORMED, "an extension type was found; none is used here");
        break;
    }
}

static void level_leave(struct walk *walk) {
    walk->key_count = walk->levels[--walk->depth].keys_from;
}

void scan_bytes(const void *bytes, size_t size, unsigned depth, struct scan *ret_scan) {
    assert(depth <= SCAN_DEPTH_MAX);
    struct walk walk;
    *ret_scan = (struct scan){0};
    if (size > UINT32_MAX) {
        *ret_scan = (struct scan){HV_REFUSED_TOO_LARGE, "over 4 GiB", .broken = true};
        return;
    }
    walk.cursor = (struct cursor){.bytes = bytes, .size = size};
    walk.depth_max = depth;
    walk.depth = 0;
    walk.key_count = 0;
    walk.field = (struct span){0};
    walk.scan = ret_scan;

    walk_value(&walk);
    while (walk.depth > 0 && !ret_scan->broken) {
        struct level *level = &walk.levels[walk.depth - 1];
        if (level->left == 0)
            level_leave(&walk);
        else if (level->left-- % 2 == 0 && level->is_map)
            walk_key(&walk);
        else
            walk_value(&walk);
    }
    if (!ret_scan->broken && walk.cursor.at < size)
        mistake_for_good(&walk, "bytes follow the value; expected nothing after it");
}

int wire_check(const void *bytes, size_t size, unsigned depth, enum hv_refusal *ret_code,
               const char **ret_reason) {
    struct scan scan;
    scan_bytes(bytes, size, depth, &scan);
    if (scan.code == 0)
        return 0;
    *ret_code = scan.code;
    *ret_reason = scan.reason;
    return -EBADMSG;
}
