/* Commands on journeys, judged in the order of the contract; `offer` among them, which makes a
 * handover. */
#include <string.h>

#include "broker/access.h"
#include "broker/answer.h"
#include "broker/command.h"
#include "broker/record.h"
#include "broker/subject.h"
#include "wire/wire.h"

static void command_open(struct request *request) {
    const struct hv_open *command = &request->message.open;
    const bool reopens = command->has_reopens && command->reopens;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject.repeat_seq) {
        subject_answer_repeat(request, &subject);
        return;
    }
    if (request->turn->mode != TURN_NORMAL) {
        answer_unavailable(request);
        return;
    }
    const bool known =
        subject.has_journey &&
        access_knows_journey(&request->actor, &subject.journey, subject_open(&subject));
    if (reopens && !known) {
        answer_unknown_journey(request);
        return;
    }
    if (request->actor.role != HV_ROLE_ENDPOINT ||
        (reopens && !subject_is_held_by_actor(request, &subject))) {
        answer_forbidden(request, reopens ? "an endpoint of the organisation that held last"
                                          : "an endpoint of an organisation");
        return;
    }
    journey_decide_open(subject.has_journey ? &subject.journey : NULL, command, &request->actor,
                        &decision);
    if (!subject.has_journey)
        memset(&subject.journey, 0, sizeof subject.journey);
    subject_record(request, &decision, &subject);
}

static void command_reassign(struct request *request) {
    const struct hv_reassign *command = &request->message.reassign;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject_judge_holder(request, &subject))
        return;
    journey_decide_reassign(&subject.journey, command, &request->actor, request->turn->now_ms,
                            &decision);
    if (decision.repeated) {
        subject_done(
            request, &subject.journey,
            ledger_event_newest(request->turn->ledger, subject.journey.row, HV_EVENT_REASSIGNED),
            true);
        return;
    }
    subject_record(request, &decision, &subject);
}

static void command_close(struct request *request) {
    const struct hv_close *command = &request->message.close;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject_judge_holder(request, &subject))
        return;
    journey_decide_close(&subject.journey, subject_open(&subject), command, &request->actor,
                         request->turn->now_ms, &decision);
    subject_record(request, &decision, &subject);
}

/* Who closed it for the holder is a second person no more than who closed it there. Where that is
 * damaged, nobody of that name is one. */
static bool refuse_own_closing(struct request *request, const struct subject *subject) {
    struct turn *turn = request->turn;
    const char *person = request->message.settle.person;
    struct hv_event closing;

    if (subject->journey.state != HV_JOURNEY_CLOSING ||
        strcmp(person, subject->journey.closed_by) != 0 ||
        !ledger_event_get(turn->ledger,
                          ledger_event_newest(turn->ledger, subject->journey.row, HV_EVENT_CLOSING),
                          &turn->zone, &closing))
        return false;
    const bool damaged = !closing.has_organisation;
    const bool own =
        closing.has_acted_for && strcmp(closing.organisation, request->actor.organisation) == 0;
    if (!damaged && !own)
        return false;
    answer_refuse(request, HV_REFUSED_FORBIDDEN, "person",
                  "%s closed this journey%s%s: somebody else must settle it", person,
                  own ? " for " : "", own ? closing.acted_for : "");
    return true;
}

static void command_settle(struct request *request) {
    const struct hv_settle *command = &request->message.settle;
    const struct network *network = request->turn->broker->network;
    const struct journey_policy policy = {
        .settle_by_organisation = network->policies.settle == NETWORK_SETTLE_BY_ORGANISATION,
    };
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject_judge(request, &subject,
                      subject.has_journey &&
                          journey_may_settle(&subject.journey, &request->actor, policy),
                      policy.settle_by_organisation
                          ? "a coordinator of the network or of the organisation that holds"
                          : "a coordinator of the network") ||
        refuse_own_closing(request, &subject))
        return;
    journey_decide_settle(&subject.journey, command, &request->actor, &decision);
    subject_record(request, &decision, &subject);
}

/* ---- Offer: names a journey, makes a handover ---- */

/* Who is leaving keeps its duties and gets no new ones. */
static bool refuse_leaving(struct request *request, const struct network_organisation *to) {
    const struct hv_offer *command = &request->message.offer;

    if (!to->leaving)
        return false;
    answer_refuse(request, HV_REFUSED_CONFLICT, "to",
                  "%s is leaving the network and takes no new offers", command->to);
    return true;
}

static void offer_decide_and_record(struct request *request, struct subject *subject) {
    const struct hv_offer *command = &request->message.offer;
    struct decision decision;
    struct handover taken;

    if (ledger_handover_find(request->turn->ledger, &command->handover, &taken)) {
        answer_refuse(request, HV_REFUSED_CONFLICT, "handover",
                      "this id is taken; choose another for a new handover");
        return;
    }
    handover_decide_offer(&subject->journey, subject_open(subject), command,
                          command_hash_dossier(request), &request->actor, &decision);
    if (decision.refusal) {
        command_refuse_as_decided(request, &decision);
        return;
    }
    if (command_refuse_stale_key(request, command->to))
        return;
    memset(&subject->handover, 0, sizeof subject->handover);
    const int64_t seq = record_decision(request, &decision, &subject->journey, &subject->handover);
    command_done_with_handover(request, &subject->handover, &subject->journey,
                               request->inbound->dossier ? request->dossier_hash : NULL, seq,
                               false);
}

static void command_offer(struct request *request) {
    const struct hv_offer *command = &request->message.offer;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject.repeat_seq) {
        if (ledger_handover_find(request->turn->ledger, &command->handover, &subject.handover))
            command_done_again(request, &subject.handover, subject.repeat_seq);
        return;
    }
    const struct network_organisation *to =
        network_organisation(request->turn->broker->network, command->to);
    const bool known =
        subject.has_journey &&
        access_knows_journey(&request->actor, &subject.journey, subject_open(&subject));
    if (request->turn->mode == TURN_NORMAL && known && !to) {
        answer_unknown_organisation(request, "to", command->to);
        return;
    }
    if (subject_judge_holder(request, &subject) || refuse_leaving(request, to))
        return;
    offer_decide_and_record(request, &subject);
}

/* ---- Which command ---- */

bool command_take_journey(struct request *request) {
    switch ((int)request->message.type) {
    case HV_MESSAGE_open:
        command_open(request);
        return true;
    case HV_MESSAGE_reassign:
        command_reassign(request);
        return true;
    case HV_MESSAGE_close:
        command_close(request);
        return true;
    case HV_MESSAGE_settle:
        command_settle(request);
        return true;
    case HV_MESSAGE_offer:
        command_offer(request);
        return true;
    default:
        return false;
    }
}
