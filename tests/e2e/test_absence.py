"""Absence: begeleiders who are away, who stands in, and who hears of it where nobody does."""

import pytest

from peer import now_ms
from world import DAY_MS as DAY
from world import HOLDER
from world import HOUR_MS as HOUR
from world import NETWORK, RECEIVER

MINUTE = 60 * 1000
hours_pass = pytest.mark.network(limits={"heartbeat": "20s"},
                                 policies={"quiet_after": "31D", "quiet_after_crisis": "31D"})


def test_items_name_the_deputy(world):
    journey, handover = world.handover_in("delivered")
    now = now_ms()
    said = dict(begeleider="anna", until=now + DAY, deputy="bea")
    said["from"] = now - 1000
    assert world.holder.done("absent", on=now, **said).get("warnings") == ["unknown-deputy"]
    assert world.holder.done("absent", on=now, **said)["repeated"]
    more = {"begeleider": "bea", "from": now - 1000, "until": now + DAY, "deputy": "cas", "on": now}
    world.holder.done("absent", **more)
    world.receiver.done("receive", handover=handover, begeleider="eva")
    assert world.inbox(HOLDER).take("received", handover=handover)["for"] == "cas"
    ring = {"begeleider": "cas", "from": now - 1000, "until": now + DAY, "deputy": "anna", "on": now}
    world.holder.done("absent", **ring)
    world.receiver.done("pickup", handover=handover, begeleider="eva")
    assert "for" not in world.inbox(HOLDER).take("picked-up", handover=handover)


def test_away_without_a_deputy_is_told_at_once(world):
    journey = world.open()
    now = now_ms()
    world.holder.done("absent", **{"begeleider": "anna", "from": now, "until": now + DAY, "on": now})
    item = world.inbox(HOLDER, "coordinator").take("absent")
    assert item["begeleider"] == "anna" and item["count"] == 1
    assert [held["journey"] for held in item["overdue"]] == [journey]
    world.peer(HOLDER, "coordinator").refused("forbidden", "absent", **{
        "begeleider": "anna", "from": now, "until": now + DAY, "on": now + 1})


@hours_pass
def test_a_deputy_stands_in_from_then_until_then(timed):
    """Before and after it the items are nobody else's."""
    world = timed
    journey, handover = world.offer()
    now = world.clock.now_ms
    world.holder.fresh("absent", **{"begeleider": "anna", "from": now + HOUR, "until": now + 2 * HOUR, "deputy": "bea",
                                    "on": now})
    said = []
    for begeleider in ("eva", "bob", "carl"):
        world.receiver.fresh("pickup", handover=handover, begeleider=begeleider, on=world.clock.now_ms,
                             **({"instead_of": said[-1][0]} if said else {}))
        item = world.inbox(HOLDER).take("picked-up", handover=handover)
        said.append((begeleider, item.get("for")))
        world.passes(HOUR + MINUTE)
    assert said == [("eva", None), ("bob", "bea"), ("carl", None)]
    assert world.holder_of(journey) == (HOLDER, "anna")


def test_taken_back(world):
    """`until` not after `from`: she is there after all."""
    _, handover = world.offer()
    now = now_ms()
    away = {"begeleider": "anna", "from": now - 1000, "until": now + DAY, "deputy": "bea"}
    world.holder.fresh("absent", **away, on=now)
    world.holder.fresh("absent", **{**away, "until": away["from"]}, on=now + 1)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    assert "for" not in world.inbox(HOLDER).take("received", handover=handover)
    world.inbox(HOLDER, "coordinator").expect_no_item()


def test_the_most_pressing_of_what_she_holds_are_named(world):
    """How many, and the thirty-two that fall due first."""
    routine = [world.open() for _ in range(30)]
    crisis = [world.open(urgency="crisis") for _ in range(10)]
    world.open(begeleider="bob", urgency="crisis")
    world.holder.fresh("absent", **{"begeleider": "anna", "from": 0, "until": now_ms() + DAY, "on": now_ms()})
    item = world.inbox(HOLDER, "coordinator").take("absent")
    assert item["count"] == 40 and len(item["overdue"]) == 32
    named = [entry["journey"] for entry in item["overdue"]]
    assert named[:10] == crisis and set(named[10:]) < set(routine)


def test_without_coordinators_the_network_hears_of_it(world_at_rest):
    world = world_at_rest
    world.network[HOLDER].keys.pop("coordinator")
    world.network.write()
    world.daemon.start()
    journey = world.open()
    world.holder.fresh("absent", **{"begeleider": "anna", "from": 0, "until": now_ms() + DAY, "on": now_ms()})
    item = world.inbox(NETWORK, "coordinator").take("absent")
    assert (item["about"], item["begeleider"], item["overdue"][0]["journey"]) == (HOLDER, "anna", journey)


def test_with_a_deputy_nobody_is_told(world):
    world.open()
    now = now_ms()
    world.holder.fresh("absent", **{"begeleider": "anna", "from": 0, "until": now + DAY, "deputy": "bea", "on": now})
    world.inbox(HOLDER, "coordinator").expect_no_item()
    world.inbox(NETWORK, "coordinator").expect_no_item()


def away(world, begeleider, deputy=None, *, on=None, **keys):
    """Said for a day from now on."""
    now = now_ms()
    said = {"begeleider": begeleider, "from": now - 1000, "until": now + DAY, "on": on or now, **keys}
    return world.holder.done("absent", **said, **({"deputy": deputy} if deputy else {}))


def test_a_deputy_who_is_away_too_is_none(world):
    """A ring, and a chain that leads to nobody: the coordinators hear at once, of all who are left alone."""
    of_anna, of_bea = world.open(begeleider="anna"), world.open(begeleider="bea")
    desk = world.inbox(HOLDER, "coordinator")
    away(world, "anna", "bea")
    desk.expect_no_item()
    away(world, "bea", "cas")
    desk.expect_no_item()
    away(world, "cas", "anna")
    item = desk.take("absent", begeleider="cas", deputy="anna", reached=False)
    assert item["count"] == 2 and {held["journey"] for held in item["overdue"]} == {of_anna, of_bea}
    away(world, "cas", on=now_ms() + 1)
    item = desk.take("absent", begeleider="cas")
    assert item["count"] == 2 and "reached" not in item
    of_dirk = world.open(begeleider="dirk")
    away(world, "dirk", "cas")
    item = desk.take("absent", begeleider="dirk", reached=False)
    assert [held["journey"] for held in item["overdue"]] == [of_dirk]
    assert world.operator.done("verify")["counts"]["journeys"] == 3


def test_a_deputy_hears_that_it_was_withdrawn(world):
    """Who had picked it up is away: the item is for whoever stands in."""
    _, handover = world.handover_in("picked-up")
    now = now_ms()
    world.receiver.fresh("absent", **{"begeleider": "eva", "from": now - 1000, "until": now + DAY, "deputy": "bob",
                                      "on": now})
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    inbox = world.inbox(RECEIVER)
    events = {}
    inbox.barrier()
    while inbox.items:
        item = inbox.items.popleft()
        events[item["event"]] = item.get("for")
        inbox.ack(item)
        inbox.barrier()
    assert events["withdrawn"] == "bob", events


def test_an_absence_is_known_again(world):
    """By its content, though another was said at the same moment since; an older one is overtaken."""
    now = now_ms()
    said = {"begeleider": "anna", "from": now, "until": now + DAY, "on": now}
    first = world.holder.fresh("absent", **said, deputy="bea")
    second = world.holder.fresh("absent", **said, deputy="cas")
    assert world.holder.repeat("absent", **said, deputy="bea")["seq"] == first["seq"]
    assert world.holder.repeat("absent", **said, deputy="cas")["seq"] == second["seq"]
    assert world.holder.repeat("absent", **{**said, "on": now - 1}, deputy="dirk")["seq"] == second["seq"]
    _, handover = world.offer()
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    assert world.inbox(HOLDER).take("received")["for"] == "cas"
    world.restart()
    assert world.holder.repeat("absent", **said, deputy="bea")["seq"] == first["seq"]


def test_names_that_nothing_there_knows(shared_world):
    """A warning, for a slip of the pen; who holds or has received somebody is known."""
    world = shared_world
    _, handover = world.handover_in("received")
    keys = {"from": 0, "until": 1, "on": now_ms()}
    answer = world.receiver.fresh("absent", begeleider="evva", deputy="bobb", **keys)
    assert answer["warnings"] == ["unknown-begeleider", "unknown-deputy"]
    world.open(RECEIVER, begeleider="bob")
    answer = world.receiver.fresh("absent", begeleider="eva", deputy="bob", **keys)
    assert "warnings" not in answer, f"{handover}: {answer}"
