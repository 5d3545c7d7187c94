/* Random commands: of several organisations, about few journeys, more often than not such as the
 * state allows. What comes of them is for a test to judge. */
#ifndef HOUVAST_TESTS_BROKER_RANDOM_H
#define HOUVAST_TESTS_BROKER_RANDOM_H

#include "broker_say.h"

#define RANDOM_JOURNEYS  10 /* with the numbers 1 to 10 */
#define RANDOM_HANDOVERS 120
#define RANDOM_PEERS     10
#define RANDOM_SAID_MAX  4096

/* A command that took effect. */
struct said {
    struct peer *peer;
    struct hv_message message; /* lists are static */
    bool sealed;               /* with a dossier for `to` */
    char to[HV_CODE_SIZE];
    int64_t seq;
};

struct life {
    struct broker_world *world;
    struct chance chance;
    struct peer *peers[RANDOM_PEERS]; /* two endpoints and a coordinator of each, an operator */
    struct said said[RANDOM_SAID_MAX];
    size_t said_count;
    uint8_t handovers_used;
};

/* True for so many of a hundred. */
bool chance_of(struct life *life, unsigned percent);
/* Any peer of that organisation (NULL: of any) and role. */
struct peer *random_peer(struct life *life, const char *organisation, enum hv_role role);

void life_begin(struct life *life, struct broker_world *world, uint64_t seed);
/* What the ledger holds of a journey now; false where there is none. Between turns. */
bool life_journey(struct life *life, uint8_t number, struct journey *ret_journey,
                  struct handover *ret_open, bool *ret_has_open);

/* A command for the next turn: whose, what, and whether with a dossier. */
void random_command(struct life *life, struct said *ret_said);
/* Queues it for the next turn. */
void said_say(struct life *life, const struct said *said);

/* Whether it is a command about a handover: its id, or NULL. */
const struct hv_uuid *said_handover(const struct said *said);

#endif
