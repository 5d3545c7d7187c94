/* The INI form of our files, read through inih by a reader that counts lines. */
#include "broker/network_ini.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#define HEADER_SIZE 128

struct reading {
    const char *name;
    const char *rest; /* what has not been handed to inih yet */
    size_t rest_size;
    unsigned line;           /* of the line handed out last */
    char kind[HEADER_SIZE];  /* of the header above it */
    char label[HEADER_SIZE]; /* "" where it has none */
    int result;              /* 0 until the first mistake */
    network_ini_take *take;
    void *context;
    struct failure *failure;
};

/* The blanks at the start of a line that has something after them. */
static bool is_indented(const char *line, size_t size) {
    size_t at = 0;

    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return at > 0 && at < size && line[at] != '\n';
}

static int wrong(struct reading *reading, const char *sentence) {
    reading->result =
        failure_set(reading->failure, -EINVAL, "%s:%u: %s", reading->name, reading->line, sentence);
    return reading->result;
}

/* ---- What the bytes may be ---- */

static int line_bytes_check(struct reading *reading, const char *line, size_t size,
                            size_t size_max) {
    if (memchr(line, '\0', size))
        return wrong(reading, "has a NUL byte; this is no text file, write it anew");
    if (memchr(line, '\r', size))
        return wrong(reading, "has a carriage return; save the file with LF line ends (dos2unix)");
    if (u8_check((const uint8_t *)line, size))
        return wrong(reading, "is not UTF-8; save the file as UTF-8");
    if (size > size_max) {
        reading->result = failure_set(
            reading->failure, -EINVAL,
            "%s:%u: is longer than the %zu bytes that a line may have; shorten it, or spread it "
            "over drop-ins",
            reading->name, reading->line, size_max - 1);
        return reading->result;
    }
    if (is_indented(line, size))
        return wrong(reading, "begins with a blank; begin the line with its key, a value has one "
                              "line");
    return 0;
}

/* ---- Headers ---- */

/* inih cuts long headers and is silent about empty sections, so headers are read here. */
static int header_parse(struct reading *reading, char *header) {
    static const char form[] =
        "is not a section; write [kind] or [kind label] on a line of its own";
    char *end = strchr(header, ']');

    if (!end || strlen(header) >= HEADER_SIZE)
        return wrong(reading, form);
    size_t after = strspn(end + 1, " \t\n");
    if (end[1 + after] != '\0' && (after == 0 || end[1 + after] != ';'))
        return wrong(reading, form);
    *end = '\0';
    char *rest = NULL;
    const char *kind = strtok_r(header + 1, " \t", &rest);
    const char *label = strtok_r(NULL, " \t", &rest);
    if (!kind || strtok_r(NULL, " \t", &rest))
        return wrong(reading, form);
    strcpy(reading->kind, kind);
    strcpy(reading->label, label ? label : "");
    return 0;
}

static int header_take(struct reading *reading, const char *line, size_t size) {
    char header[HEADER_SIZE];

    if (size >= sizeof header)
        return wrong(reading, "is too long for the name of a section; shorten the label");
    memcpy(header, line, size);
    header[size] = '\0';
    if (header_parse(reading, header) < 0)
        return reading->result;
    const struct network_ini_line taken = {
        .line = reading->line, .kind = reading->kind, .label = reading->label};
    reading->result = reading->take(reading->context, &taken, reading->failure);
    return reading->result;
}

/* ---- inih's two callbacks ---- */

/* As fgets. NULL ends inih's reading, also at the first mistake. */
static char *line_read(char *buffer, int buffer_size, void *stream) {
    struct reading *reading = stream;

    if (reading->result < 0 || reading->rest_size == 0)
        return NULL;
    const char *line = reading->rest;
    const char *end = memchr(line, '\n', reading->rest_size);
    size_t size = end ? (size_t)(end - line) + 1 : reading->rest_size;
    size_t size_max = (size_t)buffer_size - 1;
    reading->line++;
    reading->rest += size;
    reading->rest_size -= size;

    if (line_bytes_check(reading, line, size, size_max) < 0)
        return NULL;
    if (line[0] == '[' && header_take(reading, line, size) < 0)
        return NULL;
    memcpy(buffer, line, size);
    buffer[size] = '\0';
    return buffer;
}

/* Non-zero is success to inih. */
static int assignment_take(void *user, const char *section, const char *key, const char *value) {
    struct reading *reading = user;
    const struct network_ini_line taken = {.line = reading->line,
                                           .kind = reading->kind,
                                           .label = reading->label,
                                           .key = key,
                                           .value = value};

    (void)section; /* cut at 49 bytes; ours is whole */
    if (reading->result < 0)
        return 0;
    reading->result = reading->take(reading->context, &taken, reading->failure);
    return reading->result == 0;
}

int network_ini_read(const char *name, const char *text, size_t size, network_ini_take *take,
                     void *context, struct failure *ret_failure) {
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct reading reading = {.name = name,
                              .rest = text,
                              .rest_size = size,
                              .take = take,
                              .context = context,
                              .failure = ret_failure};

    assert(size < INT_MAX);
    if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        reading.rest += 3;
        reading.rest_size -= 3;
    }
    int at = ini_parse_stream(line_read, &reading, assignment_take, &reading);
    /* inih goes on after a line that it does not understand, and says which was the first. */
    if (at > 0 && (reading.result == 0 || (unsigned)at < reading.line)) {
        reading.line = (unsigned)at;
        return wrong(&reading, "is neither a section, a comment nor `key = value`; write it so");
    }
    if (at == -2)
        return failure_set(ret_failure, -ENOMEM, "%s: out of memory", name);
    return reading.result;
}
