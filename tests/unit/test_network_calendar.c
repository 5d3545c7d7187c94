/* Opening hours and closed days in the network's files: what they come to, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/network_hours.h"
#include "calendar_samples.h"
#include "network_samples.h"

#define NETWORK "network.conf"
#define WERKSE  "organisations/werkse.conf"

/* A Monday to Sunday without a holiday. */
#define MONDAY   "2026-11-16T"
#define FRIDAY   "2026-11-20T"
#define SATURDAY "2026-11-21T"
#define WINTER   "+01:00"

/* ---- Samples ---- */

/* The sample network, with lines in a [calendar] and in the [organisation] of werkse. */
static void sample_with(struct sample_network *sample, const char *calendar, const char *werkse) {
    char text[4096];

    sample_network_init(sample);
    snprintf(text, sizeof text, "[calendar]\n%s[limits]", calendar);
    sample_network_replace(sample, NETWORK, "[limits]", text);
    snprintf(text, sizeof text, "name = werkse\n%s", werkse);
    sample_network_replace(sample, WERKSE, "name = werkse\n", text);
}

static struct network *network_with(const char *calendar, const char *werkse) {
    struct sample_network sample;

    sample_with(&sample, calendar, werkse);
    struct network *network = sample_network_parse(&sample);
    sample_network_fini(&sample);
    return network;
}

static void expect_open(const struct network *network, const char *organisation, const char *moment,
                        bool want) {
    if (calendar_is_open(network_calendar(network, organisation), at(moment)) != want)
        fail_msg("%s at %s: got %s", organisation ? organisation : "the network", moment,
                 want ? "closed" : "open");
}

/* ---- What counts ---- */

static void test_defaults(void **state) {
    (void)state;
    struct network *network = network_with("", "");
    static const char *const names[] = {NULL, "kcc", "werkse", "nobody"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect_open(network, names[i], MONDAY "08:29" WINTER, false);
        expect_open(network, names[i], MONDAY "08:30" WINTER, true);
        expect_open(network, names[i], FRIDAY "16:59" WINTER, true);
        expect_open(network, names[i], FRIDAY "17:00" WINTER, false);
        expect_open(network, names[i], SATURDAY "12:00" WINTER, false);
        expect_open(network, names[i], "2026-12-25T12:00" WINTER, false);
    }
    assert_ptr_equal(network_calendar(network, "nobody"), network_calendar(network, NULL));
    network_free(network);
}

static void test_opening_of_its_own(void **state) {
    (void)state;
    struct network *network = network_with("opening = mon-sat 10:00-16:00\n",
                                           "opening = mon,wed-fri 13:00-17:00 08:00-12:00\n"
                                           "opening = sat 20:00-24:00\n"
                                           "opening = sun 00:00-02:00\n");

    expect_open(network, "kcc", SATURDAY "15:59" WINTER, true);
    expect_open(network, "kcc", SATURDAY "16:00" WINTER, false);
    expect_open(network, "werkse", MONDAY "08:00" WINTER, true);
    expect_open(network, "werkse", MONDAY "12:30" WINTER, false);
    expect_open(network, "werkse", MONDAY "16:59" WINTER, true);
    expect_open(network, "werkse", "2026-11-17T10:00" WINTER, false);
    expect_open(network, "werkse", SATURDAY "23:59" WINTER, true);
    expect_open(network, "werkse", "2026-11-22T01:59" WINTER, true);
    expect_open(network, "werkse", "2026-11-22T02:00" WINTER, false);
    network_free(network);
}

/* Who is there at Christmas says so, and is then there on decreed days too. */
static void test_holidays(void **state) {
    (void)state;
    struct network *network = network_with("decreed = 2026-11-17 Decreed\n", "holidays = none\n");

    expect_open(network, "kcc", "2026-12-25T12:00" WINTER, false);
    expect_open(network, "kcc", "2026-11-17T12:00" WINTER, false);
    expect_open(network, "werkse", "2026-12-25T12:00" WINTER, true);
    expect_open(network, "werkse", "2026-11-17T12:00" WINTER, true);
    network_free(network);

    network = network_with("holidays = none\ndecreed = 2026-11-17\n", "holidays = dutch\n");
    expect_open(network, "kcc", "2026-12-25T12:00" WINTER, true);
    expect_open(network, "kcc", "2026-11-17T12:00" WINTER, true);
    expect_open(network, "werkse", "2026-12-25T12:00" WINTER, false);
    expect_open(network, "werkse", "2026-11-17T12:00" WINTER, false);
    network_free(network);
}

/* An organisation's closed days come beside the network's, but where its hours are its own. */
static void test_closed(void **state) {
    (void)state;
    struct network *network =
        network_with("closed = 2026-11-17..2026-11-18 Moving\n",
                     "closed = 2026-11-20\nclosed = 2026-11-19..2026-11-19\n");

    expect_open(network, "kcc", "2026-11-17T12:00" WINTER, false);
    expect_open(network, "kcc", "2026-11-18T12:00" WINTER, false);
    expect_open(network, "kcc", "2026-11-19T12:00" WINTER, true);
    expect_open(network, "werkse", MONDAY "12:00" WINTER, true);
    expect_open(network, "werkse", "2026-11-17T12:00" WINTER, false);
    expect_open(network, "werkse", "2026-11-19T12:00" WINTER, false);
    expect_open(network, "werkse", FRIDAY "12:00" WINTER, false);
    assert_int_equal(network_calendar(network, "werkse")->closure_count, 1); /* they touch */
    assert_string_equal(network->hours.closed.list[0].name, "Moving");
    assert_string_equal(network->hours.closed.list[0].path, NETWORK);
    assert_int_equal(network->hours.closed.list[0].line, 10);
    network_free(network);

    network = network_with("closed = 2026-11-17\n",
                           "opening = mon-fri 09:00-17:00\nclosed = 2026-11-20\n");
    expect_open(network, "werkse", "2026-11-17T12:00" WINTER, true);
    expect_open(network, "werkse", FRIDAY "12:00" WINTER, false);
    network_free(network);
}

/* A drop-in has the whole of a list, or takes it back. */
static void test_drop_ins(void **state) {
    struct sample_network sample;

    (void)state;
    sample_with(&sample, "closed = 2026-11-16\nclosed = 2026-11-17\n",
                "opening = mon-fri 09:00-12:00\nopening = mon-fri 13:00-17:00\n");
    sample_network_set(&sample, NETWORK ".d/decreed.conf",
                       "[calendar]\ndecreed = 2026-11-19\ndecreed = 2026-11-18\n");
    sample_network_set(&sample, NETWORK ".d/moving.conf",
                       "[calendar]\nclosed = 2026-11-17\nclosed = 2026-11-20\n");
    sample_network_set(&sample, WERKSE ".d/hours.conf", "[organisation]\nopening =\n");
    struct network *network = sample_network_parse(&sample);
    expect_open(network, "werkse", MONDAY "08:45" WINTER, true);
    expect_open(network, "werkse", "2026-11-17T12:00" WINTER, false);
    expect_open(network, "werkse", "2026-11-18T12:00" WINTER, false);
    expect_open(network, "werkse", "2026-11-19T12:00" WINTER, false);
    expect_open(network, "werkse", FRIDAY "12:00" WINTER, false);
    network_free(network);
    sample_network_fini(&sample);
}

/* The hours are those of the clock in the network's zone. */
static void test_time_zone(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_replace(&sample, NETWORK, "Europe/Amsterdam", "America/Paramaribo");
    struct network *network = sample_network_parse(&sample);
    expect_open(network, NULL, MONDAY "08:30-03:00", true);
    expect_open(network, NULL, MONDAY "08:29-03:00", false);
    network_free(network);
    sample_network_fini(&sample);
}

/* A ledger on a machine that has other time zones: UTC, for nothing is due by it. */
static void test_unknown_time_zone_in_memory(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_replace(&sample, NETWORK, "Europe/Amsterdam", "Europe/Delft");
    struct network *network = sample_network_parse(&sample);
    expect_open(network, NULL, MONDAY "08:30+00:00", true);
    network_free(network);
    sample_network_fini(&sample);
}

static void test_shortened_days(void **state) {
    struct sample_network sample;

    (void)state;
    sample_with(&sample, "[testing]\nday_length = 24s\n", "opening = tue 09:00-10:00\n");
    sample_network_replace(&sample, NETWORK, "production", "test");
    struct network *network = sample_network_parse(&sample);
    expect_open(network, "werkse", SATURDAY "03:00" WINTER, true);
    expect_moment("2d of 24 seconds",
                  calendar_add(network_calendar(network, "werkse"), at(SATURDAY "03:00" WINTER),
                               duration("2d"), CALENDAR_CEILING_OWN),
                  at(SATURDAY "03:00" WINTER) + 48000);
    network_free(network);
    sample_network_fini(&sample);
}

/* ---- Written again ---- */

/* An organisation that left is kept with its hours, and reads the same when it comes back. */
static void test_kept_when_leaving(void **state) {
    struct sample_network sample;
    struct network *with = NULL;

    (void)state;
    sample_with(&sample, "closed = 2026-11-19\n",
                "opening = mon-wed,fri 08:00-12:00 12:30-24:00\nopening = sat 00:00-00:01\n"
                "holidays = none\nclosed = 2026-11-17..2026-11-18 Moving, twice\n"
                "closed = 2027-01-01\n");
    struct network *before = sample_network_parse(&sample);
    sample_network_set(&sample, WERKSE, NULL);
    struct network *network = sample_network_parse(&sample);
    const struct network_organisation *kept = network_organisation(before, "werkse");
    assert_int_equal(network_with_leaving(network, kept, &with), 0);
    const struct network_hours *hours = &network_organisation(with, "werkse")->hours;
    assert_memory_equal(hours->week, kept->hours.week, sizeof hours->week);
    assert_int_equal(hours->holidays, NETWORK_HOLIDAYS_NONE);
    assert_int_equal(hours->closed.count, 2);
    for (size_t i = 0; i < 2; i++) {
        char got[NETWORK_CLOSURE_TEXT_SIZE], want[NETWORK_CLOSURE_TEXT_SIZE];
        network_closure_text(&hours->closed.list[i], got);
        network_closure_text(&kept->hours.closed.list[i], want);
        assert_string_equal(got, want);
    }
    network_free(with);
    network_free(network);
    network_free(before);
    sample_network_fini(&sample);
}

/* Who has left may be closed for good: its ceilings still hold. */
static void test_leaving_and_closed_for_good(void **state) {
    (void)state;
    struct network *network =
        network_with("", "leaving = yes\nclosed = 2026-01-01..2099-12-31 Gone\n");
    const hv_time from = at(MONDAY "12:00" WINTER);

    expect_moment("1d",
                  calendar_add(network_calendar(network, "werkse"), from, duration("1d"),
                               CALENDAR_CEILING_OWN),
                  from + 6 * CALENDAR_DAY_MS);
    network_free(network);
}

/* ---- Mistakes ---- */

struct mistake {
    const char *name;
    const char *calendar,
        *werkse; /* lines from network.conf:10 and organisations/werkse.conf:3 on */
    const char *place, *words, *mend;
};

static const struct mistake mistakes[] = {
    {"no hours", "opening = mon\n", "", "network.conf:10: ", "opening = mon is not valid",
     "such as mon-fri"},
    {"no days", "", "opening = 09:00-17:00\n", WERKSE ":3: ", "is not valid", "such as mon-fri"},
    {"never", "", "opening = never\n", WERKSE ":3: ", "is not valid", "such as mon-fri"},
    {"a day in Dutch", "", "opening = ma-vr 09:00-17:00\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"days backwards", "", "opening = fri-mon 09:00-17:00\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"a comma too many", "", "opening = mon, 09:00-17:00\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"days apart by a blank", "", "opening = mon tue 09:00-17:00\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"a time that is none", "", "opening = mon 09:60-17:00\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"after midnight", "", "opening = mon 09:00-24:01\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"hours without minutes", "", "opening = mon 9-17\n", WERKSE ":3: ", "is not valid",
     "such as mon-fri"},
    {"over midnight", "", "opening = mon 22:00-02:00\n", WERKSE ":3: ", "ends before it has begun",
     "from 00:00"},
    {"open for no time", "", "opening = mon 09:00-09:00\n",
     WERKSE ":3: ", "ends before it has begun", "later time second"},
    {"overlap in a line", "", "opening = mon 09:00-12:00 11:59-17:00\n",
     WERKSE ":3: ", "on mon two stretches of opening overlap", "make one"},
    {"overlap of two lines", "", "opening = mon-fri 09:00-12:00\nopening = thu 10:00-11:00\n",
     WERKSE ":4: ", "on thu two stretches of opening overlap", "make one"},
    {"too many pauses", "",
     "opening = mon 01:00-02:00 03:00-04:00 05:00-06:00 07:00-08:00 09:00-10:00 11:00-12:00\n"
     "opening = mon 13:00-14:00\n",
     WERKSE ":4: ", "opens more than 6 times a day", "leave out"},
    {"holidays of another country", "holidays = belgian\n", "",
     "network.conf:10: ", "holidays = belgian is not valid", "it takes dutch or none"},
    {"a day that no calendar has", "closed = 2027-02-29\n", "",
     "network.conf:10: ", "closed = 2027-02-29 is not valid", "it takes a day"},
    {"a day as people write it", "", "closed = 7 mei 2027\n", WERKSE ":3: ", "is not valid",
     "it takes a day"},
    {"half a stretch", "", "closed = 2027-05-07..\n", WERKSE ":3: ", "is not valid",
     "it takes a day"},
    {"three days of one stretch", "", "closed = 2027-05-07..2027-05-08..2027-05-09\n",
     WERKSE ":3: ", "is not valid", "it takes a day"},
    {"a stretch backwards", "decreed = 2027-05-08..2027-05-07\n", "",
     "network.conf:10: ", "ends before it has begun", "later day second"},
    {"a name that is too long", "",
     "closed = 2027-05-07 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     WERKSE ":3: ", "is not valid", "63 bytes"},
    {"decreed by an organisation", "", "decreed = 2027-05-07\n",
     WERKSE ":3: ", "decreed is no key of [organisation]", "closed"},
    {"an organisation that never opens", "", "closed = 2026-11-25..2036-11-25\n", WERKSE ":3: ",
     "from 2026-11-25 on werkse does not open for more than a year", "leaving = yes"},
    {"never, in parts", "",
     "opening = wed 09:00-10:00\nclosed = 2026-01-01..2026-06-24 A\n"
     "closed = 2026-06-26..2027-01-05 B\n",
     WERKSE ":4: ", "from 2026-01-01 on werkse does not open for more than a year", "shorten"},
    {"a network that never opens", "closed = 2030-01-01..2031-02-01\n", "",
     "network.conf:10: ", "from 2030-01-01 on the network does not open", "shorten"},
    {"the second of two closures", "closed = 2026-11-25\nclosed = 2030-01-01..2031-02-01\n",
     "opening = mon 09:00-17:00\n",
     "network.conf:11: ", "from 2030-01-01 on the network does not open", "shorten"},
    {"closed by decree", "decreed = 2030-01-01..2031-02-01\nholidays = none\n",
     "holidays = dutch\n", "network.conf:10: ", "from 2030-01-01 on werkse does not open",
     "shorten"},
};

static void test_mistake(void **state) {
    const struct mistake *mistake = *state;
    struct sample_network sample;
    struct network *network = NULL;
    struct failure failure = {0};

    sample_with(&sample, mistake->calendar, mistake->werkse);
    if (network_parse(sample.files, sample.count, &network, &failure) != -EINVAL)
        fail_msg("it was taken");
    if (strncmp(failure.text, mistake->place, strlen(mistake->place)) != 0)
        fail_msg("got `%s`, expected it to begin with `%s`", failure.text, mistake->place);
    const char *words = strstr(failure.text, mistake->words);
    if (!words || !strchr(words, ';') || !strstr(strchr(words, ';'), mistake->mend))
        fail_msg("got `%s`, expected `%s`, and `%s` as the mend", failure.text, mistake->words,
                 mistake->mend);
    assert_null(network);
    sample_network_fini(&sample);
}

/* ---- Running ---- */

static int sodium_begin(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

#define MISTAKE_COUNT (sizeof mistakes / sizeof *mistakes)

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_opening_of_its_own),
        cmocka_unit_test(test_holidays),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_drop_ins),
        cmocka_unit_test(test_time_zone),
        cmocka_unit_test(test_unknown_time_zone_in_memory),
        cmocka_unit_test(test_shortened_days),
        cmocka_unit_test(test_kept_when_leaving),
        cmocka_unit_test(test_leaving_and_closed_for_good),
    };
    struct CMUnitTest tests[MISTAKE_COUNT + sizeof others / sizeof *others];
    size_t count = 0;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tests[count++] = others[i];
    for (size_t i = 0; i < MISTAKE_COUNT; i++)
        tests[count++] = (struct CMUnitTest){mistakes[i].name, test_mistake, NULL, NULL,
                                             (void *)(uintptr_t)&mistakes[i]};
    return _cmocka_run_group_tests("calendars of a network", tests, count, sodium_begin, NULL);
}
