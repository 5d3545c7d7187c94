/* The subcommands: one for each message that a peer sends as a command, and those of the tool's
 * own. */
#ifndef HOUVAST_COMMANDS_H
#define HOUVAST_COMMANDS_H

#include "wire/wire.h"

struct subcommand {
    const char *name;
    const char *doc;
    int (*run)(int argc, char **argv); /* NULL: the message of that type is sent */
    enum hv_message_type type;
};

/* The n-th subcommand, in the order of the help; false where there are no more. */
bool subcommand_at(size_t n, struct subcommand *ret_subcommand);
bool subcommand_find(const char *name, struct subcommand *ret_subcommand);

/* Writes the names that `name` may have meant, apart by ", "; "" where none is near. */
void subcommand_near(const char *name, char *ret_names, size_t size);

/* Sends the message of that type as its options say, and shows the answer. */
int command_send(enum hv_message_type type, int argc, char **argv);

#endif
