/* What is open, in which order it is shown, and what the filters leave. */
#include "clients/houvast/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1774616700000)
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const struct roster_filter everything = {0};

static struct hv_uuid id_of(uint8_t number) {
    struct hv_uuid id = {0};
    id.bytes[0] = 0x01; /* as those of one day begin */
    id.bytes[14] = number;
    id.bytes[15] = 0xab;
    return id;
}

/* A journey that kcc holds and werkse is offered; its next step falls due at `due`. */
static struct hv_standing standing_of(uint8_t number, hv_time due) {
    struct hv_standing standing = {
        .journey = id_of(number),
        .state = "offered",
        .holder = {.organisation = "kcc", .begeleider = "anna"},
        .has_receiver = true,
        .receiver = {.organisation = "werkse"},
        .urgency = HV_URGENCY_ROUTINE,
        .has_phase = true,
        .phase = HV_PHASE_RECEIPT,
        .has_due = true,
        .due = due,
    };
    return standing;
}

static struct hv_standing late_of(uint8_t number, hv_time late, enum hv_urgency urgency) {
    struct hv_standing standing = standing_of(number, NOW + DAY);
    standing.has_late = true;
    standing.late = late;
    standing.has_step = true;
    standing.step = 2;
    standing.urgency = urgency;
    return standing;
}

static void set(struct roster *roster, struct hv_standing standing) {
    assert_int_equal(roster_set(roster, &standing), 0);
}

/* What is seen is these numbers, in this order. */
static void assert_sees(struct roster *roster, const struct roster_filter *filter,
                        const char *expected) {
    char got[256] = "";
    size_t used = 0;
    assert_int_equal(roster_look(roster, filter, NOW), 0);
    for (size_t i = 0; i < roster->view_count; i++)
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%d", i ? " " : "",
                                 roster->view[i]->journey.bytes[14]);
    assert_string_equal(got, expected);
}

/* Late before what is in time, a crisis above all that is late, then what is late longest. */
static void test_order(void **state) {
    (void)state;
    struct roster roster = {0};
    set(&roster, standing_of(1, NOW + DAY));
    set(&roster, standing_of(2, NOW + 10 * MINUTE));
    set(&roster, late_of(3, NOW - HOUR, HV_URGENCY_URGENT));
    set(&roster, late_of(4, NOW - 9 * DAY, HV_URGENCY_ROUTINE));
    set(&roster, late_of(5, NOW - MINUTE, HV_URGENCY_CRISIS));
    set(&roster, standing_of(6, NOW - 2 * DAY)); /* due, and no step was taken yet */
    struct hv_standing without = standing_of(7, 0);
    without.has_due = false;
    set(&roster, without);
    assert_sees(&roster, &everything, "5 4 6 3 2 1 7");
    roster_fini(&roster);
}

/* A sign besides the colour, and how late in words. */
static void assert_says(struct hv_standing standing, const char *expected) {
    char late[ROSTER_LATE_SIZE], got[ROSTER_LATE_SIZE + 4];
    roster_late_text(&standing, NOW, late);
    snprintf(got, sizeof got, "%s|%s", roster_sign_text(roster_sign(&standing, NOW)), late);
    assert_string_equal(got, expected);
}

static void test_lateness(void **state) {
    (void)state;
    struct hv_standing without = standing_of(1, 0);
    without.has_due = false;
    assert_says(late_of(1, NOW - 3 * DAY - HOUR, HV_URGENCY_ROUTINE), "!!|3 d late");
    assert_says(standing_of(1, NOW - 5 * MINUTE), "!!|5 min late");
    assert_says(standing_of(1, NOW), "!!|0 s late");
    assert_says(standing_of(1, NOW + 40 * MINUTE), "! |in 40 min");
    assert_says(standing_of(1, NOW + HOUR), "! |in 60 min");
    assert_says(standing_of(1, NOW + HOUR + 1), "  |in 60 min");
    assert_says(standing_of(1, NOW + 30 * HOUR), "  |in 30 h");
    assert_says(without, "  |");
}

/* What is set again replaces what stood; what is closed goes; what did not come anew goes. */
static void test_changes(void **state) {
    (void)state;
    struct roster roster = {0};
    set(&roster, standing_of(1, NOW + DAY));
    set(&roster, standing_of(2, NOW + HOUR));
    set(&roster, standing_of(1, NOW + MINUTE));
    assert_sees(&roster, &everything, "1 2");
    struct hv_standing closed = standing_of(1, 0);
    strcpy(closed.state, "closed");
    set(&roster, closed);
    assert_sees(&roster, &everything, "2");
    set(&roster, standing_of(3, NOW + DAY));
    roster_begin(&roster);
    set(&roster, standing_of(4, NOW + DAY));
    set(&roster, standing_of(3, NOW + DAY));
    roster_complete(&roster);
    assert_sees(&roster, &everything, "3 4");
    roster_fini(&roster);
}

/* Who knows is copied: the message that said so is gone by then. */
static void test_told_is_kept(void **state) {
    (void)state;
    struct roster roster = {0};
    struct hv_told told[ROSTER_TOLD_MAX + 2] = {{.organisation = "kcc", .at = NOW}};
    struct hv_standing standing = standing_of(1, NOW);
    standing.has_told = true;
    standing.told.count = ROSTER_TOLD_MAX + 2;
    standing.told.items = told;
    set(&roster, standing);
    memset(told, 0, sizeof told);
    struct hv_uuid id = id_of(1);
    const struct roster_entry *entry = roster_find(&roster, &id);
    assert_non_null(entry);
    assert_int_equal(entry->standing.told.count, ROSTER_TOLD_MAX);
    assert_string_equal(entry->standing.told.items[0].organisation, "kcc");
    roster_fini(&roster);
}

static void test_filters(void **state) {
    (void)state;
    struct roster roster = {0};
    struct roster_filter filter = {0};
    struct hv_standing other = standing_of(2, NOW + 2 * HOUR);
    strcpy(other.holder.organisation, "delft-support");
    strcpy(other.receiver.organisation, "kcc");
    other.receiver.has_begeleider = true;
    strcpy(other.receiver.begeleider, "piet");
    other.phase = HV_PHASE_PICKUP;
    struct hv_standing held = standing_of(3, NOW + 3 * HOUR);
    held.has_receiver = false;
    held.phase = HV_PHASE_HELD;
    set(&roster, standing_of(1, NOW + HOUR));
    set(&roster, other);
    set(&roster, held);
    strcpy(filter.organisation, "werkse");
    assert_sees(&roster, &filter, "1");
    strcpy(filter.organisation, "kcc");
    assert_sees(&roster, &filter, "1 2 3");
    filter.phase = HV_PHASE_PICKUP;
    assert_sees(&roster, &filter, "2");
    filter = (struct roster_filter){.search = "PIET"};
    assert_sees(&roster, &filter, "2");
    filter = (struct roster_filter){.search = "check-in"}; /* as the screen calls it */
    assert_sees(&roster, &filter, "3");
    filter = (struct roster_filter){.search = "03ab"};
    assert_sees(&roster, &filter, "3");
    filter = (struct roster_filter){.search = "nobody"};
    assert_sees(&roster, &filter, "");
    roster_fini(&roster);
}

/* A key goes round what there is to filter by, and through `all` again. */
static void test_going_round(void **state) {
    (void)state;
    struct roster roster = {0};
    struct hv_standing held = standing_of(2, NOW);
    char organisation[HV_CODE_SIZE] = "";
    held.phase = HV_PHASE_HELD;
    set(&roster, standing_of(1, NOW));
    set(&roster, held);
    roster_next_organisation(&roster, organisation, organisation);
    assert_string_equal(organisation, "kcc");
    roster_next_organisation(&roster, organisation, organisation);
    assert_string_equal(organisation, "werkse");
    roster_next_organisation(&roster, organisation, organisation);
    assert_string_equal(organisation, "");
    assert_int_equal(roster_next_phase(&roster, 0), HV_PHASE_RECEIPT);
    assert_int_equal(roster_next_phase(&roster, HV_PHASE_RECEIPT), HV_PHASE_HELD);
    assert_int_equal(roster_next_phase(&roster, HV_PHASE_HELD), 0);
    roster_fini(&roster);
}

static void test_counts_and_claims(void **state) {
    (void)state;
    struct roster roster = {0};
    struct hv_uuid wanted;
    struct hv_standing claimed = late_of(1, NOW - HOUR, HV_URGENCY_ROUTINE);
    claimed.has_claimed = true;
    claimed.claimed.until = NOW + MINUTE;
    set(&roster, claimed);
    set(&roster, standing_of(2, NOW + MINUTE));
    set(&roster, standing_of(3, NOW + DAY));
    struct roster_counts counts = roster_count(&roster, NOW);
    assert_int_equal(counts.open, 3);
    assert_int_equal(counts.late, 1);
    assert_int_equal(counts.soon, 1);
    assert_int_equal(counts.claimed, 1);
    assert_int_equal(roster_want_unclaimed(&roster, NOW), 0);
    assert_false(roster_wanted(&roster, &wanted));
    assert_int_equal(roster_want_unclaimed(&roster, NOW + MINUTE), 0);
    assert_true(roster_wanted(&roster, &wanted));
    assert_int_equal(wanted.bytes[14], 1);
    assert_int_equal(roster_count(&roster, NOW + MINUTE).claimed, 0);
    roster_fini(&roster);
}

/* Ten events of one journey are one question. */
static void test_each_is_wanted_once(void **state) {
    (void)state;
    struct roster roster = {0};
    struct hv_uuid one = id_of(1), two = id_of(2), got;
    assert_int_equal(roster_want(&roster, &one), 0);
    assert_int_equal(roster_want(&roster, &two), 0);
    assert_int_equal(roster_want(&roster, &one), 0);
    assert_true(roster_wanted(&roster, &got));
    assert_memory_equal(&got, &one, sizeof got);
    assert_true(roster_wanted(&roster, &got));
    assert_memory_equal(&got, &two, sizeof got);
    assert_false(roster_wanted(&roster, &got));
    roster_fini(&roster);
}

/* Enough of the end to tell all apart, at least four digits. */
static void test_short_ids(void **state) {
    (void)state;
    struct roster roster = {0};
    struct hv_uuid id = id_of(0x17);
    char text[HV_UUID_TEXT_SIZE];
    assert_int_equal(roster_short_digits(&roster), 4);
    set(&roster, standing_of(0x17, NOW));
    set(&roster, standing_of(0x27, NOW));
    assert_int_equal(roster_short_digits(&roster), 4); /* 17ab, 27ab */
    struct hv_standing twin = standing_of(0x17, NOW);
    twin.journey.bytes[12] = 0x50;
    set(&roster, twin);
    assert_int_equal(roster_short_digits(&roster), 8); /* 000017ab, 500017ab */
    roster_short_text(&id, 8, text);
    assert_string_equal(text, "000017ab");
    assert_true(roster_ends_with(&id, "17ab"));
    assert_true(roster_ends_with(&id, "01000000-0000-0000-0000-0000000017ab"));
    assert_false(roster_ends_with(&id, "1701000000-0000-0000-0000-0000000017ab"));
    assert_false(roster_ends_with(&id, "27ab"));
    assert_false(roster_ends_with(&id, ""));
    roster_fini(&roster);
}

/* An answer to `status` says the same as the message to a watcher. */
static void test_a_status_is_a_standing(void **state) {
    (void)state;
    struct hv_standing standing;
    const struct hv_done done = {
        .journey = id_of(9),
        .state = "open",
        .has_late = true,
        .late = NOW,
        .has_due = true,
        .due = NOW + DAY,
        .has_stuck = true,
        .stuck = true,
    };
    roster_standing(&done, &standing);
    assert_memory_equal(&standing.journey, &done.journey, sizeof done.journey);
    assert_string_equal(standing.state, "open");
    assert_true(standing.has_late && standing.late == NOW && standing.stuck);
    assert_false(standing.has_receiver);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_lateness),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_told_is_kept),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_going_round),
        cmocka_unit_test(test_counts_and_claims),
        cmocka_unit_test(test_each_is_wanted_once),
        cmocka_unit_test(test_short_ids),
        cmocka_unit_test(test_a_status_is_a_standing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
