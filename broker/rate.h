/* Rates: how much an organisation may ask in a second, and when what it does is worth an alarm. */
#ifndef HOUVAST_RATE_H
#define HOUVAST_RATE_H

#include "broker/request.h"

/* Counts one command; true when it was refused as `busy`. */
bool rate_refuse(struct request *request);

/* The actor's organisation confirmed a handover or ended a journey in this turn. */
void rate_note_ending(struct request *request);

/* Looks at what the messages of the turn did, and records `suspected`, with its items, where an
 * organisation is over its rate for long, or ends more journeys in a minute than the policy says.
 */
void rates_record(struct turn *turn);
/* The turn has committed: tells the operators' journal what it recorded. */
void rates_commit(struct turn *turn);
/* The turn is undone: what ended in it has not. */
void rates_undo(struct turn *turn);

/* Forgets every organisation's. */
void rates_free(struct broker *broker);

#endif
