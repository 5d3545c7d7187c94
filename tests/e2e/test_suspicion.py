"""A key that may be stolen: who hears of it, what they hear, and that they hear until they acknowledge.

That an organisation is over its rate for half a minute is tried on a clock of the test's own, in
tests/unit/test_broker_suspicion.c.
"""

import json

import pytest

from peer import now_ms
from tool import Client
from world import HOLDER, NETWORK, RECEIVER, THIRD

MOST = 3

pytestmark = pytest.mark.network(policies={"alarm_endings_per_minute": MOST})


def close(world, journey, by=HOLDER):
    world.peer(by).fresh("close", journey=journey, begeleider="anna", outcome="helped",
                         talked={"on": now_ms(), "begeleider": "anna"})


def close_many(world, count=MOST + 1, by=HOLDER):
    """So many journeys opened and closed by one organisation, one after another. Their ids."""
    journeys = [world.open(by) for _ in range(count)]
    for journey in journeys:
        close(world, journey, by)
    return journeys


def take_suspicion(peer, about=HOLDER, **keys):
    return peer.take("suspected", about=about, reason="many-endings", count=MOST + 1, **keys)


# ---- who hears ----


def test_closings(world):
    """Up to the policy nothing; with one more the network's coordinators and the organisation's own hear of it."""
    journeys = close_many(world, MOST)
    world.inbox(NETWORK, "coordinator").expect_no_item()
    journeys += close_many(world, 1)
    for organisation in (NETWORK, HOLDER):
        item = take_suspicion(world.inbox(organisation, "coordinator"), attempt=1)
        assert "journey" not in item and "organisation" not in item
        world.inbox(organisation, "coordinator").expect_no_item()
    assert f"{HOLDER} has confirmed or closed {MOST + 1} journeys" in world.daemon.said()
    for journey in journeys:  # it is of no journey
        assert world.event_names(journey) == ["opened", "closed"]


def test_confirmations(world):
    """Whose key confirms is suspected, not who offered."""
    for _ in range(MOST + 1):
        world.handover_in("confirmed")
    for organisation in (NETWORK, RECEIVER):
        take_suspicion(world.inbox(organisation, "coordinator"), about=RECEIVER)
    world.inbox(HOLDER, "coordinator").expect_no_item()


def test_strangers_hear_nothing(world):
    """Nor do the endpoints and operators of those whose coordinators hear."""
    close_many(world)
    take_suspicion(world.inbox(NETWORK, "coordinator"))
    for organisation, role in ((THIRD, "coordinator"), (RECEIVER, "coordinator"), (THIRD, "endpoint"),
                               (RECEIVER, "endpoint"), (NETWORK, "endpoint"), (NETWORK, "operator")):
        world.inbox(organisation, role).expect_no_item()
    inbox = world.inbox(HOLDER)
    inbox.barrier()
    assert not any(item["event"] == "suspected" for item in inbox.items)
    assert not any(peer.saw(b"suspected") for peer in world.extra if peer.name.startswith((THIRD, RECEIVER)))


# ---- until it is acknowledged ----


def test_it_outlives_a_kill(world):
    """Owed until acknowledged, and then over; the ledger is whole with it."""
    close_many(world)
    first = world.inbox(NETWORK, "coordinator").expect_item("suspected", attempt=1)
    world.restart()
    inbox = world.inbox(NETWORK, "coordinator")
    again = inbox.expect_item("suspected", about=HOLDER, attempt=2, item=first["item"], seq=first["seq"], at=first["at"])
    done = inbox.ack(again)
    repeated = inbox.done("ack", item=again["item"])
    assert repeated.repeated and repeated["seq"] == done["seq"]
    world.restart()
    world.inbox(NETWORK, "coordinator").expect_no_item()
    take_suspicion(world.inbox(HOLDER, "coordinator"))  # theirs stays theirs
    assert world.operator.done("verify")["counts"]["journeys"] == MOST + 1


def test_once_until_it_is_over(world):
    """More of the same is the same; what was said is forgotten by a new start."""
    close_many(world)
    close_many(world, 3 * MOST)
    take_suspicion(world.inbox(NETWORK, "coordinator"))
    world.inbox(NETWORK, "coordinator").expect_no_item()
    assert world.network_coordinator.done("stats")["stats"]["houvast_alarms_total"] == 1
    world.restart()
    close_many(world)
    take_suspicion(world.inbox(NETWORK, "coordinator"))


def test_an_inbox_gets_one_at_a_time(world):
    """Of two organisations; what is of a journey does not wait for them."""
    close_many(world)
    close_many(world, by=THIRD)
    closing = world.journey_in("closing")
    inbox = world.inbox(NETWORK, "coordinator")
    first = inbox.expect_item("suspected", about=HOLDER)
    inbox.take("closing", journey=closing)
    inbox.expect_no_item()
    inbox.ack(first)
    take_suspicion(inbox, about=THIRD)


# ---- the tool ----


def test_a_listener_says_it_in_a_sentence(world):
    close_many(world)
    said = Client(world, NETWORK, "coordinator").run("listen", "--once", "--ack").stdout
    assert said.startswith(f"item 1 suspected: a key of {HOLDER} may be stolen: it has confirmed or closed {MOST + 1} "
                           "journeys within a minute; ")
    world.inbox(NETWORK, "coordinator").expect_no_item()


def test_a_program_gets_it(world, scratch):
    """As any item, but for the journey."""
    close_many(world)
    program = scratch / "program"
    program.write_text(f'#!/bin/sh\ncat > {scratch}/item\nenv > {scratch}/env\n')
    program.chmod(0o755)
    Client(world, HOLDER, "coordinator").run("listen", "--once", "--exec", program)
    item = json.loads((scratch / "item").read_text())
    assert (item["event"], item["about"], item["count"]) == ("suspected", HOLDER, MOST + 1)
    variables = (scratch / "env").read_text()
    assert "HOUVAST_EVENT=suspected\n" in variables and "HOUVAST_JOURNEY" not in variables
    world.inbox(HOLDER, "coordinator").expect_no_item()
