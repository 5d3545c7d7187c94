/* The bench: measures a broker of its own making with real sockets on a real disk. It prints what
 * it found and judges nothing. */
#include <argp.h>
#include <err.h>
#include <ftw.h>
#include <linux/magic.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/drive.h"
#include "tests/bench/floor.h"
#include "tests/bench/report.h"
#include "tests/bench/store.h"

#define FLOOR_PAIRS_LEAST 2000 /* the first thousand journeys are opened before any is offered */
#define FLOOR_PAIRS_MAX   20000
#define STORED_OFFERS     20000
#define STORED_SMALL      10000
#define STORED_LARGE      1000000
#define STORED_HUGE       5000000
#define TIMER_OFFERS      500
#define TIMERS_MAX_NS     INT64_C(600000000000)

struct options {
    const char *build;     /* where houvastd is */
    const char *directory; /* to work in */
    const char *scenarios; /* letters */
    size_t handovers;
    size_t dossier_bytes;
    int tcp_port;
    bool huge, derived_ids, keep;
    const char *perf;
};

struct bench {
    struct options options;
    struct city city;
    struct report *report;
};

static hv_time wall_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (hv_time)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Rows of the report ---- */

static void report_times(struct report *report, const char *what, struct drive_times times) {
    char name[64];

    snprintf(name, sizeof name, "%s p50", what);
    report_figure(report, name, times.p50, "µs");
    snprintf(name, sizeof name, "%s p99", what);
    report_figure(report, name, times.p99, "µs");
    snprintf(name, sizeof name, "%s p999", what);
    report_figure(report, name, times.p999, "µs");
}

static void report_drive(struct bench *bench, const char *scenario,
                         const struct drive_result *result) {
    struct report *report = bench->report;

    report_row(report, scenario);
    report_figure(report, "rate", result->per_second, "handovers/s");
    report_times(report, "answer", result->answers);
    report_times(report, "whole", result->whole);
    report_figure(report, "turn p50", result->messages_per_turn, "messages");
    report_figure(report, "broker, turns", result->turn_us, "cpu µs/handover");
    report_figure(report, "broker, libzmq", result->wire_us, "cpu µs/handover");
}

/* ---- Running one plan ---- */

static struct drive_plan plan_of(const struct bench *bench, enum drive_what what, size_t publishers,
                                 size_t window, size_t handovers) {
    return (struct drive_plan){
        .what = what,
        .publishers = publishers,
        .window = window,
        .handovers = handovers,
        .dossier_bytes = what == DRIVE_OPEN ? 0 : bench->options.dossier_bytes,
        .derived_ids = bench->options.derived_ids,
    };
}

static void plan_perf(const struct bench *bench, struct drive_plan *plan, const char *name) {
    static char path[2 * CITY_PATH_SIZE];

    if (!bench->options.perf)
        return;
    snprintf(path, sizeof path, "%s/%s.data", bench->options.perf, name);
    plan->perf = path;
}

/* ---- The scenarios ---- */

/* SQLite alone, in transactions of as many commands as the broker's median turn had. */
static void floor_of_sqlite(struct bench *bench, const char *scenario, struct floor_plan plan,
                            const struct drive_result *broker) {
    char name[64];

    plan.count =
        bench->options.handovers < FLOOR_PAIRS_MAX ? bench->options.handovers : FLOOR_PAIRS_MAX;
    plan.batch = (size_t)(broker->messages_per_turn + 0.5);
    plan.batch = plan.batch ? plan.batch : 1;
    const struct floor_result floor = floor_sqlite(&bench->city, &plan);
    snprintf(name, sizeof name, "%s floor: SQLite, %zu commands a transaction", scenario,
             plan.batch);
    report_row(bench->report, name);
    report_figure(bench->report, "rate", floor.per_second, "handovers/s");
    report_figure(bench->report, "SQLite", floor.cpu_us, "cpu µs/handover");
    report_figure(bench->report, "transaction p50", floor.p50_us, "µs");
    report_figure(bench->report, "broker of it", broker->per_second / floor.per_second, "times");
}

/* One command at a time, against the disk and the wire, and against SQLite as it comes. */
static void floor_of_single(struct bench *bench, const struct drive_result *single, double sync_us,
                            double echo_us) {
    const struct floor_plan plan = {
        .from = "offer", .state = "floor-1", .count = FLOOR_PAIRS_LEAST, .batch = 1};
    const struct floor_result floor = floor_sqlite(&bench->city, &plan);

    report_row(bench->report, "(a) floor: SQLite, 1 command a transaction");
    report_figure(bench->report, "rate", floor.per_second, "handovers/s");
    report_figure(bench->report, "transaction p50", floor.p50_us, "µs");
    report_row(bench->report, "(a) open + offer, 1 x 1, answer p50");
    report_figure(bench->report, "of sync + echo", single->answers.p50 / (sync_us + echo_us),
                  "times");
    report_figure(bench->report, "of SQLite + echo", single->answers.p50 / (floor.p50_us + echo_us),
                  "times");
}

/* The p50 of an answer in µs. */
static double floor_of_echo(struct bench *bench, size_t publishers, size_t window, size_t count) {
    const struct drive_plan plan = plan_of(bench, DRIVE_ECHO, publishers, window, count);
    char name[64];

    bench->city.pid = floor_echo_begin(&bench->city);
    const struct drive_result result = drive_run(&bench->city, &plan, 1);
    floor_echo_end(bench->city.pid);
    bench->city.pid = 0;
    snprintf(name, sizeof name, "floor: echo with CURVE, %zu x %zu", publishers, window);
    report_row(bench->report, name);
    report_figure(bench->report, "rate", result.per_second, "messages/s");
    report_times(bench->report, "answer", result.answers);
    return result.answers.p50;
}

static void report_memory(struct bench *bench, struct city_usage idle, size_t handovers) {
    const struct city_usage usage = city_usage(&bench->city);
    char name[64];

    snprintf(name, sizeof name, "(d) %zu undelivered handovers", handovers);
    report_row(bench->report, name);
    report_figure(bench->report, "idle", (double)idle.rss_bytes / 1e6, "MB");
    report_figure(bench->report, "over idle", (double)(usage.rss_bytes - idle.rss_bytes) / 1e6,
                  "MB");
    report_figure(bench->report, "anonymous", (double)usage.anonymous_bytes / 1e6, "MB");
}

static void scenario_offer(struct bench *bench) {
    const size_t count = bench->options.handovers;
    struct drive_plan plan = plan_of(bench, DRIVE_OPEN_OFFER, 1, 1, count / 20);

    plan_perf(bench, &plan, "single");
    city_start(&bench->city, "single");
    const struct drive_result single = drive_run(&bench->city, &plan, 1);
    city_stop(&bench->city);
    report_drive(bench, "(a) open + offer, 1 x 1", &single);
    report_row(bench->report, "floor: a sync of 12 KiB");
    const double sync_us = floor_sync_us(&bench->city);
    report_figure(bench->report, "p50", sync_us, "µs");

    plan = plan_of(bench, DRIVE_OPEN_OFFER, 16, 64, count);
    plan_perf(bench, &plan, "offer");
    city_start(&bench->city, "offer");
    const struct city_usage idle = city_usage(&bench->city);
    const struct drive_result full = drive_run(&bench->city, &plan, 2);
    report_drive(bench, "(a) open + offer, 16 x 64", &full);
    report_memory(bench, idle, count);
    city_stop(&bench->city);
    floor_of_sqlite(bench, "(a)", (struct floor_plan){.from = "offer", .state = "floor"}, &full);
    floor_of_single(bench, &single, sync_us, floor_of_echo(bench, 1, 1, count / 20));
    floor_of_echo(bench, 16, 64, count);
}

static void deliver(struct bench *bench, size_t consumers, const char *state,
                    const char *floor_state) {
    struct drive_plan plan = plan_of(bench, DRIVE_OPEN, 16, 64, bench->options.handovers);
    char name[64];

    city_start(&bench->city, state);
    drive_run(&bench->city, &plan, 3);
    plan.what = DRIVE_OFFER;
    plan.consumers = consumers;
    plan.dossier_bytes = bench->options.dossier_bytes;
    plan_perf(bench, &plan, state);
    const struct drive_result result = drive_run(&bench->city, &plan, 3);
    city_stop(&bench->city);
    snprintf(name, sizeof name, "(b) offer + deliver + ack, 16 x 64, %zu consumers", consumers);
    report_drive(bench, name, &result);
    floor_of_sqlite(bench, "(b)",
                    (struct floor_plan){.from = state, .state = floor_state, .delivers = true},
                    &result);
}

static void scenario_deliver(struct bench *bench) {
    deliver(bench, 4, "deliver-4", "floor-4");
    deliver(bench, 16, "deliver-16", "floor-16");
    floor_of_echo(bench, 16, 64, bench->options.handovers);
}

static void scenario_life(struct bench *bench) {
    struct drive_plan plan = plan_of(bench, DRIVE_WHOLE_LIFE, 16, 16, bench->options.handovers / 4);

    plan.consumers = 16;
    if (!plan.dossier_bytes)
        plan.dossier_bytes = 1000;
    plan_perf(bench, &plan, "life");
    city_start(&bench->city, "life");
    const struct drive_result result = drive_run(&bench->city, &plan, 4);
    city_stop(&bench->city);
    report_drive(bench, "(c) whole warm life, 16 x 16, 16 consumers", &result);
}

static void report_start(struct bench *bench, const char *state, size_t stored) {
    char name[64];

    snprintf(name, sizeof name, "(d) start with %zu open journeys", stored);
    const double ready_us = city_start(&bench->city, state);
    const struct city_usage usage = city_usage(&bench->city);
    report_row(bench->report, name);
    report_figure(bench->report, "to READY", ready_us / 1e6, "s");
    report_figure(bench->report, "memory", (double)usage.rss_bytes / 1e6, "MB");
}

static void stored(struct bench *bench, size_t count, bool derived_ids) {
    struct drive_plan plan = plan_of(bench, DRIVE_OPEN_OFFER, 16, 64, STORED_OFFERS);
    char state[32], name[64];

    plan.derived_ids = derived_ids;
    snprintf(state, sizeof state, "stored-%zu%s", count, derived_ids ? "-derived" : "");
    const int64_t begun_ns = now_ns();
    store_make(&bench->city, state, count, wall_ms() + STORE_FIRST_STEP_MS, derived_ids);
    fprintf(stderr, "made in %.1f s\n", (double)(now_ns() - begun_ns) / 1e9);
    report_start(bench, state, count);
    const struct drive_result result = drive_run(&bench->city, &plan, 5);
    const struct city_usage usage = city_usage(&bench->city);
    city_stop(&bench->city);
    snprintf(name, sizeof name, "(e) open + offer upon %zu stored%s", count,
             derived_ids ? ", derived ids" : "");
    report_drive(bench, name, &result);
    report_figure(bench->report, "memory", (double)usage.rss_bytes / 1e6, "MB");
}

static void scenario_stored(struct bench *bench) {
    const bool derived = bench->options.derived_ids;

    stored(bench, STORED_SMALL, derived);
    stored(bench, STORED_LARGE, derived);
    if (bench->options.huge)
        stored(bench, STORED_HUGE, derived);
}

/* ---- Timers ---- */

struct timers_done {
    struct drive_times offers;
    double seconds;
};

/* Waits until that many steps were taken, while somebody goes on offering. */
static struct timers_done timers_wait(struct bench *bench, size_t steps) {
    const struct drive_plan plan = plan_of(bench, DRIVE_OPEN_OFFER, 1, 1, TIMER_OFFERS);
    const char *name = "houvast_ladder_steps_fired_total";
    struct timers_done done = {0};
    struct crowd crowd;
    int64_t taken = 0;

    const int64_t begun_ns = now_ns();
    done.offers = drive_run(&bench->city, &plan, 6).answers;
    crowd_init(&crowd, &bench->city); /* that of the drive has a coordinator of its own */
    struct member *coordinator = crowd_join(&crowd, CITY_COORDINATING, HV_ROLE_COORDINATOR, 0);
    crowd_stats(&crowd, coordinator, &name, 1, &taken);
    while (taken < (int64_t)steps) {
        if (now_ns() - begun_ns > TIMERS_MAX_NS)
            errx(1, "only %lld of %zu steps were taken in ten minutes", (long long)taken, steps);
        usleep(10000); /* asking costs the broker, too */
        crowd_stats(&crowd, coordinator, &name, 1, &taken);
    }
    done.seconds = (double)(now_ns() - begun_ns) / 1e9;
    crowd_fini(&crowd);
    return done;
}

/* All of them fall due in one moment, before the broker starts. */
static void scenario_timers(struct bench *bench) {
    const size_t count = bench->options.handovers;
    char name[64];

    store_make(&bench->city, "timers", count, wall_ms(), false);
    city_start(&bench->city, "timers");
    const struct timers_done done = timers_wait(bench, count);
    city_stop(&bench->city);
    snprintf(name, sizeof name, "(f) %zu steps due at once", count);
    report_row(bench->report, name);
    report_figure(bench->report, "all taken in", done.seconds, "s");
    report_figure(bench->report, "rate", (double)count / done.seconds, "per s");
    report_times(bench->report, "an offer meanwhile", done.offers);
}

/* ---- Options ---- */

enum option_key { OPTION_HUGE = 256, OPTION_DERIVED, OPTION_KEEP, OPTION_PERF, OPTION_DOSSIER };

static const struct argp_option option_list[] = {
    {"scenarios", 's', "LETTERS", 0, "Which of abcef to run; a and e measure (d) too", 0},
    {"handovers", 'n', "NUMBER", 0, "How many handovers a scenario passes on (100000)", 0},
    {"directory", 'd', "DIR", 0, "Where to work, on a real disk (BUILD/bench)", 0},
    {"dossier", OPTION_DOSSIER, "BYTES", 0, "Dossiers of this size with every offer", 0},
    {"tcp", 't', "PORT", 0, "Loopback TCP instead of ipc", 0},
    {"huge", OPTION_HUGE, NULL, 0, "With 5,000,000 stored handovers too", 0},
    {"derived-ids", OPTION_DERIVED, NULL, 0, "Ids by a hash instead of in the order of time", 0},
    {"keep", OPTION_KEEP, NULL, 0, "Leave the ledgers where they are", 0},
    {"perf", OPTION_PERF, "DIR", 0, "Record the broker with perf(1) into DIR", 0},
    {0},
};

static error_t option_take(int key, char *text, struct argp_state *state) {
    struct options *options = state->input;

    switch (key) {
    case 's':
        options->scenarios = text;
        return 0;
    case 'n':
        options->handovers = strtoul(text, NULL, 10);
        if (options->handovers < FLOOR_PAIRS_LEAST || options->handovers > 10000000)
            argp_error(state, "--handovers takes 2000 to 10000000");
        return 0;
    case 'd':
        options->directory = text;
        return 0;
    case 't':
        options->tcp_port = atoi(text);
        return 0;
    case OPTION_DOSSIER:
        options->dossier_bytes = strtoul(text, NULL, 10);
        if (options->dossier_bytes < 8 || options->dossier_bytes > 1048576)
            argp_error(state, "--dossier takes 8 to 1048576");
        return 0;
    case OPTION_HUGE:
        options->huge = true;
        return 0;
    case OPTION_DERIVED:
        options->derived_ids = true;
        return 0;
    case OPTION_KEEP:
        options->keep = true;
        return 0;
    case OPTION_PERF:
        options->perf = text;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one argument: the folder with houvastd");
        options->build = text;
        return 0;
    case ARGP_KEY_END:
        if (!options->build)
            argp_error(state, "the folder with houvastd is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void options_read(int argc, char **argv, struct options *options) {
    static const struct argp parser = {
        .options = option_list,
        .parser = option_take,
        .args_doc = "BUILD",
        .doc = "Measures BUILD/houvastd and writes BUILD/bench/bench.json.",
    };

    *options = (struct options){.scenarios = "abcef", .handovers = 100000};
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

/* ---- main ---- */

/* A sync means nothing on a disk that is memory. */
static void directory_check(const char *path) {
    struct statfs filesystem;

    if (mkdir(path, 0700) < 0 && access(path, W_OK) < 0)
        err(1, "%s", path);
    if (statfs(path, &filesystem) < 0)
        err(1, "%s", path);
    if (filesystem.f_type == TMPFS_MAGIC)
        errx(1, "%s is in memory; name a directory on a disk with --directory", path);
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)status, (void)type, (void)where;
    return remove(path);
}

static void directory_remove(const char *path) {
    if (nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS) < 0)
        warn("%s could not be removed", path);
}

int main(int argc, char **argv) {
    struct bench bench = {0};
    char path[CITY_PATH_SIZE], directory[CITY_PATH_SIZE + 32], program[CITY_PATH_SIZE];

    setlocale(LC_CTYPE, "C.UTF-8"); /* for the table */
    options_read(argc, argv, &bench.options);
    const struct options *options = &bench.options;
    if (sodium_init() < 0)
        errx(1, "libsodium cannot begin");
    snprintf(path, sizeof path, "%s/bench", options->build);
    directory_check(path);
    if (options->directory)
        directory_check(options->directory);
    snprintf(directory, sizeof directory, "%s/city-%d",
             options->directory ? options->directory : path, (int)getpid());
    snprintf(program, sizeof program, "%s/houvastd", options->build);
    city_make(directory, program, options->tcp_port, &bench.city);
    bench.report = report_new();

    if (strchr(options->scenarios, 'a'))
        scenario_offer(&bench);
    if (strchr(options->scenarios, 'b'))
        scenario_deliver(&bench);
    if (strchr(options->scenarios, 'c'))
        scenario_life(&bench);
    if (strchr(options->scenarios, 'e'))
        scenario_stored(&bench);
    if (strchr(options->scenarios, 'f'))
        scenario_timers(&bench);

    snprintf(path, sizeof path, "%s/bench/bench.json", options->build);
    report_end(bench.report, path);
    if (!options->keep)
        directory_remove(bench.city.directory);
    return 0;
}
