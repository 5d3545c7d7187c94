/* Key files: written once for their owner alone, read only where that is still so. */
#include "broker/keyfile.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/network_z85.h"
#include "network_samples.h"

#define NOBODY 65534

struct scratch {
    char folder[SCRATCH_PATH_SIZE];
    char path[256]; /* of a key file in it */
};

static int scratch_begin(void **state) {
    struct scratch *scratch = calloc(1, sizeof *scratch);

    scratch_make(scratch->folder);
    chmod(scratch->folder, 0755);
    snprintf(scratch->path, sizeof scratch->path, "%s/a.key", scratch->folder);
    *state = scratch;
    return 0;
}

static int scratch_end(void **state) {
    struct scratch *scratch = *state;

    unsetenv("CREDENTIALS_DIRECTORY");
    scratch_remove(scratch->folder);
    free(scratch);
    return 0;
}

static void key_write(const char *path, enum keyfile_kind kind, struct keyfile *ret_key) {
    struct failure failure = {0};

    keyfile_new(kind, ret_key);
    if (keyfile_write(path, ret_key, &failure) < 0)
        fail_msg("%s", failure.text);
}

/* Refused with `words` and a mend, the key of the caller as it was, and the secret not told. */
static void assert_refused(const char *path, enum keyfile_kind kind, int code, const char *words) {
    struct keyfile key, untouched;
    struct failure failure = {0};

    memset(&key, 0x5a, sizeof key);
    memcpy(&untouched, &key, sizeof key);
    int result = keyfile_read(path, kind, &key, &failure);
    if (!strstr(failure.text, words) || !strchr(failure.text, ';') ||
        strncmp(failure.text, path, strlen(path)) != 0)
        fail_msg("expected `%s…%s; …`, got: %s", path, words, failure.text);
    assert_int_equal(result, code);
    assert_memory_equal(&key, &untouched, sizeof key);
}

/* ---- Written and read ---- */

static void test_read_what_was_written(void **state) {
    static const enum keyfile_kind kinds[] = {KEYFILE_CURVE, KEYFILE_SEALING, KEYFILE_SECRET,
                                              KEYFILE_RECEIPT};
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct keyfile written, read;
        struct failure failure;
        struct stat status;
        key_write(scratch->path, kinds[i], &written);
        assert_int_equal(stat(scratch->path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(keyfile_read(scratch->path, kinds[i], &read, &failure), 0);
        assert_int_equal(read.kind, kinds[i]);
        assert_memory_equal(read.public_key, written.public_key, KEYFILE_KEY_SIZE);
        assert_memory_equal(read.secret_key, written.secret_key, KEYFILE_KEY_SIZE);
        unlink(scratch->path);
    }
}

static void test_mode_is_0600_under_any_umask(void **state) {
    static const mode_t masks[] = {0, 022, 077};
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        struct keyfile key;
        struct stat status;
        mode_t before = umask(masks[i]);
        key_write(scratch->path, KEYFILE_CURVE, &key);
        umask(before);
        assert_int_equal(stat(scratch->path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        unlink(scratch->path);
    }
}

static void test_two_keys_differ(void **state) {
    struct keyfile one, other;

    (void)state;
    keyfile_new(KEYFILE_SECRET, &one);
    keyfile_new(KEYFILE_SECRET, &other);
    assert_memory_not_equal(one.secret_key, other.secret_key, KEYFILE_KEY_SIZE);
    assert_true(sodium_is_zero(one.public_key, KEYFILE_KEY_SIZE));
}

static void test_wipe(void **state) {
    struct keyfile key;

    (void)state;
    keyfile_new(KEYFILE_CURVE, &key);
    keyfile_wipe(&key);
    assert_true(sodium_is_zero((const unsigned char *)&key, sizeof key));
}

static void test_a_key_is_never_overwritten(void **state) {
    struct scratch *scratch = *state;
    struct keyfile first, second, read;
    struct failure failure;

    key_write(scratch->path, KEYFILE_CURVE, &first);
    keyfile_new(KEYFILE_CURVE, &second);
    assert_int_equal(keyfile_write(scratch->path, &second, &failure), -EEXIST);
    assert_non_null(strstr(failure.text, "never overwritten; "));
    assert_int_equal(keyfile_read(scratch->path, KEYFILE_CURVE, &read, &failure), 0);
    assert_memory_equal(read.secret_key, first.secret_key, KEYFILE_KEY_SIZE);
}

static void test_write_where_nothing_can_be(void **state) {
    struct keyfile key;
    struct failure failure;

    (void)state;
    keyfile_new(KEYFILE_CURVE, &key);
    assert_int_equal(keyfile_write("/nowhere/a.key", &key, &failure), -ENOENT);
    assert_non_null(strstr(failure.text, "/nowhere/a.key: No such file or directory; choose"));
}

/* A limit on the size of files stands for a disk that is full. */
static void test_write_that_fails_leaves_nothing(void **state) {
    struct scratch *scratch = *state;
    struct keyfile key;
    struct failure failure;
    struct rlimit before, none;

    keyfile_new(KEYFILE_CURVE, &key);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 20, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int result = keyfile_write(scratch->path, &key, &failure);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, -EFBIG);
    assert_int_equal(access(scratch->path, F_OK), -1);
}

/* ---- Who may read it ---- */

static void test_others_may_not_read(void **state) {
    static const mode_t modes[] = {0640, 0604, 0644, 0620, 0602, 0610, 0601, 0660};
    struct scratch *scratch = *state;
    struct keyfile key;

    key_write(scratch->path, KEYFILE_CURVE, &key);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        chmod(scratch->path, modes[i]);
        assert_refused(scratch->path, KEYFILE_CURVE, -EPERM, "others than its owner");
    }
    chmod(scratch->path, 0400);
    struct failure failure;
    assert_int_equal(keyfile_read(scratch->path, KEYFILE_CURVE, &key, &failure), 0);
}

/* systemd keeps credentials to the service; their mode may have a group bit for its access list. */
static void test_credentials_are_systemds_to_keep(void **state) {
    struct scratch *scratch = *state;
    struct keyfile key;
    struct failure failure;

    key_write(scratch->path, KEYFILE_CURVE, &key);
    chmod(scratch->path, 0440);
    setenv("CREDENTIALS_DIRECTORY", scratch->folder, 1);
    assert_int_equal(keyfile_read(scratch->path, KEYFILE_CURVE, &key, &failure), 0);
    /* Not a folder whose name merely begins the same, and not another one. */
    scratch->folder[strlen(scratch->folder) - 1] = '\0';
    setenv("CREDENTIALS_DIRECTORY", scratch->folder, 1);
    assert_refused(scratch->path, KEYFILE_CURVE, -EPERM, "others than its owner");
    setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
    assert_refused(scratch->path, KEYFILE_CURVE, -EPERM, "others than its owner");
    snprintf(scratch->folder, sizeof scratch->folder, "%.*s",
             (int)(strlen(scratch->path) - strlen("/a.key")), scratch->path);
}

static void test_unreadable_file(void **state) {
    struct scratch *scratch = *state;
    struct keyfile key;
    bool is_root = geteuid() == 0;

    key_write(scratch->path, KEYFILE_CURVE, &key);
    chmod(scratch->path, 0);
    if (is_root)
        assert_int_equal(seteuid(NOBODY), 0);
    assert_refused(scratch->path, KEYFILE_CURVE, -EACCES, "Permission denied");
    if (is_root)
        assert_int_equal(seteuid(0), 0);
}

/* ---- What is no key file ---- */

static void test_no_file(void **state) {
    struct scratch *scratch = *state;

    assert_refused(scratch->path, KEYFILE_CURVE, -ENOENT, "there is no such key file");
}

static void test_other_things_than_files(void **state) {
    struct scratch *scratch = *state;

    assert_refused(scratch->folder, KEYFILE_CURVE, -EISDIR, "is a directory");
    assert_int_equal(mkfifo(scratch->path, 0600), 0);
    assert_refused(scratch->path, KEYFILE_CURVE, -EINVAL, "is no key file");
}

static void test_file_too_big(void **state) {
    struct scratch *scratch = *state;
    struct keyfile key;

    key_write(scratch->path, KEYFILE_CURVE, &key);
    assert_int_equal(truncate(scratch->path, 4097), 0);
    assert_refused(scratch->path, KEYFILE_CURVE, -EINVAL, "is no key file");
}

static void text_write(const struct scratch *scratch, const char *text) {
    scratch_write(scratch->folder, "a.key", text);
    chmod(scratch->path, 0600);
}

static void test_texts_that_are_no_key(void **state) {
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ": is no whole key file: kind, public_key or secret_key is missing"},
        {"kind = curve\npublic_key = " KEY_SPARE "\n", ": is no whole key file"},
        {"kind = curve\nsecret_key = " KEY_SPARE "\n", ": is no whole key file"},
        {"public_key = " KEY_SPARE "\nsecret_key = " KEY_SPARE "\n", ": is no whole key file"},
        {"# a key\nkind = sealing\n", ":2: is not of kind curve"},
        {"kind = curve\nkind = curve\n", ":2: kind is there twice"},
        {"kind = curve\nsecret_key = " KEY_SPARE "\nsecret_key = " KEY_SPARE "\n",
         ":3: the key is there twice"},
        {"kind = curve\npublic_key = abc\n", ":2: is not a key of 40 characters"},
        {"kind = curve\nprivate_key = " KEY_SPARE "\n", ":2: is no line of a key file"},
        {"[key]\nkind = curve\n", ":1: a key file has no sections"},
        {"-----BEGIN PRIVATE KEY-----\n", ":1: is neither a section, a comment nor"},
        {"kind = curve\npublic_key = " KEY_SPARE "\nsecret_key = " KEY_BROKER "\n",
         ": public_key does not belong to secret_key"},
    };
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_write(scratch, cases[i].text);
        assert_refused(scratch->path, KEYFILE_CURVE, -EINVAL, cases[i].words);
    }
    text_write(scratch, "kind = secret\npublic_key = " KEY_SPARE "\n");
    assert_refused(scratch->path, KEYFILE_SECRET, -EINVAL, ":2: is no line of a secret");
    text_write(scratch, "kind = secret\n");
    assert_refused(scratch->path, KEYFILE_SECRET, -EINVAL, ": is no whole key file: kind or");
}

static void test_failures_never_tell_the_secret(void **state) {
    static const char *const texts[] = {
        "kind = " KEY_SPARE "\n",
        "kind = curve\nsecret_key = x" KEY_SPARE "\n",
        "kind = curve\n" KEY_SPARE "\n",
        "kind = curve\n" KEY_SPARE " = 1\n",
    };
    struct scratch *scratch = *state;
    struct keyfile key;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct failure failure = {0};
        text_write(scratch, texts[i]);
        assert_int_equal(keyfile_read(scratch->path, KEYFILE_CURVE, &key, &failure), -EINVAL);
        assert_null(strstr(failure.text, "BEx+k1<O8%EW"));
    }
}

/* ---- The broker's own ---- */

static void test_broker_key_in_the_networks_directory(void **state) {
    struct scratch *scratch = *state;
    struct keyfile key, read;
    struct failure failure = {0};

    snprintf(scratch->path, sizeof scratch->path, "%s/broker.key", scratch->folder);
    key_write(scratch->path, KEYFILE_CURVE, &key);
    assert_int_equal(keyfile_read_broker(scratch->folder, key.public_key, &read, &failure), 0);
    assert_memory_equal(read.secret_key, key.secret_key, KEYFILE_KEY_SIZE);
    setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
    assert_int_equal(keyfile_read_broker(scratch->folder, key.public_key, &read, &failure), 0);
    key.public_key[0] ^= 1;
    assert_int_equal(keyfile_read_broker(scratch->folder, key.public_key, &read, &failure),
                     -EINVAL);
    assert_non_null(strstr(failure.text, "is not the key whose public half network.conf has"));
}

static void test_broker_key_as_credential_comes_first(void **state) {
    struct scratch *scratch = *state;
    struct keyfile key, other, read;
    struct failure failure = {0};
    char credentials[SCRATCH_PATH_SIZE + 16];

    snprintf(scratch->path, sizeof scratch->path, "%s/broker.key", scratch->folder);
    key_write(scratch->path, KEYFILE_CURVE, &other);
    snprintf(credentials, sizeof credentials, "%s/credentials", scratch->folder);
    mkdir(credentials, 0755);
    snprintf(scratch->path, sizeof scratch->path, "%s/broker.key", credentials);
    key_write(scratch->path, KEYFILE_CURVE, &key);
    setenv("CREDENTIALS_DIRECTORY", credentials, 1);
    assert_int_equal(keyfile_read_broker(scratch->folder, key.public_key, &read, &failure), 0);
    assert_memory_equal(read.secret_key, key.secret_key, KEYFILE_KEY_SIZE);
}

static int sodium_begin(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, scratch_begin, scratch_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_DISK(test_read_what_was_written),
        ON_DISK(test_mode_is_0600_under_any_umask),
        cmocka_unit_test(test_two_keys_differ),
        cmocka_unit_test(test_wipe),
        ON_DISK(test_a_key_is_never_overwritten),
        cmocka_unit_test(test_write_where_nothing_can_be),
        ON_DISK(test_write_that_fails_leaves_nothing),
        ON_DISK(test_others_may_not_read),
        ON_DISK(test_credentials_are_systemds_to_keep),
        ON_DISK(test_unreadable_file),
        ON_DISK(test_no_file),
        ON_DISK(test_other_things_than_files),
        ON_DISK(test_file_too_big),
        ON_DISK(test_texts_that_are_no_key),
        ON_DISK(test_failures_never_tell_the_secret),
        ON_DISK(test_broker_key_in_the_networks_directory),
        ON_DISK(test_broker_key_as_credential_comes_first),
    };

    return cmocka_run_group_tests_name("key files", tests, sodium_begin, NULL);
}
