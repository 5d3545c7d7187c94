/* Quiet: who has not been there for too long. What is known of sessions is lost with the process:
 * after a start everybody has the whole of its time again. */
#include "broker/quiet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "broker/journal.h"
#include "broker/measure.h"
#include "broker/record.h"

struct quiet {
    char organisation[HV_CODE_SIZE]; /* key */
    hv_time since_ms;                /* without a session since then; 0: it has one */
    hv_time allowed_until_ms;
    hv_time counted_ms; /* what was measured of this silence ends there */
    bool told;
    /* In the open turn. */
    bool told_turn;
    bool back_turn;
    hv_time counted_turn_ms; /* 0: as before */
    UT_hash_handle hh;
};

static struct quiet *quiet_of(struct turn *turn, const char *organisation) {
    struct broker *broker = turn->broker;
    struct quiet *quiet = NULL;

    HASH_FIND_STR(broker->quiets, organisation, quiet);
    if (quiet)
        return quiet;
    quiet = calloc(1, sizeof *quiet);
    if (!quiet) {
        turn->error = -ENOMEM;
        return NULL;
    }
    copy_text(quiet->organisation, organisation);
    HASH_ADD_STR(broker->quiets, organisation, quiet);
    return quiet;
}

static bool has_session(const struct broker *broker, const char *organisation) {
    for (const struct session *session = broker->sessions.by_route; session;
         session = session->hh.next)
        if (session->name.role == HV_ROLE_ENDPOINT &&
            strcmp(session->name.organisation, organisation) == 0)
            return true;
    return false;
}

static hv_time allowed_until(const struct network *network,
                             const struct network_organisation *organisation, hv_time since_ms) {
    return calendar_add(network_calendar(network, organisation->name), since_ms,
                        organisation->crisis ? network->policies.quiet_after_crisis
                                             : network->policies.quiet_after,
                        CALENDAR_CEILING_OWN);
}

static void tell(struct turn *turn, struct quiet *quiet) {
    struct hv_event event = {
        .event = HV_EVENT_QUIET,
        .has_about = true,
        .has_since = true,
        .since = quiet->since_ms,
    };
    const struct journal_field fields[] = {{"HOUVAST_ORGANISATION", quiet->organisation},
                                           {NULL, NULL}};

    copy_text(event.about, quiet->organisation);
    if (!record_network_event(turn, &event))
        return;
    quiet->told_turn = true;
    journal_say(JOURNAL_ORGANISATION_QUIET, fields,
                "%s has had no session for longer than the policy quiet_after allows: ring them, "
                "their system may be down",
                quiet->organisation);
}

/* A silence that lasts is measured by the hour, in turns that are taken anyway, so that a crash
 * forgets no more of it. */
#define COUNTED_EVERY_MS CALENDAR_HOUR_MS

static void count(struct turn *turn, struct quiet *quiet) {
    if (turn->now_ms <= quiet->counted_ms)
        return; /* the clock was set back */
    measure_add_ms(turn, MEASURE_QUIET_MS, quiet->organisation, turn->now_ms - quiet->counted_ms);
    quiet->counted_turn_ms = turn->now_ms;
}

static void sooner(hv_time *at_ms, hv_time due_ms) {
    if (*at_ms < 0 || due_ms < *at_ms)
        *at_ms = due_ms;
}

/* A silence begins, or goes on from now: who is told of it stays so. */
static void begin(const struct turn *turn, const struct network_organisation *organisation,
                  struct quiet *quiet) {
    quiet->since_ms = turn->now_ms;
    quiet->allowed_until_ms =
        quiet->told ? turn->now_ms
                    : allowed_until(turn->broker->network, organisation, turn->now_ms);
    quiet->counted_ms = quiet->allowed_until_ms;
}

/* It has a session, or nothing to have one with. */
static void end(struct turn *turn, struct quiet *quiet) {
    if (quiet->told)
        count(turn, quiet);
    quiet->back_turn = true;
}

static void look_at(struct turn *turn, const struct network_organisation *organisation) {
    struct broker *broker = turn->broker;
    struct quiet *quiet = quiet_of(turn, organisation->name);

    if (!quiet)
        return;
    if (has_session(broker, organisation->name)) {
        end(turn, quiet);
        return;
    }
    if (quiet->since_ms == 0 || quiet->since_ms > turn->now_ms) /* the clock was put back */
        begin(turn, organisation, quiet);
    if (turn->now_ms < quiet->allowed_until_ms) {
        sooner(&broker->quiet_next_ms, quiet->allowed_until_ms);
        return;
    }
    if (!quiet->told)
        tell(turn, quiet);
    else if (turn->now_ms >= quiet->counted_ms + COUNTED_EVERY_MS)
        count(turn, quiet);
    sooner(&broker->quiet_count_ms,
           (quiet->counted_turn_ms ? quiet->counted_turn_ms : quiet->counted_ms) +
               COUNTED_EVERY_MS);
}

void quiet_look(struct turn *turn) {
    struct broker *broker = turn->broker;
    const struct network *network = broker->network;

    if (turn->mode != TURN_NORMAL ||
        (broker->quiet_seen == broker->sessions.changes &&
         turn->now_ms >= broker->quiet_seen_ms && /* else the clock was put back */
         (broker->quiet_next_ms < 0 || turn->now_ms < broker->quiet_next_ms) &&
         (broker->quiet_count_ms < 0 || turn->now_ms < broker->quiet_count_ms)))
        return;
    broker->quiet_seen = broker->sessions.changes;
    broker->quiet_seen_ms = turn->now_ms;
    broker->quiet_next_ms = -1;
    broker->quiet_count_ms = -1;
    for (size_t i = 0; i < network->organisation_count && !turn->error; i++)
        if (network_has_role(network, network->organisations[i].name, HV_ROLE_ENDPOINT))
            look_at(turn, &network->organisations[i]);
    for (struct quiet *quiet = broker->quiets; quiet && !turn->error; quiet = quiet->hh.next)
        if (!network_has_role(network, quiet->organisation, HV_ROLE_ENDPOINT))
            end(turn, quiet);
}

void quiet_look_again(struct broker *broker) {
    broker->quiet_seen = -1;
    broker->turn_wanted = true;
}

static void turn_over(struct quiet *quiet) {
    quiet->told_turn = false;
    quiet->back_turn = false;
    quiet->counted_turn_ms = 0;
}

void quiet_commit(struct turn *turn) {
    for (struct quiet *quiet = turn->broker->quiets; quiet; quiet = quiet->hh.next) {
        quiet->told = (quiet->told || quiet->told_turn) && !quiet->back_turn;
        if (quiet->counted_turn_ms)
            quiet->counted_ms = quiet->counted_turn_ms;
        if (quiet->back_turn)
            quiet->since_ms = 0;
        turn_over(quiet);
    }
}

void quiet_undo(struct turn *turn) {
    for (struct quiet *quiet = turn->broker->quiets; quiet; quiet = quiet->hh.next)
        turn_over(quiet);
    turn->broker->quiet_seen = -1; /* look again */
}

void quiet_forget(struct broker *broker) {
    struct quiet *quiet = NULL;
    struct quiet *next = NULL;

    HASH_ITER(hh, broker->quiets, quiet, next) {
        HASH_DEL(broker->quiets, quiet);
        free(quiet);
    }
}

bool quiet_is(const struct broker *broker, const char *organisation) {
    struct quiet *quiet = NULL;

    HASH_FIND_STR(broker->quiets, organisation, quiet);
    return quiet && quiet->since_ms && quiet->told;
}

int64_t quiet_uncounted_ms(const struct broker *broker, const char *organisation, hv_time now_ms) {
    struct quiet *quiet = NULL;

    HASH_FIND_STR(broker->quiets, organisation, quiet);
    return quiet && quiet->since_ms && quiet->told && now_ms > quiet->counted_ms
               ? now_ms - quiet->counted_ms
               : 0;
}

hv_time quiet_next_ms(const struct broker *broker) {
    return broker->quiet_next_ms;
}

int64_t quiet_count(const struct broker *broker) {
    int64_t count = 0;

    for (const struct quiet *quiet = broker->quiets; quiet; quiet = quiet->hh.next)
        count += quiet->since_ms && quiet->told;
    return count;
}
