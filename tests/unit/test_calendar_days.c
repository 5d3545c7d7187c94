/* Days as dates, and every Dutch public holiday of 2020 to 2040 against a table that was computed
 * in another way (tests/fixtures/dutch-holidays/make.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/calendar.h"

#define TABLE      "tests/fixtures/dutch-holidays/holidays.tsv"
#define TABLE_ROWS (21 * 11)

struct row {
    int64_t day;
    char name[32];
};

static int64_t day_of(const char *text) {
    int64_t day;

    if (!calendar_day_parse(text, &day))
        fail_msg("%s is no day", text);
    return day;
}

static void table_read(struct row rows[TABLE_ROWS]) {
    FILE *file = fopen(TABLE, "r");
    char day[16];
    size_t count = 0;

    if (!file)
        fail_msg("%s: run this from the top of the tree", TABLE);
    for (; count < TABLE_ROWS && fscanf(file, "%15s %31[^\n]", day, rows[count].name) == 2; count++)
        rows[count].day = day_of(day);
    fclose(file);
    assert_int_equal(count, TABLE_ROWS);
}

/* Each day of these years: a holiday by name where the table has one, else none. */
static void test_every_holiday(void **state) {
    struct row rows[TABLE_ROWS];
    size_t at = 0;

    (void)state;
    table_read(rows);
    const int64_t end = day_of("2041-01-01");
    for (int64_t day = day_of("2020-01-01"); day < end; day++) {
        char date[CALENDAR_DAY_SIZE];
        const char *got = calendar_holiday(day), *want = NULL;
        if (at < TABLE_ROWS && rows[at].day == day)
            want = rows[at++].name;
        calendar_day_text(day, date);
        if (strcmp(got ? got : "none", want ? want : "none") != 0)
            fail_msg("%s: got %s, expected %s", date, got ? got : "none", want ? want : "none");
    }
    assert_int_equal(at, TABLE_ROWS);
}

/* What the years of the table do not show. */
static void test_holidays_that_meet(void **state) {
    static const struct {
        const char *day;
        const char *name;
    } examples[] = {
        {"2005-05-05", "Hemelvaartsdag"}, /* which is Bevrijdingsdag too */
        {"2016-05-05", "Hemelvaartsdag"},
        {"2008-03-23", "Eerste Paasdag"}, /* the earliest */
        {"2000-04-23", "Eerste Paasdag"},
        {"2038-04-25", "Eerste Paasdag"}, /* the latest */
        {"1981-04-19", "Eerste Paasdag"},
        {"1954-04-18", "Eerste Paasdag"}, /* exceptions */
        {"2025-04-26", "Koningsdag"},
        {"2025-04-27", NULL},
        {"2024-02-29", NULL},
        {"2049-04-19", "Tweede Paasdag"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        int64_t day = strcmp(examples[i].day, "1954-04-18") == 0 ? -5737 : day_of(examples[i].day);
        const char *got = calendar_holiday(day);
        if (strcmp(got ? got : "none", examples[i].name ? examples[i].name : "none") != 0)
            fail_msg("%s: got %s, expected %s", examples[i].day, got ? got : "none",
                     examples[i].name ? examples[i].name : "none");
    }
}

static void test_days(void **state) {
    static const struct {
        const char *text;
        int64_t day;
    } good[] = {{"1970-01-01", 0},
                {"1970-12-31", 364},
                {"2000-02-29", 11016},
                {"2026-11-20", 20777},
                {"9999-12-31", 2932896}};
    static const char *const bad[] = {
        "",           "1969-12-31", "2026-11-31",  "2026-02-29", "2026-13-01", "2026-00-10",
        "2026-01-00", "2026-1-01",  "2026-01-01 ", "26-01-01",   "2026/01/01", "+026-01-01",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[CALENDAR_DAY_SIZE];
        assert_int_equal(day_of(good[i].text), good[i].day);
        calendar_day_text(good[i].day, text);
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t day = -1;
        if (calendar_day_parse(bad[i], &day))
            fail_msg("`%s` was taken for a day", bad[i]);
        assert_int_equal(day, -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_holiday),
        cmocka_unit_test(test_holidays_that_meet),
        cmocka_unit_test(test_days),
    };

    return cmocka_run_group_tests_name("days of the calendar", tests, NULL, NULL);
}
