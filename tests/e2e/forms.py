"""What is well formed, command by command: where the tests of forms and of refusals begin."""

from peer import fresh_resident, fresh_uuid, pack
from world import HOLDER, RECEIVER, THIRD

WHEN = 1_700_000_000_000


def contact():
    return {"on": WHEN, "how": "visited", "with": "resident"}


def talked():
    return {"on": WHEN, "begeleider": "anna"}


def present():
    return [{"organisation": HOLDER, "person": "anna"}]


FULL = {  # every key that the contract gives the command, each with a value that is fine; some have several forms
    "hello": dict(version=1, minor=0, role="endpoint", instance="desk-1", credit=5),
    "open": dict(journey=fresh_uuid(), resident=fresh_resident(), begeleider="anna", basis="consent", basis9="care",
                 urgency="urgent", domains=["money"], reopens=False, on=WHEN),
    "reassign": dict(journey=fresh_uuid(), begeleider="bob", instead_of="anna", reason="ill", on=WHEN),
    "close": dict(journey=fresh_uuid(), begeleider="anna", outcome="helped", talked=talked(), on=WHEN),
    "settle": dict(journey=fresh_uuid(), person="nora", agree=True, reason="seen", on=WHEN),
    "offer": dict(journey=fresh_uuid(), handover=fresh_uuid(), to=RECEIVER, kind="warm", urgency="crisis",
                  begeleider="anna", disclose="received", age=44, family=True, domains=["work"], on=WHEN),
    "receive": dict(handover=fresh_uuid(), begeleider="eva", instead_of="bob", on=WHEN),
    "pickup": dict(handover=fresh_uuid(), begeleider="eva", planned=WHEN, instead_of="bob", on=WHEN),
    "introduce": dict(handover=fresh_uuid(), on=WHEN, how="joint", present=present(), resident=True),
    "confirm": {"handover": fresh_uuid(), "begeleider": "eva", "contact": contact(), "as": "cold",
                "reason": "no-time", "on": WHEN},
    "decline": dict(handover=fresh_uuid(), reason="full", decided="rule", suggest=THIRD, on=WHEN),
    "withdraw": dict(handover=fresh_uuid(), reason="entered-in-error", on=WHEN),
    "fetch": dict(handover=fresh_uuid()),
    "supplement": dict(handover=fresh_uuid(), number=1, on=WHEN),
    "wait": dict(handover=fresh_uuid(), begeleider="eva", reason="full", expected=WHEN, on=WHEN),
    "note": dict(journey=fresh_uuid(), handover=fresh_uuid(), code="in-touch", next=7, on=WHEN),
    "note no-show": dict(journey=fresh_uuid(), handover=fresh_uuid(), code="no-show", by="receiver", on=WHEN),
    "note tip": dict(journey=fresh_uuid(), code="tip", to=THIRD, next=7, on=WHEN),
    "urgency": dict(journey=fresh_uuid(), to="crisis", reason="evicted", on=WHEN),
    "contest": dict(handover=fresh_uuid(), reason="not-there", on=WHEN),
    "claim": dict(handover=fresh_uuid(), person="nora", until=WHEN, on=WHEN),
    "claim journey": dict(journey=fresh_uuid(), person="nora", until=WHEN, on=WHEN),
    "absent": {"begeleider": "anna", "from": WHEN, "until": WHEN, "deputy": "bob", "on": WHEN},
    "list": dict(state="offered", phase="receipt", organisation=HOLDER, after=fresh_uuid(), limit=10),
    "watch": {"from": 0},
    "clock-accept": {},
    "verify": dict(head=b"h" * 32, at_seq=1),
    "status": dict(journey=fresh_uuid()),
    "history": dict(journey=fresh_uuid(), after=0, limit=10),
    "map": {},
    "stats": {},
    "reload": {},
    "ack": dict(item=1),
    "nack": dict(item=1, after=10),
    "bye": {},
    "ping": {},
}
FOR = {"for": HOLDER, "reason": "quiet"}
FULL |= {"offer for": {**FULL["offer"], **FOR}, "close for": {**FULL["close"], **FOR},
         "note for": {**FULL["note"], **FOR}, "decline for": {**FULL["decline"], "for": HOLDER},
         "withdraw for": {**FULL["withdraw"], "for": HOLDER}}


def kind_of(command):
    """The command without the word that tells its forms apart."""
    return command.split()[0]


OPTIONAL = {
    "hello": {"minor"}, "open": {"basis9", "domains", "reopens", "on"}, "close": {"on"},
    "offer": {"disclose", "age", "family", "domains", "on"}, "receive": {"instead_of", "on"},
    "pickup": {"planned", "instead_of", "on"}, "confirm": {"as", "on"}, "decline": {"suggest", "on"},
    "withdraw": {"on"}, "supplement": {"on"}, "history": {"after", "limit"}, "wait": {"on"}, "contest": {"on"},
    "note": {"handover", "next"}, "absent": {"deputy"}, "list": {"state", "phase", "organisation", "after", "limit"},
}
OPTIONAL |= {"offer for": OPTIONAL["offer"], "close for": OPTIONAL["close"], "note for": OPTIONAL["note"],
             "decline for": OPTIONAL["decline"] | {"for"}, "withdraw for": OPTIONAL["withdraw"] | {"for"}}

REQUEST = {"type": "map", "request": "r"}


def frames_for(world, command):
    return world.network.dossier(RECEIVER, b"sealed") if command == "supplement" else None


def ask(world, peer, command, **keys):
    return peer.ask(kind_of(command), frames_for(world, command), **keys)


def nested(depth):
    value = "x"
    for _ in range(depth - 1):
        value = {"a": value}
    return pack({**REQUEST, "colour": value})
