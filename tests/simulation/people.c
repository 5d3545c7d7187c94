/* People: what happens next. */
#include "people.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define MINUTE      INT64_C(60000)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)

bool people_chance(struct people *people, unsigned percent) {
    return chance_below(&people->chance, 100) < percent;
}

size_t people_below(struct people *people, size_t most) {
    return (size_t)chance_below(&people->chance, most);
}

void people_init(struct people *people, struct town *town, uint64_t seed) {
    memset(people, 0, sizeof *people);
    people->town = town;
    people->chance.state = seed;
    people->journeys = 4 + (unsigned)people_below(people, MODEL_JOURNEYS - 6);
    people->stubborn = people_chance(people, 10);
    people->pace = people->stubborn ? 4 : 1 + (int64_t)people_below(people, 3);
    if (people->stubborn)
        mark_fault(FAULT_STUBBORN);
}

/* ---- Peers ---- */

struct peer *people_peer(struct people *people, const char *organisation, enum hv_role role) {
    const size_t begin = people_below(people, TOWN_PEERS);
    struct peer *gone = NULL;

    for (size_t i = 0; i < TOWN_PEERS; i++) {
        struct peer *peer = &people->town->peers[(begin + i) % TOWN_PEERS];
        if (peer->role != role || (organisation && strcmp(peer->organisation, organisation) != 0))
            continue;
        if (peer->connection == CONNECTION_GOOD)
            return peer;
        gone = peer;
    }
    return gone;
}

struct peer *people_any_peer(struct people *people) {
    return &people->town->peers[people_below(people, TOWN_PEERS)];
}

/* ---- What happens beside ---- */

static void time_passes(struct people *people, char ret_line[STEP_SIZE]) {
    const size_t draw = people_below(people, 100);
    int64_t ms = (int64_t)people_below(people, 50) * MINUTE;
    char text[WORDS_MS_SIZE];

    if (draw >= 98)
        ms = (int64_t)people_below(people, 60) * DAY;
    else if (draw >= 92)
        ms = (int64_t)people_below(people, 14) * DAY;
    else if (draw >= 65)
        ms = (int64_t)people_below(people, 72) * HOUR;
    else if (draw >= 35)
        ms = (int64_t)people_below(people, 12) * HOUR;
    words_of_ms(ms * people->pace, text);
    (void)snprintf(ret_line, STEP_SIZE, "pass %s", text);
}

static void clock_steps(struct people *people, char ret_line[STEP_SIZE]) {
    static const int64_t steps_ms[] = {MINUTE, HOUR, DAY, 400 * DAY, 3652 * DAY};
    const size_t draw = people_below(people, 10);
    const int64_t step_ms = steps_ms[people_below(people, COUNT(steps_ms))];
    const int64_t true_ms = town_now_ms(people->town) - people->town->fake.wall_ms;
    char text[WORDS_MS_SIZE];

    if (draw == 9) {
        (void)snprintf(ret_line, STEP_SIZE, "synchronised %s",
                       people->town->fake.synchronised ? "no" : "yes");
        return;
    }
    words_of_ms(draw < 4 && true_ms != 0 ? true_ms /* set right */
                : draw < 7               ? step_ms
                                         : -step_ms,
                text);
    (void)snprintf(ret_line, STEP_SIZE, "wall %s", text);
}

static void connection_changes(struct people *people, char ret_line[STEP_SIZE]) {
    static const char *const verbs[] = {"connect", "connect", "full", "gone"};
    const char *verb = verbs[people_below(people, COUNT(verbs))];
    struct peer *peer = people_any_peer(people);

    if (people_chance(people, 25))
        peer = people_peer(people, NULL, HV_ROLE_COORDINATOR);
    for (size_t i = 0; i < TOWN_PEERS && people_chance(people, 10); i++)
        if (people->town->peers[i].connection != CONNECTION_GOOD)
            peer = &people->town->peers[i];
    if (peer->connection != CONNECTION_GOOD)
        verb = "connect";
    else if (peer->watching.on)
        verb = "full"; /* and misses something */
    (void)snprintf(ret_line, STEP_SIZE, "%s %s/%s", verb, peer->organisation, peer->instance);
}

/* One whose connection was full; NULL: none is. */
static const struct peer *full_peer(const struct people *people) {
    for (size_t i = 0; i < TOWN_PEERS; i++)
        if (people->town->peers[i].connection == CONNECTION_FULL)
            return &people->town->peers[i];
    return NULL;
}

static void network_changes(struct people *people, char ret_line[STEP_SIZE]) {
    const size_t network =
        people_chance(people, 35) ? NETWORK_BASE : people_below(people, NETWORKS);

    people->reloads = true;
    (void)snprintf(ret_line, STEP_SIZE, "network %s", networks_names[network]);
}

static void network_comes(struct people *people, char ret_line[STEP_SIZE]) {
    people->reloads = false;
    (void)snprintf(ret_line, STEP_SIZE, "%s",
                   people_chance(people, 70)   ? "reload"
                   : people_chance(people, 60) ? "say kcc/ops: reload"
                                               : "restart");
}

static void process_ends(struct people *people, char ret_line[STEP_SIZE]) {
    const size_t draw = people_below(people, 100);
    const char *loss = disk_loss_names[people_below(people, DISK_LOSSES)];
    const size_t seed = people_below(people, 1000000);
    const size_t operations = 1 + people_below(people, people_chance(people, 70) ? 8 : 60);
    const size_t minutes = people_below(people, people_chance(people, 85) ? 3000 : 30000);

    if (draw < 10)
        (void)snprintf(ret_line, STEP_SIZE, "restart");
    else if (draw < 28)
        (void)snprintf(ret_line, STEP_SIZE, "kill %s %zu", loss, seed);
    else if (draw < 68)
        (void)snprintf(ret_line, STEP_SIZE, "crash %zu %s %zu", operations, loss, seed);
    else if (draw < 78)
        (void)snprintf(ret_line, STEP_SIZE, "fail write %zu", operations);
    else if (draw < 85)
        (void)snprintf(ret_line, STEP_SIZE, "fail read %zu", 1 + operations / 8);
    else
        (void)snprintf(ret_line, STEP_SIZE, "boot %zuM", minutes);
}

static void disk_fills(struct people *people, char ret_line[STEP_SIZE]) {
    people->is_short = true;
    (void)snprintf(ret_line, STEP_SIZE, "room %zu",
                   people_chance(people, 30) ? 0 : people_below(people, 200000));
}

static void disk_empties(struct people *people, char ret_line[STEP_SIZE]) {
    people->is_short = false;
    (void)snprintf(ret_line, STEP_SIZE, "room all");
}

static void somebody_acknowledges(struct people *people, char ret_line[STEP_SIZE]) {
    struct peer *peer = people_any_peer(people);

    for (int i = 0; i < 3 && peer->item_count == 0; i++)
        peer = people_any_peer(people);
    if (people_chance(people, 6))
        (void)snprintf(ret_line, STEP_SIZE, "nack %s/%s %zu", peer->organisation, peer->instance,
                       people_below(people, 3600000));
    else
        (void)snprintf(ret_line, STEP_SIZE, "ack %s/%s %zu", peer->organisation, peer->instance,
                       1 + people_below(people, people_chance(people, 60) ? 3 : 20));
}

static void late_arrives(struct people *people, char ret_line[STEP_SIZE]) {
    (void)snprintf(ret_line, STEP_SIZE, "arrive %zu", people_below(people, TOWN_LATE));
}

static void everybody_greets(struct people *people, char ret_line[STEP_SIZE]) {
    (void)people;
    (void)snprintf(ret_line, STEP_SIZE, "everybody");
}

static void due_comes(struct people *people, char ret_line[STEP_SIZE]) {
    (void)people;
    (void)snprintf(ret_line, STEP_SIZE, "pass due");
}

void people_step(struct people *people, char ret_line[STEP_SIZE]) {
    static const struct {
        unsigned weight;
        void (*make)(struct people *, char *);
    } kinds[] = {
        {580, people_say},      {150, somebody_acknowledges},
        {95, time_passes},      {60, due_comes},
        {18, everybody_greets}, {20, late_arrives},
        {8, clock_steps},       {20, connection_changes},
        {10, network_changes},  {16, process_ends},
        {4, disk_fills},
    };
    unsigned sum = 0;
    size_t at = 0;

    if (people->is_short && people_chance(people, 15)) {
        disk_empties(people, ret_line);
        return;
    }
    if (people->reloads && people_chance(people, 60)) {
        network_comes(people, ret_line);
        return;
    }
    const struct peer *full = full_peer(people);
    if (full && people_chance(people, 25)) {
        (void)snprintf(ret_line, STEP_SIZE, "reads %s/%s", full->organisation, full->instance);
        return;
    }
    for (size_t i = 0; i < COUNT(kinds); i++)
        sum += kinds[i].weight;
    size_t draw = people_below(people, sum);
    while (draw >= kinds[at].weight)
        draw -= kinds[at++].weight;
    kinds[at].make(people, ret_line);
}
