/* What a broker has promised to peers in one run. */
#include "promises.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *promises_request(const struct promises *promises) {
    static char text[24];

    (void)snprintf(text, sizeof text, "q%zu", promises->asked_count);
    return text;
}

/* ---- Asking ---- */

static void acknowledged(struct promises *promises, const char *organisation, enum hv_role role,
                         int64_t item) {
    for (size_t i = 0; i < promises->owed_count; i++) {
        struct owed *owed = &promises->owed[i];
        if (owed->item == item && owed->role == role &&
            strcmp(owed->organisation, organisation) == 0)
            owed->acknowledged = true;
    }
}

/* The number in "q12"; PROMISES_MAX for any other text. */
static size_t number_of(const char *request) {
    char *end = NULL;

    if (request[0] != 'q' || request[1] < '0' || request[1] > '9')
        return PROMISES_MAX;
    const unsigned long number = strtoul(request + 1, &end, 10);
    return *end == '\0' && number < PROMISES_MAX ? number : PROMISES_MAX;
}

/* `request` is an optional field in some messages, but has one form in all. */
static const char *request_of(const struct hv_message *message) {
    size_t offset = 0;
    const struct wire_struct *type = wire_message_struct(message->type);
    const struct wire_field *field = wire_field_named(type, "request", 7, &offset);
    const char *base = (const char *)&message->hello + offset;

    if (!field || (!field->required && !*(const bool *)(base + field->has_offset)))
        return "";
    return base + field->offset;
}

static void asked_add(struct promises *promises, const char *organisation, enum hv_role role,
                      const struct hv_message *message, const uint8_t content[32]) {
    const size_t number = number_of(request_of(message));
    struct asked *asked = &promises->asked[promises->asked_count];

    if (number < PROMISES_MAX && number != promises->asked_count)
        promises->asked[number].shared = true;
    if (number != promises->asked_count)
        return;
    promises->asked_count++;
    *asked = (struct asked){.type = message->type, .role = role, .shared = asked->shared};
    memcpy(asked->organisation, organisation, strlen(organisation) + 1);
    memcpy(asked->content, content, sizeof asked->content);
}

/* An acknowledgement counts here as soon as it is said. */
void promises_ask(struct promises *promises, const char *organisation, enum hv_role role,
                  const void *envelope, size_t size) {
    struct hv_message message;
    struct wire_error error;
    uint8_t content[32];
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, 1024))
        fuzz_fail("out of memory");
    if (wire_decode(envelope, size, WIRE_FROM_LATER, NULL, &zone, &message, content, &error) == 0) {
        if (message.type == HV_MESSAGE_ack)
            acknowledged(promises, organisation, role, message.ack.item);
        asked_add(promises, organisation, role, &message, content);
    }
    msgpack_zone_destroy(&zone);
}

/* ---- Answers ---- */

/* D2 is about what changes something. */
static bool is_command(enum hv_message_type type) {
    switch ((int)type) {
    case HV_MESSAGE_open:
    case HV_MESSAGE_reassign:
    case HV_MESSAGE_close:
    case HV_MESSAGE_settle:
    case HV_MESSAGE_offer:
    case HV_MESSAGE_receive:
    case HV_MESSAGE_pickup:
    case HV_MESSAGE_wait:
    case HV_MESSAGE_introduce:
    case HV_MESSAGE_confirm:
    case HV_MESSAGE_decline:
    case HV_MESSAGE_withdraw:
    case HV_MESSAGE_supplement:
    case HV_MESSAGE_contest:
    case HV_MESSAGE_note:
    case HV_MESSAGE_set_urgency:
    case HV_MESSAGE_claim:
    case HV_MESSAGE_absent:
    case HV_MESSAGE_ack:
        return true;
    default:
        return false;
    }
}

/* Of these a newer one overtakes an older, which is `repeated` and was never recorded. */
static bool is_present_value(enum hv_message_type type) {
    return type == HV_MESSAGE_reassign || type == HV_MESSAGE_set_urgency ||
           type == HV_MESSAGE_claim || type == HV_MESSAGE_absent;
}

static bool same_command(const struct asked *one, const struct asked *other) {
    return one->role == other->role && strcmp(one->organisation, other->organisation) == 0 &&
           memcmp(one->content, other->content, sizeof one->content) == 0;
}

static struct asked *asked_as(struct promises *promises, const char *request) {
    const size_t number = number_of(request);

    return number < promises->asked_count && !promises->asked[number].shared
               ? &promises->asked[number]
               : NULL;
}

/* P1: of a history only `opened` says whom it is about, never an event of a handover. */
static void expect_private_history(const struct hv_done *done) {
    for (size_t i = 0; done->has_events && i < done->events.count; i++)
        if (done->events.items[i].has_handover && done->events.items[i].has_resident)
            fuzz_fail("P1: a history says whom a handover is about");
}

/* D2: the same command a second time says `repeated`, and names the event of the first time. */
static void hear_done(struct promises *promises, const struct hv_done *done) {
    const bool repeated = done->has_repeated && done->repeated;
    struct asked *asked = done->has_request ? asked_as(promises, done->request) : NULL;

    expect_private_history(done);
    if (done->seq > promises->seq_done)
        promises->seq_done = done->seq;
    if (!asked || !is_command(asked->type))
        return;
    for (size_t i = 0; i < promises->asked_count; i++) {
        const struct asked *before = &promises->asked[i];
        if (before == asked || !before->done || before->shared || !same_command(before, asked))
            continue;
        if (!repeated)
            fuzz_fail("D2: %s took effect a second time (q%zu, then %s)",
                      wire_message_struct(asked->type)->name, i, done->request);
        if (before->seq != done->seq && !is_present_value(asked->type))
            fuzz_fail("D2: %s is answered by event %lld, and was by %lld",
                      wire_message_struct(asked->type)->name, (long long)done->seq,
                      (long long)before->seq);
    }
    asked->done = !repeated || !is_present_value(asked->type);
    asked->seq = done->seq;
}

/* ---- Items ---- */

static struct owed *owed_find(struct promises *promises, const char *organisation,
                              enum hv_role role, int64_t item) {
    for (size_t i = 0; i < promises->owed_count; i++) {
        struct owed *owed = &promises->owed[i];
        if (owed->item == item && owed->role == role &&
            strcmp(owed->organisation, organisation) == 0)
            return owed;
    }
    return NULL;
}

/* Of one journey one item per inbox is out at a time: those before it were acknowledged, or set
 * aside after all their attempts. */
static void expect_turn_of(const struct promises *promises, const struct owed *next) {
    for (size_t i = 0; i < promises->owed_count; i++) {
        const struct owed *owed = &promises->owed[i];
        if (owed == next || owed->item > next->item || owed->acknowledged ||
            owed->role != next->role || strcmp(owed->organisation, next->organisation) != 0 ||
            memcmp(&owed->journey, &next->journey, sizeof owed->journey) != 0)
            continue;
        if (owed->attempt < promises->attempts_max)
            fuzz_fail("item %lld of %s is sent while item %lld of the same journey is out",
                      (long long)next->item, next->organisation, (long long)owed->item);
    }
}

static void owed_add(struct promises *promises, const char *organisation, enum hv_role role,
                     const struct hv_item *item) {
    struct owed *owed = &promises->owed[promises->owed_count];

    *owed = (struct owed){.role = role,
                          .item = item->item,
                          .seq = item->event.seq,
                          .attempt = item->attempt,
                          .journey = item->event.journey};
    memcpy(owed->organisation, organisation, strlen(organisation) + 1);
    if (item->event.event == HV_EVENT_DIGEST)
        memset(&owed->journey, 0xff, sizeof owed->journey); /* in order among themselves */
    expect_turn_of(promises, owed);
    promises->owed_count++;
}

/* P1: only `dossier` says whom a handover is about. */
static void expect_private(const struct hv_item *item, bool has_dossier) {
    const struct hv_event *event = &item->event;

    if (event->has_handover && event->event != HV_EVENT_DOSSIER &&
        (event->has_resident || has_dossier))
        fuzz_fail("P1: item %lld (%s) says whom it is about", (long long)item->item,
                  wire_word_text(&wire_vocabulary_event_name, (int)event->event));
    if (event->has_deleted && event->deleted && (event->has_resident || has_dossier))
        fuzz_fail("P1: item %lld carries what was deleted", (long long)item->item);
}

static bool is_of_a_journey(enum hv_event_name name) {
    return name != HV_EVENT_SUSPECTED && name != HV_EVENT_ABSENT && name != HV_EVENT_QUIET &&
           name != HV_EVENT_DIGEST && name != HV_EVENT_CLOCK;
}

static void hear_item(struct promises *promises, const char *organisation, enum hv_role role,
                      const struct hv_item *item, bool has_dossier) {
    struct owed *owed = owed_find(promises, organisation, role, item->item);

    expect_private(item, has_dossier);
    if (!item->event.has_seq || item->event.has_journey != is_of_a_journey(item->event.event))
        fuzz_fail("item %lld does not say which event it is", (long long)item->item);
    if (!owed) {
        if (promises->owed_count < PROMISES_MAX)
            owed_add(promises, organisation, role, item);
        return;
    }
    if (owed->seq != item->event.seq)
        fuzz_fail("item %lld is another event than before", (long long)item->item);
    if (owed->attempt >= item->attempt)
        fuzz_fail("D2: item %lld is sent again and not marked so", (long long)item->item);
    owed->attempt = item->attempt;
}

void promises_hear(struct promises *promises, const char *organisation, enum hv_role role,
                   const struct hv_message *message, bool has_dossier, bool is_lost) {
    if (message->type == HV_MESSAGE_done)
        hear_done(promises, &message->done);
    if (message->type == HV_MESSAGE_item && !is_lost)
        hear_item(promises, organisation, role, &message->item, has_dossier);
}
