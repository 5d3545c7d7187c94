"""What the wire contract says about messages from the broker, restated for the tests alone.

Everything that a peer receives is checked here, whatever the test was about: a broker that says a
key too many says it somewhere, and this is where it is heard.
"""

import hashlib
import re

ORGANISATION = re.compile(r"[a-z0-9-]{1,32}\Z")
CODE = ORGANISATION
PERSON = re.compile(r"[a-z0-9._-]{1,64}\Z")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
RESIDENT = re.compile(r"r1\.[A-Za-z0-9_-]{43}\Z")
INTEGER_MAX = 2**53 - 1

REFUSALS = [
    "too-large",
    "malformed",
    "no-session",
    "version",
    "busy",
    "unavailable",
    "unknown",
    "forbidden",
    "conflict",
    "stale-key",
    "not-introduced",
]

HANDOVER_STATES = ["offered", "delivered", "received", "picked-up", "waiting", "confirmed", "declined", "withdrawn"]
JOURNEY_STATES = ["open", "closing", "closed"]
ENDED = ["confirmed", "declined", "withdrawn"]

ITEM_EVENTS = {
    "offered", "dossier", "received", "picked-up", "introduced", "confirmed", "declined",
    "withdrawn", "reassigned", "closing", "settled", "closed", "suspected", "waiting", "noted", "reminded",
    "escalated", "check-in-due", "contested", "claimed", "absent", "quiet", "digest", "clock",
}

# Events that belong to no journey.
WITHOUT_JOURNEY = {"suspected", "absent", "quiet", "digest", "clock"}

EVENT_KEYS = {
    "event", "journey", "handover", "seq", "at", "organisation", "role", "begeleider", "on", "resident",
    "basis", "basis9", "reopens", "from", "to", "kind", "urgency", "disclose", "age", "family", "domains",
    "instead_of", "planned", "how", "present", "with_resident", "holder", "contact", "as", "reason",
    "decided", "suggest", "destroy", "number", "dossier_hash", "deleted", "delete_at", "outcome",
    "talked", "no_talk", "person", "agree", "inbox", "item", "network_hash",
    "about", "count", "acted_for", "phase", "step", "since", "due", "awaits", "addressees", "reached", "rested",
    "telephone", "of", "expected", "code", "by", "next", "until", "was_until", "of_network", "begins", "deputy",
    "overdue", "doubted", "by_phase", "by_organisation",
}

STANDING = {"type", "journey", "state", "holder", "urgency", "since"}
STANDING_MORE = {"handover", "receiver", "kind", "introduced", "phase", "step", "due", "late", "claimed", "stuck", "told"}

# type: (keys that must be there, keys that may)
KEYS = {
    "welcome": (
        {"type", "request", "organisation", "network", "ledger", "heartbeat", "receipt_key", "head", "at",
         "seq"},
        set(),
    ),
    "done": (
        {"type", "ledger", "at", "seq"},
        {
            "request", "repeated", "journey", "handover", "state", "holder", "dossier_hash", "receiver",
            "kind", "urgency", "since", "planned", "introduced", "as", "reason", "times", "events",
            "next", "organisations", "receipt_keys", "stats", "counts", "head", "phase", "step", "due",
            "claimed", "told", "warnings", "journeys", "late", "stuck",
        },
    ),
    "refused": ({"type", "code", "reason"}, {"request", "field", "retry_after"}),
    "pong": ({"type"}, {"request"}),
    "ping": ({"type"}, {"request"}),
    "item": ({"type", "item", "attempt", "event", "seq", "at"}, EVENT_KEYS | {"receipt", "for"}),
    "journey": (STANDING, STANDING_MORE),
    "live": ({"type", "seq"}, set()),
    "event": ({"type", "event", "seq", "at"}, EVENT_KEYS),
    "gap": ({"type", "from", "to"}, set()),
}

SUSPECTED = {"type", "item", "attempt", "event", "seq", "at", "about", "reason", "count"}

# What a command on a journey or on a handover is answered, no more and no less.
DONE_OF_JOURNEY = {"type", "request", "ledger", "at", "seq", "journey", "state", "holder"}  # while it is open, `due` too
DONE_OF_HANDOVER = DONE_OF_JOURNEY | {"handover"}


class ContractBroken(AssertionError):
    """The broker sent what the contract does not allow."""


def unique_pairs(pairs):
    """For msgpack: a map in which no key stands twice."""
    found = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise ContractBroken(f"a key that is not text: {key!r}")
        if key in found:
            raise ContractBroken(f"the key {key!r} stands twice")
        found[key] = value
    return found


def check_values(value, where):
    """No float, no nil, no number outside the wire's range, however deep."""
    if value is None or isinstance(value, float):
        raise ContractBroken(f"{where} is {value!r}")
    if isinstance(value, dict):
        for key, inner in value.items():
            check_values(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check_values(inner, f"{where}[{number}]")
    elif isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= INTEGER_MAX:
        raise ContractBroken(f"{where} is {value}, outside 0 to 2^53-1")
    elif not isinstance(value, (bool, int, str, bytes)):
        raise ContractBroken(f"{where} is {value!r}")


def check_form(envelope, key, form):
    if key in envelope and not form.match(str(envelope[key])):
        raise ContractBroken(f"{key} is {envelope[key]!r}")


def check_person_of(organisation_and_person, where, person):
    wanted = {"organisation", person}
    if set(organisation_and_person) - wanted:
        raise ContractBroken(f"{where} has keys {sorted(organisation_and_person)}")


def check_holder(envelope):
    holder = envelope.get("holder")
    if holder is not None and set(holder) != {"organisation", "begeleider"}:
        raise ContractBroken(f"holder is not one organisation and one begeleider: {holder!r}")


def check_event(event, where):
    """An event of history or an item: its keys, and the pseudonym only where it may be."""
    strange = set(event) - EVENT_KEYS - {"type", "attempt", "receipt", "for"}
    if strange:
        raise ContractBroken(f"{where} has unknown keys {sorted(strange)}")
    if "resident" in event and event["event"] not in ("opened", "dossier"):
        raise ContractBroken(f"{where}: {event['event']} carries the pseudonym")
    check_holder(event)


def check_message(envelope, has_dossier):
    """Raises ContractBroken unless the broker may say this."""
    kind = envelope.get("type")
    if kind not in KEYS:
        raise ContractBroken(f"no such message from a broker: {envelope!r}")
    required, optional = KEYS[kind]
    missing, strange = required - set(envelope), set(envelope) - required - optional
    if missing or strange:
        raise ContractBroken(f"{kind}: missing {sorted(missing)}, unknown {sorted(strange)} in {envelope!r}")
    check_values(envelope, kind)
    check_holder(envelope)
    check_form(envelope, "journey", UUID)
    check_form(envelope, "handover", UUID)
    check_form(envelope, "ledger", UUID)
    check_form(envelope, "resident", RESIDENT)
    if kind == "item":
        check_item(envelope, has_dossier)
    elif has_dossier:
        raise ContractBroken(f"{kind} came with a dossier")
    if kind == "refused" and envelope["code"] not in REFUSALS:
        raise ContractBroken(f"no such refusal: {envelope!r}")
    if kind == "done":
        for event in envelope.get("events", []):
            check_event(event, "history")


def check_item(envelope, has_dossier):
    event = envelope["event"]
    if event not in ITEM_EVENTS:
        raise ContractBroken(f"no item carries {event!r}")
    check_event(envelope, "item")
    if ("journey" in envelope) != (event not in WITHOUT_JOURNEY):
        raise ContractBroken(f"an item is of a journey, but for {sorted(WITHOUT_JOURNEY)}: {envelope!r}")
    if event == "suspected" and set(envelope) != SUSPECTED:
        raise ContractBroken(f"suspected says {sorted(set(envelope) ^ SUSPECTED)} too much or too little: {envelope!r}")
    if envelope["item"] < 1 or envelope["attempt"] < 1:
        raise ContractBroken(f"item and attempt count from 1: {envelope!r}")
    if has_dossier and event != "dossier":
        raise ContractBroken(f"the item {event} came with a dossier")
    if event == "offered" and {"resident", "shield", "dossier_hash", "number"} & set(envelope):
        raise ContractBroken(f"an offer tells too much: {envelope!r}")
    if ("receipt" in envelope) != (event == "confirmed"):
        raise ContractBroken(f"a receipt goes with confirmed, and with nothing else: {envelope!r}")
    if event == "dossier" and envelope.get("deleted"):
        if has_dossier or "resident" in envelope or "shield" in envelope:
            raise ContractBroken(f"a deleted dossier came along: {envelope!r}")


def hash_of(dossier):
    return hashlib.blake2b(dossier, digest_size=32).digest()
