/* Steps: read and taken. */
#include "step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/request.h"

const char *const step_frames[FRAMES_BROKEN + 1] = {"plain", "sealed", "strange", "short",
                                                    "large", "many",   "broken"};

/* ---- Words of a line ---- */

struct line {
    struct town *town;
    char *rest;
    const char *where; /* what makes no sense */
};

static const char *next(struct line *line) {
    return strtok_r(NULL, " ", &line->rest);
}

static int64_t next_number(struct line *line) {
    const char *word = next(line);

    if (!word)
        line->where = "a number is missing";
    return word ? strtoll(word, NULL, 10) : 0;
}

static int64_t next_ms(struct line *line) {
    const char *word = next(line);

    if (!word)
        line->where = "a time is missing";
    return word ? words_to_ms(word) : 0;
}

static struct peer *peer_named(struct town *town, const char *word) {
    char name[64];

    (void)snprintf(name, sizeof name, "%s", word ? word : "");
    char *slash = strchr(name, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return town_peer(town, name, slash + 1);
}

static struct peer *next_peer(struct line *line) {
    struct peer *peer = peer_named(line->town, next(line));

    if (!peer)
        line->where = "there is no such peer";
    return peer;
}

static int next_of(struct line *line, const char *const *names, int count) {
    const char *word = next(line);

    for (int i = 0; word && i < count; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    line->where = "a word is none of those that can stand there";
    return 0;
}

/* ---- say ---- */

struct options {
    bool and, twice, late, lost, bare;
    enum town_frames frames;
};

static bool option_take(struct options *options, const char *word) {
    const struct {
        const char *name;
        bool *is;
    } names[] = {{"and", &options->and },
                 {"twice", &options->twice},
                 {"late", &options->late},
                 {"lost", &options->lost},
                 {"bare", &options->bare}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, word) == 0)
            return *names[i].is = true;
    for (int i = 0; i <= FRAMES_BROKEN; i++)
        if (strcmp(step_frames[i], word) == 0) {
            options->frames = (enum town_frames)i;
            return true;
        }
    return false;
}

/* Up to the colon, which is the end of a word. */
static struct peer *options_take(struct line *line, struct options *ret_options) {
    struct peer *peer = NULL;
    bool more = true;

    *ret_options = (struct options){.frames = FRAMES_PLAIN};
    while (more) {
        char *word = strtok_r(NULL, " ", &line->rest);
        if (!word || !*word) {
            line->where = "there is no colon before the message";
            return NULL;
        }
        const size_t size = strlen(word);
        more = word[size - 1] != ':';
        if (!more)
            word[size - 1] = '\0';
        if (!peer)
            peer = peer_named(line->town, word);
        else if (!option_take(ret_options, word))
            line->where = "there is no such option";
        if (!peer) {
            line->where = "there is no such peer";
            return NULL;
        }
    }
    return peer;
}

static void say(struct line *line, struct peer *peer, const struct options *options,
                const struct hv_message *message) {
    struct town *town = line->town;
    const size_t before = town->batch_count;

    if (!options->bare && message->type != HV_MESSAGE_hello)
        town_greet(town, peer);
    if (message->type == HV_MESSAGE_hello)
        peer->greeted = true;
    peer->loses = options->lost;
    town_say(town, peer, message, options->frames, options->late);
    if (options->twice && town->batch_count > before) {
        town_double(town);
        mark_fault(FAULT_DOUBLED);
    }
    if (!options->and)
        town_turn(town);
}

static void take_say(struct line *line) {
    struct options options;
    struct hv_message message;
    struct peer *peer = options_take(line, &options);
    msgpack_zone zone;

    if (!peer || line->where)
        return;
    if (!msgpack_zone_init(&zone, 1024))
        abort();
    if (!words_to_message(line->rest, town_now_ms(line->town), heard_request(&line->town->heard),
                          &zone, &message))
        line->where = "the message makes no sense";
    else if (wire_message_check(&message, NULL) == 0)
        say(line, peer, &options, &message);
    msgpack_zone_destroy(&zone);
}

/* ---- Items ---- */

static void say_ack(struct town *town, struct peer *peer, int64_t item) {
    struct hv_message message = {.type = HV_MESSAGE_ack};

    message.ack.has_request = true;
    memcpy(message.ack.request, heard_request(&town->heard),
           strlen(heard_request(&town->heard)) + 1);
    message.ack.item = item;
    town_say(town, peer, &message, FRAMES_PLAIN, false);
}

/* The oldest that it knows first. */
static void take_ack(struct line *line) {
    struct peer *peer = next_peer(line);
    const size_t wanted = (size_t)next_number(line);

    if (!peer)
        return;
    town_greet(line->town, peer);
    const size_t count = wanted < peer->item_count ? wanted : peer->item_count;
    for (size_t i = 0; i < count; i++)
        say_ack(line->town, peer, peer->items[i]);
    if (peer->connection != CONNECTION_GONE) {
        peer->item_count -= count;
        memmove(peer->items, peer->items + count, peer->item_count * sizeof *peer->items);
    }
    town_turn(line->town);
}

static void take_nack(struct line *line) {
    struct peer *peer = next_peer(line);
    const int64_t after = next_ms(line);
    struct hv_message message = {.type = HV_MESSAGE_nack};

    if (!peer || peer->item_count == 0 || after < 0 || after > 3600000)
        return;
    town_greet(line->town, peer);
    message.nack.item = peer->items[0];
    message.nack.after = after;
    town_say(line->town, peer, &message, FRAMES_PLAIN, false);
    town_turn(line->town);
}

/* ---- Time ---- */

#define WEEK_MS INT64_C(604800000)

static void take_pass(struct line *line) {
    const char *word = next(line);
    int64_t ms =
        word && strcmp(word, "due") != 0 ? words_to_ms(word) : broker_wait_ms(line->town->broker);

    if (ms < 0 || ms > 52 * WEEK_MS)
        ms = WEEK_MS;
    if (ms >= WEEK_MS / 7)
        mark_fault(FAULT_ASLEEP);
    town_pass(line->town, ms, 0);
}

static void take_wall(struct line *line) {
    const int64_t ms = next_ms(line);

    mark_fault(ms < 0 ? FAULT_WALL_BACK : FAULT_WALL_FORWARD);
    town_pass(line->town, 0, ms);
}

static void take_synchronised(struct line *line) {
    const char *word = next(line);

    line->town->fake.synchronised = word && strcmp(word, "yes") == 0;
}

static void take_boot(struct line *line) {
    town_boot(line->town, next_ms(line));
}

/* ---- Connections ---- */

static void take_everybody(struct line *line) {
    for (size_t i = 0; i < TOWN_PEERS; i++)
        town_greet(line->town, &line->town->peers[i]);
    town_turn(line->town);
}

static void take_connect(struct line *line) {
    struct peer *peer = next_peer(line);

    if (peer)
        town_connect(line->town, peer);
}

static void take_full(struct line *line) {
    struct peer *peer = next_peer(line);

    if (peer)
        peer->connection = CONNECTION_FULL;
}

static void take_reads(struct line *line) {
    struct peer *peer = next_peer(line);

    if (peer && peer->connection == CONNECTION_FULL)
        peer->connection = CONNECTION_GOOD;
}

static void take_gone(struct line *line) {
    struct peer *peer = next_peer(line);

    if (peer)
        peer->connection = CONNECTION_GONE;
}

/* ---- The network, the process, the disk ---- */

static void take_network(struct line *line) {
    networks_choose((enum simulated_network)next_of(line, networks_names, NETWORKS));
}

static void take_reload(struct line *line) {
    town_reload(line->town);
}

static void take_restart(struct line *line) {
    town_restart(line->town);
}

static void take_kill(struct line *line) {
    const enum disk_loss loss = (enum disk_loss)next_of(line, disk_loss_names, DISK_LOSSES);

    town_kill(line->town, loss, (uint64_t)next_number(line));
}

static void take_crash(struct line *line) {
    const unsigned operations = (unsigned)next_number(line);
    const enum disk_loss loss = (enum disk_loss)next_of(line, disk_loss_names, DISK_LOSSES);

    town_trouble(line->town, DISK_DIES, operations, loss, (uint64_t)next_number(line));
}

static void take_fail(struct line *line) {
    static const char *const kinds[] = {"write", "read"};
    const int kind = next_of(line, kinds, 2);

    town_trouble(line->town, kind == 0 ? DISK_WRITE_FAILS : DISK_READ_FAILS,
                 (unsigned)next_number(line), DISK_KEEPS, 0);
}

static void take_room(struct line *line) {
    const char *word = next(line);

    disk_room(word && strcmp(word, "all") != 0 ? strtoll(word, NULL, 10) : -1);
    town_turn(line->town);
}

static void take_turn(struct line *line) {
    town_turn(line->town);
}

static void take_arrive(struct line *line) {
    town_arrive(line->town, (size_t)next_number(line));
    town_turn(line->town);
}

static void take_audit(struct line *line) {
    town_audit(line->town);
}

/* ---- All ---- */

static const struct {
    const char *name;
    void (*take)(struct line *);
} steps[] = {
    {"say", take_say},         {"arrive", take_arrive},
    {"ack", take_ack},         {"nack", take_nack},
    {"turn", take_turn},       {"pass", take_pass},
    {"wall", take_wall},       {"synchronised", take_synchronised},
    {"boot", take_boot},       {"everybody", take_everybody},
    {"connect", take_connect}, {"full", take_full},
    {"gone", take_gone},       {"network", take_network},
    {"reload", take_reload},   {"restart", take_restart},
    {"kill", take_kill},       {"crash", take_crash},
    {"fail", take_fail},       {"room", take_room},
    {"reads", take_reads},     {"audit", take_audit},
};

bool step_take(struct town *town, const char *text, const char **ret_where) {
    struct line line = {.town = town};
    char copy[STEP_SIZE];

    (void)snprintf(copy, sizeof copy, "%s", text);
    copy[strcspn(copy, "\n")] = '\0';
    const char *word = strtok_r(copy, " ", &line.rest);
    if (!word || *word == '#')
        return true;
    line.where = "there is no such step";
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].name, word) == 0) {
            line.where = NULL;
            steps[i].take(&line);
        }
    *ret_where = line.where;
    return !line.where;
}
