/* Answers: done and refused, encoded into the outbox. */
#ifndef HOUVAST_ANSWER_H
#define HOUVAST_ANSWER_H

#include "broker/request.h"

/* Encodes a message for a connection into the outbox. */
void answer_send(struct turn *turn, const struct route *to, const struct hv_message *message);
void answer_refuse(struct request *request, enum hv_refusal code, const char *field,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Of an organisation that is over its rate; `because` says another reason. */
void answer_busy(struct request *request, int64_t retry_after_ms);
void answer_busy_because(struct request *request, int64_t retry_after_ms, const char *reason);
/* `forbidden`: who may give the command, in words such as "a coordinator". */
void answer_forbidden(struct request *request, const char *whose);
/* `unknown`: what does not exist and what the asker may not know of are one answer, to the letter.
 */
void answer_unknown_journey(struct request *request);
void answer_unknown_handover(struct request *request);
/* `unknown`: the organisation that `field` names is not on the map. */
void answer_unknown_organisation(struct request *request, const char *field, const char *name);
/* `unavailable`: the disk is short, and this is not what the reserve is for. */
void answer_unavailable(struct request *request);
/* Begins a `done`: request, ledger and at are filled in. */
struct hv_done *answer_begin(struct request *request, struct hv_message *ret_message);
void answer_done(struct request *request, struct hv_message *message, int64_t seq);

#endif
