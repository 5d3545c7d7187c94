/* Every mistake in the network's files is refused with its file, its line and the mend. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network_samples.h"

#define NETWORK "network.conf"
#define KCC     "organisations/kcc.conf"
#define WERKSE  "organisations/werkse.conf"

/* In the sample network's file `path`, `find` becomes `put`; then the failure begins with `place`,
 * has `words`, and after a semicolon the `mend`. */
struct mistake {
    const char *name;
    const char *path, *find, *put;
    const char *place, *words, *mend;
};

static const char long_line[] =
    "display_name = "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aa";
static const char long_name[] =
    "display_name = "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static const struct mistake mistakes[] = {
    /* ---- the form of a file ---- */
    {"a section that does not exist", NETWORK, "[limits]", "[limit]",
     "network.conf:9: ", "[limit] is no section", "[limits]"},
    {"a section of another file", NETWORK, "[limits]", "[organisation]",
     "network.conf:9: ", "does not stand in this file", "move it to organisations/<name>.conf"},
    {"a section of the network in an organisation", KCC, "[sealing first]", "[limits]",
     KCC ":11: ", "does not stand in this file", "move it to network.conf"},
    {"a key that does not exist", NETWORK, "heartbeat", "hartbeat",
     "network.conf:10: ", "hartbeat is no key of [limits]", "heartbeat"},
    {"a key of another section", KCC, "telephone", "roles", KCC ":4: ", "roles is no key",
     "display_name"},
    {"no key before the sign", KCC, "telephone =", " =", KCC ":4: ", "begins with a blank",
     "begin"},
    {"nothing before the sign", KCC, "telephone =", "=", KCC ":4: ", "(nothing) is no key",
     "it has name"},
    {"a key twice", KCC, "telephone = 14015", "name = kcc",
     KCC ":4: ", "name is set twice, first on line 2", "keep one"},
    {"a label twice with the same keys", KCC, "[key coordinator]", "[key endpoint]",
     KCC ":9: ", "public_key is set twice, first on line 6", "keep one"},
    {"a setting before any section", NETWORK, "[network]\n", "",
     "network.conf:1: ", "name stands before the first section", "write its [section]"},
    {"a line that is nothing", NETWORK, "settle = organisation", "settle organisation",
     "network.conf:12: ", "neither a section, a comment nor", "write it so"},
    {"the first of two mistakes", NETWORK, "time_zone = Europe/Amsterdam\nenvironment",
     "time_zone\nenvironmental", "network.conf:4: ", "neither a section", "write it so"},
    {"a section that is not closed", NETWORK, "[limits]", "[limits",
     "network.conf:9: ", "is not a section", "write [kind]"},
    {"something after a section", NETWORK, "[limits]", "[limits] heartbeat = 3s",
     "network.conf:9: ", "is not a section", "on a line of its own"},
    {"a section without a name", NETWORK, "[limits]", "[ ]", "network.conf:9: ", "is not a section",
     "write [kind]"},
    {"a section with two labels", KCC, "[key endpoint]", "[key one two]",
     KCC ":5: ", "is not a section", "[kind label]"},
    {"a section with a very long label", KCC, "[key endpoint]",
     "[key "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
     KCC ":5: ", "too long", "shorten the label"},
    {"a label that is too long", KCC, "[key endpoint]",
     "[key aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
     KCC ":5: ", "is not of the form", "choose another"},
    {"a label in capitals", KCC, "[key endpoint]", "[key Endpoint]",
     KCC ":5: ", "is not of the form", "choose another"},
    {"a key without a label", KCC, "[key endpoint]", "[key]", KCC ":5: ", "has no label",
     "write [key <label>]"},
    {"a label where none belongs", NETWORK, "[limits]", "[limits first]",
     "network.conf:9: ", "takes no label", "write [limits]"},
    {"a line too long for the parser", KCC, "display_name = KCC", long_line,
     KCC ":3: ", "is longer than the 198 bytes", "shorten it"},
    {"a line that goes on", KCC, "telephone = 14015", "telephone = 14015\n  015",
     KCC ":5: ", "begins with a blank", "begin the line with its key"},
    {"line ends of Windows", WERKSE, "[key endpoint]\n", "[key endpoint]\r\n",
     WERKSE ":6: ", "carriage return", "LF line ends"},
    {"text that is not UTF-8", KCC, "display_name = KCC", "display_name = Klantcontactcentr\xfcm",
     KCC ":3: ", "not UTF-8", "save the file as UTF-8"},
    {"a character cut in half", KCC, "display_name = KCC", "display_name = KCC \xe2\x82",
     KCC ":3: ", "not UTF-8", "save the file as UTF-8"},

    /* ---- what has to be there ---- */
    {"no name of the network", NETWORK, "name = delft\n", "",
     "network.conf:1: ", "[network] has no name", "add a line name"},
    {"no coordinating organisation", NETWORK, "coordinating = kcc\n", "",
     "network.conf:1: ", "[network] has no coordinating", "add a line"},
    {"an empty value", NETWORK, "coordinating = kcc",
     "coordinating =", "network.conf:1: ", "[network] has no coordinating", "add a line"},
    {"a value that is a comment", NETWORK, "coordinating = kcc", "coordinating = ; kcc",
     "network.conf:1: ", "[network] has no coordinating", "add a line"},
    {"no [network]", NETWORK,
     "[network]\nname = delft\ncoordinating = kcc\ntime_zone = Europe/Amsterdam\nenvironment = "
     "production\n",
     "", "network.conf:1: ", "has no [network]", "add that section"},
    {"no [broker]", NETWORK,
     "[broker]\npublic_key = " KEY_BROKER
     "\nlisten = ipc:///run/houvast/delft.sock tcp://127.0.0.1:5570\n",
     "", "network.conf:1: ", "has no [broker]", "add that section"},
    {"no key of the broker", NETWORK, "public_key = " KEY_BROKER "\n", "",
     "network.conf:6: ", "[broker] has no public_key", "add a line public_key"},
    {"no [organisation]", WERKSE,
     "[organisation]\nname = werkse\ndisplay_name = Werkse!\ntelephone = +31 (0)15 "
     "123\ntelephone_out_of_hours = 112\n",
     "", WERKSE ":1: ", "has no [organisation]", "add that section"},
    {"no name of an organisation", WERKSE, "name = werkse\n", "",
     WERKSE ":1: ", "[organisation] has no name", "add a line name"},
    {"no display name", WERKSE, "display_name = Werkse!\n", "",
     WERKSE ":1: ", "[organisation] has no display_name", "add a line"},
    {"a key without its key", WERKSE, "public_key = " KEY_WERKSE_ENDPOINT "\n", "",
     WERKSE ":6: ", "[key endpoint] has no public_key", "add a line"},
    {"a key without roles", WERKSE, "roles = endpoint\n", "",
     WERKSE ":6: ", "[key endpoint] has no roles", "add a line roles"},
    {"a section with nothing in it", WERKSE, "[key endpoint]", "[key spare]\n[key endpoint]",
     WERKSE ":6: ", "[key spare] has no public_key", "add a line"},
    {"a sealing key without an end", WERKSE, "valid_until = 2028-01-01\n", "",
     WERKSE ":12: ", "[sealing first] has no valid_until", "add a line valid_until"},
    {"a sealing key without a beginning", WERKSE, "valid_from = 2026-01-01\n", "",
     WERKSE ":12: ", "[sealing first] has no valid_from", "add a line valid_from"},

    /* ---- values ---- */
    {"a name in capitals", NETWORK, "name = delft", "name = Delft",
     "network.conf:2: ", "name = Delft is not valid", "a-z 0-9 -"},
    {"a name of 33 characters", NETWORK, "name = delft", "name = aaaaaaaaaabbbbbbbbbbccccccccccddd",
     "network.conf:2: ", "is not valid", "1 to 32 characters"},
    {"a display name that is too long", KCC, "display_name = KCC", long_name,
     KCC ":3: ", "longer than 127 bytes", "shorten it"},
    {"a display name that moves the cursor", KCC, "display_name = KCC", "display_name = K\x1b[2JCC",
     KCC ":3: ", "control character", "take it out"},
    {"a display name that does so beyond ASCII", KCC, "display_name = KCC",
     "display_name = K\xc2\x9b"
     "2JCC",
     KCC ":3: ", "control character", "take it out"},
    {"a display name that is read backwards", KCC, "display_name = KCC",
     "display_name = \u202eCCK\u202c", KCC ":3: ", "control character", "take it out"},
    {"a telephone number with letters", KCC, "telephone = 14015", "telephone = via reception",
     KCC ":4: ", "telephone = via reception is not valid", "digits"},
    {"a telephone number without a digit", KCC, "telephone = 14015", "telephone = +",
     KCC ":4: ", "is not valid", "digits"},
    {"a telephone number that is too long", KCC, "telephone = 14015",
     "telephone = 01234567890123456789012345678901", KCC ":4: ", "is not valid", "31 characters"},
    {"a time zone with a way out", NETWORK, "Europe/Amsterdam", "/etc/localtime",
     "network.conf:4: ", "time_zone = /etc/localtime is not valid", "Europe/Amsterdam"},
    {"a time zone with a blank", NETWORK, "Europe/Amsterdam", "Europe Amsterdam",
     "network.conf:4: ", "is not valid", "Europe/Amsterdam"},
    {"an environment that does not exist", NETWORK, "environment = production",
     "environment = staging", "network.conf:5: ", "environment = staging is not valid",
     "test or production"},
    {"no duration", NETWORK, "heartbeat = 15s", "heartbeat = fast",
     "network.conf:10: ", "heartbeat = fast is not valid", "100ms to 10m"},
    {"a duration without a unit", NETWORK, "heartbeat = 15s", "heartbeat = 15",
     "network.conf:10: ", "heartbeat = 15 is not valid", "ms s m H D"},
    {"office time where the clock is meant", NETWORK, "heartbeat = 15s", "redelivery = 2h",
     "network.conf:10: ", "redelivery = 2h is not valid", "wall-clock"},
    {"a duration below its range", NETWORK, "heartbeat = 15s", "heartbeat = 99ms",
     "network.conf:10: ", "is not valid", "100ms to 10m"},
    {"a duration above its range", NETWORK, "heartbeat = 15s", "heartbeat = 601s",
     "network.conf:10: ", "is not valid", "100ms to 10m"},
    {"a redelivery above its range", NETWORK, "heartbeat = 15s", "redelivery = 25H",
     "network.conf:10: ", "is not valid", "100ms to 1D"},
    {"a size below its range", NETWORK, "heartbeat = 15s", "envelope_bytes = 1023",
     "network.conf:10: ", "is not valid", "1024 to 65536"},
    {"a size above its range", NETWORK, "heartbeat = 15s", "envelope_bytes = 65537",
     "network.conf:10: ", "is not valid", "1024 to 65536"},
    {"a size with a unit", NETWORK, "heartbeat = 15s", "dossier_bytes = 1M",
     "network.conf:10: ", "is not valid", "a whole number"},
    {"a dossier above its range", NETWORK, "heartbeat = 15s", "dossier_bytes = 1048577",
     "network.conf:10: ", "is not valid", "1024 to 1048576"},
    {"no attempts", NETWORK, "heartbeat = 15s", "item_attempts = 0",
     "network.conf:10: ", "is not valid", "1 to 1000"},
    {"a number below zero", NETWORK, "heartbeat = 15s", "commands_per_second = -1",
     "network.conf:10: ", "is not valid", "0 (no limit) to 1000000"},
    {"a number that overflows", NETWORK, "heartbeat = 15s",
     "commands_per_second = 18446744073709551617", "network.conf:10: ", "is not valid",
     "0 (no limit)"},
    {"a window over its range", NETWORK, "heartbeat = 15s", "window_bytes = 67108865",
     "network.conf:10: ", "is not valid", "67108864"},
    {"a window too small for the dossiers", NETWORK, "heartbeat = 15s", "window_bytes = 2048",
     "network.conf:10: ", "window_bytes = 2048 is less than dossier_bytes = 1048576", "raise it"},
    {"a policy that does not exist", NETWORK, "settle = organisation", "settle = nobody",
     "network.conf:12: ", "settle = nobody is not valid", "network or organisation"},
    {"a waiting list without end", NETWORK, "settle = organisation", "wait_max = 367D",
     "network.conf:12: ", "wait_max = 367D is not valid", "1D to 366D"},
    {"a wait of hours", NETWORK, "settle = organisation", "wait_max = 23H",
     "network.conf:12: ", "wait_max = 23H is not valid", "1D to 366D"},
    {"a wait in office time", NETWORK, "settle = organisation", "wait_max = 90d",
     "network.conf:12: ", "wait_max = 90d is not valid", "wall-clock time"},
    {"contesting for too long", NETWORK, "settle = organisation", "contest_max = 367D",
     "network.conf:12: ", "contest_max = 367D is not valid", "1D to 366D"},
    {"claims for too long", NETWORK, "settle = organisation", "claim_max = 32D",
     "network.conf:12: ", "claim_max = 32D is not valid", "1H to 31D"},
    {"claims for too short", NETWORK, "settle = organisation", "claim_max = 59m",
     "network.conf:12: ", "claim_max = 59m is not valid", "1H to 31D"},
    {"starting anew without end", NETWORK, "settle = organisation", "restarts_max = 101",
     "network.conf:12: ", "restarts_max = 101 is not valid", "0 to 100"},
    {"check-ins after years", NETWORK, "settle = organisation", "check_in_max_days = 367",
     "network.conf:12: ", "check_in_max_days = 367 is not valid", "1 to 366"},
    {"no check-ins", NETWORK, "settle = organisation", "check_in_max_days = 0",
     "network.conf:12: ", "check_in_max_days = 0 is not valid", "1 to 366"},
    {"quiet for too long", NETWORK, "settle = organisation", "quiet_after = 32d",
     "network.conf:12: ", "quiet_after = 32d is not valid", "100ms to 31D, or 1h to 31d"},
    {"quiet for too many hours", NETWORK, "settle = organisation", "quiet_after = 745h",
     "network.conf:12: ", "quiet_after = 745h is not valid", "100ms to 31D, or 1h to 31d"},
    {"quiet for no time", NETWORK, "settle = organisation", "quiet_after_crisis = 0s",
     "network.conf:12: ", "quiet_after_crisis = 0s is not valid", "office time (h d)"},
    {"quiet for a word", NETWORK, "settle = organisation", "quiet_after_crisis = soon",
     "network.conf:12: ", "quiet_after_crisis = soon is not valid", "office time (h d)"},
    {"a digest of one", NETWORK, "settle = organisation", "digest_from = 1",
     "network.conf:12: ", "digest_from = 1 is not valid", "2 to 1000"},
    {"a digest of too many", NETWORK, "settle = organisation", "digest_from = 1001",
     "network.conf:12: ", "digest_from = 1001 is not valid", "2 to 1000"},
    {"a ladder in network.conf", NETWORK, "[limits]", "[ladder held]",
     "network.conf:9: ", "[ladder] does not stand in this file", "move it to ladders/<name>.conf"},
    {"dossiers kept for too long", NETWORK, "settle = organisation", "keep_dossier_days = 366",
     "network.conf:12: ", "is not valid", "0 to 365"},
    {"neither yes nor no", WERKSE, "telephone_out_of_hours = 112", "leaving = soon",
     WERKSE ":5: ", "leaving = soon is not valid", "yes or no"},
    {"a role that does not exist", WERKSE, "roles = endpoint", "roles = endpoint manager",
     WERKSE ":8: ", "manager is no role", "endpoint, coordinator and operator"},
    {"a role twice", WERKSE, "roles = endpoint", "roles = endpoint endpoint",
     WERKSE ":8: ", "endpoint stands twice", "take one out"},
    {"a key that is too short", WERKSE, KEY_WERKSE_ENDPOINT, "abc",
     WERKSE ":7: ", "public_key is not a public key", "houvast keygen"},
    {"a key with a character outside Z85", WERKSE, KEY_WERKSE_ENDPOINT,
     "\"bcdefghijabcdefghijabcdefghijabcdefghij", WERKSE ":7: ", "is not a public key",
     "houvast keygen"},
    {"a key that overflows", WERKSE, KEY_WERKSE_ENDPOINT,
     "########################################", WERKSE ":7: ", "is not a public key",
     "houvast keygen"},
    {"a key of nothing but zeroes", WERKSE, KEY_WERKSE_ENDPOINT,
     "0000000000000000000000000000000000000000", WERKSE ":7: ", "is not a public key",
     "houvast keygen"},
    {"a date of another form", WERKSE, "valid_from = 2026-01-01", "valid_from = 01-01-2026",
     WERKSE ":14: ", "valid_from = 01-01-2026 is not valid", "YYYY-MM-DD"},
    {"a date that no calendar has", WERKSE, "valid_from = 2026-01-01", "valid_from = 2026-02-29",
     WERKSE ":14: ", "is not valid", "YYYY-MM-DD"},
    {"a moment without its zone", WERKSE, "valid_from = 2026-01-01",
     "valid_from = 2026-01-01T00:00:00", WERKSE ":14: ", "is not valid", "in UTC"},
    {"an hour that does not exist", WERKSE, "valid_from = 2026-01-01",
     "valid_from = 2026-01-01T24:00:00Z", WERKSE ":14: ", "is not valid", "in UTC"},
    {"a date before 1970", WERKSE, "valid_from = 2026-01-01", "valid_from = 1969-12-31",
     WERKSE ":14: ", "is not valid", "from 1970 on"},
    {"an endpoint of another kind", NETWORK, "tcp://127.0.0.1:5570", "inproc://delft",
     "network.conf:8: ", "inproc://delft is no endpoint", "ipc:///path"},
    {"an endpoint without a port", NETWORK, "tcp://127.0.0.1:5570", "tcp://127.0.0.1",
     "network.conf:8: ", "is no endpoint", "tcp://address:port"},
    {"an endpoint without an address", NETWORK, "tcp://127.0.0.1:5570", "tcp://:5570",
     "network.conf:8: ", "is no endpoint", "tcp://address:port"},
    {"a port that does not exist", NETWORK, "tcp://127.0.0.1:5570", "tcp://127.0.0.1:65536",
     "network.conf:8: ", "is no endpoint", "tcp://address:port"},
    {"a port that is a word", NETWORK, "tcp://127.0.0.1:5570", "tcp://127.0.0.1:http",
     "network.conf:8: ", "is no endpoint", "tcp://address:port"},
    {"an endpoint without a path", NETWORK, "ipc:///run/houvast/delft.sock", "ipc://",
     "network.conf:8: ", "is no endpoint", "ipc:///path"},
    {"a path too long for a socket", NETWORK, "ipc:///run/houvast/delft.sock",
     "ipc:///"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaa",
     "network.conf:8: ", "is no endpoint", "107 bytes"},
    {"an endpoint twice", NETWORK, "tcp://127.0.0.1:5570", "ipc:///run/houvast/delft.sock",
     "network.conf:8: ", "stands twice in listen", "take one out"},

    /* ---- the rules between values ---- */
    {"a coordinating organisation that does not exist", NETWORK, "coordinating = kcc",
     "coordinating = gemeente", "network.conf:3: ", "coordinating = gemeente names no organisation",
     "write organisations/gemeente.conf"},
    {"a coordinating organisation without a coordinator", KCC, "roles = coordinator operator",
     "roles = operator", KCC ":2: ", "has no key with the role coordinator", "add one"},
    {"a coordinating organisation that leaves", KCC, "telephone = 14015", "leaving = yes",
     KCC ":4: ", "cannot leave", "name another coordinating organisation"},
    {"an operator elsewhere", WERKSE, "roles = coordinator", "roles = coordinator operator",
     WERKSE ":11: ", "cannot have the role operator", "move the key to kcc"},
    {"a key of another organisation", WERKSE, KEY_WERKSE_COORDINATOR, KEY_KCC_ENDPOINT,
     WERKSE ":10: ", "used already, in organisations/kcc.conf on line 6", "houvast keygen"},
    {"a key twice in one organisation", WERKSE, KEY_WERKSE_COORDINATOR, KEY_WERKSE_ENDPOINT,
     WERKSE ":10: ", "used already, in organisations/werkse.conf on line 7", "houvast keygen"},
    {"the broker's key", KCC, KEY_KCC_ENDPOINT, KEY_BROKER,
     KCC ":6: ", "used already, in network.conf on line 7", "houvast keygen"},
    {"a key for the wire that seals", WERKSE, KEY_WERKSE_SEALING, KEY_KCC_COORDINATOR,
     WERKSE ":13: ", "used already, in organisations/kcc.conf on line 9", "houvast keygen"},
    {"a sealing key of another organisation", WERKSE, KEY_WERKSE_SEALING, KEY_KCC_SEALING,
     WERKSE ":13: ", "used already, in organisations/kcc.conf on line 12", "houvast keygen"},
    {"an organisation named otherwise than its file", WERKSE, "name = werkse", "name = kcc",
     WERKSE ":2: ", "name = kcc is not the name of the file", "make both the same"},
    {"a sealing key that ends before it begins", WERKSE, "valid_until = 2028-01-01",
     "valid_until = 2025-12-31", WERKSE ":15: ", "does not lie after valid_from",
     "correct one of the two"},
    {"a sealing key that is never valid", WERKSE, "valid_until = 2028-01-01",
     "valid_until = 2026-01-01", WERKSE ":15: ", "does not lie after valid_from",
     "correct one of the two"},
    {"a receipt key without a label", NETWORK, "[limits]", "[receipt]\n[limits]",
     "network.conf:9: ", "has no label", "[receipt first]"},
    {"a receipt key in an organisation", KCC, "[sealing first]", "[receipt first]",
     KCC ":11: ", "does not stand in this file", "move it to network.conf"},
    {"a receipt key without an end", NETWORK, "[limits]",
     "[receipt first]\npublic_key = " KEY_RECEIPT "\nvalid_from = 2026-01-01\n[limits]",
     "network.conf:9: ", "[receipt first] has no valid_until", "add a line valid_until"},
    {"a receipt key that is no key", NETWORK, "[limits]",
     "[receipt first]\npublic_key = 0000000000000000000000000000000000000000\n"
     "valid_from = 2026-01-01\nvalid_until = 2028-01-01\n[limits]",
     "network.conf:10: ", "public_key is not the public key of receipts", "keygen --receipt"},
    {"a receipt key that ends before it begins", NETWORK, "[limits]",
     "[receipt first]\npublic_key = " KEY_RECEIPT "\n"
     "valid_from = 2026-01-01\nvalid_until = 2025-12-31\n[limits]",
     "network.conf:12: ", "does not lie after valid_from", "correct one of the two"},
    {"a receipt key twice", NETWORK, "[limits]",
     "[receipt first]\npublic_key = " KEY_RECEIPT "\n"
     "valid_from = 2026-01-01\nvalid_until = 2027-01-01\n"
     "[receipt second]\npublic_key = " KEY_RECEIPT "\n"
     "valid_from = 2026-12-01\nvalid_until = 2028-01-01\n[limits]",
     "network.conf:10: ", "used already, in network.conf on line 14", "houvast keygen"},
    {"short days in a city that is real", NETWORK, "[limits]\nheartbeat = 15s",
     "[testing]\nday_length = 2s", "network.conf:9: ", "serves residents", "environment = test"},
    {"a day that is too long", NETWORK, "[limits]\nheartbeat = 15s", "[testing]\nday_length = 2D",
     "network.conf:10: ", "is not valid", "1ms to 1D"},
};

#define MISTAKE_COUNT (sizeof mistakes / sizeof *mistakes)

/* Parses and fails; the sentence has the three parts that a person needs. */
static void assert_refused(const struct sample_network *sample, const char *place,
                           const char *words, const char *mend) {
    struct network *network = NULL;
    struct failure failure = {0};
    int result = network_parse(sample->files, sample->count, &network, &failure);

    assert_null(network);
    assert_int_equal(result, -EINVAL);
    if (strncmp(failure.text, place, strlen(place)) != 0)
        fail_msg("expected the place `%s`, got: %s", place, failure.text);
    const char *found = strstr(failure.text, words);
    if (!found)
        fail_msg("expected `%s`, got: %s", words, failure.text);
    const char *second = strchr(failure.text, ';');
    if (!second || !strstr(second, mend))
        fail_msg("expected the mend `%s`, got: %s", mend, failure.text);
}

static void test_mistake(void **state) {
    const struct mistake *mistake = *state;
    struct sample_network sample;

    sample_network_init(&sample);
    sample_network_replace(&sample, mistake->path, mistake->find, mistake->put);
    assert_refused(&sample, mistake->place, mistake->words, mistake->mend);
    sample_network_fini(&sample);
}

/* ---- Mistakes that are not one text for another ---- */

static void test_without_network_conf(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, NETWORK, NULL);
    assert_refused(&sample, "network.conf: ", "is missing", "write it");
    sample_network_fini(&sample);
}

static void test_without_organisations(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, KCC, NULL);
    sample_network_set(&sample, WERKSE, NULL);
    assert_refused(&sample, "organisations: ", "has no organisation",
                   "write organisations/kcc.conf");
    sample_network_fini(&sample);
}

static void test_path_twice(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample.files[sample.count] = (struct network_file){.path = strdup(KCC), .text = strdup("")};
    sample.count++;
    assert_refused(&sample, KCC ": ", "is there twice", "keep one");
    sample_network_fini(&sample);
}

/* The ledger keeps the network with its paths as text: what could not be read back is not taken. */
static void test_path_that_is_no_text(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, "network.conf.d/caf\xe9.conf", "[limits]\nheartbeat = 1m\n");
    assert_refused(&sample, "network.conf.d/caf?.conf: ", "is not UTF-8", "rename it");
    sample_network_fini(&sample);
}

static void test_strange_path(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, "organisations/kcc.conf.d.conf/x", "");
    assert_refused(&sample, "organisations/kcc.conf.d.conf/x: ", "is no file of a network", "move");
    sample_network_fini(&sample);
}

static void test_file_name_that_is_no_name(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, "organisations/Delft Support.conf",
                       "[organisation]\nname = delft-support\ndisplay_name = Delft Support\n");
    assert_refused(&sample, "organisations/Delft Support.conf:2: ", "is not the name of the file",
                   "make both the same");
    sample_network_fini(&sample);
}

static void test_nul_byte(void **state) {
    struct sample_network sample;
    static const char text[] = "[organisation]\nname = d\0s\n";

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, "organisations/ds.conf", text);
    struct network_file *file = &sample.files[sample.count - 1];
    free(file->text);
    file->text = malloc(sizeof text);
    file->size = sizeof text - 1;
    memcpy(file->text, text, sizeof text);
    assert_refused(&sample, "organisations/ds.conf:2: ", "NUL byte", "write it anew");
    sample_network_fini(&sample);
}

static void test_too_big(void **state) {
    struct sample_network sample;
    size_t size = (1 << 20) + 1;

    (void)state;
    sample_network_init(&sample);
    struct network_file *file = &sample.files[0];
    free(file->text);
    file->text = malloc(size);
    memset(file->text, '\n', size);
    file->size = size;
    assert_refused(&sample, "network.conf: ", "more than 1 MiB", "the right one");
    sample_network_fini(&sample);
}

/* A mistake in a drop-in is found in the drop-in, also where the rule is broken by both. */
static void test_mistake_in_drop_in(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_set(&sample, WERKSE ".d/10-new.conf",
                       "# from May on\n[sealing first]\nvalid_until = 2024-05-01\n");
    assert_refused(&sample, WERKSE ".d/10-new.conf:3: ", "does not lie after", "correct");
    sample_network_fini(&sample);
}

/* ---- Running ---- */

static int seed_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_without_network_conf),
        cmocka_unit_test(test_without_organisations),
        cmocka_unit_test(test_path_twice),
        cmocka_unit_test(test_path_that_is_no_text),
        cmocka_unit_test(test_strange_path),
        cmocka_unit_test(test_file_name_that_is_no_name),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_mistake_in_drop_in),
    };
    struct CMUnitTest tests[MISTAKE_COUNT + sizeof others / sizeof *others];
    size_t count = 0;

    for (size_t i = 0; i < MISTAKE_COUNT; i++)
        tests[count++] = (struct CMUnitTest){mistakes[i].name, test_mistake, NULL, NULL,
                                             (void *)(uintptr_t)&mistakes[i]};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tests[count++] = others[i];
    return _cmocka_run_group_tests("mistakes in the network's files", tests, count, seed_sodium,
                                   NULL);
}
