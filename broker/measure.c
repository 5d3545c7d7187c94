/* Measures: taking events into account, and giving figures. */
#include "broker/measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broker/quiet.h"
#include "wire/wire.h"

/* ---- Buckets ---- */

#define SUB_BITS    3 /* eight buckets for each doubling */
#define SUB_BUCKETS (1 << SUB_BITS)

int64_t measure_bucket(int64_t ms) {
    int64_t exponent = 0;

    if (ms < SUB_BUCKETS)
        return ms < 0 ? 0 : ms;
    while (ms >> (exponent + 1))
        exponent++;
    return exponent * SUB_BUCKETS + ((ms >> (exponent - SUB_BITS)) & (SUB_BUCKETS - 1));
}

int64_t measure_bucket_ms(int64_t bucket) {
    const int64_t exponent = bucket / SUB_BUCKETS;

    if (bucket < SUB_BUCKETS)
        return bucket;
    return ((SUB_BUCKETS + bucket % SUB_BUCKETS + 1) << (exponent - SUB_BITS)) - 1;
}

/* ---- Taking into account ---- */

static void add_time(struct turn *turn, enum measure measure, const struct handover *handover) {
    const int64_t ms = turn->now_ms - handover->times_ms[HV_HANDOVER_OFFERED];

    ledger_measure_add(turn->ledger, measure, handover->from, handover->to, "", measure_bucket(ms),
                       1);
}

static void add_end(struct turn *turn, enum measure measure, const struct handover *handover,
                    const char *label) {
    const int64_t held_ms = turn->now_ms - handover->times_ms[HV_HANDOVER_OFFERED];

    ledger_measure_add(turn->ledger, measure, handover->from, handover->to, label, 0, 1);
    ledger_measure_add(turn->ledger, MEASURE_HELD_MS, handover->from, handover->to, "", 0,
                       held_ms > 0 ? held_ms : 0);
}

static void add_decline(struct turn *turn, const struct hv_event *event,
                        const struct handover *handover) {
    char label[2 * HV_CODE_SIZE];

    (void)snprintf(label, sizeof label, "%s %s",
                   wire_word_text(&wire_vocabulary_decided, (int)event->decided), event->reason);
    add_end(turn, MEASURE_DECLINED, handover, label);
}

static void add_step(struct turn *turn, const struct hv_event *event,
                     const struct journey *journey) {
    ledger_measure_add(turn->ledger, MEASURE_STEPS, journey->holder.organisation, event->awaits,
                       wire_word_text(&wire_vocabulary_phase, (int)event->phase), 0, 1);
}

bool measure_is_first(const struct hv_event *event, const struct handover *before) {
    if (event->event == HV_EVENT_RECEIVED)
        return before->times_ms[HV_HANDOVER_RECEIVED] == 0;
    if (event->event == HV_EVENT_PICKED_UP)
        return before->times_ms[HV_HANDOVER_PICKED_UP] == 0;
    return true;
}

void measure_event(struct turn *turn, const struct hv_event *event, const struct journey *journey,
                   const struct handover *handover, bool is_first) {
    switch ((int)event->event) {
    case HV_EVENT_DELIVERED:
        add_time(turn, MEASURE_TO_DELIVERY, handover);
        break;
    case HV_EVENT_RECEIVED:
        if (is_first)
            add_time(turn, MEASURE_TO_RECEIPT, handover);
        break;
    case HV_EVENT_PICKED_UP:
        if (is_first)
            add_time(turn, MEASURE_TO_PICKUP, handover);
        break;
    case HV_EVENT_CONFIRMED:
        add_time(turn, MEASURE_TO_ARRIVAL, handover);
        add_end(turn, MEASURE_CONFIRMED, handover, "");
        break;
    case HV_EVENT_DECLINED:
        add_decline(turn, event, handover);
        break;
    case HV_EVENT_WITHDRAWN:
        add_end(turn, MEASURE_WITHDRAWN, handover, event->reason);
        break;
    case HV_EVENT_CONTESTED:
        ledger_measure_add(turn->ledger, MEASURE_CONTESTED, handover->from, handover->to, "", 0, 1);
        break;
    case HV_EVENT_CLOSED:
        ledger_measure_add(turn->ledger, MEASURE_HOPS, journey->holder.organisation, "", "",
                           ledger_hops(turn->ledger, journey->row), 1);
        break;
    case HV_EVENT_REMINDED:
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
        add_step(turn, event, journey);
        break;
    default:
        break;
    }
}

/* "For ever" is so long here, from when it begins, or was said: the sums of many have to fit. */
#define ABSENT_MAX_MS (3650 * CALENDAR_DAY_MS)

int64_t measure_absent_ms(const struct hv_event *absent, hv_time from_ms) {
    const hv_time said_ms = absent->has_at ? absent->at : from_ms;
    const hv_time counts_from_ms = absent->begins > said_ms ? absent->begins : said_ms;
    const hv_time until_ms = absent->until > counts_from_ms + ABSENT_MAX_MS
                                 ? counts_from_ms + ABSENT_MAX_MS
                                 : absent->until;
    const hv_time begins_ms = absent->begins > from_ms ? absent->begins : from_ms;
    const bool covered = absent->has_deputy && !absent->has_reached;

    return absent->count == 0 || covered || until_ms <= begins_ms ? 0 : until_ms - begins_ms;
}

void measure_add_ms(struct turn *turn, enum measure measure, const char *organisation, int64_t ms) {
    if (ms != 0)
        ledger_measure_add(turn->ledger, measure, organisation, "", "", 0, ms);
}

/* ---- Figures ---- */

struct filling {
    struct turn *turn;
    struct hv_counter *figures;
    size_t count, room;
    int64_t left_out;
    /* The times of one route, while their buckets come by. */
    struct ledger_measure route;
    int64_t buckets[64 * SUB_BUCKETS];
    int64_t total;
};

static void put(struct filling *filling, int64_t value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put(struct filling *filling, int64_t value, const char *format, ...) {
    char name[256];
    va_list arguments;

    if (filling->count == filling->room) {
        filling->left_out++;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    char *kept = msgpack_zone_malloc_no_align(&filling->turn->zone, strlen(name) + 1);
    if (!kept) {
        filling->turn->error = -ENOMEM;
        return;
    }
    memcpy(kept, name, strlen(name) + 1);
    filling->figures[filling->count++] = (struct hv_counter){kept, value};
}

static const char *stage_name(int64_t measure) {
    switch (measure) {
    case MEASURE_TO_DELIVERY:
        return "delivery";
    case MEASURE_TO_RECEIPT:
        return "receipt";
    case MEASURE_TO_PICKUP:
        return "pick-up";
    case MEASURE_TO_ARRIVAL:
        return "arrival";
    default:
        return NULL;
    }
}

/* The least time that so many of a thousand did not exceed, in seconds. */
static int64_t quantile_s(const struct filling *filling, int64_t per_mille) {
    const int64_t wanted = (filling->total * per_mille + 999) / 1000;
    int64_t seen = 0;

    for (size_t i = 0; i < sizeof filling->buckets / sizeof filling->buckets[0]; i++) {
        seen += filling->buckets[i];
        if (seen >= wanted)
            return measure_bucket_ms((int64_t)i) / 1000;
    }
    return 0;
}

static void put_times(struct filling *filling) {
    static const struct {
        const char *text;
        int64_t per_mille;
    } quantiles[] = {{"0.5", 500}, {"0.9", 900}, {"0.99", 990}};
    const char *stage = stage_name(filling->route.measure);

    for (size_t i = 0; stage && filling->total > 0 && i < 3; i++)
        put(filling, quantile_s(filling, quantiles[i].per_mille),
            "houvast_handover_seconds{stage=\"%s\",from=\"%s\",to=\"%s\",quantile=\"%s\"}", stage,
            filling->route.sender, filling->route.receiver, quantiles[i].text);
    memset(filling->buckets, 0, sizeof filling->buckets);
    filling->total = 0;
}

static void put_end(struct filling *filling, const struct ledger_measure *measure,
                    const char *end) {
    put(filling, measure->count,
        "houvast_handovers_ended_total{end=\"%s\",from=\"%s\",to=\"%s\",reason=\"%s\"}", end,
        measure->sender, measure->receiver, measure->label);
}

/* The label says whose decision it was, and why. */
static void put_declined(struct filling *filling, const struct ledger_measure *measure) {
    const int decided = (int)strcspn(measure->label, " ");
    const char *reason = measure->label + decided;

    put(filling, measure->count,
        "houvast_handovers_ended_total{end=\"declined\",from=\"%s\",to=\"%s\",decided=\"%.*s\","
        "reason=\"%s\"}",
        measure->sender, measure->receiver, decided, measure->label, reason + (*reason == ' '));
}

/* ---- What was said ahead, and what goes on ---- */

struct ahead {
    struct turn *turn;
    int64_t ms;
};

static void add_ahead(void *context, int64_t seq) {
    struct ahead *ahead = context;
    struct hv_event absent;

    if (ledger_event_get(ahead->turn->ledger, seq, &ahead->turn->zone, &absent))
        ahead->ms += measure_absent_ms(&absent, ahead->turn->now_ms);
}

/* An absence counts when it is said; what of it has yet to come is no figure yet. More is yet to
 * come than was counted where the clock was put back since: then it is none. */
static int64_t absent_so_far_ms(struct turn *turn, const struct ledger_measure *measure) {
    struct ahead ahead = {.turn = turn};

    ledger_absences_after(turn->ledger, measure->sender, turn->now_ms, add_ahead, &ahead);
    return measure->count > ahead.ms ? measure->count - ahead.ms : 0;
}

/* A silence counts while it lasts. */
static void put_quiet(struct filling *filling) {
    const struct turn *turn = filling->turn;
    const struct network *network = turn->broker->network;

    for (size_t i = 0; i < network->organisation_count; i++) {
        const char *name = network->organisations[i].name;
        const int64_t ms = ledger_measured(turn->ledger, MEASURE_QUIET_MS, name) +
                           quiet_uncounted_ms(turn->broker, name, turn->now_ms);
        if (ms > 0)
            put(filling, ms / 1000, "houvast_quiet_seconds_total{organisation=\"%s\"}", name);
    }
}

static void put_measure(struct filling *filling, const struct ledger_measure *measure) {
    switch (measure->measure) {
    case MEASURE_CONFIRMED:
        put_end(filling, measure, "confirmed");
        break;
    case MEASURE_DECLINED:
        put_declined(filling, measure);
        break;
    case MEASURE_WITHDRAWN:
        put_end(filling, measure, "withdrawn");
        break;
    case MEASURE_CONTESTED:
        put(filling, measure->count, "houvast_handovers_contested_total{from=\"%s\",to=\"%s\"}",
            measure->sender, measure->receiver);
        break;
    case MEASURE_STEPS:
        put(filling, measure->count,
            "houvast_ladder_steps_total{phase=\"%s\",from=\"%s\",to=\"%s\"}", measure->label,
            measure->sender, measure->receiver);
        break;
    case MEASURE_HOPS:
        put(filling, measure->count,
            "houvast_journeys_closed_total{organisation=\"%s\",hops=\"%lld\"}", measure->sender,
            (long long)measure->bucket);
        break;
    case MEASURE_HELD_MS:
        put(filling, measure->count / 1000,
            "houvast_held_for_another_seconds_total{from=\"%s\",to=\"%s\"}", measure->sender,
            measure->receiver);
        break;
    case MEASURE_ABSENT_MS:
        put(filling, absent_so_far_ms(filling->turn, measure) / 1000,
            "houvast_absent_without_deputy_seconds_total{organisation=\"%s\"}", measure->sender);
        break;
    default:
        break;
    }
}

/* They come in the order of measure and route, so that the buckets of one route come together. */
static void take_measure(void *context, const struct ledger_measure *measure) {
    struct filling *filling = context;
    const struct ledger_measure *route = &filling->route;

    if (route->measure != measure->measure || strcmp(route->sender, measure->sender) != 0 ||
        strcmp(route->receiver, measure->receiver) != 0) {
        put_times(filling);
        filling->route = *measure;
    }
    if (!stage_name(measure->measure)) {
        put_measure(filling, measure);
        return;
    }
    if (measure->bucket < (int64_t)(sizeof filling->buckets / sizeof filling->buckets[0]))
        filling->buckets[measure->bucket] += measure->count;
    filling->total += measure->count;
}

size_t measures_fill(struct turn *turn, struct hv_counter *figures, size_t room,
                     int64_t *ret_left_out) {
    struct filling filling = {.turn = turn, .figures = figures, .room = room};

    /* The times take the most room, and the rest is not left out for them. */
    put_quiet(&filling);
    ledger_measures(turn->ledger, MEASURE_CONFIRMED, MEASURE_ABSENT_MS, MEASURE_HELD_MS,
                    turn->now_ms, take_measure, &filling);
    ledger_measures(turn->ledger, MEASURE_TO_DELIVERY, MEASURE_TO_ARRIVAL, 0, turn->now_ms,
                    take_measure, &filling);
    put_times(&filling);
    *ret_left_out = filling.left_out;
    return filling.count;
}
