/* Watching what is open and what happens, line by line. */
#ifndef HOUVAST_WATCH_H
#define HOUVAST_WATCH_H

#include "houvast/houvast.h"

/* Watches as asked and prints a line for each journey that is open and for each event, with --json
 * a line of JSON. Watches anew, from the last event that was printed, where the session was lost or
 * events were left out. Goes on until a signal ends the program; gives an exit status where the
 * broker does not want it or standard output is gone. */
int watch_show(struct hv_connection *connection, const struct hv_watch *first);

#endif
