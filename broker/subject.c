/* Subject: the journey that a command is about. */
#include "broker/subject.h"

#include <string.h>

#include "broker/access.h"
#include "broker/acting.h"
#include "broker/answer.h"
#include "broker/command.h"
#include "broker/record.h"
#include "broker/standing.h"

/* ---- Answers ---- */

void subject_done(struct request *request, const struct journey *journey, int64_t seq,
                  bool repeated) {
    struct hv_message message;

    if (ledger_error(request->turn->ledger))
        return; /* it was not recorded, and this turn answers nobody */
    struct hv_done *done = answer_begin(request, &message);
    done->has_repeated = repeated;
    done->repeated = repeated;
    standing_tell(journey, NULL, done);
    answer_done(request, &message, seq);
}

/* ---- Commands on a journey ---- */

void subject_find(struct request *request, const struct hv_uuid *journey,
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

/* What a receiver and its coordinators may say of a journey, too. */
static bool is_of_both_parties(enum hv_message_type type) {
    return type == HV_MESSAGE_set_urgency || type == HV_MESSAGE_claim;
}

/* What the ledger cannot tell any more is left out: that it took effect it can. */
static void done_long_ago(struct request *request, const struct subject *subject) {
    struct hv_message message;

    if (ledger_error(request->turn->ledger))
        return;
    struct hv_done *done = answer_begin(request, &message);
    done->has_repeated = true;
    done->repeated = true;
    done->has_journey = true;
    done->journey = subject->journey.id;
    answer_done(request, &message, subject->repeat_seq);
}

/* An earlier holder is answered as things stood then, never as they are now. */
void subject_answer_repeat(struct request *request, const struct subject *subject) {
    struct journey then;

    if (access_reads_all(&request->actor, &subject->journey) ||
        (is_of_both_parties(request->message.type) &&
         access_knows_journey(&request->actor, &subject->journey, subject_open(subject))))
        subject_done(request, &subject->journey, subject->repeat_seq, true);
    else if (ledger_journey_then(request->turn->ledger, subject->journey.row, subject->repeat_seq,
                                 &request->turn->zone, &then))
        subject_done(request, &then, subject->repeat_seq, true);
    else
        done_long_ago(request, subject);
}

/* Answers what is judged before the state is: true when the command is answered. */
bool subject_judge(struct request *request, const struct subject *subject, bool may,
                   const char *whose) {
    if (subject->repeat_seq)
        subject_answer_repeat(request, subject);
    else if (request->turn->mode != TURN_NORMAL)
        answer_unavailable(request);
    else if (!subject->has_journey ||
             !access_knows_journey(&request->actor, &subject->journey,
                                   subject->has_open ? &subject->open : NULL))
        answer_unknown_journey(request);
    else if (!may)
        answer_forbidden(request, whose);
    else
        return acting_refuse(request);
    return true;
}

bool subject_is_held_by_actor(const struct request *request, const struct subject *subject) {
    return subject->has_journey && access_holds(&request->actor, &subject->journey);
}

/* The same for a command that is the holder's to give. */
bool subject_judge_holder(struct request *request, const struct subject *subject) {
    return subject_judge(request, subject, subject_is_held_by_actor(request, subject),
                         "an endpoint of the organisation that holds");
}

const struct handover *subject_open(const struct subject *subject) {
    return subject->has_open ? &subject->open : NULL;
}

/* Records a decision about the journey and answers with how it stands. */
void subject_record(struct request *request, const struct decision *decision,
                    struct subject *subject) {
    if (decision->refusal) {
        command_refuse_as_decided(request, decision);
        return;
    }
    const int64_t seq = record_decision(request, decision, &subject->journey,
                                        subject->has_open ? &subject->open : NULL);
    subject_done(request, &subject->journey, seq, false);
}
