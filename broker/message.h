/* Messages: one at a time, from its frames to where it goes. */
#ifndef HOUVAST_MESSAGE_H
#define HOUVAST_MESSAGE_H

#include "broker/request.h"

/* Takes one message: whose it is, whether it can be read, which session it belongs to; then hands
 * it on. */
void message_take(struct turn *turn, const struct inbound *inbound);

#endif
