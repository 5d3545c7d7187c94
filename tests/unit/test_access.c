/* Access: who may know of a journey or handover, and who may act on it. */
#include "broker/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Everybody that there is on a network of four, of which kcc coordinates; werkse holds and offers
 * to support. `stranger` has no part in it. */
static const struct {
    struct actor actor;
    bool knows_handover;
    bool knows_journey; /* while the handover is open */
    bool knows_held;    /* while none is */
    bool is_holder_side, is_receiver_side;
    bool holds;
    bool reads_all;
} everybody[] = {
    /*                                            handover journey held   sides         holds  all
     */
    {{"werkse", HV_ROLE_ENDPOINT, false, ""}, true, true, true, true, false, true, true},
    {{"werkse", HV_ROLE_COORDINATOR, false, ""}, true, true, true, false, false, false, true},
    {{"werkse", HV_ROLE_OPERATOR, false, ""}, false, false, false, false, false, false, false},
    {{"support", HV_ROLE_ENDPOINT, false, ""}, true, true, false, false, true, false, false},
    {{"support", HV_ROLE_COORDINATOR, false, ""}, true, true, false, false, false, false, false},
    {{"support", HV_ROLE_OPERATOR, false, ""}, false, false, false, false, false, false, false},
    {{"stranger", HV_ROLE_ENDPOINT, false, ""}, false, false, false, false, false, false, false},
    {{"stranger", HV_ROLE_COORDINATOR, false, ""}, false, false, false, false, false, false, false},
    {{"stranger", HV_ROLE_OPERATOR, false, ""}, false, false, false, false, false, false, false},
    {{"kcc", HV_ROLE_ENDPOINT, false, ""}, false, false, false, false, false, false, false},
    {{"kcc", HV_ROLE_COORDINATOR, true, ""}, true, true, true, false, false, false, true},
    {{"kcc", HV_ROLE_OPERATOR, false, ""}, false, false, false, false, false, false, false},
};

static void parties(struct journey *journey, struct handover *handover) {
    *journey = sample_journey();
    *handover = (struct handover){.state = HV_HANDOVER_OFFERED};
    sample_text(journey->holder.organisation, "werkse");
    sample_text(handover->from, "werkse");
    sample_text(handover->to, "support");
}

static void test_everybody_knows_what_is_theirs(void **state) {
    struct journey journey;
    struct handover handover;
    (void)state;

    parties(&journey, &handover);
    for (size_t i = 0; i < COUNT(everybody); i++) {
        const struct actor *actor = &everybody[i].actor;
        const bool as_said =
            access_knows_handover(actor, &handover) == everybody[i].knows_handover &&
            access_knows_journey(actor, &journey, &handover) == everybody[i].knows_journey &&
            access_knows_journey(actor, &journey, NULL) == everybody[i].knows_held &&
            access_reads_all(actor, &journey) == everybody[i].reads_all;
        if (!as_said)
            fail_msg("%s, role %d: knows other things", actor->organisation, (int)actor->role);
    }
}

static void test_endpoints_alone_have_a_side(void **state) {
    struct journey journey;
    struct handover handover;
    (void)state;

    parties(&journey, &handover);
    for (size_t i = 0; i < COUNT(everybody); i++) {
        const struct actor *actor = &everybody[i].actor;
        const bool either = everybody[i].is_holder_side || everybody[i].is_receiver_side;
        assert_int_equal(access_is_side(actor, &handover, ACCESS_HOLDER),
                         everybody[i].is_holder_side);
        assert_int_equal(access_is_side(actor, &handover, ACCESS_RECEIVER),
                         everybody[i].is_receiver_side);
        assert_int_equal(access_is_side(actor, &handover, ACCESS_EITHER), either);
        assert_int_equal(access_holds(actor, &journey), everybody[i].holds);
    }
}

/* After a confirmation the earlier holder is a party to the handover, and no more to the journey.
 */
static void test_an_earlier_holder_lets_go(void **state) {
    const struct actor earlier = {"werkse", HV_ROLE_ENDPOINT, false, ""};
    const struct actor present = {"support", HV_ROLE_ENDPOINT, false, ""};
    struct journey journey;
    struct handover handover;
    (void)state;

    parties(&journey, &handover);
    sample_text(journey.holder.organisation, "support");
    handover.state = HV_HANDOVER_CONFIRMED;
    assert_true(access_knows_handover(&earlier, &handover));
    assert_false(access_knows_journey(&earlier, &journey, NULL));
    assert_false(access_reads_all(&earlier, &journey));
    assert_false(access_holds(&earlier, &journey));
    assert_true(access_reads_all(&present, &journey));
    assert_true(access_holds(&present, &journey));
}

/* A closed journey's last holder is treated as its holder. */
static void test_the_last_holder_of_a_closed_journey(void **state) {
    const struct actor last = {"werkse", HV_ROLE_ENDPOINT, false, ""};
    struct journey journey;
    struct handover handover;
    (void)state;

    parties(&journey, &handover);
    journey.state = HV_JOURNEY_CLOSED;
    assert_true(access_knows_journey(&last, &journey, NULL));
    assert_true(access_holds(&last, &journey));
    assert_true(access_reads_all(&last, &journey));
}

/* Within one organisation its endpoints are both sides. */
static void test_both_sides_within_an_organisation(void **state) {
    const struct actor both = {"werkse", HV_ROLE_ENDPOINT, false, ""};
    struct journey journey;
    struct handover handover;
    (void)state;

    parties(&journey, &handover);
    sample_text(handover.to, "werkse");
    assert_true(access_is_side(&both, &handover, ACCESS_HOLDER));
    assert_true(access_is_side(&both, &handover, ACCESS_RECEIVER));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_knows_what_is_theirs),
        cmocka_unit_test(test_endpoints_alone_have_a_side),
        cmocka_unit_test(test_an_earlier_holder_lets_go),
        cmocka_unit_test(test_the_last_holder_of_a_closed_journey),
        cmocka_unit_test(test_both_sides_within_an_organisation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
