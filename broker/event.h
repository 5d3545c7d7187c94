/* Events: what several rooms ask of one. Pure. */
#ifndef HOUVAST_EVENT_H
#define HOUVAST_EVENT_H

#include "houvast/messages.h"

/* One more than there are events: a table with a row for each has so many, the first of none. */
#define EVENT_NAME_ONE(name, number, text, doc) +1
enum { EVENT_NAME_COUNT = 1 HV_VOCABULARY_event_name(EVENT_NAME_ONE) };
#undef EVENT_NAME_ONE

/* Whether it records a step of a ladder. */
static inline bool event_is_step(enum hv_event_name name) {
    return name == HV_EVENT_REMINDED || name == HV_EVENT_ESCALATED || name == HV_EVENT_CHECK_IN_DUE;
}

/* The party whose word it is: where a coordinator of the network acts for one, that one. Borrowed
 * from the event; "" for what the broker itself records. */
static inline const char *event_party(const struct hv_event *event) {
    return event->has_acted_for ? event->acted_for : event->organisation;
}

#endif
