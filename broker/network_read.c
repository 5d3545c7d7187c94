/* The network's files as sections and settings, drop-ins laid over their file. */
#include "broker/network_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/network_ini.h"
#include "broker/network_rules.h"

/* ---- Failures ---- */

int network_wrong(const struct network_reading *reading, struct network_place place,
                  const char *format, ...) {
    char sentence[FAILURE_SIZE];
    char line[16] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (place.line > 0)
        snprintf(line, sizeof line, ":%u", place.line);
    return failure_set(reading->failure, -EINVAL, "%s%s%s: %s", reading->directory, place.path,
                       line, sentence);
}

int network_out_of_memory(const struct network_reading *reading) {
    return failure_set(reading->failure, -ENOMEM, "%s: out of memory while reading the network",
                       *reading->directory ? reading->directory : "network");
}

/* ---- Sections ---- */

static void settings_free(struct network_setting *settings) {
    struct network_setting *setting, *next;

    LL_FOREACH_SAFE(settings, setting, next) {
        free(setting->key);
        free(setting->value);
        free(setting);
    }
}

void network_sections_free(struct network_section *sections) {
    struct network_section *section, *next;

    LL_FOREACH_SAFE(sections, section, next) {
        settings_free(section->settings);
        free(section->kind);
        free(section->label);
        free(section);
    }
}

static struct network_section *section_find(struct network_section *sections, const char *kind,
                                            const char *label) {
    struct network_section *section;

    LL_FOREACH(sections, section) {
        if (strcmp(section->kind, kind) == 0 && strcmp(section->label, label) == 0)
            return section;
    }
    return NULL;
}

static struct network_setting *assignment_find(const struct network_section *section,
                                               const char *key) {
    struct network_setting *setting;

    LL_FOREACH(section->settings, setting) {
        if (strcmp(setting->key, key) == 0)
            return setting;
    }
    return NULL;
}

/* The first from there on that has a value. */
static const struct network_setting *value_find(const struct network_setting *settings,
                                                const char *key) {
    const struct network_setting *setting;

    LL_FOREACH(settings, setting) {
        if (strcmp(setting->key, key) == 0 && *setting->value)
            return setting;
    }
    return NULL;
}

const struct network_setting *network_setting_find(const struct network_section *section,
                                                   const char *key) {
    return value_find(section->settings, key);
}

const struct network_setting *network_setting_next(const struct network_setting *setting) {
    return value_find(setting->next, setting->key);
}

bool network_section_is_emptied(const struct network_section *section) {
    const struct network_setting *setting;

    LL_FOREACH(section->settings, setting) {
        if (*setting->value)
            return false;
    }
    return section->settings != NULL;
}

/* ---- Reading ---- */

struct merging {
    const struct network_reading *reading;
    const char *path; /* of the file being read */
    struct network_section *sections;
};

static struct network_place place_of(const struct merging *merging,
                                     const struct network_ini_line *line) {
    return (struct network_place){.path = merging->path, .line = line->line};
}

static int header_take(struct merging *merging, const struct network_ini_line *line) {
    int result = network_rules_know_section(merging->reading, place_of(merging, line), line->kind,
                                            line->label);

    if (result < 0 || section_find(merging->sections, line->kind, line->label))
        return result;
    struct network_section *section = calloc(1, sizeof *section);
    if (!section)
        return network_out_of_memory(merging->reading);
    LL_APPEND(merging->sections, section);
    section->place = place_of(merging, line);
    section->kind = strdup(line->kind);
    section->label = strdup(line->label);
    return section->kind && section->label ? 0 : network_out_of_memory(merging->reading);
}

static int assignment_add(struct merging *merging, struct network_section *section,
                          const struct network_ini_line *line) {
    struct network_setting *setting = calloc(1, sizeof *setting);

    if (!setting)
        return network_out_of_memory(merging->reading);
    LL_APPEND(section->settings, setting);
    setting->place = place_of(merging, line);
    setting->key = strdup(line->key);
    setting->value = strdup(line->value);
    return setting->key && setting->value ? 0 : network_out_of_memory(merging->reading);
}

static int assignment_replace(struct merging *merging, struct network_setting *setting,
                              const struct network_ini_line *line) {
    char *value = strdup(line->value);

    if (!value)
        return network_out_of_memory(merging->reading);
    free(setting->value);
    setting->value = value;
    setting->place = place_of(merging, line);
    return 0;
}

static void assignments_remove(struct network_section *section, const char *key) {
    struct network_setting *setting, *next;

    LL_FOREACH_SAFE(section->settings, setting, next) {
        if (strcmp(setting->key, key) != 0)
            continue;
        LL_DELETE(section->settings, setting);
        setting->next = NULL;
        settings_free(setting);
    }
}

static int assignment_take(struct merging *merging, const struct network_ini_line *line) {
    struct network_section *section = section_find(merging->sections, line->kind, line->label);

    if (!section)
        return network_wrong(merging->reading, place_of(merging, line),
                             "%s stands before the first section; write its [section] above it",
                             line->key);
    int result =
        network_rules_know_key(merging->reading, place_of(merging, line), line->kind, line->key);
    if (result < 0)
        return result;
    /* Paths are borrowed from one array of files, so equal paths are the same pointer. */
    struct network_setting *earlier = assignment_find(section, line->key);
    if (earlier && network_rules_is_list(line->kind, line->key)) {
        if (earlier->place.path != merging->path)
            assignments_remove(section, line->key);
        return assignment_add(merging, section, line);
    }
    if (!earlier)
        return assignment_add(merging, section, line);
    if (earlier->place.path == merging->path)
        return network_wrong(merging->reading, place_of(merging, line),
                             "%s is set twice, first on line %u; keep one of the two", line->key,
                             earlier->place.line);
    return assignment_replace(merging, earlier, line);
}

static int line_take(void *context, const struct network_ini_line *line,
                     struct failure *ret_failure) {
    struct merging *merging = context;

    (void)ret_failure; /* the same as merging->reading->failure */
    return line->key ? assignment_take(merging, line) : header_take(merging, line);
}

static int file_merge(struct merging *merging, const struct network_file *file) {
    char name[FAILURE_SIZE / 2];

    merging->path = file->path;
    snprintf(name, sizeof name, "%s%s", merging->reading->directory, file->path);
    if (file->size > NETWORK_FILE_BYTES_MAX)
        return network_wrong(merging->reading, (struct network_place){.path = file->path},
                             "has more than 1 MiB; a file of the network is a few kilobytes, put "
                             "the right one in its place");
    return network_ini_read(name, file->text, file->size, line_take, merging,
                            merging->reading->failure);
}

int network_sections_read(const struct network_reading *reading, const struct network_file *files,
                          size_t count, struct network_section **ret_sections) {
    struct merging merging = {.reading = reading};
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++)
        result = file_merge(&merging, &files[i]);
    *ret_sections = merging.sections;
    return result;
}
