/* The history of a journey, over as many pages as it has. */
#include "clients/houvast/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/session.h"
#include "clients/houvast/show.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/timeline.h"

#define PAGE_MAX 1000

/* How many events the next page may have. */
static int64_t page_limit(int64_t limit, int64_t shown) {
    int64_t left = limit ? limit - shown : PAGE_MAX;
    return left < PAGE_MAX ? left : PAGE_MAX;
}

/* Of the terminal; elsewhere lines are as long as they are. */
static int width_of_output(void) {
    struct winsize size;
    bool known = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    return known && size.ws_col >= 40 ? size.ws_col : 0;
}

/* Who holds, and what it waits for. */
static void holder_print(const struct hv_done *done) {
    bool closed = hv_journey_state_parse(done->state) == HV_JOURNEY_CLOSED;
    char due[TERMS_SIZE], *text = NULL;
    size_t size;
    FILE *out = describe_begin(&text, &size);
    fprintf(out, "%s of %s %s the resident", done->holder.begeleider, done->holder.organisation,
            closed ? "held" : "holds");
    if (!closed && done->has_phase)
        fprintf(out, ", who waits for %s", terms_waits(done->phase));
    if (!closed && done->has_due) {
        terms_moment(done->due, due);
        fprintf(out, "; the next step is due %s", due);
    }
    putc('.', out);
    describe_done(out, &text);
    timeline_wrap(stdout, text, 0, 0, width_of_output());
    free(text);
}

/* Which journey it is, and how it stands now, where we may ask. */
static void standing_print(struct hv_connection *connection, const struct hv_uuid *journey) {
    const struct hv_status question = {.has_journey = true, .journey = *journey};
    struct hv_answer answer = {0};
    char id[HV_UUID_TEXT_SIZE];
    hv_uuid_text(journey, id);
    printf("Journey %s\n", id);
    if (hv_status(connection, &question, &answer) == 0)
        holder_print(&answer.message.done);
    hv_answer_free(&answer);
    putchar('\n');
}

static void page_show(struct timeline *timeline, const struct hv_answer *answer) {
    const struct hv_done *done = &answer->message.done;
    if (tool_options.json) {
        show_message_json(&answer->message);
        timeline->event_count += done->has_events ? done->events.count : 0;
        return;
    }
    for (size_t i = 0; done->has_events && i < done->events.count; i++)
        timeline_add(timeline, &done->events.items[i]);
}

int history_show(struct hv_connection *connection, const struct hv_history *first, int64_t limit,
                 bool whole) {
    struct hv_history question = *first;
    struct timeline timeline = {.out = stdout, .width = width_of_output(), .whole = whole};
    int status;
    bool more = false;
    do {
        struct hv_answer answer = {0};
        question.has_limit = true;
        question.limit = page_limit(limit, (int64_t)timeline.event_count);
        int r = hv_history(connection, &question, &answer);
        status = tool_result(r, &answer);
        if (status == TOOL_DONE) {
            if (timeline.event_count == 0 && !tool_options.json)
                standing_print(connection, &first->journey);
            page_show(&timeline, &answer);
            more = answer.message.done.has_next;
            question.has_after = true;
            question.after = more ? answer.message.done.next : question.after;
        }
        hv_answer_free(&answer);
    } while (status == TOOL_DONE && more && (!limit || (int64_t)timeline.event_count < limit));
    if (!tool_options.json && status == TOOL_DONE && timeline.event_count == 0)
        puts("Nothing happened that you may see.");
    timeline_end(&timeline);
    if (!tool_options.json && status == TOOL_DONE && more)
        printf("More follow; ask on with --after %" PRId64 ", or with a larger --limit.\n",
               question.after);
    return status;
}
