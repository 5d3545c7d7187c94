/* Every result has a sentence, and every word of the wire its number. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "houvast/houvast.h"

static void test_ours_have_their_own(void **state) {
    (void)state;
    static const int ours[] = {0,       HV_REFUSED, HV_BAD_MESSAGE, HV_BAD_KEY, -ETIMEDOUT,
                               -EPROTO, -EAGAIN,    -EINTR,         -ENOTCONN,  -ESTALE,
                               -EFBIG,  -EINVAL,    -ENOMEM};
    size_t count = sizeof ours / sizeof ours[0];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(hv_result_text(ours[i]), hv_result_text(ours[j]));
}

static void test_others(void **state) {
    (void)state;
    assert_string_equal(hv_result_text(-EMFILE), "Too many open files");
    assert_string_equal(hv_result_text(-9999), "an unknown result");
    assert_string_equal(hv_result_text(9999), "an unknown result");
}

static void test_words(void **state) {
    (void)state;
    assert_string_equal(hv_urgency_text(HV_URGENCY_CRISIS), "crisis");
    assert_int_equal(hv_urgency_parse("crisis"), HV_URGENCY_CRISIS);
    assert_string_equal(hv_handover_state_text(HV_HANDOVER_PICKED_UP), "picked-up");
    assert_int_equal(hv_role_parse("operator"), HV_ROLE_OPERATOR);
    assert_int_equal(hv_role_parse("Operator"), 0);
    assert_int_equal(hv_role_parse(""), 0);
    assert_null(hv_role_text((enum hv_role)0));
    assert_null(hv_role_text((enum hv_role)99));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours_have_their_own),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
