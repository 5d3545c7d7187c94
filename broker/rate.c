/* Rates: one bucket an organisation, a second deep; and the alarms that a stolen key would set off.
 *
 * An alarm is recorded in the turn that gives rise to it, as `suspected`, and said once, when it
 * begins, and again only after it has passed. It refuses nothing: an organisation that closes a
 * year's journeys at once may have its reason. What was said is not remembered over a restart. */
#include "broker/rate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/answer.h"
#include "broker/journal.h"
#include "broker/record.h"

/* How long an organisation is refused `busy` before that is worth an alarm: longer than the
 * mornings on which a system brings in what it had kept. */
#define BUSY_LONG_MS INT64_C(30000)
/* A silence after which being busy begins anew. */
#define BUSY_OVER_MS INT64_C(5000)

/* Times are ms since boot. */
struct endings {
    int64_t count; /* in the minute that began then */
    int64_t minute_ms;
    bool told;
};

struct rate {
    char organisation[HV_CODE_SIZE]; /* key */
    int64_t tokens;                  /* thousandths of a command */
    int64_t at_ms;
    bool was_busy;
    bool busy_told;
    int64_t busy_since_ms;
    int64_t busy_ms; /* the last time */
    struct endings endings;
    /* Of the turn that runs, until it commits: */
    int64_t endings_turn;
    struct endings endings_then; /* with those */
    bool busy_suspected;         /* recorded so */
    bool endings_suspected;
    UT_hash_handle hh;
};

/* The actor's; NULL when memory is short, and then the turn has failed. */
static struct rate *rate_of(struct request *request) {
    struct broker *broker = request->turn->broker;
    const char *organisation = request->actor.organisation;
    struct rate *rate = NULL;

    HASH_FIND_STR(broker->rates, organisation, rate);
    if (rate)
        return rate;
    rate = calloc(1, sizeof *rate);
    if (!rate) {
        request->turn->error = -ENOMEM;
        return NULL;
    }
    copy_text(rate->organisation, organisation);
    rate->at_ms = request->turn->boot_ms - 1000; /* a full bucket */
    HASH_ADD_STR(broker->rates, organisation, rate);
    return rate;
}

static void note_busy(struct rate *rate, struct turn *turn) {
    if (!rate->was_busy || turn->boot_ms - rate->busy_ms > BUSY_OVER_MS) {
        rate->busy_since_ms = turn->boot_ms;
        rate->busy_told = false;
    }
    rate->was_busy = true;
    rate->busy_ms = turn->boot_ms;
    turn->rates_changed = true;
    turn->counters.busy++;
}

bool rate_refuse(struct request *request) {
    const int64_t per_second = request->turn->broker->network->limits.commands_per_second;
    const int64_t now_ms = request->turn->boot_ms;

    if (per_second == 0)
        return false;
    struct rate *rate = rate_of(request);
    if (!rate)
        return true;
    const int64_t elapsed_ms = now_ms - rate->at_ms < 1000 ? now_ms - rate->at_ms : 1000;
    rate->at_ms = now_ms;
    rate->tokens += elapsed_ms * per_second;
    if (rate->tokens > per_second * 1000)
        rate->tokens = per_second * 1000;
    if (rate->tokens < 1000) {
        note_busy(rate, request->turn);
        answer_busy(request, (1000 - rate->tokens + per_second - 1) / per_second);
        return true;
    }
    rate->tokens -= 1000;
    return false;
}

/* ---- Alarms ---- */

void rate_note_ending(struct request *request) {
    struct rate *rate = rate_of(request);

    if (!rate)
        return;
    rate->endings_turn++;
    request->turn->rates_changed = true;
}

static bool is_busy_for_long(const struct rate *rate) {
    return !rate->busy_told && rate->busy_ms - rate->busy_since_ms >= BUSY_LONG_MS;
}

/* A minute begins with the first ending after the one before is over. */
static struct endings endings_after(const struct rate *rate, int64_t most, int64_t boot_ms) {
    struct endings endings = rate->endings;

    if (rate->endings_turn == 0)
        return endings;
    if (endings.count == 0 || boot_ms - endings.minute_ms >= CALENDAR_MINUTE_MS) {
        endings.told = endings.told && endings.count > most &&
                       boot_ms - endings.minute_ms < 2 * CALENDAR_MINUTE_MS;
        endings.minute_ms = boot_ms;
        endings.count = 0;
    }
    endings.count += rate->endings_turn;
    return endings;
}

static void suspect(struct turn *turn, const struct rate *rate, const char *reason, int64_t count) {
    struct hv_event event = {
        .event = HV_EVENT_SUSPECTED,
        .has_about = true,
        .has_reason = true,
        .has_count = true,
        .count = count,
    };

    copy_text(event.about, rate->organisation);
    copy_text(event.reason, reason);
    (void)record_network_event(turn, &event);
    turn->counters.alarms++;
}

/* A disk that is full to the last byte takes no event: who is busy is looked at again, and nothing
 * ends meanwhile. */
static bool are_judged(const struct turn *turn) {
    return turn->rates_changed && turn->mode != TURN_READ_ONLY;
}

void rates_record(struct turn *turn) {
    const struct network *network = turn->broker->network;
    const int64_t most = network->policies.alarm_endings_per_minute;

    if (!are_judged(turn))
        return;
    for (struct rate *rate = turn->broker->rates; rate; rate = rate->hh.next) {
        struct endings *endings = &rate->endings_then;
        *endings = endings_after(rate, most, turn->boot_ms);
        rate->busy_suspected = is_busy_for_long(rate);
        rate->endings_suspected =
            rate->endings_turn > 0 && most > 0 && endings->count > most && !endings->told;
        if (rate->busy_suspected)
            suspect(turn, rate, "over-rate", network->limits.commands_per_second);
        if (rate->endings_suspected)
            suspect(turn, rate, "many-endings", endings->count);
    }
}

static void say_busy(const struct rate *rate, const struct turn *turn) {
    const struct journal_field fields[] = {{"HOUVAST_ORGANISATION", rate->organisation},
                                           {NULL, NULL}};

    journal_say(
        JOURNAL_OVER_RATE, fields,
        "%s asks more than %lld commands per second, for %lld s now, and is refused `busy`; "
        "find out whether that is its own system, and if not take its key off the map",
        rate->organisation, (long long)turn->broker->network->limits.commands_per_second,
        (long long)((rate->busy_ms - rate->busy_since_ms) / 1000));
}

static void say_endings(const struct rate *rate, const struct turn *turn) {
    char count[24];
    const struct journal_field fields[] = {
        {"HOUVAST_ORGANISATION", rate->organisation}, {"HOUVAST_ENDINGS", count}, {NULL, NULL}};

    (void)snprintf(count, sizeof count, "%lld", (long long)rate->endings.count);
    journal_say(
        JOURNAL_MANY_ENDINGS, fields,
        "%s has confirmed or closed %s journeys within a minute, more than the %lld of the "
        "policy; ask its coordinator whether that is so, and if not take its key off the map",
        rate->organisation, count,
        (long long)turn->broker->network->policies.alarm_endings_per_minute);
}

void rates_commit(struct turn *turn) {
    if (!are_judged(turn))
        return;
    for (struct rate *rate = turn->broker->rates; rate; rate = rate->hh.next) {
        rate->endings = rate->endings_then;
        rate->endings_turn = 0;
        if (rate->busy_suspected) {
            rate->busy_told = true;
            say_busy(rate, turn);
        }
        if (rate->endings_suspected) {
            rate->endings.told = true;
            say_endings(rate, turn);
        }
    }
}

void rates_undo(struct turn *turn) {
    if (!turn->rates_changed)
        return;
    for (struct rate *rate = turn->broker->rates; rate; rate = rate->hh.next)
        rate->endings_turn = 0;
}

void rates_free(struct broker *broker) {
    struct rate *rate = NULL;
    struct rate *next = NULL;

    HASH_ITER(hh, broker->rates, rate, next) {
        HASH_DEL(broker->rates, rate);
        free(rate);
    }
}
