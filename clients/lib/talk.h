/* The conversation with the broker, on the connection's own thread: what is heard changes it, and
 * what is due is said.
 *
 *              connection made                welcome
 *      APART ──────── hello ───────▶ ASKED ────────────▶ WELCOMED
 *        ▲ ▲                           │ │                  │
 *        │ └── no answer, busy ────────┘ │ forbidden        │ connection lost, three silent
 *        └───────────────────────────────┼──────────────────┘ heartbeats, no-session
 *                                        ▼
 *                                      ENDED                  (also from WELCOMED: forbidden)
 */
#ifndef HOUVAST_TALK_H
#define HOUVAST_TALK_H

#include "clients/lib/connection.h"

/* ---- talk.c: the stages ---- */

/* Sets the conversation to its beginning, before the thread starts. */
void talk_begin(struct hv_connection *connection);
/* The session stands. */
void talk_welcome(struct hv_connection *connection, const struct hv_welcome *welcome);
/* There is no session any more, if there was one; hello follows after so many ms. `why` is for
 * people. */
void talk_lose(struct hv_connection *connection, int64_t hello_after_ms, const char *why);
/* The broker has no session of ours, as it said when asked something: at once again, and if that
 * happens soon after, later and later. */
void talk_forgotten(struct hv_connection *connection);
/* Another process said hello under our instance's name. Where that name was given to us we keep
 * away for a while, or the two would take the session from each other for ever. */
void talk_taken_over(struct hv_connection *connection);
/* The broker does not want us, and says so. */
void talk_end(struct hv_connection *connection, const struct hv_refused *refused);
/* Sends one message of ours. As link_send; remembers when. */
int talk_say(struct hv_connection *connection, const struct hv_message *message);

/* ---- hear.c ---- */

/* Takes in what has come, a bounded number of messages. */
void talk_hear(struct hv_connection *connection);

#endif
