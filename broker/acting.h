/* Acting for an organisation that cannot: a coordinator of the network offers, withdraws, declines,
 * closes or notes in its place, while it is quiet beyond the policy, has no key, or is leaving. The
 * hold still moves by the receiver's confirmation alone. */
#ifndef HOUVAST_ACTING_H
#define HOUVAST_ACTING_H

#include "broker/request.h"

/* Makes the actor of a command with `for` an endpoint of that organisation. True where it was
 * refused and answered. */
bool acting_begin(struct request *request);

/* Refuses where the organisation can act for itself; judged with the state, behind repeats. True
 * where it was refused. */
bool acting_refuse(struct request *request);

#endif
