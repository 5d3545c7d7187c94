/* Makes a new network with fresh keys: the broker's files, and a folder for each organisation. */
#ifndef HOUVAST_NETWORK_MAKE_H
#define HOUVAST_NETWORK_MAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/failure.h"

/* Texts are borrowed; "" for a telephone that is not given. */
struct make_organisation {
    const char *name;
    const char *display_name;
    const char *telephone;
    const char *opening[2]; /* lines of its own, as many as are not NULL */
};

struct make_plan {
    const char *directory; /* gets network/ and clients/; made if it is not there */
    const char *name;
    const char *coordinating;
    const char *listen; /* NULL: a socket in the directory */
    bool test;          /* environment = test */
    const struct make_organisation *organisations;
    size_t organisation_count;
};

/* Makes all of it or nothing. 0; -EINVAL where what is asked for makes no network; -EEXIST where
 * there is one already; another negative errno where the disk does not take it. On failure
 * *ret_failure says what to mend and nothing is left behind. Nobody but the owner may read what
 * lies in clients/. */
int network_make(const struct make_plan *plan, struct failure *ret_failure);

#endif
