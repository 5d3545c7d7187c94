"""Verifying a ledger that time and people have been at: real ladders, in a day of twelve seconds."""

import itertools
import shutil

import pytest

from peer import Deadline, now_ms
from test_verify import WITHIN_S, finds, ledger, reload, take_all, tamper, verify, whole
from world import HOLDER, NETWORK, RECEIVER, THIRD, all_at_once

# An hour is half a second: a crisis that nobody takes up is the network's after two seconds, and every two.
pytestmark = pytest.mark.network(testing={"day_length": "12s"}, policies={"digest_from": "3"})

HOUR_MS = 500


def climbs(world, journeys, count):
    """Until so many more steps were taken for each of them."""
    def steps():
        return [sum(event["event"] in ("reminded", "escalated", "check-in-due") for event in world.history(journey))
                for journey in journeys]
    before = steps()
    deadline = Deadline(WITHIN_S)
    while any(now < then + count for now, then in zip(steps(), before)):
        assert not deadline.passed, f"steps: {before}, then {steps()}"


MOMENTS = itertools.count()


def note(world, by, journey, code, **keys):
    """A fact of its own: another `on` is another fact."""
    world.peer(by).fresh("note", journey=journey, code=code, on=now_ms() - 1000 * next(MOMENTS), **keys)


def absent(world, begeleider, hours, **keys):
    now = now_ms()
    world.holder.done("absent", **{"begeleider": begeleider, "from": now, "until": now + hours * HOUR_MS, "on": now,
                                   **keys})


def say_it_all(world):
    """Everything that people can say of time, on journeys in a crisis and others. Those that nobody takes up."""
    left = [world.open(urgency="crisis") for _ in range(5)]
    _, offered = world.offer(left[0], urgency="crisis")
    for _ in range(2):
        note(world, HOLDER, left[1], "not-reached")
    note(world, HOLDER, left[2], "not-reached")
    world.network_coordinator.done("claim", journey=left[3], person="nora", until=now_ms() + 2 * HOUR_MS, on=now_ms())
    world.peer(HOLDER, "coordinator").done("claim", journey=left[4], person="cora", until=now_ms() + HOUR_MS,
                                           on=now_ms())
    journey, waits = world.handover_in("received")
    world.receiver.done("wait", handover=waits, begeleider="eva", reason="full", expected=now_ms() + 400 * HOUR_MS)
    world.holder.done("urgency", journey=journey, to="urgent", reason="worse", on=now_ms())
    journey, asked = world.handover_in("picked-up", kind="warm")
    note(world, RECEIVER, journey, "question", handover=asked)
    note(world, HOLDER, journey, "answer", handover=asked)
    world.introduce(asked)
    journey, arrived = world.handover_in("confirmed")
    world.holder.done("contest", handover=arrived, reason="not-there")
    note(world, RECEIVER, journey, "in-touch", next=7)
    world.offer(journey, by=RECEIVER, to=THIRD, urgency="crisis")
    journey, withdrawn = world.handover_in("withdrawn")
    world.receiver.refused("conflict", "confirm", handover=withdrawn, begeleider="eva", contact=world.contact())
    absent(world, "anna", 3, deputy="bea")
    absent(world, "bea", 3)
    absent(world, "anna", 9)
    assert world.status(handover=offered)["state"] == "offered"
    return left


def live(world):
    """Ladders climb while nobody is there; some inboxes are told, and others not; over a kill -9 and a reload."""
    left = say_it_all(world)
    climbs(world, left, 5)
    whole(world)
    take_all(world, NETWORK, "coordinator")
    take_all(world, HOLDER)
    climbs(world, left, 2)
    world.restart()
    whole(world)
    climbs(world, left, 2)
    world.network.policies["digest_from"] = "5"
    reload(world)
    take_all(world, NETWORK, "coordinator")
    climbs(world, left, 4)


def rows(world, statement):
    """One number out of the ledger of a daemon that stands still."""
    database = ledger(world)
    found, = database.execute(statement).fetchone()
    database.close()
    return found


def test_a_life_of_ladders_is_whole(world):
    """While it climbs, and after each stop and start."""
    live(world)
    before = whole(world)
    world.forget_peers()
    world.daemon.stop()
    for what, least, statement in [
            ("steps in digests", 5, "SELECT count(*) FROM digest"),
            ("digests", 3, "SELECT count(*) FROM event WHERE type = 33"),
            ("digests that were acknowledged", 1, "SELECT count(*) FROM event WHERE type = 33 AND seq NOT IN "
             "(SELECT event FROM item)"),
            ("steps told", 10, "SELECT count(*) FROM event WHERE type = 25"),
            ("absences", 2, "SELECT count(*) FROM absence")]:
        found = rows(world, statement)
        assert found >= least, f"{what}: expected {least} or more, got {found}"
    world.daemon.start()
    after = whole(world)
    assert after["seq"] >= before["seq"] and after["counts"]["journeys"] == before["counts"]["journeys"]


def test_ladders_climb_while_a_walk_goes_on(world):
    """One walk after the other, while steps are taken and told in between."""
    left = say_it_all(world)
    inboxes = [world.inbox(NETWORK, "coordinator"), world.inbox(HOLDER), world.inbox(HOLDER, "coordinator")]
    deadline = Deadline(WITHIN_S)
    steps, walks = 0, 0
    while steps < 40 or walks < 10:
        assert not deadline.passed, f"{steps} steps and {walks} walks"
        whole(world)
        walks += 1
        for inbox in inboxes:
            inbox.barrier()
            while inbox.items:
                item = inbox.items.popleft()
                steps += item["event"] in ("reminded", "escalated", "check-in-due")
                inbox.ack(item)
    assert all(world.status(journey=journey)["state"] != "closed" for journey in left)


# Of timers the broker itself mends what is wrong before anybody asks.
DIGEST = "(SELECT max(number) FROM digest)"
DAMAGES = [
    (["UPDATE journey SET not_reached = 1 - not_reached WHERE number = 3"], ("journey row 3", "not_reached")),
    (["UPDATE journey SET urgency_on = urgency_on + 1 WHERE urgency_on > 0"], ("journey row 6", "urgency_on")),
    (["UPDATE handover SET waiting_at = waiting_at + 1 WHERE waiting_at > 0"], ("handover row 2", "times")),
    (["UPDATE handover SET urgency = 3 WHERE waiting_at > 0"], ("handover row 2", "urgency")),
    ([f"DELETE FROM digest WHERE number = {DIGEST}"], ("event ", "neither an item of it nor in a digest")),
    ([f"UPDATE digest SET place = place + 1 WHERE number = {DIGEST}"], ("digest row", "not in its place")),
    ([f"INSERT INTO digest SELECT 99999, inbox, item, place + 1, 3 FROM digest WHERE number = {DIGEST}"],
     ("digest row 99999", "no step of event 3")),
    (["DELETE FROM item WHERE event IN (SELECT seq FROM event WHERE type = 33)"],
     ("digest row", "belongs to no digest that is owed")),
    (["DELETE FROM item WHERE number = (SELECT min(item.number) FROM item JOIN event ON event.seq = item.event JOIN "
      "inbox ON inbox.number = item.inbox WHERE type = 23 AND role = 2)"], ("item ", "(coordinator)", "is missing")),
    (["DELETE FROM acknowledged WHERE seq = (SELECT max(acknowledged.seq) FROM acknowledged JOIN event USING (seq) "
      "WHERE type = 25)"], ("item ",)),
    (["DELETE FROM absence WHERE begeleider = 'bea'"], ("event ", "the absence that it says is missing")),
    (["UPDATE absence SET deputy = 'mallory' WHERE begeleider = 'anna'"], ("event ", "is another in its row")),
    (["INSERT INTO absence SELECT organisation, 'carl', begins, until, deputy, said_on, 1 FROM absence LIMIT 1"],
     ("an absence belongs to event 1, which does not say it",)),
    (["UPDATE ledger SET network_seq = 1"], ("the network in force", "last event")),
]


def test_what_was_changed_of_time_and_people_is_found_and_named(world):
    """The broker finds it and goes on: one kind of damage at a time, on the same life."""
    live(world)
    whole(world)
    world.forget_peers()
    world.daemon.stop()
    path = world.daemon.state / "ledger.sqlite"
    kept = path.with_suffix(".kept")
    shutil.copy(path, kept)
    with all_at_once("damages") as differences:
        for statements, words in DAMAGES:
            world.daemon.start()
            tamper(world, *statements)
            try:
                finds(world, *words)
            except AssertionError as error:
                differences.append(f"{statements}: {error}")
            world.forget_peers()
            world.daemon.stop()
            shutil.copy(kept, path)
    world.daemon.start()
    assert verify(world).type == "done"
