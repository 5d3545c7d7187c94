/* A failure that a person has to mend: writes the one sentence, cut where it does not fit, and fit
 * to be sent to whoever asked. */
#include "broker/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

static bool is_continuation_byte(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Ends a text that was cut with an ellipsis, never in the middle of a character. */
static void failure_cut(struct failure *failure) {
    static const char ellipsis[] = "…";
    size_t at = FAILURE_SIZE - sizeof ellipsis;

    while (at > 0 && is_continuation_byte(failure->text[at]))
        at--;
    memcpy(failure->text + at, ellipsis, sizeof ellipsis);
}

/* The name of a file may be of any bytes; a sentence is UTF-8. What is not becomes `?`. */
static void failure_mend(struct failure *failure) {
    const uint8_t *bad = NULL;
    char *at = failure->text;

    while ((bad = u8_check((const uint8_t *)at, strlen(at))) != NULL) {
        at += bad - (const uint8_t *)at;
        *at++ = '?';
    }
}

int failure_set(struct failure *failure, int code, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(failure->text, FAILURE_SIZE, format, arguments);
    va_end(arguments);
    if (length < 0)
        failure->text[0] = '\0';
    else if (length >= FAILURE_SIZE)
        failure_cut(failure);
    failure_mend(failure);
    return code;
}
