/* A disk in memory, as SQLite's default VFS: it knows what was synced and what was not, and can
 * fail, fill up, and lose its power. One thread. */
#ifndef HOUVAST_TESTS_SIMULATION_DISK_H
#define HOUVAST_TESTS_SIMULATION_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/wire_samples.h"

/* Makes it SQLite's default VFS; once in a process, before anything is opened. */
void disk_init(void);
/* All files are gone, and nothing is the matter with it. `reserve` is the path of a file that takes
 * room beside SQLite's; borrowed. */
void disk_format(const char *reserve);

/* What lies on the disk, to be laid out again for the next run. */
struct disk_image;
struct disk_image *disk_image_take(void);
void disk_image_lay(const struct disk_image *image);

/* ---- Trouble ---- */

enum disk_trouble {
    DISK_WELL,
    DISK_DIES,        /* the power goes: from that write or sync on nothing is done any more */
    DISK_WRITE_FAILS, /* one write or sync fails */
    DISK_READ_FAILS,  /* one read does */
};

/* Lets the `number`th such operation from now fail (1: the next). */
void disk_trouble(enum disk_trouble trouble, unsigned number);
/* What happened to a trouble that was asked for: true once it has struck. */
bool disk_has_struck(void);
/* The process is gone: whatever its open files still want is refused. */
void disk_stop(void);
/* Another process may use it; a trouble that has not struck is forgotten. */
void disk_start(void);

/* What a power loss does to writes since the last sync of their file. */
enum disk_loss {
    DISK_KEEPS,    /* none happened: the process alone was killed */
    DISK_DROPS,    /* none of them is there */
    DISK_TEARS,    /* the first few are, and a part of the next */
    DISK_REORDERS, /* some sectors are there and others not */
    DISK_LOSSES,
};
extern const char *const disk_loss_names[DISK_LOSSES];
/* After disk_stop: what the next process finds. */
void disk_lose(enum disk_loss loss, struct chance *chance);

/* Room for so many more bytes; -1: as much as one wants. */
void disk_room(int64_t bytes);
/* Whether little is left: what statvfs would say. */
bool disk_is_short(void);
/* Whether what lies there now, the reserve among it, fits. */
bool disk_fits(void);
/* While it is paused no trouble strikes: a check reads, not the broker. */
void disk_pause(bool paused);
/* How much the reserve takes, where it stands. */
#define DISK_RESERVE_BYTES 65536

#endif
