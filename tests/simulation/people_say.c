/* What people say. Chance is asked once a statement: compilers are free to order what stands in
 * one. */
#include <stdio.h>
#include <string.h>

#include "people.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define HOUR        INT64_C(3600000)
#define DAY         (24 * HOUR)

static const char *const persons[] = {"anna", "bram", "carla"};
static const char *const reasons[] = {"no-room", "wrong-desk", "away", "consent-withdrawn"};

static void put(char *to, const char *text) {
    memcpy(to, text, strlen(text) + 1);
}

static const char *any_person(struct people *people) {
    return persons[people_below(people, COUNT(persons))];
}

static const char *any_reason(struct people *people) {
    return reasons[people_below(people, COUNT(reasons))];
}

/* The one that would be right, or any. */
static const char *mostly(struct people *people, const char *right) {
    return right[0] && people_chance(people, 88) ? right : any_person(people);
}

static const char *any_organisation(struct people *people) {
    return people_chance(people, 1)
               ? "nowhere"
               : networks_organisations[people_below(people, NETWORK_ORGANISATIONS)];
}

static enum hv_urgency any_urgency(struct people *people) {
    return (enum hv_urgency)(1 + people_below(people, 3));
}

/* A little ago; seldom to come. */
static hv_time any_on(struct people *people) {
    const hv_time now_ms = town_now_ms(people->town);
    const bool ahead = people_chance(people, 2);
    const hv_time away_ms = (hv_time)people_below(people, 600000);

    return ahead ? now_ms + DAY : now_ms > away_ms ? now_ms - away_ms : now_ms;
}

/* ---- Journeys ---- */

static void make_open(struct people *people, unsigned number, struct hv_open *open) {
    const struct model_journey *journey = &people->town->model.journeys[number];

    words_resident(people_chance(people, 95) ? number : number + 1, open->resident);
    put(open->begeleider, any_person(people));
    open->basis = (enum hv_basis)(1 + people_below(people, 4));
    open->urgency = any_urgency(people);
    open->has_on = people_chance(people, 50);
    open->on = any_on(people);
    open->has_reopens =
        journey->state == HV_JOURNEY_CLOSED ? people_chance(people, 90) : people_chance(people, 4);
    open->reopens = open->has_reopens;
}

static void make_reassign(struct people *people, const struct model_journey *journey,
                          struct hv_reassign *reassign) {
    put(reassign->begeleider, any_person(people));
    put(reassign->instead_of, mostly(people, journey->holder.begeleider));
    put(reassign->reason, any_reason(people));
    reassign->on = any_on(people);
}

static void make_close(struct people *people, const struct model_journey *journey,
                       struct hv_close *close) {
    close->outcome = (enum hv_outcome)(1 + people_below(people, 8));
    put(close->begeleider, mostly(people, journey->holder.begeleider));
    close->has_talked = people_chance(people, 60);
    close->talked.on = any_on(people);
    put(close->talked.begeleider, any_person(people));
    close->has_no_talk = !close->has_talked;
    put(close->no_talk, any_reason(people));
    close->has_on = people_chance(people, 50);
    close->on = any_on(people);
}

static void make_settle(struct people *people, struct hv_settle *settle) {
    put(settle->person, any_person(people));
    settle->agree = people_chance(people, 50);
    put(settle->reason, any_reason(people));
    settle->on = any_on(people);
}

static void make_offer(struct people *people, struct saying *saying) {
    struct hv_offer *offer = &saying->message.offer;
    const bool fresh = people_chance(people, 95) || people->handovers == 0;

    if (fresh && people->handovers < MODEL_HANDOVERS - 1)
        people->handovers++;
    offer->handover = words_id('h', people->handovers);
    put(offer->to, people_chance(people, 50) ? networks_organisations[1 + people_below(people, 2)]
                                             : any_organisation(people));
    offer->kind = (enum hv_kind)(1 + people_below(people, 4));
    offer->urgency = any_urgency(people);
    put(offer->begeleider, any_person(people));
    offer->has_disclose = people_chance(people, 50);
    offer->disclose = people_chance(people, 50) ? HV_DISCLOSE_RECEIVED : HV_DISCLOSE_PICKED_UP;
    saying->frames = people_chance(people, 50) ? FRAMES_SEALED : FRAMES_PLAIN;
    if (people_chance(people, 6))
        saying->frames = (enum town_frames)(FRAMES_STRANGE + people_below(people, 4));
}

/* ---- People ---- */

static const enum hv_note_code of_receiver[] = {HV_NOTE_WORKING_ON_IT, HV_NOTE_WORKING_ON_IT,
                                                HV_NOTE_QUESTION,      HV_NOTE_MISSING,
                                                HV_NOTE_ANSWER,        HV_NOTE_NO_SHOW};
static const enum hv_note_code of_holder[] = {
    HV_NOTE_QUESTION, HV_NOTE_MISSING,  HV_NOTE_ANSWER,      HV_NOTE_NO_SHOW,
    HV_NOTE_INFORMED, HV_NOTE_IN_TOUCH, HV_NOTE_NOT_REACHED, HV_NOTE_TIP};

static void make_note(struct people *people, unsigned handover, struct saying *saying) {
    struct hv_note *note = &saying->message.note;
    const bool receives = handover && strcmp(people->town->model.handovers[handover].to,
                                             saying->peer ? saying->peer->organisation : "") == 0;

    note->has_handover = handover != 0;
    note->handover = words_id('h', handover);
    note->code = receives && people->stubborn && people_chance(people, 70) ? HV_NOTE_WORKING_ON_IT
                 : receives ? of_receiver[people_below(people, COUNT(of_receiver))]
                 : handover ? of_holder[people_below(people, COUNT(of_holder))]
                            : of_holder[4 + people_below(people, 4)];
    note->on = any_on(people);
    note->has_by = note->code == HV_NOTE_NO_SHOW;
    note->by = (enum hv_missed_by)(1 + people_below(people, 3));
    note->has_to = note->code == HV_NOTE_TIP;
    put(note->to, any_organisation(people));
    note->has_next = note->code == HV_NOTE_TIP || note->code == HV_NOTE_IN_TOUCH ||
                     note->code == HV_NOTE_NOT_REACHED;
    note->next = (int64_t)(1 + people_below(people, people_chance(people, 95) ? 60 : 120));
    if (note->has_next && note->code != HV_NOTE_TIP && people_chance(people, 40))
        note->has_next = false;
}

static void make_urgency(struct people *people, struct hv_set_urgency *urgency) {
    urgency->to = any_urgency(people);
    put(urgency->reason, any_reason(people));
    urgency->on = any_on(people);
}

static void make_claim(struct people *people, struct hv_claim *claim) {
    const int64_t hours = (int64_t)people_below(people, people_chance(people, 95) ? 72 : 200);

    put(claim->person, any_person(people));
    claim->until = town_now_ms(people->town) + (hours - 4) * HOUR;
    claim->on = any_on(people);
}

void people_of_journey(struct people *people, enum hv_message_type type, unsigned number,
                       struct saying *saying) {
    const struct model_journey *journey =
        &people->town->model.journeys[number < MODEL_JOURNEYS ? number : 0];
    struct hv_message *message = &saying->message;
    size_t offset = 0;

    message->type = type;
    const struct wire_field *field =
        wire_field_named(wire_message_struct(type), "journey", 7, &offset);
    *(struct hv_uuid *)((char *)&message->hello + field->offset) = words_id('j', number);
    if (!field->required)
        *(bool *)((char *)&message->hello + field->has_offset) = true;
    switch ((int)type) {
    case HV_MESSAGE_open:
        make_open(people, number, &message->open);
        break;
    case HV_MESSAGE_reassign:
        make_reassign(people, journey, &message->reassign);
        break;
    case HV_MESSAGE_close:
        make_close(people, journey, &message->close);
        break;
    case HV_MESSAGE_settle:
        make_settle(people, &message->settle);
        break;
    case HV_MESSAGE_offer:
        make_offer(people, saying);
        break;
    case HV_MESSAGE_note:
        make_note(people, 0, saying);
        break;
    case HV_MESSAGE_set_urgency:
        make_urgency(people, &message->set_urgency);
        break;
    case HV_MESSAGE_claim:
        make_claim(people, &message->claim);
        break;
    default: /* questions */
        break;
    }
}

/* ---- Handovers ---- */

static void make_receive(struct people *people, const struct model_handover *handover,
                         struct hv_receive *receive) {
    put(receive->begeleider, any_person(people));
    receive->has_instead_of =
        handover->received_by[0] ? people_chance(people, 85) : people_chance(people, 3);
    put(receive->instead_of, mostly(people, handover->received_by));
    receive->has_on = people_chance(people, 50);
    receive->on = any_on(people);
}

static void make_pickup(struct people *people, const struct model_handover *handover,
                        struct hv_pickup *pickup) {
    const int64_t days = (int64_t)people_below(people, people_chance(people, 97) ? 30 : 3000);

    put(pickup->begeleider, any_person(people));
    pickup->has_instead_of =
        handover->picked_up_by[0] ? people_chance(people, 85) : people_chance(people, 3);
    put(pickup->instead_of, mostly(people, handover->picked_up_by));
    pickup->has_planned = people_chance(people, 50);
    pickup->planned = town_now_ms(people->town) + days * DAY;
    pickup->has_on = people_chance(people, 50);
    pickup->on = any_on(people);
}

static void make_wait(struct people *people, struct hv_wait *wait) {
    const int64_t days = (int64_t)people_below(people, people_chance(people, 95) ? 90 : 300);

    put(wait->begeleider, any_person(people));
    put(wait->reason, any_reason(people));
    wait->expected = town_now_ms(people->town) + days * DAY + HOUR;
    wait->has_on = people_chance(people, 50);
    wait->on = any_on(people);
}

/* Someone of each side; within one organisation two of it. */
static void make_introduce(struct people *people, const struct model_handover *handover,
                           struct hv_introduce *introduce) {
    static struct hv_attendee present[3];

    memset(present, 0, sizeof present);
    put(present[0].organisation, handover->from);
    put(present[0].person, persons[0]);
    put(present[1].organisation, handover->to);
    put(present[1].person, persons[1 + people_below(people, 2)]);
    put(present[2].organisation, any_organisation(people));
    put(present[2].person, any_person(people));
    introduce->on = any_on(people);
    introduce->how = (enum hv_introduction)(1 + people_below(people, 3));
    introduce->resident = people_chance(people, 85);
    introduce->present.items = present;
    introduce->present.count = 1 + people_below(people, 3);
    if (!present[0].organisation[0] || !present[1].organisation[0])
        introduce->present.count = 0;
}

static void make_confirm(struct people *people, const struct model_handover *handover,
                         struct hv_confirm *confirm) {
    put(confirm->begeleider, mostly(people, handover->picked_up_by));
    confirm->contact.on = people_chance(people, 85) ? town_now_ms(people->town) : any_on(people);
    confirm->contact.how = (enum hv_contact_how)(1 + people_below(people, 5));
    confirm->contact.with = (enum hv_contact_with)(1 + people_below(people, 2));
    confirm->has_as = people_chance(people, 40);
    confirm->as = HV_TAKEN_AS_COLD;
    confirm->has_reason = confirm->has_as;
    put(confirm->reason, "came-alone");
}

static void make_decline(struct people *people, struct hv_decline *decline) {
    put(decline->reason, any_reason(people));
    decline->decided = (enum hv_decided)(1 + people_below(people, 3));
    decline->has_suggest = people_chance(people, 30);
    put(decline->suggest, any_organisation(people));
}

void people_of_handover(struct people *people, enum hv_message_type type, unsigned number,
                        struct saying *saying) {
    const struct model_handover *handover = &people->town->model.handovers[number];
    struct hv_message *message = &saying->message;
    size_t offset = 0;

    message->type = type;
    if (type == HV_MESSAGE_note) {
        people_of_journey(people, type, handover->journey, saying);
        make_note(people, number, saying);
        return;
    }
    const struct wire_field *field =
        wire_field_named(wire_message_struct(type), "handover", 8, &offset);
    *(struct hv_uuid *)((char *)&message->hello + field->offset) = words_id('h', number);
    if (!field->required)
        *(bool *)((char *)&message->hello + field->has_offset) = true;
    switch ((int)type) {
    case HV_MESSAGE_receive:
        make_receive(people, handover, &message->receive);
        break;
    case HV_MESSAGE_pickup:
        make_pickup(people, handover, &message->pickup);
        break;
    case HV_MESSAGE_wait:
        make_wait(people, &message->wait);
        break;
    case HV_MESSAGE_introduce:
        make_introduce(people, handover, &message->introduce);
        break;
    case HV_MESSAGE_confirm:
        make_confirm(people, handover, &message->confirm);
        break;
    case HV_MESSAGE_decline:
        make_decline(people, &message->decline);
        break;
    case HV_MESSAGE_withdraw:
        put(message->withdraw.reason, any_reason(people));
        break;
    case HV_MESSAGE_contest:
        put(message->contest.reason, any_reason(people));
        break;
    case HV_MESSAGE_claim:
        make_claim(people, &message->claim);
        break;
    case HV_MESSAGE_supplement:
        message->supplement.number = people_chance(people, 92) ? handover->supplements + 1 : 1;
        if (message->supplement.number > 15)
            message->supplement.number = 15;
        saying->frames = people_chance(people, 95) ? FRAMES_SEALED : FRAMES_STRANGE;
        break;
    default: /* questions */
        break;
    }
}

/* ---- Aside ---- */

static void make_absent(struct people *people, struct hv_absent *absent) {
    const hv_time now_ms = town_now_ms(people->town);
    const int64_t days = (int64_t)people_below(people, 21);

    put(absent->begeleider, any_person(people));
    absent->from = now_ms - HOUR;
    absent->until = now_ms + days * DAY;
    absent->has_deputy = people_chance(people, 60);
    put(absent->deputy, any_person(people));
    absent->on = any_on(people);
}

static void make_list(struct people *people, struct hv_list *list) {
    list->has_phase = people_chance(people, 30);
    list->phase = (enum hv_phase)(1 + people_below(people, 10));
    list->has_limit = true;
    list->limit = (int64_t)(1 + people_below(people, 8));
}

void people_aside(struct people *people, struct saying *saying) {
    static const enum hv_message_type types[] = {
        HV_MESSAGE_absent,      HV_MESSAGE_absent, HV_MESSAGE_absent, HV_MESSAGE_list,
        HV_MESSAGE_list,        HV_MESSAGE_watch,  HV_MESSAGE_watch,  HV_MESSAGE_watch,
        HV_MESSAGE_map,         HV_MESSAGE_stats,  HV_MESSAGE_ping,   HV_MESSAGE_bye,
        HV_MESSAGE_clock_accept};
    struct hv_message *message = &saying->message;

    message->type = types[people_below(people, COUNT(types))];
    const enum hv_role role = message->type == HV_MESSAGE_absent  ? HV_ROLE_ENDPOINT
                              : message->type == HV_MESSAGE_list  ? HV_ROLE_COORDINATOR
                              : message->type == HV_MESSAGE_watch ? HV_ROLE_COORDINATOR
                                                                  : HV_ROLE_OPERATOR;
    if (people_chance(people, 92))
        saying->peer = people_peer(people, NULL, role);
    if (message->type == HV_MESSAGE_absent)
        make_absent(people, &message->absent);
    if (message->type == HV_MESSAGE_list)
        make_list(people, &message->list);
    if (message->type == HV_MESSAGE_watch && people_chance(people, 50))
        message->watch.from = (int64_t)people_below(people, (size_t)people->town->seq + 2);
}
