/* Commands as forms: encoded once, filled in with the ids of a handover. */
#include "tests/bench/form.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/wire.h"

#define REQUEST_LENGTH 9 /* a letter for the kind, and eight digits */
#define UUID_LENGTH    (WIRE_UUID_TEXT_SIZE - 1)

static const char letters[] = "ofrpica"; /* in the order of the kinds */
static const char blank_request[] = "x00000000";

struct form {
    char *bytes;
    size_t size;
    char *request, *journey, *handover; /* where they stand; NULL: nowhere */
};

struct forms {
    struct form forms[FORM_KINDS][CITY_SENDERS][CITY_RECEIVERS];
};

static const struct hv_uuid blank_journey = {{'j', 1, 2, 3, 4, 5, 6, 7, 8, 9}};
static const struct hv_uuid blank_handover = {{'h', 1, 2, 3, 4, 5, 6, 7, 8, 9}};

#define PUT(field, text) snprintf((field), sizeof(field), "%s", (text))

/* ---- The commands ---- */

static hv_time now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (hv_time)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void open_fill(struct hv_open *open) {
    PUT(open->request, blank_request);
    open->journey = blank_journey;
    PUT(open->resident, "r1.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG");
    PUT(open->begeleider, "a.jansen");
    open->basis = HV_BASIS_PUBLIC_TASK;
    open->urgency = HV_URGENCY_ROUTINE;
}

static void offer_fill(struct hv_offer *offer, const char *to) {
    PUT(offer->request, blank_request);
    offer->journey = blank_journey;
    offer->handover = blank_handover;
    PUT(offer->to, to);
    offer->kind = HV_KIND_WARM;
    offer->urgency = HV_URGENCY_ROUTINE;
    PUT(offer->begeleider, "a.jansen");
}

static void introduce_fill(struct hv_introduce *introduce, struct hv_attendee present[2],
                           const char *from, const char *to) {
    PUT(introduce->request, blank_request);
    introduce->handover = blank_handover;
    introduce->on = now_ms();
    introduce->how = HV_INTRODUCTION_JOINT;
    introduce->resident = true;
    PUT(present[0].organisation, from);
    PUT(present[0].person, "a.jansen");
    PUT(present[1].organisation, to);
    PUT(present[1].person, "b.smit");
    introduce->present.count = 2;
    introduce->present.items = present;
}

static void confirm_fill(struct hv_confirm *confirm) {
    PUT(confirm->request, blank_request);
    confirm->handover = blank_handover;
    PUT(confirm->begeleider, "b.smit");
    confirm->contact.on = now_ms();
    confirm->contact.how = HV_CONTACT_WITH_SENDER;
    confirm->contact.with = HV_CONTACT_RESIDENT;
}

static void message_fill(struct hv_message *message, enum form_kind kind, const char *from,
                         const char *to, struct hv_attendee present[2]) {
    static const enum hv_message_type types[FORM_KINDS] = {
        HV_MESSAGE_open,   HV_MESSAGE_offer,     HV_MESSAGE_receive,
        HV_MESSAGE_pickup, HV_MESSAGE_introduce, HV_MESSAGE_confirm};

    message->type = types[kind];
    switch (kind) {
    case FORM_OPEN:
        open_fill(&message->open);
        break;
    case FORM_OFFER:
        offer_fill(&message->offer, to);
        break;
    case FORM_RECEIVE:
        PUT(message->receive.request, blank_request);
        message->receive.handover = blank_handover;
        PUT(message->receive.begeleider, "b.smit");
        break;
    case FORM_PICKUP:
        PUT(message->pickup.request, blank_request);
        message->pickup.handover = blank_handover;
        PUT(message->pickup.begeleider, "b.smit");
        break;
    case FORM_INTRODUCE:
        introduce_fill(&message->introduce, present, from, to);
        break;
    case FORM_CONFIRM:
        confirm_fill(&message->confirm);
        break;
    case FORM_ACK:
        break;
    }
}

/* ---- The forms ---- */

static char *uuid_find(const struct form *form, const struct hv_uuid *uuid) {
    char text[WIRE_UUID_TEXT_SIZE];

    wire_uuid_text(uuid, text);
    return memmem(form->bytes, form->size, text, UUID_LENGTH);
}

static void form_make(struct form *form, enum form_kind kind, const char *from, const char *to) {
    struct hv_message message = {0};
    struct hv_attendee present[2] = {0};
    msgpack_sbuffer buffer;

    message_fill(&message, kind, from, to, present);
    msgpack_sbuffer_init(&buffer);
    if (wire_encode(&message, &buffer) < 0)
        errx(1, "out of memory");
    form->size = buffer.size;
    form->bytes = msgpack_sbuffer_release(&buffer);
    form->request = memmem(form->bytes, form->size, blank_request, REQUEST_LENGTH);
    form->journey = uuid_find(form, &blank_journey);
    form->handover = uuid_find(form, &blank_handover);
}

struct forms *forms_new(const struct city *city) {
    struct forms *forms = calloc(1, sizeof *forms);

    if (!forms)
        errx(1, "out of memory");
    for (int kind = 0; kind < FORM_KINDS; kind++)
        for (int sender = 0; sender < CITY_SENDERS; sender++)
            for (int receiver = 0; receiver < CITY_RECEIVERS; receiver++)
                form_make(&forms->forms[kind][sender][receiver], (enum form_kind)kind,
                          city->organisations[CITY_SENDER(sender)].name,
                          city->organisations[CITY_RECEIVER(receiver)].name);
    return forms;
}

void forms_free(struct forms *forms) {
    for (int kind = 0; kind < FORM_KINDS; kind++)
        for (int sender = 0; sender < CITY_SENDERS; sender++)
            for (int receiver = 0; receiver < CITY_RECEIVERS; receiver++)
                free(forms->forms[kind][sender][receiver].bytes);
    free(forms);
}

/* ---- Filling in ---- */

static void request_put(char *at, enum form_kind kind, size_t number) {
    *at = letters[kind];
    for (int i = REQUEST_LENGTH - 1; i > 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

static void uuid_put(char *at, const struct hv_uuid *uuid) {
    char text[WIRE_UUID_TEXT_SIZE];

    if (!at)
        return;
    wire_uuid_text(uuid, text);
    memcpy(at, text, UUID_LENGTH);
}

const char *form_fill(struct forms *forms, enum form_kind kind, size_t sender, size_t receiver,
                      size_t number, const struct hv_uuid *journey, const struct hv_uuid *handover,
                      size_t *ret_size) {
    const struct form *form = &forms->forms[kind][sender][receiver];

    request_put(form->request, kind, number);
    uuid_put(form->journey, journey);
    uuid_put(form->handover, handover);
    *ret_size = form->size;
    return form->bytes;
}

size_t form_ack(char ret_envelope[FORM_ACK_SIZE], size_t number, int64_t item) {
    static const char head[] = "\x83\xa4type\xa3"
                               "ack\xa7request\xa9"; /* a text of REQUEST_LENGTH */
    static const char item_key[] = "\xa4item\xcf";   /* a number of eight bytes */
    char *at = ret_envelope;

    memcpy(at, head, sizeof head - 1);
    at += sizeof head - 1;
    request_put(at, FORM_ACK, number);
    at += REQUEST_LENGTH;
    memcpy(at, item_key, sizeof item_key - 1);
    at += sizeof item_key - 1;
    for (int i = 0; i < 8; i++)
        *at++ = (char)((uint64_t)item >> (56 - 8 * i));
    return (size_t)(at - ret_envelope);
}

enum form_kind form_of_request(const char *request, size_t *ret_number) {
    const char *letter = strchr(letters, request[0]);

    if (!letter || !request[0])
        errx(1, "an answer to `%s`, which nobody asked", request);
    *ret_number = 0;
    for (int i = 1; i < REQUEST_LENGTH; i++)
        *ret_number = *ret_number * 10 + (size_t)(request[i] - '0');
    return (enum form_kind)(letter - letters);
}

const char *form_request(const struct forms *forms, const char *bytes, size_t size) {
    const struct form *form = &forms->forms[FORM_OFFER][0][0];

    if (size != form->size)
        errx(1, "the echo is another than what was said");
    return bytes + (form->request - form->bytes);
}
