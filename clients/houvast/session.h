/* One session with the broker for a subcommand, and what its refusals come to. */
#ifndef HOUVAST_TOOL_SESSION_H
#define HOUVAST_TOOL_SESSION_H

#include "clients/houvast/config.h"
#include "clients/houvast/tool.h"

/* Loads the configuration that --config or $HOUVAST_CONFIG names. TOOL_DONE, or an exit status when
 * that has been said; *ret_config is to be freed with client_config_fini in both cases. */
int tool_config_load(struct client_config *ret_config);

/* What a session is for; all zeroes for one that only asks and says. */
struct tool_session {
    int credit;           /* items out at a time */
    const char *instance; /* NULL: the library's own */
    int timeout_ms;       /* unless --timeout says another; 0: the library's own */
};

/* Connects as the configuration and the global options say. TOOL_DONE and a connection, or an exit
 * status when that has been said. */
int tool_connect(const struct client_config *config, const struct tool_session *session,
                 struct hv_connection **ret_connection);

/* The exit status of what hv_command and its kin returned. All but done is said on stderr with how
 * to mend it; with --json a refusal is printed on standard output too. */
int tool_result(int result, const struct hv_answer *answer);

/* A refusal as it is said, with how to mend it. */
#define TOOL_REFUSAL_SIZE 1024
void tool_refusal_text(const struct hv_refused *refused, char *ret_text, size_t size);

/* TOOL_DONE where the network has an organisation of that name; else an exit status, and that has
 * been said. Asks the broker. */
int tool_organisation_check(struct hv_connection *connection, const char *organisation);

/* Says a failure and returns the exit status for it. */
int tool_failed(const struct failure *failure, int status);

#endif
