/* A world that a test owns: its clocks stand still until they are moved, and its chance can be had
 * again. */
#ifndef HOUVAST_TESTS_FAKE_WORLD_H
#define HOUVAST_TESTS_FAKE_WORLD_H

#include "broker/world.h"
#include "wire_samples.h"

struct fake_world {
    struct world world; /* its context is this struct: it must not be moved */
    hv_time wall_ms;
    int64_t boot_ms;
    uint8_t boot; /* which boot it is */
    bool synchronised;
    struct chance chance;
};

void fake_world_init(struct fake_world *fake, uint64_t seed);

/* Time goes by on both clocks. */
void fake_world_pass(struct fake_world *fake, int64_t ms);

#endif
