/* Handovers: every state, every command, every person; and what the events fold to. The tables here
 * are those of the contract, written down a second time. */
#include "broker/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The table ---- */

/* Ways into each open state. */
static const struct {
    const char *moves;
    enum hv_handover_state state;
} ways[] = {
    {"", HV_HANDOVER_OFFERED},      {"s", HV_HANDOVER_OFFERED},     {"i", HV_HANDOVER_OFFERED},
    {"d", HV_HANDOVER_DELIVERED},   {"ds", HV_HANDOVER_DELIVERED},  {"di", HV_HANDOVER_DELIVERED},
    {"r", HV_HANDOVER_RECEIVED},    {"dr", HV_HANDOVER_RECEIVED},   {"rR", HV_HANDOVER_RECEIVED},
    {"drs", HV_HANDOVER_RECEIVED},  {"ri", HV_HANDOVER_RECEIVED},   {"p", HV_HANDOVER_PICKED_UP},
    {"dp", HV_HANDOVER_PICKED_UP},  {"rp", HV_HANDOVER_PICKED_UP},  {"rP", HV_HANDOVER_PICKED_UP},
    {"drp", HV_HANDOVER_PICKED_UP}, {"pP", HV_HANDOVER_PICKED_UP},  {"ps", HV_HANDOVER_PICKED_UP},
    {"pi", HV_HANDOVER_PICKED_UP},  {"rRp", HV_HANDOVER_PICKED_UP}, {"hph", HV_HANDOVER_PICKED_UP},
};

/* Every shape of an offer. */
static size_t offers_fill(struct sample_offer offers[16]) {
    size_t count = 0;

    for (int kind = 0; kind < 2; kind++)
        for (int disclose = 0; disclose < 2; disclose++)
            for (int dossier = 0; dossier < 2; dossier++)
                for (int within = 0; within < 2; within++)
                    offers[count++] = (struct sample_offer){
                        .kind = kind ? HV_KIND_WARM : HV_KIND_COLD,
                        .disclose = disclose ? HV_DISCLOSE_RECEIVED : HV_DISCLOSE_PICKED_UP,
                        .dossier = dossier,
                        .to = within ? "kcc" : "werkse",
                    };
    return count;
}

#define REFUSED 0

/* One command, the letter by which a sample makes it, and the state that each state becomes. */
static const struct {
    char move;
    enum hv_handover_state then[HV_HANDOVER_PICKED_UP + 1];
} commands[] = {
    /*      offered                delivered              received               picked-up */
    {'r', {0, HV_HANDOVER_RECEIVED, HV_HANDOVER_RECEIVED, HV_HANDOVER_RECEIVED, REFUSED}},
    {'p',
     {0, HV_HANDOVER_PICKED_UP, HV_HANDOVER_PICKED_UP, HV_HANDOVER_PICKED_UP,
      HV_HANDOVER_PICKED_UP}},
    {'i',
     {0, HV_HANDOVER_OFFERED, HV_HANDOVER_DELIVERED, HV_HANDOVER_RECEIVED, HV_HANDOVER_PICKED_UP}},
    {'s',
     {0, HV_HANDOVER_OFFERED, HV_HANDOVER_DELIVERED, HV_HANDOVER_RECEIVED, HV_HANDOVER_PICKED_UP}},
    {'c',
     {0, HV_HANDOVER_CONFIRMED, HV_HANDOVER_CONFIRMED, HV_HANDOVER_CONFIRMED,
      HV_HANDOVER_CONFIRMED}},
    {'n',
     {0, HV_HANDOVER_DECLINED, HV_HANDOVER_DECLINED, HV_HANDOVER_DECLINED, HV_HANDOVER_DECLINED}},
    {'w',
     {0, HV_HANDOVER_WITHDRAWN, HV_HANDOVER_WITHDRAWN, HV_HANDOVER_WITHDRAWN,
      HV_HANDOVER_WITHDRAWN}},
};

/* In every open state, reached in every way, each command leads where the contract says. */
static void test_every_open_state_takes_every_command(void **state) {
    struct sample_offer offers[16];
    const size_t offer_count = offers_fill(offers);
    struct sample sample;
    char moves[8];
    (void)state;

    for (size_t o = 0; o < offer_count; o++)
        for (size_t w = 0; w < COUNT(ways); w++)
            for (size_t c = 0; c < COUNT(commands); c++) {
                const enum hv_handover_state then = commands[c].then[ways[w].state];

                snprintf(moves, sizeof moves, "%s", ways[w].moves);
                sample_begin(&sample, offers[o], moves);
                assert_int_equal(sample.handover.state, ways[w].state);
                if (then == REFUSED)
                    continue; /* of its own below */
                snprintf(moves, sizeof moves, "%s%c", ways[w].moves, commands[c].move);
                sample_begin(&sample, offers[o], moves);
                if (sample.handover.state != then)
                    fail_msg("`%s` led to state %d, not %d", moves, (int)sample.handover.state,
                             (int)then);
            }
}

static void assert_takes_nothing(const struct handover *handover) {
    const struct hv_receive receive = sample_receive("anna", NULL);
    const struct hv_pickup pickup = sample_pickup("anna", NULL);
    const struct hv_introduce introduce = sample_introduce();
    const struct hv_supplement supplement = sample_supplement(handover->supplements + 1);
    const struct hv_confirm confirm = sample_confirm("anna");
    const struct hv_decline decline = sample_decline();
    const struct hv_withdraw withdraw = sample_withdraw();
    const uint8_t hash[32] = {0};
    const struct handover before = *handover;
    struct decision decision;

    handover_decide_receive(handover, &receive, &sample_receiver, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    handover_decide_pickup(handover, &pickup, &sample_receiver, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    handover_decide_introduce(handover, &introduce, &sample_receiver, SAMPLE_NOW_MS, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    handover_decide_supplement(handover, &supplement, hash, &sample_holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    handover_decide_confirm(handover, &confirm, &sample_receiver, SAMPLE_NOW_MS, 0, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    handover_decide_decline(handover, &decline, &sample_receiver, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    handover_decide_withdraw(handover, &withdraw, &sample_holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    assert_false(handover_is_delivered_by_ack(handover));
    assert_memory_equal(handover, &before, sizeof before);
}

/* An ended handover, however it came to its end, takes nothing any more. */
static void test_every_ended_state_refuses_every_command(void **state) {
    struct sample_offer offers[16];
    const size_t offer_count = offers_fill(offers);
    struct sample sample;
    char moves[8];
    (void)state;

    for (size_t o = 0; o < offer_count; o++)
        for (size_t w = 0; w < COUNT(ways); w++)
            for (const char *end = "cnw"; *end; end++) {
                snprintf(moves, sizeof moves, "%s%c", ways[w].moves, *end);
                sample_begin(&sample, offers[o], moves);
                assert_false(handover_is_open(&sample.handover));
                assert_takes_nothing(&sample.handover);
            }
}

/* A person does not take in hand what a begeleider has taken on already. */
static void test_receive_in_picked_up_is_a_conflict(void **state) {
    static const char *const persons[] = {"anna", "bram", "c.carla"};
    static const char *const instead[] = {NULL, "anna", "bram"};
    struct sample sample;
    (void)state;

    for (size_t w = 0; w < COUNT(ways); w++) {
        if (ways[w].state != HV_HANDOVER_PICKED_UP)
            continue;
        sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, ways[w].moves);
        for (size_t p = 0; p < COUNT(persons); p++)
            for (size_t i = 0; i < COUNT(instead); i++) {
                const struct hv_receive command = sample_receive(persons[p], instead[i]);
                handover_decide_receive(&sample.handover, &command, &sample_receiver,
                                        &sample.decision);
                assert_refused(&sample.decision, HV_REFUSED_CONFLICT, NULL);
            }
    }
}

/* Only the acknowledgement of an offer that nobody has touched makes it delivered. */
static void test_acknowledgement_delivers_once(void **state) {
    struct sample sample;
    (void)state;

    for (size_t w = 0; w < COUNT(ways); w++) {
        sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, ways[w].moves);
        assert_int_equal(handover_is_delivered_by_ack(&sample.handover),
                         ways[w].state == HV_HANDOVER_OFFERED);
    }
}

/* ---- Persons ---- */

/* `instead_of` compares and sets: it names who has it now, and is needed to take it from another. A
 * pick-up needs none from who only received. */
static bool person_may(bool picking_up, const struct handover *handover, const char *person,
                       const char *instead_of) {
    const bool has_picked_up = handover->picked_up_by[0] != '\0';
    const char *present =
        picking_up && has_picked_up ? handover->picked_up_by : handover->received_by;

    if (instead_of)
        return present[0] && strcmp(instead_of, present) == 0;
    if (!present[0] || strcmp(person, present) == 0)
        return true;
    return picking_up && !has_picked_up;
}

static void receive_or_pickup(struct sample *sample, bool picking_up, const char *person,
                              const char *instead_of) {
    const struct hv_receive receive = sample_receive(person, instead_of);
    const struct hv_pickup pickup = sample_pickup(person, instead_of);

    if (picking_up)
        handover_decide_pickup(&sample->handover, &pickup, &sample_receiver, &sample->decision);
    else
        handover_decide_receive(&sample->handover, &receive, &sample_receiver, &sample->decision);
}

/* A conflict about a person names who has it now. */
static void assert_names_present(const struct sample *sample) {
    const struct handover *handover = &sample->handover;
    const char *present =
        handover->picked_up_by[0] ? handover->picked_up_by : handover->received_by;

    assert_refused(&sample->decision, HV_REFUSED_CONFLICT, "instead_of");
    if (present[0] && !strstr(sample->decision.reason, present))
        fail_msg("`%s` does not name %s", sample->decision.reason, present);
}

static void test_every_person_in_every_state(void **state) {
    static const char *const persons[] = {"anna", "bram", "c.carla"};
    static const char *const instead[] = {NULL, "anna", "bram", "c.carla", "nobody"};
    struct sample sample;
    (void)state;

    for (size_t w = 0; w < COUNT(ways); w++)
        for (int picking_up = 0; picking_up < 2; picking_up++)
            for (size_t p = 0; p < COUNT(persons); p++)
                for (size_t i = 0; i < COUNT(instead); i++) {
                    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD},
                                 ways[w].moves);
                    if (!picking_up && ways[w].state == HV_HANDOVER_PICKED_UP)
                        continue;
                    const bool may =
                        person_may(picking_up, &sample.handover, persons[p], instead[i]);
                    receive_or_pickup(&sample, picking_up, persons[p], instead[i]);
                    if (!may) {
                        assert_names_present(&sample);
                        continue;
                    }
                    sample_fold(&sample);
                    assert_string_equal(picking_up ? sample.handover.picked_up_by
                                                   : sample.handover.received_by,
                                        persons[p]);
                }
}

/* Confirmed by another than who picked it up: whoever met the resident holds. */
static void test_another_may_confirm(void **state) {
    const struct hv_confirm command = sample_confirm("c.carla");
    struct sample sample;
    (void)state;

    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "rp");
    handover_decide_confirm(&sample.handover, &command, &sample_receiver, SAMPLE_NOW_MS, 0,
                            &sample.decision);
    sample_fold(&sample);
    assert_string_equal(sample.journey.holder.organisation, "werkse");
    assert_string_equal(sample.journey.holder.begeleider, "c.carla");
    assert_string_equal(sample.handover.picked_up_by, "anna");
}

static void pickup_planned(struct sample *sample, hv_time planned_ms) {
    struct hv_pickup command = sample_pickup("anna", NULL);

    command.has_planned = planned_ms != 0;
    command.planned = planned_ms;
    handover_decide_pickup(&sample->handover, &command, &sample_receiver, &sample->decision);
    sample_fold(sample);
}

/* A plan is set, changed, and taken away by a pick-up that names none. */
static void test_plans_change(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "");
    pickup_planned(&sample, SAMPLE_NOW_MS + 1000);
    const hv_time picked_up_ms = sample.handover.times_ms[HV_HANDOVER_PICKED_UP];
    assert_int_equal(sample.handover.planned_ms, SAMPLE_NOW_MS + 1000);
    pickup_planned(&sample, SAMPLE_NOW_MS + 2000);
    assert_int_equal(sample.handover.planned_ms, SAMPLE_NOW_MS + 2000);
    pickup_planned(&sample, 0);
    assert_int_equal(sample.handover.planned_ms, 0);
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_PICKED_UP], picked_up_ms);
}

/* ---- Offers ---- */

static void test_offer_says_what_was_said(void **state) {
    const struct hv_code domains[] = {{"debt"}, {"work"}};
    struct hv_offer command =
        sample_offer_of((struct sample_offer){HV_KIND_WARM, HV_DISCLOSE_RECEIVED, true, NULL});
    const struct journey journey = sample_journey();
    const uint8_t hash[32] = {7};
    struct decision decision;
    (void)state;

    command.has_age = true;
    command.age = 17;
    command.has_family = true;
    command.family = true;
    command.has_domains = true;
    command.domains.count = 2;
    command.domains.items = domains;
    command.has_on = true;
    command.on = SAMPLE_NOW_MS - 5;
    handover_decide_offer(&journey, NULL, &command, hash, &sample_holder, &decision);
    const struct hv_event *event = assert_decided(&decision, HV_EVENT_OFFERED);
    assert_memory_equal(&event->handover, &command.handover, sizeof event->handover);
    assert_string_equal(event->from, "kcc");
    assert_string_equal(event->to, "werkse");
    assert_string_equal(event->begeleider, "h.holder");
    assert_int_equal(event->kind, HV_KIND_WARM);
    assert_int_equal(event->urgency, HV_URGENCY_URGENT);
    assert_int_equal(event->disclose, HV_DISCLOSE_RECEIVED);
    assert_true(event->has_age && event->age == 17);
    assert_true(event->has_family && event->family);
    assert_int_equal(event->domains.count, 2);
    assert_true(event->has_on && event->on == SAMPLE_NOW_MS - 5);
    assert_memory_equal(event->dossier_hash, hash, sizeof hash);
    assert_false(event->has_resident);
}

/* The pseudonym goes over at the pick-up unless the offer says otherwise. */
static void test_offer_discloses_late_by_default(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "");
    assert_int_equal(sample.handover.disclose, HV_DISCLOSE_PICKED_UP);
    assert_false(sample.handover.disclosed);
    assert_false(sample.handover.has_dossier_hash);
}

/* The holder stays who it is; the urgency becomes the journey's. */
static void test_offer_moves_urgency_not_the_holder(void **state) {
    struct sample sample;
    (void)state;

    assert_int_equal(sample_journey().urgency, HV_URGENCY_ROUTINE);
    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "");
    assert_int_equal(sample.journey.urgency, HV_URGENCY_URGENT);
    assert_string_equal(sample.journey.holder.organisation, "kcc");
    assert_string_equal(sample.journey.holder.begeleider, "h.holder");
}

static void test_one_open_handover_per_journey(void **state) {
    struct hv_offer again = sample_offer_of((struct sample_offer){.kind = HV_KIND_COLD});
    struct sample sample;
    (void)state;

    again.handover = sample_uuid(3);
    for (size_t w = 0; w < COUNT(ways); w++) {
        sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, ways[w].moves);
        handover_decide_offer(&sample.journey, &sample.handover, &again, NULL, &sample_holder,
                              &sample.decision);
        assert_refused(&sample.decision, HV_REFUSED_CONFLICT, NULL);
    }
    /* After a decline the holder offers again. */
    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "n");
    handover_decide_offer(&sample.journey, NULL, &again, NULL, &sample_holder, &sample.decision);
    assert_decided(&sample.decision, HV_EVENT_OFFERED);
}

static void test_offer_needs_an_open_journey(void **state) {
    const struct hv_offer command = sample_offer_of((struct sample_offer){.kind = HV_KIND_COLD});
    struct journey journey = sample_journey();
    struct decision decision;
    (void)state;

    journey.state = HV_JOURNEY_CLOSING;
    handover_decide_offer(&journey, NULL, &command, NULL, &sample_holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
    journey.state = HV_JOURNEY_CLOSED;
    handover_decide_offer(&journey, NULL, &command, NULL, &sample_holder, &decision);
    assert_refused(&decision, HV_REFUSED_CONFLICT, NULL);
}

/* ---- Folding ---- */

/* Every state keeps the moment at which it was reached, whoever took over meanwhile. */
static void test_times_are_those_of_the_first_arrival(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "drRpPc");
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_OFFERED], SAMPLE_OFFERED_MS);
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_DELIVERED], SAMPLE_OFFERED_MS + 1000);
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_RECEIVED], SAMPLE_OFFERED_MS + 2000);
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_PICKED_UP], SAMPLE_OFFERED_MS + 4000);
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_CONFIRMED], SAMPLE_OFFERED_MS + 6000);
    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "pc");
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_DELIVERED], 0);
    assert_int_equal(sample.handover.times_ms[HV_HANDOVER_RECEIVED], 0);
}

/* Who held when it ended stays on record: the receiver after a confirmation, else who kept the
 * resident; a later reassignment changes nothing in it. */
static void test_end_holder_is_who_held_at_the_end(void **state) {
    static const struct {
        const char *moves, *organisation, *begeleider;
    } ends[] = {
        {"c", "werkse", "anna"},    {"n", "kcc", "h.holder"}, {"w", "kcc", "h.holder"},
        {"hn", "kcc", "h.other"},   {"hw", "kcc", "h.other"}, {"nh", "kcc", "h.holder"},
        {"rphc", "werkse", "anna"},
    };
    struct sample sample;
    (void)state;

    for (size_t i = 0; i < COUNT(ends); i++) {
        sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, ends[i].moves);
        assert_string_equal(sample.handover.end_holder.organisation, ends[i].organisation);
        assert_string_equal(sample.handover.end_holder.begeleider, ends[i].begeleider);
    }
}

/* The number of the event that ended it, among those of the same command. */
static void test_ended_seq_is_the_event_that_ended_it(void **state) {
    struct sample sample;
    (void)state;

    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "dn");
    assert_int_equal(sample.handover.ended_seq, 4); /* opened, offered, delivered, declined */
    sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, "sc");
    assert_int_equal(decision_count(&sample.decision, HV_EVENT_DOSSIER), 2);
    for (size_t i = 0; i < sample.decision.event_count; i++)
        if (sample.decision.events[i].event == HV_EVENT_CONFIRMED)
            assert_int_equal(sample.handover.ended_seq, 4 + i);
}

/* H2: no event but `confirmed` moves the organisation that holds. */
static void test_only_confirmed_moves_the_hold(void **state) {
    struct sample sample;
    char moves[8];
    (void)state;

    for (size_t w = 0; w < COUNT(ways); w++)
        for (const char *end = "cnw"; *end; end++) {
            snprintf(moves, sizeof moves, "%s%c", ways[w].moves, *end);
            sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_WARM}, ways[w].moves);
            assert_string_equal(sample.journey.holder.organisation, "kcc");
            sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_WARM}, moves);
            assert_string_equal(sample.journey.holder.organisation, *end == 'c' ? "werkse" : "kcc");
        }
}

/* What every event of a handover says of itself. */
static void test_events_name_who_said_them(void **state) {
    struct sample sample;
    (void)state;

    for (const char *move = "rpicnw"; *move; move++) {
        sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, (char[]){*move, '\0'});
        for (size_t i = 0; i < sample.decision.event_count; i++) {
            const struct hv_event *event = &sample.decision.events[i];
            const bool by_holder = *move == 'w' || *move == 'i';
            assert_true(event->has_journey && event->has_handover);
            assert_memory_equal(&event->journey, &sample.journey.id, sizeof event->journey);
            assert_memory_equal(&event->handover, &sample.handover.id, sizeof event->handover);
            assert_string_equal(event->organisation, by_holder ? "kcc" : "werkse");
            assert_true(event->has_role && event->role == HV_ROLE_ENDPOINT);
            assert_false(event->has_resident || event->has_seq || event->has_at);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_open_state_takes_every_command),
        cmocka_unit_test(test_every_ended_state_refuses_every_command),
        cmocka_unit_test(test_receive_in_picked_up_is_a_conflict),
        cmocka_unit_test(test_acknowledgement_delivers_once),
        cmocka_unit_test(test_every_person_in_every_state),
        cmocka_unit_test(test_another_may_confirm),
        cmocka_unit_test(test_plans_change),
        cmocka_unit_test(test_offer_says_what_was_said),
        cmocka_unit_test(test_offer_discloses_late_by_default),
        cmocka_unit_test(test_offer_moves_urgency_not_the_holder),
        cmocka_unit_test(test_one_open_handover_per_journey),
        cmocka_unit_test(test_offer_needs_an_open_journey),
        cmocka_unit_test(test_times_are_those_of_the_first_arrival),
        cmocka_unit_test(test_end_holder_is_who_held_at_the_end),
        cmocka_unit_test(test_ended_seq_is_the_event_that_ended_it),
        cmocka_unit_test(test_only_confirmed_moves_the_hold),
        cmocka_unit_test(test_events_name_who_said_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
