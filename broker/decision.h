/* What a pure room decides about a command: a refusal, or the events that record its effect.
 *
 * A decision never touches the ledger. The turn records its events, and the state that follows is
 * the fold of them, so that log and tables cannot disagree. */
#ifndef HOUVAST_DECISION_H
#define HOUVAST_DECISION_H

#include <string.h>

#include "broker/calendar.h"
#include "houvast/messages.h"

/* The longest decision: a pick-up that discloses the offer's dossier and fifteen supplements. */
#define DECISION_EVENTS_MAX 17

#define DECISION_REASON_SIZE 256

/* Clocks of two organisations may differ by so much: a time that lies no further ahead is no
 * mistake. */
#define DECISION_SKEW_MS (5 * CALENDAR_MINUTE_MS)

/* Who asks: what the key and the session say, never what a message says. */
struct actor {
    char organisation[HV_CODE_SIZE];
    enum hv_role role;
    bool of_network; /* a coordinator of the coordinating organisation */
    /* Where such a coordinator acts for `organisation`: its own organisation; else "". */
    char acting[HV_CODE_SIZE];
};

struct decision {
    enum hv_refusal refusal; /* 0: it is decided */
    char reason[DECISION_REASON_SIZE];
    const char *field;  /* static; NULL where none */
    bool repeated;      /* it says what a newer one has overtaken: nothing changes */
    size_t event_count; /* at least 1 unless refused or repeated */
    struct hv_event events[DECISION_EVENTS_MAX]; /* in the order of recording */
};

/* Begins an empty decision. */
void decision_init(struct decision *decision);

/* Appends an event said by `actor` and gives it back to be filled in. `handover` may be NULL. */
struct hv_event *decision_event(struct decision *decision, enum hv_event_name name,
                                const struct actor *actor, const struct hv_uuid *journey,
                                const struct hv_uuid *handover);

/* Makes it a refusal, whatever it held. */
void decision_refuse(struct decision *decision, enum hv_refusal code, const char *field,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* True when `on`, a time at which something is said to have happened, lies in the future; the
 * decision is then refused as malformed in `field`. */
bool decision_refuse_future(struct decision *decision, hv_time on, hv_time now_ms,
                            const char *field);

/* Copies a text into a field (an array, whose size is known), cut to its size. */
static inline void copy_text_sized(char *to, size_t size, const char *from) {
    const size_t length = strnlen(from, size - 1);

    memcpy(to, from, length);
    to[length] = '\0';
}
#define copy_text(to, from) copy_text_sized((to), sizeof(to), (from))

#endif
