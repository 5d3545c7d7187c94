/* Access: who may know and do what. */
#include "broker/access.h"

#include <string.h>

/* An operator is a party to nothing: it runs the broker and is told of nobody. */
static bool actor_works_for(const struct actor *actor, const char *organisation) {
    return actor->role != HV_ROLE_OPERATOR && strcmp(actor->organisation, organisation) == 0;
}

/* A coordinator of the network, who may act for an organisation. */
static bool actor_sees_all(const struct actor *actor) {
    return actor->of_network || actor->acting[0] != '\0';
}

bool access_knows_handover(const struct actor *actor, const struct handover *handover) {
    return actor_sees_all(actor) || actor_works_for(actor, handover->from) ||
           actor_works_for(actor, handover->to);
}

bool access_knows_journey(const struct actor *actor, const struct journey *journey,
                          const struct handover *open_handover) {
    return access_reads_all(actor, journey) ||
           (open_handover && actor_works_for(actor, open_handover->to));
}

bool access_is_side(const struct actor *actor, const struct handover *handover,
                    enum access_side side) {
    if (actor->role != HV_ROLE_ENDPOINT)
        return false;
    return ((side & ACCESS_HOLDER) && strcmp(actor->organisation, handover->from) == 0) ||
           ((side & ACCESS_RECEIVER) && strcmp(actor->organisation, handover->to) == 0);
}

bool access_holds(const struct actor *actor, const struct journey *journey) {
    return actor->role == HV_ROLE_ENDPOINT &&
           strcmp(actor->organisation, journey->holder.organisation) == 0;
}

bool access_reads_all(const struct actor *actor, const struct journey *journey) {
    return actor_sees_all(actor) || actor_works_for(actor, journey->holder.organisation);
}
