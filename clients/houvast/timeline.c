/* The timeline of a journey. */
#include "clients/houvast/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/terms.h"
#include "houvast/houvast.h"

#define INDENT 9 /* "  14:05  " */

void timeline_wrap(FILE *out, const char *text, int indent, int column, int width) {
    while (*text) {
        int size = (int)strcspn(text, " ");
        bool first = column <= indent;
        if (!first && width > 0 && column + 1 + size > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", size, text);
        column += size + !first;
        text += size;
        text += *text == ' ';
    }
    putc('\n', out);
}

static void day_put(struct timeline *timeline, hv_time at_ms) {
    char day[TERMS_SIZE];
    terms_day(at_ms, day);
    if (strcmp(day, timeline->day) != 0) {
        fprintf(timeline->out, "%s%s\n", *timeline->day ? "\n" : "", day);
        memcpy(timeline->day, day, sizeof timeline->day);
    }
}

void timeline_add(struct timeline *timeline, const struct hv_event *event) {
    char clock[TERMS_SIZE], *sentence = NULL;
    size_t size;
    timeline->event_count++;
    if (!timeline->whole && story_is_housekeeping(&timeline->story, event)) {
        timeline->left_out++;
        return;
    }
    if (event->has_at) {
        day_put(timeline, event->at);
        terms_clock(event->at, clock);
    } else {
        memcpy(clock, "     ", 6);
    }
    FILE *out = describe_begin(&sentence, &size);
    story_tell(&timeline->story, out, event);
    describe_done(out, &sentence);
    fprintf(timeline->out, "  %s  ", clock);
    timeline_wrap(timeline->out, sentence, INDENT, INDENT, timeline->width);
    free(sentence);
}

void timeline_end(struct timeline *timeline) {
    const struct story *story = &timeline->story;
    for (size_t i = 0; i < story->handover_count; i++) {
        char id[HV_UUID_TEXT_SIZE];
        hv_uuid_text(&story->handovers[i], id);
        fprintf(timeline->out, "%sHandover %zu is %s.\n", i ? "" : "\n", i + 1, id);
    }
    if (timeline->left_out)
        fprintf(timeline->out, "%sLeft out: %zu acknowledgement%s.\n",
                story->handover_count ? "" : "\n", timeline->left_out,
                timeline->left_out == 1 ? " or reading" : "s and readings");
    story_fini(&timeline->story);
}
