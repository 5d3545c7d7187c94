/* When an organisation is open, as its file says it and as it is written again. For network*.c and
 * whoever shows a network. */
#ifndef HOUVAST_NETWORK_HOURS_H
#define HOUVAST_NETWORK_HOURS_H

#include <stdio.h>

#include "broker/network.h"

/* Writes one line "mon 08:30-12:00 13:00-17:00" for each weekday that is open, and weekdays that
 * follow each other with the same hours as one, "mon-fri 08:30-17:00". `before` stands before each,
 * `after` after it. */
void network_opening_write(FILE *file, const struct calendar_opening week[7], const char *before,
                           const char *after);

/* The hours' own settings as lines of a file. */
void network_hours_write(FILE *file, const struct network_hours *hours);

/* "2026-12-24..2027-01-03 Kerstsluiting", or "2027-05-05" for one day without a name. */
#define NETWORK_CLOSURE_TEXT_SIZE 128
void network_closure_text(const struct network_closure *closure,
                          char ret_text[NETWORK_CLOSURE_TEXT_SIZE]);

#endif
