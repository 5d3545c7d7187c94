/* A journey that lives from event to event. */
#include "phase_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

static const char support_conf[] = "[organisation]\n"
                                   "name = support\n"
                                   "display_name = Support\n"
                                   "telephone = 14015\n"
                                   "[key endpoint]\n"
                                   "public_key = " KEY_SPARE "\n"
                                   "roles = endpoint coordinator\n";

int phase_network_setup(void **state) {
    struct sample_network files;

    sample_network_init(&files);
    sample_network_set(&files, "organisations/support.conf", support_conf);
    *state = sample_network_parse(&files);
    sample_network_fini(&files);
    return 0;
}

int phase_network_teardown(void **state) {
    network_free(*state);
    return 0;
}

struct life life_of(struct network *network) {
    return (struct life){
        .network = network,
        .rules = {.network = network, .network_seq = 7, .now_ms = SAMPLE_NOW_MS},
        .kind = HV_KIND_COLD,
        .urgency = HV_URGENCY_ROUTINE,
        .to = "werkse",
    };
}

/* ---- Events ---- */

struct hv_event life_bare(const struct life *life, enum hv_event_name name, bool of_handover) {
    return (struct hv_event){
        .event = name,
        .has_journey = true,
        .journey = sample_uuid(1),
        .has_handover = of_handover,
        .handover = of_handover ? life->handover.id : (struct hv_uuid){{0}},
    };
}

static void said_by(struct hv_event *event, const char *organisation) {
    event->has_organisation = true;
    sample_text(event->organisation, organisation);
    event->has_role = true;
    event->role = HV_ROLE_ENDPOINT;
    event->has_begeleider = true;
    sample_text(event->begeleider, "anna");
}

static struct hv_event opened(const struct life *life) {
    struct hv_event event = life_bare(life, HV_EVENT_OPENED, false);

    said_by(&event, life->journey.row ? life->journey.holder.organisation : "kcc");
    event.has_resident = true;
    sample_text(event.resident, SAMPLE_RESIDENT);
    event.has_reopens = life->journey.row != 0;
    event.reopens = event.has_reopens;
    event.has_urgency = true;
    event.urgency = life->urgency;
    return event;
}

static struct hv_event offered(const struct life *life) {
    struct hv_event event = life_bare(life, HV_EVENT_OFFERED, true);

    said_by(&event, life->journey.holder.organisation);
    event.handover = sample_uuid((uint8_t)(100 + life->seq));
    sample_text(event.from, life->journey.holder.organisation);
    sample_text(event.to, life->to);
    event.kind = life->kind;
    event.has_urgency = true;
    event.urgency = life->urgency;
    event.disclose = HV_DISCLOSE_PICKED_UP;
    return event;
}

static struct hv_event of_receiver(const struct life *life, enum hv_event_name name) {
    struct hv_event event = life_bare(life, name, true);

    said_by(&event, life->handover.to);
    event.has_planned = false;
    if (name == HV_EVENT_CONFIRMED) {
        event.has_holder = true;
        sample_text(event.holder.organisation, life->handover.to);
        sample_text(event.holder.begeleider, "anna");
    }
    return event;
}

static struct hv_event of_holder(const struct life *life, enum hv_event_name name,
                                 bool of_handover) {
    struct hv_event event = life_bare(life, name, of_handover);

    said_by(&event, life->journey.holder.organisation);
    event.has_outcome = name == HV_EVENT_CLOSING || name == HV_EVENT_CLOSED;
    event.outcome = name == HV_EVENT_CLOSED ? HV_OUTCOME_HELPED : HV_OUTCOME_NO_RESPONSE;
    return event;
}

static struct hv_event settled(const struct life *life, bool agree) {
    struct hv_event event = of_holder(life, HV_EVENT_SETTLED, false);

    event.has_agree = true;
    event.agree = agree;
    return event;
}

static struct hv_event noted(const struct life *life, enum hv_note_code code, bool by_receiver) {
    const bool of_handover = life->handover.state && handover_is_open(&life->handover);
    struct hv_event event = life_bare(life, HV_EVENT_NOTED, of_handover);

    said_by(&event, by_receiver ? life->handover.to : life->journey.holder.organisation);
    event.has_code = true;
    event.code = code;
    return event;
}

static struct hv_event noted_next(const struct life *life, enum hv_note_code code, int64_t days) {
    struct hv_event event = noted(life, code, false);

    event.has_handover = false;
    event.has_next = days > 0;
    event.next = days;
    return event;
}

static struct hv_event no_show(const struct life *life, enum hv_missed_by by) {
    struct hv_event event = noted(life, HV_NOTE_NO_SHOW, false);

    event.has_by = true;
    event.by = by;
    return event;
}

static struct hv_event urgency(const struct life *life, enum hv_urgency to) {
    const bool has_open = life->handover.state && handover_is_open(&life->handover);
    struct hv_event event = of_holder(life, HV_EVENT_URGENCY, has_open);

    event.has_urgency = true;
    event.urgency = to;
    event.on = life->rules.now_ms;
    return event;
}

static struct hv_event contested(const struct life *life) {
    struct hv_event event = life_bare(life, HV_EVENT_CONTESTED, true);

    said_by(&event, life->handover.from);
    return event;
}

static struct hv_event with_plan(struct hv_event event, hv_time planned_ms) {
    event.has_planned = true;
    event.planned = planned_ms;
    return event;
}

static struct hv_event with_expected(struct hv_event event, hv_time expected_ms) {
    event.has_expected = true;
    event.expected = expected_ms;
    return event;
}

static struct hv_event event_of(const struct life *life, char letter) {
    const hv_time now_ms = life->rules.now_ms;

    switch (letter) {
    case 'O':
        return opened(life);
    case 'o':
        return offered(life);
    case 'd':
        return of_receiver(life, HV_EVENT_DELIVERED);
    case 'r':
        return of_receiver(life, HV_EVENT_RECEIVED);
    case 'p':
        return of_receiver(life, HV_EVENT_PICKED_UP);
    case 'P':
        return with_plan(of_receiver(life, HV_EVENT_PICKED_UP), now_ms + 3 * DAY_MS);
    case 'w':
        return with_expected(of_receiver(life, HV_EVENT_WAITING), now_ms + 10 * DAY_MS);
    case 'c':
        return of_receiver(life, HV_EVENT_CONFIRMED);
    case 'n':
        return of_receiver(life, HV_EVENT_DECLINED);
    case 'W':
        return of_holder(life, HV_EVENT_WITHDRAWN, true);
    case 'C':
        return of_holder(life, HV_EVENT_CLOSING, false);
    case 's':
        return settled(life, false);
    case 'S':
        return settled(life, true);
    case 'x':
        return of_holder(life, HV_EVENT_CLOSED, false);
    case 't':
        return noted_next(life, HV_NOTE_IN_TOUCH, 14);
    case 'T':
        return noted_next(life, HV_NOTE_IN_TOUCH, 0);
    case 'm':
        return noted_next(life, HV_NOTE_NOT_REACHED, 0);
    case 'i':
        return noted_next(life, HV_NOTE_TIP, 7);
    case 'g':
        return noted(life, HV_NOTE_WORKING_ON_IT, true);
    case 'h':
        return no_show(life, HV_MISSED_BY_RECEIVER);
    case 'H':
        return no_show(life, HV_MISSED_BY_RESIDENT);
    case 'f':
        return noted(life, HV_NOTE_INFORMED, false);
    case 'q':
        return noted(life, HV_NOTE_QUESTION, false);
    case 'Q':
        return noted(life, HV_NOTE_QUESTION, true);
    case 'M':
        return noted(life, HV_NOTE_MISSING, true);
    case 'a':
        return noted(life, HV_NOTE_ANSWER, false);
    case 'A':
        return noted(life, HV_NOTE_ANSWER, true);
    case 'k':
        return contested(life);
    case 'l':
        return urgency(life, HV_URGENCY_ROUTINE);
    case 'u':
        return urgency(life, HV_URGENCY_URGENT);
    case 'U':
        return urgency(life, HV_URGENCY_CRISIS);
    case 'j':
        return of_holder(life, HV_EVENT_REASSIGNED, false);
    default:
        fail_msg("there is no event `%c`", letter);
    }
    return (struct hv_event){0};
}

/* ---- Living ---- */

void life_fold(struct life *life, struct hv_event event) {
    struct handover *handover = event.has_handover ? &life->handover : NULL;
    struct runs runs;

    if (event.event == HV_EVENT_OFFERED)
        memset(&life->handover, 0, sizeof life->handover);
    life->seq++;
    journey_fold(&life->journey, &event, life->rules.now_ms);
    if (handover)
        handover_fold(handover, &event, life->seq, life->rules.now_ms, &life->journey.holder);
    life->journey.row = 1;
    if (!event.has_runs) {
        phase_after(&event, &life->journey, handover, &life->rules, &runs);
        life->journey.runs = runs;
    }
    if ((life->journey.runs.count == 0) != (life->journey.state == HV_JOURNEY_CLOSED))
        fail_msg("T1: after `%s` %zu phases run for a journey in state %d",
                 wire_word_text(&wire_vocabulary_event_name, (int)event.event),
                 life->journey.runs.count, (int)life->journey.state);
}

void life_event(struct life *life, char letter) {
    life_fold(life, event_of(life, letter));
    life->rules.now_ms += 1000;
}

void life_events(struct life *life, const char *letters) {
    for (; *letters; letters++)
        life_event(life, *letters);
}

static bool is_about_handover(char letter) {
    return strchr("odrpPwcnWghHqQMaAk", letter) != NULL;
}

bool life_may(const struct life *life, char letter) {
    const bool is_open = life->handover.state && handover_is_open(&life->handover);
    const enum hv_journey_state journey = life->journey.state;

    if (letter == 'O')
        return journey == HV_JOURNEY_CLOSED;
    if (letter == 'k')
        return life->handover.state == HV_HANDOVER_CONFIRMED && journey != HV_JOURNEY_CLOSED;
    if (letter == 'o')
        return !is_open && journey == HV_JOURNEY_OPEN;
    if (is_about_handover(letter) && !is_open)
        return false;
    if (letter == 'c' || letter == 'S' || letter == 's' || letter == 'x')
        return letter == 'c' || (letter == 'x' ? !is_open && journey != HV_JOURNEY_CLOSED
                                               : journey == HV_JOURNEY_CLOSING);
    if (letter == 'C')
        return !is_open && journey == HV_JOURNEY_OPEN;
    if (is_about_handover(letter)) {
        const struct hv_event event = event_of(life, letter);
        return handover_may_fold(&life->handover, &event) &&
               (letter != 'w' || life->journey.urgency != HV_URGENCY_CRISIS);
    }
    return journey != HV_JOURNEY_CLOSED;
}

void life_claim(struct life *life, const char *organisation, bool of_network, hv_time until_ms) {
    struct hv_event event = life_bare(life, HV_EVENT_CLAIMED, false);

    said_by(&event, organisation);
    event.role = HV_ROLE_COORDINATOR;
    event.has_person = true;
    sample_text(event.person, "carla");
    event.has_until = true;
    event.until = until_ms;
    event.has_on = true;
    event.on = life->rules.now_ms;
    event.has_of_network = of_network;
    event.of_network = of_network;
    for (size_t i = 0; i < life->journey.claims.count; i++) {
        const struct hv_standing_claim *claim = &life->journey.claims.items[i];
        if (claim->of_network == of_network && strcmp(claim->organisation, organisation) == 0) {
            event.has_was_until = true;
            event.was_until = claim->until;
        }
    }
    life_fold(life, event);
}

/* ---- Looking ---- */

void runs_text(const struct runs *runs, char ret_text[RUNS_TEXT_SIZE]) {
    size_t used = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < runs->count; i++)
        used +=
            (size_t)snprintf(ret_text + used, RUNS_TEXT_SIZE - used, "%s%s %s %d", i ? ", " : "",
                             wire_word_text(&wire_vocabulary_phase, (int)runs->items[i].phase),
                             runs->items[i].awaits, (int)runs->items[i].step);
}

void life_expect(const struct life *life, const char *expected) {
    char text[RUNS_TEXT_SIZE];

    runs_text(&life->journey.runs, text);
    if (strcmp(text, expected) != 0)
        fail_msg("expected `%s`, got `%s`", expected, text);
}

struct hv_run *life_run(struct life *life, enum hv_phase phase) {
    struct hv_run *run = runs_find(&life->journey.runs, phase, NULL);

    if (!run)
        fail_msg("no phase %s runs", wire_word_text(&wire_vocabulary_phase, (int)phase));
    return run;
}
