/* What is not wrong in a network's files, but may surprise somebody later. */
#include "clients/houvast/network_review.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broker/network_hours.h"
#include "clients/houvast/when.h"

#define SOON_MS (INT64_C(30) * 86400000)

struct reviewing {
    const struct network *network;
    hv_time now_ms;
    network_review_take *take;
    void *context;
};

__attribute__((format(printf, 2, 3))) static void warn(const struct reviewing *reviewing,
                                                       const char *format, ...) {
    char sentence[FAILURE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    reviewing->take(reviewing->context, sentence);
}

/* ---- Sealing keys ---- */

static bool is_valid(const struct network_sealing_key *key, hv_time at_ms) {
    return key->valid_from_ms <= at_ms && at_ms < key->valid_until_ms;
}

static bool any_is_valid(const struct network_organisation *organisation, hv_time at_ms) {
    for (size_t i = 0; i < organisation->sealing_key_count; i++)
        if (is_valid(&organisation->sealing_keys[i], at_ms))
            return true;
    return false;
}

static void sealing_key_review(const struct reviewing *reviewing,
                               const struct network_organisation *organisation,
                               const struct network_sealing_key *key) {
    char until[WHEN_TEXT_SIZE];

    when_text(key->valid_until_ms, until);
    if (key->valid_until_ms <= reviewing->now_ms) {
        warn(reviewing, "the sealing key %s of %s expired on %s; take it out of its file",
             key->label, organisation->name, until);
    } else if (is_valid(key, reviewing->now_ms) &&
               key->valid_until_ms - reviewing->now_ms < SOON_MS &&
               !any_is_valid(organisation, key->valid_until_ms)) {
        warn(reviewing,
             "the sealing key %s of %s expires on %s and none follows it; add the next one now "
             "(houvast keygen --sealing)",
             key->label, organisation->name, until);
    }
}

static void sealing_review(const struct reviewing *reviewing,
                           const struct network_organisation *organisation) {
    if (organisation->sealing_key_count == 0) {
        warn(reviewing,
             "%s has no sealing key, so that no dossier can be sent to it; add one (houvast keygen "
             "--sealing)",
             organisation->name);
    } else if (!any_is_valid(organisation, reviewing->now_ms)) {
        warn(reviewing,
             "%s has no sealing key that is valid now, so that no dossier can be sent to it; add "
             "one (houvast keygen --sealing)",
             organisation->name);
    }
    for (size_t i = 0; i < organisation->sealing_key_count; i++)
        sealing_key_review(reviewing, organisation, &organisation->sealing_keys[i]);
}

/* ---- Receipt keys ---- */

static bool receipt_key_is_valid(const struct network *network, hv_time at_ms) {
    for (size_t i = 0; i < network->receipt_key_count; i++) {
        const struct network_receipt_key *key = &network->receipt_keys[i];
        if (key->valid_from_ms <= at_ms && at_ms < key->valid_until_ms)
            return true;
    }
    return false;
}

/* One whose time is over stays where it is: old receipts are checked with it. */
static void receipt_keys_review(const struct reviewing *reviewing) {
    const struct network *network = reviewing->network;
    hv_time last_ms = 0;
    char until[WHEN_TEXT_SIZE];

    for (size_t i = 0; i < network->receipt_key_count; i++) {
        const struct network_receipt_key *key = &network->receipt_keys[i];
        last_ms = key->valid_until_ms > last_ms ? key->valid_until_ms : last_ms;
    }
    when_text(last_ms, until);
    if (network->receipt_key_count == 0) {
        warn(reviewing,
             "network.conf lists no receipt key, so that receipts are signed with one that follows "
             "from broker.key and can never change; add one (houvast keygen --receipt)");
    } else if (!receipt_key_is_valid(network, reviewing->now_ms)) {
        warn(reviewing,
             "no receipt key is valid now, so that a reload is refused and receipts are signed "
             "with an expired key; add the next one (houvast keygen --receipt)");
    } else if (last_ms - reviewing->now_ms < SOON_MS) {
        warn(reviewing,
             "the last receipt key expires on %s and none follows it; add the next one now "
             "(houvast keygen --receipt)",
             until);
    }
}

/* ---- Calendars ---- */

static void closures_review(const struct reviewing *reviewing, const char *key,
                            const struct network_closures *closures) {
    const int64_t today = calendar_day_of(&reviewing->network->hours.calendar, reviewing->now_ms);
    char text[NETWORK_CLOSURE_TEXT_SIZE];

    for (size_t i = 0; i < closures->count; i++) {
        const struct network_closure *closure = &closures->list[i];
        network_closure_text(closure, text);
        if (closure->last_day < today)
            warn(reviewing, "%s:%u: %s = %s lies in the past; take it out", closure->path,
                 closure->line, key, text);
    }
}

/* Steps in office time would nearly all be due at their ceiling. */
static void opening_review(const struct reviewing *reviewing, const struct network_hours *hours,
                           const char *whom) {
    int days = 0;

    for (int i = 0; i < 7; i++)
        days += hours->week[i].count > 0;
    if (hours->has_opening && days == 1)
        warn(reviewing,
             "%s opens on one day a week, so that what is due in office time is mostly due before "
             "it opens; look whether its opening is whole",
             whom);
}

static void calendar_review(const struct reviewing *reviewing) {
    const struct network *network = reviewing->network;

    opening_review(reviewing, &network->hours, "the network");
    closures_review(reviewing, "decreed", &network->decreed);
    closures_review(reviewing, "closed", &network->hours.closed);
}

/* ---- Organisations ---- */

static unsigned roles_of(const struct network_organisation *organisation) {
    unsigned roles = 0;

    for (size_t i = 0; i < organisation->key_count; i++)
        roles |= organisation->keys[i].roles;
    return roles;
}

static void organisation_review(const struct reviewing *reviewing,
                                const struct network_organisation *organisation) {
    if (!(roles_of(organisation) & NETWORK_ENDPOINT)) {
        warn(reviewing,
             "%s has no key with the role endpoint, so that its system cannot connect; add one "
             "(houvast keygen)",
             organisation->name);
    }
    if (!(roles_of(organisation) & NETWORK_COORDINATOR)) {
        warn(reviewing,
             "%s has no key with the role coordinator, so that what its coordinators should hear "
             "goes to the network's at once; add one (houvast keygen)",
             organisation->name);
    }
    if (!*organisation->telephone) {
        warn(reviewing,
             "%s has no telephone, so that partners cannot ring it; add telephone to its "
             "file",
             organisation->name);
    }
    if (!*organisation->telephone_out_of_hours) {
        warn(reviewing,
             "%s has no telephone out of hours, so that nobody is reached in a crisis at night; "
             "add telephone_out_of_hours to its file",
             organisation->name);
    }
    opening_review(reviewing, &organisation->hours, organisation->name);
    closures_review(reviewing, "closed", &organisation->hours.closed);
    /* Who leaves gets no new offers, and so no new dossiers but supplements. */
    if (!organisation->leaving || organisation->sealing_key_count > 0)
        sealing_review(reviewing, organisation);
}

/* ---- Ladders ---- */

static bool is_network_coordinator(const struct network *network,
                                   const struct ladder_addressee *addressee) {
    return addressee->target == LADDER_NETWORK ||
           (addressee->target == LADDER_NAMED && addressee->role == HV_ROLE_COORDINATOR &&
            strcmp(addressee->organisation, network->coordinating) == 0);
}

static void ladder_review(const struct reviewing *reviewing, const struct ladder *ladder) {
    if (ladder->step_count == 0)
        return; /* an unanswered check-in climbs unrouted */
    const struct ladder_step *last = &ladder->steps[ladder->step_count - 1];
    for (size_t i = 0; i < last->addressee_count; i++) {
        if (is_network_coordinator(reviewing->network, &last->addressees[i]))
            return;
    }
    warn(reviewing,
         "%s:%u: the last step of this ladder, which repeats, does not tell the network's "
         "coordinators, so that nobody else hears where the others do not act; add network to it",
         ladder->path, ladder->line);
}

static void ladders_review(const struct reviewing *reviewing) {
    const struct ladders *ladders = &reviewing->network->ladders;

    for (size_t i = 0; i < ladders->count; i++) {
        if (ladders->items[i].path)
            ladder_review(reviewing, &ladders->items[i]);
    }
}

void network_review(const struct network *network, hv_time now_ms, network_review_take *take,
                    void *context) {
    const struct reviewing reviewing = {network, now_ms, take, context};
    unsigned roles = 0;

    if (network->listen_count == 0)
        warn(&reviewing, "network.conf names no endpoint; houvastd then needs --listen");
    receipt_keys_review(&reviewing);
    calendar_review(&reviewing);
    ladders_review(&reviewing);
    for (size_t i = 0; i < network->organisation_count; i++) {
        organisation_review(&reviewing, &network->organisations[i]);
        roles |= roles_of(&network->organisations[i]);
    }
    if (!(roles & NETWORK_OPERATOR)) {
        warn(&reviewing,
             "no key has the role operator, so that nobody can ask for a reload over the wire; add "
             "one to %s",
             network->coordinating);
    }
}
