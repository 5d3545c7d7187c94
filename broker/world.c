/* The real world: the machine's clocks and the kernel's randomness. */
#include "broker/world.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <sys/timex.h>
#include <systemd/sd-id128.h>
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

static void real_boot_id(void *context, uint8_t ret_id[16]) {
    sd_id128_t id;
    (void)context;

    if (sd_id128_get_boot(&id) < 0) /* no /proc: every start is another boot */
        randombytes_buf(&id, sizeof id);
    memcpy(ret_id, id.bytes, 16);
}

static bool real_synchronised(void *context) {
    struct timex timex = {0};
    (void)context;

    return ntp_adjtime(&timex) != TIME_ERROR && !(timex.status & STA_UNSYNC);
}

static void real_random(void *context, void *bytes, size_t size) {
    (void)context;
    randombytes_buf(bytes, size);
}

const struct world world_real = {
    .wall_ms = real_wall_ms,
    .boot_ms = real_boot_ms,
    .boot_id = real_boot_id,
    .synchronised = real_synchronised,
    .random = real_random,
};
