/* Reloading: new network files are put in force whole or not at all.
 *
 * An organisation that holds a resident, is party to an open handover or has items owed cannot be
 * taken off the map: a reload that would is refused with the list and the mend. A start never stops
 * the city for it: such an organisation is taken from the network stored in the ledger and marked
 * leaving. */
#include "broker/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/heartbeat.h"
#include "broker/journal.h"
#include "broker/quiet.h"

/* ---- Who has ties and is not on the new map ---- */

struct missing {
    const struct network *network; /* the new one */
    char (*names)[HV_CODE_SIZE];
    size_t count;
    bool no_memory;
};

static void missing_add(void *context, const char *organisation) {
    struct missing *missing = context;

    if (network_organisation(missing->network, organisation))
        return;
    char(*names)[HV_CODE_SIZE] =
        reallocarray(missing->names, missing->count + 1, sizeof *missing->names);
    if (!names) {
        missing->no_memory = true;
        return;
    }
    missing->names = names;
    copy_text(missing->names[missing->count], organisation);
    missing->count++;
}

static int missing_find(struct turn *turn, const struct network *network,
                        struct missing *ret_missing) {
    *ret_missing = (struct missing){.network = network};
    ledger_tied(turn->ledger, missing_add, ret_missing);
    if (ret_missing->no_memory) {
        free(ret_missing->names);
        return -ENOMEM;
    }
    return ledger_error(turn->ledger);
}

/* "delft-support holds 2 residents, is offered 1 handover, has 3 items owed; …" */
static void missing_list(struct turn *turn, const struct missing *missing, char *ret_list,
                         size_t size) {
    size_t used = 0;

    ret_list[0] = '\0';
    for (size_t i = 0; i < missing->count && used < size; i++) {
        const struct ledger_ties ties = ledger_ties_of(turn->ledger, missing->names[i]);
        const int length = snprintf(ret_list + used, size - used,
                                    "%s%s still holds %lld residents, is offered %lld open "
                                    "handovers and has %lld items owed",
                                    i ? "; " : "", missing->names[i], (long long)ties.journeys_held,
                                    (long long)ties.handovers_open, (long long)ties.items_owed);
        used += length > 0 ? (size_t)length : 0;
    }
}

static int refuse_missing(struct turn *turn, const struct missing *missing,
                          struct failure *ret_failure) {
    char list[FAILURE_SIZE / 2];

    missing_list(turn, missing, list, sizeof list);
    return failure_set(
        ret_failure, -EBUSY,
        "organisations/%s.conf: missing, but %s; keep the file, with `leaving = yes` in "
        "[organisation]: its duties stay and it gets no new offers",
        missing->names[0], list);
}

/* ---- Putting in force ---- */

/* Stores the network and records the change; it takes effect when the turn has committed. */
static int network_adopt(struct turn *turn, struct network *network) {
    struct hv_event event = {.event = HV_EVENT_NETWORK, .has_network_hash = true};
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (network_pack(network, &bytes, &size) < 0)
        return -ENOMEM;
    memcpy(event.network_hash, network->hash, sizeof event.network_hash);
    turn->network_seq_next =
        ledger_event_append(turn->ledger, &event, turn->now_ms, 0, 0, (struct ledger_cause){0});
    ledger_network_put(turn->ledger, network->hash, bytes, size, turn->network_seq_next);
    free(bytes);
    return ledger_error(turn->ledger);
}

/* What cannot be read is a mistake in the files, whatever the reason: the turn itself has not
 * failed. */
static int signer_read(struct turn *turn, const struct network *network, bool at_any_time,
                       struct failure *ret_failure) {
    const int rc = receipt_signer_read(turn->broker->network_directory, network, turn->now_ms,
                                       at_any_time, &turn->signer_next, ret_failure);

    return rc == -EIO || rc == -ENOMEM || rc == -ENOSPC ? -EUCLEAN : rc;
}

static bool is_untimely(const struct receipt_signer *signer, hv_time now_ms) {
    return receipt_signer_is_early(signer, now_ms) || receipt_signer_is_expired(signer, now_ms);
}

static bool is_in_force(const struct network *one, const struct network *other) {
    return one && memcmp(one->hash, other->hash, sizeof one->hash) == 0;
}

/* What only a start can change: the address and the key by which every peer knows this broker. */
static int refuse_standing(const struct network *before, const struct network *network,
                           struct failure *ret_failure) {
    bool same_listen = before->listen_count == network->listen_count;

    if (memcmp(before->broker_public_key, network->broker_public_key,
               sizeof before->broker_public_key) != 0)
        return failure_set(
            ret_failure, -EBUSY,
            "network.conf: public_key in [broker] is another one than this broker runs "
            "with; put it back, or restart houvastd and give every organisation the new "
            "key");
    for (size_t i = 0; same_listen && i < network->listen_count; i++)
        same_listen = strcmp(before->listen[i], network->listen[i]) == 0;
    if (!same_listen)
        return failure_set(
            ret_failure, -EBUSY,
            "network.conf: listen in [broker] has changed, and a reload opens no other "
            "address; put it back, or restart houvastd");
    return 0;
}

int reload_network(struct turn *turn, struct failure *ret_failure) {
    struct network *network = NULL;
    struct missing missing;
    int rc = network_load(turn->broker->network_directory, &network, ret_failure);

    if (rc < 0)
        return rc == -EIO || rc == -ENOMEM || rc == -ENOSPC ? -EUCLEAN : rc;
    rc = missing_find(turn, network, &missing);
    if (rc == 0)
        rc = refuse_standing(turn->broker->network, network, ret_failure);
    if (rc == 0 && missing.count > 0)
        rc = refuse_missing(turn, &missing, ret_failure);
    if (rc == 0)
        rc = signer_read(turn, network, is_untimely(&turn->broker->signer, turn->now_ms),
                         ret_failure);
    if (rc == 0 && !is_in_force(turn->broker->network, network))
        rc = network_adopt(turn, network);
    free(missing.names);
    if (rc < 0) {
        network_free(network);
        return rc;
    }
    network_free(turn->network_next);
    turn->network_next = network;
    return 0;
}

/* ---- At a start ---- */

static int keep_leaving(struct network **network, const struct network *before,
                        const struct missing *missing, struct failure *ret_failure) {
    for (size_t i = 0; i < missing->count; i++) {
        const char *name = missing->names[i];
        const struct network_organisation *kept =
            before ? network_organisation(before, name) : NULL;
        const struct journal_field fields[] = {{"HOUVAST_ORGANISATION", name}, {NULL, NULL}};
        struct network *with = NULL;

        if (!kept)
            return failure_set(ret_failure, -EPROTO,
                               "organisations/%s.conf: missing, and the ledger does not know this "
                               "organisation's keys either; put the file back",
                               name);
        if (network_with_leaving(*network, kept, &with) < 0)
            return failure_set(ret_failure, -ENOMEM, "out of memory");
        network_free(*network);
        *network = with;
        journal_say(
            JOURNAL_ORGANISATION_LEAVING, fields,
            "organisations/%s.conf is missing, but %s still has duties: it is kept from the "
            "network that was in force before, as leaving; put the file back with "
            "`leaving = yes`",
            name, name);
    }
    return 0;
}

static int network_before(struct turn *turn, struct network **ret_network,
                          struct failure *ret_failure) {
    uint8_t hash[32];
    uint8_t *bytes = NULL;
    size_t size = 0;
    int rc = 0;

    *ret_network = NULL;
    if (ledger_network_get(turn->ledger, hash, &bytes, &size))
        rc = network_unpack(bytes, size, ret_network, ret_failure);
    free(bytes);
    if (ledger_error(turn->ledger))
        return failure_set(ret_failure, ledger_error(turn->ledger), "the ledger cannot be read: %s",
                           strerror(-ledger_error(turn->ledger)));
    return rc;
}

int reload_at_start(struct turn *turn, struct failure *ret_failure) {
    struct network *before = NULL;
    struct network *network = NULL;
    struct missing missing;
    int rc = network_load(turn->broker->network_directory, &network, ret_failure);

    if (rc < 0)
        return rc;
    /* What was stored by an older program and cannot be read any more is only wanted for the
     * missing. */
    if (network_before(turn, &before, ret_failure) < 0 && ledger_error(turn->ledger)) {
        network_free(network);
        return ledger_error(turn->ledger);
    }
    rc = missing_find(turn, network, &missing);
    if (rc < 0)
        failure_set(ret_failure, rc, "the ledger cannot be read: %s", strerror(-rc));
    else
        rc = keep_leaving(&network, before, &missing, ret_failure);
    if (rc == 0)
        rc = signer_read(turn, network, true, ret_failure);
    turn->network_seq_next = ledger_network_seq(turn->ledger);
    if (rc == 0 && !is_in_force(before, network)) {
        rc = network_adopt(turn, network);
        if (rc < 0)
            failure_set(ret_failure, rc, "the ledger cannot be written: %s", strerror(-rc));
    }
    free(missing.names);
    network_free(before);
    if (rc < 0) {
        network_free(network);
        return rc;
    }
    turn->network_next = network;
    return 0;
}

/* ---- Asked for ---- */

/* The operator who asked is told, and so are those who read the journal. */
static void reload_refuse(struct request *request, const struct failure *failure) {
    const struct journal_field fields[] = {
        {"HOUVAST_ORGANISATION", request->actor.organisation},
        {NULL, NULL},
    };

    journal_say(JOURNAL_NETWORK_REFUSED, fields,
                "the network files were not put in force, the old ones stay: %s", failure->text);
    answer_refuse(request, HV_REFUSED_CONFLICT, NULL, "%s", failure->text);
}

void reload_take(struct request *request) {
    struct turn *turn = request->turn;
    struct hv_message message;
    struct failure failure;

    if (turn->mode != TURN_NORMAL) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full: the network files are not read now");
        return;
    }
    if (request->actor.role != HV_ROLE_OPERATOR) {
        answer_forbidden(request, "an operator");
        return;
    }
    const int rc = reload_network(turn, &failure);
    if (rc == -EIO || rc == -ENOMEM || rc == -ENOSPC)
        return; /* the turn has failed, and says so */
    if (rc < 0) {
        reload_refuse(request, &failure);
        return;
    }
    (void)answer_begin(request, &message);
    answer_done(request, &message, ledger_seq(turn->ledger));
}

/* ---- After the commit ---- */

/* A session whose key or role is gone ends; its items go to others. */
static void end_revoked(struct turn *turn) {
    struct broker *broker = turn->broker;
    const struct network_organisation *organisation = NULL;
    struct session *session = NULL;
    struct session *next = NULL;

    HASH_ITER(hh, broker->sessions.by_route, session, next) {
        const struct network_key *key = network_key(broker->network, session->key, &organisation);
        if (!key || !network_key_has_role(key, session->name.role) ||
            strcmp(organisation->name, session->name.organisation) != 0)
            session_over(turn, session);
    }
}

/* A key that is another one is worth a line: who checks receipts wants to know since when. */
static void signer_adopt(struct broker *broker, const struct receipt_signer *signer) {
    const bool is_new =
        broker->network && memcmp(broker->signer.pair.public_key, signer->pair.public_key,
                                  sizeof signer->pair.public_key) != 0;

    broker->signer = *signer;
    broker->signer_expired = false;
    if (is_new)
        journal_say(JOURNAL_RECEIPT_KEY, NULL, "receipts are signed with the key %s from now on",
                    signer->label[0] ? signer->label : "that follows from broker.key");
}

/* An expired one is said when it signs. */
static void early_tell(const struct turn *turn) {
    const struct receipt_signer *signer = &turn->broker->signer;

    if (receipt_signer_is_early(signer, turn->now_ms))
        journal_say(JOURNAL_RECEIPT_KEY, NULL,
                    "receipts are signed with the key %s, whose valid_from has not come: see to "
                    "this machine's clock, or correct the date and reload",
                    signer->label);
}

void reload_commit(struct turn *turn) {
    struct broker *broker = turn->broker;

    if (!turn->network_next)
        return;
    const bool changed = !is_in_force(broker->network, turn->network_next);
    signer_adopt(broker, &turn->signer_next);
    receipt_pair_wipe(&turn->signer_next.pair);
    early_tell(turn);
    network_free(broker->network);
    broker->network = turn->network_next;
    turn->network_next = NULL;
    if (turn->network_seq_next)
        broker->network_seq = turn->network_seq_next;
    if (!changed)
        return;
    broker->beat_ms = 0; /* the heartbeat may be another */
    quiet_look_again(broker);
    end_revoked(turn);
    journal_say(JOURNAL_NETWORK_IN_FORCE, NULL, "the network %s is in force: %zu organisations",
                broker->network->name, broker->network->organisation_count);
}

void reload_forget(struct turn *turn) {
    if (turn->network_next)
        receipt_pair_wipe(&turn->signer_next.pair);
    network_free(turn->network_next);
    turn->network_next = NULL;
    turn->network_seq_next = 0;
}
