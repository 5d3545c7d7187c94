/* Commands on handovers, judged in the order of the contract:
 * unavailable, unknown, forbidden, repeated, conflict, stale-key, not-introduced; then decided and
 * recorded. */
#include "broker/command.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include "broker/access.h"
#include "broker/acting.h"
#include "broker/answer.h"
#include "broker/record.h"
#include "broker/standing.h"

/* ---- Answers ---- */

void command_refuse_as_decided(struct request *request, const struct decision *decision) {
    answer_refuse(request, decision->refusal, decision->field, "%s", decision->reason);
}

void command_done_with_handover(struct request *request, const struct handover *handover,
                                const struct journey *journey, const uint8_t *dossier_hash,
                                int64_t seq, bool repeated) {
    struct hv_message message;

    if (ledger_error(request->turn->ledger))
        return; /* it was not recorded, and this turn answers nobody */
    struct hv_done *done = answer_begin(request, &message);
    done->has_repeated = repeated;
    done->repeated = repeated;
    standing_tell(journey, handover, done);
    if (dossier_hash) {
        done->has_dossier_hash = true;
        memcpy(done->dossier_hash, dossier_hash, sizeof done->dossier_hash);
    }
    answer_done(request, &message, seq);
}

/* ---- Frame 2 ---- */

bool command_refuse_stale_key(struct request *request, const char *receiver) {
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

const uint8_t *command_hash_dossier(struct request *request) {
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
    handover_decide_receive(handover, &request->message.receive, &request->actor, decision);
}

static void decide_pickup(struct request *request, const struct handover *handover,
                          struct decision *decision) {
    handover_decide_pickup(handover, &request->message.pickup, &request->actor, decision);
}

static void decide_wait(struct request *request, const struct handover *handover,
                        struct decision *decision) {
    handover_decide_wait(handover, &request->message.wait, &request->actor, request->turn->now_ms,
                         request->turn->broker->network->policies.wait_max_ms, decision);
}

static void decide_contest(struct request *request, const struct handover *handover,
                           struct decision *decision) {
    handover_decide_contest(handover, &request->message.contest, &request->actor,
                            request->turn->now_ms,
                            request->turn->broker->network->policies.contest_max_ms, decision);
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
    handover_decide_decline(handover, &request->message.decline, &request->actor, decision);
}

static void decide_withdraw(struct request *request, const struct handover *handover,
                            struct decision *decision) {
    handover_decide_withdraw(handover, &request->message.withdraw, &request->actor, decision);
}

static void decide_supplement(struct request *request, const struct handover *handover,
                              struct decision *decision) {
    handover_decide_supplement(handover, &request->message.supplement,
                               command_hash_dossier(request), &request->actor, decision);
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

/* clang-format off */
#define HANDOVER_COMMAND(name, side, from_reserve) \
    [HV_MESSAGE_##name] = {offsetof(struct hv_message, name.handover), side, from_reserve, decide_##name}
/* clang-format on */

static const struct handover_command handover_commands[] = {
    HANDOVER_COMMAND(receive, ACCESS_RECEIVER, false),
    HANDOVER_COMMAND(pickup, ACCESS_RECEIVER, false),
    HANDOVER_COMMAND(wait, ACCESS_RECEIVER, false),
    HANDOVER_COMMAND(contest, ACCESS_HOLDER, false),
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
        ledger_event_get(request->turn->ledger, seq, &request->turn->zone, event) &&
        event->has_dossier_hash)
        return event->dossier_hash;
    return NULL;
}

/* On an ended handover the very command that ended it and its offer are repeats; any other is a
 * conflict, because the peer has to learn that it is over. */
static bool repeat_counts(struct request *request, const struct handover *handover, int64_t seq) {
    if (!seq)
        return false;
    if (handover_is_open(handover) || request->message.type == HV_MESSAGE_offer ||
        request->message.type == HV_MESSAGE_contest)
        return true;
    return ledger_event_first(request->turn->ledger, handover->ended_seq) == seq;
}

void command_done_again(struct request *request, const struct handover *handover, int64_t seq) {
    struct journey journey;
    struct hv_event event;

    if (!ledger_journey_get(request->turn->ledger, handover->journey_row, &journey))
        return;
    command_done_with_handover(request, handover, &journey,
                               repeated_hash(request, handover, seq, &event), seq, true);
}

/* The organisation that a decline suggests instead must be on the map. */
static bool refuse_suggest(struct request *request) {
    const struct hv_decline *decline = &request->message.decline;

    if (request->message.type != HV_MESSAGE_decline || !decline->has_suggest ||
        network_organisation(request->turn->broker->network, decline->suggest))
        return false;
    answer_unknown_organisation(request, "suggest", decline->suggest);
    return true;
}

static void refuse_contest_of_closed(struct request *request, const struct journey *journey,
                                     struct decision *decision) {
    if (request->message.type == HV_MESSAGE_contest && !decision->refusal &&
        journey->state == HV_JOURNEY_CLOSED)
        decision_refuse(decision, HV_REFUSED_CONFLICT, NULL,
                        "this journey is closed and nobody holds the resident: open a new one, or "
                        "ring the network's coordinator");
}

/* Resident and begeleider met although the handover had been withdrawn: the hold stays, and the
 * network's coordinator hears that it is in doubt. Asked again it is not recorded again. */
static void contest_late_confirmation(struct request *request, struct handover *handover,
                                      struct journey *journey) {
    struct decision contested;

    if (request->message.type != HV_MESSAGE_confirm || handover->state != HV_HANDOVER_WITHDRAWN ||
        journey->state == HV_JOURNEY_CLOSED ||
        ledger_command_find(request->turn->ledger, journey->row, request->command))
        return;
    decision_init(&contested);
    struct hv_event *event = decision_event(&contested, HV_EVENT_CONTESTED, &request->actor,
                                            &journey->id, &handover->id);
    event->has_reason = true;
    copy_text(event->reason, "confirmed-after-withdrawal");
    event->has_contact = true;
    event->contact = request->message.confirm.contact;
    (void)record_decision(request, &contested, journey, handover);
}

static void decide_and_record(struct request *request, const struct handover_command *command,
                              struct handover *handover) {
    struct decision decision;
    struct journey journey;

    if (!ledger_journey_get(request->turn->ledger, handover->journey_row, &journey))
        return;
    command->decide(request, handover, &decision);
    refuse_contest_of_closed(request, &journey, &decision);
    if (decision.repeated) { /* of these commands only a supplement is known by its number */
        command_done_again(request, handover,
                           ledger_supplement_find(request->turn->ledger, handover,
                                                  request->message.supplement.number));
        return;
    }
    if (decision.refusal) {
        contest_late_confirmation(request, handover, &journey);
        command_refuse_as_decided(request, &decision);
        return;
    }
    if (request->message.type == HV_MESSAGE_supplement &&
        command_refuse_stale_key(request, handover->to))
        return;
    const int64_t seq = record_decision(request, &decision, &journey, handover);
    command_done_with_handover(
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
        answer_unavailable(request);
    else if (!known)
        answer_unknown_handover(request);
    else if (!repeats && refuse_suggest(request))
        return;
    else if (!is_side)
        answer_forbidden(request, command->side == ACCESS_HOLDER
                                      ? "an endpoint of the organisation that offered"
                                  : command->side == ACCESS_RECEIVER
                                      ? "an endpoint of the receiving organisation"
                                      : "an endpoint of either side");
    else if (repeats)
        command_done_again(request, &handover, seq);
    else if (!acting_refuse(request))
        decide_and_record(request, command, &handover);
}

bool command_take_handover(struct request *request) {
    const enum hv_message_type type = request->message.type;

    if ((size_t)type >= sizeof handover_commands / sizeof handover_commands[0] ||
        !handover_commands[type].decide)
        return false;
    command_on_handover(request, &handover_commands[type]);
    return true;
}
