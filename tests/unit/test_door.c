/* The door with real sockets: who is let in, what comes in, what goes out, and what does not. */
#include "broker/door.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "network_samples.h"

#define PATIENCE_MS 20000
#define SILENCE_MS  300 /* how long nothing has to come before we believe that nothing will */
#define Z85_SIZE    41

struct keys {
    uint8_t public[NETWORK_KEY_SIZE], secret[NETWORK_KEY_SIZE];
};

/* A door that knows one key, its address, and the peers' side. */
struct house {
    char folder[SCRATCH_PATH_SIZE];
    char path[128], endpoint[160];
    struct door *door;
    struct keys broker, known, stranger;
    unsigned asked;
    void *context;
    struct outbox outbox;
    int unsent[4];
    unsigned unsent_count;
};

/* ---- The house ---- */

static void keys_make(struct keys *keys) {
    char public[Z85_SIZE], secret[Z85_SIZE];

    assert_int_equal(zmq_curve_keypair(public, secret), 0);
    assert_non_null(zmq_z85_decode(keys->public, public));
    assert_non_null(zmq_z85_decode(keys->secret, secret));
}

static bool house_knows(void *context, const uint8_t key[ZAP_KEY_SIZE]) {
    struct house *house = context;

    house->asked++;
    return memcmp(key, house->known.public, ZAP_KEY_SIZE) == 0;
}

static int house_begin(void **state) {
    struct house *house = calloc(1, sizeof *house);
    struct failure failure = {0};

    scratch_make(house->folder);
    snprintf(house->path, sizeof house->path, "%s/s", house->folder);
    snprintf(house->endpoint, sizeof house->endpoint, "ipc://%s", house->path);
    keys_make(&house->broker);
    keys_make(&house->known);
    keys_make(&house->stranger);
    house->context = zmq_ctx_new();
    if (door_new(house->broker.secret, house_knows, house, &house->door, &failure) < 0 ||
        door_listen(house->door, house->endpoint, &failure) < 0)
        fail_msg("%s", failure.text);
    *state = house;
    return 0;
}

static void outbox_empty(struct outbox *outbox) {
    for (size_t i = 0; i < outbox->count; i++) {
        free(outbox->messages[i].envelope);
        free(outbox->messages[i].dossier);
    }
    free(outbox->messages);
    *outbox = (struct outbox){0};
}

static int house_end(void **state) {
    struct house *house = *state;

    zmq_ctx_term(house->context);
    door_free(house->door, 0);
    outbox_empty(&house->outbox);
    scratch_remove(house->folder);
    free(house);
    return 0;
}

/* ---- The peers' side ---- */

static void option_set(void *socket, int option, int value) {
    assert_return_code(zmq_setsockopt(socket, option, &value, sizeof value), errno);
}

static void *peer_plain(struct house *house) {
    void *peer = zmq_socket(house->context, ZMQ_DEALER);

    assert_non_null(peer);
    option_set(peer, ZMQ_LINGER, 0);
    return peer;
}

static void *peer_connect(struct house *house, void *peer, const struct keys *keys) {
    if (keys) {
        zmq_setsockopt(peer, ZMQ_CURVE_SERVERKEY, house->broker.public, NETWORK_KEY_SIZE);
        zmq_setsockopt(peer, ZMQ_CURVE_PUBLICKEY, keys->public, NETWORK_KEY_SIZE);
        zmq_setsockopt(peer, ZMQ_CURVE_SECRETKEY, keys->secret, NETWORK_KEY_SIZE);
    }
    assert_return_code(zmq_connect(peer, house->endpoint), errno);
    return peer;
}

static void *peer_new(struct house *house, const struct keys *keys) {
    return peer_connect(house, peer_plain(house), keys);
}

static void say(void *peer, const char *text, bool more) {
    assert_return_code(zmq_send(peer, text, strlen(text), more ? ZMQ_SNDMORE : 0), errno);
}

/* Waits as the loop does: looks first, then sleeps on the descriptors. */
static bool door_wait(struct house *house, int timeout_ms) {
    int fds[DOOR_FDS];

    door_fds(house->door, fds);
    struct pollfd polled[DOOR_FDS] = {{.fd = fds[0], .events = POLLIN},
                                      {.fd = fds[1], .events = POLLIN}};
    return door_waiting(house->door) || poll(polled, DOOR_FDS, timeout_ms) > 0;
}

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes batches until one has a message or the time is over. To be released where it has. */
static size_t take_within(struct house *house, int timeout_ms, const struct inbound **ret_batch) {
    int64_t end_ms = now_ms() + timeout_ms;
    size_t count = 0;

    while (count == 0 && now_ms() < end_ms) {
        door_wait(house, 50);
        assert_int_equal(door_take(house->door, ret_batch, &count), 0);
    }
    return count;
}

static const struct inbound *take_one(struct house *house) {
    const struct inbound *batch = NULL;

    assert_int_equal(take_within(house, PATIENCE_MS, &batch), 1);
    return batch;
}

static void assert_nothing_comes(struct house *house) {
    const struct inbound *batch = NULL;

    assert_int_equal(take_within(house, SILENCE_MS, &batch), 0);
}

/* ---- Going out ---- */

static void put_out(struct house *house, const struct route *to, const char *envelope,
                    size_t dossier_size) {
    const struct outbound message = {
        .to = *to,
        .envelope = (uint8_t *)strdup(envelope),
        .envelope_size = strlen(envelope),
        .dossier = dossier_size ? calloc(1, dossier_size) : NULL,
        .dossier_size = dossier_size,
    };

    assert_int_equal(outbox_add(&house->outbox, &message), 0);
}

static void note_unsent(void *context, const struct outbound *message, int reason) {
    struct house *house = context;

    assert_non_null(message->envelope); /* still whole */
    if (house->unsent_count < 4)
        house->unsent[house->unsent_count] = reason;
    house->unsent_count++;
}

static void send_all(struct house *house) {
    assert_int_equal(door_send(house->door, &house->outbox, note_unsent, house), 0);
    outbox_empty(&house->outbox);
}

static void assert_hears(void *peer, const char *text, bool more) {
    char heard[64] = "";
    int got_more = 0;
    size_t size = sizeof got_more;
    zmq_pollitem_t item = {.socket = peer, .events = ZMQ_POLLIN};

    assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1);
    int length = zmq_recv(peer, heard, sizeof heard - 1, 0);
    assert_return_code(length, errno);
    heard[length] = '\0';
    assert_string_equal(heard, text);
    zmq_getsockopt(peer, ZMQ_RCVMORE, &got_more, &size);
    assert_int_equal(got_more, more);
}

/* ---- Who is let in ---- */

static void test_a_known_key_is_let_in_and_named(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->known);

    say(peer, "hello", false);
    const struct inbound *message = take_one(house);
    assert_memory_equal(message->key, house->known.public, NETWORK_KEY_SIZE);
    assert_int_equal(message->frames, 1);
    assert_int_equal(message->envelope_size, 5);
    assert_memory_equal(message->envelope, "hello", 5);
    assert_null(message->dossier);
    door_release(house->door);
    zmq_close(peer);
}

static void test_a_stranger_is_not(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->stranger);

    say(peer, "hello", false);
    assert_nothing_comes(house);
    assert_true(house->asked > 0);
    zmq_close(peer);
}

/* Neither no mechanism, nor a name and a password: nobody even asks the porter. */
static void test_no_other_mechanism(void **state) {
    struct house *house = *state;
    void *null_peer = peer_new(house, NULL);
    void *password_peer = peer_plain(house);

    zmq_setsockopt(password_peer, ZMQ_PLAIN_USERNAME, "admin", 5);
    zmq_setsockopt(password_peer, ZMQ_PLAIN_PASSWORD, "admin", 5);
    peer_connect(house, password_peer, NULL);
    say(null_peer, "hello", false);
    say(password_peer, "hello", false);
    assert_nothing_comes(house);
    assert_int_equal(house->asked, 0);
    zmq_close(null_peer);
    zmq_close(password_peer);
}

/* The wire says that peers choose no routing id; a short one is of no harm, a long one no address
 * of ours. */
static void test_a_routing_id_of_the_peers_own(void **state) {
    struct house *house = *state;
    void *peer = peer_plain(house);

    zmq_setsockopt(peer, ZMQ_ROUTING_ID, "0123456789012345678901234567890123456789", 40);
    peer_connect(house, peer, &house->known);
    say(peer, "hello", false);
    assert_nothing_comes(house);
    zmq_close(peer);

    peer = peer_plain(house);
    zmq_setsockopt(peer, ZMQ_ROUTING_ID, "mine", 4);
    peer_connect(house, peer, &house->known);
    say(peer, "hello", false);
    assert_memory_equal(take_one(house)->key, house->known.public, NETWORK_KEY_SIZE);
    door_release(house->door);
    zmq_close(peer);
}

/* ---- What comes in ---- */

static void test_frames_are_counted_and_the_first_two_kept(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->known);

    say(peer, "e", true);
    say(peer, "dossier", false);
    const struct inbound *message = take_one(house);
    assert_int_equal(message->frames, 2);
    assert_int_equal(message->dossier_size, 7);
    assert_memory_equal(message->dossier, "dossier", 7);
    door_release(house->door);

    for (unsigned i = 0; i < 9; i++)
        say(peer, "many", true);
    say(peer, "last", false);
    message = take_one(house);
    assert_int_equal(message->frames, 10);
    assert_int_equal(message->envelope_size, 4);
    assert_memory_equal(message->key, house->known.public, NETWORK_KEY_SIZE);
    door_release(house->door);

    say(peer, "next", false); /* the frames beyond did not spill into it */
    message = take_one(house);
    assert_int_equal(message->frames, 1);
    assert_memory_equal(message->envelope, "next", 4);
    door_release(house->door);
    zmq_close(peer);
}

static void test_empty_frames(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->known);

    say(peer, "", true);
    say(peer, "", false);
    const struct inbound *message = take_one(house);
    assert_int_equal(message->frames, 2);
    assert_int_equal(message->envelope_size, 0);
    assert_non_null(message->dossier);
    assert_int_equal(message->dossier_size, 0);
    door_release(house->door);
    zmq_close(peer);
}

/* A turn takes a bounded batch, and door_waiting says that there is more. */
static void test_batches_are_bounded_and_nothing_is_left(void **state) {
    struct house *house = *state;
    void *peers[40];
    const struct inbound *batch = NULL;
    size_t total = 0, count;
    const size_t each = 15; /* less than the high-water mark, so that all can be waiting at once */

    for (size_t i = 0; i < 40; i++) {
        peers[i] = peer_new(house, &house->known);
        for (size_t k = 0; k < each; k++)
            say(peers[i], "x", false);
    }
    while (total < 40 * each && (count = take_within(house, PATIENCE_MS, &batch)) > 0) {
        assert_in_range(count, 1, DOOR_BATCH_MAX);
        total += count;
        door_release(house->door);
    }
    assert_int_equal(total, 40 * each);
    for (size_t i = 0; i < 40; i++)
        zmq_close(peers[i]);
}

static void test_batches_are_bounded_in_bytes(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->known);
    const size_t size = 1024 * 1024, messages = 14;
    const struct inbound *batch = NULL;
    size_t total = 0, count;
    char *bytes = calloc(1, size);

    for (size_t i = 0; i < messages; i++)
        assert_return_code(zmq_send(peer, bytes, size, 0), errno);
    free(bytes);
    while (total < messages && (count = take_within(house, PATIENCE_MS, &batch)) > 0) {
        assert_in_range(count, 1, DOOR_BATCH_BYTES / size);
        total += count;
        door_release(house->door);
    }
    assert_int_equal(total, messages);
    zmq_close(peer);
}

/* A little too large gets in, to be answered; far too large cuts the connection, others go on. */
static void test_frames_that_are_too_large(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->known), *other = peer_new(house, &house->known);
    char *bytes = calloc(1, 3 * 1024 * 1024);

    zmq_send(peer, bytes, 1024 * 1024 + 1024, 0);
    assert_int_equal(take_one(house)->envelope_size, 1024 * 1024 + 1024);
    door_release(house->door);
    zmq_send(peer, bytes, 3 * 1024 * 1024, 0);
    assert_nothing_comes(house);
    say(other, "here", false);
    assert_memory_equal(take_one(house)->envelope, "here", 4);
    door_release(house->door);
    free(bytes);
    zmq_close(peer);
    zmq_close(other);
}

/* ---- What goes out ---- */

static void test_an_answer_finds_its_peer(void **state) {
    struct house *house = *state;
    void *one = peer_new(house, &house->known), *two = peer_new(house, &house->known);

    say(one, "1", false);
    struct route to_one = take_one(house)->from;
    door_release(house->door);
    say(two, "2", false);
    struct route to_two = take_one(house)->from;
    door_release(house->door);

    put_out(house, &to_two, "for two", 0);
    put_out(house, &to_one, "for one", 3);
    send_all(house);
    assert_hears(two, "for two", false);
    assert_hears(one, "for one", true);
    assert_hears(one, "", false);
    assert_int_equal(house->unsent_count, 0);
    zmq_close(one);
    zmq_close(two);
}

static void test_a_peer_that_is_gone(void **state) {
    struct house *house = *state;
    void *peer = peer_new(house, &house->known), *other = peer_new(house, &house->known);
    struct route nobody = {.size = 5, .bytes = "\0abcd"};

    say(other, "x", false);
    struct route to_other = take_one(house)->from;
    door_release(house->door);
    put_out(house, &nobody, "lost", 100);
    put_out(house, &to_other, "found", 0);
    send_all(house);
    assert_int_equal(house->unsent_count, 1);
    assert_int_equal(house->unsent[0], -EHOSTUNREACH);
    assert_hears(other, "found", false);
    zmq_close(peer);
    zmq_close(other);
}

/* Who does not read fills its own queue, and nobody waits for it. */
static void test_a_peer_that_does_not_read(void **state) {
    struct house *house = *state;
    void *slow = peer_plain(house), *other = peer_new(house, &house->known);

    option_set(slow, ZMQ_RCVHWM, 1);
    peer_connect(house, slow, &house->known);
    say(slow, "x", false);
    struct route to_slow = take_one(house)->from;
    door_release(house->door);
    say(other, "x", false);
    struct route to_other = take_one(house)->from;
    door_release(house->door);

    for (unsigned i = 0; i < 3000; i++)
        put_out(house, &to_slow, "one more", 4096);
    put_out(house, &to_other, "for you", 0);
    int64_t began_ms = now_ms();
    send_all(house);
    assert_true(now_ms() - began_ms < PATIENCE_MS);
    assert_true(house->unsent_count > 0);
    assert_int_equal(house->unsent[0], -EAGAIN);
    assert_hears(other, "for you", false);
    zmq_close(slow);
    zmq_close(other);
}

/* ---- Addresses ---- */

static void assert_not_opened(struct house *house, const char *name, int code, const char *words) {
    struct door *second;
    struct failure failure = {0};

    assert_int_equal(door_new(house->broker.secret, house_knows, house, &second, &failure), 0);
    assert_int_equal(door_listen(second, name, &failure), code);
    if (!strstr(failure.text, words))
        fail_msg("expected `%s` in: %s", words, failure.text);
    door_free(second, 0);
}

static void test_no_second_door_on_the_same_path(void **state) {
    struct house *house = *state;
    char words[64];
    void *peer = peer_new(house, &house->known);

    snprintf(words, sizeof words, "houvastd, process %d, listens there", (int)getpid());
    assert_not_opened(house, house->endpoint, -EWOULDBLOCK, words);
    say(peer, "still here", false);
    assert_memory_equal(take_one(house)->envelope, "still here", 10);
    door_release(house->door);
    zmq_close(peer);
}

static void test_the_socket_is_for_owner_and_group(void **state) {
    struct house *house = *state;
    struct stat file;

    assert_return_code(stat(house->path, &file), errno);
    assert_true(S_ISSOCK(file.st_mode));
    assert_int_equal(file.st_mode & 07777, 0660);
    assert_int_equal(umask(077), 022); /* as it was before */
    umask(022);
}

static void test_a_socket_left_behind_is_replaced_and_goes_in_the_end(void **state) {
    struct house *house = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct failure failure = {0};
    char name[160];
    struct door *second;

    snprintf(address.sun_path, sizeof address.sun_path, "%s/left", house->folder);
    int left = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_return_code(bind(left, (struct sockaddr *)&address, sizeof address), errno);
    close(left);
    snprintf(name, sizeof name, "ipc://%s", address.sun_path);
    assert_int_equal(door_new(house->broker.secret, house_knows, house, &second, &failure), 0);
    if (door_listen(second, name, &failure) < 0)
        fail_msg("%s", failure.text);
    door_free(second, 0);
    assert_int_equal(access(address.sun_path, F_OK), -1);
}

static void test_a_file_is_not_run_over(void **state) {
    struct house *house = *state;
    char name[160];

    scratch_write(house->folder, "letter", "dear Anna");
    snprintf(name, sizeof name, "ipc://%s/letter", house->folder);
    assert_not_opened(house, name, -EEXIST, "a file that is no socket has this name");
    assert_int_equal(access(name + strlen("ipc://"), F_OK), 0);
}

static void test_addresses_that_are_none(void **state) {
    static const char *const names[] = {
        "",         "tcp://",     "tcp://127.0.0.1",      "tcp://127.0.0.1:99999",
        "ipc://",   "ipc://*",    "tcp://127.0.0.1:http", "tcp://127.0.0.1:-1",
        "inproc:x", "inproc://x", "udp://127.0.0.1:5570", "/run/houvast/s",
    };
    struct house *house = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_not_opened(house, names[i], -EINVAL, "write tcp://ADDRESS:PORT or ipc:///PATH");
    assert_not_opened(house, "tcp://192.0.2.1:5570", -EADDRNOTAVAIL,
                      "this machine has no such address");
    assert_not_opened(house, "ipc:///nowhere/at/all", -ENOENT, "/nowhere/at/all.lock: ");
}

/* Several addresses; the kernel chooses the port where it is left to it, and we say which. */
static void test_several_addresses(void **state) {
    struct house *house = *state;
    struct failure failure = {0};
    char first[160], tcp[64];
    unsigned port = 0;

    if (door_listen(house->door, "tcp://127.0.0.1:*", &failure) < 0)
        fail_msg("%s", failure.text);
    assert_int_equal(sscanf(door_endpoints(house->door), "%159s tcp://127.0.0.1:%u", first, &port),
                     2);
    assert_string_equal(first, house->endpoint);
    assert_in_range(port, 1, 65535);

    snprintf(tcp, sizeof tcp, "tcp://127.0.0.1:%u", port);
    snprintf(house->endpoint, sizeof house->endpoint, "%s", tcp);
    void *peer = peer_new(house, &house->known);
    say(peer, "over tcp", false);
    assert_memory_equal(take_one(house)->envelope, "over tcp", 8);
    door_release(house->door);
    assert_not_opened(house, tcp, -EADDRINUSE, "another program does");
    zmq_close(peer);
}

int main(void) {
#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_begin, house_end)
    const struct CMUnitTest tests[] = {
        IN_A_HOUSE(test_a_known_key_is_let_in_and_named),
        IN_A_HOUSE(test_a_stranger_is_not),
        IN_A_HOUSE(test_no_other_mechanism),
        IN_A_HOUSE(test_a_routing_id_of_the_peers_own),
        IN_A_HOUSE(test_frames_are_counted_and_the_first_two_kept),
        IN_A_HOUSE(test_empty_frames),
        IN_A_HOUSE(test_batches_are_bounded_and_nothing_is_left),
        IN_A_HOUSE(test_batches_are_bounded_in_bytes),
        IN_A_HOUSE(test_frames_that_are_too_large),
        IN_A_HOUSE(test_an_answer_finds_its_peer),
        IN_A_HOUSE(test_a_peer_that_is_gone),
        IN_A_HOUSE(test_a_peer_that_does_not_read),
        IN_A_HOUSE(test_no_second_door_on_the_same_path),
        IN_A_HOUSE(test_the_socket_is_for_owner_and_group),
        IN_A_HOUSE(test_a_socket_left_behind_is_replaced_and_goes_in_the_end),
        IN_A_HOUSE(test_a_file_is_not_run_over),
        IN_A_HOUSE(test_addresses_that_are_none),
        IN_A_HOUSE(test_several_addresses),
    };

    umask(022);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
