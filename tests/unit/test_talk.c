/* How a connection keeps its session, and gets another when it lost it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/caller.h"

static int begin(void **state) {
    static struct fake_broker broker;
    fake_broker_init(&broker);
    *state = &broker;
    return 0;
}

static int end(void **state) {
    fake_broker_fini(*state);
    return 0;
}

static struct hv_connection *connect_named(struct fake_broker *broker, const char *instance,
                                           struct said *ret_hello) {
    struct hv_config config = fake_broker_config(broker);
    config.instance = instance;
    return connected(broker, &config, ret_hello);
}

static void pong_say(struct fake_broker *broker, const struct said *ping) {
    struct hv_message pong = {.type = HV_MESSAGE_pong, .pong = {.has_request = true}};
    memcpy(pong.pong.request, ping->request, sizeof ping->request);
    fake_broker_say(broker, ping, &pong, NULL, 0);
}

static void hello_welcome(struct fake_broker *broker) {
    struct said hello = fake_broker_expect(broker, HV_MESSAGE_hello);
    fake_broker_welcome(broker, &hello);
    said_close(&hello);
}

/* While a program is at an item for many heartbeats, the session lives: there is a ping in each, no
 * second hello, and then the item is acknowledged in that same session. */
static void test_busy_handler_keeps_session(void **state) {
    struct fake_broker *broker = *state;
    struct said hello, ping;
    broker->heartbeat_ms = 100;
    struct hv_connection *connection = connect_named(broker, NULL, &hello);
    fake_broker_item(broker, &hello, 1, 1, NULL);
    struct hv_delivery delivery;
    assert_int_equal(hv_take(connection, PATIENCE_MS, &delivery), 0);
    for (int heartbeats = 0; heartbeats < 7; heartbeats++) {
        assert_true(fake_broker_listen_closely(broker, PATIENCE_MS, &ping));
        assert_int_equal(ping.message.type, HV_MESSAGE_ping);
        pong_say(broker, &ping);
        said_close(&ping);
    }
    struct caller caller;
    caller_command(&caller, connection,
                   &(struct hv_message){.type = HV_MESSAGE_ack, .ack = {.item = 1}});
    struct said ack = fake_broker_expect(broker, HV_MESSAGE_ack);
    fake_broker_done(broker, &ack, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    hv_delivery_free(&delivery);
    disconnected(broker, connection);
    said_close(&ack);
    said_close(&hello);
}

/* Whoever says something in each heartbeat need not ping. */
static void test_no_ping_where_something_was_said(void **state) {
    struct fake_broker *broker = *state;
    struct said said;
    broker->heartbeat_ms = 1000;
    struct hv_connection *connection = connect_named(broker, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        assert_false(fake_broker_listen_closely(broker, 600, &said));
        assert_int_equal(hv_nack(connection, 1, 0), 0);
        assert_true(fake_broker_listen_closely(broker, PATIENCE_MS, &said));
        assert_int_equal(said.message.type, HV_MESSAGE_nack);
        fake_broker_refuse(broker, &said, true, HV_REFUSED_UNKNOWN, -1);
        said_close(&said);
    }
    disconnected(broker, connection);
}

static void test_answers_ping(void **state) {
    struct fake_broker *broker = *state;
    struct said hello;
    struct hv_connection *connection = connect_named(broker, NULL, &hello);
    struct hv_message ping = {.type = HV_MESSAGE_ping};
    fake_broker_say(broker, &hello, &ping, NULL, 0);
    struct said pong = fake_broker_expect(broker, HV_MESSAGE_pong);
    assert_string_equal(pong.request, "");
    said_close(&pong);
    ping.ping = (struct hv_ping){.has_request = true, .request = "there?"};
    fake_broker_say(broker, &hello, &ping, NULL, 0);
    pong = fake_broker_expect(broker, HV_MESSAGE_pong);
    assert_string_equal(pong.request, "there?");
    said_close(&pong);
    disconnected(broker, connection);
    said_close(&hello);
}

/* A broker that is silent for three heartbeats, though pinged, gets another hello. */
static void test_silence(void **state) {
    struct fake_broker *broker = *state;
    struct said said;
    broker->heartbeat_ms = 50;
    struct hv_connection *connection = connect_named(broker, "desk-1", NULL);
    unsigned pings = 0;
    for (;;) {
        assert_true(fake_broker_listen_closely(broker, PATIENCE_MS, &said));
        if (said.message.type == HV_MESSAGE_hello)
            break;
        assert_int_equal(said.message.type, HV_MESSAGE_ping);
        said_close(&said);
        pings++;
    }
    assert_in_range(pings, 1, 3);
    assert_string_equal(said.message.hello.instance, "desk-1");
    assert_int_equal(hv_link_get(connection, NULL), HV_LINK_DOWN);
    fake_broker_welcome(broker, &said);
    link_await(connection, HV_LINK_UP);
    said_close(&said);
    disconnected(broker, connection);
}

/* A broker that forgot us (it was started again behind a connection that stayed) says so to the
 * next command; hello, and the command again with the same content. */
static void test_no_session(void **state) {
    struct fake_broker *broker = *state;
    struct hv_connection *connection = connect_named(broker, "desk-1", NULL);
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, connection, &command);
    struct said first = fake_broker_expect(broker, HV_MESSAGE_receive);
    fake_broker_refuse(broker, &first, true, HV_REFUSED_NO_SESSION, -1);
    hello_welcome(broker);
    struct said second = fake_broker_expect(broker, HV_MESSAGE_receive);
    assert_memory_equal(first.content, second.content, sizeof first.content);
    fake_broker_done(broker, &second, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&first);
    said_close(&second);
    disconnected(broker, connection);
}

/* A broker that welcomes and forgets, again and again, is not asked in a rage. */
static void test_no_session_again(void **state) {
    struct fake_broker *broker = *state;
    struct hv_connection *connection = connect_named(broker, "desk-1", NULL);
    struct hv_message command = receive_command();
    struct caller caller;
    struct said said;
    caller_command(&caller, connection, &command);
    for (int i = 0; i < 2; i++) {
        said = fake_broker_expect(broker, HV_MESSAGE_receive);
        fake_broker_refuse(broker, &said, true, HV_REFUSED_NO_SESSION, -1);
        said_close(&said);
        if (i == 0)
            hello_welcome(broker);
    }
    assert_false(fake_broker_listen(broker, 700, &said));
    hello_welcome(broker);
    said = fake_broker_expect(broker, HV_MESSAGE_receive);
    fake_broker_done(broker, &said, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&said);
    disconnected(broker, connection);
}

/* Killed and started again: hello at once, unasked, and the command whose answer went down with it
 * again. */
static void test_broker_restart(void **state) {
    struct fake_broker *broker = *state;
    struct hv_connection *connection = connect_named(broker, "desk-1", NULL);
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, connection, &command);
    struct said first = fake_broker_expect(broker, HV_MESSAGE_receive);
    fake_broker_restart(broker);
    hello_welcome(broker);
    struct said second = fake_broker_expect(broker, HV_MESSAGE_receive);
    assert_memory_equal(first.content, second.content, sizeof first.content);
    fake_broker_done(broker, &second, true);
    assert_int_equal(caller_end(&caller), 0);
    assert_true(caller.answer.message.done.repeated);
    hv_answer_free(&caller.answer);
    said_close(&first);
    said_close(&second);
    disconnected(broker, connection);
}

/* A command that was given while there was no broker goes out when there is one. */
static void test_command_waits_for_broker(void **state) {
    struct fake_broker *broker = *state;
    struct hv_connection *connection = connect_named(broker, "desk-1", NULL);
    fake_broker_fini(broker);
    link_await(connection, HV_LINK_DOWN);
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, connection, &command);
    why_await(connection, "no broker answers");
    fake_broker_begin(broker);
    hello_welcome(broker);
    struct said said = fake_broker_expect(broker, HV_MESSAGE_receive);
    fake_broker_done(broker, &said, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&said);
    disconnected(broker, connection);
}

/* Two processes with one name do not take the session from each other: the one that was put out
 * keeps away, and can say why. */
static void test_takeover(void **state) {
    struct fake_broker *broker = *state;
    struct said hello, said;
    struct hv_connection *connection = connect_named(broker, "desk-1", &hello);
    fake_broker_refuse(broker, &hello, false, HV_REFUSED_NO_SESSION, -1);
    why_await(connection, "another process said hello as instance desk-1");
    assert_int_equal(hv_link_get(connection, NULL), HV_LINK_DOWN);
    assert_false(fake_broker_listen(broker, 1500, &said));
    disconnected(broker, connection);
    said_close(&hello);
}

/* A name that we made ourselves nobody else has: that was about an older session of our own. */
static void test_takeover_of_made_name(void **state) {
    struct fake_broker *broker = *state;
    struct said hello;
    struct hv_connection *connection = connect_named(broker, NULL, &hello);
    fake_broker_refuse(broker, &hello, false, HV_REFUSED_NO_SESSION, -1);
    hello_welcome(broker);
    link_await(connection, HV_LINK_UP);
    disconnected(broker, connection);
    said_close(&hello);
}

/* A key that a reload removed: the broker says so once, and that is the end of it. */
static void test_key_removed(void **state) {
    struct fake_broker *broker = *state;
    struct said ping;
    broker->heartbeat_ms = 50;
    struct hv_connection *connection = connect_named(broker, NULL, NULL);
    assert_true(fake_broker_listen_closely(broker, PATIENCE_MS, &ping));
    assert_int_equal(ping.message.type, HV_MESSAGE_ping);
    fake_broker_refuse(broker, &ping, true, HV_REFUSED_FORBIDDEN, -1);
    said_close(&ping);
    struct hv_delivery delivery;
    assert_int_equal(hv_take(connection, PATIENCE_MS, &delivery), -ENOTCONN);
    assert_int_equal(hv_take(connection, 0, &delivery), -ENOTCONN);
    struct hv_message command = receive_command();
    struct hv_answer answer;
    assert_int_equal(hv_command(connection, &command, NULL, 0, &answer), -ENOTCONN);
    hv_answer_free(&answer);
    char why[256];
    assert_int_equal(hv_link_get(connection, why), HV_LINK_REFUSED);
    assert_non_null(strstr(why, "forbidden"));
    disconnected(broker, connection);
}

/* A command that is under way when that happens does not wait out its time. */
static void test_key_removed_under_way(void **state) {
    struct fake_broker *broker = *state;
    struct hv_connection *connection = connect_named(broker, NULL, NULL);
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, connection, &command);
    struct said said = fake_broker_expect(broker, HV_MESSAGE_receive);
    fake_broker_refuse(broker, &said, false, HV_REFUSED_FORBIDDEN, -1);
    assert_int_equal(caller_end(&caller), -ENOTCONN);
    assert_int_equal(caller.answer.message.type, HV_MESSAGE_none);
    said_close(&said);
    disconnected(broker, connection);
}

int main(void) {
#define TALK_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TALK_TEST(test_busy_handler_keeps_session),
        TALK_TEST(test_no_ping_where_something_was_said),
        TALK_TEST(test_answers_ping),
        TALK_TEST(test_silence),
        TALK_TEST(test_no_session),
        TALK_TEST(test_no_session_again),
        TALK_TEST(test_broker_restart),
        TALK_TEST(test_command_waits_for_broker),
        TALK_TEST(test_takeover),
        TALK_TEST(test_takeover_of_made_name),
        TALK_TEST(test_key_removed),
        TALK_TEST(test_key_removed_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
