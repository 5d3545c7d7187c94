/* What watchers see: all that they may, in order, and as it stands. */
#include <string.h>

#include "ends.h"
#include "heard_parts.h"
#include "town.h"
#include "words.h"

/* ---- How a journey stands ---- */

static bool is_in_scope(const struct model *model, const struct peer *peer,
                        const struct model_journey *journey) {
    return heard_is_network(peer) ||
           strcmp(peer->organisation, journey->holder.organisation) == 0 ||
           (journey->open && strcmp(peer->organisation, model->handovers[journey->open].to) == 0);
}

void heard_standing(const struct model *model, const struct peer *peer,
                    const struct hv_standing *standing) {
    const unsigned number = words_number(&standing->journey);
    const struct model_journey *journey = &model->journeys[number];
    const char *state = journey->open
                            ? wire_word_text(&wire_vocabulary_handover_state,
                                             (int)model->handovers[journey->open].state)
                            : wire_word_text(&wire_vocabulary_journey_state, (int)journey->state);

    if (!is_in_scope(model, peer, journey))
        violation("P1: %s/%s is told how j%u stands", peer->organisation, peer->instance, number);
    if (strcmp(standing->holder.organisation, journey->holder.organisation) != 0 ||
        strcmp(standing->holder.begeleider, journey->holder.begeleider) != 0)
        violation("H1: %s/%s is told that %s holds j%u, and %s does", peer->organisation,
                  peer->instance, standing->holder.organisation, number,
                  journey->holder.organisation);
    if (!state || strcmp(standing->state, state) != 0 || standing->urgency != journey->urgency)
        violation("A1: %s/%s is told that j%u is `%s`, and it is `%s`", peer->organisation,
                  peer->instance, number, standing->state, state ? state : "not there");
}

/* ---- Events ---- */

/* As things stand. */
static bool may_see(const struct model *model, const struct peer *peer, int64_t seq) {
    return heard_is_network(peer) ||
           (model_seers(model, &model->events[seq]) & model_party(peer->organisation));
}

/* What must not be left out: it could be seen then, and can be now. */
static bool must_see(const struct model *model, const struct peer *peer, int64_t seq) {
    const unsigned then = model->events[seq].seers;

    return may_see(model, peer, seq) &&
           (heard_is_network(peer) || then == 0 || (then & model_party(peer->organisation)));
}

/* What lies between what it has seen and that is none of it. */
static void expect_nothing_before(const struct model *model, const struct peer *peer, int64_t seq) {
    for (int64_t i = peer->watching.seq + 1; i < seq && (size_t)i < model->event_count; i++)
        if (must_see(model, peer, i))
            violation("A1: %s/%s watches, and is not shown event %lld (%s)", peer->organisation,
                      peer->instance, (long long)i,
                      wire_word_text(&wire_vocabulary_event_name, (int)model->events[i].name));
}

static void see_event(const struct model *model, struct peer *peer, const struct hv_event *event) {
    struct watching *watching = &peer->watching;

    if ((event->has_resident && event->event != HV_EVENT_OPENED) || event->has_runs)
        violation("P1: a watcher sees whom a handover is about");
    if (!event->has_seq || (size_t)event->seq >= model->event_count ||
        model->events[event->seq].name != event->event)
        violation("A1: %s/%s is shown an event that is not recorded", peer->organisation,
                  peer->instance);
    if (!may_see(model, peer, event->seq))
        violation("P1: event %lld is shown to %s/%s", (long long)event->seq, peer->organisation,
                  peer->instance);
    if (event->seq <= watching->seq)
        violation("A1: %s/%s is shown event %lld behind event %lld", peer->organisation,
                  peer->instance, (long long)event->seq, (long long)watching->seq);
    expect_nothing_before(model, peer, event->seq);
    watching->seq = event->seq;
    mark_fault(watching->live ? FAULT_WATCHED : FAULT_CAUGHT_UP);
}

/* ---- Before and behind them ---- */

static void see_journey(const struct model *model, struct peer *peer,
                        const struct hv_standing *standing) {
    heard_standing(model, peer, standing);
    peer->watching.shown[words_number(&standing->journey)] = true;
}

static void see_live(const struct model *model, struct peer *peer, int64_t seq) {
    struct watching *watching = &peer->watching;

    for (unsigned i = 0; i < MODEL_JOURNEYS && watching->from_open; i++)
        if (model->journeys[i].state && model->journeys[i].state != HV_JOURNEY_CLOSED &&
            is_in_scope(model, peer, &model->journeys[i]) && !watching->shown[i])
            violation("A1: %s/%s watches, and is not shown that j%u is open", peer->organisation,
                      peer->instance, i);
    if (!watching->from_open)
        expect_nothing_before(model, peer, seq + 1);
    watching->live = true;
    if (watching->seq < seq)
        watching->seq = seq;
}

static void see_gap(const struct model *model, struct peer *peer, const struct hv_gap *gap) {
    expect_nothing_before(model, peer, gap->from);
    if ((size_t)gap->to >= model->event_count || gap->to < gap->from)
        violation("A1: a gap from event %lld to event %lld", (long long)gap->from,
                  (long long)gap->to);
    peer->watching.on = false;
    mark_fault(FAULT_GAP);
}

/* ---- All ---- */

void heard_watch_begins(struct peer *peer, const struct asked *asked, int64_t seq) {
    peer->watching = (struct watching){
        .on = true, .from_open = asked->number == 0, .seq = asked->number ? asked->number : seq};
}

/* What does not leave its machine comes again, or as a gap; what is lost behind that is not the
 * broker's to know. */
void heard_watched(const struct model *model, struct peer *peer, const struct hv_message *message) {
    if (peer->role != HV_ROLE_COORDINATOR || !peer->watching.on)
        violation("P1: %s/%s is shown what it does not watch", peer->organisation, peer->instance);
    if (peer->connection != CONNECTION_GOOD)
        return;
    peer->deaf = false; /* as it shows */
    switch ((int)message->type) {
    case HV_MESSAGE_watched_event:
        see_event(model, peer, &message->watched_event.event);
        break;
    case HV_MESSAGE_watched_journey:
        see_journey(model, peer, &message->watched_journey.standing);
        break;
    case HV_MESSAGE_live:
        see_live(model, peer, message->live.seq);
        break;
    case HV_MESSAGE_gap:
        see_gap(model, peer, &message->gap);
        break;
    default:
        break;
    }
}

void heard_expect_watched(const struct model *model, struct peer *peer) {
    struct watching *watching = &peer->watching;

    if (!watching->on || peer->deaf)
        return;
    if (!watching->live)
        violation("A1: %s/%s watches, and waits for what was before", peer->organisation,
                  peer->instance);
    expect_nothing_before(model, peer, (int64_t)model->event_count);
    watching->seq = (int64_t)model->event_count - 1;
}
