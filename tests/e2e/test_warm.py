"""Warm handovers: the introduction is a gate, and the contact is what confirms."""

import pytest

from peer import now_ms
from world import HOLDER, NETWORK, RECEIVER, THIRD

ANNA, EVA, BOB = (HOLDER, "anna"), (RECEIVER, "eva"), (HOLDER, "bob")
MINUTE = 60_000


def introduce(world, handover, people, *, resident=True, by=HOLDER, how="accompanied", on=None):
    return world.peer(by).fresh(
        "introduce", handover=handover, on=on or now_ms(), how=how, resident=resident,
        present=[{"organisation": organisation, "person": person} for organisation, person in people])


def confirm_keys(handover, **contact):
    return dict(handover=handover, begeleider="eva",
                contact={"on": now_ms(), "how": "visited", "with": "resident", **contact})


def expect_gate(world, handover, opened, by=RECEIVER):
    """The gate is what `introduced` says it is, and what confirm makes of it."""
    assert world.status(handover=handover).get("introduced", False) is opened
    if opened:
        assert world.peer(by).fresh("confirm", **confirm_keys(handover))["state"] == "confirmed"
    else:
        world.peer(by).refused("not-introduced", "confirm", **confirm_keys(handover))
        assert world.status(handover=handover)["state"] == "offered"


GATE = {
    "somebody of each side and the resident": ([(ANNA, EVA)], True, True),
    "three people": ([(ANNA, BOB, EVA)], True, True),
    "other persons than the ones who act": ([((HOLDER, "zoe"), (RECEIVER, "yara"))], True, True),
    "the resident was not there": ([(ANNA, EVA)], False, False),
    "only the holder's side": ([(ANNA,)], True, False),
    "only the receiver's side": ([(EVA,)], True, False),
    "two of the holder's side": ([(ANNA, BOB)], True, False),
    "somebody of a third organisation": ([(ANNA, (THIRD, "tom"))], True, False),
    "nobody": ([()], True, False),
    "each side in an introduction of its own": ([(ANNA,), (EVA,)], True, False),
    "first half, then whole": ([(ANNA,), (ANNA, EVA)], True, True),
}


@pytest.mark.parametrize("name", GATE)
@pytest.mark.parametrize("by", [HOLDER, RECEIVER])
def test_the_gate(shared_world, name, by):
    """One introduction with the resident and someone of each side opens it; either side may say so."""
    meetings, resident, opened = GATE[name]
    world = shared_world
    _, handover = world.offer(kind="warm")
    for number, people in enumerate(meetings):
        introduce(world, handover, people, resident=resident, by=by, on=now_ms() + number)
    expect_gate(world, handover, opened)


@pytest.mark.parametrize("how", ["accompanied", "joint", "phone-together"])
def test_every_way_of_introducing_opens_it(shared_world, how):
    """In person or by telephone together."""
    _, handover = shared_world.offer(kind="warm")
    introduce(shared_world, handover, (ANNA, EVA), how=how)
    expect_gate(shared_world, handover, True)


def test_each_side_confirming_one_half_is_not_enough(shared_world):
    """The two halves said by the two sides are two introductions."""
    world = shared_world
    _, handover = world.offer(kind="warm")
    introduce(world, handover, (ANNA,), by=HOLDER)
    introduce(world, handover, (EVA,), by=RECEIVER)
    expect_gate(world, handover, False)


@pytest.mark.parametrize("people, opened", [
    ((ANNA, BOB), True), ((ANNA,), False), ((ANNA, ANNA), False), ((ANNA, EVA), False),
])
def test_within_one_organisation(shared_world, people, opened):
    """Two different persons of it."""
    world = shared_world
    _, handover = world.offer(kind="warm", to=HOLDER)
    introduce(world, handover, people)
    expect_gate(world, handover, opened, by=HOLDER)


def test_an_open_gate_stays_open(shared_world):
    """A later meeting without the resident does not close it."""
    world = shared_world
    _, handover = world.offer(kind="warm")
    introduce(world, handover, (ANNA, EVA))
    introduce(world, handover, (ANNA,), resident=False)
    expect_gate(world, handover, True)


def test_the_gate_survives_a_crash(world):
    """What was introduced stays introduced."""
    _, handover = world.offer(kind="warm")
    introduce(world, handover, (ANNA, EVA))
    world.restart()
    expect_gate(world, handover, True)


def test_a_cold_one_has_no_gate(shared_world):
    """An introduction there is a fact."""
    world = shared_world
    journey, handover = world.offer(kind="cold")
    introduce(world, handover, (ANNA, EVA), resident=False)
    world.receiver.fresh("confirm", **confirm_keys(handover))
    assert "introduced" in world.event_names(journey)


# ---- as: cold ----


def test_a_warm_one_confirmed_as_cold(world):
    """Taken, and reported so: in status, in the event and to the holder."""
    journey, handover = world.offer(kind="warm")
    inbox = world.inbox(HOLDER)
    world.receiver.fresh("confirm", **{**confirm_keys(handover), "as": "cold", "reason": "resident-in-hurry"})
    inbox.take("confirmed", **{"as": "cold", "reason": "resident-in-hurry"})
    status = world.status(handover=handover)
    assert (status["state"], status["as"], status["reason"]) == ("confirmed", "cold", "resident-in-hurry")
    event = next(event for event in world.history(journey) if event["event"] == "confirmed")
    assert (event["as"], event["reason"]) == ("cold", "resident-in-hurry")


@pytest.mark.parametrize("kind", ["warm", "cold"])
def test_as_cold_where_it_is_not_needed(shared_world, kind):
    """It changes nothing: introduced, or cold anyway."""
    world = shared_world
    _, handover = world.offer(kind=kind)
    introduce(world, handover, (ANNA, EVA))
    world.receiver.fresh("confirm", **{**confirm_keys(handover), "as": "cold", "reason": "habit"})
    assert "as" not in world.status(handover=handover)


# ---- the contact ----


def outcome(world, handover, contact):
    answer = world.receiver.ask("confirm", **confirm_keys(handover, **contact))
    return "done" if answer.type == "done" else (answer["code"], answer.get("field"))


@pytest.mark.parametrize("minutes, how, expected", [
    (0, "visited", "done"),
    (4, "visited", "done"),
    (6, "visited", ("malformed", "contact")),
    (24 * 60, "called", ("malformed", "contact")),
    (6, "with-sender", ("malformed", "contact")),
    (-4, "visited", "done"),
    (-6, "visited", ("malformed", "contact")),
    (-6, "came", ("malformed", "contact")),
    (-6, "called", ("malformed", "contact")),
    (-6, "video", ("malformed", "contact")),
    (-6, "with-sender", "done"),
    (-24 * 60, "with-sender", "done"),
])
def test_when_the_contact_was(shared_world, minutes, how, expected):
    """Not in the future, not before the offer unless with-sender; 5 minutes of skew are forgiven."""
    _, handover = shared_world.offer()
    assert outcome(shared_world, handover, {"on": now_ms() + minutes * MINUTE, "how": how}) == expected


@pytest.mark.parametrize("how", ["visited", "came", "called", "video", "with-sender"])
@pytest.mark.parametrize("whom", ["resident", "representative"])
def test_every_kind_of_contact(shared_world, how, whom):
    """Each is recorded as it was said."""
    journey, handover = shared_world.offer()
    contact = {"on": now_ms(), "how": how, "with": whom}
    shared_world.receiver.fresh("confirm", handover=handover, begeleider="eva", contact=contact)
    event = next(event for event in shared_world.history(journey) if event["event"] == "confirmed")
    assert event["contact"] == contact


def test_another_person_than_who_picked_up_may_confirm(shared_world):
    """6.11: and is the one who holds."""
    journey, handover = shared_world.handover_in("picked-up")
    shared_world.confirm(handover, begeleider="zoe")
    assert shared_world.holder_of(journey) == (RECEIVER, "zoe")


def test_only_the_confirmation_moves_the_hold(shared_world):
    """H2: delivered, received, picked up and introduced leave the holder who it is."""
    world = shared_world
    journey, handover = world.offer(kind="warm")
    for step in (
        lambda: world.deliver(handover),
        lambda: world.receiver.fresh("receive", handover=handover, begeleider="eva"),
        lambda: world.receiver.fresh("pickup", handover=handover, begeleider="eva"),
        lambda: introduce(world, handover, (ANNA, EVA)),
    ):
        step()
        assert world.holder_of(journey) == (HOLDER, "anna")
    world.confirm(handover)
    assert world.holder_of(journey) == (RECEIVER, "eva")
    assert NETWORK not in world.holder_of(journey)
