/* A journey's events as sentences, and the timeline that they make. */
#include "clients/houvast/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "houvast/houvast.h"

#define AT  INT64_C(1774616700000) /* Friday 27 March 2026, 14:05 in Delft */
#define DAY INT64_C(86400000)

static int zone_set(void **state) {
    (void)state;
    setenv("TZ", "Europe/Amsterdam", 1);
    tzset();
    return 0;
}

static struct story story;

static void assert_tells(const struct hv_event *event, const char *expected) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    story_tell(&story, out, event);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

/* An event that anna of kcc said. */
static struct hv_event said(enum hv_event_name name) {
    return (struct hv_event){
        .event = name,
        .has_at = true,
        .at = AT,
        .has_organisation = true,
        .organisation = "kcc",
        .has_begeleider = true,
        .begeleider = "anna",
    };
}

static void test_who_held(void **state) {
    (void)state;
    struct hv_event event = said(HV_EVENT_OPENED);
    event.has_urgency = true;
    event.urgency = HV_URGENCY_URGENT;
    assert_tells(&event, "First contact: anna of kcc holds the resident (urgent).");
    event = said(HV_EVENT_REASSIGNED);
    event.has_instead_of = event.has_reason = true;
    strcpy(event.instead_of, "bob");
    strcpy(event.reason, "holiday");
    assert_tells(&event, "anna of kcc holds the resident now, instead of bob (holiday).");
    event = said(HV_EVENT_CONFIRMED);
    event.has_contact = true;
    event.contact.on = AT;
    event.contact.how = HV_CONTACT_VISITED;
    assert_tells(&event, "Arrived: anna of kcc holds the resident from here on (visited, Fri 27 "
                         "Mar 14:05).");
}

static void test_what_was_answered(void **state) {
    (void)state;
    struct hv_event event = said(HV_EVENT_DECLINED);
    event.has_reason = event.has_decided = event.has_suggest = true;
    strcpy(event.reason, "no-room");
    event.decided = HV_DECIDED_RESIDENT;
    strcpy(event.suggest, "werkse");
    assert_tells(&event, "anna of kcc declined (no-room), decided by the resident, and suggests "
                         "werkse; the holder keeps the resident.");
    event = said(HV_EVENT_WITHDRAWN);
    event.has_acted_for = true;
    strcpy(event.acted_for, "werkse");
    assert_tells(&event, "kcc's coordinators, acting for werkse, took the offer back.");
    event = said(HV_EVENT_NOTED);
    event.has_code = event.has_next = true;
    event.code = HV_NOTE_IN_TOUCH;
    event.next = 14;
    assert_tells(&event, "kcc was in touch with the resident; next check-in in 14 days.");
}

/* A step says what was not done and to whom; `told` says which step. */
static void test_who_was_told(void **state) {
    (void)state;
    const struct hv_addressee addressees[] = {{"werkse", HV_ROLE_COORDINATOR},
                                              {"kcc", HV_ROLE_COORDINATOR}};
    struct hv_event event = {
        .event = HV_EVENT_ESCALATED,
        .has_seq = true,
        .seq = 12,
        .has_phase = true,
        .phase = HV_PHASE_PICKUP,
        .has_step = true,
        .step = 2,
        .has_awaits = true,
        .awaits = "werkse",
        .has_addressees = true,
        .addressees = {2, addressees},
    };
    assert_tells(&event, "Step 2: nobody at werkse has taken it on. Said to werkse's coordinators "
                         "and kcc's coordinators.");
    struct hv_event told = {
        .event = HV_EVENT_TOLD,
        .has_organisation = true,
        .organisation = "kcc",
        .has_inbox = true,
        .inbox = HV_ROLE_COORDINATOR,
        .has_of = true,
        .of = 12,
    };
    assert_tells(&told, "Told: kcc's coordinators took note of step 2.");
    assert_false(story_is_housekeeping(&story, &told));
    told.inbox = HV_ROLE_ENDPOINT; /* the holder hears of it too */
    assert_true(story_is_housekeeping(&story, &told));
    told.inbox = HV_ROLE_COORDINATOR;
    told.of = 11;
    assert_tells(&told, "Told: kcc's coordinators took note of it.");
    assert_false(story_is_housekeeping(&story, &told));
    event.has_addressees = false;
    event.has_reached = true;
    assert_tells(&event, "Step 2: nobody at werkse has taken it on. There is nobody to say it to.");
    event.has_reached = false;
    event.has_rested = event.rested = true;
    assert_tells(&event, "Step 2: nobody at werkse has taken it on. Not said again: a coordinator "
                         "is on it.");
}

static void test_claims(void **state) {
    (void)state;
    struct hv_event event = said(HV_EVENT_CLAIMED);
    event.has_begeleider = false;
    event.has_person = event.has_until = true;
    strcpy(event.person, "nora");
    event.until = AT + DAY;
    assert_tells(&event, "nora of kcc is on it until Sat 28 Mar 14:05.");
    event.until = AT;
    assert_tells(&event, "nora of kcc gave it back.");
}

/* Whatever an event has or lacks, there is a sentence with an end. */
static void test_every_event_has_a_sentence(void **state) {
    (void)state;
    for (int name = HV_EVENT_OPENED; name <= HV_EVENT_REPAIRED; name++) {
        struct hv_event event = {.event = (enum hv_event_name)name};
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        story_tell(&story, out, &event);
        fclose(out);
        bool is_plain = strncmp(text, hv_event_name_text(event.event),
                                strlen(hv_event_name_text(event.event))) == 0;
        bool may_be_plain = name == HV_EVENT_SUSPECTED || name == HV_EVENT_DIGEST ||
                            name == HV_EVENT_NOTED; /* without its code */
        if (size < 8 || text[size - 1] != '.' || (is_plain && !may_be_plain))
            fail_msg("%s: got \"%s\"", hv_event_name_text(event.event), text);
        free(text);
    }
}

/* A heading for each day, sentences broken between words, housekeeping left out and counted. */
static void test_timeline(void **state) {
    (void)state;
    char *text = NULL;
    size_t size;
    struct timeline timeline = {.width = 50};
    timeline.out = open_memstream(&text, &size);
    struct hv_event event = said(HV_EVENT_OPENED);
    timeline_add(&timeline, &event);
    event = said(HV_EVENT_OFFERED);
    event.at += DAY;
    event.has_handover = event.has_to = true;
    event.handover.bytes[0] = 1;
    strcpy(event.to, "werkse");
    timeline_add(&timeline, &event);
    event = said(HV_EVENT_READ);
    timeline_add(&timeline, &event);
    timeline_end(&timeline);
    fclose(timeline.out);
    assert_string_equal(text, "Friday 27 March 2026\n"
                              "  14:05  First contact: anna of kcc holds the\n"
                              "         resident.\n"
                              "\n"
                              "Saturday 28 March 2026\n"
                              "  14:05  kcc offered it to werkse: cold, routine.\n"
                              "         Handover 1.\n"
                              "\n"
                              "Handover 1 is 01000000-0000-0000-0000-000000000000.\n"
                              "Left out: 1 acknowledgement or reading.\n");
    free(text);
}

static int end(void **state) {
    (void)state;
    story_fini(&story);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_held),
        cmocka_unit_test(test_what_was_answered),
        cmocka_unit_test(test_who_was_told),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_every_event_has_a_sentence),
        cmocka_unit_test(test_timeline),
    };
    return cmocka_run_group_tests(tests, zone_set, end);
}
