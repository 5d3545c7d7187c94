/* Watching what is open and what happens, line by line. */
#include "clients/houvast/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/houvast/roster.h"
#include "clients/houvast/session.h"
#include "clients/houvast/show.h"
#include "clients/houvast/story.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/watch_screen.h"
#include "clients/houvast/when.h"

struct watcher {
    struct hv_connection *connection;
    int64_t from; /* what to say when it is said again */
    bool again;
    bool whole;           /* with housekeeping */
    int64_t ahead_ms;     /* the broker's clock before ours */
    struct roster coming; /* what is open, until all of it is there */
};

/* ---- Lines ---- */

static void journey_print(const struct hv_standing *standing, hv_time now_ms) {
    const struct hv_standing_claim *claim = roster_claim(standing, now_ms);
    char journey[HV_UUID_TEXT_SIZE], late[ROSTER_LATE_SIZE];
    hv_uuid_text(&standing->journey, journey);
    roster_late_text(standing, now_ms, late);
    printf("journey %s: %s %s; waits for %s, step %d, %s; held by %s of %s", journey,
           roster_sign_text(roster_sign(standing, now_ms)), late,
           standing->has_phase ? terms_waits(standing->phase) : "nothing",
           (int)(standing->has_step ? standing->step : 0), hv_urgency_text(standing->urgency),
           standing->holder.begeleider, standing->holder.organisation);
    if (standing->has_receiver)
        printf("; goes to %s", standing->receiver.organisation);
    if (claim)
        printf("; claimed by %s of %s", claim->person, claim->organisation);
    putchar('\n');
}

/* Each stands for itself: what came before may be long ago. */
static void event_print(const struct hv_event *event, bool whole) {
    struct story story = {.alone = true};
    if (!whole && story_is_housekeeping(&story, event))
        return;
    char at[WHEN_TEXT_SIZE] = "", journey[HV_UUID_TEXT_SIZE] = "";
    if (event->has_at)
        when_text(event->at, at);
    if (event->has_journey)
        hv_uuid_text(&event->journey, journey);
    printf("%s%s%s: ", at, *journey ? " journey " : "", journey);
    story_tell(&story, stdout, event);
    putchar('\n');
    story_fini(&story);
}

/* All that is open has come: most overdue first. */
static int coming_print(struct watcher *watcher) {
    static const struct roster_filter everything = {0};
    struct roster *roster = &watcher->coming;
    hv_time now_ms = when_now() + watcher->ahead_ms;
    int r = roster_look(roster, &everything, now_ms);
    for (size_t i = 0; i < roster->view_count; i++)
        journey_print(&roster->view[i]->standing, now_ms);
    roster_fini(roster);
    return r;
}

static int live_print(struct watcher *watcher, int64_t seq) {
    int r = coming_print(watcher);
    printf("That is all up to event %" PRId64 "; from here on as it happens.\n", seq);
    return r;
}

/* 0, or -ENOMEM. */
static int sight_print(struct watcher *watcher, const struct hv_message *message) {
    if (tool_options.json)
        show_message_json(message);
    else if (message->type == HV_MESSAGE_watched_journey)
        return roster_set(&watcher->coming, &message->watched_journey.standing);
    else if (message->type == HV_MESSAGE_live)
        return live_print(watcher, message->live.seq);
    else if (message->type == HV_MESSAGE_gap)
        printf("Events %" PRId64 " to %" PRId64 " were left out; asking for them.\n",
               message->gap.from, message->gap.to);
    else
        event_print(&message->watched_event.event, watcher->whole);
    return 0;
}

/* ---- Watching ---- */

/* Where to go on. */
static void sight_note(struct watcher *watcher, const struct hv_message *message) {
    if (message->type == HV_MESSAGE_live)
        watcher->from = message->live.seq;
    else if (message->type == HV_MESSAGE_watched_event && message->watched_event.event.has_seq)
        watcher->from = message->watched_event.event.seq;
    else if (message->type == HV_MESSAGE_gap) {
        watcher->from = message->gap.from - 1;
        watcher->again = true;
    }
}

/* An exit status, once nothing more can be seen by this watch. TOOL_DONE: watch again. */
static int see(struct watcher *watcher) {
    struct hv_sight sight;
    while (!watcher->again) {
        int r = hv_see(watcher->connection, -1, &sight);
        if (r == -EINTR)
            continue;
        if (r == -ECONNRESET || r == -ENOBUFS)
            return TOOL_DONE;
        if (r < 0)
            return tool_result(r, NULL);
        sight_note(watcher, &sight.message);
        r = sight_print(watcher, &sight.message);
        hv_sight_free(&sight);
        if (r < 0)
            return tool_result(r, NULL);
        if (fflush(stdout) != 0) {
            tool_say("standard output: %s", strerrordesc_np(errno));
            return TOOL_INTERNAL;
        }
    }
    return TOOL_DONE;
}

/* Where it watched before, the broker may be away for as long as it likes. */
static int begin(struct watcher *watcher, const struct hv_watch *first, bool watched) {
    struct hv_watch watch = *first;
    struct hv_answer answer = {0};
    watch.from = watcher->from;
    int r = hv_watch(watcher->connection, &watch, &answer);
    while (r == -ETIMEDOUT && watched) {
        hv_answer_free(&answer);
        r = hv_watch(watcher->connection, &watch, &answer);
    }
    int status = tool_result(r, &answer);
    if (status == TOOL_DONE)
        watcher->ahead_ms = answer.message.done.at - when_now();
    hv_answer_free(&answer);
    return status;
}

static int lines_show(struct hv_connection *connection, const struct hv_watch *first, bool whole) {
    struct watcher watcher = {.connection = connection, .from = first->from, .whole = whole};
    int status = begin(&watcher, first, false);
    while (status == TOOL_DONE) {
        watcher.again = false;
        status = see(&watcher);
        if (status == TOOL_DONE)
            status = begin(&watcher, first, true);
    }
    roster_fini(&watcher.coming);
    return status;
}

int watch_show(struct hv_connection *connection, const struct client_config *config,
               const struct hv_watch *first, const struct extras *extras) {
    bool on_screen = !tool_options.json && !extras->lines && !first->from && isatty(STDIN_FILENO) &&
                     isatty(STDOUT_FILENO);
    int status = TOOL_DONE;
    if (*extras->organisation)
        status = tool_organisation_check(connection, extras->organisation);
    if (status != TOOL_DONE)
        return status;
    status = on_screen ? watch_screen(connection, config, extras) : -ENOTTY;
    if (status != -ENOTTY)
        return status;
    if (*extras->organisation || extras->phase) {
        tool_say("--organisation and --phase are for the screen, and lines are of all that is "
                 "open; leave them out, or ask `houvast list` with them");
        return TOOL_USAGE;
    }
    return lines_show(connection, first, extras->all);
}
