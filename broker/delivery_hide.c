/* What items leave out of their events: who reads the item is no party to the rest. */
#include "broker/delivery_hide.h"

static void hide_author(struct hv_event *event) {
    event->has_organisation = false;
    event->has_role = false;
    event->has_on = false;
}

/* Routing facts only. */
static void hide_offered(struct hv_event *event) {
    hide_author(event);
    event->has_disclose = false;
    event->has_dossier_hash = false;
    event->has_reason = false;
}

/* Who did it, and why. */
static void hide_person(struct hv_event *event) {
    hide_author(event);
    event->has_begeleider = false;
    event->has_reason = false;
}

/* `holder` says who. */
static void hide_confirmed(struct hv_event *event) {
    hide_author(event);
    event->has_begeleider = false;
    event->has_from = false;
    event->has_to = false;
    event->has_delete_at = false;
}

/* Earlier holders hear how it ended, not what was said, nor for whom: that would say who holds. */
static void hide_closed(struct hv_event *event) {
    hide_person(event);
    event->has_talked = false;
    event->has_no_talk = false;
    event->has_acted_for = false;
}

/* Whom else it is for. */
static void hide_addressees(struct hv_event *event) {
    event->has_addressees = false;
    event->has_reached = false;
    event->has_rested = false;
}

void delivery_hide(struct hv_event *event) {
    event->has_role = false;
    event->has_runs = false;
    switch (event->event) {
    case HV_EVENT_OFFERED:
        hide_offered(event);
        break;
    case HV_EVENT_DOSSIER:
    case HV_EVENT_WITHDRAWN:
        hide_person(event);
        break;
    case HV_EVENT_CONFIRMED:
        hide_confirmed(event);
        break;
    case HV_EVENT_CLOSED:
        hide_closed(event);
        break;
    case HV_EVENT_NOTED:
    case HV_EVENT_REMINDED:
    case HV_EVENT_ESCALATED:
    case HV_EVENT_CHECK_IN_DUE:
        hide_addressees(event);
        break;
    case HV_EVENT_OPENED:
    case HV_EVENT_REASSIGNED:
    case HV_EVENT_CLOSING:
    case HV_EVENT_SETTLED:
    case HV_EVENT_DELIVERED:
    case HV_EVENT_RECEIVED:
    case HV_EVENT_PICKED_UP:
    case HV_EVENT_INTRODUCED:
    case HV_EVENT_DECLINED:
    case HV_EVENT_SUPPLEMENTED:
    case HV_EVENT_FETCHED:
    case HV_EVENT_DELETED:
    case HV_EVENT_ACKNOWLEDGED:
    case HV_EVENT_READ:
    case HV_EVENT_NETWORK:
    case HV_EVENT_SUSPECTED:
    case HV_EVENT_TOLD:
    case HV_EVENT_WAITING:
    case HV_EVENT_URGENCY:
    case HV_EVENT_CONTESTED:
    case HV_EVENT_CLAIMED:
    case HV_EVENT_ABSENT:
    case HV_EVENT_QUIET:
    case HV_EVENT_DIGEST:
    case HV_EVENT_CLOCK:
    case HV_EVENT_REPAIRED:
        break;
    }
}
