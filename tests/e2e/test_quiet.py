"""Quiet: an organisation whose system is not there, and a coordinator of the network who acts for it."""

import pytest

from clock import moment
from network import Key
from peer import Deadline, fresh_resident, fresh_uuid, now_ms
from world import HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD

MINUTE_MS = 60_000

# After a start everybody has the whole of that time: what is quiet is so a tenth of a second later.
SOON = {"quiet_after": "100ms", "quiet_after_crisis": "100ms"}
soon = pytest.mark.network(policies=SOON)


def quiet_of(world, about, organisation=NETWORK):
    """Waits for the item that says so; those about others are acknowledged on the way."""
    inbox = world.inbox(organisation, "coordinator")
    while True:
        item = inbox.next_item()
        inbox.ack(item)
        if item["event"] == "quiet" and item["about"] == about:
            return item


# ---- who is quiet ----


@soon
def test_who_has_no_session_is_quiet(world):
    """The network's coordinators hear, and its own; once for each silence."""
    item = quiet_of(world, THIRD)
    assert item["since"] < item["at"] and "journey" not in item
    assert quiet_of(world, THIRD, THIRD)["about"] == THIRD
    assert f"{THIRD} has had no session" in world.daemon.said()
    world.third.barrier()  # there it is
    assert world.operator.done("stats")["stats"]["houvast_organisations_quiet"] < 4
    world.peers.pop((THIRD, "endpoint")).done("bye")
    second = quiet_of(world, THIRD)
    assert second["seq"] > item["seq"] and second["since"] > item["since"]
    world.network_coordinator.barrier(5)
    assert world.daemon.said().count(f"{THIRD} has had no session") == 2


@soon
def test_a_coordinators_session_is_not_its_system(world):
    """People look on while the system that takes residents in is down."""
    world.peer(THIRD, "coordinator").barrier()
    quiet_of(world, THIRD)


@soon
def test_who_is_there_is_not_quiet(world_at_rest):
    """A session that says nothing for a while is one all the same; who has no endpoint key has nothing to be quiet with."""
    world = world_at_rest
    world.network[RECEIVER].keys.pop("endpoint")
    world.network.write()
    world.daemon.start()
    world.third.barrier()
    quiet_of(world, HOLDER)
    said = world.daemon.said()
    assert f"{THIRD} has had no session" not in said and f"{RECEIVER} has had no session" not in said


def quiet_becomes(world, count):
    """Waits until so many are."""
    deadline = Deadline(10)
    while (got := world.operator.done("stats")["stats"]["houvast_organisations_quiet"]) != count:
        assert not deadline.passed, f"expected {count} that are quiet, got {got}"


@soon
def test_who_has_nothing_to_be_quiet_with_any_more(world):
    """A key that a reload takes away ends the silence; with another one begins another, at once."""
    first = quiet_of(world, THIRD)
    quiet_becomes(world, 4)
    world.network[THIRD].keys.pop("endpoint")
    world.network.write()
    world.operator.done("reload")
    quiet_becomes(world, 3)
    world.network[THIRD].keys["endpoint"] = Key.fresh("endpoint")
    world.network.write()
    world.operator.done("reload")
    assert quiet_of(world, THIRD)["since"] > first["since"]


def test_an_hour_of_its_own_office_time(timed_at_rest):
    """At night nobody misses it; an open hour after a silence began its people are rung."""
    world = timed_at_rest
    world.network.limits["heartbeat"] = "20s"
    world.network.policies["quiet_after_crisis"] = "1h"
    world.network.write()
    world.clock.jumps_to(moment("2026-11-27T16:40"))  # a Friday
    world.daemon.start()
    world.look()
    world.passes_until(moment("2026-11-30T09:05"))
    assert "has had no session" not in world.daemon.said()
    world.passes_until(moment("2026-11-30T09:11"))
    assert f"{THIRD} has had no session" in world.daemon.said()


def test_after_a_start_everybody_has_all_of_it_again(timed):
    """The broker had been down itself: nobody could have a session."""
    world = timed
    world.forget_peers()
    world.daemon.kill()
    world.clock.runs(12 * HOUR_MS)
    world.daemon.start()
    world.look()
    assert "has had no session" not in world.daemon.said()


# ---- acting for it ----


@soon
def test_acting_for_a_receiver_that_is_quiet(world):
    """Declined for it, recorded so, and the holder keeps the resident."""
    journey, handover = world.offer()
    quiet_of(world, RECEIVER)
    keys = {"handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER}
    answer = world.network_coordinator.fresh("decline", **keys)
    assert answer["state"] == "declined" and answer["holder"]["organisation"] == HOLDER
    assert world.network_coordinator.repeat("decline", **keys)["seq"] == answer["seq"]
    event = next(event for event in world.history(journey) if event["event"] == "declined")
    assert (event["organisation"], event["role"], event["acted_for"]) == (NETWORK, "coordinator", RECEIVER)
    assert world.inbox(HOLDER).take("declined", handover=handover)["acted_for"] == RECEIVER
    assert world.status(journey=journey)["phase"] == "unrouted"


@soon
def test_acting_for_a_holder_that_is_quiet(world):
    """Offers, notes, withdraws and closes for it: the hold moves by the receiver's confirmation alone."""
    coordinator = world.network_coordinator
    acting = {"for": HOLDER, "reason": "system-down"}
    journeys = [world.open(), world.open()]
    world.peers.pop((HOLDER, "endpoint")).done("bye")
    quiet_of(world, HOLDER)
    offer = dict(journey=journeys[0], to=RECEIVER, kind="cold", urgency="urgent", begeleider="nora", **acting)
    first, second = fresh_uuid(), fresh_uuid()
    answer = coordinator.fresh("offer", handover=first, **offer)
    assert answer["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
    coordinator.fresh("note", journey=journeys[0], handover=first, code="question", on=now_ms(), **acting)
    coordinator.fresh("withdraw", handover=first, reason="better-place", **{"for": HOLDER})
    coordinator.fresh("offer", handover=second, **offer)
    assert world.holder_of(journeys[0]) == (HOLDER, "anna")
    world.confirm(second)
    assert world.holder_of(journeys[0]) == (RECEIVER, "eva")
    coordinator.fresh("note", journey=journeys[1], code="in-touch", next=3, on=now_ms(), **acting)
    assert world.status(journey=journeys[1])["phase"] == "held"
    answer = coordinator.fresh("close", journey=journeys[1], begeleider="anna", outcome="deceased", **acting)
    assert answer["state"] == "closed"
    for journey, names in zip(journeys, (["offered", "noted", "withdrawn", "offered"], ["noted", "closed"])):
        acted = [event for event in world.history(journey) if "acted_for" in event]
        assert [event["event"] for event in acted] == names
        assert {(event["organisation"], event["acted_for"]) for event in acted} == {(NETWORK, HOLDER)}
    assert [event["reason"] for event in world.history(journeys[1]) if event["event"] in ("noted", "closed")] == [
        "system-down"] * 2


@soon
def test_a_closing_for_it_asks_for_a_second_person_still(world):
    """H3: who acts for a holder closes as the holder may, and no further."""
    journey = world.open()
    world.peers.pop((HOLDER, "endpoint")).done("bye")
    quiet_of(world, HOLDER)
    coordinator = world.network_coordinator
    answer = coordinator.fresh("close", **{"journey": journey, "begeleider": "anna", "outcome": "no-response",
                                           "no_talk": "not-found", "for": HOLDER, "reason": "quiet"})
    assert answer["state"] == "closing"
    assert world.holder_of(journey) == (HOLDER, "anna")


@soon
def test_who_is_back_acts_for_itself(world):
    """With the first hello it is its own again."""
    _, handover = world.offer()
    quiet_of(world, RECEIVER)
    world.receiver.barrier()
    keys = {"handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER}
    world.network_coordinator.refused("conflict", "decline", field="for", **keys)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")


@soon
def test_what_nobody_does_for_another(world):
    """Receiving, picking up, waiting, confirming, reassigning: `for` is no key of these."""
    journey, handover = world.offer()
    quiet_of(world, RECEIVER)
    coordinator = world.network_coordinator
    for kind, keys in [
        ("receive", dict(handover=handover, begeleider="eva")),
        ("pickup", dict(handover=handover, begeleider="eva")),
        ("confirm", dict(handover=handover, begeleider="eva", contact=world.contact())),
        ("reassign", dict(journey=journey, begeleider="b", instead_of="anna", reason="x", on=now_ms())),
        ("open", dict(journey=fresh_uuid(), resident=fresh_resident(), begeleider="x", basis="consent",
                      urgency="routine")),
    ]:
        coordinator.refused("malformed", kind, field="for", **keys, **{"for": RECEIVER})
        coordinator.refused("forbidden", kind, **keys)
    assert world.holder_of(journey) == (HOLDER, "anna")


@pytest.mark.parametrize("why", ["leaving", "without a key"])
def test_acting_for_one_that_leaves_or_has_no_key(world, why):
    """It need not be quiet: it is leaving, or nobody could speak for it."""
    journey, handover = world.offer()
    world.receiver.barrier()
    if why == "leaving":
        world.network[RECEIVER].leaving = True
    else:
        world.network[RECEIVER].keys.pop("endpoint")
    world.network.write()
    world.operator.done("reload")
    answer = world.network_coordinator.fresh("decline", **{
        "handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER})
    assert answer["state"] == "declined" and answer["holder"]["organisation"] == HOLDER
    assert world.holder_of(journey) == (HOLDER, "anna")
    if why == "without a key":  # and with a key again it can
        world.network[RECEIVER].keys["endpoint"] = Key.fresh("endpoint")
        world.network.write()
        world.operator.done("reload")
        _, handover = world.offer(journey)
        world.peers.pop((RECEIVER, "endpoint"), None)
        world.receiver.barrier()
        world.network_coordinator.refused("conflict", "decline", field="for", **{
            "handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER})
