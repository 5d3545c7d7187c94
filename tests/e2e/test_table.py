"""Every command in every state of a handover by every side.

Each test takes one fresh handover in one state, lets every side that may not send the command try
it, then the side that may, and compares with the tables below, which restate the contract. A cell
is a state, `done` (an answer without a state of its own), `repeated` or a refusal. The tables of
journeys are in test_table_journeys.py.
"""

import dataclasses

import pytest

import contract
from peer import fresh_uuid, now_ms
from sides import COORDINATORS, PARTIES, SIDES, check_done, claim, compare, contact
from world import DAY_MS, HOLDER, RECEIVER, THIRD, all_at_once

pytestmark = pytest.mark.network(limits={"heartbeat": "10m"})

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
    by_for: dict = dataclasses.field(default_factory=dict)  # with `for`: who is answered otherwise

    def content(self):
        return self.keys() if callable(self.keys) else self.keys

    def __str__(self):
        return self.name.replace(" ", "-")


def introduction(**more):
    return lambda: {
        "on": now_ms(), "how": "joint", "resident": True,
        "present": [{"organisation": HOLDER, "person": "anna"}, {"organisation": RECEIVER, "person": "eva"}], **more,
    }


def same():
    """A fact that moves nothing, and that nothing can be added to once it is over."""
    return {**{state: state for state in OPEN_STATES}, **{state: "conflict" for state in ENDED}}


RECEIVER_ONLY, HOLDER_ONLY, NOBODY = ("receiver",), ("holder",), ()

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
                expected = move.by_for.get(side, expected)
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
            answer = world.peer(organisation, role).ask(move.kind, dossier, handover=fresh_uuid(), **move.content())
            compare(differences, side, "unknown", answer)


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
