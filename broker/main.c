/* houvastd: the broker of one network, from its command line to its exit status. */
#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/arguments.h"
#include "broker/descriptors.h"
#include "broker/journal.h"
#include "broker/keyfile.h"
#include "broker/loop.h"
#include "broker/state.h"

/* What has to be right before anything is opened: the network's files, and the key that fits. */
struct settings {
    struct network *network;
    struct keyfile key;
};

/* ---- The process ---- */

/* What a turn frees the next one asks for again: giving it back to the kernel in between costs more
 * than the turn. What a city used at its busiest stays taken. */
#define HEAP_KEPT_BYTES (32 << 20)
#define HEAP_STEP_BYTES (1 << 20)

/* Memory holds the broker's secret key and pseudonyms: neither a core file nor another process of
 * the same user may have them. The price is that a crash leaves no dump; root can still trace. */
static int process_prepare(struct failure *ret_failure) {
    umask(077);
    descriptors_raise();
    loop_block_signals();
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    (void)mallopt(M_TOP_PAD, HEAP_STEP_BYTES);
    /* A salt for each event: a system call for each is too much. Seeded by the kernel, in a process
     * that never forks. */
    (void)randombytes_set_implementation(&randombytes_internal_implementation);
    if (sodium_init() < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return failure_set(ret_failure, -ENOSYS,
                           "this system gives houvastd no randomness or no private memory; is "
                           "/dev/urandom there?");
    return 0;
}

/* ---- Settings ---- */

static void settings_fini(struct settings *settings) {
    network_free(settings->network);
    keyfile_wipe(&settings->key);
}

static int settings_read(const struct arguments *arguments, struct settings *ret_settings,
                         struct failure *ret_failure) {
    const char *directory = arguments->network_directory;

    int r = network_load(directory, &ret_settings->network, ret_failure);
    if (r >= 0)
        r = keyfile_read_broker(directory, ret_settings->network->broker_public_key,
                                &ret_settings->key, ret_failure);
    if (r >= 0 && arguments->listen_count == 0 && ret_settings->network->listen_count == 0)
        r = failure_set(ret_failure, -EINVAL,
                        "%s/network.conf: [broker] listen is missing; name there, or with "
                        "--listen, the addresses to listen on",
                        directory);
    return r;
}

/* ---- Starting ---- */

static int start_refused(int status, const struct failure *failure) {
    journal_say(JOURNAL_START_REFUSED, NULL, "%s", failure->text);
    return status;
}

/* What broker_new says, as the status that tells the service manager and the operator where to
 * look. */
static int ledger_status(int error) {
    switch (error) {
    case -EPROTO:
        return EX_DATAERR;
    case -EIO:
        return EX_IOERR;
    case -ENOSPC:
        return EX_CANTCREAT;
    case -ENOMEM:
        return EX_SOFTWARE;
    default:
        return EX_CONFIG;
    }
}

static bool broker_knows(void *context, const uint8_t key[ZAP_KEY_SIZE]) {
    return network_key(broker_network(context), key, NULL) != NULL;
}

static int door_open(const struct arguments *arguments, struct settings *settings,
                     struct broker *broker, struct door **ret_door, struct failure *ret_failure) {
    const struct network *network = settings->network;
    bool told = arguments->listen_count > 0;
    size_t count = told ? arguments->listen_count : network->listen_count;

    int r = door_new(settings->key.secret_key, broker_knows, broker, ret_door, ret_failure);
    keyfile_wipe(&settings->key);
    for (size_t i = 0; i < count && r >= 0; i++)
        r = door_listen(*ret_door, told ? arguments->listen[i] : network->listen[i], ret_failure);
    return r;
}

/* ---- Running ---- */

/* Broker and door stand; what is left is to run until the end, and to leave the house in order. */
static int broker_serve(struct broker *broker, struct door *door) {
    enum loop_end end = loop_run(broker, door);

    if (end != LOOP_STOPPED)
        _exit(end); /* what was not committed must not be answered, nor anything flushed */
    return EXIT_SUCCESS;
}

static int broker_start(const struct arguments *arguments, const struct state *state,
                        struct settings *settings) {
    struct broker *broker = NULL;
    struct door *door = NULL;
    struct failure failure;
    int status;

    int r = broker_new(arguments->network_directory, state->path, &world_real, &broker, &failure);
    if (r < 0)
        return start_refused(ledger_status(r), &failure);

    r = door_open(arguments, settings, broker, &door, &failure);
    if (r < 0)
        status = start_refused(EX_CANTCREAT, &failure);
    else
        status = broker_serve(broker, door);
    door_free(door, r < 0 ? 0 : LOOP_LINGER_MS);
    broker_free(broker);
    return status;
}

static int broker_run(const struct arguments *arguments, struct settings *settings) {
    struct state state;
    struct failure failure;

    if (state_open(arguments->state_directory, &state, &failure) < 0)
        return start_refused(EX_CANTCREAT, &failure);
    int status = broker_start(arguments, &state, settings);
    state_close(&state);
    if (status == EXIT_SUCCESS)
        journal_say(JOURNAL_STOPPED, NULL, "stopped in order");
    return status;
}

static int check_say(const struct arguments *arguments, const struct settings *settings) {
    printf("%s: in order, network %s of %zu organisations\n", arguments->network_directory,
           settings->network->name, settings->network->organisation_count);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    struct arguments arguments;
    struct settings settings = {0};
    struct failure failure;
    int status;

    arguments_read(argc, argv, &arguments);
    if (process_prepare(&failure) < 0)
        return start_refused(EX_SOFTWARE, &failure);

    int r = settings_read(&arguments, &settings, &failure);
    if (r < 0)
        status = start_refused(r == -ENOMEM ? EX_SOFTWARE : EX_CONFIG, &failure);
    else if (arguments.check)
        status = check_say(&arguments, &settings);
    else
        status = broker_run(&arguments, &settings);
    settings_fini(&settings);
    return status;
}
