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

enum table_name { JOURNEY, HANDOVER, EVENT, PAYLOAD, DOSSIER, ITEM, ACKNOWLEDGED };
#define TABLES (ACKNOWLEDGED + 1)

/* Rows of the first events of two types, in the order of these. */
#define OF_EVENTS(joined) \
    "(SELECT * FROM event WHERE type IN (?1, ?2) ORDER BY seq LIMIT ?3) AS event " joined

/* An open writes journey, event, payload; an offer the others but for the last; its acknowledgement
 * event, payload and the last. */
static const struct table tables_empty[TABLES] = {
    [JOURNEY] = {.read = "SELECT journey.* FROM " OF_EVENTS(
                     "JOIN journey ON journey.number = event.journey "
                     "WHERE type = 1 ORDER BY event.seq"),
                 .write = "journey"},
    [HANDOVER] = {.read = "SELECT handover.* FROM " OF_EVENTS(
                      "JOIN handover ON handover.number = event.handover "
                      "WHERE type = 6 ORDER BY event.seq"),
                  .write = "handover"},
    [EVENT] = {.read = "SELECT * FROM " OF_EVENTS("ORDER BY seq"), .write = "event"},
    [PAYLOAD] = {.read =
                     "SELECT payload.* FROM " OF_EVENTS("JOIN payload ON payload.seq = event.seq "
                                                        "ORDER BY event.seq"),
                 .write = "payload"},
    [DOSSIER] = {.read = "SELECT dossier.* FROM " OF_EVENTS(
                     "JOIN dossier ON dossier.handover = event.handover "
                     "WHERE type = 6 ORDER BY event.seq"),
                 .write = "dossier"},
    [ITEM] = {.read = "SELECT item.* FROM " OF_EVENTS("JOIN item ON item.event = event.seq "
                                                      "ORDER BY event.seq"),
              .write = "item"},
    [ACKNOWLEDGED] = {.read = "SELECT acknowledged.* FROM " OF_EVENTS(
                          "JOIN acknowledged ON acknowledged.seq = event.seq ORDER BY event.seq"),
                      .write = "acknowledged"},
};
/* Items that were acknowledged are gone; this is what they were. */
static const char items_delivered[] =
    "SELECT (inbox << 40) + item, inbox, item, event.journey, event.handover, event.seq, "
    "1, 0, 0, 0 FROM " OF_EVENTS("JOIN event AS delivered ON delivered.journey = event.journey "
                                 "AND delivered.type = 7 "
                                 "JOIN acknowledged ON acknowledged.seq = delivered.seq "
                                 "WHERE event.type = 6 ORDER BY event.seq");
#define TYPE_COLUMN     2 /* of event */
#define JOURNEY_COLUMN  3
#define HANDOVER_COLUMN 4
#define TYPE_OPENED     1
#define TYPE_OFFERED    6
#define TYPE_DELIVERED  7
#define INBOX_COLUMN    1 /* of item */

/* What is there before the journeys that are open already are offered. */
static const char rows_opened[] =
    "INSERT INTO journey SELECT * FROM source.journey;"
    "INSERT INTO event SELECT * FROM source.event WHERE type = 1;"
    "INSERT INTO payload SELECT payload.* FROM source.payload AS payload "
    "JOIN source.event AS event ON event.seq = payload.seq WHERE type = 1";

static sqlite3_stmt *prepare(sqlite3 *database, const char *text) {
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK)
        errx(1, "%s: %s", text, sqlite3_errmsg(database));
    return statement;
}

static void table_read(struct table *table, sqlite3 *database, bool delivers, size_t limit) {
    sqlite3_stmt *statement = prepare(database, table->read);

    sqlite3_bind_int64(statement, 1, delivers ? TYPE_DELIVERED : TYPE_OPENED);
    sqlite3_bind_int64(statement, 2, TYPE_OFFERED);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)limit);
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

static sqlite3_value *next_value(const struct table *table, int column) {
    return table->values[table->next * (size_t)table->columns + (size_t)column];
}

static void table_fini(struct table *table) {
    for (size_t i = 0; i < table->count * (size_t)table->columns; i++)
        sqlite3_value_free(table->values[i]);
    free(table->values);
    sqlite3_finalize(table->statement);
}

static void ledger_path(const struct city *city, const char *state, char *ret_path, size_t size) {
    snprintf(ret_path, size, "%s/ledger.sqlite", city_state(city, state));
}

static void tables_read(struct table *tables, const struct city *city,
                        const struct floor_plan *plan) {
    sqlite3 *database = NULL;
    char path[2 * CITY_PATH_SIZE];

    ledger_path(city, plan->from, path, sizeof path);
    if (sqlite3_open(path, &database) != SQLITE_OK)
        errx(1, "%s: %s", path, sqlite3_errmsg(database));
    memcpy(tables, tables_empty, sizeof tables_empty);
    if (plan->delivers)
        tables[ITEM].read = items_delivered;
    tables[plan->delivers ? JOURNEY : ACKNOWLEDGED].read = NULL;
    for (size_t i = 0; i < TABLES; i++)
        if (tables[i].read)
            table_read(&tables[i], database, plan->delivers, 2 * plan->count);
    sqlite3_close(database);
}

/* ---- Writing ---- */

enum change { JOURNEY_WAITS, INBOX_COUNTED, ITEM_OUT, HANDOVER_DELIVERED, ITEM_GONE, CHANGES };

static const char *const change_texts[CHANGES] = {
    [JOURNEY_WAITS] =
        "UPDATE journey SET due = due + 1, keeping = substr(keeping, 1) WHERE number = ?",
    [INBOX_COUNTED] = "UPDATE inbox SET last = last + 1 WHERE number = ?",
    [ITEM_OUT] =
        "UPDATE item SET state = 2, attempts = attempts + 1 WHERE number = ? AND state = 1",
    [HANDOVER_DELIVERED] = "UPDATE handover SET state = 2, delivered_at = 1 WHERE number = ?",
    [ITEM_GONE] = "DELETE FROM item WHERE number = ?",
};

struct writing {
    sqlite3 *database;
    struct table tables[TABLES];
    sqlite3_stmt *changes[CHANGES];
    bool delivers;
};

static void change(struct writing *writing, enum change change, sqlite3_int64 number) {
    sqlite3_bind_int64(writing->changes[change], 1, number);
    run(writing->database, writing->changes[change]);
}

static void offer_write(struct writing *writing) {
    const struct table *item = &writing->tables[ITEM];
    const sqlite3_int64 number = sqlite3_value_int64(next_value(item, 0));

    table_write(&writing->tables[DOSSIER], writing->database);
    change(writing, INBOX_COUNTED, sqlite3_value_int64(next_value(item, INBOX_COLUMN)));
    table_write(&writing->tables[ITEM], writing->database);
    if (writing->delivers)
        change(writing, ITEM_OUT, number);
}

static void acknowledgement_write(struct writing *writing, sqlite3_int64 handover) {
    const struct table *acknowledged = &writing->tables[ACKNOWLEDGED];
    const sqlite3_int64 inbox = sqlite3_value_int64(next_value(acknowledged, 0));
    const sqlite3_int64 item = sqlite3_value_int64(next_value(acknowledged, 1));

    change(writing, HANDOVER_DELIVERED, handover);
    table_write(&writing->tables[ACKNOWLEDGED], writing->database);
    change(writing, ITEM_GONE, (inbox << 40) + item);
}

/* What the broker writes for the next open, offer or acknowledgement. */
static void command_write(struct writing *writing) {
    struct table *event = &writing->tables[EVENT];
    const int type = sqlite3_value_int(next_value(event, TYPE_COLUMN));
    const sqlite3_int64 handover = sqlite3_value_int64(next_value(event, HANDOVER_COLUMN));
    const sqlite3_int64 journey = sqlite3_value_int64(next_value(event, JOURNEY_COLUMN));

    if (type != TYPE_DELIVERED)
        table_write(&writing->tables[type == TYPE_OPENED ? JOURNEY : HANDOVER], writing->database);
    table_write(event, writing->database);
    table_write(&writing->tables[PAYLOAD], writing->database);
    if (type != TYPE_OPENED)
        change(writing, JOURNEY_WAITS, journey);
    if (type == TYPE_DELIVERED)
        acknowledgement_write(writing, handover);
    else if (type != TYPE_OPENED)
        offer_write(writing);
}

static void writing_init(struct writing *writing, const struct city *city,
                         const struct floor_plan *plan) {
    char path[2 * CITY_PATH_SIZE], text[2 * CITY_PATH_SIZE + 32];

    memset(writing, 0, sizeof *writing);
    writing->delivers = plan->delivers;
    tables_read(writing->tables, city, plan);
    if (mkdir(city_state(city, plan->state), 0700) < 0)
        err(1, "%s", city_state(city, plan->state));
    writing->database = database_new(city_state(city, plan->state), true);
    database_execute(writing->database,
                     "INSERT INTO inbox VALUES (1, 'a', 1, 0), (2, 'b', 1, 0), "
                     "(3, 'c', 1, 0), (4, 'd', 1, 0), (5, 'e', 1, 0), (6, 'f', 1, 0), "
                     "(7, 'g', 1, 0), (8, 'h', 1, 0), (9, 'i', 1, 0)");
    if (plan->delivers) {
        ledger_path(city, plan->from, path, sizeof path);
        snprintf(text, sizeof text, "ATTACH '%s' AS source", path);
        database_execute(writing->database, text);
        database_execute(writing->database, rows_opened);
        database_execute(writing->database, "DETACH source");
    }
    for (size_t i = 0; i < TABLES; i++)
        if (writing->tables[i].read)
            table_prepare(&writing->tables[i], writing->database);
    for (size_t i = 0; i < CHANGES; i++)
        writing->changes[i] = prepare(writing->database, change_texts[i]);
}

static void writing_fini(struct writing *writing) {
    for (size_t i = 0; i < TABLES; i++)
        table_fini(&writing->tables[i]);
    for (size_t i = 0; i < CHANGES; i++)
        sqlite3_finalize(writing->changes[i]);
    sqlite3_close(writing->database);
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

struct floor_result floor_sqlite(const struct city *city, const struct floor_plan *plan) {
    const size_t turns = (2 * plan->count + plan->batch - 1) / plan->batch;
    int64_t *turn_ns = calloc(turns, sizeof *turn_ns);
    struct writing writing;

    if (!turn_ns)
        errx(1, "out of memory");
    writing_init(&writing, city, plan);
    const int64_t begun_ns = now_ns();
    const double cpu_us = own_cpu_us();
    for (size_t turn = 0; turn < turns; turn++) {
        const int64_t turn_begun_ns = now_ns();
        database_execute(writing.database, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < plan->batch && turn * plan->batch + i < 2 * plan->count; i++)
            command_write(&writing);
        database_execute(writing.database, "COMMIT");
        turn_ns[turn] = now_ns() - turn_begun_ns;
    }
    const double seconds = (double)(now_ns() - begun_ns) / 1e9;
    const struct floor_result result = {
        .per_second = (double)plan->count / seconds,
        .p50_us = median_us(turn_ns, turns),
        .cpu_us = (own_cpu_us() - cpu_us) / (double)plan->count,
    };
    writing_fini(&writing);
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
