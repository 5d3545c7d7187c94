/* Preloaded into the broker: the machine's clocks, as a test has them.
 *
 * HOUVAST_CLOCK names a file of numbers shared with the test: how much time has passed that has
 * not, how far the wall clock and the clock since boot are off besides, whether a time service
 * keeps the clock, and whether the machine's boot id is hidden, so that HOUVAST_BOOT_ID says which
 * boot it is. Only the broker itself is told so: what its libraries wait for, they wait for in real
 * time.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID_PATH      "/proc/sys/kernel/random/boot_id"
#define SYNCHRONISED_PATH "/run/systemd/timesync/synchronized"

struct order {
    _Atomic int64_t passed_ms; /* on both clocks */
    _Atomic int64_t wall_ms;
    _Atomic int64_t boot_ms;
    _Atomic int64_t synchronised;
    _Atomic int64_t other_boot;
};

static const struct order *order;
/* As the wall clock was last read: who reads both clocks sees time pass on both. */
static _Atomic int64_t passed_ms;
static uintptr_t program_begins, program_ends;

/* The first object is the program itself. */
static int program_find(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const uintptr_t begins = info->dlpi_addr + header->p_vaddr;
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        program_begins = begins;
        program_ends = begins + header->p_memsz;
    }
    return 1;
}

__attribute__((constructor)) static void order_open(void) {
    const char *path = getenv("HOUVAST_CLOCK");
    if (path == NULL)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof *order, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    (void)dl_iterate_phdr(program_find, NULL);
    if (memory != MAP_FAILED)
        order = memory;
}

static bool is_told(const void *caller) {
    return order != NULL && (uintptr_t)caller >= program_begins && (uintptr_t)caller < program_ends;
}

/* ISO C does not let an object pointer become a function pointer; POSIX does. */
union symbol {
    void *object;
    int (*gettime)(clockid_t, struct timespec *);
    int (*stat)(const char *, struct stat *);
    FILE *(*open)(const char *, const char *);
};

static union symbol real(const char *name) {
    return (union symbol){.object = dlsym(RTLD_NEXT, name)};
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static union symbol known;
    int64_t off_ms = 0;

    if (known.object == NULL)
        known = real("clock_gettime");
    const int result = known.gettime(clock, time);
    if (result != 0 || !is_told(__builtin_return_address(0)))
        return result;
    if (clock == CLOCK_REALTIME) {
        atomic_store(&passed_ms, atomic_load(&order->passed_ms));
        off_ms = atomic_load(&order->wall_ms) + atomic_load(&passed_ms);
    } else if (clock == CLOCK_BOOTTIME) {
        off_ms = atomic_load(&order->boot_ms) + atomic_load(&passed_ms);
    }
    int64_t nanoseconds = time->tv_nsec + off_ms % 1000 * 1000000;
    time->tv_sec += off_ms / 1000;
    if (nanoseconds < 0 || nanoseconds >= 1000000000) {
        time->tv_sec += nanoseconds < 0 ? -1 : 1;
        nanoseconds += nanoseconds < 0 ? 1000000000 : -1000000000;
    }
    time->tv_nsec = (long)nanoseconds;
    return result;
}

/* A time service that keeps the clock has touched its file a second ago. */
int stat(const char *restrict path, struct stat *restrict status) {
    struct timespec now;

    if (!is_told(__builtin_return_address(0)) || strcmp(path, SYNCHRONISED_PATH) != 0)
        return real("stat").stat(path, status);
    if (atomic_load(&order->synchronised) == 0) {
        errno = ENOENT;
        return -1;
    }
    memset(status, 0, sizeof *status);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    status->st_mtim.tv_sec =
        now.tv_sec + (atomic_load(&order->wall_ms) + atomic_load(&order->passed_ms)) / 1000 - 1;
    return 0;
}

static FILE *open_or_hide(const char *name, const char *path, const char *mode,
                          const void *caller) {
    if (is_told(caller) && atomic_load(&order->other_boot) != 0 &&
        strcmp(path, BOOT_ID_PATH) == 0) {
        errno = ENOENT;
        return NULL;
    }
    return real(name).open(path, mode);
}

FILE *fopen(const char *path, const char *mode) {
    return open_or_hide("fopen", path, mode, __builtin_return_address(0));
}

FILE *fopen64(const char *path, const char *mode) {
    return open_or_hide("fopen64", path, mode, __builtin_return_address(0));
}
