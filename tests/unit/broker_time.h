/* Long virtual time for a broker in a test, and the steps of ladders that its ledger has. */
#ifndef HOUVAST_TESTS_BROKER_TIME_H
#define HOUVAST_TESTS_BROKER_TIME_H

#include "broker_say.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)

/* Durable is another test's subject: these want many turns. After every start. */
void time_hurry(struct broker_world *world);
/* Killed and started again on the same directory, at once. */
void time_restart(struct broker_world *world);
/* Time goes by, and the broker is woken when it wants to be, and not otherwise. Gives how often. */
int64_t time_run(struct broker_world *world, int64_t ms);
/* The same, until that moment of the wall clock. */
void time_run_until(struct broker_world *world, hv_time until_ms);

/* Everybody who was connected is gone, and there is room for others. */
void time_forget_peers(struct broker_world *world);

/* One number out of the broker's ledger, or -1. */
int64_t time_number(struct broker_world *world, const char *sql);
void time_change(struct broker_world *world, const char *sql);

/* A step of a ladder as it was recorded. */
struct step {
    int64_t seq;
    hv_time at_ms;
    uint8_t journey; /* the last byte of its id */
    enum hv_event_name event;
    enum hv_phase phase;
    int64_t number;
    hv_time due_ms; /* when the next one comes */
    bool reached, rested;
};

/* The steps after event `after`, in order; to be freed. */
struct step *time_steps(struct broker_world *world, int64_t after, size_t *ret_count);
/* "pick-up 1 after 30 min", for each, one a line. */
void steps_expect(struct broker_world *world, int64_t after, hv_time since_ms,
                  const char *const *expected, size_t count);

/* The journey's row, with what runs for it. */
struct journey time_journey(struct broker_world *world, uint8_t number);

/* An open journey of kcc in that urgency; and an offer of it. */
struct hv_message say_open_as(uint8_t journey, enum hv_urgency urgency);
struct hv_message say_offer_as(uint8_t journey, const char *to, enum hv_urgency urgency);

/* A session of kcc's system. */
struct peer *time_kcc(struct broker_world *world);
/* An offer by kcc to werkse that nobody there sees; gives when it was made. */
hv_time time_offer(struct broker_world *world, uint8_t journey, enum hv_urgency urgency);
/* The newest event's number. */
int64_t time_seq(struct broker_world *world);

/* Stops it, and looks through all that its directory has. */
void time_audit(struct broker_world *world);

#endif
