/* What peers asked and heard. */
#include "heard_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "ends.h"
#include "town.h"
#include "words.h"

#define COORDINATING "kcc"

void heard_init(struct heard *heard) {
    heard->asked_count = heard->sent_count = 0;
}

const char *heard_request(const struct heard *heard) {
    static char text[24];

    (void)snprintf(text, sizeof text, "q%zu", heard->asked_count);
    return text;
}

static const char *type_name(enum hv_message_type type) {
    return wire_message_struct(type)->name;
}

unsigned heard_inbox(const struct peer *peer) {
    return model_party(peer->organisation) << 2 | (unsigned)peer->role;
}

bool heard_is_network(const struct peer *peer) {
    return peer->role == HV_ROLE_COORDINATOR && strcmp(peer->organisation, COORDINATING) == 0;
}

/* ---- Asking ---- */

/* A field of some kind that many messages have: NULL where it is not there. */
static const void *field_of(const struct hv_message *message, const char *name,
                            enum wire_kind kind) {
    size_t offset = 0;
    const struct wire_field *field =
        wire_field_named(wire_message_struct(message->type), name, strlen(name), &offset);
    const char *base = (const char *)&message->hello;

    if (!field || field->kind != kind ||
        (!field->required && !*(const bool *)(base + field->has_offset)))
        return NULL;
    return base + field->offset;
}

static unsigned number_of(const struct hv_message *message, const char *name, unsigned most) {
    const struct hv_uuid *id = field_of(message, name, WIRE_UUID);

    return id && words_number(id) < most ? words_number(id) : 0;
}

static void asked_fill(struct asked *asked, const struct peer *peer,
                       const struct hv_message *message) {
    asked->type = message->type;
    asked->role = peer->role;
    asked->journey = number_of(message, "journey", MODEL_JOURNEYS);
    asked->handover = number_of(message, "handover", MODEL_HANDOVERS);
    asked->number = message->type == HV_MESSAGE_ack     ? message->ack.item
                    : message->type == HV_MESSAGE_watch ? message->watch.from
                                                        : 0;
    asked->acts = field_of(message, "for", WIRE_ORGANISATION) != NULL;
    memcpy(asked->organisation, peer->organisation, strlen(peer->organisation) + 1);
}

/* What a command is known by: all that it says, but not who says it as which request. */
static void content_of(const struct hv_message *message, uint8_t ret_content[32]) {
    char words[WORDS_SIZE];

    words_of_message(message, 0, words);
    (void)crypto_generichash(ret_content, 32, (const uint8_t *)words, strlen(words), NULL, 0);
}

void heard_ask(struct heard *heard, const struct peer *peer, const void *envelope, size_t size,
               bool shared) {
    struct asked *asked = &heard->asked[heard->asked_count];
    struct hv_message message;
    struct wire_error error;
    msgpack_zone zone;

    if (heard->asked_count == HEARD_ASKED_MAX - 1 || !msgpack_zone_init(&zone, 1024))
        abort();
    memset(asked, 0, sizeof *asked);
    asked->shared = shared;
    heard->asked_count++;
    if (wire_decode(envelope, size, WIRE_FROM_LATER, NULL, &zone, &message, NULL, &error) == 0) {
        asked_fill(asked, peer, &message);
        content_of(&message, asked->content);
    }
    for (size_t i = 0; i < heard->sent_count && asked->type == HV_MESSAGE_ack; i++)
        if (heard->sent[i].item == asked->number && heard->sent[i].inbox == heard_inbox(peer))
            heard->sent[i].acknowledged = true;
    msgpack_zone_destroy(&zone);
}

static struct asked *asked_as(struct heard *heard, const char *request) {
    char *end = NULL;
    const unsigned long number =
        request[0] == 'q' ? strtoul(request + 1, &end, 10) : HEARD_ASKED_MAX;

    return number < heard->asked_count && end && !*end ? &heard->asked[number] : NULL;
}

/* ---- Who a peer is to it ---- */

static enum mark_role role_to(const struct peer *peer, const char *holder, const char *receiver) {
    const bool coordinates = peer->role == HV_ROLE_COORDINATOR;

    if (peer->role == HV_ROLE_OPERATOR)
        return ROLE_OPERATOR;
    if (heard_is_network(peer))
        return ROLE_NETWORKS_COORDINATOR;
    if (!coordinates && strcmp(peer->organisation, holder) == 0 && strcmp(holder, receiver) == 0)
        return ROLE_BOTH;
    if (strcmp(peer->organisation, holder) == 0)
        return coordinates ? ROLE_HOLDERS_COORDINATOR : ROLE_HOLDER;
    if (strcmp(peer->organisation, receiver) == 0)
        return coordinates ? ROLE_RECEIVERS_COORDINATOR : ROLE_RECEIVER;
    return ROLE_STRANGER;
}

static enum mark_role role_to_handover(const struct model *model, const struct peer *peer,
                                       unsigned number) {
    const struct model_handover *handover = &model->handovers[number];

    return role_to(peer, handover->from, handover->to);
}

static enum mark_role role_to_journey(const struct model *model, const struct peer *peer,
                                      unsigned number) {
    const struct model_journey *journey = &model->journeys[number];
    const enum mark_role role = role_to(peer, journey->holder.organisation,
                                        journey->open ? model->handovers[journey->open].to : "");

    return role == ROLE_BOTH ? ROLE_HOLDER : role;
}

static bool names_handover(const struct asked *asked) {
    return asked->handover && asked->type != HV_MESSAGE_offer;
}

static enum mark_role role_of(const struct model *model, const struct peer *peer,
                              const struct asked *asked) {
    return names_handover(asked) ? role_to_handover(model, peer, asked->handover)
                                 : role_to_journey(model, peer, asked->journey);
}

static void mark_asked(const struct model *model, const struct peer *peer,
                       const struct asked *asked, bool done) {
    const enum mark_role role = role_of(model, peer, asked);

    if (asked->acts) {
        if (done)
            mark_acted(asked->type);
        return;
    }
    if (names_handover(asked) && model->handovers[asked->handover].state)
        mark_handover(model->handovers[asked->handover].state, asked->type, role, done);
    else if (asked->journey)
        mark_journey(model->journeys[asked->journey].state, asked->type, role, done);
}

/* Where it is delivered already, it was acknowledged before. */
static void mark_acknowledged(const struct heard *heard, const struct model *model,
                              const struct peer *peer, const struct asked *asked, bool repeated) {
    for (size_t i = 0; i < heard->sent_count; i++) {
        const struct sent *sent = &heard->sent[i];
        const enum hv_handover_state state = model->handovers[sent->handover].state;
        if (sent->item == asked->number && sent->inbox == heard_inbox(peer) && sent->of_offer &&
            repeated == (state == HV_HANDOVER_DELIVERED))
            mark_delivered(state);
    }
}

/* ---- Who may ---- */

/* What is done is theirs to do, and can be in that state. */
static void expect_may(const struct model *model, const struct peer *peer,
                       const struct asked *asked) {
    const enum mark_role role = role_of(model, peer, asked);
    const bool takes =
        names_handover(asked)
            ? contract_handover_takes(model->handovers[asked->handover].state, asked->type)
            : contract_journey_takes(model->journeys[asked->journey].state, asked->type);

    if (!asked->journey && !asked->handover)
        return;
    if (!takes)
        violation("H2: %s is done in a state that does not take it", type_name(asked->type));
    if (asked->acts && role == ROLE_NETWORKS_COORDINATOR)
        return;
    if (!(contract_may(asked->type) & AS(role)))
        violation("P1: %s of %s/%s is done, and is not theirs (role %d)", type_name(asked->type),
                  peer->organisation, peer->instance, (int)role);
}

/* Existence is not given away: a stranger hears that there is no such thing. */
static void expect_hidden(const struct model *model, const struct peer *peer,
                          const struct asked *asked, const struct hv_refused *refused) {
    const bool makes = asked->type == HV_MESSAGE_open || asked->type == HV_MESSAGE_offer;

    if (contract_may(asked->type) == ~0U || role_of(model, peer, asked) != ROLE_STRANGER ||
        (!asked->journey && !asked->handover) || asked->acts || makes)
        return;
    if (refused->code == HV_REFUSED_CONFLICT || refused->code == HV_REFUSED_STALE_KEY ||
        refused->code == HV_REFUSED_NOT_INTRODUCED)
        violation("P1: a stranger's %s is refused %s", type_name(asked->type),
                  wire_word_text(&wire_vocabulary_refusal, (int)refused->code));
}

/* ---- done ---- */

/* D2 is about what changes something. */
static bool is_command(enum hv_message_type type) {
    switch ((int)type) {
    case HV_MESSAGE_open:
    case HV_MESSAGE_reassign:
    case HV_MESSAGE_close:
    case HV_MESSAGE_settle:
    case HV_MESSAGE_offer:
    case HV_MESSAGE_receive:
    case HV_MESSAGE_pickup:
    case HV_MESSAGE_wait:
    case HV_MESSAGE_introduce:
    case HV_MESSAGE_confirm:
    case HV_MESSAGE_decline:
    case HV_MESSAGE_withdraw:
    case HV_MESSAGE_supplement:
    case HV_MESSAGE_contest:
    case HV_MESSAGE_note:
    case HV_MESSAGE_set_urgency:
    case HV_MESSAGE_claim:
    case HV_MESSAGE_absent:
    case HV_MESSAGE_ack:
        return true;
    default:
        return false;
    }
}

/* Of these a newer one overtakes an older, which is `repeated` and was never recorded. */
static bool is_present_value(enum hv_message_type type) {
    return type == HV_MESSAGE_reassign || type == HV_MESSAGE_set_urgency ||
           type == HV_MESSAGE_claim || type == HV_MESSAGE_absent;
}

static bool same_command(const struct asked *one, const struct asked *other) {
    return one->type == other->type && one->role == other->role &&
           strcmp(one->organisation, other->organisation) == 0 &&
           memcmp(one->content, other->content, sizeof one->content) == 0;
}

/* D2: the same command a second time says `repeated`, and names the event of the first time. */
static void expect_once(const struct heard *heard, const struct asked *asked, int64_t seq,
                        bool repeated) {
    bool said = asked->done || asked->shared;

    for (size_t i = 0; i < heard->asked_count; i++) {
        const struct asked *before = &heard->asked[i];
        if (before == asked || !same_command(before, asked))
            continue;
        said = true;
        if (!before->done)
            continue;
        if (!repeated)
            violation("D2: %s took effect a second time", type_name(asked->type));
        if (before->seq != seq && !is_present_value(asked->type))
            violation("D2: %s is answered by event %lld, and was by %lld", type_name(asked->type),
                      (long long)seq, (long long)before->seq);
    }
    if (repeated && !said && !is_present_value(asked->type) && asked->type != HV_MESSAGE_supplement)
        violation("D2: %s is answered as if it had been said before", type_name(asked->type));
}

/* The event that a command is recorded by, where there is only one; 0: several are right. */
static enum hv_event_name event_of(enum hv_message_type type) {
    switch ((int)type) {
    case HV_MESSAGE_open:
        return HV_EVENT_OPENED;
    case HV_MESSAGE_reassign:
        return HV_EVENT_REASSIGNED;
    case HV_MESSAGE_settle:
        return HV_EVENT_SETTLED;
    case HV_MESSAGE_offer:
        return HV_EVENT_OFFERED;
    case HV_MESSAGE_receive:
        return HV_EVENT_RECEIVED;
    case HV_MESSAGE_pickup:
        return HV_EVENT_PICKED_UP;
    case HV_MESSAGE_wait:
        return HV_EVENT_WAITING;
    case HV_MESSAGE_introduce:
        return HV_EVENT_INTRODUCED;
    case HV_MESSAGE_decline:
        return HV_EVENT_DECLINED;
    case HV_MESSAGE_withdraw:
        return HV_EVENT_WITHDRAWN;
    case HV_MESSAGE_supplement:
        return HV_EVENT_SUPPLEMENTED;
    case HV_MESSAGE_contest:
        return HV_EVENT_CONTESTED;
    case HV_MESSAGE_note:
        return HV_EVENT_NOTED;
    case HV_MESSAGE_set_urgency:
        return HV_EVENT_URGENCY;
    case HV_MESSAGE_claim:
        return HV_EVENT_CLAIMED;
    case HV_MESSAGE_absent:
        return HV_EVENT_ABSENT;
    default:
        return 0;
    }
}

/* D1 and A1: what is answered is recorded, by that event, and stands as the answer says. */
static void expect_recorded(const struct model *model, const struct asked *asked,
                            const struct hv_done *done) {
    const struct model_event *event = model_event(model, done->seq);
    const enum hv_event_name name = event_of(asked->type);
    const struct hv_holder *holder = NULL;

    if (name && event->name != name)
        violation("A1: %s is answered by event %lld, which is another", type_name(asked->type),
                  (long long)done->seq);
    if (!done->has_journey || !done->has_state)
        return;
    /* The state after all events of the command. */
    const struct model_journey *journey = &model->journeys[words_number(&done->journey)];
    const char *state =
        done->has_handover
            ? wire_word_text(&wire_vocabulary_handover_state,
                             (int)model->handovers[words_number(&done->handover)].state)
            : wire_word_text(&wire_vocabulary_journey_state, (int)journey->state);
    holder = &journey->holder;
    if (done->has_handover &&
        model->handovers[words_number(&done->handover)].state >= HV_HANDOVER_CONFIRMED)
        holder = &model->handovers[words_number(&done->handover)].end_holder;
    if (!state || strcmp(done->state, state) != 0)
        violation("A1: %s is answered `%s`, and it is `%s`", type_name(asked->type), done->state,
                  state ? state : "nothing");
    if (!done->has_holder || !done->holder.organisation[0] || !done->holder.begeleider[0])
        violation("H1: %s is answered without a holder", type_name(asked->type));
    if (strcmp(done->holder.organisation, holder->organisation) != 0 ||
        strcmp(done->holder.begeleider, holder->begeleider) != 0)
        violation("H1: %s is answered with the holder %s, and %s holds", type_name(asked->type),
                  done->holder.organisation, holder->organisation);
}

bool heard_in_scope(const struct model *model, const struct peer *peer, unsigned journey) {
    return heard_is_network(peer) || peer->role == HV_ROLE_OPERATOR ||
           (model_party(peer->organisation) & model->journeys[journey].parties);
}

/* P1: of a history `opened` alone says whom it is about, and only who is a party sees anything. */
static void expect_private_answer(const struct model *model, const struct peer *peer,
                                  const struct hv_done *done) {
    for (size_t i = 0; done->has_events && i < done->events.count; i++) {
        const struct hv_event *event = &done->events.items[i];
        if (event->has_resident && event->event != HV_EVENT_OPENED)
            violation("P1: a history says whom a handover is about");
        if (event->has_runs)
            violation("P1: a history shows the broker's own runs");
        if (event->has_journey && !heard_in_scope(model, peer, words_number(&event->journey)))
            violation("P1: a history is shown to a stranger");
    }
}

static void hear_done(struct heard *heard, struct model *model, struct peer *peer,
                      const struct hv_done *done, const struct heard_events *events) {
    const bool repeated = done->has_repeated && done->repeated;
    struct asked *asked = done->has_request ? asked_as(heard, done->request) : NULL;
    /* A full disk splits a turn: what the first part sent off comes before, and the model is told
     * of all of it by then. */
    const bool is_behind = asked && is_command(asked->type) && done->seq >= model->turn_seq &&
                           done->seq < (int64_t)model->event_count;

    if (asked && !repeated)
        events->take_before(events->context, done->seq + !is_command(asked->type));
    if (asked && asked->type) {
        if (asked->type == HV_MESSAGE_ack)
            mark_acknowledged(heard, model, peer, asked, repeated);
        if (repeated) {
            mark_fault(FAULT_REPEATED);
        } else if (!is_behind) {
            mark_asked(model, peer, asked, true);
            expect_may(model, peer, asked);
        }
    }
    if (asked && !repeated && is_command(asked->type) && !is_behind) {
        events->take_command(events->context, done->seq);
        expect_recorded(model, asked, done);
    }
    expect_private_answer(model, peer, done);
    for (size_t i = 0; done->has_journeys && i < done->journeys.count; i++)
        heard_standing(model, peer, &done->journeys.items[i]);
    if (asked && asked->type == HV_MESSAGE_watch)
        heard_watch_begins(peer, asked, done->seq);
    if (!asked || !is_command(asked->type) || (asked->shared && asked->done))
        return;
    expect_once(heard, asked, done->seq, repeated);
    asked->done = !repeated || !is_present_value(asked->type);
    asked->seq = done->seq;
}

static void hear_refused(const struct model *model, struct peer *peer, const struct asked *asked,
                         const struct hv_refused *refused) {
    mark_refused(refused->code);
    if (refused->code == HV_REFUSED_MALFORMED && !refused->has_field)
        mark_fault(FAULT_BROKEN);
    if (refused->code == HV_REFUSED_UNKNOWN || refused->code == HV_REFUSED_CONFLICT)
        mark_fault(FAULT_WRONG);
    if (refused->code == HV_REFUSED_NO_SESSION)
        peer->watching.on = false;
    if (refused->code == HV_REFUSED_FORBIDDEN && !asked)
        peer->deaf = true; /* its key, or another hello */
    if (refused->code == HV_REFUSED_UNAVAILABLE && asked &&
        (asked->type == HV_MESSAGE_ack || asked->type == HV_MESSAGE_confirm ||
         asked->type == HV_MESSAGE_decline))
        mark_fault(FAULT_DISK_READ_ONLY);
    if (!asked || !asked->type)
        return;
    if (refused->code >= HV_REFUSED_UNKNOWN)
        mark_asked(model, peer, asked, false);
    expect_hidden(model, peer, asked, refused);
}

/* ---- All ---- */

void heard_message(struct heard *heard, struct model *model, struct peer *peer,
                   const struct hv_message *message, bool has_dossier, bool is_lost,
                   const struct heard_events *events) {
    switch ((int)message->type) {
    case HV_MESSAGE_done:
        hear_done(heard, model, peer, &message->done, events);
        break;
    case HV_MESSAGE_refused:
        hear_refused(model, peer,
                     message->refused.has_request ? asked_as(heard, message->refused.request)
                                                  : NULL,
                     &message->refused);
        break;
    case HV_MESSAGE_item:
        events->take_before(events->context, HV_INTEGER_MAX);
        heard_item(heard, model, peer, &message->item, has_dossier, is_lost);
        break;
    case HV_MESSAGE_welcome: /* what the session before watched is over */
        peer->watching.on = false;
        break;
    case HV_MESSAGE_watched_event:
    case HV_MESSAGE_watched_journey:
    case HV_MESSAGE_live:
    case HV_MESSAGE_gap:
        events->take_before(events->context, HV_INTEGER_MAX);
        heard_watched(model, peer, message);
        break;
    default:
        break;
    }
}
