/* What the tool prints on standard output for people about many things: tables. */
#include "clients/houvast/show_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

/* ---- Through libsmartcols ---- */

static void *memory_or_exit(void *memory) {
    if (!memory) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
    return memory;
}

struct libscols_table *show_table_new(void) {
    return memory_or_exit(scols_new_table());
}

void show_table_column(struct libscols_table *table, const char *name, int flags) {
    memory_or_exit(scols_table_new_column(table, name, 0, flags));
}

struct libscols_line *show_table_line(struct libscols_table *table) {
    return memory_or_exit(scols_table_new_line(table, NULL));
}

void show_table_set(struct libscols_line *line, size_t column, const char *text) {
    if (scols_line_set_data(line, column, text) != 0)
        memory_or_exit(NULL);
}

void show_table_end(struct libscols_table *table) {
    scols_print_table(table);
    scols_unref_table(table);
}

static void set_time(struct libscols_line *line, size_t column, hv_time at_ms) {
    char text[WHEN_TEXT_SIZE];
    when_text(at_ms, text);
    show_table_set(line, column, text);
}

/* ---- The social map ---- */

static void map_line(struct libscols_table *table, const struct hv_organisation *organisation) {
    struct libscols_line *line = show_table_line(table);
    show_table_set(line, 0, organisation->organisation);
    show_table_set(line, 1, organisation->display_name);
    show_table_set(line, 2, organisation->telephone);
    if (organisation->has_telephone_out_of_hours)
        show_table_set(line, 3, organisation->telephone_out_of_hours);
    if (organisation->sealing_keys.count)
        set_time(line, 4, organisation->sealing_keys.items[0].until);
    else
        show_table_set(line, 4, "no: takes no dossiers");
    if (organisation->has_leaving && organisation->leaving)
        show_table_set(line, 5, "leaving: takes no new offers");
}

static void receipt_keys_show(const struct hv_done *done) {
    for (size_t i = 0; done->has_receipt_keys && i < done->receipt_keys.count; i++) {
        const struct hv_receipt_key *key = &done->receipt_keys.items[i];
        char text[HV_KEY_TEXT_SIZE], from[WHEN_TEXT_SIZE], until[WHEN_TEXT_SIZE];
        hv_key_text(key->key, text);
        printf("%sReceipts are checked with %s", i == 0 ? "\n" : "", text);
        if (key->has_from && key->has_until) {
            when_text(key->from, from);
            when_text(key->until, until);
            printf(", from %s until %s", from, until);
        }
        puts(".");
    }
}

void show_map(const struct hv_done *done) {
    struct libscols_table *table = show_table_new();
    show_table_column(table, "ORGANISATION", 0);
    show_table_column(table, "NAME", 0);
    show_table_column(table, "TELEPHONE", 0);
    show_table_column(table, "OUT OF HOURS", 0);
    show_table_column(table, "SEALING KEY UNTIL", 0);
    show_table_column(table, "", 0);
    for (size_t i = 0; done->has_organisations && i < done->organisations.count; i++)
        map_line(table, &done->organisations.items[i]);
    show_table_end(table);
    receipt_keys_show(done);
}
