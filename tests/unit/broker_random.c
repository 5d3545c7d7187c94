/* Random commands. */
#include "broker_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/request.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const persons[] = {"anna", "bram", "carla"};

bool chance_of(struct life *life, unsigned percent) {
    return chance_below(&life->chance, 100) < percent;
}

static const char *random_person(struct life *life) {
    return persons[chance_below(&life->chance, COUNT(persons))];
}

/* The one that would be right, or any. */
static const char *mostly(struct life *life, const char *right) {
    return right[0] && chance_of(life, 85) ? right : random_person(life);
}

struct peer *random_peer(struct life *life, const char *organisation, enum hv_role role) {
    for (;;) {
        struct peer *peer = life->peers[chance_below(&life->chance, RANDOM_PEERS)];
        if (peer->role == role && (!organisation || strcmp(peer->organisation, organisation) == 0))
            return peer;
    }
}

void life_begin(struct life *life, struct broker_world *world, uint64_t seed) {
    size_t count = 0;

    memset(life, 0, sizeof *life);
    life->world = world;
    life->chance.state = seed;
    for (size_t i = 0; i < WORLD_ORGANISATIONS; i++) {
        const char *name = world_organisations[i];
        life->peers[count++] = peer_connect(world, name, HV_ROLE_ENDPOINT, "one");
        life->peers[count++] = peer_connect(world, name, HV_ROLE_ENDPOINT, "two");
        life->peers[count++] = peer_connect(world, name, HV_ROLE_COORDINATOR, "desk");
    }
    life->peers[count++] = peer_connect(world, "kcc", HV_ROLE_OPERATOR, "ops");
    assert_int_equal(count, RANDOM_PEERS);
    for (size_t i = 0; i < RANDOM_PEERS; i++)
        peer_hello(life->peers[i], 3);
}

bool life_journey(struct life *life, uint8_t number, struct journey *ret_journey,
                  struct handover *ret_open, bool *ret_has_open) {
    struct ledger *ledger = life->world->broker->ledger;
    const struct hv_uuid id = sample_uuid(number);

    ledger_begin(ledger);
    const bool found = ledger_journey_find(ledger, &id, ret_journey);
    *ret_has_open = found && ledger_handover_open_of(ledger, ret_journey->row, ret_open);
    ledger_rollback(ledger);
    return found;
}

/* ---- Commands ---- */

static hv_time random_on(struct life *life) {
    return life->world->fake.wall_ms - (hv_time)chance_below(&life->chance, 600000);
}

static void make_open(struct life *life, uint8_t number, bool reopens, struct said *said) {
    said->message = say_open(number, random_person(life));
    said->message.open.urgency = (enum hv_urgency)(1 + chance_below(&life->chance, 3));
    said->message.open.has_reopens = reopens || chance_of(life, 10);
    said->message.open.reopens = reopens;
    said->message.open.has_on = chance_of(life, 30);
    said->message.open.on = random_on(life);
}

static void make_offer(struct life *life, uint8_t number, struct said *said) {
    struct hv_message *message = &said->message;
    const uint8_t fresh = (uint8_t)(life->handovers_used + 1);

    snprintf(said->to, sizeof said->to, "%s",
             world_organisations[chance_below(&life->chance, WORLD_ORGANISATIONS)]);
    *message = say_offer(number, said->to, chance_of(life, 50) ? HV_KIND_WARM : HV_KIND_COLD);
    if (fresh < RANDOM_HANDOVERS && chance_of(life, 90))
        life->handovers_used = fresh;
    message->offer.handover = handover_id(life->handovers_used ? life->handovers_used : fresh);
    message->offer.urgency = (enum hv_urgency)(1 + chance_below(&life->chance, 3));
    message->offer.has_disclose = chance_of(life, 50);
    message->offer.disclose = chance_of(life, 50) ? HV_DISCLOSE_RECEIVED : HV_DISCLOSE_PICKED_UP;
    said->sealed = chance_of(life, 60);
}

/* Chance is asked once a statement: compilers are free to order what stands in one. */
static void make_reassign(struct life *life, const struct journey *journey, uint8_t number,
                          struct said *said) {
    const char *to = random_person(life);
    const char *instead_of = mostly(life, journey->holder.begeleider);

    said->message = say_reassign(life->world, number, to, instead_of);
    said->message.reassign.on = random_on(life);
}

static void make_close(struct life *life, const struct journey *journey, uint8_t number,
                       struct said *said) {
    const enum hv_outcome outcome = (enum hv_outcome)(1 + chance_below(&life->chance, 8));

    said->message =
        say_close(life->world, number, mostly(life, journey->holder.begeleider), outcome);
    said->message.close.has_talked = chance_of(life, 50);
    said->message.close.has_no_talk = !said->message.close.has_talked;
    said->message.close.talked.on = random_on(life);
}

static void make_introduce(struct life *life, const struct handover *open, struct said *said) {
    static const struct hv_attendee attendees[] = {
        {"kcc", "anna"},     {"support", "anna"}, {"werkse", "anna"}, {"kcc", "bram"},
        {"support", "bram"}, {"werkse", "bram"},  {"kcc", "anna"},
    };
    const size_t count = chance_below(&life->chance, COUNT(attendees) + 1);

    said->message = say_introduce(life->world, 1, "kcc", "werkse");
    said->message.introduce.handover = open->id;
    said->message.introduce.on = random_on(life);
    said->message.introduce.present.items =
        attendees + chance_below(&life->chance, COUNT(attendees) - count + 1);
    said->message.introduce.present.count = count;
    said->message.introduce.resident = chance_of(life, 80);
}

static void make_confirm(struct life *life, const struct handover *open, struct said *said) {
    struct hv_confirm *confirm = &said->message.confirm;

    said->message = say_confirm(life->world, 1, random_person(life));
    confirm->handover = open->id;
    confirm->contact.on = chance_of(life, 80) ? life->world->fake.wall_ms : random_on(life);
    confirm->contact.how = (enum hv_contact_how)(1 + chance_below(&life->chance, 5));
    confirm->has_as = chance_of(life, 50);
    confirm->as = HV_TAKEN_AS_COLD;
    confirm->has_reason = confirm->has_as;
    sample_text(confirm->reason, "came-alone");
}

static void make_receive(struct life *life, const struct handover *open, struct said *said) {
    struct hv_receive *receive = &said->message.receive;

    said->message = say_receive(1, random_person(life));
    receive->handover = open->id;
    receive->has_instead_of = open->received_by[0] ? chance_of(life, 80) : chance_of(life, 5);
    sample_text(receive->instead_of, mostly(life, open->received_by));
    receive->has_on = chance_of(life, 50);
    receive->on = random_on(life);
}

static void make_pickup(struct life *life, const struct handover *open, struct said *said) {
    struct hv_pickup *pickup = &said->message.pickup;

    said->message = say_pickup(1, random_person(life));
    pickup->handover = open->id;
    pickup->has_instead_of = open->picked_up_by[0] ? chance_of(life, 80) : chance_of(life, 5);
    sample_text(pickup->instead_of, mostly(life, open->picked_up_by));
    pickup->has_planned = chance_of(life, 50);
    pickup->planned = life->world->fake.wall_ms + 86400000;
    pickup->has_on = chance_of(life, 50);
    pickup->on = random_on(life);
}

static void make_supplement(struct life *life, const struct handover *open, struct said *said) {
    const int64_t next = open->supplements < 15 ? open->supplements + 1 : 15;

    said->message = say_supplement(1, chance_of(life, 90) ? next : 1);
    said->message.supplement.handover = open->id;
    said->sealed = true;
    snprintf(said->to, sizeof said->to, "%s", open->to);
}

/* Of the receiver, mostly. */
static void of_receiver(struct life *life, const struct handover *open, struct said *said) {
    const uint64_t which = chance_below(&life->chance, 100);

    said->peer = random_peer(life, open->to, HV_ROLE_ENDPOINT);
    if (which < 25) {
        make_receive(life, open, said);
    } else if (which < 50) {
        make_pickup(life, open, said);
    } else if (which < 62) {
        make_introduce(life, open, said);
    } else if (which < 80) {
        make_confirm(life, open, said);
    } else if (which < 90) {
        said->message = say_fetch(1);
        said->message.fetch.handover = open->id;
    } else {
        said->message = say_decline(1);
        said->message.decline.handover = open->id;
    }
}

static void of_holder(struct life *life, uint8_t number, const struct journey *journey,
                      const struct handover *open, struct said *said) {
    const uint64_t which = chance_below(&life->chance, 100);

    said->peer = random_peer(life, journey->holder.organisation, HV_ROLE_ENDPOINT);
    if (!open && which < 60) {
        make_offer(life, number, said);
    } else if (which < 75 || !open) {
        if (chance_of(life, 60))
            make_reassign(life, journey, number, said);
        else
            make_close(life, journey, number, said);
    } else if (which < 85) {
        make_supplement(life, open, said);
    } else if (which < 93) {
        make_introduce(life, open, said);
    } else {
        said->message = say_withdraw(1);
        said->message.withdraw.handover = open->id;
    }
}

static void make_settle(struct life *life, uint8_t number, struct said *said) {
    said->peer = random_peer(life, chance_of(life, 80) ? "kcc" : NULL, HV_ROLE_COORDINATOR);
    const char *person = random_person(life);
    const bool agree = chance_of(life, 50);
    said->message = say_settle(life->world, number, person, agree);
    said->message.settle.on = random_on(life);
}

void random_command(struct life *life, struct said *ret_said) {
    const uint8_t number = (uint8_t)(1 + chance_below(&life->chance, RANDOM_JOURNEYS));
    struct journey journey;
    struct handover open;
    bool has_open = false;

    *ret_said = (struct said){.peer = random_peer(life, NULL, HV_ROLE_ENDPOINT)};
    if (!life_journey(life, number, &journey, &open, &has_open)) {
        make_open(life, number, chance_of(life, 5), ret_said);
    } else if (journey.state == HV_JOURNEY_CLOSED && chance_of(life, 70)) {
        ret_said->peer = random_peer(life, journey.holder.organisation, HV_ROLE_ENDPOINT);
        make_open(life, number, true, ret_said);
    } else if (journey.state == HV_JOURNEY_CLOSING && chance_of(life, 70)) {
        make_settle(life, number, ret_said);
    } else if (has_open && chance_of(life, 65)) {
        of_receiver(life, &open, ret_said);
    } else {
        of_holder(life, number, &journey, has_open ? &open : NULL, ret_said);
    }
    if (chance_of(life, 8)) /* and sometimes somebody else altogether */
        ret_said->peer = life->peers[chance_below(&life->chance, RANDOM_PEERS)];
}

void said_say(struct life *life, const struct said *said) {
    size_t size = 0;
    uint8_t dossier[24];

    if (said->sealed) {
        const struct network_organisation *to =
            network_organisation(broker_network(life->world->broker), said->to);
        memcpy(dossier, to->sealing_keys[0].id, 8);
        memset(dossier + 8, 'x', sizeof dossier - 8);
        size = sizeof dossier;
    }
    peer_say(said->peer, &said->message, said->sealed ? dossier : NULL, size);
}

const struct hv_uuid *said_handover(const struct said *said) {
    const struct hv_message *message = &said->message;

    switch ((int)message->type) {
    case HV_MESSAGE_receive:
        return &message->receive.handover;
    case HV_MESSAGE_pickup:
        return &message->pickup.handover;
    case HV_MESSAGE_introduce:
        return &message->introduce.handover;
    case HV_MESSAGE_confirm:
        return &message->confirm.handover;
    case HV_MESSAGE_decline:
        return &message->decline.handover;
    case HV_MESSAGE_withdraw:
        return &message->withdraw.handover;
    case HV_MESSAGE_supplement:
        return &message->supplement.handover;
    case HV_MESSAGE_fetch:
        return &message->fetch.handover;
    default:
        return NULL;
    }
}
