/* What the service manager hears from us; everything of sd_notify(3) is in this room.
 *
 * Without a service manager every call does nothing. None of them fails or waits: a manager that
 * cannot be told is no reason to let go of anybody. False: the manager has no room for it now,
 * because it does not read; say it again later. */
#ifndef HOUVAST_SYSTEMD_H
#define HOUVAST_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

/* Ledger, ZAP handler and endpoints stand; or a reload has ended. Arms the watchdog. */
bool systemd_ready(const char *status);

/* A reload begins: the manager waits for the next systemd_ready. */
void systemd_reloading(void);

void systemd_stopping(void);

/* The line that `systemctl status` shows, 256 bytes at most. */
bool systemd_status(const char *status);

/* How long the watchdog waits for a sign of life, in microseconds; 0: it does not wait for us. */
uint64_t systemd_watchdog_us(void);

/* The sign of life. For progress only: houvastd(8), THE SERVICE MANAGER. */
bool systemd_alive(void);

#endif
