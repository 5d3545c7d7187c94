/* The network's files: one city's organisations, keys, limits and policies (houvast-network(5)).
 *
 * DIR/network.conf, DIR/organisations/<name>.conf and DIR/ladders/<name>.conf, each with drop-ins
 * in <file>.d/<name>.conf, read in the order of their names; a later assignment replaces an earlier
 * one, a later ladder an earlier one for the same as a whole. systemd-like INI through inih.
 *
 *   network.conf
 *     [network]           name, coordinating, time_zone, environment = production|test
 *     [broker]            public_key (Z85),
 *                         listen (endpoints of ZeroMQ, apart by blanks; --listen replaces them)
 *     [limits]            envelope_bytes, dossier_bytes, heartbeat, redelivery, item_attempts,
 *                         window_bytes, commands_per_second
 *     [policies]          settle = network|organisation, keep_dossier_days,
 *                         alarm_endings_per_minute, wait_max, contest_max, claim_max,
 *                         restarts_max, check_in_max_days, quiet_after, quiet_after_crisis,
 *                         digest_from
 *     [calendar]          opening, holidays = dutch|none, decreed, closed
 *     [testing]           day_length (a duration; refused unless environment = test)
 *     [receipt <label>]   public_key (Z85, Ed25519), valid_from, valid_until
 *
 *   organisations/<name>.conf
 *     [organisation]      name, display_name, telephone, telephone_out_of_hours,
 *                         opening, holidays, closed, leaving = yes|no, crisis = yes|no
 *     [key <label>]       public_key (Z85), roles (endpoint coordinator operator, apart by blanks)
 *     [sealing <label>]   public_key (Z85), valid_from, valid_until
 *
 *   ladders/<name>.conf
 *     [ladder <phase>]    urgency, kind, from, to, step, every: broker/network_ladder.h
 *
 * Moments are YYYY-MM-DD, or with THH:MM:SSZ; UTC. opening, decreed and closed may stand more than
 * once in a file; a drop-in replaces all of them. Opening hours and closed days are local time.
 *
 * Durations are a whole number and a unit: ms s m (or M, minutes) H D; `h d`, office time, are
 * refused where a wall-clock duration is wanted; ladders and quiet_after take them. */
#ifndef HOUVAST_NETWORK_H
#define HOUVAST_NETWORK_H

#include "broker/calendar.h"
#include "broker/failure.h"
#include "broker/ladder.h"
#include "houvast/messages.h"

#define NETWORK_KEY_SIZE        32
#define NETWORK_SEALING_ID_SIZE 8

enum network_role_bit {
    NETWORK_ENDPOINT = 1 << HV_ROLE_ENDPOINT,
    NETWORK_COORDINATOR = 1 << HV_ROLE_COORDINATOR,
    NETWORK_OPERATOR = 1 << HV_ROLE_OPERATOR,
};

struct network_key {
    char label[HV_PERSON_SIZE];
    uint8_t public_key[NETWORK_KEY_SIZE]; /* CURVE */
    unsigned roles;                       /* network_role_bit */
};

struct network_sealing_key {
    char label[HV_PERSON_SIZE];
    uint8_t public_key[NETWORK_KEY_SIZE]; /* X25519 */
    uint8_t id[NETWORK_SEALING_ID_SIZE];  /* the first bytes of BLAKE2b-256 of it */
    hv_time valid_from_ms;
    hv_time valid_until_ms;
};

/* A key that receipts were, are or will be signed with. */
struct network_receipt_key {
    char label[HV_PERSON_SIZE];
    uint8_t public_key[NETWORK_KEY_SIZE]; /* Ed25519 */
    hv_time valid_from_ms;
    hv_time valid_until_ms;
    const char *path; /* where it stands: of one of the network's files */
    unsigned line;
};

enum network_holidays {
    NETWORK_HOLIDAYS_UNSET,
    NETWORK_HOLIDAYS_DUTCH,
    NETWORK_HOLIDAYS_NONE,
};

#define NETWORK_CLOSURE_NAME_SIZE 64

/* Days on which nobody is there; both belong to it. */
struct network_closure {
    int64_t first_day; /* as in calendar.h */
    int64_t last_day;
    char name[NETWORK_CLOSURE_NAME_SIZE]; /* "" where it has none */
    const char *path;                     /* where it stands: of one of the network's files */
    unsigned line;
};

struct network_closures {
    struct network_closure *list;
    size_t count;
};

/* When an organisation is open, or the network as a whole. */
struct network_hours {
    /* As the file says it. */
    bool has_opening;
    struct calendar_opening week[7]; /* from Monday */
    enum network_holidays holidays;
    struct network_closures closed;
    /* What counts: where an organisation has no opening of its own it has the network's, with the
     * network's closed days beside its own; and where it says nothing of holidays, the network's.
     * Who keeps the Dutch holidays is closed on decreed days too. */
    struct calendar calendar;
    struct calendar_closure *closures; /* the calendar's */
};

struct network_organisation {
    char name[HV_CODE_SIZE];
    char display_name[128];
    char telephone[32];
    char telephone_out_of_hours[32]; /* "" where there is none */
    bool leaving;
    bool crisis; /* takes part in crisis routes: quiet sooner */
    struct network_hours hours;
    struct network_key *keys;
    size_t key_count;
    struct network_sealing_key *sealing_keys; /* newest valid_from first */
    size_t sealing_key_count;
};

enum network_settle {
    NETWORK_SETTLE_BY_NETWORK,
    NETWORK_SETTLE_BY_ORGANISATION,
};

struct network_limits {
    size_t envelope_bytes; /* 1024 … 65536, default 65536 */
    size_t dossier_bytes;  /* 1024 … 1048576, default 1048576 */
    int64_t heartbeat_ms;  /* 100 ms … 10 min, default 20 s */
    int64_t redelivery_ms; /* 100 ms … 1 D, default 10 min */
    int64_t item_attempts; /* 1 … 1000, default 10: failed attempts before an item is set aside */
    size_t window_bytes; /* dossier bytes out per session; dossier_bytes … 64 MiB, default 4 MiB */
    int64_t commands_per_second; /* per organisation, 0 … 1000000, default 200; 0: no limit */
};

struct network_policies {
    enum network_settle settle;       /* default by network */
    int64_t keep_dossier_days;        /* 0 … 365, default 7: after the confirmation */
    int64_t alarm_endings_per_minute; /* per organisation, 0 … 1000000, default 30; 0: no alarm */
    int64_t wait_max_ms;    /* 1 D … 366 D, default 180 D: how far ahead `expected` may lie */
    int64_t contest_max_ms; /* 1 D … 366 D, default 14 D: after the confirmation */
    int64_t claim_max_ms;   /* 1 H … 31 D, default 3 D: in all, per phase */
    int64_t restarts_max;   /* 0 … 100, default 2: `working-on-it`, and other plans, per phase */
    int64_t check_in_max_days; /* 1 … 366, default 91: between check-ins that a holder chooses */
    /* 100 ms … 31 D, or 1 h … 31 d: how long a system may be without a session. */
    struct calendar_duration quiet_after;        /* default 1h */
    struct calendar_duration quiet_after_crisis; /* default 15M: of partners of crisis routes */
    int64_t digest_from; /* 2 … 1000, default 20: steps waiting in an inbox, and then one item */
};

struct network_file {
    char *path; /* relative to the network's directory */
    char *text;
    size_t size;
};

/* Where a peer's key is found without looking through all organisations. */
struct network_key_entry {
    const struct network_key *key;
    const struct network_organisation *organisation;
};

/* All pointers are owned by the network. Organisations stand in the order of their names. */
struct network {
    char name[HV_CODE_SIZE];
    char coordinating[HV_CODE_SIZE];
    char time_zone[64];
    bool test; /* environment = test */
    uint8_t broker_public_key[NETWORK_KEY_SIZE];
    char **listen;
    size_t listen_count;
    struct network_limits limits;
    struct network_policies policies;
    struct network_hours hours;               /* default mon-fri 08:30-17:00, Dutch holidays */
    struct network_closures decreed;          /* made holidays by decree */
    int64_t day_ms;                           /* 86,400,000 unless [testing] day_length */
    struct network_receipt_key *receipt_keys; /* newest valid_from first */
    size_t receipt_key_count;
    struct network_organisation *organisations;
    size_t organisation_count;
    struct ladders ladders; /* every phase and urgency has one, but for waiting in crisis */
    struct network_key_entry *key_index; /* in the order of public keys; read with network_key */
    size_t key_index_count;
    struct network_file *files; /* what it was read from, in the order of paths */
    size_t file_count;
    uint8_t hash[32]; /* BLAKE2b-256 over the files' paths and texts, each with its length */
};

/* Reads the files below `directory`. 0 and a new network, to be freed with network_free; or a
 * negative errno with a sentence `file:line: what is wrong; how to mend it` in *ret_failure.
 * Nothing is kept open. Missing, unreadable and empty are told apart. Blocks on the disk. */
int network_load(const char *directory, struct network **ret_network, struct failure *ret_failure);

/* The same from texts in memory, as the ledger stores them (network_pack). A time zone that this
 * machine does not know is no mistake here: the calendars are then in UTC. Does not block, but on
 * the tz database for the first network of a time zone. */
int network_parse(const struct network_file *files, size_t count, struct network **ret_network,
                  struct failure *ret_failure);

/* NULL is fine. */
void network_free(struct network *network);

/* The files as one byte string for the ledger, and back. Pack allocates with malloc; -ENOMEM.
 * Unpack gives the network that was packed, or -EBADMSG. */
int network_pack(const struct network *network, uint8_t **ret_bytes, size_t *ret_size);
int network_unpack(const void *bytes, size_t size, struct network **ret_network,
                   struct failure *ret_failure);
/* The hash of the network that was packed, also where this program can no longer read its files.
 * 0, -EBADMSG or -ENOMEM. */
int network_unpack_hash(const void *bytes, size_t size, uint8_t ret_hash[32]);

/* A deep copy in which `kept` (an organisation of another network, usually the one in force before)
 * is added, marked leaving: what a start does when the files no longer name an organisation that
 * still holds residents. Keys that another organisation has now are left out.
 * -ENOMEM. */
int network_with_leaving(const struct network *network, const struct network_organisation *kept,
                         struct network **ret_network);

/* NULL where there is no such organisation or key. Borrowed from the network. */
const struct network_organisation *network_organisation(const struct network *network,
                                                        const char *name);
const struct network_key *network_key(const struct network *network,
                                      const uint8_t public_key[NETWORK_KEY_SIZE],
                                      const struct network_organisation **ret_organisation);
/* Office time of that organisation; the network's where there is no such organisation, or where the
 * name is NULL. Borrowed from the network. */
const struct calendar *network_calendar(const struct network *network, const char *organisation);

bool network_key_has_role(const struct network_key *key, enum hv_role role);
/* Whether the organisation is on the map and has a key of that role: an inbox that nobody can open
 * is owed nothing. */
bool network_has_role(const struct network *network, const char *organisation, enum hv_role role);

/* The sealing key of that id which is valid at `at_ms`, or NULL. */
const struct network_sealing_key *
network_sealing_key(const struct network_organisation *organisation,
                    const uint8_t id[NETWORK_SEALING_ID_SIZE], hv_time at_ms);

/* The receipt key with that public half, or NULL. */
const struct network_receipt_key *network_receipt_key(const struct network *network,
                                                      const uint8_t public_key[NETWORK_KEY_SIZE]);

/* A wall-clock duration such as "20s", "15m", "2H", "1D"; false for any other form or an overflow.
 */
bool network_duration(const char *text, int64_t *ret_ms);

#endif
