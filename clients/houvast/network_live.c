/* What only the broker knows of a network. */
#include "clients/houvast/network_live.h"

#include <stdio.h>
#include <string.h>

#include "clients/houvast/session.h"
#include "clients/houvast/stats.h"

#define LISTENING "houvast_coordinators_listening"

int network_live_ask(struct hv_answer *ret_answer) {
    struct client_config config;
    struct hv_connection *connection;
    const struct hv_stats question = {0};
    *ret_answer = (struct hv_answer){0};
    int status = tool_config_load(&config);
    if (status == TOOL_DONE)
        status = tool_connect(&config, &(struct tool_session){0}, &connection);
    if (status == TOOL_DONE) {
        int r = hv_stats(connection, &question, ret_answer);
        status = tool_result(r, ret_answer);
        hv_disconnect(connection);
    }
    client_config_fini(&config);
    return status;
}

static bool is_on_crisis_path(const struct network *network,
                              const struct network_organisation *organisation) {
    return organisation->crisis || strcmp(organisation->name, network->coordinating) == 0;
}

/* How many take what its coordinators are told; -1 where the broker has no figure for it. */
static int64_t listening(const struct hv_done *stats, const char *organisation) {
    char about[HV_CODE_SIZE];
    for (size_t i = 0; stats->has_stats && i < stats->stats.count; i++) {
        const struct hv_counter *figure = &stats->stats.items[i];
        if (strncmp(figure->name, LISTENING "{", sizeof LISTENING) != 0)
            continue;
        stats_label(figure->name, "organisation", about, sizeof about);
        if (strcmp(about, organisation) == 0)
            return figure->value;
    }
    return -1;
}

static void not_asked(const struct network *network, network_review_take *take, void *context) {
    for (size_t i = 0; i < network->organisation_count; i++) {
        if (network->organisations[i].crisis) {
            take(context,
                 "whether somebody hears of a crisis when no terminal is open was not looked at; "
                 "say --live, and a --config of the network's operators or coordinators");
            return;
        }
    }
}

void network_live_review(const struct network *network, const struct hv_done *stats,
                         network_review_take *take, void *context) {
    char sentence[FAILURE_SIZE];
    if (!stats) {
        not_asked(network, take, context);
        return;
    }
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        /* One without coordinators, or that is not in force yet, has no figure. */
        if (!is_on_crisis_path(network, organisation) || listening(stats, organisation->name) != 0)
            continue;
        snprintf(sentence, sizeof sentence,
                 "nothing takes what the coordinators of %s are told, so that at night, with no "
                 "terminal open, nobody there hears of a crisis; let `houvast listen --role "
                 "coordinator --exec PROGRAM` run as a service there (houvast(1), OUT OF THE "
                 "BUILDING)",
                 organisation->name);
        take(context, sentence);
    }
}
