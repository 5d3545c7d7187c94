/* Runs a fuzzer over the inputs kept for it, without libFuzzer: once each, as one test.
 *
 *   BUILD/test/fuzz/fuzz_NAME CORPUS      (tests/fuzz/corpus/NAME) */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"

#define INPUT_BYTES_MAX ((size_t)1 << 20)

static void replay(const char *folder, const char *name) {
    char path[4096];
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!bytes || !file)
        fuzz_fail("%s: cannot be read", path);
    const size_t size = fread(bytes, 1, INPUT_BYTES_MAX, file);
    (void)fclose(file);
    uint8_t *exact = malloc(size + (size == 0)); /* reading past it is found out */
    if (!exact)
        fuzz_fail("out of memory");
    memcpy(exact, bytes, size);
    free(bytes);
    printf("# %s\n", name); /* the last one said is the one that failed */
    (void)fflush(stdout);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int is_input(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv) {
    struct dirent **entries = NULL;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 64;
    }
    const int count = scandir(argv[1], &entries, is_input, alphasort);
    if (count < 0)
        fuzz_fail("%s: cannot be read", argv[1]);
    printf("1..1\n");
    for (int i = 0; i < count; i++) {
        replay(argv[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    printf("%sok 1 - all %d inputs of %s\n", count > 0 ? "" : "not ", count, argv[1]);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
