/* The world as the broker sees it: clock and randomness, behind one struct so that a test can own
 * them. */
#ifndef HOUVAST_WORLD_H
#define HOUVAST_WORLD_H

#include "houvast/messages.h"

struct world {
    void *context;
    /* Wall clock, ms since 1970. */
    hv_time (*wall_ms)(void *context);
    /* ms since boot, suspended time included; never steps back. */
    int64_t (*boot_ms)(void *context);
    /* Of this boot: another one after the next; all zeroes where the machine does not say. */
    void (*boot_id)(void *context, uint8_t ret_id[16]);
    /* Whether the kernel says that a time service keeps the wall clock; false where it may not be
     * asked. */
    bool (*synchronised)(void *context);
    /* Fills `size` bytes that nobody can guess. */
    void (*random)(void *context, void *bytes, size_t size);
};

/* CLOCK_REALTIME, CLOCK_BOOTTIME and libsodium. Static; call sodium_init() before. */
extern const struct world world_real;

#endif
