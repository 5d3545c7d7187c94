/* Ids and pseudonyms: from the sender's own case number, from a person's number, or new. */
#include "clients/houvast/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define NUMBER_SIZE 128

bool identity_takes_ref(struct field_options *options) {
    return field_options_find(options, "journey") || field_options_find(options, "handover");
}

bool identity_takes_attempt(struct field_options *options) {
    return field_options_find(options, "handover") != NULL;
}

bool identity_takes_number(struct field_options *options) {
    struct field_option *option = field_options_find(options, "resident");
    return option && option->field->kind == WIRE_RESIDENT;
}

/* ---- Ids ---- */

/* Sets a field through its text, as if it had been given. */
static int option_give(struct field_options *options, struct field_option *option, const char *text,
                       void *fields, struct failure *ret_failure) {
    return field_option_set(options, option, text, true, 0, fields, ret_failure);
}

static int id_give(struct field_options *options, struct field_option *option,
                   const struct hv_uuid *id, void *fields, struct failure *ret_failure) {
    char text[HV_UUID_TEXT_SIZE];
    hv_uuid_text(id, text);
    return option_give(options, option, text, fields, ret_failure);
}

static int id_derive(const struct identity *identity, const struct client_config *config,
                     const char *purpose, struct hv_uuid *ret_id, struct failure *ret_failure) {
    uint8_t secret[CLIENT_SECRET_SIZE];
    char ref[512];
    bool counted = strcmp(purpose, "handover") == 0;
    int64_t attempt = identity->attempt ? identity->attempt : 1;
    int size = counted ? snprintf(ref, sizeof ref, "%s/%" PRId64, identity->ref, attempt)
                       : snprintf(ref, sizeof ref, "%s", identity->ref);
    if (!*identity->ref || size >= (int)sizeof ref) {
        return failure_set(ret_failure, -EINVAL,
                           "--ref takes a case number of 1 to 480 characters");
    }
    int r = client_config_secret(config, CLIENT_CASE_SECRET, secret, ret_failure);
    if (r == 0) {
        hv_uuid_derive(secret, purpose, ref, ret_id);
        explicit_bzero(secret, sizeof secret);
    }
    return r;
}

/* The id that this message brings into the world, if any. */
static const char *id_made(enum hv_message_type type) {
    return type == HV_MESSAGE_open ? "journey" : type == HV_MESSAGE_offer ? "handover" : "";
}

static int id_apply(struct identity *identity, const struct client_config *config,
                    struct field_options *options, const char *name, enum hv_message_type type,
                    void *fields, struct failure *ret_failure) {
    struct field_option *option = field_options_find(options, name);
    struct hv_uuid id;
    if (identity->ref) {
        int r = id_derive(identity, config, name, &id, ret_failure);
        return r < 0 ? r : id_give(options, option, &id, fields, ret_failure);
    }
    if (strcmp(id_made(type), name) == 0) {
        hv_uuid_new(&id);
        identity->made = true;
        return id_give(options, option, &id, fields, ret_failure);
    }
    return 0;
}

static int ids_apply(struct identity *identity, const struct client_config *config,
                     struct field_options *options, enum hv_message_type type, void *fields,
                     struct failure *ret_failure) {
    struct field_option *journey = field_options_find(options, "journey");
    struct field_option *handover = field_options_find(options, "handover");
    bool one_given = (journey && journey->given) || (handover && handover->given);
    bool wants_handover = handover && !handover->given &&
                          (handover->field->required || (identity->attempt && !one_given));
    bool wants_journey =
        journey && !journey->given && (journey->field->required || (!one_given && !wants_handover));
    int r = 0;
    if (identity->attempt && !identity->ref) {
        return failure_set(ret_failure, -EINVAL,
                           "--attempt counts the handovers of a case; say "
                           "--ref too");
    }
    if (wants_journey)
        r = id_apply(identity, config, options, "journey", type, fields, ret_failure);
    if (r == 0 && wants_handover)
        r = id_apply(identity, config, options, "handover", type, fields, ret_failure);
    return r;
}

/* ---- Pseudonyms ---- */

/* One line from a terminal that does not show it. The prompt comes when the terminal is ready: what
 * was typed before would show, and be thrown away. */
static void line_prompt(char *ret_line, int size) {
    struct termios shown, hidden;
    bool quiet = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (quiet) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* an interrupt would leave it hidden */
        quiet = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
    }
    fputs("The person's number (not shown): ", stderr);
    if (!fgets(ret_line, size, stdin))
        ret_line[0] = '\0';
    if (quiet) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
}

static int number_file_failed(const char *path, struct failure *ret_failure) {
    if (errno == ENOENT && strspn(path, "0123456789. -") == strlen(path)) {
        return failure_set(ret_failure, -EINVAL,
                           "--number takes the name of a file, or - for standard input: on the "
                           "command line everybody on this machine could read the number");
    }
    return failure_set(ret_failure, -EINVAL,
                       "%s: %s; --number takes a file with the person's number "
                       "on its first line",
                       path, strerrordesc_np(errno));
}

static int number_read(const char *path, char ret_number[NUMBER_SIZE],
                       struct failure *ret_failure) {
    if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO)) {
        line_prompt(ret_number, NUMBER_SIZE);
    } else {
        FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
        if (!in)
            return number_file_failed(path, ret_failure);
        setvbuf(in, NULL, _IONBF, 0); /* leaves no copy behind */
        if (!fgets(ret_number, NUMBER_SIZE, in))
            ret_number[0] = '\0';
        if (in != stdin)
            fclose(in);
    }
    ret_number[strcspn(ret_number, "\r\n")] = '\0';
    return 0;
}

static int resident_of_number(const struct identity *identity, const struct client_config *config,
                              char ret_resident[HV_RESIDENT_SIZE], struct failure *ret_failure) {
    uint8_t secret[CLIENT_SECRET_SIZE];
    char number[NUMBER_SIZE];
    int r = client_config_secret(config, CLIENT_NETWORK_SECRET, secret, ret_failure);
    if (r < 0)
        return r;
    r = number_read(identity->number_file, number, ret_failure);
    if (r == 0) {
        r = hv_pseudonym(secret, number, ret_resident);
        if (r < 0) {
            failure_set(ret_failure, r, "%s: %s", identity->number_file,
                        r == -EINVAL ? "the first line is no person's number; it has 1 to 64 "
                                       "letters and digits"
                                     : hv_result_text(r));
        }
    }
    explicit_bzero(number, sizeof number);
    explicit_bzero(secret, sizeof secret);
    return r;
}

/* Nobody without the case secret can tell it from one made by chance. */
static int resident_of_ref(const struct identity *identity, const struct client_config *config,
                           char ret_resident[HV_RESIDENT_SIZE], struct failure *ret_failure) {
    static const char purpose[] = "resident";
    uint8_t secret[CLIENT_SECRET_SIZE], hash[32];
    crypto_generichash_state state;
    int r = client_config_secret(config, CLIENT_CASE_SECRET, secret, ret_failure);
    if (r < 0)
        return r;
    crypto_generichash_init(&state, secret, sizeof secret, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose); /* with its NUL */
    crypto_generichash_update(&state, (const uint8_t *)identity->ref, strlen(identity->ref));
    crypto_generichash_final(&state, hash, sizeof hash);
    explicit_bzero(secret, sizeof secret);
    strcpy(ret_resident, "r1.");
    sodium_bin2base64(ret_resident + 3, HV_RESIDENT_SIZE - 3, hash, sizeof hash,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return 0;
}

static int resident_apply(struct identity *identity, const struct client_config *config,
                          struct field_options *options, void *fields,
                          struct failure *ret_failure) {
    struct field_option *option = field_options_find(options, "resident");
    char resident[HV_RESIDENT_SIZE];
    int r = 0;
    if (option->given + identity->anonymous + (identity->number_file != NULL) != 1) {
        return failure_set(ret_failure, -EINVAL,
                           "whom is it about? say one of --number FILE, --resident PSEUDONYM and "
                           "--anonymous");
    }
    if (option->given)
        return 0;
    if (identity->number_file)
        r = resident_of_number(identity, config, resident, ret_failure);
    else if (identity->ref)
        r = resident_of_ref(identity, config, resident, ret_failure);
    else
        hv_pseudonym_random(resident);
    return r < 0 ? r : option_give(options, option, resident, fields, ret_failure);
}

int identity_apply(struct identity *identity, const struct client_config *config,
                   struct field_options *options, enum hv_message_type type, void *fields,
                   struct failure *ret_failure) {
    int r = ids_apply(identity, config, options, type, fields, ret_failure);
    if (r == 0 && identity_takes_number(options))
        r = resident_apply(identity, config, options, fields, ret_failure);
    return r;
}
