/* Makes a new network: keys and texts first, then all files in a hidden folder, which two renames
 * put in their place. */
#include "clients/houvast/network_make.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/keyfile.h"
#include "broker/network.h"
#include "clients/houvast/network_text.h"

#define PATH_SIZE 4096

/* The path of a Unix socket has 108 bytes, with the final NUL. */
#define SOCKET_PATH_MAX 107

/* Relative to the plan's directory, of the folder in which all is made. */
#define DRAFT_NAME ".houvast-init"

struct making {
    const struct make_plan *plan;
    char directory[PATH_SIZE]; /* absolute */
    bool directory_is_new;
    char draft[PATH_SIZE]; /* absolute */
    struct make_keys keys;
    struct network_file *files; /* of the network, as texts */
    struct failure *failure;
};

static int wrong_errno(const struct making *making, const char *path, const char *mend) {
    int error = errno;

    return failure_set(making->failure, -error, "%s: %s; %s", path, strerror(error), mend);
}

static int out_of_memory(const struct making *making) {
    return failure_set(making->failure, -ENOMEM, "out of memory");
}

/* ---- What is asked for has to be a network ---- */

/* Drops "file:line: ", for the file is not there yet. */
static const char *without_place(const char *sentence) {
    const char *colon = strstr(sentence, ": ");
    return colon ? colon + 2 : sentence;
}

/* An INI file has no way to write every text: what comes back has to be what was asked for. */
static int names_check(const struct making *making, const struct network *network) {
    for (size_t i = 0; i < making->plan->organisation_count; i++) {
        const struct make_organisation *asked = &making->plan->organisations[i];
        const struct network_organisation *read = network_organisation(network, asked->name);
        if (!read || strcmp(read->display_name, asked->display_name) != 0 ||
            strcmp(read->telephone, asked->telephone) != 0) {
            return failure_set(making->failure, -EINVAL,
                               "the display name or telephone of %s cannot be written so: blanks "
                               "at its ends, or before a semicolon; leave them out",
                               asked->name);
        }
    }
    return 0;
}

static int plan_check(struct making *making) {
    struct network *network = NULL;
    struct failure failure;
    size_t count = making->plan->organisation_count + 1;

    int result = network_parse(making->files, count, &network, &failure);
    if (result < 0) {
        return failure_set(making->failure, result, "what is asked for makes no network: %s",
                           without_place(failure.text));
    }
    result = names_check(making, network);
    if (result == 0 && network->listen_count != 1) {
        result = failure_set(making->failure, -EINVAL,
                             "the broker needs one endpoint without blanks to listen on; name it "
                             "with --listen");
    }
    network_free(network);
    return result;
}

static int files_render(struct making *making, const char *listen) {
    const struct make_plan *plan = making->plan;
    size_t count = plan->organisation_count + 1;

    making->files = calloc(count, sizeof *making->files);
    if (!making->files)
        return out_of_memory(making);
    int result = network_text_main(plan, &making->keys, listen, &making->files[0]);
    for (size_t i = 0; i < plan->organisation_count && result == 0; i++)
        result = network_text_organisation(plan, i, &making->keys, &making->files[i + 1]);
    return result < 0 ? out_of_memory(making) : plan_check(making);
}

/* ---- Folders and files ---- */

static int folder_make(const struct making *making, const char *path, mode_t mode) {
    if (mkdir(path, mode) < 0)
        return wrong_errno(making, path, "choose a place where this user may write");
    return 0;
}

static int text_write(const struct making *making, const char *path, const char *text,
                      size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return wrong_errno(making, path, "choose a place where this user may write");
    FILE *file = fdopen(fd, "w");
    if (!file) {
        close(fd);
        return out_of_memory(making);
    }
    bool written = fwrite(text, 1, size, file) == size && fflush(file) == 0 && fsync(fd) == 0;
    int error = errno;
    if (fclose(file) != 0 && written) {
        written = false;
        error = errno;
    }
    errno = error;
    return written ? 0 : wrong_errno(making, path, "see to the disk");
}

static int network_write(const struct making *making) {
    char path[PATH_SIZE + 128];
    int result;

    snprintf(path, sizeof path, "%s/network", making->draft);
    result = folder_make(making, path, 0755);
    if (result == 0) {
        snprintf(path, sizeof path, "%s/network/organisations", making->draft);
        result = folder_make(making, path, 0755);
    }
    for (size_t i = 0; i <= making->plan->organisation_count && result == 0; i++) {
        const struct network_file *file = &making->files[i];
        snprintf(path, sizeof path, "%s/network/%s", making->draft, file->path);
        result = text_write(making, path, file->text, file->size);
    }
    if (result == 0) {
        snprintf(path, sizeof path, "%s/network/broker.key", making->draft);
        result = keyfile_write(path, &making->keys.broker, making->failure);
    }
    if (result == 0) {
        snprintf(path, sizeof path, "%s/network/receipt.key", making->draft);
        result = keyfile_write(path, &making->keys.receipt, making->failure);
    }
    return result;
}

static int client_keys_write(const struct making *making, const char *folder,
                             const struct make_organisation_keys *keys) {
    const struct {
        const char *name;
        const struct keyfile *key;
    } files[] = {
        {"endpoint.key", &keys->endpoint},   {"coordinator.key", &keys->coordinator},
        {"operator.key", &keys->operating},  {"sealing.key", &keys->sealing},
        {"case.secret", &keys->case_secret}, {"network.secret", &making->keys.network_secret},
    };
    char path[PATH_SIZE + 128];
    int result = 0;

    for (size_t i = 0; i < sizeof files / sizeof *files && result == 0; i++) {
        if (files[i].key == &keys->operating && !keys->has_operator)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        result = keyfile_write(path, files[i].key, making->failure);
    }
    return result;
}

static int client_configuration_write(const struct making *making, const char *folder,
                                      const char *listen, size_t organisation, enum hv_role role) {
    char path[PATH_SIZE + 128];
    char *text = NULL;
    size_t size = 0;

    if (network_text_client(making->plan, organisation, &making->keys, listen, role, &text, &size) <
        0)
        return out_of_memory(making);
    snprintf(path, sizeof path, "%s/%s.conf", folder, network_text_role(role));
    int result = text_write(making, path, text, size);
    free(text);
    return result;
}

static int client_write(const struct making *making, const char *listen, size_t organisation) {
    const struct make_organisation_keys *keys = &making->keys.organisations[organisation];
    char folder[PATH_SIZE + 64];

    snprintf(folder, sizeof folder, "%s/clients/%s", making->draft,
             making->plan->organisations[organisation].name);
    int result = folder_make(making, folder, 0700);
    if (result == 0)
        result = client_keys_write(making, folder, keys);
    for (int role = HV_ROLE_ENDPOINT; role <= HV_ROLE_OPERATOR && result == 0; role++) {
        if (role != HV_ROLE_OPERATOR || keys->has_operator) {
            result = client_configuration_write(making, folder, listen, organisation,
                                                (enum hv_role)role);
        }
    }
    return result;
}

static int clients_write(const struct making *making, const char *listen) {
    char path[PATH_SIZE + 16];

    snprintf(path, sizeof path, "%s/clients", making->draft);
    int result = folder_make(making, path, 0700);
    for (size_t i = 0; i < making->plan->organisation_count && result == 0; i++)
        result = client_write(making, listen, i);
    return result;
}

/* ---- All or nothing ---- */

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void tree_remove(const char *path) {
    /* An empty one needs no descriptor. */
    if (rmdir(path) < 0)
        nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static int must_not_exist(const struct making *making, const char *name) {
    char path[PATH_SIZE + 16];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", making->directory, name);
    if (lstat(path, &status) == 0) {
        return failure_set(making->failure, -EEXIST,
                           "%s: is there already and nothing is overwritten; choose another "
                           "directory, or move that away",
                           path);
    }
    return 0;
}

static int directory_take(struct making *making) {
    const char *directory = making->plan->directory;

    if (mkdir(directory, 0755) == 0)
        making->directory_is_new = true;
    else if (errno != EEXIST)
        return wrong_errno(making, directory, "choose a place where this user may write");
    char *real = realpath(directory, NULL);
    if (!real || strlen(real) >= sizeof making->directory - sizeof DRAFT_NAME ".XXXXXX") {
        int result = real ? failure_set(making->failure, -ENAMETOOLONG,
                                        "%s: is too long; choose a shorter path", directory)
                          : wrong_errno(making, directory, "choose another directory");
        free(real);
        return result;
    }
    strcpy(making->directory, real);
    free(real);
    int result = must_not_exist(making, "network");
    return result < 0 ? result : must_not_exist(making, "clients");
}

static int draft_make(struct making *making) {
    snprintf(making->draft, sizeof making->draft, "%.*s/" DRAFT_NAME ".XXXXXX",
             (int)(sizeof making->draft - sizeof DRAFT_NAME ".XXXXXX" - 1), making->directory);
    if (!mkdtemp(making->draft)) {
        making->draft[0] = '\0';
        return wrong_errno(making, making->directory, "choose a place where this user may write");
    }
    return 0;
}

static int draft_move(const struct making *making, const char *name) {
    char from[PATH_SIZE + 16], to[PATH_SIZE + 16];

    snprintf(from, sizeof from, "%s/%s", making->draft, name);
    snprintf(to, sizeof to, "%s/%s", making->directory, name);
    if (rename(from, to) < 0)
        return wrong_errno(making, to, "see to the disk");
    return 0;
}

/* clients/ first: a network that is there is whole. */
static int draft_publish(const struct making *making) {
    char clients[PATH_SIZE + 16];

    int result = draft_move(making, "clients");
    if (result < 0)
        return result;
    result = draft_move(making, "network");
    if (result < 0) {
        snprintf(clients, sizeof clients, "%s/clients", making->directory);
        tree_remove(clients);
    }
    return result;
}

/* Where nothing else is asked for, the broker listens in the directory itself. */
static int socket_choose(const struct making *making, char *ret_listen, size_t size) {
    snprintf(ret_listen, size, "ipc://%s/broker.sock", making->directory);
    if (strlen(ret_listen) > strlen("ipc://") + SOCKET_PATH_MAX ||
        strpbrk(making->directory, " \t;")) {
        return failure_set(making->failure, -EINVAL,
                           "%s is too long, or has a character too many, for the path of the "
                           "broker's socket in it; name another place with --listen ipc:///…",
                           making->directory);
    }
    return 0;
}

static int make_all(struct making *making) {
    char socket[PATH_SIZE + 32];
    const char *listen = making->plan->listen;

    int result = directory_take(making);
    if (result == 0 && !listen) {
        result = socket_choose(making, socket, sizeof socket);
        listen = socket;
    }
    if (result < 0)
        return result;
    if (make_keys_init(&making->keys, making->plan) < 0)
        return out_of_memory(making);
    result = files_render(making, listen);
    if (result == 0)
        result = draft_make(making);
    if (result == 0)
        result = network_write(making);
    if (result == 0)
        result = clients_write(making, listen);
    return result == 0 ? draft_publish(making) : result;
}

static void making_fini(struct making *making, int result) {
    if (making->draft[0])
        tree_remove(making->draft);
    if (result < 0 && making->directory_is_new)
        rmdir(making->plan->directory);
    for (size_t i = 0; making->files && i <= making->plan->organisation_count; i++) {
        free(making->files[i].path);
        free(making->files[i].text);
    }
    free(making->files);
    make_keys_fini(&making->keys);
}

int network_make(const struct make_plan *plan, struct failure *ret_failure) {
    struct making making = {.plan = plan, .failure = ret_failure};
    sigset_t held, before;

    /* Ctrl-C waits until the folder is whole or gone. */
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, &before);
    int result = make_all(&making);
    making_fini(&making, result);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}
