/* What was measured: a table for people and JSON for machines. */
#ifndef HOUVAST_BENCH_REPORT_H
#define HOUVAST_BENCH_REPORT_H

struct report;

struct report *report_new(void);

/* Begins a row; figures are added to it until the next one begins. */
void report_row(struct report *report, const char *scenario);
/* `unit` says what it is: "per s", "µs", "MB". Shown with as many digits as it needs. */
void report_figure(struct report *report, const char *name, double value, const char *unit);

/* Prints the table and writes the JSON file. Frees the report. */
void report_end(struct report *report, const char *path);

#endif
