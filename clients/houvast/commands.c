/* The subcommands: one for each message that a peer sends as a command, and those of the tool's
 * own. */
#include "clients/houvast/commands.h"

#include <stdio.h>
#include <string.h>

#include "clients/houvast/tool.h"

static const struct subcommand own[] = {
    {"listen", "takes items from the inbox and runs a program for each", command_listen, 0},
    {"ping", "says hello to the broker and measures how long that takes", command_ping, 0},
    {"receipt", "checks receipts, and shows what they say", command_receipt, 0},
    {"keygen", "makes keys", command_keygen, 0},
    {"network", "makes, checks and shows a network's files", command_network, 0},
};

/* Messages that keep a session or an inbox going belong to libhouvast and to listen. */
static bool is_command(enum hv_message_type type) {
    return wire_message_by(type) == WIRE_BY_PEER && type != HV_MESSAGE_hello &&
           type != HV_MESSAGE_bye && type != HV_MESSAGE_ack && type != HV_MESSAGE_nack;
}

bool subcommand_at(size_t n, struct subcommand *ret_subcommand) {
    for (int number = HV_MESSAGE_none + 1; number < HV_MESSAGE_TYPES; number++) {
        enum hv_message_type type = (enum hv_message_type)number;
        if (is_command(type) && n-- == 0) {
            const struct wire_struct *message = wire_message_struct(type);
            *ret_subcommand = (struct subcommand){message->name, message->doc, NULL, type};
            return true;
        }
    }
    if (n < sizeof own / sizeof *own) {
        *ret_subcommand = own[n];
        return true;
    }
    return false;
}

bool subcommand_find(const char *name, struct subcommand *ret_subcommand) {
    for (size_t n = 0; subcommand_at(n, ret_subcommand); n++)
        if (strcmp(ret_subcommand->name, name) == 0)
            return true;
    return false;
}

#define NAME_MAX_NEAR 32

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* How many letters must be put in, left out or replaced to make one of the other (Levenshtein). */
static size_t distance(const char *one, const char *other) {
    size_t row[NAME_MAX_NEAR + 1];
    size_t width = strlen(other);
    for (size_t x = 0; x <= width; x++)
        row[x] = x;
    for (size_t y = 0; one[y]; y++) {
        size_t diagonal = row[0];
        row[0] = y + 1;
        for (size_t x = 0; x < width; x++) {
            size_t replaced = diagonal + (one[y] != other[x]);
            diagonal = row[x + 1];
            row[x + 1] = least(replaced, least(row[x], row[x + 1]) + 1);
        }
    }
    return row[width];
}

static bool is_near(const char *name, const char *known) {
    size_t size = strlen(name);
    if (size == 0 || size > NAME_MAX_NEAR || strlen(known) > NAME_MAX_NEAR)
        return false;
    return distance(name, known) <= (size < 5 ? 1u : 2u) ||
           (size >= 3 && strncmp(known, name, size) == 0);
}

void subcommand_near(const char *name, char *ret_names, size_t size) {
    struct subcommand known;
    size_t used = 0;
    ret_names[0] = '\0';
    for (size_t n = 0; subcommand_at(n, &known); n++) {
        if (is_near(name, known.name) && used < size) {
            used += (size_t)snprintf(ret_names + used, size - used, "%s%s", used ? ", " : "",
                                     known.name);
        }
    }
}
