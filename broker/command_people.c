/* Commands of people who look after a journey: note, urgency, claim; judged in the order of the
 * contract. */
#include <string.h>

#include "broker/access.h"
#include "broker/acting.h"
#include "broker/answer.h"
#include "broker/command.h"
#include "broker/record.h"
#include "broker/subject.h"

static struct journey_limits limits_of(const struct request *request) {
    const struct network_policies *policies = &request->turn->broker->network->policies;

    return (struct journey_limits){
        .restarts_max = policies->restarts_max,
        .check_in_max_days = policies->check_in_max_days,
        .claim_max_ms = policies->claim_max_ms,
    };
}

static bool knows_journey(const struct request *request, const struct subject *subject) {
    return subject->has_journey &&
           access_knows_journey(&request->actor, &subject->journey, subject_open(subject));
}

/* The handover that a command names beside or instead of the journey. False when there is none that
 * the actor knows: answered, and of a journey that is somebody else's like of one that is not
 * there. */
static bool find_handover(struct request *request, const struct hv_uuid *id, bool beside_journey,
                          struct subject *subject) {
    subject->has_handover =
        ledger_handover_find(request->turn->ledger, id, &subject->handover) &&
        access_knows_handover(&request->actor, &subject->handover) &&
        (!beside_journey ||
         (subject->has_journey && subject->handover.journey_row == subject->journey.row));
    if (subject->has_handover)
        return true;
    if (request->turn->mode != TURN_NORMAL)
        answer_unavailable(request);
    else if (beside_journey && !knows_journey(request, subject))
        answer_unknown_journey(request);
    else
        answer_unknown_handover(request);
    return false;
}

/* What is judged before the state is: true when the command is answered. Of a handover that has
 * ended a party has to learn that, though it asks again and the journey may be somebody else's by
 * now. */
static bool judge(struct request *request, const struct subject *subject, bool may,
                  const char *whose) {
    const bool has_ended = subject->has_handover && !handover_is_open(&subject->handover);

    if (subject->has_handover && !has_ended && subject->repeat_seq)
        command_done_again(request, &subject->handover, subject->repeat_seq);
    else if (!has_ended)
        return subject_judge(request, subject, may, whose);
    else if (request->turn->mode != TURN_NORMAL)
        answer_unavailable(request);
    else if (!may)
        answer_forbidden(request, whose);
    else
        return acting_refuse(request);
    return true;
}

static struct handover *named(struct subject *subject) {
    return subject->has_handover ? &subject->handover : NULL;
}

/* Records it with the handover that it names, and answers with how that stands, else the journey.
 */
static void record(struct request *request, const struct decision *decision,
                   struct subject *subject, struct handover *handover) {
    if (decision->refusal) {
        command_refuse_as_decided(request, decision);
        return;
    }
    const int64_t seq = record_decision(request, decision, &subject->journey, handover);
    if (subject->has_handover)
        command_done_with_handover(request, handover, &subject->journey, NULL, seq, false);
    else
        subject_done(request, &subject->journey, seq, false);
}

/* ---- note ---- */

static const char *note_sides(enum hv_note_code code) {
    if (journey_note_is_holders(code))
        return "an endpoint of the organisation that holds";
    return code == HV_NOTE_WORKING_ON_IT ? "an endpoint of the receiving organisation"
                                         : "an endpoint of either side";
}

static bool note_may(const struct request *request, const struct subject *subject) {
    const enum hv_note_code code = request->message.note.code;

    if (!subject->has_journey)
        return false;
    if (!subject->has_handover)
        return subject_is_held_by_actor(request, subject);
    return access_is_side(&request->actor, &subject->handover,
                          journey_note_is_holders(code)   ? ACCESS_HOLDER
                          : code == HV_NOTE_WORKING_ON_IT ? ACCESS_RECEIVER
                                                          : ACCESS_EITHER);
}

static bool refuse_tip(struct request *request) {
    const struct hv_note *command = &request->message.note;

    if (!command->has_to || network_organisation(request->turn->broker->network, command->to))
        return false;
    answer_unknown_organisation(request, "to", command->to);
    return true;
}

/* A second `not-reached` is for the holder's coordinators; where there are none, for the network's,
 * whom the event names. */
static void name_coordinators(struct request *request, const struct journey *journey,
                              struct decision *decision, struct hv_addressee *coordinators) {
    const struct network *network = request->turn->broker->network;
    struct hv_event *event = &decision->events[0];

    if (decision->refusal || event->code != HV_NOTE_NOT_REACHED || !event->has_count ||
        network_has_role(network, journey->holder.organisation, HV_ROLE_COORDINATOR))
        return;
    copy_text(coordinators->organisation, network->coordinating);
    coordinators->role = HV_ROLE_COORDINATOR;
    event->has_addressees = true;
    event->addressees.count = 1;
    event->addressees.items = coordinators;
}

static void command_note(struct request *request) {
    const struct hv_note *command = &request->message.note;
    struct hv_addressee coordinators = {0};
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (command->has_handover && !find_handover(request, &command->handover, true, &subject))
        return;
    if (request->turn->mode == TURN_NORMAL && !subject.repeat_seq &&
        knows_journey(request, &subject) && refuse_tip(request))
        return;
    if (judge(request, &subject, note_may(request, &subject), note_sides(command->code)))
        return;
    journey_decide_note(&subject.journey, named(&subject), command, &request->actor,
                        request->turn->now_ms, limits_of(request), &decision);
    name_coordinators(request, &subject.journey, &decision, &coordinators);
    record(request, &decision, &subject, named(&subject));
}

/* ---- urgency ---- */

static void command_urgency(struct request *request) {
    const struct hv_set_urgency *command = &request->message.set_urgency;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    const bool lowers = subject.has_journey && command->to < subject.journey.urgency;
    if (subject_judge(request, &subject, !lowers || subject_is_held_by_actor(request, &subject),
                      "an endpoint of the organisation that holds: others may raise it alone"))
        return;
    journey_decide_urgency(&subject.journey, subject_open(&subject), command, &request->actor,
                           request->turn->now_ms, &decision);
    if (decision.repeated) /* a newer one stands */
        subject_done(
            request, &subject.journey,
            ledger_event_newest(request->turn->ledger, subject.journey.row, HV_EVENT_URGENCY),
            true);
    else
        record(request, &decision, &subject, subject.has_open ? &subject.open : NULL);
}

/* ---- claim ---- */

/* A newer one of the same coordinators stands; of others' nothing is said. */
static void done_overtaken_claim(struct request *request, const struct subject *subject) {
    struct turn *turn = request->turn;
    const int64_t seq =
        ledger_claim_newest(turn->ledger, subject->journey.row, request->actor.organisation,
                            request->actor.of_network, &turn->zone);

    if (subject->has_handover)
        command_done_with_handover(request, &subject->handover, &subject->journey, NULL, seq, true);
    else
        subject_done(request, &subject->journey, seq, true);
}

/* The parties hear of it, whichever of the two it names: it goes with the open handover. */
static void command_claim(struct request *request) {
    const struct hv_claim *command = &request->message.claim;
    struct decision decision;
    struct subject subject = {0};
    struct handover *about = NULL;

    if (command->has_handover) {
        if (!find_handover(request, &command->handover, false, &subject))
            return;
        subject_find(request, &subject.handover.journey, &subject);
        subject.has_handover = true;
    } else {
        subject_find(request, &command->journey, &subject);
    }
    if (judge(request, &subject, request->actor.role == HV_ROLE_COORDINATOR,
              "a coordinator of the network, the holder or the receiver"))
        return;
    about = subject.has_handover ? &subject.handover : subject.has_open ? &subject.open : NULL;
    journey_decide_claim(&subject.journey, about, command, &request->actor, request->turn->now_ms,
                         limits_of(request), &decision);
    if (decision.repeated)
        done_overtaken_claim(request, &subject);
    else
        record(request, &decision, &subject, about);
}

/* ---- Which command ---- */

bool command_take_people(struct request *request) {
    switch ((int)request->message.type) {
    case HV_MESSAGE_note:
        command_note(request);
        return true;
    case HV_MESSAGE_set_urgency:
        command_urgency(request);
        return true;
    case HV_MESSAGE_claim:
        command_claim(request);
        return true;
    default:
        return false;
    }
}
