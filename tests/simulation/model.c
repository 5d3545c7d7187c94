/* The model: each event after the one before. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "ends.h"
#include "model_ladder.h"
#include "wire/wire.h"
#include "words.h"

#define COORDINATING "kcc"
#define SWEPT_MS     INT64_C(7200000)

/* One event on its way through the model. */
struct taking {
    struct model *model;
    const struct hv_event *event;
    int64_t seq;
    hv_time at_ms;
    struct model_journey *journey;
    struct model_handover *handover; /* NULL: none */
    const char *said;                /* whose word it is */
};

static const char *name_of(enum hv_event_name name) {
    return wire_word_text(&wire_vocabulary_event_name, (int)name);
}

unsigned model_party(const char *organisation) {
    for (unsigned i = 0; i < NETWORK_ORGANISATIONS; i++)
        if (strcmp(networks_organisations[i], organisation) == 0)
            return 1U << i;
    return 0;
}

void model_init(struct model *model) {
    free(model->events);
    memset(model, 0, sizeof *model);
    model->event_count = 1; /* they count from 1 */
}

/* ---- The table of handovers ---- */

enum hv_handover_state model_next(enum hv_handover_state state, enum hv_event_name event) {
    const bool is_over = state >= HV_HANDOVER_CONFIRMED;

    if (is_over)
        return 0;
    switch ((int)event) {
    case HV_EVENT_DELIVERED:
        return state == HV_HANDOVER_OFFERED ? HV_HANDOVER_DELIVERED : state;
    case HV_EVENT_RECEIVED:
        return state == HV_HANDOVER_PICKED_UP ? 0 : HV_HANDOVER_RECEIVED;
    case HV_EVENT_PICKED_UP:
        return HV_HANDOVER_PICKED_UP;
    case HV_EVENT_WAITING:
        return HV_HANDOVER_WAITING;
    case HV_EVENT_CONFIRMED:
        return HV_HANDOVER_CONFIRMED;
    case HV_EVENT_DECLINED:
        return HV_HANDOVER_DECLINED;
    case HV_EVENT_WITHDRAWN:
        return HV_HANDOVER_WITHDRAWN;
    default:
        return state;
    }
}

static void by_side(const struct taking *taking, const char *organisation) {
    if (strcmp(taking->said, organisation) != 0)
        violation("H2: event %lld: %s is said by %s, and is for %s to say", (long long)taking->seq,
                  name_of(taking->event->event), taking->said, organisation);
}

static void move(const struct taking *taking) {
    struct model_handover *handover = taking->handover;
    const enum hv_handover_state next = model_next(handover->state, taking->event->event);

    if (!next)
        violation("H2: event %lld: %s does not follow in state %d", (long long)taking->seq,
                  name_of(taking->event->event), (int)handover->state);
    handover->moved = handover->state != next;
    handover->state = next;
    if (next < HV_HANDOVER_CONFIRMED)
        return;
    handover->end_holder = taking->journey->holder;
    taking->journey->open = 0;
}

/* ---- Journeys ---- */

static void take_opened(const struct taking *taking) {
    struct model_journey *journey = taking->journey;
    const struct hv_event *event = taking->event;
    const bool reopens = event->has_reopens && event->reopens;

    if ((journey->state != 0) != reopens || (reopens && journey->state != HV_JOURNEY_CLOSED))
        violation("H1: event %lld opens a journey that is open, or reopens one that is not closed",
                  (long long)taking->seq);
    if (reopens)
        by_side(taking, journey->holder.organisation);
    else
        memcpy(journey->resident, event->resident, sizeof journey->resident);
    journey->state = HV_JOURNEY_OPEN;
    journey->urgency = event->urgency;
    journey->agreed = journey->is_kept = false;
    memcpy(journey->holder.organisation, taking->said, strlen(taking->said) + 1);
    memcpy(journey->holder.begeleider, event->begeleider, sizeof journey->holder.begeleider);
    journey->parties |= model_party(taking->said);
}

static void take_reassigned(const struct taking *taking) {
    struct hv_holder *holder = &taking->journey->holder;

    by_side(taking, holder->organisation);
    if (strcmp(taking->event->instead_of, holder->begeleider) != 0)
        violation("H1: event %lld: %s is replaced, and %s holds", (long long)taking->seq,
                  taking->event->instead_of, holder->begeleider);
    memcpy(holder->begeleider, taking->event->begeleider, sizeof holder->begeleider);
}

static bool needs_second_person(const struct hv_event *event) {
    switch (event->outcome) {
    case HV_OUTCOME_DECEASED:
    case HV_OUTCOME_ENTERED_IN_ERROR:
        return false;
    case HV_OUTCOME_HELPED:
    case HV_OUTCOME_OWN_SOLUTION:
    case HV_OUTCOME_MOVED:
        return !event->has_talked;
    case HV_OUTCOME_NO_RESPONSE:
    case HV_OUTCOME_REFUSED_BY_RESIDENT:
    case HV_OUTCOME_NO_SOLUTION:
        return true;
    }
    return true;
}

static void take_closing(const struct taking *taking) {
    struct model_journey *journey = taking->journey;

    by_side(taking, journey->holder.organisation);
    if (journey->state != HV_JOURNEY_OPEN || journey->open)
        violation("H3: event %lld closes what is not open, or is offered", (long long)taking->seq);
    journey->state = HV_JOURNEY_CLOSING;
    memcpy(journey->closing_by, taking->event->begeleider, sizeof journey->closing_by);
}

static void take_settled(const struct taking *taking) {
    struct model_journey *journey = taking->journey;
    const struct hv_event *event = taking->event;

    if (journey->state != HV_JOURNEY_CLOSING)
        violation("H3: event %lld settles what is not closing", (long long)taking->seq);
    if (!event->has_person || (strcmp(taking->said, journey->holder.organisation) == 0 &&
                               strcmp(event->person, journey->closing_by) == 0))
        violation("H3: event %lld: who closed agrees with themselves", (long long)taking->seq);
    if (strcmp(taking->said, COORDINATING) != 0)
        by_side(taking, journey->holder.organisation);
    journey->agreed = event->agree;
    journey->is_kept = !event->agree;
    if (!event->agree)
        journey->state = HV_JOURNEY_OPEN;
}

static bool ends_offers(enum hv_outcome outcome) {
    return outcome == HV_OUTCOME_DECEASED || outcome == HV_OUTCOME_ENTERED_IN_ERROR;
}

/* Whether the same command has withdrawn what was offered. */
static bool has_withdrawn(const struct taking *taking) {
    const struct model_event *events = taking->model->events;
    const int64_t first = events[taking->seq].first ? events[taking->seq].first : taking->seq;

    for (int64_t i = first; i < taking->seq; i++)
        if (events[i].name == HV_EVENT_WITHDRAWN)
            return true;
    return false;
}

static void take_closed(const struct taking *taking) {
    struct model_journey *journey = taking->journey;
    const struct hv_event *event = taking->event;

    if (journey->open || !event->has_begeleider || !event->begeleider[0] || !event->has_outcome)
        violation("H3: event %lld closes what is offered, or names nobody", (long long)taking->seq);
    if (!ends_offers(event->outcome) && has_withdrawn(taking))
        violation("H3: event %lld closes as %s while somebody else is asked",
                  (long long)taking->seq,
                  wire_word_text(&wire_vocabulary_outcome, (int)event->outcome));
    if (!journey->agreed && needs_second_person(event))
        violation("H3: event %lld closes, and no second person agreed", (long long)taking->seq);
    if (journey->agreed && strcmp(event->begeleider, journey->closing_by) != 0)
        violation("H3: event %lld closes in another's name", (long long)taking->seq);
    if (!journey->agreed)
        by_side(taking, journey->holder.organisation);
    journey->state = HV_JOURNEY_CLOSED;
}

/* ---- Handovers ---- */

static void take_offered(const struct taking *taking) {
    struct model_journey *journey = taking->journey;
    struct model_handover *handover = taking->handover;
    const struct hv_event *event = taking->event;

    by_side(taking, journey->holder.organisation);
    if (handover->state || journey->open || journey->state != HV_JOURNEY_OPEN)
        violation("H2: event %lld offers what cannot be", (long long)taking->seq);
    *handover = (struct model_handover){
        .state = HV_HANDOVER_OFFERED,
        .journey = words_number(&event->journey),
        .kind = event->kind,
        .disclose = event->disclose,
    };
    memcpy(handover->from, event->from, sizeof handover->from);
    memcpy(handover->to, event->to, sizeof handover->to);
    journey->open = words_number(&event->handover);
    journey->urgency = event->urgency;
    journey->is_kept = false;
    journey->parties |= model_party(event->to);
}

static void take_confirmed(const struct taking *taking) {
    struct model_journey *journey = taking->journey;
    const struct hv_event *event = taking->event;

    by_side(taking, taking->handover->to);
    if (event->has_acted_for)
        violation("H2: event %lld: somebody confirms for the receiver", (long long)taking->seq);
    if (taking->handover->kind == HV_KIND_WARM && !taking->handover->introduced && !event->has_as)
        violation("H2: event %lld: a warm one is confirmed without its introduction",
                  (long long)taking->seq);
    if (!event->has_holder || strcmp(event->holder.organisation, taking->handover->to) != 0 ||
        journey->state == HV_JOURNEY_CLOSED)
        violation("H2: event %lld moves what is closed, or to another than the receiver",
                  (long long)taking->seq);
    move(taking);
    journey->holder = taking->handover->end_holder = event->holder;
    journey->is_kept = true;
}

static void take_introduced(const struct taking *taking) {
    const struct hv_event *event = taking->event;
    struct model_handover *handover = taking->handover;
    const bool within = strcmp(handover->from, handover->to) == 0;
    size_t of_sender = 0;
    bool of_receiver = false;
    const char *first = NULL;

    for (size_t i = 0; i < event->present.count; i++) {
        const struct hv_attendee *there = &event->present.items[i];
        of_receiver = of_receiver || strcmp(there->organisation, handover->to) == 0;
        if (strcmp(there->organisation, handover->from) != 0)
            continue;
        of_sender += !first || strcmp(first, there->person) != 0;
        first = first ? first : there->person;
    }
    if (event->with_resident && (within ? of_sender > 1 : of_sender > 0 && of_receiver))
        handover->introduced = true;
}

static void take_urgency(const struct taking *taking) {
    struct model_handover *open =
        taking->journey->open ? &taking->model->handovers[taking->journey->open] : NULL;

    const enum hv_urgency before = taking->journey->urgency;

    taking->journey->pressed =
        (taking->event->urgency > before) - (taking->event->urgency < before);
    if (taking->journey->pressed < 0)
        by_side(taking, taking->journey->holder.organisation);
    taking->journey->urgency = taking->event->urgency;
    if (open && open->state == HV_HANDOVER_WAITING && taking->event->urgency == HV_URGENCY_CRISIS)
        open->state = open->picked_up_by[0] ? HV_HANDOVER_PICKED_UP : HV_HANDOVER_RECEIVED;
}

static void take_noted(const struct taking *taking) {
    const struct hv_event *event = taking->event;

    if ((event->code == HV_NOTE_IN_TOUCH || event->code == HV_NOTE_TIP) && event->has_next &&
        !taking->journey->open && taking->journey->state == HV_JOURNEY_OPEN)
        taking->journey->is_kept = true;
}

static void take_of_handover(const struct taking *taking) {
    struct model_handover *handover = taking->handover;
    const struct hv_event *event = taking->event;

    switch ((int)event->event) {
    case HV_EVENT_DELIVERED:
    case HV_EVENT_WAITING:
    case HV_EVENT_DECLINED:
        by_side(taking, handover->to);
        move(taking);
        break;
    case HV_EVENT_RECEIVED:
        by_side(taking, handover->to);
        move(taking);
        memcpy(handover->received_by, event->begeleider, sizeof handover->received_by);
        break;
    case HV_EVENT_PICKED_UP:
        by_side(taking, handover->to);
        move(taking);
        memcpy(handover->picked_up_by, event->begeleider, sizeof handover->picked_up_by);
        handover->planned_ms = event->has_planned ? event->planned : 0;
        break;
    case HV_EVENT_WITHDRAWN:
        by_side(taking, handover->from);
        move(taking);
        break;
    case HV_EVENT_SUPPLEMENTED:
        by_side(taking, handover->from);
        if (event->number != ++handover->supplements)
            violation("D2: event %lld: supplement %lld comes after %lld", (long long)taking->seq,
                      (long long)event->number, (long long)handover->supplements - 1);
        break;
    case HV_EVENT_DOSSIER:
        handover->disclosed = true;
        break;
    case HV_EVENT_INTRODUCED:
        take_introduced(taking);
        break;
    case HV_EVENT_OFFERED:
        take_offered(taking);
        break;
    case HV_EVENT_CONFIRMED:
        take_confirmed(taking);
        break;
    default:
        break;
    }
}

static void take_of_journey(const struct taking *taking) {
    switch ((int)taking->event->event) {
    case HV_EVENT_OPENED:
        take_opened(taking);
        break;
    case HV_EVENT_REASSIGNED:
        take_reassigned(taking);
        break;
    case HV_EVENT_CLOSING:
        take_closing(taking);
        break;
    case HV_EVENT_SETTLED:
        take_settled(taking);
        break;
    case HV_EVENT_CLOSED:
        take_closed(taking);
        break;
    case HV_EVENT_URGENCY:
        take_urgency(taking);
        break;
    case HV_EVENT_NOTED:
        take_noted(taking);
        break;
    case HV_EVENT_REPAIRED:
        if (!taking->model->put_back)
            violation("T1: event %lld: an open journey had no timer", (long long)taking->seq);
        break;
    default:
        break;
    }
}

/* ---- All ---- */

static struct model_event *remember(struct model *model) {
    if (model->event_count == model->event_room || !model->events) {
        model->event_room = 2 * model->event_room + 4096;
        model->events = reallocarray(model->events, model->event_room, sizeof *model->events);
        if (!model->events)
            abort();
    }
    struct model_event *event = &model->events[model->event_count++];
    memset(event, 0, sizeof *event);
    return event;
}

static void take_one(struct taking *taking, struct model_event *remembered) {
    const struct hv_event *event = taking->event;
    struct model *model = taking->model;
    const unsigned number = words_number(&event->journey);
    const unsigned handover = event->has_handover ? words_number(&event->handover) : 0;

    if (number == 0 || number >= MODEL_JOURNEYS || handover >= MODEL_HANDOVERS)
        violation("A1: event %lld is of a journey that nobody named", (long long)taking->seq);
    taking->journey = &model->journeys[number];
    taking->handover = handover ? &model->handovers[handover] : NULL;
    remembered->journey = number;
    remembered->handover = handover;
    remembered->journey_before = taking->journey->state;
    remembered->before = handover ? taking->handover->state : 0;
    if (event->event != HV_EVENT_OPENED && taking->journey->state == 0)
        violation("A1: event %lld comes before its journey was opened", (long long)taking->seq);
    if (handover)
        take_of_handover(taking);
    take_of_journey(taking);
    model_ladder_take(model, taking->journey, taking->handover, event, taking->seq, taking->at_ms);
    remembered->journey_after = taking->journey->state;
    remembered->after = handover ? taking->handover->state : 0;
    remembered->holder_after = taking->journey->holder;
}

void model_take(struct model *model, const struct hv_event *event, int64_t seq, int64_t first,
                hv_time at_ms) {
    const char *said = event->has_acted_for      ? event->acted_for
                       : event->has_organisation ? event->organisation
                                                 : "";
    struct taking taking = {
        .model = model, .event = event, .seq = seq, .at_ms = at_ms, .said = said};

    if ((size_t)seq != model->event_count)
        violation("A1: event %lld follows event %zu", (long long)seq, model->event_count - 1);
    struct model_event *remembered = remember(model);
    if (at_ms > model->latest_ms)
        model->latest_ms = at_ms;
    if (at_ms + CLOCK_STEP_MS < model->latest_ms && !model->put_back) {
        model->put_back = true;
        model->back_ms = model->passed_ms;
    }
    remembered->name = event->event;
    remembered->first = first;
    remembered->about = event->has_about ? model_party(event->about) : 0;
    remembered->at_ms = at_ms;
    memcpy(remembered->said, said, strlen(said) + 1);
    if (event->event == HV_EVENT_TOLD &&
        (event->of >= seq || model->events[event->of].name < HV_EVENT_REMINDED ||
         model->events[event->of].name > HV_EVENT_CHECK_IN_DUE))
        violation("T1: event %lld says that somebody was told what no step said", (long long)seq);
    if (event->event == HV_EVENT_NETWORK)
        model->network = networks_chosen();
    if (event->has_journey)
        take_one(&taking, remembered);
}

const struct model_event *model_event(const struct model *model, int64_t seq) {
    if (seq < 1 || (size_t)seq >= model->event_count)
        violation("D1: an answer names event %lld, and the last one is %zu", (long long)seq,
                  model->event_count - 1);
    return &model->events[seq];
}

unsigned model_seers(const struct model *model, const struct model_event *event) {
    const struct model_handover *handover =
        event->handover ? &model->handovers[event->handover] : NULL;

    if (!event->journey)
        return event->about;
    return model_party(model->journeys[event->journey].holder.organisation) |
           (handover ? model_party(handover->from) | model_party(handover->to) : 0);
}

/* P1: whom it is about and the dossier go over when somebody has it in hand, and no sooner. */
static void expect_in_hand(const struct model_handover *handover, int64_t seq) {
    if (!handover->picked_up_by[0] && handover->state != HV_HANDOVER_CONFIRMED &&
        (handover->disclose != HV_DISCLOSE_RECEIVED || !handover->received_by[0]))
        violation("P1: event %lld discloses a handover that nobody has in hand", (long long)seq);
}

void model_turn_ends(struct model *model, int64_t first) {
    model->turn_seq = (int64_t)model->event_count;
    for (int64_t i = first; (size_t)i < model->event_count; i++) {
        struct model_event *event = &model->events[i];
        event->seers = model_seers(model, event);
        if (event->name == HV_EVENT_DOSSIER)
            expect_in_hand(&model->handovers[event->handover], i);
    }
}

/* An hour later everything was swept; who waits, waits from here. */
static void look_at_clock(struct model *model, hv_time now_ms) {
    if (!model->put_back || model->passed_ms < model->back_ms + SWEPT_MS)
        return;
    model->put_back = false;
    model->latest_ms = now_ms;
    for (unsigned i = 0; i < MODEL_JOURNEYS; i++) {
        struct model_journey *journey = &model->journeys[i];
        if (journey->arrival_ms <= now_ms || journey->waits_ms != journey->arrival_ms)
            journey->waits_ms = now_ms;
    }
}

void model_expect_heard(struct model *model, hv_time now_ms) {
    look_at_clock(model, now_ms);
    for (unsigned i = 1; i < MODEL_JOURNEYS; i++)
        if (model->journeys[i].state && model->journeys[i].state != HV_JOURNEY_CLOSED)
            model_ladder_expect(model, i, now_ms);
}
