/* The loop of `houvast listen`: takes items, has a program run for each, and tells the broker what
 * came of it. */
#include "clients/houvast/listener.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clients/houvast/order.h"
#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

/* A program at work on an item; entry NULL: the place is free. */
struct job {
    struct order_entry *entry;
    struct program program;
    int64_t began_ms;
    int64_t end_ms;  /* TERM then; 0: never */
    int64_t kill_ms; /* KILL then; 0: not yet told to end */
    bool timed_out;  /* told to end by us, whatever its status is then */
    bool ended;      /* its leader; others of its group may still be there */
    int status;
};

struct listener {
    const struct listener_plan *plan;
    const struct client_config *config;
    const struct hv_sealing_pair *pairs;
    size_t pair_count;
    struct hv_connection *connection;
    struct order order;
    struct job *jobs;  /* plan->jobs places */
    int64_t done;      /* items that are through */
    int64_t again_ms;  /* when acknowledgements that are owed are sent again */
    int64_t active_ms; /* when something came or ended the last time */
    enum hv_link link;
    bool stopping;
    int status; /* the exit status */
};

/* ---- Saying ---- */

/* `item 12 offered, journey 0192…, attempt 2` */
static void label_write(const struct hv_item *item, char *ret_label, size_t size) {
    char id[HV_UUID_TEXT_SIZE];
    size_t used = (size_t)snprintf(ret_label, size, "item %" PRId64 " %s", item->item,
                                   hv_event_name_text(item->event.event));
    if (item->event.has_journey && used < size) {
        hv_uuid_text(&item->event.journey, id);
        used += (size_t)snprintf(ret_label + used, size - used, ", journey %s", id);
    }
    if (item->attempt > 1 && used < size)
        snprintf(ret_label + used, size - used, ", attempt %" PRId64, item->attempt);
}

static void item_say(const struct listener *listener, const struct order_entry *entry,
                     const char *what) {
    char label[160];
    if (!listener->plan->quiet) {
        label_write(&entry->delivery.item, label, sizeof label);
        tool_say("%s: %s", label, what);
    }
}

static void link_look(struct listener *listener) {
    char why[256] = "";
    enum hv_link link = hv_link_get(listener->connection, why);
    if (link == listener->link)
        return;
    listener->link = link;
    switch (link) {
    case HV_LINK_UP:
        tool_say("the broker is back");
        return;
    case HV_LINK_DOWN:
        tool_say("the broker is away, still trying: %s", why);
        return;
    case HV_LINK_REFUSED:
        tool_say("the broker takes no more from us: %s", why);
        return;
    }
}

/* ---- What came of an item ---- */

/* Asks for it again, later; every refusal to acknowledge comes this way. */
static void item_return(struct listener *listener, struct order_entry *entry, const char *why) {
    const struct hv_item *item = &entry->delivery.item;
    int64_t after_ms = order_back_off_ms(item->attempt);
    char what[FAILURE_SIZE + 128], span[WHEN_SPAN_SIZE];
    when_span(after_ms, span);
    snprintf(what, sizeof what, "%s; again in %s", why, span);
    item_say(listener, entry, what);
    hv_nack(listener->connection, item->item,
            after_ms); /* lost: the broker sends it again anyway */
    order_drop(&listener->order, entry);
}

static bool is_for_now(const struct hv_answer *answer) {
    enum hv_refusal code = answer->message.refused.code;
    return code == HV_REFUSED_BUSY || code == HV_REFUSED_UNAVAILABLE ||
           code == HV_REFUSED_NO_SESSION;
}

/* Acknowledges an item that was dealt with. False where it must be said again, later. */
static bool item_acknowledge(struct listener *listener, struct order_entry *entry) {
    struct hv_answer answer = {0};
    char what[512];
    int r = hv_ack(listener->connection, entry->delivery.item.item, &answer);
    if (r == -ETIMEDOUT || r == -EPROTO || r == -ENOTCONN || r == -ENOMEM ||
        (r == HV_REFUSED && is_for_now(&answer))) {
        hv_answer_free(&answer);
        return false;
    }
    if (r < 0) {
        snprintf(what, sizeof what, "dealt with, but not acknowledged: %s",
                 r == HV_REFUSED ? answer.message.refused.reason : hv_result_text(r));
        item_say(listener, entry, what);
    } else {
        listener->done++;
    }
    hv_answer_free(&answer);
    order_drop(&listener->order, entry);
    return true;
}

/* All that are owed, unless the broker is away. */
static void owed_acknowledge(struct listener *listener) {
    struct order_entry *entry;
    while ((entry = order_first(&listener->order, ORDER_OWED))) {
        if (hv_link_get(listener->connection, NULL) != HV_LINK_UP ||
            !item_acknowledge(listener, entry)) {
            listener->again_ms = when_monotonic_ms() + LISTENER_AGAIN_MS;
            return;
        }
    }
}

static void item_through(struct listener *listener, struct order_entry *entry) {
    order_owe(&listener->order, entry);
    owed_acknowledge(listener);
}

/* ---- Jobs ---- */

static struct job *job_free(struct listener *listener) {
    for (int64_t i = 0; i < listener->plan->jobs; i++)
        if (!listener->jobs[i].entry)
            return &listener->jobs[i];
    assert(false && "fewer run than there are places");
    return NULL;
}

static int dossier_open(const struct listener *listener, const struct hv_delivery *delivery,
                        uint8_t **ret_text, size_t *ret_size, struct failure *ret_failure) {
    *ret_text = NULL;
    if (!delivery->dossier)
        return 0;
    int r = hv_dossier_open(listener->pairs, listener->pair_count, delivery->dossier,
                            delivery->dossier_size, ret_text, ret_size);
    if (r == HV_BAD_KEY) {
        char id[17];
        for (size_t i = 0; i < 8; i++)
            snprintf(id + 2 * i, 3, "%02x", i < delivery->dossier_size ? delivery->dossier[i] : 0);
        return failure_set(ret_failure, r,
                           "its dossier opens with none of the sealing_keys of %s: it was sealed "
                           "for the key %s, or is damaged; add that key's file there and start "
                           "listen again",
                           listener->config->path, id);
    }
    return r < 0 ? failure_set(ret_failure, r, "its dossier: %s", hv_result_text(r)) : 0;
}

static void job_begin(struct listener *listener, struct order_entry *entry) {
    struct job job = {.entry = entry, .began_ms = when_monotonic_ms()};
    struct failure failure;
    uint8_t *text;
    size_t size = 0;
    int64_t timeout_ms = listener->plan->timeout_ms;
    int r = dossier_open(listener, &entry->delivery, &text, &size, &failure);
    if (r == 0) {
        r = program_start(&listener->plan->program, &entry->delivery.item, text, size, &job.program,
                          &failure);
    }
    if (text) {
        explicit_bzero(text, size);
        free(text);
    }
    if (r < 0) {
        item_return(listener, entry, failure.text);
        return;
    }
    job.end_ms = timeout_ms ? job.began_ms + timeout_ms : 0;
    *job_free(listener) = job;
}

/* The program and all that it started are gone. */
static void job_end(struct listener *listener, struct job *job) {
    struct order_entry *entry = job->entry;
    char what[128], span[WHEN_SPAN_SIZE];
    const struct job ended = *job;
    *job = (struct job){0};
    listener->active_ms = when_monotonic_ms();
    when_span(listener->active_ms - ended.began_ms, span);
    if (ended.timed_out) {
        snprintf(what, sizeof what, "was ended after %s", span);
        item_return(listener, entry, what);
    } else if (ended.status == 0) {
        snprintf(what, sizeof what, "done in %s", span);
        item_say(listener, entry, what);
        item_through(listener, entry);
    } else {
        snprintf(what, sizeof what, "the program %s %d",
                 ended.status < 0 ? "was ended by signal" : "ended with status", abs(ended.status));
        item_return(listener, entry, what);
    }
}

static void job_tell_to_end(struct job *job, int64_t now_ms) {
    if (!job->kill_ms) {
        job->timed_out = true;
        job->kill_ms = now_ms + LISTENER_GRACE_MS;
        program_signal(&job->program, SIGTERM);
    }
}

static void job_look(struct listener *listener, struct job *job, int64_t now_ms) {
    if (!job->entry)
        return;
    if (job->end_ms && now_ms >= job->end_ms && !job->ended)
        job_tell_to_end(job, now_ms);
    if (job->kill_ms && now_ms >= job->kill_ms)
        program_signal(&job->program, SIGKILL);
    /* What it started may need its grace even when the leader has gone at once. */
    if (job->ended &&
        (!job->timed_out || now_ms >= job->kill_ms || !program_signal(&job->program, 0)))
        job_end(listener, job);
}

static void jobs_look(struct listener *listener) {
    int64_t now_ms = when_monotonic_ms();
    for (int64_t i = 0; i < listener->plan->jobs; i++)
        job_look(listener, &listener->jobs[i], now_ms);
}

/* ---- Items ---- */

static void item_print(struct listener *listener, struct order_entry *entry) {
    const struct hv_delivery *delivery = &entry->delivery;
    if (tool_options.json) {
        const struct hv_message message = {.type = HV_MESSAGE_item, .item = delivery->item};
        show_message_json(&message);
    } else {
        char label[160];
        char *text = show_event_text(&delivery->item.event);
        label_write(&delivery->item, label, sizeof label);
        printf("%s: %s", label, text);
        if (delivery->item.has_for_)
            printf("; for %s, who stands in", delivery->item.for_);
        if (delivery->dossier)
            printf("; with a dossier of %zu bytes", delivery->dossier_size - HV_DOSSIER_OVERHEAD);
        if (delivery->item.has_receipt)
            printf("; with a receipt of %zu bytes (--json)", delivery->item.receipt.size);
        putchar('\n');
        free(text);
    }
    if (fflush(stdout) != 0) {
        tool_say("standard output: %s", strerrordesc_np(errno));
        listener->stopping = true;
        listener->status = TOOL_INTERNAL;
        order_drop(&listener->order, entry);
    } else if (listener->plan->acknowledge) {
        item_through(listener, entry);
    } else {
        listener->done++;
        order_drop(&listener->order, entry);
    }
}

static bool may_begin(const struct listener *listener) {
    int64_t under_way = (int64_t)(listener->order.running + listener->order.owed);
    return !listener->stopping &&
           (!listener->plan->count || listener->done + under_way < listener->plan->count);
}

static void items_begin(struct listener *listener) {
    struct order_entry *entry;
    while (may_begin(listener) &&
           (entry = order_next(&listener->order, (size_t)listener->plan->jobs))) {
        order_begin(&listener->order, entry);
        if (listener->plan->program.argv)
            job_begin(listener, entry);
        else
            item_print(listener, entry);
    }
}

static void items_take(struct listener *listener) {
    struct hv_delivery delivery;
    bool is_new;
    int r = 0;
    while (!listener->stopping && (r = hv_take(listener->connection, 0, &delivery)) == 0) {
        listener->active_ms = when_monotonic_ms();
        if (order_take(&listener->order, &delivery, &is_new) < 0) {
            hv_delivery_free(&delivery); /* it comes again */
            tool_say("out of memory");
        }
    }
    if (r == -ENOTCONN) {
        listener->stopping = true;
        listener->status = TOOL_NO_SESSION;
    }
}

/* ---- Waiting ---- */

static void sooner(int64_t *wait_ms, int64_t at_ms, int64_t now_ms) {
    int64_t left_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    if (left_ms < *wait_ms)
        *wait_ms = left_ms;
}

static int wait_ms(const struct listener *listener) {
    int64_t now_ms = when_monotonic_ms();
    int64_t wait = LISTENER_LOOK_MS;
    for (int64_t i = 0; i < listener->plan->jobs; i++) {
        const struct job *job = &listener->jobs[i];
        if (job->entry && job->kill_ms)
            sooner(&wait, job->kill_ms, now_ms);
        else if (job->entry && job->end_ms)
            sooner(&wait, job->end_ms, now_ms);
        if (job->entry && job->ended)
            sooner(&wait, now_ms + LISTENER_LINGER_MS, now_ms);
    }
    if (listener->order.owed)
        sooner(&wait, listener->again_ms, now_ms);
    if (listener->plan->idle_ms)
        sooner(&wait, listener->active_ms + listener->plan->idle_ms, now_ms);
    return (int)wait;
}

static void signal_take(struct listener *listener, int signals) {
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (!listener->stopping && listener->order.running) {
        tool_say("leaving when what runs has ended; once more ends it now");
    } else if (listener->stopping) {
        for (int64_t i = 0; i < listener->plan->jobs; i++)
            if (listener->jobs[i].entry)
                job_tell_to_end(&listener->jobs[i], when_monotonic_ms());
    }
    listener->stopping = true;
}

/* Waits for a signal, the connection, or a program's end. */
static void listener_wait(struct listener *listener, int signals) {
    struct pollfd polled[LISTENER_JOBS_MAX + 2];
    struct job *ending[LISTENER_JOBS_MAX];
    nfds_t count = 2;
    polled[0] = (struct pollfd){.fd = signals, .events = POLLIN};
    /* While leaving, what comes is not ours any more. */
    polled[1] = (struct pollfd){.fd = listener->stopping ? -1 : hv_fd(listener->connection),
                                .events = POLLIN};
    for (int64_t i = 0; i < listener->plan->jobs; i++) {
        struct job *job = &listener->jobs[i];
        if (job->entry && !job->ended) {
            ending[count - 2] = job;
            polled[count++] = (struct pollfd){.fd = job->program.pidfd, .events = POLLIN};
        }
    }
    if (poll(polled, count, wait_ms(listener)) <= 0)
        return;
    if (polled[0].revents)
        signal_take(listener, signals);
    for (nfds_t i = 2; i < count; i++) {
        if (polled[i].revents) {
            program_reap(&ending[i - 2]->program, &ending[i - 2]->status);
            ending[i - 2]->ended = true;
        }
    }
}

/* ---- The loop ---- */

static void listener_round(struct listener *listener, int signals) {
    listener_wait(listener, signals);
    items_take(listener);
    jobs_look(listener);
    if (when_monotonic_ms() >= listener->again_ms)
        owed_acknowledge(listener);
    items_begin(listener);
    link_look(listener);
    bool idle = !listener->order.entries && listener->plan->idle_ms &&
                when_monotonic_ms() >= listener->active_ms + listener->plan->idle_ms;
    if (idle || (listener->plan->count && listener->done >= listener->plan->count))
        listener->stopping = true;
}

/* The last attempt to have acknowledged what was dealt with. */
static void listener_leave(struct listener *listener) {
    struct order_entry *entry;
    while ((entry = order_first(&listener->order, ORDER_OWED))) {
        if (listener->status != TOOL_DONE || !item_acknowledge(listener, entry)) {
            item_say(listener, entry,
                     "dealt with, but the broker could not be told; it comes again");
            order_drop(&listener->order, entry);
        }
    }
    order_fini(&listener->order);
    free(listener->jobs);
}

int listener_run(const struct listener_plan *plan, const struct client_config *config,
                 const struct hv_sealing_pair *pairs, size_t pair_count, int signals,
                 struct hv_connection *connection) {
    struct listener listener = {
        .plan = plan,
        .config = config,
        .pairs = pairs,
        .pair_count = pair_count,
        .connection = connection,
        .jobs = calloc((size_t)plan->jobs, sizeof(struct job)),
        .active_ms = when_monotonic_ms(),
        .link = HV_LINK_UP,
    };
    if (!listener.jobs) {
        tool_say("out of memory");
        return TOOL_INTERNAL;
    }
    while (!listener.stopping || listener.order.running)
        listener_round(&listener, signals);
    listener_leave(&listener);
    return listener.status;
}
