/* Digests: a coordinator whom many ladders reach at once gets one item that tells of them all.
 *
 * A step that would be the next of too many items in an inbox goes into a digest instead. The item
 * counts what waits, by phase and by who must act, and names the most overdue, each once however
 * many of its steps are in it; its acknowledgement tells all of them. Nothing
 * is dropped (D3): a step in a digest ends by that acknowledgement alone. */
#ifndef HOUVAST_DIGEST_H
#define HOUVAST_DIGEST_H

#include "broker/request.h"

/* Puts the step recorded as event `seq` into a digest of that coordinators' inbox, where it has
 * `digest_from` items or more. False: it is an item of its own. */
bool digest_take(struct turn *turn, const char *organisation, int64_t inbox, int64_t seq);

/* What the item says when it goes out; lists live in the turn's zone. False when the turn has
 * failed. */
bool digest_fill(struct turn *turn, const struct ledger_item *item, struct hv_event *event);

/* Its acknowledgement tells every step in it. `told` is what is said of each: who acknowledged. */
void digest_told(struct turn *turn, const struct ledger_item *item, const struct hv_event *told);

#endif
