/* Random commands of several organisations, sessions that come and go, clocks that jump, restarts:
 * the guarantees hold after every turn. HOUVAST_SEED gives one seed more. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "broker/ledger_sql.h"
#include "broker/request.h"
#include "broker_random.h"
#include "ledger_audit.h"
#include "ledger_verify.h"

#define STEPS         600
#define COMMANDS_MAX  5 /* in one turn */
#define INBOXES       (3 * WORLD_ORGANISATIONS)
#define CREDIT_AT_END 1000

#define LANE_OF_DIGESTS (RANDOM_JOURNEYS + 1)
#define LANES           (RANDOM_JOURNEYS + 2)

struct run {
    struct life life;
    int64_t out[INBOXES][LANES]; /* heard and not acknowledged; 0: of no journey */
    int64_t acknowledged;
    struct journey before[RANDOM_JOURNEYS + 1]; /* state 0: there was none */
    int64_t seq_before;
    size_t done, refused;
};

static struct ledger *ledger_of(struct run *run) {
    return run->life.world->broker->ledger;
}

static int inbox_of(const struct peer *peer) {
    for (int i = 0; i < WORLD_ORGANISATIONS; i++)
        if (strcmp(world_organisations[i], peer->organisation) == 0)
            return 3 * i + (int)peer->role - 1;
    fail_msg("nobody is called %s", peer->organisation);
    return -1;
}

/* Durable is another test's subject: this one wants many turns. */
static void world_hurry(struct broker_world *world) {
    assert_int_equal(audit_run(world->broker->ledger->database, "PRAGMA synchronous = OFF"),
                     SQLITE_OK);
}

/* ---- What peers hear ---- */

/* Of one journey no inbox ever has two items out, nor two digests. */
static void hear_items(struct run *run, struct peer *peer) {
    const struct heard *heard = NULL;

    while ((heard = peer_next_item(peer)) != NULL) {
        const struct hv_item *item = &heard->message.item;
        const uint8_t lane =
            item->event.event == HV_EVENT_DIGEST ? LANE_OF_DIGESTS : item->event.journey.bytes[15];
        int64_t *out = &run->out[inbox_of(peer)][lane];
        if (*out && *out != item->item)
            fail_msg("%s: item %" PRId64 " while %" PRId64 " is out", peer->organisation,
                     item->item, *out);
        *out = item->item;
    }
}

static void hear_all_items(struct run *run) {
    for (size_t i = 0; i < RANDOM_PEERS; i++)
        hear_items(run, run->life.peers[i]);
}

/* The next answer that is no sign of life. */
static const struct hv_message *reply(struct peer *peer) {
    const struct heard *heard = NULL;

    while ((heard = peer_next_answer(peer)) != NULL)
        if (heard->message.type == HV_MESSAGE_done || heard->message.type == HV_MESSAGE_refused)
            return &heard->message;
    fail_msg("%s %s is not answered", peer->organisation, peer->instance);
    return NULL;
}

static void hello_again(struct run *run, struct peer *peer) {
    hear_all_items(run);
    while (peer_next_answer(peer))
        continue;
    peer_reconnect(peer);
    peer_hello(peer, (int64_t)chance_below(&run->life.chance, 6));
}

/* ---- The guarantees, after every turn ---- */

static void look_before(struct run *run) {
    struct handover open;
    bool has_open = false;

    run->seq_before = ledger_seq(ledger_of(run));
    for (uint8_t number = 1; number <= RANDOM_JOURNEYS; number++)
        if (!life_journey(&run->life, number, &run->before[number], &open, &has_open))
            run->before[number].state = 0;
}

/* H2: the holder's organisation moves with an event `confirmed` that names the new one. */
static void check_moved(struct run *run, const struct journey *journey) {
    struct ledger *ledger = ledger_of(run);
    struct hv_event event;
    msgpack_zone zone;

    assert_true(msgpack_zone_init(&zone, 1024));
    ledger_begin(ledger);
    const int64_t seq = ledger_event_newest(ledger, journey->row, HV_EVENT_CONFIRMED);
    assert_true(seq > run->seq_before);
    assert_true(ledger_event_get(ledger, seq, &zone, &event));
    assert_string_equal(event.holder.organisation, journey->holder.organisation);
    ledger_rollback(ledger);
    msgpack_zone_destroy(&zone);
}

/* H1: every journey that was there is there, and has one holder, with both its names. */
static void check_holders(struct run *run) {
    struct journey journey;
    struct handover open;
    bool has_open = false;

    for (uint8_t number = 1; number <= RANDOM_JOURNEYS; number++) {
        const struct journey *before = &run->before[number];
        const bool is_there = life_journey(&run->life, number, &journey, &open, &has_open);
        if (!is_there) {
            assert_int_equal(before->state, 0);
            continue;
        }
        assert_int_not_equal(journey.holder.organisation[0], '\0');
        assert_int_not_equal(journey.holder.begeleider[0], '\0');
        if (has_open) {
            assert_int_equal(journey.state, HV_JOURNEY_OPEN);
            assert_string_equal(open.from, journey.holder.organisation);
        }
        if (before->state && strcmp(before->holder.organisation, journey.holder.organisation) != 0)
            check_moved(run, &journey);
    }
}

/* D3: what is owed is owed until it is acknowledged, one at a time of a journey. */
static void check_items(struct run *run) {
    sqlite3 *database = ledger_of(run)->database;

    audit_items(database);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM acknowledged"),
                     run->acknowledged);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM item"),
                     ledger_gauges(ledger_of(run)).items_owed);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM journey WHERE state < 3"),
                     ledger_gauges(ledger_of(run)).journeys_held);
    assert_int_equal(audit_number(database, "SELECT count(*) FROM handover WHERE state < 6"),
                     ledger_gauges(ledger_of(run)).handovers_open);
}

static void check(struct run *run) {
    hear_all_items(run);
    check_holders(run);
    check_items(run);
}

/* ---- What happens ---- */

/* Keeps what took effect, to say it again later. */
static void keep(struct run *run, const struct said *said, int64_t seq) {
    struct life *life = &run->life;

    if (said->message.type == HV_MESSAGE_fetch || life->said_count == RANDOM_SAID_MAX)
        return;
    life->said[life->said_count] = *said;
    life->said[life->said_count++].seq = seq;
}

/* Some commands in one turn: each is answered once, in the order in which it was said. */
static void step_commands(struct run *run) {
    struct said said[COMMANDS_MAX];
    bool lost[COMMANDS_MAX] = {false};
    const size_t count = 1 + chance_below(&run->life.chance, COMMANDS_MAX);

    look_before(run);
    for (size_t i = 0; i < count; i++) {
        random_command(&run->life, &said[i]);
        said_say(&run->life, &said[i]);
    }
    world_turn(run->life.world);
    for (size_t i = 0; i < count; i++) {
        const struct hv_message *answer = reply(said[i].peer);
        if (answer->type == HV_MESSAGE_done) {
            run->done++;
            if (!answer->done.has_repeated)
                keep(run, &said[i], answer->done.seq);
        } else {
            run->refused++;
            lost[i] = answer->refused.code == HV_REFUSED_NO_SESSION;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (lost[i])
            hello_again(run, said[i].peer);
    check(run);
}

static void acknowledge(struct run *run, struct peer *peer, int64_t *out) {
    const struct hv_message message = say_ack(*out);

    peer_say(peer, &message, NULL, 0);
    world_turn(run->life.world);
    const struct hv_message *answer = reply(peer);
    if (answer->type == HV_MESSAGE_refused) {
        assert_int_equal(answer->refused.code, HV_REFUSED_NO_SESSION);
        hello_again(run, peer);
        return;
    }
    assert_false(answer->done.has_repeated && answer->done.repeated);
    run->acknowledged++;
    *out = 0;
}

/* Any session of an inbox acknowledges something that any of them has heard, or gives it back. */
static void step_items(struct run *run) {
    struct life *life = &run->life;
    struct peer *peer = life->peers[chance_below(&life->chance, RANDOM_PEERS)];
    int64_t *outs = run->out[inbox_of(peer)];

    look_before(run);
    for (uint8_t number = 0; number < LANES; number++) {
        if (!outs[number] || !chance_of(life, 60))
            continue;
        if (chance_of(life, 80)) {
            acknowledge(run, peer, &outs[number]);
        } else {
            const struct hv_message nack =
                say_nack(outs[number], (int64_t)chance_below(&life->chance, 60000));
            peer_say(peer, &nack, NULL, 0);
            world_turn(life->world);
        }
        hear_all_items(run);
    }
    check(run);
}

/* D2: what took effect has none when it is said again, and is answered with its first number; on an
 * ended handover all but its end is a conflict. */
static void step_repeat(struct run *run) {
    struct life *life = &run->life;
    struct handover handover = {0};
    bool repeats = true;

    if (life->said_count == 0)
        return;
    world_settle(life->world);
    const struct said *said = &life->said[chance_below(&life->chance, life->said_count)];
    const struct hv_uuid *id = said_handover(said);
    if (id) {
        ledger_begin(ledger_of(run));
        assert_true(ledger_handover_find(ledger_of(run), id, &handover));
        repeats = handover_is_open(&handover) ||
                  ledger_event_first(ledger_of(run), handover.ended_seq) == said->seq;
        ledger_rollback(ledger_of(run));
    }
    look_before(run);
    said_say(life, said);
    world_turn(life->world);
    const struct hv_message *answer = reply(said->peer);
    assert_int_equal(ledger_seq(ledger_of(run)), run->seq_before);
    if (answer->type == HV_MESSAGE_refused && answer->refused.code == HV_REFUSED_NO_SESSION) {
        hello_again(run, said->peer);
    } else if (repeats) {
        assert_int_equal(answer->type, HV_MESSAGE_done);
        assert_true(answer->done.has_repeated && answer->done.repeated);
        assert_int_equal(answer->done.seq, said->seq);
    } else {
        assert_int_equal(answer->type, HV_MESSAGE_refused);
        assert_int_equal(answer->refused.code, HV_REFUSED_CONFLICT);
    }
    check(run);
}

static void step_questions(struct run *run) {
    struct life *life = &run->life;
    const uint8_t number = (uint8_t)(1 + chance_below(&life->chance, RANDOM_JOURNEYS));
    const struct hv_message asked[] = {say_status(number), say_handover_status(number),
                                       say_history(number)};
    struct peer *peer = life->peers[chance_below(&life->chance, RANDOM_PEERS)];

    look_before(run);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        peer_say(peer, &asked[i], NULL, 0);
    world_turn(life->world);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        (void)reply(peer);
    check(run);
}

static void step_restart(struct run *run) {
    struct broker_world *world = run->life.world;
    const int64_t seq = ledger_seq(ledger_of(run));
    uint8_t head[32];

    memcpy(head, ledger_head(ledger_of(run)), sizeof head);
    world_stop(world);
    audit_all(world->state, seq, head);
    verify_folder(world->state);
    world_start(world);
    world_hurry(world);
    assert_int_equal(ledger_seq(ledger_of(run)), seq);
    assert_memory_equal(ledger_head(ledger_of(run)), head, sizeof head);
    for (size_t i = 0; i < RANDOM_PEERS; i++)
        hello_again(run, run->life.peers[i]);
}

/* Sessions and clocks do what they do. */
static void step_world(struct run *run) {
    struct life *life = &run->life;
    struct peer *peer = life->peers[chance_below(&life->chance, RANDOM_PEERS)];
    const struct hv_message bye = {.type = HV_MESSAGE_bye};
    const uint64_t which = chance_below(&life->chance, 100);

    look_before(run);
    if (which < 40) {
        world_pass(life->world, (int64_t)chance_below(&life->chance, 5000));
    } else if (which < 46) {
        world_pass(life->world, (int64_t)chance_below(&life->chance, 10 * 86400000));
    } else if (which < 54) {
        life->world->fake.wall_ms += (int64_t)chance_below(&life->chance, 14400000) - 7200000;
        world_settle(life->world);
    } else if (which < 62) {
        peer->unreachable = true;
        world_turn(life->world);
        hello_again(run, peer);
    } else if (which < 72) {
        peer->full = true;
        world_turn(life->world);
        world_turn(life->world);
        peer->full = false;
    } else if (which < 80) {
        peer_say(peer, &bye, NULL, 0);
        world_turn(life->world);
        hello_again(run, peer);
    } else {
        hello_again(run, peer);
    }
    check(run);
}

static void step(struct run *run) {
    const uint64_t which = chance_below(&run->life.chance, 100);

    if (which < 45)
        step_commands(run);
    else if (which < 75)
        step_items(run);
    else if (which < 85)
        step_repeat(run);
    else if (which < 89)
        step_questions(run);
    else if (which < 99)
        step_world(run);
    else
        step_restart(run);
    hear_all_items(run);
    world_forget(run->life.world);
}

/* ---- The end ---- */

/* Everything that is owed comes, and when it is acknowledged nothing is owed. */
static void drain(struct run *run) {
    const struct hv_message pong = {.type = HV_MESSAGE_pong};
    struct life *life = &run->life;

    for (size_t i = 0; i < RANDOM_PEERS; i++) {
        while (peer_next_answer(life->peers[i]))
            continue;
        peer_reconnect(life->peers[i]);
        peer_hello(life->peers[i], CREDIT_AT_END);
    }
    for (int rounds = 0; ledger_gauges(ledger_of(run)).items_owed > 0; rounds++) {
        if (rounds > 500)
            fail_msg("%" PRId64 " items are owed that never come",
                     ledger_gauges(ledger_of(run)).items_owed);
        for (size_t i = 0; i < RANDOM_PEERS; i++)
            peer_say(life->peers[i], &pong, NULL, 0); /* a sign of life */
        world_settle(life->world);
        hear_all_items(run);
        for (size_t i = 0; i < RANDOM_PEERS; i++)
            for (uint8_t number = 0; number < LANES; number++)
                if (run->out[inbox_of(life->peers[i])][number])
                    acknowledge(run, life->peers[i], &run->out[inbox_of(life->peers[i])][number]);
        world_pass(life->world, 1000);
        hear_all_items(run);
        world_forget(life->world);
    }
    check(run);
}

static void run_seed(struct broker_world *world, uint64_t seed) {
    struct run *run = calloc(1, sizeof *run);
    uint8_t head[32];

    assert_non_null(run);
    print_message("# seed %" PRIu64 "\n", seed);
    world_hurry(world);
    life_begin(&run->life, world, seed);
    for (int i = 0; i < STEPS; i++)
        step(run);
    drain(run);
    const int64_t seq = ledger_seq(ledger_of(run));
    memcpy(head, ledger_head(ledger_of(run)), sizeof head);
    print_message("# %zu done, %zu refused, %zu handovers, %" PRId64 " events\n", run->done,
                  run->refused, (size_t)run->life.handovers_used, seq);
    assert_true(run->done > STEPS / 4);
    world_stop(world);
    audit_all(world->state, seq, head);
    verify_folder(world->state);
    free(run);
}

static void test_fixed_seed(void **state) {
    run_seed(*state, 1);
}

static void test_fresh_seed(void **state) {
    const char *said = getenv("HOUVAST_SEED");
    uint64_t seed = said ? strtoull(said, NULL, 10) : 0;

    if (!said)
        assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
    run_seed(*state, seed);
}

static int setup(void **state) {
    if (broker_world_setup(state) < 0)
        return -1;
    struct broker_world *world = *state;
    world_rewrite(world, "network.conf", "item_attempts = 10", "item_attempts = 1000");
    world_rewrite(world, "network.conf", "settle = network",
                  "settle = network\nalarm_endings_per_minute = 1");
    world_stop(world);
    world_start(world);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fixed_seed, setup, broker_world_teardown),
        cmocka_unit_test_setup_teardown(test_fresh_seed, setup, broker_world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
