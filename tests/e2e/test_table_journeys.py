"""Every command in every state of a journey by every side, and the commands that are about neither.

As in test_table.py, which has the handovers.
"""

import dataclasses

import pytest

import contract
from peer import fresh_resident, fresh_uuid, now_ms, outcome_of
from sides import COORDINATORS, PARTIES, SIDES, check_done, claim, compare, contact
from world import HOLDER, NETWORK, RECEIVER, THIRD, all_at_once

pytestmark = pytest.mark.network(limits={"heartbeat": "10m"})

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
            expected = "forbidden" if side in scene.parties else "unknown"
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
            compare(differences, side, "unknown", answer)


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
