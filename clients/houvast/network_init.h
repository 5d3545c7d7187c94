/* houvast network init. */
#ifndef HOUVAST_NETWORK_INIT_H
#define HOUVAST_NETWORK_INIT_H

/* As every subcommand: argv[0] is its name, the result its exit status. */
int network_command_init(int argc, char **argv);

#endif
