/* Options derived from the field lists: every field of every command has one, and what is given
 * comes out in the message's struct. */
#include "clients/houvast/fields.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/houvast/commands.h"

#define NOW INT64_C(1774616700123)

/* A message whose options are being given. */
struct giving {
    struct hv_message message;
    struct field_options options;
    struct failure failure;
};

static void *fields_of(struct giving *giving) {
    return &giving->message.open;
}

static void giving_begin(struct giving *giving, enum hv_message_type type) {
    *giving = (struct giving){.message.type = type};
    field_options_init(&giving->options, wire_message_struct(type));
}

static int give(struct giving *giving, const char *name, const char *text) {
    struct field_option *option = field_options_find(&giving->options, name);
    if (!option) {
        fail_msg("no option --%s", name);
        return -ENOENT;
    }
    return field_option_set(&giving->options, option, text, true, NOW, fields_of(giving),
                            &giving->failure);
}

static void assert_given(struct giving *giving, const char *name, const char *text) {
    if (give(giving, name, text) != 0) {
        fail_msg("--%s %s: expected to be taken, got: %s", name, text ? text : "",
                 giving->failure.text);
    }
}

static void assert_not_given(struct giving *giving, const char *name, const char *text,
                             const char *words) {
    assert_int_equal(give(giving, name, text), -EINVAL);
    if (!strstr(giving->failure.text, words) || !strstr(giving->failure.text, name)) {
        fail_msg("--%s %s: expected a sentence with \"%s\", got: %s", name, text, words,
                 giving->failure.text);
    }
}

#define JOURNEY  "0192f0c1-2b3c-7d4e-8f50-617283940a1b"
#define HANDOVER "0192f0c1-2b3c-7d4e-8f50-617283940a1c"

/* ---- The options of all commands ---- */

/* Walks the field list on its own, and looks each field up. */
static void fields_have_options(struct giving *giving, const struct wire_struct *type,
                                const char *prefix) {
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        char name[HV_PERSON_SIZE];
        snprintf(name, sizeof name, "%s%s", prefix, field->name);
        for (char *at = strchr(name, '_'); at; at = strchr(at, '_')) {
            *at = '-';
        }
        if (field->kind == WIRE_MAP) {
            strcat(name, "-");
            fields_have_options(giving, field->nested, name);
        } else if (!field_options_find(&giving->options, name)) {
            fail_msg("%s has no option --%s", type->name, name);
        }
    }
}

static void test_every_field_of_every_command_has_an_option(void **state) {
    (void)state;
    static const char *const global[] = {"config", "role",      "endpoint", "timeout", "json",
                                         "help",   "usage",     "version",  "ref",     "attempt",
                                         "number", "anonymous", "dossier"};
    struct subcommand subcommand;
    struct giving *giving = malloc(sizeof *giving);
    for (size_t n = 0; subcommand_at(n, &subcommand); n++) {
        if (subcommand.run) {
            continue;
        }
        giving_begin(giving, subcommand.type);
        fields_have_options(giving, wire_message_struct(subcommand.type), "");
        for (size_t i = 0; i < sizeof global / sizeof *global; i++) {
            /* `supplement` counts its dossiers: its own --number stands there alone. */
            bool clashes = field_options_find(&giving->options, global[i]) &&
                           !(strcmp(global[i], "number") == 0 &&
                             !field_options_find(&giving->options, "resident"));
            if (clashes) {
                fail_msg("%s: --%s would stand for two things", subcommand.name, global[i]);
            }
        }
        for (size_t i = 0; i < giving->options.count; i++) {
            char help[768];
            field_option_help(&giving->options.options[i], help, sizeof help);
            assert_true(strlen(help) > 0 && strlen(help) < sizeof help - 1);
        }
    }
    free(giving);
}

/* ---- Values ---- */

static void test_an_offer(void **state) {
    (void)state;
    struct giving giving;
    const struct hv_offer *offer = &giving.message.offer;
    giving_begin(&giving, HV_MESSAGE_offer);
    assert_given(&giving, "journey", JOURNEY);
    assert_given(&giving, "handover", HANDOVER);
    assert_given(&giving, "to", "werkse");
    assert_given(&giving, "kind", "warm");
    assert_given(&giving, "urgency", "urgent");
    assert_given(&giving, "begeleider", "j.de-vries");
    assert_given(&giving, "age", "42");
    assert_given(&giving, "domains", "work,debts");
    assert_given(&giving, "domains", "housing");
    assert_given(&giving, "on", "now");
    assert_given(&giving, "family", NULL);
    assert_int_equal(field_options_complete(&giving.options, fields_of(&giving), &giving.failure),
                     0);
    assert_int_equal(offer->journey.bytes[15], 0x1b);
    assert_int_equal(offer->handover.bytes[15], 0x1c);
    assert_string_equal(offer->to, "werkse");
    assert_int_equal(offer->kind, HV_KIND_WARM);
    assert_int_equal(offer->urgency, HV_URGENCY_URGENT);
    assert_string_equal(offer->begeleider, "j.de-vries");
    assert_true(offer->has_age && offer->age == 42);
    assert_true(offer->has_domains && offer->domains.count == 3);
    assert_string_equal(offer->domains.items[1].text, "debts");
    assert_string_equal(offer->domains.items[2].text, "housing");
    assert_true(offer->has_on && offer->on == NOW);
    assert_true(offer->has_family && offer->family);
    assert_false(offer->has_disclose);
    field_options_fini(&giving.options);
}

static void test_maps_and_lists_of_maps(void **state) {
    (void)state;
    struct giving giving;
    giving_begin(&giving, HV_MESSAGE_introduce);
    assert_given(&giving, "present", "kcc:anna");
    assert_given(&giving, "present", "werkse:p.bakker");
    const struct hv_introduce *introduce = &giving.message.introduce;
    assert_int_equal(introduce->present.count, 2);
    assert_string_equal(introduce->present.items[0].organisation, "kcc");
    assert_string_equal(introduce->present.items[1].person, "p.bakker");
    assert_not_given(&giving, "present", "kcc", "organisation:person");
    assert_not_given(&giving, "present", "kcc:anna:eva", "organisation:person");
    assert_not_given(&giving, "present", ":anna", "organisation:person");
    assert_int_equal(introduce->present.count, 2);
    field_options_fini(&giving.options);

    giving_begin(&giving, HV_MESSAGE_confirm);
    const struct hv_confirm *confirm = &giving.message.confirm;
    assert_given(&giving, "contact-on", "2026-03-27T14:05+01:00");
    assert_given(&giving, "contact-how", "with-sender");
    assert_given(&giving, "contact-with", "representative");
    assert_int_equal(confirm->contact.on, INT64_C(1774616700000));
    assert_int_equal(confirm->contact.how, HV_CONTACT_WITH_SENDER);
    assert_int_equal(confirm->contact.with, HV_CONTACT_REPRESENTATIVE);
    field_options_fini(&giving.options);
}

static void test_no_and_yes(void **state) {
    (void)state;
    struct giving giving;
    giving_begin(&giving, HV_MESSAGE_settle);
    struct field_option *agree = field_options_find(&giving.options, "agree");
    giving.message.settle.agree = true;
    assert_int_equal(field_option_set(&giving.options, agree, NULL, false, NOW, fields_of(&giving),
                                      &giving.failure),
                     0);
    assert_true(agree->given);
    assert_false(giving.message.settle.agree);
    field_options_fini(&giving.options);
}

/* Each mistake is answered with the option and with what it takes. */
static void test_mistakes_name_option_and_mend(void **state) {
    (void)state;
    struct giving giving;
    giving_begin(&giving, HV_MESSAGE_offer);
    assert_not_given(&giving, "age", "151", "from 0 to 150");
    assert_not_given(&giving, "age", "4x", "from 0 to 150");
    assert_not_given(&giving, "age", "", "from 0 to 150");
    assert_not_given(&giving, "kind", "hot", "warm, cold");
    assert_not_given(&giving, "to", "Werkse!", "a-z");
    assert_not_given(&giving, "begeleider", "Jan Jansen", "a-z");
    assert_not_given(&giving, "journey", "0192F0C1-2B3C-7D4E-8F50-617283940A1B", "UUID");
    assert_not_given(&giving, "domains", "work,,debts", "codes");
    assert_not_given(&giving, "domains", "", "codes");
    assert_not_given(&giving, "on", "2026-03-27T14:05", "+01:00");
    assert_not_given(&giving, "request", "", "64 characters");
    assert_false(giving.message.offer.has_age);
    field_options_fini(&giving.options);
    giving_begin(&giving, HV_MESSAGE_open);
    assert_not_given(&giving, "resident", "123456782", "base64url");
    field_options_fini(&giving.options);
}

static void test_a_list_has_an_end(void **state) {
    (void)state;
    struct giving giving;
    giving_begin(&giving, HV_MESSAGE_open);
    for (int i = 0; i < HV_LIST_MAX; i++) {
        assert_given(&giving, "domains", "work");
    }
    assert_int_equal(give(&giving, "domains", "work"), -E2BIG);
    assert_non_null(strstr(giving.failure.text, "at most 32"));
    assert_int_equal(giving.message.open.domains.count, HV_LIST_MAX);
    field_options_fini(&giving.options);
}

/* ---- What is missing ---- */

static void assert_missing(struct giving *giving, const char *words) {
    assert_int_equal(field_options_complete(&giving->options, fields_of(giving), &giving->failure),
                     -EINVAL);
    if (!strstr(giving->failure.text, words)) {
        fail_msg("expected \"%s\", got: %s", words, giving->failure.text);
    }
}

static void test_what_is_required(void **state) {
    (void)state;
    struct giving giving;
    giving_begin(&giving, HV_MESSAGE_withdraw);
    assert_missing(&giving, "--handover, --reason are missing");
    assert_given(&giving, "reason", "entered-in-error");
    assert_missing(&giving, "--handover is missing");
    assert_given(&giving, "handover", HANDOVER);
    assert_int_equal(field_options_complete(&giving.options, fields_of(&giving), &giving.failure),
                     0);
    field_options_fini(&giving.options);
}

/* A map that may be absent is wanted whole once one of its fields is given. */
static void test_a_map_is_there_as_a_whole(void **state) {
    (void)state;
    struct giving giving;
    giving_begin(&giving, HV_MESSAGE_close);
    assert_given(&giving, "journey", JOURNEY);
    assert_given(&giving, "begeleider", "anna");
    assert_given(&giving, "outcome", "helped");
    assert_int_equal(field_options_complete(&giving.options, fields_of(&giving), &giving.failure),
                     0);
    assert_false(giving.message.close.has_talked);
    assert_given(&giving, "talked-on", "now");
    assert_missing(&giving, "--talked-begeleider is missing");
    assert_given(&giving, "talked-begeleider", "anna");
    assert_int_equal(field_options_complete(&giving.options, fields_of(&giving), &giving.failure),
                     0);
    assert_true(giving.message.close.has_talked);
    assert_false(giving.message.close.has_no_talk);
    field_options_fini(&giving.options);

    giving_begin(&giving, HV_MESSAGE_confirm);
    assert_missing(&giving, "--contact-on, --contact-how, --contact-with");
    field_options_fini(&giving.options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_of_every_command_has_an_option),
        cmocka_unit_test(test_an_offer),
        cmocka_unit_test(test_maps_and_lists_of_maps),
        cmocka_unit_test(test_no_and_yes),
        cmocka_unit_test(test_mistakes_name_option_and_mend),
        cmocka_unit_test(test_a_list_has_an_end),
        cmocka_unit_test(test_what_is_required),
        cmocka_unit_test(test_a_map_is_there_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
