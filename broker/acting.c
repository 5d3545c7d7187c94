/* Acting for an organisation that cannot. */
#include "broker/acting.h"

#include <string.h>

#include "broker/access.h"
#include "broker/answer.h"
#include "broker/quiet.h"

/* The organisation that the command is given for, or NULL. */
static const char *acts_for(const struct hv_message *message) {
    switch ((int)message->type) {
    case HV_MESSAGE_offer:
        return message->offer.has_for_ ? message->offer.for_ : NULL;
    case HV_MESSAGE_withdraw:
        return message->withdraw.has_for_ ? message->withdraw.for_ : NULL;
    case HV_MESSAGE_decline:
        return message->decline.has_for_ ? message->decline.for_ : NULL;
    case HV_MESSAGE_close:
        return message->close.has_for_ ? message->close.for_ : NULL;
    case HV_MESSAGE_note:
        return message->note.has_for_ ? message->note.for_ : NULL;
    default:
        return NULL;
    }
}

static bool knows_handover(struct request *request, const struct hv_uuid *id) {
    struct handover handover;

    if (ledger_handover_find(request->turn->ledger, id, &handover) &&
        access_knows_handover(&request->actor, &handover))
        return true;
    answer_unknown_handover(request);
    return false;
}

static bool knows_journey(struct request *request, const struct hv_uuid *id) {
    struct ledger *ledger = request->turn->ledger;
    struct journey journey;
    struct handover open;

    if (ledger_journey_find(ledger, id, &journey)) {
        const bool has_open = ledger_handover_open_of(ledger, journey.row, &open);
        if (access_knows_journey(&request->actor, &journey, has_open ? &open : NULL))
            return true;
    }
    answer_unknown_journey(request);
    return false;
}

/* Whether the actor is a party to what the command is about; answered where it is not. */
static bool knows_object(struct request *request) {
    const struct hv_message *message = &request->message;

    switch ((int)message->type) {
    case HV_MESSAGE_withdraw:
        return knows_handover(request, &message->withdraw.handover);
    case HV_MESSAGE_decline:
        return knows_handover(request, &message->decline.handover);
    case HV_MESSAGE_offer:
        return knows_journey(request, &message->offer.journey);
    case HV_MESSAGE_close:
        return knows_journey(request, &message->close.journey);
    default:
        return knows_journey(request, &message->note.journey);
    }
}

/* A decline goes on from the reserve. */
static bool is_unavailable(const struct request *request) {
    return request->turn->mode == TURN_READ_ONLY ||
           (request->turn->mode != TURN_NORMAL && request->message.type != HV_MESSAGE_decline);
}

/* In the order of the contract; without a word of what others have. */
static void refuse(struct request *request, const char *organisation) {
    if (is_unavailable(request))
        answer_unavailable(request);
    else if (!network_organisation(request->turn->broker->network, organisation))
        answer_unknown_organisation(request, "for", organisation);
    else if (knows_object(request))
        answer_refuse(request, HV_REFUSED_FORBIDDEN, "for",
                      "only a coordinator of the network acts for another organisation");
}

bool acting_begin(struct request *request) {
    const char *organisation = acts_for(&request->message);
    struct actor *actor = &request->actor;

    if (!organisation)
        return false;
    if (!actor->of_network || !network_organisation(request->turn->broker->network, organisation)) {
        refuse(request, organisation);
        return true;
    }
    copy_text(actor->acting, actor->organisation);
    copy_text(actor->organisation, organisation);
    actor->role = HV_ROLE_ENDPOINT;
    actor->of_network = false;
    return false;
}

bool acting_refuse(struct request *request) {
    const struct broker *broker = request->turn->broker;
    const char *name = request->actor.organisation;
    const struct network_organisation *organisation = network_organisation(broker->network, name);

    if (!request->actor.acting[0] || !organisation || organisation->leaving ||
        !network_has_role(broker->network, name, HV_ROLE_ENDPOINT) || quiet_is(broker, name))
        return false;
    answer_refuse(
        request, HV_REFUSED_CONFLICT, "for",
        "%s can act for itself: it is not quiet, has a key, and is not leaving; ring them", name);
    return true;
}
