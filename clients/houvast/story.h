/* The story of a journey: each event as a sentence that a tired coordinator reads at a glance. */
#ifndef HOUVAST_STORY_H
#define HOUVAST_STORY_H

#include <stdio.h>

#include "houvast/messages.h"

/* A step has no more targets. */
#define STORY_ADDRESSEES_MAX 4

/* What earlier sentences told, which later ones go back to: all zeroes at the beginning. */
struct story {
    bool alone; /* each sentence stands for itself: nothing is kept */
    struct story_step {
        int64_t seq;
        int64_t step;
        struct hv_addressee addressees[STORY_ADDRESSEES_MAX];
        size_t addressee_count; /* more than that many: not kept */
    } * steps; /* of ladders, so that `told` can say which, and who was meant; owned */
    size_t step_count, step_capacity;
    struct hv_uuid *handovers; /* in the order in which they were offered; owned */
    size_t handover_count;
};
void story_fini(struct story *story);

/* Writes the event's sentence, without its time, and takes note of it. Of the same event twice it
 * says the same. Out of memory, numbers are left out. */
void story_tell(struct story *story, FILE *out, const struct hv_event *event);

/* Whether the event is housekeeping: that a system acknowledged, that somebody read, that a step
 * was noted by one whom it was not for, because holder and receiver hear of it too. */
bool story_is_housekeeping(const struct story *story, const struct hv_event *event);

#endif
