/* houvast receipt: shows what a receipt says, and checks who signed it. */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/keyfile.h"
#include "broker/network.h"
#include "clients/houvast/options.h"
#include "clients/houvast/receipt_show.h"
#include "clients/houvast/session.h"
#include "clients/houvast/show.h"
#include "clients/houvast/tool.h"
#include "clients/houvast/when.h"

/* A receipt as `listen --json` prints it has two digits for each byte. */
#define FILE_BYTES_MAX (2 * RECEIPT_SIZE_MAX + 64)

enum receipt_option { RECEIPT_KEY = OPTIONS_OWN, RECEIPT_NETWORK };

struct receipt_arguments {
    const char *path;
    const char *key;     /* --key, Z85 */
    const char *network; /* --network, a directory */
};

struct receipt_file {
    uint8_t bytes[FILE_BYTES_MAX];
    size_t size;
};

/* Keys that may have signed it. */
struct receipt_keys {
    struct hv_receipt_key *keys; /* owned */
    size_t count;
};

/* ---- The file ---- */

/* The digits of a text file, instead of what they stand for. */
static void digits_decode(struct receipt_file *file) {
    uint8_t bytes[FILE_BYTES_MAX / 2];
    const char *end = NULL;
    size_t size = 0;

    if (sodium_hex2bin(bytes, sizeof bytes, (const char *)file->bytes, file->size, " \t\r\n\"",
                       &size, &end) == 0 &&
        size > 0 && end == (const char *)file->bytes + file->size) {
        memcpy(file->bytes, bytes, size);
        file->size = size;
    }
}

static int file_read(const char *path, struct receipt_file *ret_file) {
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

    if (!in) {
        tool_say("%s: %s; name the file of a receipt, or - for standard input", path,
                 strerrordesc_np(errno));
        return TOOL_USAGE;
    }
    ret_file->size = fread(ret_file->bytes, 1, sizeof ret_file->bytes, in);
    const int error = ferror(in) ? (errno ? errno : EIO) : 0;
    if (in != stdin) {
        fclose(in);
    }
    if (error) {
        tool_say("%s: %s; name the file of a receipt", path, strerrordesc_np(error));
        return TOOL_USAGE;
    }
    digits_decode(ret_file);
    return TOOL_DONE;
}

/* ---- Keys ---- */

static int out_of_memory(void) {
    tool_say("out of memory");
    return TOOL_INTERNAL;
}

static int keys_room(struct receipt_keys *keys, size_t count) {
    keys->keys = calloc(count, sizeof *keys->keys);
    keys->count = count;
    return keys->keys ? TOOL_DONE : out_of_memory();
}

static int keys_of_text(const char *text, struct receipt_keys *ret_keys) {
    const int status = keys_room(ret_keys, 1);

    if (status == TOOL_DONE && hv_key_parse(text, ret_keys->keys[0].key) < 0) {
        tool_say("--key %s is not a key; it takes the 40 characters (Z85) of public_key in a "
                 "[receipt …] section",
                 text);
        return TOOL_USAGE;
    }
    return status;
}

/* A network without receipt keys has one that follows from the broker's own. */
static int keys_derive(const char *directory, const struct network *network,
                       struct receipt_keys *ret_keys) {
    struct receipt_pair pair;
    struct keyfile key;
    struct failure failure;
    const int status = keys_room(ret_keys, 1);

    if (status != TOOL_DONE) {
        return status;
    }
    if (keyfile_read_broker(directory, network->broker_public_key, &key, &failure) < 0) {
        tool_say("%s lists no [receipt …] key, so that it follows from the broker's own, which is "
                 "not to be had here (%s); ask the broker (--config), or say --key",
                 directory, failure.text);
        return TOOL_CONFIGURATION;
    }
    receipt_pair_derive(key.secret_key, &pair);
    keyfile_wipe(&key);
    memcpy(ret_keys->keys[0].key, pair.public_key, sizeof pair.public_key);
    receipt_pair_wipe(&pair);
    return TOOL_DONE;
}

static int keys_listed(const struct network *network, struct receipt_keys *ret_keys) {
    const int status = keys_room(ret_keys, network->receipt_key_count);

    for (size_t i = 0; status == TOOL_DONE && i < network->receipt_key_count; i++) {
        const struct network_receipt_key *listed = &network->receipt_keys[i];
        struct hv_receipt_key *key = &ret_keys->keys[i];
        memcpy(key->key, listed->public_key, sizeof key->key);
        key->has_from = key->has_until = true;
        key->from = listed->valid_from_ms;
        key->until = listed->valid_until_ms;
    }
    return status;
}

static int keys_of_network(const char *directory, struct receipt_keys *ret_keys) {
    struct network *network = NULL;
    struct failure failure;

    if (network_load(directory, &network, &failure) < 0) {
        return tool_failed(&failure, TOOL_CONFIGURATION);
    }
    const int status = network->receipt_key_count > 0 ? keys_listed(network, ret_keys)
                                                      : keys_derive(directory, network, ret_keys);
    network_free(network);
    return status;
}

static int keys_ask(struct hv_connection *connection, struct receipt_keys *ret_keys) {
    struct hv_answer answer = {0};
    int status = tool_result(hv_map(connection, &(struct hv_map){0}, &answer), &answer);
    const struct hv_done *done = &answer.message.done;

    if (status == TOOL_DONE && done->receipt_keys.count > 0) {
        status = keys_room(ret_keys, done->receipt_keys.count);
        if (status == TOOL_DONE) {
            memcpy(ret_keys->keys, done->receipt_keys.items,
                   done->receipt_keys.count * sizeof *ret_keys->keys);
        }
    }
    hv_answer_free(&answer);
    return status;
}

static int keys_of_broker(struct receipt_keys *ret_keys) {
    struct client_config config;
    struct hv_connection *connection = NULL;
    int status = tool_config_load(&config);

    if (status == TOOL_DONE) {
        status = tool_connect(&config, &(struct tool_session){0}, &connection);
    }
    if (status == TOOL_DONE) {
        status = keys_ask(connection, ret_keys);
        hv_disconnect(connection);
    }
    client_config_fini(&config);
    return status;
}

static int keys_find(const struct receipt_arguments *arguments, struct receipt_keys *ret_keys) {
    if (arguments->key) {
        return keys_of_text(arguments->key, ret_keys);
    }
    return arguments->network ? keys_of_network(arguments->network, ret_keys)
                              : keys_of_broker(ret_keys);
}

/* ---- verify ---- */

static int verdict_bad(const char *path, const char *reason) {
    if (tool_options.json) {
        show_json(json_pack("{s:b, s:s}", "good", 0, "reason", reason));
    }
    tool_say("%s: %s", path, reason);
    return TOOL_REFUSED;
}

static int verdict_good(const struct receipt *receipt, const struct hv_receipt_key *key) {
    char text[HV_KEY_TEXT_SIZE];

    hv_key_text(key->key, text);
    if (tool_options.json) {
        show_json(json_pack("{s:b, s:s, s:o}", "good", 1, "key", text, "receipt",
                            receipt_to_json(receipt)));
    } else {
        receipt_show(receipt, "Good: ");
        printf("Signed with the key %s.\n", text);
    }
    return TOOL_DONE;
}

/* A key signs in its own time alone. */
static int validity_check(const char *path, const struct receipt *receipt,
                          const struct hv_receipt_key *key) {
    char reason[256], at[WHEN_TEXT_SIZE], limit[WHEN_TEXT_SIZE];
    const bool early = key->has_from && receipt->at < key->from;

    if (!early && !(key->has_until && receipt->at >= key->until)) {
        return verdict_good(receipt, key);
    }
    when_text(receipt->at, at);
    when_text(early ? key->from : key->until, limit);
    snprintf(reason, sizeof reason,
             "it says that it was given on %s, but the key that signed it %s %s; ask the "
             "network's operators",
             at, early ? "is valid only from" : "had expired on", limit);
    return verdict_bad(path, reason);
}

static int receipt_verify(const char *path, const struct receipt_file *file,
                          const struct receipt_keys *keys) {
    struct receipt receipt;

    for (size_t i = 0; i < keys->count; i++) {
        const int r = receipt_check(file->bytes, file->size, keys->keys[i].key, &receipt);
        if (r == 0) {
            return validity_check(path, &receipt, &keys->keys[i]);
        }
        if (r == -ENOMEM) {
            return out_of_memory();
        }
        if (r == -EBADMSG) {
            return verdict_bad(path, "is no receipt, or it is damaged; ask for it anew");
        }
    }
    return verdict_bad(path, "was changed, or signed with a key that is not this network's: do "
                             "not believe it");
}

static int run_verify(const struct receipt_arguments *arguments) {
    struct receipt_file file;
    struct receipt_keys keys = {0};
    int status = file_read(arguments->path, &file);

    if (status == TOOL_DONE) {
        status = keys_find(arguments, &keys);
    }
    if (status == TOOL_DONE) {
        status = receipt_verify(arguments->path, &file, &keys);
    }
    free(keys.keys);
    return status;
}

/* ---- show ---- */

static int run_show(const struct receipt_arguments *arguments) {
    struct receipt_file file;
    struct receipt receipt;
    const int status = file_read(arguments->path, &file);

    if (status != TOOL_DONE) {
        return status;
    }
    const int r = receipt_read(file.bytes, file.size, &receipt);
    if (r == -ENOMEM) {
        return out_of_memory();
    }
    if (r < 0) {
        tool_say("%s: is no receipt, or it is damaged; ask for it anew", arguments->path);
        return TOOL_REFUSED;
    }
    if (tool_options.json) {
        show_json(receipt_to_json(&receipt));
    } else {
        receipt_show(&receipt, "Not checked: ");
    }
    return TOOL_DONE;
}

/* ---- Which of them ---- */

static error_t file_take(struct receipt_arguments *arguments, int key, char *value,
                         struct argp_state *state) {
    if (key == ARGP_KEY_ARG && arguments->path) {
        argp_error(state, "only one FILE at a time; %s is one too many", value);
    } else if (key == ARGP_KEY_ARG) {
        arguments->path = value;
    } else if (key == ARGP_KEY_END && !arguments->path) {
        argp_error(state, "name the FILE of the receipt");
    } else if (key != ARGP_KEY_END) {
        return ARGP_ERR_UNKNOWN; /* argp's own keys */
    }
    return 0;
}

static error_t verify_take(int key, char *value, struct argp_state *state) {
    struct receipt_arguments *arguments = state->input;
    switch (key) {
    case RECEIPT_KEY:
        arguments->key = value;
        return 0;
    case RECEIPT_NETWORK:
        arguments->network = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->key && arguments->network) {
            argp_error(state, "--key and --network exclude each other");
        }
        return file_take(arguments, key, value, state);
    default:
        return file_take(arguments, key, value, state);
    }
}

static int command_verify(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"key", RECEIPT_KEY, "KEY", 0, "check with this public key (Z85); asks nobody", 0},
        {"network", RECEIPT_NETWORK, "DIR", 0,
         "check with the keys in this network's files; asks nobody", 0},
        {0},
    };
    static const struct argp_child children[] = {{&options_argp, 0, "Of every subcommand:", 1},
                                                 {0}};
    static const struct argp argp = {
        .options = options,
        .parser = verify_take,
        .args_doc = "FILE",
        .doc = "Checks that the network's broker gave this receipt and that nobody changed it, and "
               "says what it proves. FILE holds the receipt as bytes or in hexadecimal; - reads "
               "standard input. Without --key or --network the broker of the client "
               "configuration is asked for its keys.\v"
               "Exit status: 0 good; 1 changed, damaged or another's; 64 usage; 78 a "
               "configuration or the network's files.",
        .children = children,
    };
    struct receipt_arguments arguments = {0};

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    return run_verify(&arguments);
}

static error_t show_take(int key, char *value, struct argp_state *state) {
    if (key == OPTIONS_JSON) {
        tool_options.json = true;
        return 0;
    }
    return file_take(state->input, key, value, state);
}

static const struct argp_option json_option[] = {
    {"json", OPTIONS_JSON, NULL, 0, "print one line of JSON", 0},
    {0},
};

static int command_show(int argc, char **argv) {
    static const struct argp argp = {
        .options = json_option,
        .parser = show_take,
        .args_doc = "FILE",
        .doc = "Says what a receipt says, without checking who signed it.\v"
               "Exit status: 0; 1 no receipt, or damaged; 64 usage.",
    };
    struct receipt_arguments arguments = {0};

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    return run_show(&arguments);
}

struct receipt_command {
    char *name;
    int first; /* its index in argv */
};

static error_t receipt_take(int key, char *value, struct argp_state *state) {
    struct receipt_command *command = state->input;
    switch (key) {
    case OPTIONS_JSON:
        tool_options.json = true;
        return 0;
    case ARGP_KEY_ARG:
        command->name = value;
        command->first = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "say verify or show");
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

int command_receipt(int argc, char **argv) {
    static const struct argp argp = {
        .options = json_option,
        .parser = receipt_take,
        .args_doc = "verify|show FILE",
        .doc = "Checks a receipt, or shows what it says.\v"
               "  verify  proves who gave it, and that nobody changed it\n"
               "  show    shows it unchecked\n"
               "\nEach has a --help of its own.",
    };
    char name[64];
    struct receipt_command command = {0};

    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &command);
    const bool verifies = strcmp(command.name, "verify") == 0;
    if (!verifies && strcmp(command.name, "show") != 0) {
        tool_say("there is no `receipt %s`; say verify or show", command.name);
        return TOOL_USAGE;
    }
    snprintf(name, sizeof name, "%s %s", argv[0], command.name);
    argv[command.first] = name; /* as its own help calls it */
    argc -= command.first;
    argv += command.first;
    return verifies ? command_verify(argc, argv) : command_show(argc, argv);
}
