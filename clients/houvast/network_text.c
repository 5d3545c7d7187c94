/* The keys and the texts of a network that is being made. */
#include "clients/houvast/network_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "houvast/houvast.h"
#include "wire/wire.h"

#define VALID_YEARS 2 /* of what is made with the network */

/* ---- Keys ---- */

int make_keys_init(struct make_keys *keys, const struct make_plan *plan) {
    keys->organisations = calloc(plan->organisation_count, sizeof *keys->organisations);
    if (!keys->organisations)
        return -ENOMEM;
    keys->organisation_count = plan->organisation_count;
    keyfile_new(KEYFILE_CURVE, &keys->broker);
    keyfile_new(KEYFILE_RECEIPT, &keys->receipt);
    keyfile_new(KEYFILE_SECRET, &keys->network_secret);
    for (size_t i = 0; i < keys->organisation_count; i++) {
        struct make_organisation_keys *own = &keys->organisations[i];
        keyfile_new(KEYFILE_CURVE, &own->endpoint);
        keyfile_new(KEYFILE_CURVE, &own->coordinator);
        keyfile_new(KEYFILE_CURVE, &own->operating);
        keyfile_new(KEYFILE_SEALING, &own->sealing);
        keyfile_new(KEYFILE_SECRET, &own->case_secret);
        own->has_operator = strcmp(plan->organisations[i].name, plan->coordinating) == 0;
    }
    return 0;
}

void make_keys_fini(struct make_keys *keys) {
    for (size_t i = 0; i < keys->organisation_count; i++) {
        struct make_organisation_keys *own = &keys->organisations[i];
        keyfile_wipe(&own->endpoint);
        keyfile_wipe(&own->coordinator);
        keyfile_wipe(&own->operating);
        keyfile_wipe(&own->sealing);
        keyfile_wipe(&own->case_secret);
    }
    free(keys->organisations);
    keyfile_wipe(&keys->broker);
    keyfile_wipe(&keys->receipt);
    keyfile_wipe(&keys->network_secret);
}

const char *network_text_role(enum hv_role role) {
    return wire_word_text(&wire_vocabulary_role, (int)role);
}

static void public_key_write(FILE *out, const char *key, const struct keyfile *pair) {
    char text[HV_KEY_TEXT_SIZE];
    hv_key_text(pair->public_key, text);
    fprintf(out, "%s = %s\n", key, text);
}

static int text_end(FILE *out) {
    bool failed = ferror(out);
    return fclose(out) != 0 || failed ? -ENOMEM : 0;
}

/* ---- The network's files ---- */

/* From the beginning of this day on, for some years. */
static void validity_write(FILE *out) {
    char text[16];
    time_t now = time(NULL);
    struct tm day;

    gmtime_r(&now, &day);
    strftime(text, sizeof text, "%Y-%m-%d", &day);
    fprintf(out, "valid_from = %s\n", text);
    day.tm_year += VALID_YEARS;
    timegm(&day); /* 29 February becomes 1 March */
    strftime(text, sizeof text, "%Y-%m-%d", &day);
    fprintf(out, "valid_until = %s\n", text);
}

int network_text_main(const struct make_plan *plan, const struct make_keys *keys,
                      const char *listen, struct network_file *ret_file) {
    ret_file->path = strdup("network.conf");
    FILE *out = open_memstream(&ret_file->text, &ret_file->size);
    if (!ret_file->path || !out) {
        if (out)
            fclose(out);
        return -ENOMEM;
    }
    fprintf(out,
            "# One city's network. houvast-network(5) explains each key and has the limits and\n"
            "# policies that may be added; `houvast network check` proves a change before a\n"
            "# reload puts it in force. Who is told, after how long, when nobody acts stands in\n"
            "# no file until somebody wants it otherwise: `houvast network ladders` shows it, and\n"
            "# a file such as ladders/crisis.conf changes it.\n\n"
            "[network]\nname = %s\ncoordinating = %s\ntime_zone = Europe/Amsterdam\n"
            "environment = %s\n\n"
            "# Office time, for who has no hours of its own.\n"
            "[calendar]\nopening = mon-fri 08:30-17:00\nholidays = dutch\n\n[broker]\n",
            plan->name, plan->coordinating, plan->test ? "test" : "production");
    public_key_write(out, "public_key", &keys->broker);
    fprintf(out,
            "listen = %s\n\n# Its secret half is receipt.key; houvast-network(5) says how the "
            "next one takes over.\n[receipt first]\n",
            listen);
    public_key_write(out, "public_key", &keys->receipt);
    validity_write(out);
    return text_end(out);
}

static void key_section_write(FILE *out, enum hv_role role, const struct keyfile *pair) {
    fprintf(out, "\n[key %s]\n", network_text_role(role));
    public_key_write(out, "public_key", pair);
    fprintf(out, "roles = %s\n", network_text_role(role));
}

static void organisation_write(FILE *out, const struct make_organisation *organisation,
                               const struct make_organisation_keys *keys) {
    fprintf(out, "[organisation]\nname = %s\ndisplay_name = %s\n", organisation->name,
            organisation->display_name);
    if (*organisation->telephone)
        fprintf(out, "telephone = %s\n", organisation->telephone);
    for (size_t i = 0; i < sizeof organisation->opening / sizeof *organisation->opening; i++) {
        if (organisation->opening[i])
            fprintf(out, "opening = %s\n", organisation->opening[i]);
    }
    key_section_write(out, HV_ROLE_ENDPOINT, &keys->endpoint);
    key_section_write(out, HV_ROLE_COORDINATOR, &keys->coordinator);
    if (keys->has_operator)
        key_section_write(out, HV_ROLE_OPERATOR, &keys->operating);
    fputs("\n[sealing first]\n", out);
    public_key_write(out, "public_key", &keys->sealing);
    validity_write(out);
}

int network_text_organisation(const struct make_plan *plan, size_t organisation,
                              const struct make_keys *keys, struct network_file *ret_file) {
    if (asprintf(&ret_file->path, "organisations/%s.conf", plan->organisations[organisation].name) <
        0) {
        ret_file->path = NULL;
        return -ENOMEM;
    }
    FILE *out = open_memstream(&ret_file->text, &ret_file->size);
    if (!out)
        return -ENOMEM;
    organisation_write(out, &plan->organisations[organisation], &keys->organisations[organisation]);
    return text_end(out);
}

/* ---- Client configurations ---- */

/* Who listens on every address of the machine is reached on this one, until the file says where. */
static void endpoint_write(FILE *out, const char *listen) {
    static const char *const every[] = {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"};

    for (size_t i = 0; i < sizeof every / sizeof *every; i++) {
        size_t size = strlen(every[i]);
        if (strncmp(listen, every[i], size) == 0) {
            fprintf(out, "endpoint = tcp://127.0.0.1:%s\n", listen + size);
            return;
        }
    }
    fprintf(out, "endpoint = %s\n", listen);
}

int network_text_client(const struct make_plan *plan, size_t organisation,
                        const struct make_keys *keys, const char *listen, enum hv_role role,
                        char **ret_text, size_t *ret_size) {
    const char *name = network_text_role(role);
    FILE *out = open_memstream(ret_text, ret_size);
    if (!out)
        return -ENOMEM;
    fputs("[client]\n", out);
    endpoint_write(out, listen);
    public_key_write(out, "broker_public_key", &keys->broker);
    fprintf(out, "organisation = %s\nrole = %s\nkey = %s.key\n",
            plan->organisations[organisation].name, name, name);
    if (role == HV_ROLE_ENDPOINT)
        fputs("sealing_keys = sealing.key\nnetwork_secret = network.secret\n", out);
    if (role != HV_ROLE_OPERATOR)
        fputs("case_secret = case.secret\n", out);
    int result = text_end(out);
    if (result < 0)
        free(*ret_text);
    return result;
}
