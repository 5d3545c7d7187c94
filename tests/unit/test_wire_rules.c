/* The keys of the wire beside one another: the rules that hold between the fields of one message,
 * keys that C cannot name as they are, and a key that stands for two things. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_told.h"

/* ---- Rules between fields ---- */

static void status_asks_for_one_thing(void **state) {
    (void)state;
    taken("{'type':'status','request':'q','handover':'" ID_A "'}");
    taken("{'type':'status','request':'q','journey':'" ID_A "'}");
    malformed("{'type':'status','request':'q'}", "handover");
    malformed("{'type':'status','request':'q','journey':'" ID_A "','handover':'" ID_B "'}",
              "journey");
}

static void a_closing_was_talked_through_or_not(void **state) {
    (void)state;
    static const char talked[] = ",'talked':{'on':1,'begeleider':'anna'}";
    static const char no_talk[] = ",'no_talk':'no-contact'";
    const struct wire_vocabulary *outcomes = &wire_vocabulary_outcome;
    for (size_t i = 0; i < outcomes->count; i++) {
        const char *outcome = outcomes->words[i].text;
        bool needs_neither =
            strcmp(outcome, "deceased") == 0 || strcmp(outcome, "entered-in-error") == 0;
        char json[4][512];
        for (int k = 0; k < 4; k++)
            snprintf(json[k], sizeof json[k],
                     "{'type':'close','request':'q','journey':'" ID_A
                     "','begeleider':'anna','outcome':'%s'%s%s}",
                     outcome, k & 1 ? talked : "", k & 2 ? no_talk : "");
        if (needs_neither)
            taken(json[0]);
        else
            malformed(json[0], "talked");
        taken(json[1]);
        taken(json[2]);
        malformed(json[3], "talked");
    }
}

static void as_and_reason_go_together(void **state) {
    (void)state;
#define CONFIRM                                                                \
    "'type':'confirm','request':'q','handover':'" ID_A "','begeleider':'bram'" \
    ",'contact':{'on':1,'how':'visited','with':'resident'}"
    taken("{" CONFIRM "}");
    taken("{" CONFIRM ",'as':'cold','reason':'ill'}");
    malformed("{" CONFIRM ",'as':'cold'}", "reason");
    malformed("{" CONFIRM ",'reason':'ill'}", "as");
    malformed("{" CONFIRM ",'as':'warm','reason':'ill'}", "as");
}

static void who_acts_for_another_says_why(void **state) {
    (void)state;
    static const char *const commands[] = {
        OFFER,
        "'type':'close','request':'q','journey':'" ID_A "','begeleider':'a','outcome':'deceased'",
        "'type':'note','request':'q','journey':'" ID_A "','code':'informed','on':1"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char with[512];
        judge_key(commands[i], "for", "'kcc'", "reason");
        judge_key(commands[i], "reason", "'quiet'", "for");
        snprintf(with, sizeof with, "%s,'reason':'quiet'", commands[i]);
        judge_key(with, "for", "'kcc'", NULL);
        judge_key(with, "for", "'K.C.C.'", "for");
    }
}

static void a_claim_is_of_one_thing(void **state) {
    (void)state;
#define CLAIM "'type':'claim','request':'q','person':'eva','until':2,'on':1"
    taken("{" CLAIM ",'handover':'" ID_A "'}");
    taken("{" CLAIM ",'journey':'" ID_A "'}");
    malformed("{" CLAIM "}", "handover");
    malformed("{" CLAIM ",'journey':'" ID_A "','handover':'" ID_B "'}", "journey");
}

/* Every code with every choice of keys: what it needs, what it may have, and what it may not. */
static void a_note_has_the_keys_of_its_code(void **state) {
    (void)state;
    enum { HANDOVER = 1, BY = 2, TO = 4, NEXT = 8, ALL = 16 };
    static const char *const keys[] = {",'handover':'" ID_B "'", ",'by':'resident'", ",'to':'kcc'",
                                       ",'next':28"};
    static const char *const names[] = {"handover", "by", "to", "next"};
    static const struct {
        const char *code;
        int needs, may;
    } rows[] = {
        {"in-touch", 0, NEXT | HANDOVER}, {"not-reached", 0, NEXT | HANDOVER},
        {"working-on-it", HANDOVER, 0},   {"no-show", HANDOVER | BY, 0},
        {"missing", HANDOVER, 0},         {"question", HANDOVER, 0},
        {"answer", HANDOVER, 0},          {"informed", 0, HANDOVER},
        {"tip", TO | NEXT, HANDOVER},
    };
    assert_int_equal(sizeof rows / sizeof rows[0], wire_vocabulary_note_code.count);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int given = 0; given < ALL; given++) {
            int wrong = (rows[i].needs & ~given) | (given & ~(rows[i].needs | rows[i].may));
            char json[512];
            size_t used = (size_t)snprintf(json, sizeof json,
                                           "{'type':'note','request':'q','journey':'" ID_A
                                           "','on':1,'code':'%s'",
                                           rows[i].code);
            size_t first = 4;
            for (size_t k = 0; k < 4; k++) {
                if (given & 1 << k)
                    used += (size_t)snprintf(json + used, sizeof json - used, "%s", keys[k]);
                if (first == 4 && wrong & 1 << k)
                    first = k;
            }
            snprintf(json + used, sizeof json - used, "}");
            if (wrong)
                malformed(json, names[first]);
            else
                taken(json);
        }
    }
}

/* ---- Names ---- */

/* The C names of four messages are not their types. */
static void a_message_is_called_by_its_type(void **state) {
    (void)state;
    static const struct {
        enum hv_message_type type;
        const char *name;
    } rows[] = {
        {HV_MESSAGE_set_urgency, "urgency"},
        {HV_MESSAGE_clock_accept, "clock-accept"},
        {HV_MESSAGE_watched_journey, "journey"},
        {HV_MESSAGE_watched_event, "event"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(wire_message_struct(rows[i].type)->name, rows[i].name);
        assert_int_equal(wire_message_named(rows[i].name, strlen(rows[i].name)), rows[i].type);
    }
    taken("{'type':'clock-accept','request':'q'}");
    malformed("{'type':'clock_accept','request':'q'}", "type");
    malformed("{'type':'set_urgency','request':'q'}", "type");
    malformed("{'type':'urgency','request':'q'}", "journey");
}

/* ---- A key that C keeps for itself, and one that stands for two things ---- */

static void for_is_a_key_like_any_other(void **state) {
    (void)state;
    struct told told;
    tell(&told, WIRE_FROM_PEER,
         "{'type':'withdraw','request':'q','handover':'" ID_A "','reason':'quiet','for':'kcc'}");
    assert_int_equal(told.result, 0);
    assert_true(told.message.withdraw.has_for_);
    assert_string_equal(told.message.withdraw.for_, "kcc");
    told_end(&told);
    malformed("{'type':'withdraw','request':'q','handover':'" ID_A
              "','reason':'quiet','for_':'kcc'}",
              "for_");
    tell(&told, WIRE_FROM_BROKER,
         "{'type':'item','item':1,'attempt':1,'event':'withdrawn','for':'j.jansen'"
         ",'acted_for':'kcc'}");
    assert_int_equal(told.result, 0);
    assert_string_equal(told.message.item.for_, "j.jansen");
    assert_string_equal(told.message.item.event.acted_for, "kcc");
    told_end(&told);
}

#define DONE "'type':'done','request':'q','ledger':'" ID_B "','at':1,'seq':1"

static void next_is_a_journey_or_a_number(void **state) {
    (void)state;
    struct told told;
    tell(&told, WIRE_FROM_BROKER, "{" DONE ",'next':7}");
    assert_int_equal(told.result, 0);
    assert_true(told.message.done.has_next && !told.message.done.has_next_journey);
    assert_int_equal(told.message.done.next, 7);
    told_end(&told);
    tell(&told, WIRE_FROM_BROKER, "{" DONE ",'next':'" ID_A "'}");
    assert_int_equal(told.result, 0);
    assert_true(told.message.done.has_next_journey && !told.message.done.has_next);
    assert_int_equal(told.message.done.next_journey.bytes[15], 0x57);
    told_end(&told);
    refused_with(WIRE_FROM_BROKER, "{" DONE ",'next':true}", HV_REFUSED_MALFORMED, "next", "q");
    refused_with(WIRE_FROM_BROKER, "{" DONE ",'next':-1}", HV_REFUSED_MALFORMED, "next", "q");
    refused_with(WIRE_FROM_BROKER, "{" DONE ",'next':'7'}", HV_REFUSED_MALFORMED, "next", "q");
    refused_with(WIRE_FROM_BROKER, "{" DONE ",'next_journey':true,'next':[]}", HV_REFUSED_MALFORMED,
                 "next", "q");
}

static void both_of_a_key_are_never_said(void **state) {
    (void)state;
    struct wire_error error;
    struct hv_message message = {.type = HV_MESSAGE_done, .done = {.has_next = true, .next = 7}};
    assert_int_equal(wire_message_check(&message, &error), 0);
    message.done.has_next_journey = true;
    assert_int_equal(wire_message_check(&message, &error), -EBADMSG);
    assert_string_equal(error.field, "next");
}

/* Else no decoder could tell which one is meant. */
static void what_shares_a_key_differs_in_kind(void **state) {
    (void)state;
    size_t found = 0;
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++) {
        const struct wire_struct *message = wire_message_struct((enum hv_message_type)type);
        for (size_t i = 0; i < message->count; i++) {
            const struct wire_field *field = &message->fields[i];
            const struct wire_field *other = wire_field_other(field);
            if (field->kind == WIRE_EMBED || other == NULL)
                continue;
            assert_string_equal(message->name, "done");
            assert_int_equal(field->kind, WIRE_UUID);
            assert_int_equal(other->kind, WIRE_INTEGER);
            assert_false(field->required || other->required);
            found++;
        }
    }
    assert_int_equal(found, 1);
    for (size_t i = 0; i < wire_part_count; i++)
        for (size_t k = 0; k < wire_parts[i]->count; k++)
            assert_null(wire_field_other(&wire_parts[i]->fields[k]));
}

static void keys_stand_apart_or_side_by_side(const struct wire_struct *type) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        for (size_t k = i + 1; field->kind != WIRE_EMBED && k < type->count; k++)
            if (type->fields[k].kind != WIRE_EMBED &&
                strcmp(type->fields[k].name, field->name) == 0)
                assert_ptr_equal(wire_field_other(&type->fields[k - 1]), &type->fields[k]);
    }
}

/* The next field of a key is looked for right behind it and nowhere else. */
static void what_shares_a_key_stands_side_by_side(void **state) {
    (void)state;
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++)
        keys_stand_apart_or_side_by_side(wire_message_struct((enum hv_message_type)type));
    for (size_t i = 0; i < wire_part_count; i++)
        keys_stand_apart_or_side_by_side(wire_parts[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_is_a_key_like_any_other),
        cmocka_unit_test(next_is_a_journey_or_a_number),
        cmocka_unit_test(both_of_a_key_are_never_said),
        cmocka_unit_test(what_shares_a_key_differs_in_kind),
        cmocka_unit_test(what_shares_a_key_stands_side_by_side),
        cmocka_unit_test(status_asks_for_one_thing),
        cmocka_unit_test(a_closing_was_talked_through_or_not),
        cmocka_unit_test(as_and_reason_go_together),
        cmocka_unit_test(who_acts_for_another_says_why),
        cmocka_unit_test(a_claim_is_of_one_thing),
        cmocka_unit_test(a_note_has_the_keys_of_its_code),
        cmocka_unit_test(a_message_is_called_by_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
