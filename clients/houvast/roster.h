/* The roster: what is open, most overdue first, under filters. Pure: no clock, screen, connection.
 *
 * Late is what has had a step of its ladder taken, since that step fell due; or what is due and
 * has not been stepped yet. What is late stands first, a crisis above all, then what is late
 * longest; behind it what falls due next. */
#ifndef HOUVAST_ROSTER_H
#define HOUVAST_ROSTER_H

#include <uthash.h>

#include "houvast/houvast.h"

#define ROSTER_TOLD_MAX    8
#define ROSTER_SEARCH_SIZE 64
#define ROSTER_SOON_MS     INT64_C(3600000) /* falls due within the hour */
#define ROSTER_SHORT_LEAST 4                /* digits of a shortened id */
#define ROSTER_LATE_SIZE   48

struct roster_entry {
    struct hv_uuid journey;      /* key */
    struct hv_standing standing; /* its list `told` lies in `told` */
    struct hv_told told[ROSTER_TOLD_MAX];
    bool seen; /* since roster_begin */
    UT_hash_handle hh;
};

/* A journey of which it has to be asked how it stands. */
struct roster_want {
    struct hv_uuid journey; /* key */
    UT_hash_handle hh;
};

/* "" and 0: all. */
struct roster_filter {
    char organisation[HV_CODE_SIZE];
    enum hv_phase phase;
    char search[ROSTER_SEARCH_SIZE]; /* in names, words and ids, whatever the case */
};

struct roster {
    struct roster_entry *entries; /* by journey */
    struct roster_want *wants;    /* in the order in which they came */
    struct roster_entry **view;   /* what roster_look gave; owned */
    size_t view_count, view_capacity;
};

/* All zeroes is an empty one. */
void roster_fini(struct roster *roster);

/* ---- What is open ---- */

/* How a journey stands now; one that is closed is taken out. Copied. -ENOMEM. */
int roster_set(struct roster *roster, const struct hv_standing *standing);
void roster_remove(struct roster *roster, const struct hv_uuid *journey);
struct roster_entry *roster_find(const struct roster *roster, const struct hv_uuid *journey);

/* All that is open comes anew from here on; what has not come by roster_complete is taken out. */
void roster_begin(struct roster *roster);
void roster_complete(struct roster *roster);

/* The standing that an answer to `status {journey}` tells of; it borrows the answer's lists. */
void roster_standing(const struct hv_done *done, struct hv_standing *ret_standing);

/* Something happened to that journey: it has to be asked about, once however often this is said.
 * -ENOMEM. */
int roster_want(struct roster *roster, const struct hv_uuid *journey);
/* The next to ask about, which is then no longer wanted; false where there is none. */
bool roster_wanted(struct roster *roster, struct hv_uuid *ret_journey);
/* Wants those whose claim is over by `now_ms`: no event says so. -ENOMEM. */
int roster_want_unclaimed(struct roster *roster, hv_time now_ms);

/* ---- Lateness ---- */

enum roster_sign {
    ROSTER_IN_TIME, /* "  " */
    ROSTER_SOON,    /* "! ": falls due within the hour */
    ROSTER_LATE,    /* "!!" */
};

enum roster_sign roster_sign(const struct hv_standing *standing, hv_time now_ms);
const char *roster_sign_text(enum roster_sign sign);
/* Late since then; 0 where it is not. */
hv_time roster_late_since(const struct hv_standing *standing, hv_time now_ms);
/* `3 d late`, `in 40 min`; "" where nothing is due. */
void roster_late_text(const struct hv_standing *standing, hv_time now_ms,
                      char ret_text[ROSTER_LATE_SIZE]);
/* A claim that stands now, or NULL. */
const struct hv_standing_claim *roster_claim(const struct hv_standing *standing, hv_time now_ms);

/* ---- Looking ---- */

struct roster_counts {
    size_t open, late, soon, claimed;
};
struct roster_counts roster_count(const struct roster *roster, hv_time now_ms);

/* The entries that pass the filter, most overdue first: in roster->view, roster->view_count of
 * them, until the roster changes. -ENOMEM. */
int roster_look(struct roster *roster, const struct roster_filter *filter, hv_time now_ms);

/* The organisation that follows `after` in the order of names among those that hold or receive;
 * "" behind the last, the first behind "". */
void roster_next_organisation(const struct roster *roster, const char *after,
                              char ret_organisation[HV_CODE_SIZE]);
/* The same for phases that something waits in; 0: none. */
enum hv_phase roster_next_phase(const struct roster *roster, enum hv_phase after);

/* How many digits from the end of their ids tell all entries apart. Ids often begin with the time,
 * and so alike. */
size_t roster_short_digits(const struct roster *roster);
/* The last so many digits of an id. */
void roster_short_text(const struct hv_uuid *journey, size_t digits,
                       char ret_text[HV_UUID_TEXT_SIZE]);
/* Whether `text`, hexadecimal digits, ends that id; dashes do not count. */
bool roster_ends_with(const struct hv_uuid *journey, const char *text);

#endif
