/* Times as people write and read them: ISO 8601 in, local time with its offset out. */
#include "clients/houvast/when.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/network.h"

static int64_t clock_ms(clockid_t clock) {
    struct timespec now;
    int r = clock_gettime(clock, &now);
    assert(r == 0);
    (void)r;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

hv_time when_now(void) {
    return clock_ms(CLOCK_REALTIME);
}

int64_t when_monotonic_ms(void) {
    return clock_ms(CLOCK_MONOTONIC);
}

static bool all_digits(const char *text) {
    return *text && strspn(text, "0123456789") == strlen(text);
}

static int whole_number(const char *text, int64_t *ret_number) {
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno || number > HV_INTEGER_MAX)
        return -ERANGE;
    *ret_number = number;
    return 0;
}

/* A fraction of a second in ms; digits after the third say less than we keep. */
static const char *fraction_parse(const char *at, int *ret_ms) {
    int ms = 0, place = 100;
    if (!isdigit((unsigned char)*at))
        return NULL;
    for (; isdigit((unsigned char)*at); at++) {
        ms += (*at - '0') * place;
        place /= 10;
    }
    *ret_ms = ms;
    return at;
}

static const char *clock_parse(const char *at, struct tm *tm, int *ret_ms) {
    at = strptime(at, "%H:%M", tm);
    if (at && *at == ':') {
        at = strptime(at + 1, "%S", tm);
        if (at && (*at == '.' || *at == ','))
            at = fraction_parse(at + 1, ret_ms);
    }
    return at;
}

int when_parse(const char *text, hv_time now_ms, hv_time *ret_ms) {
    if (strcmp(text, "now") == 0) {
        *ret_ms = now_ms;
        return 0;
    }
    if (all_digits(text))
        return strlen(text) < WHEN_DIGITS_LEAST || whole_number(text, ret_ms) < 0 ? -EINVAL : 0;
    struct tm tm = {0};
    int fraction_ms = 0;
    const char *at = strptime(text, "%Y-%m-%d", &tm);
    if (!at || (*at != 'T' && *at != ' '))
        return -EINVAL;
    int day = tm.tm_mday;
    at = clock_parse(at + 1, &tm, &fraction_ms);
    if (!at || !*at)
        return -EINVAL;
    at = strptime(at, "%z", &tm);
    if (!at || *at)
        return -EINVAL;
    long offset_s = tm.tm_gmtoff; /* timegm sets it anew */
    int64_t at_s = timegm(&tm);
    if (tm.tm_mday != day)
        return -EINVAL; /* timegm makes 2 March of 30 February */
    int64_t at_ms = (at_s - offset_s) * 1000 + fraction_ms;
    if (at_ms < 0)
        return -EINVAL;
    *ret_ms = at_ms;
    return 0;
}

void when_text(hv_time at_ms, char ret_text[WHEN_TEXT_SIZE]) {
    time_t at_s = at_ms / 1000;
    struct tm tm;
    char zone[8] = "+0000";
    if (!localtime_r(&at_s, &tm)) {
        snprintf(ret_text, WHEN_TEXT_SIZE, "%" PRId64 " ms", at_ms);
        return;
    }
    size_t size = strftime(ret_text, WHEN_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
    strftime(zone, sizeof zone, "%z", &tm);
    snprintf(ret_text + size, WHEN_TEXT_SIZE - size, " %.3s:%.2s", zone, zone + 3);
}

int when_duration(const char *text, int64_t least_ms, int64_t most_ms, int64_t *ret_ms) {
    int64_t ms;
    if (all_digits(text)) {
        if (whole_number(text, &ms) < 0 || ms > HV_INTEGER_MAX / 1000)
            return -ERANGE;
        ms *= 1000;
    } else if (!network_duration(text, &ms)) {
        return -EINVAL;
    }
    if (ms < least_ms || ms > most_ms)
        return -ERANGE;
    *ret_ms = ms;
    return 0;
}

void when_span(int64_t span_ms, char ret_text[WHEN_SPAN_SIZE]) {
    if (span_ms < 1000) {
        snprintf(ret_text, WHEN_SPAN_SIZE, "%" PRId64 " ms", span_ms);
    } else if (span_ms < 10000 && span_ms % 1000 >= 100) {
        snprintf(ret_text, WHEN_SPAN_SIZE, "%" PRId64 ".%" PRId64 " s", span_ms / 1000,
                 span_ms % 1000 / 100);
    } else if (span_ms < 120000) {
        snprintf(ret_text, WHEN_SPAN_SIZE, "%" PRId64 " s", span_ms / 1000);
    } else if (span_ms < 7200000) {
        snprintf(ret_text, WHEN_SPAN_SIZE, "%" PRId64 " min", span_ms / 60000);
    } else if (span_ms < 172800000) {
        snprintf(ret_text, WHEN_SPAN_SIZE, "%" PRId64 " hours", span_ms / 3600000);
    } else {
        snprintf(ret_text, WHEN_SPAN_SIZE, "%" PRId64 " days", span_ms / 86400000);
    }
}
