/* The list: open journeys in the order in which they fall due. */
#include "broker/list.h"

#include <errno.h>
#include <string.h>

#include "broker/access.h"
#include "broker/answer.h"
#include "broker/standing.h"
#include "wire/wire.h"

#define LIMIT_DEFAULT 100
/* Journeys looked at for one answer, so that who sees few of many does not hold up the rest: a page
 * may then be short, or empty, and `next` leads on. */
#define LOOKED_AT_MAX 2000

bool list_is_in_scope(const struct actor *actor, const struct journey *journey,
                      const struct handover *open) {
    return actor->role == HV_ROLE_COORDINATOR && access_knows_journey(actor, journey, open);
}

static bool has_phase(const struct journey *journey, enum hv_phase phase) {
    for (size_t i = 0; i < journey->runs.count; i++)
        if (journey->runs.items[i].phase == phase)
            return true;
    return false;
}

static bool is_wanted(const struct hv_list *question, const struct journey *journey,
                      const struct handover *open) {
    const char *state = open ? wire_word_text(&wire_vocabulary_handover_state, (int)open->state)
                             : wire_word_text(&wire_vocabulary_journey_state, (int)journey->state);

    if (question->has_state && strcmp(question->state, state) != 0)
        return false;
    if (question->has_phase && !has_phase(journey, question->phase))
        return false;
    return !question->has_organisation ||
           strcmp(question->organisation, journey->holder.organisation) == 0 ||
           (open && strcmp(question->organisation, open->to) == 0);
}

/* ---- Where pages end ---- */

/* The journey at the end of a page may fall due, or be handed over, before the next page is asked
 * for: that one goes on from where it stood, so that nothing between is left out. Sessions forget
 * when they end, and then where it stands now has to do. */
static bool place_listed(const struct session *session, const struct hv_uuid *after,
                         struct ledger_place *ret_place) {
    for (size_t i = 0; i < LISTED_MAX; i++) {
        const struct listed *listed = &session->listed[i];
        if (listed->row == 0 || memcmp(&listed->journey, after, sizeof *after) != 0)
            continue;
        ret_place->due_ms = listed->due_ms;
        ret_place->row = listed->row;
        return true;
    }
    return false;
}

static void place_keep(struct session *session, const struct hv_uuid *next,
                       const struct ledger_place *place) {
    struct listed *listed = &session->listed[session->listed_count % LISTED_MAX];

    for (size_t i = 0; i < LISTED_MAX; i++)
        if (memcmp(&session->listed[i].journey, next, sizeof *next) == 0)
            listed = &session->listed[i];
    if (listed == &session->listed[session->listed_count % LISTED_MAX])
        session->listed_count++;
    listed->journey = *next;
    listed->due_ms = place->due_ms;
    listed->row = place->row;
}

/* Where the page before ended; false where that is gone: answered. */
static bool begin_after(struct request *request, struct ledger_place *ret_place) {
    const struct hv_list *question = &request->message.list;
    struct journey journey;
    struct handover open;

    memset(ret_place, 0, sizeof *ret_place);
    if (!question->has_after || place_listed(request->session, &question->after, ret_place))
        return true;
    if (!ledger_journey_find(request->turn->ledger, &question->after, &journey)) {
        answer_unknown_journey(request);
        return false;
    }
    const bool has_open = ledger_handover_open_of(request->turn->ledger, journey.row, &open);
    if (!list_is_in_scope(&request->actor, &journey, has_open ? &open : NULL)) {
        answer_unknown_journey(request);
        return false;
    }
    if (journey.state == HV_JOURNEY_CLOSED) {
        answer_refuse(request, HV_REFUSED_CONFLICT, "after",
                      "this journey was closed since: begin the list again");
        return false;
    }
    ret_place->due_ms = runs_due(&journey.runs);
    ret_place->row = journey.row;
    return true;
}

/* What is looked through: all, or what one organisation holds or is offered, where the actor sees
 * no more or asks for no more. */
static const char *looked_through(const struct request *request) {
    const struct hv_list *question = &request->message.list;

    if (!request->actor.of_network)
        return request->actor.organisation;
    return question->has_organisation ? question->organisation : NULL;
}

/* Appends the journey at that row where it is asked for. *ret_last is the last one in scope. */
static size_t look_at(struct request *request, int64_t row, struct hv_standing *ret_standing,
                      struct hv_uuid *ret_last) {
    struct turn *turn = request->turn;
    struct journey journey;
    struct handover open;

    if (!ledger_journey_get(turn->ledger, row, &journey))
        return 0;
    const bool has_open = ledger_handover_open_of(turn->ledger, row, &open);
    const struct handover *its_open = has_open ? &open : NULL;
    if (!list_is_in_scope(&request->actor, &journey, its_open))
        return 0;
    *ret_last = journey.id;
    if (!is_wanted(&request->message.list, &journey, its_open))
        return 0;
    standing_fill(turn, &journey, its_open, ret_standing);
    return 1;
}

/* Fills the page and says whether more follow behind *ret_last. */
static size_t fill_page(struct request *request, struct ledger_place place, size_t limit,
                        struct hv_standing *ret_page, struct hv_uuid *ret_last, bool *ret_more) {
    struct ledger_place *places =
        msgpack_zone_malloc(&request->turn->zone, (LOOKED_AT_MAX + 1) * sizeof *places);
    size_t count = 0;
    size_t i = 0;

    *ret_more = false;
    if (!places) {
        request->turn->error = -ENOMEM;
        return 0;
    }
    const size_t found = ledger_places_after(request->turn->ledger, place, looked_through(request),
                                             LOOKED_AT_MAX + 1, places);
    for (i = 0; i < found && i < LOOKED_AT_MAX && count < limit; i++)
        count += look_at(request, places[i].row, &ret_page[count], ret_last);
    *ret_more = i < found && i > 0;
    if (*ret_more)
        place_keep(request->session, ret_last, &places[i - 1]);
    return count;
}

/* An empty list would say that nothing is open. */
static bool refuse_state(struct request *request) {
    const struct hv_list *question = &request->message.list;
    const char *state = question->state;

    if (!question->has_state ||
        wire_word_number(&wire_vocabulary_handover_state, state, strlen(state)) ||
        wire_word_number(&wire_vocabulary_journey_state, state, strlen(state)))
        return false;
    answer_refuse(request, HV_REFUSED_MALFORMED, "state",
                  "`state` is that of a handover or of a journey, and `%s` is neither", state);
    return true;
}

static bool refuse_organisation(struct request *request) {
    const struct hv_list *question = &request->message.list;

    if (!question->has_organisation ||
        network_organisation(request->turn->broker->network, question->organisation))
        return false;
    answer_unknown_organisation(request, "organisation", question->organisation);
    return true;
}

static void question_list(struct request *request) {
    const struct hv_list *question = &request->message.list;
    const size_t limit = question->has_limit ? (size_t)question->limit : LIMIT_DEFAULT;
    struct hv_standing *page = NULL;
    struct ledger_place place;
    struct hv_message message;
    struct hv_uuid last = {{0}};
    bool more = false;

    if (refuse_state(request))
        return;
    if (request->actor.role != HV_ROLE_COORDINATOR) {
        answer_forbidden(request, "a coordinator");
        return;
    }
    if (refuse_organisation(request) || !begin_after(request, &place))
        return;
    page = msgpack_zone_malloc(&request->turn->zone, limit * sizeof *page);
    if (!page) {
        request->turn->error = -ENOMEM;
        return;
    }
    struct hv_done *done = answer_begin(request, &message);
    done->has_journeys = true;
    done->journeys.count = fill_page(request, place, limit, page, &last, &more);
    done->journeys.items = page;
    done->has_next_journey = more;
    if (more)
        done->next_journey = last;
    answer_done(request, &message, ledger_seq(request->turn->ledger));
}

bool list_take(struct request *request) {
    if (request->message.type != HV_MESSAGE_list)
        return false;
    question_list(request);
    return true;
}
