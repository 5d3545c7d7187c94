/* houvast listen: takes items from the inbox and runs a program for each, so that any system that
 * can run a script is connected. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clients/houvast/listener.h"
#include "clients/houvast/options.h"
#include "clients/houvast/session.h"
#include "clients/houvast/when.h"
#include "wire/wire.h"

enum listen_key {
    LISTEN_EXEC = OPTIONS_OWN,
    LISTEN_JOBS,
    LISTEN_TIMEOUT,
    LISTEN_DOSSIER_DIR,
    LISTEN_ONCE,
    LISTEN_COUNT,
    LISTEN_IDLE,
    LISTEN_ACK,
    LISTEN_INSTANCE,
};

#define DAY_MS INT64_C(86400000)

static const struct argp_option listen_options[] = {
    {"exec", LISTEN_EXEC, "PROGRAM [ARG...]", 0,
     "run PROGRAM for each item; everything after it is PROGRAM's own, so this stands last", 1},
    {"jobs", LISTEN_JOBS, "N", 0, "items at a time, never two of a journey; 1 if absent", 1},
    {"timeout", LISTEN_TIMEOUT, "SECONDS", 0,
     "end a program that takes longer: TERM, and KILL 5 s later, to its whole process group", 1},
    {"dossier-dir", LISTEN_DOSSIER_DIR, "DIR", 0,
     "put an opened dossier in a file there (mode 0600, removed after) instead of in memory", 1},
    {"ack", LISTEN_ACK, NULL, 0, "without --exec: acknowledge each item that was printed", 1},
    {"once", LISTEN_ONCE, NULL, 0, "leave when one item is done", 2},
    {"count", LISTEN_COUNT, "N", 0, "leave when N items are done", 2},
    {"idle", LISTEN_IDLE, "SECONDS", 0, "leave when nothing came for so long", 2},
    {"instance", LISTEN_INSTANCE, "NAME", 0,
     "unique in the inbox and the same over a restart: what an earlier listener of this name had "
     "is "
     "ours at once",
     2},
    {"quiet", 'q', NULL, 0, "no line on standard error for each item", 2},
    {0},
};

/* The rest of the command line is the program's, in one piece with its name. */
static void exec_take(struct listener_plan *plan, char *value, struct argp_state *state) {
    state->argv[state->next - 1] = value; /* where it was --exec=PROGRAM */
    plan->program.argv = &state->argv[state->next - 1];
    state->next = state->argc;
}

static int64_t number_take(const char *name, const char *text, int64_t most,
                           struct argp_state *state) {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 1 || number > most) {
        argp_error(state, "--%s %s is not right; it takes a whole number from 1 to %lld", name,
                   text, (long long)most);
    }
    return number;
}

static int64_t duration_take(const char *name, const char *text, struct argp_state *state) {
    int64_t ms = 0;
    if (when_duration(text, 1, DAY_MS, &ms) < 0) {
        argp_error(state, "--%s %s is not right; it takes seconds, or as 500ms or 10m, up to a day",
                   name, text);
    }
    return ms;
}

static void plan_check(struct listener_plan *plan, struct argp_state *state) {
    if (plan->program.argv && plan->acknowledge) {
        argp_error(state,
                   "--ack goes with printing; with --exec the program's status acknowledges");
    }
    if (!plan->program.argv && (plan->program.dossier_dir || plan->timeout_ms)) {
        argp_error(state, "--%s is for a program; say --exec PROGRAM too",
                   plan->program.dossier_dir ? "dossier-dir" : "timeout");
    }
    if (plan->count && plan->jobs > plan->count)
        plan->jobs = plan->count; /* more would be taken from others for nothing */
}

static error_t listen_take(int key, char *value, struct argp_state *state) {
    struct listener_plan *plan = state->input;
    switch (key) {
    case LISTEN_EXEC:
        exec_take(plan, value, state);
        return 0;
    case LISTEN_JOBS:
        plan->jobs = number_take("jobs", value, LISTENER_JOBS_MAX, state);
        return 0;
    case LISTEN_TIMEOUT:
        plan->timeout_ms = duration_take("timeout", value, state);
        return 0;
    case LISTEN_DOSSIER_DIR:
        plan->program.dossier_dir = value;
        return 0;
    case LISTEN_ONCE:
        plan->count = 1;
        return 0;
    case LISTEN_COUNT:
        plan->count = number_take("count", value, 1000000000, state);
        return 0;
    case LISTEN_IDLE:
        plan->idle_ms = duration_take("idle", value, state);
        return 0;
    case LISTEN_ACK:
        plan->acknowledge = true;
        return 0;
    case LISTEN_INSTANCE:
        if (!wire_is_code(value, strlen(value))) {
            argp_error(state, "--instance %s is not right; it has 1 to 32 of a-z, 0-9 and -",
                       value);
        }
        plan->instance = value;
        return 0;
    case 'q':
        plan->quiet = true;
        return 0;
    case ARGP_KEY_END:
        plan_check(plan, state);
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

static const char listen_doc[] =
    "Takes the items that the broker owes this organisation's role, and runs PROGRAM for each: the "
    "item is one line of JSON on its standard input, the opened dossier, where there is one, is on "
    "descriptor 3. When PROGRAM ends with status 0 the item is acknowledged and done; otherwise it "
    "comes again, after 1 s, doubling to 10 min.\n\nPROGRAM may see an item twice: after a crash, "
    "a "
    "lost connection, or when it took long. HOUVAST_ATTEMPT above 1 says so; HOUVAST_ITEM stays "
    "the "
    "same.\vWithout --exec each item is printed. It is acknowledged only with --ack; otherwise "
    "this "
    "is a look: what was shown goes back to the inbox when you leave, and nobody else gets it "
    "until "
    "then.";

static void arguments_read(struct listener_plan *plan, int argc, char **argv) {
    static const struct argp_child children[] = {
        {&options_argp_without_timeout, 0, "Of every subcommand:", 3}, {0}};
    static const struct argp argp = {
        .options = listen_options, .parser = listen_take, .doc = listen_doc, .children = children};
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, plan);
}

/* Signals to leave come through a descriptor; blocked before any thread is there. */
static int signals_block(sigset_t *ret_before) {
    sigset_t leave;
    sigemptyset(&leave);
    sigaddset(&leave, SIGTERM);
    sigaddset(&leave, SIGINT);
    sigaddset(&leave, SIGHUP);
    sigprocmask(SIG_BLOCK, &leave, ret_before);
    /* Nobody reads what we say: that is an error of that one line. Programs have the default. */
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &leave, SFD_CLOEXEC);
}

static int plan_prepare(struct listener_plan *plan, const struct client_config *config) {
    struct failure failure;
    plan->program.config = config->path;
    plan->program.organisation = config->settings[CLIENT_ORGANISATION].value;
    if (plan->program.argv && program_check(&plan->program, &failure) < 0)
        return tool_failed(&failure, TOOL_USAGE);
    if (program_sweep(&plan->program, &failure) < 0)
        return tool_failed(&failure, TOOL_USAGE);
    return TOOL_DONE;
}

static int listen_on(const struct listener_plan *plan, const struct client_config *config,
                     const struct hv_sealing_pair *pairs, size_t pair_count, int signals) {
    struct hv_connection *connection;
    int status = tool_connect(config,
                              &(struct tool_session){.credit = (int)plan->jobs,
                                                     .instance = plan->instance,
                                                     .timeout_ms = LISTENER_CONNECT_MS},
                              &connection);
    if (status == TOOL_DONE) {
        if (!plan->quiet) {
            tool_say("listening to the %s inbox of %s%s", hv_role_text(config->role),
                     config->settings[CLIENT_ORGANISATION].value,
                     plan->program.argv || plan->acknowledge
                         ? ""
                         : "; this is a look, what is shown is not acknowledged");
        }
        status = listener_run(plan, config, pairs, pair_count, signals, connection);
        hv_disconnect(connection);
    }
    return status;
}

static int listen_configured(struct listener_plan *plan, const struct client_config *config,
                             int signals) {
    struct failure failure;
    struct hv_sealing_pair *pairs;
    size_t pair_count;
    int status = plan_prepare(plan, config);
    if (status != TOOL_DONE)
        return status;
    if (client_config_sealing(config, &pairs, &pair_count, &failure) < 0)
        return tool_failed(&failure, TOOL_CONFIGURATION);
    status = listen_on(plan, config, pairs, pair_count, signals);
    client_sealing_free(pairs, pair_count);
    return status;
}

int command_listen(int argc, char **argv) {
    struct listener_plan plan = {.jobs = 1};
    struct client_config config;
    arguments_read(&plan, argc, argv);
    int signals = signals_block(&plan.program.signals);
    if (signals < 0) {
        tool_say("no descriptor for signals; raise the limit of open files");
        return TOOL_INTERNAL;
    }
    int status = tool_config_load(&config);
    if (status == TOOL_DONE)
        status = listen_configured(&plan, &config, signals);
    client_config_fini(&config);
    close(signals);
    return status;
}
