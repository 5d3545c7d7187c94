/* Greetings: a session begins with hello and ends with bye. */
#ifndef HOUVAST_GREETING_H
#define HOUVAST_GREETING_H

#include "broker/request.h"

/* Begins the session of the message's connection, and answers `welcome`. Whatever session the
 * connection had is over, and so is another's of the same name, which is told. Answers `refused`,
 * and leaves every session as it was, where the key has not the role, or an inbox would have to be
 * written and cannot. */
void greeting_hello(struct request *request);

/* Ends the session of the message, which has one; answers where it asks for that. */
void greeting_bye(struct request *request);

#endif
