/* The state directory: ours alone, on a local disk, for one process at a time. */
#include "broker/state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "broker/lockfile.h"

#define LOCK_NAME "houvastd.lock"

/* Those without a name in <linux/magic.h> are from the file systems' own sources. */
static const struct {
    unsigned long type;
    const char *name;
} unfit_filesystems[] = {
    {NFS_SUPER_MAGIC, "NFS"},
    {SMB_SUPER_MAGIC, "SMB"},
    {CIFS_SUPER_MAGIC, "CIFS"},
    {SMB2_SUPER_MAGIC, "SMB"},
    {V9FS_MAGIC, "9p"},
    {AFS_SUPER_MAGIC, "AFS"},
    {AFS_FS_MAGIC, "AFS"},
    {CODA_SUPER_MAGIC, "Coda"},
    {NCP_SUPER_MAGIC, "NCP"},
    {CEPH_SUPER_MAGIC, "Ceph"},
    {FUSE_SUPER_MAGIC, "FUSE or virtiofs"},
    {OCFS2_SUPER_MAGIC, "OCFS2"},
    {0x01161970, "GFS2"},
    {0x0bd00bd0, "Lustre"},
    {0x786f4256, "VirtualBox shared folders"},
    {0xbacbacbc, "VMware shared folders"},
    {0x19830326, "BeeGFS"},
    {0x20030528, "OrangeFS"},
    {0x47504653, "GPFS"},
    {0xaad7aaea, "PanFS"},
    {0x013111a8, "IBRIX"},
};

const char *state_unfit_filesystem(unsigned long type) {
    for (size_t i = 0; i < sizeof unfit_filesystems / sizeof unfit_filesystems[0]; i++)
        if (unfit_filesystems[i].type == type)
            return unfit_filesystems[i].name;
    return NULL;
}

static int directory_open(const char *path, int *ret_fd, struct failure *ret_failure) {
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        int error = errno;
        if (error == ENOENT)
            return failure_set(ret_failure, -error,
                               "%s: cannot make the state directory, the directory above it does "
                               "not exist; make that first, or name another with --state",
                               path);
        return failure_set(ret_failure, -error,
                           "%s: cannot make the state directory: %s; make it with mode 0700, owned "
                           "by the user that houvastd runs as, or name another with --state",
                           path, strerror(error));
    }

    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        int error = errno;
        if (error == ENOTDIR)
            return failure_set(ret_failure, -error, "%s: is not a directory; name one with --state",
                               path);
        return failure_set(ret_failure, -error,
                           "%s: cannot open the state directory: %s; it has to belong to the user "
                           "that houvastd runs as, with mode 0700",
                           path, strerror(error));
    }

    *ret_fd = fd;
    return 0;
}

static int owner_check(const char *path, int fd, struct failure *ret_failure) {
    struct stat directory;

    if (fstat(fd, &directory) < 0)
        return failure_set(ret_failure, -errno, "%s: cannot look at the state directory: %s", path,
                           strerror(errno));
    if (directory.st_uid != geteuid())
        return failure_set(ret_failure, -EPERM,
                           "%s: the state directory belongs to user %u and houvastd runs as user "
                           "%u; run it as the owner, or give the directory away with chown",
                           path, directory.st_uid, geteuid());
    if (directory.st_mode & (S_IRWXG | S_IRWXO)) {
        /* It is ours, and what it will hold is nobody else's: shut it rather than send somebody to
         * do it. */
        if (fchmod(fd, S_IRWXU) < 0)
            return failure_set(
                ret_failure, -errno,
                "%s: the state directory is open to other users (mode %04o) and cannot "
                "be shut: %s; do it with `chmod 0700 %s`",
                path, directory.st_mode & 07777, strerror(errno), path);
    }
    return 0;
}

static int filesystem_check(const char *path, int fd, struct failure *ret_failure) {
    struct statfs filesystem;

    if (fstatfs(fd, &filesystem) < 0)
        return failure_set(ret_failure, -errno,
                           "%s: cannot see on which file system the state directory is: %s", path,
                           strerror(errno));

    const char *unfit = state_unfit_filesystem((unsigned long)filesystem.f_type);
    if (unfit)
        return failure_set(ret_failure, -EOPNOTSUPP,
                           "%s: the state directory is on %s, where the ledger's write-ahead log "
                           "is not safe; put it on a local disk (ext4, xfs, btrfs)",
                           path, unfit);
    return 0;
}

static int lock_take(const char *path, int directory, int *ret_fd, struct failure *ret_failure) {
    pid_t holder = 0;

    int r = lockfile_take(directory, LOCK_NAME, ret_fd, &holder);
    if (r == -EWOULDBLOCK && holder > 0)
        return failure_set(ret_failure, r,
                           "state directory %s is in use by houvastd, process %d; stop that one "
                           "first, or name another directory with --state",
                           path, (int)holder);
    if (r == -EWOULDBLOCK)
        return failure_set(ret_failure, r,
                           "state directory %s is in use by another houvastd that starts at this "
                           "moment; stop that one first, or name another directory with --state",
                           path);
    if (r < 0)
        return failure_set(ret_failure, r, "%s/%s: cannot take the lock: %s", path, LOCK_NAME,
                           strerror(-r));
    return 0;
}

/* A state directory may lie behind a symbolic link: an operator's, or the service manager's. */
static int path_resolve(const char *path, char ret_path[PATH_MAX], struct failure *ret_failure) {
    if (!realpath(path, ret_path))
        return failure_set(ret_failure, -errno,
                           "%s: cannot see where the state directory really is: %s", path,
                           strerror(errno));
    return 0;
}

int state_open(const char *path, struct state *ret_state, struct failure *ret_failure) {
    struct state state = {.directory_fd = -1, .lock_fd = -1};

    int r = directory_open(path, &state.directory_fd, ret_failure);
    if (r >= 0)
        r = owner_check(path, state.directory_fd, ret_failure);
    if (r >= 0)
        r = filesystem_check(path, state.directory_fd, ret_failure);
    if (r >= 0)
        r = path_resolve(path, state.path, ret_failure);
    if (r >= 0)
        r = lock_take(path, state.directory_fd, &state.lock_fd, ret_failure);
    if (r < 0) {
        state_close(&state);
        return r;
    }

    *ret_state = state;
    return 0;
}

void state_close(struct state *state) {
    if (state->lock_fd >= 0)
        close(state->lock_fd);
    if (state->directory_fd >= 0)
        close(state->directory_fd);
    *state = (struct state){.directory_fd = -1, .lock_fd = -1};
}
