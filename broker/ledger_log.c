/* The log's writes, gathered.
 *
 * Nothing is kept back that SQLite takes for written: it counts on what a sync has confirmed, and
 * reads the log back only through here. A process that is killed before that loses what the machine
 * could lose as well when its power went. */
#include "broker/ledger_log.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME "houvast"
/* The most that SQLite's own write takes at once: it looks at 17 bits of the size. */
#define GATHERED_MAX 0x1ffff

struct log {
    sqlite3_file base; /* what SQLite holds; its own kind of file stands behind this struct */
    uint8_t *bytes;    /* gathered, GATHERED_MAX of room */
    int size;
    sqlite3_int64 offset; /* where they go */
};

static sqlite3_vfs *system_vfs;

static sqlite3_file *file_of(struct log *log) {
    return (sqlite3_file *)(log + 1);
}

/* What cannot be written is forgotten: SQLite takes the turn back that it belongs to. */
static int write_gathered(struct log *log) {
    const int size = log->size;

    log->size = 0;
    if (size == 0)
        return SQLITE_OK;
    return file_of(log)->pMethods->xWrite(file_of(log), log->bytes, size, log->offset);
}

static int log_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset) {
    struct log *log = (struct log *)base;

    if (offset != log->offset + log->size || size > GATHERED_MAX - log->size) {
        const int result = write_gathered(log);
        if (result != SQLITE_OK)
            return result;
        log->offset = offset;
    }
    assert(size <= GATHERED_MAX); /* a page has 64 KiB at most */
    memcpy(log->bytes + log->size, bytes, (size_t)size);
    log->size += size;
    return SQLITE_OK;
}

/* ---- What comes behind the writes ---- */

static int log_close(sqlite3_file *base) {
    struct log *log = (struct log *)base;
    const int written = write_gathered(log);
    const int closed = file_of(log)->pMethods->xClose(file_of(log));

    free(log->bytes);
    return written != SQLITE_OK ? written : closed;
}

static int log_sync(sqlite3_file *base, int flags) {
    struct log *log = (struct log *)base;
    const int result = write_gathered(log);

    return result != SQLITE_OK ? result : file_of(log)->pMethods->xSync(file_of(log), flags);
}

static int log_read(sqlite3_file *base, void *ret_bytes, int size, sqlite3_int64 offset) {
    struct log *log = (struct log *)base;
    const int result = write_gathered(log);

    return result != SQLITE_OK
               ? result
               : file_of(log)->pMethods->xRead(file_of(log), ret_bytes, size, offset);
}

static int log_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct log *log = (struct log *)base;
    const int result = write_gathered(log);

    return result != SQLITE_OK ? result : file_of(log)->pMethods->xTruncate(file_of(log), size);
}

static int log_size(sqlite3_file *base, sqlite3_int64 *ret_size) {
    struct log *log = (struct log *)base;
    const int result = write_gathered(log);

    return result != SQLITE_OK ? result : file_of(log)->pMethods->xFileSize(file_of(log), ret_size);
}

/* ---- What has nothing to do with them ---- */

static int log_lock(sqlite3_file *base, int level) {
    sqlite3_file *file = file_of((struct log *)base);

    return file->pMethods->xLock(file, level);
}

static int log_unlock(sqlite3_file *base, int level) {
    sqlite3_file *file = file_of((struct log *)base);

    return file->pMethods->xUnlock(file, level);
}

static int log_check_reserved_lock(sqlite3_file *base, int *ret_reserved) {
    sqlite3_file *file = file_of((struct log *)base);

    return file->pMethods->xCheckReservedLock(file, ret_reserved);
}

static int log_file_control(sqlite3_file *base, int operation, void *argument) {
    sqlite3_file *file = file_of((struct log *)base);

    return file->pMethods->xFileControl(file, operation, argument);
}

static int log_sector_size(sqlite3_file *base) {
    sqlite3_file *file = file_of((struct log *)base);

    return file->pMethods->xSectorSize(file);
}

static int log_device_characteristics(sqlite3_file *base) {
    sqlite3_file *file = file_of((struct log *)base);

    return file->pMethods->xDeviceCharacteristics(file);
}

/* Version 1: a log is neither mapped nor shared. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_reserved_lock,
    .xFileControl = log_file_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_device_characteristics,
};

/* ---- Opening ---- */

static int file_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                     int *ret_flags) {
    struct log *log = (struct log *)base;

    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL))
        return system_vfs->xOpen(system_vfs, name, base, flags, ret_flags);
    memset(log, 0, sizeof *log);
    log->bytes = malloc(GATHERED_MAX);
    if (!log->bytes)
        return SQLITE_NOMEM;
    const int result = system_vfs->xOpen(system_vfs, name, file_of(log), flags, ret_flags);
    if (result != SQLITE_OK) {
        free(log->bytes);
        return result;
    }
    log->base.pMethods = &log_methods;
    return SQLITE_OK;
}

const char *ledger_log_vfs(void) {
    static sqlite3_vfs vfs;

    static_assert(sizeof(struct log) % 8 == 0, "SQLite's own kind of file stands behind it");
    if (system_vfs)
        return NAME;
    sqlite3_vfs *found = sqlite3_vfs_find(NULL);
    if (!found)
        return NULL;
    vfs = *found;
    vfs.zName = NAME;
    vfs.szOsFile = (int)sizeof(struct log) + found->szOsFile;
    vfs.xOpen = file_open;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        return NULL;
    system_vfs = found;
    return NAME;
}
