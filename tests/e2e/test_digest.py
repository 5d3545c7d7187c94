"""Digests: a coordinator whom many ladders hit gets one item, and its acknowledgement tells all of them."""

import pytest

from peer import Deadline
from world import HOLDER, HOUR_MS, NETWORK, RECEIVER

MINUTE_MS = 60_000

pytestmark = pytest.mark.network(
    limits={"heartbeat": "20s"}, policies={"digest_from": "3", "quiet_after": "31D", "quiet_after_crisis": "31D"})


def many(world, count, by="delft-support"):
    """So many journeys that nobody offers on, the oldest first: their network hears after four hours."""
    journeys = []
    for _ in range(count):
        journeys.append(world.open(by, urgency="crisis"))
    return journeys


def ring(world):
    """Time for all three steps of *unrouted*, one after the other."""
    world.passes(HOUR_MS + MINUTE_MS)
    world.passes(HOUR_MS)
    world.passes(2 * HOUR_MS)


def network_inbox(world):
    inbox = world.inbox(NETWORK, "coordinator")
    inbox.barrier()
    return inbox


def told(world, journey, step):
    """The step's event of that number, and whether it was told to the network's coordinators."""
    events = world.history(journey)
    event = next(one for one in events if one["event"] == "escalated" and one["step"] == step)
    return any(one["event"] == "told" and one["of"] == event["seq"] and one["organisation"] == NETWORK for one in events)


def test_few_are_told_one_by_one(timed):
    world = timed
    journeys = many(world, 3)
    ring(world)
    inbox = network_inbox(world)
    for journey in journeys:
        inbox.take("escalated", journey=journey)
    inbox.expect_no_item()
    assert all(told(world, journey, 3) for journey in journeys)


def test_many_wait_in_one(timed):
    """Three by themselves, the rest together: how many, which, and since when; one acknowledgement tells them all."""
    world = timed
    journeys = many(world, 10)
    ring(world)
    inbox = network_inbox(world)
    alone = [inbox.take("escalated")["journey"] for _ in range(3)]
    item = inbox.expect_item("digest")
    assert "journey" not in item and item["count"] == 7
    rest = [entry["journey"] for entry in item["overdue"]]
    assert sorted(alone + rest) == sorted(journeys), "each is told, and none twice"
    for entry in item["overdue"]:
        assert (entry["phase"], entry["step"]) == ("unrouted", 3)
        assert entry["since"] == world.history(entry["journey"])[0]["at"]
    assert [entry["since"] for entry in item["overdue"]] == sorted(entry["since"] for entry in item["overdue"])
    assert not any(told(world, journey, 3) for journey in rest)
    inbox.ack(item)
    inbox.expect_no_item()
    assert all(told(world, journey, 3) for journey in journeys)
    for journey in journeys:
        names = [event["event"] for event in world.history(journey)]
        assert names.count("told") == 1, names
    assert [one["organisation"] for one in world.status(journey=rest[0])["told"]] == [NETWORK]
    inbox.repeat("ack", item=item["item"])


def test_what_waits_is_named_once(timed):
    """However often its last step has come again: how many wait, for what and for whom; the longest late first."""
    world = timed
    many(world, 3)  # they are told one by one
    young = many(world, 4, by="delft-voor-elkaar")
    for _ in range(9):
        world.passes(2 * HOUR_MS + MINUTE_MS)
    old = world.open("werkse", urgency="crisis")
    world.passes(HOUR_MS + MINUTE_MS)
    world.passes(HOUR_MS)
    world.passes(2 * HOUR_MS)
    inbox = network_inbox(world)
    while inbox.items[0]["event"] != "digest":
        inbox.ack(inbox.items.popleft())
        inbox.barrier()
    item = inbox.expect_item("digest")
    named = [entry["journey"] for entry in item["overdue"]]
    assert len(named) == len(set(named)) == item["count"]
    assert named[-1] == old and set(young) < set(named), "the longest late first, each once"
    assert item["by_phase"] == {"unrouted": item["count"]}
    assert item["by_organisation"]["werkse"] == 1 and item["by_organisation"]["delft-voor-elkaar"] == 4
    assert sum(item["by_organisation"].values()) == item["count"]
    assert {entry["journey"]: entry["awaits"] for entry in item["overdue"]}[old] == "werkse"
    inbox.ack(item)
    assert all(told(world, journey, 3) for journey in young)
    assert world.operator.done("verify")["counts"]["journeys"] == 8


def test_a_digest_outlives_a_kill(timed):
    """What is in it is in the ledger: the same count and the same journeys after a restart, once."""
    world = timed
    journeys = many(world, 6)
    ring(world)
    world.restart()
    inbox = network_inbox(world)
    alone = [inbox.take("escalated")["journey"] for _ in range(3)]
    item = inbox.expect_item("digest")
    world.restart()
    again = network_inbox(world).expect_item("digest")
    assert (again["item"], again["count"], again["overdue"]) == (item["item"], item["count"], item["overdue"])
    network_inbox(world).ack(again)
    assert sorted(alone + [entry["journey"] for entry in item["overdue"]]) == sorted(journeys)
    world.restart()
    network_inbox(world).expect_no_item()
    assert world.operator.done("verify")["counts"]["journeys"] == 6


def test_sixty_name_the_fifty_most_overdue(timed):
    """The oldest fifty are named, all of them counted and told; the rest is in `list`."""
    world = timed
    journeys = many(world, 70)
    ring(world)
    inbox = network_inbox(world)
    alone = [inbox.take("escalated")["journey"] for _ in range(3)]
    item = inbox.expect_item("digest")
    assert (item["count"], len(item["overdue"])) == (67, 50)
    left = [journey for journey in journeys if journey not in alone]
    assert [entry["journey"] for entry in item["overdue"]] == left[:50]
    inbox.ack(item)
    assert all(told(world, journey, 3) for journey in journeys)
    listed = [entry["journey"] for entry in world.network_coordinator.done("list", limit=1000)["journeys"]]
    assert sorted(listed) == sorted(journeys)


def test_a_digest_that_has_gone_out_is_closed(timed):
    """What falls due while it is out waits in the next; nothing is told that was not shown."""
    world = timed
    journeys = many(world, 5)
    ring(world)
    inbox = network_inbox(world)
    for _ in range(3):
        inbox.take("escalated")
    first = inbox.expect_item("digest")
    assert first["count"] == 2
    world.passes(4 * HOUR_MS + MINUTE_MS)  # the repeats fall due, and nobody has acknowledged the digest
    inbox = network_inbox(world)
    seen = {first["item"]: 2}
    deadline = Deadline(30)
    steps = 0
    while sum(seen.values()) + steps < 2 + 5:
        assert not deadline.passed, (seen, steps)
        item = inbox.next_item()
        if item["event"] == "digest":
            if item["item"] in seen:
                assert item["count"] == seen[item["item"]], "a digest that was shown grows no more"
            seen[item["item"]] = item["count"]
        else:
            steps += 1
        inbox.ack(item)
        inbox.barrier()
    for journey in journeys:
        assert [event["event"] for event in world.history(journey)].count("told") == 2


def test_a_digest_waits_for_nobody(timed):
    """Who is away is told, and not acknowledged yet: what falls due meanwhile goes out all the same."""
    world = timed
    now = world.clock.now_ms
    world.holder.fresh("absent", begeleider="anna", **{"from": now, "until": now + 9 * HOUR_MS}, on=now)
    many(world, 10)
    world.passes(HOUR_MS + MINUTE_MS)
    world.passes(HOUR_MS)
    inbox = world.inbox(HOLDER, "coordinator")
    away = inbox.expect_item("absent")
    for _ in range(2):
        inbox.take("escalated")
    digest = inbox.expect_item("digest")
    assert digest["count"] == 8
    inbox.ack(away)
    inbox.ack(digest)


def test_others_are_not_put_together(timed):
    """Endpoints hear of each by itself, and so do coordinators of what is no step."""
    world = timed
    journeys = [world.handover_in("delivered", urgency="crisis", kind="warm")[0] for _ in range(6)]
    world.passes(16 * MINUTE_MS)
    world.passes(16 * MINUTE_MS)
    inbox = world.inbox(RECEIVER)
    inbox.barrier()
    events = []
    while inbox.items:
        item = inbox.items.popleft()
        events.append(item["event"])
        inbox.ack(item)
        inbox.barrier()
    assert events.count("reminded") == 6 and "digest" not in events
    world.holder.fresh("close", journey=world.open(), begeleider="anna", outcome="no-response", no_talk="not-found")
    inbox = network_inbox(world)
    inbox.take("closing")
    inbox.expect_no_item()
    assert len(journeys) == 6
