/* The files below a network's directory: which ones count, and their texts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/network_ladder.h"
#include "broker/network_read.h"

#define PATH_SIZE 1024

struct loading {
    const struct network_reading *reading;
    int directory_fd; /* of the network's directory */
    struct network_file *files;
    size_t count;
};

/* ---- Failures that carry an errno ---- */

static int wrong_errno(const struct loading *loading, const char *path, int error,
                       const char *mend) {
    const struct network_reading *reading = loading->reading;
    size_t length = strlen(reading->directory);

    /* The slash is for what lies in the directory, not for the directory itself. */
    while (!*path && length > 1 && reading->directory[length - 1] == '/')
        length--;
    return failure_set(reading->failure, -error, "%.*s%s: %s; %s", (int)length, reading->directory,
                       path, strerror(error), mend);
}

static int wrong_name(const struct loading *loading, const char *path, const char *sentence) {
    return network_wrong(loading->reading, (struct network_place){.path = path}, "%s", sentence);
}

/* ---- One file ---- */

static int text_read(int fd, char *text, size_t size, size_t *ret_size) {
    size_t at = 0;

    while (at < size) {
        ssize_t got = read(fd, text + at, size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        at += (size_t)got;
    }
    *ret_size = at;
    return 0;
}

static int file_add(struct loading *loading, const char *path, int fd, size_t size) {
    struct network_file *files =
        reallocarray(loading->files, loading->count + 1, sizeof *loading->files);

    if (!files)
        return network_out_of_memory(loading->reading);
    loading->files = files;
    struct network_file *file = &files[loading->count++];
    /* One byte more than stat said, so that a file which grows meanwhile is read to its end next
     * time rather than cut: what is over is noticed below. */
    *file = (struct network_file){.path = strdup(path), .text = malloc(size + 1)};
    if (!file->path || !file->text)
        return network_out_of_memory(loading->reading);
    int result = text_read(fd, file->text, size + 1, &file->size);
    if (result < 0)
        return wrong_errno(loading, path, -result, "see to the disk, or make the file readable");
    if (file->size > size)
        return wrong_errno(loading, path, EAGAIN, "the file is being written; try again");
    return 0;
}

static int file_read(struct loading *loading, const char *path, int fd) {
    struct stat status;

    if (fstat(fd, &status) < 0)
        return wrong_errno(loading, path, errno, "see to the disk");
    if (S_ISDIR(status.st_mode))
        return wrong_errno(loading, path, EISDIR, "put a file of that name in its place");
    if (!S_ISREG(status.st_mode))
        return wrong_name(loading, path, "is not a regular file; put one in its place");
    if (status.st_size > (off_t)NETWORK_FILE_BYTES_MAX)
        return wrong_errno(loading, path, EFBIG,
                           "a file of the network has 1 MiB at most; put the right one in its "
                           "place");
    return file_add(loading, path, fd, (size_t)status.st_size);
}

static int file_load(struct loading *loading, const char *path) {
    /* NONBLOCK: a pipe of that name must not hold us up. */
    int fd = openat(loading->directory_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return wrong_errno(loading, path, ENOENT,
                           "write it, or make a network with `houvast network init`");
    if (fd < 0)
        return wrong_errno(loading, path, errno, "make it readable for this user");
    int result = file_read(loading, path, fd);
    close(fd);
    return result;
}

/* ---- Folders ---- */

/* Hidden files and what editors and the package manager leave behind. */
static bool is_leftover(const char *name) {
    static const char *const patterns[] = {".*", "*~", "*.bak", "*.dpkg-*"};

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    }
    return false;
}

static bool ends_with(const char *name, const char *end) {
    size_t name_size = strlen(name), end_size = strlen(end);

    return name_size > end_size && strcmp(name + name_size - end_size, end) == 0;
}

/* Not alphasort, which goes by the locale. */
static int names_compare(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

typedef int folder_entry(struct loading *loading, const char *path, const char *name);

/* Gives each entry that is no leftover to `entry`, in the order of names. */
static int folder_walk(struct loading *loading, const char *folder, bool required,
                       folder_entry *entry) {
    struct dirent **names;
    char path[PATH_SIZE];
    int result = 0;
    int count = scandirat(loading->directory_fd, folder, &names, NULL, names_compare);

    if (count < 0 && errno == ENOENT && !required)
        return 0;
    if (count < 0)
        return wrong_errno(loading, folder, errno, "make it a folder that this user may read");
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (result == 0 && !is_leftover(names[i]->d_name))
            result = entry(loading, path, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return result;
}

static int drop_in_load(struct loading *loading, const char *path, const char *name) {
    if (!ends_with(name, ".conf"))
        return wrong_name(loading, path,
                          "is no drop-in; rename it to end in .conf, or move it elsewhere");
    return file_load(loading, path);
}

/* The drop-ins of a file, if it has any. */
static int drop_ins_load(struct loading *loading, const char *path) {
    char folder[PATH_SIZE];

    snprintf(folder, sizeof folder, "%s.d", path);
    return folder_walk(loading, folder, false, drop_in_load);
}

/* A file with its drop-ins. Their folder has a turn of its own, and is passed over then. */
static int unit_load(struct loading *loading, const char *path, const char *name,
                     const char *otherwise) {
    char main_path[PATH_SIZE];

    if (ends_with(name, ".conf")) {
        int result = file_load(loading, path);
        return result < 0 ? result : drop_ins_load(loading, path);
    }
    snprintf(main_path, sizeof main_path, "%.*s", (int)(strlen(path) - strlen(".d")), path);
    if (ends_with(name, ".conf.d") && faccessat(loading->directory_fd, main_path, F_OK, 0) < 0)
        return wrong_name(loading, path,
                          "has drop-ins for a file that is not there; write that file, or remove "
                          "this folder");
    return ends_with(name, ".conf.d") ? 0 : wrong_name(loading, path, otherwise);
}

static int organisation_load(struct loading *loading, const char *path, const char *name) {
    return unit_load(loading, path, name,
                     "is no organisation's file; rename it to <name>.conf, or move it elsewhere");
}

static int ladder_load(struct loading *loading, const char *path, const char *name) {
    if (ends_with(name, ".conf") && !network_ladder_is_file(path))
        return wrong_name(loading, path,
                          "is not called by 1 to 32 characters out of a-z 0-9 - before its .conf; "
                          "rename it");
    return unit_load(loading, path, name,
                     "is no file of ladders; rename it to <name>.conf, or move it elsewhere");
}

/* ---- The whole directory ---- */

static int all_load(struct loading *loading) {
    int result = file_load(loading, "network.conf");

    if (result == 0)
        result = drop_ins_load(loading, "network.conf");
    if (result < 0)
        return result;
    result = folder_walk(loading, "organisations", true, organisation_load);
    return result < 0 ? result : folder_walk(loading, "ladders", false, ladder_load);
}

static int paths_compare(const void *a, const void *b) {
    const struct network_file *left = a, *right = b;

    return strcmp(left->path, right->path);
}

int network_files_load(const struct network_reading *reading, struct network_file **ret_files,
                       size_t *ret_count) {
    struct loading loading = {.reading = reading};
    const char *directory = *reading->directory ? reading->directory : ".";

    *ret_files = NULL;
    *ret_count = 0;
    loading.directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (loading.directory_fd < 0)
        return wrong_errno(&loading, "", errno,
                           "name the directory that has network.conf (`houvast network init` makes "
                           "one)");
    int result = all_load(&loading);
    close(loading.directory_fd);
    if (result == 0 && loading.count > 1)
        qsort(loading.files, loading.count, sizeof *loading.files, paths_compare);
    *ret_files = loading.files;
    *ret_count = loading.count;
    return result;
}

int network_files_copy(const struct network_reading *reading, const struct network_file *files,
                       size_t count, struct network_file **ret_files) {
    struct network_file *copies = calloc(count + 1, sizeof *copies);

    *ret_files = copies;
    if (!copies)
        return network_out_of_memory(reading);
    for (size_t i = 0; i < count; i++) {
        struct network_file *copy = &copies[i];
        copy->path = strdup(files[i].path);
        copy->text = malloc(files[i].size + 1);
        if (!copy->path || !copy->text) {
            network_files_free(copies, i + 1);
            *ret_files = NULL;
            return network_out_of_memory(reading);
        }
        memcpy(copy->text, files[i].text, files[i].size);
        copy->size = files[i].size;
    }
    qsort(copies, count, sizeof *copies, paths_compare);
    return 0;
}

void network_files_free(struct network_file *files, size_t count) {
    for (size_t i = 0; files && i < count; i++) {
        free(files[i].path);
        free(files[i].text);
    }
    free(files);
}
