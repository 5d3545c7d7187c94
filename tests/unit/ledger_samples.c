/* A ledger in a folder of its own. */
#include "ledger_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "broker/phase.h"

void ledger_sample_open(struct ledger_sample *sample) {
    struct failure failure;

    if (ledger_open(sample->folder, &sample->fake.world, &sample->ledger, &failure) < 0)
        fail_msg("%s", failure.text);
}

void ledger_sample_close(struct ledger_sample *sample) {
    ledger_close(sample->ledger);
    sample->ledger = NULL;
}

int ledger_sample_setup(void **state) {
    struct ledger_sample *sample = calloc(1, sizeof *sample);
    struct sample_network files;

    if (!sample || sodium_init() < 0 || !msgpack_zone_init(&sample->zone, 1024))
        return -1;
    sample_network_init(&files);
    sample->network = sample_network_parse(&files);
    sample_network_fini(&files);
    fake_world_init(&sample->fake, 1);
    scratch_make(sample->folder);
    ledger_sample_open(sample);
    *state = sample;
    return 0;
}

int ledger_sample_teardown(void **state) {
    struct ledger_sample *sample = *state;

    ledger_sample_close(sample);
    scratch_remove(sample->folder);
    msgpack_zone_destroy(&sample->zone);
    network_free(sample->network);
    free(sample);
    return 0;
}

void ledger_sample_commit(struct ledger_sample *sample) {
    assert_int_equal(ledger_commit(sample->ledger), 0);
}

/* The event as it is recorded: what runs from then is part of it. */
static void fold(struct ledger_sample *sample, struct hv_event *event, struct journey *journey,
                 struct handover *handover, struct runs *runs) {
    const struct run_rules rules = {.network = sample->network, .now_ms = sample->fake.wall_ms};

    journey_fold(journey, event, sample->fake.wall_ms);
    if (handover)
        handover_fold(handover, event, ledger_seq(sample->ledger) + 1, sample->fake.wall_ms,
                      &journey->holder);
    phase_after(event, journey, handover, &rules, runs);
    if (runs_equal(runs, &journey->runs))
        return;
    event->has_runs = true;
    event->runs.count = runs->count;
    event->runs.items = runs->items;
    journey->runs = *runs;
}

static int64_t record_one(struct ledger_sample *sample, struct hv_event event,
                          struct journey *journey, struct handover *handover,
                          struct ledger_cause cause) {
    struct handover *of_event = event.has_handover ? handover : NULL;
    struct runs runs;

    fold(sample, &event, journey, of_event, &runs);
    ledger_journey_put(sample->ledger, journey);
    if (of_event) {
        of_event->journey_row = journey->row;
        ledger_handover_put(sample->ledger, of_event);
    }
    return ledger_event_append(sample->ledger, &event, sample->fake.wall_ms, journey->row,
                               of_event ? of_event->row : 0, cause);
}

int64_t ledger_sample_record(struct ledger_sample *sample, const struct decision *decision,
                             struct journey *journey, struct handover *handover,
                             const uint8_t command[16]) {
    struct ledger_cause cause = {.has_command = command != NULL};
    int64_t first = 0;

    if (decision->refusal)
        fail_msg("refused: %s", decision->reason);
    if (command)
        memcpy(cause.command, command, sizeof cause.command);
    for (size_t i = 0; i < decision->event_count; i++) {
        const int64_t seq = record_one(sample, decision->events[i], journey, handover, cause);
        assert_int_equal(seq, ledger_seq(sample->ledger));
        if (i == 0)
            first = seq;
        cause = (struct ledger_cause){.first = first};
    }
    fake_world_pass(&sample->fake, 1000);
    return first;
}

struct journey ledger_sample_journey(struct ledger_sample *sample, uint8_t number) {
    struct hv_open command = {
        .journey = sample_uuid(number),
        .basis = HV_BASIS_LEGAL_DUTY,
        .urgency = HV_URGENCY_ROUTINE,
    };
    struct decision decision;
    struct journey journey = {0};

    sample_text(command.resident, SAMPLE_RESIDENT);
    sample_text(command.begeleider, "h.holder");
    journey_decide_open(NULL, &command, &sample_holder, &decision);
    ledger_sample_record(sample, &decision, &journey, NULL, NULL);
    return journey;
}

struct handover ledger_sample_handover(struct ledger_sample *sample, struct journey *journey,
                                       uint8_t number) {
    struct hv_offer command = sample_offer_of((struct sample_offer){.kind = HV_KIND_COLD});
    struct decision decision;
    struct handover handover = {0};

    command.journey = journey->id;
    command.handover = sample_uuid((uint8_t)(100 + number));
    handover_decide_offer(journey, NULL, &command, NULL, &sample_holder, &decision);
    ledger_sample_record(sample, &decision, journey, &handover, NULL);
    return handover;
}

int64_t ledger_sample_event(struct ledger_sample *sample, enum hv_event_name name,
                            const struct journey *journey, const struct handover *handover) {
    struct hv_event event = {
        .event = name,
        .has_journey = true,
        .journey = journey->id,
        .has_handover = handover != NULL,
    };

    if (handover)
        event.handover = handover->id;
    return ledger_event_append(sample->ledger, &event, sample->fake.wall_ms, journey->row,
                               handover ? handover->row : 0, (struct ledger_cause){0});
}
