/* The network's files as sections and settings, drop-ins laid over their file, and the files
 * themselves. For network*.c alone. */
#ifndef HOUVAST_NETWORK_READ_H
#define HOUVAST_NETWORK_READ_H

#include "broker/network.h"

#define NETWORK_FILE_BYTES_MAX ((size_t)1 << 20)

/* Where something was read; line 0 stands for the file as a whole. The path is borrowed. */
struct network_place {
    const char *path;
    unsigned line;
};

/* What every function of the reading shares. */
struct network_reading {
    const char *directory; /* put before paths in failures; "" where the texts are from memory */
    bool from_disk;        /* then names are also looked up on this machine (time zones) */
    struct failure *failure;
};

/* Writes "file:line: sentence" and returns -EINVAL; -ENOMEM the same for lack of memory. */
int network_wrong(const struct network_reading *reading, struct network_place place,
                  const char *format, ...) __attribute__((format(printf, 3, 4)));
int network_out_of_memory(const struct network_reading *reading);

/* BLAKE2b-256 over paths and texts, each with its length. */
void network_files_hash(const struct network_file *files, size_t count, uint8_t ret_hash[32]);

struct network_setting {
    char *key;
    char *value; /* "" takes an earlier assignment back */
    struct network_place place;
    struct network_setting *next;
};

struct network_section {
    char *kind;
    char *label;                /* "" where it has none */
    struct network_place place; /* of its first header */
    struct network_setting *settings;
    struct network_section *next;
};

/* Reads `files`, one file and its drop-ins in the order in which they are laid over each other.
 * *ret_sections is to be freed with network_sections_free, also on failure. Sections and keys that
 * `network_rules.h` does not know are mistakes. */
int network_sections_read(const struct network_reading *reading, const struct network_file *files,
                          size_t count, struct network_section **ret_sections);
void network_sections_free(struct network_section *sections);

/* The setting of that key if it has a value, else NULL. */
const struct network_setting *network_setting_find(const struct network_section *section,
                                                   const char *key);
/* The next setting of the same key that has a value: keys that are lists may stand more than once.
 */
const struct network_setting *network_setting_next(const struct network_setting *setting);
/* Whether every assignment in it was taken back by a drop-in; false where there was none. */
bool network_section_is_emptied(const struct network_section *section);

/* All files below the network's directory, in the order of their paths. *ret_files is to be freed
 * with network_files_free, also on failure. */
int network_files_load(const struct network_reading *reading, struct network_file **ret_files,
                       size_t *ret_count);
/* A deep copy in the order of paths. */
int network_files_copy(const struct network_reading *reading, const struct network_file *files,
                       size_t count, struct network_file **ret_files);
void network_files_free(struct network_file *files, size_t count);

#endif
