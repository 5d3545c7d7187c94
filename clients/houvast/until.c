/* Until when, as it is typed. */
#include "clients/houvast/until.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define MOST      100000

static int span_parse(const char *text, int64_t *ret_ms) {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || number < 1 || number > MOST || strlen(end) != 1)
        return -EINVAL;
    switch (*end) {
    case 'm':
    case 'M':
        *ret_ms = number * MINUTE_MS;
        return 0;
    case 'h':
    case 'H':
        *ret_ms = number * HOUR_MS;
        return 0;
    case 'd':
    case 'D':
        *ret_ms = number * DAY_MS;
        return 0;
    default:
        return -EINVAL;
    }
}

static int clock_parse(const char *text, hv_time now_ms, hv_time *ret_until_ms) {
    time_t now_s = now_ms / 1000;
    struct tm tm, wanted = {0};
    const char *end = strptime(text, "%H:%M", &wanted);
    if (!end || *end || !localtime_r(&now_s, &tm))
        return -EINVAL;
    tm.tm_hour = wanted.tm_hour;
    tm.tm_min = wanted.tm_min;
    tm.tm_sec = 0;
    tm.tm_isdst = -1;
    struct tm today = tm;
    time_t at_s = mktime(&today);
    if (at_s <= now_s) {
        tm.tm_mday++;
        at_s = mktime(&tm);
    }
    *ret_until_ms = (hv_time)at_s * 1000;
    return 0;
}

int until_parse(const char *text, hv_time now_ms, hv_time *ret_until_ms) {
    int64_t span_ms = HOUR_MS;
    if (strchr(text, ':'))
        return clock_parse(text, now_ms, ret_until_ms);
    if (*text && span_parse(text, &span_ms) < 0)
        return -EINVAL;
    *ret_until_ms = now_ms + span_ms;
    return 0;
}
