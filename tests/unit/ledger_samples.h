/* A ledger in a folder of its own, in a world that the test owns, and what to put into it. */
#ifndef HOUVAST_TESTS_LEDGER_SAMPLES_H
#define HOUVAST_TESTS_LEDGER_SAMPLES_H

#include "broker/ledger.h"
#include "core_samples.h"
#include "fake_world.h"
#include "network_samples.h"

struct ledger_sample {
    struct fake_world fake;
    char folder[SCRATCH_PATH_SIZE];
    struct ledger *ledger;   /* NULL while it is closed */
    struct network *network; /* whose ladders run; no ledger knows of it */
    msgpack_zone zone;       /* for what tests read */
};

/* For cmocka: *state is a struct ledger_sample with a new ledger. */
int ledger_sample_setup(void **state);
int ledger_sample_teardown(void **state);
#define LEDGER_TEST(name) \
    cmocka_unit_test_setup_teardown(name, ledger_sample_setup, ledger_sample_teardown)

/* Opens the folder's ledger; the test fails with the sentence where that fails. */
void ledger_sample_open(struct ledger_sample *sample);
void ledger_sample_close(struct ledger_sample *sample);

/* Commits the open turn; the test fails where that fails. */
void ledger_sample_commit(struct ledger_sample *sample);

/* Records a decision within the open turn as a turn does, with what runs from each event on, but
 * for items and dossiers; with the command's name, NULL for none. Gives the first event's seq. */
int64_t ledger_sample_record(struct ledger_sample *sample, const struct decision *decision,
                             struct journey *journey, struct handover *handover,
                             const uint8_t command[16]);

/* Within the open turn: a new journey of that number (its id's), held by kcc. */
struct journey ledger_sample_journey(struct ledger_sample *sample, uint8_t number);
/* Within the open turn: a handover of it, from kcc to werkse; its id's number is 100 more. */
struct handover ledger_sample_handover(struct ledger_sample *sample, struct journey *journey,
                                       uint8_t number);
/* A bare event of the journey, for items to carry. */
int64_t ledger_sample_event(struct ledger_sample *sample, enum hv_event_name name,
                            const struct journey *journey, const struct handover *handover);

#endif
