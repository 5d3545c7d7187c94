/* A walk over what time and people leave in a ledger: whole at every size of step; and which digest
 * a step waits in, and what each row keeps, where that was changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_time.h"
#include "ledger_audit.h"
#include "ledger_verify.h"

/* What one thing may cost beyond a step's budget: an event with its items. */
#define OVER 24

static sqlite3 *database_of(struct broker_world *world) {
    return world->broker->ledger->database;
}

static int64_t count(struct broker_world *world, const char *statement) {
    return audit_number(database_of(world), statement);
}

/* ---- What people say ---- */

static struct hv_message say_wait(struct broker_world *world, uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_wait};

    sample_text(message.wait.request, "wait");
    message.wait.handover = handover_id(journey);
    sample_text(message.wait.begeleider, "b.new");
    sample_text(message.wait.reason, "full");
    message.wait.expected = world->fake.wall_ms + 20 * 24 * HOUR_MS;
    return message;
}

static struct hv_message say_urgency(struct broker_world *world, uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_set_urgency};

    sample_text(message.set_urgency.request, "urgency");
    message.set_urgency.journey = sample_uuid(journey);
    message.set_urgency.to = HV_URGENCY_URGENT;
    sample_text(message.set_urgency.reason, "worse");
    message.set_urgency.on = world->fake.wall_ms;
    return message;
}

static struct hv_message say_contest(uint8_t journey) {
    struct hv_message message = {.type = HV_MESSAGE_contest};

    sample_text(message.contest.request, "contest");
    message.contest.handover = handover_id(journey);
    sample_text(message.contest.reason, "not-there");
    return message;
}

static void note_twice(struct broker_world *world, struct peer *peer, uint8_t journey) {
    peer_does(peer, say_note(world, journey, HV_NOTE_NOT_REACHED));
    fake_world_pass(&world->fake, 1000);
    peer_does(peer, say_note(world, journey, HV_NOTE_NOT_REACHED));
    fake_world_pass(&world->fake, 1000);
}

/* ---- A life ---- */

static void hours(struct broker_world *world, int hours) {
    for (int i = 0; i < hours; i++) {
        world_pass(world, HOUR_MS);
        world_forget(world);
    }
}

static void ack_all(struct broker_world *world, const char *organisation, enum hv_role role,
                    const char *instance) {
    (void)peer_acks_all(peer_begin(world, organisation, role, instance, 1000));
    world_forget(world);
}

/* Journeys 1 to 6 in a crisis; 7 waits, 8 was confirmed and is contested, 9 passes on as 8 did. */
static void say_it_all(struct broker_world *world) {
    struct peer *support = peer_begin(world, "support", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *werkse = peer_begin(world, "werkse", HV_ROLE_ENDPOINT, "one", 0);
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "one", 0);

    for (uint8_t journey = 1; journey <= 9; journey++) {
        struct hv_message open = say_open(journey, "s.one");
        open.open.urgency = journey <= 6 ? HV_URGENCY_CRISIS : HV_URGENCY_ROUTINE;
        peer_does(support, open);
    }
    for (uint8_t journey = 7; journey <= 9; journey++)
        peer_does(support, say_offer(journey, "werkse", HV_KIND_COLD));
    peer_does(werkse, say_wait(world, 7));
    peer_does(werkse, say_confirm(world, 8, "b.new"));
    peer_does(support, say_contest(8));
    peer_does(werkse, say_confirm(world, 9, "b.new"));
    note_twice(world, werkse, 9);
    note_twice(world, support, 1);
    peer_does(support, say_note(world, 3, HV_NOTE_NOT_REACHED));
    peer_does(kcc, say_claim(world, 2, "nora", 3 * HOUR_MS));
    peer_does(support, say_urgency(world, 7));
    peer_does(support, say_absent(world, "s.one", 24 * HOUR_MS, "s.two"));
    peer_does(support, say_absent(world, "s.two", 24 * HOUR_MS, NULL));
    fake_world_pass(&world->fake, 1000);
    peer_does(support, say_absent(world, "s.one", 24 * HOUR_MS, NULL));
    world_forget(world);
}

/* Ladders are climbed while everybody is away; then the network's coordinators acknowledge all, and
 * climb goes on: into a digest that goes out and is not acknowledged, and into another. */
static void live(struct broker_world *world) {
    world_rewrite(world, "network.conf", "settle = network", "settle = network\ndigest_from = 3");
    world_stop(world);
    world_start(world);
    say_it_all(world);
    for (int i = 0; i < 2; i++) {
        hours(world, 5);
        ack_all(world, "kcc", HV_ROLE_COORDINATOR, "two");
    }
    ack_all(world, "support", HV_ROLE_ENDPOINT, "two");
    hours(world, 5);
    (void)peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "three", 1000);
    hours(world, 10);
}

/* As numbered on disk. */
#define ESCALATED    "23"
#define TOLD         "25"
#define ACKNOWLEDGED "18"
#define DIGEST       "33"

static void expect_some(struct broker_world *world, const char *what, const char *statement,
                        int64_t least) {
    const int64_t got = count(world, statement);

    if (got < least)
        fail_msg("%s: expected %lld or more, got %lld", what, (long long)least, (long long)got);
}

static void test_a_life_of_ladders_is_whole_at_every_size_of_step(void **state) {
    static const size_t sizes[] = {1, 2, 7, 64, 5000};
    struct broker_world *world = *state;

    live(world);
    expect_some(world, "steps in digests", "SELECT count(*) FROM digest", 10);
    expect_some(world, "digests of one inbox that are owed",
                "SELECT max(n) FROM (SELECT count(DISTINCT item) AS n FROM digest GROUP BY inbox)",
                2);
    expect_some(world, "digests that were acknowledged",
                "SELECT count(*) FROM event AS digest WHERE type = " DIGEST " AND NOT EXISTS "
                "(SELECT 1 FROM item WHERE item.event = digest.seq)",
                1);
    expect_some(world, "steps told", "SELECT count(*) FROM event WHERE type = " TOLD, 10);
    expect_some(world, "absences", "SELECT count(*) FROM absence", 2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct ledger_walk_result result = verify_ledger(world->broker->ledger, sizes[i]);
        assert_int_equal(result.journeys, 9);
        assert_int_equal(result.events, ledger_seq(world->broker->ledger));
        assert_int_equal(result.items, count(world, "SELECT sum(last) FROM inbox"));
        assert_in_range(result.work_most, 1, sizes[i] + OVER);
    }
}

/* ---- Damage ---- */

/* Tampers in a transaction that is undone again. */
static bool finds(struct broker_world *world, const char *statement, const char *words) {
    static const struct ledger_walk_known known = {0};
    struct ledger *ledger = world->broker->ledger;
    struct ledger_walk *walk = ledger_walk_new(&known);
    enum ledger_walk_state found = LEDGER_WALK_GOES_ON;

    assert_non_null(walk);
    assert_int_equal(audit_run(ledger->database, "BEGIN"), SQLITE_OK);
    if (audit_run(ledger->database, statement) != SQLITE_OK ||
        sqlite3_changes(ledger->database) == 0)
        fail_msg("%s: %s, %d rows", statement, sqlite3_errmsg(ledger->database),
                 sqlite3_changes(ledger->database));
    while (found == LEDGER_WALK_GOES_ON) {
        ledger_begin(ledger);
        found = ledger_walk_step(ledger, walk, 100);
        assert_int_equal(ledger_commit(ledger), 0);
    }
    assert_int_equal(audit_run(ledger->database, "ROLLBACK"), SQLITE_OK);
    const char *finding = ledger_walk_result(walk)->finding;
    const bool named = found == LEDGER_WALK_DIFFERS && strstr(finding, words);
    if (!named)
        print_error("%s\n  expected `... %s ...`\n  got `%s`\n", statement, words, finding);
    ledger_walk_free(walk);
    return named;
}

/* Of the inbox that has two digests: the first, which is out, and the second. */
#define INBOX    "(SELECT inbox FROM digest GROUP BY inbox HAVING count(DISTINCT item) > 1)"
#define FIRST    "(SELECT min(item) FROM digest WHERE inbox = " INBOX ")"
#define SECOND   "(SELECT max(item) FROM digest WHERE inbox = " INBOX ")"
#define LAST_ROW "(SELECT max(number) FROM digest WHERE inbox = " INBOX ")"
/* A step that a digest's acknowledgement told; the acknowledgement; and one told by its own. */
#define ACKNOWLEDGED_DIGEST                                                                       \
    "(SELECT max(acknowledged.seq) FROM acknowledged JOIN event ON event.seq = acknowledged.seq " \
    "JOIN inbox ON inbox.number = inbox WHERE role = 2 AND type = " ACKNOWLEDGED " AND EXISTS "   \
    "(SELECT 1 FROM event AS next WHERE next.seq = acknowledged.seq + 1 AND next.type = " TOLD    \
    " AND next.seq NOT IN (SELECT seq FROM acknowledged)))"
#define TOLD_ALONE                                                                                \
    "(SELECT max(acknowledged.seq) FROM acknowledged JOIN event ON event.seq = acknowledged.seq " \
    "JOIN inbox ON inbox.number = inbox WHERE type = " TOLD " AND role = 2)"
#define OWN_STEP                                                                             \
    "(SELECT max(item.number) FROM item JOIN event ON event.seq = item.event JOIN inbox ON " \
    "inbox.number = inbox WHERE type = " ESCALATED " AND role = 2 AND item.item < inbox.last)"

static const struct damage {
    const char *statement, *words;
} damages[] = {
    /* what a journey's row keeps */
    {"UPDATE journey SET keeping = x'c1' WHERE number = 2",
     "journey row 2: what it keeps is damaged"},
    {"UPDATE journey SET keeping = CAST('' AS BLOB) WHERE number = 2",
     "journey row 2: what it keeps is damaged"},
    {"UPDATE journey SET keeping = NULL WHERE number = 2",
     "journey row 2: what it waits for is not"},
    {"UPDATE journey SET keeping = CAST(replace(CAST(keeping AS TEXT), 'nora', 'mara') AS BLOB) "
     "WHERE number = 2",
     "journey row 2: who is on it is not"},
    {"UPDATE handover SET urgency = 1 WHERE waiting_at > 0", ": urgency is not"},
    /* steps that are items of their own */
    {"DELETE FROM item WHERE number = " OWN_STEP, "(coordinator) is missing, which event "},
    {"UPDATE item SET event = 5 WHERE number = " OWN_STEP, " is not the one that event "},
    {"DELETE FROM acknowledged WHERE seq = " TOLD_ALONE, "(coordinator)"},
    {"UPDATE acknowledged SET seq = seq + 1 WHERE seq = " TOLD_ALONE, "(coordinator)"},
    /* digests: which, and in which order */
    {"DELETE FROM digest WHERE inbox = " INBOX " AND item = " FIRST " AND place = 1",
     "is neither an item of it nor in a digest"},
    {"DELETE FROM item WHERE number = (" INBOX " << 40) + " SECOND,
     " belongs to no digest that is owed"},
    {"UPDATE digest SET item = " FIRST ", place = 9999 WHERE number = " LAST_ROW,
     " went into digest "},
    {"UPDATE digest SET place = place + 1 WHERE number = " LAST_ROW, " is not in its place, "},
    {"UPDATE digest SET place = place + 100 WHERE item = " FIRST " AND place < 3",
     " is not in its place, "},
    {"INSERT INTO digest SELECT 9999, inbox, item, place + 1, 3 FROM digest WHERE number "
     "= " LAST_ROW,
     "digest row 9999: no step of event 3 waits to be told"},
    {"INSERT INTO digest SELECT 9999, item.inbox, item.item, 1, 3 FROM item WHERE item.number "
     "= " OWN_STEP,
     "digest row 9999 belongs to no digest that is owed"},
    {"UPDATE acknowledged SET seq = seq + 1 WHERE seq = " ACKNOWLEDGED_DIGEST,
     " (coordinator) is not the one that event "},
    {"DELETE FROM acknowledged WHERE seq = " ACKNOWLEDGED_DIGEST, "(coordinator) is missing"},
    /* absences */
    {"INSERT INTO absence SELECT organisation, 's.three', begins, until, deputy, said_on, 99999 "
     "FROM absence LIMIT 1",
     "absence row 99999 belongs to no event"},
    /* the network */
    {"UPDATE ledger SET network_seq = 1",
     "the network in force is not the one that the last event about it names"},
};

static void test_each_kind_of_damage_is_named(void **state) {
    struct broker_world *world = *state;
    int unnamed = 0;

    live(world);
    sqlite3 *database = database_of(world);
    assert_int_equal(audit_run(database, "PRAGMA foreign_keys = OFF"), SQLITE_OK);
    assert_int_equal(audit_run(database, "PRAGMA ignore_check_constraints = ON"), SQLITE_OK);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++)
        unnamed += !finds(world, damages[i].statement, damages[i].words);
    assert_int_equal(unnamed, 0);
    (void)verify_ledger(world->broker->ledger, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_a_life_of_ladders_is_whole_at_every_size_of_step),
        BROKER_TEST(test_each_kind_of_damage_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
