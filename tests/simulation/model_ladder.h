/* T1 in the model: runs, steps, and how long nobody has been told. Private to model*.c. */
#ifndef HOUVAST_TESTS_SIMULATION_MODEL_LADDER_H
#define HOUVAST_TESTS_SIMULATION_MODEL_LADDER_H

#include "model.h"

/* An event has changed the journey and its handover (NULL: none); now its ladders. */
void model_ladder_take(const struct model *model, struct model_journey *journey,
                       const struct model_handover *handover, const struct hv_event *event,
                       int64_t seq, hv_time at_ms);

/* Its coordinators have heard of it within the ceilings. */
void model_ladder_expect(const struct model *model, unsigned number, hv_time now_ms);

#endif
