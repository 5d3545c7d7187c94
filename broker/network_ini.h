/* The INI form of our files: inih, with line numbers, and strict where inih is silent.
 *
 * A line is blank, a comment (# or ;), a header "[kind]" or "[kind label]", or "key = value". What
 * inih would cut, join or pass over without a word is an error here: a line longer than its buffer,
 * a line that begins with a blank, CR LF, NUL bytes, text that is not UTF-8. A blank and ";" inside
 * a line begin a comment. */
#ifndef HOUVAST_NETWORK_INI_H
#define HOUVAST_NETWORK_INI_H

#include <stddef.h>

#include "broker/failure.h"

/* One header (key and value are NULL) or one assignment (kind and label are those of the header
 * above it, "" before the first). Texts are borrowed for the call. */
struct network_ini_line {
    unsigned line; /* from 1 */
    const char *kind;
    const char *label;
    const char *key;
    const char *value;
};

/* Returns 0, or a negative errno with the failure set, which ends the reading. */
typedef int network_ini_take(void *context, const struct network_ini_line *line,
                             struct failure *ret_failure);

/* Reads `text` and gives its lines to `take` in order. `name` is how failures call the file.
 * 0; -EINVAL with the first mistake in *ret_failure; or what `take` returned. */
int network_ini_read(const char *name, const char *text, size_t size, network_ini_take *take,
                     void *context, struct failure *ret_failure);

#endif
