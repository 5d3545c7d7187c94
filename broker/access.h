/* Access: what an actor may know and do about a journey or handover.
 *
 * A key's organisation and role decide; names in a message never do. Pure. */
#ifndef HOUVAST_ACCESS_H
#define HOUVAST_ACCESS_H

#include "broker/handover.h"
#include "broker/journey.h"

/* Which sides of a handover a command is for. */
enum access_side {
    ACCESS_HOLDER = 1,
    ACCESS_RECEIVER = 2,
    ACCESS_EITHER = 3,
};

/* Whether the actor may ask `status` of it: a party's endpoint or coordinator, or a coordinator of
 * the network. Who may not is answered as if the thing did not exist. */
bool access_knows_handover(const struct actor *actor, const struct handover *handover);
bool access_knows_journey(const struct actor *actor, const struct journey *journey,
                          const struct handover *open_handover);

/* Whether the actor is an endpoint of (one of) these sides. */
bool access_is_side(const struct actor *actor, const struct handover *handover,
                    enum access_side side);

/* Whether the actor is an endpoint of the organisation that holds, or that held a closed one last.
 */
bool access_holds(const struct actor *actor, const struct journey *journey);

/* Whether the whole of a journey's history is open to the actor: its holder, coordinators in scope.
 */
bool access_reads_all(const struct actor *actor, const struct journey *journey);

#endif
