/* Floors: SQLite alone, the disk alone, libzmq alone. */
#include "tests/bench/floor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/bench/database.h"

/* ---- SQLite ---- */

/* One table's rows in memory, and the statement that writes one. */
struct table {
    const char *read, *write;
    sqlite3_stmt *statement;
    sqlite3_value **values; /* rows one after another */
    int columns;
    size_t count, next;
};

/* In the order in which an open (journey, event, payload) and an offer (the rest) write them. */
enum table_name { JOURNEY, HANDOVER, EVENT, PAYLOAD, DOSSIER, ITEM };

/* Rows of the first events, in the order of these. */
#define OF_EVENTS(types) \
    "(SELECT * FROM event WHERE type IN (1, 6) ORDER BY seq LIMIT ?) AS event " types

static const struct table tables_empty[] = {
    [JOURNEY] = {.read = "SELECT journey.* FROM " OF_EVENTS(
                     "JOIN journey ON journey.number = event.journey "
                     "WHERE type = 1 ORDER BY event.seq"),
                 .write = "journey"},
    [HANDOVER] = {.read = "SELECT handover.* FROM " OF_EVENTS("JOIN handover ON handover.number = "
                                                              "event.handover ORDER BY event.seq"),
                  .write = "handover"},
    [EVENT] = {.read = "SELECT * FROM " OF_EVENTS("ORDER BY seq"), .write = "event"},
    [PAYLOAD] = {.read =
                     "SELECT payload.* FROM " OF_EVENTS("JOIN payload ON payload.seq = event.seq "
                                                        "ORDER BY event.seq"),
                 .write = "payload"},
    [DOSSIER] = {.read = "SELECT dossier.* FROM " OF_EVENTS("JOIN dossier ON dossier.handover = "
                                                            "event.handover ORDER BY event.seq"),
                 .write = "dossier"},
    [ITEM] = {.read = "SELECT item.* FROM " OF_EVENTS("JOIN item ON item.event = event.seq "
                                                      "ORDER BY event.seq"),
              .write = "item"},
};
#define TABLES         (sizeof tables_empty / sizeof tables_empty[0])
#define TYPE_COLUMN    2 /* of event */
#define TYPE_OPENED    1
#define INBOX_COLUMN   1 /* of item */
#define JOURNEY_COLUMN 2 /* of handover */

static sqlite3_stmt *prepare(sqlite3 *database, const char *text) {
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK)
        errx(1, "%s: %s", text, sqlite3_errmsg(database));
    return statement;
}

static void table_read(struct table *table, sqlite3 *database, size_t limit) {
    sqlite3_stmt *statement = prepare(database, table->read);

    sqlite3_bind_int64(statement, 1, (sqlite3_int64)limit);
    table->columns = sqlite3_column_count(statement);
    table->values = calloc(limit * (size_t)table->columns, sizeof(sqlite3_value *));
    if (!table->values)
        errx(1, "out of memory");
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < table->columns; i++)
            table->values[table->count * (size_t)table->columns + (size_t)i] =
                sqlite3_value_dup(sqlite3_column_value(statement, i));
        table->count++;
    }
    sqlite3_finalize(statement);
    if (table->count == 0)
        errx(1, "the ledger has no rows of %s", table->write);
}

static void table_prepare(struct table *table, sqlite3 *database) {
    char text[512];
    int at = snprintf(text, sizeof text, "INSERT INTO %s VALUES (?", table->write);

    for (int i = 1; i < table->columns; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, ", ?");
    snprintf(text + at, sizeof text - (size_t)at, ")");
    table->statement = prepare(database, text);
}

static void run(sqlite3 *database, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE)
        errx(1, "the floor cannot write: %s", sqlite3_errmsg(database));
    sqlite3_reset(statement);
}

static void table_write(struct table *table, sqlite3 *database) {
    sqlite3_value **values = &table->values[table->next++ * (size_t)table->columns];

    for (int i = 0; i < table->columns; i++)
        sqlite3_bind_value(table->statement, i + 1, values[i]);
    run(database, table->statement);
}

static void table_fini(struct table *table) {
    for (size_t i = 0; i < table->count * (size_t)table->columns; i++)
        sqlite3_value_free(table->values[i]);
    free(table->values);
    sqlite3_finalize(table->statement);
}

static void tables_read(struct table *tables, const struct city *city, const char *state,
                        size_t limit) {
    sqlite3 *database = NULL;
    char path[2 * CITY_PATH_SIZE];

    snprintf(path, sizeof path, "%s/ledger.sqlite", city_state(city, state));
    if (sqlite3_open(path, &database) != SQLITE_OK)
        errx(1, "%s: %s", path, sqlite3_errmsg(database));
    memcpy(tables, tables_empty, sizeof tables_empty);
    for (size_t i = 0; i < TABLES; i++)
        table_read(&tables[i], database, limit);
    sqlite3_close(database);
}

/* What the broker writes for the next open or offer. */
static void command_write(struct table *tables, sqlite3 *database, sqlite3_stmt *inbox,
                          sqlite3_stmt *timer) {
    struct table *event = &tables[EVENT], *item = &tables[ITEM];
    const bool opens =
        sqlite3_value_int(event->values[event->next * (size_t)event->columns + TYPE_COLUMN]) ==
        TYPE_OPENED;

    table_write(opens ? &tables[JOURNEY] : &tables[HANDOVER], database);
    table_write(event, database);
    table_write(&tables[PAYLOAD], database);
    if (opens)
        return;
    const struct table *handover = &tables[HANDOVER];
    sqlite3_bind_value(
        timer, 1,
        handover->values[(handover->next - 1) * (size_t)handover->columns + JOURNEY_COLUMN]);
    run(database, timer); /* what the journey waits for from then on */
    table_write(&tables[DOSSIER], database);
    sqlite3_bind_value(inbox, 1, item->values[item->next * (size_t)item->columns + INBOX_COLUMN]);
    run(database, inbox);
    table_write(item, database);
}

static int ns_compare(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static double median_us(int64_t *ns, size_t count) {
    const size_t middle = count / 2;

    qsort(ns, count, sizeof *ns, ns_compare);
    return (double)ns[middle] / 1e3;
}

static double own_cpu_us(void) {
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

struct floor_result floor_sqlite(const struct city *city, const char *from, const char *state,
                                 size_t count, size_t batch) {
    struct table tables[TABLES];
    const size_t turns = (2 * count + batch - 1) / batch;
    int64_t *turn_ns = calloc(turns, sizeof *turn_ns);

    tables_read(tables, city, from, 2 * count);
    if (!turn_ns || mkdir(city_state(city, state), 0700) < 0)
        err(1, "%s", city_state(city, state));
    sqlite3 *database = database_new(city_state(city, state), true);
    database_execute(database, "INSERT INTO inbox VALUES (1, 'a', 1, 0), (2, 'b', 1, 0), "
                               "(3, 'c', 1, 0), (4, 'd', 1, 0), (5, 'e', 1, 0), (6, 'f', 1, 0), "
                               "(7, 'g', 1, 0), (8, 'h', 1, 0), (9, 'i', 1, 0)");
    for (size_t i = 0; i < TABLES; i++)
        table_prepare(&tables[i], database);
    sqlite3_stmt *inbox = prepare(database, "UPDATE inbox SET last = last + 1 WHERE number = ?");
    sqlite3_stmt *timer = prepare(database, "UPDATE journey SET due = due + 1, keeping = "
                                            "substr(keeping, 1) WHERE number = ?");
    const int64_t begun_ns = now_ns();
    const double cpu_us = own_cpu_us();
    for (size_t turn = 0; turn < turns; turn++) {
        const int64_t turn_begun_ns = now_ns();
        database_execute(database, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < batch && turn * batch + i < 2 * count; i++)
            command_write(tables, database, inbox, timer);
        database_execute(database, "COMMIT");
        turn_ns[turn] = now_ns() - turn_begun_ns;
    }
    const double seconds = (double)(now_ns() - begun_ns) / 1e9;
    const struct floor_result result = {.per_second = (double)count / seconds,
                                        .p50_us = median_us(turn_ns, turns),
                                        .cpu_us = (own_cpu_us() - cpu_us) / (double)count};
    for (size_t i = 0; i < TABLES; i++)
        table_fini(&tables[i]);
    sqlite3_finalize(inbox);
    sqlite3_finalize(timer);
    sqlite3_close(database);
    free(turn_ns);
    return result;
}

/* ---- The disk ---- */

double floor_sync_us(const struct city *city) {
    static const char bytes[12288];
    int64_t ns[500];
    const size_t count = sizeof ns / sizeof ns[0];
    const int fd = open(city_state(city, "sync"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (size_t i = 0; i < count; i++)
        if (write(fd, bytes, sizeof bytes) < 0)
            err(1, "%s", city_state(city, "sync"));
    fsync(fd);
    for (size_t i = 0; i < count; i++) {
        const int64_t begun_ns = now_ns();
        if (pwrite(fd, bytes, sizeof bytes, (off_t)(i * sizeof bytes)) < 0 || fdatasync(fd) < 0)
            err(1, "%s", city_state(city, "sync"));
        ns[i] = now_ns() - begun_ns;
    }
    close(fd);
    return median_us(ns, count);
}

/* ---- libzmq ---- */

static void echo(const struct city *city) {
    static const int server = 1, none = 0;
    void *context = zmq_ctx_new();
    void *router = zmq_socket(context, ZMQ_ROUTER);
    zmq_msg_t frame;

    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &server, sizeof server);
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, city->broker.secret_key, CITY_Z85_SIZE);
    zmq_setsockopt(router, ZMQ_SNDHWM, &none, sizeof none);
    if (zmq_bind(router, city->endpoint) < 0)
        errx(1, "%s: %s", city->endpoint, zmq_strerror(zmq_errno()));
    for (;;) {
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, router, 0) < 0)
            continue;
        const int more = zmq_msg_more(&frame) ? ZMQ_SNDMORE : 0;
        if (zmq_msg_send(&frame, router, more) < 0)
            zmq_msg_close(&frame);
    }
}

pid_t floor_echo_begin(const struct city *city) {
    const pid_t pid = fork();

    if (pid < 0)
        err(1, "fork");
    if (pid == 0)
        echo(city);
    return pid;
}

void floor_echo_end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
