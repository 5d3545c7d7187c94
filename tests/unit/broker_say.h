/* What peers say to the broker in tests, and what they expect it to say back. */
#ifndef HOUVAST_TESTS_BROKER_SAY_H
#define HOUVAST_TESTS_BROKER_SAY_H

#include "broker_world.h"

/* ---- Conversation ---- */

/* Says it, settles, and expects `done`: for the first time, or as a repeat. */
const struct hv_done *peer_does(struct peer *peer, struct hv_message message);
const struct hv_done *peer_does_with(struct peer *peer, struct hv_message message,
                                     const void *dossier, size_t size);
const struct hv_done *peer_repeats(struct peer *peer, struct hv_message message);
const struct hv_done *peer_repeats_with(struct peer *peer, struct hv_message message,
                                        const void *dossier, size_t size);
/* Says it, settles, and expects a refusal. */
void peer_may_not(struct peer *peer, struct hv_message message, enum hv_refusal code,
                  const char *field);
/* Acknowledges the next item, which carries this event, and settles. */
void peer_acks(struct peer *peer, enum hv_event_name event);
/* Acknowledges whatever comes until nothing comes; gives how many. */
size_t peer_acks_all(struct peer *peer);

/* Messages with all that is required. A journey has a number; its handover's id is 100 more. */
struct hv_uuid handover_id(uint8_t journey);
struct hv_message say_open(uint8_t journey, const char *begeleider);
struct hv_message say_offer(uint8_t journey, const char *to, enum hv_kind kind);
struct hv_message say_receive(uint8_t journey, const char *begeleider);
struct hv_message say_pickup(uint8_t journey, const char *begeleider);
struct hv_message say_introduce(struct broker_world *world, uint8_t journey, const char *from,
                                const char *to);
struct hv_message say_confirm(struct broker_world *world, uint8_t journey, const char *begeleider);
struct hv_message say_decline(uint8_t journey);
struct hv_message say_withdraw(uint8_t journey);
struct hv_message say_supplement(uint8_t journey, int64_t number);
struct hv_message say_fetch(uint8_t journey);
struct hv_message say_reassign(struct broker_world *world, uint8_t journey, const char *to,
                               const char *instead_of);
struct hv_message say_close(struct broker_world *world, uint8_t journey, const char *begeleider,
                            enum hv_outcome outcome);
struct hv_message say_settle(struct broker_world *world, uint8_t journey, const char *person,
                             bool agree);
struct hv_message say_note(struct broker_world *world, uint8_t journey, enum hv_note_code code);
struct hv_message say_claim(struct broker_world *world, uint8_t journey, const char *person,
                            int64_t ms);
/* From now on, without a deputy where that is NULL. */
struct hv_message say_absent(struct broker_world *world, const char *begeleider, int64_t ms,
                             const char *deputy);
struct hv_message say_status(uint8_t journey);          /* of the journey */
struct hv_message say_handover_status(uint8_t journey); /* of its handover */
struct hv_message say_history(uint8_t journey);
struct hv_message say_ack(int64_t item);
struct hv_message say_nack(int64_t item, int64_t after_ms);

/* Bytes that begin with the id of the organisation's sealing key: 8, then `text`. Lives as
 * long as the world. */
const uint8_t *world_dossier(struct broker_world *world, const char *organisation, const char *text,
                             size_t *ret_size);

#endif
