/* A city to measure: writes its files, starts and stops its broker, reads what that has used. */
#include "tests/bench/city.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define READY_MS_MAX 120000

int64_t now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- Files ---- */

static FILE *file_begin(const struct city *city, const char *name, mode_t mode) {
    char path[2 * CITY_PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", city->directory, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        err(1, "%s", path);
    return file;
}

static void file_end(FILE *file) {
    if (fclose(file) != 0)
        err(1, "the network's files");
}

static void directory_make(const struct city *city, const char *name) {
    char path[2 * CITY_PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", city->directory, name);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        err(1, "%s", path);
}

static void keys_make(struct city_keys *keys) {
    if (zmq_curve_keypair(keys->public_key, keys->secret_key) < 0)
        errx(1, "this libzmq has no CURVE");
}

static void organisation_make(struct city *city, struct city_organisation *organisation,
                              const char *name) {
    uint8_t sealing[32], hash[32];
    char text[CITY_Z85_SIZE], path[128];

    snprintf(organisation->name, sizeof organisation->name, "%s", name);
    keys_make(&organisation->keys);
    randombytes_buf(sealing, sizeof sealing);
    crypto_generichash(hash, sizeof hash, sealing, sizeof sealing, NULL, 0);
    memcpy(organisation->sealing_id, hash, sizeof organisation->sealing_id);
    zmq_z85_encode(text, sealing, sizeof sealing);
    snprintf(path, sizeof path, "network/organisations/%s.conf", name);
    FILE *file = file_begin(city, path, 0600);
    fprintf(file,
            "[organisation]\nname = %s\ndisplay_name = %s\ntelephone = 015-0000000\n\n"
            "[key first]\npublic_key = %s\nroles = endpoint coordinator\n\n"
            "[sealing first]\npublic_key = %s\nvalid_from = 2020-01-01\nvalid_until = 2099-01-01\n",
            name, name, organisation->keys.public_key, text);
    file_end(file);
}

static void broker_files_make(struct city *city) {
    FILE *file = file_begin(city, "network/broker.key", 0600);

    fprintf(file, "kind = curve\npublic_key = %s\nsecret_key = %s\n", city->broker.public_key,
            city->broker.secret_key);
    file_end(file);
    file = file_begin(city, "network/network.conf", 0600);
    fprintf(file,
            "[network]\nname = bench\ncoordinating = coordinating\n"
            "time_zone = Europe/Amsterdam\nenvironment = test\n\n"
            "[broker]\npublic_key = %s\nlisten = %s\n\n[limits]\nheartbeat = "
            "10m\ncommands_per_second = 0\n"
            "[policies]\nalarm_endings_per_minute = 0\n",
            city->broker.public_key, city->endpoint);
    file_end(file);
}

void city_make(const char *directory, const char *program, int tcp_port, struct city *ret_city) {
    struct city *city = ret_city;
    char name[HV_CODE_SIZE];

    memset(city, 0, sizeof *city);
    city->program = program;
    char *absolute = mkdir(directory, 0700) < 0 ? NULL : realpath(directory, NULL);
    if (!absolute)
        err(1, "%s", directory);
    snprintf(city->directory, sizeof city->directory, "%s", absolute);
    free(absolute);
    if (tcp_port)
        snprintf(city->endpoint, sizeof city->endpoint, "tcp://127.0.0.1:%d", tcp_port);
    else
        snprintf(city->endpoint, sizeof city->endpoint, "ipc://%s/door", city->directory);
    directory_make(city, "network");
    directory_make(city, "network/organisations");
    keys_make(&city->broker);
    broker_files_make(city);
    organisation_make(city, &city->organisations[CITY_COORDINATING], "coordinating");
    for (int i = 0; i < CITY_SENDERS; i++) {
        snprintf(name, sizeof name, "sender-%d", i);
        organisation_make(city, &city->organisations[CITY_SENDER(i)], name);
    }
    for (int i = 0; i < CITY_RECEIVERS; i++) {
        snprintf(name, sizeof name, "receiver-%d", i);
        organisation_make(city, &city->organisations[CITY_RECEIVER(i)], name);
    }
}

const char *city_state(const struct city *city, const char *state) {
    static char path[2 * CITY_PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", city->directory, state);
    return path;
}

/* ---- The broker ---- */

static int notify_open(const struct city *city, struct sockaddr_un *ret_address) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((size_t)snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "%s/notify",
                         city->directory) >= sizeof ret_address->sun_path)
        errx(1, "%s: this path is too long for a socket; choose a shorter one", city->directory);
    unlink(ret_address->sun_path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)ret_address, sizeof *ret_address) < 0)
        err(1, "%s", ret_address->sun_path);
    return fd;
}

static void broker_exec(const struct city *city, const char *state, const char *notify) {
    char network[2 * CITY_PATH_SIZE], said[2 * CITY_PATH_SIZE];

    snprintf(network, sizeof network, "%s/network", city->directory);
    snprintf(said, sizeof said, "%s/houvastd.stderr", city->directory);
    const int fd = open(said, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || setenv("NOTIFY_SOCKET", notify, 1) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) /* a bench that fails leaves nobody behind */
        _exit(127);
    unsetenv("JOURNAL_STREAM");
    execl(city->program, city->program, "--network", network, "--state", state, (char *)NULL);
    warn("%s", city->program); /* into the same file */
    _exit(127);
}

static void ready_wait(const struct city *city, int fd) {
    const int64_t deadline_ns = now_ns() + READY_MS_MAX * INT64_C(1000000);
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    char text[4096];

    while (now_ns() < deadline_ns) {
        if (poll(&waiting, 1, 100) > 0) {
            const ssize_t size = recv(fd, text, sizeof text - 1, 0);
            text[size < 0 ? 0 : size] = '\0';
            if (strstr(text, "READY=1"))
                return;
        } else if (waitpid(city->pid, NULL, WNOHANG) != 0) {
            errx(1, "houvastd has ended; see %s/houvastd.stderr", city->directory);
        }
    }
    errx(1, "houvastd was not ready in %d s", READY_MS_MAX / 1000);
}

double city_start(struct city *city, const char *state) {
    struct sockaddr_un address;
    const int fd = notify_open(city, &address);
    const int64_t before_ns = now_ns();

    city->pid = fork();
    if (city->pid < 0)
        err(1, "fork");
    if (city->pid == 0)
        broker_exec(city, city_state(city, state), address.sun_path);
    ready_wait(city, fd);
    const int64_t after_ns = now_ns();
    close(fd);
    return (double)(after_ns - before_ns) / 1e3;
}

void city_stop(struct city *city) {
    int status = 0;

    kill(city->pid, SIGTERM);
    if (waitpid(city->pid, &status, 0) != city->pid || status != 0)
        errx(1, "houvastd did not stop in order; see %s/houvastd.stderr", city->directory);
    city->pid = 0;
}

/* ---- What it has used ---- */

static int64_t status_bytes(const char *text, const char *name) {
    const char *line = strstr(text, name);

    return line ? strtoll(line + strlen(name), NULL, 10) * 1024 : 0;
}

static void file_read(const char *path, char *ret_text, size_t size) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, ret_text, size - 1);

    ret_text[got < 0 ? 0 : got] = '\0';
    if (fd >= 0)
        close(fd);
}

/* Processor time of one thread, from the scheduler, which counts in ns. */
static double thread_us(pid_t pid, const char *thread) {
    char path[512], text[128];

    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, thread);
    file_read(path, text, sizeof text);
    return strtod(text, NULL) / 1e3;
}

struct city_usage city_usage(const struct city *city) {
    struct city_usage usage = {0};
    char path[64], text[4096];

    snprintf(path, sizeof path, "/proc/%d/status", (int)city->pid);
    file_read(path, text, sizeof text);
    usage.rss_bytes = status_bytes(text, "VmRSS:");
    usage.anonymous_bytes = status_bytes(text, "RssAnon:");
    snprintf(path, sizeof path, "/proc/%d/task", (int)city->pid);
    DIR *threads = opendir(path);
    if (!threads)
        err(1, "%s", path);
    for (const struct dirent *thread = readdir(threads); thread; thread = readdir(threads)) {
        if (thread->d_name[0] == '.')
            continue;
        if (atoi(thread->d_name) == city->pid)
            usage.turn_us += thread_us(city->pid, thread->d_name);
        else
            usage.wire_us += thread_us(city->pid, thread->d_name);
    }
    closedir(threads);
    return usage;
}
