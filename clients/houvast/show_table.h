/* Tables for people, through libsmartcols; out of memory ends the program. */
#ifndef HOUVAST_SHOW_TABLE_H
#define HOUVAST_SHOW_TABLE_H

#include <libsmartcols/libsmartcols.h>

struct libscols_table *show_table_new(void);
/* `flags` are SCOLS_FL_… of libsmartcols. */
void show_table_column(struct libscols_table *table, const char *name, int flags);
struct libscols_line *show_table_line(struct libscols_table *table);
/* The text is copied. */
void show_table_set(struct libscols_line *line, size_t column, const char *text);
/* Prints and frees. */
void show_table_end(struct libscols_table *table);

#endif
