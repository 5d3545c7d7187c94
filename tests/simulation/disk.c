/* A disk in memory. A file is what the process sees (its pages), what was synced, and the writes in
 * between, in order. */
#include "disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 4
#define PATH_SIZE 160
#define SECTOR    512

struct bytes {
    uint8_t *at;
    size_t size, room;
};

/* A write since the last sync; one without bytes is a cut to `offset`. */
struct write {
    size_t offset, size, from; /* `from`: where its bytes lie in `said` */
};

struct disk_file {
    char path[PATH_SIZE];
    bool exists, durable_exists;
    struct bytes seen, durable;
    struct write *writes;
    size_t write_count, write_room;
    struct bytes said;
};

struct disk_image {
    struct {
        char path[PATH_SIZE];
        struct bytes durable;
    } files[FILES_MAX];
};

static struct {
    struct disk_file files[FILES_MAX];
    const char *reserve;
    enum disk_trouble trouble;
    unsigned countdown;
    bool struck, stopped, paused;
    bool limited;
    int64_t capacity;
} disk;

const char *const disk_loss_names[DISK_LOSSES] = {"keeps", "drops", "tears", "reorders"};

struct open_file {
    sqlite3_file base;
    struct disk_file *file;
};

/* ---- Bytes ---- */

static void bytes_resize(struct bytes *bytes, size_t size) {
    if (size > bytes->room) {
        const size_t room = size + size / 2 + 4096;
        uint8_t *grown = realloc(bytes->at, room);
        if (!grown)
            abort();
        bytes->at = grown;
        bytes->room = room;
    }
    if (size > bytes->size)
        memset(bytes->at + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void bytes_put(struct bytes *bytes, size_t offset, const void *from, size_t size) {
    if (offset + size > bytes->size)
        bytes_resize(bytes, offset + size);
    if (size)
        memcpy(bytes->at + offset, from, size);
}

static void bytes_copy(struct bytes *to, const struct bytes *from) {
    to->size = 0;
    bytes_put(to, 0, from->at, from->size);
}

/* ---- Files ---- */

static struct disk_file *file_find(const char *path) {
    for (size_t i = 0; i < FILES_MAX; i++)
        if (disk.files[i].exists && strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    return NULL;
}

static struct disk_file *file_make(const char *path) {
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct disk_file *file = &disk.files[i];
        if (file->exists)
            continue;
        (void)snprintf(file->path, sizeof file->path, "%s", path);
        file->exists = true;
        file->durable_exists = false;
        file->seen.size = file->durable.size = file->said.size = file->write_count = 0;
        return file;
    }
    abort(); /* SQLite wants more files than it ever did */
}

static void file_note(struct disk_file *file, size_t offset, const void *bytes, size_t size) {
    if (file->write_count == file->write_room) {
        file->write_room = 2 * file->write_room + 64;
        file->writes = reallocarray(file->writes, file->write_room, sizeof *file->writes);
        if (!file->writes)
            abort();
    }
    file->writes[file->write_count++] =
        (struct write){.offset = offset, .size = size, .from = file->said.size};
    bytes_put(&file->said, file->said.size, bytes, size);
}

/* The first `size` bytes of a write reach the disk. */
static void write_keep(struct disk_file *file, const struct write *write, size_t size) {
    file->durable_exists = true;
    if (write->size == 0)
        bytes_resize(&file->durable, write->offset);
    else
        bytes_put(&file->durable, write->offset, file->said.at + write->from, size);
}

static void writes_forget(struct disk_file *file) {
    file->write_count = 0;
    file->said.size = 0;
}

static void file_sync(struct disk_file *file) {
    for (size_t i = 0; i < file->write_count; i++)
        write_keep(file, &file->writes[i], file->writes[i].size);
    file->durable_exists = true;
    writes_forget(file);
}

/* ---- Trouble ---- */

/* Whether this operation fails. */
static bool strikes(bool reads) {
    if (disk.paused)
        return false;
    if (disk.stopped)
        return true;
    if (disk.trouble == DISK_WELL || disk.struck || reads != (disk.trouble == DISK_READ_FAILS) ||
        --disk.countdown > 0)
        return false;
    disk.struck = true;
    disk.stopped = disk.trouble == DISK_DIES;
    return true;
}

void disk_trouble(enum disk_trouble trouble, unsigned number) {
    disk.trouble = trouble;
    disk.countdown = number ? number : 1;
    disk.struck = false;
}

void disk_pause(bool paused) {
    disk.paused = paused;
}

bool disk_has_struck(void) {
    return disk.struck;
}

void disk_stop(void) {
    disk.stopped = true;
}

void disk_start(void) {
    disk.stopped = disk.struck = false;
    disk.trouble = DISK_WELL;
}

static void lose_sectors(struct disk_file *file, const struct write *write, struct chance *chance) {
    size_t at = 0;

    if (write->size == 0 && chance_below(chance, 2) == 0)
        write_keep(file, write, 0);
    while (at < write->size) {
        size_t size = SECTOR - (write->offset + at) % SECTOR;
        if (size > write->size - at)
            size = write->size - at;
        const struct write part = {write->offset + at, size, write->from + at};
        if (chance_below(chance, 2) == 0)
            write_keep(file, &part, size);
        at += size;
    }
}

static void lose_of_file(struct disk_file *file, enum disk_loss loss, struct chance *chance) {
    const size_t whole =
        loss == DISK_TEARS ? (size_t)chance_below(chance, file->write_count + 1) : 0;

    for (size_t i = 0; i < file->write_count; i++) {
        const struct write *write = &file->writes[i];
        if (loss == DISK_REORDERS)
            lose_sectors(file, write, chance);
        else if (loss == DISK_KEEPS || i < whole)
            write_keep(file, write, write->size);
        else if (loss == DISK_TEARS && i == whole && write->size > SECTOR)
            write_keep(file, write, SECTOR * (size_t)chance_below(chance, write->size / SECTOR));
    }
    writes_forget(file);
    file->exists = file->durable_exists || loss == DISK_KEEPS;
    bytes_copy(&file->seen, &file->durable);
}

void disk_lose(enum disk_loss loss, struct chance *chance) {
    for (size_t i = 0; i < FILES_MAX; i++)
        if (disk.files[i].exists)
            lose_of_file(&disk.files[i], loss, chance);
}

/* ---- Room ---- */

static int64_t used(void) {
    int64_t sum = disk.reserve && access(disk.reserve, F_OK) == 0 ? DISK_RESERVE_BYTES : 0;

    for (size_t i = 0; i < FILES_MAX; i++)
        sum += disk.files[i].exists ? (int64_t)disk.files[i].seen.size : 0;
    return sum;
}

void disk_room(int64_t bytes) {
    disk.limited = bytes >= 0;
    disk.capacity = disk.limited ? used() + bytes : 0;
}

bool disk_is_short(void) {
    return disk.limited;
}

bool disk_fits(void) {
    return !disk.limited || used() <= disk.capacity;
}

static bool has_room_for(const struct disk_file *file, size_t end) {
    return !disk.limited || end <= file->seen.size ||
           used() + (int64_t)(end - file->seen.size) <= disk.capacity;
}

/* ---- As SQLite has it ---- */

static struct disk_file *of(sqlite3_file *base) {
    return ((struct open_file *)base)->file;
}

static int vfs_close(sqlite3_file *base) {
    (void)base;
    return SQLITE_OK;
}

static int vfs_read(sqlite3_file *base, void *buffer, int amount, sqlite3_int64 offset) {
    const struct bytes *seen = &of(base)->seen;
    const size_t at = (size_t)offset;
    const size_t size = (size_t)amount;
    const size_t there = at >= seen->size ? 0 : seen->size - at < size ? seen->size - at : size;

    if (strikes(true))
        return SQLITE_IOERR_READ;
    if (there)
        memcpy(buffer, seen->at + at, there);
    if (there < size)
        memset((uint8_t *)buffer + there, 0, size - there);
    return there < size ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int vfs_write(sqlite3_file *base, const void *bytes, int amount, sqlite3_int64 offset) {
    struct disk_file *file = of(base);

    if (strikes(false))
        return SQLITE_IOERR_WRITE;
    if (!has_room_for(file, (size_t)offset + (size_t)amount))
        return SQLITE_FULL;
    bytes_put(&file->seen, (size_t)offset, bytes, (size_t)amount);
    file_note(file, (size_t)offset, bytes, (size_t)amount);
    return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct disk_file *file = of(base);

    if (strikes(false))
        return SQLITE_IOERR_TRUNCATE;
    bytes_resize(&file->seen, (size_t)size);
    file_note(file, (size_t)size, "", 0);
    return SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags) {
    (void)flags;
    if (strikes(false))
        return SQLITE_IOERR_FSYNC;
    file_sync(of(base));
    return SQLITE_OK;
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *ret_size) {
    if (strikes(true))
        return SQLITE_IOERR_FSTAT;
    *ret_size = (sqlite3_int64)of(base)->seen.size;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int lock) {
    (void)base;
    (void)lock;
    return SQLITE_OK;
}

static int vfs_check_lock(sqlite3_file *base, int *ret_locked) {
    (void)base;
    *ret_locked = 0;
    return SQLITE_OK;
}

static int vfs_file_control(sqlite3_file *base, int op, void *argument) {
    (void)base;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

/* The same sectors and promises as the operating system's. */
static int vfs_sector_size(sqlite3_file *base) {
    (void)base;
    return 4096;
}

static int vfs_characteristics(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_file_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_lock,
    .xCheckReservedLock = vfs_check_lock,
    .xFileControl = vfs_file_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *ret_flags) {
    struct open_file *open = (struct open_file *)base;
    (void)vfs;

    open->base.pMethods = NULL;
    if (disk.stopped || !name)
        return SQLITE_CANTOPEN;
    struct disk_file *file = file_find(name);
    if (!file && !(flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    open->file = file ? file : file_make(name);
    open->base.pMethods = &methods;
    if (ret_flags)
        *ret_flags = flags;
    return SQLITE_OK;
}

/* With the sync of the directory that SQLite asks for. */
static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    struct disk_file *file = file_find(name);
    (void)vfs;
    (void)sync;

    if (strikes(false))
        return SQLITE_IOERR_DELETE;
    if (!file)
        return SQLITE_IOERR_DELETE_NOENT;
    file->exists = false;
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_result) {
    const struct disk_file *file = file_find(name);
    (void)vfs;

    *ret_result = file && (flags != SQLITE_ACCESS_EXISTS || file->seen.size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *ret_path) {
    (void)vfs;
    return snprintf(ret_path, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *ret_bytes) {
    static struct chance chance;
    (void)vfs;

    for (int i = 0; i < size; i++)
        ret_bytes[i] = (char)chance_next(&chance);
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, double *ret_days) {
    (void)vfs;
    *ret_days = 2461000.5;
    return SQLITE_OK;
}

void disk_init(void) {
    static sqlite3_vfs vfs = {
        .iVersion = 1,
        .szOsFile = sizeof(struct open_file),
        .mxPathname = PATH_SIZE,
        .zName = "simulation",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
    };

    /* As the ledger has it; here, because registering is the first thing that SQLite is asked. */
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}

/* ---- Images ---- */

void disk_format(const char *reserve) {
    for (size_t i = 0; i < FILES_MAX; i++) {
        disk.files[i].exists = false;
        writes_forget(&disk.files[i]);
    }
    disk.reserve = reserve;
    disk_start();
    disk_room(-1);
}

struct disk_image *disk_image_take(void) {
    struct disk_image *image = calloc(1, sizeof *image);

    if (!image)
        abort();
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (!disk.files[i].exists)
            continue;
        file_sync(&disk.files[i]);
        memcpy(image->files[i].path, disk.files[i].path, PATH_SIZE);
        bytes_copy(&image->files[i].durable, &disk.files[i].durable);
    }
    return image;
}

void disk_image_lay(const struct disk_image *image) {
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (!image->files[i].path[0])
            continue;
        struct disk_file *file = file_make(image->files[i].path);
        file->durable_exists = true;
        bytes_copy(&file->durable, &image->files[i].durable);
        bytes_copy(&file->seen, &image->files[i].durable);
    }
}
