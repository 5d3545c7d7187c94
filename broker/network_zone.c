/* Time zones of the tz database, read through GLib, as tables of the changes of the clock. */
#include "broker/network_zone.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define ZONES        "/usr/share/zoneinfo"
#define LAST_SECONDS INT64_C(4133980799) /* 2100-12-31T23:59:59Z */

struct zone {
    struct calendar_zone zone;
    char *name;
    struct zone *next;
};

static const struct calendar_shift utc_shift = {0, 0};
const struct calendar_zone network_zone_utc = {&utc_shift, 1};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over the list */
static struct zone *zones;                               /* those that have been read */

/* ---- Through GLib ---- */

/* GLib grumbles at files of the folder that are no zones. */
static bool zone_exists(const char *name) {
    char path[sizeof ZONES + 1 + 64];
    char magic[4];

    if (snprintf(path, sizeof path, "%s/%s", ZONES, name) >= (int)sizeof path)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool is_zone =
        read(fd, magic, sizeof magic) == sizeof magic && memcmp(magic, "TZif", sizeof magic) == 0;
    close(fd);
    return is_zone;
}

static int interval_at(GTimeZone *tz, int64_t seconds) {
    return g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, seconds);
}

/* The first second of an interval of GLib's, after `from` and not after LAST_SECONDS. */
static int64_t interval_begin(GTimeZone *tz, int interval, int64_t from) {
    int64_t low = from, high = LAST_SECONDS;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (interval_at(tz, middle) < interval)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Writes one shift for each time that the offset changes. The count, at most `last - first + 1`. */
static size_t shifts_read(GTimeZone *tz, int first, int last, struct calendar_shift *shifts) {
    size_t count = 0;
    int64_t seconds = 0;

    for (int interval = first; interval <= last; interval++) {
        const int64_t offset_ms = INT64_C(1000) * g_time_zone_get_offset(tz, interval);
        seconds = interval == first ? 0 : interval_begin(tz, interval, seconds);
        if (count == 0 || shifts[count - 1].offset_ms != offset_ms)
            shifts[count++] = (struct calendar_shift){seconds * 1000, offset_ms};
    }
    return count;
}

static int zone_fill(GTimeZone *tz, struct zone *zone) {
    const int first = interval_at(tz, 0), last = interval_at(tz, LAST_SECONDS);
    const size_t room = (size_t)last - (size_t)first + 1;
    struct calendar_shift *shifts = calloc(room, sizeof *shifts);

    if (!shifts)
        return -ENOMEM;
    zone->zone.count = shifts_read(tz, first, last, shifts);
    zone->zone.shifts = shifts;
    return 0;
}

static int zone_read(const char *name, struct zone *zone) {
    GTimeZone *tz = zone_exists(name) ? g_time_zone_new_identifier(name) : NULL;

    if (!tz)
        return -ENOENT;
    int result = zone_fill(tz, zone);
    g_time_zone_unref(tz);
    return result;
}

/* ---- Once for each name ---- */

static int zone_new(const char *name, struct zone **ret_zone) {
    struct zone *zone = calloc(1, sizeof *zone);
    int result = -ENOMEM;

    if (zone && (zone->name = strdup(name)))
        result = zone_read(name, zone);
    if (result < 0) {
        free(zone ? zone->name : NULL);
        free(zone);
        return result;
    }
    *ret_zone = zone;
    return 0;
}

int network_zone_find(const char *name, const struct calendar_zone **ret_zone) {
    struct zone *zone;
    int result = 0;

    pthread_mutex_lock(&lock);
    LL_FOREACH(zones, zone) {
        if (strcmp(zone->name, name) == 0)
            break;
    }
    if (!zone && (result = zone_new(name, &zone)) == 0)
        LL_PREPEND(zones, zone);
    pthread_mutex_unlock(&lock);
    if (result == 0)
        *ret_zone = &zone->zone;
    return result;
}
