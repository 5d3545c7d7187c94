/* The list of subcommands, and what is suggested for a name that is none. */
#include "clients/houvast/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Every message that a peer sends is a subcommand, but for those that keep a session or an inbox
 * going. */
static void test_every_command_of_the_wire_is_there(void **state) {
    (void)state;
    static const char *const kept[] = {"hello", "bye", "ack", "nack"};
    for (int number = HV_MESSAGE_none + 1; number < HV_MESSAGE_TYPES; number++) {
        enum hv_message_type type = (enum hv_message_type)number;
        const char *name = wire_message_struct(type)->name;
        struct subcommand subcommand;
        bool is_kept = wire_message_by(type) != WIRE_BY_PEER;
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
            is_kept = is_kept || strcmp(kept[i], name) == 0;
        }
        bool found = subcommand_find(name, &subcommand) && !subcommand.run;
        if (found == is_kept) {
            fail_msg("%s: expected %s, got the opposite", name,
                     is_kept ? "no subcommand" : "a subcommand");
        }
    }
}

static void test_names_are_unique_and_explained(void **state) {
    (void)state;
    struct subcommand one, other;
    for (size_t n = 0; subcommand_at(n, &one); n++) {
        assert_true(strlen(one.doc) > 0 && strlen(one.doc) <= 64); /* one line of the help */
        for (size_t m = 0; m < n && subcommand_at(m, &other); m++) {
            assert_string_not_equal(one.name, other.name);
        }
    }
}

static void test_what_may_have_been_meant(void **state) {
    (void)state;
    static const struct {
        const char *name, *near;
    } rows[] = {
        {"ofer", "offer"},
        {"offfer", "offer"},
        {"confrim", "confirm"},
        {"stat", "status, stats"},
        {"histroy", "history"},
        {"lisen", "list, listen"},
        {"pikup", "pickup"},
        {"mpa", ""},
        {"nonsense", ""},
        {"", ""},
        {"pickups-of-today", ""},
        {"intro", "introduce"},
        {"clock_accept", "clock-accept"},
        {"wacth", "wait, watch"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char near[128];
        subcommand_near(rows[i].name, near, sizeof near);
        if (strcmp(near, rows[i].near) != 0) {
            fail_msg("%s: expected \"%s\", got \"%s\"", rows[i].name, rows[i].near, near);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_command_of_the_wire_is_there),
        cmocka_unit_test(test_names_are_unique_and_explained),
        cmocka_unit_test(test_what_may_have_been_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
