/* Verifying what a handover keeps beside its row: its dossiers until they are deleted, when that is
 * due, and its receipt. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/ledger_walk.h"
#include "broker/receipt.h"

#define PLACES_EACH 16 /* of a handover's dossiers, as the schema checks */

/* ---- Dossiers ---- */

/* The row says of which bytes it is, or of none, as the event does. */
static bool dossier_row_compare(struct ledger_walk *walk, struct sql *sql, int64_t handover_row,
                                int64_t number, const struct hv_event *event) {
    uint8_t hash[32] = {0};
    const bool has_hash = !column_is_null(sql, "hash");

    if (has_hash)
        column_bytes(sql, "hash", hash, sizeof hash);
    if (has_hash != event->has_dossier_hash ||
        (has_hash && memcmp(hash, event->dossier_hash, sizeof hash) != 0))
        return walk_differ(walk, "handover row %lld: the hash of dossier %lld is not its event's",
                           (long long)handover_row, (long long)number);
    return true;
}

bool walk_dossier_came(struct ledger *ledger, struct ledger_walk *walk,
                       struct walk_handover *handover, const struct hv_event *event) {
    const int64_t row = handover->fold.row;
    const int64_t number = event->has_number ? event->number : 0;
    bool agrees = true;

    if (event->event != HV_EVENT_OFFERED && event->event != HV_EVENT_SUPPLEMENTED)
        return true;
    struct sql *sql = sql_begin(ledger, "SELECT hash FROM dossier WHERE place = ?");
    sql_int(sql, row * PLACES_EACH + number);
    if (sql_row(sql)) {
        agrees = dossier_row_compare(walk, sql, row, number, event);
        sql_end(sql);
    } else {
        handover->missing |= 1U << number;
    }
    walk_spend(walk, 1);
    return agrees && !ledger->error;
}

/* The number of its last dossier, or -1 for none. */
static int64_t dossier_last(struct ledger *ledger, int64_t handover_row) {
    struct sql *sql = sql_begin(ledger, "SELECT number FROM dossier WHERE place BETWEEN ? AND ? "
                                        "ORDER BY place DESC LIMIT 1");

    sql_int(sql, handover_row * PLACES_EACH);
    sql_int(sql, handover_row * PLACES_EACH + PLACES_EACH - 1);
    return sql_number(sql, -1);
}

/* When they are to be deleted, or -1 where nothing says so. */
static int64_t deletion_at(struct ledger *ledger, int64_t handover_row) {
    struct sql *sql = sql_begin(ledger, "SELECT delete_at FROM deletion WHERE handover = ?");

    sql_int(sql, handover_row);
    return sql_number(sql, -1);
}

/* Those that were deleted are gone with their deletion, or both wait for room on the disk. */
static int64_t deletion_wanted(const struct walk_handover *handover, int64_t found_at) {
    if (handover->fold.deleted)
        return found_at;
    return handover->fold.state == HV_HANDOVER_CONFIRMED ? handover->delete_at_ms : -1;
}

bool walk_dossiers_compare(struct ledger *ledger, struct ledger_walk *walk,
                           const struct walk_handover *handover) {
    const long long row = (long long)handover->fold.row;
    const int64_t found_at = deletion_at(ledger, handover->fold.row);
    const int64_t last = dossier_last(ledger, handover->fold.row);
    const bool gone = handover->fold.deleted && found_at == -1;

    walk_spend(walk, 2);
    if (ledger->error)
        return false;
    if (found_at != deletion_wanted(handover, found_at))
        return walk_differ(walk,
                           "handover row %lld: when its dossiers are deleted is not what its "
                           "events give",
                           row);
    if (gone && last >= 0)
        return walk_differ(walk, "handover row %lld: its dossiers were deleted, and %lld is there",
                           row, (long long)last);
    if (!gone && handover->missing)
        return walk_differ(walk, "handover row %lld: dossier %d is missing", row,
                           __builtin_ctz(handover->missing));
    if (!gone && last > handover->fold.supplements)
        return walk_differ(walk, "handover row %lld: dossier %lld belongs to no event", row,
                           (long long)last);
    walk->result.dossiers += gone ? 0 : handover->fold.supplements + 1;
    return true;
}

/* ---- Receipts ---- */

/* The name of the first element that differs, or NULL. The network's name is compared where it is
 * known. */
#define BYTES_DIFFER(member)                                           \
    if (memcmp(&one->member, &other->member, sizeof one->member) != 0) \
    return #member
#define NUMBER_DIFFERS(member)                          \
    if ((int64_t)one->member != (int64_t)other->member) \
    return #member
#define TEXT_DIFFERS(member)                     \
    if (strcmp(one->member, other->member) != 0) \
    return #member

static const char *receipt_difference(const struct receipt *one, const struct receipt *other) {
    BYTES_DIFFER(ledger);
    BYTES_DIFFER(handover);
    BYTES_DIFFER(journey);
    TEXT_DIFFERS(resident);
    TEXT_DIFFERS(from.organisation);
    TEXT_DIFFERS(from.begeleider);
    TEXT_DIFFERS(to.organisation);
    TEXT_DIFFERS(to.begeleider);
    NUMBER_DIFFERS(contact.on);
    NUMBER_DIFFERS(contact.how);
    NUMBER_DIFFERS(contact.with);
    NUMBER_DIFFERS(has_dossier_hash);
    if (one->has_dossier_hash)
        BYTES_DIFFER(dossier_hash);
    NUMBER_DIFFERS(at);
    NUMBER_DIFFERS(seq);
    BYTES_DIFFER(head);
    return NULL;
}

/* What its receipt has to say. */
static struct receipt receipt_of(const struct ledger_walk *walk, struct sql *sql,
                                 const struct handover *handover, const struct hv_event *event,
                                 const struct hv_holder *before) {
    struct receipt receipt = {
        .ledger = *ledger_id(sql->ledger),
        .handover = handover->id,
        .journey = handover->journey,
        .from = *before,
        .to = event->holder,
        .contact = event->contact,
        .has_dossier_hash = handover->has_dossier_hash,
        .at = column_int(sql, "at"),
        .seq = handover->ended_seq,
    };

    copy_text(receipt.resident, walk->journey.fold.resident);
    memcpy(receipt.dossier_hash, handover->dossier_hash, sizeof receipt.dossier_hash);
    column_bytes(sql, "hash", receipt.head, sizeof receipt.head);
    return receipt;
}

bool walk_receipt_compare(struct ledger *ledger, struct ledger_walk *walk, struct sql *sql,
                          const struct handover *handover, const struct hv_event *event,
                          const struct hv_holder *before) {
    const struct receipt wanted = receipt_of(walk, sql, handover, event, before);
    uint8_t bytes[RECEIPT_SIZE_MAX];
    struct receipt receipt;
    const size_t size = ledger_receipt_get(ledger, handover->row, bytes, sizeof bytes);

    walk_spend(walk, 1);
    if (ledger->error)
        return false;
    if (size == 0)
        return walk_differ(walk, "handover row %lld: its receipt is missing",
                           (long long)handover->row);
    const int rc = receipt_read(bytes, size, &receipt);
    if (rc == -ENOMEM) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    if (rc < 0)
        return walk_differ(walk, "handover row %lld: its receipt is damaged",
                           (long long)handover->row);
    const char *member = receipt_difference(&wanted, &receipt);
    if (member)
        return walk_differ(walk, "handover row %lld: %s of its receipt is not what its event says",
                           (long long)handover->row, member);
    walk->result.receipts++;
    return true;
}

/* Where the network lists no receipt keys the one that follows from the broker's own signed. It is
 * known while that is still the broker's. 0; -EKEYREJECTED; -ENOKEY where no key is known. */
static int signature_check(struct ledger_walk *walk, const uint8_t *bytes, size_t size,
                           struct receipt *ret_receipt) {
    const struct network *network = walk->items.network;
    int rc = -ENOKEY;

    for (size_t i = 0; i < network->receipt_key_count && rc != 0; i++) {
        walk_spend(walk, WALK_SIGNATURE);
        rc = receipt_check(bytes, size, network->receipt_keys[i].public_key, ret_receipt);
    }
    if (network->receipt_key_count > 0 || !walk->known.has_receipt_key ||
        memcmp(network->broker_public_key, walk->known.broker_key, sizeof walk->known.broker_key) !=
            0)
        return rc;
    walk_spend(walk, WALK_SIGNATURE);
    return receipt_check(bytes, size, walk->known.receipt_key, ret_receipt);
}

bool walk_receipt_signed(struct ledger *ledger, struct ledger_walk *walk, int64_t handover_row) {
    uint8_t bytes[RECEIPT_SIZE_MAX];
    struct receipt receipt;
    const size_t size = ledger_receipt_get(ledger, handover_row, bytes, sizeof bytes);

    if (ledger->error)
        return false;
    int rc = size > 0 ? receipt_read(bytes, size, &receipt) : -EBADMSG;
    if (rc == 0 && strcmp(receipt.network, walk->items.network->name) != 0)
        return walk_differ(walk, "handover row %lld: its receipt names another network",
                           (long long)handover_row);
    if (rc == 0)
        rc = signature_check(walk, bytes, size, &receipt);
    if (rc == -ENOMEM) {
        ledger_fail(ledger, SQLITE_NOMEM, __FILE__, __LINE__);
        return false;
    }
    if (rc == -EKEYREJECTED)
        return walk_differ(walk,
                           "handover row %lld: no receipt key of the network has signed its "
                           "receipt",
                           (long long)handover_row);
    return true;
}
