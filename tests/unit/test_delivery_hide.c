/* Items: what each shows of its event, key by key. */
#include "broker/delivery_hide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The keys that an event of each kind may have when an item carries it, beside event, journey,
 * handover, seq and at. Every event is tried with every key there is. */
static const struct {
    enum hv_event_name event;
    const char *hidden; /* keys that must not be seen, whatever the event has */
    const char *shown;  /* keys that must be */
} cases[] = {
    {HV_EVENT_OFFERED, "organisation role disclose dossier_hash",
     "from to begeleider kind urgency age family domains"},
    {HV_EVENT_DOSSIER, "organisation role begeleider reason",
     "resident number dossier_hash deleted"},
    {HV_EVENT_RECEIVED, "role", "organisation begeleider instead_of on"},
    {HV_EVENT_PICKED_UP, "role", "organisation begeleider planned instead_of on"},
    {HV_EVENT_INTRODUCED, "role", "organisation on how present with_resident"},
    {HV_EVENT_CONFIRMED, "role delete_at", "holder contact as reason"},
    {HV_EVENT_DECLINED, "role", "reason decided suggest"},
    {HV_EVENT_WITHDRAWN, "role reason begeleider", "destroy"},
    {HV_EVENT_REASSIGNED, "role", "begeleider instead_of reason on"},
    {HV_EVENT_CLOSING, "role", "begeleider outcome talked no_talk"},
    {HV_EVENT_SETTLED, "role", "person agree reason on"},
    {HV_EVENT_SUSPECTED, "role", "about reason count"},
    {HV_EVENT_CLOSED, "role talked no_talk begeleider", "outcome"},
};

static bool names(const char *list, const char *name) {
    const size_t size = strlen(name);

    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

static bool has(const struct hv_event *event, const struct wire_field *field) {
    return field->required || *(const bool *)((const char *)event + field->has_offset);
}

/* An event of that name that has every key. */
static struct hv_event with_every_key(enum hv_event_name name) {
    struct hv_event event;

    memset(&event, 0, sizeof event);
    event.event = name;
    for (size_t i = 0; i < wire_struct_event.count; i++) {
        const struct wire_field *field = &wire_struct_event.fields[i];
        if (!field->required)
            *(bool *)((char *)&event + field->has_offset) = true;
    }
    return event;
}

static void test_items_show_what_the_contract_says(void **state) {
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hv_event event = with_every_key(cases[i].event);
        delivery_hide(&event);
        for (size_t f = 0; f < wire_struct_event.count; f++) {
            const struct wire_field *field = &wire_struct_event.fields[f];
            const bool seen = has(&event, field);
            if (seen && names(cases[i].hidden, field->name))
                fail_msg("event %d shows `%s`", (int)cases[i].event, field->name);
            if (!seen && names(cases[i].shown, field->name))
                fail_msg("event %d hides `%s`", (int)cases[i].event, field->name);
        }
        assert_true(event.has_journey && event.has_handover && event.has_seq && event.has_at);
    }
}

/* Nobody's role is anybody's business. */
static void test_no_item_shows_a_role(void **state) {
    (void)state;

    for (size_t w = 0; w < wire_vocabulary_event_name.count; w++) {
        struct hv_event event =
            with_every_key((enum hv_event_name)wire_vocabulary_event_name.words[w].number);
        delivery_hide(&event);
        assert_false(event.has_role);
    }
}

/* The rows name keys that there are. */
static void test_the_table_names_keys(void **state) {
    char list[256];
    size_t offset = 0;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(list, sizeof list, "%s %s", cases[i].hidden, cases[i].shown);
        for (char *at = NULL, *name = strtok_r(list, " ", &at); name;
             name = strtok_r(NULL, " ", &at))
            if (!wire_field_named(&wire_struct_event, name, strlen(name), &offset))
                fail_msg("an event has no `%s`", name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_show_what_the_contract_says),
        cmocka_unit_test(test_no_item_shows_a_role),
        cmocka_unit_test(test_the_table_names_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
