/* How much one step of a walk does: counted by the walk itself in rows and the like, and by SQLite
 * in instructions, never by a clock. It must follow the budget, however large the ledger is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_say.h"
#include "ledger_audit.h"

#define BUDGET 64
/* What one thing may cost beyond the budget: an event with its items, a handover with its dossiers
 * and receipt. */
#define OVER 24
/* SQLite's instructions are counted in tens. */
#define TEN 10

struct measured {
    size_t slices;
    size_t work_most;   /* in one slice, as the walk counts */
    size_t tens_most;   /* in one slice, as SQLite counts */
    size_t tens_so_far; /* in this one */
    struct ledger_walk_result result;
};

static int count_ten(void *context) {
    struct measured *measured = context;

    measured->tens_so_far++;
    return 0;
}

static struct measured measure(struct broker_world *world, size_t budget) {
    static const struct ledger_walk_known known = {0};
    struct ledger *ledger = world->broker->ledger;
    struct ledger_walk *walk = ledger_walk_new(&known);
    enum ledger_walk_state state = LEDGER_WALK_GOES_ON;
    struct measured measured = {0};

    assert_non_null(walk);
    sqlite3_progress_handler(ledger->database, TEN, count_ten, &measured);
    for (; state == LEDGER_WALK_GOES_ON; measured.slices++) {
        measured.tens_so_far = 0;
        ledger_begin(ledger);
        state = ledger_walk_step(ledger, walk, budget);
        assert_int_equal(ledger_commit(ledger), 0);
        if (measured.tens_so_far > measured.tens_most)
            measured.tens_most = measured.tens_so_far;
    }
    sqlite3_progress_handler(ledger->database, 0, NULL, NULL);
    measured.result = *ledger_walk_result(walk);
    measured.work_most = measured.result.work_most;
    ledger_walk_free(walk);
    if (state != LEDGER_WALK_WHOLE)
        fail_msg("the ledger differs: %s", measured.result.finding);
    return measured;
}

static void expect_at_most(const char *what, size_t got, size_t most) {
    if (got > most)
        fail_msg("%s: expected at most %zu, got %zu", what, most, got);
}

/* Durable is another test's subject. */
static void hurry(struct broker_world *world) {
    assert_int_equal(audit_run(world->broker->ledger->database, "PRAGMA synchronous = OFF"),
                     SQLITE_OK);
}

/* One journey of each number: offered with a dossier, taken on, confirmed by every second. */
static void live(struct broker_world *world, uint8_t first, uint8_t last) {
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "a story", &size);

    for (uint8_t journey = first; journey <= last; journey++) {
        peer_does(kcc, say_open(journey, "h.holder"));
        peer_does_with(kcc, say_offer(journey, "werkse", HV_KIND_COLD), dossier, size);
        peer_does(werkse, say_receive(journey, "b.new"));
        peer_does(werkse, say_pickup(journey, "b.new"));
        if (journey % 2 == 0)
            peer_does(werkse, say_confirm(world, journey, "b.new"));
        world_forget(world);
    }
    peer_acks_all(peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "two", 1000));
    world_forget(world);
}

/* Eight times the ledger takes eight times the slices, and no larger ones. */
static void test_a_larger_ledger_takes_more_slices_not_larger_ones(void **state) {
    struct broker_world *world = *state;

    hurry(world);
    live(world, 1, 18);
    const struct measured small = measure(world, BUDGET);
    live(world, 19, 144);
    const struct measured large = measure(world, BUDGET);
    assert_int_equal(small.result.journeys, 18);
    assert_int_equal(large.result.journeys, 144);
    assert_int_equal(large.result.receipts, 72);
    assert_int_equal(large.result.dossiers, 144);
    if (large.slices < 6 * small.slices)
        fail_msg("expected more than %zu slices, got %zu", 6 * small.slices, large.slices);
    expect_at_most("work in a slice", large.work_most, BUDGET + OVER);
    expect_at_most("SQLite's work in a slice", large.tens_most, small.tens_most * 3 / 2);
}

/* Half the budget is half the work. */
static void test_the_budget_is_what_a_slice_does(void **state) {
    static const size_t budgets[] = {1, 8, 32, 256};
    struct broker_world *world = *state;
    size_t tens_for_256 = 0;

    hurry(world);
    live(world, 1, 100);
    for (size_t i = sizeof budgets / sizeof budgets[0]; i-- > 0;) {
        const struct measured measured = measure(world, budgets[i]);
        expect_at_most("work in a slice", measured.work_most, budgets[i] + OVER);
        if (budgets[i] == 256)
            tens_for_256 = measured.tens_most;
        expect_at_most("SQLite's work in a slice", measured.tens_most,
                       tens_for_256 * (budgets[i] + OVER) / 256 + 1);
    }
}

/* Handovers of one journey are folded over several slices and several passes. */
static void test_a_long_journey_is_no_longer_slice(void **state) {
    struct broker_world *world = *state;
    struct hv_message offer = say_offer(1, "werkse", HV_KIND_COLD);
    struct hv_message withdraw = say_withdraw(1);

    hurry(world);
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    peer_does(kcc, say_open(1, "h.holder"));
    for (uint8_t i = 0; i < 200; i++) {
        offer.offer.handover.bytes[14] = 7;
        offer.offer.handover.bytes[15] = i;
        withdraw.withdraw.handover = offer.offer.handover;
        peer_does(kcc, offer);
        peer_does(kcc, withdraw);
        world_forget(world);
    }
    const struct measured measured = measure(world, BUDGET);
    assert_int_equal(measured.result.handovers, 200);
    expect_at_most("work in a slice", measured.work_most, BUDGET + 64 + OVER);
    if (measured.slices < 400 / BUDGET * 4)
        fail_msg("expected a slice for every pass at least, got %zu", measured.slices);
    /* Who held when it closed is looked for among all of them, at once. */
    peer_does(kcc, say_close(world, 1, "h.holder", HV_OUTCOME_DECEASED));
    expect_at_most("work in a slice", measure(world, BUDGET).work_most, BUDGET + 400 + OVER);
}

/* A dossier is read as a whole, and no two of them in one slice. */
static void test_a_large_dossier_has_a_slice_of_its_own(void **state) {
    const size_t size = 1 << 20;
    struct broker_world *world = *state;
    size_t head = 0;
    const uint8_t *key_id = world_dossier(world, "werkse", "", &head);
    uint8_t *dossier = calloc(1, size);

    assert_non_null(dossier);
    memcpy(dossier, key_id, head);
    hurry(world);
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    peer_does(kcc, say_open(1, "h.holder"));
    peer_does_with(kcc, say_offer(1, "werkse", HV_KIND_COLD), dossier, size);
    for (int64_t number = 1; number <= 3; number++)
        peer_does_with(kcc, say_supplement(1, number), dossier, size);
    free(dossier);
    const struct measured measured = measure(world, BUDGET);
    assert_int_equal(measured.result.dossiers, 4);
    expect_at_most("work in a slice", measured.work_most, BUDGET + size / 4096 + OVER);
    if (measured.work_most < size / 4096 || measured.slices < 4)
        fail_msg("a dossier of 1 MiB costs %zu, in %zu slices", measured.work_most,
                 measured.slices);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_a_larger_ledger_takes_more_slices_not_larger_ones),
        BROKER_TEST(test_the_budget_is_what_a_slice_does),
        BROKER_TEST(test_a_long_journey_is_no_longer_slice),
        BROKER_TEST(test_a_large_dossier_has_a_slice_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
