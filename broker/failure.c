/* A failure that a person has to mend: writes the one sentence, cut where it does not fit, and fit
 * to be sent to whoever asked. */
#include "broker/failure.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unictype.h>
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

size_t text_next(const char *text, bool *ret_shows) {
    ucs4_t character = 0;
    const int size = u8_mbtouc(&character, (const uint8_t *)text, strlen(text));
    const bool is_valid = u8_check((const uint8_t *)text, (size_t)size) == NULL;

    *ret_shows = is_valid && !uc_is_property_iso_control(character) &&
                 !uc_is_property_bidi_control(character);
    return is_valid ? (size_t)size : 1;
}

/* The name of a file may be of any bytes, and what a file says of any characters; a sentence is
 * UTF-8 that a terminal shows. What is not becomes `?`. */
static void failure_mend(struct failure *failure) {
    const char *from = failure->text;
    char *to = failure->text;

    while (*from) {
        bool shows;
        const size_t size = text_next(from, &shows);
        if (shows)
            memmove(to, from, size);
        else
            *to = '?';
        to += shows ? size : 1;
        from += size;
    }
    *to = '\0';
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
