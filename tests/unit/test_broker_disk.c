/* A disk that fills, to the last byte, and is emptied again; and one that fails. On a small tmpfs
 * of its own where one may be mounted, else skipped. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_say.h"
#include "ledger_audit.h"
#include "ledger_verify.h"

#define MIB (UINT64_C(1) << 20)

static bool may_mount;

/* ---- The disk ---- */

static int write_whole(const char *path, const char *text) {
    const int fd = open(path, O_WRONLY);

    if (fd < 0)
        return -1;
    const ssize_t size = write(fd, text, strlen(text));
    (void)close(fd);
    return size == (ssize_t)strlen(text) ? 0 : -1;
}

/* A mount namespace of our own: as root at once, else as root of a user namespace. */
static bool namespace_enter(void) {
    char user[64], group[64];

    snprintf(user, sizeof user, "0 %u 1", (unsigned)getuid());
    snprintf(group, sizeof group, "0 %u 1", (unsigned)getgid());
    if (unshare(CLONE_NEWNS) == 0)
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_whole("/proc/self/uid_map", user) == 0 &&
           write_whole("/proc/self/setgroups", "deny") == 0 &&
           write_whole("/proc/self/gid_map", group) == 0;
}

/* A world whose state directory is a disk of 24 MiB. */
static int disk_setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    struct broker_world *world = *state;
    if (!may_mount)
        return 0;
    world_stop(world);
    may_mount = mount("tmpfs", world->state, "tmpfs", 0, "size=24m,nr_inodes=1000,mode=0700") == 0;
    world_start(world);
    return 0;
}

static int disk_teardown(void **state) {
    struct broker_world *world = *state;

    world_stop(world);
    if (may_mount)
        (void)umount2(world->state, MNT_DETACH);
    return broker_world_teardown(state);
}

static uint64_t disk_free(struct broker_world *world) {
    struct statvfs space;

    assert_int_equal(statvfs(world->state, &space), 0);
    return (uint64_t)space.f_bavail * space.f_frsize;
}

/* Somebody else's file, as large as leaves `bytes` free. */
static void disk_fill(struct broker_world *world, uint64_t bytes) {
    char path[256];

    snprintf(path, sizeof path, "%s/somebody-else", world->state);
    const int fd = open(path, O_RDWR | O_CREAT, 0600);
    struct stat status;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    const uint64_t free_bytes = disk_free(world);
    assert_true(free_bytes >= bytes);
    if (free_bytes > bytes)
        assert_int_equal(posix_fallocate(fd, status.st_size, (off_t)(free_bytes - bytes)), 0);
    close(fd);
    assert_int_equal(disk_free(world), bytes);
}

static void disk_empty(struct broker_world *world) {
    char path[256];

    snprintf(path, sizeof path, "%s/somebody-else", world->state);
    assert_int_equal(unlink(path), 0);
}

static bool reserve_is_there(struct broker_world *world) {
    char path[256];

    snprintf(path, sizeof path, "%s/reserve", world->state);
    return access(path, F_OK) == 0;
}

/* ---- Full ---- */

/* kcc has offered four journeys to werkse; both are there. */
struct cast {
    struct peer *kcc, *werkse;
};

static struct cast cast_begin(struct broker_world *world) {
    struct cast cast = {
        peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0),
        peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 20),
    };

    for (uint8_t journey = 1; journey <= 4; journey++) {
        (void)peer_does(cast.kcc, say_open(journey, "h.holder"));
        (void)peer_does(cast.kcc, say_offer(journey, "werkse", HV_KIND_COLD));
    }
    return cast;
}

/* Judged before `unknown` and `forbidden`: it says nothing about what is there, and whose it is. */
static void assert_says_nothing_of_it(struct cast cast) {
    struct hv_message reload = {.type = HV_MESSAGE_reload};
    struct hv_message absent = {.type = HV_MESSAGE_absent};
    struct hv_message withdraw = say_withdraw(50);

    peer_may_not(cast.werkse, say_receive(50, "anna"), HV_REFUSED_UNAVAILABLE, NULL);
    sample_text(reload.reload.request, "reload");
    peer_may_not(cast.kcc, reload, HV_REFUSED_UNAVAILABLE, NULL);
    sample_text(absent.absent.request, "absent");
    sample_text(absent.absent.begeleider, "h.holder");
    peer_may_not(cast.kcc, absent, HV_REFUSED_UNAVAILABLE, NULL);
    withdraw.withdraw.has_for_ = true;
    sample_text(withdraw.withdraw.for_, "nobody");
    peer_may_not(cast.werkse, withdraw, HV_REFUSED_UNAVAILABLE, NULL);
}

/* Nothing new is taken; what is asked, and what was said before, is answered. */
static void assert_takes_nothing_new(struct broker_world *world, struct cast cast) {
    size_t size = 0;
    const uint8_t *dossier = world_dossier(world, "werkse", "story", &size);
    const struct hv_message supplement = say_supplement(4, 1);

    peer_may_not(cast.kcc, say_open(9, "h.holder"), HV_REFUSED_UNAVAILABLE, NULL);
    peer_may_not(cast.kcc, say_reassign(world, 4, "n.next", "h.holder"), HV_REFUSED_UNAVAILABLE,
                 NULL);
    peer_may_not(cast.kcc, say_close(world, 4, "h.holder", HV_OUTCOME_DECEASED),
                 HV_REFUSED_UNAVAILABLE, NULL);
    peer_may_not(cast.kcc, say_withdraw(4), HV_REFUSED_UNAVAILABLE, NULL);
    peer_say(cast.kcc, &supplement, dossier, size);
    world_settle(world);
    peer_expect_refused(cast.kcc, HV_REFUSED_UNAVAILABLE, NULL);
    peer_may_not(cast.werkse, say_receive(4, "anna"), HV_REFUSED_UNAVAILABLE, NULL);
    peer_may_not(cast.werkse, say_pickup(4, "anna"), HV_REFUSED_UNAVAILABLE, NULL);
    peer_may_not(cast.werkse, say_fetch(4), HV_REFUSED_UNAVAILABLE, NULL);
    peer_may_not(cast.kcc, say_history(4), HV_REFUSED_UNAVAILABLE, NULL);
    assert_says_nothing_of_it(cast);
    (void)peer_repeats(cast.kcc, say_open(4, "h.holder"));
    (void)peer_repeats(cast.kcc, say_offer(4, "werkse", HV_KIND_COLD));
    (void)peer_does(cast.kcc, say_status(4));
    (void)peer_does(cast.werkse, say_handover_status(4));
}

/* Early, while there is room: nothing new, but confirmations, declines and acknowledgements go on;
 * and when there is room again everything does, without a restart. */
static void test_nearly_full(void **state) {
    struct broker_world *world = *state;

    if (!may_mount)
        skip();
    const struct cast cast = cast_begin(world);
    assert_true(reserve_is_there(world));
    disk_fill(world, 3 * MIB);
    assert_takes_nothing_new(world, cast);
    assert_in_range(broker_wait_ms(world->broker), 1, 1000); /* somebody looks once a second */
    fake_world_pass(&world->fake, 1000);
    assert_int_equal(broker_wait_ms(world->broker), 0);
    assert_true(reserve_is_there(world)); /* not yet wanted */
    peer_acks(cast.werkse, HV_EVENT_OFFERED);
    (void)peer_does(cast.werkse, say_confirm(world, 1, "anna"));
    (void)peer_does(cast.werkse, say_decline(2));
    peer_acks(cast.werkse, HV_EVENT_OFFERED);
    (void)peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 5);

    disk_empty(world);
    world_pass(world, 1000);
    (void)peer_does(cast.kcc, say_open(9, "h.holder"));
    (void)peer_does(cast.kcc, say_withdraw(3));
    peer_acks_all(cast.werkse);
}

/* Full to the last byte: the reserve is let go, and confirmations still commit. */
static void test_full_to_the_last_byte(void **state) {
    struct broker_world *world = *state;

    if (!may_mount)
        skip();
    const struct cast cast = cast_begin(world);
    disk_fill(world, 0);
    (void)peer_does(cast.werkse, say_confirm(world, 1, "anna"));
    assert_false(reserve_is_there(world));
    assert_takes_nothing_new(world, (struct cast){cast.kcc, cast.werkse});
    (void)peer_does(cast.werkse, say_decline(2));
    peer_acks(cast.werkse, HV_EVENT_OFFERED);

    disk_empty(world);
    world_pass(world, 1000);
    assert_true(reserve_is_there(world)); /* taken back */
    (void)peer_does(cast.kcc, say_open(9, "h.holder"));
}

/* And when the reserve is used up too: nothing is taken, nothing is lost, and nobody is cut off. */
static void test_full_without_a_reserve(void **state) {
    struct broker_world *world = *state;

    if (!may_mount)
        skip();
    const struct cast cast = cast_begin(world);
    disk_fill(world, 0);
    (void)peer_does(cast.werkse, say_confirm(world, 1, "anna"));
    disk_fill(world, 0);
    int confirmed = 1;
    const struct heard *offered = peer_expect_item(cast.werkse, HV_EVENT_OFFERED);
    const struct hv_message ack = say_ack(offered->message.item.item);
    /* What is left in the files' own pages is used first. */
    for (bool full = false; !full;) {
        const struct hv_message *message = NULL;
        const struct hv_message confirm = say_confirm(world, (uint8_t)(confirmed + 1), "anna");
        peer_say(cast.werkse, confirmed < 4 ? &confirm : &ack, NULL, 0);
        world_turn(world);
        message = &peer_next_answer(cast.werkse)->message;
        full = message->type == HV_MESSAGE_refused;
        if (full)
            assert_int_equal(message->refused.code, HV_REFUSED_UNAVAILABLE);
        else if (++confirmed > 5)
            fail_msg("the disk has no last byte");
    }
    (void)peer_does(cast.kcc, say_handover_status(1));
    (void)peer_repeats(cast.werkse, say_confirm(world, 1, "anna"));
    /* Known organisations say hello; one that the ledger has no inbox of yet is asked to wait. */
    (void)peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "two", 5);
    struct peer *fresh = peer_connect(world, "support", HV_ROLE_COORDINATOR, "desk");
    struct hv_message hello = {.type = HV_MESSAGE_hello};
    sample_text(hello.hello.request, "hello");
    sample_text(hello.hello.instance, "desk");
    hello.hello.version = HV_WIRE_VERSION;
    hello.hello.role = HV_ROLE_COORDINATOR;
    peer_may_not(fresh, hello, HV_REFUSED_UNAVAILABLE, NULL);

    disk_empty(world);
    world_pass(world, 1000);
    peer_hello(fresh, 0);
    (void)peer_does(cast.kcc, say_open(9, "h.holder"));
    world_stop(world);
    world_start(world);
    assert_int_equal(ledger_gauges(world->broker->ledger).journeys_held, 5);
}

#define CONFIRMATIONS 20

/* Says all in one batch: how many were done, first or again. */
static int confirm_all(struct peer *werkse, const struct hv_message *confirmations) {
    int done = 0;

    for (int i = 0; i < CONFIRMATIONS; i++)
        peer_say(werkse, &confirmations[i], NULL, 0);
    world_turn(werkse->world);
    for (int i = 0; i < CONFIRMATIONS; i++) {
        const struct hv_message *message = &peer_next_answer(werkse)->message;
        if (message->type == HV_MESSAGE_refused)
            assert_int_equal(message->refused.code, HV_REFUSED_UNAVAILABLE);
        else
            done++;
    }
    return done;
}

/* Of a batch for which there is no room together, each that fits alone is taken. */
static void test_what_does_not_fit_keeps_no_other_out(void **state) {
    struct broker_world *world = *state;
    struct hv_message confirmations[CONFIRMATIONS];
    int done = 0;

    if (!may_mount)
        skip();
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    for (uint8_t journey = 0; journey <= CONFIRMATIONS; journey++) {
        (void)peer_does(kcc, say_open(journey, "h.holder"));
        (void)peer_does(kcc, say_offer(journey, "werkse", HV_KIND_COLD));
        if (journey > 0)
            confirmations[journey - 1] = say_confirm(world, journey, "anna");
    }
    disk_fill(world, 0);
    (void)peer_does(werkse, say_confirm(world, 0, "anna"));
    assert_false(reserve_is_there(world));
    for (uint64_t room = 0; done == 0 && room < MIB; room += 4096) {
        disk_empty(world);
        disk_fill(world, room);
        done = confirm_all(werkse, confirmations);
    }
    print_message("%d of %d were done\n", done, CONFIRMATIONS);
    assert_in_range(done, 1, CONFIRMATIONS - 1);
    disk_empty(world);
    world_pass(world, 1000);
    assert_int_equal(confirm_all(werkse, confirmations), CONFIRMATIONS);
    world_stop(world);
    world_start(world);
    assert_int_equal(ledger_gauges(world->broker->ledger).handovers_open, 0);
}

#define DUE 200

static int64_t steps(struct broker_world *world) {
    return audit_number(world->broker->ledger->database,
                        "SELECT count(*) FROM event WHERE type IN (22, 23, 24)");
}

/* Of many steps that are due, and have no room together, as many are taken as there is room for:
 * the next of them is not silent because the last does not fit. */
static void test_steps_on_a_full_disk(void **state) {
    struct broker_world *world = *state;

    if (!may_mount)
        skip();
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    for (uint8_t journey = 0; journey < DUE; journey++) {
        struct hv_message open = say_open(journey, "h.holder");
        open.open.urgency = HV_URGENCY_CRISIS;
        (void)peer_does(kcc, open);
        world_forget(world);
    }
    world_stop(world);
    world_start(world);                            /* the ledger's log is empty, and has to grow */
    ledger_reserve_release(world->broker->ledger); /* used up already */
    disk_fill(world, 0);
    fake_world_pass(&world->fake, 3600000 + 60000);
    for (uint64_t room = 0; steps(world) == 0 && room < MIB; room += 4096) {
        disk_empty(world);
        disk_fill(world, room);
        for (int i = 0; i < 10; i++)
            world_turn(world);
    }
    print_message("%" PRId64 " of %d were taken\n", steps(world), DUE);
    assert_in_range(steps(world), 1, DUE - 1);
    disk_empty(world);
    world_pass(world, 1000);
    assert_int_equal(steps(world), DUE);
}

/* What was to go out in a turn that did not fit goes out in the next that does. */
static void test_items_survive_a_full_turn(void **state) {
    struct broker_world *world = *state;
    uint8_t head[32];

    if (!may_mount)
        skip();
    struct cast cast = {
        peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0),
        peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 20),
    };
    (void)peer_does(cast.kcc, say_open(1, "h.holder"));
    const struct hv_message offer = say_offer(1, "werkse", HV_KIND_COLD);
    cast.werkse->full = true; /* out, and back in the broker's hands */
    peer_say(cast.kcc, &offer, NULL, 0);
    world_turn(world);
    cast.werkse->full = false;
    fake_world_pass(&world->fake, 1000); /* until it is tried again */
    disk_fill(world, 0);
    world_turn(world); /* it goes again, and does not fit without the reserve */
    world_settle(world);
    (void)peer_expect_item(cast.werkse, HV_EVENT_OFFERED);
    const int64_t seq = ledger_seq(world->broker->ledger);
    memcpy(head, ledger_head(world->broker->ledger), sizeof head);
    disk_empty(world);
    world_stop(world);
    audit_all(world->state, seq, head);
    verify_folder(world->state);
}

/* The same where nothing of the turn asks for it once more: it was given back the turn before. */
static void test_left_over_items_survive_a_full_turn(void **state) {
    struct broker_world *world = *state;

    if (!may_mount)
        skip();
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 20);
    (void)peer_does(kcc, say_open(1, "h.holder"));
    (void)peer_does(kcc, say_offer(1, "werkse", HV_KIND_COLD));
    const struct hv_message nack =
        say_nack(peer_expect_item(werkse, HV_EVENT_OFFERED)->message.item.item, 0);
    peer_say(werkse, &nack, NULL, 0);
    world_turn(world);
    peer_expect_silence(werkse);
    disk_fill(world, 0);
    world_turn(world);
    assert_false(reserve_is_there(world)); /* it did not fit at first */
    world_settle(world);
    assert_int_equal(peer_expect_item(werkse, HV_EVENT_OFFERED)->message.item.attempt, 2);
}

/* ---- Full, and a key may be stolen ---- */

#define OVER_RATE_S 40

/* The organisation is over its rate for longer than the alarm waits, and then rests. */
static void ask_too_much(struct broker_world *world, struct peer *peer) {
    const struct hv_message map = {.type = HV_MESSAGE_map, .map = {.request = "m"}};

    peer_hello(peer, 0);
    for (int second = 0; second < OVER_RATE_S; second++) {
        for (int i = 0; i < 30; i++)
            peer_say(peer, &map, NULL, 0);
        world_settle(world);
        world_pass(world, 1000);
        world_forget(world);
    }
}

/* How many were said: as many alarms as events, each with the items of two inboxes. */
static int64_t suspicions(struct broker_world *world) {
    const int64_t alarms = world->broker->counters.alarms;

    assert_int_equal(ledger_gauges(world->broker->ledger).items_owed, 2 * alarms);
    return alarms;
}

/* It is recorded from the reserve, once though the turn is tried twice. On a disk that takes
 * nothing at all it is not said, until there is room. */
static void test_a_suspicion_on_a_full_disk(void **state) {
    struct broker_world *world = *state;
    int64_t said = 0;
    uint8_t head[32];

    if (!may_mount)
        skip();
    world_rewrite(world, "network.conf", "commands_per_second = 0", "commands_per_second = 20");
    world_stop(world);
    world_start(world);
    struct peer *stolen = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    disk_fill(world, 0);
    ask_too_much(world, stolen);
    assert_int_equal(suspicions(world), 1);
    assert_false(reserve_is_there(world)); /* it did not fit without */
    do {                                   /* what is left in the files' own pages is used first */
        said = suspicions(world);
        if (said > 100)
            fail_msg("the disk has no last byte");
        disk_fill(world, 0);
        world_pass(world, 10000); /* the next time is another */
        ask_too_much(world, stolen);
    } while (suspicions(world) > said);
    disk_empty(world);
    world_pass(world, 1000);
    ask_too_much(world, stolen);
    assert_int_equal(suspicions(world), said + 1);
    const int64_t seq = ledger_seq(world->broker->ledger);
    memcpy(head, ledger_head(world->broker->ledger), sizeof head);
    world_stop(world);
    audit_all(world->state, seq, head);
    verify_folder(world->state);
}

/* ---- Broken ---- */

/* A write that fails for any other reason: the outcome is unknown, and nobody is answered; after a
 * new start the peer asks again and is answered with what came of it. */
static void test_write_error_answers_nobody(void **state) {
    struct broker_world *world = *state;
    struct rlimit before, none;
    uint8_t head[32];

    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);
    (void)peer_does(kcc, say_open(1, "h.holder"));
    const struct hv_message second = say_open(2, "h.holder");
    const struct hv_message status = say_status(1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 4096; /* a file may not grow past its first page: the log cannot be written */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    peer_say(kcc, &status, NULL, 0);
    peer_say(kcc, &second, NULL, 0);
    assert_int_equal(world_try_turn(world), -EIO);
    assert_int_equal(world->outbox.count, 0);
    peer_expect_silence(kcc);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

    world_stop(world);
    world_start(world);
    peer_hello(kcc, 0);
    peer_say(kcc, &second, NULL, 0);
    world_settle(world);
    (void)peer_expect_done(kcc);
    (void)peer_repeats(kcc, second);
    const int64_t seq = ledger_seq(world->broker->ledger);
    memcpy(head, ledger_head(world->broker->ledger), sizeof head);
    world_stop(world);
    audit_all(world->state, seq, head);
    verify_folder(world->state);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        DISK_TEST(test_nearly_full),
        DISK_TEST(test_full_to_the_last_byte),
        DISK_TEST(test_full_without_a_reserve),
        DISK_TEST(test_what_does_not_fit_keeps_no_other_out),
        DISK_TEST(test_steps_on_a_full_disk),
        DISK_TEST(test_items_survive_a_full_turn),
        DISK_TEST(test_left_over_items_survive_a_full_turn),
        DISK_TEST(test_a_suspicion_on_a_full_disk),
        DISK_TEST(test_write_error_answers_nobody),
    };

    may_mount = namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
