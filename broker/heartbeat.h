/* Heartbeats: who is still there, and the end of who is not. */
#ifndef HOUVAST_HEARTBEAT_H
#define HOUVAST_HEARTBEAT_H

#include "broker/request.h"

/* Ends a session; what was out to it goes to others. */
void session_over(struct turn *turn, struct session *session);

/* Sessions that have been silent for three intervals are over; those to which nothing was said for
 * one get a ping. Looks at them only when the first can be due. */
void heartbeats(struct turn *turn);

#endif
