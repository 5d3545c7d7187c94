/* Questions: how a handover or a journey stands, what happened, who is on the map, how the broker
 * fares. */
#include "broker/question.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/access.h"
#include "broker/answer.h"
#include "broker/measure.h"
#include "broker/quiet.h"
#include "broker/record.h"
#include "broker/standing.h"
#include "wire/wire.h"

#define HISTORY_LIMIT_DEFAULT 100

/* Memory that lives as long as the turn; NULL makes the turn fail. */
static void *turn_memory(struct turn *turn, size_t count, size_t size) {
    void *memory = msgpack_zone_malloc(&turn->zone, count ? count * size : 1);

    if (!memory)
        turn->error = -ENOMEM;
    else
        memset(memory, 0, count * size);
    return memory;
}

static void set_receiver(struct hv_done *done, const struct handover *handover) {
    const char *begeleider = handover_begeleider(handover);

    done->has_receiver = true;
    copy_text(done->receiver.organisation, handover->to);
    done->receiver.has_begeleider = begeleider[0] != '\0';
    copy_text(done->receiver.begeleider, begeleider);
}

/* ---- status ---- */

static hv_time handover_since(const struct handover *handover) {
    return handover->times_ms[handover->state];
}

static void set_times(struct turn *turn, struct hv_done *done, const struct handover *handover) {
    struct hv_counter *times = turn_memory(turn, HANDOVER_STATE_COUNT, sizeof *times);
    size_t count = 0;

    if (!times)
        return;
    for (int state = 0; state < HANDOVER_STATE_COUNT; state++) {
        if (!handover->times_ms[state])
            continue;
        times[count].name = wire_word_text(&wire_vocabulary_handover_state, state);
        times[count++].value = handover->times_ms[state];
    }
    done->has_times = true;
    done->times.count = count;
    done->times.items = times;
}

/* Of what falls due first, of a handover or of the whole journey: which step, and who is on it. */
static void set_ladder(struct turn *turn, struct hv_done *done, const struct journey *journey,
                       const struct handover *handover, const struct handover *open) {
    const struct hv_run *run = standing_run(journey, handover);
    const struct hv_standing_claim *claim = standing_claim(journey, open, turn->now_ms);

    if (run) {
        done->has_phase = true;
        done->phase = run->phase;
        done->has_step = true;
        done->step = run->step;
    }
    done->has_claimed = claim != NULL;
    if (claim)
        done->claimed = *claim;
}

static void status_of_handover(struct request *request) {
    struct ledger *ledger = request->turn->ledger;
    struct handover handover;
    struct journey journey;
    struct hv_message message;

    if (!ledger_handover_find(ledger, &request->message.status.handover, &handover) ||
        !access_knows_handover(&request->actor, &handover)) {
        answer_unknown_handover(request);
        return;
    }
    if (!ledger_journey_get(ledger, handover.journey_row, &journey))
        return;
    const bool is_open = handover_is_open(&handover);
    struct hv_done *done = answer_begin(request, &message);
    standing_tell(&journey, &handover, done);
    set_receiver(done, &handover);
    done->has_kind = true;
    done->kind = handover.kind;
    done->has_urgency = true;
    done->urgency = handover.urgency;
    done->has_since = true;
    done->since = handover_since(&handover);
    done->has_planned = is_open && handover.planned_ms != 0;
    done->planned = handover.planned_ms;
    done->has_introduced = true;
    done->introduced = handover.introduced;
    done->has_as = handover.as != 0;
    done->as = handover.as;
    done->has_reason = handover.as != 0;
    copy_text(done->reason, handover.as_reason);
    if (is_open) {
        set_ladder(request->turn, done, &journey, &handover, &handover);
        done->told.count =
            ledger_told(ledger, journey.row, handover.row, &request->turn->zone, &done->told.items);
        done->has_told = done->told.count > 0;
    }
    set_times(request->turn, done, &handover);
    answer_done(request, &message, ledger_seq(ledger));
}

static void status_of_journey(struct request *request) {
    struct ledger *ledger = request->turn->ledger;
    struct handover open;
    struct journey journey;
    struct hv_message message;
    const bool found = ledger_journey_find(ledger, &request->message.status.journey, &journey);
    const bool has_open = found && ledger_handover_open_of(ledger, journey.row, &open);

    if (!found || !access_knows_journey(&request->actor, &journey, has_open ? &open : NULL)) {
        answer_unknown_journey(request);
        return;
    }
    struct hv_done *done = answer_begin(request, &message);
    standing_tell(&journey, NULL, done);
    done->has_urgency = true;
    done->urgency = journey.urgency;
    done->has_since = true;
    done->since = journey.since_ms;
    if (has_open) {
        done->has_handover = true;
        done->handover = open.id;
        set_receiver(done, &open);
        done->has_kind = true;
        done->kind = open.kind;
    }
    set_ladder(request->turn, done, &journey, NULL, has_open ? &open : NULL);
    done->late = standing_late(request->turn, &journey);
    done->has_late = done->late != 0;
    done->has_stuck = ledger_journey_is_stuck(ledger, journey.row);
    done->stuck = done->has_stuck;
    done->told.count = ledger_told(ledger, journey.row, has_open ? open.row : 0,
                                   &request->turn->zone, &done->told.items);
    done->has_told = done->told.count > 0;
    answer_done(request, &message, ledger_seq(ledger));
}

/* ---- history ---- */

/* Reading is an event too (A1). */
static void record_reading(struct request *request, struct journey *journey) {
    struct hv_event event = {.event = HV_EVENT_READ, .has_journey = true, .journey = journey->id};

    event.has_organisation = true;
    copy_text(event.organisation, request->actor.organisation);
    event.has_role = true;
    event.role = request->actor.role;
    (void)record_event(request->turn, &event, journey, NULL);
}

static void answer_history(struct request *request, struct journey *journey,
                           const char *only_party) {
    const struct hv_history *question = &request->message.history;
    struct turn *turn = request->turn;
    const size_t limit =
        question->has_limit ? (size_t)question->limit : (size_t)HISTORY_LIMIT_DEFAULT;
    struct hv_event *events = turn_memory(turn, limit, sizeof *events);
    struct hv_message message;
    bool more = false;

    if (!events)
        return;
    const int64_t seq = ledger_seq(turn->ledger);
    const size_t count =
        ledger_history(turn->ledger, journey->row, question->has_after ? question->after : 0, limit,
                       only_party, &turn->zone, events, &more);
    for (size_t i = 0; i < count; i++)
        events[i].has_runs = false; /* the broker's own */
    struct hv_done *done = answer_begin(request, &message);
    done->has_journey = true;
    done->journey = journey->id;
    done->has_events = true;
    done->events.count = count;
    done->events.items = events;
    done->has_next = more;
    done->next = more ? events[count - 1].seq : 0;
    record_reading(request, journey);
    answer_done(request, &message, seq);
}

static void question_history(struct request *request) {
    struct ledger *ledger = request->turn->ledger;
    struct journey journey;

    if (request->turn->mode != TURN_NORMAL) {
        answer_refuse(
            request, HV_REFUSED_UNAVAILABLE, NULL,
            "the broker's disk is full and reading a history is recorded; ask again later");
        return;
    }
    const bool found = ledger_journey_find(ledger, &request->message.history.journey, &journey);
    const bool all = found && access_reads_all(&request->actor, &journey);
    const bool some = found && request->actor.role != HV_ROLE_OPERATOR &&
                      ledger_is_party(ledger, journey.row, request->actor.organisation);
    if (!all && !some)
        answer_refuse(request, HV_REFUSED_UNKNOWN, NULL,
                      "no journey of this id that your organisation is or was a party to");
    else
        answer_history(request, &journey, all ? NULL : request->actor.organisation);
}

/* ---- map ---- */

static void map_sealing_keys(struct turn *turn, const struct network_organisation *from,
                             struct hv_organisation *to) {
    struct hv_sealing_key *keys = turn_memory(turn, from->sealing_key_count, sizeof *keys);
    size_t count = 0;

    if (!keys)
        return;
    for (size_t i = 0; i < from->sealing_key_count; i++) {
        const struct network_sealing_key *key = &from->sealing_keys[i];
        if (turn->now_ms < key->valid_from_ms || turn->now_ms >= key->valid_until_ms)
            continue;
        memcpy(keys[count].id, key->id, sizeof keys[count].id);
        memcpy(keys[count].key, key->public_key, sizeof keys[count].key);
        keys[count++].until = key->valid_until_ms;
    }
    to->sealing_keys.count = count;
    to->sealing_keys.items = keys;
}

/* Those that are past too: a receipt is checked with the key of its day. */
static void map_receipt_keys(struct turn *turn, struct hv_done *done) {
    const struct broker *broker = turn->broker;
    const struct network *network = broker->network;
    const size_t count = network->receipt_key_count > 0 ? network->receipt_key_count : 1;
    struct hv_receipt_key *keys = turn_memory(turn, count, sizeof *keys);

    if (!keys)
        return;
    memcpy(keys[0].key, broker->signer.pair.public_key, sizeof keys[0].key);
    for (size_t i = 0; i < network->receipt_key_count; i++) {
        const struct network_receipt_key *listed = &network->receipt_keys[i];
        memcpy(keys[i].key, listed->public_key, sizeof keys[i].key);
        keys[i].has_from = true;
        keys[i].from = listed->valid_from_ms;
        keys[i].has_until = true;
        keys[i].until = listed->valid_until_ms;
    }
    done->has_receipt_keys = true;
    done->receipt_keys.count = count;
    done->receipt_keys.items = keys;
}

static void question_map(struct request *request) {
    struct turn *turn = request->turn;
    const struct network *network = turn->broker->network;
    struct hv_organisation *organisations =
        turn_memory(turn, network->organisation_count, sizeof *organisations);
    struct hv_message message;

    if (!organisations)
        return;
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *from = &network->organisations[i];
        struct hv_organisation *to = &organisations[i];
        copy_text(to->organisation, from->name);
        to->display_name = from->display_name;
        to->telephone = from->telephone;
        to->has_telephone_out_of_hours = from->telephone_out_of_hours[0] != '\0';
        to->telephone_out_of_hours = from->telephone_out_of_hours;
        to->has_leaving = from->leaving;
        to->leaving = from->leaving;
        map_sealing_keys(turn, from, to);
    }
    struct hv_done *done = answer_begin(request, &message);
    map_receipt_keys(turn, done);
    if (turn->error)
        return;
    done->has_organisations = true;
    done->organisations.count = network->organisation_count;
    done->organisations.items = organisations;
    answer_done(request, &message, ledger_seq(turn->ledger));
}

/* ---- stats ---- */

/* Organisations whose listeners are counted; measures need room too. */
#define LISTENING_MAX 128

static bool has_coordinators(const struct network_organisation *organisation) {
    for (size_t i = 0; i < organisation->key_count; i++)
        if (organisation->keys[i].roles & NETWORK_COORDINATOR)
            return true;
    return false;
}

/* For each organisation with coordinators, how many sessions take what they are told: none means
 * that at night, with no terminal open, nobody hears. Who only looks on takes nothing. */
static size_t listening_fill(struct turn *turn, struct hv_counter *figures) {
    static const char form[] = "houvast_coordinators_listening{organisation=\"%s\"}";
    const struct network *network = turn->broker->network;
    size_t count = 0;

    for (size_t i = 0; i < network->organisation_count && count < LISTENING_MAX; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        const size_t size = sizeof form + sizeof organisation->name;
        char *name = NULL;
        int64_t listening = 0;
        if (!has_coordinators(organisation))
            continue;
        name = turn_memory(turn, size, 1);
        if (!name)
            return count;
        (void)snprintf(name, size, form, organisation->name);
        for (const struct session *session = turn->broker->sessions.by_route; session;
             session = session->hh.next) {
            listening += session->credit > 0 && session->name.role == HV_ROLE_COORDINATOR &&
                         strcmp(session->name.organisation, organisation->name) == 0;
        }
        figures[count++] = (struct hv_counter){name, listening};
    }
    return count;
}

/* What stands now, and what was counted since the start; gives how many. */
static size_t counters_fill(const struct turn *turn, struct hv_counter *ret_stats) {
    const struct broker *broker = turn->broker;
    const struct ledger_gauges gauges = ledger_gauges(turn->ledger);
    const struct broker_counters *counters = &broker->counters;
#define TURNS(most) \
    {"houvast_turn_messages_bucket{le=\"" #most "\"}", counters->turns_up_to[TURNS_UP_TO_##most]},
    const struct hv_counter figures[] = {
        {"houvast_journeys_held", gauges.journeys_held},
        {"houvast_handovers_open", gauges.handovers_open},
        {"houvast_items_owed", gauges.items_owed},
        {"houvast_items_aside", gauges.items_aside},
        {"houvast_sessions", (int64_t)HASH_COUNT(broker->sessions.by_route)},
        {"houvast_items_out", (int64_t)HASH_COUNT(broker->sessions.outs)},
        {"houvast_disk_short", turn->mode != TURN_NORMAL},
        {"houvast_turns_total", counters->turns},
        {"houvast_messages_total", counters->messages},
        {"houvast_commands_total", counters->commands},
        {"houvast_repeats_total", counters->repeats},
        {"houvast_refusals_total", counters->refusals},
        {"houvast_busy_total", counters->busy},
        {"houvast_alarms_total", counters->alarms},
        {"houvast_items_sent_total", counters->items_sent},
        {"houvast_items_acknowledged_total", counters->items_acknowledged},
        {"houvast_ladder_steps_fired_total", counters->steps},
        {"houvast_timers_repaired_total", counters->repairs},
        {"houvast_organisations_quiet", quiet_count(broker)},
        {"houvast_clock_doubted", turn->clock.doubted},
        TURN_BOUNDS(TURNS){"houvast_turn_messages_bucket{le=\"+Inf\"}", counters->turns},
        {"houvast_turn_messages_sum", counters->messages},
        {"houvast_turn_messages_count", counters->turns},
    };
#undef TURNS

    memcpy(ret_stats, figures, sizeof figures);
    return sizeof figures / sizeof figures[0];
}

static void question_stats(struct request *request) {
    struct turn *turn = request->turn;
    struct hv_message message;
    int64_t left_out = 0;

    if (request->actor.role != HV_ROLE_OPERATOR && !request->actor.of_network) {
        answer_forbidden(request, "an operator or a coordinator of the network");
        return;
    }
    struct hv_counter *stats = turn_memory(turn, WIRE_COUNTERS_MAX, sizeof *stats);
    if (!stats)
        return;
    size_t count = counters_fill(turn, stats);
    count += listening_fill(turn, stats + count);
    if (turn->error)
        return;
    count += measures_fill(turn, stats + count, WIRE_COUNTERS_MAX - count - 1, &left_out);
    stats[count++] = (struct hv_counter){"houvast_measures_left_out", left_out};
    struct hv_done *done = answer_begin(request, &message);
    done->has_stats = true;
    done->stats.count = count;
    done->stats.items = stats;
    answer_done(request, &message, ledger_seq(turn->ledger));
}

bool question_take(struct request *request) {
    switch ((int)request->message.type) {
    case HV_MESSAGE_status:
        if (request->message.status.has_handover)
            status_of_handover(request);
        else
            status_of_journey(request);
        return true;
    case HV_MESSAGE_history:
        question_history(request);
        return true;
    case HV_MESSAGE_map:
        question_map(request);
        return true;
    case HV_MESSAGE_stats:
        question_stats(request);
        return true;
    default:
        return false;
    }
}
