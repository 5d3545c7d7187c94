/* Writes inputs to begin fuzzing with: messages of every type, the network's files, and days in a
 * broker's life.
 *
 *   BUILD/fuzz-seeds FOLDER      makes FOLDER/decode, FOLDER/network and FOLDER/turn */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "feed.h"
#include "tests/unit/network_samples.h"
#include "tests/unit/wire_samples.h"

static const char *folder;

static FILE *seed_begin(const char *fuzzer, const char *name) {
    char path[4096];

    (void)mkdir(folder, 0755);
    (void)snprintf(path, sizeof path, "%s/%s", folder, fuzzer);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, fuzzer, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        fuzz_fail("%s: cannot be written", path);
    return file;
}

static void seed_write(FILE *file, const void *bytes, size_t size) {
    if (fwrite(bytes, 1, size, file) != size)
        fuzz_fail("a seed cannot be written");
}

static void seed_end(FILE *file) {
    if (fclose(file) != 0)
        fuzz_fail("a seed cannot be written");
}

/* ---- Decode: a byte that says from whom, then a frame ---- */

static void decode_seed(enum hv_message_type type, enum sample_fields fields, const char *manner) {
    const struct wire_struct *message_type = wire_message_struct(type);
    const char whose = wire_message_by(type) == WIRE_BY_BROKER ? 1 : 0;
    struct chance chance = {(uint64_t)type};
    struct hv_message message;
    msgpack_sbuffer buffer;
    msgpack_zone zone;
    char name[128];

    if (!msgpack_zone_init(&zone, 1024))
        fuzz_fail("out of memory");
    msgpack_sbuffer_init(&buffer);
    sample_message(&chance, type, fields, &zone, &message);
    if (wire_encode(&message, &buffer) < 0)
        fuzz_fail("out of memory");
    if (buffer.size < 2048) { /* a small seed is changed in more telling ways */
        (void)snprintf(name, sizeof name, "%s-%s", message_type->name, manner);
        FILE *file = seed_begin("decode", name);
        seed_write(file, &whose, 1);
        seed_write(file, buffer.data, buffer.size);
        seed_end(file);
    }
    msgpack_sbuffer_destroy(&buffer);
    msgpack_zone_destroy(&zone);
}

static void decode_seeds(void) {
    for (int type = HV_MESSAGE_none + 1; type < HV_MESSAGE_TYPES; type++) {
        decode_seed((enum hv_message_type)type, SAMPLE_REQUIRED, "required");
        decode_seed((enum hv_message_type)type, SAMPLE_SOME, "some");
    }
}

/* ---- Network: files, each behind a line with its path, ended by a byte 0 ---- */

static void network_seed(const char *name, const char *path, const char *find, const char *put) {
    struct sample_network sample;

    sample_network_init(&sample);
    if (find)
        sample_network_replace(&sample, path, find, put);
    else if (path)
        sample_network_set(&sample, path, put);
    FILE *file = seed_begin("network", name);
    for (size_t i = 0; i < sample.count; i++) {
        seed_write(file, sample.files[i].path, strlen(sample.files[i].path));
        seed_write(file, "\n", 1);
        seed_write(file, sample.files[i].text, sample.files[i].size);
        seed_write(file, "", 1);
    }
    seed_end(file);
    sample_network_fini(&sample);
}

static void packed_seed(void) {
    struct sample_network sample;
    uint8_t *bytes = NULL;
    size_t size = 0;

    sample_network_init(&sample);
    struct network *network = sample_network_parse(&sample);
    if (network_pack(network, &bytes, &size) < 0)
        fuzz_fail("out of memory");
    FILE *file = seed_begin("network", "packed");
    seed_write(file, bytes, size);
    seed_end(file);
    free(bytes);
    network_free(network);
    sample_network_fini(&sample);
}

static void network_seeds(void) {
    network_seed("sound", NULL, NULL, NULL);
    network_seed("alone", "organisations/werkse.conf", NULL, NULL);
    network_seed("drop-in", "network.conf.d/limits.conf", NULL,
                 "[limits]\nheartbeat = 1m\nredelivery = 2H\nitem_attempts = 3\n"
                 "window_bytes = 2097152\ncommands_per_second = 100\n");
    network_seed("leaving", "organisations/werkse.conf", "telephone_out_of_hours = 112",
                 "leaving = yes");
    network_seed("testing", "network.conf", "environment = production",
                 "environment = test\n[testing]\nday_length = 10s");
    network_seed("twice", "organisations/werkse.conf", KEY_WERKSE_ENDPOINT, KEY_KCC_ENDPOINT);
    network_seed("second-key", "organisations/kcc.conf", "[sealing first]",
                 "[sealing second]\npublic_key = " KEY_SPARE
                 "\nvalid_from = 2027-01-01T00:00:00Z\nvalid_until = 2029-02-28\n[sealing first]");
    network_seed("path", "organisations/\xff.conf", NULL, "");
    network_seed("policies", "network.conf.d/policies.conf", NULL,
                 "[policies]\nwait_max = 90D\ncontest_max = 7D\nclaim_max = 12H\nrestarts_max = 1\n"
                 "check_in_max_days = 28\nquiet_after = 2h\nquiet_after_crisis = 5M\n"
                 "digest_from = 10\n");
    network_seed("ladders", "ladders/own.conf", NULL,
                 "[ladder receipt]\nurgency = crisis\nkind = cold\nfrom = kcc\nto = werkse\n"
                 "step = 8M responsible coordinator@werkse\nstep = 1h operators holder\n"
                 "step = 1d network no_later=7D\nevery = 1d no_later=3D\n"
                 "[ladder held]\nevery = 7D\n");
    network_seed("ladder-order", "ladders/own.conf", NULL,
                 "[ladder pick-up]\nstep = 1d responsible\nstep = 4H network\nevery = 4H\n");
    packed_seed();
}

/* ---- Turn: steps as fuzz_turn.c has them ---- */

enum { KCC, WERKSE, SUPPORT, KCC_TWO, DESK, WERKSE_TWO, WERKSE_DESK, OPS };

#define SAID(peer, type, frames, subject) 0, (peer), (HV_MESSAGE_##type - 1), (frames), (subject), 0
#define TWISTED(peer, type, frames, subject, field, twist) \
    0, (peer), (HV_MESSAGE_##type - 1), (frames), (subject), 1, (field), (twist)
#define TWISTED_TWICE(peer, type, frames, subject, field, twist, other, other_twist)       \
    0, (peer), (HV_MESSAGE_##type - 1), (frames), (subject), 2, (field), (twist), (other), \
        (other_twist)
#define TURN           2
#define ACKS(peer)     3, (peer), 7
#define AGAIN(which)   4, (which), 2
#define PASS(which)    6, (which)
#define CLOCK(which)   7, (which)
#define GONE(peer)     8, (peer), 2
#define FULL(peer)     8, (peer), 1
#define ANEW(peer)     8, (peer), 3
#define RESTART        9
#define NETWORK(which) 10, (which)
#define SEALED         1

#define TURN_SEED(name, ...)                          \
    do {                                              \
        static const uint8_t steps[] = {__VA_ARGS__}; \
        FILE *file = seed_begin("turn", (name));      \
        seed_write(file, steps, sizeof steps);        \
        seed_end(file);                               \
    } while (0)

static void turn_seeds(void) {
    TURN_SEED("warm", SAID(KCC, open, 0, 0), SAID(KCC, offer, SEALED, 0), ACKS(WERKSE),
              SAID(WERKSE, receive, 0, 0), SAID(WERKSE, pickup, 0, 0), ACKS(WERKSE),
              SAID(KCC, introduce, 0, 0), SAID(WERKSE, confirm, 0, 0), ACKS(KCC), ACKS(WERKSE),
              SAID(KCC, history, 0, 0), SAID(WERKSE, close, 0, 0), ACKS(KCC), ACKS(WERKSE), PASS(7),
              PASS(7), PASS(0));
    TURN_SEED("repeats", SAID(KCC, open, 0, 1), SAID(KCC, offer, SEALED, 1), AGAIN(0), AGAIN(1),
              SAID(WERKSE, pickup, 0, 1), AGAIN(2), RESTART, SAID(KCC, hello, 0, 0),
              SAID(WERKSE, hello, 0, 0), AGAIN(0), AGAIN(1), AGAIN(2), SAID(KCC, status, 0, 1));
    TURN_SEED("declined", SAID(KCC, open, 0, 0), SAID(KCC, offer, SEALED, 0),
              SAID(WERKSE, decline, 0, 0), SAID(KCC, offer, SEALED, 4), SAID(WERKSE, receive, 0, 4),
              SAID(KCC, supplement, SEALED, 4), SAID(KCC, withdraw, 0, 4), ACKS(WERKSE), ACKS(KCC));
    TURN_SEED("closing", SAID(KCC, open, 0, 0), TWISTED(KCC, close, 0, 0, 3, 5),
              TWISTED(DESK, settle, 0, 0, 2, 1), ACKS(KCC), ACKS(DESK),
              TWISTED(KCC, open, 0, 0, 8, 2), TWISTED(KCC, close, 0, 0, 3, 7),
              TWISTED(DESK, settle, 0, 0, 3, 1));
    /* `talked` is taken away, `no_talk` is said. */
    TURN_SEED("no-talk", SAID(KCC, open, 0, 0), TWISTED_TWICE(KCC, close, 0, 0, 4, 255, 5, 1),
              TWISTED(DESK, settle, 0, 0, 3, 1), TWISTED_TWICE(KCC, close, 0, 0, 4, 255, 5, 2),
              SAID(KCC, close, 0, 0), ACKS(KCC), TWISTED(KCC, open, 0, 0, 8, 2),
              TWISTED_TWICE(KCC, close, 0, 0, 4, 255, 5, 3), TWISTED(DESK, settle, 0, 0, 2, 1));
    TURN_SEED("lost", SAID(KCC, open, 0, 0), GONE(WERKSE), FULL(WERKSE_TWO),
              SAID(KCC, offer, SEALED, 0), PASS(2), PASS(3), ANEW(WERKSE),
              SAID(WERKSE, hello, 0, 0), TURN, SAID(WERKSE, nack, 0, 0), PASS(1), PASS(4), PASS(4),
              PASS(4), PASS(4), SAID(WERKSE, hello, 0, 0), ACKS(WERKSE));
    TURN_SEED("clock", SAID(KCC, open, 0, 0), CLOCK(13), SAID(KCC, reassign, 0, 0), CLOCK(12),
              SAID(KCC, offer, SEALED, 0), CLOCK(15), SAID(WERKSE, confirm, 0, 0), PASS(7));
    TURN_SEED("networks", SAID(KCC, open, 0, 0), SAID(KCC, offer, SEALED, 0), NETWORK(2),
              SAID(KCC, offer, SEALED, 4), NETWORK(4), NETWORK(5), NETWORK(10), RESTART, NETWORK(3),
              SAID(OPS, hello, 0, 0), SAID(OPS, reload, 0, 0), SAID(OPS, stats, 0, 0),
              SAID(OPS, map, 0, 0), NETWORK(11), SAID(OPS, reload, 0, 0));
    TURN_SEED("strange-name", NETWORK(11), SAID(OPS, reload, 0, 0), NETWORK(5), PASS(1));
    TURN_SEED("inside", SAID(KCC, open, 0, 0), TWISTED(KCC, offer, SEALED, 0, 3, 2), ACKS(KCC),
              SAID(KCC_TWO, pickup, 0, 0), SAID(KCC_TWO, fetch, 0, 0), SAID(KCC, confirm, 0, 0),
              TWISTED(KCC, confirm, 0, 0, 4, 0), ACKS(KCC), ACKS(KCC));
}

int main(int argc, char **argv) {
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 64;
    }
    folder = argv[1];
    decode_seeds();
    network_seeds();
    turn_seeds();
    return 0;
}
