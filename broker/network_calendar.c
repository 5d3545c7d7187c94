/* The calendars of a network: what its organisations say for themselves laid over what the network
 * says. */
#include "broker/network_calendar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/network_zone.h"

/* Who is closed for longer does not open. */
#define CLOSED_DAYS_MAX 366

void network_calendar_defaults(struct network_hours *hours) {
    hours->has_opening = true;
    for (int i = 0; i < 5; i++)
        hours->week[i] =
            (struct calendar_opening){.intervals = {{8 * 60 + 30, 17 * 60}}, .count = 1};
    hours->holidays = NETWORK_HOLIDAYS_DUTCH;
}

void network_hours_fini(struct network_hours *hours) {
    free(hours->closed.list);
    free(hours->closures);
}

/* ---- Closures ---- */

static size_t closures_copy(const struct network_closures *from, struct calendar_closure *to) {
    for (size_t i = 0; i < from->count; i++)
        to[i] = (struct calendar_closure){from->list[i].first_day, from->list[i].last_day};
    return from->count;
}

static int closures_compare(const void *a, const void *b) {
    const struct calendar_closure *left = a, *right = b;

    return (left->first_day > right->first_day) - (left->first_day < right->first_day);
}

/* Those that overlap or follow each other become one. The new count. */
static size_t closures_merge(struct calendar_closure *list, size_t count) {
    size_t kept = 0;

    qsort(list, count, sizeof *list, closures_compare);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || list[i].first_day > list[kept - 1].last_day + 1)
            list[kept++] = list[i];
        else if (list[i].last_day > list[kept - 1].last_day)
            list[kept - 1].last_day = list[i].last_day;
    }
    return kept;
}

/* ---- One calendar ---- */

/* That of `hours`, where whatever they do not say is as in the network's. */
static int calendar_build(const struct network_reading *reading, const struct network *network,
                          const struct calendar_zone *zone, struct network_hours *hours) {
    const struct network_hours *common = &network->hours;
    const struct network_hours *opening = hours->has_opening ? hours : common;
    const enum network_holidays holidays =
        hours->holidays == NETWORK_HOLIDAYS_UNSET ? common->holidays : hours->holidays;
    const bool is_dutch = holidays == NETWORK_HOLIDAYS_DUTCH;
    const size_t room = hours->closed.count + common->closed.count + network->decreed.count;
    struct calendar_closure *list = calloc(room + 1, sizeof *list);
    size_t count;

    if (!list)
        return network_out_of_memory(reading);
    count = closures_copy(&hours->closed, list);
    if (opening == common && hours != common)
        count += closures_copy(&common->closed, list + count);
    if (is_dutch)
        count += closures_copy(&network->decreed, list + count);
    hours->closures = list;
    hours->calendar = (struct calendar){
        .zone = zone,
        .dutch_holidays = is_dutch,
        .closures = list,
        .closure_count = closures_merge(list, count),
        .day_ms = network->day_ms,
    };
    memcpy(hours->calendar.week, opening->week, sizeof hours->calendar.week);
    return 0;
}

/* ---- None that never opens ---- */

static bool opens_after(const struct calendar *calendar, const struct calendar_closure *closure) {
    const int64_t end = closure->first_day + CLOSED_DAYS_MAX;

    for (int64_t day = closure->last_day + 1; day <= end; day++) {
        if (calendar_day_is_open(calendar, day))
            return true;
    }
    return false;
}

/* Where a closure of that day is written. */
static struct network_place closure_place(const struct network_closures *closures, int64_t day) {
    struct network_place place = {.path = NULL};

    for (size_t i = 0; i < closures->count; i++) {
        if (closures->list[i].first_day <= day && day <= closures->list[i].last_day)
            place = (struct network_place){closures->list[i].path, closures->list[i].line};
    }
    return place;
}

static int opening_check(const struct network_reading *reading, const struct network *network,
                         const struct network_hours *hours, const char *whom) {
    const struct calendar *calendar = &hours->calendar;
    char since[CALENDAR_DAY_SIZE];

    for (size_t i = 0; i < calendar->closure_count; i++) {
        const struct calendar_closure *closure = &calendar->closures[i];
        struct network_place place = closure_place(&hours->closed, closure->first_day);
        if (opens_after(calendar, closure))
            continue;
        if (!place.path)
            place = closure_place(&network->hours.closed, closure->first_day);
        if (!place.path)
            place = closure_place(&network->decreed, closure->first_day);
        calendar_day_text(closure->first_day, since);
        return network_wrong(reading, place,
                             "from %s on %s does not open for more than a year; shorten the "
                             "closure, or let an organisation that has gone leave (leaving = yes)",
                             since, whom);
    }
    return 0;
}

/* ---- All of them ---- */

/* A ledger may come to a machine that has other time zones, and its network is read all the same:
 * nothing is due by it. */
static int zone_find(const struct network_reading *reading, const struct network *network,
                     const struct calendar_zone **ret_zone) {
    int result = network_zone_find(network->time_zone, ret_zone);

    if (result == -ENOENT && reading->from_disk)
        return network_wrong(reading, (struct network_place){.path = "network.conf"},
                             "the time zone %s is not known here; install tzdata",
                             network->time_zone);
    if (result == -ENOENT) {
        *ret_zone = &network_zone_utc;
        return 0;
    }
    return result < 0 ? network_out_of_memory(reading) : 0;
}

int network_calendars_build(const struct network_reading *reading, struct network *network) {
    const struct calendar_zone *zone = NULL;
    int result = zone_find(reading, network, &zone);

    if (result == 0)
        result = calendar_build(reading, network, zone, &network->hours);
    if (result == 0)
        result = opening_check(reading, network, &network->hours, "the network");
    for (size_t i = 0; i < network->organisation_count && result == 0; i++) {
        struct network_organisation *organisation = &network->organisations[i];
        result = calendar_build(reading, network, zone, &organisation->hours);
        if (result == 0 && !organisation->leaving)
            result = opening_check(reading, network, &organisation->hours, organisation->name);
    }
    return result;
}
