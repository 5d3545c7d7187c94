/* houvast: what organisation systems, coordinators and operators say to the broker, from the
 * command line. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/houvast/commands.h"
#include "clients/houvast/options.h"
#include "clients/houvast/tool.h"

struct main_arguments {
    int first; /* index of the subcommand; 0: none was named */
};

static error_t main_take(int key, char *value, struct argp_state *state) {
    struct main_arguments *arguments = state->input;
    (void)value;
    if (key == ARGP_KEY_ARG) {
        arguments->first = state->next - 1;
        state->next = state->argc; /* the rest is the subcommand's */
        return 0;
    }
    if (key == ARGP_KEY_NO_ARGS)
        argp_error(state, "name a subcommand; --help lists them");
    return ARGP_ERR_UNKNOWN;
}

static char *main_help(int key, const char *text, void *input) {
    char *help = NULL;
    size_t size;
    struct subcommand subcommand;
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    FILE *out = open_memstream(&help, &size);
    if (!out)
        return NULL;
    fputs("Subcommands:\n\n", out);
    for (size_t n = 0; subcommand_at(n, &subcommand); n++)
        fprintf(out, "  %-13s %s\n", subcommand.name, subcommand.doc);
    fputs(
        "\n`houvast SUBCOMMAND --help` says what each takes; houvast(1) has examples and what the "
        "exit statuses mean.",
        out);
    fclose(out);
    return help;
}

static void version_print(FILE *out, struct argp_state *state) {
    (void)state;
    fprintf(out, "houvast %s, wire version %d.%d\n", TOOL_VERSION, HV_WIRE_VERSION, HV_WIRE_MINOR);
}

static int unknown_subcommand(const char *name) {
    char names[256];
    subcommand_near(name, names, sizeof names);
    if (names[0])
        tool_say("there is no subcommand `%s`; did you mean %s?", name, names);
    else
        tool_say("there is no subcommand `%s`; `houvast --help` lists them", name);
    return TOOL_USAGE;
}

/* Names of organisations have letters beyond ASCII whatever the locale of a service may be. */
static void locale_init(void) {
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    tzset();
}

/* A file that is opened later must not take the place of a standard stream that was closed. */
static void streams_init(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static int run(int argc, char **argv) {
    struct subcommand subcommand;
    char name[64];
    if (!subcommand_find(argv[0], &subcommand))
        return unknown_subcommand(argv[0]);
    snprintf(name, sizeof name, "houvast %s", subcommand.name);
    argv[0] = name; /* as its own help calls it */
    return subcommand.run ? subcommand.run(argc, argv) : command_send(subcommand.type, argc, argv);
}

int main(int argc, char **argv) {
    static const struct argp_child children[] = {{&options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = main_take,
        .args_doc = "SUBCOMMAND [OPTION...]",
        .doc = "Hands residents over through a Houvast broker.\v-",
        .children = children,
        .help_filter = main_help,
    };
    struct main_arguments arguments = {0};
    streams_init();
    locale_init();
    if (sodium_init() < 0) {
        tool_say("libsodium cannot begin; the machine gives no random numbers");
        return TOOL_INTERNAL;
    }
    argp_program_version_hook = version_print;
    argp_err_exit_status = TOOL_USAGE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
    int status = run(argc - arguments.first, argv + arguments.first);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tool_say("standard output: %s; the answer could not be shown", strerror(errno));
        return TOOL_INTERNAL;
    }
    return status;
}
