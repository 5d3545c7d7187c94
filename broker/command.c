/* Commands on journeys and handovers, judged in the order of the contract (PROTOCOL.md section 3):
 * unavailable, unknown, forbidden, repeated, conflict, stale-key, not-introduced; then decided and
 * recorded. */
#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "broker/access.h"
#include "broker/turn.h"
#include "wire/wire.h"

/* What a command is about, as far as the ledger knows it. */
struct subject {
    bool has_journey;
    struct journey journey;
    bool has_handover; /* the one that the command names */
    struct handover handover;
    bool has_open; /* the journey's open one */
    struct handover open;
    int64_t
        repeat_seq; /* the first event of the same command, had it taken effect before; else 0 */
};

/* ---- Answers ---- */

static void unknown_handover(struct request *request) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, NULL,
                  "no handover of this id that your organisation is a party to");
}

static void unknown_journey(struct request *request) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, NULL,
                  "no journey of this id that your organisation is a party to");
}

static void unknown_organisation(struct request *request, const char *field, const char *name) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, field,
                  "no organisation is called %s on this network; `map` has their names", name);
}

static void unavailable(struct request *request) {
    answer_refuse(
        request, HV_REFUSED_UNAVAILABLE, NULL,
        "the broker's disk is full: nothing new is taken, nothing held is lost; ask again "
        "later");
}

static void refuse_as_decided(struct request *request, const struct decision *decision) {
    answer_refuse(request, decision->refusal, decision->field, "%s", decision->reason);
}

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

/* Of an ended handover `holder` is who held when it ended, never who holds now. */
static void done_with_handover(struct request *request, const struct handover *handover,
                               const struct journey *journey, const uint8_t *dossier_hash,
                               int64_t seq, bool repeated) {
    struct hv_message message;
    struct hv_done *done = answer_begin(request, &message);

    done->has_repeated = repeated;
    done->repeated = repeated;
    done->has_journey = true;
    done->journey = handover->journey;
    done->has_handover = true;
    done->handover = handover->id;
    done->has_state = true;
    copy_text(done->state, wire_word_text(&wire_vocabulary_handover_state, (int)handover->state));
    done->has_holder = true;
    done->holder = handover_is_open(handover) ? journey->holder : handover->end_holder;
    if (dossier_hash) {
        done->has_dossier_hash = true;
        memcpy(done->dossier_hash, dossier_hash, sizeof done->dossier_hash);
    }
    answer_done(request, &message, seq);
}

/* ---- Frame 2 ---- */

/* A dossier must be sealed for a key of the receiver that is valid now. */
static bool refuse_stale_key(struct request *request, const char *receiver) {
    const struct inbound *inbound = request->inbound;
    const struct network_organisation *organisation =
        network_organisation(request->turn->broker->network, receiver);

    if (!inbound->dossier || (organisation && network_sealing_key(organisation, inbound->dossier,
                                                                  request->turn->now_ms)))
        return false;
    answer_refuse(request, HV_REFUSED_STALE_KEY, "dossier",
                  "the dossier is not sealed for a key of %s that is valid now; `map` has its keys",
                  receiver);
    return true;
}

static const uint8_t *hash_dossier(struct request *request) {
    const struct inbound *inbound = request->inbound;

    if (!inbound->dossier)
        return NULL;
    (void)crypto_generichash(request->dossier_hash, sizeof request->dossier_hash, inbound->dossier,
                             inbound->dossier_size, NULL, 0);
    return request->dossier_hash;
}

/* ---- Commands on a handover ---- */

static void decide_receive(struct request *request, const struct handover *handover,
                           struct decision *decision) {
    handover_decide_receive(handover, &request->message.receive, &request->actor,
                            request->turn->now_ms, decision);
}

static void decide_pickup(struct request *request, const struct handover *handover,
                          struct decision *decision) {
    handover_decide_pickup(handover, &request->message.pickup, &request->actor,
                           request->turn->now_ms, decision);
}

static void decide_introduce(struct request *request, const struct handover *handover,
                             struct decision *decision) {
    handover_decide_introduce(handover, &request->message.introduce, &request->actor,
                              request->turn->now_ms, decision);
}

static void decide_confirm(struct request *request, const struct handover *handover,
                           struct decision *decision) {
    const struct network *network = request->turn->broker->network;

    handover_decide_confirm(handover, &request->message.confirm, &request->actor,
                            request->turn->now_ms,
                            network->policies.keep_dossier_days * network->day_ms, decision);
}

static void decide_decline(struct request *request, const struct handover *handover,
                           struct decision *decision) {
    handover_decide_decline(handover, &request->message.decline, &request->actor,
                            request->turn->now_ms, decision);
}

static void decide_withdraw(struct request *request, const struct handover *handover,
                            struct decision *decision) {
    handover_decide_withdraw(handover, &request->message.withdraw, &request->actor,
                             request->turn->now_ms, decision);
}

static void decide_supplement(struct request *request, const struct handover *handover,
                              struct decision *decision) {
    handover_decide_supplement(handover, &request->message.supplement, hash_dossier(request),
                               &request->actor, request->turn->now_ms, decision);
}

static void decide_fetch(struct request *request, const struct handover *handover,
                         struct decision *decision) {
    const int64_t inbox = ledger_inbox(request->turn->ledger, handover->to, HV_ROLE_ENDPOINT);
    const bool waiting = ledger_item_dossier_waits(request->turn->ledger, inbox, handover->row);

    handover_decide_fetch(handover, waiting, &request->actor, decision);
}

struct handover_command {
    size_t id_offset; /* of `handover` in the message */
    enum access_side side;
    bool from_reserve; /* goes on when the disk is full */
    void (*decide)(struct request *request, const struct handover *handover,
                   struct decision *decision);
};

#define HANDOVER_COMMAND(name, side, from_reserve) \
    [HV_MESSAGE_##                                 \
        name] = {offsetof(struct hv_message, name.handover), side, from_reserve, decide_##name}

static const struct handover_command handover_commands[] = {
    HANDOVER_COMMAND(receive, ACCESS_RECEIVER, false),
    HANDOVER_COMMAND(pickup, ACCESS_RECEIVER, false),
    HANDOVER_COMMAND(introduce, ACCESS_EITHER, false),
    HANDOVER_COMMAND(confirm, ACCESS_RECEIVER, true),
    HANDOVER_COMMAND(decline, ACCESS_RECEIVER, true),
    HANDOVER_COMMAND(withdraw, ACCESS_HOLDER, false),
    HANDOVER_COMMAND(supplement, ACCESS_HOLDER, false),
    HANDOVER_COMMAND(fetch, ACCESS_RECEIVER, false),
};

/* The hash that the broker keeps of what a repeated command sent: the first dossier stands. */
static const uint8_t *repeated_hash(struct request *request, const struct handover *handover,
                                    int64_t seq, struct hv_event *event) {
    if (request->message.type == HV_MESSAGE_offer)
        return handover->has_dossier_hash ? handover->dossier_hash : NULL;
    if (request->message.type == HV_MESSAGE_supplement &&
        ledger_event_get(request->turn->ledger, seq, &request->turn->zone, event))
        return event->dossier_hash;
    return NULL;
}

/* On an ended handover the very command that ended it and its offer are repeats; any other is a
 * conflict, because the peer has to learn that it is over. */
static bool repeat_counts(struct request *request, const struct handover *handover, int64_t seq) {
    if (!seq)
        return false;
    if (handover_is_open(handover) || request->message.type == HV_MESSAGE_offer)
        return true;
    return ledger_event_first(request->turn->ledger, handover->ended_seq) == seq;
}

static void answer_handover_repeat(struct request *request, const struct handover *handover,
                                   int64_t seq) {
    struct journey journey;
    struct hv_event event;

    if (!ledger_journey_get(request->turn->ledger, handover->journey_row, &journey))
        return;
    done_with_handover(request, handover, &journey, repeated_hash(request, handover, seq, &event),
                       seq, true);
}

/* `suggest` and `to` name an organisation of the network; no one else's command has such a key. */
static bool refuse_suggest(struct request *request) {
    const struct hv_decline *decline = &request->message.decline;

    if (request->message.type != HV_MESSAGE_decline || !decline->has_suggest ||
        network_organisation(request->turn->broker->network, decline->suggest))
        return false;
    unknown_organisation(request, "suggest", decline->suggest);
    return true;
}

static void decide_and_record(struct request *request, const struct handover_command *command,
                              struct handover *handover) {
    struct decision decision;
    struct journey journey;

    command->decide(request, handover, &decision);
    if (decision.refusal) {
        refuse_as_decided(request, &decision);
        return;
    }
    if (request->message.type == HV_MESSAGE_supplement && refuse_stale_key(request, handover->to))
        return;
    if (!ledger_journey_get(request->turn->ledger, handover->journey_row, &journey))
        return;
    const int64_t seq = record_decision(request, &decision, &journey, handover);
    done_with_handover(
        request, handover, &journey,
        request->message.type == HV_MESSAGE_supplement ? request->dossier_hash : NULL, seq, false);
}

static void command_on_handover(struct request *request, const struct handover_command *command) {
    struct ledger *ledger = request->turn->ledger;
    const struct hv_uuid *id = (const void *)((const char *)&request->message + command->id_offset);
    struct handover handover;
    const bool known = ledger_handover_find(ledger, id, &handover) &&
                       access_knows_handover(&request->actor, &handover);
    const bool is_side = known && access_is_side(&request->actor, &handover, command->side);
    const int64_t seq =
        is_side ? ledger_command_find(ledger, handover.journey_row, request->command) : 0;
    const bool repeats = is_side && repeat_counts(request, &handover, seq);

    if (request->turn->mode != TURN_NORMAL && !repeats &&
        (!command->from_reserve || request->turn->mode == TURN_READ_ONLY))
        unavailable(request);
    else if (!known)
        unknown_handover(request);
    else if (!repeats && refuse_suggest(request))
        return;
    else if (!is_side)
        answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for an endpoint of %s",
                      command->side == ACCESS_HOLDER     ? "the organisation that offered"
                      : command->side == ACCESS_RECEIVER ? "the receiving organisation"
                                                         : "either side");
    else if (repeats)
        answer_handover_repeat(request, &handover, seq);
    else
        decide_and_record(request, command, &handover);
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

/* An earlier holder is answered as things stood then, never as they are now (PROTOCOL.md section 6,
 * 28). */
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
        unavailable(request);
    else if (!subject->has_journey ||
             !access_knows_journey(&request->actor, &subject->journey,
                                   subject->has_open ? &subject->open : NULL))
        unknown_journey(request);
    else if (!may)
        answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for %s", whose);
    else
        return false;
    return true;
}

static bool subject_held(const struct request *request, const struct subject *subject) {
    return subject->has_journey && access_holds(&request->actor, &subject->journey);
}

static const struct handover *subject_open(const struct subject *subject) {
    return subject->has_open ? &subject->open : NULL;
}

/* Records a decision about the journey and answers with how it stands. */
static void record_and_answer(struct request *request, const struct decision *decision,
                              struct subject *subject) {
    if (decision->refusal) {
        refuse_as_decided(request, decision);
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
        unavailable(request);
        return;
    }
    const bool known =
        subject.has_journey &&
        access_knows_journey(&request->actor, &subject.journey, subject_open(&subject));
    if (reopens && !known) {
        unknown_journey(request);
        return;
    }
    if (request->actor.role != HV_ROLE_ENDPOINT || (reopens && !subject_held(request, &subject))) {
        answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for an endpoint of %s",
                      reopens ? "the organisation that held last" : "an organisation");
        return;
    }
    journey_decide_open(subject.has_journey ? &subject.journey : NULL, command, &request->actor,
                        request->turn->now_ms, &decision);
    if (!subject.has_journey)
        memset(&subject.journey, 0, sizeof subject.journey);
    record_and_answer(request, &decision, &subject);
}

static void command_reassign(struct request *request) {
    const struct hv_reassign *command = &request->message.reassign;
    struct decision decision;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (judge_journey(request, &subject, subject_held(request, &subject),
                      "an endpoint of the organisation that holds"))
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
    if (judge_journey(request, &subject, subject_held(request, &subject),
                      "an endpoint of the organisation that holds"))
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
    journey_decide_settle(&subject.journey, command, &request->actor, request->turn->now_ms,
                          &decision);
    record_and_answer(request, &decision, &subject);
}

/* ---- Offer: names a journey, makes a handover ---- */

/* The receiver must be on the map, and must take new offers. */
static bool refuse_receiver(struct request *request, const struct network_organisation *to) {
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
    handover_decide_offer(&subject->journey, subject_open(subject), command, hash_dossier(request),
                          &request->actor, request->turn->now_ms, &decision);
    if (decision.refusal) {
        refuse_as_decided(request, &decision);
        return;
    }
    if (refuse_stale_key(request, command->to))
        return;
    memset(&subject->handover, 0, sizeof subject->handover);
    const int64_t seq = record_decision(request, &decision, &subject->journey, &subject->handover);
    done_with_handover(request, &subject->handover, &subject->journey,
                       request->inbound->dossier ? request->dossier_hash : NULL, seq, false);
}

static void command_offer(struct request *request) {
    const struct hv_offer *command = &request->message.offer;
    struct subject subject;

    subject_find(request, &command->journey, &subject);
    if (subject.repeat_seq) {
        if (ledger_handover_find(request->turn->ledger, &command->handover, &subject.handover))
            answer_handover_repeat(request, &subject.handover, subject.repeat_seq);
        return;
    }
    const struct network_organisation *to =
        network_organisation(request->turn->broker->network, command->to);
    const bool known =
        subject.has_journey &&
        access_knows_journey(&request->actor, &subject.journey, subject_open(&subject));
    if (request->turn->mode == TURN_NORMAL && known && !to) {
        unknown_organisation(request, "to", command->to);
        return;
    }
    if (judge_journey(request, &subject, subject_held(request, &subject),
                      "an endpoint of the organisation that holds") ||
        refuse_receiver(request, to))
        return;
    offer_decide_and_record(request, &subject);
}

/* ---- Which command ---- */

bool command_take(struct request *request) {
    const enum hv_message_type type = request->message.type;

    if ((size_t)type < sizeof handover_commands / sizeof handover_commands[0] &&
        handover_commands[type].decide) {
        command_on_handover(request, &handover_commands[type]);
        return true;
    }
    switch ((int)type) {
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
