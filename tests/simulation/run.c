/* Runs: in processes that may end. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ends.h"
#include "people.h"

#define STATUS_VIOLATION   3
#define STATUS_SCRIPT      4
#define SHRINK_SECONDS_MAX 30
#define SECONDS_MAX        60 /* for one run, which takes less than one */

static struct run *own; /* of this process */

_Noreturn void violation(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(own->said, sizeof own->said, format, arguments);
    own->check = format; /* the same place in every process: none is started anew */
    va_end(arguments);
    _exit(STATUS_VIOLATION);
}

struct run *run_new(void) {
    struct run *run =
        mmap(NULL, sizeof *run, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (run == MAP_FAILED)
        abort();
    return run;
}

void run_free(struct run *run) {
    (void)munmap(run, sizeof *run);
}

/* ---- In the process ---- */

static pid_t process_begin(struct run *run) {
    run->said[0] = run->folder[0] = '\0';
    run->check = NULL;
    (void)fflush(NULL);
    const pid_t process = fork();
    if (process < 0)
        abort();
    if (process > 0)
        return process;
    own = run;
    (void)snprintf(run->folder, sizeof run->folder, "%s", town_init());
    return 0;
}

static void one_seed(struct run *run, uint64_t seed, size_t steps) {
    struct people people;
    const char *where = NULL;

    (void)alarm(SECONDS_MAX);
    run->seed = seed;
    run->count = 0;
    struct town *town = town_new(seed);
    people_init(&people, town, seed);
    while (run->count < steps) {
        people_step(&people, run->lines[run->count++]);
        if (!step_take(town, run->lines[run->count - 1], &where))
            violation("a step makes no sense: %s", where);
        if (run->count == steps / 2)
            town_audit(town);
    }
    town_free(town);
    run->seeds++;
    run->steps += (int64_t)steps;
    run->passed_ms += town->passed_ms;
}

pid_t run_seeds(struct run *run, uint64_t first, uint64_t end, uint64_t stride, size_t steps) {
    const pid_t process = process_begin(run);

    if (process > 0)
        return process;
    for (uint64_t seed = first; seed < end; seed += stride)
        one_seed(run, seed, steps);
    _exit(0);
}

/* Events from that one on, a line each. */
static void tell(const struct model *model, size_t first) {
    for (size_t i = first; i < model->event_count; i++) {
        const struct model_event *event = &model->events[i];
        (void)printf("    %zu %s", i,
                     wire_word_text(&wire_vocabulary_event_name, (int)event->name));
        if (event->journey)
            (void)printf(" j%u", event->journey);
        if (event->handover)
            (void)printf(" h%u", event->handover);
        (void)printf("%s%s%s%s\n", event->said[0] ? " by " : "", event->said,
                     event->journey ? ", holder " : "", event->holder_after.organisation);
    }
    (void)fflush(stdout);
}

pid_t run_lines(struct run *run, bool quiet) {
    const pid_t process = process_begin(run);
    const char *where = NULL;

    if (process > 0)
        return process;
    const int nowhere = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nowhere >= 0)
        (void)dup2(nowhere, STDERR_FILENO);
    (void)alarm(SECONDS_MAX);
    struct town *town = town_new(run->seed);
    for (size_t i = 0; i < run->count; i++) {
        const size_t before = town->model.event_count;
        if (run->tells)
            (void)printf("%s\n", run->lines[i]);
        (void)fflush(stdout);
        if (!step_take(town, run->lines[i], &where)) {
            (void)snprintf(run->said, sizeof run->said, "%s: %s", run->lines[i], where);
            _exit(STATUS_SCRIPT);
        }
        if (run->tells)
            tell(&town->model, before);
    }
    town_free(town);
    _exit(0);
}

bool run_wait(struct run *run, pid_t process) {
    int status = 0;

    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            abort();
    town_clean(run->folder);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        (void)snprintf(run->said, sizeof run->said, "%s",
                       WTERMSIG(status) == SIGALRM ? "hangs: it comes to no end"
                                                   : "breaks: an assertion, or worse");
    return false;
}

/* ---- Scripts ---- */

bool run_read(struct run *run, const char *path) {
    char line[STEP_SIZE];
    FILE *file = fopen(path, "r");

    if (!file)
        return false;
    run->seed = 1;
    run->count = 0;
    while (run->count < RUN_STEPS_MAX && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "seed ", 5) == 0)
            run->seed = strtoull(line + 5, NULL, 10);
        else
            memcpy(run->lines[run->count++], line, sizeof line);
    }
    (void)fclose(file);
    return true;
}

void run_write(const struct run *run, const char *path) {
    FILE *file = fopen(path, "w");

    if (!file) {
        (void)fprintf(stderr, "simulate: %s: %s\n", path, strerror(errno));
        return;
    }
    (void)fprintf(file, "# %s\nseed %llu\n", run->said, (unsigned long long)run->seed);
    for (size_t i = 0; i < run->count; i++)
        (void)fprintf(file, "%s\n", run->lines[i]);
    (void)fclose(file);
}

/* ---- Shrinking ---- */

/* Whether the trial fails as the run does: the same check, or the same breaking off. */
static bool fails_too(const struct run *run, struct run *trial) {
    trial->seed = run->seed;
    return !run_wait(trial, run_lines(trial, true)) && trial->check == run->check &&
           (run->check || strcmp(run->said, trial->said) == 0);
}

static void take_over(struct run *run, const struct run *trial) {
    memcpy(run->lines, trial->lines, trial->count * STEP_SIZE);
    memcpy(run->said, trial->said, sizeof run->said);
    run->count = trial->count;
}

/* Without the `size` steps from `from` on. */
static bool fails_without(const struct run *run, size_t from, size_t size, struct run *trial) {
    trial->count = 0;
    for (size_t i = 0; i < run->count; i++)
        if (i < from || i >= from + size)
            memcpy(trial->lines[trial->count++], run->lines[i], STEP_SIZE);
    return fails_too(run, trial);
}

static bool shrink_by(struct run *run, size_t size, struct run *trial, time_t end) {
    bool shrunk = false;

    for (size_t from = run->count; from > 0 && time(NULL) < end;) {
        from = from > size ? from - size : 0;
        if (!fails_without(run, from, size, trial))
            continue;
        take_over(run, trial);
        shrunk = true;
    }
    return shrunk;
}

/* The same line without the word that begins at `at`; a colon goes to the word before. */
static void line_without(const char *line, size_t at, char ret_line[STEP_SIZE]) {
    const size_t size = strcspn(line + at, " ");
    const bool colon = size > 0 && line[at + size - 1] == ':';

    (void)snprintf(ret_line, STEP_SIZE, "%.*s%s%s", (int)(at - 1), line, colon ? ":" : "",
                   line + at + size);
}

static void shrink_line(struct run *run, size_t number, struct run *trial, time_t end) {
    char *line = run->lines[number];

    for (size_t at = strlen(line); at-- > 1 && time(NULL) < end;) {
        if (line[at - 1] != ' ')
            continue;
        memcpy(trial->lines, run->lines, run->count * STEP_SIZE);
        trial->count = run->count;
        line_without(line, at, trial->lines[number]);
        if (fails_too(run, trial))
            take_over(run, trial);
    }
}

void run_shrink(struct run *run) {
    const time_t end = time(NULL) + SHRINK_SECONDS_MAX;
    struct run *trial = run_new();
    const bool again = fails_without(run, 0, 0, trial); /* else it is people.c that breaks */

    for (size_t size = run->count / 2; again && size > 0; size /= 2)
        (void)shrink_by(run, size, trial, end);
    while (again && shrink_by(run, 1, trial, end))
        continue;
    for (size_t i = 0; again && i < run->count; i++)
        shrink_line(run, i, trial, end);
    run_free(trial);
}
