/* Any value of the wire as text for people, from the field lists. */
#include "clients/houvast/describe.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

FILE *describe_begin(char **text, size_t *size) {
    FILE *out = open_memstream(text, size);
    if (!out) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
    return out;
}

char *describe_done(FILE *out, char **text) {
    if (fclose(out) != 0 || !*text) {
        tool_say("out of memory");
        exit(TOOL_INTERNAL);
    }
    return *text;
}

bool describe_present(const struct wire_field *field, const void *value) {
    bool present = true;
    if (!field->required)
        memcpy(&present, (const char *)value + field->has_offset, sizeof present);
    return present;
}

const void *describe_at(const struct wire_field *field, const void *value) {
    return (const char *)value + field->offset;
}

static void describe_integer(FILE *out, const void *at) {
    int64_t number;
    memcpy(&number, at, sizeof number);
    fprintf(out, "%" PRId64, number);
}

static void describe_time(FILE *out, const void *at) {
    hv_time at_ms;
    char text[WHEN_TEXT_SIZE];
    memcpy(&at_ms, at, sizeof at_ms);
    when_text(at_ms, text);
    fputs(text, out);
}

static void describe_word(FILE *out, const struct wire_vocabulary *vocabulary, const void *at) {
    unsigned number; /* as wide as an enum of the wire */
    memcpy(&number, at, sizeof number);
    const char *text = wire_word_text(vocabulary, (int)number);
    fputs(text ? text : "?", out);
}

static void describe_bytes(FILE *out, const void *at, size_t size) {
    char hex[2 * 64 + 1];
    assert(size <= 64);
    fputs(sodium_bin2hex(hex, sizeof hex, at, size), out);
}

/* A page of digits helps nobody: --json has them. */
static void describe_blob(FILE *out, const void *at) {
    size_t size; /* stands first, see wire_blob */
    memcpy(&size, at, sizeof size);
    fprintf(out, "of %zu bytes", size);
}

/* Of what is short, the values alone: kcc:jan. */
static void describe_within(FILE *out, const struct wire_struct *type, const void *value,
                            const char *between) {
    bool first = true;
    for (size_t i = 0; i < type->count; i++) {
        if (describe_present(&type->fields[i], value)) {
            fputs(first ? "" : between, out);
            describe_value(out, &type->fields[i], value);
            first = false;
        }
    }
}

struct list_view {
    size_t count;
    const void *items;
};

static void describe_list(FILE *out, const struct wire_field *field, const void *at) {
    struct list_view list;
    memcpy(&list, at, sizeof list);
    for (size_t i = 0; i < list.count; i++) {
        fputs(i ? ", " : "", out);
        if (field->kind == WIRE_CODES) {
            fputs(((const struct hv_code *)list.items)[i].text, out);
        } else if (field->kind == WIRE_COUNTERS) {
            const struct hv_counter *counter = &((const struct hv_counter *)list.items)[i];
            fprintf(out, "%s %" PRId64, counter->name, counter->value);
        } else {
            describe_within(out, field->nested, (const char *)list.items + i * field->nested->size,
                            ":");
        }
    }
}

void describe_value(FILE *out, const struct wire_field *field, const void *value) {
    const void *at = describe_at(field, value);
    char uuid[WIRE_UUID_TEXT_SIZE];
    const char *text;
    bool yes;
    switch (field->kind) {
    case WIRE_REQUEST:
    case WIRE_ORGANISATION:
    case WIRE_CODE:
    case WIRE_PERSON:
    case WIRE_RESIDENT:
        fputs(at, out);
        return;
    case WIRE_TEXT:
        memcpy(&text, at, sizeof text);
        fputs(text, out);
        return;
    case WIRE_UUID:
        wire_uuid_text(at, uuid);
        fputs(uuid, out);
        return;
    case WIRE_TIME:
        describe_time(out, at);
        return;
    case WIRE_INTEGER:
        describe_integer(out, at);
        return;
    case WIRE_BOOLEAN:
        memcpy(&yes, at, sizeof yes);
        fputs(yes ? "yes" : "no", out);
        return;
    case WIRE_VOCABULARY:
        describe_word(out, field->vocabulary, at);
        return;
    case WIRE_BYTES:
        describe_bytes(out, at, (size_t)field->most);
        return;
    case WIRE_BLOB:
        describe_blob(out, at);
        return;
    case WIRE_MAP:
    case WIRE_EMBED:
        describe_within(out, field->nested, at, " ");
        return;
    case WIRE_LIST:
    case WIRE_CODES:
    case WIRE_COUNTERS:
        describe_list(out, field, at);
        return;
    }
}

static bool is_named(const char *const *names, const char *name) {
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

void describe_struct(FILE *out, const struct wire_struct *type, const void *value,
                     const char *const *leave_out) {
    bool first = true;
    for (size_t i = 0; i < type->count; i++) {
        const struct wire_field *field = &type->fields[i];
        if (is_named(leave_out, field->name) || !describe_present(field, value))
            continue;
        fprintf(out, "%s%s ", first ? "" : "; ", field->name);
        describe_value(out, field, value);
        first = false;
    }
}

/* False for a reason that this tool does not know. */
static bool describe_suspected(FILE *out, const struct hv_event *event) {
    if (!event->has_about || !event->has_reason || !event->has_count)
        return false;
    if (strcmp(event->reason, "over-rate") == 0) {
        fprintf(out,
                "a key of %s may be stolen: for half a minute it has asked more than the "
                "%" PRId64 " commands per second that it may",
                event->about, event->count);
    } else if (strcmp(event->reason, "many-endings") == 0) {
        fprintf(out,
                "a key of %s may be stolen: it has confirmed or closed %" PRId64
                " journeys within a minute",
                event->about, event->count);
    } else {
        return false;
    }
    fputs("; ask them by telephone, and the broker's operators to take the key off the map", out);
    return true;
}

void describe_event(FILE *out, const struct hv_event *event, const char *const *leave_out) {
    if (event->event != HV_EVENT_SUSPECTED || !describe_suspected(out, event))
        describe_struct(out, &wire_struct_event, event, leave_out);
}
