/* Commands on journeys, judged in the order of the contract; `offer` among them, which makes a
 * handover. */
#include <string.h>

#include "broker/access.h"
#include "broker/answer.h"
#include "broker/command.h"
#include "broker/record.h"
#include "wire/wire.h"

/* What a command is about, as far as the ledger knows it. */
struct subject {
    bool has_journey;
    struct journey journey;
    bool has_handover; /* the one that the command names */
    struct handover handover;
    bool has_open; /* the journey's open one */
    struct handover open;
    int64_t repeat_seq; /* the first event of the same command, if it had taken effect; else 0 */
};

/* ---- Answers ---- */

static void done_with_journey(struct request *request, const struct journey *journey, int64_t seq,
                              bool repeated) {
    struct hv_message message;
    struct hv_done *done = answer_begin(request, &message);

    done->has_repeated = repeated;
    done->repeated = repeated;
    done->has_journey = true;
    done->journey = journey->id;
    done->has_state = true;
    copy_text(done->state, wire_word_text(&wire_vocabulary_journey_state, (int)journey->state));
    done->has_holder = true;
    done->holder = journey->holder;
    answer_done(request, &message, seq);
}

/* ---- Commands on a journey ---- */

static void subject_find(struct request *request, const struct hv_uuid *journey,
                         struct subject *ret_subject) {
    struct ledger *ledger = request->turn->ledger;

    ret_subject->has_handover = false;
    ret_subject->has_open = false;
    ret_subject->repeat_seq = 0;
    ret_subject->has_journey = ledger_journey_find(ledger, journey, &ret_subject->journey);
    if (!ret_subject->has_journey)
        return;
    ret_subject->has_open =
        ledger_handover_open_of(ledger, ret_subject->journey.row, &ret_subject->open);
    ret_subject->repeat_seq =
        ledger_command_find(ledger, ret_subject->journey.row, request->command);
}

/* An earlier holder is answered as things stood then, never as they are now. */
static void answer_journey_repeat(struct request *request, const struct subject *subject) {
    struct journey then;

    if (access_reads_all(&request->actor, &subject->journey))
        done_with_journey(request, &subject->journey, subject->repeat_seq, true);
    else if (ledger_journey_then(request->turn->ledger, subject->journey.row, subject->repeat_seq,
                                 &request->turn->zone, &then))
        done_with_journey(request, &then, subject->repeat_seq, true);
}

/* Answers what is judged before the state is: true when the command is answered. */
static bool judge_journey(struct request *request, const struct subject *subject, bool may,
                          const char *whose) {
    if (subject->repeat_seq)
        answer_journey_repeat(request, subject);
    else if (request->turn->mode != TURN_NORMAL)
        command_refuse_unavailable(request);
    else if (!subject->has_journey ||
             !access_knows_journey(&request->actor, &subject->journey,
                                   subject->has_open ? &subject->open : NULL))
        answer_unknown_journey(request);
    else if (!may)
        answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for %s", whose);
    else
        return false;
    return true;
}

static bool subject_held(const struct request *request, const struct subject *subject) {
    return subject->has_journey && access_holds(&request->actor, &subject->journey);
}

/* The same for a command that is the holder's to give. */
static bool judge_holder(struct request *request, const struct subject *subject) {
    return judge_journey(request, subject, subject_held(request, subject),
                         "an endpoint of the organisation that holds");
}

static const struct handover *subject_open(const struct subject *subject) {
    return subject->has_open ? &subject->open : NULL;
}

/* Records a decision about the journey and answers with how it stands. */
static void record_and_answer(struct request *request, const struct decision *decision,
                              struct subject *subject) {
    if (decision->refusal) {
        command_refuse_as_decided(request, decision);
        return;
    }
    const int64_t seq = record_decision(request, decision, &subject->journey,
                                        subject->has_open ? &subject->open : NULL);
    done_with_journey(request, &subject->journey, seq, false);
}

static void command_open(struct request *request) {
    const struct hv_open *command = &request->message.open;
    const bool reopens = command->has_reopens && command->reopens;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject.repeat_seq) {
        answer_journey_repeat(request, &subject);
        return;
    }
    if (request->turn->mode != TURN_NORMAL) {
        command_refuse_unavailable(request);
        return;
    }
    const bool known =
        subject.has_journey &&
        access_knows_journey(&request->actor, &subject.journey, subject_open(&subject));
    if (reopens && !known) {
        answer_unknown_journey(request);
        return;
    }
    if (request->actor.role != HV_ROLE_ENDPOINT || (reopens && !subject_held(request, &subject))) {
        answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for an endpoint of %s",
                      reopens ? "the organisation that held last" : "an organisation");
        return;
    }
    journey_decide_open(subject.has_journey ? &subject.journey : NULL, command, &request->actor,
                        &decision);
    if (!subject.has_journey)
        memset(&subject.journey, 0, sizeof subject.journey);
    record_and_answer(request, &decision, &subject);
}

static void command_reassign(struct request *request) {
    const struct hv_reassign *command = &request->message.reassign;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (judge_holder(request, &subject))
        return;
    journey_decide_reassign(&subject.journey, command, &request->actor, request->turn->now_ms,
                            &decision);
    if (decision.repeated) {
        done_with_journey(
            request, &subject.journey,
            ledger_event_newest(request->turn->ledger, subject.journey.row, HV_EVENT_REASSIGNED),
            true);
        return;
    }
    record_and_answer(request, &decision, &subject);
}

static void command_close(struct request *request) {
    const struct hv_close *command = &request->message.close;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (judge_holder(request, &subject))
        return;
    journey_decide_close(&subject.journey, subject_open(&subject), command, &request->actor,
                         request->turn->now_ms, &decision);
    record_and_answer(request, &decision, &subject);
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
    if (judge_journey(request, &subject,
                      subject.has_journey &&
                          journey_may_settle(&subject.journey, &request->actor, policy),
                      policy.settle_by_organisation
                          ? "a coordinator of the network or of the organisation that holds"
                          : "a coordinator of the network"))
        return;
    journey_decide_settle(&subject.journey, command, &request->actor, &decision);
    record_and_answer(request, &decision, &subject);
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
        command_refuse_unknown_organisation(request, "to", command->to);
        return;
    }
    if (judge_holder(request, &subject) || refuse_leaving(request, to))
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
