/* The process's descriptors: every connection takes one, and libzmq goes on asking for more. */
#ifndef HOUVAST_DESCRIPTORS_H
#define HOUVAST_DESCRIPTORS_H

#include <stdbool.h>

/* Raises what we may have to what the system allows us. */
void descriptors_raise(void);

/* Whether nearly all are taken (all but 64, or an eighth where that is less): libzmq then turns
 * round and round trying to let the next connection in, and the network's files cannot be read.
 * Costs one system call while there are plenty. */
bool descriptors_scarce(void);

/* How many we may have. */
unsigned long descriptors_max(void);

#endif
