"""Every command in every state by every side.

Each test takes one fresh handover or journey in one state, lets every side that may not send the
command try it, then the side that may, and compares with the tables below, which restate the
contract. A cell is a state, `done` (an answer without a state of its own), `repeated` or a refusal.
"""

import dataclasses

import pytest

import contract
from peer import fresh_resident, fresh_uuid, now_ms, outcome_of
from world import DAY_MS, HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD, all_at_once

pytestmark = pytest.mark.network(limits={"heartbeat": "10m"})

SIDES = {
    "holder": (HOLDER, "endpoint"),
    "receiver": (RECEIVER, "endpoint"),
    "third": (THIRD, "endpoint"),
    "network's endpoint": (NETWORK, "endpoint"),
    "holder's coordinator": (HOLDER, "coordinator"),
    "receiver's coordinator": (RECEIVER, "coordinator"),
    "third's coordinator": (THIRD, "coordinator"),
    "network's coordinator": (NETWORK, "coordinator"),
    "operator": (NETWORK, "operator"),
}
PARTIES = {"holder", "receiver", "holder's coordinator", "receiver's coordinator", "network's coordinator"}
STRANGERS = set(SIDES) - PARTIES

OPEN_STATES = ["offered", "delivered", "received", "picked-up", "waiting"]
ENDED = contract.ENDED


def cells(**by_state):
    """offered= stands for delivered too, ended= for the three ends; what waits was put there from `offered`."""
    found = {}
    for state, expected in by_state.items():
        state = state.replace("_", "-")
        for one in {"offered": ["offered", "delivered"], "ended": ENDED}.get(state, [state]):
            found[one] = expected
    assert set(found) == set(OPEN_STATES + ENDED), f"a state is missing: {found}"
    return found


@dataclasses.dataclass
class Move:
    """One row of the table: a command with its keys, who may send it, and what comes of it."""

    name: str
    kind: str
    by: tuple
    expected: dict
    keys: object = dataclasses.field(default_factory=dict)  # a dict, or a function that makes one
    dossier: bool = False
    offer: dict = dataclasses.field(default_factory=dict)  # how the handover was offered
    by_for: dict = dataclasses.field(default_factory=dict)  # with `for`: what it says to whom, `forbidden` to the rest

    def content(self):
        return self.keys() if callable(self.keys) else self.keys

    def __str__(self):
        return self.name.replace(" ", "-")


def contact():
    return {"on": now_ms(), "how": "visited", "with": "resident"}


def introduction(**more):
    return lambda: {
        "on": now_ms(), "how": "joint", "resident": True,
        "present": [{"organisation": HOLDER, "person": "anna"}, {"organisation": RECEIVER, "person": "eva"}], **more,
    }


def same():
    """A fact that moves nothing, and that nothing can be added to once it is over."""
    return {**{state: state for state in OPEN_STATES}, **{state: "conflict" for state in ENDED}}


RECEIVER_ONLY, HOLDER_ONLY, NOBODY = ("receiver",), ("holder",), ()
COORDINATORS = ("holder's coordinator", "receiver's coordinator", "network's coordinator")


def claim(until=None):
    return {"person": "nora", "on": now_ms(), "until": now_ms() + HOUR_MS if until is None else until}



MOVES = [
    # The set-up went through `receive` and `pickup` by eva where the state says so.
    Move("receive by the same", "receive", RECEIVER_ONLY, keys={"begeleider": "eva"}, expected=cells(
        offered="received", received="repeated", picked_up="repeated", waiting="received", ended="conflict")),
    Move("receive by another", "receive", RECEIVER_ONLY, keys={"begeleider": "bob"}, expected=cells(
        offered="received", received="conflict", picked_up="conflict", waiting="received", ended="conflict")),
    Move("receive instead of the present one", "receive", RECEIVER_ONLY,
         keys={"begeleider": "bob", "instead_of": "eva"}, expected=cells(
             offered="conflict", received="received", picked_up="conflict", waiting="conflict", ended="conflict")),
    Move("receive instead of somebody else", "receive", RECEIVER_ONLY,
         keys={"begeleider": "bob", "instead_of": "carl"}, expected=cells(
             offered="conflict", received="conflict", picked_up="conflict", waiting="conflict", ended="conflict")),
    Move("pickup by the same", "pickup", RECEIVER_ONLY, keys={"begeleider": "eva"}, expected=cells(
        offered="picked-up", received="picked-up", picked_up="repeated", waiting="picked-up", ended="conflict")),
    Move("pickup by another", "pickup", RECEIVER_ONLY, keys={"begeleider": "bob"}, expected=cells(
        offered="picked-up", received="picked-up", picked_up="conflict", waiting="picked-up", ended="conflict")),
    Move("pickup instead of the present one", "pickup", RECEIVER_ONLY,
         keys={"begeleider": "bob", "instead_of": "eva"}, expected=cells(
             offered="conflict", received="picked-up", picked_up="picked-up", waiting="conflict", ended="conflict")),
    Move("pickup instead of somebody else", "pickup", RECEIVER_ONLY,
         keys={"begeleider": "bob", "instead_of": "carl"}, expected=cells(
             offered="conflict", received="conflict", picked_up="conflict", waiting="conflict", ended="conflict")),
    Move("pickup with a plan", "pickup", RECEIVER_ONLY, keys={"begeleider": "eva", "planned": 1900000000000},
         expected=cells(offered="picked-up", received="picked-up", picked_up="picked-up", waiting="picked-up",
                        ended="conflict")),
    Move("wait", "wait", RECEIVER_ONLY, keys=lambda: {"begeleider": "eva", "reason": "ill",
                                                      "expected": now_ms() + DAY_MS},
         expected=cells(offered="waiting", received="waiting", picked_up="waiting", waiting="waiting",
                        ended="conflict")),
    Move("wait in crisis", "wait", RECEIVER_ONLY, offer={"urgency": "crisis"},
         keys=lambda: {"begeleider": "eva", "reason": "ill", "expected": now_ms() + DAY_MS},
         expected=cells(offered="conflict", received="conflict", picked_up="conflict", waiting=None,
                        ended="conflict")),
    Move("introduce a warm one", "introduce", ("holder", "receiver"), keys=introduction(), offer={"kind": "warm"},
         expected=same()),
    Move("introduce a cold one", "introduce", ("holder", "receiver"), keys=introduction(how="phone-together"),
         expected=same()),
    Move("confirm a cold one", "confirm", RECEIVER_ONLY,
         keys=lambda: {"begeleider": "bob", "contact": contact()}, expected=cells(
             offered="confirmed", received="confirmed", picked_up="confirmed", waiting="confirmed", ended="conflict")),
    Move("confirm a warm one", "confirm", RECEIVER_ONLY, offer={"kind": "warm"},
         keys=lambda: {"begeleider": "bob", "contact": contact()}, expected=cells(
             offered="not-introduced", received="not-introduced", picked_up="not-introduced", waiting="not-introduced", ended="conflict")),
    Move("confirm a warm one as cold", "confirm", RECEIVER_ONLY, offer={"kind": "warm"},
         keys=lambda: {"begeleider": "bob", "contact": contact(), "as": "cold", "reason": "in-a-hurry"},
         expected=cells(offered="confirmed", received="confirmed", picked_up="confirmed", waiting="confirmed", ended="conflict")),
    Move("decline", "decline", RECEIVER_ONLY, keys={"reason": "waiting-list", "decided": "resident"}, expected=cells(
        offered="declined", received="declined", picked_up="declined", waiting="declined", ended="conflict")),
    Move("withdraw", "withdraw", HOLDER_ONLY, keys={"reason": "consent-withdrawn"}, expected=cells(
        offered="withdrawn", received="withdrawn", picked_up="withdrawn", waiting="withdrawn", ended="conflict")),
    Move("fetch", "fetch", RECEIVER_ONLY, expected={
        "offered": "conflict", "delivered": "conflict", "received": "conflict", "picked-up": "picked-up",
        "waiting": "conflict",
        "confirmed": "confirmed", "declined": "conflict", "withdrawn": "conflict"}),
    Move("fetch where received discloses", "fetch", RECEIVER_ONLY, offer={"disclose": "received"}, expected={
        "offered": "conflict", "delivered": "conflict", "received": "received", "picked-up": "picked-up",
        "waiting": "conflict",
        "confirmed": "confirmed", "declined": "conflict", "withdrawn": "conflict"}),
    Move("supplement 1", "supplement", HOLDER_ONLY, keys={"number": 1}, dossier=True, expected=same()),
    Move("supplement 2 before 1", "supplement", HOLDER_ONLY, keys={"number": 2}, dossier=True, expected=cells(
        offered="conflict", received="conflict", picked_up="conflict", waiting="conflict", ended="conflict")),
    Move("contest", "contest", HOLDER_ONLY, keys={"reason": "not-there"}, expected={
        **{state: "conflict" for state in OPEN_STATES + ENDED}, "confirmed": "confirmed"}),
    Move("claim for an hour", "claim", COORDINATORS, keys=claim, expected=same()),
    Move("give back a claim", "claim", COORDINATORS, keys=lambda: claim(until=0), expected=same()),
    Move("decline for the receiver", "decline", NOBODY, keys={"reason": "full", "decided": "rule", "for": RECEIVER},
         expected={}, by_for={"network's coordinator": "conflict"}),
    Move("withdraw for the holder", "withdraw", NOBODY, keys={"reason": "consent-withdrawn", "for": HOLDER},
         expected={}, by_for={"network's coordinator": "conflict"}),
    Move("status", "status", tuple(sorted(PARTIES)), expected={s: s for s in OPEN_STATES + ENDED}),
]


@pytest.mark.parametrize("move", MOVES, ids=str)
@pytest.mark.parametrize("state", OPEN_STATES + ENDED)
def test_handover(shared_world, state, move):
    """One command in one state of a handover, by every side."""
    world = shared_world
    if move.expected.get(state, "") is None:
        return  # there is no such state
    dossier = world.network.dossier(RECEIVER, b"sealed") if move.kind in ("fetch", "supplement") else None
    journey, handover = world.handover_in(state, dossier=dossier, **move.offer)
    further = world.network.dossier(RECEIVER, b"further") if move.dossier else None
    with all_at_once(f"{move.name} in {state}") as differences:
        for side, (organisation, role) in SIDES.items():
            if side in move.by:
                continue
            expected = "forbidden" if side in PARTIES else "unknown"
            if move.by_for:
                expected = move.by_for.get(side, "forbidden")
            answer = world.peer(organisation, role).ask(move.kind, further, handover=handover, **move.content())
            compare(differences, side, expected, answer)
        stands = world.status(handover=handover)["state"]
        if stands != state:
            differences.append(f"refusals moved it from {state} to {stands}")
        for side in move.by:
            answer = world.peer(*SIDES[side]).ask(move.kind, further, handover=handover, **move.content())
            compare(differences, side, move.expected[state], answer)
            if answer.type == "done" and move.kind != "status":
                check_done(differences, world, answer, contract.DONE_OF_HANDOVER, journey, handover)
    check_holder(world, journey, handover)


def compare(differences, side, expected, answer):
    got = outcome_of(answer)
    if got != expected:
        differences.append(f"{side}: expected {expected}, got {answer}")


def check_done(differences, world, answer, keys, journey, handover=None):
    """The answer has exactly the contract's keys, and they are those of this journey."""
    optional = {"repeated", "dossier_hash"}
    if answer.get("state") not in [*contract.ENDED, "closed"]:
        keys = keys | {"due"}  # T1: what is open always waits for something
    if set(answer.envelope) - optional != keys:
        differences.append(f"expected the keys {sorted(keys)}, got {sorted(answer.envelope)}")
    if answer.get("journey") != journey or answer.get("handover") != handover:
        differences.append(f"the answer is about another: {answer}")
    if answer["ledger"] != world.holder.welcomed["ledger"]:
        differences.append(f"another ledger: {answer}")


def check_holder(world, journey, handover):
    """H2: the hold has moved if, and only if, the handover is confirmed."""
    confirmed = world.status(handover=handover)["state"] == "confirmed"
    organisation, _ = world.holder_of(journey)
    assert organisation == (RECEIVER if confirmed else HOLDER), f"held by {organisation}, confirmed: {confirmed}"


@pytest.mark.parametrize("move", [move for move in MOVES], ids=str)
def test_a_handover_that_does_not_exist(shared_world, move):
    """Everybody is told unknown, whatever the command."""
    world = shared_world
    dossier = world.network.dossier(RECEIVER, b"sealed") if move.dossier else None
    with all_at_once(f"{move.name} of nothing") as differences:
        for side, (organisation, role) in SIDES.items():
            expected = "forbidden" if move.by_for and side not in move.by_for else "unknown"
            answer = world.peer(organisation, role).ask(move.kind, dossier, handover=fresh_uuid(), **move.content())
            compare(differences, side, expected, answer)


# ---- notes of a handover ----

EITHER = ("holder", "receiver")
NOTES = {  # code: who may, with which keys more, and what comes of it where it is not simply taken
    "in-touch": (HOLDER_ONLY, {}, {}),
    "not-reached": (HOLDER_ONLY, {"next": 3}, {}),
    "informed": (HOLDER_ONLY, {}, {}),
    "tip": (HOLDER_ONLY, {"to": THIRD, "next": 7}, {}),
    "working-on-it": (RECEIVER_ONLY, {}, {"waiting": "conflict"}),
    "no-show": (EITHER, {"by": "resident"}, {}),
    "missing": (EITHER, {}, {}),
    "question": (EITHER, {}, {}),
    "answer": (EITHER, {}, {state: "conflict" for state in OPEN_STATES}),
}


@pytest.mark.parametrize("code", NOTES)
@pytest.mark.parametrize("state", OPEN_STATES + ENDED)
def test_note(shared_world, state, code):
    """One code in one state of a handover, by every side; it moves nothing, and each party hears of the other's."""
    world = shared_world
    by, more, otherwise = NOTES[code]
    journey, handover = world.handover_in(state)
    keys = dict(journey=journey, handover=handover, code=code, **more)
    with all_at_once(f"note {code} in {state}") as differences:
        for side, who in SIDES.items():
            expected = "forbidden" if side in PARTIES else "unknown"
            if side in by:
                expected = {**same(), **otherwise}[state]
            compare(differences, side, expected, world.peer(*who).ask("note", on=now_ms(), **keys))
        stands = world.status(handover=handover)["state"]
        if stands != state:
            differences.append(f"notes moved it from {state} to {stands}")
    if state in OPEN_STATES and code not in ("answer", "working-on-it"):
        assert world.event_names(journey).count("noted") == len(by)
    check_holder(world, journey, handover)


# ---- the acknowledgement of the offer ----


@pytest.mark.parametrize("state", OPEN_STATES + ENDED)
def test_the_acknowledgement_of_the_offer(shared_world, state):
    """It delivers what is offered, and moves nothing else: not backwards, and nothing that is over."""
    world = shared_world
    journey, handover = world.handover_in(state)
    if state != "delivered":
        world.deliver(handover)
    assert world.status(handover=handover)["state"] == ("delivered" if state == "offered" else state)
    check_holder(world, journey, handover)


# ---- the journey ----

JOURNEY_STATES = ["open", "offered", "closing", "closed", "moved", "declined"]


class Scene:
    """A journey in one of the states above, with who is a party to it now."""

    def __init__(self, world, state, urgency="routine"):
        self.world, self.state = world, state
        self.resident = fresh_resident()
        self.opened = dict(resident=self.resident, begeleider="anna", basis="public-task", urgency=urgency)
        self.journey = fresh_uuid()
        world.holder.fresh("open", journey=self.journey, **self.opened)
        self.handover = None
        if state in ("offered", "moved", "declined"):
            _, self.handover = world.offer(self.journey, urgency=urgency)
        if state == "moved":
            world.confirm(self.handover, begeleider="eva")
        if state == "declined":
            world.receiver.fresh("decline", handover=self.handover, reason="no-room", decided="rule")
        if state == "closing":
            world.holder.fresh("close", journey=self.journey, begeleider="anna", outcome="no-solution", no_talk="moved")
        if state == "closed":
            world.holder.fresh("close", journey=self.journey, begeleider="anna", outcome="moved",
                               talked={"on": now_ms(), "begeleider": "anna"})

    @property
    def journey_state(self):
        return {"closing": "closing", "closed": "closed"}.get(self.state, "open")

    @property
    def parties(self):
        """Who may ask the journey's status (6.4)."""
        found = {"network's coordinator"}
        if self.state != "moved":
            found |= {"holder", "holder's coordinator"}
        if self.state in ("offered", "moved"):
            found |= {"receiver", "receiver's coordinator"}
        return found

    @property
    def holding_side(self):
        return "receiver" if self.state == "moved" else "holder"

    @property
    def holds(self):
        return RECEIVER if self.state == "moved" else HOLDER

    @property
    def present(self):
        return "eva" if self.state == "moved" else "anna"


@dataclasses.dataclass
class JourneyMove:
    name: str
    kind: str
    by: str  # "holding" or a side
    expected: dict
    keys: object
    dossier: bool = False
    urgency: str = "routine"  # of the journey before

    def right(self, scene):
        """The sides that may."""
        coordinators = {side for side in scene.parties if side in COORDINATORS}
        return {"parties": scene.parties, "holding": {scene.holding_side}, "coordinators": coordinators,
                "for": {"network's coordinator"}}.get(self.by, {self.by})

    def __str__(self):
        return self.name.replace(" ", "-")


def states(default=None, **by_state):
    found = {state: by_state.get(state, default) for state in JOURNEY_STATES}
    assert None not in found.values(), found
    return found


def reopening(scene):
    return {**scene.opened, "begeleider": "dora", "reopens": True}


JOURNEY_MOVES = [
    JourneyMove("reassign", "reassign", "holding", states("open", closing="closing", closed="conflict"),
                lambda s: dict(begeleider="dora", instead_of=s.present, reason="holiday", on=now_ms())),
    JourneyMove("reassign instead of somebody else", "reassign", "holding", states("conflict"),
                lambda s: dict(begeleider="dora", instead_of="nobody", reason="holiday", on=now_ms())),
    JourneyMove("close as helped", "close", "holding", states("closed", offered="conflict", closed="conflict"),
                lambda s: dict(begeleider=s.present, outcome="helped", talked={"on": 5000, "begeleider": "anna"})),
    JourneyMove("close as helped without a talk", "close", "holding",
                states("closing", offered="conflict", closing="conflict", closed="conflict"),
                lambda s: dict(begeleider=s.present, outcome="helped", no_talk="no-answer")),
    JourneyMove("close without response", "close", "holding",
                states("closing", offered="conflict", closing="conflict", closed="conflict"),
                lambda s: dict(begeleider=s.present, outcome="no-response", no_talk="no-answer")),
    JourneyMove("close as refused by the resident", "close", "holding",
                states("closing", offered="conflict", closing="conflict", closed="conflict"),
                lambda s: dict(begeleider=s.present, outcome="refused-by-resident",
                               talked={"on": 5000, "begeleider": "anna"})),
    JourneyMove("close as deceased", "close", "holding", states("closed", closed="conflict"),
                lambda s: dict(begeleider=s.present, outcome="deceased")),
    JourneyMove("close as entered in error", "close", "holding", states("closed", closed="conflict"),
                lambda s: dict(begeleider=s.present, outcome="entered-in-error")),
    JourneyMove("settle agreeing", "settle", "network's coordinator", states("conflict", closing="closed"),
                lambda s: dict(person="nora", agree=True, reason="seen", on=now_ms())),
    JourneyMove("settle not agreeing", "settle", "network's coordinator", states("conflict", closing="open"),
                lambda s: dict(person="nora", agree=False, reason="try-again", on=now_ms())),
    JourneyMove("offer", "offer", "holding",
                states("offered", offered="conflict", closing="conflict", closed="conflict"),
                lambda s: dict(handover=fresh_uuid(), to=THIRD, kind="cold", urgency="urgent", begeleider=s.present)),
    JourneyMove("reopen", "open", "holding", states("conflict", closed="open"), reopening),
    JourneyMove("reopen for another resident", "open", "holding", states("conflict"),
                lambda s: {**reopening(s), "resident": fresh_resident()}),
    JourneyMove("note in touch", "note", "holding", states("open", closing="closing", closed="conflict"),
                lambda s: dict(code="in-touch", on=now_ms())),
    JourneyMove("note not reached", "note", "holding", states("open", closing="closing", closed="conflict"),
                lambda s: dict(code="not-reached", next=2, on=now_ms())),
    JourneyMove("note informed", "note", "holding", states("open", closing="closing", closed="conflict"),
                lambda s: dict(code="informed", on=now_ms())),
    JourneyMove("note a tip", "note", "holding", states("open", closing="closing", closed="conflict"),
                lambda s: dict(code="tip", to=THIRD, next=7, on=now_ms())),
    JourneyMove("lower the urgency", "urgency", "holding", states("open", closing="closing", closed="conflict"),
                lambda s: dict(to="routine", reason="better", on=now_ms()), urgency="urgent"),
    JourneyMove("raise the urgency", "urgency", "parties", states("open", closing="closing", closed="conflict"),
                lambda s: dict(to="crisis", reason="worse", on=now_ms())),
    JourneyMove("claim", "claim", "coordinators", states("open", closing="closing", closed="conflict"),
                lambda s: claim()),
    JourneyMove("close for the holder", "close", "for", states("conflict"),
                lambda s: {"begeleider": "anna", "outcome": "deceased", "for": s.holds, "reason": "quiet"}),
    JourneyMove("offer for the holder", "offer", "for", states("conflict"),
                lambda s: {"handover": fresh_uuid(), "to": THIRD, "kind": "cold", "urgency": "urgent",
                           "begeleider": "anna", "for": s.holds, "reason": "quiet"}),
    JourneyMove("note for the holder", "note", "for", states("conflict"),
                lambda s: {"code": "in-touch", "on": now_ms(), "for": s.holds, "reason": "quiet"}),
    JourneyMove("status", "status", "parties", states("open", closing="closing", closed="closed"), lambda s: {}),
]


@pytest.mark.parametrize("move", JOURNEY_MOVES, ids=str)
@pytest.mark.parametrize("state", JOURNEY_STATES)
def test_journey(shared_world, state, move):
    """One command in one state of a journey, by every side."""
    world = shared_world
    scene = Scene(world, state, move.urgency)
    right = move.right(scene)
    keys = move.keys(scene)
    with all_at_once(f"{move.name} in {state}") as differences:
        for side, who in SIDES.items():
            if side in right:
                continue
            expected = "forbidden" if side in scene.parties or move.by == "for" else "unknown"
            compare(differences, side, expected, world.peer(*who).ask(move.kind, journey=scene.journey, **keys))
        stands = world.status(journey=scene.journey)["state"]
        if stands != scene.journey_state:
            differences.append(f"refusals moved it from {scene.journey_state} to {stands}")
        for side in sorted(right):
            answer = world.peer(*SIDES[side]).ask(move.kind, journey=scene.journey, **keys)
            compare(differences, side, move.expected[state], answer)
            if answer.type == "done" and move.kind != "status":
                wanted = contract.DONE_OF_HANDOVER if move.kind == "offer" else contract.DONE_OF_JOURNEY
                check_done(differences, world, answer, wanted, scene.journey, keys.get("handover"))
    organisation, _ = world.holder_of(scene.journey)
    assert organisation == (RECEIVER if state == "moved" else HOLDER)


@pytest.mark.parametrize("move", JOURNEY_MOVES, ids=str)
def test_a_journey_that_does_not_exist(shared_world, move):
    """Everybody is told unknown: the journey is judged before the role."""
    world = shared_world
    scene = Scene(world, "open")
    with all_at_once(f"{move.name} of nothing") as differences:
        for side, who in SIDES.items():
            answer = world.peer(*who).ask(move.kind, journey=fresh_uuid(), **move.keys(scene))
            expected = "forbidden" if move.by == "for" and side != "network's coordinator" else "unknown"
            compare(differences, side, expected, answer)


@pytest.mark.parametrize("state", JOURNEY_STATES)
def test_open_again(shared_world, state):
    """The same by who opened it is repeated for ever; anything else about that id is conflict (6.19)."""
    world = shared_world
    scene = Scene(world, state)
    other = {**scene.opened, "begeleider": "dora"}
    with all_at_once(f"open in {state}") as differences:
        for side, who in SIDES.items():
            peer = world.peer(*who)
            expected_same = expected_other = "conflict"
            if side == "holder":
                expected_same = "repeated"
            if who[1] != "endpoint":
                expected_same = expected_other = "forbidden"
            compare(differences, f"{side}, the same", expected_same,
                    peer.ask("open", journey=scene.journey, **scene.opened))
            compare(differences, f"{side}, another", expected_other, peer.ask("open", journey=scene.journey, **other))


@pytest.mark.parametrize("side", SIDES)
def test_open(shared_world, side):
    """Any endpoint may open a journey, and holds from then on; nobody else may."""
    world = shared_world
    organisation, role = SIDES[side]
    journey = fresh_uuid()
    keys = dict(resident=fresh_resident(), begeleider="anna", basis="legal-duty", basis9="care", urgency="crisis",
                domains=["money", "housing"])
    answer = world.peer(organisation, role).ask("open", journey=journey, **keys)
    if role == "endpoint":
        assert answer["state"] == "open" and not answer.repeated
        assert answer["holder"] == {"organisation": organisation, "begeleider": "anna"}
        assert world.holder_of(journey) == (organisation, "anna")
    else:
        assert outcome_of(answer) == "forbidden"
        assert outcome_of(world.network_coordinator.ask("status", journey=journey)) == "unknown"


HISTORY = {
    "open": {"holder", "holder's coordinator", "network's coordinator"},
    "closing": {"holder", "holder's coordinator", "network's coordinator"},
    "closed": {"holder", "holder's coordinator", "network's coordinator"},
    "offered": PARTIES,
    "moved": PARTIES,
    "declined": PARTIES,
}


@pytest.mark.parametrize("state", JOURNEY_STATES)
def test_history(shared_world, state):
    """Who may read: the holder and the coordinators, and who was ever party to a handover."""
    world = shared_world
    scene = Scene(world, state)
    with all_at_once(f"history in {state}") as differences:
        for side, who in SIDES.items():
            expected = "done" if side in HISTORY[state] else "unknown"
            answer = world.peer(*who).ask("history", journey=scene.journey)
            got = answer.type if answer.type == "done" else answer["code"]
            if got != expected:
                differences.append(f"{side}: expected {expected}, got {answer}")


@pytest.mark.parametrize("kind, allowed", [
    ("map", set(SIDES)),
    ("stats", {"operator", "network's coordinator"}),
    ("reload", {"operator"}),
    ("list", set(COORDINATORS) | {"third's coordinator"}),
    ("clock-accept", {"operator"}),
    ("verify", {"operator"}),
])
def test_commands_without_an_object(shared_world, kind, allowed):
    """They are forbidden to other roles (6.4)."""
    with all_at_once(kind) as differences:
        for side, who in SIDES.items():
            answer = shared_world.peer(*who).ask(kind)
            got = answer.type if answer.type == "done" else answer["code"]
            expected = "done" if side in allowed else "forbidden"
            if got != expected:
                differences.append(f"{side}: expected {expected}, got {answer}")


@pytest.mark.parametrize("side", SIDES)
def test_watch(shared_world, side):
    """Any coordinator may look on; a session of its own, because others say more than was asked from then on."""
    world = shared_world
    answer = world.session(*SIDES[side]).ask("watch", **{"from": 0})
    assert outcome_of(answer) == ("done" if SIDES[side][1] == "coordinator" else "forbidden"), answer


@pytest.mark.parametrize("side", SIDES)
def test_absent(shared_world, side):
    """Each organisation's system speaks for its own people, and nobody else does."""
    world = shared_world
    keys = {"begeleider": "zoe", "from": 1, "until": 2, "deputy": "yan", "on": now_ms()}
    answer = world.peer(*SIDES[side]).ask("absent", **keys)
    assert outcome_of(answer) == ("done" if SIDES[side][1] == "endpoint" else "forbidden"), answer
    assert set(answer.envelope) <= {"type", "request", "ledger", "at", "seq", "warnings", "code", "reason"}, answer


def test_an_operator_is_a_party_to_nothing(shared_world):
    """Not even where its own organisation holds, offers or receives: it runs the broker (6.4)."""
    world = shared_world
    held, sent = world.offer(by=NETWORK, begeleider="nora")
    other, got = world.offer(to=NETWORK)
    world.peer(NETWORK).fresh("pickup", handover=got, begeleider="nora")
    for keys in ({"journey": held}, {"handover": sent}, {"journey": other}, {"handover": got}):
        world.operator.refused("unknown", "status", **keys)
    for journey in (held, other):
        world.operator.refused("unknown", "history", journey=journey)
        world.operator.refused("unknown", "close", journey=journey, begeleider="nora", outcome="deceased")
        world.operator.refused("unknown", "settle", journey=journey, person="n", agree=True, reason="x", on=1)
    for kind, keys in (("fetch", {}), ("receive", {"begeleider": "nora"}), ("decline", dict(reason="x", decided="rule")),
                       ("confirm", dict(begeleider="nora", contact=contact()))):
        world.operator.refused("unknown", kind, handover=got, **keys)
    world.operator.refused("unknown", "withdraw", handover=sent, reason="x")
    assert world.holder_of(held) == (NETWORK, "nora")


def test_the_coordinating_organisations_endpoint_is_a_party_like_any(shared_world):
    """Its coordinators see the whole network; its endpoints see what they hold or receive."""
    world = shared_world
    journey, handover = world.offer(to=NETWORK)
    world.peer(NETWORK).done("status", journey=journey)
    world.peer(NETWORK).refused("forbidden", "withdraw", handover=handover, reason="x")
    world.peer(NETWORK).fresh("decline", handover=handover, reason="full", decided="receiver")
    world.peer(NETWORK).refused("unknown", "status", journey=journey)


def test_within_one_organisation(shared_world):
    """`to` may be the sender's own organisation; the hold moves to another begeleider by confirmation."""
    world = shared_world
    journey, handover = world.offer(to=HOLDER)
    world.holder.fresh("receive", handover=handover, begeleider="bob")
    world.holder.fresh("pickup", handover=handover, begeleider="bob")
    assert world.holder_of(journey) == (HOLDER, "anna")
    answer = world.confirm(handover, by=HOLDER, begeleider="bob")
    assert answer["holder"] == {"organisation": HOLDER, "begeleider": "bob"}
    assert world.holder_of(journey) == (HOLDER, "bob")


def test_one_open_handover_per_journey(shared_world):
    """A second offer is conflict until the first has ended."""
    world = shared_world
    journey, handover = world.offer()
    again = dict(journey=journey, to=THIRD, kind="cold", urgency="routine", begeleider="anna")
    world.holder.refused("conflict", "offer", handover=fresh_uuid(), **again)
    world.holder.fresh("withdraw", handover=handover, reason="better-place")
    world.holder.fresh("offer", handover=fresh_uuid(), **again)


def test_offering_does_not_change_the_holder_but_the_urgency(shared_world):
    """6.14: offer.begeleider is who offers; its urgency becomes the journey's."""
    world = shared_world
    journey = world.open(urgency="routine")
    world.offer(journey, begeleider="bob", urgency="crisis")
    answer = world.status(journey=journey)
    assert answer["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
    assert answer["urgency"] == "crisis"


def test_pickup_names_who_is_there(shared_world):
    """Another person without instead_of is told whom they would replace."""
    _, handover = shared_world.handover_in("picked-up")
    answer = shared_world.receiver.refused("conflict", "pickup", handover=handover, begeleider="bob")
    assert "eva" in answer["reason"], f"the reason names nobody: {answer}"


def test_a_pickup_without_planned_takes_the_plan_away(shared_world):
    """6.11"""
    world = shared_world
    _, handover = world.handover_in("received")
    world.receiver.fresh("pickup", handover=handover, begeleider="eva", planned=1900000000000)
    assert world.status(handover=handover)["planned"] == 1900000000000
    world.receiver.fresh("pickup", handover=handover, begeleider="eva", planned=1900000001000)
    assert world.status(handover=handover)["planned"] == 1900000001000
    world.receiver.fresh("pickup", handover=handover, begeleider="eva")
    assert "planned" not in world.status(handover=handover)


def test_status_of_a_handover_tells_who_and_when(shared_world):
    """state, holder, receiver, kind, urgency, since and the time of each state."""
    world = shared_world
    _, handover = world.handover_in("delivered", kind="warm", urgency="urgent")
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    answer = world.status(handover=handover)
    assert answer["receiver"] == {"organisation": RECEIVER, "begeleider": "eva"}
    world.receiver.fresh("pickup", handover=handover, begeleider="bob")
    answer = world.status(handover=handover)
    assert answer["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
    assert answer["receiver"] == {"organisation": RECEIVER, "begeleider": "bob"}
    assert (answer["kind"], answer["urgency"]) == ("warm", "urgent")
    assert set(answer["times"]) == {"offered", "delivered", "received", "picked-up"}
    assert answer["since"] == answer["times"]["picked-up"]
    assert not answer.get("introduced", False)


def test_delivered_only_by_the_acknowledgement(shared_world):
    """What was sent is not delivered; what was acknowledged is."""
    world = shared_world
    _, handover = world.offer()
    inbox = world.inbox(RECEIVER)
    while True:
        item = inbox.next_item()
        if item.get("handover") == handover:
            break
        inbox.ack(item)
    assert world.status(handover=handover)["state"] == "offered"
    inbox.ack(item)
    assert world.status(handover=handover)["state"] == "delivered"


def test_a_late_acknowledgement_does_not_go_backwards(shared_world):
    """The offer acknowledged after the pick-up leaves it picked up."""
    world = shared_world
    _, handover = world.handover_in("picked-up")
    world.deliver(handover)
    assert world.status(handover=handover)["state"] == "picked-up"
