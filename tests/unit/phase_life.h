/* A journey that lives from event to event, as a turn records them, with what runs for it; and what
 * runs as a line of text. */
#ifndef HOUVAST_TESTS_PHASE_LIFE_H
#define HOUVAST_TESTS_PHASE_LIFE_H

#include "broker/phase.h"
#include "core_samples.h"
#include "network_samples.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)

struct life {
    struct network *network; /* kcc coordinates; support and werkse */
    struct run_rules rules;  /* under that network, as event 7 put it in force; now */
    struct journey journey;
    struct handover handover; /* the newest */
    enum hv_kind kind;        /* of offers */
    enum hv_urgency urgency;  /* of the opening, and of offers */
    const char *to;           /* whom offers go to */
    int64_t seq;
};

/* For cmocka: *state is a network of kcc, support and werkse. */
int phase_network_setup(void **state);
int phase_network_teardown(void **state);

/* Nothing has happened yet; a routine cold one to werkse, unless the test says otherwise. */
struct life life_of(struct network *network);

/* The event of that letter, now, and a second goes by:
 *   O opened, or reopened    o offered      d delivered       r received        p picked up
 *   P planned in three days  w wait: ten days                 c confirmed       n declined
 *   W withdrawn              C closing      s not agreed to   S agreed to       x closed
 *   t in touch, 14 days      T in touch     m not reached     i tip, 7 days     g working on it
 *   h no-show: receiver      H no-show: resident              f informed
 *   q question of the holder Q question of the receiver       M missing, of the receiver
 *   a answer of the holder   A answer of the receiver         k contested by kcc
 *   l routine                u urgent       U crisis          j reassigned */
void life_event(struct life *life, char letter);
void life_events(struct life *life, const char *letters);
/* Any other event: folded, and what runs after it. */
void life_fold(struct life *life, struct hv_event event);
/* A bare event of the journey, or (of_handover) of its newest handover. */
struct hv_event life_bare(const struct life *life, enum hv_event_name name, bool of_handover);

/* Whether the letter's event may come now, by the tables of journey and handover. */
bool life_may(const struct life *life, char letter);

/* A network's coordinator, or one of that organisation, claims until then. */
void life_claim(struct life *life, const char *organisation, bool of_network, hv_time until_ms);

/* "delivery werkse 0, receipt werkse 0": phases, whom they await, and their steps, in order. */
#define RUNS_TEXT_SIZE 512
void runs_text(const struct runs *runs, char ret_text[RUNS_TEXT_SIZE]);
void life_expect(const struct life *life, const char *expected);
/* The run of that phase; fails the test where there is none. */
struct hv_run *life_run(struct life *life, enum hv_phase phase);

#endif
