/* The contract's tables. */
#include "contract.h"

#define COORDINATORS \
    (AS(ROLE_HOLDERS_COORDINATOR) | AS(ROLE_RECEIVERS_COORDINATOR) | AS(ROLE_NETWORKS_COORDINATOR))
#define HOLDER   (AS(ROLE_HOLDER) | AS(ROLE_BOTH))
#define RECEIVER (AS(ROLE_RECEIVER) | AS(ROLE_BOTH))
#define PARTIES  (AS(ROLE_RECEIVER) | HOLDER)

unsigned contract_may(enum hv_message_type type) {
    switch ((int)type) {
    case HV_MESSAGE_reassign:
    case HV_MESSAGE_close:
    case HV_MESSAGE_offer:
    case HV_MESSAGE_withdraw:
    case HV_MESSAGE_supplement:
    case HV_MESSAGE_contest:
        return HOLDER;
    case HV_MESSAGE_receive:
    case HV_MESSAGE_pickup:
    case HV_MESSAGE_wait:
    case HV_MESSAGE_confirm:
    case HV_MESSAGE_decline:
    case HV_MESSAGE_fetch:
        return RECEIVER;
    case HV_MESSAGE_introduce:
    case HV_MESSAGE_note:
        return PARTIES;
    case HV_MESSAGE_set_urgency:
    case HV_MESSAGE_status:
        return PARTIES | COORDINATORS;
    case HV_MESSAGE_claim:
        return COORDINATORS;
    case HV_MESSAGE_settle:
        return AS(ROLE_HOLDERS_COORDINATOR) | AS(ROLE_NETWORKS_COORDINATOR);
    default:
        return ~0U;
    }
}

bool contract_handover_takes(enum hv_handover_state state, enum hv_message_type type) {
    switch ((int)type) {
    case HV_MESSAGE_receive:
        return state < HV_HANDOVER_CONFIRMED && state != HV_HANDOVER_PICKED_UP;
    case HV_MESSAGE_fetch: /* what is disclosed, and not deleted */
        return state > HV_HANDOVER_DELIVERED && state <= HV_HANDOVER_CONFIRMED;
    case HV_MESSAGE_contest:
        return state == HV_HANDOVER_CONFIRMED;
    case HV_MESSAGE_status:
        return true;
    default:
        return state < HV_HANDOVER_CONFIRMED;
    }
}

bool contract_journey_takes(enum hv_journey_state state, enum hv_message_type type) {
    switch ((int)type) {
    case HV_MESSAGE_open:
        return state == 0 || state == HV_JOURNEY_CLOSED;
    case HV_MESSAGE_offer:
        return state == HV_JOURNEY_OPEN;
    case HV_MESSAGE_settle:
        return state == HV_JOURNEY_CLOSING;
    case HV_MESSAGE_status:
    case HV_MESSAGE_history:
        return state != 0;
    default:
        return state == HV_JOURNEY_OPEN || state == HV_JOURNEY_CLOSING;
    }
}
