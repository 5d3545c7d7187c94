/* A walk over the ledger in the smallest steps, with turns between them, and what it must not
 * stumble over. What tampering it finds is tried from outside, on a whole broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/network_read.h"
#include "ledger_audit.h"
#include "ledger_samples.h"
#include "ledger_verify.h"
#include "wire/wire.h"

static const struct ledger_walk_known known = {0};

/* One step in a turn of its own, as the broker takes it. */
static enum ledger_walk_state step(struct ledger_sample *sample, struct ledger_walk *walk,
                                   size_t budget) {
    ledger_begin(sample->ledger);
    const enum ledger_walk_state state = ledger_walk_step(sample->ledger, walk, budget);
    ledger_sample_commit(sample);
    return state;
}

/* To its end; the number of steps. */
static size_t walk_all(struct ledger_sample *sample, struct ledger_walk *walk, size_t budget,
                       enum ledger_walk_state wanted) {
    enum ledger_walk_state state = LEDGER_WALK_GOES_ON;
    size_t steps = 0;

    while (state == LEDGER_WALK_GOES_ON) {
        state = step(sample, walk, budget);
        steps++;
        assert_true(steps < 100000);
    }
    if (state != wanted)
        fail_msg("%s", ledger_walk_result(walk)->finding);
    return steps;
}

static void fill(struct ledger_sample *sample, uint8_t journeys) {
    ledger_begin(sample->ledger);
    for (uint8_t i = 1; i <= journeys; i++) {
        struct journey journey = ledger_sample_journey(sample, i);
        if (i % 2 == 0) {
            const struct handover handover = ledger_sample_handover(sample, &journey, i);
            ledger_dossier_put(sample->ledger, handover.row, 0, NULL, NULL, 0);
        }
    }
    ledger_sample_commit(sample);
}

static void test_an_empty_ledger_is_whole(void **state) {
    struct ledger_sample *sample = *state;
    struct ledger_walk *walk = ledger_walk_new(&known);

    assert_non_null(walk);
    assert_int_equal(walk_all(sample, walk, 100, LEDGER_WALK_WHOLE), 1);
    assert_int_equal(ledger_walk_result(walk)->seq, 0);
    ledger_walk_free(walk);
}

static void test_steps_of_any_size_come_to_the_same(void **state) {
    static const size_t sizes[] = {1, 2, 3, 7, 1000};
    struct ledger_sample *sample = *state;

    fill(sample, 20);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ledger_walk *walk = ledger_walk_new(&known);
        const size_t steps = walk_all(sample, walk, sizes[i], LEDGER_WALK_WHOLE);
        const struct ledger_walk_result *result = ledger_walk_result(walk);
        assert_true(sizes[i] < 1000 ? steps > 30 / sizes[i] : steps == 1);
        assert_int_equal(result->events, 30);
        assert_int_equal(result->journeys, 20);
        assert_int_equal(result->handovers, 10);
        assert_int_equal(result->seq, ledger_seq(sample->ledger));
        assert_memory_equal(result->head, ledger_head(sample->ledger), sizeof result->head);
        ledger_walk_free(walk);
    }
}

/* Every journey moves while it is walked over, and new ones come: the walk ends all the same, and
 * answers for the events that there were when it began. */
static void test_turns_between_steps_disturb_nothing(void **state) {
    struct ledger_sample *sample = *state;
    struct ledger_walk *walk = ledger_walk_new(&known);
    enum ledger_walk_state found = LEDGER_WALK_GOES_ON;
    uint8_t number = 50;

    fill(sample, 10);
    while (found == LEDGER_WALK_GOES_ON) {
        found = step(sample, walk, 20);
        ledger_begin(sample->ledger);
        for (int64_t row = 1; row <= 10; row++) {
            struct decision decision;
            struct journey journey;
            assert_true(ledger_journey_get(sample->ledger, row, &journey));
            const struct hv_reassign command =
                sample_reassign("h.other", journey.holder.begeleider, sample->fake.wall_ms);
            journey_decide_reassign(&journey, &command, &sample_holder, sample->fake.wall_ms,
                                    &decision);
            ledger_sample_record(sample, &decision, &journey, NULL, NULL);
        }
        if (number < 90)
            (void)ledger_sample_journey(sample, number++);
        ledger_sample_commit(sample);
    }
    if (found != LEDGER_WALK_WHOLE)
        fail_msg("%s", ledger_walk_result(walk)->finding);
    assert_int_equal(ledger_walk_result(walk)->events, 15);
    assert_int_equal(ledger_walk_result(walk)->journeys, 10);
    ledger_walk_free(walk);
}

/* A slow disk gives few events in the time that a step has. */
static int64_t slow_boot_ms(void *context) {
    struct fake_world *fake = context;

    return fake->boot_ms += 4;
}

static void test_a_step_ends_when_its_time_is_over(void **state) {
    struct ledger_sample *sample = *state;
    struct ledger_walk *walk = ledger_walk_new(&known);

    fill(sample, 20);
    sample->fake.world.boot_ms = slow_boot_ms;
    assert_true(walk_all(sample, walk, 1000, LEDGER_WALK_WHOLE) > 5);
    ledger_walk_free(walk);
}

static void test_the_first_difference_is_named(void **state) {
    struct ledger_sample *sample = *state;
    struct ledger_walk *walk = ledger_walk_new(&known);

    fill(sample, 6);
    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(
        audit_run(database, "UPDATE journey SET closed_by = 'x' WHERE number IN (3, 5)"),
        SQLITE_OK);
    sqlite3_close(database);
    ledger_sample_open(sample);
    walk_all(sample, walk, 3, LEDGER_WALK_DIFFERS);
    assert_string_equal(ledger_walk_result(walk)->finding,
                        "journey row 3: closed_by is not what its events give");
    ledger_walk_free(walk);
}

/* ---- Networks ---- */

/* Files are put in force as a turn does it, whether or not anybody can read them. */
static void put_in_force(struct ledger_sample *sample, const struct network_file *files,
                         size_t count) {
    struct hv_event event = {.event = HV_EVENT_NETWORK, .has_network_hash = true};
    const struct network network = {.files = (struct network_file *)(uintptr_t)files,
                                    .file_count = count};
    uint8_t *bytes = NULL;
    size_t size = 0;

    network_files_hash(files, count, event.network_hash);
    assert_int_equal(network_pack(&network, &bytes, &size), 0);
    ledger_begin(sample->ledger);
    ledger_network_put(sample->ledger, event.network_hash, bytes, size,
                       ledger_seq(sample->ledger) + 1);
    (void)ledger_event_append(sample->ledger, &event, sample->fake.wall_ms, 0, 0,
                              (struct ledger_cause){0});
    ledger_sample_commit(sample);
    free(bytes);
}

static void expect_finding(struct ledger_sample *sample, const char *statement,
                           const char *finding) {
    struct ledger_walk *walk = ledger_walk_new(&known);

    ledger_sample_close(sample);
    sqlite3 *database = audit_open(sample->folder);
    assert_int_equal(audit_run(database, statement), SQLITE_OK);
    sqlite3_close(database);
    ledger_sample_open(sample);
    walk_all(sample, walk, 5, LEDGER_WALK_DIFFERS);
    assert_string_equal(ledger_walk_result(walk)->finding, finding);
    ledger_walk_free(walk);
}

/* An older program may have taken what this one refuses: that is no damage, but what was owed from
 * there on is not known. */
static void test_files_that_cannot_be_read_any_more_are_no_damage(void **state) {
    char path[] = "network.conf";
    char text[] = "[network]\nname = delft\nfolly = 1\n";
    const struct network_file file = {.path = path, .text = text, .size = strlen(text)};
    struct ledger_sample *sample = *state;
    struct sample_network readable;

    sample_network_init(&readable);
    put_in_force(sample, readable.files, readable.count);
    assert_int_equal(verify_ledger(sample->ledger, 1).unread_network_seq, 0);
    put_in_force(sample, &file, 1);
    fill(sample, 4);
    const struct ledger_walk_result result = verify_ledger(sample->ledger, 3);
    assert_int_equal(result.unread_network_seq, 2);
    assert_int_equal(result.journeys, 4);
    sample_network_replace(&readable, "network.conf", "name = ", "name = new-");
    put_in_force(sample, readable.files, readable.count);
    assert_int_equal(verify_ledger(sample->ledger, 3).unread_network_seq, 2);
    expect_finding(sample, "UPDATE ledger SET network = 2",
                   "the network in force is not the one that the last event about it names");
    sample_network_fini(&readable);
}

static void test_the_network_in_force_is_the_last_one(void **state) {
    struct ledger_sample *sample = *state;
    struct sample_network files;

    sample_network_init(&files);
    put_in_force(sample, files.files, files.count);
    sample_network_replace(&files, "network.conf", "name = ", "name = new-");
    put_in_force(sample, files.files, files.count);
    (void)verify_ledger(sample->ledger, 100);
    expect_finding(sample, "UPDATE ledger SET network = 1",
                   "the network in force is not the one that the last event about it names");
    expect_finding(sample, "UPDATE network SET files = (SELECT files FROM network LIMIT 1)",
                   "event 2: the network's files that it put in force are not those that were "
                   "recorded");
    sample_network_fini(&files);
}

/* ---- Events that nobody vouches for ---- */

/* Whatever event comes in whatever state: what may be folded is folded without an assertion. */
static void test_what_may_be_folded_can_be(void **state) {
    static const char *const moves[] = {"", "d", "r", "p", "ip", "c", "n", "w", "rpc"};

    (void)state;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        for (size_t word = 0; word < wire_vocabulary_event_name.count; word++) {
            struct sample sample;
            sample_begin(&sample, (struct sample_offer){.kind = HV_KIND_COLD}, moves[i]);
            const struct hv_event bare = {
                .event = (enum hv_event_name)wire_vocabulary_event_name.words[word].number};
            if (journey_may_fold(&sample.journey, &bare))
                (void)journey_fold(&sample.journey, &bare, SAMPLE_NOW_MS);
            if (handover_may_fold(&sample.handover, &bare))
                (void)handover_fold(&sample.handover, &bare, 99, SAMPLE_NOW_MS,
                                    &sample.journey.holder);
        }
    }
}

static void test_a_journey_begins_with_its_opening(void **state) {
    struct journey journey = {.row = 1};
    struct handover handover = {.row = 1};
    const struct hv_event opened = {.event = HV_EVENT_OPENED,
                                    .has_organisation = true,
                                    .has_begeleider = true,
                                    .has_resident = true};
    const struct hv_event reassigned = {.event = HV_EVENT_REASSIGNED, .has_begeleider = true};
    const struct hv_event offered = {.event = HV_EVENT_OFFERED};
    const struct hv_event received = {.event = HV_EVENT_RECEIVED};

    (void)state;
    assert_true(journey_may_fold(&journey, &opened));
    assert_false(journey_may_fold(&journey, &reassigned));
    assert_true(handover_may_fold(&handover, &offered));
    assert_false(handover_may_fold(&handover, &received));
    journey = sample_journey();
    assert_false(journey_may_fold(&journey, &opened));
    assert_true(journey_may_fold(&journey, &reassigned));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_an_empty_ledger_is_whole),
        LEDGER_TEST(test_steps_of_any_size_come_to_the_same),
        LEDGER_TEST(test_turns_between_steps_disturb_nothing),
        LEDGER_TEST(test_a_step_ends_when_its_time_is_over),
        LEDGER_TEST(test_the_first_difference_is_named),
        LEDGER_TEST(test_files_that_cannot_be_read_any_more_are_no_damage),
        LEDGER_TEST(test_the_network_in_force_is_the_last_one),
        cmocka_unit_test(test_what_may_be_folded_can_be),
        cmocka_unit_test(test_a_journey_begins_with_its_opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
