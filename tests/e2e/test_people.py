"""Waiting lists, notes, urgency, claims, contesting, absence: what people say of a journey."""

import itertools

from peer import fresh_uuid, now_ms
from world import HOLDER, NETWORK, RECEIVER, THIRD

HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000


MOMENTS = itertools.count()


def note(world, by, journey, code, **keys):
    """A fact of its own: another `on` is another fact."""
    return world.peer(*by).fresh("note", journey=journey, code=code, on=now_ms() - 1000 * next(MOMENTS), **keys)


# ---- wait ----


def test_a_wait_rests_the_receiver_and_the_holder_keeps_in_touch(world):
    journey, handover = world.handover_in("received")
    expected = now_ms() + 30 * DAY
    answer = world.receiver.done("wait", handover=handover, begeleider="eva", reason="full", expected=expected)
    assert answer["state"] == "waiting"
    status = world.status(handover=handover)
    assert status["phase"] == "waiting" and 27 * DAY < status["due"] - now_ms() < 29 * DAY
    world.inbox(HOLDER).take("received", handover=handover)
    assert world.inbox(HOLDER).take("waiting", handover=handover)["expected"] == expected
    answer = world.receiver.done("pickup", handover=handover, begeleider="bob")
    assert answer["state"] == "picked-up"
    assert world.status(handover=handover)["phase"] == "arrival"


def test_nobody_waits_in_a_crisis_and_not_for_ever(shared_world):
    world = shared_world
    _, handover = world.handover_in("received", urgency="crisis")
    keys = dict(handover=handover, begeleider="eva", reason="full")
    world.receiver.refused("conflict", "wait", expected=now_ms() + DAY, **keys)
    _, handover = world.handover_in("received")
    keys["handover"] = handover
    world.receiver.refused("malformed", "wait", field="expected", expected=now_ms() - DAY, **keys)
    world.receiver.refused("malformed", "wait", field="expected", expected=now_ms() + 400 * DAY, **keys)
    world.holder.refused("forbidden", "wait", expected=now_ms() + DAY, **keys)
    world.third.refused("unknown", "wait", expected=now_ms() + DAY, **keys)


def test_crisis_ends_waiting(shared_world):
    world = shared_world
    journey, handover = world.handover_in("picked-up")
    world.receiver.done("wait", handover=handover, begeleider="eva", reason="full", expected=now_ms() + 9 * DAY)
    answer = world.receiver.done("urgency", journey=journey, to="crisis", reason="evicted", on=now_ms())
    assert answer["journey"] == journey
    status = world.status(handover=handover)
    assert (status["state"], status["urgency"], status["phase"]) == ("picked-up", "crisis", "arrival")


# ---- notes ----


def test_the_holder_keeps_the_resident_itself(shared_world):
    world = shared_world
    journey = world.open()
    assert world.status(journey=journey)["phase"] == "unrouted"
    note(world, (HOLDER,), journey, "in-touch")
    assert world.status(journey=journey)["phase"] == "unrouted"
    note(world, (HOLDER,), journey, "in-touch", next=14)
    status = world.status(journey=journey)
    assert status["phase"] == "held" and abs(status["due"] - now_ms() - 14 * DAY) < HOUR


def test_working_on_it_is_not_without_end(shared_world):
    world = shared_world
    journey, handover = world.handover_in("received")
    for _ in range(2):
        note(world, (RECEIVER,), journey, "working-on-it", handover=handover)
    world.receiver.refused("conflict", "note", journey=journey, handover=handover, code="working-on-it", on=now_ms())
    world.holder.refused("forbidden", "note", journey=journey, handover=handover, code="working-on-it", on=now_ms())


def test_a_question_owes_an_answer(world):
    journey, handover = world.handover_in("picked-up", urgency="crisis")
    note(world, (RECEIVER,), journey, "question", handover=handover)
    inbox = world.inbox(HOLDER)
    inbox.take("received")
    inbox.take("picked-up")
    assert inbox.take("noted", handover=handover)["code"] == "question"
    assert world.status(handover=handover)["phase"] == "answer"
    world.receiver.refused("conflict", "note", journey=journey, handover=handover, code="answer", on=now_ms())
    note(world, (HOLDER,), journey, "answer", handover=handover)
    assert world.status(handover=handover)["phase"] == "arrival"


def test_the_second_not_reached_tells_the_coordinator(world):
    journey = world.open()
    coordinator = world.inbox(HOLDER, "coordinator")
    note(world, (HOLDER,), journey, "not-reached")
    world.holder.barrier()
    coordinator.expect_no_item()
    note(world, (HOLDER,), journey, "not-reached")
    item = coordinator.take("noted", journey=journey)
    assert item["code"] == "not-reached"


def test_a_tip_lets_nobody_go(shared_world):
    world = shared_world
    journey = world.open()
    world.holder.refused("malformed", "note", journey=journey, code="tip", on=now_ms())
    world.holder.refused("unknown", "note", field="to", journey=journey, code="tip", to="nobody", next=7, on=now_ms())
    note(world, (HOLDER,), journey, "tip", to=THIRD, next=7)
    status = world.status(journey=journey)
    assert status["phase"] == "held" and status["holder"]["organisation"] == HOLDER


# ---- urgency ----


def test_who_raises_and_who_lowers(shared_world):
    world = shared_world
    journey, handover = world.handover_in("delivered")
    on = now_ms()
    world.receiver.done("urgency", journey=journey, to="urgent", reason="worse", on=on)
    world.receiver.refused("forbidden", "urgency", journey=journey, to="routine", reason="better", on=on)
    assert world.holder.done("urgency", journey=journey, to="routine", reason="old", on=on - 5)["repeated"]
    world.holder.done("urgency", journey=journey, to="routine", reason="better", on=on + 1)
    assert world.status(handover=handover)["urgency"] == "routine"
    world.third.refused("unknown", "urgency", journey=journey, to="crisis", reason="x", on=on + 2)


# ---- claims ----


def test_a_claim_of_the_network_rests_the_ladder(shared_world):
    world = shared_world
    journey, handover = world.handover_in("delivered", urgency="crisis")
    before = world.status(handover=handover)["due"]
    until = now_ms() + 5 * HOUR
    world.network_coordinator.done("claim", handover=handover, person="nora", until=until, on=now_ms())
    status = world.status(handover=handover)
    assert status["claimed"]["person"] == "nora"
    assert status["due"] >= until
    world.network_coordinator.done("claim", handover=handover, person="nora", until=now_ms(), on=now_ms())
    status = world.status(handover=handover)
    assert "claimed" not in status and abs(status["due"] - before) < 60 * 1000
    world.network_coordinator.refused("malformed", "claim", field="until", journey=journey, person="nora",
                                      until=now_ms() + 40 * DAY, on=now_ms())
    world.holder.refused("forbidden", "claim", journey=journey, person="anna", until=until, on=now_ms())
    world.peer(THIRD, "coordinator").refused("unknown", "claim", journey=journey, person="t", until=until, on=now_ms())


# ---- contest ----


def test_contesting_moves_nothing_and_rings(shared_world):
    world = shared_world
    journey, handover = world.handover_in("confirmed")
    world.receiver.refused("forbidden", "contest", handover=handover, reason="not-there")
    answer = world.holder.done("contest", handover=handover, reason="not-there")
    assert answer["state"] == "confirmed"
    status = world.network_coordinator.done("status", journey=journey)
    assert status["holder"]["organisation"] == RECEIVER and status["phase"] == "contested"
    assert world.holder.done("contest", handover=handover, reason="not-there")["repeated"]
    note(world, (RECEIVER,), journey, "in-touch")
    assert world.network_coordinator.done("status", journey=journey)["phase"] == "held"


def test_a_confirmation_after_the_withdrawal_is_contested(shared_world):
    world = shared_world
    journey, handover = world.handover_in("withdrawn")
    keys = dict(handover=handover, begeleider="eva", contact=world.contact())
    world.receiver.refused("conflict", "confirm", **keys)
    world.receiver.refused("conflict", "confirm", **keys)
    names = world.event_names(journey)
    assert names.count("contested") == 1
    status = world.network_coordinator.done("status", journey=journey)
    assert status["holder"]["organisation"] == HOLDER


# ---- absence ----


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


# ---- acting for ----


def test_acting_for_one_that_can_is_a_conflict(shared_world):
    world = shared_world
    _, handover = world.handover_in("delivered")
    keys = {"handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER}
    world.network_coordinator.refused("conflict", "decline", field="for", **keys)
    world.holder.refused("forbidden", "decline", field="for", **keys)
    keys["for"] = "nobody"
    world.network_coordinator.refused("unknown", "decline", field="for", **keys)


def test_acting_for_one_without_a_key(world):
    _, handover = world.handover_in("delivered")
    world.network[RECEIVER].keys.pop("endpoint")
    world.network.write()
    world.operator.done("reload")
    answer = world.network_coordinator.done("decline", **{
        "handover": handover, "reason": "full", "decided": "receiver", "for": RECEIVER})
    assert answer["state"] == "declined" and answer["holder"]["organisation"] == HOLDER


# ---- list and watch ----


def test_the_list_is_in_order_and_in_pages(world):
    journeys = [world.open(urgency=urgency) for urgency in ("routine", "crisis", "urgent")]
    coordinator = world.network_coordinator
    listed = coordinator.done("list")["journeys"]
    assert [entry["journey"] for entry in listed] == [journeys[1], journeys[2], journeys[0]]
    first = coordinator.done("list", limit=2)
    assert len(first["journeys"]) == 2
    rest = coordinator.done("list", limit=2, after=first["next"])
    assert [entry["journey"] for entry in rest["journeys"]] == [journeys[0]] and rest.get("next") is None
    assert coordinator.done("list", phase="receipt")["journeys"] == []
    assert world.peer(THIRD, "coordinator").done("list")["journeys"] == []
    world.holder.refused("forbidden", "list")


def test_watching_shows_what_is_open_and_then_each_change(world):
    journey = world.open()
    watcher = world.session(NETWORK, "coordinator", instance="watcher")
    watcher.done("watch", **{"from": 0})
    seen = [watcher.receive() for _ in range(2)]
    assert seen[0].type == "journey" and seen[0]["journey"] == journey
    assert seen[1].type == "live"
    world.offer(journey)
    names = []
    while "offered" not in names:
        event = watcher.receive()
        assert event.type == "event"
        names.append(event["event"])
