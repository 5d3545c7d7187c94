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
    const char *said = event->has_acted_for ? event->acted_for : event->organisation;
    const bool by_holder = strcmp(said, handover->from) == 0;
    const char *other = by_holder ? handover->to : handover->from;

    if (strcmp(other, said) != 0)
        endpoints(audience, other);
}

/* Those whom the step is for; of one that climbs beyond who must act, both parties hear too. */
static void step_audience(struct audience *audience, const struct hv_event *event,
                          const struct journey *journey, const struct handover *handover) {
    for (size_t i = 0; i < event->addressees.count; i++)
        audience_add(audience, event->addressees.items[i].organisation,
                     event->addressees.items[i].role);
    if (event->event != HV_EVENT_ESCALATED)
        return;
    endpoints(audience, journey->holder.organisation);
    if (handover && handover_is_open(handover))
        endpoints(audience, handover->to);
}

/* Both parties of the open handover, or the holder alone. */
static void parties(struct audience *audience, const struct journey *journey,
                    const struct handover *handover) {
    endpoints(audience, journey->holder.organisation);
    if (handover)
        endpoints(audience, handover->to);
}

static void noted_audience(struct audience *audience, const struct hv_event *event,
                           const struct journey *journey, const struct handover *handover) {
    if (handover)
        other_party(audience, event, handover);
    if (event->code == HV_NOTE_NOT_REACHED && event->has_count)
        audience_add(audience, journey->holder.organisation, HV_ROLE_COORDINATOR);
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
    case HV_EVENT_WAITING:
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
    case HV_EVENT_REMINDED:
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
    case HV_EVENT_DIGEST:
        step_audience(ret_audience, event, journey, handover);
        break;
    case HV_EVENT_NOTED:
        noted_audience(ret_audience, event, journey, handover);
        break;
    case HV_EVENT_CONTESTED:
        endpoints(ret_audience, holder);
        audience_add(ret_audience, coordinating, HV_ROLE_COORDINATOR);
        break;
    case HV_EVENT_CLAIMED:
        parties(ret_audience, journey, handover);
        break;
    case HV_EVENT_CLOCK: /* belong to no journey */
    case HV_EVENT_ABSENT:
    case HV_EVENT_QUIET:
    case HV_EVENT_URGENCY:
    case HV_EVENT_TOLD:
    case HV_EVENT_REPAIRED:
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
    switch ((int)event->event) {
    case HV_EVENT_SUSPECTED:
    case HV_EVENT_QUIET:
        audience_add(ret_audience, coordinating, HV_ROLE_COORDINATOR);
        if (about_has_coordinators)
            audience_add(ret_audience, event->about, HV_ROLE_COORDINATOR);
        break;
    case HV_EVENT_ABSENT: /* without a deputy, and not taken back */
        if (event->has_deputy || event->until <= event->begins)
            break;
        if (about_has_coordinators)
            audience_add(ret_audience, event->about, HV_ROLE_COORDINATOR);
        else
            audience_add(ret_audience, coordinating, HV_ROLE_COORDINATOR);
        break;
    case HV_EVENT_CLOCK:
        audience_add(ret_audience, coordinating, HV_ROLE_OPERATOR);
        break;
    default:
        break;
    }
}
