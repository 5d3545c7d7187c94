/* The table of handover states. Private to handover*.c. */
#ifndef HOUVAST_HANDOVER_TABLE_H
#define HOUVAST_HANDOVER_TABLE_H

#include "broker/handover.h"

enum handover_move {
    MOVE_DELIVER,
    MOVE_RECEIVE,
    MOVE_PICKUP,
    MOVE_WAIT,
    MOVE_INTRODUCE,
    MOVE_SUPPLEMENT,
    MOVE_CONFIRM,
    MOVE_DECLINE,
    MOVE_WITHDRAW,
    MOVE_COUNT,
};

/* The state that follows; HANDOVER_CONFLICT where the command is refused. */
#define HANDOVER_CONFLICT 0
extern const uint8_t handover_table[HANDOVER_STATE_COUNT][MOVE_COUNT];

/* A state as a sentence says it. */
extern const char *const handover_state_phrases[HANDOVER_STATE_COUNT];

#endif
