/* What the names of measures say. */
#include "clients/houvast/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_label(const char *figure, const char *key, const char *expected) {
    char got[32];
    stats_label(figure, key, got, sizeof got);
    assert_string_equal(got, expected);
}

static void test_labels(void **state) {
    (void)state;
    static const char figure[] =
        "houvast_handovers_ended_total{end=\"declined\",from=\"kcc\",to=\"werkse\",reason=\"a b\"}";
    assert_label(figure, "end", "declined");
    assert_label(figure, "from", "kcc");
    assert_label(figure, "reason", "a b");
    assert_label(figure, "fro", "");
    assert_label(figure, "kcc", "");
    assert_label("houvast_sessions", "from", "");
    assert_label("broken{from", "from", "");
    assert_label("broken{from=\"kcc", "from", "");
    assert_label("none{}", "from", "");
    assert_label("twice{a=\"\",b=\"2\"}", "b", "2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
