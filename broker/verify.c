/* Verifying on the wire: one walk at a time, and everybody who asks meanwhile joins it. */
#include "broker/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/journal.h"
#include "broker/timekeeping.h"

/* Events, rows and the like in one slice: some milliseconds, so that nobody notices. */
#define SLICE_WORK 256
/* Connections that may wait for one walk. */
#define ASKERS_MAX 16
#define BUSY_MS    1000

struct asker {
    struct route to;
    uint8_t key[NETWORK_KEY_SIZE]; /* whose: a return address may become another's */
    char request[HV_REQUEST_SIZE];
};

struct verify {
    struct ledger_walk *walk;
    struct asker askers[ASKERS_MAX];
    size_t asker_count;
};

void verify_free(struct broker *broker) {
    if (!broker->verify)
        return;
    ledger_walk_free(broker->verify->walk);
    free(broker->verify);
    broker->verify = NULL;
}

/* Where the network lists no receipt keys, the one that signs follows from the broker's own. */
static struct ledger_walk_known known_of(const struct broker *broker) {
    struct ledger_walk_known known = {.has_receipt_key = !broker->signer.label[0]};

    memcpy(known.receipt_key, broker->signer.pair.public_key, sizeof known.receipt_key);
    memcpy(known.broker_key, broker->network->broker_public_key, sizeof known.broker_key);
    return known;
}

static struct verify *verify_of(struct turn *turn) {
    struct broker *broker = turn->broker;

    if (broker->verify)
        return broker->verify;
    broker->verify = calloc(1, sizeof *broker->verify);
    const struct ledger_walk_known known = known_of(broker);
    if (broker->verify && !(broker->verify->walk = ledger_walk_new(&known)))
        verify_free(broker);
    if (!broker->verify)
        turn->error = -ENOMEM;
    return broker->verify;
}

/* ---- Who asks ---- */

static struct asker *asker_find(struct verify *verify, const struct route *route) {
    for (size_t i = 0; i < verify->asker_count; i++) {
        if (memcmp(&verify->askers[i].to, route, sizeof *route) == 0)
            return &verify->askers[i];
    }
    return NULL;
}

/* A peer that asks again has given its first question up; it still gets an answer. */
static void answer_given_up(struct turn *turn, const struct asker *asker) {
    struct hv_message message = {.type = HV_MESSAGE_refused};
    struct hv_refused *refused = &message.refused;

    refused->has_request = true;
    copy_text(refused->request, asker->request);
    refused->code = HV_REFUSED_BUSY;
    refused->reason = "this connection has asked again; that question will be answered";
    refused->has_retry_after = true;
    refused->retry_after = BUSY_MS;
    answer_send(turn, &asker->to, &message);
}

static void asker_add(struct request *request, struct verify *verify) {
    struct asker *asker = asker_find(verify, &request->inbound->from);

    if (asker && strcmp(asker->request, request->id) == 0)
        return; /* the same message in a smaller turn */
    if (!asker && verify->asker_count == ASKERS_MAX) {
        answer_busy_because(request, BUSY_MS,
                            "as many as can wait for a verification wait already; ask again later");
        return;
    }
    if (asker)
        answer_given_up(request->turn, asker);
    else
        asker = &verify->askers[verify->asker_count++];
    asker->to = request->inbound->from;
    memcpy(asker->key, request->inbound->key, sizeof asker->key);
    copy_text(asker->request, request->id);
}

/* ---- The question ---- */

/* A tail that was cut off leaves a chain that is whole: only who has kept a later hash can tell. */
static bool head_differs(struct request *request) {
    const struct hv_verify *question = &request->message.verify;
    struct ledger *ledger = request->turn->ledger;
    const long long seq = (long long)question->at_seq;
    uint8_t hash[32];

    if (!question->has_head)
        return false;
    const bool found = ledger_event_hash(ledger, question->at_seq, hash);
    if (ledger_error(ledger) || (found && memcmp(hash, question->head, sizeof question->head) == 0))
        return false;
    if (found)
        answer_refuse(request, HV_REFUSED_CONFLICT, "head",
                      "event %lld of this ledger has another hash than the one given: it is not "
                      "the ledger that gave it, or was written anew",
                      seq);
    else
        answer_refuse(request, HV_REFUSED_CONFLICT, "at_seq",
                      "event %lld is missing: the ledger ends at event %lld, and what came after "
                      "it has been cut off, or the hash is of another ledger",
                      seq, (long long)ledger_seq(ledger));
    journal_say(JOURNAL_LEDGER_DIFFERS, NULL,
                "the ledger does not have the hash at event %lld that an operator of %s has kept; "
                "it ends at event %lld",
                seq, request->actor.organisation, (long long)ledger_seq(ledger));
    return true;
}

bool verify_take(struct request *request) {
    struct verify *verify = NULL;

    if (request->message.type != HV_MESSAGE_verify)
        return false;
    if (request->actor.role != HV_ROLE_OPERATOR)
        answer_forbidden(request, "an operator");
    else if (!head_differs(request) && (verify = verify_of(request->turn)))
        asker_add(request, verify);
    return true;
}

/* ---- The answer ---- */

static void fill_done(struct turn *turn, const struct ledger_walk_result *result,
                      const struct hv_counter *counts, size_t count, struct hv_done *done) {
    done->ledger = *ledger_id(turn->ledger);
    done->at = turn->now_ms;
    done->seq = result->seq;
    done->has_counts = true;
    done->counts.count = count;
    done->counts.items = counts;
    done->has_head = true;
    memcpy(done->head, result->head, sizeof done->head);
}

static void answer(struct turn *turn, const struct asker *asker,
                   const struct ledger_walk_result *result) {
    const struct session *session = session_find(&turn->broker->sessions, &asker->to);
    const struct hv_counter counts[] = {
        {"events", result->events},       {"journeys", result->journeys},
        {"handovers", result->handovers}, {"dossiers", result->dossiers},
        {"receipts", result->receipts},   {"items", result->items},
    };
    struct hv_message message = {.type = HV_MESSAGE_done};

    if (!session || session->name.role != HV_ROLE_OPERATOR ||
        memcmp(session->key, asker->key, sizeof asker->key) != 0)
        return; /* it is somebody else's by now, or nobody's */
    if (result->finding[0]) {
        message.type = HV_MESSAGE_refused;
        message.refused.has_request = true;
        copy_text(message.refused.request, asker->request);
        message.refused.code = HV_REFUSED_CONFLICT;
        message.refused.reason = result->finding;
    } else {
        message.done.has_request = true;
        copy_text(message.done.request, asker->request);
        fill_done(turn, result, counts, sizeof counts / sizeof counts[0], &message.done);
    }
    answer_send(turn, &asker->to, &message);
}

static void journal(const struct ledger_walk_result *result) {
    if (result->finding[0])
        journal_say(JOURNAL_LEDGER_DIFFERS, NULL, "the ledger does not agree with itself: %s",
                    result->finding);
    else
        journal_say(JOURNAL_LEDGER_VERIFIED, NULL,
                    "the ledger is whole: %lld events, %lld journeys, %lld handovers, %lld "
                    "dossiers, %lld receipts and %lld items agree",
                    (long long)result->events, (long long)result->journeys,
                    (long long)result->handovers, (long long)result->dossiers,
                    (long long)result->receipts, (long long)result->items);
    if (!result->finding[0] && result->unread_network_seq)
        journal_say(JOURNAL_LEDGER_VERIFIED, NULL,
                    "items were compared as far as event %lld alone: this houvastd cannot read the "
                    "network's files that it put in force",
                    (long long)result->unread_network_seq);
}

static int verify_end(struct broker *broker, struct outbox *outbox) {
    const struct verify *verify = broker->verify;
    const struct ledger_walk_result *result = ledger_walk_result(verify->walk);
    struct turn turn = {
        .broker = broker,
        .ledger = broker->ledger,
        .outbox = outbox,
    };

    timekeeping_begin(&turn);
    journal(result);
    for (size_t i = 0; i < verify->asker_count; i++)
        answer(&turn, &verify->askers[i], result);
    verify_free(broker);
    return turn.error;
}

int verify_step(struct broker *broker, struct outbox *outbox) {
    if (!broker->verify)
        return 0;
    ledger_begin(broker->ledger);
    const enum ledger_walk_state state =
        ledger_walk_step(broker->ledger, broker->verify->walk, SLICE_WORK);
    const int rc = ledger_commit(broker->ledger); /* nothing was written: no sync */
    if (rc < 0)
        return rc;
    return state == LEDGER_WALK_GOES_ON ? 0 : verify_end(broker, outbox);
}
