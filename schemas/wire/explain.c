/* What is said to a developer whose message is refused: what was found, and what is expected.
 *
 * No value is repeated in these sentences: what stands in the wrong place may be about a resident,
 * and sentences end up in logs. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/room.h"

/* How much of a text fits into `most` bytes without cutting a character in two. */
static size_t fitting(const char *text, size_t size, size_t most) {
    if (size <= most)
        return size;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void wire_text_copy(char *target, size_t target_size, const char *text, size_t size) {
    size_t fits = fitting(text, size, target_size - 1);
    if (fits > 0)
        memcpy(target, text, fits);
    target[fits] = '\0';
}

int wire_error_set(struct wire_error *error, enum hv_refusal code, struct span field,
                   const char *format, ...) {
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    error->code = code;
    wire_text_copy(error->field, sizeof error->field, field.text, field.size);
    wire_text_copy(error->reason, sizeof error->reason, reason, strlen(reason));
    return -EBADMSG;
}

static void words_list(const struct wire_vocabulary *vocabulary, char *text, size_t size) {
    size_t at = (size_t)snprintf(text, size, "one of");
    for (size_t i = 0; i < vocabulary->count && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s %s", i == 0 ? "" : ",",
                               vocabulary->words[i].text);
    if (at >= size)
        snprintf(text, size, "a word of the list \"%s\"", vocabulary->name);
}

void wire_expectation(const struct wire_field *field, char ret_text[WIRE_EXPECTATION_SIZE]) {
    static const char *const phrases[] = {
        [WIRE_REQUEST] = "text of 1 to 64 characters",
        [WIRE_UUID] = "the text of a UUID, in lower case",
        [WIRE_ORGANISATION] = "text of the form [a-z0-9-]{1,32}",
        [WIRE_CODE] = "text of the form [a-z0-9-]{1,32}",
        [WIRE_PERSON] = "text of the form [a-z0-9._-]{1,64}",
        [WIRE_RESIDENT] = "\"r1.\" and 43 characters of base64url",
        [WIRE_TEXT] = "text",
        [WIRE_TIME] = "milliseconds since 1970-01-01T00:00Z, 0 to 2^53-1",
        [WIRE_BOOLEAN] = "true or false",
        [WIRE_MAP] = "a map",
        [WIRE_EMBED] = "a map",
        [WIRE_CODES] = "a list of at most 32 codes of the form [a-z0-9-]{1,32}",
        [WIRE_COUNTERS] = "a map from text to whole numbers",
    };
    if (field->kind == WIRE_VOCABULARY)
        words_list(field->vocabulary, ret_text, WIRE_EXPECTATION_SIZE);
    else if (field->kind == WIRE_BYTES)
        snprintf(ret_text, WIRE_EXPECTATION_SIZE, "%" PRId64 " bytes (bin)", field->most);
    else if (field->kind == WIRE_BLOB)
        snprintf(ret_text, WIRE_EXPECTATION_SIZE, "%" PRId64 " to %" PRId64 " bytes (bin)",
                 field->least, field->most);
    else if (field->kind == WIRE_LIST)
        snprintf(ret_text, WIRE_EXPECTATION_SIZE, "a list of at most 32 maps (%s)",
                 field->nested->name);
    else if (field->kind == WIRE_INTEGER && field->most == HV_INTEGER_MAX)
        snprintf(ret_text, WIRE_EXPECTATION_SIZE, "a whole number from %" PRId64 " to 2^53-1",
                 field->least);
    else if (field->kind == WIRE_INTEGER)
        snprintf(ret_text, WIRE_EXPECTATION_SIZE, "a whole number from %" PRId64 " to %" PRId64,
                 field->least, field->most);
    else {
        assert(phrases[field->kind] != NULL);
        snprintf(ret_text, WIRE_EXPECTATION_SIZE, "%s", phrases[field->kind]);
    }
}
