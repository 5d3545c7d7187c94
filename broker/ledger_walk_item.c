/* Verifying what is owed: each event in order, its audience found again under the network that was
 * in force then, as the broker found it; the items of each inbox, which are numbered in that order;
 * and their acknowledgements, which are events themselves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/audience.h"
#include "broker/event.h"
#include "broker/ledger_walk.h"

/* ---- The network in force ---- */

/* Its files as the ledger has them; NULL after a difference or an error. To be freed. */
static uint8_t *network_bytes(struct ledger *ledger, struct ledger_walk *walk, int64_t seq,
                              const uint8_t hash[32], size_t *ret_size) {
    struct sql *sql = sql_begin(ledger, "SELECT files FROM network WHERE hash = ?");
    uint8_t *copy = NULL;

    sql_bytes(sql, hash, 32);
    if (!sql_row(sql)) {
        walk_differ(walk, "event %lld: the network's files that it put in force are missing",
                    (long long)seq);
        return NULL;
    }
    const void *files = column_blob(sql, "files", ret_size);
    copy = malloc(*ret_size + 1);
    if (copy && *ret_size > 0)
        memcpy(copy, files, *ret_size);
    sql_end(sql);
    if (!copy)
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
    return copy;
}

/* They are read once a reload, and take a step of their own. */
static bool network_take(struct ledger *ledger, struct ledger_walk *walk, int64_t seq,
                         const uint8_t wanted[32]) {
    struct walk_items *own = &walk->items;
    struct failure failure;
    uint8_t hash[32] = {0};
    size_t size = 0;
    uint8_t *bytes = network_bytes(ledger, walk, seq, wanted, &size);

    if (!bytes)
        return false;
    network_free(own->network);
    own->network = NULL;
    memcpy(own->network_hash, wanted, sizeof own->network_hash);
    own->network_seq = seq;
    int rc = network_unpack_hash(bytes, size, hash);
    const bool same = rc == 0 && memcmp(hash, wanted, sizeof hash) == 0;
    if (same)
        rc = network_unpack(bytes, size, &own->network, &failure);
    free(bytes);
    walk_spend(walk, size / WALK_NETWORK_BYTES);
    walk->budget = 0;
    if (rc == -ENOMEM) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    if (!same)
        return walk_differ(walk,
                           "event %lld: the network's files that it put in force are not those "
                           "that were recorded",
                           (long long)seq);
    if (rc < 0)
        walk->result.unread_network_seq = seq;
    return true;
}

/* An event as its item has to name it. */
struct owing {
    int64_t seq;
    int64_t journey_row;  /* 0: of no journey */
    int64_t handover_row; /* 0: of none */
    int64_t lane;         /* that of its items */
    bool is_step;         /* of a ladder */
};

/* ---- Acknowledgements ---- */

static bool is_acknowledgement(const struct hv_event *event) {
    return (event->event == HV_EVENT_ACKNOWLEDGED || event->event == HV_EVENT_DELIVERED ||
            event->event == HV_EVENT_TOLD) &&
           event->has_organisation && event->has_inbox && event->has_item;
}

/* Whether that event acknowledged what is owed, as that item; a step's tells it. */
static bool is_acknowledged_by(struct ledger *ledger, struct ledger_walk *walk,
                               const struct owing *owing, const struct walk_inbox *inbox,
                               int64_t item, int64_t seq) {
    struct sql *sql = sql_begin(ledger, "SELECT payload FROM payload WHERE seq = ?");
    struct hv_event event = {0};
    bool found = false;

    sql_int(sql, seq);
    if (sql_row(sql)) {
        found = walk_payload(walk, sql, seq, &event) && is_acknowledgement(&event) &&
                event.item == item && event.inbox == inbox->name.role &&
                strcmp(event.organisation, inbox->name.organisation) == 0 &&
                (event.event == HV_EVENT_TOLD) == owing->is_step &&
                (!owing->is_step || event.of == owing->seq);
        sql_end(sql);
    }
    walk_spend(walk, 1);
    return found;
}

/* The acknowledgement of a digest, noted as `noted`, told a step that was in it. */
static bool told_check(struct ledger_walk *walk, const struct walk_inbox *inbox, int64_t noted,
                       int64_t seq, const struct hv_event *event) {
    if (noted > 0 && noted < seq && walk_digest_told(walk, inbox, event->item, event->of))
        return true;
    return walk_differ(walk, "event %lld tells %s (%s) of event %lld, which it was not owed",
                       (long long)seq, event->organisation, walk_role_name(event->inbox),
                       (long long)event->of);
}

/* What this event acknowledged is noted under it, and owed no more. */
static bool acknowledgement_check(struct ledger *ledger, struct ledger_walk *walk, int64_t seq,
                                  const struct hv_event *event) {
    const struct walk_inbox *inbox = walk_inbox_of(ledger, walk, event->organisation, event->inbox);
    struct ledger_item item;

    if (!inbox)
        return false;
    const int64_t noted = ledger_item_acknowledged(ledger, inbox->row, event->item);
    const bool owed = ledger_item_find(ledger, inbox->row, event->item, &item);
    walk_spend(walk, 2);
    if (ledger->error)
        return false;
    if (event->item > inbox->last)
        return walk_differ(walk,
                           "event %lld acknowledges item %lld of %s (%s), which no event owed",
                           (long long)seq, (long long)event->item, event->organisation,
                           walk_role_name(event->inbox));
    if (noted != seq && event->event == HV_EVENT_TOLD)
        return told_check(walk, inbox, noted, seq, event);
    if (noted != seq)
        return walk_differ(
            walk, "item %lld of %s (%s): event %lld acknowledged it, and that is not noted",
            (long long)event->item, event->organisation, walk_role_name(event->inbox),
            (long long)seq);
    if (owed)
        return walk_differ(walk, "item %lld of %s (%s) is still owed, though acknowledged",
                           (long long)event->item, event->organisation,
                           walk_role_name(event->inbox));
    return true;
}

/* ---- Items ---- */

/* The item of that number is this event's, or was. */
static bool is_item_of(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                       const struct walk_inbox *inbox, int64_t number, int64_t *ret_acknowledged) {
    struct ledger_item item;

    walk_spend(walk, 1);
    *ret_acknowledged = 0;
    if (ledger_item_find(ledger, inbox->row, number, &item))
        return item.seq == owing->seq &&
               (item.lane == owing->lane || item.lane == owing->journey_row) &&
               item.handover_row == owing->handover_row && item.inbox == inbox->row &&
               item.item == number;
    *ret_acknowledged = ledger_item_acknowledged(ledger, inbox->row, number);
    return *ret_acknowledged &&
           is_acknowledged_by(ledger, walk, owing, inbox, number, *ret_acknowledged);
}

static bool item_differs(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                         const struct walk_inbox *inbox, int64_t number, int64_t acknowledged) {
    const char *organisation = inbox->name.organisation;
    const char *role = walk_role_name(inbox->name.role);
    struct ledger_item item;

    if (acknowledged)
        return walk_differ(walk, "item %lld of %s (%s): event %lld did not acknowledge it",
                           (long long)number, organisation, role, (long long)acknowledged);
    if (ledger_item_find(ledger, inbox->row, number, &item))
        return walk_differ(walk, "item %lld of %s (%s) is not the one that event %lld owes",
                           (long long)number, organisation, role, (long long)owing->seq);
    return walk_differ(walk, "item %lld of %s (%s) is missing, which event %lld owes",
                       (long long)number, organisation, role, (long long)owing->seq);
}

/* The next item of that inbox is this event's, or was; or, of a step for coordinators, it is in a
 * digest. */
static bool item_check(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                       struct walk_inbox *inbox) {
    const int64_t number = inbox->last + 1;
    int64_t acknowledged = 0;
    const bool is_own = is_item_of(ledger, walk, owing, inbox, number, &acknowledged);

    if (ledger->error || walk->differs)
        return false;
    if (!is_own && owing->is_step && inbox->name.role == HV_ROLE_COORDINATOR)
        return walk_digest_took(ledger, walk, inbox, owing->seq);
    if (!is_own)
        return item_differs(ledger, walk, owing, inbox, number, acknowledged);
    inbox->last = number;
    walk->result.items++;
    return true;
}

/* Coordinators that an organisation has not are owed nothing. They once were, and then the item is
 * compared like any other. */
static bool is_owed_nothing(struct ledger *ledger, struct ledger_walk *walk,
                            const struct owing *owing, const char *organisation,
                            enum hv_role role) {
    const struct network *network = walk->items.network;
    int64_t acknowledged = 0;

    if (role != HV_ROLE_COORDINATOR || owing->is_step ||
        strcmp(organisation, network->coordinating) == 0 ||
        network_has_role(network, organisation, role))
        return false;
    if (!ledger_inbox_find(ledger, organisation, role))
        return true;
    const struct walk_inbox *inbox = walk_inbox_of(ledger, walk, organisation, role);
    return inbox && inbox->seq != owing->seq &&
           !is_item_of(ledger, walk, owing, inbox, inbox->last + 1, &acknowledged);
}

/* As the broker owes: to who is on the map, once. */
static bool owe(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                const char *organisation, enum hv_role role) {
    if (!network_organisation(walk->items.network, organisation))
        return true;
    if (is_owed_nothing(ledger, walk, owing, organisation, role))
        return !ledger->error;
    struct walk_inbox *inbox = walk_inbox_of(ledger, walk, organisation, role);

    if (!inbox || ledger->error)
        return false;
    if (inbox->seq == owing->seq)
        return true;
    inbox->seq = owing->seq;
    return item_check(ledger, walk, owing, inbox);
}

/* ---- The audience ---- */

/* The organisation that held the journey once the event had been recorded: it moves by
 * confirmations alone, and who held before the first one offered that handover. */
static void holder_then(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                        char ret_organisation[HV_CODE_SIZE]) {
    struct sql *sql = sql_begin(ledger, "SELECT sender, receiver, state, ended_seq FROM handover "
                                        "WHERE journey = ? ORDER BY ended_seq");
    bool known = false;

    ret_organisation[0] = '\0';
    sql_int(sql, owing->journey_row);
    while (sql_row(sql)) {
        walk_spend(walk, 1);
        if (column_int(sql, "state") != HV_HANDOVER_CONFIRMED)
            continue;
        const bool before = column_int(sql, "ended_seq") <= owing->seq;
        if (before || !known)
            column_text(sql, before ? "receiver" : "sender", ret_organisation, HV_CODE_SIZE);
        known = true;
    }
    if (known)
        return;
    sql = sql_begin(ledger, "SELECT organisation FROM journey WHERE number = ?");
    sql_int(sql, owing->journey_row);
    if (sql_row(sql)) {
        column_text(sql, "organisation", ret_organisation, HV_CODE_SIZE);
        sql_end(sql);
    }
}

static bool owe_earlier_holders(struct ledger *ledger, struct ledger_walk *walk,
                                const struct owing *owing, const char *holder) {
    struct sql *sql = sql_begin(ledger, "SELECT sender, state FROM handover WHERE journey = ? AND "
                                        "ended_seq < ? ORDER BY ended_seq");
    char organisation[HV_CODE_SIZE];

    sql_int(sql, owing->journey_row);
    sql_int(sql, owing->seq);
    while (sql_row(sql)) {
        walk_spend(walk, 1);
        column_text(sql, "sender", organisation, sizeof organisation);
        if (column_int(sql, "state") == HV_HANDOVER_CONFIRMED &&
            strcmp(organisation, holder) != 0 &&
            !owe(ledger, walk, owing, organisation, HV_ROLE_ENDPOINT)) {
            sql_end(sql);
            return false;
        }
    }
    return !ledger->error;
}

/* Its two sides, and whether it was open then. */
static void parties(struct ledger *ledger, const struct owing *owing,
                    struct handover *ret_handover) {
    struct sql *sql =
        sql_begin(ledger, "SELECT sender, receiver, ended_seq FROM handover WHERE number = ?");

    sql_int(sql, owing->handover_row);
    if (sql_row(sql)) {
        const int64_t ended_seq = column_int(sql, "ended_seq");
        ret_handover->state =
            ended_seq == 0 || ended_seq > owing->seq ? HV_HANDOVER_OFFERED : HV_HANDOVER_CONFIRMED;
        column_text(sql, "sender", ret_handover->from, sizeof ret_handover->from);
        column_text(sql, "receiver", ret_handover->to, sizeof ret_handover->to);
        sql_end(sql);
    }
}

static bool is_about_holder(enum hv_event_name name) {
    return name == HV_EVENT_REASSIGNED || name == HV_EVENT_CLOSING || name == HV_EVENT_SETTLED ||
           name == HV_EVENT_CLOSED || name == HV_EVENT_ESCALATED || name == HV_EVENT_NOTED ||
           name == HV_EVENT_CONTESTED || name == HV_EVENT_CLAIMED;
}

static void audience_then(struct ledger *ledger, struct ledger_walk *walk,
                          const struct owing *owing, const struct hv_event *event,
                          struct journey *journey, struct audience *ret_audience) {
    const struct network *network = walk->items.network;
    struct handover handover = {0};

    if (!owing->journey_row) {
        audience_of_network_event(event, network->coordinating,
                                  event->has_about &&
                                      network_has_role(network, event->about, HV_ROLE_COORDINATOR),
                                  ret_audience);
        return;
    }
    if (owing->handover_row)
        parties(ledger, owing, &handover);
    if (is_about_holder(event->event))
        holder_then(ledger, walk, owing, journey->holder.organisation);
    audience_of(event, journey,
                owing->handover_row || !is_about_holder(event->event) ? &handover : NULL,
                network->coordinating, ret_audience);
}

/* A digest is for the inbox that it names, where that is on the map: no step was owed to another.
 */
static bool digest_check(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                         const struct hv_event *event) {
    struct walk_inbox *inbox = walk_inbox_of(ledger, walk, event->about, event->inbox);

    if (!inbox || !owe(ledger, walk, owing, event->about, event->inbox))
        return false;
    walk_digest_began(walk, inbox);
    return true;
}

static bool owed_check(struct ledger *ledger, struct ledger_walk *walk, const struct owing *owing,
                       const struct hv_event *event) {
    struct journey journey = {0};
    struct audience audience;

    audience_then(ledger, walk, owing, event, &journey, &audience);
    for (size_t i = 0; i < audience.count; i++) {
        if (!owe(ledger, walk, owing, audience.members[i].organisation, audience.members[i].role))
            return false;
    }
    return !audience.earlier_holders ||
           owe_earlier_holders(ledger, walk, owing, journey.holder.organisation);
}

/* ---- Events ---- */

/* Most events owe nobody anything. */
static bool item_event(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql) {
    struct owing owing = {
        .seq = column_int(sql, "seq"),
        .journey_row = column_int(sql, "journey"),
        .handover_row = column_int(sql, "handover"),
    };
    struct hv_event event = {0};

    walk_spend(walk, 1);
    if (!walk_payload(walk, sql, owing.seq, &event))
        return false;
    owing.is_step = event_is_step(event.event);
    /* Digests have not always had one of their own. */
    owing.lane = event.event == HV_EVENT_DIGEST ? LEDGER_LANE_DIGESTS : owing.journey_row;
    walk->items.seq = owing.seq;
    if (event.event == HV_EVENT_NETWORK)
        return network_take(ledger, walk, owing.seq, event.network_hash);
    if (is_acknowledgement(&event) && !acknowledgement_check(ledger, walk, owing.seq, &event))
        return false;
    if (event.event == HV_EVENT_ABSENT && !walk_absence_said(ledger, walk, owing.seq, &event))
        return false;
    if (!walk->items.network) /* none of a ledger that no broker has started on */
        return true;
    if (event.event == HV_EVENT_CONFIRMED && !walk_receipt_signed(ledger, walk, owing.handover_row))
        return false;
    return event.event == HV_EVENT_DIGEST ? digest_check(ledger, walk, &owing, &event)
                                          : owed_check(ledger, walk, &owing, &event);
}

bool walk_items(struct ledger *ledger, struct ledger_walk *walk) {
    struct sql *sql = sql_begin(ledger, "SELECT event.seq AS seq, event.journey AS journey, "
                                        "event.handover AS handover, payload FROM event "
                                        "LEFT JOIN payload ON payload.seq = event.seq "
                                        "WHERE event.seq > ? ORDER BY event.seq");

    sql_int(sql, walk->items.seq);
    while (sql_row(sql)) {
        if (walk->budget == 0 || !item_event(ledger, walk, sql)) {
            sql_end(sql);
            return false;
        }
        if (walk->result.unread_network_seq) {
            sql_end(sql);
            break;
        }
    }
    return !ledger->error;
}
