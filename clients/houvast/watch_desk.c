/* The coordinator's desk: what comes in and what is asked. */
#include "clients/houvast/watch_desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/session.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

/* Questions that are with the clerk at a time. */
#define STATUSES_OUT_MAX 16
#define AGAIN_MS         2000

static void memory_check(struct watch_desk *desk, int result) {
    if (result == -ENOMEM) {
        desk->leaving = true;
        desk->status = TOOL_INTERNAL;
        snprintf(desk->why_ended, sizeof desk->why_ended, "out of memory");
    }
}

static void give(struct watch_desk *desk, const struct clerk_job *job) {
    memory_check(desk, clerk_give(desk->clerk, job));
}

int watch_desk_init(struct watch_desk *desk, struct hv_connection *connection,
                    const struct client_config *config, const struct extras *extras) {
    const char *person = extras->person ? extras->person : config->settings[CLIENT_PERSON].value;
    struct hv_welcome welcome;
    *desk = (struct watch_desk){.connection = connection, .clerk = clerk_new(connection)};
    if (!desk->clerk)
        return -ENOMEM;
    hv_welcome_get(connection, &welcome);
    desk->ledger = welcome.ledger;
    desk->ahead_ms = welcome.at - when_now();
    memcpy(desk->network, welcome.network, sizeof desk->network);
    snprintf(desk->person, sizeof desk->person, "%s", person ? person : "");
    memcpy(desk->scene.filter.organisation, extras->organisation,
           sizeof desk->scene.filter.organisation);
    desk->scene.filter.phase = extras->phase;
    desk->scene.network = desk->network;
    desk->scene.lost_why = desk->why;
    desk->scene.roster = &desk->roster;
    return 0;
}

void watch_desk_fini(struct watch_desk *desk) {
    clerk_free(desk->clerk);
    roster_fini(&desk->roster);
    free(desk->text);
    *desk = (struct watch_desk){0};
}

/* ---- The connection ---- */

static void lose(struct watch_desk *desk, const char *why) {
    if (desk->stage != DESK_UNWATCHED || !desk->scene.lost_ms)
        snprintf(desk->why, sizeof desk->why, "%s", why);
    if (!desk->scene.lost_ms)
        desk->scene.lost_ms = desk->scene.now_ms;
    desk->stage = DESK_UNWATCHED;
    desk->scene.live = false;
}

static void end(struct watch_desk *desk, int status, const char *why) {
    desk->leaving = true;
    desk->status = status;
    snprintf(desk->why_ended, sizeof desk->why_ended, "%s", why);
}

/* From the beginning: a ledger of another name, or one that does not know our last event. */
static void begin_anew(struct watch_desk *desk) {
    desk->seq = 0;
    desk->again_ms = 0;
}

static void watch_ask(struct watch_desk *desk) {
    struct hv_welcome welcome;
    hv_welcome_get(desk->connection, &welcome);
    if (memcmp(&welcome.ledger, &desk->ledger, sizeof welcome.ledger) != 0) {
        desk->ledger = welcome.ledger;
        begin_anew(desk);
    }
    desk->stage = DESK_ASKED;
    give(desk, &(struct clerk_job){.task = CLERK_WATCH, .from = desk->seq});
}

static void link_look(struct watch_desk *desk) {
    char why[256] = "";
    enum hv_link link = hv_link_get(desk->connection, why);
    if (link == HV_LINK_REFUSED)
        end(desk, TOOL_NO_SESSION, why);
    else if (link == HV_LINK_DOWN)
        lose(desk, why);
    else if (desk->stage == DESK_UNWATCHED && when_monotonic_ms() >= desk->again_ms)
        watch_ask(desk);
}

/* ---- What the broker shows ---- */

static void event_take(struct watch_desk *desk, const struct hv_event *event) {
    if (event->has_seq)
        desk->seq = event->seq;
    if (event->has_journey && event->event != HV_EVENT_READ)
        memory_check(desk, roster_want(&desk->roster, &event->journey));
}

static void live_take(struct watch_desk *desk, int64_t seq) {
    if (desk->seq == 0)
        roster_complete(&desk->roster);
    desk->seq = seq;
    desk->stage = DESK_LIVE;
    desk->scene.live = true;
    desk->scene.lost_ms = 0;
}

void watch_desk_sight(struct watch_desk *desk, const struct hv_message *sight) {
    if (sight->type == HV_MESSAGE_watched_journey) {
        memory_check(desk, roster_set(&desk->roster, &sight->watched_journey.standing));
    } else if (sight->type == HV_MESSAGE_live) {
        live_take(desk, sight->live.seq);
    } else if (sight->type == HV_MESSAGE_watched_event) {
        event_take(desk, &sight->watched_event.event);
    } else if (sight->type == HV_MESSAGE_gap) {
        desk->seq = sight->gap.from - 1;
        desk->stage = DESK_UNWATCHED; /* not lost: only behind */
    }
}

void watch_desk_unseen(struct watch_desk *desk, int result) {
    if (result == -ENOTCONN)
        end(desk, TOOL_NO_SESSION,
            "the broker takes no more from this key; ask the network's operators");
    else if (result == -ECONNRESET)
        lose(desk, "the session was lost");
    else
        desk->stage = DESK_UNWATCHED; /* we were behind */
}

/* ---- What the clerk was answered ---- */

static void say(struct watch_desk *desk, bool badly, const char *text) {
    snprintf(desk->scene.said, sizeof desk->scene.said, "%s", text);
    desk->scene.said_badly = badly;
}

static bool is_refused(const struct clerk_result *result, enum hv_refusal code) {
    return result->result == HV_REFUSED && result->answer.message.refused.code == code;
}

static void say_failure(struct watch_desk *desk, const struct clerk_result *result) {
    say(desk, true,
        result->result == HV_REFUSED || result->result == HV_BAD_MESSAGE
            ? result->answer.message.refused.reason
            : hv_result_text(result->result));
}

static void watch_answered(struct watch_desk *desk, const struct clerk_result *result) {
    if (desk->stage != DESK_ASKED)
        return; /* lost meanwhile */
    if (result->result == 0) {
        desk->stage = DESK_COMING;
        if (desk->seq == 0)
            roster_begin(&desk->roster);
        return;
    }
    desk->again_ms = when_monotonic_ms() + AGAIN_MS;
    if (is_refused(result, HV_REFUSED_CONFLICT)) {
        desk->stage = DESK_UNWATCHED;
        begin_anew(desk);
    } else if (result->result == HV_REFUSED && !is_refused(result, HV_REFUSED_BUSY) &&
               !is_refused(result, HV_REFUSED_UNAVAILABLE) &&
               !is_refused(result, HV_REFUSED_NO_SESSION)) {
        end(desk, TOOL_REFUSED, "");
        tool_refusal_text(&result->answer.message.refused, desk->why_ended, sizeof desk->why_ended);
    } else {
        say_failure(desk, result);
        lose(desk, hv_result_text(result->result));
    }
}

static void status_answered(struct watch_desk *desk, const struct clerk_result *result) {
    struct hv_standing standing;
    if (result->result == 0) {
        roster_standing(&result->answer.message.done, &standing);
        memory_check(desk, roster_set(&desk->roster, &standing));
        desk->ahead_ms = result->answer.message.done.at - when_now();
    } else if (is_refused(result, HV_REFUSED_UNKNOWN)) {
        roster_remove(&desk->roster, &result->job.journey); /* not ours to see any more */
    } else {
        memory_check(desk, roster_want(&desk->roster, &result->job.journey));
        if (result->result == -ETIMEDOUT)
            lose(desk, hv_result_text(result->result));
    }
}

static void history_answered(struct watch_desk *desk, struct clerk_result *result) {
    bool is_shown =
        desk->scene.page == SCENE_HISTORY &&
        memcmp(&desk->scene.text_about, &result->job.journey, sizeof desk->scene.text_about) == 0;
    if (result->result < 0) {
        say_failure(desk, result);
        if (is_shown)
            desk->scene.page = SCENE_LIST;
    } else if (is_shown) {
        free(desk->text);
        desk->text = result->text;
        result->text = NULL;
        desk->scene.text = desk->text;
        desk->scene.scroll = SCENE_END;
    }
}

static void claim_answered(struct watch_desk *desk, const struct clerk_result *result) {
    const struct hv_claim *claim = &result->job.claim;
    char until[TERMS_SIZE], text[SCENE_SAID_SIZE];
    if (result->result == -ETIMEDOUT) {
        say(desk, true,
            "No answer came, so that nobody knows whether it was done. Look at it again once the "
            "connection is back.");
        memory_check(desk, roster_want(&desk->roster, &claim->journey));
        return;
    }
    if (result->result < 0) {
        say_failure(desk, result);
        return;
    }
    memory_check(desk, roster_want(&desk->roster, &claim->journey));
    if (result->answer.message.done.has_repeated && result->answer.message.done.repeated) {
        say(desk, true, "Somebody of your organisation has said otherwise since; nothing changed.");
    } else if (claim->until <= claim->on) {
        say(desk, false, "Given back.");
    } else {
        terms_moment(claim->until, until);
        snprintf(text, sizeof text, "Claimed by %s until %s.", claim->person, until);
        say(desk, false, text);
    }
}

void watch_desk_result(struct watch_desk *desk, struct clerk_result *result) {
    switch (result->job.task) {
    case CLERK_WATCH:
        watch_answered(desk, result);
        return;
    case CLERK_STATUS:
        status_answered(desk, result);
        return;
    case CLERK_HISTORY:
        history_answered(desk, result);
        return;
    case CLERK_CLAIM:
        claim_answered(desk, result);
        return;
    }
}

/* ---- Time goes on ---- */

static void statuses_ask(struct watch_desk *desk) {
    struct clerk_job job = {.task = CLERK_STATUS};
    if (desk->stage != DESK_LIVE && desk->stage != DESK_COMING)
        return;
    while (clerk_pending(desk->clerk) < STATUSES_OUT_MAX &&
           roster_wanted(&desk->roster, &job.journey))
        give(desk, &job);
}

/* The list moves, and what was selected stays selected; where it is gone, what took its place. */
static void selection_keep(struct watch_desk *desk) {
    struct watch_scene *scene = &desk->scene;
    size_t count = desk->roster.view_count;
    for (size_t i = 0; desk->has_selected && i < count; i++) {
        if (memcmp(&desk->roster.view[i]->journey, &desk->selected, sizeof desk->selected) == 0) {
            scene->selected = i;
            return;
        }
    }
    if (scene->selected >= count)
        scene->selected = count ? count - 1 : 0;
    if (desk->has_selected && count)
        desk->selected = desk->roster.view[scene->selected]->journey;
}

void watch_desk_look(struct watch_desk *desk) {
    desk->scene.now_ms = when_now() + desk->ahead_ms;
    link_look(desk);
    memory_check(desk, roster_want_unclaimed(&desk->roster, desk->scene.now_ms));
    statuses_ask(desk);
    memory_check(desk, roster_look(&desk->roster, &desk->scene.filter, desk->scene.now_ms));
    selection_keep(desk);
}
