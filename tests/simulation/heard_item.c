/* Items that peers heard. */
#include <string.h>

#include "ends.h"
#include "heard_parts.h"
#include "town.h"
#include "words.h"

/* ---- Items ---- */

static struct sent *sent_find(struct heard *heard, unsigned inbox, int64_t item) {
    for (size_t i = heard->sent_count; i-- > 0;)
        if (heard->sent[i].item == item && heard->sent[i].inbox == inbox)
            return &heard->sent[i];
    return NULL;
}

/* Of one journey at most one item of an inbox is out, in order: one that comes before an earlier
 * was acknowledged comes behind one that was set aside. So it is with digests, and with what else
 * is of no journey. */
static void expect_turn_of(const struct heard *heard, const struct sent *next) {
    for (size_t i = 0; i < heard->sent_count; i++) {
        const struct sent *sent = &heard->sent[i];
        if (sent->inbox != next->inbox || sent->item >= next->item || sent->acknowledged ||
            memcmp(&sent->journey, &next->journey, sizeof sent->journey) != 0 ||
            sent->of_digest != next->of_digest)
            continue;
        if (sent->attempt < 3)
            violation("D3: item %lld is sent while item %lld of the same journey is out",
                      (long long)next->item, (long long)sent->item);
        mark_fault(FAULT_ASIDE);
    }
}

static void sent_add(struct heard *heard, unsigned inbox, const struct hv_item *item) {
    struct sent *sent = &heard->sent[heard->sent_count];

    if (heard->sent_count == HEARD_ITEMS_MAX)
        return;
    *sent = (struct sent){
        .inbox = inbox,
        .item = item->item,
        .seq = item->event.seq,
        .attempt = item->attempt,
        .journey = item->event.journey,
        .of_offer = item->event.event == HV_EVENT_OFFERED,
        .of_digest = item->event.event == HV_EVENT_DIGEST,
        .handover = item->event.has_handover ? words_number(&item->event.handover) : 0,
    };
    if (item->event.event == HV_EVENT_DIGEST)
        memset(&sent->journey, 0xff, sizeof sent->journey); /* in order among themselves */
    expect_turn_of(heard, sent);
    heard->sent_count++;
}

/* P1: only `dossier` says whom a handover is about, to its receiver, once it is disclosed. */
static void expect_private_item(const struct model *model, const struct peer *peer,
                                const struct hv_item *item, bool has_dossier) {
    const struct hv_event *event = &item->event;
    const struct model_handover *handover =
        event->has_handover ? &model->handovers[words_number(&event->handover)] : NULL;

    if (event->has_runs)
        violation("P1: item %lld shows the broker's own runs", (long long)item->item);
    if (!event->has_resident && !has_dossier)
        return;
    if (event->event != HV_EVENT_DOSSIER || !handover || !handover->disclosed ||
        strcmp(handover->to, peer->organisation) != 0 || peer->role != HV_ROLE_ENDPOINT)
        violation("P1: item %lld (%s) says whom it is about", (long long)item->item,
                  wire_word_text(&wire_vocabulary_event_name, (int)event->event));
    if ((event->has_deleted && event->deleted) || handover->state > HV_HANDOVER_CONFIRMED)
        violation("P1: item %lld carries what was deleted", (long long)item->item);
}

void heard_item(struct heard *heard, const struct model *model, const struct peer *peer,
                const struct hv_item *item, bool has_dossier, bool is_lost) {
    struct sent *sent = sent_find(heard, heard_inbox(peer), item->item);

    expect_private_item(model, peer, item, has_dossier);
    if (item->has_for_)
        mark_fault(FAULT_DEPUTY);
    if (item->event.event == HV_EVENT_DIGEST)
        mark_fault(FAULT_DIGEST);
    if (!sent && !is_lost)
        sent_add(heard, heard_inbox(peer), item);
    if (!sent)
        return;
    if (sent->seq != item->event.seq)
        violation("D2: item %lld is another event than before", (long long)item->item);
    if (sent->attempt >= item->attempt)
        violation("D2: item %lld is sent again and not marked so", (long long)item->item);
    if (!is_lost)
        sent->attempt = item->attempt;
}

/* ---- Acknowledgements ---- */

static bool says_acknowledged(enum hv_event_name name) {
    return name == HV_EVENT_ACKNOWLEDGED || name == HV_EVENT_TOLD || name == HV_EVENT_DELIVERED;
}

void heard_expect_acknowledged(const struct heard *heard, const struct hv_event *event,
                               int64_t seq) {
    const unsigned inbox = model_party(event->organisation) << 2 | (unsigned)event->inbox;

    if (!says_acknowledged(event->event))
        return;
    for (size_t i = heard->sent_count; i-- > 0;)
        if (heard->sent[i].inbox == inbox && heard->sent[i].item == event->item &&
            heard->sent[i].acknowledged)
            return;
    violation("T1: event %lld says that %s acknowledged item %lld, and nobody did", (long long)seq,
              event->organisation, (long long)event->item);
}
