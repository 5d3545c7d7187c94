/* The global options, which stand before the subcommand or after it. */
#ifndef HOUVAST_OPTIONS_H
#define HOUVAST_OPTIONS_H

#include <argp.h>

/* Reads them into tool_options; a child of main's argp and of most subcommands'. */
extern const struct argp options_argp;
/* The same for a subcommand whose --timeout is another. */
extern const struct argp options_argp_without_timeout;

/* Keys of options that have no letter; above every character, below a subcommand's own. */
enum options_key {
    OPTIONS_CONFIG = 0x100,
    OPTIONS_ROLE,
    OPTIONS_ENDPOINT,
    OPTIONS_TIMEOUT,
    OPTIONS_JSON,
    OPTIONS_OWN, /* a subcommand's own begin here */
};

#endif
