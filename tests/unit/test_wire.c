/* How the wire room judges messages: which key is named, which request echoed, which code given. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include <cmocka.h>

#include "tests/unit/wire_told.h"

#define HELLO(version)                                                                             \
    "'type':'hello','request':'q','version':" version ",'role':'endpoint','instance':'a','credit'" \
    ":1"

/* ---- Types ---- */

static void a_message_says_which_it_is(void **state) {
    (void)state;
    malformed("{'request':'q'}", "type");
    malformed("{'request':'q','type':7}", "type");
    malformed("{'request':'q','type':''}", "type");
    malformed("{'request':'q','type':'Open'}", "type");
    malformed("{'request':'q','type':'capacity','state':'full'}", "type");
}

static void each_side_has_its_own_messages(void **state) {
    (void)state;
    malformed("{'request':'q','type':'welcome'}", "type");
    malformed("{'request':'q','type':'item','item':1}", "type");
    refused_with(WIRE_FROM_BROKER, "{'request':'q','type':'ack','item':1}", HV_REFUSED_MALFORMED,
                 "type", "q");
    taken("{'type':'ping'}");
    struct told told;
    tell(&told, WIRE_FROM_BROKER, "{'type':'ping'}");
    assert_int_equal(told.result, 0);
    told_end(&told);
}

static void the_envelope_is_one_map(void **state) {
    (void)state;
    const char *const others[] = {"[]", "7", "'type'", "true", "['type','ping']"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        refused_with(WIRE_FROM_PEER, others[i], HV_REFUSED_MALFORMED, "", "");
}

/* ---- Requests ---- */

static void a_request_is_echoed_wherever_it_can_be_read(void **state) {
    (void)state;
    malformed("{'age':1.0,'request':'q','type':'offer'}", "age");
    malformed("{'age':null,'request':'q','type':'offer'}", "age");
    malformed("{'x':'\\u0000','type':'ping','request':'q'}", "x");
    malformed("{'x':1,'type':'nonsense','request':'q'}", "type");
    refused_with(WIRE_FROM_PEER, "{'x':[[[[[[1]]]]]],'type':'ping','request':'q'}",
                 HV_REFUSED_TOO_LARGE, "x", "q");
    refused_with(WIRE_FROM_PEER, "{'type':'ping','request':7}", HV_REFUSED_MALFORMED, "request",
                 "");
}

static void request_of(char *json, size_t size, const char *character, int count) {
    char request[HV_REQUEST_SIZE + 8] = "";
    for (int i = 0; i < count; i++)
        strcat(request, character);
    snprintf(json, size, "{'type':'ping','request':'%s'}", request);
}

static void a_request_has_64_characters_of_any_width(void **state) {
    (void)state;
    char json[1024];
    request_of(json, sizeof json, "𝄞", 64);
    taken(json);
    request_of(json, sizeof json, "a", 64);
    taken(json);
    request_of(json, sizeof json, "𝄞", 65);
    refused_with(WIRE_FROM_PEER, json, HV_REFUSED_MALFORMED, "request", "");
    request_of(json, sizeof json, "a", 65);
    refused_with(WIRE_FROM_PEER, json, HV_REFUSED_MALFORMED, "request", "");
    request_of(json, sizeof json, "", 0);
    refused_with(WIRE_FROM_PEER, json, HV_REFUSED_MALFORMED, "request", "");
    refused_with(WIRE_FROM_PEER, "{'type':'ping','request':'a\\u0000b'}", HV_REFUSED_MALFORMED,
                 "request", "");
}

static void only_some_messages_come_without_a_request(void **state) {
    (void)state;
    taken("{'type':'ack','item':1}");
    taken("{'type':'nack','item':1,'after':0}");
    taken("{'type':'bye'}");
    taken("{'type':'ping'}");
    taken("{'type':'pong'}");
    refused_with(WIRE_FROM_PEER, "{'type':'map'}", HV_REFUSED_MALFORMED, "request", "");
    refused_with(WIRE_FROM_PEER, "{'type':'fetch','handover':'" ID_A "'}", HV_REFUSED_MALFORMED,
                 "request", "");
}

/* ---- Keys ---- */

static void every_required_key_is_missed_by_name(void **state) {
    (void)state;
    malformed("{'type':'offer','request':'q'}", "journey");
    malformed("{'type':'offer','request':'q','journey':'" ID_A "'}", "handover");
    malformed("{'type':'history','request':'q','after':3}", "journey");
    malformed("{'type':'supplement','request':'q','handover':'" ID_A "'}", "number");
    judge_key("'type':'close','request':'q','journey':'" ID_A
              "','begeleider':'anna','outcome':'helped'",
              "talked", "{'on':1}", "talked");
}

static void unknown_keys_are_named(void **state) {
    (void)state;
    judge_key(OPEN, "remark", "'she is ill'", "remark");
    judge_key(OFFER, "due", "1", "due");
    judge_key(OFFER, "triage", "{}", "triage");
    judge_key("'type':'introduce','request':'q','handover':'" ID_A "','on':1,'how':'joint'"
              ",'resident':true",
              "present", "[{'organisation':'a','person':'b','name':'c'}]", "present");
}

/* A key of 70 characters of three bytes: the field holds 21 of them, whole. */
static void a_long_key_is_cut_between_characters(void **state) {
    (void)state;
    struct told told;
    char json[512] = "{'type':'ping','request':'q','";
    for (int i = 0; i < 70; i++)
        strcat(json, "€");
    strcat(json, "':1}");
    tell(&told, WIRE_FROM_PEER, json);
    assert_int_equal(told.result, -EBADMSG);
    assert_int_equal(strlen(told.error.field), 63);
    assert_null(u8_check((const uint8_t *)told.error.field, 63));
    assert_null(u8_check((const uint8_t *)told.error.reason, strlen(told.error.reason)));
    told_end(&told);
}

static void later_peers_and_brokers_may_know_more(void **state) {
    (void)state;
    struct told told;
    tell(&told, WIRE_FROM_LATER, "{" OPEN ",'mood':['good',{'at':1}]}");
    assert_int_equal(told.result, 0);
    told_end(&told);
    refused_with(WIRE_FROM_LATER,
                 "{'type':'close','request':'q','journey':'" ID_A
                 "','begeleider':'a','outcome':'helped'"
                 ",'talked':{'on':1,'begeleider':'a','mood':1}}",
                 HV_REFUSED_MALFORMED, "talked", "q");
    tell(&told, WIRE_FROM_BROKER,
         "{'type':'item','item':1,'attempt':1,'event':'declined','phase':'held'"
         ",'contact':{'on':1,'how':'came','with':'resident','where':'desk'}}");
    assert_int_equal(told.result, 0);
    assert_int_equal(told.message.item.event.event, HV_EVENT_DECLINED);
    assert_false(told.message.item.event.has_item);
    told_end(&told);
}

/* ---- Values ---- */

static void a_value_has_its_kind(void **state) {
    (void)state;
    judge_key(OFFER, "age", "1.0", "age");
    judge_key(OFFER, "age", "'7'", "age");
    judge_key(OFFER, "age", "true", "age");
    judge_key(OFFER, "age", "null", "age");
    judge_key(OFFER, "age", "[7]", "age");
    judge_key(OFFER, "family", "1", "family");
    judge_key(OFFER, "family", "true", NULL);
    judge_key(OFFER, "domains", "{}", "domains");
    judge_key(OFFER, "domains", "'wonen'", "domains");
    judge_key(OFFER, "disclose", "1", "disclose");
    judge_key(OFFER, "on", "'2026-01-01'", "on");
}

static void numbers_stay_in_their_ranges(void **state) {
    (void)state;
    judge_key(OFFER, "age", "0", NULL);
    judge_key(OFFER, "age", "150", NULL);
    judge_key(OFFER, "age", "151", "age");
    judge_key(OFFER, "age", "-1", "age");
    judge_key(OFFER, "on", "9007199254740991", NULL);
    judge_key(OFFER, "on", "9007199254740992", "on");
    judge_key(OFFER, "on", "-1", "on");
    judge_key("'type':'nack','request':'q','item':1", "after", "3600000", NULL);
    judge_key("'type':'nack','request':'q','item':1", "after", "3600001", "after");
    judge_key("'type':'history','request':'q','journey':'" ID_A "'", "limit", "0", "limit");
    judge_key("'type':'history','request':'q','journey':'" ID_A "'", "limit", "1000", NULL);
    judge_key("'type':'history','request':'q','journey':'" ID_A "'", "limit", "1001", "limit");
    judge_key("'type':'supplement','request':'q','handover':'" ID_A "'", "number", "0", "number");
    judge_key("'type':'supplement','request':'q','handover':'" ID_A "'", "number", "16", "number");
}

static void names_keep_their_forms(void **state) {
    (void)state;
    static const char receive[] = "'type':'receive','request':'q','handover':'" ID_A "'";
    static const char fetch[] = "'type':'fetch','request':'q'";
    judge_key(receive, "begeleider", "'a.b_c-9'", NULL);
    judge_key(receive, "begeleider", "'Anna'", "begeleider");
    judge_key(receive, "begeleider", "''", "begeleider");
    judge_key(receive, "begeleider", "'anna de vries'", "begeleider");
    judge_key(receive, "begeleider",
              "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", NULL);
    judge_key(receive, "begeleider",
              "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "begeleider");
    judge_key(fetch, "handover", "'" ID_A "'", NULL);
    judge_key(fetch, "handover", "'01890A5D-AC96-774B-BCCE-B302099A8057'", "handover");
    judge_key(fetch, "handover", "'01890a5dac96774bbcceb302099a8057'", "handover");
    judge_key(fetch, "handover", "'01890a5d-ac96-774b-bcce-b302099a805'", "handover");
    judge_key(fetch, "handover", "'01890a5d-ac96-774b-bcceb-302099a8057'", "handover");
    judge_key(OFFER, "domains", "['wonen','geld-9']", NULL);
    judge_key(OFFER, "domains", "['Wonen']", "domains");
    judge_key(OFFER, "domains", "['wonen',7]", "domains");
    judge_key(OFFER, "domains", "['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']", "domains");
}

static void a_resident_is_a_pseudonym_and_nothing_else(void **state) {
    (void)state;
    static const char longer[] = RESIDENT "A";
    const char *const residents[] = {"123456782", "r1.",
                                     "r2.AAAA",   "",
                                     longer,      "r1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof residents / sizeof residents[0]; i++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{'type':'open','request':'q','journey':'" ID_A "','begeleider':'anna'"
                 ",'basis':'consent','urgency':'routine','resident':'%s'}",
                 residents[i]);
        malformed(json, "resident");
    }
}

static void words_come_from_their_lists(void **state) {
    (void)state;
    judge_key(OFFER, "disclose", "'received'", NULL);
    judge_key(OFFER, "disclose", "'picked-up'", NULL);
    judge_key(OFFER, "disclose", "'never'", "disclose");
    judge_key(OFFER, "disclose", "''", "disclose");
    taken("{" OFFER_OF("callback") "}");
    taken("{" OFFER_OF("signal") "}");
    malformed("{" OFFER_OF("lukewarm") "}", "kind");
    judge_key(OPEN, "basis9", "'care'", NULL);
    judge_key(OPEN, "basis9", "'consent'", "basis9");
}

static void lists_have_32_items(void **state) {
    (void)state;
    char list[512] = "['a'";
    for (int i = 1; i < 32; i++)
        strcat(list, ",'a'");
    char longer[600];
    snprintf(longer, sizeof longer, "%s,'a']", list);
    strcat(list, "]");
    judge_key(OFFER, "domains", "[]", NULL);
    judge_key(OFFER, "domains", list, NULL);
    judge_key(OFFER, "domains", longer, "domains");
}

/* ---- Versions ---- */

static void a_hello_of_another_version_is_told_so_first(void **state) {
    (void)state;
    const char *const hellos[] = {
        "{" HELLO("2") "}",
        "{" HELLO("0") "}",
        "{" HELLO("2") ",'mood':[{'a':1}]}",
        "{'mood':null,'age':1.5," HELLO("2") "}",
        "{'type':'hello','version':7,'request':'q','role':'queen'}",
    };
    for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++)
        refused_with(WIRE_FROM_PEER, hellos[i], HV_REFUSED_VERSION, "version", "q");
    refused_with(WIRE_FROM_PEER, "{'type':'hello','version':2}", HV_REFUSED_VERSION, "version", "");
}

static void a_hello_of_this_version_is_judged_as_any_other(void **state) {
    (void)state;
    taken("{" HELLO("1") "}");
    malformed("{" HELLO("1") ",'mood':1}", "mood");
    malformed("{" HELLO("'1'") "}", "version");
    malformed("{" HELLO("-1") "}", "version");
    malformed("{'type':'hello','request':'q','role':'endpoint','instance':'a','credit':1}",
              "version");
    malformed("{'type':'hello','request':'q','version':1,'role':'endpoint','instance':'a'"
              ",'credit':1001}",
              "credit");
    malformed("{" HELLO("1") ",'minor':0,'mood':1}", "mood");
    taken("{" HELLO("1") ",'minor':1,'mood':1}");
    refused_with(WIRE_FROM_PEER, "{" HELLO("2") ",'mood':[[[[1]]]]}", HV_REFUSED_TOO_LARGE, "mood",
                 "q");
}

/* ---- Our own messages ---- */

static void our_own_messages_are_checked_before_they_are_sent(void **state) {
    (void)state;
    struct wire_error error;
    struct hv_message message = {.type = HV_MESSAGE_receive};
    strcpy(message.receive.request, "q");
    assert_int_equal(wire_message_check(&message, &error), -EBADMSG);
    assert_string_equal(error.field, "begeleider");
    strcpy(message.receive.begeleider, "anna");
    assert_int_equal(wire_message_check(&message, &error), 0);
    memset(message.receive.begeleider, 'a', sizeof message.receive.begeleider);
    assert_int_equal(wire_message_check(&message, NULL), -EBADMSG);
    message = (struct hv_message){.type = HV_MESSAGE_status, .status = {.request = "q"}};
    assert_int_equal(wire_message_check(&message, &error), -EBADMSG);
    assert_string_equal(error.field, "handover");
    message = (struct hv_message){.type = HV_MESSAGE_none};
    assert_int_equal(wire_message_check(&message, &error), -EBADMSG);
    assert_string_equal(error.field, "type");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_says_which_it_is),
        cmocka_unit_test(each_side_has_its_own_messages),
        cmocka_unit_test(the_envelope_is_one_map),
        cmocka_unit_test(a_request_is_echoed_wherever_it_can_be_read),
        cmocka_unit_test(a_request_has_64_characters_of_any_width),
        cmocka_unit_test(only_some_messages_come_without_a_request),
        cmocka_unit_test(every_required_key_is_missed_by_name),
        cmocka_unit_test(unknown_keys_are_named),
        cmocka_unit_test(a_long_key_is_cut_between_characters),
        cmocka_unit_test(later_peers_and_brokers_may_know_more),
        cmocka_unit_test(a_value_has_its_kind),
        cmocka_unit_test(numbers_stay_in_their_ranges),
        cmocka_unit_test(names_keep_their_forms),
        cmocka_unit_test(a_resident_is_a_pseudonym_and_nothing_else),
        cmocka_unit_test(words_come_from_their_lists),
        cmocka_unit_test(lists_have_32_items),
        cmocka_unit_test(a_hello_of_another_version_is_told_so_first),
        cmocka_unit_test(a_hello_of_this_version_is_judged_as_any_other),
        cmocka_unit_test(our_own_messages_are_checked_before_they_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
