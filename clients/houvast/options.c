/* The global options, which stand before the subcommand or after it. */
#include "clients/houvast/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/failure.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"
#include "wire/wire.h"

#define TIMEOUT_LEAST_MS INT64_C(10)
#define TIMEOUT_MOST_MS  INT64_C(86400000)

struct tool_options tool_options;

/* What a broker or a file says is printed as it is, but for what would play with the terminal. */
static void print_careful(const char *text, FILE *out) {
    while (*text) {
        bool shows;
        const size_t size = text_next(text, &shows);
        if (shows)
            fwrite(text, 1, size, out);
        else
            putc('?', out);
        text += size;
    }
}

void tool_say(const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    fputs("houvast: ", stderr);
    print_careful(size < 0 ? "out of memory" : text, stderr);
    putc('\n', stderr);
    if (size >= 0)
        free(text);
}

static error_t options_take(int key, char *value, struct argp_state *state) {
    int64_t ms;
    switch (key) {
    case OPTIONS_CONFIG:
        tool_options.config = value;
        return 0;
    case OPTIONS_ENDPOINT:
        tool_options.endpoint = value;
        return 0;
    case OPTIONS_JSON:
        tool_options.json = true;
        return 0;
    case OPTIONS_ROLE:
        tool_options.role =
            (enum hv_role)wire_word_number(&wire_vocabulary_role, value, strlen(value));
        if (!tool_options.role)
            argp_error(state, "--role %s is no role; say endpoint, coordinator or operator", value);
        return 0;
    case OPTIONS_TIMEOUT:
        if (when_duration(value, TIMEOUT_LEAST_MS, TIMEOUT_MOST_MS, &ms) < 0) {
            argp_error(state,
                       "--timeout %s is not right; it takes seconds, or as 500ms or 2m, from "
                       "10ms to a day",
                       value);
        }
        tool_options.timeout_ms = (int)ms;
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options_list[] = {
    {"config", OPTIONS_CONFIG, "FILE", 0,
     "the client configuration; $HOUVAST_CONFIG where this is absent", 0},
    {"role", OPTIONS_ROLE, "ROLE", 0,
     "endpoint, coordinator or operator, instead of the configuration's", 0},
    {"endpoint", OPTIONS_ENDPOINT, "ENDPOINT", 0,
     "of the broker, ipc://… or tcp://…, instead of the configuration's", 0},
    {"json", OPTIONS_JSON, NULL, 0, "print each answer as one line of JSON", 0},
    {0},
};

static const struct argp_option options_timeout[] = {
    {"timeout", OPTIONS_TIMEOUT, "SECONDS", 0, "how long to wait for an answer; 30 if absent", 0},
    {0},
};

const struct argp options_argp_without_timeout = {.options = options_list, .parser = options_take};
static const struct argp timeout_argp = {.options = options_timeout, .parser = options_take};
static const struct argp_child options_children[] = {{&timeout_argp, 0, NULL, 0}, {0}};

const struct argp options_argp = {
    .options = options_list, .parser = options_take, .children = options_children};
