/* Preloaded into the broker by the disk checker: makes a chosen write of its state directory fail.
 *
 * HOUVAST_FAIL_ORDER names a file of four 32-bit numbers, shared with the checker: how to fail, at
 * which call, how many calls there were, and how many failed. The numbers outlive the process, so
 * that a start counts like everything else. HOUVAST_FAIL_DIRECTORY is the state directory: nothing
 * that lies elsewhere is counted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum failing {
    FAIL_NEVER, /* only count */
    FAIL_EIO_ONCE,
    FAIL_EIO_FROM, /* this call and all that follow */
    FAIL_ENOSPC_ONCE,
    FAIL_ENOSPC_FROM,
    FAIL_SHORT, /* half of one write is done, the rest when it is asked for again */
    FAIL_TORN,  /* half of one write is done, and for the rest there is no room */
};

struct order {
    _Atomic int32_t failing;
    _Atomic int32_t at; /* the number of the call, from 0 */
    _Atomic int32_t calls;
    _Atomic int32_t failed;
};

static struct order *order;
static const char *directory;

__attribute__((constructor)) static void order_open(void) {
    const char *path = getenv("HOUVAST_FAIL_ORDER");
    directory = getenv("HOUVAST_FAIL_DIRECTORY");
    if (path == NULL || directory == NULL)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory != MAP_FAILED)
        order = memory;
}

static bool is_of_state(int fd) {
    char link[64];
    char path[4096];

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return false;
    path[size] = '\0';
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* What becomes of one call. */
struct fate {
    int error; /* 0: none */
    bool half;
};

static struct fate fate_of_call(int fd) {
    struct fate fate = {0};

    if (order == NULL || !is_of_state(fd))
        return fate;
    const int32_t past = atomic_fetch_add(&order->calls, 1) - atomic_load(&order->at);
    switch ((enum failing)atomic_load(&order->failing)) {
    case FAIL_NEVER:
        break;
    case FAIL_EIO_ONCE:
        fate.error = past == 0 ? EIO : 0;
        break;
    case FAIL_EIO_FROM:
        fate.error = past >= 0 ? EIO : 0;
        break;
    case FAIL_ENOSPC_ONCE:
        fate.error = past == 0 ? ENOSPC : 0;
        break;
    case FAIL_ENOSPC_FROM:
        fate.error = past >= 0 ? ENOSPC : 0;
        break;
    case FAIL_SHORT:
        fate.half = past == 0;
        break;
    case FAIL_TORN:
        fate.half = past == 0;
        fate.error = past == 1 ? ENOSPC : 0;
        break;
    }
    if (fate.error != 0 || fate.half)
        atomic_fetch_add(&order->failed, 1);
    return fate;
}

/* ISO C does not let an object pointer become a function pointer; POSIX does. */
union symbol {
    void *object;
    int (*sync)(int);
    int (*truncate)(int, off64_t);
    int (*allocate)(int, off64_t, off64_t);
    ssize_t (*write)(int, const void *, size_t, off64_t);
};

static union symbol real(const char *name) {
    return (union symbol){.object = dlsym(RTLD_NEXT, name)};
}

static int sync_or_fail(const char *name, int fd) {
    errno = fate_of_call(fd).error;
    return errno != 0 ? -1 : real(name).sync(fd);
}

int fdatasync(int fd) {
    return sync_or_fail("fdatasync", fd);
}

int fsync(int fd) {
    return sync_or_fail("fsync", fd);
}

static int truncate_or_fail(const char *name, int fd, off64_t size) {
    errno = fate_of_call(fd).error;
    return errno != 0 ? -1 : real(name).truncate(fd, size);
}

int ftruncate(int fd, off_t size) {
    return truncate_or_fail("ftruncate", fd, size);
}

int ftruncate64(int fd, off64_t size) {
    return truncate_or_fail("ftruncate64", fd, size);
}

/* These give the error and do not set errno. */
static int allocate_or_fail(const char *name, int fd, off64_t offset, off64_t size) {
    const int error = fate_of_call(fd).error;
    return error != 0 ? error : real(name).allocate(fd, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    return allocate_or_fail("posix_fallocate", fd, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    return allocate_or_fail("posix_fallocate64", fd, offset, size);
}

static ssize_t write_or_fail(const char *name, int fd, const void *bytes, size_t size,
                             off64_t offset) {
    const struct fate fate = fate_of_call(fd);

    errno = fate.error;
    if (fate.error != 0)
        return -1;
    return real(name).write(fd, bytes, fate.half && size > 1 ? size / 2 : size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return write_or_fail("pwrite", fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    return write_or_fail("pwrite64", fd, bytes, size, offset);
}
