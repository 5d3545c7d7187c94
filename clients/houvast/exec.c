/* One program run for one item: how it is started, ended and waited for. */
#include "clients/houvast/exec.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/json.h"
#include "wire/wire.h"

#define DOSSIER_FD     3
#define DOSSIER_PREFIX "houvast-dossier-"

/* ---- Before the first item ---- */

static bool can_run_in_path(const char *name) {
    const char *folders = getenv("PATH");
    char *path = strdup(folders ? folders : "/bin:/usr/bin");
    char *rest = NULL;
    bool found = false;
    for (char *folder = path ? strtok_r(path, ":", &rest) : NULL; folder && !found;
         folder = strtok_r(NULL, ":", &rest)) {
        char whole[4096];
        snprintf(whole, sizeof whole, "%s/%s", folder, name);
        found = access(whole, X_OK) == 0;
    }
    free(path);
    return found;
}

int program_check(const struct program_plan *plan, struct failure *ret_failure) {
    const char *name = plan->argv[0];
    if (strchr(name, '/') ? access(name, X_OK) == 0 : can_run_in_path(name))
        return 0;
    int error = strchr(name, '/') ? errno : ENOENT;
    return failure_set(ret_failure, -error, "%s: %s; --exec takes a program that this user may run",
                       name, strerrordesc_np(error));
}

/* Unlinks the file if nobody has it locked. */
static void sweep_file(int folder, const char *name) {
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(fd);
}

int program_sweep(const struct program_plan *plan, struct failure *ret_failure) {
    if (!plan->dossier_dir)
        return 0;
    DIR *folder = opendir(plan->dossier_dir);
    if (!folder || faccessat(dirfd(folder), ".", W_OK | X_OK, 0) != 0) {
        int error = errno;
        if (folder)
            closedir(folder);
        return failure_set(ret_failure, -error,
                           "%s: %s; --dossier-dir takes a folder that this user may write in",
                           plan->dossier_dir, strerrordesc_np(error));
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strncmp(entry->d_name, DOSSIER_PREFIX, strlen(DOSSIER_PREFIX)) == 0)
            sweep_file(dirfd(folder), entry->d_name);
    closedir(folder);
    return 0;
}

/* ---- What it reads ---- */

static int write_all(int fd, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* A file in memory alone with these bytes, at its beginning, which nobody can change any more.
 * Returns the descriptor or a negative errno. */
static int sealed_file(const char *name, const void *bytes, size_t size) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int r = write_all(fd, bytes, size);
    if (r == 0 &&
        (lseek(fd, 0, SEEK_SET) != 0 ||
         fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0))
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static int item_file(const struct hv_item *item) {
    const struct hv_message message = {.type = HV_MESSAGE_item, .item = *item};
    json_t *object = wire_message_to_json(&message);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *line = NULL;
    int fd = -ENOMEM;
    int size = text ? asprintf(&line, "%s\n", text) : -1;
    if (size > 0) {
        fd = sealed_file("houvast-item", line, (size_t)size);
        free(line);
    }
    free(text);
    json_decref(object);
    return fd;
}

/* ---- A dossier on disk, where it was asked for ---- */

static int dossier_on_disk(const struct program_plan *plan, const struct hv_item *item,
                           const void *bytes, size_t size, struct program *program) {
    if (asprintf(&program->dossier_path, "%s/" DOSSIER_PREFIX "%s-%" PRId64 "-%" PRId64,
                 plan->dossier_dir, plan->organisation, item->item, item->attempt) < 0) {
        program->dossier_path = NULL;
        return -ENOMEM;
    }
    int fd =
        open(program->dossier_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        int r = -errno;
        free(program->dossier_path); /* somebody else's, if it is there */
        program->dossier_path = NULL;
        return r;
    }
    program->dossier_lock = fd;
    int r = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
    if (r == 0)
        r = write_all(fd, bytes, size);
    if (r < 0)
        return r;
    int reading = open(program->dossier_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return reading < 0 ? -errno : reading;
}

static void dossier_forget(struct program *program) {
    if (program->dossier_path) {
        unlink(program->dossier_path);
        free(program->dossier_path);
        program->dossier_path = NULL;
    }
    if (program->dossier_lock >= 0) {
        close(program->dossier_lock);
        program->dossier_lock = -1;
    }
}

/* ---- Its environment ---- */

#define OWN_VARIABLES 7

struct environment {
    char **variables; /* ends with NULL; the first `own` are ours to free */
    size_t own;
};

static bool is_ours(const char *variable) {
    static const char *const names[OWN_VARIABLES] = {
        "HOUVAST_ITEM=",     "HOUVAST_ATTEMPT=", "HOUVAST_EVENT=", "HOUVAST_JOURNEY=",
        "HOUVAST_HANDOVER=", "HOUVAST_DOSSIER=", "HOUVAST_CONFIG="};
    for (size_t i = 0; i < OWN_VARIABLES; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static bool environment_add(struct environment *environment, const char *name, const char *value) {
    char *variable;
    if (asprintf(&variable, "%s=%s", name, value) < 0)
        return false;
    environment->variables[environment->own++] = variable;
    return true;
}

static bool environment_add_number(struct environment *environment, const char *name,
                                   int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    return environment_add(environment, name, text);
}

static bool environment_add_id(struct environment *environment, const char *name, bool has,
                               const struct hv_uuid *id) {
    char text[HV_UUID_TEXT_SIZE];
    if (!has)
        return true;
    hv_uuid_text(id, text);
    return environment_add(environment, name, text);
}

static void environment_fini(struct environment *environment) {
    for (size_t i = 0; i < environment->own; i++)
        free(environment->variables[i]);
    free(environment->variables);
}

/* Ours, then what we were given ourselves. */
static int environment_init(struct environment *environment, const struct program_plan *plan,
                            const struct hv_item *item, const char *dossier) {
    const struct hv_event *event = &item->event;
    size_t given = 0;
    while (environ[given])
        given++;
    *environment = (struct environment){
        .variables = calloc(given + OWN_VARIABLES + 1, sizeof *environment->variables)};
    if (!environment->variables ||
        !environment_add_number(environment, "HOUVAST_ITEM", item->item) ||
        !environment_add_number(environment, "HOUVAST_ATTEMPT", item->attempt) ||
        !environment_add(environment, "HOUVAST_EVENT", hv_event_name_text(event->event)) ||
        !environment_add_id(environment, "HOUVAST_JOURNEY", event->has_journey, &event->journey) ||
        !environment_add_id(environment, "HOUVAST_HANDOVER", event->has_handover,
                            &event->handover) ||
        !environment_add(environment, "HOUVAST_CONFIG", plan->config) ||
        (dossier && !environment_add(environment, "HOUVAST_DOSSIER", dossier))) {
        environment_fini(environment);
        return -ENOMEM;
    }
    size_t count = environment->own;
    for (size_t i = 0; i < given; i++)
        if (!is_ours(environ[i]))
            environment->variables[count++] = environ[i];
    return 0;
}

/* ---- Starting ---- */

/* Standard input and, where there is one, the dossier; nothing above them. */
static int descriptors_arrange(posix_spawn_file_actions_t *actions, int input, int dossier) {
    int r = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
    if (r == 0 && dossier >= 0)
        r = posix_spawn_file_actions_adddup2(actions, dossier, DOSSIER_FD);
    if (r == 0) {
        r = posix_spawn_file_actions_addclosefrom_np(actions,
                                                     dossier >= 0 ? DOSSIER_FD + 1 : DOSSIER_FD);
    }
    return r;
}

static int attributes_arrange(posix_spawnattr_t *attributes, const struct program_plan *plan) {
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigmask(attributes, &plan->signals);
    return posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn(const struct program_plan *plan, int input, int dossier, char **variables,
                 pid_t *ret_pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = descriptors_arrange(&actions, input, dossier);
        if (r == 0)
            r = attributes_arrange(&attributes, plan);
        if (r == 0)
            r = posix_spawnp(ret_pid, plan->argv[0], &actions, &attributes, plan->argv, variables);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int start(const struct program_plan *plan, const struct hv_item *item, int dossier,
                 struct program *program) {
    struct environment environment;
    const char *path = program->dossier_path ? program->dossier_path : "/dev/fd/3";
    int input = item_file(item);
    if (input < 0)
        return input;
    int r = environment_init(&environment, plan, item, dossier >= 0 ? path : NULL);
    if (r == 0) {
        r = spawn(plan, input, dossier, environment.variables, &program->pid);
        environment_fini(&environment);
    }
    close(input);
    return r;
}

int program_start(const struct program_plan *plan, const struct hv_item *item, const void *dossier,
                  size_t dossier_size, struct program *ret_program, struct failure *ret_failure) {
    struct program program = {.dossier_lock = -1, .pidfd = -1};
    int r = 0, fd = -1;
    if (dossier) {
        fd = plan->dossier_dir ? dossier_on_disk(plan, item, dossier, dossier_size, &program)
                               : sealed_file("houvast-dossier", dossier, dossier_size);
        r = fd < 0 ? fd : 0;
    }
    if (r < 0) {
        dossier_forget(&program);
        return failure_set(ret_failure, r, "the dossier could not be handed on in %s: %s",
                           plan->dossier_dir ? plan->dossier_dir : "memory", strerrordesc_np(-r));
    }
    r = start(plan, item, fd, &program);
    if (fd >= 0)
        close(fd);
    if (r < 0) {
        dossier_forget(&program);
        return failure_set(ret_failure, r, "%s could not be run: %s", plan->argv[0],
                           strerrordesc_np(-r));
    }
    program.pidfd = pidfd_open(program.pid, 0);
    if (program.pidfd < 0) {
        r = -errno;
        kill(-program.pid, SIGKILL);
        waitpid(program.pid, NULL, 0);
        dossier_forget(&program);
        return failure_set(ret_failure, r, "%s cannot be watched and was ended: %s", plan->argv[0],
                           strerrordesc_np(-r));
    }
    *ret_program = program;
    return 0;
}

/* ---- Ending ---- */

bool program_signal(const struct program *program, int number) {
    return kill(-program->pid, number) == 0;
}

void program_reap(struct program *program, int *ret_status) {
    siginfo_t info = {0};
    int r;
    do {
        r = waitid(P_PIDFD, (id_t)program->pidfd, &info, WEXITED);
    } while (r < 0 && errno == EINTR);
    assert(r == 0);
    *ret_status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    close(program->pidfd);
    program->pidfd = -1;
    dossier_forget(program);
}
