/* `houvast watch` on a terminal: what is open, live, and keys to act. */
#ifndef HOUVAST_WATCH_SCREEN_H
#define HOUVAST_WATCH_SCREEN_H

#include "clients/houvast/config.h"
#include "clients/houvast/extras.h"

/* Watches on the standard streams, a terminal's, until somebody leaves. Says that the connection is
 * lost and since when, and goes on by itself. Returns the exit status; -ENOTTY where the terminal
 * cannot be drawn on. */
int watch_screen(struct hv_connection *connection, const struct client_config *config,
                 const struct extras *extras);

#endif
