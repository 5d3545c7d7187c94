/* What houvastd is told on its command line. */
#include "broker/arguments.h"

#include <argp.h>
#include <sysexits.h>

#include "houvast/messages.h"

enum argument_key {
    ARGUMENT_NETWORK = 'n',
    ARGUMENT_STATE = 's',
    ARGUMENT_LISTEN = 'l',
    ARGUMENT_CHECK = 'c',
};

static const struct argp_option argument_options[] = {
    {"network", ARGUMENT_NETWORK, "DIR", 0, "The network's files, houvast-network(5)", 0},
    {"state", ARGUMENT_STATE, "DIR", 0,
     "Where the ledger lives: a directory of houvastd's own on a local disk", 0},
    {"listen", ARGUMENT_LISTEN, "ENDPOINT", 0,
     "Listen on tcp://ADDRESS:PORT or ipc:///PATH, instead of where the network's files say; may "
     "be given several times",
     0},
    {"check", ARGUMENT_CHECK, NULL, 0,
     "Read the network's files and the key, say whether they are "
     "in order, and stop",
     0},
    {0},
};

static error_t argument_take(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;

    switch (key) {
    case ARGUMENT_NETWORK:
        arguments->network_directory = text;
        return 0;
    case ARGUMENT_STATE:
        arguments->state_directory = text;
        return 0;
    case ARGUMENT_LISTEN:
        if (arguments->listen_count == ARGUMENTS_LISTEN_MAX)
            argp_error(state, "--listen can be given %d times", ARGUMENTS_LISTEN_MAX);
        else
            arguments->listen[arguments->listen_count++] = text;
        return 0;
    case ARGUMENT_CHECK:
        arguments->check = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "`%s` is not wanted here; all that houvastd takes are options", text);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->network_directory)
            argp_error(state, "--network is missing: the directory with network.conf");
        if (!arguments->state_directory && !arguments->check)
            argp_error(state, "--state is missing: the directory for the ledger");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void arguments_read(int argc, char **argv, struct arguments *ret_arguments) {
    static const struct argp parser = {
        .options = argument_options,
        .parser = argument_take,
        .doc = "The broker of a Houvast network: passes residents from one organisation to the "
               "next and lets go of none."
               "\vSIGTERM stops it in order, SIGHUP reads the network's files again. See "
               "houvastd(8).",
    };

    argp_program_version = "houvastd " HV_VERSION;
    argp_err_exit_status = EX_USAGE;
    *ret_arguments = (struct arguments){0};
    (void)argp_parse(&parser, argc, argv, 0, NULL, ret_arguments);
}
