/* Audience: whose inbox owes an item for an event. Pure. */
#ifndef HOUVAST_AUDIENCE_H
#define HOUVAST_AUDIENCE_H

#include "broker/handover.h"
#include "broker/journey.h"

struct addressee {
    char organisation[HV_CODE_SIZE];
    enum hv_role role;
};

/* Nobody's event goes to more inboxes than this, earlier holders apart. */
#define AUDIENCE_MAX 8

struct audience {
    size_t count;
    struct addressee members[AUDIENCE_MAX]; /* each once */
    /* And the endpoints of every organisation that held this journey before. */
    bool earlier_holders;
};

/* Who hears of this event, after it was folded into journey and handover (NULL for an event of the
 * journey alone). `coordinating` is the network's. */
void audience_of(const struct hv_event *event, const struct journey *journey,
                 const struct handover *handover, const char *coordinating,
                 struct audience *ret_audience);

/* The same for an event that belongs to no journey. `about_has_coordinators`: the organisation that
 * it is about has keys of that role; an inbox that nobody can open is owed nothing. */
void audience_of_network_event(const struct hv_event *event, const char *coordinating,
                               bool about_has_coordinators, struct audience *ret_audience);

#endif
