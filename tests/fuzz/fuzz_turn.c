/* Fuzzes whole turns: the bytes steer authenticated peers, their connections, the clocks, the
 * network's files and restarts, and say frames that are free in form or nearly right. Every answer
 * is held to what was promised before, and the ledger to all guarantees in the end.
 *
 * An input is a row of steps, a byte each with what it needs behind it; see `steps`. */
#include <string.h>

#include "city.h"
#include "feed.h"
#include "grammar.h"

#define STEPS_MAX  200
#define BEFORE_MAX 16

struct before {
    struct peer *peer;
    enum hv_message_type type;
    size_t feed_at; /* where in the input its choices stand */
};

struct run {
    struct city *city;
    struct feed *feed;
    struct before before[BEFORE_MAX]; /* messages said, to be said again */
    size_t before_count;
};

static struct peer *peer_chosen(struct run *run) {
    return &run->city->peers[feed_below(run->feed, CITY_PEERS)];
}

/* ---- Frames ---- */

/* The oldest item that was sent to the peer's inbox and that nobody acknowledged. */
static int64_t item_of(const struct promises *promises, const struct peer *peer) {
    for (size_t i = 0; i < promises->owed_count; i++) {
        const struct owed *owed = &promises->owed[i];
        if (!owed->acknowledged && owed->role == peer->role &&
            strcmp(owed->organisation, peer->organisation) == 0)
            return owed->item;
    }
    return 0;
}

enum frames {
    FRAMES_ONE,
    FRAMES_SEALED,  /* a dossier sealed for the receiver */
    FRAMES_STRANGE, /* a dossier sealed for nobody */
    FRAMES_SHORT,
    FRAMES_LARGE,
    FRAMES_MANY,
    FRAMES_BROKEN, /* one frame, with a byte changed */
    FRAMES_COUNT,
};

static size_t dossier_make(const struct run *run, const struct hv_message *message,
                           enum frames frames, uint8_t *ret_dossier, size_t size) {
    const char *to = message->type == HV_MESSAGE_offer ? message->offer.to : "werkse";
    const struct network_organisation *receiver =
        network_organisation(broker_network(run->city->broker), to);

    memset(ret_dossier, 7, size);
    if (receiver && receiver->sealing_key_count > 0 && frames != FRAMES_STRANGE)
        memcpy(ret_dossier, receiver->sealing_keys[0].id, 8);
    return frames == FRAMES_SHORT ? 7 : frames == FRAMES_LARGE ? size : 40;
}

static void say_broken(struct run *run, const struct peer *peer, const struct hv_message *message) {
    msgpack_sbuffer buffer;

    msgpack_sbuffer_init(&buffer);
    if (wire_encode(message, &buffer) < 0)
        fuzz_fail("out of memory");
    buffer.data[feed_byte(run->feed) * buffer.size / 256] = (char)feed_byte(run->feed);
    city_say(run->city, peer, 1, buffer.data, buffer.size, NULL, 0);
    msgpack_sbuffer_destroy(&buffer);
}

static void say_framed(struct run *run, const struct peer *peer, const struct hv_message *message,
                       enum frames frames) {
    static uint8_t dossier[4096];

    if (frames == FRAMES_BROKEN) {
        say_broken(run, peer, message);
    } else if (frames == FRAMES_ONE) {
        city_say_message(run->city, peer, message, 1, NULL, 0);
    } else {
        const size_t size = dossier_make(run, message, frames, dossier, sizeof dossier);
        city_say_message(run->city, peer, message, frames == FRAMES_MANY ? 3 : 2, dossier, size);
    }
}

/* Which message, how it is framed, and the choices of the grammar. */
static void say(struct run *run, struct peer *peer, enum hv_message_type type) {
    struct city *city = run->city;
    const enum frames frames = (enum frames)feed_below(run->feed, FRAMES_COUNT);
    struct hv_message message;
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, 1024))
        fuzz_fail("out of memory");
    struct grammar grammar = {.feed = run->feed,
                              .zone = &zone,
                              .now_ms = city->fake.wall_ms,
                              .role = peer->role,
                              .instance = peer->instance,
                              .item = item_of(&city->promises, peer)};
    grammar.request = promises_request(&city->promises);
    if (grammar_message(&grammar, type, &message))
        say_framed(run, peer, &message, frames);
    msgpack_zone_destroy(&zone);
}

/* ---- Steps ---- */

/* Thirty-two choices however many messages there are, so that a new one leaves most of what is kept
 * as it was. */
static enum hv_message_type type_chosen(struct run *run) {
    const size_t type = HV_MESSAGE_none + 1 + feed_below(run->feed, 32);

    return type < HV_MESSAGE_welcome ? (enum hv_message_type)type : HV_MESSAGE_ping;
}

static void step_say(struct run *run) {
    struct peer *peer = peer_chosen(run);
    const enum hv_message_type type = type_chosen(run);
    struct before *before = &run->before[run->before_count++ % BEFORE_MAX];

    *before = (struct before){.peer = peer, .type = type, .feed_at = run->feed->at};
    say(run, peer, type);
}

static void step_say_and_turn(struct run *run) {
    step_say(run);
    city_turn(run->city);
}

/* The same choices once more: the same content where nothing in it depends on the clock. */
static void step_again(struct run *run) {
    const size_t known = run->before_count < BEFORE_MAX ? run->before_count : BEFORE_MAX;
    const size_t at = run->feed->at;

    if (known == 0)
        return;
    const struct before *before = &run->before[feed_below(run->feed, known)];
    run->feed->at = before->feed_at;
    say(run, before->peer, before->type);
    run->feed->at = at + 1 < run->feed->size ? at + 1 : run->feed->size;
}

static void step_raw(struct run *run) {
    const struct peer *peer = peer_chosen(run);
    const uint8_t *bytes = NULL;
    const size_t size = feed_take(run->feed, feed_byte(run->feed), &bytes);

    city_say(run->city, peer, 1, bytes, size, NULL, 0);
}

static void step_turn(struct run *run) {
    city_turn(run->city);
}

static void step_acknowledge(struct run *run) {
    struct peer *peer = peer_chosen(run);
    const size_t most = 1 + feed_below(run->feed, 8);

    for (size_t i = 0; i < most && (i == 0 || item_of(&run->city->promises, peer) != 0); i++) {
        struct hv_message message = {.type = HV_MESSAGE_ack};
        const char *request = promises_request(&run->city->promises);
        message.ack.has_request = true;
        memcpy(message.ack.request, request, strlen(request) + 1);
        message.ack.item = item_of(&run->city->promises, peer);
        city_say_message(run->city, peer, &message, 1, NULL, 0);
        city_turn(run->city);
    }
}

static const int64_t passes_ms[] = {1,      1000,    20000,    61000,
                                    600001, 3600001, 86400001, INT64_C(7) * 86400001};

static void step_pass(struct run *run) {
    fake_world_pass(&run->city->fake, passes_ms[feed_below(run->feed, 8)]);
    city_turn(run->city);
}

/* The wall clock alone steps, forth or back. */
static void step_clock(struct run *run) {
    const size_t choice = feed_below(run->feed, 16);

    run->city->fake.wall_ms += choice % 2 == 0 ? passes_ms[choice / 2] : -passes_ms[choice / 2];
    city_turn(run->city);
}

static void step_connection(struct run *run) {
    struct peer *peer = peer_chosen(run);
    const size_t choice = feed_below(run->feed, 4);

    if (choice == 3)
        city_connect(run->city, peer);
    else
        peer->connection = (enum connection)choice;
}

static void step_restart(struct run *run) {
    city_restart(run->city);
}

static void step_network(struct run *run) {
    const size_t choice = feed_below(run->feed, 2 * CITY_NETWORKS);

    city_network(choice % CITY_NETWORKS);
    if (choice < CITY_NETWORKS)
        city_reload(run->city);
}

/* What is added comes last, and there are sixteen choices: so that inputs keep their meaning. */
static void (*const steps[16])(struct run *) = {
    step_say_and_turn, step_say,   step_turn,       step_acknowledge, step_again,   step_raw,
    step_pass,         step_clock, step_connection, step_restart,     step_network, step_turn,
    step_turn,         step_turn,  step_turn,       step_turn,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct feed feed = {.bytes = bytes, .size = size};
    struct run run = {.city = city_new(), .feed = &feed};

    for (size_t i = 0; i < STEPS_MAX && !feed_is_empty(&feed); i++)
        steps[feed_below(&feed, 16)](&run);
    city_turn(run.city);
    city_free(run.city);
    return 0;
}
