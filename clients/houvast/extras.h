/* Options of single subcommands that are no field of their message: how an answer is shown. */
#ifndef HOUVAST_EXTRAS_H
#define HOUVAST_EXTRAS_H

#include <argp.h>

#include "wire/wire.h"

struct extras {
    bool all;                        /* list: every page; history, watch: housekeeping too */
    bool is_long;                    /* list: whole ids */
    bool lines;                      /* watch: lines, also on a terminal */
    const char *person;              /* watch: who claims; NULL: the configuration's */
    char organisation[HV_CODE_SIZE]; /* watch: what is shown to begin with; "": all */
    enum hv_phase phase;             /* the same; 0: all */
    const char *journey;             /* JOURNEY, or the end of its id; NULL */
};

/* The n-th option for that message; false where there are no more. Keys are `first_key` + n. */
bool extras_option(enum hv_message_type type, size_t n, int first_key,
                   struct argp_option *ret_option);
#define EXTRAS_MAX 8

/* Reads that option's value; argp_error where it is not right. */
void extras_take(struct extras *extras, enum hv_message_type type, size_t n, const char *value,
                 struct argp_state *state);

/* The help of a field's option that this tool takes otherwise than the wire does, and what stands
 * for its value; it can be left out. NULL where it is taken as the field says. */
const char *extras_reworded(enum hv_message_type type, const char *name, const char **ret_value);

/* Whether the message takes the journey as an argument, and reading it. */
bool extras_takes_journey(enum hv_message_type type);
/* Whether a handover can stand in its place. */
bool extras_takes_handover_instead(enum hv_message_type type);
void extras_take_journey(struct extras *extras, const char *value, struct argp_state *state);

#endif
