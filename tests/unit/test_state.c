/* The state directory: made and shut for ourselves, refused where it is not fit, one process. */
#include "broker/state.h"

#include <errno.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "network_samples.h"

#define NOBODY 65534

struct place {
    char folder[SCRATCH_PATH_SIZE];
    char path[128]; /* of the state directory in it, which is not there yet */
};

static int place_begin(void **state) {
    struct place *place = calloc(1, sizeof *place);

    scratch_make(place->folder);
    snprintf(place->path, sizeof place->path, "%s/state", place->folder);
    *state = place;
    return 0;
}

static int place_end(void **state) {
    struct place *place = *state;

    scratch_remove(place->folder);
    free(place);
    return 0;
}

static struct state opened(const char *path) {
    struct state state;
    struct failure failure = {0};

    if (state_open(path, &state, &failure) < 0)
        fail_msg("%s", failure.text);
    return state;
}

/* Refused with that code and with these words in the sentence, and nothing held. */
static void assert_refused(const char *path, int code, const char *words) {
    struct state state = {.directory_fd = -1, .lock_fd = -1};
    struct failure failure = {0};

    assert_int_equal(state_open(path, &state, &failure), code);
    if (!strstr(failure.text, words) || !strstr(failure.text, path))
        fail_msg("expected `%s` and `%s` in: %s", path, words, failure.text);
    assert_int_equal(state.directory_fd, -1);
    assert_int_equal(state.lock_fd, -1);
}

static mode_t mode_of(const char *path) {
    struct stat file;

    assert_return_code(stat(path, &file), errno);
    return file.st_mode & 07777;
}

static void test_made_for_us_alone(void **state) {
    struct place *place = *state;

    struct state held = opened(place->path);
    assert_int_equal(mode_of(place->path), 0700);
    state_close(&held);
    assert_int_equal(held.lock_fd, -1);
}

static void test_an_open_directory_is_shut(void **state) {
    struct place *place = *state;

    mkdir(place->path, 0700);
    chmod(place->path, 0755);
    struct state held = opened(place->path);
    assert_int_equal(mode_of(place->path), 0700);
    state_close(&held);
}

/* Under systemd the state directory of a dynamic user is a link into a private one. */
static void test_a_link_to_a_directory_is_followed(void **state) {
    struct place *place = *state;
    char link_path[160];

    mkdir(place->path, 0700);
    snprintf(link_path, sizeof link_path, "%s/link", place->folder);
    assert_return_code(symlink(place->path, link_path), errno);
    struct state held = opened(link_path);
    assert_string_equal(strrchr(held.path, '/'), strrchr(place->path, '/'));
    assert_refused(place->path, -EWOULDBLOCK, "in use");
    state_close(&held);
}

static void test_a_parent_is_not_made(void **state) {
    struct place *place = *state;
    char path[160];

    snprintf(path, sizeof path, "%s/deeper", place->path);
    assert_refused(path, -ENOENT, "directory above it does not exist");
    assert_int_equal(access(place->path, F_OK), -1);
}

static void test_a_file_is_no_directory(void **state) {
    struct place *place = *state;

    scratch_write(place->folder, "state", "something");
    assert_refused(place->path, -ENOTDIR, "is not a directory");
}

static void test_another_users_directory(void **state) {
    struct place *place = *state;

    if (geteuid() != 0)
        skip();
    mkdir(place->path, 0700);
    assert_return_code(chown(place->path, NOBODY, NOBODY), errno);
    assert_refused(place->path, -EPERM, "belongs to user 65534");
}

/* Who comes second is told which process to look for; when that one is gone the way is free. */
static void test_who_comes_second_learns_who_has_it(void **state) {
    struct place *place = *state;
    int ready[2], end[2], status;
    char byte = 0, words[64];

    assert_return_code(pipe(ready), errno);
    assert_return_code(pipe(end), errno);
    pid_t other = fork();
    if (other == 0) {
        struct state held;
        struct failure failure;
        int r = state_open(place->path, &held, &failure);
        close(end[1]);
        if (write(ready[1], &byte, 1) != 1 || read(end[0], &byte, 1) != 0)
            _exit(2);
        _exit(r < 0); /* without giving it back: the kernel does */
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);

    snprintf(words, sizeof words, "in use by houvastd, process %d", (int)other);
    assert_refused(place->path, -EWOULDBLOCK, words);
    assert_refused(place->path, -EWOULDBLOCK, words);

    close(end[0]);
    close(end[1]);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(ready[1]);
    struct state held = opened(place->path);
    state_close(&held);
}

static void test_given_back_and_taken_again(void **state) {
    struct place *place = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct state held = opened(place->path);
        assert_refused(place->path, -EWOULDBLOCK, "in use by houvastd, process ");
        state_close(&held);
        state_close(&held); /* holds nothing now, and that is fine */
    }
}

/* A write-ahead log needs a disk of this machine. */
static void test_file_systems(void **state) {
    static const unsigned long fit[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,       BTRFS_SUPER_MAGIC,
                                        TMPFS_MAGIC,      OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC};
    static const struct {
        unsigned long type;
        const char *name;
    } unfit[] = {
        {NFS_SUPER_MAGIC, "NFS"},
        {SMB2_SUPER_MAGIC, "SMB"},
        {CIFS_SUPER_MAGIC, "CIFS"},
        {V9FS_MAGIC, "9p"},
        {CEPH_SUPER_MAGIC, "Ceph"},
        {CODA_SUPER_MAGIC, "Coda"},
        {AFS_SUPER_MAGIC, "AFS"},
        {AFS_FS_MAGIC, "AFS"},
        {FUSE_SUPER_MAGIC, "FUSE or virtiofs"},
        {OCFS2_SUPER_MAGIC, "OCFS2"},
        {0x01161970, "GFS2"},
        {0x0bd00bd0, "Lustre"},
        {0x786f4256, "VirtualBox shared folders"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++)
        assert_null(state_unfit_filesystem(fit[i]));
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        const char *name = state_unfit_filesystem(unfit[i].type);
        assert_non_null(name);
        assert_string_equal(name, unfit[i].name);
    }
}

int main(void) {
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_begin, place_end)
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(test_made_for_us_alone),
        IN_A_PLACE(test_an_open_directory_is_shut),
        IN_A_PLACE(test_a_link_to_a_directory_is_followed),
        IN_A_PLACE(test_a_parent_is_not_made),
        IN_A_PLACE(test_a_file_is_no_directory),
        IN_A_PLACE(test_another_users_directory),
        IN_A_PLACE(test_who_comes_second_learns_who_has_it),
        IN_A_PLACE(test_given_back_and_taken_again),
        cmocka_unit_test(test_file_systems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
