/* Every mistake in the files of ladders is refused with its file, its line and the mend. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network_samples.h"

#define LADDERS "ladders/own.conf"

/* With `text` for its ladders the network is refused: the failure begins with ladders/own.conf and
 * `line`, has `words`, and after a semicolon the `mend`. */
struct mistake {
    const char *name;
    const char *text;
    unsigned line; /* 0: the file as a whole */
    const char *words, *mend;
};

#define R "[ladder receipt]\n"
#define E "every = 1d\n"
#define S "step = 1d network\n"

static const struct mistake mistakes[] = {
    /* ---- sections and keys ---- */
    {"a section that does not exist", "[limits]\n", 1, "[limits] is no section of this file",
     "[ladder <phase>]"},
    {"no phase", "[ladder]\n", 1, "names no phase", "unrouted, delivery, receipt, pick-up"},
    {"a phase that does not exist", "[ladder reception]\n", 1, "[ladder reception] names no phase",
     "arrival, waiting, held, closing, contested, answer"},
    {"a key that does not exist", R S E "repeat = 2d\n", 4, "repeat is no key of [ladder]",
     "every"},
    {"nothing before the sign", R S E "= 2d\n", 4, "(nothing) is no key", "every"},
    {"a setting before any section", "urgency = crisis\n", 1,
     "urgency stands before the first section", "write [ladder <phase>]"},
    {"a key twice", R "urgency = crisis\n" S E "urgency = urgent\n", 5,
     "urgency is set twice, first on line 2", "keep one"},
    {"a key twice, once empty", R "every =\n" S E, 4, "every is set twice, first on line 2",
     "keep one"},
    {"a line that is nothing", R S "every 1d\n", 3, "neither a section, a comment nor", "write"},

    /* ---- what a ladder is for ---- */
    {"an urgency that does not exist", R "urgency = high\n" S E, 2, "urgency = high",
     "routine, urgent or crisis"},
    {"waiting in crisis", "[ladder waiting]\nurgency = crisis\nevery = 1D\n", 2,
     "nobody in crisis waits", "take it out"},
    {"a kind that does not exist", R "kind = callback\n" S E, 2, "kind = callback is not valid",
     "warm or cold"},
    {"a kind where there is none", "[ladder unrouted]\nkind = cold\n" S E, 2,
     "unrouted is the holder's alone and knows no kind", "take the line out"},
    {"a receiver where there is none", "[ladder held]\nto = werkse\n" E, 2,
     "held is the holder's alone and knows no receiver", "take the line out"},
    {"a receiver of a waiting list", "[ladder waiting]\nto = werkse\n" E, 2,
     "waiting is the holder's alone", "take the line out"},
    {"a receiver that does not exist", R "to = nobody\n" S E, 2,
     "to = nobody: there is no such organisation", "name one that has a file"},
    {"a holder that does not exist", R "from = Werkse!\n" S E, 2,
     "from = Werkse!: there is no such organisation", "name one that has a file"},

    /* ---- who is told ---- */
    {"nobody is told", R "step = 1d\n" E, 2, "step = 1d tells nobody", "add whom"},
    {"nobody is told, but not too late", R "step = 1d no_later=5D\n" E, 2, "tells nobody",
     "add whom"},
    {"a target that does not exist", R "step = 1d coordinators\n" E, 2,
     "coordinators is nobody that a step tells",
     "responsible, coordinator, network, holder, operators"},
    {"a list with commas", R "step = 1d holder, network\n" E, 2, "holder, is nobody", "it takes"},
    {"a target twice", R "step = 1d network holder network\n" E, 2,
     "network stands twice in the step", "take one out"},
    {"a role of somebody twice", R "step = 1d endpoint@kcc endpoint@kcc\n" E, 2,
     "endpoint@kcc stands twice", "take one out"},
    {"too many targets", R "step = 1d responsible coordinator network holder operators\n" E, 2,
     "a step tells 4 at most", "leave operators out"},
    {"a role that does not exist", R "step = 1d manager@kcc\n" E, 2,
     "manager in manager@kcc is no role", "endpoint, coordinator and operator"},
    {"no role", R "step = 1d @kcc\n" E, 2, " in @kcc is no role", "the roles are"},
    {"an organisation that does not exist", R "step = 1d coordinator@nobody\n" E, 2,
     "the organisation nobody in coordinator@nobody does not exist", "name one"},
    {"no organisation", R "step = 1d coordinator@\n" E, 2,
     "the organisation  in coordinator@ does not exist", "name one"},
    {"a role that no key of it has", R "step = 1d operator@werkse\n" E, 2,
     "operator@werkse is told, but no key of werkse has that role", "add one to its file"},

    /* ---- when ---- */
    {"no duration", R "step = network\n" E, 2, "network is no duration",
     "a whole number and a unit"},
    {"a duration without a unit", R "step = 15 network\n" E, 2, "15 is no duration", "ms s m H"},
    {"a blank in a duration", R "step = 15 M network\n" E, 2, "15 is no duration", "ms s m H"},
    {"a duration below zero", R "step = -1d network\n" E, 2, "-1d is no duration", "ms s m H"},
    {"no hour of office time", R "step = 0h network\n" E, 2, "0h is no duration", "h d of office"},
    {"more than a year", R "step = 367D network\n" E, 2, "367D is no duration", "366 days at most"},
    {"more than a year of office days", R "step = 367d network\n" E, 2, "367d is no duration",
     "366 days at most"},
    {"more than a year of office hours", R "step = 8785h network\n" E, 2, "8785h is no duration",
     "366 days at most"},
    {"no_later on the clock", R "step = 1D network no_later=2D\n" E, 2,
     "its duration is of the clock", "take the no_later out"},
    {"no_later in office time", R "step = 1d network no_later=2d\n" E, 2,
     "no_later=2d is not valid", "of the clock"},
    {"no_later of nothing", R "step = 1d network no_later=0D\n" E, 2, "no_later=0D is not valid",
     "of the clock"},
    {"no_later without a duration", R "step = 1d network no_later=\n" E, 2,
     "no_later= is not valid", "of the clock"},
    {"no_later of years", R "step = 1d network no_later=367D\n" E, 2, "no_later=367D is not valid",
     "366D at most"},
    {"no_later with blanks", R "step = 1d network no_later = 5D\n" E, 2,
     "no_later is nobody that a step tells", "no_later=<duration>"},
    {"no_later twice", R "step = 1d network no_later=5D no_later=5D\n" E, 2,
     "no_later stands twice in step", "keep one"},

    /* ---- the repeating end ---- */
    {"no end", R S, 1, "the ladder of receipt does not repeat", "add a line such as every = 1d"},
    {"an empty end", R S "every =\n", 1, "does not repeat", "add a line such as every = 1d"},
    {"no end before another ladder", R S "[ladder pick-up]\n" S E, 1,
     "the ladder of receipt does not repeat", "every = 1d"},
    {"no check-in", "[ladder held]\nurgency = urgent\n", 1, "the ladder of held does not repeat",
     "every = 1d"},
    {"an end of nothing", R S "every = 0D\n", 3, "every = 0D never repeats", "every = 1d"},
    {"an end that never stops ringing", R S "every = 59s\n", 3, "more than once a minute",
     "environment = test"},
    {"an end that no_later makes ring all the time", R S "every = 1d no_later=1ms\n", 3,
     "more than once a minute", "environment = test"},
    {"an end that is no duration", R S "every = day\n", 3, "day is no duration", "ms s m H"},
    {"an end after years", R S "every = 400D\n", 3, "400D is no duration", "366 days at most"},
    {"an end for somebody", R S "every = 1d network\n", 3, "every = 1d network names network",
     "write the duration alone"},
    {"an end on the clock with no_later", R S "every = 1D no_later=2D\n", 3, "every has a no_later",
     "take the no_later out"},

    /* ---- steps ---- */
    {"no step", R E, 1, "the ladder of receipt has no step", "step = 1d responsible"},
    {"an empty step", R "step =\n" E, 1, "has no step", "step = 1d responsible"},
    {"a step of a check-in", "[ladder held]\n" S E, 2, "the check-ins of held have no steps",
     "write every alone"},
    {"a step of a waiting list", "[ladder waiting]\n" S E, 2,
     "the check-ins of waiting have no steps", "write every alone"},
    {"nine steps", R S S S S S S S S S E, 10, "a ladder has 8 steps at most", "take this one out"},
    {"out of order", R "step = 2H holder\nstep = 1H network\n" E, 3,
     "may fall due before the one on line 2", "put them in order"},
    {"office days out of order", R "step = 4d holder\nstep = 2d network\n" E, 3,
     "before the one on line 2", "put them in order"},
    {"out of order at the third",
     R "step = 1d holder\n# and\nstep = 3d holder\nstep = 2d network\n" E, 5,
     "before the one on line 4", "put them in order"},
    {"an hour of the clock after a day of the office", R "step = 1d holder\nstep = 4H network\n" E,
     3, "before the one on line 2", "put them in order"},
    {"the clock within the ceiling of the office", R "step = 1d holder\nstep = 5D network\n" E, 3,
     "before the one on line 2", "set no_later"},
    {"the clock within the ceiling of hours", R "step = 4h holder\nstep = 99H network\n" E, 3,
     "before the one on line 2", "set no_later"},
    {"an office hour that may end sooner", R "step = 4H holder\nstep = 3h network\n" E, 3,
     "before the one on line 2", "put them in order"},
    {"more hours than a day has", R "step = 9h holder\nstep = 1d network\n" E, 3,
     "before the one on line 2", "put them in order"},
    {"ceilings out of order", R "step = 1d holder\nstep = 2d network no_later=5D\n" E, 3,
     "before the one on line 2", "set no_later"},

    /* ---- one for another ---- */
    {"twice for the same", R "urgency = crisis\n" S E R S E R "urgency = crisis\n" S E, 8,
     "stands in this file already, on line 1", "keep one of the two"},
    {"taken back without being there", R "urgency = crisis\nevery =\n", 1,
     "takes a ladder back that no file before this one has", "write its phase"},
    {"taken back in its own file", R S E R "step =\n", 4, "takes a ladder back", "write its phase"},
};

#define MISTAKE_COUNT (sizeof mistakes / sizeof *mistakes)

/* Parses and fails; the sentence has the three parts that a person needs. */
static void assert_refused(const struct sample_network *sample, const char *place,
                           const char *words, const char *mend) {
    struct network *network = NULL;
    struct failure failure = {0};
    int result = network_parse(sample->files, sample->count, &network, &failure);

    assert_null(network);
    if (result != -EINVAL)
        fail_msg("expected -EINVAL, got %d", result);
    if (strncmp(failure.text, place, strlen(place)) != 0)
        fail_msg("expected the place `%s`, got: %s", place, failure.text);
    const char *found = strstr(failure.text, words);
    if (!found)
        fail_msg("expected `%s`, got: %s", words, failure.text);
    const char *second = strchr(failure.text, ';');
    if (!second || !strstr(second, mend))
        fail_msg("expected the mend `%s`, got: %s", mend, failure.text);
}

static void test_mistake(void **state) {
    const struct mistake *mistake = *state;
    struct sample_network sample;
    char place[64];

    sample_network_init(&sample);
    sample_network_set(&sample, LADDERS, mistake->text);
    snprintf(place, sizeof place, LADDERS ":%u: ", mistake->line);
    assert_refused(&sample, place, mistake->words, mistake->mend);
    sample_network_fini(&sample);
}

/* ---- Mistakes that are not one text ---- */

static void test_no_operators(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_replace(&sample, "organisations/kcc.conf", "coordinator operator",
                           "coordinator");
    network_free(sample_network_parse(&sample)); /* the defaults go on without */
    sample_network_set(&sample, LADDERS, R "step = 1d operators\n" E);
    assert_refused(&sample, LADDERS ":2: ", "no key has the role operator", "add one to kcc");
    sample_network_fini(&sample);
}

static void test_mistake_in_drop_in(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, LADDERS, R S E);
    sample_network_set(&sample, LADDERS ".d/10-x.conf", "\n" R "every = 2d\n");
    assert_refused(&sample, LADDERS ".d/10-x.conf:2: ", "has no step", "add a line");
    sample_network_fini(&sample);
}

static void test_strange_paths(void **state) {
    static const char *const paths[] = {"ladders/Own.conf",        "ladders/.conf",
                                        "ladders/a/b.conf",        "ladders/a",
                                        "ladders/a.conf.d/x.conf", "ladders/"};
    struct sample_network sample;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        sample_network_init(&sample);
        sample_network_set(&sample, paths[i], R S E);
        assert_refused(&sample, paths[i], "is no file of a network", "move it elsewhere");
        sample_network_fini(&sample);
    }
}

static void test_too_big(void **state) {
    struct sample_network sample;
    size_t size = (1 << 20) + 1;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, LADDERS, "");
    struct network_file *file = &sample.files[sample.count - 1];
    free(file->text);
    file->text = malloc(size);
    memset(file->text, '\n', size);
    file->size = size;
    assert_refused(&sample, LADDERS ": ", "more than 1 MiB", "the right one");
    sample_network_fini(&sample);
}

/* Routes by the hundred: the limit is a sentence too. */
static void test_too_many(void **state) {
    static const char *const phases[] = {"delivery", "receipt", "pick-up", "arrival", "answer"};
    static const char *const urgencies[] = {"", "routine", "urgent", "crisis"};
    static const char *const kinds[] = {"", "warm", "cold"};
    static const char *const ends[] = {"", "kcc", "werkse", "ds", "dve"};
    struct sample_network sample;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    (void)state;
    sample_network_init(&sample);
    for (size_t i = 3; i < sizeof ends / sizeof *ends; i++) {
        char path[64], organisation[128];
        snprintf(path, sizeof path, "organisations/%s.conf", ends[i]);
        snprintf(organisation, sizeof organisation,
                 "[organisation]\nname = %s\ndisplay_name = %s\n", ends[i], ends[i]);
        sample_network_set(&sample, path, organisation);
    }
    for (size_t i = 0; i < 5 * 4 * 3 * 5 * 5; i++)
        fprintf(file, "[ladder %s]\nurgency = %s\nkind = %s\nfrom = %s\nto = %s\n" S E,
                phases[i % 5], urgencies[i / 5 % 4], kinds[i / 20 % 3], ends[i / 60 % 5],
                ends[i / 300]);
    fclose(file);
    sample_network_set(&sample, LADDERS, text);
    assert_refused(&sample, LADDERS ":", "a network has 1000 ladders at most", "leave routes out");
    free(text);
    sample_network_fini(&sample);
}

/* ---- On disk ---- */

static void assert_disk_refuses(const char *path, const char *words, const char *mend) {
    char scratch[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE + 64];
    struct sample_network sample;
    struct network *network = NULL;
    struct failure failure = {0};

    scratch_make(scratch);
    sample_network_init(&sample);
    sample_network_write(&sample, scratch);
    scratch_write(scratch, path, R S E);
    assert_int_equal(network_load(scratch, &network, &failure), -EINVAL);
    snprintf(place, sizeof place, "%s/ladders/", scratch);
    if (strncmp(failure.text, place, strlen(place)) != 0 || !strstr(failure.text, words) ||
        !strstr(failure.text, mend))
        fail_msg("expected `%s` and `%s` of %s, got: %s", words, mend, path, failure.text);
    sample_network_fini(&sample);
    scratch_remove(scratch);
}

static void test_strange_names_on_disk(void **state) {
    (void)state;
    assert_disk_refuses("ladders/own.cnf", "is no file of ladders", "rename it to <name>.conf");
    assert_disk_refuses("ladders/Own.conf", "is not called by 1 to 32 characters", "rename it");
    assert_disk_refuses("ladders/own.conf.d/x.conf", "drop-ins for a file that is not there",
                        "write that file");
    assert_disk_refuses("ladders/a/own.conf", "is no file of ladders", "move it elsewhere");
}

/* ---- Running ---- */

static int seed_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_no_operators),  cmocka_unit_test(test_mistake_in_drop_in),
        cmocka_unit_test(test_strange_paths), cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_too_many),      cmocka_unit_test(test_strange_names_on_disk),
    };
    struct CMUnitTest tests[MISTAKE_COUNT + sizeof others / sizeof *others];
    size_t count = 0;

    for (size_t i = 0; i < MISTAKE_COUNT; i++)
        tests[count++] = (struct CMUnitTest){mistakes[i].name, test_mistake, NULL, NULL,
                                             (void *)(uintptr_t)&mistakes[i]};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tests[count++] = others[i];
    return _cmocka_run_group_tests("mistakes in the ladders", tests, count, seed_sodium, NULL);
}
