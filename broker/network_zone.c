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

#define ZONES          "/usr/share/zoneinfo"
#define FILE_BYTES_MAX 65536               /* the longest has some thousands */
#define LAST_SECONDS   INT64_C(4133980799) /* 2100-12-31T23:59:59Z */

struct zone {
    struct calendar_zone zone;
    char *name;
    struct zone *next;
};

static const struct calendar_shift utc_shift = {0, 0};
const struct calendar_zone network_zone_utc = {&utc_shift, 1};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over the list */
static struct zone *zones;                               /* those that have been read */

/* ---- Whether a file can be read ---- */

/* The header of each of the two parts of a TZif file (RFC 8536), and what follows it. */
#define HEADER_BYTES 44
#define TYPE_BYTES   6
#define OFFSET_MAX   (26 * 3600) /* seconds; no zone is so far off */

struct part {
    size_t utcs, standards, leaps, times, types, letters; /* counts */
};

static uint32_t number_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static size_t part_bytes(const struct part *part, size_t time_bytes) {
    return part->times * (time_bytes + 1) + part->types * TYPE_BYTES + part->letters +
           part->leaps * (time_bytes + 4) + part->standards + part->utcs;
}

/* Reads a header and says whether what it counts is there. */
static bool part_read(const uint8_t *bytes, size_t size, size_t time_bytes, struct part *ret_part) {
    if (size < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
        return false;
    *ret_part = (struct part){number_at(bytes + 20), number_at(bytes + 24), number_at(bytes + 28),
                              number_at(bytes + 32), number_at(bytes + 36), number_at(bytes + 40)};
    return part_bytes(ret_part, time_bytes) <= size - HEADER_BYTES;
}

/* Whether each time has a type that is there, and each type an offset and a name. */
static bool part_is_sound(const struct part *part, const uint8_t *bytes, size_t time_bytes) {
    const uint8_t *of_times = bytes + HEADER_BYTES + part->times * time_bytes;
    const uint8_t *types = of_times + part->times;
    const uint8_t *letters = types + part->types * TYPE_BYTES;

    if (part->types == 0 || part->letters == 0 || letters[part->letters - 1] != '\0')
        return false;
    for (size_t i = 0; i < part->times; i++)
        if (of_times[i] >= part->types)
            return false;
    for (const uint8_t *type = types; type < letters; type += TYPE_BYTES) {
        const int32_t offset = (int32_t)number_at(type);
        if (offset < -OFFSET_MAX || offset > OFFSET_MAX || type[4] > 1 || type[5] >= part->letters)
            return false;
    }
    return true;
}

/* The rule for the years to come: one line, and the end of the file. */
static bool rule_is_whole(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == '\n' && memchr(bytes + 1, '\n', size - 1) == bytes + size - 1;
}

bool network_zone_is_whole(const void *file, size_t size) {
    const uint8_t *bytes = file;
    struct part part;

    if (!part_read(bytes, size, 4, &part))
        return false;
    if (bytes[4] < '2')
        return part_is_sound(&part, bytes, 4);
    const size_t first = HEADER_BYTES + part_bytes(&part, 4);
    bytes += first;
    size -= first;
    if (!part_read(bytes, size, 8, &part) || !part_is_sound(&part, bytes, 8))
        return false;
    const size_t second = HEADER_BYTES + part_bytes(&part, 8);
    return rule_is_whole(bytes + second, size - second);
}

/* ---- Through GLib ---- */

/* GLib grumbles at files of the folder that are no zones, and falls over one that was cut. */
static bool zone_exists(const char *name) {
    char path[sizeof ZONES + 1 + 64];
    uint8_t file[FILE_BYTES_MAX];
    size_t size = 0;
    ssize_t more = 0;

    if (snprintf(path, sizeof path, "%s/%s", ZONES, name) >= (int)sizeof path)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    while (size < sizeof file && (more = read(fd, file + size, sizeof file - size)) > 0)
        size += (size_t)more;
    close(fd);
    return more == 0 && network_zone_is_whole(file, size);
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
