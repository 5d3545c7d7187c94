/* The simulation: the whole broker but its sockets in one process, on virtual time, from one seed.
 *
 *   simulate [--seeds N] [--first K] [--steps M] [--jobs J] [--least L] [--keep DIR] [--shrink V]
 *   simulate --test [--scripts DIR]      a fixed number of seeds, a fresh one, and every script, in
 *                                        the Test Anything Protocol
 *   simulate SCRIPT…                     replays scripts, and tells which events each step brings
 *
 * A run is a row of steps (step.h): peers of four organisations say what is mostly sensible
 * (people.c), or lose, double, delay, break and repeat it; their systems go away; time passes, by
 * minutes or months; the wall clock steps, the machine starts anew; network files change, keys and
 * ladders with them; the process is killed, the power goes in the middle of a write and what was
 * not synced is dropped, torn or reordered (disk.c); the disk fills up or fails.
 *
 * After every step all guarantees are checked. The model (model.c) is told each event and nothing
 * else, and says what may follow: who holds (H1), that the hold moves by a confirmation alone (H2),
 * how a journey ends (H3), and which steps fall due when, and that nobody waits unheard (T1). What
 * peers hear (heard.c) must be recorded (D1, A1), once (D2), theirs (P1), and in order (D3). Rows
 * are what the events say. In the middle and at the end the ledger is audited as a whole.
 *
 * One that fails is shrunk to a script (build/simulation/seed-N.script): the few steps and words
 * without which the same check does not fail. `simulate` with its path replays it and tells what
 * happens; in tests/simulation/scripts, with a sentence on top, `make test` replays it for good. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "marks.h"
#include "run.h"

#define JOBS_MAX 16
#define YEAR_MS  (365.25 * 86400000)

struct options {
    uint64_t seeds, first;
    size_t steps;
    unsigned jobs;
    unsigned long least;
    unsigned long shrink; /* as many violations are shrunk: more say little more */
    bool test;
    const char *keep;    /* where scripts of failures go */
    const char *scripts; /* that are replayed */
};

struct sum {
    int64_t seeds, steps, passed_ms;
    unsigned violations;
};

/* ---- Violations ---- */

static void report(struct run *run, const struct options *options, struct sum *sum) {
    char path[256];

    (void)fprintf(stderr, "seed %llu, step %zu: %s\n", (unsigned long long)run->seed, run->count,
                  run->said);
    if (++sum->violations > options->shrink)
        return;
    run_shrink(run);
    (void)mkdir(options->keep, 0777);
    (void)snprintf(path, sizeof path, "%s/seed-%llu.script", options->keep,
                   (unsigned long long)run->seed);
    run_write(run, path);
    (void)fprintf(stderr, "# %s, in %zu steps (simulate with its path tells what happens): %s\n",
                  path, run->count, run->said);
    for (size_t i = 0; i < run->count; i++)
        (void)fprintf(stderr, "    %s\n", run->lines[i]);
}

/* ---- Seeds ---- */

struct job {
    struct run *run;
    pid_t process; /* 0: it has ended */
};

static struct job *job_wait(struct job *jobs, unsigned count) {
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            abort();
    for (unsigned i = 0; i < count; i++)
        if (jobs[i].process == info.si_pid)
            return &jobs[i];
    abort();
}

static struct sum run_all(const struct options *options) {
    const uint64_t end = options->first + options->seeds;
    struct job jobs[JOBS_MAX] = {{0}};
    struct sum sum = {0};
    unsigned running = options->jobs;

    for (unsigned i = 0; i < options->jobs; i++) {
        jobs[i].run = run_new();
        jobs[i].process =
            run_seeds(jobs[i].run, options->first + i, end, options->jobs, options->steps);
    }
    while (running > 0) {
        struct job *job = job_wait(jobs, options->jobs);
        if (run_wait(job->run, job->process)) {
            job->process = 0;
            running--;
            continue;
        }
        const uint64_t next = job->run->seed + options->jobs;
        report(job->run, options, &sum);
        job->process = run_seeds(job->run, next, end, options->jobs, options->steps);
    }
    for (unsigned i = 0; i < options->jobs; i++) {
        sum.seeds += jobs[i].run->seeds;
        sum.steps += jobs[i].run->steps;
        sum.passed_ms += jobs[i].run->passed_ms;
        run_free(jobs[i].run);
    }
    sum.seeds += sum.violations;
    return sum;
}

static void sum_print(FILE *file, const struct sum *sum) {
    (void)fprintf(file, "%lld seeds, %lld steps, %.0f simulated years, %u violations\n",
                  (long long)sum->seeds, (long long)sum->steps, (double)sum->passed_ms / YEAR_MS,
                  sum->violations);
}

static int simulate(const struct options *options) {
    const struct sum sum = run_all(options);
    const unsigned missing = marks_print(stdout, options->least);

    (void)printf("\n%u marks were made less than %lu times (!)\n", missing, options->least);
    sum_print(stdout, &sum);
    return sum.violations ? 1 : 0;
}

/* ---- Scripts ---- */

static bool replay(const char *path, bool tells) {
    struct run *run = run_new();
    bool well = run_read(run, path);

    run->tells = tells;
    if (!well)
        (void)snprintf(run->said, sizeof run->said, "%s", strerror(errno));
    else
        well = run_wait(run, run_lines(run, false));
    if (!well)
        (void)fprintf(stderr, "%s: %s\n", path, run->said);
    run_free(run);
    return well;
}

static int is_script(const struct dirent *entry) {
    const size_t size = strlen(entry->d_name);

    return size > 7 && strcmp(entry->d_name + size - 7, ".script") == 0;
}

/* ---- As a test ---- */

static unsigned tests, failures;

static void tell(bool well, const char *name) {
    failures += !well;
    (void)printf("%sok %u - %s\n", well ? "" : "not ", ++tests, name);
}

static void test_seeds(struct options options, uint64_t first, uint64_t count, const char *what) {
    char name[128];

    options.first = first;
    options.seeds = count;
    const struct sum sum = run_all(&options);
    (void)snprintf(name, sizeof name, "%s: %llu from %llu, %.0f simulated years", what,
                   (unsigned long long)count, (unsigned long long)first,
                   (double)sum.passed_ms / YEAR_MS);
    tell(sum.violations == 0, name);
}

static void test_scripts(const char *directory) {
    struct dirent **entries = NULL;
    const int count = scandir(directory, &entries, is_script, alphasort);
    char path[512];

    if (count <= 0)
        tell(false, "there are no scripts");

    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        tell(replay(path, false), entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static int run_tests(const struct options *options) {
    test_scripts(options->scripts);
    test_seeds(*options, options->first, options->seeds, "seeds");
    test_seeds(*options, (uint64_t)time(NULL), 1, "a fresh seed");
    (void)printf("1..%u\n", tests);
    return failures ? 1 : 0;
}

/* ---- Options ---- */

static const char *value_of(char **arguments, int count, int *at) {
    if (*at + 1 >= count) {
        (void)fprintf(stderr, "simulate: %s needs a value\n", arguments[*at]);
        exit(64);
    }
    return arguments[++*at];
}

static bool option_take(struct options *options, char **arguments, int count, int *at) {
    const char *name = arguments[*at];

    if (strcmp(name, "--test") == 0)
        return options->test = true;
    if (strcmp(name, "--seeds") == 0)
        options->seeds = strtoull(value_of(arguments, count, at), NULL, 10);
    else if (strcmp(name, "--first") == 0)
        options->first = strtoull(value_of(arguments, count, at), NULL, 10);
    else if (strcmp(name, "--steps") == 0)
        options->steps = strtoul(value_of(arguments, count, at), NULL, 10);
    else if (strcmp(name, "--jobs") == 0)
        options->jobs = (unsigned)strtoul(value_of(arguments, count, at), NULL, 10);
    else if (strcmp(name, "--least") == 0)
        options->least = strtoul(value_of(arguments, count, at), NULL, 10);
    else if (strcmp(name, "--shrink") == 0)
        options->shrink = strtoul(value_of(arguments, count, at), NULL, 10);
    else if (strcmp(name, "--keep") == 0)
        options->keep = value_of(arguments, count, at);
    else if (strcmp(name, "--scripts") == 0)
        options->scripts = value_of(arguments, count, at);
    else
        return false;
    return true;
}

int main(int count, char **arguments) {
    struct options options = {.seeds = 100,
                              .first = 1,
                              .steps = 500,
                              .jobs = 2,
                              .shrink = 10,
                              .keep = "build/simulation",
                              .scripts = "tests/simulation/scripts"};
    bool scripts = false;
    bool well = true;

    marks_init();
    for (int i = 1; i < count; i++) {
        if (option_take(&options, arguments, count, &i))
            continue;
        scripts = true;
        well = replay(arguments[i], true) && well;
    }
    if (scripts)
        return well ? 0 : 1;
    if (options.jobs == 0 || options.jobs > JOBS_MAX || options.steps > RUN_STEPS_MAX) {
        (void)fprintf(stderr, "simulate: at most %d jobs and %d steps\n", JOBS_MAX, RUN_STEPS_MAX);
        return 64;
    }
    return options.test ? run_tests(&options) : simulate(&options);
}
