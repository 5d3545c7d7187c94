"""Ladders: when nobody acts, somebody hears of it, then somebody else, and it never goes quiet."""

import pytest

from peer import fresh_uuid, now_ms
from world import HOLDER, NETWORK, RECEIVER, THIRD

DAY = "12s"  # an hour is half a second, a quarter of an hour an eighth


pytestmark = pytest.mark.network(testing={"day_length": DAY})


def steps(peer, count, event="escalated"):
    """The next items of ladders in that inbox, acknowledged as they come."""
    found = []
    while len(found) < count:
        item = peer.next_item()
        peer.ack(item)
        if item["event"] == event:
            found.append(item)
    return found


def test_an_offer_that_nobody_takes_climbs_and_keeps_ringing(world):
    """RQ: the receiver's coordinator hears, then the network's, and again and again, over a kill -9."""
    _, handover = world.offer(kind="cold", urgency="crisis")
    first = steps(world.inbox(RECEIVER, "coordinator"), 1)[0]
    assert first["handover"] == handover and first["phase"] in ("receipt", "delivery") and first["step"] == 2
    assert first["awaits"] == RECEIVER and first["telephone"]
    network = steps(world.inbox(NETWORK, "coordinator"), 3)
    assert {item["step"] for item in network} == {3}
    world.restart()
    again = steps(world.inbox(NETWORK, "coordinator"), 2)
    assert {item["handover"] for item in again} == {handover}
    told = world.peer(NETWORK, "coordinator").done("status", handover=handover)["told"]
    assert {"organisation": NETWORK, "role": "coordinator"} == {k: told[0][k] for k in ("organisation", "role")}
