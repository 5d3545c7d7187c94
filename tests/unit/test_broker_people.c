/* People on a whole broker: who was told, digests, who is quiet, who acts for whom, who is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_time.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct peer *kcc_begin(struct broker_world *world) {
    return peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
}

static struct peer *desk_begin(struct broker_world *world, const char *organisation,
                               int64_t credit) {
    return peer_begin(world, organisation, HV_ROLE_COORDINATOR, "desk", credit);
}

static int64_t events_of(struct broker_world *world, enum hv_event_name name) {
    char sql[96];

    snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE type = %d", (int)name);
    return time_number(world, sql);
}

/* ---- told ---- */

/* Sent is not told: only the acknowledgement is, with who and which step. */
static void test_told_when_acknowledged(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);

    (void)peer_does(kcc, say_open_as(1, HV_URGENCY_CRISIS));
    (void)time_run(world, 5 * HOUR_MS);
    struct peer *desk = desk_begin(world, "kcc", 1);
    const struct hv_item *item = &peer_expect_item(desk, HV_EVENT_ESCALATED)->message.item;
    assert_int_equal(item->event.step, 2);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 0);
    const struct hv_done *done = peer_does(desk, say_status(1));
    assert_int_equal(done->told.count, 0);
    const struct hv_message ack = say_ack(item->item);
    (void)peer_does(desk, ack);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 1);
    done = peer_does(desk, say_status(1));
    assert_int_equal(done->told.count, 1);
    assert_string_equal(done->told.items[0].organisation, "kcc");
    assert_int_equal(done->told.items[0].role, HV_ROLE_COORDINATOR);
    assert_int_equal(done->told.items[0].at, world->fake.wall_ms);
    (void)peer_repeats(desk, ack);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 1);
    time_audit(world);
}

/* ---- Digests ---- */

/* Journeys in a crisis that nobody offers on, with ids of their own. */
static void open_many(struct broker_world *world, int count) {
    struct peer *kcc = kcc_begin(world);

    for (int i = 1; i <= count; i++) {
        struct hv_message message = say_open_as((uint8_t)i, HV_URGENCY_CRISIS);
        message.open.journey.bytes[14] = (uint8_t)(i >> 8);
        (void)peer_does(kcc, message);
        world_forget(world);
    }
}

/* Twenty items, and then one: it counts, names the oldest, and its acknowledgement tells all. */
static void test_a_digest(void **state) {
    struct broker_world *world = *state;

    open_many(world, 70);
    (void)time_run(world, 3 * HOUR_MS); /* 70 steps for the coordinators */
    struct peer *desk = desk_begin(world, "kcc", 1000);
    for (int i = 0; i < 20; i++)
        (void)peer_expect_item(desk, HV_EVENT_ESCALATED);
    const struct hv_item *item = &peer_expect_item(desk, HV_EVENT_DIGEST)->message.item;
    assert_null(peer_next_item(desk));
    assert_int_equal(item->event.count, 50);
    assert_int_equal(item->event.overdue.count, 50);
    for (size_t i = 0; i < item->event.overdue.count; i++) {
        const struct hv_overdue *overdue = &item->event.overdue.items[i];
        assert_int_equal(overdue->journey.bytes[15], 21 + i); /* the oldest first */
        assert_int_equal(overdue->phase, HV_PHASE_UNROUTED);
        assert_int_equal(overdue->step, 2);
    }
    const struct hv_message ack = say_ack(item->item);
    (void)peer_does(desk, ack);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 50);
    assert_int_equal(time_number(world, "SELECT count(*) FROM digest"), 0);
    (void)peer_repeats(desk, ack);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 50);
    const struct hv_message status = say_status(70);
    assert_int_equal(peer_does(desk, status)->told.count, 1);
    time_audit(world);
}

/* What comes after it went out goes into the next. */
static void test_a_digest_that_is_out(void **state) {
    struct broker_world *world = *state;

    open_many(world, 30);
    (void)time_run(world, 2 * HOUR_MS + MINUTE_MS);
    struct peer *desk = desk_begin(world, "kcc", 1000);
    while (peer_next_item(desk))
        continue;
    (void)time_run(world, 2 * HOUR_MS);
    assert_int_equal(events_of(world, HV_EVENT_DIGEST), 2);
    assert_int_equal(time_number(world, "SELECT count(*) FROM digest"), 10 + 30);
    desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "other", 1000);
    assert_int_equal(peer_acks_all(desk), 22);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 20 + 10 + 30);
    assert_int_equal(time_number(world, "SELECT count(*) FROM digest"), 0);
    time_audit(world);
}

/* At most five hundred in one: its acknowledgement is one turn's work. */
static void test_a_digest_is_bounded(void **state) {
    struct broker_world *world = *state;

    open_many(world, 600);
    (void)time_run(world, 5 * HOUR_MS); /* 1,200 steps, of which twenty are items */
    assert_int_equal(events_of(world, HV_EVENT_DIGEST), 3);
    assert_int_equal(time_number(world, "SELECT max(c) FROM (SELECT count(*) AS c FROM digest "
                                        "GROUP BY inbox, item)"),
                     500);
    assert_int_equal(time_number(world, "SELECT count(*) FROM digest"), 1180);
    struct peer *desk = desk_begin(world, "kcc", 1000);
    assert_int_equal(peer_acks_all(desk), 23);
    assert_int_equal(events_of(world, HV_EVENT_TOLD), 1200);
    time_audit(world);
}

/* A digest outlives a restart, and is sent again until it is acknowledged. */
static void test_a_digest_outlives_a_restart(void **state) {
    struct broker_world *world = *state;

    open_many(world, 25);
    (void)time_run(world, 2 * HOUR_MS + MINUTE_MS);
    struct peer *desk = desk_begin(world, "kcc", 1000);
    while (peer_next_item(desk))
        continue;
    time_restart(world);
    desk = desk_begin(world, "kcc", 1000);
    for (int i = 0; i < 20; i++)
        (void)peer_expect_item(desk, HV_EVENT_ESCALATED);
    const struct hv_item *item = &peer_expect_item(desk, HV_EVENT_DIGEST)->message.item;
    assert_int_equal(item->attempt, 2);
    assert_int_equal(item->event.count, 5);
    time_audit(world);
}

/* ---- Quiet ---- */

/* Told once for each silence: to its coordinators, and the network's. */
static void test_quiet(void **state) {
    struct broker_world *world = *state;
    const struct hv_message bye = {.type = HV_MESSAGE_bye};

    /* Wednesday at noon: an hour of the office is an hour. */
    time_run_until(world, INT64_C(1795604400000));
    time_restart(world);
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    peer_say(kcc, &bye, NULL, 0);
    peer_say(werkse, &bye, NULL, 0);
    world_settle(world);
    (void)time_run(world, 59 * MINUTE_MS);
    const int64_t before = events_of(world, HV_EVENT_QUIET);
    (void)time_run(world, 2 * MINUTE_MS);
    assert_int_equal(events_of(world, HV_EVENT_QUIET), before + 3);
    (void)time_run(world, HOUR_MS);
    assert_int_equal(events_of(world, HV_EVENT_QUIET), before + 3);
    struct peer *desk = desk_begin(world, "werkse", 10);
    const struct hv_event *event = &peer_expect_item(desk, HV_EVENT_QUIET)->message.item.event;
    assert_string_equal(event->about, "werkse");
    werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 0);
    peer_say(werkse, &bye, NULL, 0);
    world_settle(world);
    (void)time_run(world, 61 * MINUTE_MS);
    assert_int_equal(events_of(world, HV_EVENT_QUIET), before + 4);
    time_audit(world);
}

/* ---- Acting for ---- */

static struct hv_message decline_for(uint8_t journey, const char *organisation) {
    struct hv_message message = say_decline(journey);

    message.decline.has_for_ = true;
    sample_text(message.decline.for_, organisation);
    return message;
}

/* A coordinator of the network, and only where the organisation cannot act for itself. */
static void test_acting_for(void **state) {
    struct broker_world *world = *state;

    time_run_until(world, INT64_C(1795604400000));
    time_restart(world);
    struct peer *kcc = kcc_begin(world);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    const struct hv_message bye = {.type = HV_MESSAGE_bye};
    (void)peer_does(kcc, say_open_as(1, HV_URGENCY_ROUTINE));
    (void)peer_does(kcc, say_offer_as(1, "werkse", HV_URGENCY_ROUTINE));
    struct peer *desk = desk_begin(world, "kcc", 0);
    struct peer *other = desk_begin(world, "support", 0);
    peer_may_not(desk, decline_for(1, "werkse"), HV_REFUSED_CONFLICT, "for");
    peer_may_not(other, decline_for(1, "werkse"), HV_REFUSED_UNKNOWN, NULL);
    peer_may_not(kcc, decline_for(1, "werkse"), HV_REFUSED_FORBIDDEN, "for");
    peer_may_not(desk, decline_for(1, "support"), HV_REFUSED_FORBIDDEN, NULL);
    peer_may_not(desk, decline_for(1, "nobody"), HV_REFUSED_UNKNOWN, "for");
    peer_say(werkse, &bye, NULL, 0);
    world_settle(world);
    (void)time_run(world, 2 * HOUR_MS);
    desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "other", 0);
    (void)peer_does(desk, decline_for(1, "werkse"));
    (void)peer_repeats(desk, decline_for(1, "werkse"));
    assert_int_equal(events_of(world, HV_EVENT_DECLINED), 1);
    const struct journey journey = time_journey(world, 1);
    assert_string_equal(journey.holder.organisation, "kcc");
    assert_int_equal(journey.runs.items[0].phase, HV_PHASE_UNROUTED);
    time_audit(world);
}

/* ---- Away ---- */

/* Without a deputy the coordinators hear at once, with what that begeleider holds. */
static void test_away_without_a_deputy(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);

    for (uint8_t i = 1; i <= 40; i++)
        (void)peer_does(kcc, say_open_as(i, HV_URGENCY_ROUTINE));
    struct peer *desk = desk_begin(world, "kcc", 10);
    const struct hv_message absent = say_absent(world, "h.holder", 7 * DAY_MS, NULL);
    (void)peer_does(kcc, absent);
    const struct hv_event *event = &peer_expect_item(desk, HV_EVENT_ABSENT)->message.item.event;
    assert_string_equal(event->begeleider, "h.holder");
    assert_int_equal(event->count, 40);
    assert_int_equal(event->overdue.count, 32);
    (void)peer_repeats(kcc, absent);
    peer_expect_silence(desk);
    /* With one nobody has to be told. */
    fake_world_pass(&world->fake, 1000);
    (void)peer_does(kcc, say_absent(world, "h.holder", 7 * DAY_MS, "anna"));
    peer_expect_silence(desk);
    /* Taken back. */
    fake_world_pass(&world->fake, 1000);
    (void)peer_does(kcc, say_absent(world, "h.holder", 0, NULL));
    peer_expect_silence(desk);
    time_audit(world);
}

/* The item for a begeleider who is away names who stands in: at the end of the chain, and nobody in
 * a ring. */
static void test_deputies(void **state) {
    static const struct {
        const char *absent[3][2];
        const char *meant_for;
    } rows[] = {
        {{{NULL}}, ""},
        {{{"h.holder", "anna"}}, "anna"},
        {{{"h.holder", "anna"}, {"anna", "bram"}}, "bram"},
        {{{"h.holder", "anna"}, {"anna", "bram"}, {"bram", "carla"}}, "carla"},
        {{{"h.holder", "anna"}, {"anna", "h.holder"}}, ""},
        {{{"h.holder", "anna"}, {"anna", "bram"}, {"bram", "anna"}}, ""},
        {{{"h.holder", "anna"}, {"anna", NULL}}, ""},
    };
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);

    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint8_t journey = (uint8_t)(i + 1);
        kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
        for (size_t a = 0; a < 3; a++)
            if (rows[i].absent[a][0])
                (void)peer_does(
                    kcc, say_absent(world, rows[i].absent[a][0], 3 * DAY_MS, rows[i].absent[a][1]));
        (void)peer_does(kcc, say_open_as(journey, HV_URGENCY_ROUTINE));
        (void)peer_does(kcc, say_offer_as(journey, "werkse", HV_URGENCY_ROUTINE));
        struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
        (void)peer_does(werkse, say_receive(journey, "erik"));
        struct peer *reader = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "two", 1);
        const struct hv_item *item = &peer_expect_item(reader, HV_EVENT_RECEIVED)->message.item;
        if (strcmp(item->has_for_ ? item->for_ : "", rows[i].meant_for) != 0)
            fail_msg("row %zu: expected `%s`, got `%s`", i, rows[i].meant_for,
                     item->has_for_ ? item->for_ : "");
        (void)peer_does(reader, say_ack(item->item));
        /* And all of them are back. */
        fake_world_pass(&world->fake, 1000);
        for (size_t a = 0; a < 3; a++)
            if (rows[i].absent[a][0])
                (void)peer_does(kcc, say_absent(world, rows[i].absent[a][0], 0, NULL));
        fake_world_pass(&world->fake, 1000);
        time_forget_peers(world);
    }
    time_audit(world);
}

/* ---- Twice not reached ---- */

static void test_not_reached_twice(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = kcc_begin(world);
    struct peer *desk = desk_begin(world, "kcc", 10);

    (void)peer_does(kcc, say_open_as(1, HV_URGENCY_ROUTINE));
    (void)peer_does(kcc, say_note(world, 1, HV_NOTE_NOT_REACHED));
    peer_expect_silence(desk);
    fake_world_pass(&world->fake, 1000);
    (void)peer_does(kcc, say_note(world, 1, HV_NOTE_NOT_REACHED));
    assert_int_equal(peer_expect_item(desk, HV_EVENT_NOTED)->message.item.event.count, 2);
    time_audit(world);
}

static int setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    time_hurry(*state);
    return 0;
}

/* For tests in which nobody says hello for hours, and that is not what they are about. */
static int setup_patient(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    struct broker_world *world = *state;
    world_rewrite(world, "network.conf", "settle = network",
                  "settle = network\nquiet_after = 31D\nquiet_after_crisis = 31D");
    time_restart(world);
    return 0;
}

#define PEOPLE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, broker_world_teardown)
#define PATIENT_TEST(name) \
    cmocka_unit_test_setup_teardown(name, setup_patient, broker_world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PATIENT_TEST(test_told_when_acknowledged),
        PATIENT_TEST(test_a_digest),
        PATIENT_TEST(test_a_digest_that_is_out),
        PATIENT_TEST(test_a_digest_is_bounded),
        PATIENT_TEST(test_a_digest_outlives_a_restart),
        PEOPLE_TEST(test_quiet),
        PEOPLE_TEST(test_acting_for),
        PEOPLE_TEST(test_away_without_a_deputy),
        PATIENT_TEST(test_deputies),
        PEOPLE_TEST(test_not_reached_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
