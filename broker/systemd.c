/* What the service manager hears from us; everything of sd_notify(3) is in this room. */
#include "broker/systemd.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void systemd_ready(const char *status) {
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

/* MONOTONIC_USEC is for managers that know Type=notify-reload; older ones pass over it. */
void systemd_reloading(void) {
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    (void)sd_notifyf(
        0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reading the network files again",
        now_us);
}

void systemd_stopping(void) {
    (void)sd_notify(0, "STOPPING=1\nSTATUS=Answering what has arrived, then stopping");
}

void systemd_status(const char *status) {
    (void)sd_notifyf(0, "STATUS=%s", status);
}

uint64_t systemd_watchdog_us(void) {
    uint64_t interval_us = 0;

    return sd_watchdog_enabled(0, &interval_us) > 0 ? interval_us : 0;
}

void systemd_alive(void) {
    (void)sd_notify(0, "WATCHDOG=1");
}
