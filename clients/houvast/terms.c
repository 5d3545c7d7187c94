/* What things are called on a coordinator's screen. */
#include "clients/houvast/terms.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

const char *terms_waits(enum hv_phase phase) {
    switch (phase) {
    case HV_PHASE_UNROUTED:
        return "a next place";
    case HV_PHASE_DELIVERY:
        return "delivery";
    case HV_PHASE_RECEIPT:
        return "a reader";
    case HV_PHASE_PICKUP:
        return "a begeleider";
    case HV_PHASE_ARRIVAL:
        return "first contact";
    case HV_PHASE_WAITING:
        return "its turn";
    case HV_PHASE_HELD:
        return "a check-in";
    case HV_PHASE_CLOSING:
        return "a second person";
    case HV_PHASE_CONTESTED:
        return "being found";
    case HV_PHASE_ANSWER:
        return "an answer";
    }
    return "";
}

void terms_undone(enum hv_phase phase, const char *awaits, char *ret_text, size_t size) {
    switch (phase) {
    case HV_PHASE_UNROUTED:
        snprintf(ret_text, size, "%s has not offered it on", awaits);
        return;
    case HV_PHASE_DELIVERY:
        snprintf(ret_text, size, "the system of %s does not have it", awaits);
        return;
    case HV_PHASE_RECEIPT:
        snprintf(ret_text, size, "nobody at %s has it in hand", awaits);
        return;
    case HV_PHASE_PICKUP:
        snprintf(ret_text, size, "nobody at %s has taken it on", awaits);
        return;
    case HV_PHASE_ARRIVAL:
        snprintf(ret_text, size, "%s and the resident have not met", awaits);
        return;
    case HV_PHASE_WAITING:
    case HV_PHASE_HELD:
        snprintf(ret_text, size, "%s has not said that it is in touch", awaits);
        return;
    case HV_PHASE_CLOSING:
        snprintf(ret_text, size, "no second person has judged the closing");
        return;
    case HV_PHASE_CONTESTED:
        snprintf(ret_text, size, "%s has not found the resident", awaits);
        return;
    case HV_PHASE_ANSWER:
        snprintf(ret_text, size, "%s owes an answer", awaits);
        return;
    }
    snprintf(ret_text, size, "%s has not acted", awaits);
}

void terms_span(int64_t span_ms, char ret_text[TERMS_SIZE]) {
    if (span_ms < MINUTE_MS)
        snprintf(ret_text, TERMS_SIZE, "%" PRId64 " s", span_ms / SECOND_MS);
    else if (span_ms < 100 * MINUTE_MS)
        snprintf(ret_text, TERMS_SIZE, "%" PRId64 " min", span_ms / MINUTE_MS);
    else if (span_ms < 2 * DAY_MS)
        snprintf(ret_text, TERMS_SIZE, "%" PRId64 " h", span_ms / HOUR_MS);
    else
        snprintf(ret_text, TERMS_SIZE, "%" PRId64 " d", span_ms / DAY_MS);
}

static void local_text(hv_time at_ms, const char *format, char ret_text[TERMS_SIZE]) {
    time_t at_s = at_ms / SECOND_MS;
    struct tm tm;
    if (!localtime_r(&at_s, &tm) || strftime(ret_text, TERMS_SIZE, format, &tm) == 0)
        snprintf(ret_text, TERMS_SIZE, "%" PRId64 " ms", at_ms);
}

void terms_moment(hv_time at_ms, char ret_text[TERMS_SIZE]) {
    local_text(at_ms, "%a %-d %b %H:%M", ret_text);
}

void terms_clock(hv_time at_ms, char ret_text[TERMS_SIZE]) {
    local_text(at_ms, "%H:%M", ret_text);
}

void terms_day(hv_time at_ms, char ret_text[TERMS_SIZE]) {
    local_text(at_ms, "%A %-d %B %Y", ret_text);
}

void terms_inbox(const char *organisation, enum hv_role role, char *ret_text, size_t size) {
    snprintf(ret_text, size, "%s%s", organisation,
             role == HV_ROLE_COORDINATOR ? "'s coordinators"
             : role == HV_ROLE_OPERATOR  ? "'s operators"
                                         : "");
}
