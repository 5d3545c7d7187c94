/* The ladders in force as a table for people, or as one line of JSON. */
#include "clients/houvast/network_ladders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/show_table.h"
#include "clients/houvast/tool.h"
#include "wire/wire.h"

#define ADDRESSEE_TEXT_SIZE (HV_CODE_SIZE + 16)

/* ---- Which ones, in which order ---- */

static bool is_in_force(const struct ladders *ladders, const struct ladder *ladder) {
    struct ladder_key key = {ladder->phase, ladder->urgency, HV_KIND_WARM, "", ""};

    if (ladder->path || ladder_find(ladders, &key) == ladder)
        return true;
    key.kind = HV_KIND_COLD;
    return ladder_find(ladders, &key) == ladder;
}

/* By phase; what the files say before the defaults; else in the order in which they were read. */
static int ladders_compare(const void *a, const void *b) {
    const struct ladder *left = *(const struct ladder *const *)a;
    const struct ladder *right = *(const struct ladder *const *)b;

    if (left->phase != right->phase)
        return left->phase < right->phase ? -1 : 1;
    if (!left->path != !right->path)
        return left->path ? -1 : 1;
    return (left > right) - (left < right);
}

/* To be freed. */
static const struct ladder **ladders_select(const struct ladders *ladders, size_t *ret_count) {
    const struct ladder **selected = calloc(ladders->count + 1, sizeof(struct ladder *));

    *ret_count = 0;
    if (!selected) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
    for (size_t i = 0; i < ladders->count; i++) {
        if (is_in_force(ladders, &ladders->items[i]))
            selected[(*ret_count)++] = &ladders->items[i];
    }
    qsort(selected, *ret_count, sizeof(struct ladder *), ladders_compare);
    return selected;
}

/* ---- Words ---- */

static const char *phase_text(const struct ladder *ladder) {
    return wire_word_text(&wire_vocabulary_phase, (int)ladder->phase);
}

static const char *urgency_text(const struct ladder *ladder) {
    return wire_word_text(&wire_vocabulary_urgency, (int)ladder->urgency);
}

/* NULL for any. */
static const char *kind_text(const struct ladder *ladder) {
    switch (ladder->kind) {
    case LADDER_WARM:
        return "warm";
    case LADDER_COLD:
        return "cold";
    case LADDER_ANY_KIND:
        break;
    }
    return NULL;
}

/* As the files write it. */
static void addressee_text(const struct ladder_addressee *addressee,
                           char ret_text[ADDRESSEE_TEXT_SIZE]) {
    static const char *const words[] = {
        [LADDER_RESPONSIBLE] = "responsible", [LADDER_COORDINATOR] = "coordinator",
        [LADDER_NETWORK] = "network",         [LADDER_HOLDER] = "holder",
        [LADDER_OPERATORS] = "operators",
    };

    if (addressee->target == LADDER_NAMED)
        snprintf(ret_text, ADDRESSEE_TEXT_SIZE, "%s@%s",
                 wire_word_text(&wire_vocabulary_role, (int)addressee->role),
                 addressee->organisation);
    else
        snprintf(ret_text, ADDRESSEE_TEXT_SIZE, "%s", words[addressee->target]);
}

/* ---- A table ---- */

static void duration_print(FILE *out, struct calendar_duration duration, bool has_no_later,
                           int64_t no_later_ms) {
    char text[CALENDAR_DURATION_SIZE];

    calendar_duration_text(duration, text);
    fputs(text, out);
    if (has_no_later) {
        calendar_duration_text((struct calendar_duration){no_later_ms, CALENDAR_WALL_MS}, text);
        fprintf(out, " (%s at most)", text);
    }
}

static void for_print(FILE *out, const struct ladder *ladder) {
    const char *kind = kind_text(ladder);

    fputs(ladder->urgency ? urgency_text(ladder) : "any", out);
    if (kind)
        fprintf(out, " %s", kind);
    if (*ladder->from)
        fprintf(out, " from %s", ladder->from);
    if (*ladder->to)
        fprintf(out, " to %s", ladder->to);
}

static void told_print(FILE *out, const struct ladder *ladder) {
    char text[ADDRESSEE_TEXT_SIZE];

    if (ladder->step_count == 0)
        fputs("a check-in", out);
    for (size_t i = 0; i < ladder->step_count; i++) {
        const struct ladder_step *step = &ladder->steps[i];
        fputs(i > 0 ? ", " : "", out);
        duration_print(out, step->after, step->has_no_later, step->no_later_ms);
        for (size_t j = 0; j < step->addressee_count; j++) {
            addressee_text(&step->addressees[j], text);
            fprintf(out, " %s", text);
        }
    }
}

static void every_print(FILE *out, const struct ladder *ladder) {
    duration_print(out, ladder->every, ladder->every_has_no_later, ladder->every_no_later_ms);
}

static void where_print(FILE *out, const struct ladder *ladder) {
    if (ladder->path)
        fprintf(out, "%s:%u", ladder->path, ladder->line);
}

typedef void ladder_print(FILE *out, const struct ladder *ladder);

static void cell_set(struct libscols_line *line, size_t column, ladder_print *print,
                     const struct ladder *ladder) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out)
        print(out, ladder);
    if (!out || fclose(out) != 0) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
    show_table_set(line, column, text);
    free(text);
}

static void ladder_line(struct libscols_table *table, const struct ladder *ladder) {
    struct libscols_line *line = show_table_line(table);

    show_table_set(line, 0, phase_text(ladder));
    cell_set(line, 1, for_print, ladder);
    cell_set(line, 2, told_print, ladder);
    cell_set(line, 3, every_print, ladder);
    cell_set(line, 4, where_print, ladder);
}

void network_ladders_show(const struct ladders *ladders) {
    struct libscols_table *table = show_table_new();
    size_t count;
    const struct ladder **selected = ladders_select(ladders, &count);

    show_table_column(table, "PHASE", 0);
    show_table_column(table, "FOR", 0);
    show_table_column(table, "TOLD AFTER", SCOLS_FL_WRAP);
    show_table_column(table, "EVERY", 0);
    show_table_column(table, "", 0);
    for (size_t i = 0; i < count; i++)
        ladder_line(table, selected[i]);
    show_table_end(table);
    free(selected);
    puts("\nThe last step repeats. Of two rows that fit a handover the more particular\n"
         "counts: a route before warm or cold, that before an urgency. A check-in that\n"
         "nobody answers climbs unrouted; a question climbs receipt, where there is no\n"
         "row for answer.");
}

/* ---- JSON ---- */

static void text_set(json_t *object, const char *key, const char *text) {
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

static void duration_set(json_t *object, const char *key, struct calendar_duration duration) {
    char text[CALENDAR_DURATION_SIZE];

    calendar_duration_text(duration, text);
    json_object_set_new(object, key, json_string(text));
}

static void no_later_set(json_t *object, const char *key, bool has_no_later, int64_t no_later_ms) {
    if (has_no_later)
        duration_set(object, key, (struct calendar_duration){no_later_ms, CALENDAR_WALL_MS});
}

static json_t *step_json(const struct ladder_step *step) {
    json_t *object = json_object(), *told = json_array();
    char text[ADDRESSEE_TEXT_SIZE];

    for (size_t i = 0; i < step->addressee_count; i++) {
        addressee_text(&step->addressees[i], text);
        json_array_append_new(told, json_string(text));
    }
    duration_set(object, "after", step->after);
    no_later_set(object, "no_later", step->has_no_later, step->no_later_ms);
    json_object_set_new(object, "told", told);
    return object;
}

static json_t *ladder_json(const struct ladder *ladder) {
    json_t *object = json_object(), *steps = json_array();

    for (size_t i = 0; i < ladder->step_count; i++)
        json_array_append_new(steps, step_json(&ladder->steps[i]));
    text_set(object, "phase", phase_text(ladder));
    text_set(object, "urgency", ladder->urgency ? urgency_text(ladder) : NULL);
    text_set(object, "kind", kind_text(ladder));
    text_set(object, "from", ladder->from);
    text_set(object, "to", ladder->to);
    json_object_set_new(object, "steps", steps);
    duration_set(object, "every", ladder->every);
    no_later_set(object, "every_no_later", ladder->every_has_no_later, ladder->every_no_later_ms);
    if (ladder->path) {
        text_set(object, "file", ladder->path);
        json_object_set_new(object, "line", json_integer((json_int_t)ladder->line));
    }
    return object;
}

json_t *network_ladders_to_json(const struct ladders *ladders) {
    json_t *array = json_array();
    size_t count;
    const struct ladder **selected = ladders_select(ladders, &count);

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, ladder_json(selected[i]));
    free(selected);
    return json_pack("{s:o}", "ladders", array);
}
