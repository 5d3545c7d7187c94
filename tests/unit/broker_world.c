/* The whole broker but its sockets, in a world that the test owns. */
#include "broker_world.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "broker/keyfile.h"
#include "broker/network_z85.h"

const char *const world_organisations[WORLD_ORGANISATIONS] = {"kcc", "support", "werkse"};

/* ---- The network ---- */

/* A public key that is nobody else's. */
static void key_of(const char *organisation, const char *use, uint8_t ret_key[NETWORK_KEY_SIZE]) {
    char text[64];

    snprintf(text, sizeof text, "%s/%s", organisation, use);
    crypto_generichash(ret_key, NETWORK_KEY_SIZE, (const uint8_t *)text, strlen(text), NULL, 0);
}

static const char *key_text(const char *organisation, const char *use) {
    static char text[NETWORK_Z85_TEXT_SIZE];
    uint8_t key[NETWORK_KEY_SIZE];

    key_of(organisation, use, key);
    network_z85_text(key, text);
    return text;
}

static void organisation_write(struct broker_world *world, const char *name) {
    char text[2048], path[128];
    int used =
        snprintf(text, sizeof text,
                 "[organisation]\nname = %s\ndisplay_name = %s!\ntelephone = 14015\n", name, name);

    for (int role = HV_ROLE_ENDPOINT; role <= HV_ROLE_OPERATOR; role++) {
        const char *word = wire_word_text(&wire_vocabulary_role, role);
        if (role == HV_ROLE_OPERATOR && strcmp(name, "kcc") != 0)
            continue;
        used +=
            snprintf(text + used, sizeof text - (size_t)used,
                     "[key %s]\npublic_key = %s\nroles = %s\n", word, key_text(name, word), word);
    }
    snprintf(text + used, sizeof text - (size_t)used,
             "[sealing first]\npublic_key = %s\nvalid_from = 2026-01-01\nvalid_until = "
             "2028-01-01\n",
             key_text(name, "sealing"));
    snprintf(path, sizeof path, "organisations/%s.conf", name);
    scratch_write(world->network, path, text);
}

/* The broker's own pair: its secret is a hash too. */
static void broker_key_write(struct broker_world *world, char ret_public[NETWORK_Z85_TEXT_SIZE]) {
    struct keyfile key = {.kind = KEYFILE_CURVE};
    struct failure failure;
    char path[256];

    key_of("broker", "server", key.secret_key);
    crypto_scalarmult_base(key.public_key, key.secret_key);
    network_z85_text(key.public_key, ret_public);
    snprintf(path, sizeof path, "%s/broker.key", world->network);
    assert_int_equal(keyfile_write(path, &key, &failure), 0);
}

static void network_write(struct broker_world *world) {
    char text[1024], public_key[NETWORK_Z85_TEXT_SIZE];

    broker_key_write(world, public_key);
    snprintf(text, sizeof text,
             "[network]\nname = delft\ncoordinating = kcc\ntime_zone = Europe/Amsterdam\n"
             "environment = production\n[broker]\npublic_key = %s\nlisten = ipc:///nowhere\n"
             "[limits]\nheartbeat = 20s\nredelivery = 10m\nitem_attempts = 10\n"
             "commands_per_second = 0\n[policies]\nsettle = network\nkeep_dossier_days = 7\n",
             public_key);
    scratch_write(world->network, "network.conf", text);
    for (size_t i = 0; i < WORLD_ORGANISATIONS; i++)
        organisation_write(world, world_organisations[i]);
}

void world_rewrite(struct broker_world *world, const char *path, const char *find,
                   const char *put) {
    char whole[256], text[8192], changed[8192];

    snprintf(whole, sizeof whole, "%s/%s", world->network, path);
    FILE *file = fopen(whole, "r");
    assert_non_null(file);
    const size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *found = strstr(text, find);
    if (!found)
        fail_msg("%s has no `%s`", path, find);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(found - text), text, put,
             found + strlen(find));
    scratch_write(world->network, path, changed);
}

/* ---- Life ---- */

void world_start(struct broker_world *world) {
    struct failure failure;

    if (broker_new(world->network, world->state, &world->fake.world, &world->broker, &failure) < 0)
        fail_msg("%s", failure.text);
}

static void batch_clear(struct broker_world *world) {
    for (size_t i = 0; i < world->batch_count; i++) {
        free((void *)world->batch[i].envelope);
        free((void *)world->batch[i].dossier);
    }
    world->batch_count = 0;
}

void world_stop(struct broker_world *world) {
    broker_free(world->broker);
    world->broker = NULL;
    batch_clear(world);
    outbox_clear(&world->outbox);
    world_forget(world);
}

int broker_world_setup(void **state) {
    struct broker_world *world = calloc(1, sizeof *world);

    if (!world || sodium_init() < 0 || !msgpack_zone_init(&world->zone, 8192) ||
        !msgpack_zone_init(&world->said, 8192))
        return -1;
    fake_world_init(&world->fake, 1);
    scratch_make(world->folder);
    snprintf(world->network, sizeof world->network, "%s/network", world->folder);
    snprintf(world->state, sizeof world->state, "%s/state", world->folder);
    if (mkdir(world->network, 0755) < 0 || mkdir(world->state, 0700) < 0)
        return -1;
    network_write(world);
    world_start(world);
    *state = world;
    return 0;
}

int broker_world_teardown(void **state) {
    struct broker_world *world = *state;

    world_stop(world);
    for (size_t i = 0; i < world->peer_count; i++)
        free(world->peers[i].heard);
    outbox_fini(&world->outbox);
    msgpack_zone_destroy(&world->zone);
    msgpack_zone_destroy(&world->said);
    scratch_remove(world->folder);
    free(world);
    return 0;
}

/* ---- Hearing ---- */

void world_forget(struct broker_world *world) {
    for (size_t i = 0; i < world->peer_count; i++)
        world->peers[i].heard_count = 0;
    msgpack_zone_clear(&world->zone);
}

static void *zone_memory(struct broker_world *world, size_t size) {
    void *memory = msgpack_zone_malloc(&world->zone, size ? size : 1);

    assert_non_null(memory);
    return memory;
}

static void peer_hears(struct peer *peer, const struct outbound *outbound) {
    struct wire_error error;

    if (peer->heard_count == peer->heard_capacity) {
        peer->heard_capacity = peer->heard_capacity ? 2 * peer->heard_capacity : 16;
        peer->heard = reallocarray(peer->heard, peer->heard_capacity, sizeof(void *));
        assert_non_null(peer->heard);
    }
    struct heard *heard = zone_memory(peer->world, sizeof *heard);
    peer->heard[peer->heard_count++] = heard;
    *heard = (struct heard){.dossier_size = outbound->dossier_size};
    if (wire_decode(outbound->envelope, outbound->envelope_size, WIRE_FROM_BROKER, NULL,
                    &peer->world->zone, &heard->message, NULL, &error) < 0)
        fail_msg("the broker sent what nobody can read: %s", error.reason);
    if (outbound->dossier) {
        heard->dossier = zone_memory(peer->world, outbound->dossier_size);
        memcpy(heard->dossier, outbound->dossier, outbound->dossier_size);
    }
}

static struct peer *peer_of_route(struct broker_world *world, const struct route *route) {
    for (size_t i = 0; i < world->peer_count; i++)
        if (memcmp(&world->peers[i].route, route, sizeof *route) == 0)
            return &world->peers[i];
    return NULL;
}

static void send_what_left(struct broker_world *world) {
    for (size_t i = 0; i < world->outbox.count; i++) {
        const struct outbound *outbound = &world->outbox.messages[i];
        struct peer *peer = peer_of_route(world, &outbound->to);
        if (!peer || peer->unreachable)
            broker_unsent(world->broker, outbound, -EHOSTUNREACH);
        else if (peer->full)
            broker_unsent(world->broker, outbound, -EAGAIN);
        else {
            peer_hears(peer, outbound);
            peer->full = peer->room == 1;
            peer->room -= peer->room > 0;
        }
    }
    outbox_clear(&world->outbox);
}

/* ---- Time and turns ---- */

int world_try_turn(struct broker_world *world) {
    const int rc = broker_turn(world->broker, world->batch, world->batch_count, &world->outbox);

    batch_clear(world);
    if (rc == 0)
        send_what_left(world);
    return rc;
}

void world_turn(struct broker_world *world) {
    assert_int_equal(world_try_turn(world), 0);
}

void world_settle(struct broker_world *world) {
    int turns = 0;

    do {
        world_turn(world);
        if (++turns > 1000)
            fail_msg("the broker wants one turn after the other, for ever");
    } while (broker_wait_ms(world->broker) == 0);
}

void world_pass(struct broker_world *world, int64_t ms) {
    fake_world_pass(&world->fake, ms);
    world_settle(world);
}

/* ---- Peers ---- */

void peer_reconnect(struct peer *peer) {
    static uint32_t connections;

    connections++;
    memset(&peer->route, 0, sizeof peer->route);
    peer->route.size = 5;
    memcpy(peer->route.bytes + 1, &connections, sizeof connections);
    peer->unreachable = false;
    peer->full = false;
}

struct peer *peer_connect(struct broker_world *world, const char *organisation, enum hv_role role,
                          const char *instance) {
    assert_true(world->peer_count < WORLD_PEERS_MAX);
    struct peer *peer = &world->peers[world->peer_count++];

    *peer = (struct peer){.world = world, .role = role};
    sample_text(peer->organisation, organisation);
    sample_text(peer->instance, instance);
    key_of(organisation, wire_word_text(&wire_vocabulary_role, (int)role), peer->key);
    peer_reconnect(peer);
    return peer;
}

static const void *copy_of(const void *bytes, size_t size) {
    void *copy = malloc(size ? size : 1);

    assert_non_null(copy);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

static struct inbound *inbound_add(struct peer *peer) {
    struct broker_world *world = peer->world;

    assert_true(world->batch_count < WORLD_BATCH_MAX);
    struct inbound *inbound = &world->batch[world->batch_count++];
    *inbound = (struct inbound){.from = peer->route, .frames = 1};
    memcpy(inbound->key, peer->key, sizeof inbound->key);
    return inbound;
}

void peer_say_bytes(struct peer *peer, const void *bytes, size_t size) {
    struct inbound *inbound = inbound_add(peer);

    inbound->envelope = copy_of(bytes, size);
    inbound->envelope_size = size;
}

void peer_say(struct peer *peer, const struct hv_message *message, const void *dossier,
              size_t size) {
    msgpack_sbuffer buffer;

    msgpack_sbuffer_init(&buffer);
    assert_int_equal(wire_encode(message, &buffer), 0);
    peer_say_bytes(peer, buffer.data, buffer.size);
    msgpack_sbuffer_destroy(&buffer);
    if (!dossier)
        return;
    struct inbound *inbound = &peer->world->batch[peer->world->batch_count - 1];
    inbound->frames = 2;
    inbound->dossier = copy_of(dossier, size);
    inbound->dossier_size = size;
}

void peer_hello(struct peer *peer, int64_t credit) {
    struct hv_message message = {.type = HV_MESSAGE_hello};

    sample_text(message.hello.request, "hello");
    sample_text(message.hello.instance, peer->instance);
    message.hello.version = HV_WIRE_VERSION;
    message.hello.role = peer->role;
    message.hello.credit = credit;
    peer_say(peer, &message, NULL, 0);
    world_settle(peer->world);
    const struct heard *heard = peer_next_answer(peer);
    if (!heard || heard->message.type != HV_MESSAGE_welcome)
        fail_msg("%s %s is not welcome", peer->organisation, peer->instance);
    assert_string_equal(heard->message.welcome.organisation, peer->organisation);
}

struct peer *peer_begin(struct broker_world *world, const char *organisation, enum hv_role role,
                        const char *instance, int64_t credit) {
    struct peer *peer = peer_connect(world, organisation, role, instance);

    peer_hello(peer, credit);
    return peer;
}

/* ---- Expecting ---- */

static struct heard *peer_next(struct peer *peer, bool item) {
    for (size_t i = 0; i < peer->heard_count; i++) {
        struct heard *heard = peer->heard[i];
        if (heard->taken || (heard->message.type == HV_MESSAGE_item) != item)
            continue;
        heard->taken = true;
        return heard;
    }
    return NULL;
}

struct heard *peer_next_answer(struct peer *peer) {
    return peer_next(peer, false);
}

struct heard *peer_next_item(struct peer *peer) {
    return peer_next(peer, true);
}

const struct hv_done *peer_expect_done(struct peer *peer) {
    const struct heard *heard = peer_next_answer(peer);

    if (!heard)
        fail_msg("%s %s hears nothing", peer->organisation, peer->instance);
    if (heard->message.type == HV_MESSAGE_refused)
        fail_msg("%s %s: refused: %s", peer->organisation, peer->instance,
                 heard->message.refused.reason);
    assert_int_equal(heard->message.type, HV_MESSAGE_done);
    return &heard->message.done;
}

void peer_expect_refused(struct peer *peer, enum hv_refusal code, const char *field) {
    const struct heard *heard = peer_next_answer(peer);
    const char *expected = wire_word_text(&wire_vocabulary_refusal, (int)code);

    if (!heard)
        fail_msg("%s %s hears nothing, not %s", peer->organisation, peer->instance, expected);
    if (heard->message.type != HV_MESSAGE_refused)
        fail_msg("%s %s is not refused as %s", peer->organisation, peer->instance, expected);
    const struct hv_refused *refused = &heard->message.refused;
    if (refused->code != code)
        fail_msg("expected %s, got %s: %s", expected,
                 wire_word_text(&wire_vocabulary_refusal, (int)refused->code), refused->reason);
    if (strcmp(refused->has_field ? refused->field : "", field ? field : "") != 0)
        fail_msg("expected the field %s, got %s", field ? field : "(none)",
                 refused->has_field ? refused->field : "(none)");
}

const struct heard *peer_expect_item(struct peer *peer, enum hv_event_name event) {
    const struct heard *heard = peer_next_item(peer);
    const char *expected = wire_word_text(&wire_vocabulary_event_name, (int)event);

    if (!heard)
        fail_msg("%s %s is sent nothing, not `%s`", peer->organisation, peer->instance, expected);
    if (heard->message.item.event.event != event)
        fail_msg("%s %s: expected `%s`, got `%s`", peer->organisation, peer->instance, expected,
                 wire_word_text(&wire_vocabulary_event_name, (int)heard->message.item.event.event));
    return heard;
}

void peer_expect_silence(struct peer *peer) {
    const struct heard *answer = peer_next_answer(peer);
    const struct heard *item = peer_next_item(peer);

    if (answer)
        fail_msg("%s %s hears a message of type %d%s%s", peer->organisation, peer->instance,
                 (int)answer->message.type, answer->message.type == HV_MESSAGE_refused ? ": " : "",
                 answer->message.type == HV_MESSAGE_refused ? answer->message.refused.reason : "");
    if (item)
        fail_msg("%s %s is sent `%s`", peer->organisation, peer->instance,
                 wire_word_text(&wire_vocabulary_event_name, (int)item->message.item.event.event));
}
