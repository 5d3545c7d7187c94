/* Long messages that a connection has not shown to have read: the ping behind them, its pong, and
 * what is kept back until then. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker_say.h"

#define DOSSIER_BYTES    (1024 * 1024)
#define DOSSIERS         6 /* a window has four */
#define REASSIGNED       200
#define UNREAD_BYTES_MAX (4 * 1024 * 1024)

static const char *begeleider(int number) {
    static char name[2][HV_PERSON_SIZE];
    char *text = name[number % 2];

    (void)snprintf(text, sizeof name[0], "h.holder-%050d", number);
    return text;
}

/* A journey of kcc whose history is longer than what is passed over. */
static struct peer *with_long_history(struct broker_world *world) {
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);

    (void)peer_does(kcc, say_open(1, begeleider(0)));
    for (int i = 0; i < REASSIGNED; i++) {
        world->fake.wall_ms++;
        (void)peer_does(kcc, say_reassign(world, 1, begeleider(i + 1), begeleider(i)));
    }
    return kcc;
}

static void say(struct peer *peer, struct hv_message message) {
    peer_say(peer, &message, NULL, 0);
    world_settle(peer->world);
}

static void ask(struct peer *peer) {
    struct hv_message message = say_history(1);

    message.history.has_limit = true;
    message.history.limit = 1000;
    say(peer, message);
}

/* The request of the ping that is next. */
static const char *expect_ping(struct peer *peer) {
    const struct heard *heard = peer_next_answer(peer);

    assert_non_null(heard);
    assert_int_equal(heard->message.type, HV_MESSAGE_ping);
    assert_true(heard->message.ping.has_request);
    return heard->message.ping.request;
}

static void pong(struct peer *peer, const char *request) {
    struct hv_message message = {.type = HV_MESSAGE_pong, .pong = {.has_request = true}};

    sample_text(message.pong.request, request);
    say(peer, message);
}

/* Behind a long answer goes one ping, behind a short one none. */
static void test_a_ping_behind_a_long_answer(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = with_long_history(world);
    struct hv_message brief = say_history(1);

    ask(kcc);
    assert_int_equal(peer_expect_done(kcc)->events.count, REASSIGNED + 1);
    pong(kcc, expect_ping(kcc));
    peer_expect_silence(kcc);
    brief.history.has_limit = true;
    brief.history.limit = 3;
    say(kcc, brief);
    (void)peer_expect_done(kcc);
    peer_expect_silence(kcc);
}

/* Who reads nothing gets some MiB and then `busy`, for long answers alone; what it reads late it
 * shows with two pongs, the second of what came behind the first ping. */
static void test_who_reads_nothing_is_given_no_more(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = with_long_history(world);
    const struct hv_message map = {.type = HV_MESSAGE_map, .map = {.request = "map"}};
    const char *request = NULL;
    size_t answers = 0;

    for (;; answers++) {
        ask(kcc);
        const struct heard *heard = peer_next_answer(kcc);
        if (heard->message.type == HV_MESSAGE_refused) {
            assert_int_equal(heard->message.refused.code, HV_REFUSED_BUSY);
            assert_true(heard->message.refused.has_retry_after);
            break;
        }
        assert_true(answers < UNREAD_BYTES_MAX / (REASSIGNED * 50));
        if (!request)
            request = expect_ping(kcc);
    }
    assert_true(answers > UNREAD_BYTES_MAX / (REASSIGNED * 500));
    peer_may_not(kcc, map, HV_REFUSED_BUSY, NULL);
    (void)peer_does(kcc, say_status(1));
    pong(kcc, "of another ping");
    peer_may_not(kcc, map, HV_REFUSED_BUSY, NULL);

    pong(kcc, request);
    const char *second = expect_ping(kcc);
    assert_string_not_equal(second, request);
    pong(kcc, request); /* the same again shows nothing */
    peer_expect_silence(kcc);
    pong(kcc, second);
    ask(kcc);
    (void)peer_expect_done(kcc);
    pong(kcc, expect_ping(kcc));
    peer_expect_silence(kcc);
}

/* A ping that found no room is said again as soon as anything is. */
static void test_a_ping_that_could_not_be_sent(void **state) {
    struct broker_world *world = *state;
    struct peer *kcc = with_long_history(world);

    kcc->full = true;
    ask(kcc);
    peer_expect_silence(kcc);
    kcc->full = false;
    say(kcc, say_status(1));
    (void)peer_expect_done(kcc);
    pong(kcc, expect_ping(kcc));
    ask(kcc);
    (void)peer_expect_done(kcc);
    (void)expect_ping(kcc);
    kcc->unreachable = true;
    ask(kcc);
    peer_expect_silence(kcc);
}

static void owe_dossiers(struct broker_world *world) {
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 100);
    char *text = malloc(DOSSIER_BYTES - 8 + 1);
    size_t size = 0;

    assert_non_null(text);
    memset(text, 'x', DOSSIER_BYTES - 8);
    text[DOSSIER_BYTES - 8] = '\0';
    const uint8_t *dossier = world_dossier(world, "werkse", text, &size);
    free(text);
    for (uint8_t i = 1; i <= DOSSIERS; i++) {
        (void)peer_does(kcc, say_open(i, "h.holder"));
        (void)peer_does_with(kcc, say_offer(i, "werkse", HV_KIND_COLD), dossier, size);
        peer_acks(werkse, HV_EVENT_OFFERED);
    }
    say(werkse, (struct hv_message){.type = HV_MESSAGE_bye});
    struct peer *clerk = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "clerk", 0);
    for (uint8_t i = 1; i <= DOSSIERS; i++)
        (void)peer_does(clerk, say_pickup(i, "w.worker"));
}

static size_t dossiers_heard(struct peer *peer) {
    size_t count = 0;

    while (peer_next_item(peer))
        count++;
    return count;
}

/* Another hello on the connection opens no new window while the old one's dossiers lie unread. */
static void test_a_new_session_has_no_new_window(void **state) {
    struct broker_world *world = *state;

    owe_dossiers(world);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 100);
    world_settle(world);
    assert_int_equal(dossiers_heard(werkse), 4);
    const char *request = expect_ping(werkse);
    for (int i = 0; i < 3; i++) {
        say(werkse, (struct hv_message){.type = HV_MESSAGE_bye});
        peer_hello(werkse, 100);
        world_settle(world);
        assert_int_equal(dossiers_heard(werkse), 0);
    }
    pong(werkse, request);
    world_settle(world);
    assert_int_equal(dossiers_heard(werkse), 4);
    /* Elsewhere nothing stands against it. */
    struct peer *other = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "other", 100);
    world_settle(world);
    assert_int_equal(dossiers_heard(other), DOSSIERS - 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_a_ping_behind_a_long_answer),
        BROKER_TEST(test_who_reads_nothing_is_given_no_more),
        BROKER_TEST(test_a_ping_that_could_not_be_sent),
        BROKER_TEST(test_a_new_session_has_no_new_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
