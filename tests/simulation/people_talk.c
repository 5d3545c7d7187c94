/* People's talk: who says what to whom now, by what is known of how things stand. */
#include <stdio.h>
#include <string.h>

#include "people.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- Who ---- */

/* A peer who is that to the holder and receiver; NULL where nobody is. */
static struct peer *peer_who_is(struct people *people, enum mark_role role, const char *holder,
                                const char *receiver) {
    struct peer *peer = NULL;

    switch (role) {
    case ROLE_HOLDER:
        return people_peer(people, holder, HV_ROLE_ENDPOINT);
    case ROLE_RECEIVER:
        return people_peer(people, receiver, HV_ROLE_ENDPOINT);
    case ROLE_BOTH:
        return strcmp(holder, receiver) == 0 ? people_peer(people, holder, HV_ROLE_ENDPOINT) : NULL;
    case ROLE_HOLDERS_COORDINATOR:
        return people_peer(people, holder, HV_ROLE_COORDINATOR);
    case ROLE_RECEIVERS_COORDINATOR:
        return people_peer(people, receiver, HV_ROLE_COORDINATOR);
    case ROLE_NETWORKS_COORDINATOR:
        return people_peer(people, "kcc", HV_ROLE_COORDINATOR);
    case ROLE_OPERATOR:
        return people_peer(people, NULL, HV_ROLE_OPERATOR);
    case ROLE_STRANGER:
    case MARK_ROLES:
        break;
    }
    for (int i = 0; i < 8; i++) {
        peer = people_any_peer(people);
        if (peer->role != HV_ROLE_OPERATOR && strcmp(peer->organisation, holder) != 0 &&
            strcmp(peer->organisation, receiver) != 0 &&
            (peer->role != HV_ROLE_COORDINATOR || strcmp(peer->organisation, "kcc") != 0))
            return peer;
    }
    return peer;
}

/* ---- What is sensible ---- */

struct likely {
    enum hv_message_type type;
    unsigned weight;
};

static enum hv_message_type choose(struct people *people, const struct likely *likely,
                                   size_t count) {
    unsigned sum = 0;
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        sum += likely[i].weight;
    size_t draw = people_below(people, sum);
    while (draw >= likely[at].weight)
        draw -= likely[at++].weight;
    return likely[at].type;
}

#define CHOOSE(people, list) choose((people), (list), COUNT(list))

/* The last two would end it. */
static void receiver_says(struct people *people, unsigned number, struct saying *saying) {
    static const struct likely likely[] = {
        {HV_MESSAGE_receive, 18}, {HV_MESSAGE_pickup, 22},   {HV_MESSAGE_wait, 14},
        {HV_MESSAGE_note, 14},    {HV_MESSAGE_introduce, 7}, {HV_MESSAGE_fetch, 6},
        {HV_MESSAGE_confirm, 18}, {HV_MESSAGE_decline, 6},
    };
    const struct model_handover *handover = &people->town->model.handovers[number];

    saying->peer = people_peer(people, handover->to, HV_ROLE_ENDPOINT);
    if (people->stubborn && people_chance(people, 40))
        people_of_handover(people, HV_MESSAGE_note, number, saying);
    else
        people_of_handover(people, choose(people, likely, COUNT(likely) - 2 * people->stubborn),
                           number, saying);
}

static void holder_says(struct people *people, unsigned number, struct saying *saying) {
    static const struct likely likely[] = {
        {HV_MESSAGE_introduce, 20},
        {HV_MESSAGE_supplement, 20},
        {HV_MESSAGE_note, 35},
        {HV_MESSAGE_withdraw, 12},
    };
    const struct model_handover *handover = &people->town->model.handovers[number];

    saying->peer = people_peer(people, handover->from, HV_ROLE_ENDPOINT);
    people_of_handover(people, choose(people, likely, COUNT(likely) - people->stubborn), number,
                       saying);
}

/* What the holder says while nobody else is asked. */
static void holder_alone_says(struct people *people, unsigned number, struct saying *saying) {
    static const struct likely likely[] = {
        {HV_MESSAGE_offer, 62},   {HV_MESSAGE_note, 14},       {HV_MESSAGE_close, 12},
        {HV_MESSAGE_reassign, 6}, {HV_MESSAGE_set_urgency, 6},
    };

    people_of_journey(people, CHOOSE(people, likely), number, saying);
}

/* What goes on beside a handover. */
static void others_say(struct people *people, unsigned number, struct saying *saying) {
    static const struct likely likely[] = {
        {HV_MESSAGE_claim, 40},  {HV_MESSAGE_set_urgency, 20}, {HV_MESSAGE_reassign, 12},
        {HV_MESSAGE_status, 10}, {HV_MESSAGE_history, 10},     {HV_MESSAGE_close, 6},
    };
    const struct model_journey *journey = &people->town->model.journeys[number];
    const enum hv_message_type type = CHOOSE(people, likely);
    const bool by_network = people_chance(people, 50);

    if (type == HV_MESSAGE_claim || people_chance(people, 25))
        saying->peer = people_peer(people, by_network ? "kcc" : journey->holder.organisation,
                                   HV_ROLE_COORDINATOR);
    if (!saying->peer)
        saying->peer = people_peer(people, journey->holder.organisation, HV_ROLE_ENDPOINT);
    people_of_journey(people, type, number, saying);
}

/* One that has ended lately: contested, fetched, confirmed too late. */
static void afterwards(struct people *people, struct saying *saying) {
    static const struct likely likely[] = {
        {HV_MESSAGE_contest, 60}, {HV_MESSAGE_fetch, 15}, {HV_MESSAGE_confirm, 25}};
    const enum hv_message_type type = CHOOSE(people, likely);
    const unsigned most = people->handovers;
    const unsigned back = (unsigned)people_below(people, 6);
    const unsigned number = most > back ? most - back : most;
    const struct model_handover *handover = &people->town->model.handovers[number];

    if (number == 0 || handover->state < HV_HANDOVER_CONFIRMED) {
        people_aside(people, saying);
        return;
    }
    saying->peer = people_peer(people, type == HV_MESSAGE_contest ? handover->from : handover->to,
                               HV_ROLE_ENDPOINT);
    people_of_handover(people, type, number, saying);
}

static void sensible(struct people *people, unsigned number, struct saying *ret_saying) {
    const struct model_journey *journey = &people->town->model.journeys[number];
    const size_t draw = people_below(people, 100);

    if (journey->state == 0 || (journey->state == HV_JOURNEY_CLOSED && draw < 40)) {
        ret_saying->peer = people_peer(people, journey->state ? journey->holder.organisation : NULL,
                                       HV_ROLE_ENDPOINT);
        people_of_journey(people, HV_MESSAGE_open, number, ret_saying);
    } else if (draw < 7) {
        people_aside(people, ret_saying);
    } else if (draw < 12 || journey->state == HV_JOURNEY_CLOSED) {
        afterwards(people, ret_saying);
    } else if (journey->state == HV_JOURNEY_CLOSING && draw < 70) {
        ret_saying->peer = people_peer(
            people,
            draw < 40 && networks_chosen() == NETWORK_LOOSE ? journey->holder.organisation : "kcc",
            HV_ROLE_COORDINATOR);
        people_of_journey(people, HV_MESSAGE_settle, number, ret_saying);
    } else if (!journey->open) {
        ret_saying->peer = people_peer(people, journey->holder.organisation, HV_ROLE_ENDPOINT);
        if (draw < 25)
            others_say(people, number, ret_saying);
        else
            holder_alone_says(people, number, ret_saying);
    } else if (draw < 65) {
        receiver_says(people, journey->open, ret_saying);
    } else if (draw < 85) {
        holder_says(people, journey->open, ret_saying);
    } else {
        others_say(people, number, ret_saying);
    }
}

/* ---- Anybody, anything ---- */

static unsigned handover_in(struct people *people, enum hv_handover_state state) {
    const unsigned begin = 1 + (unsigned)people_below(people, people->handovers + 1);

    for (unsigned i = 0; i <= people->handovers; i++) {
        const unsigned number = 1 + (begin + i) % (people->handovers + 1);
        if (number < MODEL_HANDOVERS && people->town->model.handovers[number].state == state)
            return number;
    }
    return 0;
}

static unsigned journey_in(struct people *people, enum hv_journey_state state) {
    const unsigned begin = (unsigned)people_below(people, people->journeys);

    for (unsigned i = 0; i < people->journeys; i++) {
        const unsigned number = 1 + (begin + i) % people->journeys;
        if (people->town->model.journeys[number].state == state)
            return number;
    }
    return 0;
}

#define PROBES 16 /* handovers that are looked at for one with such a role */

/* Those that others are seldom get their chance here. */
static enum mark_role any_role(struct people *people) {
    static const enum mark_role roles[] = {
        ROLE_HOLDER,
        ROLE_HOLDER,
        ROLE_RECEIVER,
        ROLE_RECEIVER,
        ROLE_BOTH,
        ROLE_BOTH,
        ROLE_HOLDERS_COORDINATOR,
        ROLE_HOLDERS_COORDINATOR,
        ROLE_HOLDERS_COORDINATOR,
        ROLE_RECEIVERS_COORDINATOR,
        ROLE_RECEIVERS_COORDINATOR,
        ROLE_RECEIVERS_COORDINATOR,
        ROLE_NETWORKS_COORDINATOR,
        ROLE_NETWORKS_COORDINATOR,
        ROLE_OPERATOR,
        ROLE_OPERATOR,
        ROLE_STRANGER,
        ROLE_STRANGER,
    };

    return roles[people_below(people, COUNT(roles))];
}

static enum hv_handover_state any_state(struct people *people) {
    enum hv_handover_state state = 0;

    for (int i = 0; i < 4 && (i == 0 || !handover_in(people, state)); i++)
        state = (enum hv_handover_state)(1 + people_below(people, 8));
    return state;
}

/* A command of a role in a state, whether it can be right or not: so that each comes by. */
static void probe_handover(struct people *people, struct saying *saying) {
#define TYPE(name) HV_MESSAGE_##name,
    static const enum hv_message_type types[] = {MARK_HANDOVER_COMMANDS(TYPE)};
    const enum hv_handover_state state = any_state(people);
    const enum mark_role role = any_role(people);
    const enum hv_message_type type = types[people_below(people, COUNT(types))];

    for (int i = 0; i < PROBES && !saying->peer; i++) {
        const unsigned number = handover_in(people, state);
        const struct model_handover *handover = &people->town->model.handovers[number];
        saying->peer = number ? peer_who_is(people, role, handover->from, handover->to) : NULL;
        if (saying->peer)
            people_of_handover(people, type, number, saying);
    }
}

static void probe_journey(struct people *people, struct saying *saying) {
    static const enum hv_message_type types[] = {MARK_JOURNEY_COMMANDS(TYPE)};
#undef TYPE
    static const enum hv_journey_state states[] = {
        0, 0, HV_JOURNEY_OPEN, HV_JOURNEY_CLOSING, HV_JOURNEY_CLOSING, HV_JOURNEY_CLOSED};
    const enum hv_journey_state state = states[people_below(people, COUNT(states))];
    const enum mark_role role = any_role(people);
    const enum hv_message_type type = types[people_below(people, COUNT(types))];

    for (int i = 0; i < PROBES && !saying->peer; i++) {
        const unsigned number = journey_in(people, state);
        const struct model_journey *journey = &people->town->model.journeys[number];
        const struct model_handover *open = &people->town->model.handovers[journey->open];
        saying->peer =
            number ? peer_who_is(people, role, journey->holder.organisation, open->to) : NULL;
        if (saying->peer)
            people_of_journey(people, type, number, saying);
    }
}

/* What nobody is there to end. */
static void end_for(struct people *people, unsigned number, struct saying *saying) {
    const struct model_handover *handover = &people->town->model.handovers[number];
    const bool declines = people_chance(people, 50);

    memset(saying, 0, sizeof *saying);
    saying->peer = people_peer(people, declines ? handover->to : handover->from, HV_ROLE_ENDPOINT);
    people_of_handover(people, declines ? HV_MESSAGE_decline : HV_MESSAGE_withdraw, number, saying);
}

/* The network's coordinator acts for the one who would. */
static void act_for(struct saying *saying) {
    const char *organisation = saying->peer->organisation;
    struct hv_message *message = &saying->message;
    size_t for_offset = 0;
    size_t reason_offset = 0;
    char *base = (char *)&message->hello;
    const struct wire_struct *type = wire_message_struct(message->type);
    const struct wire_field *field = wire_field_named(type, "for", 3, &for_offset);
    const struct wire_field *reason = wire_field_named(type, "reason", 6, &reason_offset);

    if (!field || !reason)
        return;
    *(bool *)(base + field->has_offset) = true;
    memcpy(base + field->offset, organisation, strlen(organisation) + 1);
    if (!reason->required)
        *(bool *)(base + reason->has_offset) = true;
    memcpy(base + reason->offset, "quiet", sizeof "quiet");
}

/* Wrong in something that the wire cannot know. */
static void twist(struct people *people, struct saying *saying) {
    const size_t draw = people_below(people, 5);

    if (draw == 0) {
        saying->frames = FRAMES_BROKEN;
    } else if (draw == 1) {
        saying->peer = people_any_peer(people);
    } else if (draw == 2) {
        memset(&saying->message, 0, sizeof saying->message);
        people_of_journey(people, HV_MESSAGE_status, MODEL_JOURNEYS + 5, saying);
    } else if (draw == 3) {
        memset(&saying->message, 0, sizeof saying->message);
        saying->message.type = HV_MESSAGE_hello;
        saying->message.hello.version = 1 + (int64_t)people_below(people, 2);
        saying->message.hello.role = (enum hv_role)(1 + people_below(people, 3));
        memcpy(saying->message.hello.instance, "other", sizeof "other");
    } else {
        saying->frames = FRAMES_MANY;
    }
}

/* ---- Lines ---- */

static void line_of(const struct saying *saying, const char *options, const char *words,
                    char ret_line[STEP_SIZE]) {
    (void)snprintf(ret_line, STEP_SIZE, "say %s/%s%s%s%s: %s", saying->peer->organisation,
                   saying->peer->instance, options, saying->frames ? " " : "",
                   saying->frames ? step_frames[saying->frames] : "", words);
}

static void options_choose(struct people *people, char ret_options[64]) {
    const size_t draw = people_below(people, 100);

    (void)snprintf(ret_options, 64, "%s%s",
                   draw < 3    ? " twice"
                   : draw < 6  ? " late"
                   : draw < 10 ? " lost"
                   : draw < 12 ? " bare"
                               : "",
                   people_chance(people, 15) ? " and" : "");
}

static void remember(struct people *people, const struct saying *saying, const char *words) {
    const size_t at = people->said_count++ % PEOPLE_SAID_MAX;

    (void)snprintf(people->said[at].peer, sizeof people->said[at].peer, "%s/%s",
                   saying->peer->organisation, saying->peer->instance);
    (void)snprintf(people->said[at].words, WORDS_SIZE, "%s", words);
    people->said[at].frames = saying->frames;
    people->said[at].now_ms = town_now_ms(people->town);
}

/* The same words name other times now. */
static bool again(struct people *people, char ret_line[STEP_SIZE]) {
    const size_t known =
        people->said_count < PEOPLE_SAID_MAX ? people->said_count : PEOPLE_SAID_MAX;
    struct hv_message message;
    char words[WORDS_SIZE];
    msgpack_zone zone;

    if (known == 0 || !msgpack_zone_init(&zone, 1024))
        return false;
    const size_t at = people_below(people, known);
    if (words_to_message(people->said[at].words, people->said[at].now_ms, "q", &zone, &message)) {
        const enum town_frames frames = people->said[at].frames;
        words_of_message(&message, town_now_ms(people->town), words);
        (void)snprintf(ret_line, STEP_SIZE, "say %s%s%s: %s", people->said[at].peer,
                       frames ? " " : "", frames ? step_frames[frames] : "", words);
    }
    msgpack_zone_destroy(&zone);
    return true;
}

void people_say(struct people *people, char ret_line[STEP_SIZE]) {
    struct saying saying = {.frames = FRAMES_PLAIN};
    const size_t draw = people_below(people, 100);
    const unsigned number = 1 + (unsigned)people_below(people, people->journeys);
    char options[64], words[WORDS_SIZE];

    if (draw < 6 && again(people, ret_line))
        return;
    if (draw < 34)
        probe_handover(people, &saying);
    else if (draw < 48)
        probe_journey(people, &saying);
    if (!saying.peer) {
        memset(&saying, 0, sizeof saying);
        sensible(people, number, &saying);
    }
    if (!saying.peer)
        saying.peer = people_any_peer(people);
    if (draw >= 94) {
        twist(people, &saying);
    } else if (draw >= 48 &&
               people_chance(people, saying.peer->connection == CONNECTION_GONE ? 70 : 4)) {
        const unsigned open = people->town->model.journeys[number].open;
        if (open && !people->stubborn && people_chance(people, 15))
            end_for(people, open, &saying);
        act_for(&saying);
        saying.peer = people_peer(people, "kcc", HV_ROLE_COORDINATOR);
    }
    words_of_message(&saying.message, town_now_ms(people->town), words);
    if (saying.frames != FRAMES_BROKEN)
        remember(people, &saying, words);
    options_choose(people, options);
    line_of(&saying, options, words, ret_line);
}
