/* Fuzzes the network's files: whatever stands in them they are refused with a sentence that can be
 * sent, or give a network that the ledger can keep and that holds what a network must.
 *
 * An input is a row of files: a line with the path, the text up to a byte 0, the next file. The
 * whole is also tried as a network that the ledger kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/network.h"
#include "feed.h"
#include "tests/unit/network_samples.h"
#include "wire/wire.h"

#define FILES_MAX 12

struct files {
    struct network_file list[FILES_MAX];
    size_t count;
};

static void expect_sentence(int rc, const struct failure *failure) {
    struct hv_message answer = {.type = HV_MESSAGE_refused};

    if (rc != -EINVAL && rc != -EBADMSG && rc != -ENOENT)
        fuzz_fail("files were refused with %d", rc);
    answer.refused.code = HV_REFUSED_CONFLICT;
    answer.refused.reason = failure->text;
    if (!failure->text[0])
        fuzz_fail("files were refused without a sentence");
    if (wire_message_check(&answer, NULL) < 0)
        fuzz_fail("files were refused with a sentence that cannot be sent");
}

/* ---- What holds of every network ---- */

/* Where a day at the office ends, and what was added is what measures. */
static void expect_calendar(const struct calendar *calendar) {
    static const hv_time from_ms = INT64_C(1795600000000); /* in November 2026 */
    const struct calendar_duration day = {1, CALENDAR_OFFICE_DAYS},
                                   hour = {1, CALENDAR_OFFICE_HOURS};
    const hv_time day_ms = calendar_add(calendar, from_ms, day, CALENDAR_CEILING_OWN);
    const hv_time hour_ms = calendar_add(calendar, from_ms, hour, CALENDAR_CEILING_OWN);

    if (day_ms < from_ms || day_ms > calendar_latest(calendar, from_ms, day, CALENDAR_CEILING_OWN))
        fuzz_fail("a day ends before it begins, or after its ceiling");
    if (hour_ms < from_ms ||
        hour_ms > calendar_latest(calendar, from_ms, hour, CALENDAR_CEILING_OWN))
        fuzz_fail("an hour ends before it begins, or after its ceiling");
    if (hour_ms < calendar_latest(calendar, from_ms, hour, CALENDAR_CEILING_OWN) &&
        calendar->day_ms == CALENDAR_DAY_MS &&
        calendar_open_ms_between(calendar, from_ms, hour_ms) != CALENDAR_HOUR_MS)
        fuzz_fail("an hour measures otherwise");
    for (size_t i = 0; i < calendar->closure_count; i++) {
        const struct calendar_closure *closure = &calendar->closures[i];
        if (closure->last_day < closure->first_day ||
            (i > 0 && closure->first_day <= calendar->closures[i - 1].last_day + 1))
            fuzz_fail("closures are out of order, or overlap");
    }
    for (int i = 0; i < 7; i++) {
        int minute = 0;
        for (size_t j = 0; j < calendar->week[i].count; j++) {
            const struct calendar_interval *interval = &calendar->week[i].intervals[j];
            if (interval->from_minute < minute || interval->until_minute <= interval->from_minute ||
                interval->until_minute > 1440)
                fuzz_fail("opening hours are out of order, or overlap");
            minute = interval->until_minute;
        }
    }
}

static void expect_organisation(const struct network *network,
                                const struct network_organisation *organisation) {
    const struct network_organisation *owner = NULL;

    if (network_organisation(network, organisation->name) != organisation)
        fuzz_fail("an organisation is not found by its name");
    expect_calendar(&organisation->hours.calendar);
    for (size_t i = 0; i < organisation->key_count; i++)
        if (network_key(network, organisation->keys[i].public_key, &owner) !=
                &organisation->keys[i] ||
            owner != organisation)
            fuzz_fail("a key is not found, or is another's");
    for (size_t i = 0; i < organisation->sealing_key_count; i++) {
        const struct network_sealing_key *key = &organisation->sealing_keys[i];
        if (key->valid_from_ms >= key->valid_until_ms)
            fuzz_fail("a sealing key is never valid");
        if (i > 0 && organisation->sealing_keys[i - 1].valid_from_ms < key->valid_from_ms)
            fuzz_fail("sealing keys are out of order");
    }
}

/* Its organisations fit into an answer to `map`. */
static void expect_map(const struct network *network) {
    struct hv_message answer = {.type = HV_MESSAGE_done};
    struct hv_organisation *list = calloc(network->organisation_count + 1, sizeof *list);

    if (!list)
        fuzz_fail("out of memory");
    for (size_t i = 0; i < network->organisation_count; i++) {
        const struct network_organisation *organisation = &network->organisations[i];
        memcpy(list[i].organisation, organisation->name, sizeof list[i].organisation);
        list[i].display_name = organisation->display_name;
        list[i].telephone = organisation->telephone;
        list[i].has_telephone_out_of_hours = organisation->telephone_out_of_hours[0] != '\0';
        list[i].telephone_out_of_hours = organisation->telephone_out_of_hours;
    }
    answer.done.has_organisations = true;
    answer.done.organisations.count = network->organisation_count;
    answer.done.organisations.items = list;
    if (wire_message_check(&answer, NULL) < 0)
        fuzz_fail("a network was taken whose map cannot be sent");
    free(list);
}

/* ---- Ladders ---- */

static void expect_ladder(const struct ladders *ladders, const struct ladder_key *key) {
    const struct ladder *ladder = ladder_find(ladders, key);

    if (!ladder)
        fuzz_fail("phase %d has no ladder for urgency %d", (int)key->phase, (int)key->urgency);
    if (ladder->every.amount < 1)
        fuzz_fail("a ladder falls silent");
    if ((ladder->step_count == 0) != ladder_is_check_in(ladder->phase))
        fuzz_fail("a ladder has steps where it has none, or none where it has");
    for (size_t i = 0; i < ladder->step_count; i++)
        if (ladder->steps[i].addressee_count == 0)
            fuzz_fail("a step tells nobody");
}

/* Every phase has one that repeats, for whatever urgency, kind and route. */
static void expect_ladders(const struct network *network) {
    for (int phase = HV_PHASE_UNROUTED; phase <= HV_PHASE_ANSWER; phase++)
        for (int urgency = HV_URGENCY_ROUTINE; urgency <= HV_URGENCY_CRISIS; urgency++)
            for (size_t i = 0; i < network->organisation_count; i++) {
                const struct ladder_key key = {(enum hv_phase)phase, (enum hv_urgency)urgency,
                                               (enum hv_kind)(i % (HV_KIND_SIGNAL + 1)),
                                               network->coordinating,
                                               i % 2 ? network->organisations[i].name : ""};
                if (phase != HV_PHASE_WAITING || urgency != HV_URGENCY_CRISIS)
                    expect_ladder(&network->ladders, &key);
            }
}

static void expect_network(const struct network *network) {
    const struct network_limits *limits = &network->limits;

    if (!network_organisation(network, network->coordinating))
        fuzz_fail("nobody coordinates");
    expect_calendar(&network->hours.calendar);
    if (limits->envelope_bytes < 1024 || limits->envelope_bytes > 65536 ||
        limits->dossier_bytes < 1024 || limits->dossier_bytes > 1048576 ||
        limits->heartbeat_ms < 100 || limits->redelivery_ms < 100 || limits->item_attempts < 1 ||
        limits->window_bytes < limits->dossier_bytes || network->day_ms < 1)
        fuzz_fail("a limit lies outside its range");
    for (size_t i = 0; i < network->organisation_count; i++) {
        if (i > 0 &&
            strcmp(network->organisations[i - 1].name, network->organisations[i].name) >= 0)
            fuzz_fail("organisations are out of order");
        expect_organisation(network, &network->organisations[i]);
    }
    expect_map(network);
    expect_ladders(network);
}

/* ---- The ledger's form of it ---- */

/* Packed, unpacked and packed again it is the same. */
static void expect_packs(const struct network *network) {
    uint8_t *once = NULL, *twice = NULL;
    size_t once_size = 0, twice_size = 0;
    struct network *again = NULL;
    struct failure failure;

    if (network_pack(network, &once, &once_size) < 0)
        fuzz_fail("out of memory");
    if (network_unpack(once, once_size, &again, &failure) < 0)
        fuzz_fail("what was packed is not taken: %s", failure.text);
    if (memcmp(network->hash, again->hash, sizeof again->hash) != 0)
        fuzz_fail("a network comes back with another hash");
    if (network_pack(again, &twice, &twice_size) < 0)
        fuzz_fail("out of memory");
    if (once_size != twice_size || memcmp(once, twice, once_size) != 0)
        fuzz_fail("a network comes back as another");
    network_free(again);
    free(once);
    free(twice);
}

/* A start that finds that an organisation of before is not named any more. */
static void expect_leaving(const struct network *network, const struct network *before) {
    for (size_t i = 0; i < before->organisation_count; i++) {
        const struct network_organisation *kept = &before->organisations[i];
        struct network *with = NULL;
        if (network_organisation(network, kept->name))
            continue;
        if (network_with_leaving(network, kept, &with) < 0)
            fuzz_fail("out of memory");
        const struct network_organisation *added = network_organisation(with, kept->name);
        if (!added || !added->leaving)
            fuzz_fail("%s was to be kept as leaving", kept->name);
        expect_network(with);
        expect_packs(with);
        network_free(with);
    }
}

static void network_try(const struct network_file *files, size_t count,
                        const struct network *before) {
    struct network *network = NULL;
    struct failure failure = {.text = ""};
    const int rc = network_parse(files, count, &network, &failure);

    if (rc < 0) {
        expect_sentence(rc, &failure);
        return;
    }
    expect_network(network);
    expect_packs(network);
    expect_leaving(network, before);
    network_free(network);
}

/* ---- Inputs ---- */

static char *text_copy(const uint8_t *bytes, size_t size) {
    char *text = malloc(size + 1);

    if (!text)
        fuzz_fail("out of memory");
    memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

static size_t upto(const struct feed *feed, uint8_t byte) {
    const uint8_t *from = feed->bytes + feed->at;
    const size_t left = feed->size - feed->at;
    const uint8_t *found = left ? memchr(from, byte, left) : NULL;

    return found ? (size_t)(found - from) : left;
}

static void files_cut(struct feed *feed, struct files *ret_files) {
    const uint8_t *bytes = NULL;

    ret_files->count = 0;
    while (!feed_is_empty(feed) && ret_files->count < FILES_MAX) {
        struct network_file *file = &ret_files->list[ret_files->count++];
        size_t size = feed_take(feed, upto(feed, '\n'), &bytes);
        file->path = text_copy(bytes, size);
        (void)feed_byte(feed);
        file->size = feed_take(feed, upto(feed, '\0'), &bytes);
        file->text = text_copy(bytes, file->size);
        (void)feed_byte(feed);
    }
}

static void kept_try(const uint8_t *bytes, size_t size) {
    struct network *network = NULL;
    struct failure failure = {.text = ""};
    const int rc = network_unpack(bytes, size, &network, &failure);

    if (rc < 0) {
        expect_sentence(rc, &failure);
        return;
    }
    expect_network(network);
    expect_packs(network);
    network_free(network);
}

static const struct network *network_before(void) {
    static struct network *before;
    struct sample_network sample;

    if (!before) {
        sample_network_init(&sample);
        before = sample_network_parse(&sample);
        sample_network_fini(&sample);
    }
    return before;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct feed feed = {.bytes = bytes, .size = size};
    struct files files;

    kept_try(bytes, size);
    files_cut(&feed, &files);
    network_try(files.list, files.count, network_before());
    for (size_t i = 0; i < files.count; i++) {
        free(files.list[i].path);
        free(files.list[i].text);
    }
    return 0;
}
