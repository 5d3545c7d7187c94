/* The ring: what falls due, oldest first. */
#include "broker/ring.h"

#include "broker/journal.h"
#include "broker/past.h"
#include "broker/phase.h"
#include "broker/record.h"
#include "wire/wire.h"

/* Steps in one turn: some milliseconds, so that who asks is answered in between. */
#define STEPS_MAX 256

static void journal_step(const struct journey *journey, const struct phase_step *step) {
    char id[WIRE_UUID_TEXT_SIZE];
    const char *phase = wire_word_text(&wire_vocabulary_phase, (int)step->event.phase);
    const struct journal_field fields[] = {
        {"HOUVAST_JOURNEY", id},
        {"HOUVAST_PHASE", phase},
        {"HOUVAST_ORGANISATION", step->event.awaits},
        {NULL, NULL},
    };

    wire_uuid_text(&journey->id, id);
    journal_say(JOURNAL_NOBODY_REACHED, fields,
                "journey %s waits for %s (%s) and the last step of its ladder reaches nobody: give "
                "a coordinator of the network a key; it is tried again at its interval",
                id, step->event.awaits, phase);
}

void ring_repair_with(struct turn *turn, struct journey *journey, const struct runs *runs) {
    const struct hv_event event = {
        .event = HV_EVENT_REPAIRED,
        .has_journey = true,
        .journey = journey->id,
        .has_runs = true,
        .runs = {.count = runs->count, .items = runs->items},
    };

    (void)record_event(turn, &event, journey, NULL);
    turn->counters.repairs++;
}

static void journal_damage(const struct turn *turn, const struct journey *journey) {
    char id[WIRE_UUID_TEXT_SIZE];
    const struct journal_field fields[] = {
        {"HOUVAST_JOURNEY", id},
        {"HOUVAST_ORGANISATION", journey->holder.organisation},
        {NULL, NULL},
    };
    const bool is_lost = journey->state != HV_JOURNEY_CLOSED && journey->runs.count == 0;

    wire_uuid_text(&journey->id, id);
    if (!ledger_error(turn->ledger))
        journal_say(JOURNAL_LEDGER_DIFFERS, fields,
                    "the ledger is damaged: what the row of journey %s, held by %s, says of its "
                    "timers cannot be read; %s; look at the disk, and `houvast verify`",
                    id, journey->holder.organisation,
                    is_lost ? "nor can its events, and its ladder begins anew"
                            : "its events say it too, and its ladder goes on");
}

void ring_repair(struct turn *turn, struct journey *journey) {
    const struct run_rules rules = record_rules(turn);
    struct runs runs = journey->runs;
    struct handover open;
    const bool has_open = ledger_handover_open_of(turn->ledger, journey->row, &open);

    if (ledger_error(turn->ledger))
        return;
    if (journey->damaged)
        journal_damage(turn, journey);
    journey->damaged = false;
    if (journey->state == HV_JOURNEY_CLOSED)
        return;
    if (runs.count == 0)
        phase_of_state(journey, has_open ? &open : NULL, &rules, &runs);
    ring_repair_with(turn, journey, &runs);
}

static void ring_one(struct turn *turn, struct journey *journey, size_t index) {
    const struct run_rules rules = record_rules(turn);
    const struct hv_run *run = &journey->runs.items[index];
    struct phase_step step;
    struct runs runs;
    struct handover handover;

    if (run->has_handover && !ledger_handover_find(turn->ledger, &run->handover, &handover)) {
        journey->runs.count = 0; /* it is about nothing that there is */
        ring_repair(turn, journey);
        return;
    }
    phase_step(journey, index, past_network(turn, run->network), &rules, &step, &runs);
    step.event.has_runs = true;
    step.event.runs.count = runs.count;
    step.event.runs.items = runs.items;
    (void)record_event(turn, &step.event, journey, run->has_handover ? &handover : NULL);
    turn->counters.steps++;
    if (step.last && !step.event.reached)
        journal_step(journey, &step);
}

static void ring_journey(struct turn *turn, int64_t row) {
    struct journey journey;
    const struct hv_run *first = NULL;

    if (!ledger_journey_get(turn->ledger, row, &journey))
        return;
    first = runs_first(&journey.runs);
    if (!first || journey.damaged)
        ring_repair(turn, &journey);
    else if (first->due > turn->now_ms)
        ring_repair_with(turn, &journey, &journey.runs); /* only the row said that it is due */
    else
        ring_one(turn, &journey, (size_t)(first - journey.runs.items));
}

static void say_repairs(const struct turn *turn) {
    const int64_t repaired = turn->counters.repairs - turn->broker->counters.repairs;

    if (repaired > 0 && !ledger_error(turn->ledger))
        journal_say(JOURNAL_TIMERS_REPAIRED, NULL,
                    "%lld open journeys had no timer and have one now; after an upgrade from a "
                    "version without timers that is right, else please report it as a defect",
                    (long long)repaired);
}

void ring_steps(struct turn *turn) {
    const int most = turn->sparing ? 1 : STEPS_MAX;
    int64_t row = 0;
    int taken = 0;

    if (turn->mode == TURN_READ_ONLY)
        return;
    while (taken < most && !turn->error &&
           (row = ledger_journey_due(turn->ledger, turn->now_ms)) != 0) {
        ring_journey(turn, row);
        taken++;
    }
    if (taken == most)
        turn->broker->turn_wanted = true;
    say_repairs(turn);
}
