/* Audience: who hears of what. */
#include "broker/audience.h"

#include <assert.h>
#include <string.h>

#include "broker/event.h"

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

/* ---- Events of a journey ---- */

/* Whom an event concerns. */
enum {
    ADDRESSEES = 1 << 0, /* whom the event itself names */
    SENDER = 1 << 1,     /* who offered */
    HOLDER = 1 << 2,     /* who holds after it */
    RECEIVER = 1 << 3,   /* of the handover, where there is one */
    RECEIVER_WHILE_OPEN = 1 << 4,
    OTHER_PARTY = 1 << 5, /* the one that did not say so */
    HOLDERS_COORDINATORS = 1 << 6,
    NETWORKS_COORDINATORS = 1 << 7,
    EARLIER_HOLDERS = 1 << 8,
};

/* clang-format off */
static const uint16_t concerned[] = {
    [HV_EVENT_OPENED]       = 0,
    [HV_EVENT_REASSIGNED]   = HOLDER,
    [HV_EVENT_CLOSING]      = HOLDER | HOLDERS_COORDINATORS | NETWORKS_COORDINATORS,
    [HV_EVENT_SETTLED]      = HOLDER,
    [HV_EVENT_CLOSED]       = HOLDER | EARLIER_HOLDERS,
    [HV_EVENT_OFFERED]      = RECEIVER,
    [HV_EVENT_DELIVERED]    = 0,
    [HV_EVENT_RECEIVED]     = SENDER,
    [HV_EVENT_PICKED_UP]    = SENDER,
    [HV_EVENT_WAITING]      = SENDER,
    [HV_EVENT_INTRODUCED]   = OTHER_PARTY,
    [HV_EVENT_CONFIRMED]    = SENDER | RECEIVER,
    [HV_EVENT_DECLINED]     = SENDER,
    [HV_EVENT_WITHDRAWN]    = RECEIVER,
    [HV_EVENT_SUPPLEMENTED] = 0,
    [HV_EVENT_DOSSIER]      = RECEIVER,
    [HV_EVENT_FETCHED]      = 0,
    [HV_EVENT_DELETED]      = 0,
    [HV_EVENT_NOTED]        = OTHER_PARTY,
    [HV_EVENT_URGENCY]      = 0,
    [HV_EVENT_CONTESTED]    = HOLDER | NETWORKS_COORDINATORS,
    [HV_EVENT_CLAIMED]      = HOLDER | RECEIVER,
    [HV_EVENT_REMINDED]     = ADDRESSEES,
    [HV_EVENT_ESCALATED]    = ADDRESSEES | HOLDER | RECEIVER_WHILE_OPEN,
    [HV_EVENT_CHECK_IN_DUE] = ADDRESSEES,
    [HV_EVENT_TOLD]         = 0,
    [HV_EVENT_ACKNOWLEDGED] = 0,
    [HV_EVENT_READ]         = 0,
    [HV_EVENT_REPAIRED]     = 0,
    /* These belong to no journey. */
    [HV_EVENT_NETWORK]      = 0,
    [HV_EVENT_SUSPECTED]    = 0,
    [HV_EVENT_ABSENT]       = 0,
    [HV_EVENT_QUIET]        = 0,
    [HV_EVENT_DIGEST]       = 0, /* for the inbox whose steps it gathers */
    [HV_EVENT_CLOCK]        = 0,
};
/* clang-format on */
static_assert(sizeof concerned / sizeof concerned[0] == EVENT_NAME_COUNT,
              "who hears of the new one?");

static unsigned concerned_by(const struct hv_event *event) {
    if (event->event == HV_EVENT_SETTLED && event->agree)
        return 0; /* `closed` follows */
    if (event->event == HV_EVENT_NOTED && event->code == HV_NOTE_NOT_REACHED && event->has_count)
        return OTHER_PARTY | (event->has_addressees ? ADDRESSEES : HOLDERS_COORDINATORS);
    assert((size_t)event->event < EVENT_NAME_COUNT);
    return concerned[event->event];
}

/* Nobody where both are one organisation. */
static void other_party(struct audience *audience, const struct hv_event *event,
                        const struct handover *handover) {
    const char *said = event_party(event);
    const bool by_holder = strcmp(said, handover->from) == 0;
    const char *other = by_holder ? handover->to : handover->from;

    if (strcmp(other, said) != 0)
        endpoints(audience, other);
}

void audience_of(const struct hv_event *event, const struct journey *journey,
                 const struct handover *handover, const char *coordinating,
                 struct audience *ret_audience) {
    const unsigned whom = concerned_by(event);
    const char *holder = journey->holder.organisation;

    ret_audience->count = 0;
    ret_audience->earlier_holders = (whom & EARLIER_HOLDERS) != 0;
    for (size_t i = 0; whom & ADDRESSEES && i < event->addressees.count; i++)
        audience_add(ret_audience, event->addressees.items[i].organisation,
                     event->addressees.items[i].role);
    if (whom & SENDER)
        endpoints(ret_audience, handover->from);
    if (whom & HOLDER)
        endpoints(ret_audience, holder);
    if (handover && (whom & RECEIVER || (whom & RECEIVER_WHILE_OPEN && handover_is_open(handover))))
        endpoints(ret_audience, handover->to);
    if (handover && whom & OTHER_PARTY)
        other_party(ret_audience, event, handover);
    if (whom & HOLDERS_COORDINATORS)
        audience_add(ret_audience, holder, HV_ROLE_COORDINATOR);
    if (whom & NETWORKS_COORDINATORS)
        audience_add(ret_audience, coordinating, HV_ROLE_COORDINATOR);
}

/* ---- Events of no journey ---- */

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
    case HV_EVENT_ABSENT: /* without a deputy at hand, and not taken back */
        if ((event->has_deputy && !event->has_reached) || event->until <= event->begins)
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
