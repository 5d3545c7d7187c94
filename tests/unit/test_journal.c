/* The journal: every entry is explained in the catalog, and stderr gets one line and never waits.
 */
#include "broker/journal.h"

#include <ctype.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CATALOG   "systemd/houvast.catalog"
#define MANUAL    "broker/houvastd.8.scd"
#define ID_LENGTH 32

#define ENTRY_ID(name, priority, id) id,
static const char *const ids[] = {JOURNAL_ENTRIES(ENTRY_ID)};
#define ID_COUNT (sizeof ids / sizeof *ids)

/* ---- The catalog ---- */

static void test_ids_are_well_formed_and_unique(void **state) {
    (void)state;
    for (size_t i = 0; i < ID_COUNT; i++) {
        assert_int_equal(strlen(ids[i]), ID_LENGTH);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), ID_LENGTH);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(ids[i], ids[other]);
    }
}

static char *file_read(const char *path) {
    static char text[64 * 1024];
    FILE *file = fopen(path, "r");

    if (!file)
        fail_msg("%s: not there; run the tests from the top of the tree", path);
    size_t size = fread(text, 1, sizeof text - 1, file);
    assert_in_range(size, 1, sizeof text - 2);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* The entry of an id, cut out of the catalog; NULL where there is none. */
static char *catalog_entry(const char *id) {
    char head[ID_LENGTH + 8];

    snprintf(head, sizeof head, "\n-- %s\n", id);
    char *begin = strstr(file_read(CATALOG), head);
    if (!begin)
        return NULL;
    begin += strlen(head);
    char *end = strstr(begin, "\n-- ");
    if (end)
        end[1] = '\0';
    return begin;
}

/* What happened, what it does to residents, and what to do: three paragraphs under the headers. */
static void test_catalog_explains_every_entry(void **state) {
    (void)state;
    for (size_t i = 0; i < ID_COUNT; i++) {
        char *entry = catalog_entry(ids[i]);
        if (!entry)
            fail_msg("%s has no entry for %s", CATALOG, ids[i]);
        assert_int_equal(strncmp(entry, "Subject: ", strlen("Subject: ")), 0);
        assert_non_null(strstr(entry, "\nDefined-By: Houvast\n"));
        char *residents = strstr(entry, "\n\nResidents: ");
        if (!residents || !strstr(residents + 2, "\n\n"))
            fail_msg("%s, %s: does not say what it does to residents and what to do", CATALOG,
                     ids[i]);
    }
}

static void test_catalog_explains_nothing_else(void **state) {
    size_t entries = 0;

    (void)state;
    for (char *at = file_read(CATALOG); (at = strstr(at, "\n-- ")); at += strlen("\n-- "))
        entries++;
    assert_int_equal(entries, ID_COUNT);
}

/* The manual says for each what to do at night, under the end of its id. */
static void test_manual_names_every_entry(void **state) {
    (void)state;
    for (size_t i = 0; i < ID_COUNT; i++) {
        char words[16];
        snprintf(words, sizeof words, "*...%s* ", ids[i] + ID_LENGTH - 4);
        if (!strstr(file_read(MANUAL), words))
            fail_msg("%s does not say what to do at `%s`", MANUAL, ids[i]);
    }
}

/* ---- Standard error ---- */

/* Puts a pipe in the place of stderr; the end to read from. */
static int stderr_capture(int *ret_saved) {
    int ends[2];

    *ret_saved = dup(STDERR_FILENO);
    assert_return_code(pipe2(ends, O_CLOEXEC), 0);
    assert_return_code(dup2(ends[1], STDERR_FILENO), 0);
    close(ends[1]);
    return ends[0];
}

static void stderr_restore(int saved) {
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/* What one call said, as a text. */
#define SAID(...)                                        \
    do {                                                 \
        int saved, end = stderr_capture(&saved);         \
        journal_say(JOURNAL_STOPPED, NULL, __VA_ARGS__); \
        stderr_restore(saved);                           \
        ssize_t size = read(end, said, sizeof said - 1); \
        close(end);                                      \
        assert_true(size > 0);                           \
        said[size] = '\0';                               \
    } while (0)

static void test_one_line_on_stderr(void **state) {
    char said[4096];

    (void)state;
    unsetenv("JOURNAL_STREAM");
    SAID("network %s, %d", "delft", 4);
    assert_string_equal(said, "houvastd: network delft, 4\n");
}

/* A file's name or text can hold what would look like another message. */
static void test_a_message_stays_one_line(void **state) {
    char said[4096];

    (void)state;
    SAID("%s", "a\nhouvastd: b\x1b[31m\r");
    assert_string_equal(said, "houvastd: a houvastd: b [31m \n");
}

static void test_a_long_message_is_cut_between_characters(void **state) {
    char long_text[8192] = "", said[8192];

    (void)state;
    for (size_t at = 0; at + 3 < sizeof long_text; at += 3)
        memcpy(long_text + at, "€", 4);
    SAID("%s", long_text);
    size_t length = strlen(said);
    assert_in_range(length, 2000, 2100);
    assert_string_equal(said + length - strlen("€…\n"), "€…\n");
}

/* systemd's stream is another file than our stderr: somebody redirected it and reads there. */
static void test_another_stream_is_not_ours(void **state) {
    char said[4096];

    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    SAID("here");
    assert_string_equal(said, "houvastd: here\n");
    setenv("JOURNAL_STREAM", "nonsense", 1);
    SAID("here");
    assert_string_equal(said, "houvastd: here\n");
    unsetenv("JOURNAL_STREAM");
}

static double seconds_now(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Who reads our stderr may sleep: then a message is lost, and nobody waits. */
static void test_a_full_pipe_does_not_block(void **state) {
    static const char filling[65536];
    int saved, end = stderr_capture(&saved);
    int flags = fcntl(STDERR_FILENO, F_GETFL);

    (void)state;
    fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
    while (write(STDERR_FILENO, filling, sizeof filling) > 0)
        ;
    fcntl(STDERR_FILENO, F_SETFL, flags);
    double began = seconds_now();
    journal_say(JOURNAL_STOPPED, NULL, "nobody hears this");
    double took = seconds_now() - began;
    stderr_restore(saved);
    close(end);
    assert_true(took < 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_are_well_formed_and_unique),
        cmocka_unit_test(test_catalog_explains_every_entry),
        cmocka_unit_test(test_catalog_explains_nothing_else),
        cmocka_unit_test(test_manual_names_every_entry),
        cmocka_unit_test(test_one_line_on_stderr),
        cmocka_unit_test(test_a_message_stays_one_line),
        cmocka_unit_test(test_a_long_message_is_cut_between_characters),
        cmocka_unit_test(test_another_stream_is_not_ours),
        cmocka_unit_test(test_a_full_pipe_does_not_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
