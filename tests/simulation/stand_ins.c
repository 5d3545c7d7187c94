/* What the simulated broker does without: the journal, of which only what must never be said is
 * looked at, and the room on the real disk. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "broker/journal.h"
#include "disk.h"
#include "ends.h"
#include "marks.h"

void journal_say(enum journal_entry entry, const struct journal_field *fields, const char *format,
                 ...) {
    (void)fields;
    switch ((int)entry) {
    case JOURNAL_DEFECT:
    case JOURNAL_LEDGER_DIFFERS:
        violation("A1: the broker says: %s", format);
    case JOURNAL_NOBODY_REACHED:
        mark_fault(FAULT_NOBODY);
        break;
    case JOURNAL_LEDGER_FULL:
        mark_fault(FAULT_DISK_FULL);
        break;
    default:
        break;
    }
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    (void)fd;
    (void)offset;
    (void)size;
    return disk_fits() ? 0 : ENOSPC;
}

int statvfs(const char *path, struct statvfs *ret_space) {
    (void)path;
    memset(ret_space, 0, sizeof *ret_space);
    ret_space->f_frsize = 4096;
    ret_space->f_bavail = disk_is_short() ? 0 : 1 << 20;
    return 0;
}
