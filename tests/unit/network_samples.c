/* A small network in memory to break in tests, and a folder on disk that goes away again. */
#include "network_samples.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const sample_texts[][2] = {
    {"network.conf", "[network]\n"
                     "name = delft\n"
                     "coordinating = kcc\n"
                     "time_zone = Europe/Amsterdam\n"
                     "environment = production\n"
                     "[broker]\n"
                     "public_key = " KEY_BROKER "\n"
                     "listen = ipc:///run/houvast/delft.sock tcp://127.0.0.1:5570\n"
                     "[limits]\n"
                     "heartbeat = 15s\n"
                     "[policies]\n"
                     "settle = organisation\n"},
    {"organisations/kcc.conf", "[organisation]\n"
                               "name = kcc\n"
                               "display_name = KCC\n"
                               "telephone = 14015\n"
                               "[key endpoint]\n"
                               "public_key = " KEY_KCC_ENDPOINT "\n"
                               "roles = endpoint\n"
                               "[key coordinator]\n"
                               "public_key = " KEY_KCC_COORDINATOR "\n"
                               "roles = coordinator operator\n"
                               "[sealing first]\n"
                               "public_key = " KEY_KCC_SEALING "\n"
                               "valid_from = 2026-01-01\n"
                               "valid_until = 2028-01-01T12:00:00Z\n"},
    {"organisations/werkse.conf", "[organisation]\n"
                                  "name = werkse\n"
                                  "display_name = Werkse!\n"
                                  "telephone = +31 (0)15 123\n"
                                  "telephone_out_of_hours = 112\n"
                                  "[key endpoint]\n"
                                  "public_key = " KEY_WERKSE_ENDPOINT "\n"
                                  "roles = endpoint\n"
                                  "[key coordinator]\n"
                                  "public_key = " KEY_WERKSE_COORDINATOR "\n"
                                  "roles = coordinator\n"
                                  "[sealing first]\n"
                                  "public_key = " KEY_WERKSE_SEALING "\n"
                                  "valid_from = 2026-01-01\n"
                                  "valid_until = 2028-01-01\n"},
};

static void *not_null(void *memory) {
    if (!memory)
        fail_msg("out of memory");
    return memory;
}

/* ---- In memory ---- */

void sample_network_init(struct sample_network *sample) {
    *sample = (struct sample_network){0};
    for (size_t i = 0; i < sizeof sample_texts / sizeof *sample_texts; i++)
        sample_network_set(sample, sample_texts[i][0], sample_texts[i][1]);
}

static void file_fini(struct network_file *file) {
    free(file->path);
    free(file->text);
}

void sample_network_fini(struct sample_network *sample) {
    for (size_t i = 0; i < sample->count; i++)
        file_fini(&sample->files[i]);
}

static size_t file_index(const struct sample_network *sample, const char *path) {
    size_t at = 0;

    while (at < sample->count && strcmp(sample->files[at].path, path) != 0)
        at++;
    return at;
}

void sample_network_set(struct sample_network *sample, const char *path, const char *text) {
    size_t at = file_index(sample, path);

    if (at < sample->count) {
        file_fini(&sample->files[at]);
        sample->files[at] = sample->files[--sample->count];
    }
    if (!text)
        return;
    assert_true(sample->count < SAMPLE_FILES_MAX);
    sample->files[sample->count++] = (struct network_file){
        .path = not_null(strdup(path)), .text = not_null(strdup(text)), .size = strlen(text)};
}

void sample_network_replace(struct sample_network *sample, const char *path, const char *find,
                            const char *put) {
    size_t at = file_index(sample, path);
    char *text = NULL;

    assert_true(at < sample->count);
    const char *found = strstr(sample->files[at].text, find);
    if (!found)
        fail_msg("%s has no `%s` to replace", path, find);
    if (asprintf(&text, "%.*s%s%s", (int)(found - sample->files[at].text), sample->files[at].text,
                 put, found + strlen(find)) < 0)
        fail_msg("out of memory");
    sample_network_set(sample, path, text);
    free(text);
}

struct network *sample_network_parse(const struct sample_network *sample) {
    struct network *network = NULL;
    struct failure failure;

    if (network_parse(sample->files, sample->count, &network, &failure) < 0)
        fail_msg("%s", failure.text);
    return network;
}

/* ---- On disk ---- */

void scratch_make(char ret_path[SCRATCH_PATH_SIZE]) {
    strcpy(ret_path, "/tmp/houvast-test.XXXXXX");
    not_null(mkdtemp(ret_path));
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void scratch_remove(const char *path) {
    assert_int_equal(nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void scratch_write(const char *folder, const char *path, const char *text) {
    char whole[1024];

    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    for (char *at = whole + strlen(folder) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(whole, 0755);
        *at = '/';
    }
    FILE *file = not_null(fopen(whole, "w"));
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

void sample_network_write(const struct sample_network *sample, const char *folder) {
    for (size_t i = 0; i < sample->count; i++)
        scratch_write(folder, sample->files[i].path, sample->files[i].text);
}
