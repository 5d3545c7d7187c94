"""Phases: what each command begins and ends; what is open always waits for something."""

import pytest

from peer import now_ms
from world import DAY_MS, HOLDER, RECEIVER, THIRD

ALL = ["unrouted", "delivery", "receipt", "pick-up", "arrival", "waiting", "held", "closing", "contested", "answer"]


def running(world, journey):
    """The phases that run, as the list finds them."""
    found = set()
    for phase in ALL:
        for organisation in (HOLDER, RECEIVER):
            answer = world.network_coordinator.done("list", phase=phase, organisation=organisation, limit=1000)
            found |= {phase for entry in answer["journeys"] if entry["journey"] == journey}
    return found


def said(peer, kind, **keys):
    return lambda world, journey, handover: world.peer(peer).fresh(kind, **{
        key: value(journey, handover) if callable(value) else value for key, value in keys.items()})


J, O = {"journey": lambda journey, _: journey}, {"handover": lambda _, handover: handover}
NOW = {"on": 1_700_000_000_000}
ON_A_LIST = said(RECEIVER, "wait", **O, begeleider="eva", reason="full",
                 expected=lambda *_: now_ms() + DAY_MS)


@pytest.mark.parametrize("state, command, before, after", [
    ("offered", None, {"delivery", "receipt"}, None),
    ("offered", said(RECEIVER, "receive", **O, begeleider="eva"), {"delivery", "receipt"}, {"pick-up"}),
    ("offered", said(RECEIVER, "pickup", **O, begeleider="eva"), {"delivery", "receipt"}, {"arrival"}),
    ("delivered", said(RECEIVER, "receive", **O, begeleider="eva"), {"receipt"}, {"pick-up"}),
    ("delivered", said(RECEIVER, "decline", **O, reason="full", decided="rule"), {"receipt"}, {"unrouted"}),
    ("received", ON_A_LIST, {"pick-up"}, {"waiting", "pick-up"}),
    ("waiting", said(RECEIVER, "receive", **O, begeleider="bob"), {"waiting", "pick-up"}, {"pick-up"}),
    ("waiting", said(RECEIVER, "pickup", **O, begeleider="bob"), {"waiting", "pick-up"}, {"arrival"}),
    ("waiting", said(HOLDER, "withdraw", **O, reason="x"), {"waiting", "pick-up"}, {"unrouted"}),
    ("received", said(RECEIVER, "pickup", **O, begeleider="eva"), {"pick-up"}, {"arrival"}),
    ("picked-up", said(HOLDER, "note", **J, **O, **NOW, code="question"), {"arrival"}, {"arrival", "answer"}),
    ("picked-up", said(HOLDER, "withdraw", **O, reason="x"), {"arrival"}, {"unrouted"}),
    ("confirmed", said(HOLDER, "contest", **O, reason="x"), {"held"}, {"held", "contested"}),
    ("confirmed", said(RECEIVER, "close", **J, begeleider="eva", outcome="no-solution", no_talk="x"), {"held"},
     {"closing"}),
    ("confirmed", said(RECEIVER, "close", **J, begeleider="eva", outcome="deceased"), {"held"}, set()),
    ("declined", said(HOLDER, "note", **J, **NOW, code="in-touch", next=9), {"unrouted"}, {"held"}),
    ("declined", said(HOLDER, "note", **J, **NOW, code="in-touch"), {"unrouted"}, {"unrouted"}),
    ("declined", said(HOLDER, "note", **J, **NOW, code="not-reached", next=9), {"unrouted"}, {"unrouted"}),
    ("declined", said(HOLDER, "note", **J, **NOW, code="tip", to=THIRD, next=9), {"unrouted"}, {"held"}),
    ("declined", said(HOLDER, "reassign", **J, **NOW, begeleider="b", instead_of="anna", reason="x"), {"unrouted"},
     {"unrouted"}),
])
def test_what_is_waited_for(shared_world, state, command, before, after):
    """What each command begins and ends; what is open always waits for something."""
    world = shared_world
    journey, handover = world.handover_in(state)
    assert running(world, journey) == before
    if command:
        command(world, journey, handover)
        assert running(world, journey) == after


@pytest.mark.parametrize("agree, after", [(True, set()), (False, {"held"})])
def test_a_closing_is_settled(shared_world, agree, after):
    world = shared_world
    journey = world.journey_in("closing")
    assert running(world, journey) == {"closing"}
    world.network_coordinator.fresh("settle", journey=journey, person="nora", agree=agree, reason="seen", on=1)
    assert running(world, journey) == after
