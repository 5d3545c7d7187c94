/* One program run for one item: how it is started, ended and waited for.
 *
 * It gets the item as one line of JSON on standard input, the opened dossier on descriptor 3 where
 * there is one, and in the environment HOUVAST_ITEM, HOUVAST_ATTEMPT, HOUVAST_EVENT,
 * HOUVAST_JOURNEY, HOUVAST_HANDOVER, HOUVAST_DOSSIER and HOUVAST_CONFIG. It leads a process group
 * of its own; no other descriptor of ours but standard output and error reaches it. */
#ifndef HOUVAST_EXEC_H
#define HOUVAST_EXEC_H

#include <signal.h>
#include <sys/types.h>

#include "broker/failure.h"
#include "houvast/houvast.h"

/* What is the same for all programs of a listener. Borrowed. */
struct program_plan {
    char *const *argv;        /* ends with NULL */
    const char *config;       /* path of the client configuration, for HOUVAST_CONFIG */
    const char *organisation; /* in names of dossier files */
    const char *dossier_dir;  /* NULL: dossiers never touch a disk */
    sigset_t signals;         /* the mask that programs begin with */
};

/* A program that runs. All zeroes stands for none. */
struct program {
    pid_t pid;          /* also of its group */
    int pidfd;          /* polls readable when it has ended */
    int dossier_lock;   /* the dossier's file, locked while it is in use; -1: none */
    char *dossier_path; /* owned; NULL: none */
};

/* Whether argv[0] can be run at all: 0, or -ENOENT, -EACCES with a sentence. */
int program_check(const struct program_plan *plan, struct failure *ret_failure);

/* Removes dossier files in the plan's folder that an earlier listener left behind when it was
 * killed: those that nobody has locked. 0, or a negative errno with a sentence. */
int program_sweep(const struct program_plan *plan, struct failure *ret_failure);

/* Starts the program for the item. `dossier` is the opened text, NULL where the item has none;
 * copied. 0, or a negative errno with a sentence, and nothing is left behind. */
int program_start(const struct program_plan *plan, const struct hv_item *item, const void *dossier,
                  size_t dossier_size, struct program *ret_program, struct failure *ret_failure);

/* Sends a signal to the whole group. Whether anybody of it was there to get it. */
bool program_signal(const struct program *program, int number);

/* Collects the program, which has ended (pidfd is readable), and frees what it had: its dossier
 * file is removed. *ret_status is the exit status, or the negative number of the signal that
 * ended it. `pid` stays, for program_signal. */
void program_reap(struct program *program, int *ret_status);

#endif
