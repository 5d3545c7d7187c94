/* Decisions: how pure rooms fill them. */
#include "broker/decision.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void decision_init(struct decision *decision) {
    decision->refusal = 0;
    decision->reason[0] = '\0';
    decision->field = NULL;
    decision->repeated = false;
    decision->event_count = 0;
}

struct hv_event *decision_event(struct decision *decision, enum hv_event_name name,
                                const struct actor *actor, const struct hv_uuid *journey,
                                const struct hv_uuid *handover) {
    assert(decision->event_count < DECISION_EVENTS_MAX);
    struct hv_event *event = &decision->events[decision->event_count++];

    memset(event, 0, sizeof *event);
    event->event = name;
    event->has_journey = true;
    event->journey = *journey;
    if (handover) {
        event->has_handover = true;
        event->handover = *handover;
    }
    event->has_organisation = true;
    copy_text(event->organisation, actor->acting[0] ? actor->acting : actor->organisation);
    event->has_role = true;
    event->role = actor->acting[0] ? HV_ROLE_COORDINATOR : actor->role;
    event->has_acted_for = actor->acting[0] != '\0';
    if (event->has_acted_for)
        copy_text(event->acted_for, actor->organisation);
    return event;
}

void decision_refuse(struct decision *decision, enum hv_refusal code, const char *field,
                     const char *format, ...) {
    va_list arguments;

    decision_init(decision);
    decision->refusal = code;
    decision->field = field;
    va_start(arguments, format);
    (void)vsnprintf(decision->reason, sizeof decision->reason, format, arguments);
    va_end(arguments);
}

bool decision_refuse_future(struct decision *decision, hv_time on, hv_time now_ms,
                            const char *field) {
    if (on <= now_ms + DECISION_SKEW_MS)
        return false;
    decision_refuse(decision, HV_REFUSED_MALFORMED, field,
                    "`%s` lies in the future by this broker's clock; say when it happened", field);
    return true;
}
