/* Any value of the wire as text for people, from the field lists. */
#ifndef HOUVAST_DESCRIBE_H
#define HOUVAST_DESCRIBE_H

#include <stdio.h>

#include "wire/wire.h"

/* Whether the field is there in its struct, and where its value lies. */
bool describe_present(const struct wire_field *field, const void *value);
const void *describe_at(const struct wire_field *field, const void *value);

/* Writes one present field's value: times in local time, bytes in hexadecimal, lists apart by
 * commas. */
void describe_value(FILE *out, const struct wire_field *field, const void *value);

/* Writes the fields that are present as `name value`, apart by "; ", but for those named in
 * `leave_out`, which ends with NULL. */
void describe_struct(FILE *out, const struct wire_struct *type, const void *value,
                     const char *const *leave_out);

/* Writes what an event says beside its name: as a sentence where somebody has to act on it, else as
 * describe_struct does. */
void describe_event(FILE *out, const struct hv_event *event, const char *const *leave_out);

/* A text that was made with open_memstream; never NULL, out of memory ends the program. */
char *describe_done(FILE *out, char **text);
FILE *describe_begin(char **text, size_t *size);

#endif
