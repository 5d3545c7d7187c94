/* Time zones of the tz database (package tzdata), read through GLib, as calendars use them.
 * For network*.c alone.
 *
 * A calendar wants every change of the clock as a table, so that nothing is looked up while
 * deadlines are computed. The C library only knows the one zone of TZ, which all threads share and
 * which it takes for UTC when it cannot read it; GLib reads any zone, and follows its rule beyond
 * the years that are listed. */
#ifndef HOUVAST_NETWORK_ZONE_H
#define HOUVAST_NETWORK_ZONE_H

#include <stddef.h>

#include "broker/calendar.h"

/* The zone of that name, from 1970 through 2100; the last offset then stays in force. 0, or -ENOENT
 * where this machine knows no such zone or its file is damaged, or -ENOMEM.
 *
 * A zone is read once and stays as it was until the process ends, to which it belongs: what an
 * update of tzdata changes counts from the next start on. From any thread. Blocks on the disk when
 * a name is asked for the first time; GLib ends the process if memory is short just then. */
int network_zone_find(const char *name, const struct calendar_zone **ret_zone);

/* Whether these bytes are all of a file of the tz database: GLib takes it for granted. */
bool network_zone_is_whole(const void *file, size_t size);

/* UTC, which needs no tz database. */
extern const struct calendar_zone network_zone_utc;

#endif
