/* Nobody waits unseen: what the broker promises about time, over days, outages, clocks and reloads.
 * One small story for each way in which a promise might be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker_say.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define YEAR_MS   (365 * DAY_MS)

/* ---- Stories ---- */

/* Somebody of that organisation with a new session: those of before have not said a word for hours.
 */
static struct peer *fresh(struct broker_world *world, const char *organisation, enum hv_role role,
                          int64_t credit) {
    char instance[16];

    snprintf(instance, sizeof instance, "i%zu", world->peer_count);
    return peer_begin(world, organisation, role, instance, credit);
}

static struct hv_message crisis_offer(uint8_t journey) {
    struct hv_message message = say_offer(journey, "werkse", HV_KIND_COLD);

    message.offer.urgency = HV_URGENCY_CRISIS;
    return message;
}

/* support holds somebody in a crisis and has offered them to werkse. */
static void offered(struct broker_world *world, uint8_t journey) {
    struct peer *support = fresh(world, "support", HV_ROLE_ENDPOINT, 0);
    struct hv_message open = say_open(journey, "h.holder");

    open.open.urgency = HV_URGENCY_CRISIS;
    (void)peer_does(support, open);
    (void)peer_does(support, crisis_offer(journey));
}

/* The same, and somebody at werkse has read it: they have to pick it up in a quarter of an hour,
 * their coordinator hears after half an hour, the network's after an hour and then every half hour.
 */
static void received(struct broker_world *world, uint8_t journey) {
    offered(world, journey);
    (void)peer_does(fresh(world, "werkse", HV_ROLE_ENDPOINT, 0), say_receive(journey, "anna"));
}

static const struct hv_done *status_of(struct broker_world *world, uint8_t journey) {
    struct peer *coordinator = fresh(world, "kcc", HV_ROLE_COORDINATOR, 0);

    return peer_does(coordinator, say_status(journey));
}

/* The events of that name in the journey's history. */
static size_t events_of(struct broker_world *world, uint8_t journey, enum hv_event_name name,
                        struct hv_event *ret_events, size_t size) {
    struct hv_message message = say_history(journey);
    size_t count = 0;

    message.history.has_limit = true;
    message.history.limit = 1000;
    const struct hv_done *done = peer_does(fresh(world, "kcc", HV_ROLE_COORDINATOR, 0), message);
    assert_false(done->has_next);
    for (size_t i = 0; i < done->events.count; i++) {
        if (done->events.items[i].event != name)
            continue;
        assert_true(count < size);
        ret_events[count++] = done->events.items[i];
    }
    return count;
}

static size_t count_of(struct broker_world *world, uint8_t journey, enum hv_event_name name) {
    struct hv_event events[256];

    return events_of(world, journey, name, events, COUNT(events));
}

static void expect_phase(const struct hv_done *status, enum hv_phase phase) {
    assert_true(status->has_phase);
    if (status->phase != phase)
        fail_msg("expected the phase %s, got %s",
                 wire_word_text(&wire_vocabulary_phase, (int)phase),
                 wire_word_text(&wire_vocabulary_phase, (int)status->phase));
}

/* ---- Ladders ---- */

/* After a decline it is the holder's turn again, and its ladder begins at once: first the holder
 * hears, then its coordinator, then the network's. */
static void test_a_decline_sets_the_holders_timer(void **state) {
    struct broker_world *world = *state;
    struct hv_event step[8];

    received(world, 1);
    (void)peer_does(fresh(world, "werkse", HV_ROLE_ENDPOINT, 0), say_decline(1));
    expect_phase(status_of(world, 1), HV_PHASE_UNROUTED);
    world_pass(world, HOUR_MS);
    assert_int_equal(events_of(world, 1, HV_EVENT_REMINDED, step, COUNT(step)), 1);
    assert_int_equal(step[0].phase, HV_PHASE_UNROUTED);
    assert_string_equal(step[0].awaits, "support");
    world_pass(world, 3 * HOUR_MS);
    assert_int_equal(events_of(world, 1, HV_EVENT_ESCALATED, step, COUNT(step)), 2);
    assert_string_equal(step[0].addressees.items[0].organisation, "support");
    assert_string_equal(step[1].addressees.items[0].organisation, "kcc");
}

/* Nobody acts for two days: the network's coordinators hear every half hour, to the end. */
static void test_the_last_step_rings_for_ever(void **state) {
    struct broker_world *world = *state;
    struct hv_event steps[128];
    size_t count = 0;

    received(world, 1);
    for (int i = 0; i < 96; i++)
        world_pass(world, 30 * MINUTE_MS);
    count = events_of(world, 1, HV_EVENT_ESCALATED, steps, COUNT(steps));
    assert_int_equal(count, 1 + 1 + 94); /* werkse's after half an hour, the network's after one */
    for (size_t i = 1; i < count; i++) {
        assert_int_equal(steps[i].step, 3);
        assert_string_equal(steps[i].addressees.items[0].organisation, "kcc");
        assert_int_equal(steps[i].addressees.items[0].role, HV_ROLE_COORDINATOR);
        assert_int_equal(steps[i].at - steps[i - 1].at, 30 * MINUTE_MS);
    }
}

/* ---- Outages ---- */

/* A night without the broker: each step that was missed fires once, in order, and the repeats that
 * were missed are one. */
static void test_after_an_outage_each_step_fires_once(void **state) {
    struct broker_world *world = *state;
    struct hv_event steps[16];

    received(world, 1);
    world_stop(world);
    fake_world_pass(&world->fake, 14 * HOUR_MS);
    world_start(world);
    world_settle(world);
    assert_int_equal(count_of(world, 1, HV_EVENT_REMINDED), 1);
    assert_int_equal(events_of(world, 1, HV_EVENT_ESCALATED, steps, COUNT(steps)), 2);
    assert_int_equal(steps[0].step, 2);
    assert_int_equal(steps[1].step, 3);
    /* The next one is half an hour from now, not one for each that nobody heard. */
    world_stop(world);
    fake_world_pass(&world->fake, 14 * HOUR_MS);
    world_start(world);
    world_settle(world);
    assert_int_equal(count_of(world, 1, HV_EVENT_ESCALATED), 3);
    assert_int_equal(status_of(world, 1)->due, world->fake.wall_ms + 30 * MINUTE_MS);
}

/* ---- Clocks ---- */

/* The clock jumps ten years ahead for an hour and back: it is doubted, and whoever is offered
 * meanwhile is rung for on time, once. */
static void test_a_clock_ten_years_ahead_moves_no_deadline(void **state) {
    struct broker_world *world = *state;

    received(world, 1);
    world->fake.wall_ms += 10 * YEAR_MS;
    world_settle(world);
    assert_int_equal(count_of(world, 1, HV_EVENT_REMINDED), 0);
    received(world, 2);
    assert_int_equal(status_of(world, 2)->due, world->fake.wall_ms - 10 * YEAR_MS + 15 * MINUTE_MS);
    world_pass(world, HOUR_MS);
    world->fake.wall_ms -= 10 * YEAR_MS;
    world_settle(world);
    for (uint8_t journey = 1; journey <= 2; journey++) {
        assert_int_equal(count_of(world, journey, HV_EVENT_REMINDED), 1);
        assert_int_equal(count_of(world, journey, HV_EVENT_ESCALATED), 2);
        assert_int_equal(status_of(world, journey)->due, world->fake.wall_ms + 30 * MINUTE_MS);
    }
}

/* The clock is set back by a day: time goes on, nothing falls silent, nothing rings twice. */
static void test_a_clock_a_day_behind_silences_nobody(void **state) {
    struct broker_world *world = *state;

    received(world, 1);
    world_pass(world, 20 * MINUTE_MS);
    assert_int_equal(count_of(world, 1, HV_EVENT_REMINDED), 1);
    world->fake.wall_ms -= DAY_MS;
    world_settle(world);
    received(world, 2);
    world_pass(world, 40 * MINUTE_MS);
    for (uint8_t journey = 1; journey <= 2; journey++)
        assert_int_equal(count_of(world, journey, HV_EVENT_REMINDED), 1);
    assert_int_equal(count_of(world, 1, HV_EVENT_ESCALATED), 2);
    assert_int_equal(count_of(world, 2, HV_EVENT_ESCALATED), 1);
}

/* ---- Reloads ---- */

/* Other files come into force: what runs keeps its deadline and fires then. */
static void test_a_reload_keeps_every_deadline(void **state) {
    struct broker_world *world = *state;
    struct hv_message reload = {.type = HV_MESSAGE_reload};

    received(world, 1);
    const hv_time due_ms = status_of(world, 1)->due;
    world_rewrite(world, "organisations/werkse.conf", "telephone = 14015", "telephone = 14016");
    sample_text(reload.reload.request, "reload");
    (void)peer_does(fresh(world, "kcc", HV_ROLE_OPERATOR, 0), reload);
    assert_int_equal(status_of(world, 1)->due, due_ms);
    world_pass(world, 15 * MINUTE_MS);
    assert_int_equal(count_of(world, 1, HV_EVENT_REMINDED), 1);
    world_pass(world, 45 * MINUTE_MS);
    assert_int_equal(count_of(world, 1, HV_EVENT_ESCALATED), 2);
}

/* ---- People ---- */

/* A coordinator of the network says every day that they are on it: after three days in all the
 * ladder goes on with the time that it had left, whatever they say. */
static void test_claims_end(void **state) {
    struct broker_world *world = *state;

    received(world, 1);
    world_pass(world, 5 * MINUTE_MS);
    for (int day = 0; day < 3; day++) {
        struct peer *coordinator = fresh(world, "kcc", HV_ROLE_COORDINATOR, 0);
        (void)peer_does(coordinator, say_claim(world, 1, "n.network", DAY_MS));
        world_pass(world, DAY_MS);
        assert_int_equal(count_of(world, 1, HV_EVENT_REMINDED), 0);
    }
    peer_may_not(fresh(world, "kcc", HV_ROLE_COORDINATOR, 0),
                 say_claim(world, 1, "n.network", DAY_MS), HV_REFUSED_CONFLICT, "until");
    world_pass(world, 10 * MINUTE_MS);
    assert_int_equal(count_of(world, 1, HV_EVENT_REMINDED), 1);
}

/* One that is sent has told nobody anything; one that is acknowledged has. */
static void test_told_is_who_acknowledged(void **state) {
    struct broker_world *world = *state;
    struct hv_event told[4];

    received(world, 1);
    world_pass(world, 30 * MINUTE_MS);
    struct peer *coordinator = fresh(world, "werkse", HV_ROLE_COORDINATOR, 10);
    const struct heard *heard = peer_expect_item(coordinator, HV_EVENT_ESCALATED);
    assert_int_equal(status_of(world, 1)->told.count, 0);
    assert_int_equal(count_of(world, 1, HV_EVENT_TOLD), 0);
    (void)peer_does(coordinator, say_ack(heard->message.item.item));
    assert_int_equal(events_of(world, 1, HV_EVENT_TOLD, told, COUNT(told)), 1);
    assert_string_equal(told[0].organisation, "werkse");
    assert_int_equal(told[0].of, heard->message.item.event.seq);
    assert_int_equal(status_of(world, 1)->told.count, 1);
}

/* A coordinator of the network offers for an organisation that is leaving: who holds is who held,
 * until the receiver confirms. */
static void test_acting_for_another_moves_no_hold(void **state) {
    struct broker_world *world = *state;
    struct hv_message offer = crisis_offer(1);
    struct hv_message reload = {.type = HV_MESSAGE_reload};

    (void)peer_does(fresh(world, "support", HV_ROLE_ENDPOINT, 0), say_open(1, "h.holder"));
    world_rewrite(world, "organisations/support.conf", "telephone = 14015",
                  "telephone = 14015\nleaving = yes");
    sample_text(reload.reload.request, "reload");
    (void)peer_does(fresh(world, "kcc", HV_ROLE_OPERATOR, 0), reload);
    offer.offer.has_for_ = offer.offer.has_reason = true;
    sample_text(offer.offer.for_, "support");
    sample_text(offer.offer.reason, "leaving");
    const struct hv_done *done = peer_does(fresh(world, "kcc", HV_ROLE_COORDINATOR, 0), offer);
    assert_string_equal(done->holder.organisation, "support");
    assert_string_equal(status_of(world, 1)->holder.organisation, "support");
    assert_string_equal(status_of(world, 1)->holder.begeleider, "h.holder");
    struct peer *werkse = fresh(world, "werkse", HV_ROLE_ENDPOINT, 0);
    done = peer_does(werkse, say_confirm(world, 1, "anna"));
    assert_string_equal(done->holder.organisation, "werkse");
}

/* ---- Watching ---- */

/* More has happened than one turn sends: who watches from the beginning sees each event, in order.
 */
static void test_a_watcher_misses_nothing(void **state) {
    struct broker_world *world = *state;
    struct peer *support = fresh(world, "support", HV_ROLE_ENDPOINT, 0);
    struct hv_message watch = {.type = HV_MESSAGE_watch};
    const struct heard *heard = NULL;
    int64_t seq = 1;

    for (int i = 0; i < 600; i++) {
        struct hv_message open = say_open(1, "h.holder");
        open.open.journey.bytes[0] = (uint8_t)(i & 0xff);
        open.open.journey.bytes[1] = (uint8_t)(i >> 8);
        (void)peer_does(support, open);
    }
    struct peer *watcher = fresh(world, "kcc", HV_ROLE_COORDINATOR, 0);
    sample_text(watch.watch.request, "watch");
    watch.watch.from = seq;
    const int64_t newest = peer_does(watcher, watch)->seq;
    while ((heard = peer_next_answer(watcher)) != NULL) {
        if (heard->message.type == HV_MESSAGE_live) {
            assert_int_equal(heard->message.live.seq, newest);
            assert_int_equal(seq, newest);
            continue;
        }
        assert_int_equal(heard->message.type, HV_MESSAGE_watched_event);
        assert_int_equal(heard->message.watched_event.event.seq, seq + 1);
        seq++;
    }
    assert_true(seq > 600);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_a_decline_sets_the_holders_timer),
        BROKER_TEST(test_the_last_step_rings_for_ever),
        BROKER_TEST(test_after_an_outage_each_step_fires_once),
        BROKER_TEST(test_a_clock_ten_years_ahead_moves_no_deadline),
        BROKER_TEST(test_a_clock_a_day_behind_silences_nobody),
        BROKER_TEST(test_a_reload_keeps_every_deadline),
        BROKER_TEST(test_claims_end),
        BROKER_TEST(test_told_is_who_acknowledged),
        BROKER_TEST(test_acting_for_another_moves_no_hold),
        BROKER_TEST(test_a_watcher_misses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
