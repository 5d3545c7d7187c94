/* The calendars of a network, made of what its files say. For network*.c alone. */
#ifndef HOUVAST_NETWORK_CALENDAR_H
#define HOUVAST_NETWORK_CALENDAR_H

#include "broker/network_read.h"

/* What counts where network.conf does not say it. */
void network_calendar_defaults(struct network_hours *hours);

/* Makes the calendars of the network and of its organisations, once all files are read, and checks
 * that none of those that stay is closed for a year on end. 0, -EINVAL with the first mistake, or
 * -ENOMEM. */
int network_calendars_build(const struct network_reading *reading, struct network *network);

/* Frees what is in it; all zeroes is fine. */
void network_hours_fini(struct network_hours *hours);

#endif
