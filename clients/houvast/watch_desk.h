/* The coordinator's desk behind `houvast watch`: what the broker shows and answers goes into the
 * roster, and what keys ask for goes to the clerk. Draws nothing.
 *
 *   UNWATCHED ──► ASKED ──► COMING (journeys, events) ──► LIVE
 *       ▲                        │ gap, session lost       │
 *       └────────────────────────┴─────────────────────────┘
 */
#ifndef HOUVAST_WATCH_DESK_H
#define HOUVAST_WATCH_DESK_H

#include "clients/houvast/clerk.h"
#include "clients/houvast/config.h"
#include "clients/houvast/extras.h"
#include "clients/houvast/session.h"
#include "clients/houvast/watch_view.h"

/* What a line that is typed is for. */
enum desk_prompt {
    DESK_NOTHING,
    DESK_PERSON, /* who claims; then until when */
    DESK_UNTIL,
    DESK_SEARCH,
};

struct watch_desk {
    struct hv_connection *connection; /* borrowed */
    struct clerk *clerk;
    struct roster roster;
    struct watch_scene scene;
    enum { DESK_UNWATCHED, DESK_ASKED, DESK_COMING, DESK_LIVE } stage;
    int64_t seq;           /* the last event that was seen; 0: none, so watch from the beginning */
    struct hv_uuid ledger; /* that `seq` counts in */
    int64_t again_ms;      /* not watched anew before (when_monotonic_ms) */
    int64_t ahead_ms;      /* the broker's clock before ours */
    char network[HV_CODE_SIZE];
    char person[HV_PERSON_SIZE]; /* "": not known yet */
    struct hv_uuid selected;     /* the journey that is; the list moves below it */
    bool has_selected;
    enum desk_prompt prompt;
    struct hv_uuid claiming;           /* what the prompt is about */
    char searched[ROSTER_SEARCH_SIZE]; /* what was, before the prompt */
    char *text;                        /* of the scene's history; owned */
    char why[256];                     /* the connection is lost */
    bool leaving;
    int status; /* the exit status, and why where it is not TOOL_DONE */
    char why_ended[TOOL_REFUSAL_SIZE];
};

/* 0, or -ENOMEM. Borrows the connection; the rest is copied. */
int watch_desk_init(struct watch_desk *desk, struct hv_connection *connection,
                    const struct client_config *config, const struct extras *extras);
void watch_desk_fini(struct watch_desk *desk);

/* A key was pressed (ncurses's number). */
void watch_desk_key(struct watch_desk *desk, int key);
/* The broker showed something, or, with the result of hv_see, shows nothing more. */
void watch_desk_sight(struct watch_desk *desk, const struct hv_message *sight);
void watch_desk_unseen(struct watch_desk *desk, int result);
/* The clerk was answered; the result stays the caller's, but for a text that is taken over. */
void watch_desk_result(struct watch_desk *desk, struct clerk_result *result);
/* Time goes on: looks at link and clock, asks what is to be asked, and sorts. */
void watch_desk_look(struct watch_desk *desk);

#endif
