/* People: what happens next, by chance, but mostly such as the state of things makes likely. */
#ifndef HOUVAST_TESTS_SIMULATION_PEOPLE_H
#define HOUVAST_TESTS_SIMULATION_PEOPLE_H

#include "step.h"

#define PEOPLE_SAID_MAX 32

struct people {
    struct chance chance;
    struct town *town;
    unsigned journeys;  /* that are spoken of: 1 to that */
    unsigned handovers; /* that were offered */
    int64_t pace;       /* how fast time passes */
    bool stubborn;      /* receivers say everything but what would end it */
    bool is_short;      /* the disk has no room */
    bool reloads;       /* the files that are there are to come in force */
    struct {
        char peer[48], words[WORDS_SIZE];
        enum town_frames frames;
        hv_time now_ms;
    } said[PEOPLE_SAID_MAX]; /* to be said again */
    size_t said_count;
};

void people_init(struct people *people, struct town *town, uint64_t seed);
/* The next step's line. */
void people_step(struct people *people, char ret_line[STEP_SIZE]);

/* ---- Between people.c, people_talk.c (who says what) and people_say.c (in which words) ---- */

/* A message, whose it is, and how it is framed. */
struct saying {
    struct peer *peer;
    struct hv_message message; /* its lists are static */
    enum town_frames frames;
};

/* True for so many of a hundred. */
bool people_chance(struct people *people, unsigned percent);
size_t people_below(struct people *people, size_t most);
/* Any peer of that organisation (NULL: of any) and role; NULL: there is none. */
struct peer *people_peer(struct people *people, const char *organisation, enum hv_role role);
struct peer *people_any_peer(struct people *people);

/* Somebody says something: the line. */
void people_say(struct people *people, char ret_line[STEP_SIZE]);
/* A command on that handover, or journey, with what would be right in it. */
void people_of_handover(struct people *people, enum hv_message_type type, unsigned handover,
                        struct saying *saying);
void people_of_journey(struct people *people, enum hv_message_type type, unsigned journey,
                       struct saying *saying);
/* Something about no journey. */
void people_aside(struct people *people, struct saying *ret_saying);

#endif
