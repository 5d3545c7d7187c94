/* Absence: saying so, and finding who stands in. */
#include "broker/absence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/measure.h"
#include "broker/record.h"

/* A chain of more deputies than this is taken for a ring. */
#define CHAIN_MAX 32

/* ---- Who stands in ---- */

static bool is_away(struct ledger *ledger, const char *organisation, const char *person,
                    hv_time at_ms, struct ledger_absence *ret_absence) {
    return ledger_absence_get(ledger, organisation, person, ret_absence) &&
           ret_absence->begins_ms <= at_ms && at_ms < ret_absence->until_ms;
}

/* Who stands in at the end of the chain that begins with that deputy ("": none) of `away`. */
static bool chain_end(struct ledger *ledger, const char *organisation, const char *away,
                      const char *deputy, hv_time at_ms, char ret_deputy[HV_PERSON_SIZE]) {
    struct ledger_absence absence;

    copy_text(absence.deputy, deputy);
    for (int i = 0; i < CHAIN_MAX; i++) {
        char person[HV_PERSON_SIZE];
        copy_text(person, absence.deputy);
        if (!person[0] || strcmp(person, away) == 0)
            return false;
        if (!is_away(ledger, organisation, person, at_ms, &absence)) {
            copy_text_sized(ret_deputy, HV_PERSON_SIZE, person);
            return true;
        }
    }
    return false;
}

bool absence_deputy(struct ledger *ledger, const char *organisation, const char *begeleider,
                    hv_time at_ms, char ret_deputy[HV_PERSON_SIZE]) {
    struct ledger_absence absence;

    return is_away(ledger, organisation, begeleider, at_ms, &absence) &&
           chain_end(ledger, organisation, begeleider, absence.deputy, at_ms, ret_deputy);
}

/* What goes to the receiver alone is for whoever has it in hand there, also when the handover is
 * over; the rest while it is open, and within one organisation it is the holder's. */
static bool is_for_receiver(const struct hv_event *event, const struct handover *handover,
                            const char *organisation) {
    const bool alone = event->event == HV_EVENT_OFFERED || event->event == HV_EVENT_DOSSIER ||
                       event->event == HV_EVENT_WITHDRAWN;

    if (!handover || strcmp(handover->to, organisation) != 0)
        return false;
    return alone || (strcmp(handover->from, organisation) != 0 && handover_is_open(handover));
}

const char *absence_meant_for(const struct hv_event *event, const struct journey *journey,
                              const struct handover *handover, const char *organisation) {
    if (is_for_receiver(event, handover, organisation))
        return handover_begeleider(handover);
    return strcmp(journey->holder.organisation, organisation) == 0 ? journey->holder.begeleider
                                                                   : "";
}

/* ---- absent ---- */

/* Names that nothing here knows are worth a look: they may be mistakes. */
static size_t warn(struct request *request, struct hv_code ret_warnings[2]) {
    const struct hv_absent *command = &request->message.absent;
    const char *organisation = request->actor.organisation;
    struct ledger *ledger = request->turn->ledger;
    size_t count = 0;

    if (!ledger_person_is_known(ledger, organisation, command->begeleider)) {
        copy_text(ret_warnings[count].text, "unknown-begeleider");
        count++;
    }
    if (command->has_deputy && !ledger_person_is_known(ledger, organisation, command->deputy)) {
        copy_text(ret_warnings[count].text, "unknown-deputy");
        count++;
    }
    return count;
}

static void done(struct request *request, int64_t seq, bool repeated) {
    struct hv_code warnings[2];
    struct hv_message message;
    struct hv_done *done = answer_begin(request, &message);

    done->has_repeated = repeated;
    done->repeated = repeated;
    done->warnings.count = repeated ? 0 : warn(request, warnings);
    done->warnings.items = warnings;
    done->has_warnings = done->warnings.count > 0;
    answer_done(request, &message, seq);
}

static bool is_same(const struct ledger_absence *absence, const struct hv_absent *command) {
    return absence->begins_ms == command->from && absence->until_ms == command->until &&
           strcmp(absence->deputy, command->has_deputy ? command->deputy : "") == 0;
}

/* In place of what the newest of before had left. */
static void measure(struct turn *turn, const struct hv_event *event) {
    struct ledger_absence absence;
    struct hv_event before;
    int64_t ms = measure_absent_ms(event, turn->now_ms);

    if (ledger_absence_get(turn->ledger, event->organisation, event->begeleider, &absence) &&
        ledger_event_get(turn->ledger, absence.seq, &turn->zone, &before))
        ms -= measure_absent_ms(&before, turn->now_ms);
    measure_add_ms(turn, MEASURE_ABSENT_MS, event->organisation, ms);
}

/* Who stands in when it begins, and for whom there is nobody then: where no deputy is at hand, that
 * is everybody for whom this begeleider stands in, too. */
static void look_at_deputies(struct turn *turn, struct hv_event *event,
                             struct hv_overdue held[HV_LIST_MAX]) {
    const hv_time at_ms = event->begins > turn->now_ms ? event->begins : turn->now_ms;
    char deputy[HV_PERSON_SIZE];
    const bool covered = chain_end(turn->ledger, event->organisation, event->begeleider,
                                   event->deputy, at_ms, deputy);

    event->has_reached = event->has_deputy && !covered;
    event->has_count = true;
    event->count = ledger_held_by(turn->ledger, event->organisation, event->begeleider,
                                  covered ? -1 : at_ms, HV_LIST_MAX, held, &event->overdue.count);
    event->has_overdue = true;
    event->overdue.items = held;
}

/* The warnings are of before: an absence makes its own names known. */
static void record(struct request *request) {
    const struct hv_absent *command = &request->message.absent;
    struct turn *turn = request->turn;
    struct hv_overdue held[HV_LIST_MAX];
    struct ledger_absence absence = {
        .begins_ms = command->from,
        .until_ms = command->until,
        .said_on_ms = command->on,
    };
    struct hv_event event = {
        .event = HV_EVENT_ABSENT,
        .has_organisation = true,
        .has_role = true,
        .role = request->actor.role,
        .has_about = true,
        .has_begeleider = true,
        .has_begins = true,
        .begins = command->from,
        .has_until = true,
        .until = command->until,
        .has_deputy = command->has_deputy,
        .has_on = true,
        .on = command->on,
    };

    copy_text(event.organisation, request->actor.organisation);
    copy_text(event.about, request->actor.organisation);
    copy_text(event.begeleider, command->begeleider);
    copy_text(event.deputy, command->has_deputy ? command->deputy : "");
    copy_text(absence.deputy, event.deputy);
    look_at_deputies(turn, &event, held);
    measure(turn, &event);
    absence.seq = ledger_seq(turn->ledger) + 1;
    done(request, record_network_command(request, &event), false);
    ledger_absence_put(turn->ledger, event.organisation, event.begeleider, &absence);
}

static bool refuse_absent(struct request *request) {
    const struct hv_absent *command = &request->message.absent;

    if (request->turn->mode != TURN_NORMAL)
        answer_unavailable(request);
    else if (request->actor.role != HV_ROLE_ENDPOINT)
        answer_forbidden(request, "an endpoint");
    else if (command->on > request->turn->now_ms + DECISION_SKEW_MS)
        answer_refuse(request, HV_REFUSED_MALFORMED, "on",
                      "`on` lies in the future by this broker's clock; say when it was said");
    else
        return false;
    return true;
}

/* The event that had said so, or the newest, which has overtaken it; 0: neither. */
static int64_t said_before(const struct request *request) {
    const struct hv_absent *command = &request->message.absent;
    struct ledger *ledger = request->turn->ledger;
    struct ledger_absence absence;
    const int64_t seq = ledger_network_command_find(ledger, request->command);

    if (seq || request->actor.role != HV_ROLE_ENDPOINT ||
        !ledger_absence_get(ledger, request->actor.organisation, command->begeleider, &absence))
        return seq;
    return command->on < absence.said_on_ms ||
                   (command->on == absence.said_on_ms && is_same(&absence, command))
               ? absence.seq
               : 0;
}

static void command_absent(struct request *request) {
    const struct hv_absent *command = &request->message.absent;

    if (command->has_deputy && strcmp(command->deputy, command->begeleider) == 0) {
        answer_refuse(request, HV_REFUSED_MALFORMED, "deputy",
                      "`deputy` is the begeleider who is away: name another, or leave it out");
        return;
    }
    const int64_t before = said_before(request);
    if (before)
        done(request, before, true);
    else if (!refuse_absent(request))
        record(request);
}

bool absence_take(struct request *request) {
    if (request->message.type != HV_MESSAGE_absent)
        return false;
    command_absent(request);
    return true;
}
