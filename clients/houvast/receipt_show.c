/* A receipt as people and machines read it. */
#include "clients/houvast/receipt_show.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "clients/houvast/when.h"
#include "houvast/houvast.h"
#include "wire/wire.h"

#define HASH_TEXT_SIZE 65

void receipt_show(const struct receipt *receipt, const char *before) {
    char at[WHEN_TEXT_SIZE], on[WHEN_TEXT_SIZE], ledger[HV_UUID_TEXT_SIZE],
        handover[HV_UUID_TEXT_SIZE], journey[HV_UUID_TEXT_SIZE];

    when_text(receipt->at, at);
    when_text(receipt->contact.on, on);
    hv_uuid_text(&receipt->ledger, ledger);
    hv_uuid_text(&receipt->handover, handover);
    hv_uuid_text(&receipt->journey, journey);
    printf("%s%s of %s passed resident %s to %s of %s, recorded on %s in network %s as receipt "
           "%" PRId64 ".\n",
           before, receipt->from.begeleider, receipt->from.organisation, receipt->resident,
           receipt->to.begeleider, receipt->to.organisation, at, receipt->network, receipt->seq);
    printf("Contact on %s: %s, with the %s. Journey %s, handover %s, ledger %s.\n", on,
           hv_contact_how_text(receipt->contact.how), hv_contact_with_text(receipt->contact.with),
           journey, handover, ledger);
}

static json_t *hash_json(const uint8_t hash[32]) {
    char text[HASH_TEXT_SIZE];

    return json_string(sodium_bin2hex(text, sizeof text, hash, 32));
}

static json_t *uuid_json(const struct hv_uuid *uuid) {
    char text[HV_UUID_TEXT_SIZE];

    hv_uuid_text(uuid, text);
    return json_string(text);
}

static json_t *holder_json(const struct hv_holder *holder) {
    return json_pack("{s:s, s:s}", "organisation", holder->organisation, "begeleider",
                     holder->begeleider);
}

json_t *receipt_to_json(const struct receipt *receipt) {
    const struct hv_contact *contact = &receipt->contact;
    json_t *object = json_pack(
        "{s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:{s:I, s:s, s:s}, s:I, s:I, s:o}", "ledger",
        uuid_json(&receipt->ledger), "network", receipt->network, "handover",
        uuid_json(&receipt->handover), "journey", uuid_json(&receipt->journey), "resident",
        receipt->resident, "from", holder_json(&receipt->from), "to", holder_json(&receipt->to),
        "contact", "on", (json_int_t)contact->on, "how", hv_contact_how_text(contact->how), "with",
        hv_contact_with_text(contact->with), "at", (json_int_t)receipt->at, "seq",
        (json_int_t)receipt->seq, "head", hash_json(receipt->head));

    if (object && receipt->has_dossier_hash)
        json_object_set_new(object, "dossier_hash", hash_json(receipt->dossier_hash));
    return object;
}
