/* A broker to be fuzzed, with peers that remember what they were promised. */
#include "city.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/keyfile.h"
#include "broker/ledger.h"
#include "broker/network_z85.h"
#include "broker/request.h"
#include "grammar.h"
#include "guarantees.h"
#include "wire/json.h"

#define LEDGER "ledger.sqlite"

static char folder[64], network_folder[80], state_folder[80], killed_folder[80];
static uint8_t *empty_ledger;
static size_t empty_ledger_size;
static size_t network_there;

static void die(const char *what) {
    fuzz_fail("%s: %s", what, strerror(errno));
}

/* ---- The network ---- */

static void key_of(const char *organisation, const char *use, uint8_t ret_key[NETWORK_KEY_SIZE]) {
    char text[64];

    (void)snprintf(text, sizeof text, "%s/%s", organisation, use);
    (void)crypto_generichash(ret_key, NETWORK_KEY_SIZE, (const uint8_t *)text, strlen(text), NULL,
                             0);
}

static const char *key_text(const char *organisation, const char *use) {
    static char text[NETWORK_Z85_TEXT_SIZE];
    uint8_t key[NETWORK_KEY_SIZE];

    key_of(organisation, use, key);
    network_z85_text(key, text);
    return text;
}

/* The broker's own pair: its secret is such a hash too. */
static const char *broker_public;

static void broker_key_make(void) {
    static char text[NETWORK_Z85_TEXT_SIZE];
    struct keyfile key = {.kind = KEYFILE_CURVE};
    struct failure failure;
    char path[128];

    key_of("broker", "server", key.secret_key);
    (void)crypto_scalarmult_base(key.public_key, key.secret_key);
    network_z85_text(key.public_key, text);
    broker_public = text;
    (void)snprintf(path, sizeof path, "%s/broker.key", network_folder);
    if (keyfile_write(path, &key, &failure) < 0)
        fuzz_fail("%s", failure.text);
}

static void file_put(const char *path, const char *text) {
    char whole[256];

    (void)snprintf(whole, sizeof whole, "%s/%s", network_folder, path);
    FILE *file = fopen(whole, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        die(whole);
}

static void organisation_put(const char *name, const char *more) {
    char text[2048], path[128];
    const bool coordinates = strcmp(name, "kcc") == 0;
    int used = snprintf(text, sizeof text,
                        "[organisation]\nname = %s\ndisplay_name = %s!\ntelephone = 14015\n%s",
                        name, name, more);

    for (int role = HV_ROLE_ENDPOINT;
         role <= (coordinates ? HV_ROLE_OPERATOR : HV_ROLE_COORDINATOR); role++) {
        const char *word = wire_word_text(&wire_vocabulary_role, role);
        used +=
            snprintf(text + used, sizeof text - (size_t)used,
                     "[key %s]\npublic_key = %s\nroles = %s\n", word, key_text(name, word), word);
    }
    (void)snprintf(text + used, sizeof text - (size_t)used,
                   "[sealing first]\npublic_key = %s\nvalid_from = 2026-01-01\n"
                   "valid_until = 2028-01-01\n",
                   key_text(name, "sealing"));
    (void)snprintf(path, sizeof path, "organisations/%s.conf", name);
    file_put(path, text);
}

static void network_put(const char *policies) {
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "[network]\nname = delft\ncoordinating = kcc\ntime_zone = Europe/Amsterdam\n"
                   "environment = production\n[broker]\npublic_key = %s\nlisten = ipc:///nowhere\n"
                   "[limits]\nitem_attempts = 3\n%s",
                   broker_public, policies);
    file_put("network.conf", text);
}

void city_network(size_t which) {
    static const struct {
        const char *policies, *werkse;
    } networks[CITY_NETWORKS] = {
        {"[policies]\nsettle = network\nalarm_endings_per_minute = 1\n", ""},
        {"[policies]\nsettle = organisation\nkeep_dossier_days = 0\n", ""},
        {"[policies]\nsettle = network\n", "leaving = yes\n"},
        {"commands_per_second = 1\n", ""},
        {"dossier_bytes = 1024\nwindow_bytes = 1024\n", NULL}, /* werkse is not on the map */
        {"[policies]\nsettle = network\n", ""},                /* and a file of a strange name */
    };
    char path[128];

    if (which == network_there)
        return;
    network_there = which;
    network_put(networks[which].policies);
    if (networks[which].werkse) {
        organisation_put("werkse", networks[which].werkse);
    } else {
        (void)snprintf(path, sizeof path, "%s/organisations/werkse.conf", network_folder);
        (void)unlink(path);
    }
    if (which == CITY_NETWORK_REFUSED) {
        file_put("organisations/\xff.conf", "");
    } else {
        (void)snprintf(path, sizeof path, "%s/organisations/\xff.conf", network_folder);
        (void)unlink(path);
    }
}

/* ---- The disk ---- */

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void folders_remove(void) {
    (void)nftw(folder, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static void folder_make(char *path, size_t size, const char *name) {
    (void)snprintf(path, size, "%s/%s", folder, name);
    if (mkdir(path, 0700) < 0)
        die(path);
}

/* In memory, where the system has a place for it. */
static void folders_make(void) {
    char path[128];

    (void)snprintf(folder, sizeof folder, "%s/houvast-fuzz.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        die(folder);
    (void)atexit(folders_remove);
    folder_make(network_folder, sizeof network_folder, "network");
    folder_make(state_folder, sizeof state_folder, "state");
    folder_make(killed_folder, sizeof killed_folder, "killed");
    (void)snprintf(path, sizeof path, "%s/organisations", network_folder);
    if (mkdir(path, 0700) < 0)
        die(path);
}

static uint8_t *file_read(const char *path, size_t *ret_size) {
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0 || fstat(fd, &status) < 0)
        die(path);
    const size_t size = (size_t)status.st_size;
    uint8_t *bytes = malloc(size + 1);
    if (!bytes || read(fd, bytes, size) != (ssize_t)size)
        die(path);
    (void)close(fd);
    *ret_size = size;
    return bytes;
}

static void file_write(const char *path, const uint8_t *bytes, size_t size) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) < 0)
        die(path);
}

/* Copies what is on the disk now, as a kill would leave it. */
static void file_copy(const char *name) {
    char from[128], to[128];
    size_t size = 0;

    (void)snprintf(from, sizeof from, "%s/%s", state_folder, name);
    (void)snprintf(to, sizeof to, "%s/%s", killed_folder, name);
    uint8_t *bytes = file_read(from, &size);
    if (bytes)
        file_write(to, bytes, size);
    else
        (void)unlink(to);
    free(bytes);
}

/* ---- Life ---- */

static void start(struct city *city) {
    struct failure failure = {.text = ""};

    if (broker_new(network_folder, state_folder, &city->fake.world, &city->broker, &failure) < 0)
        fuzz_fail("the broker does not start: %s", failure.text);
}

/* Making a ledger is most of the work of a small run: one is made, and copied for each. */
static void first_of_all(struct city *city) {
    char path[128];

    if (empty_ledger)
        return;
    if (sodium_init() < 0 || setenv("CMOCKA_TEST_ABORT", "1", 1) < 0)
        die("beginning");
    folders_make();
    broker_key_make();
    for (size_t i = 0; i + 1 < GRAMMAR_ORGANISATIONS; i++)
        organisation_put(grammar_organisations[i], "");
    network_there = CITY_NETWORKS;
    city_network(0);
    start(city);
    broker_free(city->broker);
    (void)snprintf(path, sizeof path, "%s/" LEDGER, state_folder);
    empty_ledger = file_read(path, &empty_ledger_size);
    if (!empty_ledger)
        die(path);
}

static void ledger_lay(void) {
    char path[128];

    (void)snprintf(path, sizeof path, "%s/" LEDGER "-wal", state_folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/" LEDGER, state_folder);
    (void)unlink(path);
    file_write(path, empty_ledger, empty_ledger_size);
}

static const struct {
    const char *organisation, *instance;
    enum hv_role role;
} people[CITY_PEERS] = {
    {"kcc", "one", HV_ROLE_ENDPOINT},        {"werkse", "one", HV_ROLE_ENDPOINT},
    {"support", "one", HV_ROLE_ENDPOINT},    {"kcc", "two", HV_ROLE_ENDPOINT},
    {"kcc", "desk", HV_ROLE_COORDINATOR},    {"werkse", "two", HV_ROLE_ENDPOINT},
    {"werkse", "desk", HV_ROLE_COORDINATOR}, {"kcc", "ops", HV_ROLE_OPERATOR},
    {"nowhere", "one", HV_ROLE_ENDPOINT},
};

void city_connect(struct city *city, struct peer *peer) {
    city->connections++;
    memset(&peer->route, 0, sizeof peer->route);
    peer->route.size = 5;
    memcpy(peer->route.bytes + 1, &city->connections, sizeof city->connections);
    peer->connection = CONNECTION_GOOD;
}

static void peer_begin(struct city *city, struct peer *peer) {
    struct hv_message message = {.type = HV_MESSAGE_hello};

    memcpy(message.hello.request, "hello", sizeof "hello");
    memcpy(message.hello.instance, peer->instance, strlen(peer->instance) + 1);
    message.hello.version = HV_WIRE_VERSION;
    message.hello.role = peer->role;
    message.hello.credit = 4;
    city_say_message(city, peer, &message, 1, NULL, 0);
}

struct city *city_new(void) {
    static struct city city;

    memset(&city, 0, sizeof city);
    fake_world_init(&city.fake, 1);
    first_of_all(&city);
    city_network(0);
    ledger_lay();
    start(&city);
    city.promises.attempts_max = 3;
    for (size_t i = 0; i < CITY_PEERS; i++) {
        struct peer *peer = &city.peers[i];
        *peer = (struct peer){.organisation = people[i].organisation,
                              .role = people[i].role,
                              .instance = people[i].instance};
        key_of(peer->organisation, wire_word_text(&wire_vocabulary_role, (int)peer->role),
               peer->key);
        city_connect(&city, peer);
        peer_begin(&city, peer);
    }
    city_turn(&city);
    return &city;
}

static void batch_clear(struct city *city) {
    for (size_t i = 0; i < city->batch_count; i++) {
        free((void *)(uintptr_t)city->batch[i].envelope);
        free((void *)(uintptr_t)city->batch[i].dossier);
    }
    city->batch_count = 0;
}

void city_free(struct city *city) {
    uint8_t head[32];
    const int64_t seq = ledger_seq(city->broker->ledger);

    memcpy(head, ledger_head(city->broker->ledger), sizeof head);
    file_copy(LEDGER);
    file_copy(LEDGER "-wal");
    broker_free(city->broker);
    batch_clear(city);
    outbox_fini(&city->outbox);
    guarantees_expect(killed_folder, seq, head, city->promises.seq_done);
}

void city_restart(struct city *city) {
    batch_clear(city);
    broker_free(city->broker);
    city->broker = NULL;
    if (network_there == CITY_NETWORK_REFUSED)
        city_network(0); /* with files that are refused nobody starts */
    start(city);
}

void city_reload(struct city *city) {
    struct failure failure = {.text = ""};
    const int rc = broker_reload(city->broker, &failure);

    if (rc < 0 && !failure.text[0])
        fuzz_fail("a reload was refused with %d and no sentence", rc);
    if (rc == -EIO || rc == -ENOMEM)
        fuzz_fail("a reload failed: %s", failure.text);
}

/* ---- Saying ---- */

static const void *copy_of(const void *bytes, size_t size) {
    void *copy = malloc(size ? size : 1);

    if (!copy)
        die("copying");
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

void city_say(struct city *city, const struct peer *peer, unsigned frames, const void *envelope,
              size_t size, const void *dossier, size_t dossier_size) {
    if (city->batch_count == CITY_BATCH_MAX)
        city_turn(city);
    struct inbound *inbound = &city->batch[city->batch_count++];
    *inbound = (struct inbound){.from = peer->route,
                                .frames = frames,
                                .envelope = copy_of(envelope, size),
                                .envelope_size = size};
    memcpy(inbound->key, peer->key, sizeof inbound->key);
    if (frames > 1 && dossier) {
        inbound->dossier = copy_of(dossier, dossier_size);
        inbound->dossier_size = dossier_size;
    }
    promises_ask(&city->promises, peer->organisation, peer->role, envelope, size);
}

void city_say_message(struct city *city, const struct peer *peer, const struct hv_message *message,
                      unsigned frames, const void *dossier, size_t dossier_size) {
    msgpack_sbuffer buffer;

    msgpack_sbuffer_init(&buffer);
    if (wire_encode(message, &buffer) < 0)
        die("encoding");
    city_say(city, peer, frames, buffer.data, buffer.size, dossier, dossier_size);
    msgpack_sbuffer_destroy(&buffer);
}

/* ---- Hearing ---- */

/* For who looks into a finding: FUZZ_TALK=1 in the environment shows what peers hear. */
static void talk(const struct peer *peer, const struct hv_message *message, bool is_lost) {
    static int wanted = -1;

    if (wanted < 0)
        wanted = getenv("FUZZ_TALK") != NULL;
    if (!wanted)
        return;
    json_t *json = wire_message_to_json(message);
    char *text = json_dumps(json, JSON_COMPACT);
    (void)fprintf(stderr, "%s %s %s%s\n", peer->organisation, peer->instance,
                  is_lost ? "does not hear " : "hears ", text);
    free(text);
    json_decref(json);
}

static void hear(struct city *city, const struct peer *peer, const struct outbound *outbound,
                 bool is_lost) {
    struct hv_message message;
    struct wire_error error;
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, 1024))
        die("hearing");
    if (wire_decode(outbound->envelope, outbound->envelope_size, WIRE_FROM_BROKER, NULL, &zone,
                    &message, NULL, &error) < 0)
        fuzz_fail("the broker says what nobody can read: %s", error.reason);
    if ((message.type == HV_MESSAGE_item) != outbound->is_item)
        fuzz_fail("an item is not marked as one, or something else is");
    talk(peer, &message, is_lost);
    promises_hear(&city->promises, peer->organisation, peer->role, &message,
                  outbound->dossier != NULL, is_lost);
    msgpack_zone_destroy(&zone);
}

static struct peer *peer_of_route(struct city *city, const struct route *route) {
    for (size_t i = 0; i < CITY_PEERS; i++)
        if (memcmp(&city->peers[i].route, route, sizeof *route) == 0)
            return &city->peers[i];
    return NULL;
}

static void send_what_left(struct city *city) {
    for (size_t i = 0; i < city->outbox.count; i++) {
        const struct outbound *outbound = &city->outbox.messages[i];
        const struct peer *peer = peer_of_route(city, &outbound->to);
        const bool is_lost = !peer || peer->connection != CONNECTION_GOOD;
        if (peer)
            hear(city, peer, outbound, is_lost);
        if (is_lost)
            broker_unsent(city->broker, outbound,
                          peer && peer->connection == CONNECTION_FULL ? -EAGAIN : -EHOSTUNREACH);
    }
    outbox_clear(&city->outbox);
}

void city_turn(struct city *city) {
    const int rc = broker_turn(city->broker, city->batch, city->batch_count, &city->outbox);

    batch_clear(city);
    if (rc < 0)
        fuzz_fail("a turn failed: %s", strerror(-rc));
    send_what_left(city);
    /* What wants another turn at once gets it, but not for ever. */
    for (int i = 0; i < 4 && broker_wait_ms(city->broker) == 0; i++) {
        if (broker_turn(city->broker, NULL, 0, &city->outbox) < 0)
            fuzz_fail("a turn over nothing failed");
        send_what_left(city);
    }
}
