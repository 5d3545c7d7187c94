/* Messages to test the wire with: made from the field lists, or written as JSON. */
#ifndef HOUVAST_TESTS_WIRE_SAMPLES_H
#define HOUVAST_TESTS_WIRE_SAMPLES_H

#include "wire/wire.h"

/* Chance that can be had again: the same seed gives the same numbers. */
struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
/* From 0 to most - 1. */
uint64_t chance_below(struct chance *chance, uint64_t most);

enum sample_fields { SAMPLE_REQUIRED, SAMPLE_ALL, SAMPLE_SOME };

/* A valid message of this type: with all fields that may be absent, with none, or with some, as far
 * as the rules between fields allow. Lists and texts live in `zone`. */
void sample_message(struct chance *chance, enum hv_message_type type, enum sample_fields fields,
                    msgpack_zone *zone, struct hv_message *ret_message);

/* A valid struct of a part. */
void sample_struct(struct chance *chance, const struct wire_struct *type, enum sample_fields fields,
                   msgpack_zone *zone, void *ret_struct);

/* Appends JSON as MessagePack, keys in the order in which they stand; ' stands for ". A text may
 * hold \u0000. Fails the test where it is not JSON. */
void sample_json(const char *json, msgpack_sbuffer *buffer);

#endif
