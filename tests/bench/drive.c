/* Driving a broker: what is sent when, and how long it took. */
#include "tests/bench/drive.h"

#include <err.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker/request.h"
#include "tests/bench/form.h"

/* Items and commands of a whole life, each answered once: offered, received, picked-up, dossier,
 * introduced, and confirmed to either side. */
#define WHOLE_LIFE_ITEMS 7

struct life {
    int64_t begun_ns, sent_ns;
    int items_left; /* to be acknowledged before it ends */
};

struct samples {
    int64_t *ns;
    size_t count, capacity;
};

struct drive {
    const struct city *city;
    const struct drive_plan *plan;
    uint64_t seed;
    struct crowd crowd;
    struct member *publishers[CROWD_MAX];
    size_t begun[CROWD_MAX]; /* by each publisher */
    struct member *coordinator;
    struct life *lives;
    size_t ended;
    struct forms *forms;
    struct samples answers, whole;
    uint8_t *dossier;
};

/* ---- Samples ---- */

static void sample_add(struct samples *samples, int64_t ns) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? 2 * samples->capacity : 4096;
        samples->ns = reallocarray(samples->ns, samples->capacity, sizeof *samples->ns);
        if (!samples->ns)
            errx(1, "out of memory");
    }
    samples->ns[samples->count++] = ns;
}

static int ns_compare(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static double sample_us(const struct samples *samples, size_t per_mille) {
    const size_t at = samples->count ? (samples->count - 1) * per_mille / 1000 : 0;

    return samples->count ? (double)samples->ns[at] / 1e3 : 0;
}

static struct drive_times samples_end(struct samples *samples) {
    if (samples->count)
        qsort(samples->ns, samples->count, sizeof *samples->ns, ns_compare);
    const struct drive_times times = {
        .p50 = sample_us(samples, 500),
        .p99 = sample_us(samples, 990),
        .p999 = sample_us(samples, 999),
    };
    free(samples->ns);
    return times;
}

/* ---- Sending ---- */

/* UUID version 7, or 8 with what a hash would have given; the number is in the last six bytes. */
struct hv_uuid drive_uuid(uint64_t seed, char which, uint64_t number, bool derived) {
    const uint64_t key[2] = {seed, (uint64_t)which};
    const uint64_t time = (UINT64_C(0x19000000000) + number / 8) << 16;
    uint64_t high = 0;
    struct hv_uuid uuid = {{0}};

    crypto_shorthash((uint8_t *)&high, (const uint8_t *)&number, sizeof number,
                     (const uint8_t *)key);
    if (!derived)
        high = time | (high & 0xffff);
    for (int i = 0; i < 8; i++)
        uuid.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | (derived ? 0x80 : 0x70));
    uuid.bytes[8] = (uint8_t)(0x80 | (seed & 0x3f));
    uuid.bytes[9] = (uint8_t)which;
    for (int i = 0; i < 6; i++)
        uuid.bytes[10 + i] = (uint8_t)(number >> (40 - 8 * i));
    return uuid;
}

static size_t uuid_number(const struct hv_uuid *uuid) {
    size_t number = 0;

    for (int i = 10; i < 16; i++)
        number = number << 8 | uuid->bytes[i];
    return number;
}

static size_t sender_of(const struct drive *drive, size_t number) {
    return number % drive->plan->publishers % CITY_SENDERS;
}

static size_t receiver_of(const struct drive *drive, size_t number) {
    return (number / drive->plan->publishers + number) % CITY_RECEIVERS;
}

/* Says one command about a handover; its answer echoes which. */
static void say(struct drive *drive, struct member *member, enum form_kind kind, size_t number) {
    const size_t receiver = receiver_of(drive, number);
    const bool derived = drive->plan->derived_ids;
    const struct hv_uuid journey = drive_uuid(drive->seed, 'j', number, derived);
    const struct hv_uuid handover = drive_uuid(drive->seed, 'h', number, derived);
    size_t size = 0;
    const char *bytes = form_fill(drive->forms, kind, sender_of(drive, number), receiver, number,
                                  &journey, &handover, &size);
    const bool has_dossier = kind == FORM_OFFER && drive->plan->dossier_bytes;

    if (has_dossier)
        memcpy(drive->dossier, drive->city->organisations[CITY_RECEIVER(receiver)].sealing_id, 8);
    drive->lives[number].sent_ns = now_ns();
    member_send(member, bytes, size, drive->dossier, has_dossier ? drive->plan->dossier_bytes : 0);
}

/* The publisher's next one; they are dealt out in turn. */
static void begin(struct drive *drive, size_t publisher) {
    const struct drive_plan *plan = drive->plan;
    const size_t number = drive->begun[publisher] * plan->publishers + publisher;

    if (number >= plan->handovers)
        return;
    drive->begun[publisher]++;
    drive->lives[number].begun_ns = now_ns();
    drive->lives[number].items_left = plan->what == DRIVE_OFFER        ? 1
                                      : plan->what == DRIVE_WHOLE_LIFE ? WHOLE_LIFE_ITEMS
                                                                       : 0;
    say(drive, drive->publishers[publisher],
        plan->what == DRIVE_OFFER || plan->what == DRIVE_ECHO ? FORM_OFFER : FORM_OPEN, number);
}

static void begin_after(struct drive *drive, size_t number) {
    begin(drive, number % drive->plan->publishers);
}

static void end(struct drive *drive, size_t number) {
    sample_add(&drive->whole, now_ns() - drive->lives[number].begun_ns);
    drive->ended++;
}

static void end_and_begin(struct drive *drive, size_t number) {
    end(drive, number);
    begin_after(drive, number);
}

/* ---- What follows upon what ---- */

static void acknowledged(struct drive *drive, size_t number) {
    if (--drive->lives[number].items_left > 0)
        return;
    if (drive->plan->what == DRIVE_WHOLE_LIFE)
        end_and_begin(drive, number);
    else
        end(drive, number); /* its publisher went on when the offer was answered */
}

static void answered_open(struct drive *drive, struct member *member, size_t number) {
    if (drive->plan->what == DRIVE_OPEN)
        end_and_begin(drive, number);
    else
        say(drive, member, FORM_OFFER, number);
}

static void answered_offer(struct drive *drive, size_t number) {
    if (drive->plan->what == DRIVE_OPEN_OFFER)
        end_and_begin(drive, number);
    else if (drive->plan->what == DRIVE_OFFER)
        begin_after(drive, number);
}

static void answered(struct drive *drive, struct member *member, const char *request) {
    size_t number = 0;
    const enum form_kind kind = form_of_request(request, &number);

    if (kind == FORM_ACK) {
        acknowledged(drive, number);
        return;
    }
    sample_add(&drive->answers, now_ns() - drive->lives[number].sent_ns);
    if (kind == FORM_OPEN)
        answered_open(drive, member, number);
    else if (kind == FORM_OFFER)
        answered_offer(drive, number);
    else if (kind == FORM_RECEIVE)
        say(drive, member, FORM_PICKUP, number);
}

static void item_came(struct drive *drive, struct member *member, const struct hv_item *item) {
    const size_t number = uuid_number(&item->event.handover);
    char envelope[FORM_ACK_SIZE];
    const size_t size = form_ack(envelope, number, item->item);

    member_send(member, envelope, size, NULL, 0);
    if (drive->plan->what != DRIVE_WHOLE_LIFE)
        return;
    if (item->event.event == HV_EVENT_OFFERED)
        say(drive, member, FORM_RECEIVE, number);
    else if (item->event.event == HV_EVENT_PICKED_UP)
        say(drive, member, FORM_INTRODUCE, number);
    else if (item->event.event == HV_EVENT_INTRODUCED)
        say(drive, member, FORM_CONFIRM, number);
}

static void on_heard(void *context, struct member *member, struct heard *heard) {
    if (heard->is_item)
        item_came(context, member, &heard->message.item);
    else if (heard->request[0])
        answered(context, member, heard->request);
}

static void on_echo(void *context, struct member *member, const char *bytes, size_t size) {
    struct drive *drive = context;
    size_t number = 0;

    (void)member;
    form_of_request(form_request(drive->forms, bytes, size), &number);
    sample_add(&drive->answers, now_ns() - drive->lives[number].sent_ns);
    end_and_begin(drive, number);
}

/* ---- perf ---- */

struct perf {
    pid_t pid; /* 0: nothing is recorded */
    int control, answers;
};

/* Begins to record, and comes back when it does. */
static struct perf perf_begin(const struct drive *drive) {
    static const char enable[] = "enable\n";
    struct perf perf = {0};
    int control[2], answers[2];
    char pid[16], descriptors[32], answer[8];

    if (!drive->plan->perf)
        return perf;
    if (pipe(control) < 0 || pipe(answers) < 0)
        err(1, "pipe");
    snprintf(pid, sizeof pid, "%d", (int)drive->city->pid);
    snprintf(descriptors, sizeof descriptors, "fd:%d,%d", control[0], answers[1]);
    perf.pid = fork();
    if (perf.pid == 0) {
        close(control[1]);
        close(answers[0]);
        execlp("perf", "perf", "record", "-q", "-e", "cpu-clock", "-F", "1500", "--call-graph",
               "dwarf,16384", "-o", drive->plan->perf, "-D", "-1", "--control", descriptors, "-p",
               pid, (char *)NULL);
        _exit(127);
    }
    close(control[0]);
    close(answers[1]);
    signal(SIGPIPE, SIG_IGN); /* where it could not begin */
    perf.control = control[1];
    perf.answers = answers[0];
    if (write(perf.control, enable, sizeof enable - 1) < 0 ||
        read(perf.answers, answer, sizeof answer) <= 0)
        errx(1, "perf(1) does not record: install linux-perf, or leave out --perf");
    return perf;
}

static void perf_end(const struct perf *perf) {
    if (!perf->pid)
        return;
    kill(perf->pid, SIGINT);
    waitpid(perf->pid, NULL, 0);
    close(perf->control);
    close(perf->answers);
}

/* ---- The crowd ---- */

static void drive_init(struct drive *drive, const struct city *city, const struct drive_plan *plan,
                       uint64_t seed) {
    const bool is_echo = plan->what == DRIVE_ECHO;
    const bool lives = plan->what == DRIVE_WHOLE_LIFE;

    memset(drive, 0, sizeof *drive);
    drive->city = city;
    drive->plan = plan;
    drive->seed = seed;
    drive->lives = calloc(plan->handovers, sizeof *drive->lives);
    drive->dossier = malloc(plan->dossier_bytes + 8);
    drive->forms = forms_new(city);
    if (!drive->lives || !drive->dossier)
        errx(1, "out of memory");
    randombytes_buf(drive->dossier, plan->dossier_bytes);
    crowd_init(&drive->crowd, city);
    if (!is_echo)
        drive->coordinator = crowd_join(&drive->crowd, CITY_COORDINATING, HV_ROLE_COORDINATOR, 0);
    for (size_t i = 0; i < plan->publishers; i++)
        drive->publishers[i] = crowd_join(&drive->crowd, CITY_SENDER(i % CITY_SENDERS),
                                          is_echo ? 0 : HV_ROLE_ENDPOINT, lives ? 256 : 0);
    for (size_t i = 0; i < plan->consumers; i++)
        crowd_join(&drive->crowd, CITY_RECEIVER(i % CITY_RECEIVERS), HV_ROLE_ENDPOINT, 256);
}

static void drive_fini(struct drive *drive) {
    crowd_fini(&drive->crowd);
    forms_free(drive->forms);
    free(drive->lives);
    free(drive->dossier);
}

/* ---- Turns ---- */

/* The broker's histogram of turns by how many messages they took. */
#define BUCKET(most) {most, "houvast_turn_messages_bucket{le=\"" #most "\"}"},
static const struct {
    double most;
    const char *name;
} buckets[] = {TURN_BOUNDS(BUCKET)};
#undef BUCKET
#define BUCKETS TURN_BOUND_COUNT

struct turns {
    int64_t up_to[BUCKETS + 1]; /* the last counts them all */
};

static struct turns drive_turns(struct drive *drive) {
    const char *names[BUCKETS + 1] = {[BUCKETS] = "houvast_turn_messages_count"};
    struct turns turns = {{0}};

    for (size_t i = 0; i < BUCKETS; i++)
        names[i] = buckets[i].name;
    if (drive->coordinator)
        crowd_stats(&drive->crowd, drive->coordinator, names, BUCKETS + 1, turns.up_to);
    return turns;
}

/* The median of the turns between, in proportion among the whole numbers of its bucket; the last
 * bound where it lies behind that. */
static double turns_median(const struct turns *before, const struct turns *after) {
    const double half = (double)(after->up_to[BUCKETS] - before->up_to[BUCKETS]) / 2;
    double below = 0, least = 0; /* of the bucket: how many turns are below it, its least number */

    for (size_t i = 0; i < BUCKETS; i++) {
        const double up_to = (double)(after->up_to[i] - before->up_to[i]);
        if (up_to >= half && up_to > below)
            return least + (buckets[i].most - least) * (half - below) / (up_to - below);
        below = up_to;
        least = buckets[i].most + 1;
    }
    return buckets[BUCKETS - 1].most;
}

/* ---- Running ---- */

static void drive_all(struct drive *drive) {
    const struct drive_plan *plan = drive->plan;

    for (size_t i = 0; i < plan->window; i++)
        for (size_t publisher = 0; publisher < plan->publishers; publisher++)
            begin(drive, publisher);
    while (drive->ended < plan->handovers)
        if (plan->what == DRIVE_ECHO)
            crowd_listen_raw(&drive->crowd, on_echo, drive);
        else
            crowd_listen(&drive->crowd, on_heard, drive);
}

struct drive_result drive_run(const struct city *city, const struct drive_plan *plan,
                              uint64_t seed) {
    struct drive_result result = {0};
    struct drive drive;
    const double count = (double)plan->handovers;

    drive_init(&drive, city, plan, seed);
    const struct turns turns_before = drive_turns(&drive);
    const struct perf perf = perf_begin(&drive);
    const struct city_usage before = city_usage(city);
    const int64_t begun_ns = now_ns();
    drive_all(&drive);
    result.seconds = (double)(now_ns() - begun_ns) / 1e9;
    const struct city_usage after = city_usage(city);
    perf_end(&perf);
    const struct turns turns_after = drive_turns(&drive);

    result.per_second = count / result.seconds;
    result.turn_us = (after.turn_us - before.turn_us) / count;
    result.wire_us = (after.wire_us - before.wire_us) / count;
    result.messages_per_turn = turns_median(&turns_before, &turns_after);
    result.answers = samples_end(&drive.answers);
    result.whole = samples_end(&drive.whole);
    drive_fini(&drive);
    return result;
}
