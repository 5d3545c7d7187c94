/* houvast network init: what is asked for, and what was made of it. */
#include "clients/houvast/network_init.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/network_make.h"
#include "clients/houvast/options.h"
#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"
#include "wire/wire.h"

enum init_option {
    INIT_NAME = OPTIONS_OWN,
    INIT_COORDINATING,
    INIT_LISTEN,
    INIT_ENVIRONMENT,
    INIT_ORGANISATION,
    INIT_EXAMPLE,
};

struct init_arguments {
    struct make_plan plan;
    struct make_organisation *organisations;
};

/* The four partners of Delft, which refer residents to each other. */
static const struct make_organisation delft[] = {
    {"kcc", "KCC", "14015", {NULL}},
    {"delft-voor-elkaar", "Delft voor Elkaar", "", {"mon-thu 09:00-17:00", "fri 09:00-12:30"}},
    {"delft-support", "Delft Support", "", {"mon-fri 08:30-12:30 13:00-17:00"}},
    {"werkse", "Werkse!", "", {"mon-fri 07:30-16:30"}},
};

/* ---- Options ---- */

static void organisation_add(struct init_arguments *arguments,
                             const struct make_organisation *organisation,
                             struct argp_state *state) {
    size_t count = arguments->plan.organisation_count;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(arguments->organisations[i].name, organisation->name) == 0) {
            argp_error(state, "the organisation %s is named twice; leave one out",
                       organisation->name);
        }
    }
    struct make_organisation *organisations =
        reallocarray(arguments->organisations, count + 1, sizeof *organisations);
    if (!organisations) {
        argp_failure(state, TOOL_INTERNAL, 0, "out of memory");
        return;
    }
    organisations[count] = *organisation;
    arguments->organisations = organisations;
    arguments->plan.organisations = organisations;
    arguments->plan.organisation_count = count + 1;
}

/* What would end a line of a file would begin another, and what plays with a terminal is no name.
 */
static bool has_control(int count, char *const *words) {
    bool shows = true;
    for (int i = 0; i < count; i++)
        for (const char *at = words[i]; *at && shows;)
            at += text_next(at, &shows);
    return !shows;
}

/* NAME[=Display name[,telephone]]; cuts the value into its parts. */
static void organisation_take(struct init_arguments *arguments, char *value,
                              struct argp_state *state) {
    struct make_organisation organisation = {.name = value, .display_name = value, .telephone = ""};
    char *display_name = strchr(value, '=');

    if (display_name) {
        char *telephone = strrchr(display_name, ',');
        *display_name++ = '\0';
        organisation.display_name = display_name;
        if (telephone) {
            *telephone++ = '\0';
            organisation.telephone = telephone;
        }
    }
    if (!wire_is_code(value, strlen(value))) {
        argp_error(state, "--organisation %s: a name has 1 to 32 characters out of a-z 0-9 -",
                   value);
    }
    organisation_add(arguments, &organisation, state);
}

static void example_take(struct init_arguments *arguments, const char *value,
                         struct argp_state *state) {
    if (strcmp(value, "delft") != 0)
        argp_error(state, "there is no example %s; say --example delft", value);
    for (size_t i = 0; i < sizeof delft / sizeof *delft; i++)
        organisation_add(arguments, &delft[i], state);
    if (!arguments->plan.name)
        arguments->plan.name = "delft";
    if (!arguments->plan.coordinating)
        arguments->plan.coordinating = "kcc";
}

/* The directory's own name, if a network may have it. */
static const char *directory_name(const char *directory) {
    const char *slash = strrchr(directory, '/');
    const char *name = slash ? slash + 1 : directory;

    return wire_is_code(name, strlen(name)) ? name : NULL;
}

static void arguments_complete(struct init_arguments *arguments, struct argp_state *state) {
    struct make_plan *plan = &arguments->plan;
    size_t i = 0;

    if (!plan->directory) {
        argp_error(state, "name the DIR to make the network in");
        return;
    }
    if (plan->organisation_count == 0) {
        argp_error(state, "name the organisations, each with --organisation, or say --example "
                          "delft");
        return;
    }
    if (!plan->name && !(plan->name = directory_name(plan->directory)))
        argp_error(state, "name the network with --name (1 to 32 characters out of a-z 0-9 -)");
    if (!plan->coordinating)
        plan->coordinating = plan->organisations[0].name;
    while (i < plan->organisation_count &&
           strcmp(plan->organisations[i].name, plan->coordinating) != 0)
        i++;
    if (i == plan->organisation_count) {
        argp_error(state, "--coordinating %s is none of the organisations; add --organisation %s",
                   plan->coordinating, plan->coordinating);
    }
}

static void environment_take(struct make_plan *plan, const char *value, struct argp_state *state) {
    plan->test = strcmp(value, "test") == 0;
    if (!plan->test && strcmp(value, "production") != 0)
        argp_error(state, "--environment %s is none; say test or production", value);
}

static void slashes_strip(char *path) {
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
}

static error_t init_take(int key, char *value, struct argp_state *state) {
    struct init_arguments *arguments = state->input;
    struct make_plan *plan = &arguments->plan;
    switch (key) {
    case INIT_NAME:
        plan->name = value;
        return 0;
    case INIT_COORDINATING:
        plan->coordinating = value;
        return 0;
    case INIT_LISTEN:
        plan->listen = value;
        return 0;
    case INIT_ENVIRONMENT:
        environment_take(plan, value, state);
        return 0;
    case INIT_ORGANISATION:
        organisation_take(arguments, value, state);
        return 0;
    case INIT_EXAMPLE:
        example_take(arguments, value, state);
        return 0;
    case OPTIONS_JSON:
        tool_options.json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (plan->directory)
            argp_error(state, "only one DIR at a time; %s is one too many", value);
        slashes_strip(value);
        plan->directory = value;
        return 0;
    case ARGP_KEY_END:
        arguments_complete(arguments, state);
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- What was made ---- */

/* One line of what was made; `width` is that of the widest path. */
static void made_show(const struct make_plan *plan, int width, const char *path, const char *what,
                      const char *whose) {
    printf("  %s/%-*s  %s%s\n", plan->directory, width, path, what, whose);
}

static void folders_show(const struct make_plan *plan) {
    char path[sizeof "clients/" + HV_CODE_SIZE];
    size_t width = strlen("network");

    for (size_t i = 0; i < plan->organisation_count; i++) {
        size_t size = strlen("clients/") + strlen(plan->organisations[i].name);
        width = size > width ? size : width;
    }
    made_show(plan, (int)width, "network", "what the broker reads, its secret keys among it", "");
    for (size_t i = 0; i < plan->organisation_count; i++) {
        snprintf(path, sizeof path, "clients/%s", plan->organisations[i].name);
        made_show(plan, (int)width, path, "secrets and configurations of ",
                  plan->organisations[i].display_name);
    }
}

static void init_show(const struct make_plan *plan) {
    const char *directory = plan->directory;

    printf("Made the %snetwork %s, coordinated by %s, with fresh keys:\n\n",
           plan->test ? "test " : "", plan->name, plan->coordinating);
    folders_show(plan);
    printf("\nNext:\n\n"
           "  1. See whether something is still missing, and fill it in (houvast-network(5)):\n"
           "       houvast network check %s/network\n"
           "  2. Start the broker:\n"
           "       houvastd --network %s/network --state %s/state\n"
           "  3. Ask it something, in another terminal:\n"
           "       houvast --config %s/clients/%s/endpoint.conf ping\n"
           "  4. Bring each folder of %s/clients to its organisation by a road that nobody can\n"
           "     read along, and delete it here. On another machine than the broker's, `endpoint`\n"
           "     in its .conf files has to name the broker's address.\n",
           directory, directory, directory, directory, plan->organisations[0].name, directory);
}

static void init_show_json(const struct make_plan *plan) {
    json_t *organisations = json_array();

    for (size_t i = 0; i < plan->organisation_count; i++)
        json_array_append_new(organisations, json_string(plan->organisations[i].name));
    show_json(json_pack("{s:s, s:s, s:s+, s:s+, s:o}", "name", plan->name, "coordinating",
                        plan->coordinating, "network", plan->directory, "/network", "clients",
                        plan->directory, "/clients", "organisations", organisations));
}

int network_command_init(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"organisation", INIT_ORGANISATION, "NAME[=DISPLAY NAME[,TELEPHONE]]", 0,
         "an organisation of the network; may be given again and again", 0},
        {"coordinating", INIT_COORDINATING, "ORG", 0,
         "whose coordinators are the network's, and whose keys may operate the broker; the first "
         "organisation if absent",
         0},
        {"example", INIT_EXAMPLE, "delft", 0, "the four partners of Delft, coordinated by kcc", 0},
        {"name", INIT_NAME, "NAME", 0, "of the network; that of DIR if absent", 0},
        {"listen", INIT_LISTEN, "ENDPOINT", 0,
         "where the broker listens, ipc:///path or tcp://address:port; a socket in DIR if absent",
         0},
        {"environment", INIT_ENVIRONMENT, "test|production", 0,
         "production if absent; a test network may shorten its days", 0},
        {"json", OPTIONS_JSON, NULL, 0, "print what was made as one line of JSON", 0},
        {0},
    };
    static const struct argp argp = {
        .options = options,
        .parser = init_take,
        .args_doc = "DIR",
        .doc = "Makes a network with fresh keys: DIR/network for the broker, and DIR/clients with "
               "a folder for each organisation. Nothing is overwritten, and when something goes "
               "wrong nothing is left behind.\v"
               "Exit status: 0 made; 64 usage; 73 it cannot be made there.",
    };
    struct init_arguments arguments = {0};
    struct failure failure;

    if (has_control(argc, argv)) {
        tool_say("an argument has a control character; leave it out");
        return TOOL_USAGE;
    }
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    int result = network_make(&arguments.plan, &failure);
    if (result < 0)
        tool_say("%s", failure.text);
    else if (tool_options.json)
        init_show_json(&arguments.plan);
    else
        init_show(&arguments.plan);
    free(arguments.organisations);
    return result == 0 ? TOOL_DONE : result == -EINVAL ? TOOL_USAGE : EX_CANTCREAT;
}
