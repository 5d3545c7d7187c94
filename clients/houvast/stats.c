/* Measures and counters as tables. */
#include "clients/houvast/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/show_table.h"
#include "clients/houvast/terms.h"
#include "clients/houvast/tool.h"

#define LABEL_SIZE  80
#define COLUMNS_MAX 6

void stats_label(const char *figure, const char *key, char *ret_value, size_t size) {
    const char *at = strchr(figure, '{');
    size_t length = strlen(key);
    ret_value[0] = '\0';
    while (at && *at && *at != '}') {
        at++; /* the { or , before the key */
        const char *value = strstr(at, "=\"");
        const char *end = value ? strchr(value + 2, '"') : NULL;
        if (!end)
            return;
        if ((size_t)(value - at) == length && strncmp(at, key, length) == 0) {
            snprintf(ret_value, size, "%.*s", (int)(end - value - 2), value + 2);
            return;
        }
        at = end + 1;
    }
}

static bool is_named(const char *figure, const char *name) {
    size_t length = strlen(name);
    return strncmp(figure, name, length) == 0 && (figure[length] == '{' || !figure[length]);
}

/* ---- Tables ---- */

/* What a table is made from: the figures of one name, by route or organisation. */
struct table_plan {
    const char *title;
    const char *name; /* of the figures */
    const char *columns[COLUMNS_MAX];
    const char *labels[COLUMNS_MAX]; /* what stands in them; NULL: the value, which is the last */
    enum { AS_NUMBER, AS_DAYS, AS_HOURS } as;
};

static void number_text(const struct table_plan *plan, int64_t value, char *ret_text, size_t size) {
    switch (plan->as) {
    case AS_NUMBER:
        snprintf(ret_text, size, "%" PRId64, value);
        return;
    case AS_DAYS:
        snprintf(ret_text, size, "%.1f", (double)value / 86400);
        return;
    case AS_HOURS:
        snprintf(ret_text, size, "%.1f", (double)value / 3600);
        return;
    }
}

static struct libscols_table *titled(const char *title, bool *first) {
    printf("%s%s\n", *first ? "" : "\n", title);
    *first = false;
    return show_table_new();
}

static void plan_line(struct libscols_table *table, const struct table_plan *plan,
                      const struct hv_counter *figure) {
    struct libscols_line *line = show_table_line(table);
    char text[LABEL_SIZE];
    for (size_t i = 0; i < COLUMNS_MAX && plan->columns[i]; i++) {
        if (plan->labels[i])
            stats_label(figure->name, plan->labels[i], text, sizeof text);
        else
            number_text(plan, figure->value, text, sizeof text);
        show_table_set(line, i, text);
    }
}

static void plan_show(const struct table_plan *plan, const struct hv_done *done, bool *first) {
    struct libscols_table *table = NULL;
    for (size_t i = 0; i < done->stats.count; i++) {
        if (!is_named(done->stats.items[i].name, plan->name))
            continue;
        if (!table) {
            table = titled(plan->title, first);
            for (size_t c = 0; c < COLUMNS_MAX && plan->columns[c]; c++)
                show_table_column(table, plan->columns[c], plan->labels[c] ? 0 : SCOLS_FL_RIGHT);
        }
        plan_line(table, plan, &done->stats.items[i]);
    }
    if (table)
        show_table_end(table);
}

/* ---- Times: a row for each stage of a route, its three quantiles side by side ---- */

#define TIMES "houvast_handover_seconds"

static const char *const quantiles[] = {"0.5", "0.9", "0.99"};
enum { QUANTILES = sizeof quantiles / sizeof *quantiles };

static void times_line(struct libscols_table *table, const struct hv_done *done, size_t at) {
    static const char *const labels[] = {"from", "to", "stage"};
    struct libscols_line *line = show_table_line(table);
    char text[LABEL_SIZE];
    for (size_t i = 0; i < 3; i++) {
        stats_label(done->stats.items[at].name, labels[i], text, sizeof text);
        show_table_set(line, i, text);
    }
    for (size_t i = 0; i < QUANTILES && at + i < done->stats.count; i++) {
        char span[TERMS_SIZE];
        stats_label(done->stats.items[at + i].name, "quantile", text, sizeof text);
        if (!is_named(done->stats.items[at + i].name, TIMES) || strcmp(text, quantiles[i]) != 0)
            return;
        terms_span(done->stats.items[at + i].value * 1000, span);
        show_table_set(line, 3 + i, span);
    }
}

static void times_show(const struct hv_done *done, bool *first) {
    static const char *const columns[] = {"FROM", "TO", "UNTIL", "MEDIAN", "P90", "P99"};
    struct libscols_table *table = NULL;
    for (size_t i = 0; i < done->stats.count; i++) {
        char quantile[LABEL_SIZE];
        stats_label(done->stats.items[i].name, "quantile", quantile, sizeof quantile);
        if (!is_named(done->stats.items[i].name, TIMES) || strcmp(quantile, quantiles[0]) != 0)
            continue;
        if (!table) {
            table = titled("How long handovers take, from the offer", first);
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
                show_table_column(table, columns[c], c < 3 ? 0 : SCOLS_FL_RIGHT);
        }
        times_line(table, done, i);
    }
    if (table)
        show_table_end(table);
}

/* ---- All of them ---- */

static const struct table_plan plans[] = {
    {"How they ended",
     "houvast_handovers_ended_total",
     {"FROM", "TO", "END", "WHY", "DECIDED BY", "HANDOVERS"},
     {"from", "to", "end", "reason", "decided"},
     AS_NUMBER},
    {"Contested",
     "houvast_handovers_contested_total",
     {"FROM", "TO", "HANDOVERS"},
     {"from", "to"},
     AS_NUMBER},
    {"Steps of ladders, because nobody had acted",
     "houvast_ladder_steps_total",
     {"HOLDS", "MUST ACT", "WAITED FOR", "STEPS"},
     {"from", "to", "phase"},
     AS_NUMBER},
    {"Journeys that ended, by how often they were handed over",
     "houvast_journeys_closed_total",
     {"LAST HELD BY", "HANDOVERS", "JOURNEYS"},
     {"organisation", "hops"},
     AS_NUMBER},
    {"Days that residents were held for another",
     "houvast_held_for_another_seconds_total",
     {"HELD BY", "WAITED FOR", "DAYS"},
     {"from", "to"},
     AS_DAYS},
    {"Hours in which a holder was away and nobody stood in",
     "houvast_absent_without_deputy_seconds_total",
     {"ORGANISATION", "HOURS"},
     {"organisation"},
     AS_HOURS},
    {"Hours in which an organisation's system had no connection",
     "houvast_quiet_seconds_total",
     {"ORGANISATION", "HOURS"},
     {"organisation"},
     AS_HOURS},
};

/* Names without labels are the broker's own. */
static void counters_show(const struct hv_done *done, bool *first) {
    struct libscols_table *table = titled("The broker", first);
    show_table_column(table, "NAME", 0);
    show_table_column(table, "VALUE", SCOLS_FL_RIGHT);
    for (size_t i = 0; i < done->stats.count; i++) {
        char text[LABEL_SIZE];
        if (strchr(done->stats.items[i].name, '{'))
            continue;
        struct libscols_line *line = show_table_line(table);
        snprintf(text, sizeof text, "%" PRId64, done->stats.items[i].value);
        show_table_set(line, 0, done->stats.items[i].name);
        show_table_set(line, 1, text);
    }
    show_table_end(table);
}

void stats_show(const struct hv_done *done) {
    static const struct hv_done nothing = {0};
    bool first = true;
    if (!done->has_stats)
        done = &nothing;
    times_show(done, &first);
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        plan_show(&plans[i], done, &first);
    counters_show(done, &first);
}
