/* Which ladder counts for a phase, an urgency, a kind and a route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ladder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A ladder of a file, told apart by its line. */
#define OF_FILE(number, ...) \
    { .path = "ladders/a.conf", .line = (number), __VA_ARGS__ }
#define DEFAULT(number, ...) \
    { .line = (number), __VA_ARGS__ }

/* NOTHING is a line that no ladder stands on. */
#define NOTHING 0U
#define NO_KIND (enum hv_kind)0

/* `kind` 0: there is no handover. */
static void assert_found(struct ladder *items, size_t count, enum hv_phase phase,
                         enum hv_urgency urgency, enum hv_kind kind, const char *from,
                         const char *to, unsigned line, int where) {
    const struct ladders ladders = {.items = items, .count = count};
    const struct ladder_key key = {phase, urgency, kind, from, to};
    const struct ladder *found = ladder_find(&ladders, &key);
    const unsigned got = found ? found->line : NOTHING;

    if (got != line)
        fail_msg("line %d: expected ladder %u, got %u", where, line, got);
}

#define assert_line(items, line, phase, urgency, kind, from, to)                              \
    assert_found(items, COUNT(items), HV_PHASE_##phase, HV_URGENCY_##urgency, kind, from, to, \
                 line, __LINE__)

static void test_phase_and_urgency(void **state) {
    struct ladder items[] = {
        DEFAULT(1, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
        DEFAULT(2, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_URGENT),
        DEFAULT(3, .phase = HV_PHASE_PICKUP),
    };

    (void)state;
    assert_line(items, 1U, RECEIPT, CRISIS, NO_KIND, "kcc", "");
    assert_line(items, 2U, RECEIPT, URGENT, NO_KIND, "kcc", "");
    assert_line(items, NOTHING, RECEIPT, ROUTINE, NO_KIND, "kcc", "");
    assert_line(items, 3U, PICKUP, ROUTINE, NO_KIND, "kcc", "");
    assert_line(items, NOTHING, DELIVERY, CRISIS, NO_KIND, "kcc", "");
}

/* callback and signal are cold ones; where there is no handover no kind fits. */
static void test_kind(void **state) {
    struct ladder items[] = {
        DEFAULT(1, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
        DEFAULT(2, .phase = HV_PHASE_RECEIPT, .kind = LADDER_COLD),
        DEFAULT(3, .phase = HV_PHASE_PICKUP, .kind = LADDER_WARM),
    };

    (void)state;
    assert_line(items, 1U, RECEIPT, CRISIS, HV_KIND_WARM, "kcc", "werkse");
    assert_line(items, 2U, RECEIPT, CRISIS, HV_KIND_COLD, "kcc", "werkse");
    assert_line(items, 2U, RECEIPT, CRISIS, HV_KIND_CALLBACK, "kcc", "werkse");
    assert_line(items, 2U, RECEIPT, CRISIS, HV_KIND_SIGNAL, "kcc", "werkse");
    assert_line(items, 1U, RECEIPT, CRISIS, NO_KIND, "kcc", "");
    assert_line(items, 3U, PICKUP, CRISIS, HV_KIND_WARM, "kcc", "werkse");
    assert_line(items, NOTHING, PICKUP, CRISIS, HV_KIND_COLD, "kcc", "werkse");
    assert_line(items, NOTHING, PICKUP, CRISIS, NO_KIND, "kcc", "");
}

/* Both ends before `to` before `from` before a kind before an urgency, in whatever order they are
 * read. */
static void test_most_particular(void **state) {
    struct ladder items[] = {
        OF_FILE(1, .phase = HV_PHASE_RECEIPT, .from = "kcc", .to = "werkse"),
        OF_FILE(2, .phase = HV_PHASE_RECEIPT, .to = "werkse"),
        OF_FILE(3, .phase = HV_PHASE_RECEIPT, .from = "kcc"),
        OF_FILE(4, .phase = HV_PHASE_RECEIPT, .kind = LADDER_COLD),
        OF_FILE(5, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
        OF_FILE(6, .phase = HV_PHASE_RECEIPT),
        OF_FILE(7, .phase = HV_PHASE_RECEIPT, .from = "kcc", .kind = LADDER_COLD,
                .urgency = HV_URGENCY_CRISIS),
    };

    (void)state;
    assert_line(items, 1U, RECEIPT, CRISIS, HV_KIND_COLD, "kcc", "werkse");
    assert_line(items, 2U, RECEIPT, CRISIS, HV_KIND_COLD, "ds", "werkse");
    assert_line(items, 7U, RECEIPT, CRISIS, HV_KIND_COLD, "kcc", "ds");
    assert_line(items, 3U, RECEIPT, CRISIS, HV_KIND_WARM, "kcc", "ds");
    assert_line(items, 4U, RECEIPT, CRISIS, HV_KIND_COLD, "ds", "kcc");
    assert_line(items, 5U, RECEIPT, CRISIS, HV_KIND_WARM, "ds", "kcc");
    assert_line(items, 6U, RECEIPT, URGENT, HV_KIND_WARM, "ds", "kcc");
    assert_line(items, 3U, RECEIPT, URGENT, HV_KIND_WARM, "kcc", "");
}

/* A network that says nothing of urgency or kind means all of them: the defaults, which do, do not
 * come between. */
static void test_files_before_defaults(void **state) {
    struct ladder items[] = {
        DEFAULT(1, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS, .kind = LADDER_COLD),
        DEFAULT(2, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
        OF_FILE(3, .phase = HV_PHASE_RECEIPT),
    };

    (void)state;
    assert_line(items, 3U, RECEIPT, CRISIS, HV_KIND_COLD, "kcc", "werkse");
    assert_line(items, 3U, RECEIPT, CRISIS, HV_KIND_WARM, "kcc", "werkse");
}

static void test_last_of_equals(void **state) {
    struct ladder items[] = {
        OF_FILE(1, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
        OF_FILE(2, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
    };

    (void)state;
    assert_line(items, 2U, RECEIPT, CRISIS, NO_KIND, "kcc", "");
}

/* *answer* climbs *receipt*, the receiver's and kind's own too, until a file has one for it. */
static void test_answer(void **state) {
    struct ladder items[] = {
        DEFAULT(1, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS),
        DEFAULT(2, .phase = HV_PHASE_RECEIPT, .urgency = HV_URGENCY_CRISIS, .kind = LADDER_COLD),
        OF_FILE(3, .phase = HV_PHASE_RECEIPT, .to = "werkse"),
        OF_FILE(4, .phase = HV_PHASE_ANSWER, .urgency = HV_URGENCY_URGENT),
    };

    (void)state;
    assert_line(items, 1U, ANSWER, CRISIS, HV_KIND_WARM, "kcc", "ds");
    assert_line(items, 2U, ANSWER, CRISIS, HV_KIND_COLD, "kcc", "ds");
    assert_line(items, 3U, ANSWER, CRISIS, HV_KIND_COLD, "kcc", "werkse");
    assert_line(items, 4U, ANSWER, URGENT, HV_KIND_COLD, "kcc", "werkse");
}

static void test_check_ins(void **state) {
    (void)state;
    for (int phase = HV_PHASE_UNROUTED; phase <= HV_PHASE_ANSWER; phase++)
        assert_int_equal(ladder_is_check_in((enum hv_phase)phase),
                         phase == HV_PHASE_HELD || phase == HV_PHASE_WAITING);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phase_and_urgency), cmocka_unit_test(test_kind),
        cmocka_unit_test(test_most_particular),   cmocka_unit_test(test_files_before_defaults),
        cmocka_unit_test(test_last_of_equals),    cmocka_unit_test(test_answer),
        cmocka_unit_test(test_check_ins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
