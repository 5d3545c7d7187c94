/* Messages as JSON, for people and scripts: the keys and words of the wire.
 *
 * What is absent is an absent key. A time is a number of milliseconds since 1970-01-01T00:00Z, a
 * UUID its text, bytes are text in lower-case hexadecimal, counters an object. The fields of an
 * embedded struct stand beside the others, as on the wire. */
#ifndef HOUVAST_WIRE_JSON_H
#define HOUVAST_WIRE_JSON_H

#include <jansson.h>

#include "wire/wire.h"

/* A new object, to be released with json_decref, that borrows nothing; NULL where memory is
 * wanting. The value must be valid, as for wire_encode. */
json_t *wire_to_json(const struct wire_struct *type, const void *value);

/* The same with the message's `type` as its first key. */
json_t *wire_message_to_json(const struct hv_message *message);

#endif
