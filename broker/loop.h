/* The loop: waits for peers, timers and signals, and takes one turn after another. */
#ifndef HOUVAST_LOOP_H
#define HOUVAST_LOOP_H

#include "broker/broker.h"
#include "broker/door.h"

/* How houvastd ends (sysexits.h); scripts and units tell them apart. */
enum loop_end {
    LOOP_GOES_ON = -1,       /* not yet: loop_run never returns it */
    LOOP_STOPPED = 0,        /* SIGTERM or SIGINT: everything that had arrived is answered */
    LOOP_DEFECT = 70,        /* EX_SOFTWARE: memory, the door, or ourselves */
    LOOP_LEDGER_FAILED = 74, /* EX_IOERR: the outcome of a commit is unknown */
};

/* Blocks the signals that the loop takes, so that none is lost that comes before it runs and no
 * thread started later gets one. Call before door_new. */
void loop_block_signals(void);

/* Says READY to the service manager and `ready` to the journal, then runs until a signal or a
 * failure ends it. Broker and door are borrowed and stay the caller's. After LOOP_STOPPED the
 * caller closes the door with LOOP_LINGER_MS. After any other end it must not: nothing more may
 * leave, and the process has to end at once (_exit). */
#define LOOP_LINGER_MS 1000
enum loop_end loop_run(struct broker *broker, struct door *door);

#endif
