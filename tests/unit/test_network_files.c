/* A network read from disk: which files count, and what is said of those that cannot be read. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "network_samples.h"

#define NOBODY 65534

struct scratch {
    char path[SCRATCH_PATH_SIZE];
};

static int scratch_begin(void **state) {
    struct scratch *scratch = calloc(1, sizeof *scratch);
    struct sample_network sample;

    scratch_make(scratch->path);
    chmod(scratch->path, 0755);
    sample_network_init(&sample);
    sample_network_write(&sample, scratch->path);
    sample_network_fini(&sample);
    *state = scratch;
    return 0;
}

static int scratch_end(void **state) {
    struct scratch *scratch = *state;

    scratch_remove(scratch->path);
    free(scratch);
    return 0;
}

static void path_of(const struct scratch *scratch, const char *path, char ret_path[256]) {
    snprintf(ret_path, 256, "%s%s%s", scratch->path, *path ? "/" : "", path);
}

static struct network *load(const struct scratch *scratch) {
    struct network *network = NULL;
    struct failure failure;

    if (network_load(scratch->path, &network, &failure) < 0)
        fail_msg("%s", failure.text);
    return network;
}

/* It begins with the file's whole path, then `sentence`, and has a mend after a semicolon. `path`
 * "" is the directory. */
static void assert_refused(const struct scratch *scratch, const char *path, int code,
                           const char *sentence) {
    char place[256];
    struct network *network = NULL;
    struct failure failure = {0};
    int result = network_load(scratch->path, &network, &failure);

    path_of(scratch, path, place);
    assert_null(network);
    if (strncmp(failure.text, place, strlen(place)) != 0 ||
        !strstr(failure.text + strlen(place), sentence) || !strchr(failure.text, ';'))
        fail_msg("expected `%s…%s; …`, got: %s", place, sentence, failure.text);
    assert_int_equal(result, code);
}

/* ---- Which files count ---- */

static void test_load(void **state) {
    struct sample_network sample;

    sample_network_init(&sample);
    struct network *parsed = sample_network_parse(&sample);
    struct network *network = load(*state);
    assert_int_equal(network->file_count, 3);
    assert_memory_equal(network->hash, parsed->hash, sizeof network->hash);
    network_free(network);
    network_free(parsed);
    sample_network_fini(&sample);
}

static void test_load_with_drop_ins(void **state) {
    struct scratch *scratch = *state;

    scratch_write(scratch->path, "network.conf.d/20-b.conf", "[limits]\nheartbeat = 3s\n");
    scratch_write(scratch->path, "network.conf.d/10-a.conf", "[limits]\nheartbeat = 2s\n");
    scratch_write(scratch->path, "organisations/werkse.conf.d/a.conf",
                  "[organisation]\ntelephone = 015\n");
    struct network *network = load(scratch);
    assert_int_equal(network->file_count, 6);
    assert_int_equal(network->limits.heartbeat_ms, 3000);
    assert_string_equal(network_organisation(network, "werkse")->telephone, "015");
    assert_string_equal(network->files[1].path, "network.conf.d/10-a.conf");
    network_free(network);
}

static void test_leftovers_are_passed_over(void **state) {
    static const char *const leftovers[] = {
        "organisations/.werkse.conf.swp",
        "organisations/werkse.conf~",
        "organisations/werkse.conf.bak",
        "organisations/werkse.conf.dpkg-old",
        "organisations/werkse.conf.dpkg-dist",
        "network.conf.d/a.conf~",
        "network.conf.d/.hidden",
        "network.conf.d/a.conf.dpkg-new",
        "network.conf.bak",
        "broker.key",
        "readme.txt",
    };
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
        scratch_write(scratch->path, leftovers[i], "no network at all\n");
    struct network *network = load(scratch);
    assert_int_equal(network->file_count, 3);
    network_free(network);
}

static void test_file_that_is_no_organisation(void **state) {
    struct scratch *scratch = *state;

    scratch_write(scratch->path, "organisations/werkse.cnf", "");
    assert_refused(scratch, "organisations/werkse.cnf", -EINVAL, "is no organisation's file");
}

static void test_file_that_is_no_drop_in(void **state) {
    struct scratch *scratch = *state;

    scratch_write(scratch->path, "network.conf.d/limits", "");
    assert_refused(scratch, "network.conf.d/limits", -EINVAL, "is no drop-in");
}

static void test_drop_ins_without_their_file(void **state) {
    struct scratch *scratch = *state;

    scratch_write(scratch->path, "organisations/werksee.conf.d/a.conf", "");
    assert_refused(scratch, "organisations/werksee.conf.d", -EINVAL,
                   "for a file that is not there");
}

static void test_drop_in_folder_that_is_a_file(void **state) {
    struct scratch *scratch = *state;

    scratch_write(scratch->path, "network.conf.d", "");
    assert_refused(scratch, "network.conf.d", -ENOTDIR, "Not a directory");
}

/* ---- What cannot be read ---- */

/* The directory is named as it was given, without the slash for what lies in it. */
static void test_no_directory(void **state) {
    static const struct {
        const char *directory, *begins;
        int code;
    } cases[] = {
        {"/tmp/houvast-test-nowhere", "/tmp/houvast-test-nowhere: No such file", -ENOENT},
        {"/tmp/houvast-test-nowhere/", "/tmp/houvast-test-nowhere: No such file", -ENOENT},
        {"/dev/null", "/dev/null: Not a directory", -ENOTDIR},
    };
    struct network *network = NULL;
    struct failure failure = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(network_load(cases[i].directory, &network, &failure), cases[i].code);
        if (strncmp(failure.text, cases[i].begins, strlen(cases[i].begins)) != 0)
            fail_msg("expected `%s…`, got: %s", cases[i].begins, failure.text);
    }
}

static void test_no_network_conf(void **state) {
    char path[256];

    path_of(*state, "network.conf", path);
    unlink(path);
    assert_refused(*state, "network.conf", -ENOENT, "No such file");
}

static void test_empty_network_conf(void **state) {
    struct scratch *scratch = *state;

    scratch_write(scratch->path, "network.conf", "");
    assert_refused(scratch, "network.conf", -EINVAL, ":1: the file has no [network]");
}

static void test_no_organisations(void **state) {
    struct scratch *scratch = *state;
    char path[256];

    path_of(scratch, "organisations", path);
    scratch_remove(path);
    assert_refused(scratch, "organisations", -ENOENT, "No such file");
    mkdir(path, 0755);
    assert_refused(scratch, "organisations", -EINVAL, "has no organisation");
}

static void test_directory_for_a_file(void **state) {
    char path[256];

    path_of(*state, "organisations/folder.conf", path);
    mkdir(path, 0755);
    assert_refused(*state, "organisations/folder.conf", -EISDIR, "Is a directory");
}

/* Opening it must not wait for somebody to write. */
static void test_pipe_for_a_file(void **state) {
    char path[256];

    path_of(*state, "organisations/pipe.conf", path);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_refused(*state, "organisations/pipe.conf", -EINVAL, "is not a regular file");
}

static void test_link_to_nowhere(void **state) {
    char path[256];

    path_of(*state, "organisations/link.conf", path);
    assert_int_equal(symlink("/nowhere", path), 0);
    assert_refused(*state, "organisations/link.conf", -ENOENT, "No such file");
}

static void test_file_too_big(void **state) {
    char path[256];

    path_of(*state, "organisations/werkse.conf", path);
    assert_int_equal(truncate(path, (1 << 20) + 1), 0);
    assert_refused(*state, "organisations/werkse.conf", -EFBIG, "File too large");
}

/* Root may read everything, so it becomes somebody else for the length of this test. */
static void assert_unreadable(const struct scratch *scratch, const char *path) {
    bool is_root = geteuid() == 0;

    if (is_root)
        assert_int_equal(seteuid(NOBODY), 0);
    assert_refused(scratch, path, -EACCES, "Permission denied");
    if (is_root)
        assert_int_equal(seteuid(0), 0);
}

static void test_unreadable(void **state) {
    static const char *const paths[] = {"organisations/kcc.conf", "organisations", "network.conf"};
    char path[256];

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        path_of(*state, paths[i], path);
        chmod(path, 0);
        assert_unreadable(*state, paths[i]);
        chmod(path, i == 1 ? 0755 : 0644);
    }
    path_of(*state, "", path);
    chmod(path, 0);
    assert_unreadable(*state, "");
    chmod(path, 0755);
}

/* ---- What is looked up on this machine ---- */

static void test_unknown_time_zone(void **state) {
    struct scratch *scratch = *state;
    struct sample_network sample;

    if (access("/usr/share/zoneinfo/UTC", F_OK) < 0)
        skip();
    sample_network_init(&sample);
    sample_network_replace(&sample, "network.conf", "Europe/Amsterdam", "Europe/Delft");
    sample_network_write(&sample, scratch->path);
    sample_network_fini(&sample);
    assert_refused(scratch, "network.conf", -EINVAL, ":4: time_zone = Europe/Delft is not valid");
    scratch_write(scratch->path, "network.conf.d/zone.conf", "[network]\ntime_zone = Europe\n");
    assert_refused(scratch, "network.conf.d/zone.conf", -EINVAL, ":2: time_zone = Europe is not");
}

/* ---- Descriptors ---- */

static void test_nothing_is_kept_open(void **state) {
    int before = dup(0);

    close(before);
    network_free(load(*state));
    test_directory_for_a_file(state);
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

static int sodium_begin(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, scratch_begin, scratch_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_DISK(test_load),
        ON_DISK(test_load_with_drop_ins),
        ON_DISK(test_leftovers_are_passed_over),
        ON_DISK(test_file_that_is_no_organisation),
        ON_DISK(test_file_that_is_no_drop_in),
        ON_DISK(test_drop_ins_without_their_file),
        ON_DISK(test_drop_in_folder_that_is_a_file),
        cmocka_unit_test(test_no_directory),
        ON_DISK(test_no_network_conf),
        ON_DISK(test_empty_network_conf),
        ON_DISK(test_no_organisations),
        ON_DISK(test_directory_for_a_file),
        ON_DISK(test_pipe_for_a_file),
        ON_DISK(test_link_to_nowhere),
        ON_DISK(test_file_too_big),
        ON_DISK(test_unreadable),
        ON_DISK(test_unknown_time_zone),
        ON_DISK(test_nothing_is_kept_open),
    };

    return cmocka_run_group_tests_name("network's files on disk", tests, sodium_begin, NULL);
}
