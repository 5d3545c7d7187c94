/* What was measured: a table for people and JSON for machines. */
#include "tests/bench/report.h"

#include <err.h>
#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

struct report {
    json_t *rows;
    json_t *figures; /* of the present row; borrowed */
};

struct report *report_new(void) {
    struct report *report = calloc(1, sizeof *report);

    if (!report || !(report->rows = json_array()))
        errx(1, "out of memory");
    return report;
}

void report_row(struct report *report, const char *scenario) {
    json_t *row = json_pack("{s:s, s:[]}", "scenario", scenario, "figures");

    json_array_append_new(report->rows, row);
    report->figures = json_object_get(row, "figures");
    fprintf(stderr, "%s\n", scenario); /* that something goes on */
}

void report_figure(struct report *report, const char *name, double value, const char *unit) {
    json_array_append_new(report->figures,
                          json_pack("{s:s, s:f, s:s}", "name", name, "value", value, "unit", unit));
}

/* ---- The table ---- */

static void value_text(double value, char *ret_text, size_t size) {
    snprintf(ret_text, size, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
}

static void line_add(struct libscols_table *table, const char *scenario, json_t *figure) {
    struct libscols_line *line = scols_table_new_line(table, NULL);
    char text[32];

    value_text(json_number_value(json_object_get(figure, "value")), text, sizeof text);
    scols_line_set_data(line, 0, scenario);
    scols_line_set_data(line, 1, json_string_value(json_object_get(figure, "name")));
    scols_line_set_data(line, 2, text);
    scols_line_set_data(line, 3, json_string_value(json_object_get(figure, "unit")));
}

static void table_print(json_t *rows) {
    struct libscols_table *table = scols_new_table();
    size_t i, j;
    json_t *row, *figure;

    if (!table)
        errx(1, "out of memory");
    scols_table_new_column(table, "SCENARIO", 0, 0);
    scols_table_new_column(table, "FIGURE", 0, 0);
    scols_table_new_column(table, "VALUE", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "UNIT", 0, 0);
    json_array_foreach(rows, i, row) {
        const char *scenario = json_string_value(json_object_get(row, "scenario"));
        json_array_foreach(json_object_get(row, "figures"), j, figure)
            line_add(table, j == 0 ? scenario : "", figure);
    }
    scols_print_table(table);
    scols_unref_table(table);
}

void report_end(struct report *report, const char *path) {
    table_print(report->rows);
    if (json_dump_file(report->rows, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0)
        err(1, "%s", path);
    json_decref(report->rows);
    free(report);
}
