/* Actors, journeys and handovers for the tests of the rooms that decide. */
#include "core_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

const struct actor sample_holder = {.organisation = "kcc", .role = HV_ROLE_ENDPOINT};
const struct actor sample_receiver = {.organisation = "werkse", .role = HV_ROLE_ENDPOINT};
const struct actor sample_coordinator = {
    .organisation = "kcc", .role = HV_ROLE_COORDINATOR, .of_network = true};

static const uint8_t dossier_hash[32] = {0xd0, 0x55};

struct hv_uuid sample_uuid(uint8_t number) {
    struct hv_uuid uuid = {{0x01, 0x93, [6] = 0x70, [8] = 0x80}};

    uuid.bytes[15] = number;
    return uuid;
}

/* ---- Commands ---- */

struct hv_offer sample_offer_of(struct sample_offer offer) {
    struct hv_offer command = {
        .journey = sample_uuid(1),
        .handover = sample_uuid(2),
        .kind = offer.kind,
        .urgency = HV_URGENCY_URGENT,
        .has_disclose = offer.disclose != 0,
        .disclose = offer.disclose,
    };

    sample_text(command.request, "offer");
    sample_text(command.to, offer.to ? offer.to : "werkse");
    sample_text(command.begeleider, "h.holder");
    return command;
}

struct hv_receive sample_receive(const char *begeleider, const char *instead_of) {
    struct hv_receive command = {.handover = sample_uuid(2), .has_instead_of = instead_of != NULL};

    sample_text(command.request, "receive");
    sample_text(command.begeleider, begeleider);
    sample_text(command.instead_of, instead_of ? instead_of : "");
    return command;
}

struct hv_pickup sample_pickup(const char *begeleider, const char *instead_of) {
    struct hv_pickup command = {.handover = sample_uuid(2), .has_instead_of = instead_of != NULL};

    sample_text(command.request, "pickup");
    sample_text(command.begeleider, begeleider);
    sample_text(command.instead_of, instead_of ? instead_of : "");
    return command;
}

struct hv_confirm sample_confirm(const char *begeleider) {
    struct hv_confirm command = {
        .handover = sample_uuid(2),
        .contact = {.on = SAMPLE_NOW_MS, .how = HV_CONTACT_VISITED, .with = HV_CONTACT_RESIDENT},
    };

    sample_text(command.request, "confirm");
    sample_text(command.begeleider, begeleider);
    return command;
}

struct hv_decline sample_decline(void) {
    struct hv_decline command = {.handover = sample_uuid(2), .decided = HV_DECIDED_RECEIVER};

    sample_text(command.request, "decline");
    sample_text(command.reason, "no-room");
    return command;
}

struct hv_withdraw sample_withdraw(void) {
    struct hv_withdraw command = {.handover = sample_uuid(2)};

    sample_text(command.request, "withdraw");
    sample_text(command.reason, "consent-withdrawn");
    return command;
}

struct hv_supplement sample_supplement(int64_t number) {
    struct hv_supplement command = {.handover = sample_uuid(2), .number = number};

    sample_text(command.request, "supplement");
    return command;
}

struct hv_introduce sample_introduce(void) {
    static const struct hv_attendee both[] = {{"kcc", "h.holder"}, {"werkse", "anna"}};
    struct hv_introduce command = {
        .handover = sample_uuid(2),
        .on = SAMPLE_NOW_MS,
        .how = HV_INTRODUCTION_JOINT,
        .present = {.count = 2, .items = both},
        .resident = true,
    };

    sample_text(command.request, "introduce");
    return command;
}

struct hv_reassign sample_reassign(const char *to, const char *instead_of, hv_time on_ms) {
    struct hv_reassign command = {.journey = sample_uuid(1), .on = on_ms};

    sample_text(command.request, "reassign");
    sample_text(command.begeleider, to);
    sample_text(command.instead_of, instead_of);
    sample_text(command.reason, "holiday");
    return command;
}

struct hv_close sample_close(enum hv_outcome outcome, bool talked) {
    struct hv_close command = {
        .journey = sample_uuid(1),
        .outcome = outcome,
        .has_talked = talked,
        .has_no_talk = !talked,
    };

    sample_text(command.request, "close");
    sample_text(command.begeleider, "h.holder");
    command.talked.on = SAMPLE_NOW_MS;
    sample_text(command.talked.begeleider, "h.holder");
    sample_text(command.no_talk, "no-answer");
    return command;
}

/* ---- Folding ---- */

/* What must be true of every handover, whatever led to it. */
static void assert_whole(const struct handover *handover) {
    const bool is_open = handover_is_open(handover);
    const hv_time *times_ms = handover->times_ms;
    hv_time latest_ms = 0;

    assert_int_not_equal(times_ms[handover->state], 0);
    for (int state = 0; state < HANDOVER_STATE_COUNT; state++) {
        if (times_ms[state] && times_ms[state] < latest_ms)
            fail_msg("state %d was reached before an earlier one", state);
        if (times_ms[state])
            latest_ms = times_ms[state];
        if (state > (int)handover->state)
            assert_int_equal(times_ms[state], 0);
    }
    assert_int_not_equal(handover->from[0], '\0');
    assert_int_not_equal(handover->to[0], '\0');
    assert_int_equal(is_open, handover->ended_seq == 0);
    assert_int_equal(is_open, handover->end_holder.organisation[0] == '\0');
    assert_int_equal(is_open, handover->end_holder.begeleider[0] == '\0');
    assert_int_equal(handover->received_by[0] != '\0', times_ms[HV_HANDOVER_RECEIVED] != 0);
    assert_int_equal(handover->picked_up_by[0] != '\0', times_ms[HV_HANDOVER_PICKED_UP] != 0);
    if (times_ms[HV_HANDOVER_PICKED_UP] || times_ms[HV_HANDOVER_CONFIRMED])
        assert_true(handover->disclosed);
    if (handover->state == HV_HANDOVER_DECLINED || handover->state == HV_HANDOVER_WITHDRAWN)
        assert_true(handover->deleted);
    if (is_open)
        assert_false(handover->deleted);
    if (handover->as) {
        assert_int_equal(handover->state, HV_HANDOVER_CONFIRMED);
        assert_int_equal(handover->kind, HV_KIND_WARM);
        assert_false(handover->introduced);
    }
    assert_int_equal(handover->as != 0, handover->as_reason[0] != '\0');
    assert_in_range(handover->supplements, 0, HANDOVER_SUPPLEMENTS_MAX);
}

void sample_fold(struct sample *sample) {
    const struct decision *decision = &sample->decision;

    if (decision->refusal)
        fail_msg("refused: %s", decision->reason);
    assert_in_range(decision->event_count, 1, DECISION_EVENTS_MAX);
    for (size_t i = 0; i < decision->event_count; i++) {
        const struct hv_event *event = &decision->events[i];

        sample->seq++;
        journey_fold(&sample->journey, event, sample->now_ms);
        if (event->has_handover)
            handover_fold(&sample->handover, event, sample->seq, sample->now_ms,
                          &sample->journey.holder);
    }
    assert_whole(&sample->handover);
    sample->now_ms += 1000;
}

/* ---- Where tests begin ---- */

struct journey sample_journey(void) {
    struct hv_open command = {
        .journey = sample_uuid(1),
        .basis = HV_BASIS_PUBLIC_TASK,
        .urgency = HV_URGENCY_ROUTINE,
    };
    struct journey journey = {0};
    struct decision decision;

    sample_text(command.request, "open");
    sample_text(command.resident, SAMPLE_RESIDENT);
    sample_text(command.begeleider, "h.holder");
    journey_decide_open(NULL, &command, &sample_holder, &decision);
    assert_decided(&decision, HV_EVENT_OPENED);
    journey_fold(&journey, &decision.events[0], SAMPLE_OPENED_MS);
    return journey;
}

/* Folds every event of a decision about the journey alone. */
void sample_journey_fold(struct journey *journey, const struct decision *decision, hv_time at_ms) {
    if (decision->refusal)
        fail_msg("refused: %s", decision->reason);
    for (size_t i = 0; i < decision->event_count; i++)
        journey_fold(journey, &decision->events[i], at_ms);
    assert_int_not_equal(journey->holder.organisation[0], '\0'); /* H1 */
    assert_int_not_equal(journey->holder.begeleider[0], '\0');
}

struct journey sample_journey_closing(void) {
    const struct hv_close command = sample_close(HV_OUTCOME_NO_RESPONSE, false);
    struct journey journey = sample_journey();
    struct decision decision;

    journey_decide_close(&journey, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    assert_int_equal(journey.state, HV_JOURNEY_CLOSING);
    return journey;
}

struct journey sample_journey_closed(void) {
    const struct hv_close command = sample_close(HV_OUTCOME_HELPED, true);
    struct journey journey = sample_journey();
    struct decision decision;

    journey_decide_close(&journey, NULL, &command, &sample_holder, SAMPLE_NOW_MS, &decision);
    sample_journey_fold(&journey, &decision, SAMPLE_NOW_MS);
    assert_int_equal(journey.state, HV_JOURNEY_CLOSED);
    return journey;
}

/* An event that no command decides. */
static void decide_event(struct sample *sample, enum hv_event_name name) {
    decision_init(&sample->decision);
    (void)decision_event(&sample->decision, name, &sample_receiver, &sample->journey.id,
                         &sample->handover.id);
}

static void decide_confirm(struct sample *sample) {
    struct hv_confirm command = sample_confirm("anna");

    command.contact.on = sample->now_ms;
    if (sample->handover.kind == HV_KIND_WARM && !sample->handover.introduced) {
        command.has_as = true;
        command.as = HV_TAKEN_AS_COLD;
        command.has_reason = true;
        sample_text(command.reason, "came-by-herself");
    }
    handover_decide_confirm(&sample->handover, &command, &sample_receiver, sample->now_ms, 1000,
                            &sample->decision);
}

static void decide_reassign(struct sample *sample) {
    const struct hv_reassign command =
        sample_reassign("h.other", sample->journey.holder.begeleider, sample->now_ms);

    journey_decide_reassign(&sample->journey, &command, &sample_holder, sample->now_ms,
                            &sample->decision);
}

static void decide_introduce(struct sample *sample) {
    static const struct hv_attendee within[] = {{"kcc", "h.holder"}, {"kcc", "anna"}};
    struct hv_introduce command = sample_introduce();

    if (strcmp(sample->handover.from, sample->handover.to) == 0)
        command.present.items = within;
    handover_decide_introduce(&sample->handover, &command, &sample_holder, SAMPLE_NOW_MS,
                              &sample->decision);
}

static void decide_move(struct sample *sample, char move) {
    const struct handover *handover = &sample->handover;
    const char *who = move == 'r' || move == 'p' ? "anna" : "bram";
    struct decision *decision = &sample->decision;

    if (move == 'd') {
        assert_true(handover_is_delivered_by_ack(handover));
        decide_event(sample, HV_EVENT_DELIVERED);
    } else if (move == 'x') {
        decide_event(sample, HV_EVENT_DELETED);
    } else if (move == 'r' || move == 'R') {
        const char *before = handover->received_by[0] ? handover->received_by : NULL;
        const struct hv_receive command = sample_receive(who, before);
        handover_decide_receive(handover, &command, &sample_receiver, decision);
    } else if (move == 'p' || move == 'P') {
        const char *before = handover->picked_up_by[0] ? handover->picked_up_by : NULL;
        const struct hv_pickup command = sample_pickup(who, before);
        handover_decide_pickup(handover, &command, &sample_receiver, decision);
    } else if (move == 'i') {
        decide_introduce(sample);
    } else if (move == 's') {
        const struct hv_supplement command = sample_supplement(handover->supplements + 1);
        handover_decide_supplement(handover, &command, dossier_hash, &sample_holder, decision);
    } else if (move == 'c') {
        decide_confirm(sample);
    } else if (move == 'n') {
        const struct hv_decline command = sample_decline();
        handover_decide_decline(handover, &command, &sample_receiver, decision);
    } else if (move == 'w') {
        const struct hv_withdraw command = sample_withdraw();
        handover_decide_withdraw(handover, &command, &sample_holder, decision);
    } else if (move == 'h') {
        decide_reassign(sample);
    } else {
        fail_msg("there is no move `%c`", move);
    }
}

void sample_begin(struct sample *sample, struct sample_offer offer, const char *moves) {
    const struct hv_offer command = sample_offer_of(offer);

    *sample = (struct sample){.journey = sample_journey(), .seq = 1, .now_ms = SAMPLE_OFFERED_MS};
    handover_decide_offer(&sample->journey, NULL, &command, offer.dossier ? dossier_hash : NULL,
                          &sample_holder, &sample->decision);
    sample_fold(sample);
    for (; *moves; moves++) {
        decide_move(sample, *moves);
        sample_fold(sample);
    }
}

/* ---- Looking at decisions ---- */

size_t decision_count(const struct decision *decision, enum hv_event_name name) {
    size_t count = 0;

    for (size_t i = 0; i < decision->event_count; i++)
        count += decision->events[i].event == name;
    return count;
}

const struct hv_event *decision_find(const struct decision *decision, enum hv_event_name name) {
    for (size_t i = 0; i < decision->event_count; i++)
        if (decision->events[i].event == name)
            return &decision->events[i];
    return NULL;
}

void decision_assert_refused(const struct decision *decision, enum hv_refusal code,
                             const char *field, const char *file, int line) {
    const char *found = decision->refusal
                            ? wire_word_text(&wire_vocabulary_refusal, (int)decision->refusal)
                            : "no refusal";

    if (decision->refusal != code || decision->event_count > 0 || decision->repeated) {
        print_error("%s:%d: expected %s, got %s\n", file, line,
                    wire_word_text(&wire_vocabulary_refusal, (int)code), found);
        _fail(file, line);
    }
    if (strcmp(decision->field ? decision->field : "", field ? field : "") != 0) {
        print_error("%s:%d: expected the field %s, got %s\n", file, line, field ? field : "(none)",
                    decision->field ? decision->field : "(none)");
        _fail(file, line);
    }
    if (!decision->reason[0]) {
        print_error("%s:%d: a refusal without a sentence\n", file, line);
        _fail(file, line);
    }
}

const struct hv_event *decision_assert_decided(const struct decision *decision,
                                               enum hv_event_name name, const char *file,
                                               int line) {
    if (decision->refusal || decision->event_count != 1 || decision->events[0].event != name) {
        print_error("%s:%d: expected the one event %s, got %s (%zu events)\n", file, line,
                    wire_word_text(&wire_vocabulary_event_name, (int)name),
                    decision->refusal ? decision->reason : "others", decision->event_count);
        _fail(file, line);
    }
    return &decision->events[0];
}
