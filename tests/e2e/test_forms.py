"""Forms: what is malformed or too large, command by command and key by key, and the field that is named."""

import msgpack
import pytest

from forms import FULL, OPTIONAL, REQUEST, WHEN, ask, contact, kind_of, nested, present, talked
from peer import NoAnswer, expect_refusal, fresh_uuid, pack
from world import HOLDER, RECEIVER, THIRD, all_at_once

# ---- what is not, form by form ----

NOT_TEXT = [7, 1.5, None, True, b"bytes", ["list"], {"a": "map"}]
FORMS = {
    "uuid": NOT_TEXT + ["", fresh_uuid().upper(), fresh_uuid()[:-1], fresh_uuid().replace("-", ""),
                        fresh_uuid() + " ", "{" + fresh_uuid()[1:-1] + "}"],
    "organisation": NOT_TEXT + ["", "KCC", "a" * 33, "delft support", "delft_support", "é"],
    "code": NOT_TEXT + ["", "Holiday", "a" * 33, "two words", "a.b"],
    "person": NOT_TEXT + ["", "Anna", "a" * 65, "anna de vries", "anna@delft", "ànna"],
    "resident": NOT_TEXT + ["", "r1." + "A" * 42, "r1." + "A" * 44, "r2." + "A" * 43, "r1." + "A" * 42 + "=",
                            "r1." + "A" * 42 + "+", "123456782", "R1." + "A" * 43],
    "time": [-1, 2**53, 1.0, None, True, "2026-01-01", b"1", [1]],
    "boolean": [0, 1, "true", None, 1.0, b"\x01"],
    "word": NOT_TEXT + ["", "other", "WARM"],
    "request": ["", "x" * 65, 7, None, b"q"],
}


def whole(low, high):
    return [low - 1, high + 1, 1.0, None, True, "1", b"1", 2**64 - 1]


PART_OF = {
    "contact": [7, None, "yesterday", [], {}, {"on": WHEN, "how": "visited"}, {**contact(), "colour": "red"},
                {**contact(), "how": "by-letter"}, {**contact(), "with": "neighbour"}, {**contact(), "on": 1.5},
                {**contact(), "on": None}],
    "talked": [7, None, "yes", [], {}, {"on": WHEN}, {"begeleider": "anna"}, {**talked(), "colour": "red"},
               {**talked(), "begeleider": "Anna"}, {**talked(), "on": -1}],
    "present": [7, None, {}, "anna", ["anna"], [{}], [{"organisation": HOLDER}], [{**present()[0], "person": "A"}],
                [{**present()[0], "colour": "red"}], present() * 33, [None]],
    "domains": [7, None, "money", {}, [7], ["Money"], [None], [""], ["a" * 33], ["money"] * 33],
}

KINDS = {  # command, key: which forms are wrong for it
    ("hello", "version"): [-1, 1.0, None, True, "1", b"1"], ("hello", "minor"): whole(0, 2**53 - 1),
    ("hello", "role"): FORMS["word"], ("hello", "instance"): FORMS["code"], ("hello", "credit"): whole(0, 1000),
    ("open", "basis"): FORMS["word"], ("open", "basis9"): FORMS["word"], ("open", "reopens"): FORMS["boolean"],
    ("close", "outcome"): FORMS["word"], ("close", "talked"): PART_OF["talked"],
    ("settle", "agree"): FORMS["boolean"],
    ("offer", "kind"): FORMS["word"] + ["Callback", "terugbel"], ("offer", "disclose"): FORMS["word"],
    ("offer", "age"): whole(0, 150), ("offer", "family"): FORMS["boolean"], ("offer", "to"): FORMS["organisation"],
    ("introduce", "how"): FORMS["word"], ("introduce", "present"): PART_OF["present"],
    ("introduce", "resident"): FORMS["boolean"],
    ("confirm", "contact"): PART_OF["contact"], ("confirm", "as"): FORMS["word"] + ["warm"],
    ("decline", "decided"): FORMS["word"], ("decline", "suggest"): FORMS["organisation"],
    ("supplement", "number"): whole(1, 15),
    ("history", "after"): whole(0, 2**53 - 1), ("history", "limit"): whole(1, 1000),
    ("note", "code"): FORMS["word"] + ["reached"], ("note", "by"): FORMS["word"] + ["nobody"],
    ("note", "next"): whole(1, 366), ("note", "to"): FORMS["organisation"], ("urgency", "to"): FORMS["word"],
    ("absent", "from"): FORMS["time"], ("watch", "from"): whole(0, 2**53 - 1),
    ("list", "state"): FORMS["code"], ("list", "phase"): FORMS["word"] + ["receive", "pickup"],
    ("list", "after"): FORMS["uuid"], ("list", "limit"): whole(1, 1000),
    ("verify", "head"): [7, None, "h" * 32, b"", b"h" * 31, b"h" * 33, [b"h" * 32]],
    ("verify", "at_seq"): whole(1, 2**53 - 1),
    ("ack", "item"): whole(0, 2**53 - 1), ("nack", "item"): whole(0, 2**53 - 1), ("nack", "after"): whole(0, 3_600_000),
}
BY_NAME = {
    "journey": FORMS["uuid"], "handover": FORMS["uuid"], "resident": FORMS["resident"], "begeleider": FORMS["person"],
    "instead_of": FORMS["person"], "person": FORMS["person"], "reason": FORMS["code"], "urgency": FORMS["word"],
    "domains": PART_OF["domains"], "on": FORMS["time"], "planned": FORMS["time"], "expected": FORMS["time"],
    "until": FORMS["time"], "deputy": FORMS["person"], "organisation": FORMS["organisation"],
    "for": FORMS["organisation"],
}


def wrong_values(command, key):
    return KINDS.get((kind_of(command), key)) or BY_NAME[key]


FIELDS = [(command, key) for command, keys in FULL.items() for key in keys]


@pytest.mark.parametrize("command", FULL)
def test_the_full_form_is_well_formed(shared_world, stranger, command):
    """The base of the tests below is itself fine: it gets as far as no-session."""
    if command == "hello":
        assert stranger.ask("hello", **FULL["hello"]).type == "welcome"
        assert stranger.ask("bye").type == "done"
    elif command not in ("ping", "bye"):
        expect_refusal(ask(shared_world, stranger, command, **FULL[command]), "no-session")


@pytest.mark.parametrize("command, key", FIELDS)
def test_a_wrong_value_is_malformed(shared_world, stranger, command, key):
    """Every key of every command with every wrong form: malformed, and the field is named."""
    with all_at_once(f"{command}.{key}") as differences:
        for value in wrong_values(command, key):
            keys = {**FULL[command], key: value}
            expect_malformed(differences, shared_world, stranger, command, keys, key, repr(value))


@pytest.mark.parametrize("command, key", [(c, k) for c, k in FIELDS if k not in OPTIONAL.get(c, ())])
def test_a_missing_key_is_malformed(shared_world, stranger, command, key):
    """A key that has to be there, and is not."""
    keys = {name: value for name, value in FULL[command].items() if name != key}
    with all_at_once(command) as differences:
        if key in ("journey", "handover") and kind_of(command) in ("status", "claim"):  # one of the two
            answer = stranger.ask(kind_of(command), **keys)
            if answer.type != "refused" or answer["code"] != "malformed":
                differences.append(f"{command} of nothing: {answer}")
        else:
            expect_malformed(differences, shared_world, stranger, command, keys, key, "missing")


def test_optional_keys_may_be_absent(shared_world, stranger):
    """Without them the command is well formed."""
    for command, optional in OPTIONAL.items():
        if command == "hello":
            continue
        keys = {name: value for name, value in FULL[command].items() if name not in optional}
        if command == "confirm":
            del keys["reason"]
        expect_refusal(ask(shared_world, stranger, command, **keys), "no-session", what=command)


def expect_malformed(differences, world, peer, command, keys, field, what):
    answer = ask(world, peer, command, **keys)
    got = (answer.type, answer.get("code"), answer.get("field"))
    if got != ("refused", "malformed", field):
        differences.append(f"{what}: expected malformed {field}, got {answer}")
        if answer.type == "welcome":
            peer.ask("bye")


@pytest.mark.parametrize("command", [c for c in FULL if c not in ("ack", "nack", "bye", "ping")])
def test_request_is_required(stranger, command):
    """But for ack, nack, bye, ping and pong (6.8)."""
    answer = stranger.raw(pack({"type": kind_of(command), **FULL[command]}),
                          *([b"k" * 40] if command == "supplement" else []))
    expect_refusal(answer, "malformed", "request")
    assert "request" not in answer


@pytest.mark.parametrize("value", FORMS["request"], ids=repr)
def test_request_of_a_wrong_form(stranger, value):
    """1 to 64 characters of text."""
    expect_refusal(stranger.raw(pack({"type": "map", "request": value})), "malformed", "request")


def test_request_counts_characters(shared_world):
    """64 characters, whatever their bytes."""
    request = "é" * 64
    assert shared_world.holder.ask("map", request=request)["request"] == request


@pytest.mark.parametrize("command", FULL)
def test_an_unknown_key_is_malformed(shared_world, stranger, command):
    """And the field is its name."""
    with all_at_once(command) as differences:
        expect_malformed(differences, shared_world, stranger, command, {**FULL[command], "colour": "red"},
                         "colour", "unknown")


LATER = {
    "capacity": dict(state="full"), "backup": {}, "erase": {}, "inzage": {}, "ladder-apply": {},
    "welcome": {}, "done": {}, "refused": {}, "item": {}, "journey": {}, "live": {}, "event": {}, "gap": {},
    "nonsense": {}, "": {}, "OPEN": {}, "told": {}, "set_urgency": {}, "clock_accept": {},
}


@pytest.mark.parametrize("kind", LATER)
def test_a_command_that_is_not_of_this_version(shared_world, kind):
    """Later commands, the broker's own messages and nonsense: malformed with field type."""
    shared_world.holder.refused("malformed", kind, field="type", **LATER[kind])


@pytest.mark.parametrize("kind, key, value", [
    ("offer", "triage", {"safety": True}), ("offer", "contact", "milestones"), ("offer", "shield", [THIRD]),
    ("open", "for", THIRD), ("confirm", "for", THIRD), ("receive", "for", THIRD), ("pickup", "for", THIRD),
    ("wait", "for", THIRD), ("reassign", "for", THIRD), ("urgency", "for", THIRD), ("status", "claimed", True),
])
def test_a_key_that_comes_later_is_unknown(shared_world, stranger, kind, key, value):
    """A field is shipped with its behaviour or not at all."""
    with all_at_once(kind) as differences:
        expect_malformed(differences, shared_world, stranger, kind, {**FULL[kind], key: value}, key, "later")


# ---- bytes that are not one map ----

PING = pack({"type": "ping", "request": "r"})


def pairs(*items):
    """A map of these pairs as they are, repeated keys and all."""
    return bytes([0x80 | len(items)]) + b"".join(msgpack.packb(k) + msgpack.packb(v) for k, v in items)


NOT_ONE_MAP = {
    "empty": b"", "nil": b"\xc0", "an array": msgpack.packb([1]), "text": msgpack.packb("ping"),
    "a number": b"\x07", "cut": PING[:-1], "trailing": PING + b"\xc0", "two maps": PING + PING,
    "never used": b"\xc1", "a huge array": b"\xdd\x10\x00\x00\x00", "a huge map": b"\xdf\xff\xff\xff\xff",
    "huge text": b"\x81\xa4type\xdb\xff\xff\xff\xff", "an extension": b"\xd4\x01\x00", "noise": bytes(range(200, 256)),
}


@pytest.mark.parametrize("name", NOT_ONE_MAP)
def test_an_envelope_that_is_not_one_map(shared_world, name):
    """malformed without a field; the session lives on."""
    peer = shared_world.holder
    answer = expect_refusal(peer.raw(NOT_ONE_MAP[name]), "malformed")
    assert "field" not in answer, f"no field can be named: {answer}"
    peer.done("map")


TIMESTAMP = b"\xd6\xff\x00\x00\x00\x00"
IN_A_FIELD = {
    "a repeated type": (pairs(("type", "map"), ("request", "r"), ("type", "map")), "type"),
    "a repeated request": (pairs(("request", "r"), ("type", "map"), ("request", "r")), "request"),
    "a repeated key": (pairs(("type", "ack"), ("request", "r"), ("item", 1), ("item", 1)), "item"),
    "a repeated key below": (pack({"type": "reassign", "request": "r"}), None),
    "an extension": (b"\x83\xa4type\xa3ack\xa7request\xa1r\xa4item" + TIMESTAMP, "item"),
    "text that is not UTF-8": (b"\x82\xa4type\xa3map\xa7request\xa2\xc3\x28", "request"),
    "a surrogate": (b"\x82\xa4type\xa3map\xa7request\xa3\xed\xa0\x80", "request"),
    "an overlong form": (b"\x82\xa4type\xa3map\xa7request\xa2\xc0\xaf", "request"),
    "type as bytes": (pack({"type": b"map", "request": "r"}), "type"),
    "no type": (pack({"request": "r"}), "type"),
    "type as a number": (pack({"type": 7, "request": "r"}), "type"),
    "a double for a number": (b"\x83\xa4type\xa3ack\xa7request\xa1r\xa4item\xcb" + b"\x3f\xf0" + b"\x00" * 6, "item"),
    "a number below 0": (pack({"type": "ack", "request": "r", "item": -5}), "item"),
    "a number beyond 2^63": (pack({"type": "ack", "request": "r", "item": 2**63 + 5}), "item"),
}
IN_A_FIELD["a repeated key below"] = (
    b"\x87\xa4type\xa7confirm\xa7request\xa1r" + msgpack.packb("handover") + msgpack.packb(fresh_uuid())
    + msgpack.packb("begeleider") + msgpack.packb("eva") + msgpack.packb("reason") + msgpack.packb("x")
    + msgpack.packb("as") + msgpack.packb("cold") + msgpack.packb("contact")
    + pairs(("on", WHEN), ("how", "came"), ("with", "resident"), ("on", WHEN)), "contact")


@pytest.mark.parametrize("name", IN_A_FIELD)
def test_bytes_that_are_wrong_in_one_field(shared_world, name):
    """malformed, with the top-level key in which it lies."""
    frame, field = IN_A_FIELD[name]
    peer = shared_world.holder
    expect_refusal(peer.raw(frame), "malformed", field)
    peer.done("map")


def test_a_key_that_is_not_text(shared_world):
    """All keys are text."""
    peer = shared_world.holder
    for key in (b"\x07", b"\xc0", b"\xc4\x04type", b"\x80"):
        expect_refusal(peer.raw(b"\x83\xa4type\xa3map\xa7request\xa1r" + key + b"\x01"), "malformed")


@pytest.mark.parametrize("command", [c for c in FULL if kind_of(c) not in ("hello", "offer", "supplement", "bye")])
def test_a_dossier_elsewhere(shared_world, command):
    """Frame 2 comes with offer and supplement only."""
    frame = pack({"type": kind_of(command), "request": "r", **FULL[command]})
    expect_refusal(shared_world.holder.raw(frame, b"k" * 40), "malformed", "dossier")


def test_a_third_frame(shared_world):
    """Two frames at most."""
    frame = pack({"type": "offer", "request": "r", **FULL["offer"]})
    for frames in ((frame, b"k" * 40, b"more"), (frame, b"k" * 40, b""), (PING, b"", b"")):
        expect_refusal(shared_world.holder.raw(*frames), "malformed")
    shared_world.holder.done("map")


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_dossier_without_a_key_id(shared_world, size):
    """Its first 8 bytes are the id of the sealing key."""
    journey = shared_world.open()
    keys = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="anna")
    shared_world.holder.refused("malformed", "offer", b"k" * size, field="dossier", **keys)
    shared_world.holder.fresh("offer", **keys)


def test_a_supplement_is_a_dossier(shared_world):
    """Without frame 2 there is nothing to supplement."""
    _, handover = shared_world.offer()
    shared_world.holder.refused("malformed", "supplement", handover=handover, number=1, field="dossier")


# ---- rules between keys ----


@pytest.mark.parametrize("keys, field", [
    (dict(outcome="helped", talked=talked(), no_talk="ill"), "talked"),
    (dict(outcome="helped"), "talked"),
    (dict(outcome="no-response"), "talked"),
    (dict(outcome="no-solution", talked=talked(), no_talk="ill"), "talked"),
    (dict(outcome="deceased", talked=talked(), no_talk="ill"), "talked"),
])
def test_talked_and_no_talk(shared_world, keys, field):
    """One of them, not both; deceased and entered-in-error need neither (6.6)."""
    journey = shared_world.open()
    shared_world.holder.refused("malformed", "close", journey=journey, begeleider="anna", field=field, **keys)


def test_as_without_reason(shared_world):
    """6.6"""
    _, handover = shared_world.offer(kind="warm")
    shared_world.receiver.refused("malformed", "confirm", handover=handover, begeleider="eva", contact=contact(),
                                  field="reason", **{"as": "cold"})


def test_status_of_both(shared_world):
    """Either the handover or the journey."""
    journey, handover = shared_world.offer()
    shared_world.holder.refused("malformed", "status", journey=journey, handover=handover)
    claim = {**FULL["claim"], "journey": journey, "handover": handover}
    shared_world.network_coordinator.refused("malformed", "claim", **claim)


NOTE = dict(journey=fresh_uuid(), on=WHEN)
ABOUT_A_HANDOVER = ["working-on-it", "missing", "question", "answer"]


@pytest.mark.parametrize("keys, field", [
    (dict(code="in-touch", by="holder"), "by"),
    (dict(code="question", handover=fresh_uuid(), by="resident"), "by"),
    (dict(code="no-show", handover=fresh_uuid()), "by"),
    (dict(code="no-show", by="holder"), "handover"),
    (dict(code="in-touch", to=THIRD), "to"),
    (dict(code="tip", next=7), "to"),
    (dict(code="tip", to=THIRD), "next"),
    (dict(code="informed", next=7), "next"),
    (dict(code="answer", handover=fresh_uuid(), next=7), "next"),
    (dict(code="in-touch", reason="quiet"), "for"),
    ({"code": "in-touch", "for": HOLDER}, "reason"),
    *[(dict(code=code), "handover") for code in ABOUT_A_HANDOVER],
])
def test_what_goes_with_a_note(stranger, keys, field):
    """Each code has its own keys, and no others."""
    stranger.refused("malformed", "note", field=field, **NOTE, **keys)


@pytest.mark.parametrize("keys", [
    dict(code="in-touch"), dict(code="in-touch", handover=fresh_uuid()), dict(code="not-reached", next=1),
    dict(code="informed"), dict(code="informed", handover=fresh_uuid()), dict(code="tip", to=THIRD, next=366),
    dict(code="no-show", by="resident", handover=fresh_uuid()),
    *[dict(code=code, handover=fresh_uuid()) for code in ABOUT_A_HANDOVER],
])
def test_a_note_that_is_well_formed(stranger, keys):
    stranger.refused("no-session", "note", **NOTE, **keys)


@pytest.mark.parametrize("command", ["offer", "close"])
def test_acting_for_another_says_why(stranger, command):
    """`for` and `reason`, both or neither."""
    stranger.refused("malformed", command, field="reason", **{**FULL[command], "for": HOLDER})
    stranger.refused("malformed", command, field="for", **FULL[command], reason="quiet")


@pytest.mark.parametrize("kind", ["callback", "signal"])
def test_labels_of_a_cold_one(shared_world, kind):
    """They are what a cold one is called: shown as such, and confirmed without an introduction."""
    world = shared_world
    _, handover = world.offer(kind=kind)
    assert world.deliver(handover)["kind"] == kind
    assert world.status(handover=handover)["kind"] == kind
    world.confirm(handover)
    assert world.status(handover=handover)["kind"] == kind


@pytest.mark.parametrize("word", ["explicit-consent", "social-protection", "vital-interest", "care"])
def test_basis9(shared_world, word):
    """The list of 6.7."""
    shared_world.open(basis9=word)


@pytest.mark.parametrize("key, value", [
    ("age", 0), ("age", 150), ("family", False), ("domains", []), ("domains", ["a" * 32] * 32), ("on", 0),
    ("on", 2**53 - 1), ("begeleider", "a" * 64), ("begeleider", "a.b_c-9"), ("disclose", "picked-up"),
])
def test_the_edges_are_inside(shared_world, key, value):
    """The last value that is fine."""
    journey = shared_world.open()
    keys = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="anna")
    shared_world.holder.fresh("offer", **{**keys, key: value})


# ---- sizes ----


def test_an_envelope_over_the_limit(shared_world):
    """too-large, or the connection is dropped; the broker serves on."""
    frame = pack({**REQUEST, "colour": "x" * 66_000})
    peer = shared_world.session(HOLDER)
    try:
        expect_refusal(peer.raw(frame, within=1), "too-large")
    except NoAnswer:
        pass
    shared_world.holder.done("map")


def test_an_envelope_at_the_limit_is_read(shared_world):
    """64 KiB are read, and then judged by the next rule: here the unknown key."""
    frame = pack({**REQUEST, "colour": ""})
    frame = pack({**REQUEST, "colour": "x" * (65536 - len(frame) - 2)})
    assert len(frame) == 65536
    expect_refusal(shared_world.holder.raw(frame), "malformed")


@pytest.mark.parametrize("depth, code", [(4, "malformed"), (5, "too-large"), (6, "too-large"), (60, "too-large")])
def test_nesting(shared_world, depth, code):
    """Four deep, the envelope being one; over-deep is too-large and judged before malformed (6.6)."""
    expect_refusal(shared_world.holder.raw(nested(depth)), code)


def test_nesting_without_end(shared_world):
    """Sixty thousand opened arrays do no harm."""
    expect_refusal(shared_world.holder.raw(b"\x81\xa4type" + b"\x91" * 60_000), "too-large")
    shared_world.holder.done("map")


@pytest.mark.network(limits={"envelope_bytes": "1024", "dossier_bytes": "2048"})
def test_limits_downwards(world):
    """Both limits are configurable."""
    peer = world.holder
    expect_refusal(peer.raw(pack({**REQUEST, "colour": "x" * 1024})), "too-large")
    journey = world.open()
    keys = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="anna")
    other = world.session(HOLDER)
    other.send({"type": "offer", "request": "big", **keys}, world.network.dossier(RECEIVER, b"x" * 2041))
    try:
        expect_refusal(other.answer("big", within=1), "too-large")
    except NoAnswer:
        pass
    peer.fresh("offer", world.network.dossier(RECEIVER, b"x" * 2040), **keys)


def test_the_largest_dossier(shared_world):
    """1 MiB goes through."""
    dossier = shared_world.network.dossier(RECEIVER, b"x" * (2**20 - 8))
    shared_world.offer(dossier=dossier)
