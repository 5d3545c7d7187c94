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

static struct audience hear(enum hv_event_name name, const char *by, bool agree,
                            struct parties parties) {
    struct journey journey = sample_journey();
    struct handover handover = {.state = HV_HANDOVER_OFFERED};
    struct hv_event event = {.event = name, .has_organisation = true, .agree = agree};
    struct audience audience;

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
    {HV_EVENT_SUSPECTED, "", 0, {"", "", "werkse"}, ""}, /* of no journey: see below */
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

/* What belongs to no journey, by the organisation that it is about. */
static const struct {
    enum hv_event_name event;
    const char *about;
    bool about_has_coordinators;
    const char *hears;
} network_cases[] = {
    {HV_EVENT_SUSPECTED, "werkse", true, "kcc coordinator, werkse coordinator"},
    {HV_EVENT_SUSPECTED, "werkse", false, "kcc coordinator"},
    {HV_EVENT_SUSPECTED, "kcc", true, "kcc coordinator"},
    {HV_EVENT_ACKNOWLEDGED, "", false, ""},
    {HV_EVENT_NETWORK, "", false, ""},
};

static void test_what_belongs_to_no_journey(void **state) {
    char heard[256];
    (void)state;

    for (size_t i = 0; i < COUNT(network_cases); i++) {
        struct hv_event event = {.event = network_cases[i].event, .has_about = true};
        struct audience audience;
        sample_text(event.about, network_cases[i].about);
        audience_of_network_event(&event, "kcc", network_cases[i].about_has_coordinators,
                                  &audience);
        describe(&audience, heard, sizeof heard);
        assert_string_equal(heard, network_cases[i].hears);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_goes_where_the_contract_says),
        cmocka_unit_test(test_every_event_is_in_the_table),
        cmocka_unit_test(test_what_belongs_to_no_journey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
