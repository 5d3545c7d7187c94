/* Actors, journeys and handovers for the tests of the rooms that decide: each brought to where a
 * test wants it by the commands that lead there. */
#ifndef HOUVAST_TESTS_CORE_SAMPLES_H
#define HOUVAST_TESTS_CORE_SAMPLES_H

#include <stdio.h>

#include "broker/handover.h"
#include "broker/journey.h"

/* What the clock says while a command is decided; the journey was opened, and the handover
 * offered, some time before. */
#define SAMPLE_NOW_MS     INT64_C(1795000000000)
#define SAMPLE_OPENED_MS  (SAMPLE_NOW_MS - 7200000)
#define SAMPLE_OFFERED_MS (SAMPLE_NOW_MS - 3600000)

#define SAMPLE_RESIDENT "r1.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"

/* kcc holds through h.holder and offers to werkse, where anna and bram work. */
extern const struct actor sample_holder;      /* endpoint of kcc */
extern const struct actor sample_receiver;    /* endpoint of werkse */
extern const struct actor sample_coordinator; /* of kcc, which is the network's */

struct hv_uuid sample_uuid(uint8_t number);

/* A command's fields that are codes or persons, from a text. */
#define sample_text(to, from) snprintf((to), sizeof(to), "%s", (from))

/* The journey 1: open, held by h.holder of kcc; closing, or closed, by that person. */
struct journey sample_journey(void);
struct journey sample_journey_closing(void);
struct journey sample_journey_closed(void);
/* Folds every event of a decision about a journey alone; the test fails where it is a refusal. */
void sample_journey_fold(struct journey *journey, const struct decision *decision, hv_time at_ms);

/* A journey, its handover, and the events that led there, folded as a turn folds them. */
struct sample {
    struct journey journey;
    struct handover handover;
    int64_t seq;    /* of the newest event */
    hv_time now_ms; /* of the next */
    struct decision decision;
};

struct sample_offer {
    enum hv_kind kind;
    enum hv_disclose disclose; /* 0: not said */
    bool dossier;
    const char *to; /* NULL: werkse */
};

/* Folds what sample->decision holds; the test fails where it is a refusal. Checks what must
 * be true of every handover. */
void sample_fold(struct sample *sample);

/* The journey 1 with its handover 2 offered, then moved by each letter of `moves`:
 *   d  delivered                 r R  received by anna, bram (instead of who has it)
 *   i  introduced, all there     p P  picked up by anna, bram (instead of who has it)
 *   s  supplemented              c    confirmed by anna, `as` cold where it must
 *   n  declined                  w    withdrawn                  x  the dossiers deleted
 *   h  the holder is h.other */
void sample_begin(struct sample *sample, struct sample_offer offer, const char *moves);

/* Commands as an organisation would say them, with all that is required. */
struct hv_reassign sample_reassign(const char *to, const char *instead_of, hv_time on_ms);
/* Talked through, or with a reason why not. */
struct hv_close sample_close(enum hv_outcome outcome, bool talked);
struct hv_offer sample_offer_of(struct sample_offer offer);
struct hv_receive sample_receive(const char *begeleider, const char *instead_of);
struct hv_pickup sample_pickup(const char *begeleider, const char *instead_of);
struct hv_confirm sample_confirm(const char *begeleider);
struct hv_decline sample_decline(void);
struct hv_withdraw sample_withdraw(void);
struct hv_supplement sample_supplement(int64_t number);
/* Someone of kcc, someone of werkse, and the resident. */
struct hv_introduce sample_introduce(void);

/* How many events of that name a decision has, and the first of them, or NULL. */
size_t decision_count(const struct decision *decision, enum hv_event_name name);
const struct hv_event *decision_find(const struct decision *decision, enum hv_event_name name);

/* The decision refuses so; `field` NULL: without one. */
#define assert_refused(decision, code, field) \
    decision_assert_refused((decision), (code), (field), __FILE__, __LINE__)
void decision_assert_refused(const struct decision *decision, enum hv_refusal code,
                             const char *field, const char *file, int line);
/* The decision is no refusal, and its only event has that name. */
#define assert_decided(decision, name) \
    decision_assert_decided((decision), (name), __FILE__, __LINE__)
const struct hv_event *decision_assert_decided(const struct decision *decision,
                                               enum hv_event_name name, const char *file, int line);

#endif
