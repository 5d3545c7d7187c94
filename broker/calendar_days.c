/* Days as dates, and the Dutch public holidays by rule. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "broker/calendar.h"

#define DAY_SECONDS 86400

/* ---- Dates ---- */

/* Date and weekday of a day, in UTC: a local day has no zone. */
static struct tm date_of(int64_t day) {
    time_t seconds = (time_t)day * DAY_SECONDS;
    struct tm date;
    const struct tm *written = gmtime_r(&seconds, &date);

    assert(written); /* fails for years beyond an int only */
    return date;
}

bool calendar_day_parse(const char *text, int64_t *ret_day) {
    static const char form[] = "9999-99-99";
    struct tm date = {0};

    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; i < strlen(form); i++) {
        if (form[i] == '9' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    if (sscanf(text, "%4d-%2d-%2d", &date.tm_year, &date.tm_mon, &date.tm_mday) != 3)
        return false;
    date.tm_year -= 1900;
    date.tm_mon -= 1;
    /* timegm takes 31 February for 3 March: what it changes is no date. */
    struct tm same = date;
    time_t seconds = timegm(&same);
    if (seconds < 0 || same.tm_mon != date.tm_mon || same.tm_mday != date.tm_mday)
        return false;
    *ret_day = seconds / DAY_SECONDS;
    return true;
}

void calendar_day_text(int64_t day, char ret_text[CALENDAR_DAY_SIZE]) {
    struct tm date = date_of(day);

    strftime(ret_text, CALENDAR_DAY_SIZE, "%Y-%m-%d", &date);
}

/* ---- Holidays ---- */

/* Easter Sunday as a day of the year (tm_yday), by the algorithm that Meeus gives in Astronomical
 * Algorithms for the Gregorian calendar. */
static int easter_of(int year) {
    int a = year % 19, b = year / 100, c = year % 100;
    int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    int h = (19 * a + b - d - g + 15) % 30;
    int i = c / 4, k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 22 * l) / 451;
    int month = (h + l - 7 * m + 114) / 31; /* 3 or 4 */
    int mday = (h + l - 7 * m + 114) % 31 + 1;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return (month == 3 ? 59 : 90) + is_leap + mday - 1;
}

const char *calendar_holiday(int64_t day) {
    static const struct {
        int month, mday; /* from January, which is 0 */
        const char *name;
    } fixed[] = {{0, 1, "Nieuwjaarsdag"},
                 {4, 5, "Bevrijdingsdag"},
                 {11, 25, "Eerste Kerstdag"},
                 {11, 26, "Tweede Kerstdag"}};
    static const struct {
        int after_easter;
        const char *name;
    } movable[] = {{-2, "Goede Vrijdag"},  {0, "Eerste Paasdag"},      {1, "Tweede Paasdag"},
                   {39, "Hemelvaartsdag"}, {49, "Eerste Pinksterdag"}, {50, "Tweede Pinksterdag"}};
    const struct tm date = date_of(day);
    const int after_easter = date.tm_yday - easter_of(date.tm_year + 1900);

    for (size_t i = 0; i < sizeof movable / sizeof *movable; i++) {
        if (movable[i].after_easter == after_easter)
            return movable[i].name;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (fixed[i].month == date.tm_mon && fixed[i].mday == date.tm_mday)
            return fixed[i].name;
    }
    /* 27 April, but no Sunday; 26 April where that is the Saturday before one. */
    if (date.tm_mon == 3 &&
        ((date.tm_mday == 27 && date.tm_wday != 0) || (date.tm_mday == 26 && date.tm_wday == 6)))
        return "Koningsdag";
    return NULL;
}
