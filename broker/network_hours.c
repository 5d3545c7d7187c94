/* When an organisation is open: opening hours and closed days, read and written. */
#include "broker/network_hours.h"

#include <stdlib.h>
#include <string.h>

#include "broker/network_values.h"

#define BLANKS " \t"

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- Opening hours ---- */

static int opening_wrong(const struct network_reading *reading,
                         const struct network_setting *setting) {
    return network_wrong(reading, setting->place,
                         "%s = %s is not valid; it takes days and when they are open, such as "
                         "mon-fri 08:30-12:00 13:00-17:00 or mon,wed 09:00-24:00",
                         setting->key, setting->value);
}

/* -1 for any other text. */
static int weekday_parse(const char *text, size_t size) {
    for (int i = 0; i < 7; i++) {
        if (strlen(weekdays[i]) == size && memcmp(weekdays[i], text, size) == 0)
            return i;
    }
    return -1;
}

/* Weekdays and stretches of them, apart by commas, as a set of bits. */
static bool weekdays_parse(const char *text, unsigned *ret_days) {
    unsigned days = 0;

    for (;;) {
        size_t size = strcspn(text, "-,");
        int first = weekday_parse(text, size), last = first;
        text += size;
        if (*text == '-') {
            size = strcspn(++text, ",");
            last = weekday_parse(text, size);
            text += size;
        }
        if (first < 0 || last < first)
            return false;
        for (int i = first; i <= last; i++)
            days |= 1U << i;
        if (*text == '\0')
            break;
        text++;
    }
    *ret_days = days;
    return true;
}

static int number_of_two(const char *text) {
    return (text[0] - '0') * 10 + text[1] - '0';
}

/* HH:MM-HH:MM, of which the second may be 24:00. */
static bool interval_parse(const char *text, struct calendar_interval *ret_interval) {
    static const char form[] = "99:99-99:99";

    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; i < strlen(form); i++) {
        if (form[i] == '9' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    int from = number_of_two(text) * 60 + number_of_two(text + 3);
    int until = number_of_two(text + 6) * 60 + number_of_two(text + 9);
    if (number_of_two(text + 3) > 59 || number_of_two(text + 9) > 59 || from > 1439 || until > 1440)
        return false;
    *ret_interval = (struct calendar_interval){from, until};
    return true;
}

/* Adds it in its order. False where it overlaps another. */
static bool opening_add(struct calendar_opening *opening, struct calendar_interval added) {
    size_t at = 0;

    while (at < opening->count && opening->intervals[at].until_minute <= added.from_minute)
        at++;
    if (at < opening->count && opening->intervals[at].from_minute < added.until_minute)
        return false;
    memmove(&opening->intervals[at + 1], &opening->intervals[at],
            (opening->count - at) * sizeof added);
    opening->intervals[at] = added;
    opening->count++;
    return true;
}

static int weekday_add(const struct network_reading *reading, const struct network_setting *setting,
                       struct calendar_opening week[7], int weekday,
                       struct calendar_interval interval) {
    if (week[weekday].count == CALENDAR_INTERVALS_MAX)
        return network_wrong(reading, setting->place,
                             "%s opens more than %d times a day; leave out the shortest pauses",
                             weekdays[weekday], CALENDAR_INTERVALS_MAX);
    if (!opening_add(&week[weekday], interval))
        return network_wrong(reading, setting->place,
                             "on %s two stretches of opening overlap; make one of them",
                             weekdays[weekday]);
    return 0;
}

static int interval_take(const struct network_reading *reading,
                         const struct network_setting *setting, struct calendar_opening week[7],
                         unsigned days, const char *text) {
    struct calendar_interval interval;
    int result = 0;

    if (!interval_parse(text, &interval))
        return opening_wrong(reading, setting);
    if (interval.until_minute <= interval.from_minute)
        return network_wrong(reading, setting->place,
                             "%s ends before it has begun; write the later time second, and what "
                             "is open over midnight as two, until 24:00 and from 00:00",
                             text);
    for (int i = 0; i < 7 && result == 0; i++) {
        if (days & 1U << i)
            result = weekday_add(reading, setting, week, i, interval);
    }
    return result;
}

/* `words` is the setting's value, which is cut up. */
static int opening_take(const struct network_reading *reading,
                        const struct network_setting *setting, char *words,
                        struct calendar_opening week[7]) {
    char *rest = NULL;
    const char *word = strtok_r(words, BLANKS, &rest);
    unsigned days = 0;
    int result = 0;

    if (!word || !weekdays_parse(word, &days) || !(word = strtok_r(NULL, BLANKS, &rest)))
        return opening_wrong(reading, setting);
    for (; word && result == 0; word = strtok_r(NULL, BLANKS, &rest))
        result = interval_take(reading, setting, week, days, word);
    return result;
}

int network_read_opening(const struct network_reading *reading, const struct network_rule *rule,
                         const struct network_setting *setting, void *field) {
    struct network_hours *hours = field;
    struct calendar_opening week[7] = {0};
    int result = 0;

    (void)rule;
    for (; setting && result == 0; setting = network_setting_next(setting)) {
        char *words = strdup(setting->value);
        if (!words)
            return network_out_of_memory(reading);
        result = opening_take(reading, setting, words, week);
        free(words);
    }
    if (result < 0)
        return result;
    memcpy(hours->week, week, sizeof week);
    hours->has_opening = true;
    return 0;
}

/* ---- Closed days ---- */

/* "DAY", "DAY..DAY", either with a name after a blank. */
static bool closure_parse(const char *text, struct network_closure *ret_closure) {
    struct network_closure closure = {0};
    size_t size = strcspn(text, BLANKS);
    const char *name = text + size + strspn(text + size, BLANKS);
    char days[sizeof "YYYY-MM-DD..YYYY-MM-DD"];

    if (size >= sizeof days || strlen(name) >= sizeof closure.name)
        return false;
    memcpy(days, text, size);
    days[size] = '\0';
    char *last = strstr(days, "..");
    if (last) {
        *last = '\0';
        last += 2;
    }
    if (!calendar_day_parse(days, &closure.first_day) ||
        !calendar_day_parse(last ? last : days, &closure.last_day))
        return false;
    strcpy(closure.name, name);
    *ret_closure = closure;
    return true;
}

static int closure_take(const struct network_reading *reading,
                        const struct network_setting *setting,
                        struct network_closure *ret_closure) {
    if (!closure_parse(setting->value, ret_closure))
        return network_wrong(reading, setting->place,
                             "%s = %s is not valid; it takes a day or its first and last one, and "
                             "a name of %d bytes at most: 2027-05-07 or 2026-12-24..2027-01-03 "
                             "Kerstsluiting",
                             setting->key, setting->value, NETWORK_CLOSURE_NAME_SIZE - 1);
    if (ret_closure->last_day < ret_closure->first_day)
        return network_wrong(reading, setting->place,
                             "%s = %s ends before it has begun; write the later day second",
                             setting->key, setting->value);
    ret_closure->path = setting->place.path;
    ret_closure->line = setting->place.line;
    return 0;
}

int network_read_closures(const struct network_reading *reading, const struct network_rule *rule,
                          const struct network_setting *setting, void *field) {
    struct network_closures *closures = field;
    size_t count = 0;
    int result = 0;

    (void)rule;
    for (const struct network_setting *at = setting; at; at = network_setting_next(at))
        count++;
    struct network_closure *list = calloc(count + 1, sizeof *list);
    if (!list)
        return network_out_of_memory(reading);
    for (size_t i = 0; i < count && result == 0; i++, setting = network_setting_next(setting))
        result = closure_take(reading, setting, &list[i]);
    if (result < 0) {
        free(list);
        return result;
    }
    *closures = (struct network_closures){list, count};
    return 0;
}

/* ---- Written again ---- */

static bool openings_equal(const struct calendar_opening *a, const struct calendar_opening *b) {
    for (size_t i = 0; i < a->count && a->count == b->count; i++) {
        if (a->intervals[i].from_minute != b->intervals[i].from_minute ||
            a->intervals[i].until_minute != b->intervals[i].until_minute)
            return false;
    }
    return a->count == b->count;
}

void network_opening_write(FILE *file, const struct calendar_opening week[7], const char *before,
                           const char *after) {
    for (int first = 0, next; first < 7; first = next) {
        for (next = first + 1; next < 7 && openings_equal(&week[first], &week[next]);)
            next++;
        if (week[first].count == 0)
            continue;
        fprintf(file, "%s%s%s%s", before, weekdays[first], next > first + 1 ? "-" : "",
                next > first + 1 ? weekdays[next - 1] : "");
        for (size_t i = 0; i < week[first].count; i++) {
            const struct calendar_interval *interval = &week[first].intervals[i];
            fprintf(file, " %02d:%02d-%02d:%02d", interval->from_minute / 60,
                    interval->from_minute % 60, interval->until_minute / 60,
                    interval->until_minute % 60);
        }
        fputs(after, file);
    }
}

void network_closure_text(const struct network_closure *closure,
                          char ret_text[NETWORK_CLOSURE_TEXT_SIZE]) {
    char first[CALENDAR_DAY_SIZE], last[CALENDAR_DAY_SIZE];
    bool is_one = closure->first_day == closure->last_day;

    calendar_day_text(closure->first_day, first);
    calendar_day_text(closure->last_day, last);
    snprintf(ret_text, NETWORK_CLOSURE_TEXT_SIZE, "%s%s%s%s%s", first, is_one ? "" : "..",
             is_one ? "" : last, *closure->name ? " " : "", closure->name);
}

void network_hours_write(FILE *file, const struct network_hours *hours) {
    char text[NETWORK_CLOSURE_TEXT_SIZE];

    if (hours->has_opening)
        network_opening_write(file, hours->week, "opening = ", "\n");
    if (hours->holidays != NETWORK_HOLIDAYS_UNSET)
        fprintf(file, "holidays = %s\n",
                hours->holidays == NETWORK_HOLIDAYS_DUTCH ? "dutch" : "none");
    for (size_t i = 0; i < hours->closed.count; i++) {
        network_closure_text(&hours->closed.list[i], text);
        fprintf(file, "closed = %s\n", text);
    }
}
