/* Acting for an organisation that cannot. */
#include "broker/acting.h"

#include <string.h>

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

bool acting_begin(struct request *request) {
    const char *organisation = acts_for(&request->message);
    struct actor *actor = &request->actor;

    if (!organisation)
        return false;
    if (!network_organisation(request->turn->broker->network, organisation)) {
        answer_unknown_organisation(request, "for", organisation);
        return true;
    }
    if (!actor->of_network) {
        answer_refuse(request, HV_REFUSED_FORBIDDEN, "for",
                      "only a coordinator of the network acts for another organisation");
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
