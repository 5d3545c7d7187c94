/* Messages that make sense, and those beside them, from few bytes: what is not chosen is what a
 * peer would sensibly say now. */
#ifndef HOUVAST_TESTS_GRAMMAR_H
#define HOUVAST_TESTS_GRAMMAR_H

#include "feed.h"
#include "wire/wire.h"

struct grammar {
    struct feed *feed;
    msgpack_zone *zone; /* for lists and texts */
    hv_time now_ms;
    enum hv_role role;    /* in which the peer is */
    const char *instance; /* as which it says hello */
    const char *request;  /* of the next message */
    int64_t item;         /* that the peer may acknowledge; 0: none */
};

/* Makes a message of this type. A byte says which journey and handover of a few, the next how many
 * things are twisted, two more for each which field and how. False where the result breaks a rule
 * of the contract: then it cannot be encoded. */
bool grammar_message(struct grammar *grammar, enum hv_message_type type,
                     struct hv_message *ret_message);

#define GRAMMAR_ORGANISATIONS 4 /* the last is on no map */
extern const char *const grammar_organisations[GRAMMAR_ORGANISATIONS];

#endif
