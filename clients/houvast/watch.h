/* Watching what is open and what happens. */
#ifndef HOUVAST_WATCH_H
#define HOUVAST_WATCH_H

#include "clients/houvast/config.h"
#include "clients/houvast/extras.h"
#include "houvast/houvast.h"

/* Watches as asked: on a terminal as a screen (watch_screen.h), elsewhere, or where `extras` asks
 * for them, in lines: one for each journey that is open, most overdue first, and one for each
 * event, with `extras->all` housekeeping too (story.h). With --json each is a line of JSON, as it
 * came.
 *
 * Watches anew, from the last event that was printed, where the session was lost or events were
 * left out. Goes on until a signal ends the program; gives an exit status where the broker does not
 * want it, `extras` names what there is not, or standard output is gone. */
int watch_show(struct hv_connection *connection, const struct client_config *config,
               const struct hv_watch *first, const struct extras *extras);

#endif
