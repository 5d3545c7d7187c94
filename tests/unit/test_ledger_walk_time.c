/* What verifying finds of timers, claims, digests and absences: a ledger of a life, damaged in one
 * place after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_time.h"
#include "ledger_audit.h"
#include "ledger_verify.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- A life ---- */

/* Journeys in a crisis, of which some are claimed, noted, offered; steps that were told, one by one
 * and together, and steps that wait in digests; begeleiders who are away, one of them twice. */
static void live(struct broker_world *world) {
    struct peer *kcc = peer_begin(world, "kcc", HV_ROLE_ENDPOINT, "one", 0);

    for (uint8_t i = 1; i <= 8; i++)
        (void)peer_does(kcc, say_open_as(i, HV_URGENCY_CRISIS));
    (void)peer_does(kcc, say_offer_as(8, "werkse", HV_URGENCY_CRISIS));
    (void)peer_does(kcc, say_note(world, 7, HV_NOTE_NOT_REACHED));
    (void)peer_does(kcc, say_absent(world, "h.holder", DAY_MS, NULL));
    (void)peer_does(kcc, say_absent(world, "anna", DAY_MS, NULL));
    fake_world_pass(&world->fake, 1000);
    (void)peer_does(kcc, say_note(world, 7, HV_NOTE_NOT_REACHED));
    fake_world_pass(&world->fake, 1000);
    (void)peer_does(kcc, say_note(world, 7, HV_NOTE_NOT_REACHED));
    (void)peer_does(kcc, say_absent(world, "anna", DAY_MS, NULL));
    (void)time_run(world, 2 * HOUR_MS + MINUTE_MS);
    struct peer *desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 1000);
    (void)peer_acks_all(desk); /* some of their own, some together */
    (void)peer_does(desk, say_claim(world, 1, "carla", HOUR_MS));
    (void)time_run(world, 6 * HOUR_MS);
    assert_true(time_number(world, "SELECT count(*) FROM digest") > 5);
    assert_true(time_number(world, "SELECT count(*) FROM event WHERE type = 25") > 5);
}

/* ---- Damage ---- */

#define FILE_MAX (64 << 20)

static void copy_file(const char *from, const char *to) {
    char *bytes = malloc(FILE_MAX);
    FILE *file = fopen(from, "rb");

    assert_non_null(bytes);
    assert_non_null(file);
    const size_t size = fread(bytes, 1, FILE_MAX, file);
    fclose(file);
    file = fopen(to, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

/* What a walk over the ledger finds, "" for nothing. */
static void walk(const char *folder, char *ret_finding, size_t size) {
    static const struct ledger_walk_known known = {0};
    struct fake_world fake;
    struct failure failure;
    struct ledger *ledger = NULL;
    struct ledger_walk *walk = ledger_walk_new(&known);
    enum ledger_walk_state state = LEDGER_WALK_GOES_ON;

    assert_non_null(walk);
    fake_world_init(&fake, 1);
    if (ledger_open(folder, &fake.world, &ledger, &failure) < 0)
        fail_msg("%s", failure.text);
    while (state == LEDGER_WALK_GOES_ON) {
        ledger_begin(ledger);
        state = ledger_walk_step(ledger, walk, 50);
        assert_int_equal(ledger_commit(ledger), 0);
    }
    snprintf(ret_finding, size, "%s",
             state == LEDGER_WALK_WHOLE ? "" : ledger_walk_result(walk)->finding);
    ledger_walk_free(walk);
    ledger_close(ledger);
}

/* Every one is found, by a sentence with these words. */
static const struct {
    const char *damage;
    const char *finding;
} damages[] = {
    /* Timers */
    {"UPDATE journey SET due = due + 1 WHERE number = 3", "journey row 3 is due at"},
    {"UPDATE journey SET due = 1 WHERE number = 3", "journey row 3 is due at"},
    {"UPDATE journey SET keeping = NULL, due = 1 WHERE number = 3",
     "journey row 3: what it waits for"},
    {"UPDATE journey SET keeping = (SELECT keeping FROM journey WHERE number = 8), due = "
     "(SELECT due FROM journey WHERE number = 8) WHERE number = 3",
     "journey row 3: what it waits for"},
    {"UPDATE journey SET keeping = (SELECT keeping FROM journey WHERE number = 2), due = "
     "(SELECT due FROM journey WHERE number = 2) WHERE number = 1",
     "journey row 1:"},
    {"UPDATE journey SET not_reached = 0 WHERE number = 7", "journey row 7: not_reached"},
    {"UPDATE journey SET urgency_on = 5 WHERE number = 7", "journey row 7: urgency_on"},
    {"UPDATE handover SET waiting_at = 5", "handover row 1: times_ms"},
    /* Digests */
    {"DELETE FROM digest WHERE number = (SELECT min(number) FROM digest)",
     "neither an item of it nor in a digest"},
    {"DELETE FROM digest", "neither an item of it nor in a digest"},
    {"UPDATE digest SET event = 1 WHERE number = "
     "(SELECT min(number) FROM digest)",
     "neither an item of it nor in a digest"},
    {"UPDATE digest SET item = item + 1000", "belongs to no digest that is owed"},
    {"UPDATE digest SET inbox = inbox + 1000", "belongs to no digest that is owed"},
    {"INSERT INTO digest (inbox, item, place, event) SELECT inbox, item, 1000, 1 FROM digest "
     "LIMIT 1",
     "no step of event 1 waits to be told"},
    /* Items of steps, and what was told */
    {"DELETE FROM item WHERE event IN (SELECT seq FROM event WHERE type = 22)", "is missing"},
    {"DELETE FROM item WHERE event IN (SELECT seq FROM event WHERE type = 33)",
     "belongs to no digest that is owed"},
    {"UPDATE acknowledged SET seq = seq - 1 WHERE seq IN (SELECT seq FROM event WHERE type = 25)",
     "acknowledge"},
    {"DELETE FROM acknowledged WHERE seq IN (SELECT seq FROM event WHERE type = 25)", "item"},
    /* Absences */
    {"DELETE FROM absence WHERE begeleider = 'anna'", "the absence that it says is missing"},
    {"UPDATE absence SET until = until + 1", "is another in its row"},
    {"UPDATE absence SET begins = begins + 1", "is another in its row"},
    {"UPDATE absence SET deputy = 'bram' WHERE begeleider = 'anna'", "is another in its row"},
    {"UPDATE absence SET said_on = said_on + 1", "is another in its row"},
    {"UPDATE absence SET event = (SELECT min(seq) FROM event WHERE type = 31 AND seq NOT IN "
     "(SELECT event FROM absence)) WHERE begeleider = 'anna'",
     "the absence that it says is"},
    {"UPDATE absence SET begeleider = 'bram' WHERE begeleider = 'anna'", "does not say it"},
    {"UPDATE absence SET event = 1 WHERE begeleider = 'anna'", "does not say it"},
    {"INSERT INTO absence SELECT 'kcc', 'erik', begins, until, deputy, said_on, 1 FROM absence "
     "LIMIT 1",
     "does not say it"},
};

static void test_what_is_found(void **state) {
    struct broker_world *world = *state;
    char path[512], kept[512], finding[512];

    live(world);
    time_audit(world);
    snprintf(path, sizeof path, "%s/ledger.sqlite", world->state);
    snprintf(kept, sizeof kept, "%s/kept", world->folder);
    copy_file(path, kept);
    for (size_t i = 0; i < COUNT(damages); i++) {
        sqlite3 *database = audit_open(world->state);
        if (audit_run(database, damages[i].damage) != SQLITE_OK)
            fail_msg("%s: %s", damages[i].damage, sqlite3_errmsg(database));
        if (sqlite3_total_changes(database) == 0)
            fail_msg("%s: damages nothing", damages[i].damage);
        assert_int_equal(sqlite3_close(database), SQLITE_OK);
        walk(world->state, finding, sizeof finding);
        if (!strstr(finding, damages[i].finding))
            fail_msg("%s: expected `%s`, got `%s`", damages[i].damage, damages[i].finding, finding);
        copy_file(kept, path);
    }
    walk(world->state, finding, sizeof finding);
    assert_string_equal(finding, "");
}

/* Steps that are taken, told and put into digests while the walk is under way disturb nothing. */
static void test_time_goes_on_meanwhile(void **state) {
    static const struct ledger_walk_known known = {0};
    struct broker_world *world = *state;
    struct ledger *ledger = NULL;
    struct ledger_walk *walk = ledger_walk_new(&known);
    enum ledger_walk_state found = LEDGER_WALK_GOES_ON;
    int steps = 0;

    assert_non_null(walk);
    live(world);
    ledger = world->broker->ledger;
    struct peer *desk = NULL;
    while (found == LEDGER_WALK_GOES_ON) {
        ledger_begin(ledger);
        found = ledger_walk_step(ledger, walk, 20);
        assert_int_equal(ledger_commit(ledger), 0);
        if (steps++ % 8 == 0 && steps < 400) {
            (void)time_run(world, 4 * HOUR_MS);
            time_forget_peers(world);
            desk = peer_begin(world, "kcc", HV_ROLE_COORDINATOR, "desk", 1000);
            if (steps % 3 == 0)
                (void)peer_acks_all(desk);
        }
    }
    if (found != LEDGER_WALK_WHOLE)
        fail_msg("%s", ledger_walk_result(walk)->finding);
    ledger_walk_free(walk);
    time_audit(world);
}

static int setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    struct broker_world *world = *state;
    world_rewrite(world, "network.conf", "settle = network", "settle = network\ndigest_from = 7");
    world_stop(world);
    world_start(world);
    time_hurry(world);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_found, setup, broker_world_teardown),
        cmocka_unit_test_setup_teardown(test_time_goes_on_meanwhile, setup, broker_world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
