/* houvast ping: whether the broker answers this key, and how fast; for monitoring. */
#include <argp.h>
#include <stdio.h>
#include <time.h>

#include "clients/houvast/options.h"
#include "clients/houvast/session.h"
#include "clients/houvast/show.h"
#include "wire/json.h"

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void welcome_show(const struct client_config *config, const struct hv_welcome *welcome,
                         double took_s) {
    const char *role = hv_role_text(config->role);
    if (tool_options.json) {
        const struct hv_message message = {.type = HV_MESSAGE_welcome, .welcome = *welcome};
        json_t *object = wire_message_to_json(&message);
        json_object_set_new(object, "role", json_string(role));
        json_object_set_new(object, "took_ms", json_real(took_s * 1000));
        show_json(object);
        return;
    }
    printf("The broker of network %s welcomes %s as %s, in %.1f ms.\n", welcome->network,
           welcome->organisation, role, took_s * 1000);
}

static int ping(const struct client_config *config) {
    struct hv_connection *connection;
    struct hv_welcome welcome;
    double began_s = seconds_now();
    int status = tool_connect(config, &(struct tool_session){0}, &connection);
    if (status != TOOL_DONE)
        return status;
    double took_s = seconds_now() - began_s;
    hv_welcome_get(connection, &welcome);
    hv_disconnect(connection);
    welcome_show(config, &welcome, took_s);
    return TOOL_DONE;
}

int command_ping(int argc, char **argv) {
    static const struct argp_child children[] = {{&options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .doc = "Says hello to the broker in the configured role and measures how long its welcome "
               "takes, from connecting on. The status is 0 when it came.",
        .children = children,
    };
    struct client_config config;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    int status = tool_config_load(&config);
    if (status == TOOL_DONE)
        status = ping(&config);
    client_config_fini(&config);
    return status;
}
