/* Measures: how long things take and how they end, per route, from events as they are recorded.
 *
 * Times are kept as counts in buckets that widen by an eighth, so that a median is right within
 * that, however many handovers there were. Nothing here names a resident or a begeleider. */
#ifndef HOUVAST_MEASURE_H
#define HOUVAST_MEASURE_H

#include "broker/request.h"

/* On disk: never renumber. */
enum measure {
    MEASURE_TO_DELIVERY = 1, /* ms since the offer, in buckets */
    MEASURE_TO_RECEIPT = 2,
    MEASURE_TO_PICKUP = 3,
    MEASURE_TO_ARRIVAL = 4,
    MEASURE_CONFIRMED = 5,
    MEASURE_DECLINED = 6,  /* labelled with decision and reason */
    MEASURE_WITHDRAWN = 7, /* labelled with the reason */
    MEASURE_CONTESTED = 8,
    MEASURE_STEPS = 9,      /* labelled with the phase */
    MEASURE_HOPS = 10,      /* of journeys that closed, by who held last; the bucket is how many */
    MEASURE_HELD_MS = 11,   /* for another party: from an offer until its end */
    MEASURE_ABSENT_MS = 12, /* as far ahead as absences were said */
    MEASURE_QUIET_MS = 13,
};

/* Whether an event about to be folded brings the handover to a state in which it never was. */
bool measure_is_first(const struct hv_event *event, const struct handover *before);
/* Takes an event into account, after it was folded. `handover` may be NULL; `is_first` is what was
 * found before it was folded. */
void measure_event(struct turn *turn, const struct hv_event *event, const struct journey *journey,
                   const struct handover *handover, bool is_first);
/* How long from `from_ms` on an absence leaves residents without anybody, by its event: of who
 * holds somebody and has no deputy at hand. Ten years at most are counted ahead. */
int64_t measure_absent_ms(const struct hv_event *absent, hv_time from_ms);
/* Time during which an organisation had nobody; negative where what was counted before did not
 * come true. */
void measure_add_ms(struct turn *turn, enum measure measure, const char *organisation, int64_t ms);

/* Appends what was measured as figures for `stats`, at most `room`; their names live in the turn's
 * zone. Gives how many; *ret_left_out is how many had no room. */
size_t measures_fill(struct turn *turn, struct hv_counter *figures, size_t room,
                     int64_t *ret_left_out);

/* The bucket of so many ms (of less than none: the first), and the most ms that one stands for. */
int64_t measure_bucket(int64_t ms);
int64_t measure_bucket_ms(int64_t bucket);

#endif
