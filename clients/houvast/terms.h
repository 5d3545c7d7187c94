/* What things are called on a coordinator's screen: phases, lateness, moments, who is told. */
#ifndef HOUVAST_TERMS_H
#define HOUVAST_TERMS_H

#include "houvast/messages.h"

#define TERMS_SIZE 32

/* What a journey waits for, in a word or three: `a begeleider`. Static; "" for none. */
const char *terms_waits(enum hv_phase phase);
/* What has not been done in that phase by `awaits`, as a clause: `nobody at werkse has taken it
 * on`. */
void terms_undone(enum hv_phase phase, const char *awaits, char *ret_text, size_t size);

/* Writes a span in its largest fitting unit: `40 s`, `12 min`, `5 h`, `3 d`. */
void terms_span(int64_t span_ms, char ret_text[TERMS_SIZE]);
/* Writes a moment in local time, for people alone: `Wed 25 Nov 14:05`. */
void terms_moment(hv_time at_ms, char ret_text[TERMS_SIZE]);
/* `14:05`, and `Wednesday 25 November 2026`. */
void terms_clock(hv_time at_ms, char ret_text[TERMS_SIZE]);
void terms_day(hv_time at_ms, char ret_text[TERMS_SIZE]);

/* Who reads an inbox: `werkse`, `werkse's coordinators`, `kcc's operators`. */
void terms_inbox(const char *organisation, enum hv_role role, char *ret_text, size_t size);

#endif
