"""Acting for an organisation that cannot: when, by whom, and what it leaves as it was."""

import pytest

from peer import fresh_uuid, now_ms
from world import HOLDER, RECEIVER, THIRD


def test_acting_for_one_that_can_is_a_conflict(shared_world):
    world = shared_world
    _, handover = world.handover_in("delivered")
    keys = {"handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER}
    world.network_coordinator.refused("conflict", "decline", field="for", **keys)
    world.holder.refused("forbidden", "decline", field="for", **keys)
    world.peer(RECEIVER, "coordinator").refused("forbidden", "decline", field="for", **keys)
    world.peer(THIRD, "coordinator").refused("unknown", "decline", **keys)
    keys["for"] = "nobody"
    world.network_coordinator.refused("unknown", "decline", field="for", **keys)


def test_acting_for_one_whose_it_is_not(shared_world):
    """The network's coordinators know of it, and the hold is somebody else's."""
    world = shared_world
    journey, handover = world.handover_in("received")
    told = {"on": now_ms(), "begeleider": "nora"}
    why = {"reason": "quiet", "for": THIRD}
    for kind, keys in (("decline", {"handover": handover, "decided": "receiver"}), ("withdraw", {"handover": handover}),
                       ("close", {"journey": journey, "begeleider": "nora", "outcome": "helped", "talked": told}),
                       ("note", {"journey": journey, "code": "in-touch", "on": now_ms()}),
                       ("offer", {"journey": journey, "handover": fresh_uuid(), "to": RECEIVER, "kind": "cold",
                                  "urgency": "routine", "begeleider": "nora"})):
        world.network_coordinator.refused("forbidden", kind, **keys, **why)
    assert world.event_names(journey) == ["opened", "offered", "received"]


@pytest.mark.network(policies={"settle": "organisation"})
def test_who_closed_for_another_does_not_settle(world):
    """A second person has to agree, where a coordinator closed for the holder too."""
    journey = world.open()
    world.network[HOLDER].keys.pop("endpoint")
    world.network.write()
    world.operator.done("reload")
    world.network_coordinator.fresh("close", journey=journey, begeleider="nora", outcome="no-response",
                                    no_talk="not-found", **{"for": HOLDER, "reason": "no-key"})
    said = dict(journey=journey, agree=True, reason="looked-into", on=now_ms())
    world.network_coordinator.refused("forbidden", "settle", field="person", person="nora", **said)
    assert world.status(journey=journey)["state"] == "closing"
    world.network_coordinator.fresh("settle", person="mona", **said)


def test_acting_for_one_without_a_key(world):
    _, handover = world.handover_in("delivered")
    world.network[RECEIVER].keys.pop("endpoint")
    world.network.write()
    world.operator.done("reload")
    answer = world.network_coordinator.done("decline", **{
        "handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER})
    assert answer["state"] == "declined" and answer["holder"]["organisation"] == HOLDER
