"""What JSON cannot say, byte for byte: messages whose JSON form would be valid, and that the wire takes or
refuses for how they are written.

`OFFER`, `ACK` and `REFUSED` are valid messages; each case writes one of them in another way.
"""

import struct

import msgpack
import pytest

JOURNEY = "01890a5d-ac96-774b-bcce-b302099a8057"
HANDOVER = "01890a5d-ac96-774b-bcce-b302099a8058"

OFFER = {
    "type": "offer",
    "request": "q",
    "journey": JOURNEY,
    "handover": HANDOVER,
    "to": "werkse",
    "kind": "warm",
    "urgency": "routine",
    "begeleider": "anna",
    "age": 7,
    "family": True,
    "domains": ["housing"],
}
ACK = {"type": "ack", "item": 7}
REFUSED = {"type": "refused", "code": "busy", "reason": "later"}
VERIFY = {"type": "verify", "request": "q", "head": bytes(32), "at_seq": 1}

pack = msgpack.packb


def pairs(*each):
    """A map written pair by pair, so that a key may come twice."""
    return bytes([0x80 + len(each)]) + b"".join(pack(key) + value for key, value in each)


def ack(item):
    return pairs(("type", pack("ack")), ("item", item))


def offer(**others):
    return pack(OFFER | others)


def request(raw):
    """An `ack` whose `request` is this text, byte for byte."""
    text = bytes([0xDA]) + struct.pack(">H", len(raw)) + raw
    return pairs(("type", pack("ack")), ("item", pack(7)), ("request", text))


def nested(levels):
    """A refusal with a key that is not known, so many levels deep with the envelope."""
    inner = 1
    for _ in range(levels - 1):
        inner = [inner]
    return pack(REFUSED | {"mood": inner})


def sized(size):
    """An `ack` with a key that is not known, of so many bytes in all."""
    besides = len(pack(ACK | {"mood": "a" * 65000})) - 65000
    return pack(ACK | {"mood": "a" * (size - besides)})


NAN = b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"
EXTENSION = b"\xd4\x01\x00"
STAMP = b"\xd6\xff\x00\x00\x00\x00"  # the timestamp of MessagePack

TAKEN = "taken"
CASES = [
    # Keys.
    ("a key twice, with one value", "p", pairs(("type", pack("ack")), ("item", pack(7)), ("item", pack(7))), "malformed item"),
    ("a key twice, with two values", "p", pairs(("type", pack("ack")), ("item", pack(7)), ("item", pack(8))), "malformed item"),
    ("the type twice", "p", pairs(("type", pack("ack")), ("item", pack(7)), ("type", pack("ack"))), "malformed type"),
    ("a key twice, inside", "b", pairs(("type", pack("refused")), ("code", pack("busy")), ("reason", pack("later")), ("mood", b"\x82\xa1a\x01\xa1a\x02")), "malformed mood"),
    ("a key twice, once in a longer head", "p", b"\x83" + pack("type") + pack("ack") + pack("item") + pack(7) + b"\xd9\x04item" + pack(7), "malformed item"),
    ("a key that is bytes", "p", b"\x82" + pack("type") + pack("ack") + pack(b"item") + pack(7), "malformed -"),
    ("a key that is a number", "p", b"\x83" + pack("type") + pack("ack") + pack("item") + pack(7) + b"\x01\x01", "malformed -"),
    ("a key that is nil", "p", b"\x83" + pack("type") + pack("ack") + pack("item") + pack(7) + b"\xc0\x01", "malformed -"),
    ("a key that is not UTF-8", "p", b"\x83" + pack("type") + pack("ack") + pack("item") + pack(7) + b"\xa1\xff\x01", "malformed -"),
    ("an empty key", "p", pack(ACK | {"": 1}), "malformed -"),
    ("keys in another order", "p", pack(dict(reversed(OFFER.items()))), TAKEN),
    # Bytes and text.
    ("bytes for a text", "p", offer(to=b"werkse"), "malformed to"),
    ("bytes for a word", "p", offer(kind=b"warm"), "malformed kind"),
    ("bytes for a UUID: sixteen", "p", offer(journey=bytes.fromhex(JOURNEY.replace("-", ""))), "malformed journey"),
    ("bytes for a UUID: its text", "p", offer(journey=JOURNEY.encode()), "malformed journey"),
    ("bytes for a code in a list", "p", offer(domains=[b"housing"]), "malformed domains"),
    ("bytes for the type", "p", pack(ACK | {"type": b"ack"}), "malformed type"),
    ("bytes where they belong", "p", pack(VERIFY), TAKEN),
    ("hex text for bytes", "p", pack(VERIFY | {"head": bytes(32).hex()}), "malformed head"),
    ("text for bytes, as many", "p", pack(VERIFY | {"head": "a" * 32}), "malformed head"),
    ("one byte too few", "p", pack(VERIFY | {"head": bytes(31)}), "malformed head"),
    ("one byte too many", "p", pack(VERIFY | {"head": bytes(33)}), "malformed head"),
    # Text that is none.
    ("not UTF-8", "p", request(b"\xff"), "malformed request"),
    ("UTF-8 that is cut off", "p", request(b"a\xe2\x82"), "malformed request"),
    ("UTF-8 longer than need be", "p", request(b"\xc0\xaf"), "malformed request"),
    ("half a surrogate pair", "p", request(b"\xed\xa0\x80"), "malformed request"),
    ("beyond U+10FFFF", "p", request(b"\xf4\x90\x80\x80"), "malformed request"),
    ("U+0000", "p", request(b"a\x00b"), "malformed request"),
    ("not UTF-8, from the broker", "b", pack(REFUSED)[:-5] + b"\xff\xff\xff\xff\xff", "malformed reason"),
    # Characters are counted, not bytes.
    ("64 characters of one byte", "p", request(b"a" * 64), TAKEN),
    ("65 characters of one byte", "p", request(b"a" * 65), "malformed request"),
    ("64 characters of four bytes", "p", request("𝄞".encode() * 64), TAKEN),
    ("65 characters of four bytes", "p", request("𝄞".encode() * 65), "malformed request"),
    ("64 letters, each with its accent behind it", "p", request("é".encode() * 64), TAKEN),
    ("no character at all", "p", request(b""), "malformed request"),
    # Numbers.
    ("a float that looks whole", "p", ack(b"\xcb" + struct.pack(">d", 7)), "malformed item"),
    ("a short float that looks whole", "p", ack(b"\xca" + struct.pack(">f", 7)), "malformed item"),
    ("no number at all, as a float", "p", ack(NAN), "malformed item"),
    ("a float in what is not known", "b", pack(REFUSED | {"mood": 1.0}), "malformed mood"),
    ("one byte", "p", ack(b"\x07"), TAKEN),
    ("unsigned, 8 bits", "p", ack(b"\xcc\x07"), TAKEN),
    ("unsigned, 16 bits", "p", ack(b"\xcd\x00\x07"), TAKEN),
    ("unsigned, 32 bits", "p", ack(b"\xce\x00\x00\x00\x07"), TAKEN),
    ("unsigned, 64 bits", "p", ack(b"\xcf" + struct.pack(">Q", 7)), TAKEN),
    ("signed, 8 bits", "p", ack(b"\xd0\x07"), TAKEN),
    ("signed, 16 bits", "p", ack(b"\xd1\x00\x07"), TAKEN),
    ("signed, 32 bits", "p", ack(b"\xd2\x00\x00\x00\x07"), TAKEN),
    ("signed, 64 bits", "p", ack(b"\xd3" + struct.pack(">q", 7)), TAKEN),
    ("2^53-1", "p", ack(pack(2**53 - 1)), TAKEN),
    ("2^53", "p", ack(pack(2**53)), "malformed item"),
    ("2^64-1", "p", ack(pack(2**64 - 1)), "malformed item"),
    ("-1, signed", "p", ack(b"\xff"), "malformed item"),
    ("-2^63", "p", ack(pack(-(2**63))), "malformed item"),
    ("true for 1", "p", ack(b"\xc3"), "malformed item"),
    ("1 for true", "p", offer(family=1), "malformed family"),
    # What there is none of.
    ("nil", "p", ack(b"\xc0"), "malformed item"),
    ("nil for what may be absent", "p", offer(age=None), "malformed age"),
    ("nil in a list", "p", offer(domains=[None]), "malformed domains"),
    ("nil in what is not known", "b", pack(REFUSED | {"mood": None}), "malformed mood"),
    ("an extension", "p", ack(EXTENSION), "malformed item"),
    ("a timestamp", "p", offer(on=msgpack.Timestamp(0)), "malformed on"),
    ("a timestamp for a number", "p", ack(STAMP), "malformed item"),
    ("an extension in what is not known", "b", pack(REFUSED | {"mood": msgpack.ExtType(1, b"a")}), "malformed mood"),
    ("the byte that MessagePack does not use", "p", ack(b"\xc1"), "malformed -"),
    # One map, whole, and nothing behind it.
    ("nothing", "p", b"", "malformed -"),
    ("a byte behind it", "p", pack(ACK) + b"\x00", "malformed -"),
    ("a nil behind it", "p", pack(ACK) + b"\xc0", "malformed -"),
    ("the same again behind it", "p", pack(ACK) * 2, "malformed -"),
    ("the last byte missing", "p", pack(ACK)[:-1], "malformed -"),
    ("a head alone", "p", b"\x82", "malformed -"),
    ("a list of pairs", "p", pack(list(ACK.items())), "malformed -"),
    ("a text", "p", pack("ack"), "malformed -"),
    ("a number", "p", b"\x07", "malformed -"),
    ("an empty map", "p", b"\x80", "malformed type"),
    ("a map that says it has more", "p", b"\x83" + pack(ACK)[1:], "malformed -"),
    ("a map that says it has less", "p", b"\x81" + pack(ACK)[1:], "malformed -"),
    ("a map of 2^32-1 pairs", "p", b"\xdf\xff\xff\xff\xff" + pack(ACK)[1:], "malformed -"),
    ("a list of 2^32-1 items", "p", pack(OFFER)[:-9] + b"\xdd\xff\xff\xff\xff", "malformed -"),
    ("a text of 2^32-1 bytes", "p", ack(b"\xdb\xff\xff\xff\xff"), "malformed -"),
    # Heads wider than need be.
    ("a map with a head of 16 bits", "p", b"\xde\x00\x02" + pack(ACK)[1:], TAKEN),
    ("a map with a head of 32 bits", "p", b"\xdf\x00\x00\x00\x02" + pack(ACK)[1:], TAKEN),
    ("a text with a head of 32 bits", "p", pairs(("item", pack(7)), ("type", b"\xdb\x00\x00\x00\x03ack")), TAKEN),
    # Depth and size.
    ("four deep, not known", "p", pack(ACK | {"mood": [[[1]]]}), "malformed mood"),
    ("five deep", "p", pack(ACK | {"mood": [[[[1]]]]}), "too-large mood"),
    ("eight deep, from the broker", "b", nested(8), TAKEN),
    ("nine deep, from the broker", "b", nested(9), "too-large mood"),
    ("as deep as 60 KiB go", "p", b"\x83" + pack(ACK)[1:] + pack("mood") + b"\x91" * 60000 + b"\x00", "too-large mood"),
    ("64 KiB", "p", sized(65536), "malformed mood"),
    ("64 KiB and a byte", "p", sized(65537), "too-large -"),
    ("1,100 keys", "p", pack(ACK | {f"k{i}": 1 for i in range(1100)}), "too-large k1022"),
]


@pytest.mark.parametrize("whose, frame, verdict", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bytes(decoder, whose, frame, verdict):
    assert decoder.judge(frame, whose) == verdict


@pytest.mark.parametrize("message", [OFFER, ACK, VERIFY], ids=lambda message: message["type"])
def test_what_the_cases_are_made_of_is_taken(decoder, message):
    assert decoder.judge(pack(message), "p") == TAKEN
    assert decoder.judge(pack(REFUSED), "b") == TAKEN
