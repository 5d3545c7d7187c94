/* A claim as people say it: `houvast claim 9f7a --until 2h`, from now on, by who the configuration
 * says. */
#ifndef HOUVAST_CLAIM_H
#define HOUVAST_CLAIM_H

#include "clients/houvast/config.h"
#include "clients/houvast/fields.h"
#include "houvast/houvast.h"

/* What counts from now on, and so by the broker's clock: claims of two machines are told apart by
 * when they were said. */
struct claim_words {
    bool on_is_now, until_is_span;
};

/* Reads what --until takes beside what any TIME is: `now`, a span or a time of day
 * (until.h). 0, or
 * -EINVAL for any other form. */
int claim_until_take(struct claim_words *words, const char *text, hv_time now_ms,
                     hv_time *ret_until_ms);

/* Fills in what was not given: the configuration's person, now, and an hour. */
void claim_complete(struct claim_words *words, struct field_options *options,
                    const struct client_config *config, hv_time now_ms, struct hv_claim *claim);

/* Moves what counts from now on to the broker's clock. */
void claim_by_broker(const struct claim_words *words, struct hv_connection *connection,
                     struct hv_claim *claim);

/* Says what came of it, on standard output. */
void claim_show(const struct hv_claim *claim, const struct hv_done *done);

#endif
