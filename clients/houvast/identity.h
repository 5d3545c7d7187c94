/* Ids and pseudonyms: from the sender's own case number, from a person's number, or new. */
#ifndef HOUVAST_IDENTITY_H
#define HOUVAST_IDENTITY_H

#include "clients/houvast/config.h"
#include "clients/houvast/fields.h"

#define IDENTITY_ATTEMPT_MAX 1000

/* What the options beside the message's own say. */
struct identity {
    const char *ref;         /* --ref: our own case number; NULL where absent */
    int64_t attempt;         /* --attempt: the n-th handover of that case; 0 where absent */
    const char *number_file; /* --number: where the person's number is read from; NULL */
    bool anonymous;          /* --anonymous */
    bool made;               /* out: an id was made anew, not derived and not given */
};

/* Whether the message has a journey or handover to derive from --ref, a handover to count with
 * --attempt, a pseudonym to make. */
bool identity_takes_ref(struct field_options *options);
bool identity_takes_attempt(struct field_options *options);
bool identity_takes_number(struct field_options *options);

/* Sets `journey`, `handover` and `resident` of the message where they were not given.
 *
 * With --ref the journey is derived from it, and the handover from it and --attempt (the first
 * where absent). A message that takes either is about the handover when --attempt is there, else
 * about the journey. Without --ref, `open` makes a new journey and `offer` a new handover.
 *
 * The pseudonym comes from the person's number, or with --anonymous from chance; where there is a
 * --ref, from the case secret instead, which nobody can tell from chance, so that a rerun says the
 * same again. A number is read from a file, from standard input for `-`, prompted for without
 * echo where that is a terminal; never from the command line, which everybody on the machine can
 * read.
 *
 * 0; -EINVAL where options contradict each other or the number is no number; what the configuration
 * lacks, as client_config_secret; -EIO; always with a sentence. */
int identity_apply(struct identity *identity, const struct client_config *config,
                   struct field_options *options, enum hv_message_type type, void *fields,
                   struct failure *ret_failure);

#endif
