/* The loop of `houvast watch` on a terminal: keys, what the broker shows, what the clerk was
 * answered, and the clock. */
#include "clients/houvast/watch_screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/houvast/session.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/watch_desk.h"
#include "clients/houvast/watch_paint.h"
#include "clients/houvast/watch_view.h"
#include "clients/houvast/when.h"

/* The clock and the link are looked at so often. */
#define LOOK_MS 1000
/* What the broker shows is taken so much at a time, between two looks at the keys. */
#define SIGHTS_AT_ONCE 512

static volatile sig_atomic_t told_to_end;

static void end_take(int number) {
    (void)number;
    told_to_end = 1;
}

/* The program ends in order, so that the terminal is left as it was. */
static void signals_begin(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = end_take};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

static void keys_take(struct watch_desk *desk) {
    int key;
    while (!desk->leaving && (key = watch_paint_key()) != ERR)
        watch_desk_key(desk, key);
}

static void sights_take(struct watch_desk *desk) {
    struct hv_sight sight;
    for (int i = 0; i < SIGHTS_AT_ONCE; i++) {
        int r = hv_see(desk->connection, 0, &sight);
        if (r == -EAGAIN || r == -EINTR)
            return;
        if (r < 0) {
            watch_desk_unseen(desk, r);
            return;
        }
        watch_desk_sight(desk, &sight.message);
        hv_sight_free(&sight);
    }
}

static void results_take(struct watch_desk *desk) {
    struct clerk_result result;
    while (clerk_take(desk->clerk, &result)) {
        watch_desk_result(desk, &result);
        clerk_result_free(&result);
    }
}

static void loop(struct watch_desk *desk) {
    while (!desk->leaving && !told_to_end) {
        struct pollfd polled[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            /* Until it is watched anew there is nothing more to be seen. */
            {.fd = desk->stage == DESK_UNWATCHED || desk->stage == DESK_ASKED
                       ? -1
                       : hv_watch_fd(desk->connection),
             .events = POLLIN},
            {.fd = clerk_fd(desk->clerk), .events = POLLIN},
        };
        watch_desk_look(desk);
        watch_view_draw(&desk->scene);
        (void)poll(polled, sizeof polled / sizeof *polled, LOOK_MS); /* a new size interrupts it */
        if (polled[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            desk->leaving = true; /* the terminal is gone */
        keys_take(desk);
        if (polled[1].revents)
            sights_take(desk);
        results_take(desk);
    }
}

int watch_screen(struct hv_connection *connection, const struct client_config *config,
                 const struct extras *extras) {
    struct watch_desk desk;
    int r = watch_desk_init(&desk, connection, config, extras);
    if (r < 0) {
        tool_say("%s", r == -ENOMEM ? "out of memory" : strerrordesc_np(-r));
        return TOOL_INTERNAL;
    }
    if (!watch_paint_begin()) {
        watch_desk_fini(&desk);
        return -ENOTTY;
    }
    signals_begin();
    loop(&desk);
    watch_paint_end();
    int status = desk.status;
    if (*desk.why_ended)
        tool_say("%s", desk.why_ended);
    if (desk.scene.lost_ms)
        _exit(
            status); /* the clerk may still wait for an answer, and there is nobody to say bye to */
    watch_desk_fini(&desk);
    return status;
}
