/* Runs: of a seed, or of a script, each in a process of its own, because what goes wrong ends it.
 */
#ifndef HOUVAST_TESTS_SIMULATION_RUN_H
#define HOUVAST_TESTS_SIMULATION_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "step.h"

#define RUN_STEPS_MAX 4096
#define RUN_SAID_SIZE 512

/* What a process and the one that waits for it share. */
struct run {
    uint64_t seed;                   /* that it is at */
    size_t count;                    /* steps of it, taken or under way */
    int64_t seeds, steps, passed_ms; /* in all, of whole runs */
    char folder[64];
    char said[RUN_SAID_SIZE]; /* what was violated; "": nothing, or the process broke off */
    const char *check;        /* which check that was: a format; NULL: none */
    bool tells;               /* says on stdout what each step brings */
    char lines[RUN_STEPS_MAX][STEP_SIZE];
};

struct run *run_new(void);
void run_free(struct run *run);

/* Forks a process that runs every `stride`th seed from `first` on, below `end`. */
pid_t run_seeds(struct run *run, uint64_t first, uint64_t end, uint64_t stride, size_t steps);
/* Forks one that takes run->lines. `quiet`: it has no stderr. */
pid_t run_lines(struct run *run, bool quiet);
/* Waits for it and cleans up behind it. True where all went well; else run->said says what not. */
bool run_wait(struct run *run, pid_t process);

/* Reads a script: its seed and lines. False where it cannot be read. */
bool run_read(struct run *run, const char *path);
void run_write(const struct run *run, const char *path);

/* Drops steps of run->lines, and words of these, for as long as the same check still fails. */
void run_shrink(struct run *run);

#endif
