/* houvast keygen: makes one key file. */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "broker/keyfile.h"
#include "clients/houvast/options.h"
#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"

enum keygen_option { KEYGEN_SEALING = OPTIONS_OWN, KEYGEN_SECRET, KEYGEN_RECEIPT };

struct keygen_arguments {
    enum keyfile_kind kind;
    const char *path;
};

static void kind_take(struct keygen_arguments *arguments, enum keyfile_kind kind,
                      struct argp_state *state) {
    if (arguments->kind != KEYFILE_CURVE && arguments->kind != kind) {
        argp_error(state,
                   "--sealing, --secret and --receipt exclude each other; make a file of each");
    }
    arguments->kind = kind;
}

static error_t keygen_take(int key, char *value, struct argp_state *state) {
    struct keygen_arguments *arguments = state->input;
    switch (key) {
    case KEYGEN_SEALING:
        kind_take(arguments, KEYFILE_SEALING, state);
        return 0;
    case KEYGEN_SECRET:
        kind_take(arguments, KEYFILE_SECRET, state);
        return 0;
    case KEYGEN_RECEIPT:
        kind_take(arguments, KEYFILE_RECEIPT, state);
        return 0;
    case OPTIONS_JSON:
        tool_options.json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->path)
            argp_error(state, "only one FILE at a time; %s is one too many", value);
        arguments->path = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->path)
            argp_error(state, "name the FILE to make");
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

/* What the owner does with it, as lines to put into the organisation's file. */
static void key_show(const struct keygen_arguments *arguments, const char *public_key) {
    printf("Made %s. It is secret: nobody but its owner can read it, and it leaves this machine "
           "for none.\n",
           arguments->path);
    switch (arguments->kind) {
    case KEYFILE_CURVE:
        printf("For the organisation's file of the network (houvast-network(5)):\n\n"
               "[key LABEL]\npublic_key = %s\nroles = endpoint\n",
               public_key);
        break;
    case KEYFILE_SEALING:
        printf("For the organisation's file of the network (houvast-network(5)):\n\n"
               "[sealing LABEL]\npublic_key = %s\nvalid_from = YYYY-MM-DD\n"
               "valid_until = YYYY-MM-DD\n",
               public_key);
        break;
    case KEYFILE_RECEIPT:
        printf("For network.conf; as receipt.key beside it the secret signs the receipts "
               "(houvast-network(5)):\n\n"
               "[receipt LABEL]\npublic_key = %s\nvalid_from = YYYY-MM-DD\n"
               "valid_until = YYYY-MM-DD\n",
               public_key);
        break;
    case KEYFILE_SECRET:
        puts("For [client] case_secret, or network_secret, of a client configuration "
             "(houvast(1)).");
        break;
    }
}

static void key_show_json(const struct keygen_arguments *arguments, const char *public_key) {
    static const char *const kinds[] = {[KEYFILE_CURVE] = "curve",
                                        [KEYFILE_SEALING] = "sealing",
                                        [KEYFILE_SECRET] = "secret",
                                        [KEYFILE_RECEIPT] = "receipt"};
    json_t *object =
        json_pack("{s:s, s:s}", "file", arguments->path, "kind", kinds[arguments->kind]);

    if (arguments->kind != KEYFILE_SECRET)
        json_object_set_new(object, "public_key", json_string(public_key));
    show_json(object);
}

static int key_make(const struct keygen_arguments *arguments) {
    struct keyfile key;
    struct failure failure;
    char public_key[HV_KEY_TEXT_SIZE];

    keyfile_new(arguments->kind, &key);
    hv_key_text(key.public_key, public_key);
    int result = keyfile_write(arguments->path, &key, &failure);
    keyfile_wipe(&key);
    if (result < 0) {
        tool_say("%s", failure.text);
        return EX_CANTCREAT;
    }
    if (tool_options.json)
        key_show_json(arguments, public_key);
    else
        key_show(arguments, public_key);
    return TOOL_DONE;
}

int command_keygen(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"sealing", KEYGEN_SEALING, NULL, 0,
         "a pair that dossiers for the organisation are sealed for", 0},
        {"secret", KEYGEN_SECRET, NULL, 0,
         "a secret without a public half: a case_secret, or a network_secret", 0},
        {"receipt", KEYGEN_RECEIPT, NULL, 0, "a pair that a broker signs receipts with", 0},
        {"json", OPTIONS_JSON, NULL, 0, "print the public half as one line of JSON", 0},
        {0},
    };
    static const struct argp argp = {
        .options = options,
        .parser = keygen_take,
        .args_doc = "FILE",
        .doc =
            "Makes a key file, readable for its owner alone, and prints the public half. Without "
            "an option it is a pair for the wire (CURVE). A file that is there already is never "
            "overwritten.\v"
            "Exit status: 0 made; 64 usage; 73 the file cannot be made.",
    };
    struct keygen_arguments arguments = {.kind = KEYFILE_CURVE};

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    return key_make(&arguments);
}
