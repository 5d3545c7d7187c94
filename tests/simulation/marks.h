/* Marks: what the runs have come by. They lie in memory that processes share. */
#ifndef HOUVAST_TESTS_SIMULATION_MARKS_H
#define HOUVAST_TESTS_SIMULATION_MARKS_H

#include <stdbool.h>
#include <stdio.h>

#include "houvast/messages.h"

/* Who a peer is to a journey or handover. */
enum mark_role {
    ROLE_HOLDER,
    ROLE_RECEIVER,
    ROLE_BOTH, /* within one organisation; to a journey that is its holder */
    ROLE_HOLDERS_COORDINATOR,
    ROLE_RECEIVERS_COORDINATOR,
    ROLE_NETWORKS_COORDINATOR,
    ROLE_OPERATOR,
    ROLE_STRANGER,
    MARK_ROLES,
};

#define MARK_HANDOVER_COMMANDS(C) \
    C(receive)                    \
    C(pickup)                     \
    C(wait)                       \
    C(introduce)                  \
    C(confirm) C(decline) C(withdraw) C(supplement) C(fetch) C(contest) C(note) C(claim) C(status)
#define MARK_JOURNEY_COMMANDS(C) \
    C(open)                      \
    C(reassign) C(close) C(settle) C(offer) C(note) C(set_urgency) C(claim) C(status) C(history)

#define MARK_ACTED_COMMANDS(C) C(offer) C(withdraw) C(decline) C(close) C(note)

#define MARK_FAULTS(F)                                                    \
    F(LOST, "an answer or item lost")                                     \
    F(DOUBLED, "a message doubled")                                       \
    F(LATE, "a message late, behind others")                              \
    F(WRONG, "a message that makes no sense now, refused")                \
    F(BROKEN, "a message that cannot be read, refused")                   \
    F(REPEATED, "a command repeated")                                     \
    F(FULL, "something for a connection that takes nothing")              \
    F(GONE, "something for a system that is down")                        \
    F(KILLED, "killed between turns")                                     \
    F(CRASH_KEEPS, "a crash in mid-turn, nothing lost")                   \
    F(CRASH_DROPS, "power lost in mid-turn, what was not synced dropped") \
    F(CRASH_TEARS, "the same, torn")                                      \
    F(CRASH_REORDERS, "the same, sectors in any order")                   \
    F(WRITE_ERROR, "a write or sync failed")                              \
    F(READ_ERROR, "a read failed")                                        \
    F(DISK_FULL, "a full disk: taken from the reserve alone")             \
    F(DISK_READ_ONLY, "a disk full to the last byte")                     \
    F(WALL_FORWARD, "the wall clock stepped forward")                     \
    F(WALL_BACK, "the wall clock stepped back")                           \
    F(DOUBTED, "the clock doubted")                                       \
    F(ACCEPTED, "the clock trusted again")                                \
    F(BOOT, "the machine started anew")                                   \
    F(ASLEEP, "a day or more without a turn")                             \
    F(RESTART, "stopped and started in order")                            \
    F(RELOAD, "other network files in force")                             \
    F(RELOAD_REFUSED, "network files refused")                            \
    F(RELOAD_LADDERS, "other ladders in force")                           \
    F(REVOKED, "a key revoked that is still used")                        \
    F(ABSENT, "a begeleider away without a deputy")                       \
    F(DEPUTY, "an item for a deputy")                                     \
    F(QUIET, "an organisation quiet")                                     \
    F(NOBODY, "a last step that reached nobody")                          \
    F(RESTED, "a step that rested for a claim")                           \
    F(DIGEST, "steps told in one digest")                                 \
    F(ASIDE, "an item set aside")                                         \
    F(CONTESTED, "a confirmation contested")                              \
    F(WATCHED, "an event shown to a watcher as it happened")              \
    F(CAUGHT_UP, "an event shown to a watcher afterwards")                \
    F(GAP, "a watcher that fell behind")                                  \
    F(SETTLED, "a closing settled by the holder's own coordinators")      \
    F(STUBBORN, "a receiver that never ends anything")

#define MARK_FAULT(name, text) FAULT_##name,
enum mark_fault { MARK_FAULTS(MARK_FAULT) MARK_FAULT_COUNT };
#undef MARK_FAULT

/* Once in a process, before any fork. */
void marks_init(void);

/* A command on a handover in that state, or on a journey (0: there is none), was done, for the
 * first time, or refused for what it is. */
void mark_handover(enum hv_handover_state state, enum hv_message_type type, enum mark_role role,
                   bool done);
void mark_journey(enum hv_journey_state state, enum hv_message_type type, enum mark_role role,
                  bool done);
/* One of the network's coordinators did so for an organisation. */
void mark_acted(enum hv_message_type type);
/* An offer was acknowledged while the handover was in that state. */
void mark_delivered(enum hv_handover_state state);
void mark_refused(enum hv_refusal code);
void mark_fault(enum mark_fault fault);
/* Step `number` of a ladder fired (0: the check-in), or its last one repeats. */
void mark_step(enum hv_phase phase, enum hv_urgency urgency, int64_t number, bool repeats);

/* The table; gives how many marks were made less often than `least`. */
unsigned marks_print(FILE *file, unsigned long least);

#endif
