/* A failure that a person has to mend: one sentence that names the place and the mend. */
#ifndef HOUVAST_FAILURE_H
#define HOUVAST_FAILURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define FAILURE_SIZE 1024

struct failure {
    char text[FAILURE_SIZE]; /* UTF-8 that shows; cut with an ellipsis where it does not fit */
};

/* Writes the sentence and returns `code`, so that a caller can `return failure_set(…, -EINVAL, …)`.
 */
int failure_set(struct failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many bytes the next character of a text that is not empty has. *ret_shows is false for what
 * plays with a terminal, control characters and those that turn the direction of writing, and for a
 * byte that is no UTF-8. */
size_t text_next(const char *text, bool *ret_shows);

#endif
