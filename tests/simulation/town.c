/* The town: its life, its peers and what they say. */
#include "town.h"

#include <errno.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/clock.h"
#include "broker/request.h"
#include "broker/timekeeping.h"
#include "ends.h"
#include "town_turn.h"

static char folder[64], state_folder[80], reserve_path[96];
static struct disk_image *empty_ledger;

#define SESSION_MS INT64_C(1500000) /* a session lasts 30 minutes of silence; peers are careful */

/* ---- Once ---- */

static void die(const char *what) {
    (void)fprintf(stderr, "simulate: %s: %s\n", what, strerror(errno));
    exit(70);
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void town_clean(const char *path) {
    if (path[0])
        (void)nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

const char *town_init(void) {
    (void)snprintf(folder, sizeof folder, "%s/houvast-simulate.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (sodium_init() < 0 || setenv("CMOCKA_TEST_ABORT", "1", 1) < 0 || !mkdtemp(folder))
        die(folder);
    (void)snprintf(state_folder, sizeof state_folder, "%s/state", folder);
    if (mkdir(state_folder, 0700) < 0)
        die(state_folder);
    (void)snprintf(reserve_path, sizeof reserve_path, "%s/reserve", state_folder);
    networks_make(folder);
    disk_init();
    disk_format(reserve_path);
    return folder;
}

const char *town_state(void) {
    return state_folder;
}

/* ---- Life ---- */

static const struct {
    const char *organisation, *instance;
    enum hv_role role;
} people[TOWN_PEERS] = {
    {"kcc", "one", HV_ROLE_ENDPOINT},         {"kcc", "two", HV_ROLE_ENDPOINT},
    {"kcc", "desk", HV_ROLE_COORDINATOR},     {"kcc", "ops", HV_ROLE_OPERATOR},
    {"support", "one", HV_ROLE_ENDPOINT},     {"support", "two", HV_ROLE_ENDPOINT},
    {"support", "desk", HV_ROLE_COORDINATOR}, {"werkse", "one", HV_ROLE_ENDPOINT},
    {"werkse", "two", HV_ROLE_ENDPOINT},      {"werkse", "desk", HV_ROLE_COORDINATOR},
    {"wijk", "one", HV_ROLE_ENDPOINT},        {"wijk", "two", HV_ROLE_ENDPOINT},
    {"nowhere", "one", HV_ROLE_ENDPOINT},
};

static void ledger_make(struct town *town) {
    town_start(town);
    town->seq = 0;
    sqlite3_finalize(town->events);
    town->events = NULL;
    broker_free(town->broker);
    town->broker = NULL;
    empty_ledger = disk_image_take();
}

static void clear(struct town *town) {
    for (size_t i = 0; i < town->batch_count; i++) {
        free((void *)(uintptr_t)town->batch[i].inbound.envelope);
        free((void *)(uintptr_t)town->batch[i].inbound.dossier);
    }
    town->batch_count = 0;
}

struct town *town_new(uint64_t seed) {
    static struct town town;

    for (size_t i = 0; i < TOWN_PEERS; i++)
        town.peers[i] = (struct peer){.organisation = people[i].organisation,
                                      .instance = people[i].instance,
                                      .role = people[i].role};
    networks_choose(NETWORK_BASE);
    fake_world_init(&town.fake, 1);
    disk_format(reserve_path);
    model_init(&town.model);
    if (!empty_ledger)
        ledger_make(&town);
    town.fake.chance.state = seed;
    disk_format(reserve_path);
    disk_image_lay(empty_ledger);
    heard_init(&town.heard);
    model_init(&town.model);
    town.seq = town.passed_ms = 0;
    memset(town.head, 0, sizeof town.head);
    town_start(&town);
    for (size_t i = 0; i < TOWN_PEERS; i++) {
        networks_key(people[i].organisation, people[i].instance, town.peers[i].key);
        town_connect(&town, &town.peers[i]);
    }
    return &town;
}

void town_free(struct town *town) {
    disk_room(-1);
    town_turn(town);
    town_audit(town);
    sqlite3_finalize(town->events);
    town->events = NULL;
    broker_free(town->broker);
    town->broker = NULL;
    clear(town);
    while (town->late_count > 0)
        town_arrive(town, 0);
    clear(town);
    outbox_fini(&town->outbox);
}

struct peer *town_peer(struct town *town, const char *organisation, const char *instance) {
    for (size_t i = 0; i < TOWN_PEERS; i++)
        if (strcmp(town->peers[i].organisation, organisation) == 0 &&
            strcmp(town->peers[i].instance, instance) == 0)
            return &town->peers[i];
    return NULL;
}

hv_time town_now_ms(const struct town *town) {
    return timekeeping_now_ms(town->broker);
}

/* ---- Connections ---- */

void town_connect(struct town *town, struct peer *peer) {
    town->connections++;
    memset(&peer->route, 0, sizeof peer->route);
    peer->route.size = 5;
    memcpy(peer->route.bytes + 1, &town->connections, sizeof town->connections);
    peer->greeted = peer->deaf = peer->watching.on = false;
    peer->connection = CONNECTION_GOOD;
}

void town_greet(struct town *town, struct peer *peer) {
    struct hv_message message = {.type = HV_MESSAGE_hello};

    if (peer->greeted && town->fake.boot_ms - peer->spoke_ms < SESSION_MS)
        return;
    memcpy(message.hello.instance, peer->instance, strlen(peer->instance) + 1);
    memcpy(message.hello.request, "hello", sizeof "hello");
    message.hello.version = HV_WIRE_VERSION;
    message.hello.role = peer->role;
    message.hello.credit = 8;
    peer->greeted = true;
    town_say(town, peer, &message, FRAMES_PLAIN, false);
}

/* ---- Saying ---- */

static void *copy_of(const void *bytes, size_t size) {
    void *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

/* A dossier for whom the message is for, or not. */
static void dossier_add(const struct town *town, struct inbound *inbound,
                        const struct hv_message *message, enum town_frames frames) {
    static const size_t sizes[] = {[FRAMES_SEALED] = 40,
                                   [FRAMES_STRANGE] = 40,
                                   [FRAMES_SHORT] = 7,
                                   [FRAMES_LARGE] = 2048,
                                   [FRAMES_MANY] = 40};
    uint8_t dossier[2048];
    const char *to = message->type == HV_MESSAGE_offer ? message->offer.to : "werkse";

    if (message->type == HV_MESSAGE_supplement &&
        words_number(&message->supplement.handover) < MODEL_HANDOVERS)
        to = town->model.handovers[words_number(&message->supplement.handover)].to;
    const struct network_organisation *receiver =
        network_organisation(broker_network(town->broker), to);
    memset(dossier, 7, sizeof dossier);
    if (receiver && receiver->sealing_key_count > 0 && frames != FRAMES_STRANGE)
        memcpy(dossier, receiver->sealing_keys[0].id, 8);
    inbound->frames = frames == FRAMES_MANY ? 3 : 2;
    inbound->dossier_size = sizes[frames];
    inbound->dossier = copy_of(dossier, inbound->dossier_size);
}

static struct frames *frames_add(struct town *town, bool late) {
    if (late && town->late_count == TOWN_LATE)
        town_arrive(town, 0);
    if (!late && town->batch_count == TOWN_BATCH)
        town_turn(town);
    return late ? &town->late[town->late_count++] : &town->batch[town->batch_count++];
}

void town_say(struct town *town, struct peer *peer, const struct hv_message *message,
              enum town_frames frames, bool late) {
    const bool goes = peer->connection != CONNECTION_GONE;
    msgpack_sbuffer buffer;

    if (!goes)
        return;
    msgpack_sbuffer_init(&buffer);
    if (wire_encode(message, &buffer) < 0)
        abort();
    if (frames == FRAMES_BROKEN)
        buffer.size--; /* the last byte is missing */
    if (message->type != HV_MESSAGE_hello)
        heard_ask(&town->heard, peer, buffer.data, buffer.size, late || frames == FRAMES_BROKEN);
    struct frames *said = frames_add(town, late);
    said->peer = (size_t)(peer - town->peers);
    said->type = message->type;
    said->inbound = (struct inbound){.from = peer->route,
                                     .frames = 1,
                                     .envelope = copy_of(buffer.data, buffer.size),
                                     .envelope_size = buffer.size};
    memcpy(said->inbound.key, peer->key, sizeof said->inbound.key);
    if (frames != FRAMES_PLAIN && frames != FRAMES_BROKEN)
        dossier_add(town, &said->inbound, message, frames);
    if (!late) {
        peer->deaf = peer->deaf || town->fake.boot_ms - peer->spoke_ms >= SESSION_MS;
        peer->spoke_ms = town->fake.boot_ms;
    }
    msgpack_sbuffer_destroy(&buffer);
}

void town_arrive(struct town *town, size_t which) {
    if (town->late_count == 0)
        return;
    which %= town->late_count;
    mark_fault(FAULT_LATE);
    const struct frames late = town->late[which];
    town->late[which] = town->late[--town->late_count];
    *frames_add(town, false) = late;
}

void town_double(struct town *town) {
    if (town->batch_count == 0)
        return;
    const struct frames first = town->batch[town->batch_count - 1];
    struct frames *second = frames_add(town, false);
    *second = first;
    second->inbound.envelope = copy_of(first.inbound.envelope, first.inbound.envelope_size);
    if (first.inbound.dossier)
        second->inbound.dossier = copy_of(first.inbound.dossier, first.inbound.dossier_size);
}

/* ---- Turns ---- */

static int turn(struct town *town) {
    struct inbound batch[TOWN_BATCH];
    const size_t count = town->batch_count;

    for (size_t i = 0; i < count; i++)
        batch[i] = town->batch[i].inbound;
    const int rc = broker_turn(town->broker, batch, count, &town->outbox);
    clear(town);
    return rc;
}

static bool accepts_clock(const struct town *town) {
    for (size_t i = 0; i < town->batch_count; i++)
        if (town->batch[i].type == HV_MESSAGE_clock_accept)
            return true;
    return false;
}

/* Who says goodbye may not be answered, and hears nothing more. */
static void take_leave(struct town *town) {
    for (size_t i = 0; i < town->batch_count; i++)
        if (town->batch[i].type == HV_MESSAGE_bye)
            town->peers[town->batch[i].peer].deaf = true;
}

/* T1: while the machine runs, time goes by its ticking, whatever a clock on the wall says that
 * nobody vouches for. */
static void expect_ticking(struct town *town, bool accepted) {
    const hv_time ticked_ms = town->told_ms + town->fake.boot_ms - town->told_boot_ms;
    const hv_time now_ms = town->broker->clock.now_ms;
    const int64_t off_ms = town->told_ms ? now_ms - ticked_ms : 0;

    if ((off_ms > CLOCK_STEP_MS || off_ms < -CLOCK_STEP_MS) && !accepted &&
        !town->fake.synchronised)
        violation("T1: the time that counts has stepped by %lld minutes",
                  (long long)off_ms / 60000);
    town->told_ms = now_ms;
    town->told_boot_ms = town->fake.boot_ms;
}

/* One that fails ends the process: an I/O error, or the power that is gone. It may go behind the
 * commit, while SQLite tidies up, and then nothing is said of what is on the disk. */
static bool turn_or_die(struct town *town) {
    const bool accepted = accepts_clock(town);

    take_leave(town);
    const int rc = turn(town);
    if (rc == 0 && !town_is_dead(town)) {
        expect_ticking(town, accepted);
        town_look(town);
        return true;
    }
    if (rc != 0 && (rc != -EIO || !disk_has_struck()))
        violation("D1: a turn failed: %s", strerror(-rc));
    outbox_clear(&town->outbox);
    town_die(town, town->loss, town->loss_seed);
    return false;
}

#define TURNS_MAX 64

void town_turn(struct town *town) {
    bool lives = turn_or_die(town);

    for (int i = 0; lives && broker_wait_ms(town->broker) == 0; i++) {
        if (i == TURNS_MAX)
            violation("T1: a turn is wanted at once, again and again");
        lives = turn_or_die(town);
    }
    if (disk_is_short())
        return;
    town_look_at_rows(town);
    for (size_t i = 0; i < TOWN_PEERS; i++) {
        struct peer *peer = &town->peers[i];
        if (peer->greeted && peer->connection == CONNECTION_GOOD &&
            town->fake.boot_ms - peer->spoke_ms < SESSION_MS)
            heard_expect_watched(&town->model, peer);
    }
}

void town_pass(struct town *town, int64_t ms, int64_t wall_ms) {
    town->fake.boot_ms += ms;
    town->fake.wall_ms += ms + wall_ms;
    if (town->fake.wall_ms < 1000)
        town->fake.wall_ms = 1000;
    town->passed_ms = town->model.passed_ms += ms;
    if (disk_is_short())
        town->model.back_ms += ms; /* nothing is swept meanwhile */
    town_turn(town);
}

void town_reload(struct town *town) {
    struct failure failure = {.text = ""};
    const int rc = broker_reload(town->broker, &failure);

    if (town_is_dead(town) || (rc == -EIO && disk_has_struck())) {
        town_die(town, town->loss, town->loss_seed);
        return;
    }
    if (rc < 0 && (!failure.text[0] || rc == -EIO || rc == -ENOMEM))
        violation("D1: a reload failed: %s", strerror(-rc));
    mark_fault(rc < 0 ? FAULT_RELOAD_REFUSED : FAULT_RELOAD);
    if (rc == 0 && networks_chosen() == NETWORK_LADDERS)
        mark_fault(FAULT_RELOAD_LADDERS);
    town_turn(town);
}

/* ---- Ends ---- */

void town_trouble(struct town *town, enum disk_trouble trouble, unsigned operations,
                  enum disk_loss loss, uint64_t seed) {
    town->trouble = trouble;
    town->loss = loss;
    town->loss_seed = seed;
    disk_trouble(trouble, operations);
}

void town_restart(struct town *town) {
    clear(town);
    sqlite3_finalize(town->events);
    town->events = NULL;
    broker_free(town->broker);
    town->broker = NULL;
    disk_start();
    mark_fault(FAULT_RESTART);
    town_start(town);
}

void town_kill(struct town *town, enum disk_loss loss, uint64_t seed) {
    clear(town);
    mark_fault(FAULT_KILLED);
    town_die(town, loss, seed);
}

void town_boot(struct town *town, int64_t ms) {
    clear(town);
    mark_fault(FAULT_BOOT);
    town->fake.boot++;
    town->fake.boot_ms = 20000;
    town->fake.wall_ms += ms;
    town->passed_ms = town->model.passed_ms += ms;
    for (size_t i = 0; i < TOWN_PEERS; i++)
        town->peers[i].greeted = false;
    town_die(town, DISK_DROPS, town->fake.boot);
}
