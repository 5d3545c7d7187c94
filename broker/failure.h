/* A failure that a person has to mend: one sentence that names the place and the mend. */
#ifndef HOUVAST_FAILURE_H
#define HOUVAST_FAILURE_H

#include <stdarg.h>

#define FAILURE_SIZE 1024

struct failure {
    char text[FAILURE_SIZE]; /* UTF-8; cut with an ellipsis where it does not fit */
};

/* Writes the sentence and returns `code`, so that a caller can `return failure_set(…, -EINVAL, …)`.
 */
int failure_set(struct failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
