/* Audience: who hears of each event. */
#include "broker/audience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_samples.h"
#include "wire/wire.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Who is who in one case: the handover goes from `from` to `to`, and `holder` holds after the
 * event. */
struct parties {
    const char *from, *to, *holder;
};

static bool is_step(enum hv_event_name name) {
    return name == HV_EVENT_REMINDED || name == HV_EVENT_ESCALATED || name == HV_EVENT_CHECK_IN_DUE;
}

/* Steps are for the coordinators of support. */
static struct audience hear(enum hv_event_name name, const char *by, bool agree,
                            struct parties parties) {
    static const struct hv_addressee addressee = {"support", HV_ROLE_COORDINATOR};
    struct journey journey = sample_journey();
    struct handover handover = {.state = HV_HANDOVER_OFFERED};
    struct hv_event event = {.event = name, .has_organisation = true, .agree = agree};
    struct audience audience;

    if (is_step(name)) {
        event.addressees.count = 1;
        event.addressees.items = &addressee;
    }
    sample_text(event.organisation, by);
    sample_text(journey.holder.organisation, parties.holder);
    sample_text(handover.from, parties.from);
    sample_text(handover.to, parties.to);
    audience_of(&event, &journey, &handover, "kcc", &audience);
    return audience;
}

static void describe(const struct audience *audience, char *text, size_t size) {
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < audience->count; i++)
        used += (size_t)snprintf(
            text + used, size - used, "%s%s %s", i ? ", " : "", audience->members[i].organisation,
            wire_word_text(&wire_vocabulary_role, (int)audience->members[i].role));
    if (audience->earlier_holders)
        snprintf(text + used, size - used, "%searlier holders", used ? ", " : "");
}

/* Each event, by whom, and whom the contract names, once each. */
static const struct {
    enum hv_event_name event;
    const char *by;
    bool agree;
    struct parties parties;
    const char *hears;
} cases[] = {
    {HV_EVENT_OFFERED, "werkse", 0, {"werkse", "support", "werkse"}, "support endpoint"},
    {HV_EVENT_DOSSIER, "support", 0, {"werkse", "support", "werkse"}, "support endpoint"},
    {HV_EVENT_RECEIVED, "support", 0, {"werkse", "support", "werkse"}, "werkse endpoint"},
    {HV_EVENT_PICKED_UP, "support", 0, {"werkse", "support", "werkse"}, "werkse endpoint"},
    {HV_EVENT_INTRODUCED, "werkse", 0, {"werkse", "support", "werkse"}, "support endpoint"},
    {HV_EVENT_INTRODUCED, "support", 0, {"werkse", "support", "werkse"}, "werkse endpoint"},
    {HV_EVENT_INTRODUCED, "werkse", 0, {"werkse", "werkse", "werkse"}, ""},
    {HV_EVENT_CONFIRMED,
     "support",
     0,
     {"werkse", "support", "support"},
     "werkse endpoint, support endpoint"},
    {HV_EVENT_CONFIRMED, "werkse", 0, {"werkse", "werkse", "werkse"}, "werkse endpoint"},
    {HV_EVENT_DECLINED, "support", 0, {"werkse", "support", "werkse"}, "werkse endpoint"},
    {HV_EVENT_WITHDRAWN, "werkse", 0, {"werkse", "support", "werkse"}, "support endpoint"},
    {HV_EVENT_REASSIGNED, "werkse", 0, {"", "", "werkse"}, "werkse endpoint"},
    {HV_EVENT_CLOSING,
     "werkse",
     0,
     {"", "", "werkse"},
     "werkse endpoint, werkse coordinator, kcc coordinator"},
    {HV_EVENT_CLOSING, "kcc", 0, {"", "", "kcc"}, "kcc endpoint, kcc coordinator"},
    {HV_EVENT_SETTLED, "kcc", false, {"", "", "werkse"}, "werkse endpoint"},
    {HV_EVENT_SETTLED, "kcc", true, {"", "", "werkse"}, ""}, /* `closed` says it */
    {HV_EVENT_CLOSED, "werkse", 0, {"", "", "werkse"}, "werkse endpoint, earlier holders"},
    /* States and facts that make no item. */
    {HV_EVENT_OPENED, "werkse", 0, {"", "", "werkse"}, ""},
    {HV_EVENT_DELIVERED, "support", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_SUPPLEMENTED, "werkse", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_FETCHED, "support", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_DELETED, "", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_ACKNOWLEDGED, "support", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_READ, "support", 0, {"", "", "werkse"}, ""},
    {HV_EVENT_NETWORK, "", 0, {"", "", "werkse"}, ""},
    /* Steps: whom the ladder names; the parties too where it climbs beyond who must act. */
    {HV_EVENT_REMINDED, "", 0, {"werkse", "support", "werkse"}, "support coordinator"},
    {HV_EVENT_CHECK_IN_DUE, "", 0, {"", "", "werkse"}, "support coordinator"},
    {HV_EVENT_ESCALATED,
     "",
     0,
     {"werkse", "support", "werkse"},
     "support coordinator, werkse endpoint, support endpoint"},
    {HV_EVENT_ESCALATED,
     "",
     0,
     {"werkse", "werkse", "werkse"},
     "support coordinator, werkse endpoint"},
    {HV_EVENT_TOLD, "support", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_WAITING, "support", 0, {"werkse", "support", "werkse"}, "werkse endpoint"},
    {HV_EVENT_NOTED, "werkse", 0, {"werkse", "support", "werkse"}, "support endpoint"},
    {HV_EVENT_NOTED, "support", 0, {"werkse", "support", "werkse"}, "werkse endpoint"},
    {HV_EVENT_NOTED, "werkse", 0, {"werkse", "werkse", "werkse"}, ""},
    {HV_EVENT_URGENCY, "werkse", 0, {"werkse", "support", "werkse"}, ""},
    {HV_EVENT_CONTESTED,
     "werkse",
     0,
     {"werkse", "support", "support"},
     "support endpoint, kcc coordinator"},
    {HV_EVENT_CLAIMED,
     "kcc",
     0,
     {"werkse", "support", "werkse"},
     "werkse endpoint, support endpoint"},
    {HV_EVENT_REPAIRED, "", 0, {"", "", "werkse"}, ""},
    /* Of no journey: see below. */
    {HV_EVENT_SUSPECTED, "", 0, {"", "", "werkse"}, ""},
    {HV_EVENT_ABSENT, "werkse", 0, {"", "", "werkse"}, ""},
    {HV_EVENT_QUIET, "", 0, {"", "", "werkse"}, ""},
    {HV_EVENT_CLOCK, "", 0, {"", "", "werkse"}, ""},
    {HV_EVENT_DIGEST, "", 0, {"", "", "werkse"}, ""},
};

static void test_every_event_goes_where_the_contract_says(void **state) {
    char heard[256];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct audience audience =
            hear(cases[i].event, cases[i].by, cases[i].agree, cases[i].parties);
        describe(&audience, heard, sizeof heard);
        if (strcmp(heard, cases[i].hears) != 0)
            fail_msg("`%s` goes to `%s`, not to `%s`",
                     wire_word_text(&wire_vocabulary_event_name, (int)cases[i].event), heard,
                     cases[i].hears);
    }
}

/* No event is forgotten in the table above. */
static void test_every_event_is_in_the_table(void **state) {
    (void)state;

    for (size_t w = 0; w < wire_vocabulary_event_name.count; w++) {
        bool found = false;
        for (size_t i = 0; i < COUNT(cases); i++)
            found = found || (int)cases[i].event == wire_vocabulary_event_name.words[w].number;
        if (!found)
            fail_msg("`%s` has no row", wire_vocabulary_event_name.words[w].text);
    }
}

/* A step of a journey alone is heard by its holder; of a handover that is over, not by the one that
 * was its receiver. */
static void test_a_step_without_an_open_handover(void **state) {
    static const struct hv_addressee addressee = {"kcc", HV_ROLE_COORDINATOR};
    struct journey journey = sample_journey();
    struct handover over = {.state = HV_HANDOVER_CONFIRMED};
    struct hv_event event = {.event = HV_EVENT_ESCALATED, .addressees = {1, &addressee}};
    struct audience audience;
    char heard[256];
    (void)state;

    sample_text(over.from, "werkse");
    sample_text(over.to, "support");
    audience_of(&event, &journey, NULL, "kcc", &audience);
    describe(&audience, heard, sizeof heard);
    assert_string_equal(heard, "kcc coordinator, kcc endpoint");
    audience_of(&event, &journey, &over, "kcc", &audience);
    describe(&audience, heard, sizeof heard);
    assert_string_equal(heard, "kcc coordinator, kcc endpoint");
}

/* The second in a row, which counts, is for the holder's coordinators. */
static void test_not_reached_again(void **state) {
    const struct journey journey = sample_journey();
    struct hv_event event = {.event = HV_EVENT_NOTED, .code = HV_NOTE_NOT_REACHED};
    struct audience audience;
    char heard[256];
    (void)state;

    audience_of(&event, &journey, NULL, "kcc", &audience);
    assert_int_equal(audience.count, 0);
    event.has_count = true;
    event.count = 2;
    audience_of(&event, &journey, NULL, "kcc", &audience);
    describe(&audience, heard, sizeof heard);
    assert_string_equal(heard, "kcc coordinator");
}

/* A claim of the journey alone is heard by its holder. */
static void test_a_claim_of_the_journey(void **state) {
    struct journey journey = sample_journey();
    const struct hv_event event = {.event = HV_EVENT_CLAIMED};
    struct audience audience;
    char heard[256];
    (void)state;

    audience_of(&event, &journey, NULL, "kcc", &audience);
    describe(&audience, heard, sizeof heard);
    assert_string_equal(heard, "kcc endpoint");
}

/* Who acts for an organisation speaks with its voice: the other side hears of it. */
static void test_acting_for_another(void **state) {
    struct journey journey = sample_journey();
    struct handover handover = {.state = HV_HANDOVER_OFFERED};
    struct hv_event event = {.event = HV_EVENT_NOTED, .has_acted_for = true};
    struct audience audience;
    char heard[256];
    (void)state;

    sample_text(handover.from, "werkse");
    sample_text(handover.to, "support");
    sample_text(event.organisation, "kcc");
    sample_text(event.acted_for, "werkse");
    audience_of(&event, &journey, &handover, "kcc", &audience);
    describe(&audience, heard, sizeof heard);
    assert_string_equal(heard, "support endpoint");
}

/* What belongs to no journey, by the organisation that it is about. */
static const struct {
    enum hv_event_name event;
    const char *about;
    bool about_has_coordinators;
    const char *deputy;
    hv_time until; /* begins at 10 */
    const char *hears;
} network_cases[] = {
    {HV_EVENT_SUSPECTED, "werkse", true, NULL, 0, "kcc coordinator, werkse coordinator"},
    {HV_EVENT_SUSPECTED, "werkse", false, NULL, 0, "kcc coordinator"},
    {HV_EVENT_SUSPECTED, "kcc", true, NULL, 0, "kcc coordinator"},
    {HV_EVENT_QUIET, "werkse", true, NULL, 0, "kcc coordinator, werkse coordinator"},
    {HV_EVENT_QUIET, "werkse", false, NULL, 0, "kcc coordinator"},
    {HV_EVENT_ABSENT, "werkse", true, NULL, 20, "werkse coordinator"},
    {HV_EVENT_ABSENT, "werkse", false, NULL, 20, "kcc coordinator"},
    {HV_EVENT_ABSENT, "werkse", true, "bram", 20, ""},
    {HV_EVENT_ABSENT, "werkse", true, NULL, 10, ""}, /* taken back */
    {HV_EVENT_CLOCK, "", false, NULL, 0, "kcc operator"},
    {HV_EVENT_DIGEST, "werkse", true, NULL, 0, ""}, /* is in its inbox already */
    {HV_EVENT_ACKNOWLEDGED, "", false, NULL, 0, ""},
    {HV_EVENT_NETWORK, "", false, NULL, 0, ""},
};

static void test_what_belongs_to_no_journey(void **state) {
    char heard[256];
    (void)state;

    for (size_t i = 0; i < COUNT(network_cases); i++) {
        struct hv_event event = {
            .event = network_cases[i].event,
            .has_about = true,
            .has_deputy = network_cases[i].deputy != NULL,
            .begins = 10,
            .until = network_cases[i].until,
        };
        struct audience audience;
        sample_text(event.about, network_cases[i].about);
        audience_of_network_event(&event, "kcc", network_cases[i].about_has_coordinators,
                                  &audience);
        describe(&audience, heard, sizeof heard);
        if (strcmp(heard, network_cases[i].hears) != 0)
            fail_msg("case %zu, `%s`: goes to `%s`, not to `%s`", i,
                     wire_word_text(&wire_vocabulary_event_name, (int)event.event), heard,
                     network_cases[i].hears);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_goes_where_the_contract_says),
        cmocka_unit_test(test_every_event_is_in_the_table),
        cmocka_unit_test(test_a_step_without_an_open_handover),
        cmocka_unit_test(test_not_reached_again),
        cmocka_unit_test(test_a_claim_of_the_journey),
        cmocka_unit_test(test_acting_for_another),
        cmocka_unit_test(test_what_belongs_to_no_journey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
