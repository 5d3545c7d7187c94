/* Quiet: organisations whose system has had no session for longer than allowed. */
#ifndef HOUVAST_QUIET_H
#define HOUVAST_QUIET_H

#include "broker/request.h"

/* Looks who is there, when sessions have begun or ended or somebody's time is over; tells the
 * coordinators once for each silence. Before the commit. */
void quiet_look(struct turn *turn);
/* Another network is in force: who is on it is looked at in the next turn, at once. */
void quiet_look_again(struct broker *broker);
/* After the commit they have been told. */
void quiet_commit(struct turn *turn);
/* After a turn that failed nobody has been told. */
void quiet_undo(struct turn *turn);
/* Frees what is known of everybody: after this it is as at a start. */
void quiet_forget(struct broker *broker);

/* Whether the organisation is quiet beyond the policy now. */
bool quiet_is(const struct broker *broker, const char *organisation);
/* How long it has been so, as far as that is not measured yet; 0 where it is not. */
int64_t quiet_uncounted_ms(const struct broker *broker, const char *organisation, hv_time now_ms);
/* When the next one may become so; -1: none. */
hv_time quiet_next_ms(const struct broker *broker);
/* How many are. */
int64_t quiet_count(const struct broker *broker);

#endif
