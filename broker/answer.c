/* Answers: done and refused, encoded into the outbox. */
#include "broker/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

void answer_send(struct turn *turn, const struct route *to, const struct hv_message *message) {
    msgpack_sbuffer *encoded = &turn->broker->encoded;
    struct outbound outbound = {.to = *to};

    /* A turn's answers wait for its commit together: each takes the room that it needs, no more. */
    msgpack_sbuffer_clear(encoded);
    if (wire_encode(message, encoded) < 0 || !(outbound.envelope = malloc(encoded->size))) {
        turn->error = -ENOMEM;
        return;
    }
    outbound.envelope_size = encoded->size;
    memcpy(outbound.envelope, encoded->data, encoded->size);
    if (outbox_add(turn->outbox, &outbound) < 0) {
        free(outbound.envelope);
        turn->error = -ENOMEM;
        return;
    }
    struct session *session = session_find(&turn->broker->sessions, to);
    if (session)
        session->spoke_ms = turn->boot_ms;
}

static void refuse(struct request *request, struct hv_refused *refused,
                   struct hv_message *message) {
    refused->has_request = request->id[0] != '\0';
    copy_text(refused->request, request->id);
    request->turn->counters.refusals++;
    answer_send(request->turn, &request->inbound->from, message);
}

void answer_refuse(struct request *request, enum hv_refusal code, const char *field,
                   const char *format, ...) {
    struct hv_message message = {.type = HV_MESSAGE_refused};
    struct hv_refused *refused = &message.refused;
    char reason[FAILURE_SIZE + DECISION_REASON_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    refused->code = code;
    refused->reason = reason;
    refused->has_field = field != NULL;
    refused->field = field;
    refuse(request, refused, &message);
}

void answer_busy_because(struct request *request, int64_t retry_after_ms, const char *reason) {
    struct hv_message message = {.type = HV_MESSAGE_refused};
    struct hv_refused *refused = &message.refused;

    refused->code = HV_REFUSED_BUSY;
    refused->reason = reason;
    refused->has_retry_after = true;
    refused->retry_after = retry_after_ms;
    refuse(request, refused, &message);
}

void answer_busy(struct request *request, int64_t retry_after_ms) {
    answer_busy_because(request, retry_after_ms,
                        "your organisation asks more than its rate; ask the same again later");
}

void answer_forbidden(struct request *request, const char *whose) {
    answer_refuse(request, HV_REFUSED_FORBIDDEN, NULL, "this is for %s", whose);
}

void answer_unknown_journey(struct request *request) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, NULL,
                  "no journey of this id that your organisation is a party to");
}

void answer_unknown_handover(struct request *request) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, NULL,
                  "no handover of this id that your organisation is a party to");
}

void answer_unknown_organisation(struct request *request, const char *field, const char *name) {
    answer_refuse(request, HV_REFUSED_UNKNOWN, field,
                  "no organisation is called %s on this network; `map` has their names", name);
}

void answer_unavailable(struct request *request) {
    answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                  "the broker's disk is full: nothing new is taken, nothing held is lost; ask "
                  "again later");
}

struct hv_done *answer_begin(struct request *request, struct hv_message *ret_message) {
    struct hv_done *done = &ret_message->done;

    memset(ret_message, 0, sizeof *ret_message);
    ret_message->type = HV_MESSAGE_done;
    done->has_request = request->id[0] != '\0';
    copy_text(done->request, request->id);
    done->ledger = *ledger_id(request->turn->ledger);
    done->at = request->turn->now_ms;
    return done;
}

void answer_done(struct request *request, struct hv_message *message, int64_t seq) {
    message->done.seq = seq;
    if (message->done.has_repeated)
        request->turn->counters.repeats++;
    answer_send(request->turn, &request->inbound->from, message);
}
