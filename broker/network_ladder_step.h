/* A step of a ladder as it is written: after how long, and who is told. For network_ladder*.c
 * alone.
 */
#ifndef HOUVAST_NETWORK_LADDER_STEP_H
#define HOUVAST_NETWORK_LADDER_STEP_H

#include "broker/network_read.h"

/* One assignment of a ladder's section; its value is not empty. */
struct network_ladder_line {
    const struct network_reading *reading;
    const struct network *network; /* NULL where the defaults are read: nobody is looked up then */
    struct network_place place;
    const char *key;
    const char *value;
};

/* `<duration> <target>… [no_later=<duration>]`. 0; -EINVAL with the first mistake. */
int network_ladder_step_read(const struct network_ladder_line *line, struct ladder_step *ret_step);

/* `<duration> [no_later=<duration>]`, into the ladder's `every`. */
int network_ladder_every_read(const struct network_ladder_line *line, struct ladder *ladder);

/* Whether the later step cannot be meant to fall due before the earlier one, neither as soon nor as
 * late as either may. */
bool network_ladder_steps_follow(const struct ladder_step *earlier,
                                 const struct ladder_step *later);

#endif
