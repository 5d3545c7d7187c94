/* Which key receipts are signed with now: receipt.key, or one that follows from the broker's own.
 */
#include "broker/receipt_key.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "broker/keyfile.h"

#define PATH_SIZE 4096

static int signer_derive(const char *directory, const struct network *network,
                         struct receipt_signer *signer, struct failure *failure) {
    struct keyfile key;
    const int rc = keyfile_read_broker(directory, network->broker_public_key, &key, failure);

    if (rc < 0)
        return rc;
    receipt_pair_derive(key.secret_key, &signer->pair);
    keyfile_wipe(&key);
    signer->valid_until_ms = INT64_MAX;
    return 0;
}

static int refuse_moment(const char *directory, const struct network_receipt_key *listed,
                         const char *what, hv_time at_ms, struct failure *failure) {
    const time_t seconds = (time_t)(at_ms / 1000);
    char path[PATH_SIZE];
    struct tm parts;
    char text[32];

    keyfile_broker_path(directory, "receipt.key", path, sizeof path);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    return failure_set(failure, -EINVAL,
                       "%s/%s:%u: the receipt key %s, which %s holds, %s %s; put a key in its "
                       "place that is valid now, or correct the date",
                       directory, listed->path, listed->line, listed->label, path, what, text);
}

static int refuse_unlisted(const char *directory, const struct network *network,
                           struct failure *failure) {
    const struct network_receipt_key *newest = network->receipt_keys;
    char path[PATH_SIZE];

    keyfile_broker_path(directory, "receipt.key", path, sizeof path);
    return failure_set(failure, -EINVAL,
                       "%s/%s:%u: none of the [receipt …] sections has the public half of %s; add "
                       "a section for it, or put the right key in its place",
                       directory, newest->path, newest->line, path);
}

static int signer_take(const char *directory, const struct network *network, hv_time now_ms,
                       bool at_any_time, struct receipt_signer *signer, struct failure *failure) {
    struct keyfile key;
    const int rc = keyfile_read_receipt(directory, &key, failure);

    if (rc < 0)
        return rc;
    receipt_pair_of_seed(key.secret_key, &signer->pair);
    keyfile_wipe(&key);
    const struct network_receipt_key *listed =
        network_receipt_key(network, signer->pair.public_key);
    if (!listed)
        return refuse_unlisted(directory, network, failure);
    if (now_ms < listed->valid_from_ms && !at_any_time)
        return refuse_moment(directory, listed, "is valid only from", listed->valid_from_ms,
                             failure);
    if (now_ms >= listed->valid_until_ms && !at_any_time)
        return refuse_moment(directory, listed, "expired on", listed->valid_until_ms, failure);
    (void)snprintf(signer->label, sizeof signer->label, "%s", listed->label);
    signer->valid_from_ms = listed->valid_from_ms;
    signer->valid_until_ms = listed->valid_until_ms;
    return 0;
}

int receipt_signer_read(const char *directory, const struct network *network, hv_time now_ms,
                        bool at_any_time, struct receipt_signer *ret_signer,
                        struct failure *ret_failure) {
    struct receipt_signer signer = {0};
    const int rc = network->receipt_key_count > 0
                       ? signer_take(directory, network, now_ms, at_any_time, &signer, ret_failure)
                       : signer_derive(directory, network, &signer, ret_failure);

    if (rc == 0)
        *ret_signer = signer;
    receipt_pair_wipe(&signer.pair);
    return rc;
}

bool receipt_signer_is_early(const struct receipt_signer *signer, hv_time now_ms) {
    return now_ms < signer->valid_from_ms;
}

bool receipt_signer_is_expired(const struct receipt_signer *signer, hv_time now_ms) {
    return now_ms >= signer->valid_until_ms;
}
