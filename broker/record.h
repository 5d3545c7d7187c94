/* Recording: what was decided becomes events, rows, items and dossiers. */
#ifndef HOUVAST_RECORD_H
#define HOUVAST_RECORD_H

#include "broker/request.h"

/* What deadlines of this turn are computed from. */
struct run_rules record_rules(const struct turn *turn);

/* Appends the decision's events and stores what they fold to. `handover` may be NULL where no event
 * has one. Gives the first event's seq; 0 after an error. */
int64_t record_decision(struct request *request, const struct decision *decision,
                        struct journey *journey, struct handover *handover);
/* The same for one event that the broker itself or an acknowledgement causes. */
int64_t record_event(struct turn *turn, const struct hv_event *event, struct journey *journey,
                     struct handover *handover);
/* Appends an event that belongs to no journey and folds to nothing, and owes its items. 0 after an
 * error. */
int64_t record_network_event(struct turn *turn, const struct hv_event *event);
/* The same for a command: it is known again (ledger_network_command_find). */
int64_t record_network_command(struct request *request, const struct hv_event *event);

#endif
