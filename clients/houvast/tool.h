/* The command line tool: what its rooms share, from the exit statuses to the words of each command.
 *
 * A subcommand is a function that gets its own argc and argv, argv[0] being its name, and returns
 * the exit status. Global options stand before the subcommand (houvast(1)). */
#ifndef HOUVAST_TOOL_H
#define HOUVAST_TOOL_H

#include <stdbool.h>
#include <sysexits.h>

#include "houvast/houvast.h"

#define TOOL_VERSION HV_VERSION

/* The exit statuses, a promise to scripts. Those from sysexits.h have the meaning that they have
 * there. */
enum tool_exit {
    TOOL_DONE = 0,                   /* done, now or (repeated) before */
    TOOL_REFUSED = 1,                /* the broker refused, and asking again would not help */
    TOOL_USAGE = EX_USAGE,           /* an option or a file named by one is not good */
    TOOL_NO_ANSWER = EX_UNAVAILABLE, /* the broker did not answer: nobody knows, ask again */
    TOOL_INTERNAL = EX_SOFTWARE,     /* out of memory, or a defect of ours */
    TOOL_LATER = EX_TEMPFAIL,        /* refused with busy or unavailable: the same again, later */
    TOOL_NO_SESSION = EX_NOPERM,     /* the broker gives this key no session in this role */
    TOOL_CONFIGURATION = EX_CONFIG,  /* the client configuration or a file that it names */
};

/* What the global options say. */
struct tool_options {
    const char *config;   /* --config; NULL: $HOUVAST_CONFIG */
    const char *endpoint; /* --endpoint; NULL: the configuration's */
    enum hv_role role;    /* --role; 0: the configuration's */
    int timeout_ms;       /* --timeout; 0: the library's own */
    bool json;            /* --json */
};

/* They stay as they are once the options have been read. */
extern struct tool_options tool_options;

/* Prints `houvast: sentence` on stderr. */
void tool_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Subcommands that stand in a room of their own ---- */

int command_keygen(int argc, char **argv);
int command_network(int argc, char **argv);
int command_ping(int argc, char **argv);
int command_listen(int argc, char **argv);
int command_receipt(int argc, char **argv);

#endif
