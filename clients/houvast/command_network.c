/* houvast network: makes, checks and shows a network's files. */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/keyfile.h"
#include "broker/network_ladder.h"
#include "clients/houvast/network_init.h"
#include "clients/houvast/network_ladders.h"
#include "clients/houvast/network_live.h"
#include "clients/houvast/network_review.h"
#include "clients/houvast/network_show.h"
#include "clients/houvast/options.h"
#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

/* ---- What check and show share: one directory, --json ---- */

static error_t directory_take_into(const char **directory, int key, char *value,
                                   struct argp_state *state) {
    switch (key) {
    case OPTIONS_JSON:
        tool_options.json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (*directory)
            argp_error(state, "only one DIR at a time; %s is one too many", value);
        *directory = value;
        return 0;
    case ARGP_KEY_END:
        if (!*directory)
            argp_error(state, "name the DIR that has network.conf");
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t directory_take(int key, char *value, struct argp_state *state) {
    return directory_take_into(state->input, key, value, state);
}

static const struct argp_option directory_options[] = {
    {"json", OPTIONS_JSON, NULL, 0, "print one line of JSON", 0},
    {0},
};

/* NULL, and said why, where the files are wrong. */
static struct network *load(const char *directory) {
    struct network *network = NULL;
    struct failure failure;

    if (network_load(directory, &network, &failure) < 0) {
        tool_say("%s", failure.text);
        return NULL;
    }
    return network;
}

/* ---- check ---- */

struct checking {
    json_t *warnings; /* NULL: for people */
};

static void warning_take(void *context, const char *sentence) {
    struct checking *checking = context;

    if (checking->warnings)
        json_array_append_new(checking->warnings, json_string(sentence));
    else
        printf("warning: %s.\n", sentence);
}

/* The broker's key, where this user may see it: elsewhere houvastd looks at it when it starts. */
static int broker_key_check(const char *directory, const struct network *network,
                            struct failure *ret_absent) {
    struct keyfile key;
    struct failure failure;
    int result = keyfile_read_broker(directory, network->broker_public_key, &key, &failure);

    ret_absent->text[0] = '\0';
    if (result == 0) {
        keyfile_wipe(&key);
        return 0;
    }
    if (result == -ENOENT || result == -EACCES) {
        failure_set(ret_absent, 0,
                    "%s/broker.key was not looked at: %s; houvastd needs it there or among its "
                    "credentials",
                    directory, strerror(-result));
        return 0;
    }
    tool_say("%s", failure.text);
    return result;
}

/* The key that signs receipts, in the same way. */
static int receipt_key_check(const char *directory, const struct network *network,
                             struct failure *ret_absent) {
    struct keyfile key;
    struct failure failure;

    ret_absent->text[0] = '\0';
    if (network->receipt_key_count == 0)
        return 0;
    int result = keyfile_read_receipt(directory, &key, &failure);
    if (result == -ENOENT || result == -EACCES) {
        failure_set(ret_absent, 0,
                    "%s/receipt.key was not looked at: %s; houvastd needs it there or among its "
                    "credentials",
                    directory, strerror(-result));
        return 0;
    }
    if (result == 0 && !network_receipt_key(network, key.public_key)) {
        result = failure_set(&failure, -EINVAL,
                             "%s/receipt.key: its public half is in no [receipt …] section of "
                             "network.conf; add one, or put the right key in its place",
                             directory);
    }
    keyfile_wipe(&key);
    if (result < 0)
        tool_say("%s", failure.text);
    return result;
}

/* Why keys could not be looked at; "" where they could. */
struct absences {
    struct failure broker, receipt;
};

struct counts {
    size_t keys, sealing_keys;
};

static struct counts count(const struct network *network) {
    struct counts counts = {0};

    for (size_t i = 0; i < network->organisation_count; i++) {
        counts.keys += network->organisations[i].key_count;
        counts.sealing_keys += network->organisations[i].sealing_key_count;
    }
    return counts;
}

/* What check looks at beside the files. */
struct check_plan {
    const char *directory;
    bool live;
    struct hv_done stats; /* the broker's answer, with --live */
};

static void warnings_give(const struct network *network, const struct absences *absent,
                          const struct check_plan *plan, struct checking *checking) {
    if (*absent->broker.text)
        warning_take(checking, absent->broker.text);
    if (*absent->receipt.text)
        warning_take(checking, absent->receipt.text);
    network_review(network, when_now(), warning_take, checking);
    network_live_review(network, plan->live ? &plan->stats : NULL, warning_take, checking);
}

static void check_show(const struct check_plan *plan, const struct network *network,
                       const struct absences *absent) {
    struct counts counts = count(network);
    struct checking checking = {.warnings = tool_options.json ? json_array() : NULL};

    if (!tool_options.json) {
        printf("%s: the %snetwork %s is in order: organisations %zu, keys %zu, sealing keys %zu.\n",
               plan->directory, network->test ? "test " : "", network->name,
               network->organisation_count, counts.keys, counts.sealing_keys);
        warnings_give(network, absent, plan, &checking);
        return;
    }
    warnings_give(network, absent, plan, &checking);
    show_json(json_pack("{s:s, s:I, s:I, s:I, s:o}", "network", network->name, "organisations",
                        (json_int_t)network->organisation_count, "keys", (json_int_t)counts.keys,
                        "sealing_keys", (json_int_t)counts.sealing_keys, "warnings",
                        checking.warnings));
}

enum check_key { CHECK_LIVE = OPTIONS_OWN };

static error_t check_take(int key, char *value, struct argp_state *state) {
    struct check_plan *plan = state->input;
    if (key == CHECK_LIVE) {
        plan->live = true;
        return 0;
    }
    return directory_take_into(&plan->directory, key, value, state);
}

/* The files, and with --live the broker that serves them. */
static int check(struct check_plan *plan) {
    struct absences absent;
    struct hv_answer answer = {0};
    int status = TOOL_DONE;
    struct network *network = load(plan->directory);
    if (!network || broker_key_check(plan->directory, network, &absent.broker) < 0 ||
        receipt_key_check(plan->directory, network, &absent.receipt) < 0)
        status = TOOL_CONFIGURATION;
    if (status == TOOL_DONE && plan->live)
        status = network_live_ask(&answer);
    if (status == TOOL_DONE) {
        plan->stats = answer.message.done;
        check_show(plan, network, &absent);
    }
    hv_answer_free(&answer);
    network_free(network);
    return status;
}

static int network_command_check(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"live", CHECK_LIVE, NULL, 0,
         "ask the broker too, whether somebody hears at night: with the configuration of an "
         "operator or a coordinator of the network",
         0},
        {0},
    };
    static const struct argp_child children[] = {{&options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = check_take,
        .args_doc = "DIR",
        .doc = "Reads the network's files in DIR, as houvastd would, and says that they are in "
               "order, or file, line and mend of the first mistake. Then come warnings: what is "
               "not wrong but may surprise.\v"
               "Exit status: 0 in order, also with warnings; 64 usage; 78 a mistake. With --live "
               "also those of any question to the broker.",
        .children = children,
    };
    struct check_plan plan = {0};

    argp_parse(&argp, argc, argv, 0, NULL, &plan);
    return check(&plan);
}

/* ---- show ---- */

static int network_command_show(int argc, char **argv) {
    static const struct argp argp = {
        .options = directory_options,
        .parser = directory_take,
        .args_doc = "DIR",
        .doc = "Shows the network in DIR: its organisations, who has which roles, the sealing keys "
               "and how long they are valid, the limits and policies in force.\v"
               "Exit status: 0; 64 usage; 78 a mistake in the files.",
    };
    const char *directory = NULL;

    argp_parse(&argp, argc, argv, 0, NULL, (void *)&directory);
    struct network *network = load(directory);
    if (!network)
        return TOOL_CONFIGURATION;
    if (tool_options.json)
        show_json(network_to_json(network));
    else
        network_show(network, when_now());
    network_free(network);
    return TOOL_DONE;
}

/* ---- ladders ---- */

static error_t ladders_take(int key, char *value, struct argp_state *state) {
    /* Without DIR, the defaults. */
    return key == ARGP_KEY_END ? 0 : directory_take(key, value, state);
}

static void ladders_print(const struct ladders *ladders) {
    if (tool_options.json)
        show_json(network_ladders_to_json(ladders));
    else
        network_ladders_show(ladders);
}

static int network_command_ladders(int argc, char **argv) {
    static const struct argp argp = {
        .options = directory_options,
        .parser = ladders_take,
        .args_doc = "[DIR]",
        .doc = "Shows who is told, after how long, when nobody acts: the ladders of the network in "
               "DIR, and where each stands; without DIR the defaults, which every network has "
               "until its files say otherwise.\v"
               "Exit status: 0; 64 usage; 78 a mistake in the files.",
    };
    const char *directory = NULL;
    struct ladders defaults;

    argp_parse(&argp, argc, argv, 0, NULL, (void *)&directory);
    if (!directory) {
        if (network_ladders_defaults(&defaults) < 0) {
            tool_say("out of memory");
            return TOOL_INTERNAL;
        }
        ladders_print(&defaults);
        network_ladders_fini(&defaults);
        return TOOL_DONE;
    }
    struct network *network = load(directory);
    if (!network)
        return TOOL_CONFIGURATION;
    ladders_print(&network->ladders);
    network_free(network);
    return TOOL_DONE;
}

/* ---- Which of them ---- */

struct network_command {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct network_command commands[] = {
    {"init", network_command_init},
    {"check", network_command_check},
    {"show", network_command_show},
    {"ladders", network_command_ladders},
};

struct network_arguments {
    char *name; /* of the command */
    int first;  /* its index in argv */
};

static error_t network_take(int key, char *value, struct argp_state *state) {
    struct network_arguments *arguments = state->input;
    switch (key) {
    case OPTIONS_JSON:
        tool_options.json = true;
        return 0;
    case ARGP_KEY_ARG:
        arguments->name = value;
        arguments->first = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "say init, check, show or ladders");
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

int command_network(int argc, char **argv) {
    static const struct argp argp = {
        .options = directory_options,
        .parser = network_take,
        .args_doc = "init|check|show|ladders DIR",
        .doc = "Makes, checks or shows a network's files.\v"
               "  init     makes a network with fresh keys in DIR\n"
               "  check    proves the files before houvastd reads them\n"
               "  show     shows who is in it, and what is in force\n"
               "  ladders  shows who is told, after how long, when nobody acts\n"
               "\nEach has a --help of its own; houvast-network(5) explains the files.",
    };
    char name[64];
    struct network_arguments arguments = {0};

    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
    int first = arguments.first;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(arguments.name, commands[i].name) == 0) {
            snprintf(name, sizeof name, "%s %s", argv[0], commands[i].name);
            argv[first] = name; /* as its own help calls it */
            return commands[i].run(argc - first, argv + first);
        }
    }
    tool_say("there is no `network %s`; say init, check, show or ladders", arguments.name);
    return TOOL_USAGE;
}
