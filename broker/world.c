/* The real world: the machine's clocks and the kernel's randomness. */
#include "broker/world.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Not there under ProcSubset=pid: the unit then says it in the environment. */
#define BOOT_ID_PATH     "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_VARIABLE "HOUVAST_BOOT_ID"

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

/* 32 digits, with dashes between some of them or without. */
static bool boot_id_of_text(const char *text, uint8_t ret_id[16]) {
    size_t size = 0;

    return sodium_hex2bin(ret_id, 16, text, strcspn(text, "\n"), "-", &size, NULL) == 0 &&
           size == 16;
}

static bool boot_id_read(uint8_t ret_id[16]) {
    const char *said = getenv(BOOT_ID_VARIABLE);
    char line[64] = "";
    FILE *file = fopen(BOOT_ID_PATH, "re");

    if (file) {
        if (!fgets(line, sizeof line, file))
            line[0] = '\0';
        (void)fclose(file);
    }
    return boot_id_of_text(line, ret_id) || (said && boot_id_of_text(said, ret_id));
}

/* It stays the same for as long as the process lives. */
static void real_boot_id(void *context, uint8_t ret_id[16]) {
    static uint8_t id[16];
    static bool known;
    (void)context;

    if (!known && !boot_id_read(id))
        memset(id, 0, sizeof id);
    known = true;
    memcpy(ret_id, id, sizeof id);
}

/* systemd's time service touches this file each time it has set the clock. Asking the kernel
 * instead (adjtimex) is among the calls that a service may not make. */
#define SYNCHRONISED_FILE "/run/systemd/timesync/synchronized"
/* So long it counts: a clock that steps by as much as is doubted has left it behind. */
#define SYNCHRONISED_MS INT64_C(300000)

static bool real_synchronised(void *context) {
    struct stat status;

    if (stat(SYNCHRONISED_FILE, &status) < 0)
        return false;
    const hv_time at_ms = (hv_time)status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
    const int64_t since_ms = real_wall_ms(context) - at_ms;
    return since_ms >= 0 && since_ms < SYNCHRONISED_MS;
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
