/* The history of a journey, over as many pages as it has. */
#include "clients/houvast/history.h"

#include "clients/houvast/session.h"
#include "clients/houvast/show.h"

#define PAGE_MAX 1000

/* How many events the next page may have. */
static int64_t page_limit(int64_t limit, int64_t shown) {
    int64_t left = limit ? limit - shown : PAGE_MAX;
    return left < PAGE_MAX ? left : PAGE_MAX;
}

static void page_show(struct show_history *history, const struct hv_answer *answer) {
    const struct hv_done *done = &answer->message.done;
    if (tool_options.json) {
        show_message_json(&answer->message);
        history->event_count += done->has_events ? done->events.count : 0;
    } else {
        show_history_add(history, done);
    }
}

int history_show(struct hv_connection *connection, const struct hv_history *first, int64_t limit) {
    struct hv_history question = *first;
    struct show_history history = {0};
    int status;
    bool more;
    do {
        struct hv_answer answer = {0};
        question.has_limit = true;
        question.limit = page_limit(limit, (int64_t)history.event_count);
        int r = hv_history(connection, &question, &answer);
        status = tool_result(r, &answer);
        if (status != TOOL_DONE) {
            hv_answer_free(&answer);
            break;
        }
        page_show(&history, &answer);
        more = answer.message.done.has_next;
        question.has_after = true;
        question.after = more ? answer.message.done.next : question.after;
        hv_answer_free(&answer);
    } while (more && (!limit || (int64_t)history.event_count < limit));
    if (history.table)
        show_history_end(&history, status == TOOL_DONE && more);
    return status;
}
