/* The sweep: open journeys without their timer. */
#include "broker/sweep.h"

#include "broker/journal.h"
#include "broker/past.h"
#include "broker/record.h"
#include "broker/ring.h"

/* Journeys in one turn, and how soon the next slice may follow: some ms in a second. */
#define SLICE_JOURNEYS    256
#define SLICE_INTERVAL_MS 250
#define HURRY_INTERVAL_MS 50
#define SWEEP_INTERVAL_MS CALENDAR_HOUR_MS

/* What runs as it should be, where something lies further ahead than its ladder allows: the clock
 * was put back. */
static bool bring_back(struct turn *turn, const struct journey *journey, struct runs *ret_runs) {
    const struct run_rules rules = record_rules(turn);
    bool late = false;

    *ret_runs = journey->runs;
    for (size_t i = 0; i < ret_runs->count; i++) {
        struct hv_run *run = &ret_runs->items[i];
        const struct network *began_under = past_network(turn, run->network);
        late = run_bring_back(run, journey->holder.organisation, began_under, &rules) || late;
    }
    return late;
}

static bool sweep_journey(struct turn *turn, struct journey *journey) {
    const hv_time due_ms = ledger_journey_due_of(turn->ledger, journey->row);
    struct runs runs;

    if (ledger_error(turn->ledger))
        return false;
    if (journey->damaged || journey->runs.count == 0)
        ring_repair(turn, journey);
    else if (bring_back(turn, journey, &runs) || due_ms != runs_due(&runs))
        ring_repair_with(turn, journey, &runs);
    else
        return false;
    return true;
}

static void say(const struct turn *turn, int repaired) {
    if (repaired > 0 && !ledger_error(turn->ledger))
        journal_say(JOURNAL_TIMERS_REPAIRED, NULL,
                    "the timers of %d open journeys were wrong and are right now; after the clock "
                    "was put back that is as it should be, else please report it as a defect",
                    repaired);
}

static bool is_due(const struct turn *turn) {
    const struct broker *broker = turn->broker;

    return turn->mode == TURN_NORMAL && !turn->error && !broker->turn_wanted &&
           turn->boot_ms >= broker->sweep_next_ms;
}

void sweep_step(struct turn *turn) {
    struct journey journey;
    int looked_at = 0;
    int repaired = 0;

    if (!is_due(turn))
        return;
    turn->sweep_row = turn->broker->sweep_row;
    turn->swept = true;
    while (looked_at < SLICE_JOURNEYS && !turn->error &&
           ledger_journey_above(turn->ledger, turn->sweep_row, &journey)) {
        turn->sweep_row = journey.row;
        repaired += sweep_journey(turn, &journey);
        looked_at++;
    }
    if (looked_at < SLICE_JOURNEYS)
        turn->sweep_row = 0; /* the last of them was among these */
    say(turn, repaired);
}

void sweep_hurry(struct turn *turn) {
    struct broker *broker = turn->broker;

    turn->swept = false; /* what it has seen, it has seen in time; the rest is older */
    broker->sweep_hurries = true;
    broker->sweep_row = 0;
    broker->sweep_next_ms = 0;
}

int64_t sweep_wakes_ms(const struct broker *broker) {
    const bool begins = broker->sweep_row == 0;

    return (begins || broker->sweep_hurries) && !broker->disk_short ? broker->sweep_next_ms : -1;
}

static int64_t interval_ms(const struct broker *broker) {
    return broker->sweep_row == 0  ? SWEEP_INTERVAL_MS
           : broker->sweep_hurries ? HURRY_INTERVAL_MS
                                   : SLICE_INTERVAL_MS;
}

void sweep_commit(struct turn *turn) {
    struct broker *broker = turn->broker;

    if (!turn->swept)
        return;
    broker->sweep_row = turn->sweep_row;
    broker->sweep_hurries = broker->sweep_hurries && broker->sweep_row != 0;
    broker->sweep_next_ms = turn->boot_ms + interval_ms(broker);
}
