/* What houvastd is told on its command line. */
#ifndef HOUVAST_ARGUMENTS_H
#define HOUVAST_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_LISTEN_MAX 16

struct arguments {
    const char *network_directory;
    const char *state_directory; /* NULL only with `check` */
    const char *listen[ARGUMENTS_LISTEN_MAX];
    size_t listen_count; /* 0: where the network's files say */
    bool check;
};

/* Reads the command line; the texts are borrowed from `argv`. Ends the process after --help and
 * --version with 0, and after a mistake, with a sentence, with EX_USAGE. */
void arguments_read(int argc, char **argv, struct arguments *ret_arguments);

#endif
