/* The loop: waits for peers, timers and signals, and takes one turn after another. */
#include "broker/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "broker/descriptors.h"
#include "broker/journal.h"
#include "broker/systemd.h"

#define STATUS_SIZE        256
#define STATUS_INTERVAL_US UINT64_C(1000000)
#define DRAIN_US           UINT64_C(1000000) /* how long a stop goes on taking what arrives */
#define DRAIN_QUIET_US     UINT64_C(100000)  /* after how long a silence there is no more */
#define NEVER_US           UINT64_MAX

struct loop {
    struct broker *broker;
    struct door *door;
    struct outbox outbox;
    sd_event *event;
    sd_event_source *timer;
    bool stop_wanted, reload_wanted; /* by a signal, seen between turns */
    uint64_t watchdog_us;            /* 0: nobody waits for a sign of life */
    uint64_t alive_us;               /* when we last gave one */
    bool ready_owed, alive_owed;     /* the manager had no room for it: again in a second */
    bool status_stale;               /* a turn has run since the line was looked at */
    uint64_t status_us;
    char status[STATUS_SIZE];
    bool crowded; /* the descriptors were scarce when we looked last */
};

static const int loop_signals[] = {SIGTERM, SIGINT, SIGHUP};
#define LOOP_SIGNALS (sizeof loop_signals / sizeof loop_signals[0])

void loop_block_signals(void) {
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < LOOP_SIGNALS; i++)
        sigaddset(&set, loop_signals[i]);
    int r = sigprocmask(SIG_BLOCK, &set, NULL);
    assert(r == 0);
    (void)r;
    /* Whoever reads our stderr may go away; that must not be the end of us. */
    (void)signal(SIGPIPE, SIG_IGN);
}

static uint64_t now_us(void) {
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- One turn ---- */

static void message_unsent(void *context, const struct outbound *message, int reason) {
    struct loop *loop = context;

    broker_unsent(loop->broker, message, reason);
}

static enum loop_end broker_failed(int error) {
    if (error == -EIO) /* the ledger has said where and why */
        return LOOP_LEDGER_FAILED;
    journal_say(JOURNAL_DEFECT, NULL, "a turn failed: %s; stopping here", strerror(-error));
    return LOOP_DEFECT;
}

static enum loop_end door_failed(int error) {
    journal_say(JOURNAL_DOOR_FAILED, NULL, "the door failed: %s; stopping here", strerror(-error));
    return LOOP_DEFECT;
}

/* Takes what is waiting, runs a turn over it if there is one to run, and sends what may leave. */
static enum loop_end turn_run(struct loop *loop) {
    const struct inbound *batch;
    size_t count;

    int r = door_take(loop->door, &batch, &count);
    if (r < 0)
        return door_failed(r);
    if (count == 0 && broker_wait_ms(loop->broker) != 0)
        return LOOP_GOES_ON;

    r = broker_turn(loop->broker, batch, count, &loop->outbox);
    door_release(loop->door);
    if (r < 0)
        return broker_failed(r);

    r = door_send(loop->door, &loop->outbox, message_unsent, loop);
    outbox_clear(&loop->outbox);
    loop->status_stale = true;
    return r < 0 ? door_failed(r) : LOOP_GOES_ON;
}

/* ---- What operators and the service manager hear ---- */

/* Says once that the door is crowded, and once that it no longer is. */
static void crowd_tell(struct loop *loop) {
    bool crowded = descriptors_scarce();

    if (crowded && !loop->crowded)
        journal_say(JOURNAL_DOOR_CROWDED, NULL,
                    "nearly all of %lu descriptors are taken by connections: new ones wait outside "
                    "and the network's files cannot be read; see who connects, or raise "
                    "LimitNOFILE=",
                    descriptors_max());
    if (!crowded && loop->crowded)
        journal_say(JOURNAL_DOOR_HAS_ROOM, NULL, "there are descriptors for new connections again");
    loop->crowded = crowded;
}

/* At most once a second, and not at all while nothing happens. */
static void status_tell(struct loop *loop) {
    char status[STATUS_SIZE] = "";

    if (!loop->status_stale || now_us() - loop->status_us < STATUS_INTERVAL_US)
        return;
    broker_status_line(loop->broker, status, sizeof status);
    const bool told = loop->ready_owed
                          ? systemd_ready(status)
                          : strcmp(status, loop->status) == 0 || systemd_status(status);
    if (told) {
        memcpy(loop->status, status, sizeof status);
        loop->ready_owed = false;
    }
    crowd_tell(loop);
    loop->status_us = now_us();
    loop->status_stale = !told;
}

static void ready_tell(struct loop *loop) {
    broker_status_line(loop->broker, loop->status, sizeof loop->status);
    loop->ready_owed = !systemd_ready(loop->status);
    loop->status_us = loop->alive_us = now_us();
    loop->status_stale = loop->ready_owed;
}

/* Called where a turn has ended or nothing was to be done: that is the progress which the watchdog
 * asks for. A turn that hangs in the disk never comes here. */
static void alive_tell(struct loop *loop) {
    if (loop->watchdog_us == 0 || now_us() - loop->alive_us < loop->watchdog_us / 2)
        return;
    loop->alive_owed = !systemd_alive();
    if (!loop->alive_owed)
        loop->alive_us = now_us();
}

/* ---- Signals ---- */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context) {
    struct loop *loop = context;

    (void)source;
    if (info->ssi_signo == SIGHUP)
        loop->reload_wanted = true;
    else
        loop->stop_wanted = true;
    return 0;
}

static enum loop_end reload_run(struct loop *loop) {
    struct failure failure;

    loop->reload_wanted = false;
    systemd_reloading();
    int r = broker_reload(loop->broker, &failure);
    if (r == -EIO || r == -ENOMEM)
        return broker_failed(r);
    if (r < 0)
        journal_say(JOURNAL_NETWORK_REFUSED, NULL,
                    "the network files were not put in force, the old ones stay: %s", failure.text);
    ready_tell(loop);
    return LOOP_GOES_ON;
}

/* Whether something more has come, for which this waits a little: what a peer had sent when we were
 * asked to stop can still be on its way through libzmq. */
static bool drain_goes_on(struct loop *loop, uint64_t deadline_us) {
    if (now_us() >= deadline_us)
        return false;
    return door_waiting(loop->door) || sd_event_run(loop->event, DRAIN_QUIET_US) > 0;
}

/* Answers what has arrived. Who never stops sending meets the deadline, and asks again later. */
static enum loop_end drain_run(struct loop *loop) {
    uint64_t deadline_us = now_us() + DRAIN_US;
    enum loop_end end;

    systemd_stopping();
    journal_say(JOURNAL_STOPPING, NULL, "stopping: answering what has arrived");
    (void)sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF);
    do
        end = turn_run(loop);
    while (end == LOOP_GOES_ON && drain_goes_on(loop, deadline_us));
    return end == LOOP_GOES_ON ? LOOP_STOPPED : end;
}

/* ---- Waiting ---- */

/* A readable descriptor of libzmq only says: look. door_waiting looks, before every wait. */
static int on_door(sd_event_source *source, int fd, uint32_t events, void *context) {
    (void)source, (void)fd, (void)events, (void)context;
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t time_us, void *context) {
    (void)source, (void)time_us, (void)context;
    return 0;
}

static uint64_t earlier_us(uint64_t a_us, uint64_t b_us) {
    return a_us < b_us ? a_us : b_us;
}

/* How long there is nothing to do: until a deadline of the broker, a new status line, or the next
 * sign of life. */
static uint64_t quiet_us(const struct loop *loop) {
    int64_t broker_ms = broker_wait_ms(loop->broker);
    uint64_t quiet = broker_ms < 0 ? NEVER_US : (uint64_t)broker_ms * 1000;

    if (loop->status_stale || loop->alive_owed)
        quiet = earlier_us(quiet, STATUS_INTERVAL_US);
    if (loop->watchdog_us)
        quiet = earlier_us(quiet, loop->watchdog_us / 2);
    return quiet;
}

/* The timer runs on the clock that goes on while the machine sleeps, so that what fell due
 * meanwhile is seen as soon as it wakes. */
static int loop_wait(struct loop *loop) {
    uint64_t quiet = door_waiting(loop->door) ? 0 : quiet_us(loop);
    int enabled = quiet == 0 || quiet == NEVER_US ? SD_EVENT_OFF : SD_EVENT_ONESHOT;

    int r = sd_event_source_set_enabled(loop->timer, enabled);
    if (r >= 0 && enabled != SD_EVENT_OFF)
        r = sd_event_source_set_time_relative(loop->timer, quiet);
    if (r >= 0)
        r = sd_event_run(loop->event, quiet == 0 ? 0 : NEVER_US);
    return r;
}

static int sources_add(struct loop *loop) {
    int fds[DOOR_FDS];
    int r = sd_event_add_time(loop->event, &loop->timer, CLOCK_BOOTTIME, 0, 1000, on_timer, loop);

    for (size_t i = 0; i < LOOP_SIGNALS && r >= 0; i++) {
        sd_event_source *source;
        r = sd_event_add_signal(loop->event, &source, loop_signals[i], on_signal, loop);
        if (r >= 0)
            r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
            r = sd_event_source_set_floating(source, true);
        if (r >= 0)
            sd_event_source_unref(source);
    }
    door_fds(loop->door, fds);
    for (size_t i = 0; i < DOOR_FDS && r >= 0; i++)
        r = sd_event_add_io(loop->event, NULL, fds[i], EPOLLIN, on_door, loop);
    return r;
}

/* ---- Running ---- */

static enum loop_end loop_turns(struct loop *loop) {
    enum loop_end end = LOOP_GOES_ON;

    while (end == LOOP_GOES_ON && !loop->stop_wanted) {
        int r = loop_wait(loop);
        if (r < 0)
            return door_failed(r);
        if (loop->reload_wanted)
            end = reload_run(loop);
        if (end == LOOP_GOES_ON)
            end = turn_run(loop);
        if (end == LOOP_GOES_ON) {
            alive_tell(loop);
            status_tell(loop);
        }
    }
    return end == LOOP_GOES_ON ? drain_run(loop) : end;
}

static void ready_say(const struct loop *loop) {
    const struct network *network = broker_network(loop->broker);
    const struct journal_field fields[] = {
        {"HOUVAST_NETWORK", network->name},
        {"HOUVAST_ENDPOINTS", door_endpoints(loop->door)},
        {NULL, NULL},
    };

    journal_say(JOURNAL_STARTED, fields, "ready: network %s, listening on %s", network->name,
                door_endpoints(loop->door));
}

enum loop_end loop_run(struct broker *broker, struct door *door) {
    struct loop loop = {.broker = broker, .door = door, .watchdog_us = systemd_watchdog_us()};
    enum loop_end end;

    int r = sd_event_new(&loop.event);
    if (r >= 0)
        r = sources_add(&loop);
    if (r < 0) {
        end = door_failed(r);
    } else {
        ready_tell(&loop);
        ready_say(&loop);
        end = loop_turns(&loop);
    }

    sd_event_source_unref(loop.timer);
    sd_event_unref(loop.event);
    outbox_fini(&loop.outbox);
    return end;
}
