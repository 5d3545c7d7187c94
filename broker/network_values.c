/* The values of the network's files: each reader says what its kind of value may be. */
#include "broker/network_values.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/network_z85.h"
#include "broker/network_zone.h"
#include "schemas/wire/wire.h"

#define BLANKS " \t"

static int refuse(const struct network_reading *reading, const struct network_setting *setting,
                  const char *mend) {
    return network_wrong(reading, setting->place, "%s = %s is not valid; %s", setting->key,
                         setting->value, mend);
}

static int refuse_range(const struct network_reading *reading, const struct network_rule *rule,
                        const struct network_setting *setting, const char *form) {
    return network_wrong(reading, setting->place, "%s = %s is not valid; it takes %s%s",
                         setting->key, setting->value, form, rule->range);
}

/* ---- Texts ---- */

int network_read_code(const struct network_reading *reading, const struct network_rule *rule,
                      const struct network_setting *setting, void *field) {
    (void)rule;
    if (!wire_is_code(setting->value, strlen(setting->value)))
        return refuse(reading, setting, "a name has 1 to 32 characters out of a-z 0-9 -");
    strcpy(field, setting->value);
    return 0;
}

int network_read_text(const struct network_reading *reading, const struct network_rule *rule,
                      const struct network_setting *setting, void *field) {
    const char *text = setting->value;

    if (strlen(text) > (size_t)rule->most)
        return network_wrong(reading, setting->place, "%s is longer than %d bytes; shorten it",
                             setting->key, (int)rule->most);
    bool shows;
    for (const char *at = text; *at;) {
        at += text_next(at, &shows);
        if (!shows)
            return network_wrong(reading, setting->place, "%s has a control character; take it out",
                                 setting->key);
    }
    strcpy(field, text);
    return 0;
}

int network_read_telephone(const struct network_reading *reading, const struct network_rule *rule,
                           const struct network_setting *setting, void *field) {
    const char *text = setting->value;

    if (strlen(text) > (size_t)rule->most || text[strspn(text, "0123456789+-()/ ")] != '\0' ||
        !strpbrk(text, "0123456789"))
        return refuse(reading, setting,
                      "a telephone number has at most 31 characters: digits, blanks and + - ( ) /");
    strcpy(field, text);
    return 0;
}

int network_read_time_zone(const struct network_reading *reading, const struct network_rule *rule,
                           const struct network_setting *setting, void *field) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    const char *zone = setting->value;
    const struct calendar_zone *found;
    int result = 0;

    if (strlen(zone) > (size_t)rule->most || zone[strspn(zone, letters)] != '\0' || zone[0] == '/')
        result = -ENOENT;
    else if (reading->from_disk)
        result = network_zone_find(zone, &found);
    if (result == -ENOMEM)
        return network_out_of_memory(reading);
    if (result < 0)
        return refuse(reading, setting,
                      "no such time zone is known here; write one such as Europe/Amsterdam, or "
                      "install tzdata");
    strcpy(field, zone);
    return 0;
}

/* ---- Words ---- */

int network_read_word(const struct network_reading *reading, const struct network_rule *rule,
                      const struct network_setting *setting, void *field) {
    for (const struct network_word *word = rule->words; word->text; word++) {
        if (strcmp(word->text, setting->value) == 0) {
            *(int *)field = word->value;
            return 0;
        }
    }
    return refuse_range(reading, rule, setting, "");
}

static int read_flag(const struct network_reading *reading, const struct network_setting *setting,
                     const char *yes, const char *no, bool *ret_flag) {
    bool is_yes = strcmp(setting->value, yes) == 0;

    if (!is_yes && strcmp(setting->value, no) != 0)
        return network_wrong(reading, setting->place, "%s = %s is not valid; it takes %s or %s",
                             setting->key, setting->value, yes, no);
    *ret_flag = is_yes;
    return 0;
}

int network_read_yes(const struct network_reading *reading, const struct network_rule *rule,
                     const struct network_setting *setting, void *field) {
    (void)rule;
    return read_flag(reading, setting, "yes", "no", field);
}

int network_read_test(const struct network_reading *reading, const struct network_rule *rule,
                      const struct network_setting *setting, void *field) {
    (void)rule;
    return read_flag(reading, setting, "test", "production", field);
}

static int read_role(const struct network_reading *reading, const struct network_setting *setting,
                     const char *role, unsigned *roles) {
    int number = wire_word_number(&wire_vocabulary_role, role, strlen(role));

    if (number == 0)
        return network_wrong(reading, setting->place,
                             "%s is no role; the roles are endpoint, coordinator and operator",
                             role);
    if (*roles & 1U << number)
        return network_wrong(reading, setting->place, "%s stands twice in roles; take one out",
                             role);
    *roles |= 1U << number;
    return 0;
}

int network_read_roles(const struct network_reading *reading, const struct network_rule *rule,
                       const struct network_setting *setting, void *field) {
    char *words = strdup(setting->value);
    unsigned roles = 0;
    char *rest = NULL;
    int result = 0;

    (void)rule;
    if (!words)
        return network_out_of_memory(reading);
    for (char *role = strtok_r(words, BLANKS, &rest); role && result == 0;
         role = strtok_r(NULL, BLANKS, &rest))
        result = read_role(reading, setting, role, &roles);
    free(words);
    if (result == 0)
        *(unsigned *)field = roles;
    return result;
}

/* ---- Numbers, durations and moments ---- */

/* Decimal digits from `text` on; *ret_end is after them. False where there are none or too many. */
static bool digits_parse(const char *text, int64_t *ret_number, const char **ret_end) {
    int64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *at - '0', &number))
            return false;
    }
    *ret_number = number;
    *ret_end = at;
    return at > text;
}

int network_read_number(const struct network_reading *reading, const struct network_rule *rule,
                        const struct network_setting *setting, void *field) {
    int64_t number;
    const char *end;

    if (!digits_parse(setting->value, &number, &end) || *end != '\0' || number < rule->least ||
        number > rule->most)
        return refuse_range(reading, rule, setting, "a whole number, ");
    *(int64_t *)field = number;
    return 0;
}

int network_read_size(const struct network_reading *reading, const struct network_rule *rule,
                      const struct network_setting *setting, void *field) {
    int64_t number = 0;
    int result = network_read_number(reading, rule, setting, &number);

    if (result == 0)
        *(size_t *)field = (size_t)number;
    return result;
}

bool network_duration(const char *text, int64_t *ret_ms) {
    struct calendar_duration duration;

    if (!calendar_duration_parse(text, &duration) || duration.unit != CALENDAR_WALL_MS)
        return false;
    *ret_ms = duration.amount;
    return true;
}

int network_read_duration(const struct network_reading *reading, const struct network_rule *rule,
                          const struct network_setting *setting, void *field) {
    int64_t ms;

    if (!network_duration(setting->value, &ms) || ms < rule->least || ms > rule->most)
        return refuse_range(reading, rule, setting,
                            "a whole number and a unit of wall-clock time (ms s m H D), ");
    *(int64_t *)field = ms;
    return 0;
}

/* An hour and a day of office time count as long as those of the clock here. */
static bool duration_is_within(struct calendar_duration duration, int64_t least, int64_t most) {
    const int64_t ms = calendar_duration_ms(duration);

    return ms >= least && ms <= most;
}

int network_read_office(const struct network_reading *reading, const struct network_rule *rule,
                        const struct network_setting *setting, void *field) {
    struct calendar_duration duration;

    if (!calendar_duration_parse(setting->value, &duration) ||
        !duration_is_within(duration, rule->least, rule->most))
        return refuse_range(reading, rule, setting,
                            "a whole number and a unit of wall-clock time (ms s m H D) or of "
                            "office time (h d), ");
    *(struct calendar_duration *)field = duration;
    return 0;
}

/* Whether `text` has the form, in which 9 stands for any digit. */
static bool has_form(const char *text, const char *form) {
    for (; *form; form++, text++) {
        if (*form == '9' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    }
    return *text == '\0';
}

bool network_moment_parse(const char *text, hv_time *ret_ms) {
    struct tm parts = {0};

    if (!has_form(text, "9999-99-99") && !has_form(text, "9999-99-99T99:99:99Z"))
        return false;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec) < 3)
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    /* timegm takes 31 February for 3 March: what it changes is no date. */
    struct tm same = parts;
    time_t seconds = timegm(&same);
    if (seconds < 0 || same.tm_mon != parts.tm_mon || same.tm_mday != parts.tm_mday ||
        same.tm_hour != parts.tm_hour || same.tm_min != parts.tm_min || same.tm_sec != parts.tm_sec)
        return false;
    *ret_ms = (hv_time)seconds * 1000;
    return true;
}

int network_read_moment(const struct network_reading *reading, const struct network_rule *rule,
                        const struct network_setting *setting, void *field) {
    (void)rule;
    if (!network_moment_parse(setting->value, field))
        return refuse(reading, setting,
                      "it takes a date from 1970 on, in UTC: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ");
    return 0;
}

/* ---- Keys and endpoints ---- */

/* The points of small order, all zeroes among them, with which nothing can be kept secret. */
static bool is_weak_key(const uint8_t key[NETWORK_KEY_SIZE]) {
    static const uint8_t scalar[crypto_scalarmult_SCALARBYTES] = {8};
    uint8_t shared[crypto_scalarmult_BYTES];

    return crypto_scalarmult(shared, scalar, key) != 0;
}

bool network_key_parse(const char *text, uint8_t ret_key[NETWORK_KEY_SIZE]) {
    uint8_t key[NETWORK_KEY_SIZE];

    static_assert(NETWORK_KEY_SIZE == NETWORK_Z85_KEY_BYTES &&
                      NETWORK_KEY_SIZE == crypto_scalarmult_BYTES,
                  "all are Curve25519");
    if (!network_z85_parse(text, key) || is_weak_key(key))
        return false;
    memcpy(ret_key, key, sizeof key);
    return true;
}

int network_read_key(const struct network_reading *reading, const struct network_rule *rule,
                     const struct network_setting *setting, void *field) {
    (void)rule;
    if (!network_key_parse(setting->value, field))
        return network_wrong(reading, setting->place,
                             "%s is not a public key; it takes the 40 characters (Z85) that "
                             "`houvast keygen` prints",
                             setting->key);
    return 0;
}

int network_read_receipt(const struct network_reading *reading, const struct network_rule *rule,
                         const struct network_setting *setting, void *field) {
    uint8_t key[NETWORK_KEY_SIZE];

    (void)rule;
    static_assert(NETWORK_KEY_SIZE == crypto_core_ed25519_BYTES, "Ed25519");
    if (!network_z85_parse(setting->value, key) || !crypto_core_ed25519_is_valid_point(key))
        return network_wrong(reading, setting->place,
                             "%s is not the public key of receipts; it takes the 40 characters "
                             "(Z85) that `houvast keygen --receipt` prints",
                             setting->key);
    memcpy(field, key, sizeof key);
    return 0;
}

static bool is_tcp_endpoint(const char *endpoint) {
    const char *colon = strrchr(endpoint, ':');
    int64_t number;
    const char *end;

    if (strncmp(endpoint, "tcp://", 6) != 0 || colon < endpoint + 7)
        return false;
    return strcmp(colon, ":*") == 0 ||
           (digits_parse(colon + 1, &number, &end) && *end == '\0' && number <= 65535);
}

static bool is_ipc_endpoint(const char *endpoint) {
    size_t size = strlen(endpoint);

    /* sun_path has 108 bytes, with the final NUL. */
    return strncmp(endpoint, "ipc://", 6) == 0 && size > 6 && size - 6 < 108;
}

static int listen_check(const struct network_reading *reading,
                        const struct network_setting *setting, const struct network *network,
                        const char *endpoint) {
    if (!is_ipc_endpoint(endpoint) && !is_tcp_endpoint(endpoint))
        return network_wrong(reading, setting->place,
                             "%s is no endpoint to listen on; write ipc:///path (107 bytes at "
                             "most) or tcp://address:port",
                             endpoint);
    for (size_t i = 0; i < network->listen_count; i++) {
        if (strcmp(network->listen[i], endpoint) == 0)
            return network_wrong(reading, setting->place, "%s stands twice in listen; take one out",
                                 endpoint);
    }
    return 0;
}

static int listen_add(const struct network_reading *reading, const struct network_setting *setting,
                      struct network *network, const char *endpoint) {
    int result = listen_check(reading, setting, network, endpoint);

    if (result < 0)
        return result;
    char **listen = reallocarray(network->listen, network->listen_count + 1, sizeof *listen);
    if (!listen)
        return network_out_of_memory(reading);
    network->listen = listen;
    if (!(listen[network->listen_count] = strdup(endpoint)))
        return network_out_of_memory(reading);
    network->listen_count++;
    return 0;
}

int network_read_listen(const struct network_reading *reading, const struct network_rule *rule,
                        const struct network_setting *setting, void *field) {
    struct network *network = field;
    char *words = strdup(setting->value);
    char *rest = NULL;
    int result = 0;

    (void)rule;
    if (!words)
        return network_out_of_memory(reading);
    for (char *endpoint = strtok_r(words, BLANKS, &rest); endpoint && result == 0;
         endpoint = strtok_r(NULL, BLANKS, &rest))
        result = listen_add(reading, setting, network, endpoint);
    free(words);
    return result;
}
