/* Preloaded into the broker by the kill checker: raises SIGKILL at a chosen write or sync.
 *
 * HOUVAST_KILL_ORDER names a file of three 32-bit numbers, shared with the checker: what to do, how
 * many calls are still to go, and how often it was done. The checker writes the order when enough
 * commands are in flight; the process then dies in the very call, between the disk and the answer.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum order_kind {
    ORDER_NONE,
    ORDER_AFTER_SYNC,  /* the turn is on disk, and nobody was told */
    ORDER_BEFORE_SYNC, /* written, and perhaps lost */
    ORDER_MID_WRITE,   /* half of one write is done */
    ORDER_AFTER_WRITE,
};

struct order {
    _Atomic int32_t kind;
    _Atomic int32_t countdown;
    _Atomic int32_t carried_out;
};

static struct order *order;

__attribute__((constructor)) static void order_open(void) {
    const char *path = getenv("HOUVAST_KILL_ORDER");
    if (path == NULL)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory != MAP_FAILED)
        order = memory;
}

/* Whether this call is the one. */
static int order_is_due(enum order_kind kind) {
    if (order == NULL || atomic_load(&order->kind) != (int32_t)kind)
        return 0;
    return atomic_fetch_sub(&order->countdown, 1) == 1;
}

static void die(void) {
    atomic_fetch_add(&order->carried_out, 1);
    (void)kill(getpid(), SIGKILL);
}

/* ISO C does not let an object pointer become a function pointer; POSIX does. */
union symbol {
    void *object;
    int (*sync)(int);
    ssize_t (*write)(int, const void *, size_t, off64_t);
};

static int sync_and_maybe_die(const char *name, int fd) {
    union symbol real = {.object = dlsym(RTLD_NEXT, name)};
    if (order_is_due(ORDER_BEFORE_SYNC))
        die();
    int r = real.sync(fd);
    if (r == 0 && order_is_due(ORDER_AFTER_SYNC))
        die();
    return r;
}

int fdatasync(int fd) {
    return sync_and_maybe_die("fdatasync", fd);
}

int fsync(int fd) {
    return sync_and_maybe_die("fsync", fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    union symbol real = {.object = dlsym(RTLD_NEXT, "pwrite64")};
    if (order_is_due(ORDER_MID_WRITE)) {
        (void)!real.write(fd, bytes, size / 2, offset);
        die();
    }
    ssize_t n = real.write(fd, bytes, size, offset);
    if (order_is_due(ORDER_AFTER_WRITE))
        die();
    return n;
}
