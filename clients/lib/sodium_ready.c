/* Makes libsodium ready before the first use, wherever that is. */
#include "clients/lib/sodium_ready.h"

#include <sodium.h>
#include <stdlib.h>

void sodium_ready(void) {
    if (sodium_init() < 0)
        abort();
}
