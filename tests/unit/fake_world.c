/* A world that a test owns. */
#include "fake_world.h"

#include <string.h>

static hv_time fake_wall_ms(void *context) {
    const struct fake_world *fake = context;

    return fake->wall_ms;
}

static int64_t fake_boot_ms(void *context) {
    const struct fake_world *fake = context;

    return fake->boot_ms;
}

static void fake_boot_id(void *context, uint8_t ret_id[16]) {
    const struct fake_world *fake = context;

    memset(ret_id, 0, 16);
    ret_id[0] = fake->boot;
}

static bool fake_synchronised(void *context) {
    const struct fake_world *fake = context;

    return fake->synchronised;
}

static void fake_random(void *context, void *bytes, size_t size) {
    struct fake_world *fake = context;
    uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)chance_next(&fake->chance);
}

void fake_world_init(struct fake_world *fake, uint64_t seed) {
    *fake = (struct fake_world){
        .world = {.context = fake,
                  .wall_ms = fake_wall_ms,
                  .boot_ms = fake_boot_ms,
                  .boot_id = fake_boot_id,
                  .synchronised = fake_synchronised,
                  .random = fake_random},
        .wall_ms = INT64_C(1795000000000),
        .boot_ms = 1000000,
        .chance = {seed},
    };
}

void fake_world_pass(struct fake_world *fake, int64_t ms) {
    fake->wall_ms += ms;
    fake->boot_ms += ms;
}
