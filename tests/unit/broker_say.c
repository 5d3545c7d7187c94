/* What peers say to the broker in tests, and what they expect it to say back. */
#include "broker_say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- Conversation ---- */

const struct hv_done *peer_does_with(struct peer *peer, struct hv_message message,
                                     const void *dossier, size_t size) {
    peer_say(peer, &message, dossier, size);
    world_settle(peer->world);
    const struct hv_done *done = peer_expect_done(peer);
    if (done->has_repeated && done->repeated)
        fail_msg("%s: repeated, and it was not said before", peer->organisation);
    return done;
}

const struct hv_done *peer_does(struct peer *peer, struct hv_message message) {
    return peer_does_with(peer, message, NULL, 0);
}

const struct hv_done *peer_repeats_with(struct peer *peer, struct hv_message message,
                                        const void *dossier, size_t size) {
    peer_say(peer, &message, dossier, size);
    world_settle(peer->world);
    const struct hv_done *done = peer_expect_done(peer);
    if (!done->has_repeated || !done->repeated)
        fail_msg("%s: not repeated, and it was said before", peer->organisation);
    return done;
}

const struct hv_done *peer_repeats(struct peer *peer, struct hv_message message) {
    return peer_repeats_with(peer, message, NULL, 0);
}

void peer_may_not(struct peer *peer, struct hv_message message, enum hv_refusal code,
                  const char *field) {
    peer_say(peer, &message, NULL, 0);
    world_settle(peer->world);
    peer_expect_refused(peer, code, field);
}

void peer_acks(struct peer *peer, enum hv_event_name event) {
    const struct heard *heard = peer_expect_item(peer, event);

    (void)peer_does(peer, say_ack(heard->message.item.item));
}

size_t peer_acks_all(struct peer *peer) {
    const struct heard *heard = NULL;
    size_t count = 0;

    while ((heard = peer_next_item(peer)) != NULL) {
        (void)peer_does(peer, say_ack(heard->message.item.item));
        count++;
    }
    return count;
}

/* ---- Messages ---- */

struct hv_uuid handover_id(uint8_t journey) {
    return sample_uuid((uint8_t)(100 + journey));
}

struct hv_message say_open(uint8_t journey, const char *begeleider) {
    struct hv_message message = {.type = HV_MESSAGE_open};

    sample_text(message.open.request, "open");
    message.open.journey = sample_uuid(journey);
    sample_text(message.open.resident, SAMPLE_RESIDENT);
    sample_text(message.open.begeleider, begeleider);
    message.open.basis = HV_BASIS_CONSENT;
    message.open.urgency = HV_URGENCY_ROUTINE;
    return message;
}

struct hv_message say_offer(uint8_t journey, const char *to, enum hv_kind kind) {
    struct hv_message message = {.type = HV_MESSAGE_offer};

    sample_text(message.offer.request, "offer");
    message.offer.journey = sample_uuid(journey);
    message.offer.handover = handover_id(journey);
    sample_text(message.offer.to, to);
    message.offer.kind = kind;
    message.offer.urgency = HV_URGENCY_ROUTINE;
    sample_text(message.offer.begeleider, "h.holder");
    return message;
}

struct hv_message say_receive(uint8_t journey, const char *begeleider) {
    struct hv_message message = {.type = HV_MESSAGE_receive};

    sample_text(message.receive.request, "receive");
    message.receive.handover = handover_id(journey);
    sample_text(message.receive.begeleider, begeleider);
    return message;
}

struct hv_message say_pickup(uint8_t journey, const char *begeleider) {
    struct hv_message message = {.type = HV_MESSAGE_pickup};

    sample_text(message.pickup.request, "pickup");
    message.pickup.handover = handover_id(journey);
    sample_text(message.pickup.begeleider, begeleider);
    return message;
}

struct hv_message say_introduce(struct broker_world *world, uint8_t journey, const char *from,
                                const char *to) {
    struct hv_message message = {.type = HV_MESSAGE_introduce};
    struct hv_attendee *present = msgpack_zone_malloc(&world->said, 2 * sizeof *present);

    assert_non_null(present);
    memset(present, 0, 2 * sizeof *present);
    sample_text(present[0].organisation, from);
    sample_text(present[0].person, "h.holder");
    sample_text(present[1].organisation, to);
    sample_text(present[1].person, "anna");
    sample_text(message.introduce.request, "introduce");
    message.introduce.handover = handover_id(journey);
    message.introduce.on = world->fake.wall_ms;
    message.introduce.how = HV_INTRODUCTION_JOINT;
    message.introduce.present.count = 2;
    message.introduce.present.items = present;
    message.introduce.resident = true;
    return message;
}

struct hv_message say_confirm(struct broker_world *world, uint8_t journey, const char *begeleider) {
    struct hv_message message = {.type = HV_MESSAGE_confirm};

    sample_text(message.confirm.request, "confirm");
    message.confirm.handover = handover_id(journey);
    sample_text(message.confirm.begeleider, begeleider);
    message.confirm.contact.on = world->fake.wall_ms;
    message.confirm.contact.how = HV_CONTACT_VISITED;
    message.confirm.contact.with = HV_CONTACT_RESIDENT;
    return message;
}

struct hv_message say_decline(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_decline};

    sample_text(message.decline.request, "decline");
    message.decline.handover = handover_id(journey);
    sample_text(message.decline.reason, "no-room");
    message.decline.decided = HV_DECIDED_RECEIVER;
    return message;
}

struct hv_message say_withdraw(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_withdraw};

    sample_text(message.withdraw.request, "withdraw");
    message.withdraw.handover = handover_id(journey);
    sample_text(message.withdraw.reason, "entered-in-error");
    return message;
}

struct hv_message say_supplement(uint8_t journey, int64_t number) {
    struct hv_message message = {.type = HV_MESSAGE_supplement};

    sample_text(message.supplement.request, "supplement");
    message.supplement.handover = handover_id(journey);
    message.supplement.number = number;
    return message;
}

struct hv_message say_fetch(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_fetch};

    sample_text(message.fetch.request, "fetch");
    message.fetch.handover = handover_id(journey);
    return message;
}

struct hv_message say_reassign(struct broker_world *world, uint8_t journey, const char *to,
                               const char *instead_of) {
    struct hv_message message = {.type = HV_MESSAGE_reassign};

    message.reassign = sample_reassign(to, instead_of, world->fake.wall_ms);
    message.reassign.journey = sample_uuid(journey);
    return message;
}

struct hv_message say_close(struct broker_world *world, uint8_t journey, const char *begeleider,
                            enum hv_outcome outcome) {
    struct hv_message message = {.type = HV_MESSAGE_close};

    message.close = sample_close(outcome, true);
    message.close.journey = sample_uuid(journey);
    message.close.talked.on = world->fake.wall_ms;
    sample_text(message.close.begeleider, begeleider);
    return message;
}

struct hv_message say_settle(struct broker_world *world, uint8_t journey, const char *person,
                             bool agree) {
    struct hv_message message = {.type = HV_MESSAGE_settle};

    sample_text(message.settle.request, "settle");
    message.settle.journey = sample_uuid(journey);
    sample_text(message.settle.person, person);
    message.settle.agree = agree;
    sample_text(message.settle.reason, "talked-about-it");
    message.settle.on = world->fake.wall_ms;
    return message;
}

struct hv_message say_note(struct broker_world *world, uint8_t journey, enum hv_note_code code) {
    struct hv_message message = {.type = HV_MESSAGE_note};

    sample_text(message.note.request, "note");
    message.note.journey = sample_uuid(journey);
    message.note.code = code;
    message.note.on = world->fake.wall_ms;
    return message;
}

struct hv_message say_claim(struct broker_world *world, uint8_t journey, const char *person,
                            int64_t ms) {
    struct hv_message message = {.type = HV_MESSAGE_claim};

    sample_text(message.claim.request, "claim");
    message.claim.has_journey = true;
    message.claim.journey = sample_uuid(journey);
    sample_text(message.claim.person, person);
    message.claim.until = world->fake.wall_ms + ms;
    message.claim.on = world->fake.wall_ms;
    return message;
}

struct hv_message say_absent(struct broker_world *world, const char *begeleider, int64_t ms,
                             const char *deputy) {
    struct hv_message message = {.type = HV_MESSAGE_absent};

    sample_text(message.absent.request, "absent");
    sample_text(message.absent.begeleider, begeleider);
    message.absent.from = world->fake.wall_ms;
    message.absent.until = world->fake.wall_ms + ms;
    message.absent.on = world->fake.wall_ms;
    message.absent.has_deputy = deputy != NULL;
    if (deputy)
        sample_text(message.absent.deputy, deputy);
    return message;
}

struct hv_message say_status(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_status};

    sample_text(message.status.request, "status");
    message.status.has_journey = true;
    message.status.journey = sample_uuid(journey);
    return message;
}

struct hv_message say_handover_status(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_status};

    sample_text(message.status.request, "status");
    message.status.has_handover = true;
    message.status.handover = handover_id(journey);
    return message;
}

struct hv_message say_history(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_history};

    sample_text(message.history.request, "history");
    message.history.journey = sample_uuid(journey);
    return message;
}

struct hv_message say_ack(int64_t item) {
    struct hv_message message = {.type = HV_MESSAGE_ack};

    message.ack.has_request = true;
    sample_text(message.ack.request, "ack");
    message.ack.item = item;
    return message;
}

struct hv_message say_nack(int64_t item, int64_t after_ms) {
    struct hv_message message = {.type = HV_MESSAGE_nack};

    message.nack.item = item;
    message.nack.after = after_ms;
    return message;
}

/* ---- Dossiers ---- */

const uint8_t *world_dossier(struct broker_world *world, const char *organisation, const char *text,
                             size_t *ret_size) {
    const struct network_organisation *receiver =
        network_organisation(broker_network(world->broker), organisation);

    assert_non_null(receiver);
    assert_true(receiver->sealing_key_count > 0);
    *ret_size = 8 + strlen(text);
    uint8_t *dossier = msgpack_zone_malloc(&world->said, *ret_size + 1);
    assert_non_null(dossier);
    memcpy(dossier, receiver->sealing_keys[0].id, 8);
    strcpy((char *)dossier + 8, text);
    return dossier;
}
