/* Timekeeping: the clock of a turn. */
#include "broker/timekeeping.h"

#include <stdio.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/journal.h"
#include "broker/record.h"
#include "broker/sweep.h"

static struct clock_reading read_machine(const struct world *world) {
    struct clock_reading reading = {
        .wall_ms = world->wall_ms(world->context),
        .boot_ms = world->boot_ms(world->context),
        .synchronised = world->synchronised(world->context),
    };

    world->boot_id(world->context, reading.boot_id);
    return reading;
}

static void take(struct turn *turn, bool accept) {
    const struct clock_reading reading = read_machine(turn->broker->world);

    turn->now_ms = clock_take(&turn->broker->clock, &reading, accept, &turn->clock);
    turn->boot_ms = reading.boot_ms;
}

void timekeeping_begin(struct turn *turn) {
    take(turn, false);
}

hv_time timekeeping_now_ms(const struct broker *broker) {
    const struct clock_reading reading = read_machine(broker->world);
    struct clock ignored;

    return clock_take(&broker->clock, &reading, false, &ignored);
}

static bool doubt_changed(const struct turn *turn) {
    return turn->clock.doubted != turn->broker->clock.doubted;
}

/* A start knows by it how long the machine was off: no more than a week is believed. */
#define KEEP_EVERY_MS (CALENDAR_HOUR_MS / 2)

void timekeeping_keep(struct turn *turn) {
    if (turn->mode == TURN_READ_ONLY || turn->error)
        return;
    if (doubt_changed(turn)) {
        const struct hv_event event = {
            .event = HV_EVENT_CLOCK,
            .has_doubted = true,
            .doubted = turn->clock.doubted,
        };
        (void)record_network_event(turn, &event);
    }
    if (!ledger_has_written(turn->ledger) &&
        turn->boot_ms < turn->broker->clock_kept_ms + KEEP_EVERY_MS)
        return;
    ledger_clock_put(turn->ledger, &turn->clock);
    turn->clock_kept = true;
}

void timekeeping_commit(struct turn *turn) {
    char ahead[24];
    const struct journal_field fields[] = {{"HOUVAST_CLOCK_AHEAD_MS", ahead}, {NULL, NULL}};
    const int64_t ahead_ms = clock_ahead_ms(&turn->clock);
    const bool changed = doubt_changed(turn);

    if (turn->broker->clock.now_ms &&
        clock_put_back_ms(&turn->broker->clock, &turn->clock) > CLOCK_STEP_MS)
        sweep_hurry(turn);
    if (turn->clock_kept)
        turn->broker->clock_kept_ms = turn->boot_ms;
    turn->broker->clock = turn->clock;
    if (!changed)
        return;
    (void)snprintf(ahead, sizeof ahead, "%lld", (long long)ahead_ms);
    if (turn->clock.doubted)
        journal_say(JOURNAL_CLOCK_DOUBTED, fields,
                    "the machine's clock is %lld minutes %s the time that has passed, and is "
                    "not obeyed: set it right, or say `houvast clock-accept` if it is right",
                    (long long)((ahead_ms < 0 ? -ahead_ms : ahead_ms) + CALENDAR_MINUTE_MS / 2) /
                        CALENDAR_MINUTE_MS,
                    ahead_ms < 0 ? "behind" : "ahead of");
    else
        journal_say(JOURNAL_CLOCK_TRUSTED, fields, "the machine's clock is obeyed again");
}

bool timekeeping_take(struct request *request) {
    struct turn *turn = request->turn;
    struct hv_message message;

    if (request->message.type != HV_MESSAGE_clock_accept)
        return false;
    if (turn->mode == TURN_READ_ONLY) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full to the last byte; ask again later");
        return true;
    }
    if (request->actor.role != HV_ROLE_OPERATOR) {
        answer_forbidden(request, "an operator");
        return true;
    }
    if (turn->clock.doubted)
        take(turn, true);
    (void)answer_begin(request, &message);
    answer_done(request, &message, ledger_seq(turn->ledger));
    return true;
}
