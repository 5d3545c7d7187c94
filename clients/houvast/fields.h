/* Options of the command line for the fields of a message, derived from its field list, so that a
 * new field has its option by itself.
 *
 * A field's option is its name on the wire with dashes: `instead_of` is --instead-of. A boolean has
 * --x and --no-x. The fields of a map have its name before theirs: --contact-how. A list of maps is
 * an option that may stand several times, with the values of one map apart by colons: --present
 * kcc:jan. Codes stand apart by commas, or the option stands several times. */
#ifndef HOUVAST_FIELDS_H
#define HOUVAST_FIELDS_H

#include "broker/failure.h"
#include "wire/wire.h"

#define FIELD_OPTIONS_MAX 64

struct field_option {
    char name[HV_PERSON_SIZE];       /* without the dashes before it */
    const struct wire_field *field;  /* what it sets */
    const struct wire_field *within; /* the map that it stands in; NULL: the message itself */
    size_t offset;                   /* of the value, in the message's struct */
    size_t has_offset;               /* of its `has_…`; unused where it is required */
    bool given;
};

struct field_options {
    const struct wire_struct *type;
    struct field_option options[FIELD_OPTIONS_MAX];
    size_t count;
    void *lists[FIELD_OPTIONS_MAX]; /* the memory of a list, beside its option */
};

/* Derives the options of a message that a peer sends. No field has been given then. */
void field_options_init(struct field_options *options, const struct wire_struct *type);
/* Frees the lists; a struct that they were set in must not be read afterwards. */
void field_options_fini(struct field_options *options);

/* The option of that name, or NULL. Borrowed from `options`. */
struct field_option *field_options_find(struct field_options *options, const char *name);
/* The first option that takes such a value (field_value_name), or NULL. Borrowed. */
const struct field_option *field_options_taking(const struct field_options *options,
                                                const char *value_name);

/* Reads `text` (for a boolean: NULL, and its value in `yes`) into the message's struct at `message`
 * and marks the option as given. Texts of kind TEXT are borrowed. 0; -EINVAL with a sentence that
 * names the option and the forms that it takes, -E2BIG for a list that is full, -ENOMEM. */
int field_option_set(struct field_options *options, struct field_option *option, const char *text,
                     bool yes, hv_time now_ms, void *message, struct failure *ret_failure);

/* Checks that everything required was given, of a map only if any of its fields was, and marks
 * such maps as present. `request` is never missed: the library chooses one. 0, or -EINVAL with a
 * sentence that names all options that are missing. */
int field_options_complete(const struct field_options *options, void *message,
                           struct failure *ret_failure);

/* What an option takes, for its help: `TIME`, `WORD`, …; NULL for a boolean. */
const char *field_value_name(const struct wire_field *field);
/* What a text has to look like, in words. Not for booleans, texts and maps. */
void field_value_forms(const struct wire_field *field, char *ret_text, size_t size);
/* Appends what the field says and which words it takes, for the option's help. */
void field_option_help(const struct field_option *option, char *ret_text, size_t size);

#endif
