/* Times as people write and read them: ISO 8601 in, local time with its offset out. */
#ifndef HOUVAST_WHEN_H
#define HOUVAST_WHEN_H

#include "houvast/messages.h"

#define WHEN_TEXT_SIZE  40
#define WHEN_FORMS_TEXT "now, ms since 1970 (12 digits or more), or as 2026-03-27T14:05+01:00"

/* Fewer digits are a year or a date, not ms since 1970: those of this century have 12 or more. */
#define WHEN_DIGITS_LEAST 12

/* Reads `now` (which is now_ms), a whole number of ms since 1970, or a date and a time of ISO 8601
 * with `T` or a blank between them, seconds and their fraction if wanted, and `Z` or an offset.
 * Without an offset a time is refused: it would mean another moment on another machine. 0, or
 * -EINVAL for any other form, a day that no calendar has, and what lies before 1970. */
int when_parse(const char *text, hv_time now_ms, hv_time *ret_ms);

/* Writes `2026-03-27 14:05:00 +01:00` in the local time zone; when_parse reads it back. */
void when_text(hv_time at_ms, char ret_text[WHEN_TEXT_SIZE]);

/* The wall clock, ms since 1970. */
hv_time when_now(void);
/* A clock that is never set, in ms, for spans. */
int64_t when_monotonic_ms(void);

/* Reads a whole number of seconds, or a duration of the network files (500ms, 20s, 15m, 2H). 0; or
 * -EINVAL, -ERANGE outside [least, most]. */
int when_duration(const char *text, int64_t least_ms, int64_t most_ms, int64_t *ret_ms);

/* Writes a span as people say it: `340 ms`, `4 s`, `10 min`, `5 hours`, `3 days`. */
#define WHEN_SPAN_SIZE 32
void when_span(int64_t span_ms, char ret_text[WHEN_SPAN_SIZE]);

#endif
