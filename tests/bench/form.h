/* Commands as forms: encoded once by the codec, then filled in with ids, so that a load generator
 * costs little beside what it measures. */
#ifndef HOUVAST_BENCH_FORM_H
#define HOUVAST_BENCH_FORM_H

#include "tests/bench/city.h"

enum form_kind {
    FORM_OPEN,
    FORM_OFFER,
    FORM_RECEIVE,
    FORM_PICKUP,
    FORM_INTRODUCE,
    FORM_CONFIRM,
    FORM_KINDS,
    FORM_ACK = FORM_KINDS,
};

struct forms;

struct forms *forms_new(const struct city *city);
void forms_free(struct forms *forms);

/* The command's bytes, in the forms until it is filled in again. Sender and receiver count from
 * 0. */
const char *form_fill(struct forms *forms, enum form_kind kind, size_t sender, size_t receiver,
                      size_t number, const struct hv_uuid *journey, const struct hv_uuid *handover,
                      size_t *ret_size);

#define FORM_ACK_SIZE 64
/* An acknowledgement that asks for an answer; gives its size. */
size_t form_ack(char ret_envelope[FORM_ACK_SIZE], size_t number, int64_t item);

/* What a request was made from. */
enum form_kind form_of_request(const char *request, size_t *ret_number);
/* The request in the bytes of an offer. */
const char *form_request(const struct forms *forms, const char *bytes, size_t size);

#endif
