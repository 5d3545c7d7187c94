/* Audience: who hears of what. */
#include "broker/audience.h"

#include <assert.h>
#include <string.h>

static void audience_add(struct audience *audience, const char *organisation, enum hv_role role) {
    for (size_t i = 0; i < audience->count; i++)
        if (audience->members[i].role == role &&
            strcmp(audience->members[i].organisation, organisation) == 0)
            return;
    assert(audience->count < AUDIENCE_MAX);
    struct addressee *member = &audience->members[audience->count++];
    copy_text(member->organisation, organisation);
    member->role = role;
}

static void endpoints(struct audience *audience, const char *organisation) {
    audience_add(audience, organisation, HV_ROLE_ENDPOINT);
}

/* The party that did not say so; nobody where both are one organisation. */
static void other_party(struct audience *audience, const struct hv_event *event,
                        const struct handover *handover) {
    const bool by_holder = strcmp(event->organisation, handover->from) == 0;
    const char *other = by_holder ? handover->to : handover->from;

    if (strcmp(other, event->organisation) != 0)
        endpoints(audience, other);
}

void audience_of(const struct hv_event *event, const struct journey *journey,
                 const struct handover *handover, const char *coordinating,
                 struct audience *ret_audience) {
    const char *holder = journey->holder.organisation;

    ret_audience->count = 0;
    ret_audience->earlier_holders = false;
    switch (event->event) {
    case HV_EVENT_OFFERED:
    case HV_EVENT_DOSSIER:
    case HV_EVENT_WITHDRAWN:
        endpoints(ret_audience, handover->to);
        break;
    case HV_EVENT_RECEIVED:
    case HV_EVENT_PICKED_UP:
    case HV_EVENT_DECLINED:
        endpoints(ret_audience, handover->from);
        break;
    case HV_EVENT_INTRODUCED:
        other_party(ret_audience, event, handover);
        break;
    case HV_EVENT_CONFIRMED:
        endpoints(ret_audience, handover->from);
        endpoints(ret_audience, handover->to);
        break;
    case HV_EVENT_REASSIGNED:
        endpoints(ret_audience, holder);
        break;
    case HV_EVENT_CLOSING:
        endpoints(ret_audience, holder);
        audience_add(ret_audience, holder, HV_ROLE_COORDINATOR);
        audience_add(ret_audience, coordinating, HV_ROLE_COORDINATOR);
        break;
    case HV_EVENT_SETTLED:
        if (!event->agree)
            endpoints(ret_audience, holder);
        break;
    case HV_EVENT_CLOSED:
        endpoints(ret_audience, holder);
        ret_audience->earlier_holders = true;
        break;
    case HV_EVENT_OPENED:
    case HV_EVENT_DELIVERED:
    case HV_EVENT_SUPPLEMENTED:
    case HV_EVENT_FETCHED:
    case HV_EVENT_DELETED:
    case HV_EVENT_ACKNOWLEDGED:
    case HV_EVENT_READ:
    case HV_EVENT_NETWORK:
    case HV_EVENT_SUSPECTED:
        break;
    }
}

void audience_of_network_event(const struct hv_event *event, const char *coordinating,
                               bool about_has_coordinators, struct audience *ret_audience) {
    ret_audience->count = 0;
    ret_audience->earlier_holders = false;
    if (event->event != HV_EVENT_SUSPECTED)
        return;
    audience_add(ret_audience, coordinating, HV_ROLE_COORDINATOR);
    if (about_has_coordinators)
        audience_add(ret_audience, event->about, HV_ROLE_COORDINATOR);
}
