/* The real world: the machine's clocks and the kernel's randomness. */
#include "broker/world.h"

#include <assert.h>
#include <sodium.h>
#include <time.h>

static int64_t clock_ms(clockid_t clock) {
    struct timespec now;

    int r = clock_gettime(clock, &now);
    assert(r == 0);
    (void)r;

    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static hv_time real_wall_ms(void *context) {
    (void)context;
    return clock_ms(CLOCK_REALTIME);
}

static int64_t real_boot_ms(void *context) {
    (void)context;
    return clock_ms(CLOCK_BOOTTIME);
}

static void real_random(void *context, void *bytes, size_t size) {
    (void)context;
    randombytes_buf(bytes, size);
}

const struct world world_real = {
    .wall_ms = real_wall_ms,
    .boot_ms = real_boot_ms,
    .random = real_random,
};
