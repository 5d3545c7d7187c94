/* Sessions: who is here, what is out to whom, and that nothing which was out is forgotten. */
#include "broker/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct route route_of(uint8_t number) {
    struct route route = {.size = 5, .bytes = {0, 0, 0, 0, number}};

    return route;
}

static struct session_name name_of(const char *organisation, enum hv_role role,
                                   const char *instance) {
    struct session_name name;

    memset(&name, 0, sizeof name);
    snprintf(name.organisation, sizeof name.organisation, "%s", organisation);
    snprintf(name.instance, sizeof name.instance, "%s", instance);
    name.role = role;
    return name;
}

static struct session *begin(struct sessions *sessions, uint8_t number, const char *instance,
                             int64_t inbox) {
    const struct route route = route_of(number);
    const struct session_name name = name_of("werkse", HV_ROLE_ENDPOINT, instance);
    struct session *session = session_begin(sessions, &route, &name, inbox, 1000);

    assert_non_null(session);
    return session;
}

/* ---- Who is here ---- */

/* Found by its connection and by its name, and by nothing that is nearly so. */
static void test_session_is_found_by_route_and_name(void **state) {
    static const char *const organisations[] = {"werkse", "kcc"};
    struct sessions sessions = {0};
    (void)state;

    struct session *session = begin(&sessions, 1, "one", 7);
    const struct route same = route_of(1);
    const struct route other = route_of(2);
    assert_ptr_equal(session_find(&sessions, &same), session);
    assert_null(session_find(&sessions, &other));
    for (size_t o = 0; o < COUNT(organisations); o++)
        for (int role = HV_ROLE_ENDPOINT; role <= HV_ROLE_OPERATOR; role++)
            for (int instance = 0; instance < 2; instance++) {
                const struct session_name name =
                    name_of(organisations[o], (enum hv_role)role, instance ? "two" : "one");
                const bool is_it = o == 0 && role == HV_ROLE_ENDPOINT && instance == 0;
                assert_ptr_equal(session_named(&sessions, &name), is_it ? session : NULL);
            }
    assert_int_equal(session->heard_ms, 1000);
    assert_int_equal(session->spoke_ms, 1000);
    sessions_fini(&sessions);
}

/* Sessions of one inbox stand together; one with another number stands alone. */
static void test_sessions_share_an_inbox(void **state) {
    struct sessions sessions = {0};
    (void)state;

    struct session *one = begin(&sessions, 1, "one", 7);
    struct session *two = begin(&sessions, 2, "two", 7);
    struct session *three = begin(&sessions, 3, "three", 8);
    assert_ptr_equal(one->inbox, two->inbox);
    assert_ptr_not_equal(one->inbox, three->inbox);
    assert_int_equal(one->inbox->number, 7);
    assert_int_equal(session_end(&sessions, one), 0);
    assert_ptr_equal(two->inbox->sessions, two);
    assert_int_equal(session_end(&sessions, two), 0);
    assert_int_equal(HASH_COUNT(sessions.inboxes), 1);
    sessions_fini(&sessions);
}

/* A new session, and one that leaves something, make their inbox be looked at. */
static void test_inbox_is_wanted_when_something_may_go(void **state) {
    struct sessions sessions = {0};
    (void)state;

    struct session *one = begin(&sessions, 1, "one", 7);
    struct inbox *inbox = one->inbox;
    assert_true(inbox->wanted);
    inbox->wanted = false;
    sessions_want(&sessions, 8); /* nobody is there */
    assert_false(inbox->wanted);
    sessions_want(&sessions, 7);
    assert_true(inbox->wanted);
    inbox->wanted = false;
    (void)begin(&sessions, 2, "two", 7);
    assert_true(inbox->wanted);
    inbox->wanted = false;
    assert_int_equal(session_end(&sessions, one), 0);
    assert_true(inbox->wanted);
    sessions_fini(&sessions);
}

/* ---- What is out ---- */

static void test_outs_are_counted(void **state) {
    struct sessions sessions = {0};
    (void)state;

    struct session *one = begin(&sessions, 1, "one", 7);
    struct session *two = begin(&sessions, 2, "two", 7);
    struct out *first = session_out_add(&sessions, one, 11, 100, 1000);
    struct out *second = session_out_add(&sessions, two, 12, 0, 1001);
    struct out *third = session_out_add(&sessions, one, 13, 50, 1002);
    assert_int_equal(one->out_count, 2);
    assert_int_equal(one->out_bytes, 150);
    assert_int_equal(two->out_count, 1);
    assert_ptr_equal(session_out_find(&sessions, 12), second);
    assert_null(session_out_find(&sessions, 14));
    /* Of all of them, in the order of sending. */
    assert_ptr_equal(sessions.oldest, first);
    assert_ptr_equal(first->younger, second);
    assert_ptr_equal(second->younger, third);
    session_out_remove(&sessions, second);
    assert_int_equal(two->out_count, 0);
    assert_null(session_out_find(&sessions, 12));
    assert_ptr_equal(first->younger, third);
    session_out_remove(&sessions, first);
    assert_ptr_equal(sessions.oldest, third);
    assert_int_equal(one->out_bytes, 50);
    sessions_fini(&sessions);
}

/* One that this turn acknowledges gives its credit back once, and takes it again with the turn. */
static void test_ending_is_counted_once(void **state) {
    struct sessions sessions = {0};
    (void)state;

    struct session *session = begin(&sessions, 1, "one", 7);
    struct out *out = session_out_add(&sessions, session, 11, 0, 1000);
    session_out_ending(out, true);
    session_out_ending(out, true);
    assert_int_equal(session->ending_count, 1);
    session_out_ending(out, false);
    assert_int_equal(session->ending_count, 0);
    session_out_ending(out, true);
    session_out_remove(&sessions, out);
    assert_int_equal(session->ending_count, 0);
    assert_int_equal(session->out_count, 0);
    sessions_fini(&sessions);
}

/* What was out to a session that ends is returned, all of it, and in the order of sending. */
static void test_end_returns_what_was_out(void **state) {
    struct sessions sessions = {0};
    (void)state;

    struct session *one = begin(&sessions, 1, "one", 7);
    struct session *two = begin(&sessions, 2, "two", 7);
    for (int64_t row = 1; row <= 200; row++)
        assert_non_null(session_out_add(&sessions, row % 2 ? one : two, row, 0, 1000 + row));
    assert_int_equal(session_end(&sessions, one), 0);
    assert_int_equal(sessions.returned.count, 100);
    for (size_t i = 0; i < sessions.returned.count; i++) {
        assert_int_equal(sessions.returned.rows[i], 2 * i + 1);
        assert_null(session_out_find(&sessions, sessions.returned.rows[i]));
    }
    assert_int_equal(two->out_count, 100);
    assert_int_equal(sessions_return(&sessions, 999), 0);
    assert_int_equal(sessions.returned.rows[100], 999);
    sessions_fini(&sessions);
}

/* A session may end, and begin again on the same connection or under the same name. */
static void test_begin_again(void **state) {
    struct sessions sessions = {0};
    (void)state;

    struct session *one = begin(&sessions, 1, "one", 7);
    assert_int_equal(session_end(&sessions, one), 0);
    struct session *again = begin(&sessions, 2, "one", 7);
    assert_int_equal(session_end(&sessions, again), 0);
    again = begin(&sessions, 1, "two", 8);
    assert_int_equal(again->out_count, 0);
    assert_int_equal(HASH_COUNT(sessions.by_route), 1);
    assert_int_equal(HASH_COUNT(sessions.by_name), 1);
    sessions_fini(&sessions);
    assert_null(sessions.by_route);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_is_found_by_route_and_name),
        cmocka_unit_test(test_sessions_share_an_inbox),
        cmocka_unit_test(test_inbox_is_wanted_when_something_may_go),
        cmocka_unit_test(test_outs_are_counted),
        cmocka_unit_test(test_ending_is_counted_once),
        cmocka_unit_test(test_end_returns_what_was_out),
        cmocka_unit_test(test_begin_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
