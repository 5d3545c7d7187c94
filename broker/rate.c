/* Rates: one bucket an organisation, a second deep. */
#include "broker/rate.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/answer.h"

struct rate {
    char organisation[HV_CODE_SIZE]; /* key */
    int64_t tokens;                  /* thousandths of a command */
    int64_t at_ms;                   /* since boot */
    UT_hash_handle hh;
};

bool rate_refuse(struct request *request) {
    struct broker *broker = request->turn->broker;
    const int64_t rate = broker->network->limits.commands_per_second;
    const char *organisation = request->actor.organisation;
    const int64_t now_ms = request->turn->boot_ms;
    struct rate *bucket = NULL;

    if (rate == 0)
        return false;
    HASH_FIND_STR(broker->rates, organisation, bucket);
    if (!bucket) {
        bucket = calloc(1, sizeof *bucket);
        if (!bucket) {
            request->turn->error = -ENOMEM;
            return true;
        }
        copy_text(bucket->organisation, organisation);
        bucket->tokens = rate * 1000;
        bucket->at_ms = now_ms;
        HASH_ADD_STR(broker->rates, organisation, bucket);
    }
    const int64_t elapsed_ms = now_ms - bucket->at_ms < 1000 ? now_ms - bucket->at_ms : 1000;
    bucket->at_ms = now_ms;
    bucket->tokens += elapsed_ms * rate;
    if (bucket->tokens > rate * 1000)
        bucket->tokens = rate * 1000;
    if (bucket->tokens < 1000) {
        answer_busy(request, (1000 - bucket->tokens + rate - 1) / rate);
        return true;
    }
    bucket->tokens -= 1000;
    return false;
}

void rates_free(struct broker *broker) {
    struct rate *rate = NULL;
    struct rate *next = NULL;

    HASH_ITER(hh, broker->rates, rate, next) {
        HASH_DEL(broker->rates, rate);
        free(rate);
    }
}
