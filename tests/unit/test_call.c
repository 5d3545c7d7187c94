/* Commands: asked until they are answered, and never with another content. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/caller.h"

#define SHORT_MS 600

/* For callers in a hurry. */
static int begin_short(void **state) {
    static struct scene scene;
    scene_begin(&scene, SHORT_MS);
    *state = &scene;
    return 0;
}

static int64_t elapsed_ms(const struct timespec *since) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

/* ---- Answers ---- */

static void *status_run(void *argument) {
    struct caller *caller = argument;
    struct hv_status status = {.has_journey = true};
    hv_uuid_new(&status.journey);
    caller->result = hv_status(caller->connection, &status, &caller->answer);
    return NULL;
}

/* A typed call, and an answer with texts and lists, which live until it is freed. */
static void test_done(void **state) {
    struct scene *scene = *state;
    struct caller caller = {.connection = scene->connection};
    assert_int_equal(pthread_create(&caller.thread, NULL, status_run, &caller), 0);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_status);
    assert_true(said.message.status.has_journey);
    assert_false(said.message.status.has_handover);

    struct hv_counter times[] = {{"offered", 1790000000000}, {"delivered", 1790000000007}};
    struct hv_message done = {.type = HV_MESSAGE_done,
                              .done = {.has_request = true,
                                       .has_state = true,
                                       .state = "delivered",
                                       .has_holder = true,
                                       .holder = {.organisation = "kcc", .begeleider = "a.de-wit"},
                                       .has_times = true,
                                       .times = {.count = 2, .items = times}}};
    memcpy(done.done.request, said.request, sizeof said.request);
    fake_broker_say(&scene->broker, &said, &done, NULL, 0);
    said_close(&said);

    assert_int_equal(caller_end(&caller), 0);
    const struct hv_done *got = &caller.answer.message.done;
    assert_int_equal(caller.answer.message.type, HV_MESSAGE_done);
    assert_string_equal(got->holder.begeleider, "a.de-wit");
    assert_int_equal(got->times.count, 2);
    assert_string_equal(got->times.items[1].name, "delivered");
    assert_int_equal(got->times.items[1].value, 1790000000007);
    hv_answer_free(&caller.answer);
    hv_answer_free(&caller.answer);
}

static void test_refused(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    fake_broker_refuse(&scene->broker, &said, true, HV_REFUSED_CONFLICT, -1);
    said_close(&said);
    assert_int_equal(caller_end(&caller), HV_REFUSED);
    assert_int_equal(caller.answer.message.type, HV_MESSAGE_refused);
    assert_int_equal(caller.answer.message.refused.code, HV_REFUSED_CONFLICT);
    assert_string_equal(caller.answer.message.refused.reason, "because the test says so");
    hv_answer_free(&caller.answer);
}

/* A request of the caller's own travels as it is. */
static void test_own_request(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    strcpy(command.receive.request, "zaak 17, eerste keer");
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    assert_string_equal(said.request, "zaak 17, eerste keer");
    fake_broker_done(&scene->broker, &said, false);
    said_close(&said);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
}

/* Two threads ask; the answers come in the other order and reach who asked. */
static void test_answers_out_of_order(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller callers[2];
    struct said said[2];
    for (int i = 0; i < 2; i++) {
        caller_command(&callers[i], scene->connection, &command);
        said[i] = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    }
    assert_string_not_equal(said[0].request, said[1].request);
    fake_broker_done(&scene->broker, &said[1], true);
    fake_broker_done(&scene->broker, &said[0], false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(caller_end(&callers[i]), 0);
        assert_string_equal(callers[i].answer.message.done.request, said[i].request);
        assert_int_equal(callers[i].answer.message.done.has_repeated, i == 1);
        hv_answer_free(&callers[i].answer);
        said_close(&said[i]);
    }
}

/* The sealed dossier goes along as the second frame, at every sending. */
static void test_dossier(void **state) {
    struct scene *scene = *state;
    struct hv_offer offer = {.to = "werkse",
                             .kind = HV_KIND_COLD,
                             .urgency = HV_URGENCY_ROUTINE,
                             .begeleider = "a.de-wit"};
    hv_uuid_new(&offer.journey);
    hv_uuid_new(&offer.handover);
    struct caller caller;
    caller_offer(&caller, scene->connection, &offer, "sealed", 6);
    for (int sending = 0; sending < 2; sending++) {
        struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_offer);
        assert_int_equal(said.dossier_size, 6);
        assert_memory_equal(said.dossier, "sealed", 6);
        if (sending == 1)
            fake_broker_done(&scene->broker, &said, true);
        said_close(&said);
    }
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
}

/* ---- No answer ---- */

/* A lost answer: the same content again, after a second, then after two. */
static void test_lost_answer(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller caller;
    uint8_t content[32];
    struct timespec since;
    caller_command(&caller, scene->connection, &command);
    for (int sending = 0; sending < 3; sending++) {
        struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
        if (sending == 0)
            memcpy(content, said.content, sizeof content);
        else
            assert_in_range(elapsed_ms(&since), sending * 1000 - 100, PATIENCE_MS);
        clock_gettime(CLOCK_MONOTONIC, &since);
        assert_memory_equal(said.content, content, sizeof content);
        if (sending == 2)
            fake_broker_done(&scene->broker, &said, true);
        said_close(&said);
    }
    assert_int_equal(caller_end(&caller), 0);
    assert_true(caller.answer.message.done.repeated);
    hv_answer_free(&caller.answer);
}

/* Nobody knows whether it took effect, and an answer that comes after all is no other call's. */
static void test_timeout(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said late = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    assert_int_equal(caller_end(&caller), -ETIMEDOUT);
    assert_int_equal(caller.answer.message.type, HV_MESSAGE_none);
    hv_answer_free(&caller.answer);

    command = receive_command();
    caller_command(&caller, scene->connection, &command);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    fake_broker_refuse(&scene->broker, &late, true, HV_REFUSED_CONFLICT, -1);
    fake_broker_done(&scene->broker, &said, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&late);
    said_close(&said);
}

/* An answer that the library cannot read: it does not wait for another. */
static void test_unreadable_answer(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, 2);
    msgpack_pack_str_with_body(&packer, "type", 4);
    msgpack_pack_str_with_body(&packer, "done", 4);
    msgpack_pack_str_with_body(&packer, "request", 7);
    msgpack_pack_str_with_body(&packer, said.request, strlen(said.request));
    fake_broker_say_bytes(&scene->broker, &said, buffer.data, buffer.size);
    msgpack_sbuffer_destroy(&buffer);
    assert_int_equal(caller_end(&caller), -EPROTO);
    said_close(&said);
}

/* Bytes that are no message at all, and answers to nothing, harm nobody. */
static void test_noise(void **state) {
    struct scene *scene = *state;
    static const uint8_t noise[] = {0xc1, 0xff, 0x93, 0x00};
    for (size_t size = 0; size <= sizeof noise; size++)
        fake_broker_say_bytes(&scene->broker, &scene->hello, noise, size);
    fake_broker_welcome(&scene->broker, &scene->hello);
    fake_broker_done(&scene->broker, &scene->hello, false);
    test_own_request(state);
}

/* ---- Busy ---- */

static void test_busy(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said first = fake_broker_expect(&scene->broker, HV_MESSAGE_receive), early;
    fake_broker_refuse(&scene->broker, &first, true, HV_REFUSED_BUSY, 1500);
    assert_false(fake_broker_listen(&scene->broker, 1300, &early));
    struct said second = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    assert_memory_equal(first.content, second.content, sizeof first.content);
    fake_broker_done(&scene->broker, &second, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&first);
    said_close(&second);
}

/* Busy for longer than the caller waits: the refusal at once, as nothing took effect. */
static void test_busy_for_too_long(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    fake_broker_refuse(&scene->broker, &said, true, HV_REFUSED_BUSY, 60000);
    said_close(&said);
    assert_int_equal(caller_end(&caller), HV_REFUSED);
    assert_int_equal(caller.answer.message.refused.code, HV_REFUSED_BUSY);
    assert_int_equal(caller.answer.message.refused.retry_after, 60000);
    hv_answer_free(&caller.answer);
}

/* ---- What is not sent ---- */

static void bad_expect(struct scene *scene, const struct hv_message *command, const void *dossier,
                       size_t dossier_size, const char *field) {
    struct hv_answer answer;
    assert_int_equal(hv_command(scene->connection, command, dossier, dossier_size, &answer),
                     HV_BAD_MESSAGE);
    assert_int_equal(hv_command(scene->connection, command, dossier, dossier_size, NULL),
                     HV_BAD_MESSAGE);
    assert_int_equal(answer.message.type, HV_MESSAGE_refused);
    assert_int_equal(answer.message.refused.code, HV_REFUSED_MALFORMED);
    assert_string_equal(answer.message.refused.field, field);
    assert_true(strlen(answer.message.refused.reason) > 10);
    hv_answer_free(&answer);
}

static void test_bad_messages(void **state) {
    struct scene *scene = *state;
    struct hv_message bad = receive_command();
    strcpy(bad.receive.begeleider, "S. Jansen");
    bad_expect(scene, &bad, NULL, 0, "begeleider");
    bad = receive_command();
    memset(bad.receive.begeleider, 'a', sizeof bad.receive.begeleider);
    bad_expect(scene, &bad, NULL, 0, "begeleider");
    bad = receive_command();
    memset(bad.receive.request, 'a', sizeof bad.receive.request);
    bad_expect(scene, &bad, NULL, 0, "request");
    bad = receive_command();
    strcpy(bad.receive.request, "hv-1");
    bad_expect(scene, &bad, NULL, 0, "request");
    bad = receive_command();
    bad_expect(scene, &bad, "sealed", 6, "dossier");
    bad = (struct hv_message){.type = HV_MESSAGE_status};
    bad_expect(scene, &bad, NULL, 0, "handover");

    static const enum hv_message_type no_commands[] = {
        HV_MESSAGE_none, HV_MESSAGE_hello, HV_MESSAGE_bye,  HV_MESSAGE_ping, HV_MESSAGE_pong,
        HV_MESSAGE_nack, HV_MESSAGE_done,  HV_MESSAGE_item, HV_MESSAGE_TYPES};
    for (size_t i = 0; i < sizeof no_commands / sizeof no_commands[0]; i++) {
        bad = (struct hv_message){.type = no_commands[i]};
        bad_expect(scene, &bad, NULL, 0, "type");
    }
    struct said said;
    assert_false(fake_broker_listen(&scene->broker, 50, &said));
}

static void test_dossier_too_large(void **state) {
    struct scene *scene = *state;
    static char frame[HV_DOSSIER_FRAME_MAX + 1];
    struct hv_message offer = {.type = HV_MESSAGE_offer};
    bad_expect(scene, &offer, frame, sizeof frame, "dossier");
}

/* Two calls with one request at a time could not be told apart. */
static void test_request_twice(void **state) {
    struct scene *scene = *state;
    struct hv_message command = receive_command();
    strcpy(command.receive.request, "once");
    struct caller caller;
    caller_command(&caller, scene->connection, &command);
    struct said said = fake_broker_expect(&scene->broker, HV_MESSAGE_receive);
    bad_expect(scene, &command, NULL, 0, "request");
    fake_broker_done(&scene->broker, &said, false);
    assert_int_equal(caller_end(&caller), 0);
    hv_answer_free(&caller.answer);
    said_close(&said);
}

int main(void) {
#define CALL_TEST(name)          cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)
#define CALL_TEST_IN_HURRY(name) cmocka_unit_test_setup_teardown(name, begin_short, scene_tear_down)
    const struct CMUnitTest tests[] = {
        CALL_TEST(test_done),
        CALL_TEST(test_refused),
        CALL_TEST(test_own_request),
        CALL_TEST(test_answers_out_of_order),
        CALL_TEST(test_dossier),
        CALL_TEST(test_lost_answer),
        CALL_TEST_IN_HURRY(test_timeout),
        CALL_TEST(test_unreadable_answer),
        CALL_TEST(test_noise),
        CALL_TEST(test_busy),
        CALL_TEST_IN_HURRY(test_busy_for_too_long),
        CALL_TEST(test_bad_messages),
        CALL_TEST(test_dossier_too_large),
        CALL_TEST(test_request_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
