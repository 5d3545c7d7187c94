/* When a network and its organisations are open: what counts, wherever the files say it. */
#include "clients/houvast/network_show_hours.h"

#include <stdlib.h>
#include <string.h>

#include "broker/network_hours.h"
#include "clients/houvast/show_table.h"

/* One line for each stretch of weekdays; NULL when out of memory. */
static char *opening_text(const struct calendar *calendar) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        return NULL;
    network_opening_write(file, calendar->week, "", "\n");
    if (fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

static const char *holidays_text(const struct calendar *calendar) {
    return calendar->dutch_holidays ? "dutch" : "none";
}

static void closure_text(const struct calendar_closure *closure,
                         char ret_text[NETWORK_CLOSURE_TEXT_SIZE]) {
    const struct network_closure nameless = {.first_day = closure->first_day,
                                             .last_day = closure->last_day};

    network_closure_text(&nameless, ret_text);
}

/* As many lines as there are of the one or the other, the name on the first. */
static void hours_lines(struct libscols_table *table, const char *name,
                        const struct calendar *calendar) {
    char closed[NETWORK_CLOSURE_TEXT_SIZE];
    char *text = opening_text(calendar), *rest = NULL;
    const char *opening = text ? strtok_r(text, "\n", &rest) : NULL;

    for (size_t i = 0; i == 0 || opening || i < calendar->closure_count; i++) {
        struct libscols_line *line = show_table_line(table);
        show_table_set(line, 0, i == 0 ? name : "");
        show_table_set(line, 1, opening ? opening : "");
        show_table_set(line, 2, i == 0 ? holidays_text(calendar) : "");
        if (i < calendar->closure_count) {
            closure_text(&calendar->closures[i], closed);
            show_table_set(line, 3, closed);
        }
        opening = opening ? strtok_r(NULL, "\n", &rest) : NULL;
    }
    free(text);
}

void network_show_hours(const struct network *network) {
    struct libscols_table *table = show_table_new();

    show_table_column(table, "HOURS OF", 0);
    show_table_column(table, "OPEN", 0);
    show_table_column(table, "HOLIDAYS", 0);
    show_table_column(table, "CLOSED", 0);
    hours_lines(table, "(the network)", &network->hours.calendar);
    for (size_t i = 0; i < network->organisation_count; i++)
        hours_lines(table, network->organisations[i].name,
                    &network->organisations[i].hours.calendar);
    show_table_end(table);
}

/* ---- JSON ---- */

static json_t *opening_json(const struct calendar *calendar) {
    json_t *array = json_array();
    char *text = opening_text(calendar), *rest = NULL;

    for (const char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(array, json_string(line));
    free(text);
    return array;
}

static json_t *closed_json(const struct calendar *calendar) {
    json_t *array = json_array();
    char text[NETWORK_CLOSURE_TEXT_SIZE];

    for (size_t i = 0; i < calendar->closure_count; i++) {
        closure_text(&calendar->closures[i], text);
        json_array_append_new(array, json_string(text));
    }
    return array;
}

json_t *network_hours_json(const struct calendar *calendar) {
    return json_pack("{s:o, s:s, s:o}", "opening", opening_json(calendar), "holidays",
                     holidays_text(calendar), "closed", closed_json(calendar));
}
