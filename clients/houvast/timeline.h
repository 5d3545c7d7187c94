/* The timeline of a journey: its events as sentences, grouped by day, oldest first. */
#ifndef HOUVAST_TIMELINE_H
#define HOUVAST_TIMELINE_H

#include "clients/houvast/story.h"

struct timeline {
    FILE *out;  /* borrowed */
    int width;  /* characters of a line; 0: however long */
    bool whole; /* with housekeeping */
    struct story story;
    char day[32]; /* the one that stands above */
    size_t event_count;
    size_t left_out; /* housekeeping */
};

/* All zeroes but `out`, `width` and `whole` is a beginning. */
void timeline_add(struct timeline *timeline, const struct hv_event *event);
/* Which handovers there were and what was left out. Frees what it holds. */
void timeline_end(struct timeline *timeline);

/* Writes `text` behind `indent` blanks, broken between words so that lines have `width` characters
 * at most where words allow; the first line begins at `column`, written already. */
void timeline_wrap(FILE *out, const char *text, int indent, int column, int width);

#endif
