/* The values of the network's files, one reader for each kind. For network*.c alone. */
#ifndef HOUVAST_NETWORK_VALUES_H
#define HOUVAST_NETWORK_VALUES_H

#include "broker/network_read.h"

struct network_word {
    const char *text;
    int value;
};

struct network_rule;

/* Reads a setting's value into *field. 0, or -EINVAL (-ENOMEM) with a failure that says what the
 * value may be; *field is then as it was. */
typedef int network_value_read(const struct network_reading *reading,
                               const struct network_rule *rule,
                               const struct network_setting *setting, void *field);

struct network_rule {
    const char *kind; /* of the section */
    const char *key;
    bool required;
    bool list; /* may stand more than once; the reader gets the first, and goes on by itself */
    network_value_read *read;
    size_t offset;                    /* of the field in the section's struct */
    int64_t least, most;              /* numbers; durations in ms; bytes of a text */
    const char *range;                /* the same in words, for people */
    const struct network_word *words; /* ends with text NULL */
};

network_value_read network_read_code;      /* char[HV_CODE_SIZE] */
network_value_read network_read_text;      /* char[most + 1] */
network_value_read network_read_telephone; /* char[most + 1] */
network_value_read network_read_time_zone; /* char[most + 1] */
network_value_read network_read_word;      /* an enum, as int */
network_value_read network_read_yes;       /* bool */
network_value_read network_read_test;      /* bool: environment = test */
network_value_read network_read_size;      /* size_t */
network_value_read network_read_number;    /* int64_t */
network_value_read network_read_duration;  /* int64_t, ms */
network_value_read network_read_office;    /* struct calendar_duration */
network_value_read network_read_moment;    /* hv_time */
network_value_read network_read_key;       /* uint8_t[NETWORK_KEY_SIZE] */
network_value_read network_read_receipt;   /* uint8_t[NETWORK_KEY_SIZE], Ed25519 */
network_value_read network_read_roles;     /* unsigned */
network_value_read network_read_opening;   /* struct network_hours, its week and has_opening */
network_value_read network_read_closures;  /* struct network_closures */
network_value_read network_read_listen;    /* struct network, its listen and listen_count */

/* 40 characters of Z85 to a public key that can be used; false for any other text. */
bool network_key_parse(const char *text, uint8_t ret_key[NETWORK_KEY_SIZE]);
/* YYYY-MM-DD, or with THH:MM:SSZ; UTC. */
bool network_moment_parse(const char *text, hv_time *ret_ms);

#endif
