/* The clerk: a thread that asks the broker. */
#include "clients/houvast/clerk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utlist.h>

#include "clients/houvast/timeline.h"

#define PAGE_MAX 1000

struct clerk_entry {
    struct clerk_result result;
    struct clerk_entry *prev, *next;
};

struct clerk {
    struct hv_connection *connection;
    pthread_t thread;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t wanted;
    struct clerk_entry *jobs, *results;
    bool stopping;
    size_t pending; /* the owner's alone */
    int fd;
};

void clerk_result_free(struct clerk_result *result) {
    hv_answer_free(&result->answer);
    free(result->text);
    result->text = NULL;
}

/* ---- Asking ---- */

/* All pages of it, as text; the last answer is kept. */
static void history_ask(struct hv_connection *connection, struct clerk_result *result) {
    struct hv_history question = {
        .journey = result->job.journey, .has_limit = true, .limit = PAGE_MAX};
    size_t size;
    struct timeline timeline = {.out = open_memstream(&result->text, &size)};
    bool more = true;
    if (!timeline.out) {
        result->result = -ENOMEM;
        return;
    }
    while (more) {
        hv_answer_free(&result->answer);
        result->result = hv_history(connection, &question, &result->answer);
        if (result->result < 0)
            break;
        const struct hv_done *done = &result->answer.message.done;
        for (size_t i = 0; done->has_events && i < done->events.count; i++)
            timeline_add(&timeline, &done->events.items[i]);
        more = done->has_next;
        question.has_after = true;
        question.after = done->next;
    }
    timeline_end(&timeline);
    if (fclose(timeline.out) != 0)
        result->result = -ENOMEM;
}

static void ask(struct hv_connection *connection, struct clerk_result *result) {
    const struct clerk_job *job = &result->job;
    const struct hv_watch watch = {.from = job->from};
    const struct hv_status status = {.has_journey = true, .journey = job->journey};
    switch (job->task) {
    case CLERK_WATCH:
        result->result = hv_watch(connection, &watch, &result->answer);
        return;
    case CLERK_STATUS:
        result->result = hv_status(connection, &status, &result->answer);
        return;
    case CLERK_HISTORY:
        history_ask(connection, result);
        return;
    case CLERK_CLAIM:
        result->result = hv_claim(connection, &job->claim, &result->answer);
        return;
    }
}

static void *clerk_run(void *argument) {
    struct clerk *clerk = argument;
    pthread_mutex_lock(&clerk->lock);
    while (!clerk->stopping) {
        struct clerk_entry *entry = clerk->jobs;
        if (!entry) {
            pthread_cond_wait(&clerk->wanted, &clerk->lock);
            continue;
        }
        DL_DELETE(clerk->jobs, entry);
        pthread_mutex_unlock(&clerk->lock);
        ask(clerk->connection, &entry->result);
        pthread_mutex_lock(&clerk->lock);
        DL_APPEND(clerk->results, entry);
        (void)eventfd_write(clerk->fd, 1);
    }
    pthread_mutex_unlock(&clerk->lock);
    return NULL;
}

/* ---- For the screen ---- */

struct clerk *clerk_new(struct hv_connection *connection) {
    struct clerk *clerk = calloc(1, sizeof *clerk);
    sigset_t all, before;
    if (!clerk)
        return NULL;
    clerk->connection = connection;
    clerk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&clerk->lock, NULL);
    pthread_cond_init(&clerk->wanted, NULL);
    sigfillset(&all); /* signals are the screen's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = clerk->fd < 0 ? errno : pthread_create(&clerk->thread, NULL, clerk_run, clerk);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) {
        if (clerk->fd >= 0)
            close(clerk->fd);
        free(clerk);
        return NULL;
    }
    return clerk;
}

static void entries_free(struct clerk_entry *entries) {
    struct clerk_entry *entry, *next;
    DL_FOREACH_SAFE(entries, entry, next) {
        clerk_result_free(&entry->result);
        free(entry);
    }
}

void clerk_free(struct clerk *clerk) {
    if (!clerk)
        return;
    pthread_mutex_lock(&clerk->lock);
    clerk->stopping = true;
    pthread_cond_signal(&clerk->wanted);
    pthread_mutex_unlock(&clerk->lock);
    pthread_join(clerk->thread, NULL);
    entries_free(clerk->jobs);
    entries_free(clerk->results);
    pthread_cond_destroy(&clerk->wanted);
    pthread_mutex_destroy(&clerk->lock);
    close(clerk->fd);
    free(clerk);
}

int clerk_give(struct clerk *clerk, const struct clerk_job *job) {
    struct clerk_entry *entry = calloc(1, sizeof *entry), *before;
    if (!entry)
        return -ENOMEM;
    entry->result.job = *job;
    pthread_mutex_lock(&clerk->lock);
    before = clerk->jobs;
    while (before && (job->task == CLERK_STATUS || before->result.job.task != CLERK_STATUS))
        before = before->next;
    if (before)
        DL_PREPEND_ELEM(clerk->jobs, before, entry);
    else
        DL_APPEND(clerk->jobs, entry);
    pthread_cond_signal(&clerk->wanted);
    pthread_mutex_unlock(&clerk->lock);
    clerk->pending++;
    return 0;
}

size_t clerk_pending(const struct clerk *clerk) {
    return clerk->pending;
}

int clerk_fd(const struct clerk *clerk) {
    return clerk->fd;
}

bool clerk_take(struct clerk *clerk, struct clerk_result *ret_result) {
    eventfd_t count;
    pthread_mutex_lock(&clerk->lock);
    struct clerk_entry *entry = clerk->results;
    if (entry)
        DL_DELETE(clerk->results, entry);
    else
        (void)eventfd_read(clerk->fd, &count);
    pthread_mutex_unlock(&clerk->lock);
    if (!entry)
        return false;
    *ret_result = entry->result;
    free(entry);
    clerk->pending--;
    return true;
}
