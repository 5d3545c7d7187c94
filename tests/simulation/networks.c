/* The simulation's networks: texts, written once. */
#include "networks.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/keyfile.h"
#include "broker/network_z85.h"

const char *const networks_names[NETWORKS] = {"base",    "loose",   "leaving", "slow",  "small",
                                              "ladders", "revoked", "gone",    "broken"};

const char *const networks_organisations[NETWORK_ORGANISATIONS] = {"kcc", "support", "werkse",
                                                                   "wijk"};

static char directory[96], root[80];
static enum simulated_network chosen;

static void die(const char *what) {
    (void)fprintf(stderr, "simulate: %s: %s\n", what, strerror(errno));
    exit(70);
}

/* ---- Texts ---- */

struct text {
    char at[16384];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    const int length =
        vsnprintf(text->at + text->size, sizeof text->at - text->size, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text->at - text->size)
        die("a network file is too long");
    text->size += (size_t)length;
}

void networks_key(const char *organisation, const char *use, uint8_t ret_key[NETWORK_KEY_SIZE]) {
    char text[64];

    (void)snprintf(text, sizeof text, "%s/%s", organisation, use);
    (void)crypto_generichash(ret_key, NETWORK_KEY_SIZE, (const uint8_t *)text, strlen(text), NULL,
                             0);
}

static const char *key_text(const char *organisation, const char *use) {
    static char text[NETWORK_Z85_TEXT_SIZE];
    uint8_t key[NETWORK_KEY_SIZE];

    networks_key(organisation, use, key);
    network_z85_text(key, text);
    return text;
}

static void file_put(const char *folder, const char *path, const struct text *text) {
    char whole[256];

    (void)snprintf(whole, sizeof whole, "%s/%s", folder, path);
    FILE *file = fopen(whole, "w");
    if (!file || fputs(text->at, file) < 0 || fclose(file) != 0)
        die(whole);
}

/* ---- Organisations ---- */

bool networks_revokes(enum simulated_network network, const char *organisation,
                      const char *instance) {
    if (network != NETWORK_REVOKED)
        return false;
    if (strcmp(organisation, "support") == 0)
        return strcmp(instance, "desk") != 0;
    return strcmp(organisation, "werkse") == 0 && strcmp(instance, "two") == 0;
}

static void key_say(struct text *text, enum simulated_network network, const char *organisation,
                    const char *instance, const char *role) {
    if (!networks_revokes(network, organisation, instance))
        say(text, "[key %s]\npublic_key = %s\nroles = %s\n", instance,
            key_text(organisation, instance), role);
}

static void organisation_put(const char *folder, enum simulated_network network, const char *name) {
    const bool loose = network == NETWORK_LOOSE && strcmp(name, "support") == 0;
    const bool leaves = network == NETWORK_LEAVING && strcmp(name, "werkse") == 0;
    struct text text = {.size = 0};
    char path[64];

    say(&text, "[organisation]\nname = %s\ndisplay_name = %s!\ntelephone = 14015\n%s%s", name, name,
        leaves ? "leaving = yes\n" : "", loose ? "opening = wed 10:00-11:00\n" : "");
    key_say(&text, network, name, "one", "endpoint");
    key_say(&text, network, name, "two", "endpoint");
    if (strcmp(name, "wijk") != 0)
        key_say(&text, network, name, "desk", "coordinator");
    if (strcmp(name, "kcc") == 0)
        key_say(&text, network, name, "ops", "operator");
    say(&text,
        "[sealing first]\npublic_key = %s\nvalid_from = 2026-01-01\nvalid_until = 2120-01-01\n",
        key_text(name, "sealing"));
    (void)snprintf(path, sizeof path, "organisations/%s.conf", name);
    file_put(folder, path, &text);
}

/* ---- The network ---- */

static const char *policies_of(enum simulated_network network) {
    switch (network) {
    case NETWORK_LOOSE:
        return "[policies]\nsettle = organisation\nkeep_dossier_days = 0\ndigest_from = 2\n"
               "restarts_max = 0\nclaim_max = 1D\n";
    case NETWORK_SLOW:
        return "commands_per_second = 1\n";
    case NETWORK_SMALL:
        return "envelope_bytes = 1024\n[policies]\n"
               "alarm_endings_per_minute = 1\n";
    case NETWORK_BASE:
    case NETWORK_LEAVING:
    case NETWORK_LADDERS:
    case NETWORK_REVOKED:
    case NETWORK_GONE:
    case NETWORK_BROKEN:
    case NETWORKS:
        break;
    }
    return "";
}

static void loose_ladders_put(const char *folder) {
    struct text text = {.size = 0};

    say(&text, "[ladder contested]\nstep = 30M network\nstep = 1H network coordinator\n"
               "every = 2H\n");
    file_put(folder, "ladders/city.conf", &text);
}

/* Shorter than the defaults everywhere, so that what holds for those holds for these. */
static void ladders_put(const char *folder) {
    struct text text = {.size = 0};

    say(&text,
        "[ladder unrouted]\nurgency = routine\nstep = 1d holder coordinator\n"
        "step = 3d network\nevery = 1d\n"
        "[ladder receipt]\nkind = cold\nurgency = crisis\nstep = 5M responsible coordinator\n"
        "step = 10M network\nevery = 10M\n"
        "[ladder pick-up]\nto = werkse\nurgency = urgent\nstep = 1h responsible\n"
        "step = 2h coordinator\nstep = 1d network\nevery = 4h\n"
        "[ladder arrival]\nurgency = routine\nstep = 2D responsible\nstep = 3D endpoint@wijk\n"
        "step = 4D coordinator\nstep = 5D network\nevery = 1D\n"
        "[ladder held]\nurgency = routine\nevery = 7D\n"
        "[ladder contested]\nstep = 1H network\nstep = 2H endpoint@support\nevery = 4H\n"
        "[ladder answer]\nurgency = routine\nstep = 2h responsible\nstep = 4h endpoint@support\n"
        "every = 1D\n");
    file_put(folder, "ladders/city.conf", &text);
}

static void broker_key_put(const char *folder, char ret_public[NETWORK_Z85_TEXT_SIZE]) {
    struct keyfile key = {.kind = KEYFILE_CURVE};
    struct failure failure;
    char path[256];

    networks_key("broker", "server", key.secret_key);
    (void)crypto_scalarmult_base(key.public_key, key.secret_key);
    network_z85_text(key.public_key, ret_public);
    (void)snprintf(path, sizeof path, "%s/broker.key", folder);
    if (keyfile_write(path, &key, &failure) < 0)
        die(failure.text);
}

static void network_put(const char *folder, enum simulated_network network) {
    struct text text = {.size = 0};
    char broker_public[NETWORK_Z85_TEXT_SIZE];

    broker_key_put(folder, broker_public);
    say(&text,
        "[network]\nname = delft\ncoordinating = kcc\ntime_zone = Europe/Amsterdam\n"
        "environment = production\n[broker]\npublic_key = %s\nlisten = ipc:///nowhere\n"
        "[limits]\nitem_attempts = 3\nheartbeat = 10m\nredelivery = 20m\ndossier_bytes = 1024\n"
        "window_bytes = 1024\n%s",
        broker_public, policies_of(network));
    file_put(folder, "network.conf", &text);
}

static void folder_make(const char *path) {
    if (mkdir(path, 0700) < 0)
        die(path);
}

static void network_make(enum simulated_network network) {
    char folder[160], below[192];

    (void)snprintf(folder, sizeof folder, "%s/%s", root, networks_names[network]);
    folder_make(folder);
    (void)snprintf(below, sizeof below, "%s/organisations", folder);
    folder_make(below);
    network_put(folder, network);
    for (size_t i = 0; i < NETWORK_ORGANISATIONS; i++)
        if (network != NETWORK_GONE || strcmp(networks_organisations[i], "wijk") != 0)
            organisation_put(folder, network, networks_organisations[i]);
    (void)snprintf(below, sizeof below, "%s/ladders", folder);
    folder_make(below);
    if (network == NETWORK_LOOSE)
        loose_ladders_put(folder);
    if (network == NETWORK_LADDERS || network == NETWORK_BROKEN)
        ladders_put(folder);
    if (network == NETWORK_BROKEN) {
        struct text wrong = {.size = 0};
        say(&wrong, "[ladder receipt]\nurgency = crisis\nstep = 2H network\nstep = 1H network\n");
        file_put(folder, "ladders/wrong.conf", &wrong);
    }
}

void networks_make(const char *folder) {
    (void)snprintf(root, sizeof root, "%s", folder);
    (void)snprintf(directory, sizeof directory, "%s/network", folder);
    for (int i = 0; i < NETWORKS; i++)
        network_make((enum simulated_network)i);
    if (symlink(networks_names[NETWORK_BASE], directory) < 0)
        die(directory);
    chosen = NETWORK_BASE;
}

const char *networks_directory(void) {
    return directory;
}

void networks_choose(enum simulated_network network) {
    if (network == chosen)
        return;
    chosen = network;
    if (unlink(directory) < 0 || symlink(networks_names[network], directory) < 0)
        die(directory);
}

enum simulated_network networks_chosen(void) {
    return chosen;
}

int64_t networks_restarts_max(enum simulated_network network) {
    return network == NETWORK_LOOSE ? 0 : 2;
}
