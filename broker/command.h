/* Commands: judged in the order of the contract, then decided and recorded. */
#ifndef HOUVAST_COMMAND_H
#define HOUVAST_COMMAND_H

#include "broker/request.h"

/* Take a command and answer it; false where the message is none of theirs. On a journey: open,
 * reassign, close, settle, and offer, which makes a handover. On a handover: all others. */
bool command_take_journey(struct request *request);
bool command_take_handover(struct request *request);
/* Of people: note, urgency, claim. */
bool command_take_people(struct request *request);

/* ---- What both share ---- */

/* A dossier must be sealed for a key of the receiver that is valid now: true when it was refused.
 */
bool command_refuse_stale_key(struct request *request, const char *receiver);
/* The decision's refusal, to the letter. */
void command_refuse_as_decided(struct request *request, const struct decision *decision);
/* BLAKE2b-256 of frame 2, NULL where there is none; lives as long as the request. */
const uint8_t *command_hash_dossier(struct request *request);

/* Answers `done` with how the handover stands. Of an ended one `holder` is who held when it ended,
 * never who holds now. */
void command_done_with_handover(struct request *request, const struct handover *handover,
                                const struct journey *journey, const uint8_t *dossier_hash,
                                int64_t seq, bool repeated);
/* The same for a command that had taken effect as event `seq`. */
void command_done_again(struct request *request, const struct handover *handover, int64_t seq);

#endif
