/* The whole broker but its sockets: one handover all its way, repeats, and what nobody but a party
 * may know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker_say.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void assert_holder(const struct hv_done *done, const char *organisation,
                          const char *begeleider) {
    assert_true(done->has_holder);
    assert_string_equal(done->holder.organisation, organisation);
    assert_string_equal(done->holder.begeleider, begeleider);
}

/* ---- All the way ---- */

/* First contact, offered with a dossier, delivered, received, picked up, introduced, confirmed: who
 * holds is known at every step, and moves at the last alone. */
static void test_warm_handover_all_the_way(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 10);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 10);
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "her story", &size);

    const struct hv_done *done = peer_does(kcc, say_open(1, "h.holder"));
    assert_string_equal(done->state, "open");
    assert_holder(done, "kcc", "h.holder");
    done = peer_does_with(kcc, say_offer(1, "werkse", HV_KIND_WARM), dossier, size);
    assert_string_equal(done->state, "offered");
    assert_holder(done, "kcc", "h.holder");
    assert_true(done->has_dossier_hash);

    const struct heard *item = peer_expect_item(werkse, HV_EVENT_OFFERED);
    assert_false(item->message.item.event.has_resident);
    assert_null(item->dossier);
    assert_int_equal(item->message.item.attempt, 1);
    (void)peer_does(werkse, say_ack(item->message.item.item));
    done = peer_does(kcc, say_handover_status(1));
    assert_string_equal(done->state, "delivered");

    done = peer_does(werkse, say_receive(1, "anna"));
    assert_string_equal(done->state, "received");
    assert_holder(done, "kcc", "h.holder");
    peer_acks(kcc, HV_EVENT_RECEIVED);
    peer_expect_silence(werkse); /* disclosed at the pick-up, and no sooner */

    done = peer_does(werkse, say_pickup(1, "anna"));
    assert_string_equal(done->state, "picked-up");
    assert_holder(done, "kcc", "h.holder");
    item = peer_expect_item(werkse, HV_EVENT_DOSSIER);
    assert_string_equal(item->message.item.event.resident, SAMPLE_RESIDENT);
    assert_int_equal(item->dossier_size, size);
    assert_memory_equal(item->dossier, dossier, size);
    (void)peer_does(werkse, say_ack(item->message.item.item));

    peer_may_not(werkse, say_confirm(world, 1, "anna"), HV_REFUSED_NOT_INTRODUCED, NULL);
    (void)peer_does(kcc, say_introduce(world, 1, "kcc", "werkse"));
    peer_acks(werkse, HV_EVENT_INTRODUCED);
    peer_acks(kcc, HV_EVENT_PICKED_UP);
    done = peer_does(werkse, say_confirm(world, 1, "anna"));
    assert_string_equal(done->state, "confirmed");
    assert_holder(done, "werkse", "anna");
    item = peer_expect_item(kcc, HV_EVENT_CONFIRMED);
    assert_string_equal(item->message.item.event.holder.organisation, "werkse");
    peer_acks(werkse, HV_EVENT_CONFIRMED);
    done = peer_does(werkse, say_status(1));
    assert_string_equal(done->state, "open");
    assert_holder(done, "werkse", "anna");
    peer_may_not(kcc, say_status(1), HV_REFUSED_UNKNOWN, NULL); /* it has let go */
}

/* Confirmed straight from offered: the pseudonym goes first, then the news. */
static void test_cold_confirmed_at_once(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 10);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 10);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    peer_acks(werkse, HV_EVENT_OFFERED);
    const struct hv_done *done = peer_does(werkse, say_confirm(world, 1, "anna"));
    assert_holder(done, "werkse", "anna");
    peer_acks(werkse, HV_EVENT_DOSSIER);
    peer_acks(werkse, HV_EVENT_CONFIRMED);
    peer_acks(kcc, HV_EVENT_CONFIRMED);
    peer_expect_silence(kcc);
    peer_expect_silence(werkse);
}

/* Everything of one turn is committed together, and judged in the order in which it came. */
static void test_one_turn_takes_a_whole_handover(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 10);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 10);
    const struct hv_message by_kcc[] = {say_open(1, "h.holder"),
                                        say_offer(1, "werkse", HV_KIND_COLD)};
    const struct hv_message by_werkse[] = {say_receive(1, "anna"), say_pickup(1, "anna"),
                                           say_confirm(world, 1, "anna")};

    for (size_t i = 0; i < COUNT(by_kcc); i++)
        peer_say(kcc, &by_kcc[i], NULL, 0);
    for (size_t i = 0; i < COUNT(by_werkse); i++)
        peer_say(werkse, &by_werkse[i], NULL, 0);
    world_turn(world);
    for (size_t i = 0; i < COUNT(by_kcc); i++)
        (void)peer_expect_done(kcc);
    int64_t seq = 0;
    for (size_t i = 0; i < COUNT(by_werkse); i++) {
        const struct hv_done *done = peer_expect_done(werkse);
        assert_true(done->seq > seq);
        seq = done->seq;
    }
    assert_holder(peer_does(werkse, say_status(1)), "werkse", "anna");
    assert_int_equal(peer_acks_all(werkse), 3); /* offered, dossier, confirmed */
    assert_int_equal(peer_acks_all(kcc), 3);    /* received, picked-up, confirmed */
}

/* ---- The end of a journey ---- */

static void hand_over(struct broker_world *world, struct peer *from, struct peer *to,
                      uint8_t handover) {
    struct hv_message offer = say_offer(1, to->organisation, HV_KIND_COLD);
    struct hv_message confirm = say_confirm(world, 1, "anna");

    offer.offer.handover = confirm.confirm.handover = handover_id(handover);
    (void)peer_does(from, offer);
    (void)peer_does(to, confirm);
}

/* How it ended is heard by who held it, and by who held it before: each once, also where that is
 * one and the same; not by who was only offered it. */
static void test_closed_is_heard_once_by_all_who_held(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 20);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 20);
    struct peer *support = peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 20);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    hand_over(world, kcc, werkse, 1);
    hand_over(world, werkse, kcc, 2);
    struct hv_message offer = say_offer(1, "support", HV_KIND_COLD);
    offer.offer.handover = handover_id(3);
    (void)peer_does(kcc, offer);
    struct hv_message decline = say_decline(3);
    (void)peer_does(support, decline);
    peer_acks_all(kcc);
    peer_acks_all(werkse);
    peer_acks_all(support);
    (void)peer_does(kcc, say_close(world, 1, "anna", HV_OUTCOME_HELPED));
    struct peer *const heard[] = {kcc, werkse};
    for (size_t i = 0; i < 2; i++) {
        const struct hv_event *event =
            &peer_expect_item(heard[i], HV_EVENT_CLOSED)->message.item.event;
        assert_int_equal(event->outcome, HV_OUTCOME_HELPED);
        assert_false(event->has_talked); /* how it ended, not what was said */
        peer_expect_silence(heard[i]);
    }
    peer_expect_silence(support);
}

/* A closing is heard by all who may have to do with it, and settled by a second person. */
static void test_closing_asks_a_second_person(void **state) {
    struct broker_world *world = *state;
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 20);
    struct peer *desk = peer_begin(world, "werkse", HV_ROLE_COORDINATOR, "desk", 20);
    struct peer *network = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 20);

    (void)peer_does(werkse, say_open(1, "anna"));
    assert_string_equal(
        peer_does(werkse, say_close(world, 1, "anna", HV_OUTCOME_NO_RESPONSE))->state, "closing");
    peer_acks(werkse, HV_EVENT_CLOSING);
    peer_acks(desk, HV_EVENT_CLOSING);
    peer_acks(network, HV_EVENT_CLOSING);
    const struct hv_done *done = peer_does(network, say_settle(world, 1, "c.coordinator", false));
    assert_string_equal(done->state, "open");
    assert_holder(done, "werkse", "anna");
    peer_acks(werkse, HV_EVENT_SETTLED);
    world_pass(world, 1000);
    (void)peer_does(werkse, say_close(world, 1, "anna", HV_OUTCOME_NO_SOLUTION));
    peer_acks(werkse, HV_EVENT_CLOSING);
    done = peer_does(network, say_settle(world, 1, "anna", true)); /* another anna */
    assert_string_equal(done->state, "closed");
    assert_holder(done, "werkse", "anna");
    peer_acks(werkse, HV_EVENT_CLOSED);
    peer_expect_silence(werkse);
}

/* ---- Repeats ---- */

/* Says each again: done, repeated, by the event that recorded it first, and nothing is recorded. */
static void assert_repeats(struct peer *peer, struct hv_message message, int64_t seq) {
    for (int again = 0; again < 2; again++)
        assert_int_equal(peer_repeats(peer, message)->seq, seq);
}

static void test_repeats_have_no_second_effect(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    const struct {
        struct peer *peer;
        struct hv_message message;
    } said[] = {
        {kcc, say_open(1, "h.holder")},
        {kcc, say_reassign(world, 1, "n.next", "h.holder")},
        {kcc, say_offer(1, "werkse", HV_KIND_WARM)},
        {werkse, say_receive(1, "anna")},
        {werkse, say_pickup(1, "anna")},
        {kcc, say_introduce(world, 1, "kcc", "werkse")},
        {werkse, say_introduce(world, 1, "kcc", "werkse")},
    };
    int64_t seqs[COUNT(said)];

    for (size_t i = 0; i < COUNT(said); i++) {
        seqs[i] = peer_does(said[i].peer, said[i].message)->seq;
        for (size_t before = 0; before <= i; before++)
            assert_repeats(said[before].peer, said[before].message, seqs[before]);
    }
    const int64_t newest = peer_does(kcc, say_handover_status(1))->seq;
    fake_world_pass(&world->fake, 86400000); /* a day later, and after a restart, it is the same */
    world_stop(world);
    world_start(world);
    peer_reconnect(kcc);
    peer_reconnect(werkse);
    peer_hello(kcc, 0);
    peer_hello(werkse, 0);
    for (size_t i = 0; i < COUNT(said); i++)
        assert_repeats(said[i].peer, said[i].message, seqs[i]);
    assert_int_equal(peer_does(kcc, say_handover_status(1))->seq, newest);
}

/* The same twice in one turn has its effect once. */
static void test_repeat_within_a_turn(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *other = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "two", 0);
    struct hv_message message = say_open(1, "h.holder");

    peer_say(kcc, &message, NULL, 0);
    sample_text(message.open.request, "another-name-for-it");
    peer_say(other, &message, NULL, 0);
    world_turn(world);
    const struct hv_done *first = peer_expect_done(kcc);
    const struct hv_done *second = peer_expect_done(other);
    assert_false(first->has_repeated && first->repeated);
    assert_true(second->has_repeated && second->repeated);
    assert_int_equal(first->seq, second->seq);
    assert_string_equal(second->request, "another-name-for-it");
}

/* Another `on` is another fact; an id that is taken with other content is a conflict. */
static void test_other_content_is_no_repeat(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct hv_message offer = say_offer(1, "werkse", HV_KIND_COLD);
    struct hv_message receive = say_receive(1, "anna");

    (void)peer_does(kcc, say_open(1, "h.holder"));
    peer_may_not(kcc, say_open(1, "somebody"), HV_REFUSED_CONFLICT, "journey");
    (void)peer_does(kcc, offer);
    offer.offer.kind = HV_KIND_WARM;
    peer_may_not(kcc, offer, HV_REFUSED_CONFLICT, "handover");
    (void)peer_does(werkse, receive);
    receive.receive.has_on = true;
    receive.receive.on = world->fake.wall_ms;
    (void)peer_does(werkse, receive);
    receive.receive.on--;
    (void)peer_does(werkse, receive);
    /* The id of a stranger's journey is taken too, and says no more. */
    peer_may_not(werkse, say_open(1, "h.holder"), HV_REFUSED_CONFLICT, "journey");
}

/* On an ended handover what ended it and its offer are repeats, and all else is a conflict. */
static void test_repeats_on_an_ended_handover(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);

    for (uint8_t journey = 1; journey <= 3; journey++) {
        const struct hv_message ends[] = {say_confirm(world, journey, "anna"), say_decline(journey),
                                          say_withdraw(journey)};
        const struct hv_message *end = &ends[journey - 1];
        struct peer *ender = journey == 3 ? kcc : werkse;
        (void)peer_does(kcc, say_open(journey, "h.holder"));
        const int64_t offered = peer_does(kcc, say_offer(journey, "werkse", HV_KIND_COLD))->seq;
        (void)peer_does(werkse, say_receive(journey, "anna"));
        const int64_t ended = peer_does(ender, *end)->seq;

        assert_repeats(ender, *end, ended);
        const struct hv_done *done = peer_repeats(kcc, say_offer(journey, "werkse", HV_KIND_COLD));
        assert_int_equal(done->seq, offered);
        assert_string_equal(done->state, journey == 1   ? "confirmed"
                                         : journey == 2 ? "declined"
                                                        : "withdrawn");
        assert_holder(done, journey == 1 ? "werkse" : "kcc", journey == 1 ? "anna" : "h.holder");
        peer_may_not(werkse, say_receive(journey, "anna"), HV_REFUSED_CONFLICT, NULL);
        peer_may_not(werkse, say_pickup(journey, "anna"), HV_REFUSED_CONFLICT, NULL);
        for (size_t other = 0; other < COUNT(ends); other++)
            if (&ends[other] != end)
                peer_may_not(other == 2 ? kcc : werkse, ends[other], HV_REFUSED_CONFLICT, NULL);
    }
}

/* An earlier holder is answered as things stood then, never as they are now. */
static void test_repeats_of_an_earlier_holder(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    const struct hv_message reassign = say_reassign(world, 1, "n.next", "h.holder");

    (void)peer_does(kcc, say_open(1, "h.holder"));
    const int64_t seq = peer_does(kcc, reassign)->seq;
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    (void)peer_does(werkse, say_confirm(world, 1, "anna"));
    (void)peer_does(werkse, say_close(world, 1, "anna", HV_OUTCOME_HELPED));

    const struct hv_done *done = peer_repeats(kcc, say_open(1, "h.holder"));
    assert_string_equal(done->state, "open");
    assert_holder(done, "kcc", "h.holder");
    done = peer_repeats(kcc, reassign);
    assert_int_equal(done->seq, seq);
    assert_string_equal(done->state, "open");
    assert_holder(done, "kcc", "n.next");
    /* What it never did is not there for it any more. */
    peer_may_not(kcc, say_close(world, 1, "n.next", HV_OUTCOME_MOVED), HV_REFUSED_UNKNOWN, NULL);
}

/* A reassignment that newer news has overtaken is a repeat. */
static void test_overtaken_reassignment(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    const struct hv_message older = say_reassign(world, 1, "o.older", "h.holder");

    (void)peer_does(kcc, say_open(1, "h.holder"));
    world_pass(world, 1000);
    const int64_t seq = peer_does(kcc, say_reassign(world, 1, "n.newer", "h.holder"))->seq;
    const struct hv_done *done = peer_repeats(kcc, older);
    assert_int_equal(done->seq, seq);
    assert_holder(done, "kcc", "n.newer");
}

/* ---- Strangers ---- */

/* To who is no party, what is there and what is not are one: word for word. */
static void test_strangers_learn_nothing(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *stranger = peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0);
    struct hv_message reopen[2] = {say_open(1, "anna"), say_open(2, "anna")};
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "story", &size);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    for (size_t i = 0; i < 2; i++) {
        reopen[i].open.has_reopens = true;
        reopen[i].open.reopens = true;
    }
    const struct hv_message asked[][2] = {
        {say_receive(1, "anna"), say_receive(2, "anna")},
        {say_pickup(1, "anna"), say_pickup(2, "anna")},
        {say_introduce(world, 1, "kcc", "support"), say_introduce(world, 2, "kcc", "support")},
        {say_confirm(world, 1, "anna"), say_confirm(world, 2, "anna")},
        {say_decline(1), say_decline(2)},
        {say_withdraw(1), say_withdraw(2)},
        {say_supplement(1, 1), say_supplement(2, 1)},
        {say_fetch(1), say_fetch(2)},
        {say_status(1), say_status(2)},
        {say_handover_status(1), say_handover_status(2)},
        {say_history(1), say_history(2)},
        {say_offer(1, "werkse", HV_KIND_COLD), say_offer(2, "werkse", HV_KIND_COLD)},
        {say_reassign(world, 1, "anna", "h.holder"), say_reassign(world, 2, "anna", "h.holder")},
        {say_close(world, 1, "anna", HV_OUTCOME_HELPED),
         say_close(world, 2, "anna", HV_OUTCOME_HELPED)},
        {reopen[0], reopen[1]},
        {say_settle(world, 1, "anna", true), say_settle(world, 2, "anna", true)},
    };
    for (size_t i = 0; i < COUNT(asked); i++) {
        const char *reasons[2];
        for (size_t there = 0; there < 2; there++) {
            const bool sealed = asked[i][there].type == HV_MESSAGE_supplement;
            peer_say(stranger, &asked[i][there], sealed ? dossier : NULL, size);
            world_settle(world);
            const struct heard *heard = peer_next_answer(stranger);
            assert_non_null(heard);
            assert_int_equal(heard->message.type, HV_MESSAGE_refused);
            assert_int_equal(heard->message.refused.code, HV_REFUSED_UNKNOWN);
            assert_false(heard->message.refused.has_field);
            reasons[there] = heard->message.refused.reason;
        }
        assert_string_equal(reasons[0], reasons[1]);
    }
    peer_expect_silence(stranger);
}

/* A party of the wrong side, and a party in the wrong role, is forbidden. */
static void test_parties_have_their_sides(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *network = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 0);
    struct peer *coordinator = peer_begin(world, "werkse", HV_ROLE_COORDINATOR, "desk", 0);
    struct peer *ops = peer_begin(world, "kcc", HV_ROLE_OPERATOR, "ops", 0);
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "story", &size);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    peer_may_not(kcc, say_receive(1, "anna"), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(kcc, say_pickup(1, "anna"), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(kcc, say_confirm(world, 1, "anna"), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(kcc, say_decline(1), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(kcc, say_fetch(1), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(werkse, say_withdraw(1), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(werkse, say_close(world, 1, "anna", HV_OUTCOME_HELPED), HV_REFUSED_FORBIDDEN,
                 NULL);
    const struct hv_message supplement = say_supplement(1, 1);
    peer_say(werkse, &supplement, dossier, size);
    world_settle(world);
    peer_expect_refused(werkse, HV_REFUSED_FORBIDDEN, NULL);
    struct peer *const coordinators[] = {network, coordinator};
    for (size_t i = 0; i < 2; i++) {
        peer_may_not(coordinators[i], say_receive(1, "anna"), HV_REFUSED_FORBIDDEN, NULL);
        peer_may_not(coordinators[i], say_withdraw(1), HV_REFUSED_FORBIDDEN, NULL);
        (void)peer_does(coordinators[i], say_handover_status(1));
        (void)peer_does(coordinators[i], say_status(1));
    }
    peer_may_not(ops, say_status(1), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(ops, say_history(1), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(ops, say_withdraw(1), HV_REFUSED_UNKNOWN, NULL);
}

/* What a party reads of a history: all for the holder, its own handovers for others; and reading is
 * recorded. */
static void test_history_is_open_to_parties(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);

    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    (void)peer_does(werkse, say_pickup(1, "anna"));
    const struct hv_done *done = peer_does(kcc, say_history(1));
    assert_int_equal(done->events.count, 4); /* opened, offered, picked-up, dossier */
    assert_string_equal(done->events.items[0].resident, SAMPLE_RESIDENT);
    done = peer_does(werkse, say_history(1));
    assert_int_equal(done->events.count, 3);
    for (size_t i = 0; i < done->events.count; i++) {
        assert_true(done->events.items[i].has_handover);
        assert_false(done->events.items[i].has_resident);
    }
    done = peer_does(kcc, say_history(1));
    assert_int_equal(done->events.count, 6);
    assert_int_equal(done->events.items[4].event, HV_EVENT_READ);
    assert_string_equal(done->events.items[5].organisation, "werkse");
    /* After a confirmation the earlier holder reads its handover, and the new one all. */
    (void)peer_does(werkse, say_confirm(world, 1, "anna"));
    done = peer_does(werkse, say_history(1));
    assert_int_equal(done->events.items[0].event, HV_EVENT_OPENED);
    done = peer_does(kcc, say_history(1));
    assert_int_equal(done->events.items[0].event, HV_EVENT_OFFERED);
    assert_int_equal(done->events.items[done->events.count - 1].event, HV_EVENT_CONFIRMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_warm_handover_all_the_way),
        BROKER_TEST(test_cold_confirmed_at_once),
        BROKER_TEST(test_one_turn_takes_a_whole_handover),
        BROKER_TEST(test_closed_is_heard_once_by_all_who_held),
        BROKER_TEST(test_closing_asks_a_second_person),
        BROKER_TEST(test_repeats_have_no_second_effect),
        BROKER_TEST(test_repeat_within_a_turn),
        BROKER_TEST(test_other_content_is_no_repeat),
        BROKER_TEST(test_repeats_on_an_ended_handover),
        BROKER_TEST(test_repeats_of_an_earlier_holder),
        BROKER_TEST(test_overtaken_reassignment),
        BROKER_TEST(test_strangers_learn_nothing),
        BROKER_TEST(test_parties_have_their_sides),
        BROKER_TEST(test_history_is_open_to_parties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
