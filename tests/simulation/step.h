/* Steps: what happens in the town, one line of a script each.
 *
 *   say kcc/one sealed: offer journey=j1 handover=h1 to=werkse …
 *       options before the colon: `and` (the turn comes with a later step), `twice`, `late` (kept
 *       back), `lost` (the next thing that it would hear is), `bare` (without greeting), and how it
 *       is framed: sealed, strange, short, large, many, broken
 *   arrive 2               one that was kept back arrives
 *   ack werkse/one 3       as many of the items that it knows
 *   nack werkse/one 1M
 *   turn
 *   pass 36H               time passes, as words.h has it; `pass due`: until something is
 *   wall -1H               the wall clock alone steps
 *   synchronised yes       what the kernel says of it
 *   boot 1M                the machine was off for so long
 *   everybody              says hello who can
 *   connect kcc/one        a connection anew; full, gone: until then it reads nothing, or is down
 *   reads kcc/one          one that was full reads again
 *   network ladders        these files are there; `reload`: and come in force
 *   restart                stops and starts
 *   kill drops 7           killed; the power is gone: keeps, drops, tears, reorders, and a seed
 *   crash 12 tears 7       the same in mid-turn, at a write or sync from now
 *   fail write 3           one write, or read, fails
 *   room 20000             the disk has so much room, `room all` as much as one wants
 *   audit                  the ledger as a whole
 *
 * Empty lines and those that begin with # are passed over. */
#ifndef HOUVAST_TESTS_SIMULATION_STEP_H
#define HOUVAST_TESTS_SIMULATION_STEP_H

#include "town.h"

#define STEP_SIZE (WORDS_SIZE + 96)

/* Takes one step. False where the line makes no sense; *ret_where then says what. */
bool step_take(struct town *town, const char *line, const char **ret_where);

/* The frames of an option's name, and back. */
extern const char *const step_frames[FRAMES_BROKEN + 1];

#endif
