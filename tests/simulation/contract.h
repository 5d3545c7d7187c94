/* The contract's tables: who may say what, and in which states it can be right. */
#ifndef HOUVAST_TESTS_SIMULATION_CONTRACT_H
#define HOUVAST_TESTS_SIMULATION_CONTRACT_H

#include "marks.h"

#define AS(role) (1U << (role))

/* The roles to a journey or handover that may give the command, a bit each; ~0 where that is not
 * about parties. */
unsigned contract_may(enum hv_message_type type);

/* Whether it can be right on a handover, or journey (0: there is none), in that state. */
bool contract_handover_takes(enum hv_handover_state state, enum hv_message_type type);
bool contract_journey_takes(enum hv_journey_state state, enum hv_message_type type);

#endif
